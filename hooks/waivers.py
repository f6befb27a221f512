"""``govsec-waivers``: the staged waivers are well formed, and such that the profiles can admit them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from govsec_ci.app.check import CheckOptions, settings_of, snapshot_of
from govsec_ci.app.check_gate import profiles_of
from govsec_ci.app.clock import parse
from govsec_ci.app.say import Say
from govsec_ci.app.waiver_check import Objection, objections
from govsec_ci.gate import waivers
from govsec_ci.gate.waivers import FILE_NAME
from govsec_ci.report.gate_notes import said
from govsec_ci.report.inert import message
from govsec_ci.system.files import read_limited

from . import common
from .words import words

BLOCKED = 1


@click.command("waivers", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("files", nargs=-1)
@common.shared
@common.ref
def command(**given: Any) -> int:
    """Check staged waiver FILES (default: govsec-waivers.toml at the top of the checkout).

    Drafts, and waivers whose end is past, are told; what no profile in use could ever admit stops the commit.

    Exit codes: 0 pass, 1 blocked, 2 a file is not what it must be.

    \b
    Example:
      govsec-hook-waivers --profile jp-gov
    """
    options = _options(given)
    found = [problem for path in options.named for problem in _problems(options, path, named=bool(given["files"]))]
    say = words(given)
    for path, problem in found:
        click.echo(message(_told(path, problem, say)))
    return BLOCKED if any(not problem.waits for _, problem in found) else 0


def _told(path: str, problem: Objection, say: Say) -> str:
    word, why = say("warning" if problem.waits else "fail"), said(problem.why, say.lang)
    return say("waiver", path=path, word=word, waiver=problem.waiver, profile=problem.profile, why=why)


def _options(given: dict[str, Any]) -> CheckOptions:
    repository = common.repository()
    return CheckOptions(
        repository=repository,
        roles=frozenset(),
        scan=lambda request: (),
        wanted=lambda path: False,
        named=common.paths(repository, given["files"] or [str(repository.top / FILE_NAME)]),
        now=parse(given["now"]),
        ref=given["ref"],
        profiles=given["profiles"],
        config_file=given["config_file"],
    )


def _problems(options: CheckOptions, path: str, *, named: bool) -> Iterator[tuple[str, Objection]]:
    settings = settings_of(options)
    data = snapshot_of(options).read(path)
    if data is None:
        loose = Path(options.repository.top / path)
        # A repository without waivers is sound; a file that was asked for by name and is not there was not checked.
        data = read_limited(loose, limit_bytes=settings.limits.waivers_bytes) if named else b""
    profiles = profiles_of(options, settings)
    for problem in objections(waivers.parse(data, path), profiles, options.now):
        yield path, problem


def main(argv: list[str] | None = None) -> int:
    """Entry point."""
    return common.run(command, argv)
