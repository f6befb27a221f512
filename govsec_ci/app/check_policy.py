"""The policy files of a hook: those of the repository as the snapshot holds them, any other from where it lies.

What is judged is what is staged or pushed; so are the rules. A file of the work tree that nobody has staged is none.
"""

import os
import posixpath
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Final

from govsec_ci.app.snapshot import LINK, Entry, Repository, is_safe
from govsec_ci.errors import GovsecError, InputError
from govsec_ci.system.git import MODULE

_DEEPEST: Final = 8
_LIMIT_BYTES: Final = 50_000_000


class Snapshot:
    """The files of a snapshot by path; a link to a file in it is that file.

    :param what: how people call it: "staged", "in the commit"
    """

    def __init__(self, repository: Repository, entries: Iterable[Entry], what: str) -> None:
        self.repository = repository
        self.what = what
        self._entries = tuple(entries)

    @cached_property
    def _known(self) -> Mapping[str, Entry]:
        return {entry.path: entry for entry in self._entries}

    def path_of(self, name: str | Path, folder: Path) -> str:
        """The path in the snapshot of a file that the caller names, or empty: not in the repository, or not in git."""
        top, here = os.path.realpath(self.repository.top), os.path.join(os.path.realpath(folder), name)
        for place in (here, os.path.realpath(here)):
            path = os.path.relpath(place, top).replace(os.sep, "/")
            if path in self._known:
                return path
        return ""

    def read(self, path: str) -> bytes | None:
        """The bytes of a file; None where there is none.

        :raises InputError: what is there is no file that can be judged
        """
        if path not in self._known:
            return None
        entry = self._target(path)
        if entry is None or entry.mode == MODULE:
            raise InputError(f"{path}: is no file of what is {self.what}", next_step="keep the file in the repository")
        if entry.stage:
            raise InputError(f"{path}: a merge conflict is open", next_step="resolve it, and `git add` the file")
        data = self.repository.git("cat-file", "blob", entry.blob)
        if len(data) > _LIMIT_BYTES:
            raise InputError(f"{path}: larger than the limit of {_LIMIT_BYTES:,} bytes")
        return data

    def _target(self, path: str) -> Entry | None:
        """What a path leads to; None where a link leads out, or nowhere."""
        entry = self._known.get(path)
        for _ in range(_DEEPEST):
            if entry is None or entry.mode != LINK:
                return entry
            link = os.fsdecode(self.repository.git("cat-file", "blob", entry.blob))
            entry = self._known.get(posixpath.normpath(posixpath.join(posixpath.dirname(entry.path), link)))
        return None

    def write(self, path: str, root: Path) -> Path:
        """Write a file below ``root``, a private folder; :raises InputError: the snapshot has no such file."""
        data = self.read(path) if is_safe(path) else None
        if data is None:
            raise InputError(f"{path}: is not {self.what}", next_step=f"git add {path}, or correct the name")
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        return target


def profile_file(snapshot: Snapshot, path: str, root: Path) -> Path:
    """A profile of the snapshot, written below ``root`` with all that it extends.

    :raises InputError: one is not in the snapshot, or no TOML
    """
    from govsec_ci.gate import tomlfile  # noqa: PLC0415 — as :mod:`.check_gate`, imported while the scanners work

    first = snapshot.write(path, root)
    for _ in range(_DEEPEST):
        extended = tomlfile.decode((root / path).read_bytes(), path).get("extends")
        if not isinstance(extended, str) or not is_file(extended):
            break
        path = posixpath.normpath(posixpath.join(posixpath.dirname(path), extended))
        snapshot.write(path, root)
    return first


def is_file(name: str) -> bool:
    """Whether a profile is named by its path; else it is one that comes with govsec."""
    return "/" in name or name.endswith(".toml")


@contextmanager
def named_as_in_repository(root: Path) -> Iterator[None]:
    """Errors name files as the repository does: the private folder ``root`` is gone when they are read."""
    try:
        yield
    except GovsecError as error:
        error.what = error.what.replace(f"{root}{os.sep}", "")
        raise
