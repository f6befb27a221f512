"""The copy for GitHub: its limits, what stays out, and that every cut is said."""

import json
import random
import zlib
from typing import Any

import msgspec
import pytest

from govsec_ci.formats import sarif, sarif_github, upgrades
from govsec_ci.formats.sarif_github import MOST_LOCATIONS, MOST_RESULTS, MOST_RUNS, github_copy
from govsec_ci.model import (
    BaselineState,
    Kind,
    Level,
    Location,
    Region,
    Result,
    Rule,
    ScanState,
    Severity,
    SuppressionStatus,
)
from tests.support.evidence_runs import ACCEPTED, a_result, a_run, at


def said(copy: Any) -> list[tuple[str, str]]:
    return [(note.properties["run"], note.id.removeprefix("github-")) for note in copy.left_out]


def test_suppressed_results_stay_out_and_claims_do_not_count() -> None:
    claims = [msgspec.structs.replace(ACCEPTED, status=status) for status in SuppressionStatus]
    run = a_run(*(a_result(line=number, suppressions=(claim,)) for number, claim in enumerate(claims, 1)))
    (copy,) = github_copy([run]).runs
    assert [result.locations[0].region.start_line for result in copy.results if result.locations[0].region] == [2, 3]
    assert all(not result.suppressions for result in copy.results)


def test_what_only_the_plan_reads_stays_out() -> None:
    run = a_run(properties={f"{upgrades.PREFIX}pkg:pypi/a@1": "[]", "coverage": "1 of 1"})
    assert github_copy([run]).runs[0].properties == {"coverage": "1 of 1"}


@pytest.mark.parametrize(
    "result",
    [
        a_result(kind=Kind.PASS),
        a_result(kind=Kind.NOT_APPLICABLE),
        a_result(kind=Kind.INFORMATIONAL),
        a_result(baseline_state=BaselineState.ABSENT),
    ],
)
def test_what_is_no_open_weakness_stays_out(result: Result) -> None:
    assert github_copy([a_run(result)]).runs[0].results == ()


def test_incomplete_run_stays_out_and_it_is_said() -> None:
    copy = github_copy([a_run(a_result(), state=ScanState.INCOMPLETE), a_run(id="zizmor")])
    assert [run.id for run in copy.runs] == ["zizmor"]
    assert said(copy) == [("bandit", "incomplete-run")]
    assert copy.runs[0].notifications == copy.left_out
    assert all(note.level is Level.WARNING for note in copy.left_out)


def test_not_applicable_run_stays_as_an_empty_one() -> None:
    assert [run.id for run in github_copy([a_run(state=ScanState.NOT_APPLICABLE)]).runs] == ["bandit"]


def test_nothing_to_upload() -> None:
    copy = github_copy([a_run(state=ScanState.INCOMPLETE)])
    assert copy.runs == ()
    assert len(copy.left_out) == 1


def test_twenty_six_thousand_results_and_twenty_five_tools() -> None:
    grave = a_result(line=1, severity=Severity.CRITICAL, level=Level.ERROR, message="the gravest")
    mild = [a_result(line=number, severity=Severity.LOW, level=Level.NOTE) for number in range(2, 26_001)]
    tools = [a_run(a_result(severity=Severity.HIGH), id=f"t{number:02}") for number in range(23)]
    runs = (*tools, a_run(*mild, grave), a_run(id="zz"))
    copy = github_copy(runs)
    log = json.loads(sarif.write(copy.runs))
    assert len(log["runs"]) == MOST_RUNS
    assert all(len(run["results"]) <= MOST_RESULTS for run in log["runs"])
    big = next(run for run in copy.runs if run.id == "bandit")
    assert big.results[0].message == "the gravest"
    assert ("bandit", "results-over-limit") in said(copy)
    left = [run for run, what in said(copy) if what == "runs-over-limit"]
    assert left == ["t19", "t20", "t21", "t22", "zz"]
    assert "results of bandit that exceed 5,000, the least severe: 21,000;" in big.notifications[0].text
    # What did not fit with its own run is said in the first one.
    assert {note.properties["run"] for note in copy.runs[0].notifications} == set(left)


def test_unknown_severity_ranks_between_high_and_low() -> None:
    order = [Severity.LOW, Severity.UNKNOWN, Severity.HIGH, Severity.NONE, Severity.CRITICAL]
    run = a_run(*(a_result(line=number, severity=one) for number, one in enumerate(order, 1)))
    (copy,) = github_copy([run]).runs
    assert [result.severity for result in copy.results] == [
        Severity.CRITICAL, Severity.HIGH, Severity.UNKNOWN, Severity.LOW, Severity.NONE,
    ]  # fmt: skip


def test_each_result_has_a_place_with_a_line() -> None:
    run = a_run(Result(rule_id="R", message="m"), Result(rule_id="R", message="m", locations=(Location(path="a"),)))
    copy = github_copy([run])
    assert [result.locations for result in copy.runs[0].results] == [(at("a", 1),)]
    assert said(copy) == [("bandit", "result-without-location")]


def test_locations_texts_and_tags_are_cut() -> None:
    rule = Rule(id="R", short="s" * 2_000, full="f" * 2_000, help="h" * 2_000, tags=tuple(map(str, range(30))))
    copy = github_copy([a_run(a_result("R", locations=tuple(at("a", n) for n in range(1, 200))), rules=(rule,))])
    assert len(copy.runs[0].results[0].locations) == MOST_LOCATIONS
    assert said(copy) == [("bandit", "locations-over-limit")]
    (written,) = json.loads(sarif.write(copy.runs))["runs"][0]["tool"]["driver"]["rules"]
    assert len(written["shortDescription"]["text"]) == len(written["fullDescription"]["text"]) == 1024
    assert len(written["properties"]["tags"]) <= 10


def test_texts_over_the_limits_of_gitlab_are_cut() -> None:
    """GitLab skips a result with a longer one, and the whole report where that is more than a half."""
    rule = Rule(id="R", name="n" * 300, help_uri=f"https://example.org/{'h' * 2_048}")
    copy = github_copy(
        [a_run(a_result("R", message="m" * 3_000), a_result("R", line=2, message="n" * 2_048), rules=(rule,))]
    )
    (run,) = json.loads(copy.data)["runs"]
    assert [len(result["message"]["text"]) for result in run["results"]] == [2_048, 2_048]
    assert run["results"][0]["message"]["text"].endswith("m…")
    (written,) = run["tool"]["driver"]["rules"]
    assert len(written["name"]) == 255
    assert "helpUri" not in written


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> int:
    """GitHub's ten megabytes, made a hundred kilobytes."""
    monkeypatch.setattr(sarif_github, "MOST_BYTES", 100_000)
    return 100_000


def test_ten_megabytes_compressed(small: int) -> None:
    """Text that does not compress: the least severe results go until the rest fits."""
    chance = random.Random(1)
    grave = a_result(line=1, severity=Severity.CRITICAL, message="the gravest")
    mild = [a_result(line=number, severity=Severity.LOW, message="calm") for number in range(2, 100)]
    noisy = [a_result(line=n, severity=Severity.LOW, message=chance.randbytes(400).hex()) for n in range(2, 500)]
    copy = github_copy([a_run(*mild, grave), a_run(*noisy, id="noisy")])
    assert len(zlib.compress(copy.data)) <= small
    assert copy.data == sarif.write(copy.runs)
    assert copy.runs[0].results[0].message == "the gravest"
    assert said(copy) == [("noisy", "results-over-limit")]
    assert 150 < len(copy.runs[1].results) < 498


def test_one_result_that_is_too_large_leaves_a_log_without_results(small: int) -> None:
    region = Region(start_line=1, snippet=random.Random(1).randbytes(2 * small).hex())
    copy = github_copy([a_run(a_result(locations=(Location(path="a.py", region=region),)))])
    assert copy.runs[0].results == ()
    assert said(copy) == [("bandit", "results-over-limit")]


def test_rules_over_the_limit_are_cut_to_those_that_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif_github, "MOST_RULES", 2)
    run = a_run(a_result("R3"), rules=tuple(Rule(id=f"R{number}") for number in range(5)))
    copy = github_copy([run])
    assert [rule.id for rule in copy.runs[0].rules] == ["R3"]
    assert json.loads(copy.data)["runs"][0]["results"][0]["ruleIndex"] == 0
