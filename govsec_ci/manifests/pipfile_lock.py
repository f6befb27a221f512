"""``Pipfile.lock``: Pipenv's pinned packages of every category.

Source: the files that Pipenv writes (pipfile-spec 6).
"""

import bisect
import json
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from govsec_ci.manifests import sources
from govsec_ci.manifests.base import LIMIT_BYTES, MAIN, Manifest
from govsec_ci.manifests.locks import Contents, LockFile, LockText, converted, hashes, merged, named, read_lock
from govsec_ci.manifests.notices import shown
from govsec_ci.manifests.pins import exact_version
from govsec_ci.manifests.text import UnreadableError, parse_json
from govsec_ci.model import Component, Location, Notification

FILE_NAME = "Pipfile.lock"
_ANEW = "write it anew with pipenv lock"
_SPEC = 6
# Each string as a whole, so that no text within one is taken for a key.
_STRING = re.compile(r'("(?:\\.|[^"\\])*")(\s*:\s*\{)?')
_CATEGORIES = {"default": MAIN, "develop": "dev"}


class PipfileLock:
    """Pipenv's lock."""

    name = FILE_NAME
    endings = (FILE_NAME.lower(),)

    def matches(self, path: str) -> bool:
        """Any ``Pipfile.lock``."""
        return posixpath.basename(path) == FILE_NAME

    def read(self, root: Path, path: str, *, limit_bytes: int = LIMIT_BYTES) -> Manifest:
        """Every package of every category."""
        return read_lock(self.name, LockFile(root, path, limit_bytes), _contents, parse=_parse)


def _parse(text: str) -> dict[str, Any]:
    data = parse_json(text)
    if not isinstance(data, dict):
        raise UnreadableError("is no Pipfile.lock", next_step=_ANEW)
    return data


class _Package(Struct, frozen=True):
    version: str = ""
    hashes: tuple[str, ...] = ()
    index: str = ""
    markers: str = ""
    extras: tuple[str, ...] = ()
    git: str | None = None
    hg: str | None = None
    svn: str | None = None
    bzr: str | None = None
    file: str | None = None
    path: str | None = None


def _contents(lock: LockText) -> Contents:
    indexes = _indexes(lock.data)
    components, notifications = [], []
    for entry in _entries(lock):
        package = converted(lock.path, entry.line, entry.table, _Package)
        if isinstance(package, Notification):
            notifications.append(package)
        else:
            components.append(_component(lock.place(entry.line), entry, package, indexes))
    return Contents(components=tuple(merged(components)), notifications=tuple(notifications))


def _indexes(data: dict[str, Any]) -> dict[str, str]:
    """Index name → URL, in the file's order: a package without one comes from the first."""
    meta = data.get("_meta")
    if not isinstance(meta, dict) or meta.get("pipfile-spec") != _SPEC:
        raise UnreadableError("is no Pipfile.lock of pipfile-spec 6", next_step=_ANEW)
    listed = meta.get("sources", [])
    tables = [table for table in listed if isinstance(table, dict)] if isinstance(listed, list) else []
    return {str(table.get("name", "")): str(table.get("url", "")) for table in tables}


def _key_lines(text: str) -> dict[str, list[int]]:
    """Each key of an object → its lines, found in one pass."""
    found: dict[str, list[int]] = {}
    line, position = 1, 0
    for string in _STRING.finditer(text):
        if string[2]:
            line += text.count("\n", position, string.start())
            position = string.start()
            found.setdefault(json.loads(string[1]), []).append(line)
    return found


class _Entry(Struct, frozen=True):
    """One package as it stands in the file."""

    category: str
    name: str
    line: int
    table: Any


def _entries(lock: LockText) -> Iterator[_Entry]:
    """Each package, in the file's order."""
    lines = _key_lines(lock.text)
    line = 1
    for category, packages in lock.data.items():
        if category == "_meta":
            continue
        if not isinstance(packages, dict):
            raise UnreadableError(f"'{shown(category)}' is no table", next_step=_ANEW)
        for key, table in ((category, None), *packages.items()):
            known = lines.get(key, [])
            place = bisect.bisect_left(known, line)
            line = known[place] if place < len(known) else line
            if table is not None:
                yield _Entry(category, key, line, table)


def _component(place: Location, entry: _Entry, package: _Package, indexes: dict[str, str]) -> Component:
    source, index, url = _origin(package, indexes)
    return Component(
        name=named(entry.name),
        version=_version(package.version),
        location=place,
        hashes=hashes(package.hashes),
        source=source,
        index=index,
        url=url,
        marker=package.markers,
        extras=tuple(sorted(package.extras)),
        groups=(_CATEGORIES.get(entry.category, entry.category),),
    )


def _version(specifier: str) -> str | None:
    try:
        return exact_version(SpecifierSet(specifier))
    except InvalidSpecifier:
        return None


def _origin(package: _Package, indexes: dict[str, str]) -> tuple[str, str, str]:
    """Source kind, index and URL."""
    vcs = package.git or package.hg or package.svn or package.bzr
    if vcs is not None:
        return sources.VCS, "", sources.without_login(vcs)
    link = package.file or package.path
    if link is not None:
        return sources.kind_of_link(link), "", sources.without_login(link)
    default = next(iter(indexes.values()), "https://pypi.org/simple")
    index = indexes.get(package.index, "") if package.index else default
    if sources.is_public_index(index):
        return sources.INDEX, "", ""
    return sources.PRIVATE, sources.without_login(index) or package.index, ""
