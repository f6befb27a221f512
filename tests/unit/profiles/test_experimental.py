"""The profiles to try: each is marked, and keeps the times and counts of the facts at their boundaries."""

from datetime import timedelta
from typing import Any

import pytest

from govsec_ci.gate import profile
from govsec_ci.gate.describe import describe
from govsec_ci.model import Cvss, Fix, Role, Severity, VerdictWord
from tests.support.gate_evidence import check, day, evidence, judge, rule, run, sbom, vulnerable

PASS, FAIL, INCOMPLETE = VerdictWord.PASS, VerdictWord.FAIL, VerdictWord.INCOMPLETE
NAMES = ("eu-cra", "uk-cyber-essentials", "uk-ncsc", "us-iron-bank")
START = day("2026-02-20")


def test_they_and_no_others_are_experimental_and_say_so() -> None:
    assert tuple(one for one in profile.shipped() if profile.load(one).status == "experimental") == NAMES
    for name in NAMES:
        assert describe(profile.load(name)).banner


def word(name: str, gate: str, after: timedelta, *, kev: str | None = None, **more: Any) -> VerdictWord:
    declared = more.pop("declared", {})
    cvss = more.pop("cvss", ())
    fixed = Fix(nearest="2", versions=("2",), available=START)
    sca = run(Role.SCA, [vulnerable(fix=fixed, first_detected=START, **more)], [rule(kev=kev, cvss=cvss)])
    return check(judge(evidence(sca, baseline=True, parameters=declared), name, now=START + after), gate).verdict


def boundary(name: str, gate: str, days: int, **more: Any) -> None:
    assert word(name, gate, timedelta(days=days), **more) is PASS
    assert word(name, gate, timedelta(days=days + 1), **more) is FAIL


SCORE = {score: (Cvss(version="3.1", vector="v", score=score, source="s"),) for score in (6.9, 7.0)}


@pytest.mark.parametrize("severity", [Severity.CRITICAL, Severity.HIGH, Severity.UNKNOWN])
def test_cyber_essentials_has_14_days(severity: Severity) -> None:
    boundary("uk-cyber-essentials", "updates-14-days", 14, severity=severity, cvss=SCORE[6.9])


def test_cyber_essentials_counts_a_base_score_of_seven() -> None:
    boundary("uk-cyber-essentials", "updates-14-days", 14, cvss=SCORE[7.0])
    assert word("uk-cyber-essentials", "updates-14-days", timedelta(days=900), cvss=SCORE[6.9]) is PASS


@pytest.mark.parametrize(
    ("declared", "days"),
    [
        ({}, 5),
        ({"placement": "internet-facing"}, 5),
        ({"placement": "application"}, 7),
        ({"placement": "internal"}, 14),
    ],
)
def test_ncsc_times(declared: dict[str, str], days: int) -> None:
    boundary("uk-ncsc", "updates", days, declared=declared, severity=Severity.LOW)


@pytest.mark.parametrize(
    ("severity", "days"),
    [(Severity.CRITICAL, 15), (Severity.HIGH, 35), (Severity.MEDIUM, 180), (Severity.LOW, 360)],
)
def test_iron_bank_times(severity: Severity, days: int) -> None:
    boundary("us-iron-bank", "mended-in-time", days, severity=severity)


@pytest.mark.parametrize(
    ("gate", "severity", "most"), [("critical-count", Severity.CRITICAL, 1), ("high-count", Severity.HIGH, 4)]
)
def test_iron_bank_counts(gate: str, severity: Severity, most: int) -> None:
    for count, expected in ((most, PASS), (most + 1, FAIL)):
        found = [vulnerable(f"dep-{n}", severity=severity) for n in range(count)]
        assert check(judge(evidence(run(Role.SCA, found, [rule()])), "us-iron-bank"), gate).verdict is expected


def test_cra_early_warning_within_24_hours() -> None:
    tick = timedelta(microseconds=1)
    assert word("eu-cra", "early-warning", timedelta(hours=24), kev="2026-02-20") is PASS
    assert word("eu-cra", "early-warning", timedelta(hours=24) + tick, kev="2026-02-20") is FAIL
    assert word("eu-cra", "early-warning", timedelta(days=999)) is PASS


def test_cra_sbom() -> None:
    assert check(judge(evidence(sbom=None), "eu-cra"), "sbom").verdict is INCOMPLETE
    assert check(judge(evidence(sbom=sbom(missing={"component name": ("a",)})), "eu-cra"), "sbom").verdict is FAIL
    assert check(judge(evidence(), "eu-cra"), "sbom").verdict is PASS
