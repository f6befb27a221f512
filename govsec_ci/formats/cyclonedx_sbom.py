"""An SBOM from components: what cyclonedx-bom said of them, enriched with what we know, as one CycloneDX 1.6 document.

The document is a plain mapping ready for :func:`govsec_ci.formats.cyclonedx_wire.write`. Everything in it is sorted,
and its serial number is derived from its content: the same input gives the same bytes.
"""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime

from msgspec import Struct
from packageurl import PackageURL

from govsec_ci.formats.cyclonedx_component import component_record
from govsec_ci.formats.cyclonedx_graph import ROOT_REF, relations
from govsec_ci.formats.cyclonedx_parts import Items, Part, entries_of
from govsec_ci.formats.cyclonedx_values import Json, clean, contacts, iri, licence, redact
from govsec_ci.formats.cyclonedx_wire import SPEC, write
from govsec_ci.model import Subject

COMMIT = "govsec:commit"
DIRTY = "govsec:dirty"
_SERIAL_SPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://cyclonedx.org/docs/1.6/json/#serialNumber")


class Party(Struct, frozen=True, kw_only=True):
    """A person or organisation: at least a name."""

    name: str
    email: str = ""
    url: str = ""


class Project(Struct, frozen=True, kw_only=True):
    """What a project says of itself (``pyproject.toml``), for the root component. Empty where it says nothing."""

    description: str = ""
    licence: str = ""
    authors: tuple[str, ...] = ()
    supplier: Party | None = None
    vcs_url: str = ""


class Head(Struct, frozen=True, kw_only=True):
    """What stands above the components.

    :param timestamp_s: seconds since the epoch
    :param tools: (name, version) of the programs that made the SBOM
    :param author: who answers for the SBOM, where somebody said so
    :param phases: CycloneDX life-cycle phases in which the data was captured
    """

    subject: Subject
    timestamp_s: int
    tools: tuple[tuple[str, str], ...]
    project: Project = Project()
    author: Party | None = None
    phases: tuple[str, ...] = ("pre-build",)


def build(head: Head, parts: Sequence[Part]) -> Json:
    """The document: root component, components, graph, compositions, serial number."""
    items = Items(parts)
    entries = entries_of(parts, items)
    dependencies, compositions = relations(parts, items, entries)
    bom: Json = {
        "$schema": f"http://cyclonedx.org/schema/bom-{SPEC}.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": SPEC,
        "version": 1,
        "metadata": metadata(head),
        "components": [component_record(entry) for entry in entries.values()],
        "dependencies": dependencies,
        "compositions": compositions,
    }
    return with_serial(bom)


def with_serial(bom: Json) -> Json:
    """The document with a serial number derived from its content: the same content has the same number."""
    return bom | {"serialNumber": uuid.uuid5(_SERIAL_SPACE, write(bom).decode()).urn}


def metadata(head: Head) -> Json:
    """``metadata`` of a document of ours."""
    properties = []
    if head.subject.commit:
        properties.append({"name": COMMIT, "value": head.subject.commit})
    if head.subject.dirty is not None:
        properties.append({"name": DIRTY, "value": str(head.subject.dirty).lower()})
    record: Json = {
        "timestamp": datetime.fromtimestamp(head.timestamp_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "lifecycles": [{"phase": phase} for phase in head.phases],
        "tools": {"components": [_tool(name, version) for name, version in sorted(head.tools)]},
        "component": _root(head),
    }
    if head.author:
        record["authors"] = [_reachable(head.author)]
        record["manufacturer"] = _organisation(head.author)
    return record | ({"properties": properties} if properties else {})


def _reachable(party: Party) -> Json:
    return {"name": clean(party.name)} | ({"email": clean(party.email)} if party.email else {})


def _organisation(party: Party) -> Json:
    url = iri(party.url)
    record: Json = {"name": clean(party.name)}
    return record | ({"url": [url]} if url else {}) | ({"contact": [_reachable(party)]} if party.email else {})


def _tool(name: str, version: str) -> Json:
    return {"type": "application", "name": name, "version": version}


def _root(head: Head) -> Json:
    subject, project = head.subject, head.project
    vcs_url = iri(redact(project.vcs_url))
    authors = contacts(project.authors)
    optional = {
        # A version that only running the project would tell: the commit says just as exactly what it is.
        "version": clean(subject.version) or subject.commit or "",
        "description": clean(project.description),
        "licenses": licence(project.licence),
        "authors": authors,
        "supplier": _root_supplier(project, authors),
        "externalReferences": [{"type": "vcs", "url": vcs_url}] if vcs_url else None,
    }
    purl = _root_purl(subject, vcs_url)
    record = {"type": "application", "bom-ref": ROOT_REF, "name": clean(subject.name), "purl": purl}
    return record | {key: value for key, value in optional.items() if value}


def _root_supplier(project: Project, authors: Sequence[Json]) -> Json | None:
    if project.supplier:
        return _organisation(project.supplier)
    return {"name": ", ".join(author["name"] for author in authors)} if authors else None


def _root_purl(subject: Subject, vcs_url: str) -> str:
    at = f"@{subject.commit}" if subject.commit else ""
    scheme = "" if vcs_url.startswith("git") else "git+"
    qualifiers = {"vcs_url": f"{scheme}{vcs_url}{at}"} if vcs_url else None
    version = clean(subject.version) or subject.commit
    return PackageURL("generic", None, clean(subject.name), version, qualifiers).to_string()
