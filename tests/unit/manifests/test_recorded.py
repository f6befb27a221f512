"""Six real projects: our component list against the list that the tool itself gives (tests/recorded/manifests)."""

import re
from pathlib import Path

import pytest

from govsec_ci.manifests.base import Manifest
from govsec_ci.manifests.discover import discover
from govsec_ci.model import Level
from govsec_ci.system.files import walk
from tests.support.tool_lists import tools_list

LOCKS = {
    "requirements": "requirements.txt",
    "pylock": "pylock.toml",
    "uv": "uv.lock",
    "poetry": "poetry.lock",
    "pdm": "pdm.lock",
    "pipenv": "Pipfile.lock",
}


def recorded(root: Path, project: str) -> tuple[Manifest, str]:
    folder = root / "tests" / "recorded" / "manifests" / project
    found = discover(walk(folder))
    manifest = next(manifest for manifest in found.manifests if manifest.path == LOCKS[project])
    return manifest, (folder / "tool.out").read_text("utf-8")


@pytest.mark.parametrize("project", LOCKS)
def test_components_are_those_that_the_tool_lists(root: Path, project: str) -> None:
    manifest, text = recorded(root, project)
    ours = {(component.name, str(component.version)) for component in manifest.components}
    theirs = set(tools_list(text))
    assert len(theirs) >= 8
    assert ours == theirs
    assert len(ours) == len(manifest.components)


@pytest.mark.parametrize("project", ["uv", "poetry", "pdm", "pipenv"])
def test_hashes_are_those_that_the_tool_exports(root: Path, project: str) -> None:
    manifest, text = recorded(root, project)
    ours = {
        (component.name, str(component.version)): {
            f"{algorithm}:{digest}" for algorithm, digests in component.hashes.items() for digest in digests
        }
        for component in manifest.components
    }
    assert all(ours.values())
    assert ours == tools_list(text)


@pytest.mark.parametrize("project", ["uv", "pylock"])
def test_every_file_has_its_url_with_the_digest_that_stands_beside_it(root: Path, project: str) -> None:
    manifest, _ = recorded(root, project)
    text = (root / "tests/recorded/manifests" / project / LOCKS[project]).read_text("utf-8")
    for component in manifest.components:
        assert {file.hashes["sha256"] for file in component.files} == set(component.hashes["sha256"])
        for file in component.files:
            beside = re.split(r"\burl\b", text.partition(file.url)[2])[0]
            assert file.hashes["sha256"] in beside


@pytest.mark.parametrize("project", LOCKS)
def test_nothing_stands_against_a_well_kept_project(root: Path, project: str) -> None:
    folder = root / "tests" / "recorded" / "manifests" / project
    found = discover(walk(folder))
    told = [note for manifest in found.manifests for note in manifest.notifications]
    assert [note.text for note in told if note.level is not Level.NOTE] == []
    assert all(component.source == "index" for manifest in found.manifests for component in manifest.components)


@pytest.mark.parametrize("project", LOCKS)
def test_lines_are_those_of_the_file(root: Path, project: str) -> None:
    manifest, _ = recorded(root, project)
    lines = (root / "tests/recorded/manifests" / project / LOCKS[project]).read_text("utf-8").splitlines()
    for component in manifest.components:
        assert component.location.region is not None
        near = lines[component.location.region.start_line - 1 :][:3]
        assert component.name in re.sub(r"[-_.]+", "-", " ".join(near)).lower()


@pytest.mark.parametrize(
    ("project", "direct"),
    [
        ("requirements", {"flask", "jinja2", "requests", "urllib3", "werkzeug"}),
        ("pylock", {"django", "gunicorn", "idna", "requests", "sqlparse"}),
        ("uv", {"fastapi", "jinja2", "uvicorn", "redis", "pytest", "tomli"}),
        ("poetry", {"cryptography", "requests", "defusedxml", "pytest"}),
        ("pdm", {"certifi", "httpx", "tornado", "mistune", "pytest"}),
        ("pipenv", {"aiosmtpd", "mako", "pyjwt", "requests", "pytest"}),
    ],
)
def test_direct_is_what_the_project_asks_for(root: Path, project: str, direct: set[str]) -> None:
    manifest, _ = recorded(root, project)
    assert {component.name for component in manifest.components if component.direct} == direct


@pytest.mark.parametrize("project", ["uv", "poetry", "pdm"])
def test_graph_is_closed_and_groups_are_known(root: Path, project: str) -> None:
    manifest, _ = recorded(root, project)
    names = {component.name for component in manifest.components}
    components = {component.name: component for component in manifest.components}
    for component in manifest.components:
        assert component.depends_on is not None
        assert set(component.depends_on) <= names
        assert component.groups
    assert "dev" in components["pytest"].groups
    assert "dev" in components["iniconfig"].groups
    assert "main" in components["idna"].groups


def test_no_recording_names_a_machine(root: Path) -> None:
    folder = root / "tests" / "recorded" / "manifests"
    hosts = {
        host
        for file in folder.rglob("*")
        if file.is_file() and file.suffix != ".py"
        for host in re.findall(r"https?://([^/\s\"'>,;)]+)", file.read_text("utf-8"))
    }
    assert hosts == {"pypi.org", "files.pythonhosted.org"}


def test_the_graph_of_compiled_requirements(root: Path) -> None:
    manifest, _ = recorded(root, "requirements")
    edges = {component.name: component.depends_on for component in manifest.components}
    assert edges["flask"] == ("click", "itsdangerous", "jinja2", "werkzeug")
    assert edges["requests"] == ("certifi", "charset-normalizer", "idna", "pysocks", "urllib3")
    assert edges["jinja2"] == ("markupsafe",)
