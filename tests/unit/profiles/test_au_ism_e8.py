"""The Australian ISM: every gate is of a control in the facts, for the maturity levels that it names; times by hand."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from govsec_ci.gate import profile
from govsec_ci.model import Document, Fix, Invocation, Role, Rule, Severity, Ssvc, Stage, VerdictWord, Vulnerability
from tests.support.gate_evidence import check, code, day, evidence, judge, rule, run, sbom, vulnerable

PASS, FAIL, INCOMPLETE = VerdictWord.PASS, VerdictWord.FAIL, VerdictWord.INCOMPLETE
NAME = "au-ism-e8"
RELEASED = day("2026-01-31")
TICK = timedelta(microseconds=1)


def controls(shared: Path) -> dict[str, dict[str, Any]]:
    facts = json.loads((shared / "government/gate-facts.json").read_text("utf-8"))
    found: dict[str, dict[str, Any]] = facts["au_ism_2025_12_9"]["controls"]
    return found


def test_each_gate_is_of_a_control_and_of_its_maturity_levels(shared: Path) -> None:
    known = controls(shared)
    for gate in profile.load(NAME).gates:
        levels = known[gate.clause.id.lower()]["e8"]
        asked = list(gate.when.get("maturity", ("ML1", "ML2", "ML3"))) if levels else []
        assert asked == levels, gate.id
    used = {gate.clause.id for gate in profile.load(NAME).gates}
    assert used >= {f"ISM-{n}" for n in (1876, 1690, 1693, 1698, 1700, 2030, 2032, 2054, 1730, 2056)} | {"ISM-0402"}


def test_the_times_stand_in_the_statements(shared: Path) -> None:
    told = {name: own["statement"] for name, own in controls(shared).items()}
    words = {"1876": "48 hours", "1690": "two weeks", "1693": "one month", "1698": "daily", "1700": "fortnightly"}
    assert all(word in told[f"ism-{number}"] for number, word in words.items())


def word(
    gate: str, now: datetime, *, kev: bool = False, exploit: str | None = "none", severity: Severity = Severity.LOW,
    **declared: str,
) -> VerdictWord:  # fmt: skip
    fixed = Fix(nearest="3.1.5", versions=("3.1.5",), available=RELEASED)
    entry = rule(kev="2026-01-01").vulnerability if kev else None
    known = Rule(
        id="CVE-2024-0001",
        vulnerability=Vulnerability(
            id="CVE-2024-0001", ssvc=Ssvc(exploitation=exploit), kev=entry.kev if entry else None
        ),
    )
    sca = run(Role.SCA, [vulnerable(fix=fixed, severity=severity)], [known])
    return check(judge(evidence(sca, parameters=declared), NAME, now=now), gate).verdict


@pytest.mark.parametrize(
    "case",
    [{"severity": Severity.CRITICAL}, {"severity": Severity.UNKNOWN}, {"kev": True}, {"exploit": "poc"},
     {"exploit": "active"}],
)  # fmt: skip
def test_critical_or_exploited_within_48_hours(case: dict[str, Any]) -> None:
    last = RELEASED + timedelta(hours=48)
    assert word("online-critical", last, **case) is PASS
    assert word("online-critical", last + TICK, **case) is FAIL


def test_neither_critical_nor_exploited_has_two_weeks() -> None:
    assert word("online-critical", day("2036-01-01"), severity=Severity.HIGH) is PASS
    assert word("online-critical", day("2026-02-03"), severity=Severity.HIGH, exploit=None) is INCOMPLETE
    last = day("2026-02-15") - TICK
    assert word("online-other", last) is PASS
    assert word("online-other", last + TICK) is FAIL


@pytest.mark.parametrize("maturity", ["ML2", "ML3"])
def test_other_applications_have_one_calendar_month(maturity: str) -> None:
    declared: dict[str, Any] = {"service": "other", "maturity": maturity}
    assert word("other-applications", day("2026-03-01") - TICK, **declared) is PASS
    assert word("other-applications", day("2026-03-01"), **declared) is FAIL


@pytest.mark.parametrize(
    ("declared", "asked"),
    [
        ({}, {"online-critical", "online-other", "scan-daily"}),
        ({"service": "online", "maturity": "ML1"}, {"online-critical", "online-other", "scan-daily"}),
        ({"service": "other", "maturity": "ML1"}, set()),
        ({"service": "other", "maturity": "ML2"}, {"other-applications", "scan-fortnightly"}),
        ({"service": "other"}, {"other-applications", "scan-fortnightly"}),
    ],
)
def test_which_times_are_asked(declared: dict[str, str], asked: set[str]) -> None:
    timed = {"online-critical", "online-other", "scan-daily", "other-applications", "scan-fortnightly"}
    found = {own.gate for own in judge(evidence(parameters=declared), NAME).checks}
    assert found & timed == asked


@pytest.mark.parametrize(
    ("gate", "days", "declared"), [("scan-daily", 1, {}), ("scan-fortnightly", 14, {"service": "other"})]
)
def test_scans_are_repeated(gate: str, days: int, declared: dict[str, str]) -> None:
    ended = day("2026-03-01")
    sca = run(Role.SCA, invocation=Invocation(start=ended, end=ended))
    for moment, expected in ((ended + timedelta(days=days), PASS), (ended + timedelta(days=days) + TICK, INCOMPLETE)):
        assert check(judge(evidence(sca, parameters=declared), NAME, now=moment), gate).verdict is expected


def test_analysis_secrets_malice_vulnerabilities_and_sbom() -> None:
    def found(gate: str, stage: Stage = Stage.RELEASE, **given: Any) -> VerdictWord:
        runs = given.pop("runs", ())
        return check(judge(evidence(*runs, **given), NAME, stage=stage), gate).verdict

    secret = run(Role.SAST, [code(Severity.LOW, rule="B105")], [Rule(id="B105", cwes=("CWE-259",))])
    assert found("secrets", Stage.COMMIT, runs=(secret,)) is FAIL
    assert found("secrets", Stage.COMMIT, runs=(run(Role.SAST, [code(rule="B602")]),)) is PASS
    assert found("secret-scan") is INCOMPLETE
    assert found("secret-scan", runs=(run(Role.SECRETS),)) is PASS
    assert found("secret-scan", runs=(run(Role.SECRETS, [code(Severity.LOW)]),)) is FAIL
    bad = Rule(id="MAL-1", vulnerability=Vulnerability(id="MAL-1", malicious=True))
    assert found("malicious", runs=(run(Role.SCA, [vulnerable(rule="MAL-1")], [bad]),)) is FAIL
    assert found("no-known-vulnerabilities", runs=(run(Role.SCA, [vulnerable()], [rule()]),)) is FAIL
    assert found("no-known-vulnerabilities") is PASS
    assert found("static-and-composition") is PASS
    assert found("static-and-composition", runs=(run(Role.SAST, commit=None),)) is INCOMPLETE
    assert found("sbom", sbom=None) is INCOMPLETE
    assert found("sbom", sbom=sbom(missing={"version": ("a",)})) is FAIL
    assert found("coverage", runs=(run(Role.SCA, audited=()),)) is INCOMPLETE


@pytest.mark.parametrize(("gate", "slot"), [("dynamic", "dast"), ("automated-tests",) * 2, ("provenance",) * 2])
def test_records_fill_their_slots(gate: str, slot: str) -> None:
    record = Document(slot=slot, path="r", sha256="0" * 64, date=day("2026-03-01"))
    assert check(judge(evidence(), NAME, stage=Stage.RELEASE), gate).verdict is INCOMPLETE
    assert check(judge(evidence(documents=(record,)), NAME, stage=Stage.RELEASE), gate).verdict is PASS


def test_dynamic_analysis_may_come_as_an_imported_log() -> None:
    dast = run(Role.DAST, properties={"slot": "dast"})
    assert check(judge(evidence(dast), NAME, stage=Stage.RELEASE), "dynamic").verdict is PASS


def test_all_in_order_passes_every_gate_of_each_maturity_level() -> None:
    records = tuple(
        Document(slot=slot, path="r", sha256="0" * 64, date=day("2026-03-31"))
        for slot in ("dast", "automated-tests", "provenance")
    )
    for declared in ({}, {"service": "other"}, {"service": "other", "maturity": "ML1"}):
        given = evidence(run(Role.SECRETS), documents=records, parameters=declared)
        assert {own.verdict for own in judge(given, NAME, stage=Stage.RELEASE).checks} == {PASS}, declared
