"""``govsec-audit``: known vulnerabilities of what the staged manifests pin."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from govsec_ci.advisories.locate import located
from govsec_ci.advisories.prepare import default_cache
from govsec_ci.app.check import CheckOptions, Data, check
from govsec_ci.app.check_manifests import may_be_included, scanners, with_manifests
from govsec_ci.app.clock import parse
from govsec_ci.model import Role

from . import common

_ROLES = frozenset({Role.SCA})


@click.command("audit", context_settings={"help_option_names": ["-h", "--help"]})
@common.shared
@click.option(
    "--advisories", type=click.Path(path_type=Path), metavar="SOURCE", envvar="GOVSEC_ADVISORIES", show_envvar=True,
    help="Advisory data: a folder of OSV JSON, or an OSV all.zip.  [default: the stored data; nothing is fetched]",
)  # fmt: skip
@common.ref
def command(**given: Any) -> int:
    """Audit the components of all staged manifests against advisory data; nothing is fetched or installed.

    Exit codes: 0 pass, 1 blocked, 2 wrong input, 3 not checked.

    \b
    Example:
      govsec-hook-audit --advisories security/osv.zip
    """
    repository = common.repository()
    options = CheckOptions(
        repository=repository,
        roles=_ROLES,
        scan=scanners(_ROLES),
        prepare=with_manifests,
        wanted=may_be_included,
        now=parse(given["now"]),
        ref=given["ref"],
        profiles=given["profiles"],
        data=lambda: _opened(given["advisories"]),
        config_file=given["config_file"],
    )
    return common.show(check(options), repository, given)


@contextlib.contextmanager
def _opened(source: Path | None) -> Iterator[Data]:
    with located(source, default_cache(), first_sync=None) as found:
        yield Data(path=found.path, problem=found.problem)


def main(argv: list[str] | None = None) -> int:
    """Entry point."""
    return common.run(command, argv)
