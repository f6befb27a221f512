"""The index as audits, gates and reports read it: one read-only SQLite file, safe to share between threads."""

import contextlib
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import msgspec
from msgspec import Struct
from packaging.utils import canonicalize_name

from govsec_ci.advisories import groups, matching, schema
from govsec_ci.advisories.assemble import Enricher
from govsec_ci.errors import InputError
from govsec_ci.model import FeedState, Fix, Vulnerability

_decode_entries = msgspec.msgpack.Decoder(tuple[matching.Entry, ...]).decode
_decode_vulnerability = msgspec.msgpack.Decoder(Vulnerability).decode
_decode_feed = msgspec.msgpack.Decoder(FeedState).decode


T = TypeVar("T")
_ANEW = "remove it, then sync or import again"


@contextlib.contextmanager
def _undamaged() -> Iterator[None]:
    try:
        yield
    except sqlite3.ProgrammingError:  # our own defect
        raise
    except (sqlite3.DatabaseError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InputError(f"the advisory index is damaged: {error}", next_step=_ANEW) from error


def _decoded(decode: Callable[[bytes], T], body: bytes) -> T:
    with _undamaged():
        return decode(body)


class Match(Struct, frozen=True):
    """A vulnerability that a component has, and what mends it there."""

    vulnerability: Vulnerability
    fix: Fix


class SchemaError(InputError):
    """The file is an index of another schema version: it must be built anew from its feeds."""


class Index:
    """An open index; close it, or use it as a context manager."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def match(self, name: str, version: str) -> tuple[Match, ...]:
        """The vulnerabilities of one release, one an alias group, sorted by their ids.

        :param name: as written anywhere; it is normalised (PEP 503)
        :param version: the exact version; what PEP 440 cannot read sorts before all that it can
        """
        found = []
        for number, body in self._affected(canonicalize_name(name)):
            entries = _decoded(_decode_entries, body)
            if matching.is_affected(version, entries):
                found.append(Match(self._by_number(number), matching.fix(version, entries)))
        return tuple(sorted(found, key=lambda match: groups.preference(match.vulnerability.id)))

    def entries(self, name: str) -> Mapping[str, tuple[matching.Entry, ...]]:
        """What the records say of a package: preferred id of each vulnerability → its entries."""
        rows = self._affected(canonicalize_name(name))
        return {self._by_number(number).id: _decoded(_decode_entries, body) for number, body in rows}

    def check_matches(self, name: str) -> None:
        """Refuse an index that would find nothing because it knows nothing of any PyPI package.

        :raises InputError: no feed holds an OSV record about a PyPI package
        """
        if not self._rows("SELECT 1 FROM ecosystem WHERE matched LIMIT 1"):
            raise InputError(
                f"{name}: holds no OSV record about a PyPI package", next_step="add the OSV data of ecosystem PyPI"
            )

    def match_many(self, pairs: Iterable[tuple[str, str]]) -> Mapping[tuple[str, str], tuple[Match, ...]]:
        """:meth:`match` for every (name, version), keyed by the pair as given."""
        return {pair: self.match(*pair) for pair in pairs}

    def feeds(self) -> tuple[FeedState, ...]:
        """The feeds that the index was built from, sorted by their ids."""
        return tuple(_decoded(_decode_feed, body) for (body,) in self._rows("SELECT body FROM feed ORDER BY feed"))

    def vulnerability(self, any_id: str) -> Vulnerability | None:
        """The vulnerability that goes by ``any_id``, preferred or not; None where no feed knows it.

        A CVE that only KEV, EPSS or Vulnrichment knows comes with what they say and without advisories.
        """
        rows = self._rows("SELECT vulnerability FROM alias WHERE name = ? ORDER BY vulnerability", any_id)
        found = [self._by_number(number) for (number,) in rows]
        if not found and any_id.startswith("CVE-"):
            with _undamaged(), self._lock:
                return Enricher(self._database).known(any_id)
        return next((one for one in found if one.id == any_id), found[0] if found else None)

    def ranges(self, package: str, any_id: str) -> tuple[str, ...]:
        """Which versions of a package a vulnerability affects, as version specifiers; empty where it affects none."""
        query = """SELECT body FROM affected JOIN alias USING (vulnerability)
            WHERE package = ? AND name = ? ORDER BY vulnerability"""
        rows = self._rows(query, canonicalize_name(package), any_id)
        return matching.ranges(entry for (body,) in rows for entry in _decoded(_decode_entries, body))

    def unmatched(self) -> Mapping[str, int]:
        """Ecosystems whose records are stored but not matched → number of records."""
        return dict(self._rows("SELECT name, records FROM ecosystem WHERE NOT matched ORDER BY name"))

    def packages(self) -> tuple[str, ...]:
        """Normalised names of all packages that some record is about."""
        return tuple(name for (name,) in self._rows("SELECT DISTINCT package FROM affected ORDER BY package"))

    def _affected(self, name: str) -> list[tuple[int, bytes]]:
        return self._rows("SELECT vulnerability, body FROM affected WHERE package = ?", name)

    def _by_number(self, number: int) -> Vulnerability:
        rows = self._rows("SELECT body FROM vulnerability WHERE id = ?", number)
        if not rows:
            raise InputError("the advisory index is damaged: it names a vulnerability that it lacks", next_step=_ANEW)
        return _decoded(_decode_vulnerability, rows[0][0])

    def _rows(self, query: str, *values: str | int) -> list[tuple[Any, ...]]:
        with _undamaged(), self._lock:
            return self._database.execute(query, values).fetchall()


def open_index(path: Path) -> Index:
    """Open an index file for reading.

    :raises SchemaError: it is one of another schema version; :raises InputError: it is missing or no index
    """
    try:
        database = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False)
    except sqlite3.Error as error:
        raise InputError(f"{path}: the advisory index cannot be opened: {error}") from error
    try:
        _check(path, database)
    except BaseException:
        database.close()
        raise
    return Index(database)


def _check(path: Path, database: sqlite3.Connection) -> None:
    try:
        ((application,),) = database.execute("PRAGMA application_id")
        ((version,),) = database.execute("PRAGMA user_version")
        database.execute("SELECT count(*) FROM feed").fetchone()
    except sqlite3.Error as error:
        raise InputError(f"{path}: not an advisory index: {error}") from error
    if application != schema.APPLICATION_ID:
        raise InputError(f"{path}: not an advisory index")
    if version != schema.VERSION:
        raise SchemaError(
            f"{path}: an advisory index of schema {version}, this engine reads {schema.VERSION}",
            next_step="run `govsec advisories sync` or import the feed files again",
        )
