"""The stored advisory data: feed files as they came, the index built from them, and one small file that names both.

::

    <cache>/advisories/state.json     which feed files are current, and which index was built from them
                       feeds/         feed files, named by feed and digest, never changed
                       index/         index files, named by their content, never changed
                       partial/       downloads on their way
                       lock           held while state.json is changed

Whoever writes holds the lock (the system lets go of it when the process dies), writes the feed files, then the index,
and last replaces ``state.json`` by a rename. So a kill at any moment leaves the earlier state in force, and readers
need no lock. What nobody refers to any more is removed after :data:`KEPT_S`, long after the last reader opened it.
"""

import contextlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from msgspec import Struct

from govsec_ci.advisories import feeds
from govsec_ci.advisories.base import Part, Progress, silent
from govsec_ci.advisories.index import open_index
from govsec_ci.advisories.prepare import OWN_CACHE, foreign, index_of, is_usable, private_folder, unwritable
from govsec_ci.advisories.sources import Limits, open_source
from govsec_ci.errors import InputError, UsageError
from govsec_ci.model import FeedState
from govsec_ci.system.files import read_limited, sha256_file

KEPT_S = 24 * 3600.0
_LOCK_TIMEOUT_S = 900.0
_PRUNED = ("feeds", "index", "partial")
_STATE_BYTES = 1_000_000
# It was within its limits when it came.
_STORED = Limits(**dict.fromkeys(("file_bytes", "entries", "entry_bytes", "total_bytes", "ratio"), sys.maxsize))
_UNREAD = datetime(1, 1, 1, tzinfo=UTC)


class Held(Struct, frozen=True, kw_only=True):
    """A stored feed.

    :param file: its name in ``feeds/``; :param sha256: of that file (``state.sha256`` is of what was imported)
    :param address: where it was downloaded from, with the validators that the server gave; empty when imported
    """

    file: str
    sha256: str
    state: FeedState
    address: str = ""
    etag: str = ""
    last_modified: str = ""


class State(Struct, frozen=True, kw_only=True):
    """Content of ``state.json``. ``index`` is the name of a file in ``index/``."""

    version: int = 1
    index: str = ""
    feeds: Mapping[str, Held] = {}


class Incoming(Struct, frozen=True, kw_only=True):
    """A feed that is to be stored: a file that is copied, and what is known of it."""

    feed: str
    path: Path
    known: FeedState | None = None
    address: str = ""
    etag: str = ""
    last_modified: str = ""


_ANEW = "remove the folder it lies in, then sync or import again"
_state_decoder = msgspec.json.Decoder(State)


def folder_of(cache: Path, *names: str) -> Path:
    """A folder of the store, made where it is not there (0700).

    :raises UsageError: it cannot be made
    """
    return private_folder(cache, "advisories", *names)


def read(cache: Path) -> State:
    """The state in force; an empty one where nothing was stored yet.

    :raises InputError: ``state.json`` is damaged, or may be another user's
    """
    path = cache / "advisories" / "state.json"
    if not path.exists():
        return State()
    why = foreign(cache)
    if why:
        raise InputError(why, next_step=OWN_CACHE)
    try:
        state = _state_decoder.decode(read_limited(path, limit_bytes=_STATE_BYTES))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"{path}: damaged: {error}", next_step=_ANEW) from error
    if state.version != State().version:
        raise InputError(f"{path}: of version {state.version}, which this engine does not know", next_step=_ANEW)
    names = (state.index, *state.feeds, *(held.file for held in state.feeds.values()))
    if any(Path(name).name != name for name in names if name):
        raise InputError(f"{path}: names a file outside its folder", next_step=_ANEW)
    return state


def current(cache: Path, progress: Progress = silent) -> Path | None:
    """The index of the stored feeds, built anew where it is missing or of another schema; None without feeds.

    :raises InputError: a stored file is damaged; :raises UsageError: it must be built and ``cache`` cannot be written
    """
    state = read(cache)
    if not state.feeds:
        return None
    path = cache / "advisories" / "index" / state.index
    if state.index and is_usable(path):
        return path
    return _commit(cache, {}, progress)


def put(cache: Path, incoming: Sequence[Incoming], progress: Progress = silent) -> tuple[FeedState, ...]:
    """Store feeds in place of the earlier ones of their kind; all of them, or after an error none.

    :raises InputError: one is malformed; :raises UsageError: ``cache`` cannot be written
    """
    folder = folder_of(cache, "feeds")
    taken = {one.feed: _take(folder, one) for one in incoming}
    try:
        path = _commit(cache, taken, progress)
    except InputError as error:
        _forget(cache, taken)
        raise _renamed(error, taken.values()) from error
    except BaseException:
        _forget(cache, taken)
        raise
    with open_index(path) as index:
        return index.feeds()


def _renamed(error: InputError, taken: Iterable[Held]) -> InputError:
    """The error with the names of the caller's files: those that the store gives them tell a person nothing."""
    what = error.what
    for held in taken:
        what = what.replace(held.file, held.state.source).replace(Path(held.file).stem, held.state.source)
    return InputError(what, cause=error.cause, next_step=error.next_step)


def parts_of(cache: Path, state: State) -> tuple[Part, ...]:
    """The stored feeds as parts of an index.

    :raises InputError: a file is missing, or is not what was stored
    """
    return tuple(_part(cache / "advisories" / "feeds" / held.file, feed, held) for feed, held in state.feeds.items())


def _part(path: Path, feed: str, held: Held) -> Part:
    source = open_source(path, _STORED)
    if source.digest() != held.sha256:
        raise InputError(f"{path}: damaged: its digest is not the stored one", next_step="sync or import it again")
    return Part(feed=feed, source=source, known=held.state)


def _take(folder: Path, one: Incoming) -> Held:
    """Copy a file into the store under the digest of its content."""
    with writing(folder):
        temporary = _copy(one.path, folder)
        digest = sha256_file(temporary)
        name = f"{one.feed}-{digest}{feeds.FEEDS[one.feed].SUFFIX}"
        os.replace(temporary, folder / name)
        os.utime(folder / name)
    known = one.known or unread(one.feed, digest, one.path.name)
    return Held(
        file=name, sha256=digest, state=known, address=one.address, etag=one.etag, last_modified=one.last_modified
    )


def unread(feed: str, sha256: str, source: str) -> FeedState:
    """The state of a feed whose date and number of records are found when the index is built."""
    return FeedState(feed=feed, as_of=_UNREAD, sha256=sha256, records=0, source=source)


def _copy(path: Path, folder: Path) -> Path:
    descriptor, temporary = tempfile.mkstemp(dir=folder, prefix=".taking-")
    with open(descriptor, "wb") as target, path.open("rb") as source:
        shutil.copyfileobj(source, target, 1 << 20)
        target.flush()
        os.fsync(target.fileno())
    return Path(temporary)


def _forget(cache: Path, taken: Mapping[str, Held]) -> None:
    """Remove the files of a refused change that the state in force does not use."""
    with contextlib.suppress(InputError, OSError):
        used = {held.file for held in read(cache).feeds.values()}
        for held in taken.values():
            if held.file not in used:
                (cache / "advisories" / "feeds" / held.file).unlink(missing_ok=True)


def _commit(cache: Path, taken: Mapping[str, Held], progress: Progress) -> Path:
    with _locked(cache):
        before = read(cache)
        state = State(feeds={**before.feeds, **taken})
        path = index_of(parts_of(cache, state), cache, progress)
        with open_index(path) as index:
            states = {one.feed: one for one in index.feeds()}
        held = {feed: msgspec.structs.replace(one, state=states[feed]) for feed, one in state.feeds.items()}
        after = State(index=path.name, feeds=dict(sorted(held.items())))
        _write(cache / "advisories" / "state.json", msgspec.json.format(msgspec.json.encode(after), indent=1))
        _prune(cache, after)
    return path


def _write(path: Path, data: bytes) -> None:
    with writing(path.parent):
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".state-")
        with open(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)


@contextlib.contextmanager
def _locked(cache: Path) -> Iterator[None]:
    from filelock import FileLock, Timeout  # noqa: PLC0415 — only writers need it

    folder = folder_of(cache)
    try:
        with FileLock(folder / "lock", timeout=_LOCK_TIMEOUT_S, mode=0o600):
            yield
    except Timeout as error:
        raise UsageError(
            f"{folder}: another govsec has been writing there for {_LOCK_TIMEOUT_S:g} s", next_step="end it, try again"
        ) from error
    except PermissionError as error:
        raise unwritable(cache, error) from error


@contextlib.contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Turns an OSError into a UsageError about ``folder``."""
    try:
        yield
    except OSError as error:
        raise unwritable(folder, error) from error


def _prune(cache: Path, state: State) -> None:
    """Remove what no state refers to and nobody made lately; what cannot be removed may stay."""
    used = {state.index, *(held.file for held in state.feeds.values())}
    oldest = time.time() - KEPT_S
    folder = cache / "advisories"
    left = [*folder.glob(".state-*"), *(path for name in _PRUNED for path in (folder / name).glob("*"))]
    for path in left:
        with contextlib.suppress(OSError):
            # A lock that is removed while it is held would let two in.
            if path.name not in used and path.suffix != ".lock" and path.lstat().st_mtime < oldest:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
