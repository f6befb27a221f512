"""``uv.lock``: every package of a uv workspace, for all platforms, with the graph.

Source: the files that uv writes (lock version 1); the format is uv's own.
"""

import posixpath
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from govsec_ci.manifests import sources
from govsec_ci.manifests.base import LIMIT_BYTES, MAIN, Declared, Manifest
from govsec_ci.manifests.locks import (
    Contents,
    LockFile,
    LockText,
    distributions,
    entries,
    foreign_file,
    hashes,
    named,
    read_lock,
)
from govsec_ci.manifests.text import UnreadableError
from govsec_ci.model import Component, Notification

FILE_NAME = "uv.lock"
_MOST_FOLLOWED = 2_000_000
"""Packages, each counted for every group of every member that leads to it: seconds, and far more than projects have."""


class UvLock:
    """uv's lock."""

    name = FILE_NAME
    endings = (FILE_NAME,)

    def matches(self, path: str) -> bool:
        """Any ``uv.lock``."""
        return posixpath.basename(path) == FILE_NAME

    def read(self, root: Path, path: str, *, limit_bytes: int = LIMIT_BYTES) -> Manifest:
        """Every package but the workspace's own members."""
        return read_lock(self.name, LockFile(root, path, limit_bytes), _contents)


class _Source(Struct, frozen=True):
    registry: str | None = None
    git: str | None = None
    url: str | None = None
    path: str | None = None
    directory: str | None = None
    editable: str | None = None
    virtual: str | None = None


class _File(Struct, frozen=True):
    url: str = ""
    hash: str = ""


class _Dependency(Struct, frozen=True):
    name: str
    extra: tuple[str, ...] = ()


class _Stated(Struct, frozen=True):
    """A requirement of a member, as its ``pyproject.toml`` had it when the lock was made."""

    name: str
    specifier: str = ""
    git: str | None = None
    url: str | None = None
    path: str | None = None
    directory: str | None = None
    editable: str | bool | None = None
    virtual: str | None = None


class _Metadata(Struct, frozen=True, rename="kebab"):
    requires_dist: tuple[_Stated, ...] = ()
    requires_dev: dict[str, tuple[_Stated, ...]] = {}


class _Package(Struct, frozen=True, rename="kebab"):
    name: str
    source: _Source
    version: str | None = None
    dependencies: tuple[_Dependency, ...] = ()
    optional_dependencies: dict[str, tuple[_Dependency, ...]] = {}
    dev_dependencies: dict[str, tuple[_Dependency, ...]] = {}
    sdist: _File | None = None
    wheels: tuple[_File, ...] = ()
    resolution_markers: tuple[str, ...] = ()
    metadata: _Metadata = _Metadata()


class _Workspace(Struct, frozen=True, rename="kebab"):
    members: tuple[str, ...] = ()
    requirements: tuple[_Dependency, ...] = ()
    dependency_groups: dict[str, tuple[_Dependency, ...]] = {}


_Starts = dict[str, tuple[_Dependency, ...]]
"""Group → what the project itself asks for in it."""


def _contents(lock: LockText) -> Contents:
    if lock.data.get("version") != 1:
        raise UnreadableError(
            f"has lock version {lock.data.get('version')}, and only version 1 is known",
            next_step="export it with uv export --format requirements-txt, or update govsec-ci",
        )
    read = list(entries(lock, "package", _Package))
    packages = [(line, package) for line, package in read if isinstance(package, _Package)]
    members = _members(lock, [package for _, package in packages])
    own = {id(member) for member in members}
    starts = [*_rootless(lock.data), *(_starts(member) for member in members)]
    groups = _groups(starts, {named(package.name): package for _, package in packages})
    direct = {named(one.name) for start in starts for group in start.values() for one in group}
    return Contents(
        components=tuple(
            _component(lock, line, package, groups, direct) for line, package in packages if id(package) not in own
        ),
        notifications=tuple(note for _, note in read if isinstance(note, Notification)),
        members={named(member.name): _folder(lock, member) for member in members},
        stated={_folder(lock, member): _stated(member.metadata) for member in members},
    )


def _folder(lock: LockText, member: _Package) -> str:
    """A member's folder, relative to the tree."""
    inner = member.source.editable or member.source.virtual or "."
    return posixpath.normpath(posixpath.join(posixpath.dirname(lock.path), inner))


def _stated(metadata: _Metadata) -> tuple[Declared, ...]:
    groups = (one for group in metadata.requires_dev.values() for one in group)
    return tuple(
        Declared(name=named(one.name), line=1, specifier=one.specifier, url=_elsewhere(one))
        for one in (*metadata.requires_dist, *groups)
    )


def _elsewhere(one: _Stated) -> str:
    """Where a requirement comes from, when not from an index."""
    places = (one.git, one.url, one.path, one.directory, one.editable, one.virtual)
    return next((str(place) for place in places if place), "")


def _members(lock: LockText, packages: list[_Package]) -> list[_Package]:
    """The workspace's own projects: those that the manifest table lists, or the one at the lock's own folder.

    None of them lies outside of the tree: nobody would look at it.
    """
    table = lock.data.get("manifest", {})
    names = table.get("members", []) if isinstance(table, dict) else []
    listed = {named(str(name)) for name in names} if isinstance(names, list) else set()
    own = [package for package in packages if _is_local(package.source) and _is_member(package, listed)]
    return [package for package in own if not _folder(lock, package).startswith(("..", "/"))]


def _is_local(source: _Source) -> bool:
    return source.editable is not None or source.virtual is not None


def _is_member(package: _Package, listed: set[str]) -> bool:
    if listed:
        return named(package.name) in listed
    return "." in (package.source.editable, package.source.virtual)


def _all(package: _Package) -> Iterable[_Dependency]:
    extras = (one for group in package.optional_dependencies.values() for one in group)
    groups = (one for group in package.dev_dependencies.values() for one in group)
    return (*package.dependencies, *extras, *groups)


def _starts(member: _Package) -> _Starts:
    return {MAIN: member.dependencies, **member.optional_dependencies, **member.dev_dependencies}


def _rootless(data: dict[str, Any]) -> Iterator[_Starts]:
    """What a workspace without a project of its own asks for, which stands in the manifest table."""
    try:
        table = msgspec.convert(data.get("manifest", {}), _Workspace)
    except msgspec.ValidationError as error:
        raise UnreadableError(f"has no valid manifest table: {error}", next_step="uv lock") from error
    yield {MAIN: table.requirements, **table.dependency_groups}


def _groups(starts: Iterable[_Starts], packages: dict[str, _Package]) -> dict[str, set[str]]:
    """Which groups of the members lead to each package, however far."""
    found: dict[str, set[str]] = {}
    followed = 0
    for start in starts:
        for group, dependencies in start.items():
            reached = _reached(dependencies, packages)
            followed += len(reached)
            if followed > _MOST_FOLLOWED:
                raise UnreadableError("has more groups and packages than can be followed", next_step="uv lock")
            for name in reached:
                found.setdefault(name, set()).add(named(group))
    return found


def _reached(dependencies: Iterable[_Dependency], packages: dict[str, _Package]) -> set[str]:
    waiting = [(named(one.name), extra) for one in dependencies for extra in ("", *one.extra)]
    seen: set[tuple[str, str]] = set()
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        package = packages.get(name)
        if package is not None:
            further = package.optional_dependencies.get(extra, ()) if extra else package.dependencies
            waiting.extend((named(one.name), inner) for one in further for inner in ("", *one.extra))
    return {name for name, _ in seen}


def _component(
    lock: LockText, line: int, package: _Package, groups: dict[str, set[str]], direct: set[str]
) -> Component:
    name = named(package.name)
    source, index, url = _origin(package)
    return Component(
        name=name,
        version=package.version,
        location=lock.place(line),
        hashes=hashes(file.hash for file in _files(package)),
        source=source,
        index=index,
        url=url,
        marker=" or ".join(f"({marker})" for marker in package.resolution_markers),
        direct=name in direct,
        depends_on=tuple(sorted({named(one.name) for one in _all(package)})),
        groups=tuple(sorted(groups.get(name, ()))),
        files=distributions((file.url, [file.hash]) for file in _files(package)),
    )


def _files(package: _Package) -> tuple[_File, ...]:
    return (*([package.sdist] if package.sdist else []), *package.wheels)


def _origin(package: _Package) -> tuple[str, str, str]:
    """Source kind, index and URL."""
    source = package.source
    if source.registry is not None:
        foreign = foreign_file([file.url for file in _files(package)])
        if sources.is_public_index(source.registry) and foreign is None:
            return sources.INDEX, "", ""
        return sources.PRIVATE, sources.without_login(source.registry), foreign or ""
    if source.git is not None:
        return sources.VCS, "", sources.without_login(source.git)
    if source.url is not None:
        return sources.URL, "", sources.without_login(source.url)
    return sources.PATH, "", source.path or source.directory or source.editable or source.virtual or ""
