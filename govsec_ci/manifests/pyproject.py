"""``pyproject.toml``: what a project declares that it needs (standard tables, Poetry, PDM, uv, setuptools)."""

import posixpath
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name, is_normalized_name

from govsec_ci.manifests import sources
from govsec_ci.manifests.base import BUILD, LIMIT_BYTES, MAIN, Declaration, Declared, Manifest
from govsec_ci.manifests.caret import specifier_of
from govsec_ci.manifests.conda_packages import not_audited
from govsec_ci.manifests.declared import from_pep508, unlocked, unreadable
from govsec_ci.manifests.notices import notice, shown
from govsec_ci.manifests.text import Lines, UnreadableError, parse_toml, read_utf8
from govsec_ci.model import Notification

FILE_NAME = "pyproject.toml"
_PIXI = ("dependencies", "host-dependencies", "build-dependencies", "run-dependencies", "pypi-dependencies")


class Pyproject:
    """A project's own declaration, standardised in PEP 621 and PEP 735."""

    name = FILE_NAME
    endings = (FILE_NAME,)
    locks = ("uv.lock", "poetry.lock", "pdm.lock", "pylock")

    def matches(self, path: str) -> bool:
        """Any ``pyproject.toml``."""
        return posixpath.basename(path) == FILE_NAME

    def read(self, root: Path, path: str, *, limit_bytes: int = LIMIT_BYTES) -> Manifest:
        """The declaration on its own: everything it names counts as not locked."""
        return unlocked(self.declaration(root, path, limit_bytes=limit_bytes))

    def declaration(self, root: Path, path: str, *, limit_bytes: int = LIMIT_BYTES) -> Declaration:
        """Read every table that declares dependencies."""
        try:
            text = read_utf8(root, path, limit_bytes=limit_bytes)
            return _Reader(path, text, parse_toml(text)).declaration()
        except UnreadableError as error:
            return unreadable(self.name, path, error)


class _Reader:
    """One parsed ``pyproject.toml``."""

    def __init__(self, path: str, text: str, data: dict[str, Any]) -> None:
        self.path = path
        self.lines = Lines(text)
        self.data = data
        self.notifications: list[Notification] = []

    def declaration(self) -> Declaration:
        project = self._table(self.data, "project")
        poetry = self._table(self._table(self.data, "tool"), "poetry")
        requirements = (
            *self._standard(project),
            *self._groups(),
            *self._poetry(poetry, main="dependencies" not in project),
            *self._strings(self._flit().get("requires", []), MAIN, 1, "tool.flit.metadata.requires"),
        )
        files, computed = self._dynamic(project)
        self._pixi()
        return Declaration(
            path=self.path,
            format=FILE_NAME,
            requirements=requirements,
            requires_python=self._requires_python(project, poetry),
            files=files,
            computed=computed,
            main=bool("project" in self.data or poetry or self._flit()),
            silent="" if self._speaks() else "holds only the settings of tools",
            build=tuple(self._build()),
            own_name=canonicalize_name(_string(project.get("name")) or _string(poetry.get("name"))),
            notifications=tuple(self.notifications),
        )

    def _speaks(self) -> bool:
        """Whether any table declares a project or its dependencies."""
        tool = self._table(self.data, "tool")
        return bool(
            "project" in self.data
            or "dependency-groups" in self.data
            or self._flit()
            or self._table(tool, "poetry")
            or "dev-dependencies" in self._table(tool, "pdm")
            or "dev-dependencies" in self._table(tool, "uv")
        )

    def _flit(self) -> dict[str, Any]:
        return self._table(self._table(self._table(self.data, "tool"), "flit"), "metadata")

    def _standard(self, project: dict[str, Any]) -> Iterator[Declared]:
        header = self.lines.header("project")
        yield from self._strings(project.get("dependencies", []), MAIN, header, "project.dependencies")
        for extra, entries in self._table(project, "optional-dependencies").items():
            start = self.lines.key(extra, header)
            yield from self._strings(entries, str(canonicalize_name(extra)), start, f"optional-dependencies.{extra}")

    def _build(self) -> Iterator[Declared]:
        table = self._table(self.data, "build-system")
        yield from self._strings(
            table.get("requires", []), BUILD, self.lines.header("build-system"), "build-system.requires"
        )

    def _pixi(self) -> None:
        """What pixi's tables name: conda's packages, and such of PyPI's as only its lock has versions of."""
        pixi = self._table(self._table(self.data, "tool"), "pixi")
        tables = [pixi, self._table(pixi, "package"), *self._tables(pixi, "feature")]
        tables += [one for table in tables for one in self._tables(table, "target")]
        found = {name: None for one in tables for key in _PIXI for name in self._table(one, key)}
        notes = not_audited(self.path, [(self.lines.key(name), name) for name in found])
        self.notifications.extend(notes)

    def _groups(self) -> Iterator[Declared]:
        tool = self._table(self.data, "tool")
        tables = (
            ("dependency-groups", self._table(self.data, "dependency-groups")),
            ("tool.pdm.dev-dependencies", self._table(self._table(tool, "pdm"), "dev-dependencies")),
            ("tool.uv.dev-dependencies", {"dev": self._table(tool, "uv").get("dev-dependencies", [])}),
        )
        for header, groups in tables:
            line = self.lines.header(header)
            for group, entries in groups.items():
                start = self.lines.key(group, line)
                yield from self._strings(entries, str(canonicalize_name(group)), start, f"{header}.{group}")

    def _strings(self, entries: Any, group: str, start: int, where: str) -> Iterator[Declared]:
        if not isinstance(entries, list):
            self._malformed(start, f"{where} is no list of requirements")
            return
        for entry in entries:
            if isinstance(entry, dict) and set(entry) == {"include-group"}:
                continue  # Its members are read where they are declared.
            line = self.lines.string(entry, start) if isinstance(entry, str) else start
            found = self._requirement(entry, group, line, where)
            if found is not None:
                yield found

    def _requirement(self, entry: Any, group: str, line: int, where: str) -> Declared | None:
        text = entry if isinstance(entry, str) else ""
        if text.startswith("-e "):  # PDM keeps editable installs so
            link = text.removeprefix("-e ").strip()
            return Declared(name=sources.name_of_link(link)[0], line=line, group=group, url=link)
        found = from_pep508(text, line=line, group=group)
        if found is None:
            self._malformed(line, f"'{shown(str(entry))}' in {where} is not a requirement (PEP 508)")
        return found

    def _poetry(self, poetry: dict[str, Any], *, main: bool) -> Iterator[Declared]:
        if main:
            yield from self._poetry_table(poetry, "dependencies", "tool.poetry.dependencies", MAIN)
        yield from self._poetry_table(poetry, "dev-dependencies", "tool.poetry.dev-dependencies", "dev")
        groups = self._table(poetry, "group")
        for group in groups:
            header = f"tool.poetry.group.{group}.dependencies"
            table = self._table(groups, group)
            yield from self._poetry_table(table, "dependencies", header, str(canonicalize_name(group)))

    def _poetry_table(self, table: dict[str, Any], key: str, header: str, group: str) -> Iterator[Declared]:
        start = self.lines.header(header)
        for name, wanted in self._table(table, key).items():
            if name.lower() == "python":
                continue
            line = self.lines.key(name, start)
            if not is_normalized_name(canonicalize_name(name)):
                self._malformed(line, f"'{shown(name)}' is no name of a package")
                continue
            for one in wanted if isinstance(wanted, list) else [wanted]:
                yield self._poetry_entry(name, one, line, group)

    def _poetry_entry(self, name: str, wanted: Any, line: int, group: str) -> Declared:
        table = wanted if isinstance(wanted, dict) else {"version": wanted}
        url = next((str(table[key]) for key in ("git", "path", "url", "file") if key in table), "")
        specifier = specifier_of(_string(table.get("version")) or "*")
        if specifier is None:
            self._malformed(line, f"'{shown(str(table.get('version')))}' is no version constraint of {name}")
        return Declared(
            name=canonicalize_name(name),
            line=line,
            specifier=specifier or "",
            marker=_poetry_marker(table),
            group=group,
            url=url,
        )

    def _dynamic(self, project: dict[str, Any]) -> tuple[tuple[str, ...], str]:
        """Requirements files that setuptools reads, and why dependencies can only be known by building."""
        dynamic = project.get("dynamic", [])
        if not isinstance(dynamic, list):
            self._malformed(1, "'dynamic' is no list of fields")
            dynamic = []
        names = [name for name in ("dependencies", "optional-dependencies") if name in dynamic]
        table = self._table(self._table(self._table(self.data, "tool"), "setuptools"), "dynamic")
        files = [file for name in names for file in _files(table.get(name))]
        unread = [name for name in names if not _files(table.get(name))]
        poetry = self._table(self._table(self.data, "tool"), "poetry")
        if poetry.get("dependencies") is not None:
            unread = []
        folder = posixpath.dirname(self.path)
        computed = f"{' and '.join(unread)} is dynamic: computed when the project is built" if unread else ""
        return tuple(posixpath.normpath(posixpath.join(folder, file)) for file in files), computed

    def _requires_python(self, project: dict[str, Any], poetry: dict[str, Any]) -> str:
        stated = _string(project.get("requires-python"))
        python = self._table(poetry, "dependencies").get("python")
        return stated or (specifier_of(_string(python) or "*") or "")

    def _table(self, table: dict[str, Any], key: str) -> dict[str, Any]:
        value = table.get(key, {})
        if isinstance(value, dict):
            return value
        self._malformed(1, f"'{shown(key)}' is no table")
        return {}

    def _tables(self, table: dict[str, Any], key: str) -> list[dict[str, Any]]:
        inner = self._table(table, key)
        return [self._table(inner, name) for name in inner]

    def _malformed(self, line: int, text: str) -> None:
        step = "correct the entry; the packaging guide at packaging.python.org shows the form"
        self.notifications.append(notice("requirement-malformed", text, path=self.path, line=line, next_step=step))


def _poetry_marker(table: dict[str, Any]) -> str:
    """``markers`` and ``python`` of a Poetry dependency as one environment marker."""
    python = specifier_of(_string(table.get("python")) or "*") or ""
    parts = [f'python_full_version {one.operator} "{one.version}"' for one in SpecifierSet(python)]
    markers = _string(table.get("markers"))
    both = f"({markers})" if parts and " or " in markers else markers
    return " and ".join(filter(None, (*sorted(parts), both)))


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _files(value: Any) -> list[str]:
    """``{file = "x"}`` or ``{file = ["x", "y"]}``, also per extra."""
    if not isinstance(value, dict):
        return []
    if "file" not in value:
        return [file for inner in value.values() for file in _files(inner)]
    file = value["file"]
    return [part for part in (file if isinstance(file, list) else [file]) if isinstance(part, str)]
