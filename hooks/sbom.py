"""``govsec-sbom``: an SBOM can be made from the staged manifests, and the committed one is current."""

import os
from pathlib import Path
from typing import Any

import click

from govsec_ci.app.check import CheckOptions, check, entries_of
from govsec_ci.app.check_manifests import may_be_included, scanners, with_manifests
from govsec_ci.app.clock import parse
from govsec_ci.app.say import Say
from govsec_ci.app.snapshot import content
from govsec_ci.errors import UsageError
from govsec_ci.formats.cyclonedx_same import same
from govsec_ci.model import Role
from govsec_ci.system.files import write_atomic

from . import common
from .words import words

OUT_OF_DATE = 1
_ROLES = frozenset({Role.SBOM})


@click.command("sbom", context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--output", metavar="FILE",
    help="The SBOM that is kept in the repository. Written anew, and the commit stopped, when it is out of date "
    "(serial number, time and commit aside).",
)  # fmt: skip
@common.shared
@common.ref
def command(**given: Any) -> int:
    """Make the SBOM of all staged manifests.

    Exit codes: 0 pass, 1 the SBOM was out of date, 2 wrong input, 3 not everything could be taken in.

    \b
    Example:
      govsec-hook-sbom --output sbom.cdx.json
    """
    options = _options(given)
    answer = check(options)
    code = common.show(answer, options.repository, given)
    if code != 0 or not given["output"]:
        return code
    return _keep_current(options, answer.files["sbom.cdx.json"], given["output"], words(given))


def _options(given: dict[str, Any]) -> CheckOptions:
    repository = common.repository()
    return CheckOptions(
        repository=repository,
        roles=_ROLES,
        scan=scanners(_ROLES),
        prepare=with_manifests,
        wanted=may_be_included,
        now=parse(given["now"]),
        ref=given["ref"],
        profiles=given["profiles"],
        config_file=given["config_file"],
    )


def _keep_current(options: CheckOptions, sbom: bytes, output: str, say: Say) -> int:
    (path,) = common.paths(options.repository, [output])
    held = content(options.repository, entries_of(options), path)
    if held is not None and same(held, sbom):
        return 0
    _check_place(options, Path(output))
    write_atomic(Path(output), sbom)
    click.echo(say("missing" if held is None else "out-of-date", file=output))
    click.echo(say("add", file=output))
    return OUT_OF_DATE


def _check_place(options: CheckOptions, output: Path) -> None:
    """:raises UsageError: a link, which a change may have planted, leads out of the checkout"""
    if not Path(os.path.realpath(output.parent)).is_relative_to(os.path.realpath(options.repository.top)):
        raise UsageError(
            f"{output}: a link leads out of the checkout, and nothing is written there",
            next_step="name a folder of the checkout itself with --output",
        )


def main(argv: list[str] | None = None) -> int:
    """Entry point."""
    return common.run(command, argv)
