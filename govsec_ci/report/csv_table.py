"""``results.csv``: one row a result, suppressed ones included, for spreadsheets (RFC 4180).

A cell that a spreadsheet would take for a formula gets an apostrophe before it:
https://owasp.org/www-community/attacks/CSV_Injection
"""

import csv
import io
from collections.abc import Iterator
from typing import Final

from govsec_ci.report.shapes import ResultView, SuppressedView, View

BOM: Final = "\ufeff"
"""What makes Excel read UTF-8."""

COLUMNS: Final = (
    "severity", "rule", "path", "line", "column", "message", "component", "installed", "mended_in", "due", "detected",
    "baseline", "blocks", "suppressed", "justification", "owner", "until", "tool", "fingerprint",
)  # fmt: skip
_FORMULA: Final = frozenset("=+-@\t\r＝＋－＠")


def render(view: View, *, bom: bool = False) -> bytes:
    """The table in UTF-8, lines ended by CR LF; :param bom: begin with a byte order mark, for Excel."""
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows(_rows(view))
    return ((BOM if bom else "") + file.getvalue()).encode()


def _rows(view: View) -> Iterator[list[object]]:
    claims: dict[str, SuppressedView] = {}
    for claim in view.suppressed:
        claims.setdefault(claim.result.anchor, claim)
    open_anchors = {one.anchor for one in view.results}
    waived = [claim.result for anchor, claim in claims.items() if anchor not in open_anchors]
    for one in (*view.results, *waived):
        yield [inert(cell) for cell in _row(one, claims.get(one.anchor))]


def _row(one: ResultView, claim: SuppressedView | None) -> tuple[object, ...]:
    component = one.component
    return (
        one.severity, one.rule, one.path, one.line, one.column, one.message,
        component and component.name, component and component.installed, one.fixed_in,
        one.due and one.due.date().isoformat(), one.detected and one.detected.date().isoformat(),
        one.state and one.state.value, " ".join(link.gate for link in one.gates),
        "yes" if one.suppressed else "no",
        claim and claim.why, claim and claim.owner, claim and claim.expires and claim.expires.date().isoformat(),
        one.tool, one.fingerprint,
    )  # fmt: skip


def inert(cell: object) -> object:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in _FORMULA else cell
