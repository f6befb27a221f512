"""The audit of six real projects' manifests against two oracles on the same records: pip-audit and uv.

pip-audit gets the components as plain requirements (it reads three of the six formats, and would resolve the others);
uv reads its own lock. Both ask a loopback OSV service.
"""

import json
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

from govsec_ci.advisories.prepare import prepare
from govsec_ci.manifests.discover import discover
from govsec_ci.model import Run, ScanState
from govsec_ci.scanners.pip_audit import PipAuditScanner
from tests.support.osv_server import Database, serve
from tests.support.scanners import make_request

PROJECTS = {"pdm": 20, "pipenv": 18, "poetry": 17, "pylock": 10, "requirements": 12, "uv": 20}
"""Project → number of its components."""

Found = dict[tuple[str, str], list[set[str]]]
"""(name, version) → for each vulnerability, all its ids."""


@pytest.fixture(scope="module")
def index(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepare(shared / "data" / "osv-pypi-2024-10-10.zip", tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def service(shared: Path) -> Iterator[str]:
    with serve(Database(shared / "data" / "osv-pypi-2024-10-10.zip")) as url:
        yield url


def audit(project: Path, index: Path) -> Run:
    request = make_request(project)
    manifests = discover(request.tree).manifests
    return PipAuditScanner().scan(make_request(project, manifests=manifests, advisories=index)).run


def ours(run: Run) -> Found:
    rules = {rule.id: rule.vulnerability for rule in run.rules}
    found: Found = {}
    for result in run.results:
        vulnerability = rules[result.rule_id]
        assert result.component is not None
        assert vulnerability is not None
        ids = {vulnerability.id, *vulnerability.aliases}
        found.setdefault((result.component.name, result.component.version), []).append(ids)
    return found


def assert_same(mine: Found, theirs: Found) -> None:
    """Each of their results is one of ours, and each of ours one of theirs."""
    assert mine.keys() == theirs.keys()
    for key, groups in theirs.items():
        assert all(sum(bool(group & own) for own in mine[key]) == 1 for group in groups), key
        assert len(groups) == len(mine[key]), key


@pytest.mark.parametrize("name", PROJECTS)
def test_every_component_of_each_project_is_audited(root: Path, index: Path, name: str) -> None:
    run = audit(root / "tests" / "recorded" / "manifests" / name, index)
    assert run.state is ScanState.COMPLETE
    assert run.properties["coverage"] == f"{PROJECTS[name]} of {PROJECTS[name]} components audited"
    assert run.results


@pytest.mark.full
@pytest.mark.parametrize("name", PROJECTS)
def test_the_audit_equals_pip_audits(root: Path, index: Path, service: str, tmp_path: Path, name: str) -> None:
    run = audit(root / "tests" / "recorded" / "manifests" / name, index)
    file = tmp_path / "requirements.txt"
    file.write_text("".join(f"{purl.removeprefix('pkg:pypi/').replace('@', '==')}\n" for purl in run.audited))
    command = [
        sys.executable, "-Im", "pip_audit", "-r", str(file), "--no-deps", "--disable-pip", "-f", "json", "-s", "osv",
        "--osv-url", f"{service}/v1/query", "--cache-dir", str(tmp_path / "cache"), "--progress-spinner", "off",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, check=False, cwd=tmp_path, timeout=120)
    dependencies = json.loads(done.stdout)["dependencies"]
    theirs = {(d["name"], d["version"]): [{v["id"], *v["aliases"]} for v in d["vulns"]] for d in dependencies}
    assert len(theirs) == PROJECTS[name]
    assert_same(ours(run), {key: groups for key, groups in theirs.items() if groups})


@pytest.mark.full
def test_the_audit_equals_uvs(root: Path, index: Path, service: str, tmp_path: Path) -> None:
    uv = shutil.which("uv", path=sysconfig.get_path("scripts")) or shutil.which("uv")
    if uv is None:
        pytest.skip("uv is not installed (dependency group test)")
    project = root / "tests" / "recorded" / "manifests" / "uv"
    folder = tmp_path / "project"
    folder.mkdir()
    for name in ("pyproject.toml", "uv.lock"):
        shutil.copy(project / name, folder)
    options = ["--preview-features", "audit,json-output", "--frozen", "--output-format", "json", "--no-cache"]
    command = [uv, "audit", *options, "--service-url", service]
    done = subprocess.run(command, capture_output=True, check=False, cwd=folder, timeout=120)
    told = json.loads(done.stdout)
    assert told["summary"]["audited_packages"] == PROJECTS["uv"]
    theirs: Found = {}
    for one in told["vulnerabilities"]:
        key = (one["dependency"]["name"], one["dependency"]["version"])
        theirs.setdefault(key, []).append({one["id"], *one["aliases"]})
    assert_same(ours(audit(project, index)), theirs)
