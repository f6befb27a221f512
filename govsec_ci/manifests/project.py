"""What the judged project says of itself, read from its root's ``pyproject.toml`` without building it."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

from govsec_ci.manifests.caret import specifier_of
from govsec_ci.manifests.text import UnreadableError, parse_toml, read_utf8
from govsec_ci.system.files import Tree

_LIMIT_BYTES = 5_000_000


class Project(Struct, frozen=True, kw_only=True):
    """The judged project; everything is empty where it is not said, or only computed when building.

    :param licence: an SPDX licence expression
    :param authors: ``Name``, ``Name <address>`` or ``<address>``
    :param requires_python: a PEP 440 specifier set
    :param urls: label → URL, as the project labels them
    """

    name: str = ""
    version: str = ""
    licence: str = ""
    authors: tuple[str, ...] = ()
    requires_python: str = ""
    urls: Mapping[str, str] = {}
    description: str = ""


def read_project(tree: Tree) -> Project:
    """Read ``[project]`` (PEP 621), or Poetry's table, of the root's ``pyproject.toml``.

    A file that cannot be read gives an empty project: that it is broken is said by the manifests' discovery.
    """
    if "pyproject.toml" not in tree.files:
        return Project()
    try:
        data = parse_toml(read_utf8(tree.root, "pyproject.toml", limit_bytes=_LIMIT_BYTES))
    except UnreadableError:
        return Project()
    standard, poetry = _table(data, "project"), _table(_table(data, "tool"), "poetry")
    return _merged(_standard(standard), _poetry(poetry))


def _merged(first: Project, second: Project) -> Project:
    values = {field: getattr(first, field) or getattr(second, field) for field in Project.__struct_fields__}
    return Project(**values)


def _standard(table: dict[str, Any]) -> Project:
    people = table.get("authors") or table.get("maintainers") or []
    return Project(
        name=_string(table.get("name")),
        version=_string(table.get("version")),
        licence=_licence(table.get("license")),
        authors=tuple(filter(None, map(_person, people if isinstance(people, list) else []))),
        requires_python=_string(table.get("requires-python")),
        urls=_urls(_table(table, "urls")),
        description=_string(table.get("description")),
    )


def _poetry(table: dict[str, Any]) -> Project:
    people = table.get("authors")
    links = {"Homepage": table.get("homepage"), "Repository": table.get("repository"), **_table(table, "urls")}
    python = _table(table, "dependencies").get("python")
    return Project(
        name=_string(table.get("name")),
        version=_string(table.get("version")),
        licence=_licence(table.get("license")),
        authors=tuple(one for one in people if isinstance(one, str)) if isinstance(people, list) else (),
        requires_python=(specifier_of(python) or "") if isinstance(python, str) else "",
        urls=_urls(links),
        description=_string(table.get("description")),
    )


def _urls(table: Mapping[str, Any]) -> dict[str, str]:
    return {label: url for label, url in table.items() if isinstance(url, str)}


def _person(entry: Any) -> str:
    if not isinstance(entry, dict):
        return ""
    name, email = _string(entry.get("name")), _string(entry.get("email"))
    return f"{name} <{email}>".strip() if email else name


def _licence(value: Any) -> str:
    """``license = "MIT"`` (PEP 639), or the old ``{text = "MIT"}`` where that text is an expression."""
    text = _string(value.get("text")) if isinstance(value, dict) else _string(value)
    try:
        return str(canonicalize_license_expression(text)) if text else ""
    except InvalidLicenseExpression:
        return ""


def _table(table: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = table.get(key)
    return value if isinstance(value, dict) else {}


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""
