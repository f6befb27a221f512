"""``govsec-pipeline``: weaknesses of the staged workflows and action definitions."""

from typing import Any

import click

from govsec_ci.app.check import CheckOptions, check
from govsec_ci.app.check_manifests import scanners
from govsec_ci.app.clock import parse
from govsec_ci.model import Role
from govsec_ci.scanners.zizmor import is_target

from . import common

_ROLES = frozenset({Role.PIPELINE})


@click.command("pipeline", context_settings={"help_option_names": ["-h", "--help"]})
@common.shared
@common.ref
def command(**given: Any) -> int:
    """Audit the staged GitHub workflows, action definitions and Dependabot settings with zizmor, offline.

    Exit codes: 0 pass, 1 blocked, 2 wrong input, 3 not checked.

    \b
    Example:
      govsec-hook-pipeline --lang ja
    """
    repository = common.repository()
    options = CheckOptions(
        repository=repository,
        roles=_ROLES,
        scan=scanners(_ROLES),
        wanted=is_target,
        now=parse(given["now"]),
        ref=given["ref"],
        profiles=given["profiles"],
        config_file=given["config_file"],
    )
    return common.show(check(options), repository, given)


def main(argv: list[str] | None = None) -> int:
    """Entry point."""
    return common.run(command, argv)
