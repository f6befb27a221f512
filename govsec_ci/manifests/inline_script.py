"""Metadata within a single-file script (``# /// script``): what it needs, for whoever runs it alone.

Source: PyPA specification "Inline script metadata" (PEP 723); ``[tool.uv]`` as uv's documentation on scripts has it.
"""

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace
from packaging.utils import canonicalize_name

from govsec_ci.manifests import sources
from govsec_ci.manifests.base import LIMIT_BYTES, Declaration, Declared, Manifest
from govsec_ci.manifests.declared import from_pep508, unlocked, unreadable
from govsec_ci.manifests.notices import notice, shown
from govsec_ci.manifests.text import Lines, UnreadableError, parse_toml, read_utf8
from govsec_ci.model import Level, Notification

GROUP = "script"
"""The group of what only a script needs: the project runs without it."""
_SIGN = b"# /// script"
_HEADER = re.compile(rb"(?:^|[\r\n]|\A\xef\xbb\xbf)# /// script(?=[\r\n]|\Z)")
_END = "# ///"
_LOCK_SCRIPT = (
    "write its exact version (NAME==VERSION), or lock the script (uv lock --script FILE), or say in govsec.toml "
    "[[declared]] how it is audited"
)
_ONE_BLOCK = 'keep one block "# /// script" that ends with "# ///", or declare the file out of scope in govsec.toml'
_CORRECT = "correct the entry; the specification of inline script metadata at packaging.python.org shows the form"


class InlineScript:
    """A script that declares its own dependencies."""

    name = "inline-script"
    endings = ()
    locks: tuple[str, ...] = ("script.lock",)

    def matches(self, path: str) -> bool:
        """None: of a script's name nothing follows."""
        del path
        return False

    def may_hold(self, path: str) -> bool:
        """Python by its suffix, or without any: ``tool`` that begins ``#!/usr/bin/env -S uv run --script``."""
        return path.endswith((".py", ".pyw")) or "." not in posixpath.basename(path)

    def holds(self, data: bytes) -> bool:
        """Whether a block of metadata begins in it."""
        return _SIGN in data and _HEADER.search(data) is not None

    def read(self, root: Path, path: str, *, limit_bytes: int = LIMIT_BYTES) -> Manifest:
        """The declaration on its own: exact versions are pins, everything else counts as not locked."""
        return unlocked(self.declaration(root, path, limit_bytes=limit_bytes))

    def declaration(self, root: Path, path: str, *, limit_bytes: int = LIMIT_BYTES) -> Declaration:
        """Read the one block ``script``. A second one is an error, as the specification asks; one without end too."""
        try:
            text = read_utf8(root, path, limit_bytes=limit_bytes)
            found = _one_block(text)
            if found is None:
                return Declaration(path=path, format=self.name, silent="declares no dependencies", aside=True)
            return _Reader(path, found, parse_toml(found)).declaration()
        except UnreadableError as error:
            return unreadable(self.name, path, error)


class Block(Struct, frozen=True):
    """The block of one run of comment lines: its header's line (1-based), and the lines of its TOML; None: no end."""

    line: int
    toml: tuple[str, ...] | None


def blocks(text: str) -> list[Block]:
    """Every block ``script``, as the specification's regular expression finds them, in time linear in the text.

    That expression takes lines of comment up to the last ``# ///`` before another line; so does this. It begins at the
    first header of whatever type there; uv at the first ``script``, and so does this.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    found: list[Block] = []
    number = 0
    while number < len(lines):
        if lines[number] != _SIGN.decode():
            number += 1
            continue
        after = number + 1
        while after < len(lines) and (lines[after] == "#" or lines[after].startswith("# ")):
            after += 1
        last = next((place for place in range(after - 1, number, -1) if lines[place] == _END), None)
        inner = None if last is None else tuple(line[2:] for line in lines[number + 1 : last])
        found.append(Block(number + 1, inner))
        number = after
    return found


def _one_block(text: str) -> str | None:
    """The block's TOML below as many empty lines as stand before it in the file, so that every line is the file's."""
    found = blocks(text)
    if not found:
        return None
    if found[0].toml is None:
        raise UnreadableError("begins script metadata that has no end", line=found[0].line, next_step=_ONE_BLOCK)
    if len(found) > 1:
        raise UnreadableError("holds script metadata more than once", line=found[1].line, next_step=_ONE_BLOCK)
    return "\n" * found[0].line + "\n".join(found[0].toml)


class _Reader:
    """The parsed metadata of one script."""

    def __init__(self, path: str, text: str, data: dict[str, Any]) -> None:
        self.path = path
        self.lines = Lines(text)
        self.data = data
        self.notifications: list[Notification] = []
        self.uv = self._table(self._table(data, "tool"), "uv")

    def declaration(self) -> Declaration:
        requirements = tuple(self._requirements())
        python = self.data.get("requires-python", "")
        return Declaration(
            path=self.path,
            format=InlineScript.name,
            requirements=requirements,
            requires_python=python if isinstance(python, str) else "",
            lock=f"{self.path}.lock",
            index=self._index(),
            pins=True,
            next_step=_LOCK_SCRIPT,
            aside=True,
            notifications=tuple(self.notifications),
        )

    def _requirements(self) -> Iterator[Declared]:
        entries = self.data.get("dependencies", [])
        start = self.lines.key("dependencies")
        if not isinstance(entries, list):
            self._malformed(start, "dependencies is no list of requirements")
            return
        for entry in entries:
            line = self.lines.string(entry, start) if isinstance(entry, str) else start
            found = from_pep508(entry, line=line, group=GROUP) if isinstance(entry, str) else None
            if found is None:
                self._malformed(line, f"'{shown(str(entry))}' in dependencies is not a requirement (PEP 508)")
            else:
                yield self._sourced(found)

    def _sourced(self, one: Declared) -> Declared:
        """Where uv is told to take it from, if not from an index."""
        named = {str(canonicalize_name(name)): value for name, value in self._table(self.uv, "sources").items()}
        value = named.get(one.name, {})
        tables = value if isinstance(value, list) else [value]
        links = [
            f"{prefix}{table[key]}"
            for table in tables
            if isinstance(table, dict)
            for key, prefix in _PLACES.items()
            if key in table
        ]
        return one if one.url or not links else replace(one, url=links[0])

    def _index(self) -> str:
        """An index other than the public one: of no component is known then that it comes from there."""
        value = self.uv.get("index", [])
        tables = value if isinstance(value, list) else [value]
        named = [table.get("url", "") if isinstance(table, dict) else table for table in tables]
        others = [self.uv[key] for key in _INDEXES if key in self.uv]
        urls = [str(url) for one in (*named, *others) for url in (one if isinstance(one, list) else [one])]
        private = next((url for url in urls if not sources.is_public_index(url)), "")
        if private:
            url = shown(sources.without_login(private))
            text = f"takes packages from {url}, not the public index: no component of this file is known to be public"
            self._say("index-not-public", self.lines.key("dependencies"), text, Level.WARNING)
        return sources.without_login(private)

    def _table(self, table: dict[str, Any], key: str) -> dict[str, Any]:
        value = table.get(key, {})
        if isinstance(value, dict):
            return value
        self._malformed(self.lines.key(key), f"'{shown(key)}' is no table")
        return {}

    def _malformed(self, line: int, text: str) -> None:
        self._say("requirement-malformed", line, text)

    def _say(self, identifier: str, line: int, text: str, level: Level = Level.ERROR) -> None:
        self.notifications.append(
            notice(
                identifier,
                text,
                path=self.path,
                line=line,
                level=level,
                next_step=_CORRECT if level is Level.ERROR else "",
            )
        )


_PLACES = {"git": "git+", "url": "", "path": "", "workspace": "./"}
_INDEXES = ("index-url", "extra-index-url", "find-links")
