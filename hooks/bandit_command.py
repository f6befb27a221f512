"""The command behind ``govsec-bandit``."""

from typing import Any

import click

from govsec_ci.app.changed_lines import touched
from govsec_ci.app.check import CheckOptions, check
from govsec_ci.app.clock import parse
from govsec_ci.app.snapshot import changed
from govsec_ci.model import Role
from govsec_ci.scanners.bandit import BanditScanner

from . import common


@click.command("bandit", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("files", nargs=-1)
@click.option(
    "--all-lines", is_flag=True, help="Judge every line of the files, not only those that the commit changes."
)
@common.shared
@common.ref
@common.base
def command(**given: Any) -> int:
    """Scan staged Python FILES with bandit and judge what it finds (default: every staged change).

    The staged content is judged, not the work tree's. Results on lines that the commit does not change are told, and
    do not stop it; in a file that it does not change at all every line counts.

    Exit codes: 0 pass, 1 blocked, 2 wrong input, 3 not checked.

    \b
    Example:
      govsec-hook-bandit --all-lines app.py
    """
    options = _options(given)
    if options is None:
        from .words import words  # noqa: PLC0415 — a scan has no use for it

        click.echo(words(given)("no-python"))
        return 0
    chosen = None if given["all_lines"] else touched(options.repository, options.named, options.ref, given["base"])
    return common.show(check(options, chosen), options.repository, given)


def _options(given: dict[str, Any]) -> CheckOptions | None:
    repository = common.repository()
    names = common.paths(repository, given["files"]) or tuple(filter(is_python, changed(repository)))
    if not names:
        return None
    return CheckOptions(
        repository=repository,
        roles=frozenset({Role.SAST}),
        scan=lambda request: (BanditScanner().scan(request),),
        wanted=frozenset(names).__contains__,
        named=names,
        now=parse(given["now"]),
        ref=given["ref"],
        profiles=given["profiles"],
        config_file=given["config_file"],
    )


def is_python(path: str) -> bool:
    """Whether bandit takes a file of that name."""
    return path.endswith((".py", ".pyw"))
