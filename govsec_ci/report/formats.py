"""Every report format, on one screen: a new one is one file and one line here."""

from collections.abc import Callable, Mapping
from typing import Final

from msgspec import Struct

from govsec_ci.report import console, csv_table, html_page, json_view, summary
from govsec_ci.report.shapes import View


class Format(Struct, frozen=True):
    """A format: the file it is kept in, and how its bytes are made."""

    file_name: str
    render: Callable[[View], bytes]


def _junit(view: View) -> bytes:
    from govsec_ci.report import junit  # noqa: PLC0415 — escaping XML imports urllib and ssl, and few runs ask for it

    return junit.render(view)


FORMATS: Final[Mapping[str, Format]] = {
    "html": Format("report.html", lambda view: html_page.render(view).encode()),
    "markdown": Format("summary.md", lambda view: summary.render(view).encode()),
    "junit": Format("junit.xml", _junit),
    "csv": Format("results.csv", csv_table.render),
    "csv-excel": Format("results-excel.csv", lambda view: csv_table.render(view, bom=True)),
    "json": Format("report.json", json_view.render),
    "text": Format("report.txt", lambda view: console.plain(view, verbose=True).encode()),
}
"""Name on the command line → format."""
