"""BSI TR-03183-2: each section of the guideline, field by field, over CycloneDX files."""

from typing import Any

import pytest

from govsec_ci.formats.cyclonedx import read_sbom, write
from govsec_ci.gate import profile
from govsec_ci.model import Sbom, VerdictWord
from tests.support.gate_evidence import COMMIT, check, evidence, judge, replace, sbom

PASS, FAIL, INCOMPLETE = VerdictWord.PASS, VerdictWord.FAIL, VerdictWord.INCOMPLETE
NAME = "de-bsi-tr-03183-2"
REQUIRED = {
    "4": {"format"},
    "3.1": {"no-vulnerability-data"},
    "5.1": {"recursive", "sbom-scan"},
    "5.2.1": {"document-fields"},
    "5.2.2": {"component-fields", "sha-512"},
    "5.2.4": {"fields-if-they-exist"},
}


def component(name: str) -> dict[str, Any]:
    creator = {"name": "Somebody", "contact": [{"email": "somebody@example.org"}]}
    properties = {"filename": f"{name}.whl", "executable": "non-executable", "archive": "archive"}
    return {
        "type": "library",
        "bom-ref": name,
        "name": name,
        "version": "1.0",
        "purl": f"pkg:pypi/{name}@1.0",
        "manufacturer": creator,
        "licenses": [
            {"license": {"id": "MIT", "acknowledgement": "concluded"}},
            {"license": {"id": "MIT", "acknowledgement": "declared"}},
        ],
        "externalReferences": [
            {"type": "distribution", "url": "https://example.org/a.whl",
             "hashes": [{"alg": "SHA-512", "content": "0" * 128}]},
            {"type": "vcs", "url": "https://example.org/a.git"},
        ],
        "properties": [
            {"name": f"bsi:component:{key}", "value": value}
            for key, value in (properties | {"structured": "structured"}).items()
        ],
    }  # fmt: skip


def whole() -> dict[str, Any]:
    root = component("root")
    root["properties"].append({"name": "govsec:commit", "value": COMMIT})
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79",
        "metadata": {
            "timestamp": "2026-03-31T00:00:00Z",
            "manufacturer": {"name": "We", "url": ["https://example.org"]},
            "component": root,
        },
        "components": [component("dep")],
        "dependencies": [{"ref": "root", "dependsOn": ["dep"]}, {"ref": "dep"}],
        "compositions": [{"aggregate": "complete", "dependencies": ["root", "dep"]}],
    }


def read(bom: dict[str, Any]) -> Sbom:
    return replace(read_sbom(write(bom)), commit=COMMIT)


def words(bom: dict[str, Any]) -> dict[str, VerdictWord]:
    return {own.gate: own.verdict for own in judge(evidence(sbom=read(bom)), NAME).checks}


def test_a_whole_file_passes_and_each_gate_has_its_section() -> None:
    assert set(words(whole()).values()) == {PASS}
    found: dict[str, set[str]] = {}
    for gate in profile.load(NAME).gates:
        found.setdefault(gate.clause.id, set()).add(gate.id)
    assert found == REQUIRED


def without(path: str) -> dict[str, Any]:
    """The whole file without one thing of its component ``dep`` (or, with a leading ``/``, of the document)."""
    bom = whole()
    place: Any = bom if path.startswith("/") else bom["components"][0]
    *parents, last = path.strip("/").split("/")
    for key in parents:
        place = place[int(key)] if isinstance(place, list) else place[key]
    if isinstance(place, list):
        place[:] = [item for item in place if item.get("name") != f"bsi:component:{last}"]
    else:
        del place[last]
    return bom


@pytest.mark.parametrize(
    ("path", "gate"),
    [
        ("/metadata/manufacturer", "document-fields"),
        ("/metadata/timestamp", "document-fields"),
        ("/compositions", "recursive"),
        ("/compositions", "component-fields"),
        ("/dependencies", "recursive"),
        ("manufacturer", "component-fields"),
        ("version", "component-fields"),
        ("licenses", "component-fields"),
        ("properties/filename", "component-fields"),
        ("properties/executable", "component-fields"),
        ("properties/archive", "component-fields"),
        ("properties/structured", "component-fields"),
        ("externalReferences/0/hashes", "sha-512"),
        ("/serialNumber", "fields-if-they-exist"),
        ("externalReferences", "fields-if-they-exist"),
        ("purl", "fields-if-they-exist"),
    ],
)
def test_each_field_that_is_missing_fails_its_gate(path: str, gate: str) -> None:
    assert words(without(path))[gate] is FAIL


def test_a_shorter_digest_is_no_sha_512() -> None:
    bom = whole()
    bom["components"][0]["externalReferences"][0]["hashes"][0]["alg"] = "SHA-256"
    found = check(judge(evidence(sbom=read(bom)), NAME), "sha-512")
    assert found.verdict is FAIL
    assert found.offenders == ("sha-512: pkg:pypi/dep@1.0",)


def test_vulnerability_data_in_the_file_fails() -> None:
    bom = whole() | {"vulnerabilities": [{"id": "CVE-2024-0001"}]}
    assert words(bom)["no-vulnerability-data"] is FAIL


@pytest.mark.parametrize(
    ("form", "version", "word"),
    [
        ("CycloneDX", "1.5", FAIL),
        ("CycloneDX", "1.6", PASS),
        ("CycloneDX", "1.7", PASS),
        ("SPDX", "3.0.0", FAIL),
        ("SPDX", "3.0.1", PASS),
        ("SWID", "9", FAIL),
    ],
)
def test_formats(form: str, version: str, word: VerdictWord) -> None:
    own = sbom(format=form, spec_version=version, fields={})
    assert check(judge(evidence(sbom=own), NAME), "format").verdict is word


def test_an_sbom_of_another_version_shows_nothing() -> None:
    own = sbom(commit="b" * 40, fields={})
    assert check(judge(evidence(sbom=own), NAME), "component-fields").verdict is INCOMPLETE


def test_only_what_is_required_if_it_exists_warns() -> None:
    modes = {gate.id: gate.mode for gate in profile.load(NAME).gates}
    assert [name for name, mode in modes.items() if mode == "warn"] == ["fields-if-they-exist"]
