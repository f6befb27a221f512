"""Airflow 1.10.10 and Salt 3000 under BOD 26-04, on a public system, with public data: dates worked out by hand."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from govsec_ci.advisories.feeds import parts_of
from govsec_ci.advisories.index import Index, open_index
from govsec_ci.advisories.prepare import index_of
from govsec_ci.model import Check, ComponentRef, Evidence, Result, Role, Rule, Verdict, VerdictWord
from tests.support.gate_evidence import check, day, evidence, judge, run, sbom

PASS, FAIL, INCOMPLETE = VerdictWord.PASS, VerdictWord.FAIL, VerdictWord.INCOMPLETE
FILES = ("osv-pypi-2024-10-10.zip", "kev-2025-08-25.json", "vulnrichment-2024-10-24-pypi.zip")


@pytest.fixture(scope="module")
def index(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    parts = [part for name in FILES for part in parts_of(shared / "data" / name)]
    with open_index(index_of(parts, tmp_path_factory.mktemp("cache"))) as opened:
        yield opened


def audited(index: Index, name: str, version: str, *, detected: datetime) -> Evidence:
    """What an audit of the one component finds; results are named by their vulnerability."""
    purl = f"pkg:pypi/{name}@{version}"
    component = ComponentRef(name=name, version=version, purl=purl, direct=True)
    matches = index.match(name, version)
    results = [
        Result(
            rule_id=match.vulnerability.id,
            message="vulnerable",
            severity=match.vulnerability.severity,
            fingerprints={"govsec/v1": match.vulnerability.id},
            component=component,
            fix=match.fix,
            first_detected=detected,
        )
        for match in matches
    ]
    rules = [Rule(id=match.vulnerability.id, vulnerability=match.vulnerability) for match in matches]
    sca = run(Role.SCA, results, rules, advisories=index.feeds(), audited=(purl,))
    return evidence(sca, sbom=sbom(components=(component,)), baseline=True, parameters={"exposure": "public"})


def judged(given: Evidence, now: str) -> tuple[Verdict, Check]:
    verdict = judge(given, "us-bod-26-04", now=day(now))
    return verdict, check(verdict, "fix-in-time")


def due(found: Check) -> dict[str, str]:
    return {key: f"{date:%Y-%m-%d}" for key, date in found.due.items()}


def test_airflow(index: Index) -> None:
    # All 48 vulnerabilities detected on 25 October 2024; judged on the 26th.
    given = audited(index, "apache-airflow", "1.10.10", detected=day("2024-10-25T10:00:00"))
    verdict, found = judged(given, "2024-10-26T10:00:00")
    dates = due(found)
    assert len(dates) == 48
    # In KEV since 18 January 2022; SSVC active / automatable yes / impact total; public: YYYT, 3 days and triage.
    # The KEV date is the earlier clock: 18 + 3 = 21 January 2022. Long overdue.
    assert dates["CVE-2020-13927"] == "2022-01-21"
    # In KEV since 18 January 2022, SSVC unknown, public: 3 days (YYYT, YYNT, YYYP) or 14 (YYNP): 21 January or
    # 1 February 2022. The earliest is told, and overdue in every row is FAIL.
    assert dates["CVE-2020-11978"] == "2022-01-21"
    assert set(found.results) == {"CVE-2020-13927", "CVE-2020-11978"}
    # Not in KEV, public, automatable, total: NYYT, 3 days from detection: 28 October.
    assert dates["CVE-2023-25754"] == "2024-10-28"
    # NYYP and NYNT, 14 days: 25 October + 14 = 8 November.
    assert dates["CVE-2023-28707"] == "2024-11-08"
    assert dates["CVE-2023-39508"] == "2024-11-08"
    # NYNP, 60 days: 6 to the end of October, 30 of November, 24 of December.
    assert dates["CVE-2022-46651"] == "2024-12-24"
    # Not in KEV, SSVC unknown: 3, 14 or 60 days; the earliest is told.
    assert dates["CVE-2020-9485"] == "2024-10-28"
    # Those without SSVC points are undecided, and no other.
    assert "CVE-2020-9485" in found.offenders
    assert not {"CVE-2023-25754", "CVE-2023-28707", "CVE-2022-46651", *found.results} & set(found.offenders)
    assert (found.verdict, verdict.verdict) == (FAIL, FAIL)
    # YYYT for certain; YYYT or YYNT is possible for the one whose SSVC points are unknown.
    assert "2 results (CVE-2020-11978, CVE-2020-13927): forensic triage is due too" in found.reasons


def test_airflow_as_time_goes_by(index: Index) -> None:
    given = audited(index, "apache-airflow", "1.10.10", detected=day("2024-10-25"))
    # The 28th is the last day of 3; on the 29th the NYYT one is late, and SSVC-unknown ones may be.
    assert set(judged(given, "2024-10-28T23:59:59")[1].results) == {"CVE-2020-13927", "CVE-2020-11978"}
    later = judged(given, "2024-10-29")[1]
    assert "CVE-2023-25754" in later.results
    assert "CVE-2020-9485" in later.offenders
    # After 24 December each row of every one has passed.
    last, after = judged(given, "2024-12-24T12:00:00")[1], judged(given, "2024-12-25")[1]
    assert "CVE-2022-46651" not in last.results
    assert "CVE-2020-9485" in last.offenders
    assert len(after.results) == 48
    assert after.offenders == ()


EXPLOITED = {"CVE-2020-11651", "CVE-2020-11652", "CVE-2020-16846"}


def test_salt(index: Index) -> None:
    given = audited(index, "salt", "3000", detected=day("2024-10-25"))
    verdict, found = judged(given, "2024-10-26")
    # In KEV since 3 November 2021, SSVC unknown, public: 3 or 14 days: 6 or 17 November 2021. Overdue in both.
    assert {key: date for key, date in due(found).items() if key in EXPLOITED} == dict.fromkeys(EXPLOITED, "2021-11-06")
    assert set(found.results) == EXPLOITED
    # Not in KEV; automatable no, total: NYNT, 14 days. Automatable yes, partial: NYYP, 14 days. no, partial: 60 days.
    assert due(found)["CVE-2020-35662"] == "2024-11-08"
    assert due(found)["CVE-2023-20897"] == "2024-11-08"
    assert due(found)["CVE-2023-20898"] == "2024-12-24"
    assert (found.verdict, verdict.verdict) == (FAIL, FAIL)


@pytest.mark.parametrize(
    ("after_days", "expected"),
    # Seen on the day of the KEV entry: 3 November + 3 = the 6th, + 14 = the 17th. Only then is it decided without SSVC.
    [(0, INCOMPLETE), (3, INCOMPLETE), (4, INCOMPLETE), (14, INCOMPLETE), (15, FAIL)],
)
def test_salt_on_the_days_after_the_kev_entry(index: Index, after_days: int, expected: VerdictWord) -> None:
    given = audited(index, "salt", "3000", detected=day("2021-11-03"))
    now = day("2021-11-03T12:00:00") + timedelta(days=after_days)
    found = judged(given, f"{now:%Y-%m-%dT%H:%M:%S}")[1]
    assert found.verdict is expected
    if expected is INCOMPLETE:
        assert set(found.offenders) >= EXPLOITED
        assert any("unknown: automatable, technical impact" in reason for reason in found.reasons)
    if expected is FAIL:
        assert set(found.results) >= EXPLOITED
