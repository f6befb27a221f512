"""``pdm.lock`` (lock versions 4.x): packages with groups, markers, hashes and the graph.

Source: the files that PDM writes; the format is PDM's own. It does not record the index, so the sources that the
project's ``pyproject.toml`` sets decide whether a package can be said to be public.
"""

import os
import posixpath
import re
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace
from packaging.requirements import InvalidRequirement

from govsec_ci.manifests import sources
from govsec_ci.manifests.base import LIMIT_BYTES, MAIN, Manifest
from govsec_ci.manifests.locks import (
    Contents,
    LockFile,
    LockText,
    distributions,
    entries,
    foreign_file,
    hashes,
    merged,
    named,
    read_lock,
)
from govsec_ci.manifests.pins import requirement
from govsec_ci.manifests.text import UnreadableError, parse_toml, read_utf8
from govsec_ci.model import Component, Notification

FILE_NAME = "pdm.lock"
_NAMED = re.compile(r"pdm\..+\.lock")


class PdmLock:
    """PDM's lock."""

    name = FILE_NAME
    endings = (FILE_NAME,)

    def matches(self, path: str) -> bool:
        """Any ``pdm.lock``."""
        return posixpath.basename(path) == FILE_NAME

    def read(self, root: Path, path: str, *, limit_bytes: int = LIMIT_BYTES) -> Manifest:
        """Every package of every locked group."""
        return read_lock(self.name, LockFile(root, path, limit_bytes), _contents)


class NamedPdmLock(PdmLock):
    """A further lock of the same project (``pdm lock -L NAME``): it need not hold everything, so it locks nothing."""

    name = "pdm-named.lock"
    endings = (".lock",)

    def matches(self, path: str) -> bool:
        """``pdm.dev.lock``."""
        return path.endswith(".lock") and _NAMED.fullmatch(posixpath.basename(path)) is not None


class _File(Struct, frozen=True):
    hash: str = ""
    url: str = ""


class _Package(Struct, frozen=True):
    name: str
    version: str = ""
    groups: tuple[str, ...] = ()
    marker: str = ""
    extras: tuple[str, ...] = ()
    dependencies: tuple[str, ...] = ()
    files: tuple[_File, ...] = ()
    git: str | None = None
    hg: str | None = None
    svn: str | None = None
    bzr: str | None = None
    url: str | None = None
    path: str | None = None


def _contents(lock: LockText) -> Contents:
    metadata = lock.data.get("metadata")
    version = metadata.get("lock_version") if isinstance(metadata, dict) else None
    if not isinstance(version, str) or not version.startswith("4."):
        raise UnreadableError(
            f"has lock version {version}, and only 4.x is known",
            next_step="write it anew with pdm lock, or update govsec-ci",
        )
    read = list(entries(lock, "package", _Package))
    private = _private_index(lock)
    names = {named(package.name) for _, package in read if isinstance(package, _Package)}
    components = [_component(lock, line, package, private) for line, package in read if isinstance(package, _Package)]
    return Contents(
        # PDM writes ``name`` and ``name[extra]`` as two packages; and it keeps requirements that no environment needs.
        components=tuple(
            replace(one, depends_on=tuple(name for name in one.depends_on or () if name in names and name != one.name))
            for one in merged(components)
        ),
        notifications=tuple(note for _, note in read if isinstance(note, Notification)),
    )


def _component(lock: LockText, line: int, package: _Package, private: str | None) -> Component:
    source, index, url = _origin(package, private)
    name = named(package.name)
    return Component(
        name=name,
        version=package.version or None,
        location=lock.place(line),
        hashes=hashes(file.hash for file in package.files),
        source=source,
        index=index,
        url=url,
        marker=package.marker,
        extras=tuple(sorted(package.extras)),
        depends_on=tuple(sorted({_name(text) for text in package.dependencies} - {""})),
        groups=tuple(sorted(MAIN if group == "default" else named(group) for group in package.groups)),
        files=distributions((file.url, [file.hash]) for file in package.files),
    )


def _name(text: str) -> str:
    try:
        return named(requirement(text.removeprefix("-e ")).name)
    except InvalidRequirement:
        return ""


def _origin(package: _Package, private: str | None) -> tuple[str, str, str]:
    """Source kind, index and URL."""
    vcs = package.git or package.hg or package.svn or package.bzr
    if vcs is not None:
        return sources.VCS, "", sources.without_login(vcs)
    if package.path is not None:
        return sources.PATH, "", package.path
    if package.url is not None:
        return sources.URL, "", sources.without_login(package.url)
    foreign = foreign_file([file.url for file in package.files])
    stated = bool(package.files) and all(file.url for file in package.files)
    if foreign is not None or (private is not None and not stated):
        return sources.PRIVATE, private or "", foreign or ""
    return sources.INDEX, "", ""


def _private_index(lock: LockText) -> str | None:
    """URL of the first package source in the project's settings that is not the public index."""
    try:
        pdm = _table(_table(_beside(lock, "pyproject.toml"), "tool"), "pdm")
        own = _table(_beside(lock, "pdm.toml"), "pypi")  # [pypi], and [pypi.NAME] for each further index
        listed = [*_sources(pdm.get("source")), *_sources([own, *own.values()])]
    except UnreadableError:
        return "(the settings of pdm cannot be read)"
    return next((sources.without_login(url) for url in listed if not sources.is_public_index(url)), None)


def _beside(lock: LockText, name: str) -> dict[str, Any]:
    path = posixpath.join(posixpath.dirname(lock.path), name)
    if not os.path.lexists(lock.file.root / path):
        return {}
    if not sources.is_inside(lock.file.root, path):
        raise UnreadableError("a link that leads out of the tree")
    return parse_toml(read_utf8(lock.file.root, path, limit_bytes=lock.file.limit_bytes))


def _table(table: dict[str, Any], key: str) -> dict[str, Any]:
    value = table.get(key)
    return value if isinstance(value, dict) else {}


def _sources(listed: Any) -> list[str]:
    """URLs of source tables; one without a URL keeps the public index (it only names or orders it)."""
    tables = [table for table in listed if isinstance(table, dict)] if isinstance(listed, list) else []
    return [str(table["url"]) for table in tables if "url" in table]
