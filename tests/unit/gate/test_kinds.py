"""Every gate kind: PASS, FAIL and INCOMPLETE, its boundary, and what it says."""

from datetime import timedelta
from typing import Any

import pytest

from govsec_ci.errors import InputError
from govsec_ci.evidence.marks import CLAIMS, UNTOLD, claim_key
from govsec_ci.gate import profile
from govsec_ci.gate.context import key_of
from govsec_ci.gate.kind_sbom import acceptable
from govsec_ci.gate.schema import CoverageGate
from govsec_ci.model import (
    BaselineState,
    Check,
    ComponentRef,
    Confidence,
    Document,
    Epss,
    Evidence,
    Fix,
    Invocation,
    Kind,
    Level,
    Location,
    Notification,
    Result,
    Role,
    Rule,
    Run,
    ScanState,
    Severity,
    Ssvc,
    Stage,
    Subject,
    Suppression,
    SuppressionKind,
    SuppressionStatus,
    VerdictWord,
    Vulnerability,
)
from tests.support.gate_evidence import (
    NOW,
    PURL,
    check,
    code,
    day,
    evidence,
    feed,
    judge,
    nosec,
    replace,
    rule,
    run,
    sbom,
    trial,
    vulnerable,
    waiver,
)

PASS, FAIL, INCOMPLETE = VerdictWord.PASS, VerdictWord.FAIL, VerdictWord.INCOMPLETE
ADMIT = (
    "[suppressions]\nin-source = { accept = true, ids = true }\n"
    "vex = { accept = true }\nout-of-scope = { accept = true }\n"
)


def judged(gate: str, given: Evidence, *, head: str = "", **more: Any) -> Check:
    keys = {key: more.pop(key) for key in list(more) if key == "unknown_severity"}
    return check(judge(given, trial(gate, head=head, **keys), **more), "it")


def results_gate(filter_: str = "", limit: str = "0", more: str = "") -> str:
    return f'kind = "results"\nlimit = {limit}\nfilter = {{ {filter_} }}\n{more}'


# ---- results ----


def test_the_limit_is_the_last_that_passes() -> None:
    two = evidence(run(results=[code(key="a"), code(key="b")]))
    gate = results_gate('role = ["sast"]', "2")
    assert judged(gate, two).verdict is PASS
    three = evidence(run(results=[code(key=key) for key in "cab"]))
    found = judged(gate, three)
    assert found.verdict is FAIL
    assert (found.observed, found.limit) == ("3 results", "at most 2 results")
    assert found.results == ("a", "b", "c")
    assert found.next_step == "n"


@pytest.mark.parametrize(
    ("filter_", "matching", "other"),
    [
        ('severity = "MEDIUM"', code(Severity.HIGH), code(Severity.LOW)),
        ('severity = "MEDIUM"', code(Severity.MEDIUM), code(Severity.NONE)),
        ('confidence = "MEDIUM"', code(confidence=Confidence.HIGH), code(confidence=Confidence.LOW)),
        ('confidence = "MEDIUM"', code(confidence=Confidence.MEDIUM), code(confidence=Confidence.LOW)),
        ('rule = ["B6*"]', code(rule="B602"), code(rule="B301")),
        ('path = ["app/*"]', code(path="app/x/y.py"), code(path="lib/x.py")),
        ('baseline = ["new"]', code(baseline_state=BaselineState.NEW), code(baseline_state=BaselineState.UNCHANGED)),
        ('kind = ["informational"]', code(kind=Kind.INFORMATIONAL), code()),
        ("", code(kind=Kind.REVIEW), code(kind=Kind.INFORMATIONAL)),
        ("", code(), code(baseline_state=BaselineState.ABSENT)),
        (
            "older-than-days = 10",
            code(first_detected=NOW - timedelta(days=11)),
            code(first_detected=NOW - timedelta(days=10)),
        ),
        ('tool = ["tool-of-sast"]', code(), None),
    ],
)
def test_filters_of_code_results(filter_: str, matching: Result, other: Result | None) -> None:
    gate = results_gate(f'role = ["sast"], {filter_}' if filter_ else 'role = ["sast"]')
    assert judged(gate, evidence(run(results=[matching]), baseline=True)).verdict is FAIL
    rest = [other] if other else []
    assert judged(gate, evidence(run(results=rest), baseline=True)).verdict is PASS


@pytest.mark.parametrize(
    ("filter_", "matching", "other", "unknown"),
    [
        ("kev = true", {"kev": "2026-01-01"}, {}, None),
        ("kev = false", {}, {"kev": "2026-01-01"}, None),
        (
            "epss = 0.5",
            {"epss": Epss(score=0.5, percentile=0.9, date=NOW)},
            {"epss": Epss(score=0.49, percentile=0.9, date=NOW)},
            {},
        ),
        ('cwe = ["CWE-79"]', {"cwes": ("CWE-79",)}, {"cwes": ("CWE-89",)}, None),
        ("malicious = true", {"malicious": True}, {}, None),
        ('ssvc = { automatable = ["yes"] }', {"ssvc": "yes/total"}, {"ssvc": "no/total"}, {}),
        ('ssvc = { technical-impact = ["total"] }', {"ssvc": "yes/total"}, {"ssvc": "no/partial"}, {"ssvc": "yes/?"}),
    ],
)
def test_filters_of_vulnerabilities(
    filter_: str, matching: dict[str, Any], other: dict[str, Any], unknown: dict[str, Any] | None
) -> None:
    gate = results_gate(f'role = ["sca"], {filter_}')
    assert judged(gate, evidence(run(Role.SCA, [vulnerable()], [rule(**matching)]))).verdict is FAIL
    assert judged(gate, evidence(run(Role.SCA, [vulnerable()], [rule(**other)]))).verdict is PASS
    if unknown is not None:
        found = judged(gate, evidence(run(Role.SCA, [vulnerable()], [rule(**unknown)])))
        assert found.verdict is INCOMPLETE
        assert found.reasons[0].startswith("whether 1 result counts cannot be told (CVE-2024-0001): ")


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("CVSS:3.1 of GHSA-1", "cvss-3"),
        ("CVSS:3.0 of GHSA-1", "cvss-3"),
        ("CVSS:4.0 of GHSA-1", "cvss-4"),
        ("CVSS:2.0 of PYSEC-1", "cvss-2"),
        ("CVSSv31 of NVD", "cvss-3"),
        ("CVSSv4 of NVD", "cvss-4"),
        ("CVSS:9.0 of X", "word"),
        ("HIGH of GHSA-1", "word"),
        ("malicious package of MAL-1", "word"),
        ("", "none"),
    ],
)
def test_what_a_severity_was_taken_from(source: str, told: str) -> None:
    every = ("cvss-2", "cvss-3", "cvss-4", "word", "none")
    given = evidence(run(Role.SCA, [vulnerable()], [rule(severity_source=source)]))
    found = [one for one in every if judged(results_gate(f'severity-from = ["{one}"]'), given).verdict is FAIL]
    assert found == [told]
    # A weakness in code was rated by its tool: the question is about vulnerabilities.
    assert judged(results_gate(f"severity-from = {list(every)}"), evidence(run(results=[code()]))).verdict is PASS


def test_ssvc_exploitation_and_code_results() -> None:
    gate = results_gate('ssvc = { exploitation = ["active"] }')
    active = Rule(id="CVE-2024-0001", vulnerability=Vulnerability(id="x", ssvc=Ssvc(exploitation="active")))
    assert judged(gate, evidence(run(Role.SCA, [vulnerable()], [active]))).verdict is FAIL
    assert judged(gate, evidence(run(results=[code()]))).verdict is PASS
    assert judged(results_gate("epss = 0.1"), evidence(run(results=[code()]))).verdict is PASS


@pytest.mark.parametrize(
    ("filter_", "matching", "other", "unknown"),
    [
        ("fix-available = true", {"fix": Fix(nearest="2", versions=("2",))}, {"fix": Fix()}, {"fix": None}),
        ("direct = false", {"component": ComponentRef(name="j", version="1", purl="p", direct=False)}, {}, {
            "component": ComponentRef(name="j", version="1", purl="p")
        }),
        ('component = ["jinja*"]', {}, {"component": ComponentRef(name="mako", version="1", purl="p")}, None),
        ('component = ["pkg:pypi/jinja2@*"]', {}, {"component": None}, None),
    ],
)  # fmt: skip
def test_filters_of_components(
    filter_: str, matching: dict[str, Any], other: dict[str, Any], unknown: dict[str, Any] | None
) -> None:
    gate = results_gate(f'role = ["sca"], {filter_}')
    assert judged(gate, evidence(run(Role.SCA, [vulnerable(**matching)], [rule()]))).verdict is FAIL
    assert judged(gate, evidence(run(Role.SCA, [vulnerable(**other)], [rule()]))).verdict is PASS
    if unknown is not None:
        assert judged(gate, evidence(run(Role.SCA, [vulnerable(**unknown)], [rule()]))).verdict is INCOMPLETE


def test_filters_of_components_do_not_match_code() -> None:
    for filter_ in ("direct = true", 'component = ["*"]', "fix-available = true"):
        assert judged(results_gate(filter_), evidence(run(results=[code()]))).verdict is PASS


def test_unknown_confidence_cannot_be_told_unless_every_confidence_counts() -> None:
    given = evidence(run(results=[code(confidence=Confidence.UNKNOWN)]))
    assert judged(results_gate('confidence = "LOW"'), given).verdict is INCOMPLETE
    assert judged(results_gate('confidence = "UNKNOWN"'), given).verdict is FAIL


def test_kev_without_kev_data_cannot_be_told() -> None:
    given = evidence(run(Role.SCA, [vulnerable()], [rule()], advisories=(feed("osv"),)))
    found = judged(results_gate("kev = true"), given)
    assert found.verdict is INCOMPLETE
    assert "no KEV data was used" in found.reasons[0]


@pytest.mark.parametrize(
    ("ruling", "floor", "expected"),
    [
        ("as-critical", "CRITICAL", FAIL),
        ("as-high", "CRITICAL", PASS),
        ("as-high", "HIGH", FAIL),
        ("as-medium", "HIGH", PASS),
        ("as-medium", "MEDIUM", FAIL),
        ("as-low", "MEDIUM", PASS),
        ("as-low", "LOW", FAIL),
        ("incomplete", "CRITICAL", INCOMPLETE),
        ("incomplete", "LOW", INCOMPLETE),
    ],
)
def test_unknown_severity_is_judged_as_the_profile_rules(ruling: str, floor: str, expected: VerdictWord) -> None:
    given = evidence(run(Role.SCA, [vulnerable(severity=Severity.UNKNOWN)], [rule()]))
    found = judged(results_gate(f'severity = "{floor}"'), given, unknown_severity=f'"{ruling}"')
    assert found.verdict is expected


def test_correlated_results_are_one_weakness_and_both_are_named() -> None:
    other = run(Role.SAST, [code(key="b", correlation="same")], id="another")
    given = evidence(run(results=[code(key="a", correlation="same")]), other)
    found = judged(results_gate(limit="1"), given)
    assert found.verdict is PASS
    assert found.observed == "1 result"
    assert found.results == ("a", "b")


def test_every_run_counts_not_only_the_first() -> None:
    """False pass 4: the first run is clean, the second is not."""
    given = evidence(run(id="clean"), run(id="dirty", results=[code()]))
    assert judged(results_gate('severity = "HIGH"'), given).verdict is FAIL


@pytest.mark.parametrize("roles", ['role = ["sast"]', ""])
def test_over_the_limit_fails_also_where_the_scan_is_not_whole(roles: str) -> None:
    broken = run(results=[code()], state=ScanState.INCOMPLETE)
    assert judged(results_gate(roles), evidence(broken)).verdict is FAIL
    rest = run(state=ScanState.INCOMPLETE, notifications=(Notification(id="x", level=Level.ERROR, text="a.py: no"),))
    found = judged(results_gate(roles), evidence(rest))
    assert found.verdict is INCOMPLETE
    assert "sast: a.py: no" in found.reasons


def test_a_role_that_never_ran_is_incomplete() -> None:
    found = judged(results_gate('role = ["dast"]'), evidence())
    assert found.verdict is INCOMPLETE
    assert found.reasons == ("no dast scan ran",)
    nothing = judged(results_gate(), Evidence(subject=Subject(name="x"), runs=()))
    assert nothing.verdict is INCOMPLETE
    assert nothing.reasons == ("no scan ran",)


def test_a_planned_run_that_got_lost_is_incomplete() -> None:
    lost = replace(evidence(), expected={"semgrep": Role.SAST})
    found = judged(results_gate('role = ["sast"]'), lost)
    assert found.reasons == ("the planned scan semgrep left no run",)
    assert judged(results_gate('role = ["sca"]'), lost).verdict is PASS
    assert judged(results_gate(), lost).verdict is INCOMPLETE


RATCHET = "ratchet = true\n"


def old(**more: Any) -> Result:
    return code(baseline_state=BaselineState.UNCHANGED, first_detected=day("2025-01-02"), **more)


def test_only_new_results_count_where_the_project_asks_and_the_gate_allows() -> None:
    given = evidence(run(results=[old()]), baseline=True, parameters={"scope": "new"})
    found = judged(results_gate(more=RATCHET), given)
    assert found.verdict is PASS
    assert found.reasons == ("1 known result held back by scope 'new', the oldest since 2025-01-02",)
    older = replace(old(key="b"), first_detected=day("2024-12-31"))
    both = evidence(run(results=[older, old()]), baseline=True, parameters={"scope": "new"})
    assert judged(results_gate(more=RATCHET), both).reasons[0].endswith("the oldest since 2024-12-31")
    assert judged(results_gate(), given).verdict is FAIL
    assert judged(results_gate(more=RATCHET), replace(given, parameters={"scope": "all"})).verdict is FAIL
    fresh = evidence(
        run(results=[old(), code(baseline_state=BaselineState.NEW)]), baseline=True, parameters={"scope": "new"}
    )
    assert judged(results_gate(more=RATCHET), fresh).observed == "1 result"


def test_scope_new_without_a_baseline_counts_everything_and_says_so() -> None:
    given = evidence(run(results=[code()]), parameters={"scope": "new"})
    found = judged(results_gate(more=RATCHET), given)
    assert found.verdict is FAIL
    assert any("there is no baseline" in reason for reason in found.reasons)


def test_a_scope_that_is_none_is_told() -> None:
    with pytest.raises(InputError, match="neither 'all' nor 'new'"):
        judged(results_gate(more=RATCHET), evidence(run(results=[code()]), parameters={"scope": "some"}))


def test_age_without_a_baseline_is_told() -> None:
    found = judged(results_gate("older-than-days = 3"), evidence(run(results=[code()])))
    assert found.verdict is PASS
    assert any("no baseline" in reason for reason in found.reasons)


NUMBER = (
    '[parameters.most]\ntype = "integer"\nstrictest = 0\ndefault = 1\nminimum = 0\nmaximum = 2\n'
    'text = { en = "n", ja = "数" }\n'
)


@pytest.mark.parametrize(("declared", "expected"), [({}, PASS), ({"most": "0"}, FAIL), ({"most": "2"}, PASS)])
def test_a_limit_may_be_a_parameter(declared: dict[str, str], expected: VerdictWord) -> None:
    given = evidence(run(results=[code()]), parameters=declared)
    assert judged(results_gate(limit='{ parameter = "most" }'), given, head=NUMBER).verdict is expected


@pytest.mark.parametrize("declared", ["3", "-1", "many", "١"])
def test_a_parameter_out_of_bounds_is_told(declared: str) -> None:
    given = evidence(parameters={"most": declared})
    with pytest.raises(InputError, match="'most'"):
        judged(results_gate(limit='{ parameter = "most" }'), given, head=NUMBER)


CHOICE = (
    '[parameters.place]\ntype = "choice"\nvalues = ["in", "out"]\nstrictest = "out"\ntext = { en = "p", ja = "所" }\n'
)


def test_a_gate_may_hang_on_a_parameter() -> None:
    gate = results_gate(more='when = { place = ["out"] }\n')
    given = evidence(run(results=[code()]))
    assumed = judged(gate, given, head=CHOICE)
    assert assumed.verdict is FAIL
    assert "place is not declared: the strictest value, out, is assumed" in assumed.reasons
    declared = judge(replace(given, parameters={"place": "in"}), trial(gate, head=CHOICE))
    assert [own.gate for own in declared.checks] == ["stage"]
    with pytest.raises(InputError, match="'place': 'up'"):
        judge(replace(given, parameters={"place": "up"}), trial(gate, head=CHOICE))


# ---- suppressions on results ----


def claim(origin: str, reason: str = "because", status: SuppressionStatus = SuppressionStatus.ACCEPTED) -> Suppression:
    return Suppression(kind=SuppressionKind.EXTERNAL, status=status, justification=reason, origin=origin)


@pytest.mark.parametrize(
    ("suppression", "expected", "why"),
    [
        (nosec(), PASS, ""),
        (nosec(test=""), FAIL, "it does not name what it suppresses"),
        (nosec(reason=" "), FAIL, "it gives no reason"),
        (replace(nosec(test=""), origin="zizmor-ignore"), PASS, ""),
        (claim("vex"), PASS, ""),
        (claim("vex", reason=""), FAIL, "it gives no reason"),
        (claim("out-of-scope"), PASS, ""),
        (claim("import"), FAIL, "does not admit claims of this kind"),
        (claim("invented"), FAIL, "does not admit claims of this kind"),
        (claim("vex", status=SuppressionStatus.UNDER_REVIEW), FAIL, "it is not accepted (underReview)"),
        (claim("vex", status=SuppressionStatus.REJECTED), FAIL, "it is not accepted (rejected)"),
    ],
)
def test_only_admissible_claims_have_effect(suppression: Suppression, expected: VerdictWord, why: str) -> None:
    found = judged(results_gate(), evidence(run(results=[code(suppressions=(suppression,))])), head=ADMIT)
    assert found.verdict is expected
    assert [why in reason for reason in found.reasons] == ([True] if why else [])


def test_one_admissible_claim_is_enough() -> None:
    both = (claim("import"), nosec())
    assert judged(results_gate(), evidence(run(results=[code(suppressions=both)])), head=ADMIT).verdict is PASS


# ---- scans ----

SCANS = 'kind = "scans"\nroles = ["sast", "sca"]\n'


def test_scans_that_are_whole_pass() -> None:
    found = judged(SCANS, evidence())
    assert found.verdict is PASS
    assert (found.observed, found.limit) == ("2 of 2 examined wholly", "sast, sca")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"state": ScanState.INCOMPLETE}, "sast did not examine everything"),
        ({"state": ScanState.NOT_APPLICABLE}, "sast says it does not apply, without proof"),
        ({"commit": "b" * 40}, f"sast examined {'b' * 40}, not the commit {'a' * 40} under judgement"),
        ({"commit": None}, "sast does not say which commit it examined"),
        ({"role": Role.DAST}, "no sast scan ran"),
    ],
)
def test_scans_that_are_not_whole_are_incomplete(changes: dict[str, Any], reason: str) -> None:
    broken = replace(run(), **changes)
    runs = (broken, run(Role.SCA))
    found = judged(SCANS, replace(evidence(), runs=runs, expected={}))
    assert found.verdict is INCOMPLETE
    assert reason in found.reasons
    assert found.offenders == ("sast",)


def test_not_applicable_is_an_answer_where_it_is_proved_and_allowed() -> None:
    absent = run(state=ScanState.NOT_APPLICABLE, proof="no Python file in the tree", commit=None)
    found = judged(SCANS, evidence(absent))
    assert found.verdict is PASS
    assert found.reasons == ("sast does not apply: no Python file in the tree",)
    refused = judged(SCANS + 'must-apply = ["sast"]\n', evidence(absent))
    assert refused.verdict is INCOMPLETE


def test_only_what_does_not_apply_is_told_as_such_and_only_with_its_proof() -> None:
    proved = run(proof="left over from a part that found nothing")
    assert judged(SCANS, evidence(proved)).reasons == ()
    unproved = run(state=ScanState.NOT_APPLICABLE, proof=" ", commit=None)
    assert judged(SCANS, evidence(unproved)).reasons == ("sast says it does not apply, without proof",)


def test_every_run_of_a_role_is_whole() -> None:
    given = evidence(run(id="one"), run(id="two", state=ScanState.INCOMPLETE))
    assert judged(SCANS, given).verdict is INCOMPLETE


@pytest.mark.parametrize(("hours", "expected"), [(48, PASS), (48.01, INCOMPLETE), (None, INCOMPLETE)])
def test_scans_may_not_be_too_old(hours: float | None, expected: VerdictWord) -> None:
    end = None if hours is None else NOW - timedelta(hours=hours)
    given = evidence(run(invocation=Invocation(end=end)))
    assert judged(SCANS + "max-age-days = 2\n", given).verdict is expected


@pytest.mark.parametrize("limit", ["max-age-days = 2", "max-age-months = 1"])
@pytest.mark.parametrize(
    ("start_min", "end_min", "expected"),
    [
        (None, 5, PASS),
        (None, 5.1, INCOMPLETE),
        (5, 60, PASS),  # still at work at the moment of the decision
        (5.1, 60, INCOMPLETE),
        (60 * 24 * 900, 60 * 24 * 900, INCOMPLETE),
        (-60 * 24 * 40, 60 * 24 * 900, INCOMPLETE),  # it may have looked at the tree 40 days ago
    ],
)
def test_a_scan_of_the_future_is_not_fresh(
    limit: str, start_min: float | None, end_min: float, expected: VerdictWord
) -> None:
    start = None if start_min is None else NOW + timedelta(minutes=start_min)
    later = run(invocation=Invocation(start=start, end=NOW + timedelta(minutes=end_min)))
    found = judged(SCANS + limit + "\n", evidence(later))
    assert found.verdict is expected
    if expected is INCOMPLETE and (start is None or start > NOW):
        assert f"after the clock of this decision ({NOW:%Y-%m-%dT%H:%M:%SZ})" in found.reasons[0]


@pytest.mark.parametrize(("dirty", "expected"), [(False, PASS), (True, INCOMPLETE), (None, INCOMPLETE)])
def test_a_clean_tree_is_shown(dirty: bool | None, expected: VerdictWord) -> None:
    given = replace(evidence(), subject=Subject(name="x", commit="a" * 40, dirty=dirty))
    assert judged(SCANS + "clean-tree = true\n", given).verdict is expected


def test_outside_of_git_there_is_no_commit_to_compare() -> None:
    given = evidence(run(commit=None), run(Role.SCA, commit=None), subject=Subject(name="x"))
    assert judged(SCANS, given).verdict is PASS


# ---- coverage ----

COVERAGE = 'kind = "coverage"\npercent = {percent}\n'
TWO = (
    ComponentRef(name="a", version="1", purl="pkg:pypi/a@1"),
    ComponentRef(name="b", version="1", purl="pkg:pypi/b@1"),
)


@pytest.mark.parametrize(
    ("audited", "declared", "percent", "expected"),
    [
        (("pkg:pypi/a@1", "pkg:pypi/b@1"), (), 100, PASS),
        (("pkg:pypi/a@1",), (), 100, INCOMPLETE),
        (("pkg:pypi/a@1",), ("pkg:pypi/b@1",), 100, PASS),
        ((), (), 100, INCOMPLETE),
        (("pkg:pypi/a@1",), (), 51, INCOMPLETE),
        (("pkg:pypi/a@1",), (), 50, PASS),
    ],
)
def test_coverage(audited: tuple[str, ...], declared: tuple[str, ...], percent: int, expected: VerdictWord) -> None:
    sca = run(Role.SCA, audited=audited, declared=declared)
    found = judged(COVERAGE.format(percent=percent), evidence(sca, sbom=sbom(components=TWO)))
    assert found.verdict is expected
    assert found.offenders == tuple(sorted({c.purl for c in TWO} - {*audited, *declared}))
    assert any("not looked up" in reason for reason in found.reasons) is bool(found.offenders)


def test_every_dependency_skipped_is_not_clean() -> None:
    """False pass 5: the audit looked nothing up."""
    found = judged(COVERAGE.format(percent=100), evidence(run(Role.SCA, audited=())))
    assert found.verdict is INCOMPLETE
    assert found.observed == "0 % (0 of 1 component)"


def test_nothing_to_look_up_is_fine_only_where_the_audit_agrees() -> None:
    gate, empty = COVERAGE.format(percent=100), sbom(components=())
    assert judged(gate, evidence(run(Role.SCA, audited=(), scope=0), sbom=empty)).verdict is PASS
    assert judged(gate, evidence(run(Role.SCA, audited=(), scope=3), sbom=empty)).verdict is INCOMPLETE
    assert judged(gate, evidence(sbom=None)).verdict is INCOMPLETE
    assert CoverageGate.__struct_config__.tag == "coverage"


# ---- sbom ----

SBOM = 'kind = "sbom"\nformats = { CycloneDX = "1.5" }\nelements = ["supplier", "name", "version", "identifier"]\n'


@pytest.mark.parametrize(
    ("changes", "expected", "reason"),
    [
        ({}, PASS, None),
        ({"spec_version": "1.5"}, PASS, None),
        ({"spec_version": "1.10"}, PASS, None),
        ({"spec_version": "1.4"}, FAIL, "the format CycloneDX 1.4 is not accepted"),
        ({"spec_version": "new"}, FAIL, "the format CycloneDX new is not accepted"),
        ({"format": "SPDX"}, FAIL, "the format SPDX 1.6 is not accepted"),
        ({"missing": {"supplier": (PURL,)}}, FAIL, f"supplier is missing for 1 component: {PURL}"),
        ({"missing": {"timestamp": ("document",)}}, PASS, None),
        ({"missing": {"component name": (PURL,)}}, FAIL, f"name is missing for 1 component: {PURL}"),
        (
            {"components": (ComponentRef(name="x", version="", purl="p"),)},
            FAIL,
            "version is missing for 1 component: p",
        ),
        (
            {"missing": {"supplier": tuple(f"pkg:pypi/c{n}" for n in range(5))}},
            FAIL,
            "supplier is missing for 5 components: pkg:pypi/c0, pkg:pypi/c1, pkg:pypi/c2, …",
        ),
        (
            {"components": (ComponentRef(name="x", version="1", purl=""),)},
            FAIL,
            "identifier is missing for 1 component: x",
        ),
        ({"components": (ComponentRef(name="", version="1", purl=""),)}, FAIL, "name is missing for 1 component: ?"),
        ({"commit": None}, INCOMPLETE, "the SBOM does not say which commit it is of"),
        ({"commit": "b" * 40}, INCOMPLETE, f"the SBOM is of {'b' * 40}, not of the commit {'a' * 40} under judgement"),
    ],
)
def test_sbom(changes: dict[str, Any], expected: VerdictWord, reason: str | None) -> None:
    found = judged(SBOM, evidence(sbom=sbom(**changes)))
    assert found.verdict is expected
    assert reason is None or reason in found.reasons


def test_sbom_none_or_not_whole_is_incomplete() -> None:
    assert judged(SBOM, evidence(sbom=None)).verdict is INCOMPLETE
    assert judged(SBOM, evidence(run(Role.SBOM, state=ScanState.INCOMPLETE))).verdict is INCOMPLETE
    assert judged('kind = "sbom"\n', evidence()).limit == "an SBOM of this commit"
    assert judged('kind = "sbom"\n', evidence(subject=Subject(name="x"))).verdict is PASS


def test_a_gate_may_take_a_missing_element_as_not_known_yet() -> None:
    found = judged(SBOM + 'missing = "incomplete"\n', evidence(sbom=sbom(missing={"supplier": (PURL,)})))
    assert found.verdict is INCOMPLETE
    assert found.offenders == (f"supplier: {PURL}",)


@pytest.mark.parametrize("role", ["", 'role = ["sast"], '])
def test_a_tool_that_did_not_run_has_found_nothing_because_it_did_not_look(role: str) -> None:
    gate = results_gate(f'{role}tool = ["semgrep"]')
    missing = judged(gate, evidence())
    assert missing.verdict is INCOMPLETE
    assert missing.reasons == ("no scan by semgrep ran",)
    own = run(Role.SAST, id="semgrep", tool="semgrep")
    assert judged(gate, evidence(run(), own)).verdict is PASS


def test_a_feed_that_need_not_be_used_must_not_be_old_where_it_is() -> None:
    feeds = '{ feed = "osv", max-age-days = 7 }, { feed = "kev", max-age-days = 30, if-used = true }'
    gate = f'kind = "advisories"\nfeeds = [{feeds}]\n'
    ages = {None: PASS, 30: PASS, 31: INCOMPLETE}
    for age, expected in ages.items():
        used = (feed(), *([] if age is None else [feed("kev", age_days=age)]))
        assert judged(gate, evidence(run(Role.SCA, advisories=used))).verdict is expected, age
    assert judged(gate, evidence(run(Role.SCA, advisories=(feed("kev"),)))).verdict is INCOMPLETE


# ---- what another run looked up, and what nobody did ----


def test_a_filter_by_baseline_is_no_pass_without_one() -> None:
    gate = results_gate('baseline = ["new"]')
    assert judged(gate, evidence(run(results=[code()]))).verdict is INCOMPLETE
    known = evidence(run(results=[code(baseline_state=BaselineState.UNCHANGED)]), baseline=True)
    assert judged(gate, known).verdict is PASS
    new = evidence(run(results=[code(baseline_state=BaselineState.NEW)]), baseline=True)
    assert judged(gate, new).verdict is FAIL


@pytest.mark.parametrize("known", [rule(), Rule(id="CVE-2024-0001")])
def test_kev_data_that_another_run_used_says_nothing_of_an_imported_report(known: Rule) -> None:
    gate = results_gate('role = ["sca"], kev = true')
    reported = run(Role.SCA, [vulnerable()], [known], id="imported", advisories=())
    assert judged(gate, evidence(reported, run(Role.SCA))).verdict is INCOMPLETE
    looked_up = replace(reported, rules=(rule(),), advisories=(feed("kev"),))
    assert judged(gate, evidence(looked_up, run(Role.SCA))).verdict is PASS


@pytest.mark.parametrize("asked", ["epss = 0.1", "fix-available = true", 'ssvc = { automatable = ["yes"] }'])
def test_nothing_is_known_of_a_vulnerability_that_a_report_does_not_name(asked: str) -> None:
    gate = results_gate(f'role = ["sca"], {asked}')
    reported = run(Role.SCA, [vulnerable()], [Rule(id="TOOL-1")])
    assert judged(gate, evidence(reported)).verdict is INCOMPLETE
    assert judged(results_gate(asked), evidence(run(results=[code()]))).verdict is PASS


# ---- licenses ----


@pytest.mark.parametrize(
    ("expression", "allowed", "denied", "expected"),
    [
        ("MIT", ("MIT",), (), True),
        ("MIT", (), (), True),
        ("GPL-3.0-only", ("MIT",), (), False),
        ("MIT OR GPL-3.0-only", ("MIT",), (), True),
        ("MIT AND GPL-3.0-only", ("MIT",), (), False),
        ("MIT AND (Apache-2.0 OR GPL-3.0-only)", (), ("GPL-3.0-only",), True),
        ("GPL-3.0-only", (), ("GPL-3.0-only",), False),
        ("GPL-2.0-only WITH Classpath-exception-2.0", ("GPL-2.0-only WITH Classpath-exception-2.0",), (), True),
        ("GPL-2.0-only WITH Classpath-exception-2.0", ("GPL-2.0-only",), (), False),
        ("GPL-2.0-only WITH Classpath-exception-2.0", (), ("GPL-2.0-only",), False),
        ("LicenseRef-ours", ("LicenseRef-ours",), (), True),
        ("LicenseRef-ours", ("MIT",), (), False),
        ("LicenseRef-ours", (), ("LicenseRef-ours",), False),
        ("LicenseRef-ours", (), (), None),
        ("", (), (), None),
        ("MIT AND", (), (), None),
        ("()", (), (), None),
        ("(and é", (), (), None),
        ("Not-A-Licence-At-All", (), (), None),
    ],
)
def test_spdx_expressions(expression: str, allowed: tuple[str, ...], denied: tuple[str, ...], expected: object) -> None:
    assert acceptable(expression, allowed, denied) is expected


@pytest.mark.parametrize(
    ("licences", "gate", "expected"),
    [
        ({PURL: "BSD-3-Clause"}, 'allowed = ["BSD-3-Clause"]\nunknown = "fail"', PASS),
        ({PURL: "MIT"}, 'allowed = ["BSD-3-Clause"]\nunknown = "accept"', FAIL),
        ({PURL: ""}, 'unknown = "fail"', FAIL),
        ({PURL: ""}, 'unknown = "incomplete"', INCOMPLETE),
        ({PURL: ""}, 'unknown = "accept"', PASS),
        ({}, 'unknown = "incomplete"', INCOMPLETE),
        (None, 'unknown = "accept"', INCOMPLETE),
    ],
)
def test_licenses(licences: dict[str, str] | None, gate: str, expected: VerdictWord) -> None:
    found = judged(f'kind = "licenses"\n{gate}\n', evidence(sbom=sbom(licences=licences)))
    assert found.verdict is expected
    assert judged(f'kind = "licenses"\n{gate}\n', evidence(sbom=None)).verdict is INCOMPLETE


def test_licences_that_are_refused_and_those_that_nobody_knows_are_counted_together() -> None:
    named = {"pkg:pypi/a@1": "MIT", "pkg:pypi/b@1": "GPL-3.0-only", "pkg:pypi/c@1": "", "pkg:pypi/d@1": ""}
    parts = tuple(ComponentRef(name=purl[9], version="1", purl=purl) for purl in named)
    given = evidence(sbom=sbom(components=parts, licences=named))
    counts = {
        unknown: judged(f'kind = "licenses"\nallowed = ["MIT"]\nunknown = "{unknown}"\n', given).observed
        for unknown in ("fail", "incomplete", "accept")
    }
    three, one = "3 components not in order", "1 component not in order"
    assert counts == {"fail": three, "incomplete": three, "accept": one}


# ---- advisories ----


@pytest.mark.parametrize(("age", "expected"), [(7, PASS), (7.001, INCOMPLETE), (-1, PASS)])
def test_advisories_may_not_be_too_old(age: float, expected: VerdictWord) -> None:
    gate = 'kind = "advisories"\nfeeds = [{ feed = "osv", max-age-days = 7 }]\n'
    found = judged(gate, evidence(run(Role.SCA, advisories=(feed(age_days=age),))))
    assert found.verdict is expected
    assert found.limit == "osv ≤ 7 d"
    if age < 0:
        assert found.reasons == ("the feed osv is of 2026-04-02: newer than the clock of this decision",)


def test_the_oldest_use_of_a_feed_counts() -> None:
    gate = 'kind = "advisories"\nfeeds = [{ feed = "osv", max-age-days = 7 }]\n'
    given = evidence(run(Role.SCA, id="a"), run(Role.SCA, id="b", advisories=(feed(age_days=9),)))
    assert judged(gate, given).verdict is INCOMPLETE


def test_a_feed_that_was_not_used_is_incomplete_unless_there_is_nothing_to_audit() -> None:
    gate = 'kind = "advisories"\nfeeds = [{ feed = "kev", max-age-hours = 24 }]\n'
    found = judged(gate, evidence(run(Role.SCA, advisories=(feed("osv"),))))
    assert (found.verdict, found.reasons) == (INCOMPLETE, ("the feed kev was not used",))
    assert (found.observed, found.limit, found.offenders) == ("no advisory data", "kev ≤ 24 h", ("kev",))
    nothing = run(Role.SCA, state=ScanState.NOT_APPLICABLE, proof="no dependency", advisories=())
    assert judged(gate, evidence(nothing)).verdict is PASS
    for doubtful in ({"proof": " "}, {"state": ScanState.COMPLETE}, {"state": ScanState.INCOMPLETE}):
        assert judged(gate, evidence(replace(nothing, **doubtful))).verdict is INCOMPLETE, doubtful
    other = replace(nothing, id="other", state=ScanState.COMPLETE, proof="")
    assert judged(gate, evidence(nothing, other)).verdict is INCOMPLETE, "every audit has to prove it"


@pytest.mark.parametrize(
    ("start", "age_h", "expected"),
    [(0, 24, PASS), (0, 24.01, INCOMPLETE), (2, 25, PASS), (None, 1, INCOMPLETE)],
)
def test_advisories_relative_to_the_scan(start: float | None, age_h: float, expected: VerdictWord) -> None:
    gate = 'kind = "advisories"\nrelative-to = "scan"\nfeeds = [{ feed = "osv", max-age-hours = 24 }]\n'
    began = None if start is None else NOW - timedelta(hours=start)
    sca = run(Role.SCA, advisories=(feed(age_days=age_h / 24),), invocation=Invocation(start=began))
    assert judged(gate, evidence(sca)).verdict is expected


def test_advisories_are_as_old_as_the_last_scan_that_used_them_found_them() -> None:
    gate = 'kind = "advisories"\nrelative-to = "scan"\nfeeds = [{ feed = "osv", max-age-hours = 24 }]\n'

    def audit(start_h: float | None) -> Run:
        began = None if start_h is None else NOW - timedelta(hours=start_h)
        id_ = f"audit-{start_h}"
        return run(Role.SCA, id=id_, advisories=(feed(age_days=1),), invocation=Invocation(start=began))

    others = run(invocation=Invocation(start=None))
    found = judged(gate, evidence(audit(0), audit(2), others))
    assert found.verdict is PASS
    assert not any("newer than the clock" in reason for reason in found.reasons)
    assert judged(gate, evidence(audit(0), audit(None))).verdict is INCOMPLETE


# ---- suppressions ----


def suppressions(limits: str, given: Evidence) -> Check:
    head = ADMIT + "[waivers]\naccept = true\n"
    return judged(f'kind = "suppressions"\n{limits}\n', given, head=head)


def suppressed(*claims: Suppression, **more: Any) -> Evidence:
    return evidence(run(results=[code(suppressions=claims, **more)]))


def test_suppressions_unjustified_and_inadmissible() -> None:
    assert suppressions("unjustified = 0", suppressed(nosec())).verdict is PASS
    assert suppressions("unjustified = 0", suppressed(nosec(reason=""))).verdict is FAIL
    assert suppressions("unjustified = 1", suppressed(nosec(reason=""))).verdict is PASS
    assert suppressions("inadmissible = 0", suppressed(nosec(reason=""))).verdict is PASS
    found = suppressions("inadmissible = 0", suppressed(claim("import")))
    assert (found.verdict, found.observed, found.limit) == (FAIL, "inadmissible: 1", "inadmissible ≤ 0")
    assert found.results == ("code-1",)
    review = claim("vex", status=SuppressionStatus.UNDER_REVIEW)
    assert suppressions("inadmissible = 0", suppressed(review)).verdict is PASS


def test_of_two_results_with_one_name_each_reason_is_told_in_one_order() -> None:
    mine = replace(claim("waiver"), origin_id="W-1")
    first, second = vulnerable(suppressions=(mine,)), vulnerable(suppressions=(mine,), rule="CVE-2024-0009")
    rules = [rule(), rule("CVE-2024-0009")]
    own = waiver(created=day("2026-05-01"))  # does not hold yet, and does not cover the second

    def told(*results: Result) -> tuple[str, ...]:
        return suppressions("inadmissible = 9", evidence(run(Role.SCA, results, rules), waivers=(own,))).reasons

    assert told(first, second) == told(second, first)
    assert len(told(first, second)) == 2


def test_suppressions_added_by_this_change() -> None:
    new = replace(suppressed(nosec(), baseline_state=BaselineState.NEW), baseline=True)
    found = suppressions("added = 0", new)
    assert (found.verdict, found.reasons) == (FAIL, ("code-1: new, and suppressed (nosec B602) by this change",))
    known = replace(suppressed(nosec(), baseline_state=BaselineState.UNCHANGED), baseline=True)
    assert suppressions("added = 0", known).verdict is PASS
    assert suppressions("added = 0", suppressed(nosec())).verdict is INCOMPLETE
    touched = suppressions("added = 0", evidence(policy_changes=("govsec-waivers.toml",)))
    assert (touched.verdict, touched.reasons) == (FAIL, ("this change touches govsec-waivers.toml",))
    assert suppressions("unjustified = 0", evidence(policy_changes=("govsec.toml",))).reasons == ()


def test_a_known_result_that_was_suppressed_since_the_baseline_counts_as_added() -> None:
    other = replace(nosec(reason=""), origin_id="B603")

    def found(told: str, *, baseline: bool = True, **more: str) -> Check:
        result = {"baseline_state": BaselineState.UNCHANGED, "properties": {CLAIMS: told, **more} if told else more}
        return suppressions("added = 0", replace(suppressed(nosec(), other, **result), baseline=baseline))

    added = found(claim_key(nosec()))
    assert (added.verdict, added.observed) == (FAIL, "added: 1")
    assert added.reasons[-1] == "code-1: known to the baseline, and suppressed (nosec B602) since"
    # That one is new has no weight where it has no effect; where git tells the change, the baseline is older than it.
    assert found(claim_key(other)).verdict is PASS
    assert found(claim_key(nosec()), since="untouched").verdict is PASS
    assert found("", since="changed").verdict is FAIL
    untold = found(UNTOLD)
    assert (untold.verdict, untold.observed) == (INCOMPLETE, "added: 0")
    assert "the baseline does not say whether 1 result was suppressed before (code-1): write it anew" in untold.reasons
    assert found(UNTOLD, since="untouched").verdict is PASS
    assert found("").verdict is PASS
    assert found("", baseline=False).verdict is INCOMPLETE


def test_waivers_that_end_soon_or_cover_nothing_are_told() -> None:
    mine = Suppression(
        kind=SuppressionKind.EXTERNAL,
        status=SuppressionStatus.ACCEPTED,
        justification="x",
        origin="waiver",
        origin_id="W-1",
    )
    sca = run(Role.SCA, [vulnerable(suppressions=(mine,))], [rule()])

    def ends(date: str, **more: Any) -> Check:
        own = waiver(expires=day(date), **more)
        unused = waiver(id="W-2", versions="==9", expires=day("2026-04-02"))
        return suppressions("expiring = 0", evidence(sca, waivers=(own, unused)))

    assert ends("2026-03-31").verdict is PASS, "it has ended"
    gate = trial('kind = "suppressions"\nexpiring = 0\n')
    given = evidence(sca, waivers=(waiver(expires=day("2026-03-31")),))
    words = [check(judge(given, gate, now=day("2026-04-01") + timedelta(seconds=s)), "it").verdict for s in (-1, 0, 1)]
    assert words == [FAIL, PASS, PASS], "its last day is over at midnight"
    assert ends("2026-04-01").verdict is FAIL, "it ends with this day"
    assert ends("2026-04-15").verdict is FAIL
    assert ends("2026-04-16").verdict is PASS
    assert ends("2026-04-16").reasons == ("the waiver W-2 covers nothing",)
    assert ends("2026-04-15", created=NOW).verdict is FAIL
    assert ends("2026-04-15", created=NOW + timedelta(seconds=1)).verdict is PASS, "it has not begun"


def test_claims_that_cannot_be_ruled_on_are_incomplete() -> None:
    mine = replace(claim("waiver"), origin_id="W-1")
    sca = run(Role.SCA, [vulnerable(suppressions=(mine,))], [rule()], advisories=(feed("osv"),))
    assert suppressions("inadmissible = 0", evidence(sca, waivers=(waiver(),))).verdict is INCOMPLETE


# ---- evidence ----

SLOT = 'kind = "evidence"\nslots = [{ slot = "構築時診断", max-age-days = 30 }]\n'


def document(**more: Any) -> Document:
    fields: dict[str, Any] = {"slot": "構築時診断", "path": "d.pdf", "sha256": "0" * 64, "date": day("2026-03-02")}
    return Document(**(fields | more))


@pytest.mark.parametrize(
    ("documents", "expected", "reason"),
    [
        ([document()], PASS, None),
        ([], INCOMPLETE, "nothing fills the slot 構築時診断: name its record under evidence in the settings"),
        (
            [document(slot="設計")],
            INCOMPLETE,
            "nothing fills the slot 構築時診断: name its record under evidence in the settings",
        ),
        (
            [document(date=day("2026-03-01"))],
            INCOMPLETE,
            "the record in 構築時診断 is of 2026-03-01, more than 30 days ago",
        ),
        (
            [document(date=day("2026-01-30")), document(date=day("2026-02-28")), document(date=day("2026-02-27"))],
            INCOMPLETE,
            "the record in 構築時診断 is of 2026-02-28, more than 30 days ago",
        ),
        ([document(date=day("2026-03-01")), document()], PASS, None),
        ([document(date=day("2026-04-02"))], INCOMPLETE, "the record in 構築時診断 is of 2026-04-02, in the future"),
        ([document(sha256="")], INCOMPLETE, "the record in 構築時診断 has no SHA-256"),
    ],
)
def test_evidence_slots(documents: list[Document], expected: VerdictWord, reason: str | None) -> None:
    found = judged(SLOT, evidence(documents=tuple(documents)))
    assert found.verdict is expected
    assert found.reasons == ((reason,) if reason else ())


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, PASS),
        ({"state": ScanState.INCOMPLETE}, INCOMPLETE),
        ({"invocation": Invocation()}, INCOMPLETE),
        ({"invocation": Invocation(end=day("2026-02-01"))}, INCOMPLETE),
    ],
)
def test_an_imported_diagnosis_fills_a_slot(changes: dict[str, Any], expected: VerdictWord) -> None:
    scan = run(Role.DAST, properties={"slot": "構築時診断"}, **changes)
    assert judged(SLOT, evidence(scan)).verdict is expected


# ---- pipeline ----


def workflow(rule_id: str, severity: Severity = Severity.MEDIUM) -> Result:
    place = Location(path=".github/workflows/ci.yml")
    return Result(rule_id=rule_id, message="m", severity=severity, locations=(place,))


@pytest.mark.parametrize(
    ("topic", "rule_id", "expected"),
    [
        ('"unpinned-actions"', "unpinned-uses", FAIL),
        ('"unpinned-actions"', "zizmor/unpinned-uses", FAIL),
        ('"unpinned-actions"', "excessive-permissions", PASS),
        ('"permissions"', "excessive-permissions", FAIL),
        ('"any"\nseverity = "HIGH"', "unpinned-uses", PASS),
        ('"any"\nseverity = "MEDIUM"', "template-injection", FAIL),
    ],
)
def test_pipeline(topic: str, rule_id: str, expected: VerdictWord) -> None:
    given = evidence(run(Role.PIPELINE, [workflow(rule_id)]))
    assert judged(f'kind = "pipeline"\nlimit = 0\ntopic = {topic}\n', given).verdict is expected
    asked = judged(f'kind = "pipeline"\nlimit = 0\ntopic = {topic}\n', replace(given, parameters={"scope": "new"}))
    assert (asked.verdict, asked.reasons) == (expected, ()), "it has no ratchet, so that scope says nothing to it"


def test_pipeline_without_its_run_is_incomplete_and_without_workflows_fine() -> None:
    gate = 'kind = "pipeline"\nlimit = 0\ntopic = "unpinned-actions"\n'
    assert judged(gate, replace(evidence(), runs=(run(),))).verdict is INCOMPLETE
    none = run(Role.PIPELINE, state=ScanState.NOT_APPLICABLE, proof="no workflow in the tree")
    assert judged(gate, evidence(none)).verdict is PASS


# ---- signature ----


@pytest.mark.parametrize(
    ("state", "expected"), [("valid", PASS), ("invalid", FAIL), ("none", INCOMPLETE), ("odd", INCOMPLETE)]
)
def test_signature(state: str, expected: VerdictWord) -> None:
    assert judged('kind = "signature"\n', evidence(signature=state)).verdict is expected


# ---- names of results ----


def test_results_without_our_fingerprint_are_named_by_what_they_have() -> None:
    hashed = code(fingerprints={"primaryLocationLineHash": "abc:1"})
    bare = code(fingerprints={})
    dependency = vulnerable(fingerprints={}, locations=())
    assert [key_of(one) for one in (hashed, bare, dependency)] == [
        "abc:1",
        "B602:app/main.py:3",
        f"CVE-2024-0001:{PURL}",
    ]


def test_false_pass_3_a_misspelt_limit_is_an_error() -> None:
    with pytest.raises(InputError, match="unknown key 'limits'"):
        profile.loads(b'schema = 1\nid = "x"\nlimits = 0\n', "x.toml")


def test_false_pass_8_kev_is_looked_at_whatever_the_severity() -> None:
    low = run(Role.SCA, [vulnerable(severity=Severity.LOW)], [rule(kev="2026-01-01")])
    for name in ("essentials", "jp-gov"):
        assert check(judge(evidence(low), name), "known-exploited").verdict is FAIL


def test_false_pass_9_a_breach_stays_one_after_a_regression() -> None:
    """A result that went away and came back keeps the day of its first detection, and is late at once."""
    back = vulnerable(severity=Severity.HIGH, baseline_state=BaselineState.NEW, first_detected=day("2025-01-01"))
    verdict = judge(evidence(run(Role.SCA, [back], [rule()]), baseline=True), "us-fedramp-rev5")
    assert check(verdict, "remediation").verdict is FAIL
    assert verdict.stage is Stage.BUILD
