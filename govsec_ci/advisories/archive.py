"""The archive that carries advisory data into a closed network: a zip of the feed files as they came, and a manifest.

``manifest.json`` comes first and is canonical JSON: format, version, and per feed its state and the name, size and
SHA-256 of its file. Entries are stored, without dates: the same feeds make the same archive, byte for byte.
"""

import contextlib
import hashlib
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Literal

import msgspec
from msgspec import Struct

from govsec_ci.advisories import feeds
from govsec_ci.advisories.base import Part
from govsec_ci.advisories.sources import Limits, open_source
from govsec_ci.errors import InputError
from govsec_ci.model import FeedState

_MANIFEST = "manifest.json"
_MANIFEST_BYTES = 1_000_000
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest date that a zip can hold
_CHUNK = 1 << 20
_LIMITS = Limits()


class Carried(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One feed in an archive; ``sha256`` and ``bytes`` are of the file, ``state.sha256`` of what was once imported."""

    file: str
    sha256: str
    bytes: int
    state: FeedState


class Manifest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Content of ``manifest.json``."""

    format: Literal["govsec-advisories"] = "govsec-advisories"
    version: Literal[1] = 1
    feeds: Sequence[Carried]


def is_archive(path: Path) -> bool:
    """Whether a file is such an archive: a zip that begins with the manifest."""
    begin = b"PK\x03\x04"
    try:
        with path.open("rb") as file:
            head = file.read(30 + len(_MANIFEST))
    except OSError:
        return False
    return head.startswith(begin) and head[30:] == _MANIFEST.encode()


def write(path: Path, states: Sequence[tuple[FeedState, Path]]) -> None:
    """Write an archive of (state, feed file) to ``path``, in the order of the feeds' ids."""
    ordered = sorted(states, key=lambda one: one[0].feed)
    carried = [_carried(state, file) for state, file in ordered]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        manifest = msgspec.json.encode(Manifest(feeds=carried), order="sorted")
        archive.writestr(_entry(_MANIFEST), msgspec.json.format(manifest, indent=1) + b"\n")
        for one, (_, file) in zip(carried, ordered, strict=True):
            with file.open("rb") as source, archive.open(_entry(one.file), "w", force_zip64=True) as target:
                shutil.copyfileobj(source, target, _CHUNK)


def _carried(state: FeedState, file: Path) -> Carried:
    digest = open_source(file, _LIMITS).digest()
    return Carried(file=_name(state.feed), sha256=digest, bytes=file.stat().st_size, state=state)


def _name(feed: str) -> str:
    return f"feeds/{feed}{feeds.FEEDS[feed].SUFFIX}"


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.external_attr = 0o644 << 16
    entry.create_system = 3
    return entry


@contextlib.contextmanager
def unpacked(path: Path, limits: Limits = _LIMITS) -> Iterator[tuple[Part, ...]]:
    """The feeds of an archive, unpacked under names of our own into a private folder that goes when the block ends.

    :raises InputError: the archive is damaged, or a digest differs from the manifest's
    """
    with tempfile.TemporaryDirectory(prefix="govsec-") as folder:
        try:
            with zipfile.ZipFile(path) as archive:
                carried = _manifest(path, archive).feeds
                parts = tuple(_unpack(path, archive, one, Path(folder), limits) for one in carried)
        except (
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
            NotImplementedError,
            RuntimeError,
            KeyError,
            ValueError,
            OSError,
        ) as error:
            raise _damaged(path, str(error)) from error
        feeds.check_one_each(parts)
        yield parts


def _damaged(path: Path, why: str) -> InputError:
    return InputError(f"{path}: not a whole archive of advisory data: {why}", next_step="carry it over again")


def _manifest(path: Path, archive: zipfile.ZipFile) -> Manifest:
    with archive.open(_MANIFEST) as file:
        data = file.read(_MANIFEST_BYTES + 1)
    try:
        if len(data) > _MANIFEST_BYTES:
            raise _damaged(path, "its manifest is too large")
        return msgspec.json.decode(data, type=Manifest)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _damaged(path, f"{_MANIFEST}: {error}") from error


def _unpack(path: Path, archive: zipfile.ZipFile, one: Carried, folder: Path, limits: Limits) -> Part:
    feed = one.state.feed
    if feed not in feeds.FEEDS or one.file != _name(feed):
        raise _damaged(path, f"{_MANIFEST} names an unknown feed or file: {feed!r}, {one.file!r}")
    if one.bytes > limits.file_bytes:
        raise _damaged(path, f"{one.file} is larger than the limit of {limits.file_bytes:,} bytes")
    target = folder / f"{feed}{feeds.FEEDS[feed].SUFFIX}"
    with archive.open(one.file) as source, target.open("wb") as file:
        if _copy(source, file, one.bytes) != one.sha256:
            raise _damaged(path, f"the digest of {one.file} is not the one in {_MANIFEST}")
    return Part(feed=feed, source=open_source(target, limits), known=one.state)


def _copy(source: IO[bytes], target: IO[bytes], most: int) -> str:
    """Copy at most ``most`` bytes and one more, so that a longer entry has another digest. Returns the SHA-256."""
    digest, left = hashlib.sha256(), most + 1
    while left > 0 and (chunk := source.read(min(_CHUNK, left))):
        left -= len(chunk)
        digest.update(chunk)
        target.write(chunk)
    return digest.hexdigest()
