"""Digests of the deployed files: taken where name, version and the lock's digest agree, and never otherwise."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from govsec_ci.formats.cyclonedx import validate
from govsec_ci.formats.cyclonedx_files import DistributionFile, add_files
from govsec_ci.manifests.base import Manifest
from govsec_ci.model import Component, Level, Subject
from govsec_ci.scanners.cyclonedx import CycloneDxScanner
from govsec_ci.scanners.wheelhouse import Held, look
from tests.support.cyclonedx import by_name, part, properties, sbom
from tests.support.cyclonedx import component as entry
from tests.support.distributions import digest, sdist, wheel
from tests.support.scanners import component, make_request, manifest

FILE = DistributionFile(name="demo-1.0-py3-none-any.whl", sha256="a" * 64, sha512="b" * 128)


@pytest.fixture
def house(tmp_path: Path) -> Path:
    folder = tmp_path / "wheels"
    folder.mkdir()
    return folder


def told(notifications: Any) -> list[tuple[str, Level]]:
    return [(one.id, one.level) for one in notifications]


def test_a_file_that_the_lock_names_is_taken_with_both_digests(house: Path) -> None:
    path = wheel(house)
    held = look(house, [manifest(component("demo", hashes={"sha256": ("0" * 64, digest(path))}))])
    assert held.notifications == ()
    assert held.files == {
        ("demo", "1.0"): (DistributionFile(name=path.name, sha256=digest(path), sha512=digest(path, "sha512")),)
    }


@pytest.mark.parametrize("algorithm", ["sha256", "sha384", "sha512"])
def test_a_file_with_another_digest_than_the_lock_names_is_an_error_and_never_taken(
    house: Path, algorithm: str
) -> None:
    path = wheel(house)
    wrong = digest(path, algorithm)[::-1]
    held = look(house, [manifest(component("demo", hashes={algorithm: (wrong,)}))])
    assert held.files == {}
    assert told(held.notifications) == [("wheelhouse-file-refused", Level.ERROR), ("wheelhouse-lacks", Level.NOTE)]
    assert f"wheels/{path.name}: not taken: its {algorithm}" in held.notifications[0].text


def test_a_good_file_is_taken_beside_a_strange_one(house: Path) -> None:
    good, strange = wheel(house), sdist(house)
    held = look(house, [manifest(component("demo", hashes={"sha256": (digest(good),)}))])
    assert [file.name for file in held.files["demo", "1.0"]] == [good.name]
    assert strange.name in held.notifications[0].text


def test_one_wrong_digest_of_two_is_enough_to_refuse(house: Path) -> None:
    path = wheel(house)
    known = {"sha256": (digest(path),), "sha512": ("0" * 128,)}
    assert look(house, [manifest(component("demo", hashes=known))]).files == {}


def test_weak_digests_prove_nothing(house: Path) -> None:
    path = wheel(house)
    known = {"md5": (hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest(),)}
    held = look(house, [manifest(component("demo", hashes=known))])
    assert told(held.notifications) == [("wheelhouse-file-unproved", Level.NOTE)]


def test_without_a_digest_in_the_lock_it_says_that_name_and_version_are_all_there_was(house: Path) -> None:
    wheel(house)
    held = look(house, [manifest(component("demo"))])
    assert ("demo", "1.0") in held.files
    assert told(held.notifications) == [("wheelhouse-file-unproved", Level.NOTE)]


def test_names_and_versions_are_compared_normalised_and_other_files_left_alone(house: Path) -> None:
    wheel(house, "De_Mo", "1.0.0")
    wheel(house, "other", "3.0")
    wheel(house, "demo_x", "1.0")
    for name in ("README", "de_mo-1.0.0-broken.whl", "demo.zip", "not a dist.tar.gz", "demo-1.0.tar.gz.metadata"):
        (house / name).write_bytes(b"?")
    held = look(house, [manifest(component("de-mo", "1.0"))])
    assert list(held.files) == [("de-mo", "1.0")]
    assert [file.name for file in held.files["de-mo", "1.0"]] == ["De_Mo-1.0.0-py3-none-any.whl"]


def test_what_has_no_file_is_named_a_few_and_counted(house: Path) -> None:
    held = look(house, [manifest(*(component(f"c{number}") for number in range(7)))])
    assert told(held.notifications) == [("wheelhouse-lacks", Level.NOTE)]
    alone = look(house, [manifest(component("c0"))])
    assert alone.notifications[0].text == "the wheelhouse has no file that could be taken for c0 1.0"
    assert "7 components: c0 1.0, c1 1.0, c2 1.0, c3 1.0, c4 1.0, …" in held.notifications[0].text


@pytest.mark.parametrize("source", ["vcs", "path"])
def test_what_comes_from_a_repository_or_a_folder_is_not_the_release_of_that_name(house: Path, source: str) -> None:
    wheel(house)
    assert look(house, [manifest(component("demo", source=source))]).files == {}


@pytest.mark.parametrize("version", [None, "no version"])
def test_without_a_version_there_is_nothing_to_compare(house: Path, version: str | None) -> None:
    wheel(house)
    assert look(house, [manifest(component("demo", version))]).files == {}


def test_the_digests_of_an_installed_environment_are_of_no_archive(house: Path) -> None:
    path = wheel(house)
    installed = replace(manifest(component("demo", hashes={"sha256": ("0" * 64,)})), format="environment")
    assert ("demo", "1.0") in look(house, [installed]).files
    from_url = component("demo", hashes={"sha256": ("0" * 64,)}, url=f"https://example.org/{path.name}")
    assert look(house, [replace(installed, components=(from_url,))]).files == {}


def test_a_link_a_folder_and_a_pipe_are_no_files(house: Path, tmp_path: Path) -> None:
    wheel(tmp_path)
    os.symlink(tmp_path / "demo-1.0-py3-none-any.whl", house / "demo-1.0-py3-none-any.whl")
    (house / "demo-1.0.zip").mkdir()
    os.mkfifo(house / "demo-1.0.tar.gz")
    held = look(house, [manifest(component("demo"))])
    assert held.files == {}
    assert [one.id for one in held.notifications] == ["wheelhouse-file-refused"] * 3 + ["wheelhouse-lacks"]
    assert "not a regular file" in held.notifications[0].text


def test_a_wheelhouse_that_is_none_makes_the_run_incomplete(tmp_path: Path) -> None:
    held = look(tmp_path / "none", [manifest(component("demo"))])
    assert told(held.notifications) == [("wheelhouse-missing", Level.ERROR)]


def document(*files: DistributionFile, **fields: Any) -> dict[str, Any]:
    given: dict[str, Any] = {"name": "demo", "version": "1.0"}
    bom = sbom(part(entry(**(given | fields))))
    added = add_files(bom, {("demo", "1.0"): files})
    assert validate(added) == ()
    assert added["serialNumber"] != bom["serialNumber"]
    return by_name(added)["demo"]


def distributions(record: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for one in record["externalReferences"] if one["type"] == "distribution"]


def both(file: DistributionFile) -> list[dict[str, str]]:
    return [{"alg": "SHA-256", "content": file.sha256}, {"alg": "SHA-512", "content": file.sha512}]


def test_the_one_file_is_the_component_and_has_a_reference_of_its_own() -> None:
    record = document(FILE)
    assert record["hashes"] == both(FILE)
    assert {
        "type": "distribution",
        "url": FILE.name,
        "comment": "deployed file",
        "hashes": both(FILE),
    } in distributions(record)
    assert ("bsi:component:filename", FILE.name) in properties(record)
    assert ("bsi:component:archive", "archive") in properties(record)


def test_of_several_files_each_has_its_reference_and_none_is_the_component() -> None:
    other = DistributionFile(name="demo-1.0.tar.gz", sha256="c" * 64, sha512="d" * 128)
    record = document(FILE, other)
    assert "hashes" not in record
    assert [one["hashes"] for one in distributions(record) if one.get("comment") == "deployed file"] == [
        both(FILE),
        both(other),
    ]
    assert not any(name == "bsi:component:filename" for name, _ in properties(record))


def test_a_reference_that_is_about_the_file_gets_the_digest_and_no_second_one_is_made() -> None:
    url = f"https://files.example.org/{FILE.name}"
    record = document(FILE, url=url, hashes={"sha256": (FILE.sha256,)})
    assert [(one["url"], one["hashes"]) for one in distributions(record)] == [(url, both(FILE))]


def test_a_document_without_files_is_as_it_was() -> None:
    bom = sbom(part(entry("demo")))
    assert add_files(bom, {}) is bom


def test_what_comes_from_a_repository_gets_no_file() -> None:
    bom = sbom(part(entry("demo", "1.0", source="vcs", url="https://example.org/demo.git")))
    (record,) = add_files(bom, {("demo", "1.0"): (FILE,)})["components"]
    assert "SHA-512" not in json.dumps(record)


def test_the_scanner_writes_them_into_the_sbom_and_its_run_tells_what_was_refused(house: Path, tmp_path: Path) -> None:
    good, bad = wheel(house), wheel(house, "bad")
    own: tuple[Component, ...] = (
        component("demo", hashes={"sha256": (digest(good),)}),
        component("bad", hashes={"sha256": ("0" * 64,)}, line=2),
    )
    (tmp_path / "tree").mkdir()
    output = CycloneDxScanner().scan(make_request(tmp_path / "tree", manifests=(manifest(*own),), wheelhouse=house))
    records = by_name(json.loads(output.files["sbom.cdx.json"]))
    assert {"alg": "SHA-512", "content": digest(good, "sha512")} in records["demo"]["hashes"]
    assert "SHA-512" not in json.dumps(records["bad"])
    assert output.run.state.value == "incomplete"
    assert any(bad.name in one.text for one in output.run.notifications if one.level is Level.ERROR)


def test_two_manifests_agree_on_one_file(house: Path) -> None:
    path = wheel(house)
    first: Manifest = manifest(component("demo", "1.0", hashes={"sha256": (digest(path),)}))
    second = manifest(component("demo", "1.0.0"))
    assert set(look(house, [first, second]).files) == {("demo", "1.0"), ("demo", "1.0.0")}


def test_the_project_itself_is_a_file_too(house: Path, tmp_path: Path) -> None:
    path = wheel(house, "tax_forms", "1.2")
    (tmp_path / "tree").mkdir()
    request = make_request(
        tmp_path / "tree",
        manifests=(manifest(component("demo")),),
        wheelhouse=house,
        subject=Subject(name="Tax.Forms", version="1.2"),
    )
    output = CycloneDxScanner().scan(request)
    root = json.loads(output.files["sbom.cdx.json"])["metadata"]["component"]
    assert {"alg": "SHA-512", "content": digest(path, "sha512")} in root["hashes"]
    assert ("bsi:component:filename", path.name) in properties(root)


@pytest.mark.parametrize("subject", [None, Subject(name="tax-forms"), Subject(name="", version="1")])
def test_a_project_without_a_version_has_no_file(house: Path, subject: Subject | None) -> None:
    wheel(house, "tax_forms", "1.2")
    assert look(house, [], subject) == Held()
