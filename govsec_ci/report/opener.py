"""``govsec view``: the report in the browser."""

import webbrowser
from pathlib import Path

from govsec_ci.errors import UsageError
from govsec_ci.report.formats import FORMATS


def open_report(folder: Path) -> tuple[Path, bool]:
    """Ask the desktop to show ``report.html`` of an evidence bundle.

    :returns: the page's path, and whether a browser took it (without a desktop none does: print the path)
    :raises UsageError: the bundle has no report
    """
    page = (folder / FORMATS["html"].file_name).resolve()
    if not page.is_file():
        raise UsageError(f"{page}: is not there", next_step="govsec report --out DIR writes it")
    return page, webbrowser.open(page.as_uri())
