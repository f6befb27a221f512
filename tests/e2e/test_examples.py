"""The three examples, through the command as a user starts it: verdicts, bundle, and the steps one by one."""

import json
import shutil
import tomllib
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from tests.conftest import ROOT
from tests.support.command import govsec
from tests.support.repositories import commit_all, new_repository

EXPECTED: dict[str, Any] = tomllib.loads((ROOT / "examples/expected.toml").read_text("utf-8"))
BUNDLE = {
    ".gitignore", "results.sarif", "github.sarif", "sbom.cdx.json", "verdict.json", "summary.md", "manifest.json",
    "inputs/scan.json", "inputs/config.json", "inputs/profiles/jp-gov.json", "vex.cdx.json", "report.html",
}  # fmt: skip


def _arguments(project: Path, out: Path) -> list[str | Path]:
    case = EXPECTED[project.name]
    now = case["now"].isoformat()
    fixed = ["--advisories", ROOT / "examples/advisories", "--now", now, "--profile", case["profile"], "--out", out]
    return [project, "--stage", case["stage"], *fixed]


@pytest.fixture(scope="module", params=sorted(EXPECTED))
def judged(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path, Any]:
    """(example, bundle, the finished process); the example is committed to a repository of its own."""
    folder = tmp_path_factory.mktemp("judged")
    shutil.copytree(ROOT / "examples" / request.param, folder / request.param)
    commit_all(new_repository(folder / request.param), "The example")
    return request.param, folder / "out", govsec("run", *_arguments(folder / request.param, folder / "out"))


def test_the_verdict_and_the_exit_code_are_the_expected_ones(judged: tuple[str, Path, Any]) -> None:
    name, out, done = judged
    verdict = json.loads((out / "verdict.json").read_text("utf-8"))
    assert verdict["verdict"] == EXPECTED[name]["verdict"], done.stdout
    assert done.returncode == EXPECTED[name]["exit_code"]
    assert EXPECTED[name]["verdict"] in done.stdout
    assert EXPECTED[name]["verdict"] in (out / "summary.md").read_text("utf-8")


def test_stderr_holds_nothing_where_nothing_is_wrong_with_the_call(judged: tuple[str, Path, Any]) -> None:
    assert judged[2].stderr == ""


def test_the_bundle_is_whole_and_the_manifest_covers_it(judged: tuple[str, Path, Any]) -> None:
    _, out, _ = judged
    files = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert files >= BUNDLE
    manifest = json.loads((out / "manifest.json").read_bytes())
    assert set(manifest["files"]) == files - {"manifest.json"}


def test_the_logs_are_valid_sarif(judged: tuple[str, Path, Any], shared: Path) -> None:
    validator = jsonschema_rs.validator_for(json.loads((shared / "schemas/sarif-2.1.0.json").read_text("utf-8")))
    for name in ("results.sarif", "github.sarif"):
        log = json.loads((judged[1] / name).read_text("utf-8"))
        assert [str(error) for error in validator.iter_errors(log)] == []


def test_every_tool_leaves_a_run_with_or_without_results(judged: tuple[str, Path, Any]) -> None:
    log = json.loads((judged[1] / "results.sarif").read_text("utf-8"))
    ids = {run["automationDetails"]["id"] for run in log["runs"]}
    assert ids == {"govsec/bandit/", "govsec/pip-audit/", "govsec/cyclonedx/", "govsec/zizmor/"}


def test_no_path_of_the_machine_stands_in_the_bundle(judged: tuple[str, Path, Any]) -> None:
    for path in judged[1].rglob("*"):
        if path.is_file():
            assert str(ROOT) not in path.read_text("utf-8"), path
            assert str(judged[1]) not in path.read_text("utf-8"), path


def test_the_same_evidence_and_clock_give_the_same_bytes(judged: tuple[str, Path, Any], tmp_path: Path) -> None:
    name, out, _ = judged
    govsec("run", *_arguments(out.parent / name, tmp_path / "again"), "--jobs", "1")
    for file in ("verdict.json", "sbom.cdx.json"):
        assert (tmp_path / "again" / file).read_bytes() == (out / file).read_bytes()


def test_the_steps_one_by_one_come_to_the_same_verdict(judged: tuple[str, Path, Any], tmp_path: Path) -> None:
    name, out, _ = judged
    steps = tmp_path / "steps"
    path, _stage, stage, _advisories, advisories, _now, now, _profile, profile, *_ = _arguments(
        out.parent / name, steps
    )
    scan = govsec("scan", path, "--stage", stage, "--advisories", advisories, "--now", now, "--out", steps)
    assert (scan.returncode, scan.stderr) == (0, "")
    assert govsec("merge", "--out", steps, "--now", now).returncode == 0
    gate = govsec("gate", "--out", steps, "--profile", profile, "--stage", stage, "--now", now)
    assert gate.returncode == EXPECTED[name]["exit_code"]
    assert govsec("report", "--out", steps).returncode == 0
    assert (steps / "verdict.json").read_bytes() == (out / "verdict.json").read_bytes()
    assert (steps / "summary.md").read_bytes() == (out / "summary.md").read_bytes()


def test_archived_evidence_is_judged_again_under_another_profile(judged: tuple[str, Path, Any], tmp_path: Path) -> None:
    _, out, _ = judged
    before = (out / "results.sarif").read_bytes()
    done = govsec("gate", "--out", out, "--profile", "essentials", "--now", "2024-10-12T00:00:00Z")
    verdict = json.loads((out / "verdict.json").read_text("utf-8"))
    assert [profile["id"] for profile in verdict["profiles"]] == ["essentials"]
    assert done.returncode in {0, 1, 3}
    assert (out / "results.sarif").read_bytes() == before
    assert not (out / "inputs/profiles/jp-gov.json").exists()
