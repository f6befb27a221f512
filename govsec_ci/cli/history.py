"""What was before and what is let pass: baseline, diff, waive."""

from pathlib import Path
from typing import Any

import click

from govsec_ci.cli.options import with_options


@click.command()
@with_options("bundle")
@click.option(
    "--to", type=click.Path(path_type=Path), default="govsec-baseline.sarif", show_default=True, metavar="FILE",
    help="Where the reference goes; commit it.",
)  # fmt: skip
def baseline(out: Path, to: Path) -> int:
    """Write the reference file of a legacy repository.

    Given to later runs with --baseline, it makes them start with "nothing new". It holds fingerprints and dates
    only, one result a line.

    \b
    Examples:
      govsec run . ; govsec baseline
      govsec run . --baseline govsec-baseline.sarif
    """
    from govsec_ci.app.history import write_reference

    write_reference(out, to)
    return 0


@click.command()
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
def diff(old: Path, new: Path) -> int:
    """Compare two bundles (or results.sarif).

    Says what is new, updated and gone.

    It informs and does not judge: the exit code is 0 also where they differ.

    \b
    Example:
      govsec diff evidence-2.2.0 evidence-2.3.0
    """
    from govsec_ci.app.history import diff_lines

    for line in diff_lines(old, new):
        click.echo(line)
    return 0


@click.command()
@click.argument("fingerprint")
@with_options("bundle")
@click.option("--id", "identifier", prompt="Id of the waiver", help="Its id, e.g. W-2026-014.")
@click.option("--reason", prompt="Why is it acceptable", help="Why the result is acceptable.")
@click.option("--owner", prompt="Who owns the risk", help="Who owns the risk.")
@click.option("--approver", default="", help="Who approved it. Empty: a draft, without effect.")
@click.option("--ticket", prompt="Ticket", help="Where it is tracked.")
@click.option("--plan", prompt="How will it be mended", help="How, and how long until, it will be mended.")
@click.option("--expires", type=click.DateTime(["%Y-%m-%d"]), prompt="Last day it holds (YYYY-MM-DD)", help="Last day.")
@click.option("--reopen-epss", type=click.FloatRange(0, 1), help="EPSS probability from which it no longer holds.")
@click.option("--to", type=click.Path(path_type=Path), metavar="FILE", help="[default: govsec-waivers.toml]")
@with_options("now")
def waive(fingerprint: str, out: Path, **given: Any) -> int:
    """Add a waiver for one result.

    The one of --out whose fingerprint starts with FINGERPRINT, as `govsec report --format csv` shows it.

    What is not given as a flag is asked for. The profile rules on what is admissible; `govsec run` tells.

    \b
    Example:
      govsec waive 3f2a91 --id W-2026-014 --owner 'platform team' --approver 'security office'
    """
    from govsec_ci.app.clock import parse
    from govsec_ci.app.waive import Words
    from govsec_ci.app.waive import waive as add_waiver

    to, now = given.pop("to"), given.pop("now")
    expires = given.pop("expires").date()
    words = Words(id=given.pop("identifier"), created=parse(now).date(), expires=expires, **given)
    click.echo(str(add_waiver(out, fingerprint, words, to)))
    return 0
