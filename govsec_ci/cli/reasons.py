"""Why, and what next: explain, plan, trace, gap."""

from pathlib import Path

import click

from govsec_ci.cli.options import with_options
from govsec_ci.cli.printing import locale_language


@click.command()
@click.argument("identifier", metavar="ID")
@with_options("bundle", "lang")
def explain(identifier: str, out: Path, lang: str | None) -> int:
    """Say what ID is and asks for.

    Which clause, why it counts, since and until when, what closes it, who may waive it.

    ID is a gate (jp-gov/static-high, or static-high), a rule (B602), or of the bundle in --out a result's fingerprint
    (or how it begins) or a vulnerability's id.

    \b
    Examples:
      govsec explain jp-gov/static-high
      govsec explain CVE-2021-35042 --lang ja
    """
    from govsec_ci.app import explain as explaining

    for line in explaining.lines(explaining.explain(identifier, lang=lang or locale_language(), folder=out)):
        click.echo(line)
    return 0


@click.command()
@with_options("bundle", "lang")
@click.option(
    "--advisories",
    type=click.Path(path_type=Path),
    metavar="SOURCE",
    help="Ask this advisory data about newer versions.  [default: what the data of the run said, kept in the bundle]",
)
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "requirements"]), default="text", show_default=True,
    help="For people, for programs, or as lower bounds for a package manager.",
)  # fmt: skip
def plan(out: Path, lang: str | None, advisories: Path | None, form: str) -> int:
    """Say which versions clear what blocks, and what is left.

    For each component the nearest version that the advisory data knows no other vulnerability in. Versions are not
    resolved against one another.

    \b
    Examples:
      govsec plan
      govsec plan --format requirements > constraints.txt
    """
    from govsec_ci.app import plan as planning
    from govsec_ci.app.advisories import resolve_advisories
    from govsec_ci.config import AdvisorySettings

    language = lang or locale_language()
    if advisories is None:
        click.echo(planning.render(planning.plan(out, lang=language), form, lang=language))
        return 0
    with resolve_advisories(advisories, AdvisorySettings()) as found:
        click.echo(planning.render(planning.plan(out, found, lang=language), form, lang=language))
    return 0


@click.command()
@with_options("bundle", "lang")
@click.option(
    "--format", "form", type=click.Choice(["markdown", "csv", "json"]), default="markdown", show_default=True,
    help="For people, for spreadsheets, or for programs.",
)  # fmt: skip
def trace(out: Path, lang: str | None, form: str) -> int:
    """Lead from each clause to its evidence, and back.

    Clause, gate, check, results, evidence file with its hash; and back from each result.

    \b
    Example:
      govsec trace --out evidence --format csv
    """
    from govsec_ci.app import trace as tracing
    from govsec_ci.app.trace_formats import render

    click.echo(render(tracing.trace(out, lang=lang or locale_language()), form))
    return 0


@click.command()
@with_options("bundle", "lang")
@click.option(
    "--against", type=click.Path(path_type=Path), metavar="DIR", help="An earlier bundle: also say what has changed."
)
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True,
    help="For people or for programs.",
)  # fmt: skip
def gap(out: Path, lang: str | None, against: Path | None, form: str) -> int:
    """Say how far --out is from PASS.

    For each profile: which share of its gates is met, by weight, and what is missing.

    \b
    Example:
      govsec gap --out evidence --against last-release
    """
    from govsec_ci.app import gap as gaps

    language = lang or locale_language()
    found = gaps.gaps(out, lang=language)
    before = gaps.gaps(against, lang=language) if against else None
    text = gaps.as_json(found, before) if form == "json" else "\n".join(gaps.lines(found, before, lang=language))
    click.echo(text)
    return 0
