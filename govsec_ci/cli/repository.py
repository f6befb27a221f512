"""A repository that takes govsec_ci up: init, doctor."""

import sys
from pathlib import Path
from typing import Any

import click

from govsec_ci.cli.options import folder_argument, with_options
from govsec_ci.cli.printing import locale_language
from govsec_ci.errors import VERDICT_CODES


@click.command()
@folder_argument
@with_options("profiles", "lang")
@click.option("--hooks-from", "url", metavar="URL", help="Repository that hooks and workflow take govsec_ci from.")
@click.option("--rev", metavar="COMMIT", help="The commit of it that you reviewed.")
@click.option("--dry-run", is_flag=True, help="Show what would be written, and write nothing.")
@click.option("--yes", is_flag=True, help="Do not ask before writing.")
def init(path: Path, profiles: tuple[str, ...], lang: str | None, **given: Any) -> int:
    """Write settings, waivers, hooks and a workflow into PATH.

    What is there already stays; hooks are added to an existing .pre-commit-config.yaml.

    \b
    Examples:
      govsec init --dry-run
      govsec init --hooks-from https://github.com/OWNER/govsec_ci --rev 0123abc…
    """
    from govsec_ci.app import init as use_case
    from govsec_ci.app.init_files import HookSource

    if bool(given["url"]) != bool(given["rev"]):
        raise click.UsageError("--hooks-from and --rev go together")
    say = use_case.words(lang or locale_language())
    source = HookSource(url=given["url"], rev=given["rev"]) if given["url"] else use_case.source_of_installation()
    changes = use_case.plan(path, source, profiles or ("jp-gov",))
    for change in changes:
        click.echo(use_case.shown(change, say))
    if not changes:
        click.echo(say("in-place"))
    elif not given["dry_run"] and (given["yes"] or _agreed(say("agreed", n=len(changes)))):
        use_case.write(path, changes)
        click.echo(say("written"))
    return 0


def _agreed(question: str) -> bool:
    # Where nobody can answer, the call itself was the answer: what is written is new, or added to.
    return not sys.stdin.isatty() or click.confirm(question, default=True)


@click.command()
@folder_argument
@with_options("advisories", "now", "lang")
def doctor(path: Path, advisories: Path | None, now: str | None, lang: str | None) -> int:
    """Say what PATH lacks to be judged, and how to mend it.

    Changes and fetches nothing; ends with 3 where something is lacking.

    \b
    Examples:
      govsec doctor
      govsec doctor . --advisories all.zip
    """
    from govsec_ci.app.clock import parse
    from govsec_ci.app.doctor import examine
    from govsec_ci.app.doctor_words import Words
    from govsec_ci.report.inert import message

    language = lang or locale_language()
    to_do = Words(language)("to-do")
    said = examine(path, advisories, parse(now), lang=language)
    for one in said:
        click.echo(f"{'!!' if one.mend else 'ok'}  {message(one.what)}")
        if one.mend:
            click.echo(f"      {to_do}: {message(one.mend)}")
    return VERDICT_CODES["INCOMPLETE"] if any(one.mend for one in said) else 0
