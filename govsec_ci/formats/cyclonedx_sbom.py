"""An SBOM from components: what cyclonedx-bom said of them, enriched with what we know, as one CycloneDX 1.6 document.

The document is a plain mapping ready for :func:`govsec_ci.formats.cyclonedx_wire.write`. Everything in it is sorted,
and its serial number is derived from its content: the same input gives the same bytes.
"""

import posixpath
import re
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from msgspec import Struct
from packageurl import PackageURL

from govsec_ci.formats.cyclonedx_wire import SPEC, Reference, Said, decode, schema_text, write
from govsec_ci.model import Component, Subject
from govsec_ci.system.files import path_to_uri

if TYPE_CHECKING:
    from cyclonedx.model.component import Component as LibraryComponent
    from jsonschema_rs import Draft7Validator

ROOT_REF = "root-component"
COMMIT = "govsec:commit"
DIRTY = "govsec:dirty"
_SERIAL_SPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://cyclonedx.org/docs/1.6/json/#serialNumber")
_ALGORITHMS = {
    "md5": ("MD5", 32), "sha1": ("SHA-1", 40), "sha256": ("SHA-256", 64), "sha384": ("SHA-384", 96),
    "sha512": ("SHA-512", 128), "sha3_256": ("SHA3-256", 64), "sha3_384": ("SHA3-384", 96),
    "sha3_512": ("SHA3-512", 128), "blake2b": ("BLAKE2b-512", 128),
}  # fmt: skip
# How a purl of type pypi says that a package is not the one of that name on the public index (purl-spec, qualifiers).
_QUALIFIERS = {"vcs": "vcs_url", "url": "download_url", "path": "download_url", "private-index": "repository_url"}
_CHUNK = 20
_LIMIT_EXPRESSION = 2000
_ARCHIVES = (".whl", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".zip")
_ADDRESS = re.compile(r"^(?P<name>[^<>]*?)\s*<(?P<email>[^<>@\s]+@[^<>@\s]+)>$")

Json = dict[str, Any]


class Part(Struct, frozen=True, kw_only=True):
    """One manifest's share of an SBOM.

    :param root: folder of the project that it belongs to; what one manifest of a project leaves open (the version, in a
        ``pyproject.toml``) another one of the same project may settle (its lock)
    :param said: for each of ``components``, what cyclonedx-bom or its library made of it
    :param whole: whether the list is all that gets installed: None where the format cannot tell
    :param installed: read from an installed environment, so that a digest without a URL is that of what is installed,
        and not of the archive that it came in
    """

    root: str = "."
    installed: bool = False
    components: tuple[Component, ...]
    said: tuple[Said, ...]
    whole: bool | None


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


class _Entry:
    """One component of the document: the same name, version and source in several manifests is one."""

    def __init__(self) -> None:
        self.components: list[Component] = []
        self.installed: list[Component] = []
        self.said: list[Said] = []
        self.ref = ""


_Key = tuple[str, str, str, str]


def _key(component: Component) -> _Key:
    return (component.name, component.version or "", component.source, _origin(component))


def _origin(component: Component) -> str:
    if component.source == "private-index":
        return redact(component.index)
    return redact(component.url) if component.source != "index" else ""


class _Items:
    """Every component of every part with the entries that it stands for."""

    def __init__(self, parts: Sequence[Part]) -> None:
        settled: dict[tuple[str, str], set[_Key]] = defaultdict(set)
        for part in parts:
            for component in part.components:
                if component.version is not None:
                    settled[part.root, component.name].add(_key(component))
        self._settled = settled

    def keys(self, part: Part, component: Component) -> tuple[_Key, ...]:
        """A component without a version stands for those of its name in the same project that have one."""
        found = self._settled.get((part.root, component.name), ()) if component.version is None else ()
        return tuple(sorted(found)) or (_key(component),)


def distinct(parts: Sequence[Part]) -> int:
    """How many components a document holds for these."""
    items = _Items(parts)
    return len({key for part in parts for component in part.components for key in items.keys(part, component)})


def build(head: Head, parts: Sequence[Part]) -> Json:
    """The document: root component, components, graph, compositions, serial number."""
    items = _Items(parts)
    entries = _entries(parts, items)
    graph = _graph(parts, items, entries)
    direct = _direct(parts, items, entries)
    # What nothing is known to depend on is still part of the product: it hangs on the root, whose composition then says
    # that its own dependencies are not known.
    orphans = graph.edges.keys() - direct.union(*(refs for refs in graph.edges.values() if refs))
    bom: Json = {
        "$schema": f"http://cyclonedx.org/schema/bom-{SPEC}.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": SPEC,
        "version": 1,
        "metadata": metadata(head),
        "components": [_component(entry) for entry in entries.values()],
        "dependencies": _dependencies(direct, orphans, graph),
        "compositions": _compositions(parts, graph, told=_is_told(parts) and not orphans),
    }
    return with_serial(bom)


def with_serial(bom: Json) -> Json:
    """The document with a serial number derived from its content: the same content has the same number."""
    return bom | {"serialNumber": uuid.uuid5(_SERIAL_SPACE, write(bom).decode()).urn}


def _entries(parts: Sequence[Part], items: _Items) -> dict[_Key, _Entry]:
    entries: dict[_Key, _Entry] = defaultdict(_Entry)
    for part in parts:
        for component, said in zip(part.components, part.said, strict=True):
            for key in items.keys(part, component):
                # First comes what is the entry itself, then what only asks for it.
                place = len(entries[key].components) if key != _key(component) else 0
                entries[key].components.insert(place, component)
                entries[key].said.insert(place, said)
                if part.installed:
                    entries[key].installed.append(component)
    ordered = {key: entries[key] for key in sorted(entries)}
    used: dict[str, int] = defaultdict(int)
    for entry in ordered.values():
        purl = _purl(entry.components[0])
        used[purl] += 1
        entry.ref = purl if used[purl] == 1 else f"{purl}#{used[purl]}"
    return ordered


def _purl(component: Component) -> str:
    name = _QUALIFIERS.get(component.source)
    origin = _origin(component)
    if component.source == "path" and origin and "://" not in origin:
        origin = f"file:{path_to_uri(origin)}"
    qualifiers = {name: origin} if name and origin else None
    return PackageURL("pypi", None, component.name, component.version, qualifiers).to_string()


def _component(entry: _Entry) -> Json:
    first = entry.components[0]
    record: Json = {
        "type": "library",
        "bom-ref": entry.ref,
        "name": first.name,
        "purl": _purl(first),
        "externalReferences": _references(entry),
        "evidence": {"occurrences": _occurrences(entry)},
    }
    optional = {
        "version": first.version,
        "scope": _scope(entry),
        "hashes": _own_hashes(entry),
        "licenses": _licences(entry),
        "supplier": _supplier(entry),
        "manufacturer": _manufacturer(entry),
        "authors": _contacts(author for component in entry.components for author in component.authors),
        "properties": _properties(entry),
    }
    return record | {key: value for key, value in optional.items() if value}


def _scope(entry: _Entry) -> str:
    """``optional`` where every manifest puts it in groups or extras only; else nothing, which means required."""
    groups = [component.groups for component in entry.components]
    return "optional" if all(groups) and not any("main" in names for names in groups) else ""


def _digests(components: Iterable[Component]) -> list[Json]:
    found = {
        (_ALGORITHMS[algorithm][0], digest.lower())
        for component in components
        for algorithm, digests in component.hashes.items()
        for digest in digests
        if algorithm in _ALGORITHMS and re.fullmatch(f"[0-9A-Fa-f]{{{_ALGORITHMS[algorithm][1]}}}", digest)
    }
    return [{"alg": algorithm, "content": content} for algorithm, content in sorted(found)]


def _own_hashes(entry: _Entry) -> list[Json]:
    # A lock file names the digests of every file of a release. Only where there is one an algorithm is it the
    # component's own; several would say that one thing has two SHA-256.
    digests = _digests(entry.installed) or _digests(entry.components)
    algorithms = [digest["alg"] for digest in digests]
    return [digest for digest in digests if algorithms.count(digest["alg"]) == 1]


def _archive_hashes(entry: _Entry) -> list[Json]:
    return _digests(component for component in entry.components if component.url or component not in entry.installed)


def _references(entry: _Entry) -> list[Json]:
    first, digests = entry.components[0], _archive_hashes(entry)
    said = _said_references(entry)
    told = _told_reference(first)
    # A tool that names each file with its own digest is more exact than the manifest's line; the default index is less.
    references = said if any("hashes" in reference for reference in said) else [told] if told else said
    if first.source != "index" and not told:
        references = []
    for reference in references:
        if digests and reference["type"] == "distribution":
            reference.setdefault("hashes", digests)
    return sorted(references, key=lambda reference: (reference["type"], reference["url"]))


def _told_reference(component: Component) -> Json | None:
    """The reference that the manifest itself names."""
    url = iri(redact(component.url))
    if component.source == "vcs" and url:
        return {"type": "vcs", "url": url, "comment": "from the manifest"}
    if component.source == "path":
        return {"type": "other", "url": url or ".", "comment": "local path"}
    if url:
        return {"type": "distribution", "url": url, "comment": "from the manifest"}
    index = iri(redact(component.index))
    if index:
        return {"type": "distribution", "url": f"{index.rstrip('/')}/{component.name}/", "comment": "index"}
    return None


def _said_references(entry: _Entry) -> list[Json]:
    return [_said_reference(reference) for reference in entry.said[0].external_references if iri(reference.url)]


def _said_reference(reference: Reference) -> Json:
    record: Json = {"type": reference.type, "url": iri(reference.url)}
    hashes = [{"alg": digest.alg, "content": digest.content} for digest in reference.hashes]
    optional = {"comment": reference.comment, "hashes": hashes}
    return record | {key: value for key, value in optional.items() if value}


def _occurrences(entry: _Entry) -> list[Json]:
    places = {
        (component.location.path, component.location.region.start_line if component.location.region else 0)
        for component in entry.components
    }
    return [{"location": path_to_uri(path)} | ({"line": line} if line else {}) for path, line in sorted(places)]


def _licences(entry: _Entry) -> list[Json]:
    texts = sorted({component.licence for component in entry.components if component.licence})
    return licence(texts[0]) if texts else []


def licence(text: str) -> list[Json]:
    """``licenses`` for a declared licence: an SPDX id or expression where it is one, else kept as a name."""
    text = clean(text).strip()
    known = _spdx_ids().get(text.lower())
    if known:
        return [{"license": {"id": known, "acknowledgement": "declared"}}]
    expression = _expression(text)
    if expression:
        return [{"expression": expression, "acknowledgement": "declared"}]
    return [{"license": {"name": text, "acknowledgement": "declared"}}] if text else []


@cache
def _spdx_ids() -> dict[str, str]:
    return {identifier.lower(): identifier for identifier in schema_text("spdx.SNAPSHOT.schema.json")["enum"]}


@cache
def _expression(text: str) -> str:
    if len(text) > _LIMIT_EXPRESSION:
        return ""
    try:
        parsed = _licensing().parse(text, validate=True, strict=True)
    except Exception:  # noqa: BLE001 — its parser fails in many ways (IndexError for "()"); then it is a name
        return ""
    return "" if parsed is None else str(parsed)


@cache
def _licensing() -> Any:
    from license_expression import get_spdx_licensing  # type: ignore[import-untyped]  # noqa: PLC0415 — heavy

    return get_spdx_licensing()


def _supplier(entry: _Entry) -> Json | None:
    # Who supplies a package of a public index is whom its metadata names; a lock file names nobody, and neither do we.
    for component in entry.components:
        name = component.supplier or ", ".join(contact["name"] for contact in _contacts(component.authors))
        if name:
            return {"name": clean(name)}
    return None


def _manufacturer(entry: _Entry) -> Json | None:
    """The creator with an e-mail address, as BSI TR-03183-2 section 5.2.2 wants it; None where none is known."""
    reachable = [
        author for component in entry.components for author in _contacts(component.authors) if "email" in author
    ]
    return {"name": reachable[0]["name"], "contact": reachable[:1]} if reachable else None


def _contacts(texts: Iterable[str]) -> list[Json]:
    return [_contact(clean(text).strip()) for text in sorted(set(texts)) if text.strip()]


def _contact(text: str) -> Json:
    match = _ADDRESS.match(text)
    if not match:
        return {"name": text}
    name, email = match["name"].strip(" \"'"), match["email"]
    return {"name": name or email} | ({"email": email} if _is(email, "idn-email") else {})


def _properties(entry: _Entry) -> list[Json]:
    pairs = {
        (item.name, item.value)
        for said in entry.said
        for item in said.properties
        if item.name.startswith("cdx:python:") and item.value
    }
    for component in entry.components:
        pairs |= {("cdx:python:package:required-extra", clean(extra)) for extra in component.extras}
        pairs |= {("govsec:group", clean(group)) for group in component.groups}
        if component.marker:
            pairs.add(("govsec:marker", clean(component.marker)))
        if component.source != "index":
            pairs.add(("govsec:source", component.source))
    pairs |= _file_properties(entry)
    return [{"name": name, "value": value} for name, value in sorted(pairs)]


def _file_properties(entry: _Entry) -> set[tuple[str, str]]:
    """What BSI TR-03183-2 section 5.2.2 asks of the deployable file, where the manifest names exactly one.

    Wheels, source distributions and zip files are archives that keep the names of what is in them.
    """
    files = {posixpath.basename(_path_of(component.url)) for component in entry.components if component.url}
    name = files.pop() if len(files) == 1 else ""
    if not name.endswith(_ARCHIVES):
        return set()
    prefix = "bsi:component:"
    return {(f"{prefix}filename", clean(name)), (f"{prefix}archive", "archive"), (f"{prefix}structured", "structured")}


def _path_of(url: str) -> str:
    try:
        return unquote(urlsplit(url).path)
    except ValueError:
        return ""


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
    authors = _contacts(project.authors)
    optional = {
        "version": clean(subject.version),
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


class _Graph(Struct, frozen=True, kw_only=True):
    """For each entry: what it depends on, or None where no manifest holds the graph; and whether that is all."""

    edges: Mapping[str, frozenset[str] | None]
    whole: Mapping[str, bool]


def _graph(parts: Sequence[Part], items: _Items, entries: Mapping[_Key, _Entry]) -> _Graph:
    edges: dict[str, frozenset[str] | None] = {entry.ref: None for entry in entries.values()}
    whole = dict.fromkeys(edges, True)
    for part in parts:
        by_name = _refs_by_name(part, items, entries)
        for component in part.components:
            if component.depends_on is None:
                continue
            found = [by_name.get(name) for name in component.depends_on]
            for ref in (entries[key].ref for key in items.keys(part, component)):
                edges[ref] = (edges[ref] or frozenset()).union(*(refs for refs in found if refs))
                whole[ref] = whole[ref] and all(found)
    return _Graph(edges=edges, whole=whole)


def _refs_by_name(part: Part, items: _Items, entries: Mapping[_Key, _Entry]) -> dict[str, set[str]]:
    refs: dict[str, set[str]] = defaultdict(set)
    for component in part.components:
        refs[component.name].update(entries[key].ref for key in items.keys(part, component))
    return refs


def _dependencies(direct: set[str], orphans: set[str], graph: _Graph) -> list[Json]:
    nodes = [_node(ROOT_REF, direct | orphans)]
    # A component that is not a node has unknown dependencies; a node without dependsOn has none (ECMA-424).
    nodes += [_node(ref, refs) for ref, refs in graph.edges.items() if refs is not None]
    return sorted(nodes, key=lambda node: str(node["ref"]))


def _direct(parts: Sequence[Part], items: _Items, entries: Mapping[_Key, _Entry]) -> set[str]:
    """What the project asks for itself; all of it, where no manifest tells direct from transitive."""
    told: dict[str, list[bool]] = defaultdict(list)
    for part in parts:
        for component in part.components:
            for key in items.keys(part, component):
                if component.direct is not None:
                    told[entries[key].ref].append(component.direct)
    return {entry.ref for entry in entries.values() if any(told.get(entry.ref, (True,)))}


def _node(ref: str, depends_on: Iterable[str]) -> Json:
    # A package that asks for an extra of itself is no dependency of itself.
    targets = sorted(set(depends_on) - {ref})
    return {"ref": ref} | ({"dependsOn": targets} if targets else {})


def _compositions(parts: Sequence[Part], graph: _Graph, *, told: bool) -> list[Json]:
    """How complete the list of components is (assemblies), and what is known of the dependencies of each."""
    listed = _listed(parts)
    groups: dict[str, dict[str, list[str]]] = defaultdict(dict)
    groups[listed]["assemblies"] = [ROOT_REF]
    # Where the list is whole but nothing tells direct from transitive, the root's own dependencies are not known.
    refs_of = groups[listed if told else "unknown"].setdefault("dependencies", [])
    refs_of.append(ROOT_REF)
    for ref, refs in graph.edges.items():
        aggregate = "unknown" if refs is None else "complete" if graph.whole[ref] else "incomplete"
        groups[aggregate].setdefault("dependencies", []).append(ref)
    return [
        {"aggregate": aggregate} | {kind: sorted(refs) for kind, refs in sorted(groups[aggregate].items())}
        for aggregate in sorted(groups)
    ]


def _is_told(parts: Sequence[Part]) -> bool:
    """Whether every manifest tells direct from transitive."""
    return all(component.direct is not None for part in parts for component in part.components)


def _listed(parts: Sequence[Part]) -> str:
    if any(part.whole is False for part in parts):
        return "incomplete"
    return "complete" if all(part.whole for part in parts) else "unknown"


def library_components(components: Sequence[Component]) -> tuple[Said, ...]:
    """What cyclonedx-python-lib makes of components whose manifest cyclonedx-bom does not read."""
    # The library's time grows with the square of a document's size: so it gets many small ones.
    chunks = (components[start : start + _CHUNK] for start in range(0, len(components), _CHUNK))
    return tuple(said for chunk in chunks for said in _library_chunk(chunk))


def _library_chunk(components: Sequence[Component]) -> tuple[Said, ...]:
    from cyclonedx.model.bom import Bom  # noqa: PLC0415 — heavy, and not every tree needs it
    from cyclonedx.output.json import JsonV1Dot6  # noqa: PLC0415

    made = [_library_component(component, str(index)) for index, component in enumerate(components)]
    answer = decode(JsonV1Dot6(Bom(components=made)).output_as_string().encode(), name="the library's answer")
    told = {item.bom_ref: item for item in answer.components}
    return tuple(told[str(index)] for index in range(len(components)))


def _library_component(component: Component, ref: str) -> "LibraryComponent":
    from cyclonedx.model import ExternalReference, ExternalReferenceType, XsUri  # noqa: PLC0415
    from cyclonedx.model.component import Component as Made  # noqa: PLC0415
    from cyclonedx.model.component import ComponentType  # noqa: PLC0415

    index = ExternalReference(
        type=ExternalReferenceType.DISTRIBUTION,
        url=XsUri(f"https://pypi.org/simple/{quote(clean(component.name))}/"),
        comment="implicit dist url",
    )
    return Made(
        bom_ref=ref,
        type=ComponentType.LIBRARY,
        name=clean(component.name),
        version=component.version,
        external_references=[index] if component.source == "index" else [],
    )


def clean(text: str) -> str:
    """Text as UTF-8 can hold it: a byte that was none (``surrogateescape``) becomes ``?``."""
    return text.encode("utf-8", "replace").decode("utf-8")


def redact(url: str) -> str:
    """A URL without user name and password: they are secrets, and an SBOM is handed out."""
    try:
        parts = urlsplit(clean(url))
    except ValueError:
        return ""
    if "@" not in parts.netloc:
        return urlunsplit(parts)
    user, _, host = parts.netloc.rpartition("@")
    # ``git@host`` is how ssh addresses a repository, and no secret.
    keep = user == "git" and parts.scheme.endswith("ssh")
    return urlunsplit(parts._replace(netloc=f"git@{host}" if keep else host))


def iri(url: str) -> str:
    """The URL as an IRI reference (RFC 3987) that the schema accepts, or empty where it is none."""
    encoded = quote(url, safe=":/?#[]@!$&'()*+,;=%-._~")
    return encoded if encoded and _is(encoded, "iri-reference") else ""


@cache
def _is(text: str, json_format: str) -> bool:
    return _format(json_format).is_valid(text)


@cache
def _format(name: str) -> "Draft7Validator":
    from jsonschema_rs import Draft7Validator  # noqa: PLC0415 — heavy, and not every command needs it

    return Draft7Validator({"type": "string", "format": name}, validate_formats=True)
