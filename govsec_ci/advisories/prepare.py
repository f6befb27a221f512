"""A source that the caller names (``--advisories``) → an index file, built once and found again by its content."""

import contextlib
import hashlib
import os
import sqlite3
import stat
import tempfile
from collections.abc import Sequence
from pathlib import Path

from govsec_ci.advisories import archive, build, schema
from govsec_ci.advisories.base import Part, Progress, silent
from govsec_ci.advisories.feeds import parts_of
from govsec_ci.advisories.index import open_index
from govsec_ci.advisories.sources import Folder, Limits, open_source
from govsec_ci.errors import InputError, UsageError
from govsec_ci.system.cache import default_cache as default_cache  # noqa: PLC0414 — where callers look for it

OWN_CACHE = "name a folder of your own in GOVSEC_CACHE_DIR, or remove this one, and sync or import again"
_SQLITE_MAGIC = b"SQLite format 3\0"


def prepare(source: Path, cache: Path, limits: Limits = Limits()) -> Path:  # noqa: B008 — frozen
    """The index file of a folder of OSV records, an OSV ``all.zip``, an exported archive, or an index file itself.

    It lies below ``cache``, named by the source's content and the schema version; many may build it at once.

    :raises InputError: the source is missing, corrupt, malformed, empty or beyond the limits
    :raises UsageError: ``cache`` cannot be written (then call again with a private temporary folder as ``cache``,
        and remove that folder when the index is no longer needed)
    """
    path = source if _is_sqlite(source) else _indexed(source, cache, limits)
    with open_index(path) as index:
        index.check_matches(str(source))
    return path


def _indexed(path: Path, cache: Path, limits: Limits) -> Path:
    source = open_source(path, limits)
    if isinstance(source, Folder):
        return index_of(parts_of(path, limits), cache)
    # By name and digest alone: what is in a file need not be looked into again.
    found = _place(cache, [f"schema {schema.VERSION}", source.name, source.digest()])
    if not is_usable(found):
        carried = archive.is_archive(path)
        with archive.unpacked(path, limits) if carried else contextlib.nullcontext(parts_of(path, limits)) as parts:
            publish(parts, found)
    return found


def _place(cache: Path, what: Sequence[str]) -> Path:
    name = hashlib.sha256("\n".join(what).encode("utf-8", "surrogateescape")).hexdigest()[:40]
    return private_folder(cache, "advisories", "index") / f"{name}.sqlite"


def index_of(parts: Sequence[Part], cache: Path, progress: Progress = silent) -> Path:
    """The index file of these parts, named by all that decides its content: found, or built.

    :raises InputError: a part is corrupt, malformed, empty or beyond the limits
    :raises UsageError: ``cache`` cannot be written
    """
    lines = [f"schema {schema.VERSION}"]
    for part in sorted(parts, key=lambda part: part.feed):
        known = part.known
        lines.append(f"{part.feed} {part.source.digest()} {known.sha256 if known else ''}")
        lines.append(known.source if known else part.source.name)
    path = _place(cache, lines)
    if not is_usable(path):
        publish(parts, path, progress)
    return path


def private_folder(cache: Path, *names: str) -> Path:
    """A folder below the cache, made where it is not there: 0700, for what others can write is no evidence.

    :raises UsageError: it cannot be made, or what lies there may be another user's
    """
    why = foreign(cache)
    if why:
        raise UsageError(why, next_step=OWN_CACHE)
    folder = cache
    try:
        for name in ("", *names):
            folder = folder / name
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _close_to_others(folder)
    except OSError as error:
        raise unwritable(cache, error) from error
    return folder


def foreign(cache: Path) -> str:
    """Why somebody else may have written what is stored below ``cache``, for people; empty where nobody may.

    Data of the superuser are trusted: an administrator may keep them for everybody. On Windows nothing is looked at.
    """
    if not hasattr(os, "geteuid"):  # pragma: no cover — not on POSIX
        return ""
    store = cache / "advisories"
    reasons = (_foreign(folder, sticky_is_enough=folder == cache) for folder in (cache, store))
    inner = (_foreign(store / name, sticky_is_enough=False) for name in ("feeds", "index"))
    # A folder that is still empty is closed before anything is put into it; but not another user's.
    return next(filter(None, (*reasons, *inner)), "") if store.exists() else _of_another_user(cache)


def _foreign(folder: Path, *, sticky_is_enough: bool) -> str:
    """Why others may write in a folder; with the sticky bit they can replace nothing there, but add something."""
    with contextlib.suppress(OSError):
        mode = folder.stat().st_mode
        if mode & stat.S_IWOTH and not (sticky_is_enough and mode & stat.S_ISVTX):
            return f"{folder}: every user of this machine can write there, and could have written what it holds"
    return _of_another_user(folder)


def _of_another_user(folder: Path) -> str:
    with contextlib.suppress(OSError):
        owner = folder.stat().st_uid
        if owner not in {os.geteuid(), 0}:
            return f"{folder}: belongs to another user (uid {owner}), who could have written what it holds"
    return ""


def _close_to_others(folder: Path) -> None:
    found = folder.stat()
    if found.st_mode & 0o022 and hasattr(os, "geteuid") and found.st_uid == os.geteuid():
        folder.chmod(0o700)


def unwritable(cache: Path, error: OSError) -> UsageError:
    """The error for a cache folder that cannot be written."""
    return UsageError(
        f"{cache}: the cache folder cannot be written: {error.strerror or error}",
        next_step="name another one in GOVSEC_CACHE_DIR",
    )


def publish(parts: Sequence[Part], path: Path, progress: Progress = silent) -> None:
    """Build the index beside ``path``, flush it, and give it its name: readers see all of it or nothing."""
    try:
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".building-", suffix=".sqlite")
        os.close(descriptor)
    except OSError as error:
        raise unwritable(path.parent, error) from error
    try:
        build.build(Path(temporary), parts, progress)
        _flush(temporary)
        os.replace(temporary, path)
    except OSError as error:
        raise unwritable(path.parent, error) from error
    except sqlite3.Error as error:  # a full disk, above all
        raise unwritable(path.parent, OSError(str(error))) from error
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)


def _flush(path: str) -> None:
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def is_usable(path: Path) -> bool:
    """Whether an index of this schema is there, whole by its own account."""
    try:
        open_index(path).close()
    except InputError:
        return False
    return True


def _is_sqlite(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(_SQLITE_MAGIC)) == _SQLITE_MAGIC
    except OSError:
        return False
