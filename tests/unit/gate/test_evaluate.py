"""The verdict as a whole: which word wins, what is written, and the laws that hold for any evidence."""

from collections.abc import Sequence
from datetime import timedelta
from string import Formatter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from govsec_ci.errors import InputError, UsageError
from govsec_ci.formats import verdict as verdict_format
from govsec_ci.gate import profile
from govsec_ci.gate.evaluate import check_parameters
from govsec_ci.gate.texts import TEXTS, few, note, render
from govsec_ci.gate.waivers import attach
from govsec_ci.model import (
    BaselineState,
    ComponentRef,
    Evidence,
    Kind,
    Level,
    Notification,
    Result,
    Role,
    Rule,
    Run,
    ScanState,
    Severity,
    Stage,
    VerdictWord,
)
from tests.support.gate_evidence import (
    NOW,
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
NO_HIGH = 'kind = "results"\nlimit = 0\nfilter = { role = ["sast"], severity = "HIGH" }\n'


@pytest.mark.parametrize("name", ["essentials", "jp-gov", "us-bod-26-04", "us-fedramp-rev5", "us-ntia-sbom"])
def test_an_ordinary_well_kept_project_passes_at_build(name: str) -> None:
    verdict = judge(evidence(), name)
    assert [own for own in verdict.checks if own.verdict is not PASS and own.gate != "in-force"] == []
    assert verdict.verdict is PASS


def test_fail_outranks_incomplete_outranks_pass() -> None:
    broken = run(Role.PIPELINE, state=ScanState.INCOMPLETE)
    assert judge(evidence(broken), "jp-gov").verdict is INCOMPLETE
    both = judge(evidence(broken, run(results=[code()])), "jp-gov")
    assert both.verdict is FAIL
    words = {own.verdict for own in both.checks}
    assert words == {PASS, FAIL, INCOMPLETE}, "every check is there, not the first violation alone"


def test_a_planned_scan_that_left_no_run_is_told_also_where_no_gate_asks_for_its_role() -> None:
    given_ = evidence(expected={"sast": Role.SAST, "zap": Role.DAST})
    verdict = judge(given_, trial(NO_HIGH))
    assert check(verdict, "it").verdict is PASS
    found = check(verdict, "planned")
    assert verdict.verdict is found.verdict is INCOMPLETE
    assert found.reasons == ("the planned scan zap left no run",)
    assert judge(replace(given_, expected={"sast": Role.SAST}), trial(NO_HIGH)).verdict is PASS


def test_the_worst_profile_decides() -> None:
    low = evidence(run(Role.SCA, [vulnerable(severity=Severity.LOW)], [rule()]))
    assert judge(low, "essentials").verdict is PASS
    assert judge(low, "essentials", "jp-gov").verdict is FAIL


def test_a_warning_never_decides() -> None:
    given = evidence(run(results=[code()]))
    warned = judge(given, trial(NO_HIGH + 'mode = "warn"\n'))
    assert check(warned, "it").verdict is FAIL
    at_commit = trial(NO_HIGH + 'warn-at = ["commit"]\n')
    assert check(judge(given, at_commit, stage=Stage.COMMIT), "it").mode == "warn"
    assert judge(given, at_commit, stage=Stage.BUILD).verdict is FAIL


def test_nothing_asked_is_no_pass() -> None:
    only_warns = judge(evidence(), trial(NO_HIGH + 'mode = "warn"\n'))
    assert only_warns.verdict is INCOMPLETE
    nothing = judge(evidence(), "us-ntia-sbom", stage=Stage.COMMIT)
    assert nothing.verdict is INCOMPLETE
    assert "has no deciding gate at the stage commit" in check(nothing, "stage").reasons[0]


def test_at_commit_stale_or_missing_advisories_only_warn() -> None:
    for sca in (
        run(Role.SCA, advisories=(feed(age_days=99),)),
        run(Role.SCA, state=ScanState.INCOMPLETE, advisories=()),
    ):
        for name in ("essentials", "jp-gov"):
            verdict = judge(evidence(sca), name, stage=Stage.COMMIT)
            assert verdict.verdict is PASS
            assert check(verdict, "advisories-fresh").verdict is INCOMPLETE
            assert judge(evidence(sca), name, stage=Stage.BUILD).verdict is INCOMPLETE


def test_at_commit_code_alone_is_enough_for_jp_gov() -> None:
    alone = Evidence(subject=evidence().subject, runs=(run(),))
    assert judge(alone, "jp-gov", stage=Stage.COMMIT).verdict is PASS
    bad = Evidence(subject=evidence().subject, runs=(run(results=[code()]),))
    assert judge(bad, "jp-gov", stage=Stage.COMMIT).verdict is FAIL


def test_profiles_out_of_force_say_so_and_still_judge() -> None:
    head = "effective-from = 2026-04-02\n"
    own = profile.loads((head + _text()).encode(), "x.toml")
    verdict = judge(evidence(), own)
    assert verdict.verdict is PASS
    assert check(verdict, "in-force").reasons == ("trial is in force from 2026-04-02",)
    old = profile.loads(("until = 2026-03-31\n" + _text()).encode(), "x.toml")
    assert check(judge(evidence(), old), "in-force").reasons == ("the force of trial ended with 2026-03-31",)
    last = profile.loads(("until = 2026-04-01\n" + _text()).encode(), "x.toml")
    assert [own.gate for own in judge(evidence(), last).checks] == ["it"]


def test_a_profile_is_in_force_from_midnight_to_midnight_utc() -> None:
    first = profile.loads(("effective-from = 2026-04-02\n" + _text()).encode(), "x.toml")
    last = profile.loads(("until = 2026-04-01\n" + _text()).encode(), "x.toml")

    def gates(own: profile.Profile, moment: str) -> list[str]:
        return [one.gate for one in judge(evidence(), own, now=day(moment)).checks]

    assert gates(first, "2026-04-01T23:59:59") == ["in-force", "it"]
    assert gates(first, "2026-04-02") == ["it"]
    assert gates(last, "2026-04-01T23:59:59") == ["it"]
    assert gates(last, "2026-04-02") == ["in-force", "it"]


def _text() -> str:
    from tests.support.gate_evidence import GATE, PROFILE

    return PROFILE + GATE + NO_HIGH


def test_no_profile_or_one_twice_is_a_usage_error() -> None:
    for names in ((), ("essentials", "essentials")):
        with pytest.raises(UsageError):
            judge(evidence(), *names)


def test_a_parameter_that_nobody_knows_is_told() -> None:
    declared = {"exposure": "internal", "scope": "all"}
    verdict = judge(evidence(parameters=declared), "jp-gov")
    assert verdict.verdict is PASS
    assert check(verdict, "parameters").reasons == (
        "the parameter exposure is declared, but no profile of this decision knows it",
    )
    both = judge(evidence(parameters=declared), "jp-gov", "us-bod-26-04")
    assert "parameters" not in [own.gate for own in both.checks]
    check_parameters(declared, PROFILES)
    with pytest.raises(InputError, match="'exposur'") as caught:
        check_parameters({"exposur": "internal"}, PROFILES)
    assert caught.value.next_step == "did you mean 'exposure'?"


def test_the_counts() -> None:
    results = [
        code(Severity.HIGH, key="a"),
        code(Severity.LOW, key="b", correlation="c"),
        code(Severity.LOW, key="c", correlation="c"),
        code(Severity.UNKNOWN, key="d"),
        code(Severity.HIGH, key="e", suppressions=(nosec(),)),
        code(Severity.HIGH, key="f", kind=Kind.INFORMATIONAL),
        code(Severity.HIGH, key="g", baseline_state=BaselineState.ABSENT),
    ]
    counts = judge(evidence(run(results=results)), "jp-gov").counts
    assert counts == {
        "CRITICAL": 0,
        "HIGH": 1,
        "MEDIUM": 0,
        "LOW": 1,
        "NONE": 0,
        "UNKNOWN": 1,
        "suppressed": 1,
        "total": 4,
        "components": 1,
        "audited": 1,
        "gates": 11,
        "gates_met": 10,
    }
    assert judge(evidence(sbom=None), "jp-gov").counts["components"] == 0


def test_suppressed_is_what_no_profile_counts() -> None:
    one = evidence(run(Role.SCA, [vulnerable(suppressions=(_claim(),))], [rule()]), waivers=(waiver(),))
    assert judge(one, "jp-gov").counts["suppressed"] == 1
    assert judge(one, "jp-gov", "us-bod-26-04").counts["suppressed"] == 0


def _claim() -> Any:
    (attached,) = attach((run(Role.SCA, [vulnerable()], [rule()]),), [waiver()])
    return attached.results[0].suppressions[0]


def test_runs_and_feeds_are_told() -> None:
    broken = run(
        state=ScanState.INCOMPLETE, notifications=(Notification(id="x", level=Level.ERROR, text="a.py: not parsed"),)
    )
    verdict = judge(evidence(broken), "jp-gov")
    (told,) = [own for own in verdict.runs if own.id == "sast"]
    assert (told.complete, told.notifications) == (False, ("a.py: not parsed",))
    assert [own.feed for own in verdict.advisories] == ["epss", "kev", "osv", "vulnrichment"]


def placeholders(text: str) -> set[str]:
    plain = text.replace("[", "").replace("]", "").replace("|", " ")
    return {name for _, name, _, _ in Formatter().parse(plain) if name}


@pytest.mark.parametrize("identifier", TEXTS)
def test_both_languages_say_the_same_things(identifier: str) -> None:
    english, japanese = (placeholders(text) for text in TEXTS[identifier])
    # A duty comes in both languages from the profile itself.
    assert english - {"en"} == japanese - {"ja"}


def test_every_text_renders_in_both_languages() -> None:
    known = {name for texts in TEXTS.values() for text in texts for name in placeholders(text)} - {"why"}
    values = dict.fromkeys(sorted(known), "7")
    for identifier in TEXTS:
        said = note(identifier, within=note("why-expired", date="7"), **values)
        for lang in ("en", "ja"):
            text = render(said, lang)
            assert text
            assert not set("{}[]@…") & set(text), (identifier, text)
    assert render(note("results", n=1)) == "1 result"
    assert render(note("results", n=1234)) == "1,234 results"
    assert render(note("claim-refused", within=note("why-expired", date="x"), key="k", claim="c"), "ja") == (
        "k: c は効力を持たない: x に期限が切れた"
    )


def test_a_note_of_an_older_engine_is_told_without_what_it_does_not_say() -> None:
    assert render(note("element-missing", element="name", n=2)) == "name is missing for 2 components: …"


@pytest.mark.parametrize(
    ("names", "told"),
    [([], ""), (["a"], "a"), (["b", "a", "b", "c"], "b, a, c"), (["a", "b", "c", "d"], "a, b, c, …")],
)
def test_the_first_few_are_named(names: list[str], told: str) -> None:
    assert few(names) == told


def test_a_value_that_looks_like_a_text_is_left_alone() -> None:
    assert render(note("policy-changed", path="@policy-changed")) == "this change touches @policy-changed"
    assert render(note("policy-changed", path="{x}")) == "this change touches {x}"


# ---- laws ----

SEVERITIES = st.sampled_from(list(Severity))
STATES = st.sampled_from([None, BaselineState.NEW, BaselineState.UNCHANGED, BaselineState.UPDATED])
AGES = st.one_of(st.none(), st.integers(0, 400).map(lambda days: NOW - timedelta(days=days)))
KEYS = st.integers(0, 30).map("r{}".format)
CLAIMS = st.sampled_from([(), (nosec(),), (nosec(reason=""),), (_claim(),)])

codes = st.builds(
    code,
    SEVERITIES,
    key=KEYS,
    baseline_state=STATES,
    first_detected=AGES,
    correlation=st.sampled_from(["", "", "x"]),
    suppressions=CLAIMS,
)
dependencies = st.builds(
    vulnerable,
    KEYS,
    rule=st.sampled_from(["CVE-2024-0001", "CVE-2024-0002", "CVE-2024-0003"]),
    severity=SEVERITIES,
    baseline_state=STATES,
    first_detected=AGES,
    suppressions=CLAIMS,
)
RULES = (
    rule(ssvc="yes/total"),
    rule("CVE-2024-0002", kev="2026-03-01", ssvc="?/partial"),
    rule("CVE-2024-0003"),
)
ROLE_STATES = st.sampled_from([ScanState.COMPLETE, ScanState.COMPLETE, ScanState.COMPLETE, ScanState.INCOMPLETE])


@st.composite
def all_evidence(draw: st.DrawFn) -> Evidence:
    sast = run(Role.SAST, draw(st.lists(codes, max_size=4)), state=draw(ROLE_STATES))
    feeds = draw(st.sampled_from([("osv", "kev"), ("osv",), ()]))
    sca = run(
        Role.SCA,
        draw(st.lists(dependencies, max_size=4)),
        RULES,
        state=draw(ROLE_STATES),
        advisories=tuple(feed(name, age_days=draw(st.sampled_from([1, 20]))) for name in feeds),
    )
    second = draw(st.sampled_from([(), (run(Role.SAST, [code(Severity.HIGH, key="z")], id="second"),)]))
    return evidence(
        sast,
        sca,
        *second,
        baseline=draw(st.booleans()),
        sbom=draw(st.sampled_from([sbom(), None, sbom(commit=None)])),
        waivers=draw(st.sampled_from([(), (waiver(),), (waiver(approver=""),)])),
        parameters=draw(st.sampled_from([{}, {"scope": "new"}])),
    )


PROFILES = [profile.load(name) for name in profile.shipped()]
chosen = st.lists(st.sampled_from(PROFILES), min_size=1, max_size=3, unique_by=lambda own: own.id)
LAWS = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def word(given_: Evidence, profiles: Sequence[profile.Profile]) -> VerdictWord:
    return judge(given_, *profiles).verdict


def with_run(given_: Evidence, changed: Run) -> Evidence:
    return replace(given_, runs=tuple(changed if own.id == changed.id else own for own in given_.runs))


@LAWS
@given(all_evidence(), chosen, st.one_of(codes, dependencies))
def test_one_more_result_never_leads_to_pass(given_: Evidence, profiles: list[profile.Profile], more: Result) -> None:
    role = Role.SCA if more.component else Role.SAST
    (target,) = [own for own in given_.runs if own.id == role.value]
    added = with_run(given_, replace(target, results=(*target.results, more)))
    assert not (word(given_, profiles) is not PASS and word(added, profiles) is PASS)


@LAWS
@given(all_evidence(), chosen, st.data())
def test_a_higher_severity_never_leads_to_pass(
    given_: Evidence, profiles: list[profile.Profile], data: st.DataObject
) -> None:
    places = [(own, n) for own in given_.runs for n, result in enumerate(own.results) if result.severity.rank >= 0]
    if not places:
        return
    target, index = data.draw(st.sampled_from(places))
    result = target.results[index]
    higher = data.draw(st.sampled_from([s for s in Severity if s.rank >= result.severity.rank]))
    results = (*target.results[:index], replace(result, severity=higher), *target.results[index + 1 :])
    raised = with_run(given_, replace(target, results=results))
    assert not (word(given_, profiles) is not PASS and word(raised, profiles) is PASS)


@LAWS
@given(all_evidence(), chosen, st.data())
def test_a_run_less_never_leads_to_pass(given_: Evidence, profiles: list[profile.Profile], data: st.DataObject) -> None:
    lost = data.draw(st.sampled_from(given_.runs))
    less = replace(given_, runs=tuple(own for own in given_.runs if own is not lost))
    assert not (word(given_, profiles) is not PASS and word(less, profiles) is PASS)


@LAWS
@given(all_evidence(), chosen, st.data())
def test_order_does_not_matter_and_bytes_are_the_same(
    given_: Evidence, profiles: list[profile.Profile], data: st.DataObject
) -> None:
    runs = [replace(own, results=tuple(data.draw(st.permutations(own.results)))) for own in given_.runs]
    other = replace(
        given_,
        runs=tuple(data.draw(st.permutations(runs))),
        waivers=tuple(data.draw(st.permutations(given_.waivers))),
    )
    first = verdict_format.write(judge(given_, *profiles))
    assert verdict_format.write(judge(given_, *profiles)) == first
    assert verdict_format.write(judge(other, *data.draw(st.permutations(profiles)))) == first


@LAWS
@given(all_evidence(), st.sampled_from(PROFILES))
def test_a_waiver_changes_only_what_it_covers(given_: Evidence, own: profile.Profile) -> None:
    bare = replace(given_, waivers=(), runs=tuple(_bare(one) for one in given_.runs))
    accepted = waiver(vulnerability="CVE-2024-0003")
    waived = replace(bare, runs=attach(bare.runs, [accepted]), waivers=(accepted,))
    before, after = judge(bare, own), judge(waived, own)
    covered = {
        result.fingerprints["govsec/v1"]
        for one in bare.runs
        for result in one.results
        if result.rule_id == "CVE-2024-0003"
    }
    for old, new in zip(before.checks, after.checks, strict=True):
        gained = set(new.results) - set(old.results)
        # A waiver that the profile does not admit is itself something to tell of.
        assert gained <= covered if new.kind == "suppressions" else not gained
        assert set(old.results) - set(new.results) <= covered


def _bare(one: Run) -> Run:
    return replace(one, results=tuple(replace(result, suppressions=()) for result in one.results))


def test_the_laws_are_not_vacuous() -> None:
    """The strategies' building blocks do reach each of the three words."""
    # Profiles that ask for documents, dynamic analysis or fields of their own are not met by evidence this small.
    small = [one for one in PROFILES if one.id in {"essentials", "jp-gov", "us-ntia-sbom"}]
    assert word(evidence(), small) is PASS
    assert word(evidence(run(results=[code()])), small) is FAIL
    assert word(evidence(run(Role.SCA, [vulnerable()], [Rule(id="CVE-2024-0001")])), small) is FAIL
    assert word(evidence(sbom=None), small) is INCOMPLETE
    assert ComponentRef(name="a", version="1", purl="p").direct is None


@pytest.mark.parametrize("declared", ["36501", "9" * 5000, "-1", "1.5", "٣", ""])
def test_a_number_that_no_parameter_can_have_is_the_operators_mistake(declared: str) -> None:
    head = '[parameters.p]\ntype = "integer"\nstrictest = 1\ntext = { en = "p", ja = "p" }\n'
    gate = 'kind = "deadlines"\nclock = "detected"\nrows = [{ days = { parameter = "p" } }]\n'
    given = evidence(run(Role.SCA, [vulnerable()], [rule()]), parameters={"p": declared})
    with pytest.raises(InputError, match="parameter 'p'"):
        judge(given, trial(gate, head=head))
    assert judge(replace(given, parameters={"p": "036500"}), trial(gate, head=head)).checks
