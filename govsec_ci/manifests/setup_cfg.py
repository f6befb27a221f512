"""``setup.cfg``: the static declaration of older setuptools projects.

Source: setuptools' documentation, "Configuring setuptools using setup.cfg files".
"""

import configparser
import posixpath
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct
from packaging.utils import canonicalize_name

from govsec_ci.manifests.base import BUILD, LIMIT_BYTES, MAIN, Declaration, Declared, Manifest
from govsec_ci.manifests.declared import from_pep508, unlocked, unreadable
from govsec_ci.manifests.notices import notice, shown
from govsec_ci.manifests.text import UnreadableError, read_utf8
from govsec_ci.model import Notification

FILE_NAME = "setup.cfg"
_ONE_KEY = "write each section and each key once"


class SetupCfg:
    """setuptools' declarative file."""

    name = FILE_NAME
    endings = (FILE_NAME,)
    locks: tuple[str, ...] = ()

    def matches(self, path: str) -> bool:
        """Any ``setup.cfg``."""
        return posixpath.basename(path) == FILE_NAME

    def read(self, root: Path, path: str, *, limit_bytes: int = LIMIT_BYTES) -> Manifest:
        """The declaration on its own: everything it names counts as not locked."""
        return unlocked(self.declaration(root, path, limit_bytes=limit_bytes))

    def declaration(self, root: Path, path: str, *, limit_bytes: int = LIMIT_BYTES) -> Declaration:
        """Read ``[options] install_requires``, ``setup_requires``, and ``[options.extras_require]``."""
        try:
            text = read_utf8(root, path, limit_bytes=limit_bytes)
            return _declaration(path, text, _parse(text))
        except UnreadableError as error:
            return unreadable(self.name, path, error)


def _parse(text: str) -> configparser.RawConfigParser:
    """The sections, with their keys as written: the second of two would hide the first, which is an error."""
    parser = configparser.RawConfigParser()
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # as configparser's documentation has it
    try:
        parser.read_string(text)
    except (configparser.DuplicateOptionError, configparser.DuplicateSectionError) as error:
        name = error.option if isinstance(error, configparser.DuplicateOptionError) else f"[{error.section}]"
        raise UnreadableError(f"has {shown(name)} twice", line=error.lineno, next_step=_ONE_KEY) from error
    except configparser.Error as error:
        raise UnreadableError(
            f"is no configuration file: {shown(str(error))}", next_step="correct the syntax"
        ) from error
    return parser


def _setting(parser: configparser.RawConfigParser, section: str, name: str) -> str | None:
    """A setting of setuptools', which takes ``Install-Requires`` for ``install_requires``; None where there is none."""
    keys = parser.options(section) if parser.has_section(section) else []
    found = [key for key in keys if key.lower().replace("-", "_") == name]
    if len(found) > 1:
        raise UnreadableError(f"has {name} twice", next_step=_ONE_KEY)
    return parser.get(section, found[0]) if found else None


class _Value(Struct, frozen=True):
    """One setting that lists requirements."""

    group: str
    section: str
    text: str


def _values(parser: configparser.RawConfigParser) -> Iterator[_Value]:
    main = _setting(parser, "options", "install_requires")
    if main is not None:
        yield _Value(MAIN, "options", main)
    if parser.has_section("options.extras_require"):
        for extra, text in parser.items("options.extras_require"):
            yield _Value(str(canonicalize_name(extra)), "options.extras_require", text)


def _declaration(path: str, text: str, parser: configparser.RawConfigParser) -> Declaration:
    values = list(_values(parser))
    listed = [value for value in values if not _names_files(value)]
    found = [one for value in listed for one in _entries(path, text, value)]
    builds = _Value(BUILD, "options", _setting(parser, "options", "setup_requires") or "")
    building = list(_entries(path, text, builds))
    files = [file for value in values if _names_files(value) for file in _files(path, value)]
    return Declaration(
        path=path,
        format=FILE_NAME,
        requirements=tuple(one for one in found if isinstance(one, Declared)),
        requires_python=_setting(parser, "options", "python_requires") or "",
        files=tuple(files),
        own_name=str(canonicalize_name(_setting(parser, "metadata", "name") or "")),
        main=_setting(parser, "options", "install_requires") is not None,
        silent="" if values else "declares no dependencies",
        build=tuple(one for one in building if isinstance(one, Declared)),
        notifications=tuple(one for one in (*found, *building) if isinstance(one, Notification)),
    )


def _names_files(value: _Value) -> bool:
    return value.text.strip().startswith("file:")


def _files(path: str, value: _Value) -> list[str]:
    folder = posixpath.dirname(path)
    names = value.text.strip().removeprefix("file:").split(",")
    return [posixpath.normpath(posixpath.join(folder, name.strip())) for name in names]


def _entries(path: str, text: str, value: _Value) -> Iterator[Declared | Notification]:
    position = max(text.find(f"[{value.section}]"), 0)
    line = text.count("\n", 0, position) + 1
    # A setting on one line separates its requirements by semicolons, as setuptools reads it.
    parts = value.text.splitlines() if "\n" in value.text else value.text.split(";")
    for part in filter(None, (part.partition(" #")[0].strip() for part in parts)):
        found = text.find(part, position)  # they stand in the text in their order
        if found >= 0:
            line += text.count("\n", position, found)
            position = found
        yield _entry(path, line, part, value.group)


def _entry(path: str, line: int, part: str, group: str) -> Declared | Notification:
    found = from_pep508(part, line=line, group=group)
    if found is not None:
        return found
    text = f"'{shown(part)}' is not a requirement (PEP 508)"
    return notice("requirement-malformed", text, path=path, line=line, next_step="write NAME and a specifier")
