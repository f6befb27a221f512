"""``pylock.toml`` and ``pylock.NAME.toml`` (PEP 751), validated by packaging's own reader.

Source: PyPA specification "pylock.toml".
"""

import posixpath
import re
from pathlib import Path
from typing import Any

from packaging.pylock import Package, Pylock, PylockValidationError, is_valid_pylock_path

from govsec_ci.manifests import sources
from govsec_ci.manifests.base import LIMIT_BYTES, MAIN, Manifest
from govsec_ci.manifests.locks import (
    Contents,
    LockFile,
    LockText,
    distributions,
    foreign_file,
    hashes,
    named,
    read_lock,
)
from govsec_ci.manifests.notices import shown
from govsec_ci.manifests.text import UnreadableError, table_lines
from govsec_ci.model import Component, Location

_MEMBERSHIP = re.compile(r"[\"']([^\"']+)[\"'] in (?:extras|dependency_groups)")


class PylockToml:
    """The standard's lock."""

    name = "pylock"
    endings = (".toml",)

    def matches(self, path: str) -> bool:
        """``pylock.toml``, or ``pylock.NAME.toml`` with a name without dots."""
        name = posixpath.basename(path)
        # Asked of every file of the tree: the library's answer takes as long as all other formats' together.
        return name.startswith("pylock.") and is_valid_pylock_path(Path(name))

    def read(self, root: Path, path: str, *, limit_bytes: int = LIMIT_BYTES) -> Manifest:
        """Every package, whatever its marker."""
        return read_lock(self.name, LockFile(root, path, limit_bytes), _contents)


def _contents(lock: LockText) -> Contents:
    try:
        pylock = Pylock.from_dict(lock.data)
    except PylockValidationError as error:
        raise UnreadableError(
            f"is no valid pylock file (PEP 751): {shown(str(error))}", next_step="write it anew with its tool"
        ) from error
    except RecursionError as error:  # of a marker
        raise UnreadableError("is nested deeper, or holds larger numbers, than a manifest can") from error
    grouped = bool(pylock.dependency_groups or pylock.extras)
    lines = table_lines(lock.text, "packages", len(pylock.packages))
    return Contents(
        components=tuple(
            _component(lock.place(line), package, grouped=grouped)
            for line, package in zip(lines, pylock.packages, strict=True)
        )
    )


def _component(place: Location, package: Package, *, grouped: bool) -> Component:
    source, index, url = _origin(package)
    return Component(
        name=package.name,
        version=None if package.version is None else str(package.version),
        location=place,
        hashes=hashes(text for file in _files(package) for text in _texts(file)),
        source=source,
        index=index,
        url=url,
        marker=str(package.marker or ""),
        depends_on=None
        if package.dependencies is None
        else tuple(sorted({named(str(one.get("name", ""))) for one in package.dependencies})),
        groups=_groups(str(package.marker or "")) if grouped else (),
        files=distributions((file.url or "", _texts(file)) for file in _files(package)),
    )


def _groups(marker: str) -> tuple[str, ...]:
    """Extras and dependency groups that a marker asks for; without any, the package is always installed."""
    found = {MAIN if name == "default" else named(name) for name in _MEMBERSHIP.findall(marker)}
    return tuple(sorted(found)) or (MAIN,)


def _files(package: Package) -> list[Any]:
    return [file for file in (package.sdist, *(package.wheels or ()), package.archive) if file is not None]


def _texts(file: Any) -> list[str]:
    return [f"{algorithm}:{digest}" for algorithm, digest in file.hashes.items()]


def _origin(package: Package) -> tuple[str, str, str]:
    """Source kind, index and URL. Without an index, the distributions' own URLs tell."""
    if package.vcs is not None:
        return sources.VCS, "", sources.without_login(package.vcs.url or package.vcs.path or "")
    if package.directory is not None:
        return sources.PATH, "", package.directory.path
    if package.archive is not None:
        kind = sources.URL if package.archive.url else sources.PATH
        return kind, "", sources.without_login(package.archive.url or package.archive.path or "")
    index = package.index or ""
    foreign = foreign_file([file.url or file.path or "" for file in _files(package)])
    if foreign is None and (not index or sources.is_public_index(index)):
        return sources.INDEX, "", ""
    return sources.PRIVATE, sources.without_login(index), foreign or ""
