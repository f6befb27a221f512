"""Deadlines: the tables from the facts file, the boundaries by hand, and every unknown input."""

import itertools
import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from govsec_ci.errors import InputError
from govsec_ci.gate import profile
from govsec_ci.model import (
    Check,
    Epss,
    Fix,
    Kev,
    Result,
    Role,
    Rule,
    ScanState,
    Severity,
    Ssvc,
    VerdictWord,
    Vulnerability,
)
from govsec_ci.model import Cvss as CvssScore
from tests.support.gate_evidence import check, code, day, evidence, feed, judge, rule, run, trial, vulnerable

PASS, FAIL, INCOMPLETE = VerdictWord.PASS, VerdictWord.FAIL, VerdictWord.INCOMPLETE


def one(
    own: str | profile.Profile,
    gate: str,
    result: Result,
    known: Rule,
    now: datetime,
    *,
    feeds: tuple[str, ...] = ("osv", "kev", "epss", "vulnrichment"),
    **more: Any,
) -> Check:
    sca = run(Role.SCA, [result], [known], advisories=tuple(feed(name, now=now) for name in feeds))
    return check(judge(evidence(sca, baseline=True, **more), own, now=now), gate)


DAYS = {"3 days": 3, "3 days & forensic investigation": 3, "14 days": 14, "60 days": 60}


def bod(
    now: str, *, kev: str, exposed: str, automatable: str | None, impact: str | None, added: str = "2026-03-01"
) -> Check:
    """One vulnerability detected on 1 March; in KEV since ``added``."""
    result = vulnerable(first_detected=day("2026-03-01"))
    points = f"{automatable or '?'}/{impact or '?'}"
    known = rule(kev=added if kev == "yes" else None, ssvc=points)
    exposure = {"exposure": "public" if exposed == "yes" else "internal"}
    return one("us-bod-26-04", "fix-in-time", result, known, day(now), parameters=exposure)


def bod_rows(shared: Path) -> list[dict[str, str]]:
    facts = json.loads((shared / "government/gate-facts.json").read_text("utf-8"))
    rows: list[dict[str, str]] = facts["us_cisa_bod_26_04_table1"]["rows"]
    return rows


def test_every_row_of_the_directive_at_its_boundary(shared: Path) -> None:
    rows = bod_rows(shared)
    assert len(rows) == 16
    for row in rows:
        case: dict[str, Any] = {
            "kev": row["in_kev"],
            "exposed": row["publicly_exposed"],
            "automatable": row["automatable"],
            "impact": row["technical_impact"],
        }
        days = DAYS.get(row["outcome"])
        if days is None:
            late = bod("2036-01-01", **case)
            assert late.verdict is PASS, row
            assert not late.due
            assert any("next system upgrade" in reason for reason in late.reasons)
            continue
        last = day("2026-03-01") + timedelta(days=days)
        before = bod(f"{last:%Y-%m-%d}T23:59:59.999999", **case)
        after = bod(f"{last + timedelta(days=1):%Y-%m-%d}", **case)
        assert (before.verdict, after.verdict) == (PASS, FAIL), row
        assert before.due == {"dep-1": last + timedelta(hours=23, minutes=59, seconds=59)}
        assert ("forensic" in " ".join(before.reasons)) == ("forensic" in row["outcome"]), row


def outcomes(
    rows: list[dict[str, str]], exposed: str, kev: str, automatable: str | None, impact: str | None
) -> set[int]:
    """Days of every row that a vulnerability could be; a million for "next upgrade"."""
    return {
        DAYS.get(row["outcome"], 10**6)
        for row in rows
        if row["publicly_exposed"] == exposed
        and row["in_kev"] == kev
        and automatable in (None, row["automatable"])
        and impact in (None, row["technical_impact"])
    }


@pytest.mark.parametrize("age", [3, 4, 14, 15, 60, 61])
def test_where_ssvc_is_unknown_only_what_is_late_in_every_row_is_decided(shared: Path, age: int) -> None:
    rows = bod_rows(shared)
    now = f"{day('2026-03-01') + timedelta(days=age):%Y-%m-%d}"
    cases = itertools.product(("yes", "no"), ("yes", "no"), (None, "yes", "no"), (None, "partial", "total"))
    for kev, exposed, automatable, impact in cases:
        late = {age > days for days in outcomes(rows, exposed, kev, automatable, impact)}
        missing = None in (automatable, impact)
        expected = FAIL if late == {True} else INCOMPLETE if missing else PASS
        found = bod(now, kev=kev, exposed=exposed, automatable=automatable, impact=impact)
        assert found.verdict is expected, (kev, exposed, automatable, impact, age)


@pytest.mark.parametrize(
    ("feeds", "told"),
    [
        (("osv", "kev"), "Carry in vulnrichment, which this audit lacks"),
        (("osv", "kev", "vulnrichment"), "Carry in newer data of vulnrichment: that of this audit has no answer"),
        (("osv",), "Carry in kev, vulnrichment, which this audit lacks"),
        (("osv", "vulnrichment"), "Carry in kev, which this audit lacks"),
    ],
)
def test_without_ssvc_the_vulnerability_is_named_and_the_feed_to_carry_in(feeds: tuple[str, ...], told: str) -> None:
    result = vulnerable(first_detected=day("2026-03-01"))
    found = one("us-bod-26-04", "fix-in-time", result, rule(), day("2026-03-01"), feeds=feeds)
    assert (found.verdict, found.results, found.offenders) == (INCOMPLETE, (), ("dep-1",))
    assert found.next_step.startswith(told)
    assert found.due["dep-1"].date() == day("2026-03-04").date(), "the earliest that it could be is told"
    if "kev" in feeds:
        said = "which deadline 1 result has cannot be told (CVE-2024-0001); unknown: automatable, technical impact"
        assert said in found.reasons


def test_where_everything_that_feeds_tell_is_unknown_each_is_named() -> None:
    asked = 'kev = true, epss = 0.5, exploitation = ["active"], automatable = ["yes"], technical-impact = ["total"]'
    own = trial(
        'kind = "deadlines"\nclock = "detected"\nfilter = { role = ["sca"] }\n'
        f"rows = [{{ when = {{ {asked} }}, days = 1 }}, {{ days = 10 }}]\n"
    )
    found = one(own, "it", vulnerable(first_detected=day("2026-03-28")), rule(), day("2026-04-01"), feeds=("osv",))
    assert found.next_step.startswith("Carry in epss, kev, vulnrichment, which")


def test_where_more_than_a_feed_is_missing_the_next_step_is_what_the_reasons_name() -> None:
    broken = run(Role.SCA, [vulnerable()], [rule()], state=ScanState.INCOMPLETE)
    found = check(judge(evidence(broken), "us-bod-26-04"), "fix-in-time")
    assert found.verdict is INCOMPLETE
    assert found.next_step.startswith("Let what the reasons name be examined")
    # Who knows when it was published is no feed's business: the points alone would not decide it.
    text = (
        'kind = "deadlines"\nclock = "published"\nfilter = { role = ["sca"] }\nmust-know = ["automatable"]\n'
        'rows = [{ when = { automatable = ["yes"] }, days = 1 }, { days = 10 }]\n'
    )
    undated = one(trial(text), "it", vulnerable(), rule(published=None), day("2026-04-01"))
    assert undated.verdict is INCOMPLETE
    assert undated.next_step.startswith("Let what the reasons name be examined")


def test_only_what_the_gate_must_know_bars_a_result_that_is_in_time() -> None:
    text = (
        'kind = "deadlines"\nclock = "detected"\nfilter = { role = ["sca"] }\n{}'
        'rows = [{ when = { automatable = ["yes"] }, days = 1 }, { when = { epss = 0.5 }, days = 5 }, { days = 10 }]\n'
    )
    words = {
        (must, age): one(
            trial(text.replace("{}", must)), "it", vulnerable(first_detected=day("2026-03-01")), rule(),
            day("2026-03-01") + timedelta(days=age),
        ).verdict
        for must in ("", 'must-know = ["automatable"]\n')
        for age in (0, 2, 11)
    }  # fmt: skip
    assert list(words.values()) == [PASS, INCOMPLETE, FAIL, INCOMPLETE, INCOMPLETE, FAIL]
    known = one(
        trial(text.replace("{}", 'must-know = ["automatable"]\n')),
        "it",
        vulnerable(),
        rule(ssvc="no/?"),
        day("2026-04-01"),
    )
    assert known.verdict is PASS, "EPSS is unknown, and need not be known"


def test_the_clock_starts_at_the_earlier_of_kev_and_detection() -> None:
    case: dict[str, Any] = {"kev": "yes", "exposed": "yes", "automatable": "yes", "impact": "total"}
    assert bod("2026-03-04", added="2026-03-20", **case).verdict is PASS
    assert bod("2026-03-05", added="2026-03-20", **case).verdict is FAIL
    # In KEV since 20 February: due on 23 February, whatever the day of detection.
    early = bod("2026-03-01", added="2026-02-20", **case)
    assert early.verdict is FAIL
    assert early.due["dep-1"].date() == day("2026-02-23").date()


def test_exposure_that_is_not_declared_is_public() -> None:
    result = vulnerable(first_detected=day("2026-03-01"))
    found = one("us-bod-26-04", "fix-in-time", result, rule(ssvc="yes/total"), day("2026-03-05"))
    assert found.verdict is FAIL
    assert any("exposure is not declared: the strictest value, public" in reason for reason in found.reasons)


def test_without_kev_data_both_cases_count() -> None:
    feeds = ("osv", "vulnrichment")
    result = vulnerable(first_detected=day("2026-03-01"))
    points = rule(ssvc="no/partial")
    # Public: 14 days in KEV, 60 days not in KEV; and the day it may have been added is unknown, hence maybe earlier.
    words = {
        age: one(
            "us-bod-26-04", "fix-in-time", result, points, day("2026-03-01") + timedelta(days=age), feeds=feeds
        ).verdict
        for age in (0, 14, 15, 60, 61)
    }
    assert words == {0: INCOMPLETE, 14: INCOMPLETE, 15: INCOMPLETE, 60: INCOMPLETE, 61: FAIL}


@pytest.mark.parametrize(
    ("severity", "days"), [(Severity.CRITICAL, 30), (Severity.HIGH, 30), (Severity.MEDIUM, 90), (Severity.LOW, 180)]
)
def test_fedramp_days_from_discovery(severity: Severity, days: int) -> None:
    result = vulnerable(severity=severity, first_detected=day("2025-06-01T18:00:00"))
    last = day("2025-06-01") + timedelta(days=days)
    for moment, expected in ((last, PASS), (last + timedelta(days=1), FAIL)):
        assert one("us-fedramp-rev5", "remediation", result, rule(), moment).verdict is expected


def test_fedramp_unknown_severity_counts_as_high() -> None:
    result = vulnerable(severity=Severity.UNKNOWN, first_detected=day("2026-01-01"))
    assert one("us-fedramp-rev5", "remediation", result, rule(), day("2026-01-31")).verdict is PASS
    assert one("us-fedramp-rev5", "remediation", result, rule(), day("2026-02-01")).verdict is FAIL


def test_fedramp_no_severity_has_no_day() -> None:
    result = vulnerable(severity=Severity.NONE, first_detected=day("2020-01-01"))
    assert one("us-fedramp-rev5", "remediation", result, rule(), day("2026-02-01")).verdict is PASS


def test_fedramp_updates_count_from_the_fix_else_from_publication() -> None:
    fix = Fix(nearest="3.1.5", versions=("3.1.5",))
    dated = Fix(nearest="3.1.5", versions=("3.1.5",), available=day("2026-02-10"))
    known = rule(published=day("2026-01-01"))

    def word(now: str, given: Fix, described: Rule = known) -> VerdictWord:
        return one("us-fedramp-rev5", "updates-installed", vulnerable(fix=given), described, day(now)).verdict

    assert word("2026-01-31", fix) is PASS
    assert word("2026-02-01", fix) is FAIL
    assert word("2026-03-12", dated) is PASS
    assert word("2026-03-13", dated) is FAIL
    assert word("2030-01-01", Fix()) is PASS
    # Neither day is known: it was published no later than it was detected, which is now.
    assert word("2026-02-01", fix, rule()) is INCOMPLETE


@pytest.mark.parametrize(
    ("gate", "severity", "count", "age", "expected"),
    [
        ("high-30-days", Severity.HIGH, 5, 31, FAIL),
        ("high-30-days", Severity.HIGH, 5, 30, PASS),
        ("high-30-days", Severity.HIGH, 4, 31, PASS),
        ("high-60-days", Severity.CRITICAL, 5, 61, FAIL),
        ("high-60-days", Severity.HIGH, 5, 60, PASS),
        ("high-60-days", Severity.HIGH, 4, 61, PASS),
        ("moderate-90-days", Severity.MEDIUM, 10, 91, FAIL),
        ("moderate-90-days", Severity.MEDIUM, 10, 90, PASS),
        ("moderate-90-days", Severity.MEDIUM, 9, 91, PASS),
        ("moderate-120-days", Severity.MEDIUM, 10, 121, FAIL),
        ("moderate-120-days", Severity.MEDIUM, 10, 120, PASS),
        ("moderate-120-days", Severity.LOW, 10, 121, PASS),
    ],
)
def test_fedramp_triggers(gate: str, severity: Severity, count: int, age: int, expected: VerdictWord) -> None:
    now = day("2026-04-01")
    found = [vulnerable(f"dep-{n}", severity=severity, first_detected=now - timedelta(days=age)) for n in range(count)]
    given = evidence(run(Role.SCA, found, [rule()]), baseline=True)
    own = check(judge(given, "us-fedramp-rev5", now=now), gate)
    assert own.verdict is expected
    assert own.mode == ("warn" if gate in ("high-30-days", "moderate-90-days") else "block")


TABLE = 'kind = "deadlines"\nclock = "{clock}"\nfilter = {{ role = ["sca"] }}\n{more}[[gates.rows]]\n{row}\n'


def table(row: str, *, clock: str = "detected", more: str = "", **keys: str) -> profile.Profile:
    return trial(TABLE.format(clock=clock, row=row, more=more), **keys)


def word(own: profile.Profile, now: datetime, known: Rule | None = None, **more: Any) -> VerdictWord:
    return one(own, "it", vulnerable(**more), known or rule(), now).verdict


@pytest.mark.parametrize(
    ("detected", "days", "last"),
    [
        ("2024-02-28", 1, "2024-02-29"),
        ("2024-02-29", 365, "2025-02-28"),
        ("2023-02-28", 1, "2023-03-01"),
        ("2024-12-31", 1, "2025-01-01"),
    ],
)
def test_leap_days_and_year_ends(detected: str, days: int, last: str) -> None:
    own = table(f"days = {days}")
    assert word(own, day(last) + timedelta(hours=23), first_detected=day(detected)) is PASS
    assert word(own, day(last) + timedelta(days=1), first_detected=day(detected)) is FAIL


def test_days_are_utc_days_wherever_the_clock_stands() -> None:
    tokyo = timezone(timedelta(hours=9))
    # 1 March 08:59 in Tokyo is still 28 February in UTC: one day ends with 1 March, UTC.
    detected = datetime(2026, 3, 1, 8, 59, tzinfo=tokyo)
    own = table("days = 1")
    assert word(own, datetime(2026, 3, 2, 8, 59, tzinfo=tokyo), first_detected=detected) is PASS
    assert word(own, datetime(2026, 3, 2, 9, 0, tzinfo=tokyo), first_detected=detected) is FAIL


def test_hours_count_from_the_moment() -> None:
    own = table("hours = 48")
    start = day("2026-03-01T10:30:00")
    assert word(own, start + timedelta(hours=48), first_detected=start) is PASS
    assert word(own, start + timedelta(hours=48, microseconds=1), first_detected=start) is FAIL


def test_published_and_kev_clocks() -> None:
    published, added = table("days = 2", clock="published"), table("days = 2", clock="kev-added")
    known = rule(kev="2026-03-10", published=day("2026-03-05"))
    assert word(published, day("2026-03-07"), known) is PASS
    assert word(published, day("2026-03-08"), known) is FAIL
    assert word(added, day("2026-03-12"), known) is PASS
    assert word(added, day("2026-03-13"), known) is FAIL
    assert word(added, day("2036-03-13"), rule()) is PASS


def test_a_clock_of_unknown_start() -> None:
    published = table("days = 2", clock="published")
    # Detected on 1 March, so published then or before: late at the latest on the 4th, perhaps long before.
    unsure = one(published, "it", vulnerable(first_detected=day("2026-03-01")), rule(), day("2026-03-02"))
    assert unsure.verdict is INCOMPLETE
    assert any("unknown: clock" in reason for reason in unsure.reasons)
    assert word(published, day("2026-03-04"), first_detected=day("2026-03-01")) is FAIL
    fix = Fix(nearest="3.1.5", versions=("3.1.5",))
    assert word(table("days = 2", clock="fix-available"), day("2026-03-02"), fix=fix) is INCOMPLETE


@pytest.mark.parametrize(
    ("when", "known", "more", "expected"),
    [
        ('severity = "HIGH"', {}, {"severity": Severity.HIGH}, FAIL),
        ('severity = "HIGH"', {}, {"severity": Severity.MEDIUM}, PASS),
        ('severity = "HIGH"', {}, {"severity": Severity.UNKNOWN}, INCOMPLETE),
        ("cvss = 7.0", {"cvss": (CvssScore(version="3.1", vector="v", score=7.0, source="s"),)}, {}, FAIL),
        ("cvss = 7.0", {"cvss": (CvssScore(version="3.1", vector="v", score=6.9, source="s"),)}, {}, PASS),
        ("cvss = 7.0", {}, {}, INCOMPLETE),
        ("epss = 0.5", {"epss": Epss(score=0.5, percentile=0.9, date=day("2026-01-01"))}, {}, FAIL),
        ("epss = 0.5", {"epss": Epss(score=0.4, percentile=0.9, date=day("2026-01-01"))}, {}, PASS),
        ("epss = 0.5", {}, {}, INCOMPLETE),
        ('exploitation = ["active"]', {"ssvc": Ssvc(exploitation="active")}, {}, FAIL),
        ('exploitation = ["active"]', {"ssvc": Ssvc(exploitation="poc")}, {}, PASS),
        ('exploitation = ["active"]', {}, {}, INCOMPLETE),
        ("fix-available = true", {}, {"fix": Fix(nearest="2", versions=("2",))}, FAIL),
        ("fix-available = true", {}, {"fix": Fix()}, PASS),
        ("fix-available = true", {}, {"fix": None}, INCOMPLETE),
    ],
)
def test_conditions(when: str, known: dict[str, Any], more: dict[str, Any], expected: VerdictWord) -> None:
    own = table(f"when = {{ {when} }}\ndays = 1", unknown_severity='"incomplete"')
    described = Rule(id="CVE-2024-0001", vulnerability=Vulnerability(id="CVE-2024-0001", **known))
    found = one(own, "it", vulnerable(first_detected=day("2025-01-01"), **more), described, day("2026-01-01"))
    assert found.verdict is expected
    if expected is INCOMPLETE:
        assert any("unknown:" in reason for reason in found.reasons)


def test_without_a_baseline_clocks_start_today_and_it_is_said() -> None:
    own = table("days = 1")
    given = evidence(run(Role.SCA, [vulnerable()], [rule()]))
    found = check(judge(given, own), "it")
    assert found.verdict is PASS
    assert any("no baseline" in reason for reason in found.reasons)
    assert not any("next system upgrade" in reason for reason in found.reasons)
    both = [vulnerable("old", first_detected=day("2026-03-31")), vulnerable("new")]
    mixed = check(judge(evidence(run(Role.SCA, both, [rule()])), own), "it")
    assert any("no baseline" in reason for reason in mixed.reasons), "one of them is enough"
    known = check(judge(evidence(run(Role.SCA, [vulnerable()], [rule()]), baseline=True), own), "it")
    assert not any("no baseline" in reason for reason in known.reasons)


def test_what_is_due_soon_is_told() -> None:
    own = table("days = 10", more="due-soon-days = 3\n")
    start = day("2026-03-01")
    early = one(own, "it", vulnerable(first_detected=start), rule(), start + timedelta(days=6))
    late = one(own, "it", vulnerable(first_detected=start), rule(), start + timedelta(days=9))
    assert not [reason for reason in early.reasons if "due within" in reason]
    assert "1 result is due within 3 days, the first on 2026-03-11: CVE-2024-0001" in late.reasons
    assert late.verdict is PASS
    # Due at the last second of the 11th: soon from three days before, to the second, until then.
    due = day("2026-03-11T23:59:59")
    soon = {
        seconds: any(
            "due within" in reason
            for reason in one(
                own, "it", vulnerable(first_detected=start), rule(), due + timedelta(seconds=seconds)
            ).reasons
        )
        for seconds in (-3 * 86_400 - 1, -3 * 86_400, 0, 1)
    }
    assert list(soon.values()) == [False, True, True, False]


def test_the_earliest_due_date_of_results_that_share_a_name_is_told() -> None:
    own = table("days = 1")
    pair = [vulnerable(first_detected=day("2026-03-31")), vulnerable(first_detected=day("2026-04-01"))]
    found = check(judge(evidence(run(Role.SCA, pair, [rule()]), baseline=True), own), "it")
    assert found.due["dep-1"].date() == day("2026-04-01").date()


def test_code_has_no_publication_its_clock_is_its_detection() -> None:
    own = trial('kind = "deadlines"\nclock = "published"\nfilter = { role = ["sast"] }\n[[gates.rows]]\ndays = 1\n')
    given = evidence(run(results=[code(first_detected=day("2026-03-01"))]), baseline=True)
    assert check(judge(given, own), "it").verdict is FAIL


def test_a_filter_that_cannot_tell_is_incomplete_where_it_would_be_late() -> None:
    own = table("days = 1", more="", unknown_severity='"incomplete"')
    text = 'kind = "deadlines"\nclock = "detected"\nfilter = { role = ["sca"], epss = 0.5 }\n[[gates.rows]]\ndays = 1\n'
    filtered = trial(text)
    late, fresh = vulnerable(first_detected=day("2025-01-01")), vulnerable(first_detected=day("2026-03-31"))
    assert one(filtered, "it", late, rule(), day("2026-04-01")).verdict is INCOMPLETE
    assert one(filtered, "it", fresh, rule(), day("2026-04-01")).verdict is PASS
    assert word(own, day("2026-04-01"), first_detected=day("2026-03-31")) is PASS


def test_kev_without_a_day_in_the_future() -> None:
    own = table("days = 1", clock="earliest")
    ahead = Rule(
        id="CVE-2024-0001",
        vulnerability=Vulnerability(
            id="CVE-2024-0001",
            kev=Kev(cve="CVE-2024-0001", date_added=day("2027-01-01"), due_date=day("2027-02-01")),
        ),
    )
    assert word(own, day("2026-03-02"), ahead, first_detected=day("2026-03-01")) is PASS


@pytest.mark.parametrize(
    ("start", "months", "last"),
    [
        ("2026-01-31", 1, "2026-02-28"),
        ("2024-01-31", 1, "2024-02-29"),
        ("2026-02-28", 1, "2026-03-28"),
        ("2026-12-15", 1, "2027-01-15"),
        ("2026-11-30", 3, "2027-02-28"),
    ],
)
def test_months_are_calendar_months(start: str, months: int, last: str) -> None:
    own = table(f"months = {months}")
    assert word(own, day(last) + timedelta(hours=23), first_detected=day(start)) is PASS
    assert word(own, day(last) + timedelta(days=1), first_detected=day(start)) is FAIL


def test_the_due_date_of_the_entry_in_kev_counts_whatever_the_clock() -> None:
    own = table("when = { kev = true }\nkev-due = true")
    known = rule(kev="2026-03-01")  # due 21 days later
    assert word(own, day("2026-03-22T23:59:59"), known) is PASS
    assert word(own, day("2026-03-23"), known) is FAIL
    assert word(own, day("2036-01-01"), rule()) is PASS
    unknown = one(own, "it", vulnerable(), rule(), day("2036-01-01"), feeds=("osv",))
    assert unknown.verdict is INCOMPLETE
    assert word(table("kev-due = true"), day("2036-01-01"), rule()) is PASS


def test_a_row_has_one_time_only() -> None:
    with pytest.raises(InputError, match="exactly one"):
        table("days = 1\nmonths = 1")
    with pytest.raises(InputError, match="exactly one"):
        table("kev-due = true\nnext-upgrade = true")
