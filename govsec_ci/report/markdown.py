"""GitHub-flavoured Markdown: text that stays text, and tables.

Sources: CommonMark 0.31 sections 2.4 and 6 (backslash escapes, character references), GFM section 4.10 (tables: a
pipe splits cells even inside code) and 6.9 (extended autolinks). Character references are used where a backslash could
itself be escaped by what stands before it.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final

_SPECIAL: Final = {
    "\\": "&#92;",
    "|": "&#124;",
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    "$": "&#36;",
    # An empty comment parts the text, so that neither a mention nor an e-mail link is made of it.
    "@": "<!-- -->&#64;",
    **{sign: f"\\{sign}" for sign in "`*_[]~#!{}"},
}
_ESCAPES: Final = str.maketrans(_SPECIAL)
_AUTOLINK: Final = re.compile(r"(://)|(?i:\b(www)\.)")


def text(value: str) -> str:
    """Text as text: no markup, link, mention or HTML comes of it. ``value`` is one line (:mod:`.inert`)."""
    return _AUTOLINK.sub(_parted, value.translate(_ESCAPES))


def _parted(match: re.Match[str]) -> str:
    return "<!-- -->&#58;//" if match[1] else f"{match[2]}<!-- -->."


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """The lines of a table whose cells are Markdown already."""
    return [_row(head), _row(["---"] * len(head)), *(_row(row) for row in rows), ""]


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell or " " for cell in cells) + " |"
