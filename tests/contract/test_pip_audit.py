"""pip-audit's private names that we stand on, and what pip-audit itself finds in the same records."""

import inspect
import json
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

from govsec_ci.advisories.prepare import prepare
from govsec_ci.model import Run
from govsec_ci.scanners.pip_audit import PipAuditScanner
from tests.support.osv_server import Database, serve
from tests.support.scanners import component, make_request, manifest

RELEASES = (("django", "3.2.0"), ("jinja2", "2.10"), ("requests", "2.19.0"))


@pytest.fixture(autouse=True, scope="module")
def safe_path() -> Iterator[None]:
    """Importing pip-audit runs ``python -m pip`` in the current folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONSAFEPATH", "1")
        yield


def test_the_pinned_version_is_installed() -> None:
    assert metadata.version("pip-audit") == "2.10.1"


def test_the_names_that_we_import_are_there() -> None:
    from pip_audit import _audit, _dependency_source, _service
    from pip_audit._service.interface import VulnerabilityID

    assert list(inspect.signature(_audit.Auditor.__init__).parameters) == ["self", "service", "options"]
    assert list(inspect.signature(_audit.Auditor.audit).parameters) == ["self", "source"]
    assert _audit.AuditOptions().dry_run is False
    assert _dependency_source.DependencySource.__abstractmethods__ == {"collect", "fix"}
    assert _service.VulnerabilityService.__abstractmethods__ == {"query"}
    assert VulnerabilityID("x") == "x"


def test_the_shapes_that_we_build_are_those() -> None:
    from pip_audit._service import (
        ResolvedDependency,
        SkippedDependency,
        VulnerabilityResult,
    )

    def fields(kind: type) -> list[str]:
        return list(inspect.signature(kind).parameters)

    assert fields(ResolvedDependency) == ["name", "version"]
    assert fields(SkippedDependency) == ["name", "skip_reason"]
    assert fields(VulnerabilityResult) == ["id", "description", "fix_versions", "aliases", "published"]


def test_the_auditor_hands_on_skipped_dependencies_and_keeps_the_order() -> None:
    from packaging.version import Version
    from pip_audit._audit import Auditor
    from pip_audit._dependency_source import DependencySource
    from pip_audit._service import Dependency, ResolvedDependency, SkippedDependency, VulnerabilityService

    class Source(DependencySource):
        def collect(self) -> Iterator[Dependency]:
            yield ResolvedDependency("b", Version("1"))
            yield SkippedDependency("a", "why")

        def fix(self, fix_version: object) -> None: ...

    class Service(VulnerabilityService):
        def query(self, spec: Dependency) -> tuple[Dependency, list[object]]:
            return spec, []

    names = [(dependency.name, dependency.is_skipped()) for dependency, _ in Auditor(Service()).audit(Source())]
    assert names == [("b", False), ("a", True)]


def ours(folder: Path, zip_: Path) -> Run:
    index = prepare(zip_, folder)
    parts = [component(name, version, line) for line, (name, version) in enumerate(RELEASES, 1)]
    return PipAuditScanner().scan(make_request(folder, manifests=(manifest(*parts),), advisories=index)).run


def theirs(folder: Path, zip_: Path) -> dict[str, list[set[str]]]:
    """Package → for each of pip-audit's results, all its ids."""
    file = folder / "requirements.txt"
    file.write_text("".join(f"{name}=={version}\n" for name, version in RELEASES))
    with serve(Database(zip_)) as url:
        command = [
            sys.executable, "-Im", "pip_audit", "-r", str(file), "--no-deps", "--disable-pip", "-f", "json",
            "--vulnerability-service", "osv", "--osv-url", f"{url}/v1/query", "--cache-dir", str(folder / "cache"),
            "--progress-spinner", "off",
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, check=False, cwd=folder, timeout=120)
    dependencies = json.loads(done.stdout)["dependencies"]
    return {one["name"]: [{v["id"], *v["aliases"]} for v in one["vulns"]] for one in dependencies}


def test_the_audit_finds_exactly_what_pip_audit_finds(tmp_path: Path, shared: Path) -> None:
    zip_ = shared / "data" / "osv-pypi-2024-10-10.zip"
    run, oracle = ours(tmp_path, zip_), theirs(tmp_path, zip_)
    rules = {rule.id: rule.vulnerability for rule in run.rules}
    found: dict[str, list[set[str]]] = {name: [] for name, _ in RELEASES}
    for result in run.results:
        vulnerability = rules[result.rule_id]
        assert result.component is not None
        assert vulnerability is not None
        found[result.component.name].append({vulnerability.id, *vulnerability.aliases})
    assert {name: len(groups) for name, groups in found.items()} == {k: len(v) for k, v in oracle.items()}
    assert sum(len(groups) for groups in found.values()) == 29
    for name, groups in oracle.items():
        for group in groups:
            assert sum(bool(group & mine) for mine in found[name]) == 1, (name, group)


def test_pip_audit_passes_what_it_skipped_and_we_do_not(tmp_path: Path, shared: Path) -> None:
    """False pass 5 of the peers: every dependency skipped, "No known vulnerabilities found", exit 0."""
    index = prepare(shared / "data" / "osv-pypi-2024-10-10.zip", tmp_path)
    parts = manifest(component("requests", "2.19.0", source="private-index"), component("jinja2", None, 2))
    run = PipAuditScanner().scan(make_request(tmp_path, manifests=(parts,), advisories=index)).run
    assert run.results == ()
    assert run.state.value == "incomplete"
    assert run.properties["coverage"] == "0 of 2 components audited"
