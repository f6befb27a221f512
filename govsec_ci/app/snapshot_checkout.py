"""A commit, or the index, as a checkout of its own: the files byte for byte as git holds them, a private git folder.

The whole run asks git for the commit, for what is tracked and for what a ref says; it finds that here. Objects are
borrowed from the repository, not copied; nothing of its configuration, hooks, filters or attributes comes along.
"""

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from govsec_ci.app.snapshot import (
    LINK,
    Entry,
    Repository,
    commit_of,
    committed,
    export,
    is_safe,
    open_repository,
    staged,
)
from govsec_ci.app.target import load_config
from govsec_ci.errors import ToolError, UsageError
from govsec_ci.scanners.scope import Scope
from govsec_ci.system import git, process
from govsec_ci.system.files import Skipped
from govsec_ci.system.git import MODULE

# Larger blobs than the whole run reads; every file is written, because evidence and imports may be of any kind.
_LIMIT_BYTES: Final = 4_000_000_000
_SHOWN: Final = 5
_CONFIG: Final = "[core]\n\trepositoryformatversion = {version}\n\tfilemode = false\n\tbare = false\n{more}"
_FORMAT: Final = "[extensions]\n\tobjectformat = {}\n"
# Files are compared with the index as they are: what .gitattributes of the tree would convert was never converted.
_ATTRIBUTES: Final = "* -text -filter -ident !working-tree-encoding !eol\n"
_UNBORN: Final = "ref: refs/heads/not-yet\n"
_DEPTH: Final = 8


@contextlib.contextmanager
def checkout(repository: Repository, ref: str | None) -> Iterator[Path]:
    """The top folder of the snapshot; it has the name of the repository's own, and is removed afterwards.

    :param ref: the commit, or None for the index
    :raises UsageError: there is no such commit; :raises ToolError: not all of it can be had, so nothing is judged
    """
    commit = commit_of(repository, ref) if ref else repository.head
    entries = committed(repository, ref) if ref else staged(repository)
    with process.neutral_folder() as private:
        root = private / (repository.top.name or "repository")
        root.mkdir()
        refused = list(_write(repository, entries, root))
        _check_whole(refused, root)
        _make_git_folder(repository, root, commit)
        _fill_index(root, entries)
        yield root


def _write(repository: Repository, entries: Iterable[Entry], root: Path, depth: int = 0) -> Iterator[Skipped]:
    """Write all entries below ``root``; yields what could not be."""
    known = tuple(entries)
    odd = {entry.path for entry in known if _is_git(entry.path) or not is_safe(entry.path)}
    yield from (Skipped(path=path, reason="not a path of a tree") for path in sorted(odd))
    plain = [entry for entry in known if entry.path not in odd]
    files = [entry for entry in plain if entry.mode not in (LINK, MODULE)]
    yield from export(repository, files, root, lambda path: True, limit_bytes=_LIMIT_BYTES).refused
    for entry in plain:
        if entry.mode == MODULE:
            yield from _write_module(repository, entry, root, depth)
    # Links last: nothing is ever written through one.
    for entry in plain:
        if entry.mode == LINK:
            yield from _write_link(repository, entry, root)


def _is_git(path: str) -> bool:
    """Whether git itself would take a part of the path for its own folder; a forged tree may hold such names."""
    return any(part.rstrip(" .").casefold() in {".git", "git~1"} for part in path.split("/"))


def _write_link(repository: Repository, entry: Entry, root: Path) -> Iterator[Skipped]:
    target = os.fsdecode(repository.git("cat-file", "blob", entry.blob))
    parent = (root / entry.path).parent
    try:
        parent.mkdir(parents=True, exist_ok=True)
        if os.path.realpath(parent) != os.path.join(os.path.realpath(root), *entry.path.split("/")[:-1]):
            yield Skipped(path=entry.path, reason="lies behind a link")
            return
        os.symlink(target, root / entry.path)
    except (OSError, ValueError) as error:  # no right to make links (Windows), a null byte, a path that is taken
        yield Skipped(path=entry.path, reason=f"the link cannot be made: {getattr(error, 'strerror', error)}")


def _write_module(repository: Repository, entry: Entry, root: Path, depth: int) -> Iterator[Skipped]:
    """The recorded commit of a submodule, from the checkout of it that lies in the work tree."""
    inside = _module(repository, entry)
    if inside is None or depth > _DEPTH:
        yield Skipped(path=entry.path, reason="a submodule whose recorded commit is not here")
        return
    folder, entries = root / entry.path, committed(inside, entry.blob)
    folder.mkdir(parents=True, exist_ok=True)
    for one in _write(inside, entries, folder, depth + 1):
        yield replace(one, path=f"{entry.path}/{one.path}")
    # A checkout like any other: what is in it is asked of it.
    _make_git_folder(inside, folder, entry.blob)
    _fill_index(folder, entries)


def _module(repository: Repository, entry: Entry) -> Repository | None:
    folder = repository.top / entry.path
    if not (folder / ".git").exists():  # git would look for one in the folders above
        return None
    try:
        inside = open_repository(folder, {})
        commit_of(inside, entry.blob)
    except (UsageError, ToolError):
        return None
    return inside if os.path.realpath(inside.top) == os.path.realpath(folder) else None


def _check_whole(refused: list[Skipped], root: Path) -> None:
    """:raises ToolError: something that is in scope by the snapshot's own settings could not be written"""
    if not refused:
        return
    scope = Scope(load_config(root, None))
    within = [one for one in refused if scope.holds(one.path)]
    if not within:
        return
    told = "; ".join(f"{one.path!r}: {one.reason}" for one in within[:_SHOWN])
    more = f"; and {len(within) - _SHOWN} more" if len(within) > _SHOWN else ""
    raise ToolError(
        f"not everything can be judged: {told}{more}",
        cause="git holds something that is not here, or that cannot be written here",
        next_step="fetch it (git submodule update --init, git fetch), or exclude the folder in the settings and commit",
    )


def _make_git_folder(repository: Repository, root: Path, commit: str | None) -> None:
    folder = root / ".git"
    for name in ("objects/info", "refs", "info"):
        (folder / name).mkdir(parents=True)
    form = _line(repository, "rev-parse", "--show-object-format")
    own = form == "sha256"
    _text(folder / "config", _CONFIG.format(version=int(own), more=_FORMAT.format(form) if own else ""))
    _text(folder / "HEAD", f"{commit}\n" if commit else _UNBORN)
    _text(folder / "info/attributes", _ATTRIBUTES)
    _text(folder / "objects/info/alternates", "".join(f"{path}\n" for path in _objects(repository)))
    (folder / "packed-refs").write_bytes(_refs(repository))
    shallow = Path(_line(repository, "rev-parse", "--git-path", "shallow"))
    if (repository.top / shallow).is_file():
        (folder / "shallow").write_bytes((repository.top / shallow).read_bytes())
    _copy_address(repository, root)


def _text(path: Path, text: str) -> None:
    path.write_bytes(os.fsencode(text))


def _line(repository: Repository, *question: str) -> str:
    return os.fsdecode(repository.git(*question)).rstrip("\n")


def _objects(repository: Repository) -> Iterator[str]:
    yield os.path.abspath(repository.top / _line(repository, "rev-parse", "--git-path", "objects"))
    more = repository.variables.get("GIT_ALTERNATE_OBJECT_DIRECTORIES", "")
    yield from (os.path.abspath(repository.top / one) for one in more.split(os.pathsep) if one)


def _refs(repository: Repository) -> bytes:
    listing = repository.git("for-each-ref", "--format=%(objectname) %(refname)")
    return b"".join(line for line in listing.splitlines(keepends=True) if b" refs/replace/" not in line)


def _copy_address(repository: Repository, root: Path) -> None:
    told = git.run_git(repository.top, "config", "--get", "remote.origin.url", variables=repository.variables)
    address = told.stdout.decode("utf-8", "surrogateescape").rstrip("\n")
    if told.exit_code == 0 and address:
        git.run_git(root, "config", "remote.origin.url", address)


def _fill_index(root: Path, entries: Iterable[Entry]) -> None:
    """Tell git what is tracked; :raises ToolError: it does not take it."""
    listing = b"".join(b"%s %s 0\t%s\0" % _fields(entry) for entry in entries)
    done = git.run_git(root, "update-index", "-z", "--index-info", stdin=listing)
    if done.exit_code != 0:
        raise ToolError(f"git does not take the snapshot's paths: {done.stderr.strip()[-300:]}")


def _fields(entry: Entry) -> tuple[bytes, bytes, bytes]:
    return entry.mode.encode("ascii"), entry.blob.encode("ascii"), os.fsencode(entry.path)
