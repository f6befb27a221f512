"""app/since.py and app/vex.py: what a change is answerable for; VEX of either format."""

import json
from pathlib import Path

import pytest

from govsec_ci.app.since import mark_changed
from govsec_ci.app.target import load_config, open_target
from govsec_ci.app.vex import read_statements
from govsec_ci.errors import InputError, UsageError
from govsec_ci.model import ComponentRef, Location, Region, Result, Role, Run, ScanState
from tests.support.repositories import commit_all, new_repository


def _run(*results: Result) -> Run:
    return Run(id="x", tool="x", version="1", role=Role.SCA, state=ScanState.COMPLETE, results=results)


def _dependency(name: str, version: str) -> Result:
    purl = f"pkg:pypi/{name}@{version}"
    return Result(rule_id="CVE-1", message="m", component=ComponentRef(name=name, version=version, purl=purl))


def _code(line: int) -> Result:
    return Result(rule_id="B1", message="m", locations=(Location(path="a.py", region=Region(start_line=line)),))


def test_lines_and_dependencies_that_changed_are_marked(tmp_path: Path) -> None:
    root = new_repository(tmp_path / "project")
    (root / "a.py").write_text("x = 1\ny = 2\n")
    (root / "requirements.txt").write_text("idna==3.9\nclick==8.1.7\n")
    commit_all(root, "first")
    (root / "a.py").write_text("x = 1\ny = 3\n")
    (root / "requirements.txt").write_text("idna==3.10\nclick==8.1.7\n")
    commit_all(root, "second")
    target = open_target(root, out=tmp_path / "out", config=load_config(root, None))
    results = (_code(1), _code(2), _dependency("idna", "3.10"), _dependency("click", "8.1.7"))
    (run,) = mark_changed(root, "HEAD~1", target, [_run(*results)])
    assert [result.properties["since"] for result in run.results] == ["untouched", "changed", "changed", "untouched"]
    with pytest.raises(UsageError):
        mark_changed(root, "no-such-ref", target, [])


def test_both_formats_of_vex_are_read() -> None:
    cyclonedx = {
        "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
        "components": [
            {"type": "library", "name": "a", "version": "1", "bom-ref": "a", "purl": "pkg:pypi/a@1"},
        ],
        "vulnerabilities": [
            {"id": "CVE-1", "analysis": {"state": "not_affected", "justification": "code_not_reachable"},
             "affects": [{"ref": "a"}]},
        ],
    }  # fmt: skip
    (statement,) = read_statements(json.dumps(cyclonedx).encode(), name="vex.json")
    assert (statement.vulnerabilities, statement.status) == (("CVE-1",), "not_affected")
    with pytest.raises(InputError, match=r"vex\.json"):
        read_statements(b"[]", name="vex.json")
    with pytest.raises(InputError, match="is no JSON"):
        read_statements(b"{", name="vex.json")
