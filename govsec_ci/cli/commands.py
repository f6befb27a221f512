"""The command and its subcommands, by what they serve."""

from typing import Final

import click

from govsec_ci import __version__
from govsec_ci.cli import action, history, judging, papers, profile, reasons, repository, stores

_EXIT_CODES_HELP = """\b
Exit codes:
  0    PASS, or the command has done its work
  1    FAIL: a gate is violated
  2    something that you supplied is wrong (flag, profile, configuration, advisory data)
  3    INCOMPLETE: something required was not, or not wholly, checked
  4    a defect in govsec_ci itself
  5    the evidence bundle does not hold (verify)
  130  interrupted
"""


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}, epilog=_EXIT_CODES_HELP
)
@click.version_option(__version__, prog_name="govsec", message="%(prog)s %(version)s")
def cli() -> None:
    """Judge a Python project against government security gates, and keep the evidence.

    \b
    The main job:
      govsec run . --advisories all.zip        scan, merge, judge, report into govsec-out/
    Before it, once: what does this repository need, and is it there?
      govsec init . --dry-run
      govsec doctor .
    The same in steps, each from files to files:
      govsec scan . ; govsec merge ; govsec gate ; govsec report
    """


_COMMANDS: Final = (
    judging.run, judging.scan, judging.merge, judging.gate, judging.report, judging.view, judging.verify,
    history.baseline, history.diff, history.waive,
    reasons.explain, reasons.plan, reasons.trace, reasons.gap,
    profile.profile,
    stores.advisories, stores.cache,
    papers.sbom, papers.oscal, papers.bundle, papers.key,
    repository.init, repository.doctor,
    action.action,
)  # fmt: skip
for _command in _COMMANDS:
    cli.add_command(_command)
