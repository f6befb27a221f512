"""``poetry.lock`` (lock versions 1.x and 2.x): packages with groups, markers, hashes and the graph.

Source: the files that Poetry writes; the format is Poetry's own.
"""

import posixpath
from pathlib import Path
from typing import Any

from msgspec import Struct

from govsec_ci.manifests import sources
from govsec_ci.manifests.base import LIMIT_BYTES, Manifest
from govsec_ci.manifests.locks import Contents, LockFile, LockText, entries, hashes, named, read_lock
from govsec_ci.manifests.text import UnreadableError
from govsec_ci.model import Component, Notification

FILE_NAME = "poetry.lock"
_KNOWN = ("1.", "2.")


class PoetryLock:
    """Poetry's lock."""

    name = FILE_NAME
    endings = (FILE_NAME,)

    def matches(self, path: str) -> bool:
        """Any ``poetry.lock``."""
        return posixpath.basename(path) == FILE_NAME

    def read(self, root: Path, path: str, *, limit_bytes: int = LIMIT_BYTES) -> Manifest:
        """Every package of every group."""
        return read_lock(self.name, LockFile(root, path, limit_bytes), _contents)


class _Source(Struct, frozen=True):
    type: str = ""
    url: str = ""


class _File(Struct, frozen=True):
    hash: str = ""


class _Package(Struct, frozen=True):
    name: str
    version: str
    groups: tuple[str, ...] | None = None
    category: str = ""
    markers: str | dict[str, str] = ""
    files: tuple[_File, ...] = ()
    dependencies: dict[str, Any] = {}
    source: _Source | None = None


def _contents(lock: LockText) -> Contents:
    metadata = lock.data.get("metadata")
    version = metadata.get("lock-version", "1.0") if isinstance(metadata, dict) else None
    if not isinstance(version, str) or not version.startswith(_KNOWN):
        raise UnreadableError(
            f"has lock version {version}, and only 1.x and 2.x are known",
            next_step="write it anew with poetry lock, or update govsec-ci",
        )
    read = list(entries(lock, "package", _Package))
    packages = [(line, package) for line, package in read if isinstance(package, _Package)]
    names = {named(package.name) for _, package in packages}
    return Contents(
        components=tuple(_component(lock, line, package, names) for line, package in packages),
        notifications=tuple(note for _, note in read if isinstance(note, Notification)),
    )


def _component(lock: LockText, line: int, package: _Package, names: set[str]) -> Component:
    source, index, url = _origin(package.source)
    needed = {named(name) for name in package.dependencies}
    return Component(
        name=named(package.name),
        version=package.version,
        location=lock.place(line),
        hashes=hashes(file.hash for file in (*package.files, *_old_files(lock.data, package.name))),
        source=source,
        index=index,
        url=url,
        marker=_marker(package.markers),
        # Poetry names optional dependencies too; what is not in the lock is not installed.
        depends_on=tuple(sorted(needed & names)),
        groups=tuple(sorted(package.groups if package.groups is not None else filter(None, [package.category]))),
    )


def _old_files(data: dict[str, Any], name: str) -> tuple[_File, ...]:
    """Lock versions below 2.0 keep the files of all packages in one table."""
    files = data["metadata"].get("files")
    listed = files.get(name, []) if isinstance(files, dict) else []
    return tuple(_File(hash=str(file["hash"])) for file in listed if isinstance(file, dict) and "hash" in file)


def _marker(markers: str | dict[str, str]) -> str:
    """One marker; where groups have markers of their own, any of them."""
    if isinstance(markers, str):
        return markers
    return " or ".join(f"({marker})" for marker in sorted(set(markers.values())))


def _origin(source: _Source | None) -> tuple[str, str, str]:
    """Source kind, index and URL; ``legacy`` is Poetry's word for an index other than PyPI."""
    if source is None:
        return sources.INDEX, "", ""
    url = sources.without_login(source.url)
    if source.type == "git":
        return sources.VCS, "", url
    if source.type in ("file", "directory"):
        return sources.PATH, "", source.url
    if source.type == "url":
        return sources.URL, "", url
    public = source.type == "legacy" and sources.is_public_index(source.url)
    return (sources.INDEX, "", "") if public else (sources.PRIVATE, url, "")
