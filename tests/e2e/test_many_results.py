"""26,000 results of one tool among 25 tools, by the commands: GitHub's copy is cut and says so, the verdict is not."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from govsec_ci.app import bundle
from govsec_ci.config import Config
from govsec_ci.formats import sarif
from govsec_ci.formats.sarif_github import MOST_BYTES, MOST_RESULTS, MOST_RUNS
from govsec_ci.model import Level, Location, Region, Result, Role, Rule, Run, ScanState, Severity, Subject
from govsec_ci.system.files import staged_folder
from tests.support.command import govsec

RESULTS, TOOLS = 26_000, 25
_SEVERITIES = (Severity.LOW, Severity.MEDIUM, Severity.HIGH)
_LEVELS = (Level.NOTE, Level.WARNING, Level.ERROR)


def a_result(number: int, severity: int) -> Result:
    place = Location(path=f"src/m{number // 100}.py", region=Region(start_line=number % 100 + 1))
    return Result(
        rule_id="R1",
        message=f"weakness {number}",
        severity=_SEVERITIES[severity],
        level=_LEVELS[severity],
        locations=(place,),
        fingerprints={"govsec/v1": f"{number:032x}"},
    )


def a_run(name: str, results: tuple[Result, ...]) -> Run:
    rule = Rule(id="R1", short="A weakness.", full="What it is.", help="Mend it.")
    return Run(
        id=name, tool=name, version="1.0", role=Role.SAST, state=ScanState.COMPLETE, rules=(rule,), results=results
    )


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ``scan`` would leave of 25 tools, merged and judged by the commands."""
    big = a_run("big", tuple(a_result(number, number % 3) for number in range(RESULTS)))
    others = [a_run(f"tool{number:02}", (a_result(RESULTS + number, 2),)) for number in range(TOOLS - 1)]
    out = tmp_path_factory.mktemp("many") / "out"
    inputs = bundle.ScanInputs(
        subject=Subject(name="many"), timestamp_s=0, expected={run.id: run.role for run in (big, *others)}
    )
    with staged_folder(out, keep=False) as folder:
        bundle.write_runs(folder, (big, *others))
        bundle.write_inputs(folder, inputs, Config(), {})
    merged = govsec("merge", "--out", out, "--now", "2026-04-01T00:00:00Z")
    assert merged.returncode == 0, merged.stderr
    gated = govsec("gate", "--out", out, "--profile", "essentials", "--now", "2026-04-01T00:00:00Z", "--quiet")
    assert gated.returncode == 1, gated.stderr
    return out


def test_the_verdict_counts_every_result(judged: Path) -> None:
    verdict = json.loads((judged / "verdict.json").read_bytes())
    severities = Counter(_SEVERITIES[number % 3].value for number in range(RESULTS))
    severities["HIGH"] += TOOLS - 1
    assert {name: verdict["counts"][name] for name in severities} == severities
    assert verdict["counts"]["total"] == RESULTS + TOOLS - 1
    assert {run["id"]: run["results"] for run in verdict["runs"]}["big"] == RESULTS
    assert len(verdict["runs"]) == TOOLS
    high = max((check for check in verdict["checks"]), key=lambda check: len(check["results"]))
    assert len(high["results"]) == severities["HIGH"]


def test_results_sarif_holds_every_result(judged: Path) -> None:
    runs = sarif.load(judged / "results.sarif")
    assert (len(runs), sum(len(run.results) for run in runs)) == (TOOLS, RESULTS + TOOLS - 1)


def test_the_copy_for_github_keeps_its_limits_with_the_most_severe_first(judged: Path) -> None:
    data = (judged / "github.sarif").read_bytes()
    runs = json.loads(data)["runs"]
    assert len(data) <= MOST_BYTES  # so also its compressed size
    assert len(runs) == MOST_RUNS
    big = next(run for run in runs if run["tool"]["driver"]["name"] == "big")
    assert len(big["results"]) == MOST_RESULTS
    assert {one["level"] for one in big["results"]} == {"error"}


def test_what_was_cut_is_said_in_the_copy_itself(judged: Path) -> None:
    runs: list[Any] = json.loads((judged / "github.sarif").read_bytes())["runs"]
    said = [
        (note["descriptor"]["id"], note["message"]["text"])
        for run in runs
        for note in run["invocations"][0].get("toolExecutionNotifications", ())
    ]
    assert Counter(name for name, _ in said) == {
        "github-results-over-limit": 1, "github-runs-over-limit": TOOLS - MOST_RUNS,
    }  # fmt: skip
    over = next(text for name, text in said if name == "github-results-over-limit")
    assert "results of big that exceed 5,000, the least severe: 21,000; results.sarif holds them all" in over
