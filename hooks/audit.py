"""``govsec-audit``: known vulnerabilities of what the staged manifests pin."""

from typing import Any

import click

from govsec_ci.app.check import CheckOptions, check, may_be_included
from govsec_ci.app.clock import parse
from govsec_ci.model import Role

from . import common


@click.command("audit", context_settings={"help_option_names": ["-h", "--help"]})
@common.shared
@common.advisories
@common.ref
def command(**given: Any) -> int:
    """Audit the components of all staged manifests against advisory data; nothing is fetched or installed.

    Exit codes: 0 pass, 1 blocked, 2 wrong input, 3 not checked.
    """
    repository = common.repository()
    options = CheckOptions(
        repository=repository,
        roles=frozenset({Role.SCA}),
        wanted=may_be_included,
        now=parse(given["now"]),
        ref=given["ref"],
        profiles=given["profiles"],
        advisories=given["advisories"],
        config_file=given["config_file"],
    )
    return common.show(check(options), repository, given)


def main(argv: list[str] | None = None) -> int:
    """Entry point."""
    return common.run(command, argv)
