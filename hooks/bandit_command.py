"""The command behind ``govsec-bandit``."""

from typing import Any, Final

import click
from msgspec.structs import replace

from govsec_ci.app.changed_lines import changed_paths, touched
from govsec_ci.app.check import CheckOptions, check
from govsec_ci.app.clock import parse
from govsec_ci.app.snapshot import EXECUTABLE, Entry, Repository, committed, content, staged
from govsec_ci.model import Role
from govsec_ci.scanners.bandit import BanditScanner
from govsec_ci.scanners.base import ScanOutput, ScanRequest
from govsec_ci.scanners.python_files import begins_as_script, is_plain, is_python, is_unreadable
from govsec_ci.scanners.runs import state_of
from govsec_ci.scanners.scope import Scope

from . import common

_LEFT: Final = frozenset({"out-of-scope", "excluded"})
"""Notifications that say what the settings leave out: counted and shown, not blocking."""


@click.command("bandit", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("files", nargs=-1)
@click.option(
    "--all-lines", is_flag=True, help="Judge every line of the files, not only those that the commit changes."
)
@common.shared
@common.ref
@common.base
def command(**given: Any) -> int:
    """Scan staged Python FILES with bandit and judge what it finds (default: all that are staged).

    The staged content is judged, not the work tree's; with --ref that of the commit. Results on lines that the commit
    does not change are told, and do not stop it; in a file that it does not change at all every line counts.

    Exit codes: 0 pass, 1 blocked, 2 wrong input, 3 not checked.

    \b
    Example:
      govsec-hook-bandit --all-lines app.py
    """
    options = _options(given)
    if options is None:
        from govsec_ci.report.inert import message  # noqa: PLC0415 — a scan has no use for it

        from .words import words  # noqa: PLC0415 — nor for this

        click.echo(words(given)("no-python-in" if given["ref"] else "no-python", ref=message(given["ref"] or "")))
        return 0
    chosen = None if given["all_lines"] else touched(options.repository, options.named, options.ref, given["base"])
    answer = check(options, chosen)
    for one in (one for run in answer.runs for one in run.notifications if one.id in _LEFT):
        click.echo(common.told(one.text, given))
    return common.show(answer, options.repository, given)


def _scan(request: ScanRequest, names: tuple[str, ...]) -> tuple[ScanOutput, ...]:
    """Scan the named files; that none of them is in scope by the settings leaves nothing open."""
    output = BanditScanner().scan(request)
    scope = Scope(request.config)
    if any(map(scope.holds, names)):
        return (output,)
    told = tuple(one for one in output.run.notifications if one.id != "nothing-to-scan")
    return (replace(output, run=replace(output.run, notifications=told, state=state_of(told))),)


def _options(given: dict[str, Any]) -> CheckOptions | None:
    repository = common.repository()
    names = common.paths(repository, given["files"]) or _changed(repository, given["ref"], given["base"])
    if not names:
        return None
    return CheckOptions(
        repository=repository,
        roles=frozenset({Role.SAST}),
        scan=lambda request: _scan(request, names),
        wanted=frozenset(names).__contains__,
        named=names,
        now=parse(given["now"]),
        ref=given["ref"],
        profiles=given["profiles"],
        config_file=given["config_file"],
    )


def _changed(repository: Repository, ref: str | None, base: str | None) -> tuple[str, ...]:
    """The Python files that the index, or the commit, adds or changes: by their names, or by their first lines."""
    paths = changed_paths(repository, ref, base)
    others = {path for path in paths if not (is_python(path) or is_unreadable(path))}
    entries = (committed(repository, ref) if ref else staged(repository)) if others else ()
    scripts = {entry.path for entry in entries if entry.path in others and _is_script(repository, entry)}
    return tuple(path for path in paths if is_python(path) or path in scripts)


def _is_script(repository: Repository, entry: Entry) -> bool:
    """As :func:`is_script` has it, of what git holds."""
    if not is_plain(entry.path) and entry.mode != EXECUTABLE:
        return False
    return begins_as_script(content(repository, [entry], entry.path) or b"")
