"""The laws of the merge, and what it says of runs that do not belong together."""

import itertools
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from govsec_ci.evidence.fingerprints import fingerprint
from govsec_ci.evidence.merge import merge
from govsec_ci.formats.sarif import FINGERPRINT
from govsec_ci.model import (
    BaselineState,
    ComponentRef,
    Kind,
    Level,
    Result,
    Role,
    Rule,
    ScanState,
    Severity,
    Vulnerability,
)
from tests.support.evidence_runs import ACCEPTED, NOW, a_result, a_run, at, runs

LAWS = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
# Few ids, and results that often are equal or stand at one place, so that merging has something to join.
few_runs = st.lists(runs(st.sampled_from(["a", "b"])), max_size=3).map(tuple)
places = st.builds(
    a_result,
    rule=st.sampled_from(["R1", "R2"]),
    line=st.integers(1, 2),
    message=st.sampled_from(["m", "n"]),
    severity=st.sampled_from(Severity),
    level=st.sampled_from(Level),
    fingerprints=st.sampled_from([{}, {FINGERPRINT: "f"}, {FINGERPRINT: "f:2"}, {FINGERPRINT: "g:3"}]),
    suppressions=st.sampled_from([(), (ACCEPTED,), (ACCEPTED, ACCEPTED)]),
    properties=st.dictionaries(st.sampled_from("kl"), st.sampled_from("vw"), max_size=2),
    first_detected=st.sampled_from([None, NOW]),
    baseline_state=st.sampled_from([None, *BaselineState]),
)
same_places = st.lists(
    st.builds(
        lambda results, **more: a_run(*results, **more),
        st.lists(places, max_size=4),
        id=st.sampled_from("abc"),
        commit=st.sampled_from([None, "1", "2"]),
        state=st.sampled_from(ScanState),
    ),
    max_size=3,
).map(tuple)
either = few_runs | same_places


@LAWS
@given(either, either, either)
def test_associative(one: Any, two: Any, three: Any) -> None:
    whole = merge(one + two + three)
    assert merge(merge(one + two) + three) == whole
    assert merge(one + merge(two + three)) == whole


@LAWS
@given(either)
def test_idempotent(all_runs: Any) -> None:
    once = merge(all_runs)
    assert merge(once) == once
    assert merge(all_runs + all_runs) == once


@LAWS
@given(either)
def test_order_does_not_matter(all_runs: Any) -> None:
    assert (
        len({repr(msgspec.to_builtins(merge(p), order="deterministic")) for p in itertools.permutations(all_runs)}) == 1
    )


@LAWS
@given(either)
def test_nothing_is_lost(all_runs: Any) -> None:
    def keys(some: Any) -> set[Any]:
        return {
            (run.id, result.rule_id, result.message, result.locations, one)
            for run in some
            for result in run.results
            for one in (*result.suppressions, None)
        }

    assert keys(merge(all_runs)) == keys(all_runs)


@LAWS
@given(same_places)
def test_fingerprints_are_unique_within_a_run(all_runs: Any) -> None:
    for run in merge(all_runs):
        known = [result.fingerprints[FINGERPRINT] for result in run.results if FINGERPRINT in result.fingerprints]
        assert len(known) == len(set(known))


def test_one_run_a_tool_also_without_results() -> None:
    merged = merge([a_run(id="zizmor"), a_run(a_result()), a_run(a_result(), a_result(line=2))])
    assert [(run.id, len(run.results)) for run in merged] == [("bandit", 2), ("zizmor", 0)]


@pytest.mark.parametrize(
    "other",
    [
        {"tool": "other"},
        {"version": "2.0"},
        {"role": Role.DAST},
        {"commit": "2" * 40},
    ],
    ids=["tool", "version", "role", "commit"],
)
def test_runs_that_cannot_vouch_for_each_other_are_incomplete(other: dict[str, Any]) -> None:
    (run,) = merge([a_run(commit="1" * 40), a_run(**({"commit": "1" * 40} | other))])
    assert run.state is ScanState.INCOMPLETE
    assert [(note.id, note.level) for note in run.notifications] == [("runs-disagree", Level.ERROR)]


@pytest.mark.parametrize(("one", "other"), [(None, None), ("1" * 40, None), (None, "1" * 40), ("1" * 40, "1" * 40)])
def test_a_commit_that_one_of_them_does_not_know_is_no_disagreement(one: str | None, other: str | None) -> None:
    (run,) = merge([a_run(commit=one), a_run(commit=other)])
    assert (run.state, run.notifications, run.commit) == (ScanState.COMPLETE, (), one or other)
    (run,) = merge([a_run(commit=one), a_run(commit=other, version="2.0")])
    assert (run.state, len(run.notifications)) == (ScanState.INCOMPLETE, 1)


@pytest.mark.parametrize(
    ("states", "joined"),
    [
        ((ScanState.COMPLETE, ScanState.INCOMPLETE), ScanState.INCOMPLETE),
        ((ScanState.COMPLETE, ScanState.NOT_APPLICABLE), ScanState.COMPLETE),
        ((ScanState.NOT_APPLICABLE, ScanState.NOT_APPLICABLE), ScanState.NOT_APPLICABLE),
    ],
)
def test_a_whole_is_as_complete_as_its_worst_part(states: tuple[ScanState, ...], joined: ScanState) -> None:
    (run,) = merge(a_run(state=state, proof="no workflow") for state in states)
    assert run.state is joined
    assert run.proof == ("no workflow" if joined is ScanState.NOT_APPLICABLE else "")


def test_results_that_are_one_keep_the_graver_word() -> None:
    mild = a_result(severity=Severity.LOW, level=Level.NOTE, baseline_state=BaselineState.UNCHANGED)
    grave = a_result(severity=Severity.HIGH, level=Level.ERROR, baseline_state=BaselineState.NEW, first_detected=NOW)
    (run,) = merge([a_run(mild), a_run(grave)])
    (result,) = run.results
    assert (result.severity, result.level) == (Severity.HIGH, Level.ERROR)
    assert (result.baseline_state, result.first_detected) == (BaselineState.NEW, NOW)


def linked(*all_runs: Any) -> list[list[str]]:
    return [[result.correlation for result in run.results] for run in merge(all_runs)]


def test_the_same_weakness_of_two_tools_is_linked_and_both_stay() -> None:
    ((one,), (other,)) = linked(a_run(a_result("B602")), a_run(a_result("subprocess-shell"), id="semgrep"))
    assert one == other != ""


@pytest.mark.parametrize(
    "other",
    [
        a_run(a_result(line=2), id="b"),
        a_run(a_result(path="b.py"), id="b"),
        a_run(a_result(), id="b", rules=(Rule(id="B602", cwes=("CWE-1",)),)),
        a_run(a_result(), id="b", rules=(Rule(id="B602"),)),
        a_run(a_result(kind=Kind.PASS), id="b"),
        a_run(Result(rule_id="B602", message="m"), id="b"),
    ],
    ids=["line", "file", "weakness", "no weakness named", "no failure", "no place"],
)
def test_what_differs_is_not_linked(other: Any) -> None:
    assert linked(a_run(a_result(), id="a"), other) == [[""], [""]]


def test_two_results_of_one_tool_on_a_line_count_twice() -> None:
    """A third tool's result joins one of them, never both: otherwise two weaknesses would count as one."""
    (two, (one,)) = linked(a_run(a_result("B602"), a_result("B607")), a_run(a_result("shell"), id="semgrep"))
    assert sorted(map(bool, two)) == [False, True]
    assert one in two


def test_a_weakness_that_the_result_itself_names() -> None:
    named = a_result("X", properties={"cwes": "CWE-1 CWE-78"})
    ((one,), (other,)) = linked(a_run(a_result(), id="a"), a_run(named, id="b", rules=(Rule(id="X"),)))
    assert one == other != ""


def test_rules_that_are_not_described_link_by_their_id() -> None:
    ((one,), (other,)) = linked(a_run(a_result("X"), id="a", rules=()), a_run(a_result("X"), id="b", rules=()))
    assert one == other != ""


def test_a_vulnerability_found_under_two_names_is_one() -> None:
    component = ComponentRef(name="jinja2", version="2.10", purl="pkg:pypi/jinja2@2.10")
    ours = Rule(id="CVE-1", vulnerability=Vulnerability(id="CVE-1", aliases=("GHSA-1",)))
    theirs = Rule(id="GHSA-1", vulnerability=Vulnerability(id="GHSA-1"))
    other = Rule(id="GHSA-2", vulnerability=Vulnerability(id="GHSA-2"))
    found = linked(
        a_run(a_result("CVE-1", component=component), id="a", rules=(ours,)),
        a_run(
            a_result("GHSA-1", path="uv.lock", component=component), a_result("GHSA-2", component=component),
            id="b", rules=(theirs, other),
        ),
    )  # fmt: skip
    assert found[0][0] != ""
    assert sorted(found[1]) == sorted(["", found[0][0]])


def test_links_are_made_anew() -> None:
    (run,) = merge([a_run(a_result(correlation="e3bd675a-0712-5582-bd00-20b8dc90af43"))])
    assert run.results[0].correlation == ""


def test_many_results_at_one_component_take_no_quadratic_time() -> None:
    component = ComponentRef(name="x", version="1", purl="pkg:pypi/x@1")
    many = [a_result("R", message=str(number), component=component) for number in range(20_000)]
    found = linked(a_run(*many, id="a"), a_run(*many, id="b"))
    assert found[0] == found[1]
    assert len(set(found[0])) == 20_000


def test_fingerprints_of_shards_are_numbered_over_the_whole() -> None:
    def shard(path: str) -> Any:
        return fingerprint(a_run(a_result(path=path)), lambda _: b"f(x)\n")

    (run,) = merge([shard("b/a.py"), shard("a/a.py")])
    one, other = (result.fingerprints[FINGERPRINT] for result in run.results)
    assert other == f"{one}:2"
    assert run.results[0].locations == (at("a/a.py"),)
