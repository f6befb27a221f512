"""The deployed files of an SBOM's components: their names and digests, added to a document that is otherwise made.

BSI TR-03183-2 section 5.2.2 wants the SHA-512 of the deployable component; its CycloneDX mapping puts it with the
``distribution`` reference.
"""

from collections.abc import Mapping, Sequence
from urllib.parse import quote

from msgspec import Struct

from govsec_ci.formats.cyclonedx_sbom import with_serial
from govsec_ci.formats.cyclonedx_values import Json, clean

_PREFIX = "bsi:component:"


class DistributionFile(Struct, frozen=True, kw_only=True):
    """A wheel or a source distribution: its file name, and digests in lower-case hex."""

    name: str
    sha256: str
    sha512: str


Files = Mapping[tuple[str, str], Sequence[DistributionFile]]
"""Name and version of a component, as its manifest writes them → the files that are deployed."""


def add_files(bom: Json, files: Files) -> Json:
    """The document with the files of every component that has some; of what it says already only its number changes."""
    if not files:
        return bom
    made = {key: value for key, value in bom.items() if key != "serialNumber"}
    root = bom["metadata"]["component"]
    made["metadata"] = {**bom["metadata"], "component": _component(root, _of(root, files))}
    made["components"] = [_component(one, _of(one, files)) for one in bom["components"]]
    return with_serial(made)


def _of(record: Json, files: Files) -> Sequence[DistributionFile]:
    source = next((one["value"] for one in record.get("properties", []) if one["name"] == "govsec:source"), "")
    # What comes from a repository or a folder is not the release of that name and version.
    return () if source in {"vcs", "path"} else files.get((record["name"], record.get("version", "")), ())


def _component(record: Json, files: Sequence[DistributionFile]) -> Json:
    if not files:
        return record
    made = {**record, "externalReferences": _references(record.get("externalReferences", []), files)}
    if len(files) > 1:
        return made
    return made | {"hashes": _hashes(record, files[0]), "properties": _properties(record, files[0])}


def _references(references: Sequence[Json], files: Sequence[DistributionFile]) -> list[Json]:
    """Each file's SHA-512 beside its SHA-256 where a reference is about that file alone, else with one of its own."""
    made = [dict(reference) for reference in references]
    for file in files:
        own = next((one for one in made if _is_about(one, file)), None)
        if own is None:
            made.append({"type": "distribution", "url": quote(clean(file.name)), "comment": "deployed file"})
            own = made[-1]
        own["hashes"] = _merged(own.get("hashes", []), _digests(file))
    return sorted(made, key=lambda reference: (reference["type"], reference["url"]))


def _is_about(reference: Json, file: DistributionFile) -> bool:
    named = [digest["content"] for digest in reference.get("hashes", []) if digest["alg"] == "SHA-256"]
    return reference["type"] == "distribution" and named == [file.sha256]


def _digests(file: DistributionFile) -> list[Json]:
    return [{"alg": "SHA-256", "content": file.sha256}, {"alg": "SHA-512", "content": file.sha512}]


def _merged(digests: Sequence[Json], more: Sequence[Json]) -> list[Json]:
    known = {digest["alg"] for digest in digests}
    every = [*digests, *(digest for digest in more if digest["alg"] not in known)]
    return sorted(every, key=lambda digest: (digest["alg"], digest["content"]))


def _hashes(record: Json, file: DistributionFile) -> list[Json]:
    # The one file that is deployed is the component; what an installed environment says of itself stays.
    return _merged(record.get("hashes", []), _digests(file))


def _properties(record: Json, file: DistributionFile) -> list[Json]:
    own = {"filename": clean(file.name), "archive": "archive", "structured": "structured"}
    before = record.get("properties", [])
    known = {item["name"] for item in before}
    more = [{"name": _PREFIX + key, "value": value} for key, value in own.items() if _PREFIX + key not in known]
    return sorted([*before, *more], key=lambda item: (item["name"], item["value"]))
