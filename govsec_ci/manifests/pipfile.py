"""``Pipfile``: what a Pipenv project declares that it needs.

Source: Pipenv's documentation, "Pipfile & Pipfile.lock".
"""

import posixpath
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name, is_normalized_name

from govsec_ci.manifests.base import LIMIT_BYTES, MAIN, Declaration, Declared, Manifest
from govsec_ci.manifests.declared import unlocked, unreadable
from govsec_ci.manifests.notices import notice, shown
from govsec_ci.manifests.text import Lines, UnreadableError, parse_toml, read_utf8
from govsec_ci.model import Notification

FILE_NAME = "Pipfile"
_GROUPS = {"packages": MAIN, "dev-packages": "dev"}
_SETTINGS = frozenset({"source", "requires", "scripts", "pipenv", "pipfile"})


class Pipfile:
    """Pipenv's declaration."""

    name = FILE_NAME
    endings = (FILE_NAME.lower(),)
    locks = ("Pipfile.lock",)

    def matches(self, path: str) -> bool:
        """Any ``Pipfile``."""
        return posixpath.basename(path) == FILE_NAME

    def read(self, root: Path, path: str, *, limit_bytes: int = LIMIT_BYTES) -> Manifest:
        """The declaration on its own: everything it names counts as not locked."""
        return unlocked(self.declaration(root, path, limit_bytes=limit_bytes))

    def declaration(self, root: Path, path: str, *, limit_bytes: int = LIMIT_BYTES) -> Declaration:
        """Read every table of packages."""
        try:
            text = read_utf8(root, path, limit_bytes=limit_bytes)
            found = list(_entries(path, text, parse_toml(text)))
        except UnreadableError as error:
            return unreadable(self.name, path, error)
        return Declaration(
            path=path,
            format=self.name,
            requirements=tuple(one for one in found if isinstance(one, Declared)),
            notifications=tuple(one for one in found if isinstance(one, Notification)),
        )


def _entries(path: str, text: str, data: dict[str, Any]) -> Iterator[Declared | Notification]:
    lines = Lines(text)
    for table, packages in data.items():
        if table in _SETTINGS:
            continue
        start = lines.header(table)
        if not isinstance(packages, dict):
            text = f"'{shown(table)}' is no table"
            yield notice("requirement-malformed", text, path=path, line=start, next_step="correct the entry")
            continue
        for name, wanted in packages.items():
            line = lines.key(name, start)
            yield _entry(path, line, name, wanted, _GROUPS.get(table, table))


def _entry(path: str, line: int, name: str, wanted: Any, group: str) -> Declared | Notification:
    table = wanted if isinstance(wanted, dict) else {"version": wanted}
    if not is_normalized_name(canonicalize_name(name)):
        text = f"'{shown(name)}' is no name of a package"
        return notice("requirement-malformed", text, path=path, line=line, next_step="correct the name")
    version = table.get("version", "*")
    try:
        # A list would be taken for specifiers that are there already.
        specifier = str(SpecifierSet("" if version == "*" else version.strip()))
    except (ValueError, AttributeError, TypeError):
        text = f"'{shown(str(version))}' is no version specifier of {shown(name)}"
        return notice("requirement-malformed", text, path=path, line=line, next_step='write "*" or "==VERSION"')
    links = [table[key] for key in ("git", "hg", "svn", "bzr", "path", "file") if key in table]
    return Declared(
        name=canonicalize_name(name),
        line=line,
        specifier=specifier,
        marker=table["markers"] if isinstance(table.get("markers"), str) else "",
        group=group,
        url=str(links[0]) if links else "",
    )
