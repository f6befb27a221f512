"""What the documents say is so: the README's command and output, every option and command in docs/usage.md."""

import re
import shlex
from pathlib import Path

import click
import pytest

from govsec_ci import cli
from tests.conftest import ROOT
from tests.support.command import govsec

README = (ROOT / "README.md").read_text("utf-8")
USAGE = (ROOT / "docs/usage.md").read_text("utf-8")


def test_the_first_output_of_the_readme_is_what_the_command_says(tmp_path: Path) -> None:
    shown = README.split("```console\n", 1)[1].split("```", 1)[0].splitlines()
    command = shlex.split(shown[0].removeprefix("$ govsec "))
    done = govsec(*command, "--out", tmp_path / "out", cwd=ROOT)
    end = shown.index("$ echo $?")
    assert str(done.returncode) == shown[end + 1]
    said = done.stdout.splitlines()
    kept = [line for line in shown[1:end] if "… " not in line]
    assert [line for line in kept if line not in said] == []
    results, steps = (int(re.search(rf"… (\d+) more {what}", "\n".join(shown))[1]) for what in ("results", "steps"))  # type: ignore[index]
    assert results + 2 == sum(bool(re.match(r"\S+:\d+ |\S+:\d+:\d+ ", line)) for line in said)
    told = [line for line in said if re.match(r" +\d+\. ", line)]
    hidden = next((int(found[1]) for line in said if (found := re.match(r"… and (\d+) more", line))), 0)
    assert steps + 2 == len(told) + hidden


def _commands(group: click.Group, prefix: str = "") -> list[tuple[str, click.Command]]:
    found: list[tuple[str, click.Command]] = []
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            found += _commands(command, f"{prefix}{name} ")
        elif not command.hidden:
            found.append((f"{prefix}{name}", command))
    return found


@pytest.mark.parametrize(("name", "command"), _commands(cli.cli))
def test_every_command_is_in_the_usage(name: str, command: click.Command) -> None:
    assert all(re.search(rf"`[^`]*\b{re.escape(word)}\b[^`]*`", USAGE) for word in name.split())
    assert command.help


def test_every_exit_code_of_the_help_is_in_the_usage() -> None:
    codes = re.findall(r"^  (\d+) ", cli._EXIT_CODES_HELP, re.MULTILINE)
    assert codes == re.findall(r"^\| (\d+) \|", USAGE, re.MULTILINE)


@pytest.mark.parametrize("path", sorted(ROOT.glob("*.md")) + sorted(ROOT.glob("docs/**/*.md")), ids=lambda p: p.name)
def test_every_relative_link_leads_somewhere(path: Path) -> None:
    text = re.sub(r"```.*?```", "", path.read_text("utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#:]+?)(?:#[^)]*)?\)", text):
        assert (path.parent / target).exists(), f"{path}: {target}"
