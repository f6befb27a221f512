"""Which lines of which file differ: the one place that asks git for a diff in this form, and reads it.

The form is ``git diff --raw --patch -z``: first every path, never quoted; then, in the same order, the patches. Names
are taken from the first half alone, so no text of a file and no odd name is ever mistaken for one.
"""

import itertools
import os
import re
from collections.abc import Mapping
from typing import Final

from msgspec import Struct

OPTIONS: Final = (
    "--raw", "--patch", "-z", "--no-abbrev", "--unified=0", "--inter-hunk-context=0", "--no-color", "--no-ext-diff",
    "--no-textconv", "--no-renames", "--diff-filter=d", "--no-indent-heuristic",
)  # fmt: skip
"""What ``git diff`` must be called with; with ``--text`` too, no attribute of the tree hides the lines of a file."""

_HUNK: Final = re.compile(rb"^@@ -\d+(?:,\d+)? \+(\d{1,18})(?:,(\d{1,18}))? @@", re.MULTILINE)
_PATCH: Final = re.compile(rb"^diff --git ", re.MULTILINE)
_BINARY: Final = re.compile(rb"^(?:Binary files |GIT binary patch)", re.MULTILINE)


class Span(Struct, frozen=True):
    """Lines ``first`` to ``last``, 1-based, both within; after a deletion ``last`` is ``first - 1``: a gap."""

    first: int
    last: int

    def meets(self, first: int, last: int) -> bool:
        """Whether the lines ``first`` to ``last`` hold one of these, or the gap lies between two of them."""
        if self.last < self.first:
            return first < self.first <= last
        return first <= self.last and last >= self.first

    def touches(self, first: int, last: int) -> bool:
        """As :meth:`meets`; but the lines before and after a gap count too: what guarded them may have gone."""
        low, high = min(self.first, self.last), max(self.first, self.last)
        return first <= high and last >= low


Spans = tuple[Span, ...]
Differences = Mapping[str, Spans | None]
"""Path → its changed lines, or None where git cannot tell which; others have not changed."""


def parse(said: bytes) -> dict[str, Spans | None]:
    """What git said, called with :data:`OPTIONS` → the differences; where it does not fit together, no lines at all."""
    raw, _, patches = said.partition(b"\0\0")
    fields = raw.split(b"\0")
    entries = [(os.fsdecode(name), head[-1:]) for head, name in zip(fields[0::2], fields[1::2], strict=False)]
    texts = _PATCH.split(patches)[1:]
    if len(texts) != sum(map(_patches, entries)):
        return {name: None for name, _ in entries}
    left = iter(texts)
    own = ((name, status, list(itertools.islice(left, _patches((name, status))))) for name, status in entries)
    return {name: _spans(texts[0]) if status in {b"A", b"M"} else None for name, status, texts in own}


def _patches(entry: tuple[str, bytes]) -> int:
    # T: a file became a link, or the other way round; told as a deletion and an addition.
    return 2 if entry[1] == b"T" else 1


def _spans(patch: bytes) -> Spans | None:
    if _BINARY.search(patch):
        return None
    return tuple(_span(int(first), int(count) if count else 1) for first, count in _HUNK.findall(patch))


def _span(first: int, count: int) -> Span:
    # "+c,0" is a deletion after line c.
    return Span(first, first + count - 1) if count else Span(first + 1, first)
