"""cli.py: exit codes, help, errors; the commands themselves are tested through the door in tests/e2e."""

import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest

from govsec_ci import __version__, cli
from govsec_ci.errors import BundleError, DefectError, InputError
from govsec_ci.system import process
from tests.conftest import ROOT


@pytest.fixture(autouse=True)
def _keep_signal_handlers() -> object:
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


def _fails_with(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> int:
    def command() -> int:
        raise error

    return cli.guarded(command)


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


@pytest.mark.parametrize("command", _all_commands(cli.cli), ids=" ".join)
def test_the_help_keeps_its_lines_and_cuts_none(command: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    cli.main([*command, "--help"])
    text = capsys.readouterr().out
    assert "\\b" not in text
    listed = text.partition("Commands:\n")[2].partition("\n\n")[0]
    assert "..." not in listed
    for shown in re.findall(r"^ +Examples?:\n((?: {4}.*\n)+)", text, re.MULTILINE):
        assert all(line.startswith("    govsec ") for line in shown.splitlines())


def test_the_examples_of_the_help_are_valid_calls() -> None:
    for name in filter(None, _all_commands(cli.cli)):
        found: click.Command = cli.cli
        for word in name:
            assert isinstance(found, click.Group)
            found = found.commands[word]
        for line in re.findall(r"^      (govsec .*)$", found.help or "", re.MULTILINE):
            words = shlex.split(re.split(r" (?:[;>|]|>>|&&) ", line)[0])[1:]
            called: click.Command = cli.cli
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


def test_each_error_has_its_code_and_tells_what_and_next(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _fails_with(monkeypatch, InputError("x.toml: broken", cause="a typo", next_step="mend it")) == 2
    assert capsys.readouterr().err == "govsec: x.toml: broken\n  cause: a typo\n  next:  mend it\n"
    assert _fails_with(monkeypatch, BundleError("no")) == 5
    assert _fails_with(monkeypatch, KeyboardInterrupt()) == 130
    assert "interrupted" in capsys.readouterr().err


@pytest.mark.parametrize("error", [RuntimeError("boom"), DefectError("boom")])
def test_a_defect_is_4_with_a_report_to_paste(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _fails_with(monkeypatch, error) == 4
    text = capsys.readouterr().err
    assert "this is a defect in govsec_ci" in text
    assert f"govsec_ci {__version__}" in text
    assert "boom" in text
    assert str(Path.home()) + os.sep not in text


def test_only_one_place_ends_the_process() -> None:
    for path in (ROOT / "govsec_ci").rglob("*.py"):
        text = path.read_text("utf-8")
        assert path.name == "cli.py" or "sys.exit(" not in text or path.stem.endswith("_worker"), path
        assert "os._exit" not in text or path.stem.endswith("_worker"), path


def test_processes_are_started_in_one_place_only() -> None:
    for path in (ROOT / "govsec_ci").rglob("*.py"):
        if path.name != "process.py":
            assert "import subprocess" not in path.read_text("utf-8"), path


@pytest.mark.parametrize(("variables", "language"), [
    ({"LC_ALL": "ja_JP.UTF-8"}, "ja"),
    ({"LC_ALL": "", "LC_MESSAGES": "", "LANG": "ja_JP.UTF-8"}, "ja"),
    ({"LC_ALL": "C", "LANG": "ja_JP.UTF-8"}, "en"),
    ({"LC_ALL": "", "LC_MESSAGES": "", "LANG": ""}, "en"),
])  # fmt: skip
def test_the_language_is_the_locales(variables: dict[str, str], language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert cli.locale_language() == language


def test_a_signal_kills_the_children_and_interrupts(monkeypatch: pytest.MonkeyPatch) -> None:
    killed: list[bool] = []
    monkeypatch.setattr(process, "kill_all", lambda: killed.append(True))
    cli._die_with_children()
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGTERM)
    assert killed == [True]


def test_a_reader_that_goes_away_is_no_success() -> None:
    script = "import sys; from govsec_ci import cli\ndef f(): raise BrokenPipeError\nsys.exit(cli.guarded(f))"
    done = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True)
    assert (done.returncode, done.stderr) == (130, b"")


def test_starting_up_imports_no_scanner() -> None:
    script = (
        "import sys; from govsec_ci import cli; cli.main(['--version'])\n"
        "heavy = {'rich', 'sarif_om', 'pip_audit', 'bandit', 'jsonschema_rs', 'jinja2', 'requests'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]"
