"""One component as a CycloneDX object: what a tool said of it, and what the manifests and metadata add."""

import posixpath
from collections import Counter
from urllib.parse import quote, unquote, urlsplit

from govsec_ci.formats.cyclonedx_parts import Entry
from govsec_ci.formats.cyclonedx_values import Json, clean, contacts, digests, digests_of, iri, licence, redact
from govsec_ci.formats.cyclonedx_wire import Reference
from govsec_ci.model import Component
from govsec_ci.system.files import path_to_uri

# The sources of which a component is a release with files.
_FROM_INDEX = frozenset({"index", "private-index"})
_ARCHIVES = (".whl", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".zip")


def component_record(entry: Entry) -> Json:
    """A component of the document."""
    first = entry.components[0]
    record: Json = {
        "type": "library",
        "bom-ref": entry.ref,
        "name": entry.name,
        "purl": entry.purl,
        "externalReferences": _references(entry),
        "evidence": {"occurrences": _occurrences(entry)},
    }
    optional = {
        "version": clean(first.version or ""),
        "scope": _scope(entry),
        "hashes": _own_hashes(entry),
        "licenses": _licences(entry),
        "supplier": _supplier(entry),
        "manufacturer": _manufacturer(entry),
        "authors": _authors(entry),
        "properties": _properties(entry),
    }
    return record | {key: value for key, value in optional.items() if value}


def _scope(entry: Entry) -> str:
    """``optional`` where every manifest puts it in groups or extras only; else nothing, which means required."""
    groups = [component.groups for component in entry.components]
    return "optional" if all(groups) and not any("main" in names for names in groups) else ""


def _own_hashes(entry: Entry) -> list[Json]:
    # A lock file names the digests of every file of a release. Only where there is one an algorithm is it the
    # component's own; several would say that one thing has two SHA-256.
    every = digests_of(entry.installed) or digests_of(entry.components)
    algorithms = Counter(digest["alg"] for digest in every)
    return [digest for digest in every if algorithms[digest["alg"]] == 1]


def _archive_hashes(entry: Entry) -> list[Json]:
    return digests_of(component for component in entry.components if component.url or component not in entry.installed)


def _references(entry: Entry) -> list[Json]:
    first, archives = entry.components[0], _archive_hashes(entry)
    said = _said_references(entry)
    told = _told_reference(first)
    # What names each file with its own digest is more exact than the manifest's line; the default index is less.
    files = _file_references(entry)
    references = said if any("hashes" in reference for reference in said) else files or ([told] if told else said)
    if first.source != "index" and not told and not files:
        references = []
    for reference in references:
        if archives and not files and reference["type"] == "distribution":
            reference.setdefault("hashes", archives)
    return sorted(references, key=lambda reference: (reference["type"], reference["url"]))


def _file_references(entry: Entry) -> list[Json]:
    """Each file of the release, where a lock gives its URL; of one in several locks the digests are joined."""
    found: dict[str, list[tuple[str, str]]] = {}
    for component in entry.components:
        for file in component.files if component.source in _FROM_INDEX else ():
            found.setdefault(iri(redact(file.url)), []).extend(file.hashes.items())
    return [_file_reference(url, digests(found[url])) for url in sorted(found) if url]


def _file_reference(url: str, hashes: list[Json]) -> Json:
    record: Json = {"type": "distribution", "url": url, "comment": "from the manifest"}
    return record | ({"hashes": hashes} if hashes else {})


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
        return {
            "type": "distribution",
            "url": f"{index.rstrip('/')}/{quote(clean(component.name))}/",
            "comment": "index",
        }
    return None


def _said_references(entry: Entry) -> list[Json]:
    made = (_said_reference(reference) for reference in entry.said.external_references)
    return [reference for reference in made if reference["url"]]


def _said_reference(reference: Reference) -> Json:
    record: Json = {"type": reference.type, "url": iri(redact(reference.url))}
    hashes = [{"alg": digest.alg, "content": digest.content} for digest in reference.hashes]
    optional = {"comment": reference.comment, "hashes": hashes}
    return record | {key: value for key, value in optional.items() if value}


def _occurrences(entry: Entry) -> list[Json]:
    places = {
        (component.location.path, component.location.region.start_line if component.location.region else 0)
        for component in entry.components
    }
    return [{"location": path_to_uri(path)} | ({"line": line} if line else {}) for path, line in sorted(places)]


def _licences(entry: Entry) -> list[Json]:
    texts = sorted({component.licence for component in entry.components if component.licence})
    return licence(texts[0]) if texts else []


def _supplier(entry: Entry) -> Json | None:
    # Who supplies a package of a public index is whom its metadata names; a lock file names nobody, and neither do we.
    named = sorted({clean(component.supplier).strip() for component in entry.components} - {""})
    name = named[0] if named else ", ".join(author["name"] for author in _authors(entry))
    return {"name": name} if name else None


def _authors(entry: Entry) -> list[Json]:
    return contacts(author for component in entry.components for author in component.authors)


def _manufacturer(entry: Entry) -> Json | None:
    """The creator with an e-mail address, as BSI TR-03183-2 section 5.2.2 wants it; None where none is known."""
    reachable = [author for author in _authors(entry) if "email" in author]
    return {"name": reachable[0]["name"], "contact": reachable[:1]} if reachable else None


def _properties(entry: Entry) -> list[Json]:
    pairs = {
        (item.name, item.value) for item in entry.said.properties if item.name.startswith("cdx:python:") and item.value
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


def _file_properties(entry: Entry) -> set[tuple[str, str]]:
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
