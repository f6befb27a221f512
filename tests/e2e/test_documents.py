"""What the documents say is so: the README's command and output, every option and command in docs/usage.md."""

import importlib
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from govsec_ci.cli import commands
from tests.conftest import ROOT
from tests.support.command import govsec

README = (ROOT / "README.md").read_text("utf-8")
USAGE = (ROOT / "docs/usage.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("readme", "more_results", "more_steps", "folded"),
    [
        ("README.md", r"… (\d+) more results", r"… (\d+) more steps", r"… and (\d+) more"),
        ("README.ja.md", r"… ほか (\d+) 件の検出結果", r"… ほか (\d+) 件の対応", r"… ほか (\d+) 件"),
    ],
)
def test_the_first_output_of_the_readme_is_what_the_command_says(
    readme: str, more_results: str, more_steps: str, folded: str, tmp_path: Path
) -> None:
    shown = (ROOT / readme).read_text("utf-8").split("```console\n", 1)[1].split("```", 1)[0].splitlines()
    command = shlex.split(shown[0].removeprefix("$ govsec "))
    done = govsec(*command, "--out", tmp_path / "out", cwd=ROOT)
    end = shown.index("$ echo $?")
    assert str(done.returncode) == shown[end + 1]
    said = done.stdout.splitlines()
    kept = [line for line in shown[1:end] if "… " not in line]
    assert [line for line in kept if line not in said] == []
    results, steps = (int(re.search(what, "\n".join(shown))[1]) for what in (more_results, more_steps))  # type: ignore[index]
    assert results + 2 == sum(bool(re.match(r"\S+:\d+ |\S+:\d+:\d+ ", line)) for line in said)
    told = [line for line in said if re.match(r" +\d+\. ", line)]
    hidden = next((int(found[1]) for line in said if (found := re.match(folded, line))), 0)
    assert steps + 2 == len(told) + hidden


def _commands(group: click.Group, prefix: str = "") -> list[tuple[str, click.Command]]:
    found: list[tuple[str, click.Command]] = []
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            found += _commands(command, f"{prefix}{name} ")
        elif not command.hidden:
            found.append((f"{prefix}{name}", command))
    return found


@pytest.mark.parametrize(("name", "command"), _commands(commands.cli))
def test_every_command_is_in_the_usage(name: str, command: click.Command) -> None:
    assert all(re.search(rf"`[^`]*\b{re.escape(word)}\b[^`]*`", USAGE) for word in name.split())
    assert command.help


def _examples(text: str) -> list[str]:
    found = re.search(r"^ *Examples?:\n((?: +\S.*\n?)+)", text, re.MULTILINE)
    return [line.strip() for line in found[1].splitlines()] if found else []


def _parse(command: click.Command, line: str) -> None:
    """Parse what a shell would hand over; what pipes and redirects do is the shell's."""
    words = shlex.split(re.split(r" (?:>>?|\||;|&&) |  +", line)[0], comments=True)[1:]
    while isinstance(command, click.Group):
        command = command.commands[words.pop(0)]
    assert command.make_parser(click.Context(command)).parse_args(words)[1] == [], line


@pytest.mark.parametrize(("name", "command"), _commands(commands.cli))
def test_the_help_of_every_command_has_an_example_that_is_a_call_of_it(name: str, command: click.Command) -> None:
    examples = _examples(str(command.help))
    assert any(f"govsec {name}" in line for line in examples), command.help
    for line in examples:
        _parse(commands.cli, line)


@pytest.mark.parametrize("hook", ["audit", "bandit_command", "gate", "pipeline", "sbom", "waivers"])
def test_so_has_the_help_of_every_hook(hook: str) -> None:
    command: click.Command = importlib.import_module(f"govsec_ci_hooks.{hook}").command
    (line,) = _examples(str(command.help))
    assert line.startswith(f"govsec-hook-{command.name} ")
    _parse(command, line)


def test_every_exit_code_of_the_help_is_in_the_usage() -> None:
    codes = re.findall(r"^  (\d+) ", commands._EXIT_CODES_HELP, re.MULTILINE)
    assert codes == re.findall(r"^\| (\d+) \|", USAGE, re.MULTILINE)


@pytest.mark.parametrize("path", sorted(ROOT.glob("*.md")) + sorted(ROOT.glob("docs/**/*.md")), ids=lambda p: p.name)
def test_every_relative_link_leads_somewhere(path: Path) -> None:
    text = re.sub(r"```.*?```", "", path.read_text("utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#:]+?)(?:#[^)]*)?\)", text):
        assert (path.parent / target).exists(), f"{path}: {target}"


def _blocks(text: str) -> list[str]:
    # What stands behind a # is prose and may be translated.
    return [re.sub(r" +#.*", "", block) for block in re.findall(r"```.*?```", text, flags=re.DOTALL)]


def _links(text: str) -> set[str]:
    return set(re.findall(r"\]\(([^)]+)\)", text)) | set(re.findall(r"^\[[^]]+\]: \S+$", text, re.MULTILINE))


def test_the_japanese_readme_has_the_same_commands_links_and_profiles() -> None:
    japanese = (ROOT / "README.ja.md").read_text("utf-8")
    # What the first command prints, and the picture, are each in the language of their README.
    assert _blocks(japanese)[1:] == _blocks(README)[1:]
    pictures = {"docs/images/report-fail.png", "docs/images/report-fail-ja.png"}
    assert _links(japanese) - {"README.md"} - pictures == _links(README) - {"README.ja.md"} - pictures
    assert re.findall(r"^\| (`[^`]+`)", japanese, re.MULTILINE) == re.findall(r"^\| (`[^`]+`)", README, re.MULTILINE)
    assert "(README.ja.md)" in README
    assert "(README.md)" in japanese


def _calls() -> list[str]:
    names = ("closed-networks", "legacy-repositories", "libraries", "gitlab", "usage", "pre-commit", "github-action")
    lines = [line for name in names for line in (ROOT / f"docs/{name}.md").read_text("utf-8").splitlines()]
    lines += README.splitlines()
    return [found[1] for line in lines if (found := re.match(r"\$ (govsec .*)", line))]


@pytest.mark.parametrize("line", _calls())
def test_every_call_in_the_guides_is_a_call(line: str) -> None:
    if line.split()[1] != "--version":
        _parse(commands.cli, line)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_documented_completion_is_printed(shell: str) -> None:
    assert f"_GOVSEC_COMPLETE={shell}_source govsec" in USAGE
    asked = os.environ | {"_GOVSEC_COMPLETE": f"{shell}_source"}
    command = [sys.executable, "-Im", "govsec_ci.cli"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=asked, timeout=60)
    assert "_GOVSEC_COMPLETE=" + shell + "_complete" in done.stdout


def test_the_completion_knows_the_commands() -> None:
    asked = os.environ | {"_GOVSEC_COMPLETE": "bash_complete", "COMP_WORDS": "govsec adv", "COMP_CWORD": "1"}
    command = [sys.executable, "-Im", "govsec_ci.cli"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=asked, timeout=60)
    assert done.stdout == "plain,advisories\n"
