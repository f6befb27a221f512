"""Commands: help, examples, wrong calls; what they do is tested through the door in tests/e2e."""

import re
import shlex
import signal

import click
import pytest

from govsec_ci import __version__, cli
from govsec_ci.cli import commands


@pytest.fixture(autouse=True)
def _keep_signal_handlers() -> object:
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("command", ["run", "scan"])
def test_nothing_goes_online_that_is_told_to_stay_offline(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([command, ".", "--offline", "--online", "osv"]) == 2
    assert "--offline opens no socket" in capsys.readouterr().err


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"govsec {__version__}\n"


@pytest.mark.parametrize("command", [[], ["run"], ["scan"], ["merge"], ["gate"], ["report"], ["verify"], ["bundle"]])
def test_every_command_has_help(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([*command, "--help"]) == 0
    assert "Usage: govsec" in capsys.readouterr().out


def _all_commands(group: click.Group, before: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = [before]
    for name, command in group.commands.items():
        found += _all_commands(command, (*before, name)) if isinstance(command, click.Group) else [(*before, name)]
    return found


@pytest.mark.parametrize("command", _all_commands(commands.cli), ids=" ".join)
def test_the_help_keeps_its_lines_and_cuts_none(command: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    cli.main([*command, "--help"])
    text = capsys.readouterr().out
    assert "\\b" not in text
    listed = text.partition("Commands:\n")[2].partition("\n\n")[0]
    assert "..." not in listed
    for shown in re.findall(r"^ +Examples?:\n((?: {4}.*\n)+)", text, re.MULTILINE):
        assert all(line.startswith("    govsec ") for line in shown.splitlines())


def test_the_examples_of_the_help_are_valid_calls() -> None:
    for name in filter(None, _all_commands(commands.cli)):
        found: click.Command = commands.cli
        for word in name:
            assert isinstance(found, click.Group)
            found = found.commands[word]
        for line in re.findall(r"^      (govsec .*)$", found.help or "", re.MULTILINE):
            words = shlex.split(re.split(r" (?:[;>|]|>>|&&) ", line)[0])[1:]
            called: click.Command = commands.cli
            while isinstance(called, click.Group):
                called = called.commands[words.pop(0)]
            left = called.make_parser(click.Context(called)).parse_args(words)[1]
            assert left == [], line


def test_help_names_every_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["--help"])
    text = capsys.readouterr().out
    for code in ("0", "1", "2", "3", "4", "5", "130"):
        assert f"\n    {code} " in text


@pytest.mark.parametrize("arguments", [["no-such-command"], ["run", "--no-such-flag"], ["run", "a", "b"]])
def test_a_wrong_call_is_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(arguments) == 2
    assert "Usage:" in capsys.readouterr().err
