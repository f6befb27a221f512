"""The command: `python -m survey_importer DATABASE WORKBOOK...`."""

from pathlib import Path

import click
from tabulate import tabulate

from survey_importer import store, workbook


@click.command()
@click.argument("database", type=click.Path(dir_okay=False, path_type=Path))
@click.argument("workbooks", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
def main(database: Path, workbooks: tuple[Path, ...]) -> None:
    """Read WORKBOOKS into DATABASE."""
    with store.opened(database) as connection:
        for path in workbooks:
            store.add(connection, workbook.answers(path))
        click.echo(tabulate(store.counts(connection), headers=["ward", "answers"]))


main()
