"""``environment.yml``: what conda installs, and below ``pip:`` what pip installs into the same environment.

Source: conda's documentation, "Creating an environment file manually". No advisory data cover conda's own packages:
they are another ecosystem's, under names of its own.
"""

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from govsec_ci.manifests.base import LIMIT_BYTES, Manifest
from govsec_ci.manifests.conda_packages import not_audited
from govsec_ci.manifests.notices import UNREAD_STEP, notice
from govsec_ci.manifests.requirements import read_lines
from govsec_ci.manifests.text import UnreadableError, read_utf8
from govsec_ci.model import Notification

if TYPE_CHECKING:
    import yaml

_NAME = re.compile(r"(?:environment|conda)(?:[-_.].*)?\.ya?ml", re.IGNORECASE)
_LOCK = re.compile(r"conda-lock\.ya?ml|.*\.conda-lock\.ya?ml", re.IGNORECASE)
_SIGNS = tuple(
    re.compile(rb"^(?:\xef\xbb\xbf)?([\"']?)%s\1[ \t]*:" % key, re.MULTILINE) for key in (b"dependencies", b"channels")
)
_LIMIT_BYTES = 200_000
_PACKAGE_ENTRY, _PIP, _ODD = "package", "pip", "odd"
_DEPENDENCIES = "dependencies"
_ONE_KEY = "write one list of dependencies, and take no keys from elsewhere"


class Conda:
    """A conda environment, by its usual name or by what it holds."""

    name = "conda"
    endings = (".yml", ".yaml")

    def matches(self, path: str) -> bool:
        """``environment.yml``, ``environment-dev.yaml``, ``conda.yml``."""
        name = posixpath.basename(path) if self.may_hold(path) else ""
        return _NAME.fullmatch(name) is not None and _LOCK.fullmatch(name) is None

    def may_hold(self, path: str) -> bool:
        """Any YAML file."""
        return path.lower().endswith((".yml", ".yaml"))

    def holds(self, data: bytes) -> bool:
        """Whether it has both ``channels`` and ``dependencies``, as no other format does."""
        return all(sign.search(data) for sign in _SIGNS)

    def read(self, root: Path, path: str, *, limit_bytes: int = LIMIT_BYTES) -> Manifest:
        """The packages that pip installs, and an error that names the others."""
        try:
            text = read_utf8(root, path, limit_bytes=min(limit_bytes, _LIMIT_BYTES))
            entries = _dependencies(text)
        except UnreadableError as error:
            broken = notice(
                "manifest-unreadable", error.what, path=path, line=error.line, next_step=error.next_step or UNREAD_STEP
            )
            return Manifest(path=path, format=self.name, notifications=(broken,))
        lines = [(entry.line, entry.text) for entry in entries if entry.kind == _PIP]
        packages = [(entry.line, entry.text) for entry in entries if entry.kind == _PACKAGE_ENTRY]
        manifest = read_lines(self.name, root, path, lines, limit_bytes=limit_bytes)
        said = (*manifest.notifications, *_malformed(path, entries), *not_audited(path, packages))
        return replace(manifest, notifications=said, aside=not entries)


class _Entry(Struct, frozen=True):
    """A package of conda, a line for pip, or something else; with the line it stands on."""

    kind: str
    line: int
    text: str = ""


def _dependencies(text: str) -> list[_Entry]:
    """The entries below ``dependencies``; none where there is no such list."""
    import yaml  # noqa: PLC0415 — few trees hold such a file

    try:
        document = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = error.problem_mark if isinstance(error, yaml.MarkedYAMLError) else None
        raise UnreadableError("is not YAML", line=mark.line + 1 if mark else None) from error
    except (RecursionError, ValueError) as error:
        raise UnreadableError("is nested deeper, or holds larger numbers, than a manifest can") from error
    found = _only(document) if isinstance(document, yaml.MappingNode) else None
    if found is None or (isinstance(found, yaml.ScalarNode) and not found.value):
        return []
    if not isinstance(found, yaml.SequenceNode):
        raise UnreadableError("dependencies is no list of packages", line=found.start_mark.line + 1)
    return [entry for node in found.value for entry in _entry(node)]


def _only(document: "yaml.MappingNode") -> "yaml.Node | None":
    """The value of the one key ``dependencies``: of two, loaders take the last, and a merge key may bring a further."""
    merged = next((key for key, _ in document.value if key.tag == "tag:yaml.org,2002:merge"), None)
    if merged is not None:
        raise UnreadableError("takes its keys from elsewhere (<<)", line=_line(merged), next_step=_ONE_KEY)
    found = [(key, value) for key, value in document.value if key.value == _DEPENDENCIES]
    if len(found) > 1:
        raise UnreadableError(f"has {_DEPENDENCIES} twice", line=_line(found[1][0]), next_step=_ONE_KEY)
    return found[0][1] if found else None


def _entry(node: "yaml.Node") -> Iterator[_Entry]:
    import yaml  # noqa: PLC0415 — few trees hold such a file

    if isinstance(node, yaml.ScalarNode):
        yield _Entry(_PACKAGE_ENTRY, _line(node), node.value)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _lines(value) if key.value == "pip" else [_Entry(_ODD, _line(key))]
    else:
        yield _Entry(_ODD, _line(node))


def _lines(value: "yaml.Node") -> Iterator[_Entry]:
    """What stands below ``pip:``; nothing is a list of no lines."""
    import yaml  # noqa: PLC0415 — few trees hold such a file

    for node in value.value if isinstance(value, yaml.SequenceNode) else [value] if value.value else []:
        plain = isinstance(node, yaml.ScalarNode) and node is not value
        yield _Entry(_PIP, _line(node), node.value) if plain else _Entry(_ODD, _line(node))


def _line(node: "yaml.Node") -> int:
    return int(node.start_mark.line) + 1


def _malformed(path: str, entries: list[_Entry]) -> Iterator[Notification]:
    for entry in entries:
        if entry.kind == _ODD:
            text = "the entry is neither a package nor a list of lines below 'pip'"
            yield notice("requirement-malformed", text, path=path, line=entry.line, next_step="correct the entry")
