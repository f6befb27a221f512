"""How commands print: tables, verdicts, paths of what was written."""

import os
import sys
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from datetime import datetime

    from govsec_ci.report.view import View


def locale_language() -> str:
    """``ja`` or ``en``, by the variables of the locale."""
    names = (os.environ.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    return "ja" if next(filter(None, names), "").startswith("ja") else "en"


def show(view: "View", *, quiet: bool, verbose: bool = False) -> None:
    """Print a verdict."""
    from govsec_ci.report import console

    console.show(view, sys.stdout, quiet=quiet, verbose=verbose)


def write_all(folder: Path, files: dict[str, bytes]) -> int:
    """Write name → bytes into the folder, and print the paths."""
    from govsec_ci.system.files import write_atomic

    for name, data in files.items():
        write_atomic(folder / name, data)
        click.echo(str(folder / name))
    return 0


def table(rows: Sequence[tuple[str, ...]]) -> None:
    """Print rows in columns; a Japanese character is as wide as two others."""
    widths = [max(_width(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = (cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


def _width(text: str) -> int:
    """Columns of a terminal (Unicode Standard Annex #11)."""
    return len(text) + sum(unicodedata.east_asian_width(character) in "WF" for character in text)


def day(moment: "datetime") -> str:
    """YYYY-MM-DD."""
    return moment.strftime("%Y-%m-%d")
