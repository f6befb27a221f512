"""Files: one walk over the judged tree, reads with a limit, and writes that are whole or not at all."""

import contextlib
import errno
import glob
import hashlib
import os
import shutil
import stat
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote, unquote

from msgspec import Struct

from govsec_ci.errors import InputError, UsageError

MARKER = "# evidence bundle of govsec_ci: made by a program, replaced as a whole\n*\n"
"""Content of the ``.gitignore`` that marks an output folder as ours (and keeps it out of git)."""

_MARKER_BYTES = MARKER.encode("utf-8")

# Never part of the judged tree: version control, tool caches, byte code. The set bandit itself leaves out is within.
OUT_OF_TREE = "a link that leads out of the tree"
"""Why the walk refuses a link."""
_SKIPPED_NAMES = frozenset(
    {
        ".git", ".hg", ".svn", "CVS", ".bzr", "__pycache__", ".tox", ".nox", ".eggs", "node_modules",
        ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis",
    }
)  # fmt: skip


_CHUNK_BYTES = 1 << 20
_TURN_S = 60.0
_NEXT_TRY_S = 0.02
_SWAPS = 50
_DISK_ERRORS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG})


class Skipped(Struct, frozen=True, kw_only=True):
    """A path that the walk left out, and why (for people)."""

    path: str
    reason: str


class Tree(Struct, frozen=True, kw_only=True):
    """The judged tree as walked once: POSIX paths relative to ``root``, sorted.

    :param skipped: folders left out by rule (version control, virtual environments, output folders)
    :param refused: entries that look like files to scan but cannot be read safely (a FIFO, a device, a link out of the
        tree, a folder that cannot be listed): whoever would have scanned them is incomplete
    """

    root: Path
    files: tuple[str, ...]
    skipped: tuple[Skipped, ...] = ()
    refused: tuple[Skipped, ...] = ()


def walk(root: Path, *, leave_out: tuple[Path, ...] = ()) -> Tree:
    """List the files below ``root`` without following links out of it; ``leave_out`` are folders never entered."""
    walker = _Walker(root, leave_out)
    walker.walk(str(root))
    return Tree(
        root=root,
        files=tuple(sorted(walker.files)),
        skipped=tuple(sorted(walker.skipped, key=lambda s: s.path)),
        refused=tuple(sorted(walker.refused, key=lambda s: s.path)),
    )


class _Walker:
    def __init__(self, root: Path, leave_out: tuple[Path, ...]) -> None:
        self.root = os.path.realpath(root)
        self.leave_out = {os.path.realpath(path) for path in leave_out}
        self.files: list[str] = []
        self.skipped: list[Skipped] = []
        self.refused: list[Skipped] = []
        self._waiting: list[tuple[str, str]] = []

    def walk(self, root: str) -> None:
        """Take in the root and all below it; in a loop, for a tree may be deeper than Python's stack."""
        self._waiting.append((root, ""))
        while self._waiting:
            self._visit(*self._waiting.pop())

    def _visit(self, folder: str, prefix: str) -> None:
        """Take the folder in; ``prefix`` is its relative path with a slash, or empty for the root."""
        try:
            with os.scandir(folder) as listing:
                entries = sorted(listing, key=_name)
        except OSError as error:
            if not (isinstance(error, FileNotFoundError) and self._is_ours(folder)):
                self.refused.append(Skipped(path=prefix or ".", reason=f"folder cannot be listed: {error.strerror}"))
            return
        reason = _why_left_out(folder, {entry.name for entry in entries}) if prefix else ""
        if reason:
            self.skipped.append(Skipped(path=prefix[:-1], reason=reason))
            return
        for entry in entries:
            self._entry(entry, prefix + entry.name)

    def _entry(self, entry: "os.DirEntry[str]", path: str) -> None:
        if entry.is_symlink():
            self._link(entry, path)
        elif entry.is_dir(follow_symlinks=False):
            reason = self._why_skipped(entry, path)
            if reason:
                self.skipped.append(Skipped(path=path, reason=reason))
            else:
                self._waiting.append((entry.path, path + "/"))
        elif entry.is_file(follow_symlinks=False):
            self.files.append(path)
        else:
            self.refused.append(Skipped(path=path, reason="not a regular file"))

    def _link(self, entry: "os.DirEntry[str]", path: str) -> None:
        target = os.path.realpath(entry.path)
        inside = target == self.root or target.startswith(self.root + os.sep)
        if not inside:
            self.refused.append(Skipped(path=path, reason=OUT_OF_TREE))
        elif not os.path.exists(target):
            self.refused.append(Skipped(path=path, reason="a link that leads nowhere"))
        elif os.path.isfile(target):
            self.files.append(path)
        # A link to a folder inside the tree: the folder is walked under its own name.

    def _why_skipped(self, entry: "os.DirEntry[str]", path: str) -> str:
        if entry.name in _SKIPPED_NAMES:
            return "version control or tool cache"
        # No link was followed on the way from the root: this is its real path.
        if os.path.normpath(os.path.join(self.root, path)) in self.leave_out:
            return "output folder"
        return ""

    def _is_ours(self, folder: str) -> bool:
        """Whether a folder that is gone was beside an output folder, and called as :func:`staged_folder` calls its own.

        Another run has taken it away while this one looked.
        """
        parent, name = os.path.split(os.path.normpath(folder))
        beside = (os.path.split(path) for path in self.leave_out)
        return any(name.startswith(f".{out}.") and os.path.realpath(parent) == home for home, out in beside)


def _name(entry: "os.DirEntry[str]") -> str:
    return entry.name


def _why_left_out(folder: str, names: set[str]) -> str:
    """Why a folder is left out for what it holds, or empty: its names are known, so most need no further look."""
    if "pyvenv.cfg" in names and os.path.exists(os.path.join(folder, "pyvenv.cfg")):
        return "virtual environment"
    if folder.endswith(".egg"):
        return "installed egg"
    return "output folder" if ".gitignore" in names and is_output_folder(Path(folder)) else ""


def read_limited(path: Path, *, limit_bytes: int) -> bytes:
    """Read a regular file of at most ``limit_bytes``.

    :raises InputError: it is missing, not a regular file, unreadable or too large
    """
    try:
        # O_NONBLOCK: opening a FIFO would otherwise wait for a writer for ever.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise InputError(f"{path}: cannot be read: no file can have this name") from error
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        os.close(descriptor)
        raise InputError(f"{path}: not a regular file")
    with open(descriptor, "rb") as file:
        # As much memory as the file takes, not as the limit allows; a file may grow while it is read.
        data = file.read(min(limit_bytes, found.st_size) + 1)
        while len(data) <= limit_bytes and (more := file.read(min(_CHUNK_BYTES, limit_bytes + 1 - len(data)))):
            data += more
    if len(data) > limit_bytes:
        raise InputError(f"{path}: larger than the limit of {limit_bytes:,} bytes")
    return data


def sha256_file(path: Path) -> str:
    """Lower-case hex SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def path_to_uri(path: str) -> str:
    """A relative POSIX path as a relative URI reference (RFC 3986), percent-encoded byte by byte."""
    # Not in the safe set: the colon, which in a first segment would read as a scheme.
    return quote(os.fsencode(path), safe="/-._~!$&'()*+,;=@")


def uri_to_path(uri: str) -> str:
    """The inverse of :func:`path_to_uri`."""
    return unquote(uri, encoding="utf-8", errors="surrogateescape")


def write_atomic(path: Path, data: bytes) -> None:
    """Write a file whole or not at all; :raises UsageError: the folder cannot be written to."""
    with atomic_file(path) as file:
        file.write(data)


@contextlib.contextmanager
def atomic_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write to that takes the place of ``path`` when the block ends well; else nothing is left of it.

    It is a temporary file beside ``path``, renamed at the end.

    :raises UsageError: the folder cannot be written to, or there is no room
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        with open(descriptor, "wb", buffering=_CHUNK_BYTES) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)


def _unwritable(path: Path, error: OSError) -> UsageError:
    return UsageError(
        f"{path}: cannot be written: {error.strerror}",
        next_step="choose another folder with --out, or give this user the right to write there",
    )


def is_output_folder(path: Path) -> bool:
    """Whether a folder carries our marker."""
    try:
        # Limited: in the judged tree it may be a FIFO, or a link to a device without end.
        return read_limited(path / ".gitignore", limit_bytes=len(_MARKER_BYTES)) == _MARKER_BYTES
    except (InputError, OSError):
        return False


@contextlib.contextmanager
def staged_folder(target: Path, *, keep: bool) -> Iterator[Path]:
    """Replace an output folder as a whole: yields a folder beside it, which takes its place when the block ends well.

    When the block raises, ``target`` is left exactly as it was. With ``keep`` the new folder starts as a copy of the
    old one. An interrupted replacement is mended at the next call. Of several processes that replace the same folder
    each does it whole, and the last one stays.

    :raises UsageError: ``target`` cannot be written, or holds something that is not ours
    :raises InputError: with ``keep``: something in it is neither a file nor a folder
    """
    target = Path(os.path.abspath(target))  # "." has no name; links are left as they are
    # The name is known before the folder is there: an interrupt at any moment leaves nothing.
    staging, in_use = _beside(target, f"new-{_unique()}"), None
    try:
        in_use = _stage(staging, target)
        if keep:
            with _turn(target):  # else another run may replace it while it is copied
                _copy(target, staging)
        (staging / ".gitignore").write_text(MARKER, "utf-8")
        yield staging
        with _turn(target):
            _swap(staging, target)
    except OSError as error:
        if error.errno in _DISK_ERRORS:
            raise _unwritable(target, error) from error
        raise  # any other is a defect, and must not be told as the operator's
    finally:
        _remove(staging)
        if in_use is not None:
            os.close(in_use)


def _stage(staging: Path, target: Path) -> int | None:
    """Make the new folder beside ``target``; what it returns says, while it is open, that the folder is no leftover."""
    _make_parent(target)
    with _turn(target):
        _mend(target)
        _check_ours(target)
        _make_staging(staging, target)
        with contextlib.suppress(OSError):
            return _lock(staging)
    return None


def _lock(folder: Path) -> int | None:
    """Hold a folder until the descriptor is closed; None where the system cannot.

    :raises BlockingIOError: another process holds it; :raises OSError: it cannot be opened
    """
    if sys.platform == "win32":  # pragma: no cover — leftovers stay there
        return None
    import fcntl  # noqa: PLC0415 — not there on Windows

    descriptor = os.open(folder, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


@contextlib.contextmanager
def _turn(target: Path) -> Iterator[None]:
    """Only one process at a time mends, copies or replaces ``target``; where nothing can be locked, several may."""
    # An empty folder: git does not see one.
    place = _beside(target, "lock")
    held = _wait_for(place, target)
    try:
        yield
    finally:
        if held is not None:
            _let_go(held, place.rmdir)


def _wait_for(place: Path, target: Path) -> int | None:
    deadline = time.monotonic() + _TURN_S
    while sys.platform != "win32":
        try:
            place.mkdir(exist_ok=True)
            held = _lock(place)
            if held is None or _is_same(held, place):
                return held
            os.close(held)  # its last holder has removed it
        except (BlockingIOError, FileNotFoundError):
            if time.monotonic() > deadline:
                raise UsageError(
                    f"{target}: another run is just replacing it",
                    next_step="wait for it to end, or choose another folder with --out",
                ) from None
            time.sleep(_NEXT_TRY_S)
        except OSError:  # a folder that nobody may write to, or a file system without locks
            return None
    return None  # pragma: no cover — Windows only


def _let_go(held: int, remove: Callable[[], None]) -> None:
    """Remove what is held, then let others have its name."""
    try:
        with contextlib.suppress(OSError):
            remove()
    finally:
        os.close(held)


def _is_same(descriptor: int, folder: Path) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(descriptor), os.stat(folder))
    return False


def _copy(source: Path, target: Path) -> None:
    """Copy what is below ``source`` into ``target``; no link is followed, and nothing that could block is opened."""
    for name, entry in _below(source):
        if entry.is_dir(follow_symlinks=False):
            (target / name).mkdir(exist_ok=True)
        else:
            shutil.copy2(entry.path, target / name, follow_symlinks=False)


def check_plain(folder: Path) -> None:
    """:raises InputError: something below it is neither a file nor a folder: a link, or what blocks who opens it"""
    for _ in _below(folder):
        pass


def _below(folder: Path) -> "Iterator[tuple[str, os.DirEntry[str]]]":
    """Every file and folder below, each folder before what is in it: its relative POSIX path, and the entry."""
    waiting = [""]
    while waiting:
        prefix = waiting.pop()
        for entry in _entries(folder / prefix):
            if entry.is_dir(follow_symlinks=False):
                waiting.append(f"{prefix}{entry.name}/")
            elif not entry.is_file(follow_symlinks=False):
                raise InputError(
                    f"{entry.path}: is neither a file nor a folder, so it is no part of an evidence bundle",
                    next_step="remove it, or make the bundle anew with `govsec run`",
                )
            yield prefix + entry.name, entry


def _entries(folder: Path) -> "list[os.DirEntry[str]]":
    try:
        with os.scandir(folder) as listing:
            return sorted(listing, key=_name)
    except (FileNotFoundError, NotADirectoryError):  # there is no earlier folder
        return []
    except OSError as error:
        raise InputError(f"{folder}: cannot be listed: {error.strerror}") from error


def _check_ours(target: Path) -> None:
    if not target.exists() and not target.is_symlink():
        return
    if target.is_symlink() or not target.is_dir():
        raise UsageError(f"{target}: is not a folder", next_step="choose another folder with --out")
    if any(target.iterdir()) and not is_output_folder(target):
        raise UsageError(
            f"{target}: holds files that govsec did not write, and would be replaced",
            next_step="choose an empty or new folder with --out",
        )


def _make_parent(target: Path) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(target, error) from error


def _make_staging(staging: Path, target: Path) -> None:
    try:
        staging.mkdir(mode=0o700)
        # Marked from the first moment, so that a concurrent scan never takes it for part of the judged tree.
        (staging / ".gitignore").write_text(MARKER, "utf-8")
    except OSError as error:
        raise _unwritable(target, error) from error


def _swap(staging: Path, target: Path) -> None:
    """Put ``staging`` in the place of ``target``; again where another process, that no lock stopped, came between."""
    for attempt in range(_SWAPS):
        previous = _beside(target, f"previous-{_unique()}")
        try:
            if target.exists():
                os.rename(target, previous)
            os.rename(staging, target)
        except OSError as error:
            _put_back(previous, target)
            if error.errno in _DISK_ERRORS or attempt == _SWAPS - 1:
                raise _irreplaceable(target, error) from error
            time.sleep(_NEXT_TRY_S)
        else:
            _discard(previous, target)
            return


def _put_back(previous: Path, target: Path) -> None:
    if previous.exists() and not target.exists():
        with contextlib.suppress(OSError):  # the next run mends it
            os.rename(previous, target)


def _irreplaceable(target: Path, error: OSError) -> UsageError:
    return UsageError(
        f"{target}: cannot be replaced: {error.strerror}",
        cause="another program has a file in it open, or this user may not rename it",
        next_step="close what shows it, or choose another folder with --out",
    )


def _unique() -> str:
    return f"{os.getpid():x}{time.time_ns():x}"


def _beside(target: Path, ending: str) -> Path:
    return target.with_name(f".{target.name}.{ending}")


def recover(target: Path) -> None:
    """Mend what a killed run left: put an earlier bundle back, remove half-made ones that nobody holds.

    :raises UsageError: an earlier bundle is there, and cannot be put back
    """
    target = Path(os.path.abspath(target))
    if any(_leftovers(target, "")):
        with _turn(target):
            _mend(target)


def _mend(target: Path) -> None:
    earlier = sorted(_leftovers(target, "previous"), key=_written_s, reverse=True)
    if earlier and not target.exists():
        try:
            os.rename(earlier[0], target)
        except OSError as error:
            raise UsageError(
                f"{earlier[0]}: the earlier bundle cannot be put back in its place: {error.strerror}",
                cause="a run was killed while it replaced the bundle",
                next_step=f"close what shows it, and rename it to {target.name}",
            ) from error
    for previous in _leftovers(target, "previous"):
        _discard(previous, target)
    for leftover in (*_leftovers(target, "new-"), *_leftovers(target, "old-")):
        _remove_leftover(leftover)


def _leftovers(target: Path, kind: str) -> list[Path]:
    """Folders of ours beside ``target``; any of another's of such a name is left alone."""
    return [one for one in target.parent.glob(f"{glob.escape(_beside(target, kind).name)}*") if _is_leftover(one)]


def _written_s(folder: Path) -> float:
    try:
        return folder.stat().st_mtime
    except OSError:  # gone meanwhile
        return 0.0


def _discard(previous: Path, target: Path) -> None:
    """Remove an earlier bundle; under another name first, so that half of it is never put back."""
    old = _beside(target, f"old-{_unique()}")
    with contextlib.suppress(OSError):  # not there, or open somewhere: the next run tries again
        os.rename(previous, old)
        _remove(old)


def _remove(folder: Path) -> None:
    """Remove a folder of ours, its marker last: what a kill leaves of it can still be told as ours."""
    with contextlib.suppress(OSError):
        for entry in list(folder.iterdir()):
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry, ignore_errors=True)
            elif entry.name != ".gitignore":
                entry.unlink()
        (folder / ".gitignore").unlink(missing_ok=True)
        folder.rmdir()


def _is_leftover(folder: Path) -> bool:
    """Whether a folder is ours; a link is never: what it leads to belongs to somebody else."""
    if folder.is_symlink() or not folder.is_dir():
        return False
    try:
        # One without a marker is ours only when nothing is in it: a kill may hit before it is written, or after.
        return is_output_folder(folder) or not any(folder.iterdir())
    except OSError:  # another user's
        return False


def _remove_leftover(folder: Path) -> None:
    try:
        held = _lock(folder)
    except OSError:  # in use, or gone meanwhile
        return
    if held is not None:
        _let_go(held, lambda: _remove(folder))
