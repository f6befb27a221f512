"""govsec plan: applying it leaves no blocking dependency result, and no nearer version does."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from packaging.version import Version

from govsec_ci.advisories.index import open_index
from govsec_ci.advisories.prepare import prepare
from tests.conftest import ROOT
from tests.support.command import govsec

ADVISORIES = ROOT / "examples/advisories"
NOW = "2024-10-12T00:00:00Z"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ROOT / "examples/vulnerable-app", tmp_path / "project"))


def judge(project: Path, advisories: Path) -> dict[str, Any]:
    out = project.parent / "out"
    govsec("run", project, "--advisories", advisories, "--offline", "--now", NOW, "--out", out)
    verdict: dict[str, Any] = json.loads((out / "verdict.json").read_text("utf-8"))
    return verdict


def planned(project: Path, advisories: Path) -> dict[str, Any]:
    done = govsec("plan", "--out", project.parent / "out", "--advisories", advisories, "--format", "json")
    assert done.returncode == 0, done.stderr
    plan: dict[str, Any] = json.loads(done.stdout)
    return plan


def _apply(project: Path, plan: dict[str, Any]) -> None:
    file = project / "requirements.txt"
    text = re.sub(r" \\\n\s+--hash=\S+", "", file.read_text("utf-8"))
    for one in plan["upgrades"]:
        if one["target"]:
            text = re.sub(rf"(?m)^{one['name']}==\S+", f"{one['name']}=={one['target']}", text)
        else:
            text = re.sub(rf"(?m)^{one['name']}==\S+\n", "", text)
    file.write_text(text)


@pytest.mark.parametrize("source", ["example set", "public data"])
def test_applying_the_plan_leaves_no_blocking_dependency_result(
    project: Path, source: str, request: pytest.FixtureRequest
) -> None:
    advisories = ADVISORIES
    if source == "public data":
        advisories = request.getfixturevalue("shared") / "data/osv-pypi-2024-10-10.zip"
    judge(project, advisories)
    plan = planned(project, advisories)
    assert any(one["target"] for one in plan["upgrades"])
    _apply(project, plan)
    verdict = judge(project, advisories)
    checks = {check["gate"]: check for check in verdict["checks"]}
    assert checks["known-vulnerabilities"]["results"] == []


def test_no_nearer_version_does(project: Path, tmp_path: Path) -> None:
    judge(project, ADVISORIES)
    plan = planned(project, ADVISORIES)
    with open_index(prepare(ADVISORIES, tmp_path / "cache")) as index:
        for one in plan["upgrades"]:
            for match in index.match(one["name"], one["installed"]):
                for version in match.fix.versions:
                    if one["target"] and Version(one["installed"]) < Version(version) < Version(one["target"]):
                        assert index.match(one["name"], version), (one["name"], version)


def test_what_no_version_clears_is_named(project: Path) -> None:
    judge(project, ADVISORIES)
    plan = planned(project, ADVISORIES)
    (ecdsa,) = [one for one in plan["upgrades"] if one["name"] == "ecdsa"]
    assert (ecdsa["target"], ecdsa["open"]) == ("", ["CVE-2024-23342"])
    text = govsec("plan", "--out", project.parent / "out", "--advisories", ADVISORIES).stdout
    assert "no version clears CVE-2024-23342" in text
    assert "not resolved against one another" in text
    assert "B602" in text
    lines = govsec(
        "plan", "--out", project.parent / "out", "--advisories", ADVISORIES, "--format", "requirements"
    ).stdout
    assert "# ecdsa: no version clears" in lines
    assert "django>=3.2.25" in lines


def test_a_bundle_that_passes_needs_nothing(passing_bundle: Path) -> None:
    done = govsec("plan", "--out", passing_bundle, "--advisories", ADVISORIES)
    assert done.stdout == "Nothing is left to do.\n"


def test_no_plan_without_advisory_data(
    project: Path, failing_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOVSEC_CACHE_DIR", str(tmp_path / "empty"))
    monkeypatch.delenv("GOVSEC_ADVISORIES", raising=False)
    done = govsec("plan", "--out", failing_bundle)
    assert done.returncode == 2
    assert "--advisories" in done.stderr
