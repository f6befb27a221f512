"""The SBOM scanner with the real cyclonedx-bom, over the examples and six real projects."""

import functools
import json
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

from govsec_ci.config import Config, Timeouts
from govsec_ci.formats import cyclonedx
from govsec_ci.manifests.discover import discover
from govsec_ci.manifests.environment import read_environment
from govsec_ci.model import Component, Location, ScanState, Subject
from govsec_ci.scanners.base import ScanOutput
from govsec_ci.scanners.cyclonedx import CycloneDxScanner
from govsec_ci.system import git
from govsec_ci.system.files import walk
from tests.support.scanners import make_request, make_tree, manifest, told

NOW = 1_700_000_000
EXAMPLES = ("clean-app", "unlocked-app", "vulnerable-app")
PROJECTS = ("requirements", "pylock", "uv", "poetry", "pdm", "pipenv")
LOCKED_GRAPH = ("uv", "poetry", "pdm")


def scan(folder: Path, **fields: Any) -> ScanOutput:
    tree = walk(folder)
    given: dict[str, Any] = {
        "tree": tree,
        "manifests": discover(tree).manifests,
        "timestamp_s": NOW,
        "subject": Subject(name="app", version="1", commit="c" * 40, dirty=False),
    }
    return CycloneDxScanner().scan(make_request(folder, **(given | fields)))


def document(output: ScanOutput) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(output.files["sbom.cdx.json"])
    return read


@pytest.fixture(scope="session")
def projects(root: Path) -> Path:
    return root / "tests" / "recorded" / "manifests"


@functools.cache
def once(folder: Path) -> ScanOutput:
    """The scan of an unchanging folder, shared by the tests that only look at it."""
    return scan(folder)


@pytest.mark.parametrize("example", EXAMPLES)
def test_examples(root: Path, example: str) -> None:
    output = scan(root / "examples" / example)

    assert output.run.state is ScanState.COMPLETE
    assert output.run.targets == output.run.scope > 0
    assert cyclonedx.validate(document(output)) == ()
    versions = [one.version for one in cyclonedx.read_sbom(output.files["sbom.cdx.json"]).components]
    assert all(versions) == (example != "unlocked-app")


@pytest.mark.parametrize("project", PROJECTS)
def test_six_projects_are_valid_reproducible_and_named_where_they_lack(projects: Path, project: str) -> None:
    first, second = once(projects / project), scan(projects / project)

    assert first.files == second.files
    assert first.run.state is ScanState.COMPLETE
    assert told(first.run) == []
    assert cyclonedx.validate(document(first)) == ()
    read = cyclonedx.read_sbom(first.files["sbom.cdx.json"])
    # No lock and no requirements file names a supplier; everything else is there.
    assert set(read.missing) == {"supplier"}
    assert set(read.missing["supplier"]) >= {one.purl for one in read.components}
    assert all(one.version for one in read.components)


@pytest.mark.parametrize(
    "project", [pytest.param(one, marks=pytest.mark.full) if one == "poetry" else one for one in PROJECTS]
)
def test_the_librarys_own_validator_finds_nothing_either(projects: Path, project: str) -> None:
    """Another engine on the same schema; it takes seconds where ours takes milliseconds."""
    data = once(projects / project).files["sbom.cdx.json"].decode()

    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(data) is None


@pytest.mark.parametrize("project", PROJECTS)
def test_every_component_of_the_manifest_is_in_it_with_its_hashes(projects: Path, project: str) -> None:
    manifests = discover(walk(projects / project)).manifests
    declared = {component.purl: component for one in manifests for component in one.components}
    written = {one["purl"]: one for one in document(once(projects / project))["components"]}

    assert written.keys() == declared.keys()
    for purl, component in declared.items():
        told_by_us = {digest for digests in component.hashes.values() for digest in digests}
        in_file = {digest["content"] for ref in written[purl]["externalReferences"] for digest in ref.get("hashes", ())}
        assert in_file == told_by_us


@pytest.mark.parametrize("project", LOCKED_GRAPH)
def test_a_lock_with_a_graph_gives_a_complete_one(projects: Path, project: str) -> None:
    made = document(once(projects / project))

    assert [one["aggregate"] for one in made["compositions"]] == ["complete"]
    assert len(made["dependencies"]) == len(made["components"]) + 1


def test_uv_draws_the_same_graph(projects: Path, tmp_path: Path) -> None:
    shutil.copytree(projects / "uv", tmp_path / "uv")
    made = document(scan(tmp_path / "uv"))
    options = "--format cyclonedx1.5 --frozen --all-groups --all-extras --no-python-downloads --offline --quiet"
    command = [sys.executable, "-m", "uv", "export", "--preview-features", "sbom-export", *options.split()]
    done = subprocess.run(command, cwd=tmp_path / "uv", capture_output=True, check=False, text=True)
    if done.returncode != 0:
        pytest.skip(f"uv cannot export: {done.stderr[-200:]}")
    oracle = json.loads(done.stdout)

    assert _edges(made) == _edges(oracle)


def _edges(bom: dict[str, Any]) -> set[tuple[str, str]]:
    names = {one["bom-ref"]: one["name"] for one in bom["components"]}
    return {
        (names[node["ref"]], names[target])
        for node in bom["dependencies"]
        for target in node.get("dependsOn", ())
        if node["ref"] in names
    }


def test_an_environment_adds_licences_and_suppliers(projects: Path, tmp_path: Path) -> None:
    site = make_tree(
        tmp_path / "venv" / "lib" / "python3.11" / "site-packages",
        {
            "click-8.5.1.dist-info/METADATA": "Metadata-Version: 2.4\nName: click\nVersion: 8.5.1\n"
            "License-Expression: BSD-3-Clause\nAuthor-email: Pallets <contact@palletsprojects.com>\n",
            "click-8.5.1.dist-info/RECORD": "click/__init__.py,sha256=abc,3\n",
        },
    )
    manifests = (*discover(walk(projects / "uv")).manifests, read_environment(site.parents[2]))
    output = scan(projects / "uv", manifests=manifests)
    (click,) = [one for one in document(output)["components"] if one["name"] == "click"]

    assert cyclonedx.validate(document(output)) == ()
    assert click["licenses"] == [{"license": {"id": "BSD-3-Clause", "acknowledgement": "declared"}}]
    assert click["supplier"] == {"name": "Pallets"}
    assert len(click["hashes"]) == 1
    assert click["hashes"][0] not in click["externalReferences"][0]["hashes"]
    assert click["purl"] not in cyclonedx.read_sbom(output.files["sbom.cdx.json"]).missing["supplier"]


def test_nothing_of_the_tree_is_executed(root: Path, tmp_path: Path) -> None:
    proof = tmp_path / "proof"
    code = f"open({str(proof)!r}, 'w').close()\n"
    names = (
        "cyclonedx_py.py",
        "cyclonedx_py/__init__.py",
        "sitecustomize.py",
        "usercustomize.py",
        "json.py",
        "setup.py",
    )
    tree = make_tree(
        tmp_path / "tree",
        dict.fromkeys(names, code)
        | {
            "requirements.txt": "click==8.1.7\n",
            "poetry.lock": (root / "tests/recorded/manifests/poetry/poetry.lock").read_bytes(),
        },
    )

    assert scan(tree).run.targets > 1
    assert not proof.exists()


def test_the_repository_is_named_without_its_secret(tmp_path: Path) -> None:
    folder = make_tree(tmp_path, {"requirements.txt": "click==8.1.7\n"})
    for arguments in (["init", "-q"], ["remote", "add", "origin", "https://u:secret@git.example/app.git"]):
        subprocess.run(["git", *arguments], cwd=folder, check=True)

    root = document(scan(folder, checkout=git.inspect(folder)))["metadata"]["component"]

    assert root["externalReferences"] == [{"type": "vcs", "url": "https://git.example/app.git"}]
    assert PackageURL.from_string(root["purl"]).qualifiers == {"vcs_url": f"git+https://git.example/app.git@{'c' * 40}"}


def test_a_time_limit_ends_the_tool(tmp_path: Path) -> None:
    limits = Config(timeouts=Timeouts(cyclonedx_s=0.01))
    output = scan(make_tree(tmp_path, {"requirements.txt": "click==8.1.7\n"}), config=limits)

    assert output.run.state is ScanState.INCOMPLETE
    assert told(output.run) == [("tool-failed", "error")]
    assert len(document(output)["components"]) == 1


def test_the_tool_drops_what_it_cannot_read_without_a_word(tmp_path: Path) -> None:
    """Why its answer is held against what was asked."""
    odd = Component(name="pytz", version="2004d", location=Location(path="requirements.txt"))
    output = scan(tmp_path, manifests=(manifest(odd),))

    assert told(output.run) == [("component-passed-over", "note")]
    assert [one["version"] for one in document(output)["components"]] == ["2004d"]


@pytest.mark.full
def test_a_thousand_components_take_less_than_three_seconds(tmp_path: Path) -> None:
    components = tuple(
        Component(
            name=f"package-{number}",
            version=f"1.{number}",
            location=Location(path="requirements.txt"),
            hashes={"sha256": tuple(f"{number * 100 + file:064x}" for file in range(20))},
        )
        for number in range(1000)
    )
    before = time.process_time() + resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    output = scan(tmp_path, manifests=(manifest(*components),))
    after = time.process_time() + resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime

    assert output.run.targets == 1000
    assert after - before < 3
