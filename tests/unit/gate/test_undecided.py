"""The results that a gate could not decide on are those that its verdict counts as such."""

import pytest

from govsec_ci.gate.undecided import undecided
from govsec_ci.model import BaselineState, Evidence, Role, Rule, Severity, Vulnerability
from tests.support.gate_evidence import code, evidence, feed, judge, replace, rule, run, trial, vulnerable, waiver

KEV = 'kind = "results"\nlimit = 0\nfilter = { role = ["sca"], kev = true }\n'
PIPELINE = 'kind = "pipeline"\nlimit = 0\ntopic = "any"\nseverity = "HIGH"\n'
LATE = 'kind = "deadlines"\nclock = "detected"\n[[gates.rows]]\nwhen = { kev = true }\ndays = 1\n'


def told(gate: str, given: Evidence) -> dict[tuple[str, str], tuple[str, ...]]:
    own = trial(gate)
    return undecided(given, [own], judge(given, own))


def test_what_nobody_knows_of_is_named() -> None:
    blind = run(Role.SCA, [vulnerable("b"), vulnerable("a")], [rule()], advisories=(feed("osv"),))
    assert told(KEV, evidence(blind)) == {("trial", "it"): ("a", "b")}


@pytest.mark.parametrize("known", [{"kev": "2026-01-01"}, {}])
def test_what_is_decided_is_not(known: dict[str, str]) -> None:
    seen = run(Role.SCA, [vulnerable()], [rule(**known)])
    assert told(KEV, evidence(seen)) == {}


def test_what_is_violated_whatever_is_unknown_is_decided() -> None:
    known, unknown = rule(kev="2026-01-01"), rule("CVE-2024-0002")
    runs = (
        run(Role.SCA, [vulnerable()], [known], id="one"),
        run(Role.SCA, [vulnerable("b", rule="CVE-2024-0002")], [unknown], id="two", advisories=(feed("osv"),)),
    )
    given, loose = evidence(*runs), KEV.replace("limit = 0", "limit = 1")
    assert told(KEV, given) == {}
    assert told(loose, given) == {("trial", "it"): ("b",)}
    # Two profiles with a gate of one name: the one is undecided, the other is not.
    strict, lax = replace(trial(KEV), id="strict"), replace(trial(loose), id="lax")
    assert undecided(given, [strict, lax], judge(given, strict, lax)) == {("lax", "it"): ("b",)}


@pytest.mark.parametrize("ratchet", [True, False])
@pytest.mark.parametrize("gate", [KEV, PIPELINE.replace('"HIGH"', '"LOW"')])
def test_what_is_held_back_as_known_is_not_undecided(gate: str, *, ratchet: bool) -> None:
    may = gate == KEV
    own = trial(gate + ("ratchet = true\n" if may and ratchet else ""), unknown_severity='"incomplete"')
    old, new = BaselineState.UNCHANGED, BaselineState.NEW
    packages = [vulnerable("a", baseline_state=old), vulnerable("b", baseline_state=new)]
    blind = run(Role.SCA, packages, [rule()], advisories=(feed("osv"),))
    steps = [code(Severity.UNKNOWN, key=key, baseline_state=state) for key, state in (("a", old), ("b", new))]
    flow = run(Role.PIPELINE, steps, [Rule(id="B602")])
    given = evidence(blind, flow, parameters={"scope": "new"}, baseline=True)
    expected = ("b",) if may and ratchet else ("a", "b")
    assert undecided(given, [own], judge(given, own)) == {("trial", "it"): expected}


def test_a_gap_alone_leaves_no_result_undecided() -> None:
    assert told(KEV, evidence(expected={"lost": Role.SCA})) == {}


def test_gates_on_the_pipeline_too() -> None:
    own = run(Role.PIPELINE, [code(Severity.UNKNOWN, key="p")], [Rule(id="B602")])
    assert told(PIPELINE, evidence(own)) == {}, "unknown-severity of the trial counts as high"
    incomplete = trial(PIPELINE, unknown_severity='"incomplete"')
    given = evidence(own)
    assert undecided(given, [incomplete], judge(given, incomplete)) == {("trial", "it"): ("p",)}


def test_deadlines_name_theirs_themselves() -> None:
    blind = run(Role.SCA, [vulnerable()], [Rule(id="CVE-2024-0001", vulnerability=Vulnerability(id="x"))])
    assert told(LATE, evidence(blind, waivers=(waiver(),))) == {}
