"""The SBOM and the audit side by side: every component of the one is looked up by the other, or named as not."""

from pathlib import Path

import pytest

from govsec_ci.advisories.prepare import prepare
from govsec_ci.config import Config, DeclaredSource
from govsec_ci.formats.cyclonedx import read_sbom
from govsec_ci.manifests.discover import discover
from govsec_ci.model import Run
from govsec_ci.scanners.scan import scan
from tests.support.scanners import make_request, make_tree

PROJECTS = ("pdm", "pipenv", "poetry", "pylock", "requirements", "uv")
MIXED = """\
jinja2==2.10
pinned-elsewhere @ git+https://git.example/pinned.git@0123456789abcdef0123456789abcdef01234567
declared-elsewhere @ git+https://git.example/declared.git@0123456789abcdef0123456789abcdef01234567
unpinned>=2
"""


@pytest.fixture(scope="module")
def index(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepare(shared / "data" / "osv-pypi-2024-10-10.zip", tmp_path_factory.mktemp("cache"))


def both(project: Path, index: Path, *declared: str) -> tuple[set[str], Run]:
    """The purls of the SBOM's components, and the audit's run."""
    request = make_request(project)
    config = Config(declared=tuple(DeclaredSource(name=name, owner="o", reason="r") for name in declared))
    manifests = discover(request.tree).manifests
    request = make_request(project, manifests=manifests, advisories=index, config=config)
    audit, sbom = scan(request, only=["pip-audit", "cyclonedx"])
    return {one.purl for one in read_sbom(sbom.files["sbom.cdx.json"]).components}, audit.run


@pytest.mark.full
@pytest.mark.parametrize("name", PROJECTS)
def test_all_components_of_real_projects_are_audited(root: Path, index: Path, name: str) -> None:
    components, run = both(root / "tests" / "recorded" / "manifests" / name, index)
    assert components == set(run.audited)


def test_what_is_not_audited_is_named(tmp_path: Path, index: Path) -> None:
    components, run = both(make_tree(tmp_path, {"requirements.txt": MIXED}), index, "declared-elsewhere")
    named = {one.properties["purl"] for one in run.notifications if one.id == "dependency-not-audited"}
    assert components == {*run.audited, *run.declared, *named}
    assert len(components) == 4
    assert named == {"pkg:pypi/pinned-elsewhere", "pkg:pypi/unpinned"}
    assert run.properties["coverage"] == "1 of 4 components audited"


def test_what_scripts_conda_and_vendored_code_declare_is_in_both(tmp_path: Path, index: Path) -> None:
    files = {
        "pyproject.toml": '[build-system]\nrequires = ["flit_core==3.9.0"]\n[project]\nname = "x"\nversion = "1"\n',
        "tool.py": '# /// script\n# dependencies = ["django==3.2"]\n# ///\n',
        "environment.yml": "dependencies:\n- python\n- pip:\n  - jinja2==2.10\n",
        "x/_vendor/six-1.16.0.dist-info/METADATA": "Name: six\nVersion: 1.16.0\n",
        "requirements.txt": "torch==1.0+cpu\n",
    }
    components, run = both(make_tree(tmp_path, files), index, "Torch")
    assert {*run.audited, *run.declared} - components == {"pkg:pypi/flit-core@3.9.0"}, "what builds is not released"
    assert run.declared == ("pkg:pypi/torch@1.0%2Bcpu",)
    assert {result.component.name for result in run.results if result.component} == {"django", "jinja2"}
