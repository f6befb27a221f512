"""Waivers: read strictly, matched narrowly; and each way in which one must not work leaves FAIL."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from govsec_ci.errors import InputError
from govsec_ci.gate import waivers
from govsec_ci.model import (
    ComponentRef,
    Epss,
    Evidence,
    Fix,
    Role,
    Rule,
    Run,
    Severity,
    Stage,
    SuppressionStatus,
    Verdict,
    VerdictWord,
    Waiver,
)
from tests.support.gate_evidence import (
    NOW,
    check,
    code,
    day,
    evidence,
    feed,
    judge,
    replace,
    rule,
    run,
    vulnerable,
    waiver,
)
from tests.support.gate_evidence import trial as profile_of

GOOD = """\
[[waivers]]
id = "W-1"
vulnerability = "CVE-2024-0001"
component = "Jinja2"
versions = ">=3.1,<3.2"
reason = "templates are ours alone"
owner = "owner@example.go.jp"
approver = "approver@example.go.jp"
ticket = "T-1"
created = 2026-03-01
expires = 2026-06-01
plan = "update in May"
"""


def load(text: str) -> tuple[Waiver, ...]:
    return waivers.parse(text.encode(), "govsec-waivers.toml")


def test_a_waiver_is_read(tmp_path: Path) -> None:
    path = tmp_path / "govsec-waivers.toml"
    path.write_text(GOOD + 'reopen-epss = 0.5\nknown = { kev = true, fix = "3.1.5", epss = 0.1 }\n')
    (found,) = waivers.load(path)
    assert found.created == day("2026-03-01")
    assert found.expires == day("2026-06-01")
    assert found.reopen_epss == 0.5
    assert found.known == {"kev": "yes", "fix": "3.1.5", "epss": "0.1"}


def test_no_waivers_is_fine() -> None:
    assert load("") == ()


@pytest.mark.parametrize(
    ("before", "after", "what", "line"),
    [
        ("expires =", "expries =", "unknown key 'expries'", 11),
        ("expires = 2026-06-01", 'expires = "next year"', "expires", 11),
        ("expires = 2026-06-01", "expires = 2026-06-31", "not valid TOML", 0),
        ("expires = 2026-06-01", "expires = 2026-02-01", "before it is created", 11),
        ('plan = "update in May"', "", "has no 'plan'", 1),
        ('approver = "approver@example.go.jp"\n', "", "has no 'approver'", 1),
        ('reason = "templates are ours alone"', 'reason = " "', "reason is empty", 6),
        ('owner = "owner@example.go.jp"', 'owner = ""', "owner is empty", 7),
        ('component = "Jinja2"', 'component = "*"', "never covers by wildcard", 4),
        ('vulnerability = "CVE-2024-0001"', 'vulnerability = "CVE-*"', "never covers by wildcard", 3),
        ('versions = ">=3.1,<3.2"', 'versions = "*"', "no version range", 5),
        ('versions = ">=3.1,<3.2"', 'versions = ">=0"', "no upper end", 5),
        ('versions = ">=3.1,<3.2"', 'versions = "!=1"', "no upper end", 5),
        ('versions = ">=3.1,<3.2"', "", "exactly one of", 2),
        ('vulnerability = "CVE-2024-0001"', 'rule = "B602"', "exactly one of", 2),
        ('plan = "update in May"', 'plan = "p"\nfingerprint = "abc"', "exactly one of", 2),
        ('plan = "update in May"', 'plan = "p"\nreopen-epss = 5.0', "probability", 13),
    ],
)
def test_what_a_waiver_may_not_say(before: str, after: str, what: str, line: int) -> None:
    with pytest.raises(InputError) as caught:
        load(GOOD.replace(before, after))
    assert what in caught.value.what
    assert not line or caught.value.what.startswith(f"govsec-waivers.toml:{line}:"), caught.value.what


@pytest.mark.parametrize(
    ("key", "value", "good"),
    [
        ("expires", "2026-02-28", False),
        ("expires", "2026-03-01", True),  # a waiver of one day
        ("expires", "2026-03-02", True),
        ("reopen-epss", "-0.001", False),
        ("reopen-epss", "0", True),
        ("reopen-epss", "0.001", True),
        ("reopen-epss", "0.999", True),
        ("reopen-epss", "1", True),
        ("reopen-epss", "1.001", False),
        ("reopen-epss", "nan", False),
    ],
)
def test_the_bounds_of_a_waiver_s_figures(key: str, value: str, *, good: bool) -> None:
    text = GOOD.replace("expires = 2026-06-01\n", "") if key == "expires" else GOOD
    if good:
        assert len(load(f"{text}{key} = {value}\n")) == 1
        return
    with pytest.raises(InputError, match=r"before it is created|probability from 0 to 1"):
        load(f"{text}{key} = {value}\n")


@pytest.mark.parametrize("path", ["*", "**", "**/*", "?", "*.*", "./*", "[!a]", "*.py", "**/*.py", "../*"])
def test_a_path_is_never_a_bare_wildcard(path: str) -> None:
    text = GOOD.replace('vulnerability = "CVE-2024-0001"', 'rule = "B602"').replace('component = "Jinja2"\n', "")
    text = text.replace('versions = ">=3.1,<3.2"', f'path = "{path}"')
    with pytest.raises(InputError, match="bare wildcard"):
        load(text)


def test_an_id_is_used_once() -> None:
    with pytest.raises(InputError, match="more than once"):
        load(GOOD * 2)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, True),
        ({"vulnerability": "GHSA-aaaa"}, True),
        ({"vulnerability": "CVE-2024-0002"}, False),
        ({"component": "JINJA2"}, True),
        ({"component": "jinja"}, False),
        ({"versions": "<3.1.4"}, False),
        ({"versions": ">=3,<4"}, True),
    ],
)
def test_a_dependency_waiver_covers_its_versions_alone(changes: dict[str, str], *, expected: bool) -> None:
    found = waivers.covers(waiver(**changes), vulnerable(), rule(aliases=("GHSA-aaaa",)))
    assert found is expected


def test_a_version_that_is_none_is_not_covered() -> None:
    odd = vulnerable(component=ComponentRef(name="jinja2", version="not a version", purl="p"))
    assert not waivers.covers(waiver(), odd, rule())
    assert not waivers.covers(waiver(), code(), Rule(id="B602"))


@pytest.mark.parametrize(
    ("given", "path", "expected"),
    [
        ({"rule": "B602", "path": "app/*.py"}, "app/main.py", True),
        ({"rule": "B602", "path": "app/main.py"}, "app/main.py", True),
        ({"rule": "B603", "path": "app/*.py"}, "app/main.py", False),
        ({"rule": "B602", "path": "app/*.py"}, "lib/main.py", False),
        ({"fingerprint": "code-1"}, "anything.py", True),
        ({"fingerprint": "code-2"}, "anything.py", False),
    ],
)
def test_a_code_waiver_covers_its_place_alone(given: dict[str, str], path: str, *, expected: bool) -> None:
    blank = {"vulnerability": "", "component": "", "versions": ""}
    assert waivers.covers(waiver(**blank, **given), code(path=path), Rule(id="B602")) is expected


def test_a_result_that_only_touches_a_waived_file_is_not_waived() -> None:
    other = replace(code(path="lib/x.py"), locations=(*code(path="lib/x.py").locations, *code().locations))
    own = waiver(vulnerability="", component="", versions="", rule="B602", path="app/main.py")
    assert not waivers.covers(own, other, Rule(id="B602"))
    assert not waivers.covers(own, code(locations=()), Rule(id="B602"))


def test_a_claim_is_attached_once() -> None:
    before = (run(Role.SCA, [vulnerable(), vulnerable(key="dep-2", rule="CVE-2024-0002")], [rule()]),)
    once = waivers.attach(before, [waiver()])
    assert [len(result.suppressions) for result in once[0].results] == [1, 0]
    assert waivers.attach(once, [waiver()]) == once
    assert waivers.attach(before, []) == before
    (claim,) = once[0].results[0].suppressions
    assert (claim.origin, claim.origin_id, claim.justification) == ("waiver", "W-1", "not reachable")


def test_an_unapproved_waiver_is_only_under_review() -> None:
    (attached,) = waivers.attach((run(Role.SCA, [vulnerable()], [rule()]),), [waiver(approver="")])
    assert attached.results[0].suppressions[0].status is SuppressionStatus.UNDER_REVIEW


def trial(
    given: Waiver, *, kev: str | None = None, epss: float | None = None, fix: Fix | None = None, **more: Any
) -> Verdict:
    """The one vulnerability under jp-gov, with the waiver attached."""
    figure = Epss(score=epss, percentile=epss, date=day("2026-03-31")) if epss is not None else None
    known = rule(kev=kev, epss=figure)
    sca = run(Role.SCA, [vulnerable(fix=fix or Fix())], [known], **more)
    return judge(with_waivers(evidence(sca), given), "jp-gov")


def with_waivers(given: Evidence, *all_: Waiver) -> Evidence:
    attached: tuple[Run, ...] = waivers.attach(given.runs, all_)
    return replace(given, runs=attached, waivers=all_)


def test_a_waiver_in_order_lets_the_build_pass() -> None:
    assert trial(waiver()).verdict is VerdictWord.PASS
    assert trial(waiver()).counts["suppressed"] == 1


@pytest.mark.parametrize(
    ("changes", "case", "why"),
    [
        ({"created": day("2025-12-01"), "expires": day("2026-03-31")}, {}, "expired on 2026-03-31"),
        ({"created": day("2026-04-02")}, {}, "holds only from 2026-04-02"),
        ({"created": day("2025-12-03")}, {}, "it lasts 180 days"),
        ({"created": day("2025-12-02")}, {}, "it lasts 181 days, longer than the 180 allowed"),
        ({"approver": ""}, {}, "nobody has approved it"),
        ({"approver": "Owner@Example.go.jp "}, {}, "its approver is its owner"),
        ({}, {"kev": "2026-03-15"}, "known to be exploited (in KEV since 2026-03-15)"),
        ({}, {"fix": Fix(nearest="3.1.5", versions=("3.1.5",))}, "a fix (3.1.5) exists"),
        ({"reopen_epss": 0.3}, {"epss": 0.3}, "EPSS is 0.3, at or above 0.3"),
    ],
)
def test_a_waiver_that_must_not_work_leaves_fail(changes: dict[str, Any], case: dict[str, Any], why: str) -> None:
    verdict = trial(waiver(**changes), **case)
    if why == "it lasts 180 days":
        assert verdict.verdict is VerdictWord.PASS
        return
    assert verdict.verdict is VerdictWord.FAIL
    (reason,) = [r for r in check(verdict, "known-vulnerabilities").reasons if "W-1" in r]
    assert reason.startswith("dep-1: waiver W-1 has no effect: ")
    assert why in reason


@pytest.mark.parametrize(
    "changes", [{"versions": "==3.1.5"}, {"component": "mako"}, {"vulnerability": "CVE-2024-9999"}]
)
def test_a_waiver_for_something_else_leaves_fail_and_is_told_as_unused(changes: dict[str, Any]) -> None:
    verdict = trial(waiver(**changes))
    assert verdict.verdict is VerdictWord.FAIL
    assert "the waiver W-1 covers nothing" in check(verdict, "waivers-in-order").reasons


def test_a_fingerprint_that_several_results_share_waives_none_of_them() -> None:
    """GitHub's hash of a line: another rule on that line has it too, and so has an equal line of another file."""
    shared = {"primaryLocationLineHash": "39fa2ee980eb94b0:1"}
    results = [code(key=key, fingerprints={"govsec/v1": key} | shared) for key in ("one", "other")]
    given = waiver(fingerprint=shared["primaryLocationLineHash"], vulnerability="", component="", versions="")
    attached = waivers.attach([run(results=results)], [given])
    assert [result.suppressions for result in attached[0].results] == [(), ()]


def test_a_claim_without_its_waiver_has_no_effect() -> None:
    given = with_waivers(evidence(run(Role.SCA, [vulnerable()], [rule()])), waiver())
    verdict = judge(replace(given, waivers=()), "jp-gov")
    assert verdict.verdict is VerdictWord.FAIL
    assert "no such waiver" in check(verdict, "known-vulnerabilities").reasons[0]
    other = judge(replace(given, waivers=(waiver(versions="==1"),)), "jp-gov")
    assert "does not cover this result" in check(other, "known-vulnerabilities").reasons[0]


def test_a_waiver_holds_from_the_moment_that_it_was_signed() -> None:
    assert trial(waiver(created=NOW)).verdict is VerdictWord.PASS
    assert trial(waiver(created=NOW + timedelta(seconds=1))).verdict is VerdictWord.FAIL


def test_a_waiver_holds_through_its_whole_last_day() -> None:
    given = waiver(created=day("2026-01-01"), expires=day("2026-04-01"))
    sca = run(Role.SCA, [vulnerable()], [rule()])
    fresh = replace(sca, advisories=tuple(feed(f, now=day("2026-04-02")) for f in ("osv", "kev")))
    whole = with_waivers(evidence(fresh), given)
    assert judge(whole, "jp-gov", now=day("2026-04-01T23:59:59")).verdict is VerdictWord.PASS
    assert judge(whole, "jp-gov", now=day("2026-04-02")).verdict is VerdictWord.FAIL


def test_a_waiver_to_the_end_of_the_calendar_is_too_long_and_no_crash() -> None:
    given = load(GOOD.replace("2026-06-01", "9999-12-31"))
    verdict = trial(*given)
    assert verdict.verdict is VerdictWord.FAIL
    assert any("180" in reason for reason in check(verdict, "known-vulnerabilities").reasons)


@pytest.mark.parametrize(
    ("known", "case"),
    [
        ({"fix": "3.1.5"}, {"fix": Fix(nearest="3.1.5", versions=("3.1.5",))}),
        ({"epss": "0.4"}, {"epss": 0.4}),
        ({"epss": "0.3"}, {"epss": 0.4}),  # at the limit it had crossed it already
        ({}, {"fix": Fix(nearest="3.1.5", versions=("3.1.5",), available=day("2026-02-28"))}),
        ({}, {"epss": 0.29}),
    ],
)
def test_what_was_known_when_it_was_signed_does_not_re_open_it(known: dict[str, str], case: dict[str, Any]) -> None:
    limit = 0.3 if "epss" in case else None
    assert trial(waiver(known=known, reopen_epss=limit), **case).verdict is VerdictWord.PASS


def test_a_fix_published_later_re_opens_it() -> None:
    late = Fix(nearest="3.1.5", versions=("3.1.5",), available=day("2026-03-01"))
    assert trial(waiver(), fix=late).verdict is VerdictWord.FAIL


@pytest.mark.parametrize(
    ("fix", "known", "expected"),
    [
        (None, {}, VerdictWord.INCOMPLETE),
        (None, {"kev": "yes"}, VerdictWord.INCOMPLETE),
        (None, {"fix": "3.1.5"}, VerdictWord.PASS),
        (Fix(), {}, VerdictWord.PASS),  # it was looked for, and there is none
        (Fix(nearest="3.1.6", versions=("3.1.6",)), {"fix": "3.1.5"}, VerdictWord.FAIL),
    ],
)
@pytest.mark.parametrize("role", [Role.SCA, Role.CONTAINER])
def test_where_nobody_tells_of_fixes_a_waiver_that_a_fix_re_opens_cannot_be_ruled_on(
    fix: Fix | None, known: dict[str, str], expected: VerdictWord, role: Role
) -> None:
    gate = 'kind = "results"\nlimit = 0\nfilter = { kind = ["fail"] }\n'
    own = profile_of(gate, head='[waivers]\naccept = true\nnot-in-kev = false\nreopen-on = ["fix"]\n')
    given = with_waivers(evidence(run(role, [vulnerable(fix=fix)], [rule()])), waiver(known=known))
    verdict = judge(given, own)
    assert verdict.verdict is expected
    if expected is VerdictWord.INCOMPLETE:
        assert any("does not tell whether there is a fix" in reason for reason in check(verdict, "it").reasons)
    by_kev = profile_of(gate, head="[waivers]\naccept = true\nnot-in-kev = false\nreopen-on = []\n")
    assert judge(given, by_kev).verdict is VerdictWord.PASS


def test_code_has_no_fix_that_could_re_open_its_waiver() -> None:
    own = waiver(vulnerability="", component="", versions="", rule="B602", path="app/main.py")
    given = with_waivers(evidence(run(results=[code()])), own)
    assert judge(given, "jp-gov").verdict is VerdictWord.PASS


def test_without_kev_data_a_waiver_cannot_be_ruled_on() -> None:
    verdict = trial(waiver(), advisories=(feed("osv"),))
    assert verdict.verdict is VerdictWord.INCOMPLETE
    reasons = check(verdict, "known-vulnerabilities").reasons
    assert any("cannot be ruled on: no KEV data was used" in reason for reason in reasons)


def test_a_claim_without_effect_beside_one_of_which_nobody_can_tell_decides_nothing() -> None:
    def word(*given: Waiver) -> VerdictWord:
        blind = run(Role.SCA, [vulnerable()], [rule()], advisories=(feed("osv"),))
        return judge(with_waivers(evidence(blind), *given), "jp-gov").verdict

    untold, unapproved = waiver(), waiver(id="W-2", approver="")
    assert word(untold, unapproved) is VerdictWord.INCOMPLETE
    assert word(unapproved, untold) is VerdictWord.INCOMPLETE
    assert word(unapproved, replace(unapproved, id="W-3")) is VerdictWord.FAIL


@pytest.mark.parametrize(("own", "profile_s"), [(0.3, 0.5), (0.5, 0.3)])
def test_the_lower_of_two_epss_limits_re_opens_a_waiver(own: float, profile_s: float) -> None:
    head = f"[waivers]\naccept = true\nreopen-epss = {profile_s}\n"
    judging = profile_of('kind = "results"\nlimit = 0\nfilter = { role = ["sca"] }\n', head=head)
    for score, expected in ((0.29, VerdictWord.PASS), (0.3, VerdictWord.FAIL), (0.4, VerdictWord.FAIL)):
        known = rule(epss=Epss(score=score, percentile=score, date=day("2026-03-31")))
        given = with_waivers(evidence(run(Role.SCA, [vulnerable()], [known])), waiver(reopen_epss=own))
        assert judge(given, judging).verdict is expected, score


def test_without_epss_data_a_waiver_with_an_epss_limit_cannot_be_ruled_on() -> None:
    assert trial(waiver(reopen_epss=0.3)).verdict is VerdictWord.INCOMPLETE


def test_a_profile_may_admit_no_waiver_for_severe_results() -> None:
    head = '[waivers]\naccept = true\nnot-from = "HIGH"\nticket = true\nnot-in-kev = false\nreopen-on = ["kev"]\n'
    gate = 'kind = "results"\nlimit = 0\nfilter = { role = ["sca"] }\n'
    own = profile_of(gate, head=head, unknown_severity='"incomplete"')

    def word(severity: Severity, given: Waiver, kev: str | None = None) -> VerdictWord:
        sca = run(Role.SCA, [vulnerable(severity=severity)], [rule(kev=kev)])
        return judge(with_waivers(evidence(sca), given), own).verdict

    assert word(Severity.MEDIUM, waiver()) is VerdictWord.PASS
    assert word(Severity.HIGH, waiver()) is VerdictWord.FAIL
    assert word(Severity.UNKNOWN, waiver()) is VerdictWord.INCOMPLETE
    assert word(Severity.MEDIUM, waiver(ticket="")) is VerdictWord.FAIL
    # In KEV before the waiver was signed: it did not enter since. On the very day: it may have.
    assert word(Severity.MEDIUM, waiver(), "2026-02-28") is VerdictWord.PASS
    assert word(Severity.MEDIUM, waiver(), "2026-03-01") is VerdictWord.FAIL
    assert word(Severity.MEDIUM, waiver(known={"kev": "yes"}), "2026-03-01") is VerdictWord.PASS


def test_what_is_known_to_be_exploited_is_not_waived_even_where_nothing_re_opens_a_waiver() -> None:
    gate = 'kind = "results"\nlimit = 0\nfilter = { role = ["sca"] }\n'
    own = profile_of(gate, head="[waivers]\naccept = true\nnot-in-kev = true\nreopen-on = []\n")

    def word(kev: str | None) -> VerdictWord:
        sca = run(Role.SCA, [vulnerable()], [rule(kev=kev)])
        return judge(with_waivers(evidence(sca), waiver(known={"kev": "yes"})), own).verdict

    assert word(None) is VerdictWord.PASS
    assert word("2026-02-01") is VerdictWord.FAIL


def test_a_profile_may_admit_no_waiver_at_all() -> None:
    given = with_waivers(evidence(run(Role.SCA, [vulnerable()], [rule(ssvc="no/partial")])), waiver())
    verdict = judge(given, "us-bod-26-04")
    assert any("does not admit claims of this kind" in r for r in check(verdict, "fix-in-time").reasons)


def test_an_ending_waiver_is_told_in_time() -> None:
    given = waiver(created=day("2026-01-01"), expires=day("2026-04-10"))
    verdict = judge(with_waivers(evidence(run(Role.SCA, [vulnerable()], [rule()])), given), "jp-gov", stage=Stage.BUILD)
    assert verdict.verdict is VerdictWord.PASS
    ending = check(verdict, "waivers-in-order")
    assert ending.verdict is VerdictWord.FAIL
    assert "the waiver W-1 ends on 2026-04-10" in ending.reasons
    sca = run(Role.SCA, [vulnerable()], [rule()])
    for now, expected in (("2026-03-27", VerdictWord.FAIL), ("2026-03-26", VerdictWord.PASS)):
        fresh = replace(sca, advisories=(feed("osv", now=day(now)), feed("kev", now=day(now))))
        own = judge(with_waivers(evidence(fresh), given), "jp-gov", now=day(now))
        assert check(own, "waivers-in-order").verdict is expected, "14 days before, and 15"
