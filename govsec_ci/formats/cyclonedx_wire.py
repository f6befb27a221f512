"""CycloneDX as bytes: strict reading into typed records, canonical writing, and the schema check.

Source: ECMA-424 / CycloneDX 1.2 to 1.7. The schemas are those that cyclonedx-python-lib carries; from 1.4 on they
are strict in themselves (``additionalProperties: false``).
"""

import functools
import json
from collections.abc import Container, Iterable, Iterator, Mapping
from importlib import resources
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from msgspec import UNSET, Struct, UnsetType

from govsec_ci.errors import InputError
from govsec_ci.formats import cyclonedx_xml

if TYPE_CHECKING:
    from jsonschema_rs import Draft7Validator

SPEC = "1.6"
"""The version that we write."""
READABLE = ("1.2", "1.3", "1.4", "1.5", "1.6", "1.7")
"""The versions that we read (JSON exists since 1.2)."""
LIMIT_BYTES = 200_000_000
_LIMIT_PROBLEMS = 50
_SCHEMA_BASE = "http://cyclonedx.org/schema/"
_REFERRED = ("spdx.SNAPSHOT.schema.json", "jsf-0.82.SNAPSHOT.schema.json", "cryptography-defs.SNAPSHOT.schema.json")


class _Record(Struct, frozen=True, kw_only=True, rename="camel"):
    pass


class Contact(_Record, frozen=True, kw_only=True):
    """An organizationalContact."""

    name: str = ""
    email: str = ""
    phone: str = ""


class Entity(_Record, frozen=True, kw_only=True):
    """An organizationalEntity."""

    name: str = ""
    url: tuple[str, ...] = ()
    contact: tuple[Contact, ...] = ()


class Hash(_Record, frozen=True, kw_only=True):
    """One digest: CycloneDX algorithm name and hexadecimal content."""

    alg: str
    content: str


class Reference(_Record, frozen=True, kw_only=True):
    """An externalReference."""

    type: str
    url: str
    hashes: tuple[Hash, ...] = ()
    comment: str = ""


class Property(_Record, frozen=True, kw_only=True):
    """A name and a value; both may repeat."""

    name: str = ""
    value: str = ""


class NamedLicence(_Record, frozen=True, kw_only=True):
    """A license object: an SPDX id or a name."""

    id: str = ""
    name: str = ""
    acknowledgement: str = ""


class LicenceChoice(_Record, frozen=True, kw_only=True):
    """One entry of ``licenses``: a license object or an SPDX expression."""

    license: NamedLicence | None = None
    expression: str = ""
    acknowledgement: str = ""


class WireComponent(_Record, frozen=True, kw_only=True):
    """A component with the fields that we look at."""

    name: str
    type: str = ""
    version: str = ""
    group: str = ""
    bom_ref: str = msgspec.field(name="bom-ref", default="")
    purl: str = ""
    cpe: str = ""
    swid: dict[str, Any] | None = None
    omnibor_id: tuple[str, ...] = ()
    swhid: tuple[str, ...] = ()
    author: str = ""
    authors: tuple[Contact, ...] = ()
    publisher: str = ""
    supplier: Entity | None = None
    manufacturer: Entity | None = None
    hashes: tuple[Hash, ...] = ()
    licenses: tuple[LicenceChoice, ...] = ()
    external_references: tuple[Reference, ...] = ()
    properties: tuple[Property, ...] = ()
    components: tuple["WireComponent", ...] = ()


Said = WireComponent
"""What another tool says of a component."""


class Tool(_Record, frozen=True, kw_only=True):
    """A tool, in either of its two shapes."""

    name: str = ""
    version: str = ""
    vendor: str = ""


class Tools(_Record, frozen=True, kw_only=True):
    """``metadata.tools`` since 1.5."""

    components: tuple[Tool, ...] = ()
    services: tuple[Tool, ...] = ()


class Lifecycle(_Record, frozen=True, kw_only=True):
    """A predefined phase or a custom one with a name."""

    phase: str = ""
    name: str = ""


class Metadata(_Record, frozen=True, kw_only=True):
    """``metadata``; ``manufacture`` is the name until 1.5."""

    timestamp: str = ""
    authors: tuple[Contact, ...] = ()
    manufacture: Entity | None = None
    manufacturer: Entity | None = None
    supplier: Entity | None = None
    component: WireComponent | None = None
    tools: tuple[Tool, ...] | Tools = ()
    lifecycles: tuple[Lifecycle, ...] = ()
    properties: tuple[Property, ...] = ()


class Dependency(_Record, frozen=True, kw_only=True):
    """A node of the graph. An absent ``dependsOn`` of a listed node means: it has none (ECMA-424)."""

    ref: str
    depends_on: tuple[str, ...] = ()


class Composition(_Record, frozen=True, kw_only=True):
    """How complete the named assemblies and dependencies are."""

    aggregate: str
    assemblies: tuple[str, ...] = ()
    dependencies: tuple[str, ...] = ()


class Source(_Record, frozen=True, kw_only=True):
    """Where a vulnerability or rating comes from."""

    name: str = ""
    url: str = ""


class Rating(_Record, frozen=True, kw_only=True):
    """A rating; ``vector`` may or may not begin with ``CVSS:…/``."""

    source: Source | None = None
    score: float | None = None
    severity: str = ""
    method: str = ""
    vector: str = ""


class Analysis(_Record, frozen=True, kw_only=True):
    """A VEX analysis."""

    state: str = ""
    justification: str = ""
    response: tuple[str, ...] = ()
    detail: str = ""
    first_issued: str = ""
    last_updated: str = ""


class VersionStatus(_Record, frozen=True, kw_only=True):
    """One entry of ``affects[].versions``."""

    version: str = ""
    range: str = ""
    status: str = ""


class Affects(_Record, frozen=True, kw_only=True):
    """What a vulnerability affects, by bom-ref or BOM-Link."""

    ref: str
    versions: tuple[VersionStatus, ...] = ()


class OtherId(_Record, frozen=True, kw_only=True):
    """Another identifier of the same vulnerability."""

    id: str = ""


class Advisory(_Record, frozen=True, kw_only=True):
    """A page that tells more."""

    url: str = ""
    title: str = ""


class WireVulnerability(_Record, frozen=True, kw_only=True):
    """A vulnerability with the fields that we look at."""

    id: str = ""
    bom_ref: str = msgspec.field(name="bom-ref", default="")
    source: Source | None = None
    references: tuple[OtherId, ...] = ()
    ratings: tuple[Rating, ...] = ()
    cwes: tuple[int, ...] = ()
    description: str = ""
    detail: str = ""
    recommendation: str = ""
    advisories: tuple[Advisory, ...] = ()
    created: str = ""
    published: str = ""
    updated: str = ""
    analysis: Analysis | None = None
    affects: tuple[Affects, ...] = ()


class Bom(_Record, frozen=True, kw_only=True):
    """A document. ``dependencies`` and ``vulnerabilities`` are UNSET where the key is absent."""

    bom_format: str
    spec_version: str
    serial_number: str = ""
    version: int = 1
    metadata: Metadata = Metadata()
    components: tuple[WireComponent, ...] = ()
    services: tuple[dict[str, Any], ...] = ()
    external_references: tuple[Reference, ...] = ()
    dependencies: tuple[Dependency, ...] | UnsetType = UNSET
    compositions: tuple[Composition, ...] = ()
    vulnerabilities: tuple[WireVulnerability, ...] | UnsetType = UNSET
    properties: tuple[Property, ...] = ()

    def every_component(self) -> Iterator[WireComponent]:
        """All components in document order, nested ones after the one that holds them; the root is not among them."""
        root = self.metadata.component
        stack = list(reversed((*(root.components if root else ()), *self.components)))
        while stack:
            component = stack.pop()
            yield component
            stack.extend(reversed(component.components))


def decode(data: bytes, *, name: str = "SBOM") -> Bom:
    """Read a CycloneDX document, JSON or XML, leniently towards unknown keys and strictly towards wrong types.

    :param name: how messages call the file
    :raises InputError: too large, no CycloneDX, a version that we do not know, or a wrong type (with its path)
    """
    bom = _from_xml(data, name) if cyclonedx_xml.is_xml(data) else _decode(data, Bom, name)
    if bom.bom_format != "CycloneDX":
        raise InputError(f"{name}: not a CycloneDX document - at `$.bomFormat`")
    if bom.spec_version not in READABLE:
        raise InputError(f"{name}: CycloneDX version {bom.spec_version[:40]!r} is not known - at `$.specVersion`")
    return bom


def decode_raw(data: bytes, *, name: str = "SBOM") -> dict[str, Any]:
    """The whole document, unknown keys included, for :func:`validate`; raises as :func:`decode` does."""
    return _decode(data, dict[str, Any], name)


def _from_xml(data: bytes, name: str) -> Bom:
    _check_size(data, name)
    document = cyclonedx_xml.read(data, name=name)
    try:
        return msgspec.convert(document, Bom, strict=False)
    except msgspec.ValidationError as error:
        raise _wrong_type(name, error) from error


def _check_size(data: bytes, name: str) -> None:
    if len(data) > LIMIT_BYTES:
        raise InputError(f"{name}: larger than the limit of {LIMIT_BYTES:,} bytes")


def _wrong_type(name: str, error: msgspec.ValidationError) -> InputError:
    return InputError(f"{name}: {error}", cause="a field has another type than CycloneDX gives it")


_T = TypeVar("_T")


def _decode(data: bytes, kind: type[_T], name: str) -> _T:
    _check_size(data, name)
    try:
        return msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"), type=kind)
    except UnicodeDecodeError as error:
        raise InputError(f"{name}: not UTF-8 at byte {error.start}") from error
    except RecursionError as error:
        raise InputError(f"{name}: nested too deeply") from error
    except msgspec.ValidationError as error:
        raise _wrong_type(name, error) from error
    except msgspec.DecodeError as error:
        raise InputError(f"{name}: {error}", cause="it is no whole JSON text") from error


def write(bom: Mapping[str, Any]) -> bytes:
    """Canonical JSON: keys sorted, two spaces, UTF-8, a newline at the end. Lists keep their order."""
    return msgspec.json.format(msgspec.json.encode(bom, order="sorted"), indent=2) + b"\n"


def validate(bom: Mapping[str, Any], spec: str = SPEC) -> tuple[str, ...]:
    """What is wrong with a document by the schema of ``spec``, and with its references; at most 50 problems.

    :returns: ``/json/pointer: message``, sorted; empty for a valid document
    """
    problems = [f"{_pointer(error.instance_path)}: {error.message[:300]}" for error in _schema_errors(bom, spec)]
    return tuple(sorted(problems)) or tuple(_broken_references(bom))


def _schema_errors(bom: Mapping[str, Any], spec: str) -> Iterator[Any]:
    for count, error in enumerate(_validator(spec).iter_errors(bom)):
        if count == _LIMIT_PROBLEMS:
            return
        yield error


@functools.cache
def _validator(spec: str) -> "Draft7Validator":
    from jsonschema_rs import Draft7Validator, Registry  # noqa: PLC0415 — heavy, and not every command needs it

    referred = Registry([(_SCHEMA_BASE + name, schema_text(name)) for name in _REFERRED])
    strict = "-strict" if spec in {"1.2", "1.3"} else ""
    schema = schema_text(f"bom-{spec}{strict}.SNAPSHOT.schema.json")
    return Draft7Validator(schema, registry=referred, validate_formats=True)


def schema_text(name: str) -> Any:
    """A schema file of cyclonedx-python-lib, parsed."""
    return json.loads(resources.files("cyclonedx.schema._res").joinpath(name).read_text("utf-8"))


def _pointer(path: list[str | int]) -> str:
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path) or "/"


def _broken_references(bom: Mapping[str, Any]) -> Iterator[str]:
    # JSON Schema cannot say that a bom-ref is unique, or that a reference leads somewhere.
    seen: set[str] = set()
    for pointer, ref in _references(bom, ""):
        if ref in seen:
            yield f"{pointer}: bom-ref {ref!r} is used twice"
        seen.add(ref)
    for index, node in enumerate(bom.get("dependencies", ())):
        yield from _dangling(f"/dependencies/{index}", (node["ref"], *node.get("dependsOn", ())), seen)
    for index, group in enumerate(bom.get("compositions", ())):
        yield from _dangling(
            f"/compositions/{index}", (*group.get("assemblies", ()), *group.get("dependencies", ())), seen
        )


def _dangling(pointer: str, refs: Iterable[str], seen: Container[str]) -> Iterator[str]:
    # A BOM-Link leads to another document.
    yield from (
        f"{pointer}: {ref!r} leads nowhere" for ref in refs if ref not in seen and not ref.startswith("urn:cdx:")
    )


def _references(bom: Mapping[str, Any], pointer: str) -> Iterator[tuple[str, str]]:
    if "bom-ref" in bom:
        yield f"{pointer}/bom-ref", bom["bom-ref"]
    if "component" in bom.get("metadata", {}):
        yield from _references(bom["metadata"]["component"], "/metadata/component")
    for key in ("components", "services"):
        for index, item in enumerate(bom.get(key, ())):
            yield from _references(item, f"{pointer}/{key}/{index}")
