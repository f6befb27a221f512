"""``results.csv``: one row a result, suppressed ones included, for spreadsheets (RFC 4180).

A cell that a spreadsheet would take for a formula gets an apostrophe before it:
https://owasp.org/www-community/attacks/CSV_Injection
"""

import functools
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from govsec_ci.report.shapes import ComponentView, ResultView, SuppressedView, View

BOM: Final = "\ufeff"
"""What makes Excel read UTF-8."""

COLUMNS: Final = (
    "severity", "rule", "path", "line", "column", "message", "component", "installed", "mended_in", "due", "detected",
    "baseline", "blocks", "suppressed", "justification", "owner", "until", "tool", "fingerprint",
)  # fmt: skip
_FORMULA: Final = frozenset("=+-@\t\r＝＋－＠")


def render(view: View, *, bom: bool = False) -> bytes:
    """The table in UTF-8, lines ended by CR LF; :param bom: begin with a byte order mark, for Excel."""
    return ((BOM if bom else "") + "\r\n".join((",".join(COLUMNS), *_rows(view), ""))).encode()


def _rows(view: View) -> Iterator[str]:
    claims: dict[str, SuppressedView] = {}
    for claim in view.suppressed:
        claims.setdefault(claim.result.anchor, claim)
    for one in view.results:
        yield _row(one, claims.pop(one.anchor, None))
    for claim in claims.values():  # those whose claim holds, so that they are not among the results
        yield _row(claim.result, claim)


def _row(one: ResultView, claim: SuppressedView | None) -> str:
    return ",".join((
        one.severity, _word(one.rule), _word(one.path), _number(one.line), _number(one.column), cell(one.message),
        *(_component(one.component) if one.component else ("", "", "")), _day(one.due), _day(one.detected),
        one.state.value if one.state else "", _word(" ".join([link.gate for link in one.gates])),
        "yes" if one.suppressed else "no",
        *((cell(claim.why), _word(claim.owner), _day(claim.expires)) if claim else ("", "", "")),
        _word(one.tool), cell(one.fingerprint),
    ))  # fmt: skip


def _component(one: ComponentView) -> tuple[str, str, str]:
    return _word(one.name), _word(one.installed), _word(one.fixed_in)


def cell(text: str) -> str:
    """A text as it stands in the file: inert, and between quotes where it would break the table (RFC 4180)."""
    shown = inert(text)
    if "," in shown or '"' in shown or "\n" in shown or "\r" in shown:
        doubled = shown.replace('"', '""')
        return f'"{doubled}"'
    return shown


_word: Final = functools.lru_cache(maxsize=65_536)(cell)
"""The same of what stands in many rows."""


def inert(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in _FORMULA else text


def _number(value: int | None) -> str:
    return "" if value is None else str(value)


def _day(moment: datetime | None) -> str:
    return moment.date().isoformat() if moment else ""
