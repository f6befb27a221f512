"""``govsec advisories import``: files, folders and exported archives into the store."""

import contextlib
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from govsec_ci.advisories import archive, feeds, store
from govsec_ci.advisories.base import Part, Progress, silent
from govsec_ci.advisories.sources import Folder, Single, Zip
from govsec_ci.errors import DefectError, InputError
from govsec_ci.model import FeedState

_EPOCH = (1980, 1, 1, 0, 0, 0)


def import_files(paths: Sequence[Path], cache: Path, progress: Progress = silent) -> tuple[FeedState, ...]:
    """Store the feeds that ``paths`` hold in place of the earlier ones of their kind: all of them, or none.

    :param paths: OSV folders, checkouts and zips, KEV catalogs, EPSS files, Vulnrichment zips, exported archives
    :returns: every feed that is now stored
    :raises InputError: one of them is missing, damaged, malformed, or of no known kind, or two are of one kind
    :raises UsageError: ``cache`` cannot be written
    """
    if not paths:
        raise InputError("nothing to import", next_step="name files, folders or an exported archive")
    with contextlib.ExitStack() as stack:
        parts = tuple(part for path in paths for part in stack.enter_context(_parts(path)))
        feeds.check_one_each(parts)
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="govsec-")))
        return store.put(cache, [_incoming(part, scratch) for part in parts], progress)


@contextlib.contextmanager
def _parts(path: Path) -> Iterator[tuple[Part, ...]]:
    if archive.is_archive(path):
        with archive.unpacked(path) as parts:
            yield parts
    else:
        yield feeds.parts_of(path)


def _incoming(part: Part, scratch: Path) -> store.Incoming:
    source = part.source
    if isinstance(source, Folder):
        path = scratch / f"{part.feed}.zip"
        _pack(source, path)
        known = part.known or store.unread(part.feed, source.digest(), source.name)
        return store.Incoming(feed=part.feed, path=path, known=known)
    if isinstance(source, Zip | Single):
        return store.Incoming(feed=part.feed, path=source.path, known=part.known)
    raise DefectError(f"a source of an unknown kind: {type(source).__name__}")


def _pack(folder: Folder, path: Path) -> None:
    """The record files of a folder as a zip, in the order of their names and without dates."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in folder.entries():
            packed.writestr(zipfile.ZipInfo(name, _EPOCH), data, zipfile.ZIP_DEFLATED)
