"""SSDF: each tag of the facts has its gate, no number is dressed as the document's, and each gate does its work."""

from typing import Any

import pytest

from govsec_ci.gate import profile
from govsec_ci.model import Document, Role, Rule, Severity, Stage, VerdictWord, Vulnerability
from tests.support.gate_evidence import (
    check,
    code,
    day,
    evidence,
    feed,
    judge,
    nosec,
    rule,
    run,
    sbom,
    vulnerable,
    waiver,
)

PASS, FAIL, INCOMPLETE = VerdictWord.PASS, VerdictWord.FAIL, VerdictWord.INCOMPLETE
NAME = "us-nist-ssdf"
TAGS = ["PO.3.3", "PO.4.1", "PO.4.2", "PS.2.1", "PS.3.1", "PS.3.2", "PW.4.1", "PW.4.4", "PW.7.2", "PW.8.2",
        "RV.1.1", "RV.1.2", "RV.2.1", "RV.2.2"]  # fmt: skip


def by_tag(tag: str) -> str:
    (found,) = [gate.id for gate in profile.load(NAME).gates if gate.clause.id == tag]
    return found


def word(tag: str, *runs: Any, **given: Any) -> VerdictWord:
    return check(judge(evidence(*runs, **given), NAME, stage=Stage.RELEASE), by_tag(tag)).verdict


def test_each_tag_has_one_gate() -> None:
    assert [gate.clause.id for gate in profile.load(NAME).gates] == TAGS


def test_limits_and_days_are_said_to_be_ours() -> None:
    for gate in profile.load(NAME).gates:
        if gate.kind in ("results", "coverage", "advisories", "suppressions"):
            assert gate.clause.origin == "local", gate.id


def test_tools_and_analyses_ran() -> None:
    for tag, role in (("PO.3.3", Role.PIPELINE), ("PW.7.2", Role.SAST), ("RV.1.2", Role.SCA), ("PO.4.2", Role.SBOM)):
        assert word(tag) is PASS
        assert word(tag, run(role, commit="b" * 40)) is INCOMPLETE


@pytest.mark.parametrize(
    ("tag", "slot", "days"),
    [("PO.4.1", "security-check-criteria", 365), ("PS.3.1", "release-archive", None), ("PW.8.2", "security-test", 365)],
)
def test_records(tag: str, slot: str, days: int | None) -> None:
    assert word(tag) is INCOMPLETE
    for made, expected in (("2025-04-01", PASS), ("2025-03-31", INCOMPLETE if days else PASS)):
        record = Document(slot=slot, path="r", sha256="0" * 64, date=day(made))
        assert word(tag, documents=(record,)) is expected


@pytest.mark.parametrize(("state", "expected"), [("valid", PASS), ("invalid", FAIL), ("none", INCOMPLETE)])
def test_integrity(state: str, expected: VerdictWord) -> None:
    assert word("PS.2.1", signature=state) is expected


def test_components() -> None:
    assert word("PS.3.2") is PASS
    assert word("PS.3.2", sbom=None) is INCOMPLETE
    assert word("PS.3.2", sbom=sbom(missing={"version": ("a",)})) is FAIL
    bad = Rule(id="MAL-1", vulnerability=Vulnerability(id="MAL-1", malicious=True))
    assert word("PW.4.1", run(Role.SCA, [vulnerable(rule="MAL-1")], [bad])) is FAIL
    assert word("PW.4.1", run(Role.SCA, [vulnerable()], [rule()])) is PASS
    assert word("PW.4.4", run(Role.SCA, audited=())) is INCOMPLETE


def test_information_is_fresh() -> None:
    for age, expected in ((7, PASS), (7.01, INCOMPLETE)):
        assert word("RV.1.1", run(Role.SCA, advisories=(feed("osv", age_days=age),))) is expected


def test_decisions_and_responses() -> None:
    bare = run(Role.SAST, [code(suppressions=(nosec(reason=""),))])
    assert word("RV.2.1", bare) is FAIL
    assert word("RV.2.1", run(Role.SAST, [code(suppressions=(nosec(),))])) is PASS
    assert word("RV.2.1", run(Role.SAST, [code()])) is PASS
    assert word("RV.2.2", run(Role.SAST, [code(Severity.HIGH)])) is FAIL
    assert word("RV.2.2", run(Role.SAST, [code(Severity.MEDIUM)])) is PASS
    assert word("RV.2.2", run(Role.SAST, [code(Severity.UNKNOWN)])) is FAIL
    from govsec_ci.gate.waivers import attach

    runs = attach([run(Role.SCA, [vulnerable(severity=Severity.HIGH)], [rule()])], (waiver(),))
    assert word("RV.2.2", *runs, waivers=(waiver(),)) is PASS
