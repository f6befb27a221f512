"""Columns of a foreign log in the unit of ours: UTF-16 code units, which GitHub and editors count.

A run may count Unicode code points (``columnKind``, SARIF 2.1.0 section 3.14.17). The two differ only after a character
beyond the Basic Multilingual Plane, so the line's text is needed. Where the file cannot be read, or is neither UTF-8
nor UTF-16, or the unit is one that the standard does not know, the columns are left out and the line stays: a result
without a column is true, one with a column of another unit is not. A run that names no unit is taken to count as we do.
"""

import codecs
import re
from collections.abc import Callable, Mapping

from msgspec.structs import replace

from govsec_ci.formats.sarif_wire import COLUMN_KIND
from govsec_ci.model import Location, Region

Read = Callable[[str], bytes | None]

_CODE_POINTS = "unicodeCodePoints"
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


class Columns:
    """Converts the locations of one run.

    :param kind: the run's ``columnKind``; :param read: bytes of a file by the path in a location, or None
    """

    def __init__(self, kind: str | None, read: Read) -> None:
        self.left_out = 0
        self._same = kind in {None, COLUMN_KIND}
        self._read = read if kind == _CODE_POINTS else _nothing
        # Path → lines that hold such characters, which most files have none of; None where it cannot be told.
        self._known: dict[str, Mapping[int, str] | None] = {}

    def of(self, location: Location) -> Location:
        """The location with columns in our unit, or without them."""
        region = location.region
        if self._same or region is None or (region.start_column is None and region.end_column is None):
            return location
        return replace(location, region=self._converted(location.path, region))

    def _converted(self, path: str, region: Region) -> Region:
        if path not in self._known:
            self._known[path] = _astral_lines(self._read(path))
        lines = self._known[path]
        if lines is None:
            self.left_out += 1
            return replace(region, start_column=None, end_column=None)
        return replace(
            region,
            start_column=_units(lines.get(region.start_line, ""), region.start_column),
            end_column=_units(lines.get(region.end_line or region.start_line, ""), region.end_column),
        )


def _nothing(_: str) -> bytes | None:
    return None


def _astral_lines(data: bytes | None) -> Mapping[int, str] | None:
    if data is None:
        return None
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        return None
    if not _ASTRAL.search(text):
        return {}
    # What ends a line by default (section 3.14.16).
    return {number: line for number, line in enumerate(re.split("\r?\n", text), 1) if _ASTRAL.search(line)}


def _units(line: str, column: int | None) -> int | None:
    return None if column is None else column + len(_ASTRAL.findall(line[: column - 1]))
