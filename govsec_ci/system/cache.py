"""The cache folder, and a bounded store of answers in it: whatever goes wrong there costs time, and never an answer.

One SQLite file (write-ahead log) is shared by all processes of a user. Every entry carries a checksum over its key and
value, and is dropped where that does not hold.
"""

import contextlib
import hashlib
import os
import sqlite3
import stat
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import platformdirs
from msgspec import Struct

_FILE = "answers-1.sqlite"  # the number: of the table's layout
_LOCK = "lock"
_LIMIT_BYTES = 256_000_000
_BUSY_S = 2.0
# How exactly it is known when an entry was used last: finer, and every run would write.
_USED_WITHIN_S = 3600
_MOST_KEYS = 500  # SQLite's oldest limit of variables in one statement is 999
_EVICTED_PART = 4
_DIGEST_BYTES = 32
_PRIVATE = 0o700
# SQLite would hand out any type, whatever a column is declared as.
_TYPES = "typeof(value) = 'blob' AND typeof(used) = 'integer'"

_Answer = TypeVar("_Answer")


def default_cache() -> Path:
    """The cache folder: ``GOVSEC_CACHE_DIR``, else the platform's place for caches of ``govsec``. Not created here."""
    chosen = os.environ.get("GOVSEC_CACHE_DIR", "")
    return Path(chosen) if chosen else Path(platformdirs.user_cache_dir("govsec", appauthor=False))


class Info(Struct, frozen=True, kw_only=True):
    """What a store holds: its file, the number of entries, the file's bytes, and its limit in bytes."""

    file: Path
    entries: int
    size_bytes: int
    limit_bytes: int


class Store:
    """Answers by key (32 bytes), in the folder ``answers`` below ``cache``; nothing here raises for its state.

    :param limit_bytes: how large it may grow; the entries that were not used for longest go first
    """

    def __init__(self, cache: Path, *, limit_bytes: int = _LIMIT_BYTES) -> None:
        self.folder = cache / "answers"
        self.file = self.folder / _FILE
        self.limit_bytes = limit_bytes

    def get(self, keys: Collection[bytes]) -> dict[bytes, bytes]:
        """The values of those keys that are stored whole."""
        return self._with(lambda database: _values(database, list(keys)), {}) if os.path.exists(self.file) else {}

    def put(self, values: Mapping[bytes, bytes]) -> None:
        """Store the values; what is there already under their keys is replaced."""
        now = int(time.time())
        rows = [(key, _checksum(key, value) + value, now) for key, value in values.items()]
        if rows:
            self._with(lambda database: _insert(database, rows, self.limit_bytes), None)

    def info(self) -> Info:
        """What is stored now."""
        return Info(
            file=self.file,
            entries=self._with(_count, 0) if os.path.exists(self.file) else 0,
            size_bytes=sum(map(_size, self._files())),
            limit_bytes=self.limit_bytes,
        )

    def clear(self) -> bool:
        """Remove everything; False where it could not be removed, or another process is just using it."""
        with _held(self.folder / _LOCK, alone=True) as alone:
            for file in self._files() if alone else ():
                with contextlib.suppress(OSError):
                    file.unlink()
        return not any(os.path.exists(file) for file in self._files())

    def _files(self) -> list[Path]:
        return [self.file.with_name(_FILE + ending) for ending in ("", "-wal", "-shm")]

    def _with(self, work: Callable[[sqlite3.Connection], _Answer], otherwise: _Answer) -> _Answer:
        """What ``work`` gives in one transaction, or ``otherwise`` where the store cannot be used."""
        try:
            _make_private(self.folder)
            with _held(self.folder / _LOCK, alone=False) as held:
                return self._transaction(work) if held else otherwise
        except (OSError, sqlite3.OperationalError):  # no right, a full disk, locked for too long: as if it were empty
            return otherwise
        except sqlite3.DatabaseError:  # the file is broken
            self.clear()
            return otherwise

    def _transaction(self, work: Callable[[sqlite3.Connection], _Answer]) -> _Answer:
        with contextlib.closing(_connect(self.file)) as database, database:
            return work(database)


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:  # not there, gone meanwhile, or in a folder that this user may not enter
        return 0


def _connect(file: Path) -> sqlite3.Connection:
    database = sqlite3.connect(file, timeout=_BUSY_S)
    try:
        database.execute("PRAGMA journal_mode = WAL")
        # A power cut may break the file: the checksums find it, and it costs one scan.
        database.execute("PRAGMA synchronous = OFF")
        database.execute(
            "CREATE TABLE IF NOT EXISTS answers (key BLOB PRIMARY KEY, value BLOB, used INTEGER) WITHOUT ROWID"
        )
    except sqlite3.Error:
        database.close()
        raise
    return database


def _values(database: sqlite3.Connection, keys: list[bytes]) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    now, old = int(time.time()), []
    for key, value, used in _rows(database, keys):
        if value[:_DIGEST_BYTES] != _checksum(key, value[_DIGEST_BYTES:]):
            continue
        found[key] = value[_DIGEST_BYTES:]
        if used < now - _USED_WITHIN_S:
            old.append((now, key))
    with contextlib.suppress(sqlite3.OperationalError):  # when it was used is worth no waiting, and no answer
        database.executemany("UPDATE answers SET used = ? WHERE key = ?", old)
    return found


def _rows(database: sqlite3.Connection, keys: list[bytes]) -> Iterator[tuple[bytes, bytes, int]]:
    for start in range(0, len(keys), _MOST_KEYS):
        some = keys[start : start + _MOST_KEYS]
        marks = ",".join("?" * len(some))
        query = f"SELECT key, value, used FROM answers WHERE key IN ({marks}) AND {_TYPES}"  # noqa: S608 — question marks, and our own words
        yield from database.execute(query, some)


def _insert(database: sqlite3.Connection, rows: list[tuple[bytes, bytes, int]], limit_bytes: int) -> None:
    database.executemany("INSERT OR REPLACE INTO answers VALUES (?, ?, ?)", rows)
    while _count(database) and _used_bytes(database) > limit_bytes:
        database.execute(
            "DELETE FROM answers WHERE key IN"
            " (SELECT key FROM answers ORDER BY used, key LIMIT 1 + (SELECT count(*) FROM answers) / ?)",
            (_EVICTED_PART,),
        )


def _count(database: sqlite3.Connection) -> int:
    return int(database.execute("SELECT count(*) FROM answers").fetchone()[0])


def _used_bytes(database: sqlite3.Connection) -> int:
    names = ("page_count", "freelist_count", "page_size")
    pages, free, size = (int(database.execute(f"PRAGMA {name}").fetchone()[0]) for name in names)
    # The table's own first page, and that of SQLite, are there also when it is empty.
    return (pages - free - 2) * size


def _checksum(key: bytes, value: bytes) -> bytes:
    return hashlib.sha256(key + value).digest()


def _make_private(folder: Path) -> None:
    """:raises OSError: the folder cannot be made, or is not this user's alone."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    if hasattr(os, "geteuid") and (found.st_uid != os.geteuid() or not stat.S_ISDIR(found.st_mode)):
        raise PermissionError(f"{folder}: belongs to somebody else")
    if stat.S_IMODE(found.st_mode) != _PRIVATE:
        folder.chmod(_PRIVATE)


@contextlib.contextmanager
def _held(lock: Path, *, alone: bool) -> Iterator[bool]:
    """Hold the store, with others or alone: SQLite's files must not be removed under another process."""
    if sys.platform == "win32":  # pragma: no cover — a file in use cannot be removed there
        yield True
        return
    import fcntl  # noqa: PLC0415 — not there on Windows

    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:
        yield False
        return
    try:
        yield _flock(descriptor, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


def _flock(descriptor: int, kind: int) -> bool:
    import fcntl  # noqa: PLC0415 — not there on Windows

    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
