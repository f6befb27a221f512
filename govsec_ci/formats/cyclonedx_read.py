"""What a gate needs of an SBOM: components, commit, time, and which NTIA minimum elements are missing."""

import functools
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from msgspec import UNSET
from packageurl import PackageURL
from packaging.utils import canonicalize_name

from govsec_ci.formats.cyclonedx_sbom import COMMIT
from govsec_ci.formats.cyclonedx_wire import Bom, Entity, NamedLicence, Tool, Tools, WireComponent, decode
from govsec_ci.model import Component, ComponentRef, Location, Sbom

DOCUMENT = "document"
SUPPLIER = "supplier"
NAME = "component name"
VERSION = "version"
IDENTIFIERS = "other unique identifiers"
RELATIONSHIP = "dependency relationship"
AUTHOR = "author of SBOM data"
TIMESTAMP = "timestamp"
NTIA_2021 = (SUPPLIER, NAME, VERSION, IDENTIFIERS, RELATIONSHIP, AUTHOR, TIMESTAMP)
"""The seven data fields of NTIA, The Minimum Elements For a Software Bill of Materials (2021-07-12), table 1."""
_REMEMBERED = 50_000


def read_sbom(data: bytes, *, name: str = "SBOM") -> Sbom:
    """Read a CycloneDX JSON document of any version from 1.2 to 1.7.

    ``components`` hold no root; ``missing`` speaks of the root, too. purls of type pypi come without qualifiers, as
    :attr:`govsec_ci.model.Component.purl` gives them, so that they can be compared.

    :raises InputError: it is no such document; the message has the JSON path
    """
    return sbom_of(decode(data, name=name))


def sbom_of(bom: Bom) -> Sbom:
    """As :func:`read_sbom`, of a decoded document."""
    components = [(component, component_ref(component)) for component in bom.every_component()]
    return Sbom(
        format="CycloneDX",
        spec_version=bom.spec_version,
        commit=_commit(bom),
        timestamp=timestamp(bom),
        components=tuple(ref for _, ref in components),
        missing=missing(bom),
        licences={ref.purl: licence_text(component) for component, ref in components},
    )


def _commit(bom: Bom) -> str | None:
    root = bom.metadata.component
    places = (*bom.metadata.properties, *(root.properties if root else ()), *bom.properties)
    return next((item.value for item in places if item.name == COMMIT and item.value), None)


def timestamp(bom: Bom) -> datetime | None:
    """``metadata.timestamp`` in UTC; None where it is missing, is no date or has no offset."""
    try:
        moment = datetime.fromisoformat(bom.metadata.timestamp)
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


def component_ref(component: WireComponent) -> ComponentRef:
    """Name, version and purl; those of type pypi with their name normalised (PEP 503), and without qualifiers.

    The version stays as it is written: so a component of our own SBOM has the purl that its manifest gave it.
    """
    return _reference(component.name, component.version, component.purl)


# Each field of each standard asks for the names of what lacks it: some forty times a component.
@functools.lru_cache(maxsize=_REMEMBERED)
def _reference(name: str, version: str, text: str) -> ComponentRef:
    purl = parse_purl(text)
    if purl is None:
        return ComponentRef(name=name, version=version, purl=text)
    if purl.type != "pypi":
        return ComponentRef(name=purl.name, version=purl.version or version, purl=text)
    exact = purl.version or version or None
    plain = Component(name=canonicalize_name(purl.name), version=exact, location=Location(path=""))
    return ComponentRef(name=plain.name, version=plain.version or "", purl=plain.purl)


@functools.lru_cache(maxsize=_REMEMBERED)
def parse_purl(text: str) -> PackageURL | None:
    """A package URL, or None where the text is none."""
    try:
        return PackageURL.from_string(text) if text else None
    except ValueError:
        return None


def is_purl(text: str) -> bool:
    """Whether a text is a package URL."""
    return parse_purl(text) is not None


def called(component: WireComponent) -> str:
    """How a report calls a component: by purl as ``components`` has it, else by bom-ref, else by name and version."""
    plain = f"{component.name}@{component.version}".strip("@ ")
    return component_ref(component).purl or component.bom_ref or plain or "(no name)"


def missing(bom: Bom) -> dict[str, tuple[str, ...]]:
    """NTIA element (:data:`NTIA_2021`) → what lacks it, by name; without those that nothing lacks.

    ``DOCUMENT`` stands for the SBOM itself, where an element is one of the document or its subject is not named.
    """
    everything = with_root(bom)
    related = related_refs(bom)
    tests: dict[str, Callable[[WireComponent], bool]] = {
        SUPPLIER: has_supplier,
        NAME: lambda component: bool(component.name.strip()),
        VERSION: lambda component: bool(component.version.strip()),
        IDENTIFIERS: has_identifier,
        RELATIONSHIP: lambda component: component is bom.metadata.component or component.bom_ref in related,
    }
    lacking = {element: _without(test, everything) for element, test in tests.items()}
    if bom.metadata.component is None:
        lacking[RELATIONSHIP] = (DOCUMENT, *lacking[RELATIONSHIP])
    lacking[AUTHOR] = () if has_author(bom) else (DOCUMENT,)
    lacking[TIMESTAMP] = () if timestamp(bom) else (DOCUMENT,)
    return {element: lacking[element] for element in NTIA_2021 if lacking[element]}


def licence_text(component: WireComponent) -> str:
    """All licences of a component as one SPDX expression; what is no SPDX id appears by its name, as a LicenseRef."""
    texts = [choice.expression or _licence_id(choice.license) for choice in component.licenses]
    told = [text for text in texts if text]
    if len(told) < 2:  # noqa: PLR2004 — one needs no brackets
        return "".join(told)
    return " AND ".join(f"({text})" if " " in text else text for text in told)


def _licence_id(licence: NamedLicence | None) -> str:
    if licence is None or licence.id:
        return licence.id if licence else ""
    # SPDX 2.3 annex D: an idstring has letters, digits, dots and dashes only.
    plain = re.sub(r"[^A-Za-z0-9.-]+", "-", licence.name).strip("-")
    return f"LicenseRef-{plain}" if plain else ""


def with_root(bom: Bom) -> tuple[WireComponent, ...]:
    """The root component, where there is one, and all others."""
    root = bom.metadata.component
    return (*([root] if root else []), *bom.every_component())


def _without(test: Callable[[WireComponent], bool], components: Iterable[WireComponent]) -> tuple[str, ...]:
    return tuple(sorted({called(component) for component in components if not test(component)}))


def has_supplier(component: WireComponent) -> bool:
    """A named supplier, manufacturer or publisher. Authors are not suppliers: they may have left long ago."""
    return any(named(entity) for entity in (component.supplier, component.manufacturer)) or bool(
        component.publisher.strip()
    )


def named(entity: Entity | None) -> bool:
    """Whether an entity has a name."""
    return entity is not None and bool(entity.name.strip())


def has_identifier(component: WireComponent) -> bool:
    """A valid purl, or one of the other identifiers that CycloneDX knows."""
    others = (component.cpe, component.swid, component.omnibor_id, component.swhid)
    return parse_purl(component.purl) is not None or any(others)


def related_refs(bom: Bom) -> frozenset[str]:
    """bom-refs of the components that another one depends on or holds."""
    nodes = () if bom.dependencies is UNSET else bom.dependencies
    refs = (ref for node in nodes for ref in node.depends_on if ref != node.ref)
    return frozenset(ref for ref in refs if ref)


def has_author(bom: Bom) -> bool:
    """NTIA 2021 counts an analysis tool as an author, so ``tools`` do."""
    metadata = bom.metadata
    entities = (metadata.manufacturer, metadata.manufacture, metadata.supplier)
    people = any(contact.name.strip() or contact.email.strip() for contact in metadata.authors)
    return people or any(named(entity) for entity in entities) or any(tool.name for tool in tools(bom))


def tools(bom: Bom) -> tuple[Tool, ...]:
    """The tools of either shape."""
    listed = bom.metadata.tools
    return (*listed.components, *listed.services) if isinstance(listed, Tools) else listed
