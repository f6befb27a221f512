"""CycloneDX XML: read into the shape of its JSON form, so that every reader takes both.

Source: the XML schemas of CycloneDX 1.2 to 1.7, and the JSON schemas of the same versions for the names of lists. A
document with a DOCTYPE is refused: CycloneDX needs none, and entities are how XML documents bring down their readers.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any
from xml.parsers import expat

from govsec_ci.errors import InputError

_NAMESPACE = "http://cyclonedx.org/schema/bom/"
_LIMIT_DEPTH = 150
_LIMIT_PROBLEMS = 50
_LIMIT_ELEMENTS = 2_000_000
"""Each takes a few hundred bytes of memory: twenty elements for each of a hundred thousand components."""
# A list's element → the element of its entries. Where JSON has a list, XML has these two.
_LISTS: Mapping[str, str] = MappingProxyType(
    {
        "components": "component", "services": "service", "hashes": "hash", "externalReferences": "reference",
        "properties": "property", "authors": "author", "lifecycles": "lifecycle", "compositions": "composition",
        "vulnerabilities": "vulnerability", "references": "reference", "ratings": "rating", "cwes": "cwe",
        "advisories": "advisory", "affects": "target", "versions": "version", "responses": "response",
    }
)  # fmt: skip
_RENAMED: Mapping[str, str] = MappingProxyType({"responses": "response"})
_REPEATED = frozenset({"url", "contact", "omniborId", "swhid"})
_PARTIES = frozenset({"supplier", "manufacturer", "manufacture", "provider"})


class _Element:
    """One element: its name without the namespace, attributes, children, and its own text."""

    def __init__(self, name: str, attributes: Mapping[str, str]) -> None:
        self.name = name
        self.attributes = attributes
        self.children: list[_Element] = []
        self.pieces: list[str] = []

    @property
    def text(self) -> str:
        return "".join(self.pieces).strip()

    def all(self, name: str) -> list["_Element"]:
        return [child for child in self.children if child.name == name]


def is_xml(data: bytes) -> bool:
    """Whether a document is XML rather than JSON, by how it begins."""
    return data.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<")


def read(data: bytes, *, name: str) -> dict[str, Any]:
    """The document in the shape of CycloneDX JSON; numbers are still text.

    :raises InputError: it is no well-formed XML in UTF-8, has a DOCTYPE, is nested too deeply, or is no CycloneDX
    """
    root = _Builder(name).parse(data)
    namespace, _, local = root.name.rpartition(" ")
    if local != "bom" or not namespace.startswith(_NAMESPACE):
        raise InputError(f"{name}: not a CycloneDX document - at `/{local}`")
    root.name = local
    # Last, so that no element of such a name says otherwise.
    return {**_object(root), "bomFormat": "CycloneDX", "specVersion": namespace.removeprefix(_NAMESPACE)}


class _Builder:
    def __init__(self, name: str) -> None:
        self.name = name
        self.open: list[_Element] = []
        self.root: _Element | None = None
        self.count = 0

    def parse(self, data: bytes) -> _Element:
        parser = expat.ParserCreate(encoding="utf-8", namespace_separator=" ")
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        try:
            parser.Parse(data, True)  # noqa: FBT003 — expat takes it by position
        except expat.ExpatError as error:
            raise InputError(f"{self.name}: {error}", cause="it is no whole XML text in UTF-8") from error
        if self.root is None:  # pragma: no cover — expat has raised for a document without an element
            raise InputError(f"{self.name}: holds no element")
        return self.root

    def _doctype(self, *_: object) -> None:
        raise InputError(f"{self.name}: has a DOCTYPE, which CycloneDX does not need", next_step="remove it")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self.open) == _LIMIT_DEPTH:
            raise InputError(f"{self.name}: nested too deeply")
        self.count += 1
        if self.count > _LIMIT_ELEMENTS:
            raise InputError(f"{self.name}: holds more than {_LIMIT_ELEMENTS:,} elements")
        element = _Element(name.rpartition(" ")[2] if self.open else name, attributes)
        if self.open:
            self.open[-1].children.append(element)
        else:
            self.root = element
        self.open.append(element)

    def _end(self, _: str) -> None:
        self.open.pop()

    def _text(self, text: str) -> None:
        self.open[-1].pieces.append(text)


def _object(element: _Element) -> dict[str, Any]:
    record: dict[str, Any] = dict(element.attributes)
    for child in element.children:
        key = _RENAMED.get(child.name, child.name)
        if child.name in _REPEATED and element.name in {*_PARTIES, "component"}:
            record.setdefault(key, []).append(_value(child))
        else:
            record[key] = _value(child)
    return record


def _value(element: _Element) -> Any:
    special = _SPECIAL.get(element.name)
    if special is not None:
        return special(element)
    if element.name in _LISTS:
        return [_entry(child) for child in element.all(_LISTS[element.name])]
    return _object(element) if element.children or element.name in _PARTIES else element.text


def _entry(element: _Element) -> Any:
    if element.name in {"hash", "property"}:
        return {**element.attributes, ("content" if element.name == "hash" else "value"): element.text}
    if element.name in {"cwe", "response"}:
        return element.text
    # Elsewhere the same words name single values; in a list they are objects.
    return _composition(element) if element.name == "composition" else _object(element)


def _licences(element: _Element) -> list[dict[str, Any]]:
    return [_licence(child) for child in element.children]


def _licence(element: _Element) -> dict[str, Any]:
    if element.name == "expression":
        return {**element.attributes, "expression": element.text}
    return {"license": _object(element)}


def _dependencies(element: _Element) -> list[dict[str, Any]]:
    return [
        {
            "ref": node.attributes.get("ref", ""),
            "dependsOn": [target.attributes.get("ref", "") for target in node.all("dependency")],
        }
        for node in element.all("dependency")
    ]


def _composition(element: _Element) -> dict[str, Any]:
    record: dict[str, Any] = {}
    for child in element.children:
        refs = [entry.attributes.get("ref", "") for entry in child.children]
        record[child.name] = child.text if child.name == "aggregate" else refs
    return record


def _tools(element: _Element) -> Any:
    # Until 1.4 (and still allowed since): a list of tools; since 1.5: components and services.
    tools = element.all("tool")
    return [_object(tool) for tool in tools] if tools or not element.children else _object(element)


_SPECIAL: Mapping[str, Callable[[_Element], Any]] = MappingProxyType(
    {
        "licenses": _licences,
        "dependencies": _dependencies,
        "tools": _tools,
        "swid": lambda element: dict(element.attributes),
    }
)


def validate(data: bytes, spec: str) -> tuple[str, ...]:
    """What is wrong with a document by the XML schema of its version, with line numbers; at most 50 problems."""
    from cyclonedx.schema import SchemaVersion  # noqa: PLC0415 — heavy, and seldom needed
    from cyclonedx.validation.xml import XmlValidator  # noqa: PLC0415

    validator = XmlValidator(SchemaVersion.from_version(spec))
    try:
        found = validator.validate_str(data.removeprefix(b"\xef\xbb\xbf").decode("utf-8"), all_errors=True) or ()
    except (SyntaxError, ValueError) as error:
        # Another parser than ours: for it, say, a declared encoding counts.
        return (f"line 1: {str(error)[:300]}",)
    problems = [f"line {error.data.line}: {error.data.message[:300]}" for error in found]
    return tuple(problems[:_LIMIT_PROBLEMS])
