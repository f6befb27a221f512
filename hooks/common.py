"""What every hook does: find the checkout, know which paths it was given, print the answer, return the exit code."""

import functools
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from govsec_ci.app.snapshot import Repository, open_repository
from govsec_ci.cli.exits import guarded
from govsec_ci.cli.printing import locale_language
from govsec_ci.errors import VERDICT_CODES, UsageError

if TYPE_CHECKING:
    from govsec_ci.app.check_gate import Answer

Command = Callable[..., Any]

_OPTIONS = (
    click.option(
        "--profile", "profiles", multiple=True, metavar="ID|FILE",
        help="Profile to judge by; may be repeated.  [default: the configuration's, else jp-gov]",
    ),
    click.option("--config", "config_file", type=click.Path(path_type=Path), metavar="FILE", help="Settings."),
    click.option("--now", metavar="RFC3339", help="The clock of the decision.  [default: the time now]"),
    click.option("--lang", type=click.Choice(["en", "ja"]), help="Language of our own words.  [default: the locale's]"),
    click.option("--all", "wide", is_flag=True, help="Show every result that does not block, not the first ones."),
    click.option(
        "--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True,
        help="auto: where the output is a terminal and NO_COLOR is not set.",
    ),
)  # fmt: skip
ref = click.option(
    # Where a root commit is pushed, pre-commit names no range, only the branch.
    "--ref", metavar="COMMIT", envvar=["PRE_COMMIT_TO_REF", "PRE_COMMIT_LOCAL_BRANCH"],
    help="Judge this commit, not what is staged.  [default: what pre-commit says is being pushed]",
)  # fmt: skip

base = click.option(
    "--base", metavar="COMMIT", envvar="PRE_COMMIT_FROM_REF",
    help="What the lines are compared with.  [default: what pre-commit says, else the parents]",
)  # fmt: skip


def shared(command: Command) -> Command:
    """Add the options that every hook takes."""
    return functools.reduce(lambda done, option: option(done), reversed(_OPTIONS), command)


def run(command: click.Command, argv: list[str] | None) -> int:
    """Run a hook's command; :returns: its exit code, also for errors."""
    name = f"govsec-hook-{command.name}"
    return guarded(lambda: command.main(args=argv, prog_name=name, standalone_mode=False) or 0)


def repository() -> Repository:
    """The checkout of the current folder."""
    return open_repository(Path.cwd(), os.environ)


def paths(repository: Repository, given: Iterable[str]) -> tuple[str, ...]:
    """Paths as the caller gave them (relative to the current folder), relative to the top of the checkout.

    :raises UsageError: one lies outside
    """
    return tuple(_path(repository.top, Path.cwd(), name) for name in given)


def _path(top: Path, folder: Path, name: str) -> str:
    # Not resolved: a link is judged under its own name.
    path = os.path.relpath(os.path.join(os.path.realpath(folder), name), os.path.realpath(top))
    if path.split(os.sep)[0] == os.pardir or os.path.isabs(path):
        raise UsageError(f"{name}: is not in the checkout {top}", next_step="name files of this checkout")
    return path.replace(os.sep, "/")


def show(answer: "Answer", repository: Repository, given: dict[str, Any]) -> int:
    """Print the answer; :returns: the exit code of its verdict."""
    from govsec_ci.app.check_lines import Style, lines  # noqa: PLC0415 — check() has imported most of it by now

    folder = Path(os.path.realpath(Path.cwd()))
    top = Path(os.path.realpath(repository.top))
    style = Style(
        top=top, folder=folder, colour=_coloured(given["color"]), wide=given["wide"],
        lang=given["lang"] or locale_language(),
    )  # fmt: skip
    for line in lines(answer, style):
        click.echo(line, color=style.colour)
    return VERDICT_CODES[answer.word.value]


def told(text: str, given: dict[str, Any]) -> str:
    """A sentence of a scanner, in the language asked for."""
    from govsec_ci.app.check_lines import Style  # noqa: PLC0415 — as above

    return Style(top=Path(), folder=Path(), lang=given["lang"] or locale_language()).tell(text)


def _coloured(choice: str) -> bool:
    if choice == "auto":
        return sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    return choice == "always"
