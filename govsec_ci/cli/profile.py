"""The profiles: show, check, compare, test and start them."""

from pathlib import Path

import click

from govsec_ci.cli.options import with_options
from govsec_ci.cli.printing import locale_language, table


@click.group()
def profile() -> None:
    """Show, check, compare, test and start profiles."""


@profile.command("list")
@with_options("lang")
def profile_list(lang: str | None) -> int:
    """List the shipped profiles.

    \b
    Example:
      govsec profile list --lang ja
    """
    from govsec_ci.app import profiles

    table(profiles.list_rows(lang or locale_language()))
    return 0


@profile.command("show")
@click.argument("name", metavar="ID|FILE")
@with_options("lang")
def profile_show(name: str, lang: str | None) -> int:
    """Show a profile as people read it: gates, limits, clauses, labels.

    \b
    Example:
      govsec profile show jp-gov --lang ja
    """
    from govsec_ci.app import profiles
    from govsec_ci.report import inert

    for line in profiles.show_lines(name, lang or locale_language()):
        click.echo(inert.lines(line))
    return 0


@profile.command("page")
@click.argument("name", metavar="ID|FILE")
def profile_page(name: str) -> int:
    """Print a profile as a Markdown page, in English and Japanese.

    \b
    Example:
      govsec profile page jp-gov > jp-gov.md
    """
    from govsec_ci.app.profile_page import page

    click.echo(page(name), nl=False)
    return 0


@profile.command("check")
@click.argument("file", metavar="FILE")
def profile_check(file: str) -> int:
    """Check that FILE is a profile; an error names file and line.

    \b
    Example:
      govsec profile check ./our-agency.toml
    """
    from govsec_ci.app import profiles
    from govsec_ci.report import inert

    click.echo(inert.lines(profiles.check_line(file)))
    return 0


@profile.command("diff")
@click.argument("old", metavar="ID|FILE")
@click.argument("new", metavar="ID|FILE")
def profile_diff(old: str, new: str) -> int:
    """Say what becomes stricter or looser from OLD to NEW.

    \b
    Example:
      govsec profile diff jp-gov ./our-agency.toml
    """
    from govsec_ci.app import profiles
    from govsec_ci.report import inert

    for line in profiles.diff_lines(old, new):
        click.echo(inert.lines(line))
    return 0


@profile.command("test")
@click.argument("name", metavar="ID|FILE")
def profile_test(name: str) -> int:
    """Run a profile's own cases.

    Ends with 1 where one comes out otherwise than it says.

    \b
    Example:
      govsec profile test ./our-agency.toml
    """
    from govsec_ci.app import profiles
    from govsec_ci.report import inert

    right, lines = profiles.case_lines(name)
    for line in lines:
        click.echo(inert.lines(line))
    return 0 if right else 1


@profile.command("new")
@click.argument("identifier", metavar="ID")
@click.option(
    "--extends", "base", default="jp-gov", show_default=True, metavar="ID", help="Profile that it starts from."
)
@click.option("--to", type=click.Path(path_type=Path), default=".", help="Folder to write to.")
def profile_new(identifier: str, base: str, to: Path) -> int:
    """Write a profile of your own, with cases, to start from.

    \b
    Example:
      govsec profile new our-agency --extends jp-gov --to profiles
    """
    from govsec_ci.app import profiles

    for path in profiles.start(identifier, base, to):
        click.echo(str(path))
    return 0
