"""EPSS scores (https://www.first.org/epss/data_stats): ``csv`` or ``csv.gz``; model and date in the first line."""

import gzip
import io
import re
import sqlite3
import zlib
from collections.abc import Iterator
from datetime import datetime

from govsec_ci.advisories.base import Loaded, utc
from govsec_ci.advisories.sources import Source, only_entry
from govsec_ci.errors import InputError

ID = "epss"
TITLE = "EPSS, probability of exploitation within 30 days"
ADDRESS = "https://epss.empiricalsecurity.com/epss_scores-current.csv.gz"
SUFFIX = ".csv.gz"

_GZIP = b"\x1f\x8b"
_FIRST = re.compile(r"^#model_version:([\w.+-]{1,64}),\s*score_date:([\w:.+-]{1,64})\Z")
_HEADER = "cve,epss,percentile"
_ROW = re.compile(r"^(CVE-\d{4}-\d{4,}),([0-9.eE+-]{1,24}),([0-9.eE+-]{1,24})$")
_LINE_CHARACTERS = 1_000
_MOST_BYTES = 500_000_000


def claims(name: str, _data: bytes) -> bool:
    """A CSV (gzip or not) by its name."""
    return name.endswith((".csv", ".csv.gz"))


def load(source: Source, database: sqlite3.Connection) -> Loaded:
    """Fill tables ``epss`` and ``epss_model``."""
    name, data = only_entry(source)
    try:
        return _load(name, _lines(name, data), database)
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise _malformed(name, 0, f"cannot be unpacked: {error}") from error


def _load(name: str, lines: Iterator[str], database: sqlite3.Connection) -> Loaded:
    first = _FIRST.match(next(lines, ""))
    if first is None:
        raise _malformed(name, 1, "no `#model_version:…,score_date:…`")
    date = _date(name, first[2])
    if next(lines, "") != _HEADER:
        raise _malformed(name, 2, f"no header `{_HEADER}`")
    before = database.total_changes
    database.executemany("REPLACE INTO epss VALUES (?, ?, ?)", _rows(name, lines))
    records = database.total_changes - before
    if not records:
        raise _malformed(name, 3, "no score")
    database.execute("INSERT INTO epss_model VALUES (?, ?)", (first[1], date.isoformat()))
    return Loaded(as_of=date, records=records)


def _date(name: str, text: str) -> datetime:
    try:
        return utc(datetime.fromisoformat(text))
    except ValueError as error:
        raise _malformed(name, 1, f"`{text}` is no date") from error


def _rows(name: str, lines: Iterator[str]) -> Iterator[tuple[str, float, float]]:
    for number, line in enumerate(lines, 3):
        row = _ROW.match(line)
        try:
            score, percentile = (float(row[2]), float(row[3])) if row else (-1.0, -1.0)
        except ValueError:
            score, percentile = -1.0, -1.0
        if row is None or not (0 <= score <= 1 and 0 <= percentile <= 1):
            raise _malformed(name, number, "not `CVE,probability,percentile` with figures from 0 to 1")
        yield row[1], score, percentile


def _lines(name: str, data: bytes) -> Iterator[str]:
    """Lines without their ends, unpacked as they are asked for: memory does not follow the unpacked size."""
    raw: io.BufferedIOBase = io.BytesIO(data)
    file = gzip.GzipFile(fileobj=raw) if data.startswith(_GZIP) else raw
    total = 0
    while line := file.readline(_LINE_CHARACTERS):
        total += len(line)
        if total > _MOST_BYTES or len(line) == _LINE_CHARACTERS:
            raise _malformed(name, 0, "a line or the whole is longer than any EPSS file")
        yield line.decode("ascii").rstrip("\r\n")


def _malformed(name: str, line: int, why: str) -> InputError:
    where = f"{name}:{line}" if line else name
    return InputError(f"{where}: not a valid EPSS file: {why}", next_step="fetch the scores again")
