"""Where records come from: a folder, a zip, a single file. Read with limits, never unpacked to disk.

Memory: one entry at a time, at most :attr:`Limits.entry_bytes`; the list of a zip's entries is read only after
counting them, so that neither a small file that unpacks to a huge one nor one with endless entries is followed.
"""

import hashlib
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from functools import cached_property
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from govsec_ci.errors import InputError
from govsec_ci.system.files import read_limited, walk

_CHUNK = 1 << 20
_CENTRAL = b"PK\x01\x02"  # begins each entry of a zip's directory (APPNOTE.TXT 4.3.12)
RECORD_SUFFIXES = (".json", ".yaml", ".yml")
SINGLE_SUFFIXES = (".json", ".csv", ".csv.gz")
_RECORD_NAME = re.compile(r"^[A-Za-z]+-.*\d.*\.json$")


class Limits(Struct, frozen=True, kw_only=True):
    """What advisory data may measure. A zip's ratio is looked at where it unpacks to more than ``small_bytes``."""

    file_bytes: int = 2_000_000_000
    entries: int = 1_000_000
    entry_bytes: int = 32_000_000
    total_bytes: int = 16_000_000_000
    ratio: int = 200
    small_bytes: int = 10_000_000


class Source(Protocol):
    """Named bytes with a digest. ``name`` is for people and holds no folder of this machine."""

    name: str

    def digest(self) -> str:
        """Lower-case hex SHA-256 that stands for the content."""
        ...

    def entries(self) -> Iterator[tuple[str, bytes]]:
        """(name, content) of every file that may be a record, in the order of their names.

        :raises InputError: unreadable, corrupt, or beyond the limits
        """
        ...


def open_source(path: Path, limits: Limits = Limits()) -> Source:  # noqa: B008 — frozen
    """A folder, zip or single file as a source.

    :raises InputError: nothing is there, or what is there cannot be read
    """
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise InputError(
            f"{path}: cannot be read: {error.strerror}", next_step="name a folder of OSV records or an OSV all.zip"
        ) from error
    if stat.S_ISDIR(mode):
        return Folder(path, limits)
    if not stat.S_ISREG(mode):
        raise InputError(f"{path}: neither a folder nor a regular file")
    with _reading(path), path.open("rb") as file:
        magic = file.read(4)
    return Zip(path, limits) if magic in (b"PK\x03\x04", b"PK\x05\x06") else Single(path, limits)


class _reading:  # noqa: N801 — used as a function
    """Turns an OSError into an InputError about ``path``."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> None:
        return

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError):
            raise InputError(f"{self.path}: cannot be read: {error.strerror or error}") from error


class Folder:
    """All record files below a folder; what lies below a name that begins with a dot is left out (``.git`` …)."""

    def __init__(self, path: Path, limits: Limits, leave_out: AbstractSet[str] = frozenset()) -> None:
        self.path = path
        self.name = path.resolve().name or "folder"
        self._limits = limits
        self._leave_out = leave_out

    def without(self, names: AbstractSet[str]) -> "Folder":
        """The same folder without some files directly in it."""
        return Folder(self.path, self._limits, names)

    def singles(self) -> "Iterator[Single]":
        """The files directly in it that may be a feed of their own: not named like a record (``GHSA-….json``)."""
        with _reading(self.path):
            names = sorted(one.name for one in self.path.iterdir() if one.is_file())
        for name in names:
            if name.endswith(SINGLE_SUFFIXES) and not _RECORD_NAME.match(name) and not _hidden(name):
                yield Single(self.path / name, self._limits)

    def digest(self) -> str:
        """SHA-256 over the lines of ``sha256sum``, sorted by path."""
        total = hashlib.sha256()
        for name, data in self.entries():
            total.update(f"{hashlib.sha256(data).hexdigest()}  {name}\n".encode("utf-8", "surrogateescape"))
        return total.hexdigest()

    def entries(self) -> Iterator[tuple[str, bytes]]:
        """(path below the folder, content) of every record file but hidden ones and those to leave out.

        :raises InputError: a file cannot be read, is too large, or there are too many
        """
        tree = walk(self.path)
        for refused in tree.refused:
            if not _hidden(refused.path):
                raise InputError(f"{self.path / refused.path}: cannot be read: {refused.reason}")
        names = [name for name in tree.files if name.endswith(RECORD_SUFFIXES) and not _hidden(name)]
        names = [name for name in names if name not in self._leave_out]
        _check_count(str(self.path), len(names), self._limits)
        for name in names:
            yield name, read_limited(self.path / name, limit_bytes=self._limits.entry_bytes)


def _hidden(name: str) -> bool:
    return name.startswith(".") or "/." in name


def _check_count(what: str, count: int, limits: Limits) -> None:
    if count > limits.entries:
        raise InputError(f"{what}: {count:,} files are more than the limit of {limits.entries:,}")


class Single:
    """One file."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self.path = path
        self.name = path.name
        self._limits = limits

    def digest(self) -> str:
        """SHA-256 of the file; :raises InputError: it cannot be read, or is larger than a file may be."""
        return _scan(self.path, self._limits)[0]

    def entries(self) -> Iterator[tuple[str, bytes]]:
        """The one (name, content); :raises InputError: it cannot be read, or is larger than an entry may be."""
        yield self.name, read_limited(self.path, limit_bytes=self._limits.entry_bytes)


def _scan(path: Path, limits: Limits) -> tuple[str, int]:
    """(sha256, how many zip directory entries there can be at most) in one pass."""
    digest, count, total, tail = hashlib.sha256(), 0, 0, b""
    with _reading(path), path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            total += len(chunk)
            if total > limits.file_bytes:
                raise InputError(f"{path}: larger than the limit of {limits.file_bytes:,} bytes")
            digest.update(chunk)
            count += (tail + chunk).count(_CENTRAL)
            tail = chunk[-(len(_CENTRAL) - 1) :]
    return digest.hexdigest(), count


def only_entry(source: Source) -> tuple[str, bytes]:
    """(name, content) of a source that is one file.

    :raises InputError: it is a folder or archive, or cannot be read
    """
    if not isinstance(source, Single):
        raise InputError(f"{source.name}: one file was expected here")
    ((name, data),) = source.entries()
    return name, data


class Zip:
    """The record files in a zip."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self.path = path
        self.name = path.name
        self._limits = limits

    @cached_property
    def _scanned(self) -> tuple[str, int]:
        return _scan(self.path, self._limits)

    def digest(self) -> str:
        """SHA-256 of the archive as it is packed; :raises InputError: it cannot be read, or is too large."""
        return self._scanned[0]

    def entries(self) -> Iterator[tuple[str, bytes]]:
        """(name, content) of every record file, in the order of their names; what lies in folders too.

        :raises InputError: corrupt, encrypted, or beyond the limits: how many, how large, how far it unpacks
        """
        _check_count(str(self.path), self._scanned[1], self._limits)
        try:
            with _reading(self.path), zipfile.ZipFile(self.path) as archive:
                yield from self._entries(archive)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
            raise InputError(
                f"{self.path}: not a whole zip archive: {error}", next_step="fetch the advisory data again"
            ) from error

    def _entries(self, archive: zipfile.ZipFile) -> Iterator[tuple[str, bytes]]:
        infos = sorted((info for info in archive.infolist() if not info.is_dir()), key=lambda info: info.filename)
        self._check(infos)
        for info in infos:
            if info.filename.endswith(RECORD_SUFFIXES) and not _hidden(info.filename):
                with archive.open(info) as file:
                    # With a size the reader unpacks no more than that, and checks the CRC there; without one it
                    # first unpacks up to 2 GiB, however little the directory promises.
                    yield info.filename, file.read(max(info.file_size, 1))

    def _check(self, infos: list[zipfile.ZipInfo]) -> None:
        for info in infos:
            self._check_entry(info)
        total = sum(info.file_size for info in infos)
        if total > self._limits.total_bytes:
            raise InputError(f"{self.path}: unpacks to {total:,} bytes, above the limit")
        packed = max(self.path.stat().st_size, 1)
        if total > self._limits.small_bytes and total / packed > self._limits.ratio:
            raise InputError(f"{self.path}: unpacks to {total // packed} times its size, above the limit")

    def _check_entry(self, info: zipfile.ZipInfo) -> None:
        name = info.filename.replace("\\", "/")
        if name.startswith("/") or ".." in name.split("/") or name[1:2] == ":":
            raise InputError(f"{self.path}: entry {info.filename!r} leads out of the archive")
        if info.file_size > self._limits.entry_bytes:
            raise InputError(
                f"{self.path}: entry {info.filename!r} unpacks to {info.file_size:,} bytes, "
                f"above the limit of {self._limits.entry_bytes:,}"
            )
