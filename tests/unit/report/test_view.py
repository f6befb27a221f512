"""What the view model computes from a verdict and its evidence."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec import structs

from govsec_ci.gate import evaluate, gap, plan, profile
from govsec_ci.gate.texts import note, render
from govsec_ci.model import (
    BaselineState,
    Check,
    Level,
    Location,
    Note,
    Notification,
    Rule,
    ScanState,
    Severity,
    Stage,
    SuppressionStatus,
    VerdictWord,
)
from govsec_ci.report.i18n import Text
from govsec_ci.report.view import View, build, signing_state
from govsec_ci.report.view_answers import clause_line
from govsec_ci.report.view_checks import clause_view
from tests.support import report_cases as cases


def _built(
    *checks: object, runs: tuple[object, ...] = (), word: VerdictWord = VerdictWord.FAIL, **more: object
) -> View:
    judged = cases.verdict(word, *checks)  # type: ignore[arg-type]
    return build(judged, cases.evidence(*runs, **more), (), lang="en")  # type: ignore[arg-type]


def test_blocking_checks_stand_fail_first() -> None:
    assert [check.verdict.value for check in cases.failing().blocking] == ["FAIL", "FAIL", "INCOMPLETE"]
    assert [check.gate for check in cases.failing().warnings] == ["static-low"]
    assert [check.gate for check in cases.failing().passed] == ["sbom"]


def test_results_are_ordered_blocking_then_worst_first() -> None:
    shown = [(one.fingerprint, bool(one.gates)) for one in cases.failing().results]
    assert shown == [("d1", True), ("d2", True), ("s1", True), ("s3", False)]


def test_unknown_severity_is_listed_between_critical_and_high() -> None:
    runs = (cases.bandit_run(*(cases.static(s.value, severity=s, line=1) for s in Severity)),)
    order = [one.severity for one in _built(runs=runs).results]
    assert order == ["CRITICAL", "UNKNOWN", "HIGH", "MEDIUM", "LOW", "NONE"]


def test_a_result_carries_what_its_rule_knows() -> None:
    sql = cases.failing().results[0]
    assert sql.component is not None
    assert (sql.component.label, sql.fixed_in) == ("django 3.2.0", "3.2.25")
    assert sql.vulnerability is not None
    assert (sql.vulnerability.cvss, sql.vulnerability.ids) == ("9.8 (CVSS 3.1)", ("GHSA-aaaa-bbbb-cccc",))
    assert sql.due == datetime(2026, 3, 22, tzinfo=UTC)
    assert sql.what == "django 3.2.0: SQL injection through a crafted order_by."


def test_the_component_is_not_said_twice() -> None:
    said = cases.dependency("d", "CVE-1", message="django 3.2.0: CVE-1 SQL injection")
    assert _built(runs=(cases.audit_run(said),)).results[0].what == "django 3.2.0: CVE-1 SQL injection"


def test_a_result_without_place_rule_or_fingerprint_is_still_shown() -> None:
    bare = structs.replace(cases.static("x"), locations=(), fingerprints={}, rule_id="ZZZ")
    shown = _built(runs=(cases.bandit_run(bare, bare),)).results
    assert [(one.place, one.rule) for one in shown] == [("", "ZZZ")] * 2
    assert len({one.anchor for one in shown}) == 2


def test_a_place_is_as_exact_as_is_known() -> None:
    places = [Location(path="a"), *cases.at("a", 3), *cases.at("a", 3, 9)]
    runs = (cases.bandit_run(*(cases.static(str(i), locations=(place,)) for i, place in enumerate(places))),)
    assert [one.place for one in _built(runs=runs).results] == ["a", "a:3", "a:3:9"]


def test_links_of_rules_lead_to_the_web_only() -> None:
    rules = (Rule(id="B602", help_uri="javascript:alert(1)"), Rule(id="B1", help_uri="https://e.example/"))
    run = cases.bandit_run(cases.static("a"), cases.static("b", rule_id="B1"), rules=rules)
    assert {one.rule: one.help_uri for one in _built(runs=(run,)).results} == {"B602": "", "B1": "https://e.example/"}


def test_our_own_words_for_bandit_rules_are_japanese_too() -> None:
    about = cases.failing().results[2].rule_text
    assert about.en == "A shell runs a command"
    assert "シェル" in about.ja


def test_fingerprints_that_no_result_carries_are_counted() -> None:
    view = _built(cases.check(VerdictWord.FAIL, "gone", "s1"), runs=(cases.bandit_run(cases.static("s1")),))
    assert (len(view.blocking[0].results), view.blocking[0].unresolved) == (1, 1)


def test_suppressed_results_leave_the_open_ones_and_keep_who_and_until_when() -> None:
    row = cases.failing().suppressed[0]
    assert (row.result.fingerprint, row.owner, row.approver, row.effective) == ("s2", "app team", "CISO office", True)
    assert row.expires == datetime(2026, 6, 30, tzinfo=UTC)
    assert "s2" not in {one.fingerprint for one in cases.failing().results}


@pytest.mark.parametrize(
    ("status", "effect"),
    [
        (SuppressionStatus.ACCEPTED, "does not count"),
        (SuppressionStatus.UNDER_REVIEW, "counts: under review"),
        (SuppressionStatus.REJECTED, "counts: rejected"),
    ],
)
def test_without_a_profile_a_claim_comes_to_what_its_status_says(status: SuppressionStatus, effect: str) -> None:
    claimed = cases.static("s", suppressions=(cases.claim(status),))
    view = _built(runs=(cases.bandit_run(claimed),))
    assert view.suppressed[0].effect.en == effect
    assert bool(view.results) is (effect != "does not count")


@pytest.mark.parametrize(
    ("expires", "effect"),
    [
        (datetime(2026, 6, 30, tzinfo=UTC), "does not count"),
        (datetime(2026, 3, 31, tzinfo=UTC), "counts: it expired on 2026-03-31"),
    ],
)
def test_with_a_profile_a_claim_comes_to_what_the_profile_rules(expires: datetime, effect: str) -> None:
    """LOW, so that no gate of the profile counts it either way: the report must not take it for suppressed."""
    claimed = cases.static("s", severity=Severity.LOW, suppressions=(cases.claim(),))
    waiver = structs.replace(cases.WAIVER, expires=expires)
    judge = profile.load("jp-gov")
    proof = cases.evidence(cases.bandit_run(claimed), waivers=(waiver,))
    judged = evaluate.evaluate(proof, [judge], now=cases.NOW, stage=Stage.BUILD, engine="e")
    view = build(judged, proof, [judge], lang="en")
    (row,) = view.suppressed
    assert (row.effect.en, row.effective) == (effect, effect == "does not count")
    assert len(view.results) == (0 if row.effective else 1)
    assert view.severities.get("LOW", 0) == judged.counts["LOW"]


def test_baseline_counts() -> None:
    gone = cases.static("g", baseline_state=BaselineState.ABSENT)
    new = cases.static("n", baseline_state=BaselineState.NEW)
    view = _built(runs=(cases.bandit_run(gone, new),), baseline=True)
    assert (view.new, view.absent, len(view.results)) == (1, 1, 1)
    assert _built().new is None


def test_sentences() -> None:
    def sentence(word: VerdictWord, *words: VerdictWord) -> str:
        return _built(*(cases.check(one) for one in words), word=word).sentence.en

    failed, unknown = VerdictWord.FAIL, VerdictWord.INCOMPLETE
    assert sentence(VerdictWord.PASS).startswith("You may release")
    assert sentence(failed, failed) == "Do not release: 1 gate is violated."
    assert sentence(failed, failed, unknown) == "Do not release: 1 gate is violated, and 1 could not be decided."
    assert sentence(unknown, unknown, unknown).startswith("Do not release yet: 2 gates could not be decided")


def test_a_pass_before_the_release_stage_does_not_say_that_you_may_release() -> None:
    judge = profile.load("jp-gov")
    later = sum(Stage.RELEASE in gate.stages and Stage.BUILD not in gate.stages for gate in judge.gates)
    judged = cases.verdict(VerdictWord.PASS)
    early = build(judged, cases.evidence(), [judge], lang="en")
    assert early.sentence.en == f"Every gate asked at stage build is met; the release stage asks {later} more."
    assert early.answers[0].lines[0].en.startswith("Nothing blocks so far.")
    final = build(structs.replace(judged, stage=Stage.RELEASE), cases.evidence(), [judge], lang="en")
    assert final.sentence.en == "You may release: every gate asked at stage release is met."
    assert final.answers[0].lines[0].en == "Yes, as far as these gates go."


def test_steps_say_who_what_and_when() -> None:
    told = [(step.who.en, step.when.en, step.what.en) for step in cases.failing().steps]
    assert told == [
        (
            "developers",
            "overdue since 22 Mar 2026",
            "Raise django from 3.2.0 to 3.2.25 in requirements.txt:3: closes 1 vulnerability.",
        ),
        (
            "developers",
            "before this release",
            (
                "No version of django closes 1 vulnerability of 3.2.0 (CVE-2026-0002) without bringing another: "
                "replace it, or have a waiver signed."
            ),
        ),
        (
            "developers",
            "before this release",
            "Mend 1 result of rule B602 (A shell runs a command), first at app/backup.py:12:5.",
        ),
        (
            "whoever runs the pipeline",
            "before this release",
            "app/old.py: does not parse: mend the syntax, or take the file out of scope by name, owner and reason",
        ),
        ("whoever runs the pipeline", "before this release", "Run govsec again and keep the new bundle."),
    ]
    assert cases.passing().steps == ()


def test_a_due_date_to_come_is_said_as_such() -> None:
    check = cases.check(VerdictWord.FAIL, "d", due={"d": cases.NOW + timedelta(days=3)})
    view = _built(check, runs=(cases.audit_run(cases.dependency("d", "CVE-1")),))
    assert view.steps[0].when.en == "before this release, and by 4 Apr 2026"
    assert (view.blocking[0].overdue, view.first_due) == (0, cases.NOW + timedelta(days=3))


def test_the_target_closes_every_result_of_the_component_and_says_when_the_major_changes() -> None:
    fixes = (("a", "3.2.9"), ("b", "4.0"), ("c", "3.10"), ("d", None), ("e", "not a version"))
    results = [cases.dependency(key, f"CVE-{key}", fixed=fixed) for key, fixed in fixes]
    check = cases.check(VerdictWord.FAIL, *"abcde")
    row = _built(check, runs=(cases.audit_run(*results),)).upgrades[0]
    assert (row.target, row.major, row.closes, row.stays) == (
        "4.0",
        True,
        ("CVE-a", "CVE-b", "CVE-c"),
        ("CVE-d", "CVE-e"),
    )


def test_what_several_gates_lack_is_one_step() -> None:
    checks = [
        cases.check(VerdictWord.INCOMPLETE, gate=name, title=name, reasons=("no KEV data was used",)) for name in "ab"
    ]
    view = _built(*checks, word=VerdictWord.INCOMPLETE)
    assert view.steps[0].what.en == "Supply what is missing to decide “a”, “b”: no KEV data was used"


def test_a_gate_without_results_says_what_closes_it() -> None:
    record = cases.check(VerdictWord.FAIL, kind="evidence", title="A review is there", next_step="file it")
    step = _built(record).steps[0]
    assert (step.who.en, step.what.en) == ("release manager", "A review is there: file it")


def test_a_gate_on_suppressions_asks_for_a_better_claim_not_for_a_repair() -> None:
    claims = cases.check(VerdictWord.FAIL, "s", kind="suppressions", title="Reasons are given", next_step="give one")
    view = _built(claims, runs=(cases.bandit_run(cases.static("s", suppressions=(cases.claim(),))),))
    assert view.steps[0].what.en == "Reasons are given: give one"


def test_a_run_with_an_error_is_not_believed_to_be_complete() -> None:
    note = Notification(id="x", level=Level.ERROR, text="crashed")
    hint = Notification(id="y", level=Level.NOTE, text="left out", location=Location(path="a.py"))
    view = _built(runs=(cases.bandit_run(notifications=(note, hint)),))
    assert view.not_checked[0].state == ScanState.INCOMPLETE.value
    assert view.not_checked[0].problems[0].said.en == "crashed"
    assert view.runs[0].notes[0].said.en == "a.py: left out"


def test_sbom_feeds_and_files() -> None:
    proof = cases.failing_parts()
    view = build(*proof, (), lang="en", files={"b": "2", "a": "1"})
    assert view.sbom is not None
    assert view.sbom.missing == ((Text("supplier", "供給者名"), 1),)
    assert (view.feeds[0].age_days, view.feeds[0].records) == (2, 25_000)
    assert [file.name for file in view.files] == ["a", "b"]


def test_open_results_are_counted_as_the_verdict_counts_them() -> None:
    twice = (cases.bandit_run(cases.static("a"), cases.static("b")),)
    assert _built(runs=twice, word=VerdictWord.FAIL).severities == {"HIGH": 2}
    judged = cases.verdict(VerdictWord.FAIL, counts={"HIGH": 1})
    assert build(judged, cases.evidence(*twice), (), lang="en").severities == {"HIGH": 1}


def test_charts_count_what_they_show() -> None:
    bars = {chart.id: chart.bars for chart in cases.failing().charts}
    assert [(bar.label.en, bar.total) for bar in bars["chart-components"]] == [("django 3.2.0", 2), ("source code", 2)]
    assert [(bar.label.en, bar.parts) for bar in bars["chart-due"]] == [("overdue", (("CRITICAL", 1),))]
    assert bars["chart-gap"][0].parts == (("FAIL", 2), ("INCOMPLETE", 1), ("PASS", 1)), "a warning decides nothing"


def test_ages_count_from_publication_or_first_detection_and_stand_against_deadlines() -> None:
    known = cases.vulnerability_rule("CVE-1")
    assert known.vulnerability is not None
    old = structs.replace(
        known, vulnerability=structs.replace(known.vulnerability, published=datetime(2024, 1, 1, tzinfo=UTC))
    )
    audit = cases.audit_run(cases.dependency("d", "CVE-1"), rules=(old,))
    seen = cases.static("s", first_detected=cases.NOW - timedelta(days=10))
    code = cases.bandit_run(seen, cases.static("t"), cases.static("u", first_detected=cases.NOW))
    due = {"d": cases.NOW - timedelta(days=1), "s": cases.NOW + timedelta(days=1)}
    view = _built(cases.check(VerdictWord.FAIL, "d", "s", due=due), runs=(audit, code), baseline=True)
    chart = next(chart for chart in view.charts if chart.id == "chart-age")
    assert [(bar.label.en, bar.parts) for bar in chart.bars] == [
        ("a year old or older", (("overdue", 1),)),
        ("7 to 29 days old", (("in-time", 1),)),
        ("less than 7 days old", (("no-deadline", 2),)),
    ]
    assert chart.note.en.endswith("from its first detection.")


def test_where_no_deadline_and_no_baseline_apply_the_chart_of_ages_says_so() -> None:
    view = _built(runs=(cases.bandit_run(cases.static("s")),))
    chart = next(chart for chart in view.charts if chart.id == "chart-age")
    assert chart.bars[0].parts == (("no-deadline", 1),)
    assert "Without a baseline" in chart.note.en
    assert "No gate that was asked sets a deadline" in chart.note.en
    assert "chart-due" not in {one.id for one in view.charts}


def test_what_has_a_deadline_but_does_not_block_is_a_step_too() -> None:
    met = cases.check(VerdictWord.PASS, "s", due={"s": cases.NOW + timedelta(days=20)})
    view = _built(met, runs=(cases.bandit_run(cases.static("s")),), word=VerdictWord.PASS)
    (step,) = view.steps
    assert step.what.en == "Close 1 result that does not block this release, but has a deadline."
    assert step.when.en == "the first by 21 Apr 2026"
    warned = cases.check(VerdictWord.FAIL, "s", due={"s": cases.NOW - timedelta(days=1)}, mode="warn")
    late = _built(warned, runs=(cases.bandit_run(cases.static("s")),), word=VerdictWord.PASS)
    assert late.steps[0].when.en == "overdue since 31 Mar 2026"


def test_the_gap_is_that_of_the_gate_and_its_chart_weighs_as_the_profile_does() -> None:
    judge = profile.load("jp-gov")
    _, proof = cases.failing_parts()
    judged = evaluate.evaluate(proof, [judge], now=cases.NOW, stage=Stage.BUILD, engine="e")
    view = build(judged, proof, [judge], lang="en")
    (score,) = view.gaps
    expected = gap.gap(judged, judge)
    assert score.score == round(100 * expected.score, 1)
    assert (score.weight_met, score.weight, score.gates) == (
        expected.weight_met,
        expected.weight,
        len(expected.parts),
    )
    chart = next(chart for chart in view.charts if chart.id == "chart-gap")
    assert sum(bar.total for bar in chart.bars) == expected.weight
    assert sum(dict(bar.parts).get("PASS", 0) for bar in chart.bars) == expected.weight_met


def test_a_gate_of_no_weight_is_in_no_bar() -> None:
    judge = profile.load("jp-gov")
    light = structs.replace(judge, gates=tuple(structs.replace(one, weight=0) for one in judge.gates))
    _, proof = cases.failing_parts()
    judged = evaluate.evaluate(proof, [light], now=cases.NOW, stage=Stage.BUILD, engine="e")
    assert "chart-gap" not in {one.id for one in build(judged, proof, [light], lang="en").charts}


def test_the_upgrades_are_those_of_the_plan() -> None:
    judged, proof = cases.failing_parts()
    planned = plan.plan(judged, proof.runs)
    shown = build(judged, proof, (), lang="en").upgrades
    assert [(one.component, one.installed, one.target, one.closes, one.stays) for one in shown] == [
        (one.name, one.installed, one.target, one.closes, one.open) for one in planned
    ]
    assert (shown[0].due, shown[0].due_stays) == (datetime(2026, 3, 22, tzinfo=UTC), None)


def test_the_signature_of_the_bundle_is_told_as_far_as_it_is_known() -> None:
    parts = cases.failing_parts()
    told = {}
    for known in (signing_state(), signing_state(planned="5f1c" * 16), signing_state(present="")):
        answer = build(*parts, (), lang="en", signing=known).answers[-1]
        told[known.state] = (answer.lines[0].en, answer.command)
    assert "It cannot show who made them: the bundle is not signed" in told["none"][0]
    assert "It is signed with key 5f1c5f1c5f1c5f1c as soon as" in told["planned"][0]
    assert "has not checked" in told["present"][0]
    assert told["none"][1] == "govsec verify ."
    assert told["planned"][1] == told["present"][1]
    assert "--require-signature" in told["planned"][1]


def test_what_blocks_and_by_which_rule_have_the_same_numbers() -> None:
    other = cases.clause(id="9.9")
    checks = [
        cases.check(
            VerdictWord.FAIL, gate=f"g{number}", title=f"T{number}", clause=other if number == 1 else cases.clause()
        )
        for number in range(7)
    ]
    _, blocks, rules, *_ = _built(*checks).answers
    assert [line.en[:8] for line in blocks.lines[:2]] == ["1. FAIL:", "2. FAIL:"]
    assert blocks.lines[-1].en == "and 2 more"
    assert [line.en.split(" [")[0] for line in rules.lines] == ["1, 3, 4, 5. 7.2.1(1), 統一基準", "2. 9.9, 統一基準"]


def test_without_anything_that_blocks_the_documents_are_counted() -> None:
    view = _built(cases.check(VerdictWord.PASS), cases.check(VerdictWord.PASS, gate="b"), word=VerdictWord.PASS)
    assert [line.en for line in view.answers[2].lines] == ["統一基準: 2 gates met"]


def test_the_objections_of_the_engine_itself_are_japanese_too() -> None:
    judge = profile.load("us-bod-26-04")
    judged = evaluate.evaluate(cases.evidence(), [judge], now=cases.NOW, stage=Stage.BUILD, engine="e")
    own = next(one for one in build(judged, cases.evidence(), [judge], lang="ja").checks if one.gate == "in-force")
    assert own.title.ja == "プロファイルが効力を有すること"
    assert own.next_step.ja != own.next_step.en


def test_a_table_does_not_repeat_what_stands_beside_it() -> None:
    said = cases.dependency("d", "CVE-1", message="django 3.2.0: CVE-1 SQL injection; fixed in 3.2.25")
    shown = _built(runs=(cases.audit_run(said), cases.bandit_run(cases.static("s")))).results
    assert shown[0].told.en == "django 3.2.0: SQL injection"
    assert shown[1].told.en == "subprocess call with shell=True identified, security issue."
    assert shown[1].told.ja.endswith("(subprocess call with shell=True identified, security issue.)")


def test_that_no_version_mends_it_is_told_in_japanese_too() -> None:
    open_ = cases.dependency("k", "CVE-1", fixed=None, message="django 3.2.0: CVE-1 A title; no fixed version is known")
    judged = cases.verdict(VerdictWord.PASS)
    told = build(judged, cases.evidence(cases.audit_run(open_)), (), lang="ja").results[0].told
    assert told == Text("django 3.2.0: A title; no fixed version is known", "django 3.2.0: A title(修正版なし)")


def test_a_chart_folds_what_is_too_much() -> None:
    from govsec_ci.model import ComponentRef

    results = [
        cases.dependency(str(i), "CVE-1", component=ComponentRef(name=f"p{i}", version="1", purl="")) for i in range(30)
    ]
    chart = _built(runs=(cases.audit_run(*results),)).charts[0]
    assert len(chart.bars) == 12
    assert (chart.bars[-1].label.en, chart.bars[-1].total) == ("all others", 19)
    assert chart.scale == 19


@pytest.mark.parametrize("clause", [("document", "verified"), ("document", "memory"), ("local", "reported")])
def test_a_clause_says_how_sure_it_is(clause: tuple[str, str]) -> None:
    origin, label = clause
    shown = _built(cases.check(VerdictWord.FAIL, clause=cases.clause(origin=origin, label=label))).blocking[0].clause
    assert (origin == "local") == ("our own number" in shown.label_text.en) == (shown.mark.en == "limit set locally")


def test_a_note_of_the_gate_is_told_in_both_languages_and_an_unknown_one_in_english() -> None:
    known = Note(id="at-most-results", values={"n": "0"})
    check = cases.check(VerdictWord.FAIL, limit_note=known, observed="x", observed_note=Note(id="of a later engine"))
    shown = _built(check).blocking[0]
    assert (shown.limit.en, shown.limit.ja) == ("at most 0 results", "0 件以下")
    assert shown.observed.ja == "x"


def test_with_the_shipped_profile_every_text_of_a_gate_is_japanese() -> None:
    judge = profile.load("jp-gov")
    _, proof = cases.failing_parts()
    judged = evaluate.evaluate(proof, [judge], now=cases.NOW, stage=Stage.RELEASE, engine="e")
    view = build(judged, proof, [judge], lang="ja")
    assert view.verdict is VerdictWord.FAIL
    for check in view.checks:
        assert check.title.en != check.title.ja
        assert check.clause.document.en != check.clause.document.ja
    assert view.profiles[0].title.ja == judge.title.ja


def _undecided(*notes: Note, **more: object) -> Check:
    reasons = tuple(render(one) for one in notes)
    return cases.check(VerdictWord.INCOMPLETE, notes=notes, reasons=reasons, **more)


def _blocks(*checks: Check) -> list[Text]:
    return list(build(cases.verdict(VerdictWord.INCOMPLETE, *checks), cases.evidence(), (), lang="en").answers[1].lines)


def test_of_what_could_not_be_decided_the_first_screen_says_why_and_says_it_once() -> None:
    why = note("sbom-missing")
    told = _blocks(_undecided(why, gate="a"), _undecided(why, gate="b"))
    assert told[0].en.endswith("(there is no SBOM to compare with)")
    assert told[0].ja.endswith("(照合すべき SBOM がない)")
    assert told[1].en.endswith("(as above)")
    assert told[1].ja.endswith("(理由は上に同じ)")


def test_a_reason_on_the_first_screen_leaves_room_for_the_other_answers() -> None:
    told = _blocks(_undecided(note("run-said", run="x", text="y" * 500)))
    assert len(told[0].en) < 300
    assert told[0].en.endswith("y…)")


def test_why_comes_before_what_decides_nothing() -> None:
    told = _blocks(_undecided(note("no-baseline"), note("nothing-ran")))
    assert told[0].en.endswith("(no scan ran)")


def test_lacking_data_comes_with_the_command_that_fetches_it() -> None:
    lacking = note("unsure", within=note("why-no-kev-data"), n=1, who="CVE-1")
    judged = cases.verdict(VerdictWord.INCOMPLETE, _undecided(lacking), _undecided(note("sbom-missing"), gate="b"))
    steps = build(judged, cases.evidence(), (), lang="en").steps
    assert "no KEV data was used: fetch all feeds with `govsec advisories sync`" in steps[0].what.en
    assert "`govsec advisories sync` により" in steps[0].what.ja
    assert "advisories sync" not in steps[1].what.en


@pytest.mark.parametrize(
    ("edition", "told"),
    [
        ("版未確認 (edition not confirmed)", Text("(edition not confirmed)", "(版未確認)")),
        ("2025", Text("(2025)", "(2025)")),
        ("版 (第 2 版)", Text("(版 (第 2 版))", "(版 (第 2 版))")),
    ],
)
def test_an_edition_in_two_languages_is_told_in_that_of_the_reader(edition: str, told: Text) -> None:
    line = clause_line(clause_view(cases.clause(edition=edition), None))
    assert told.en in line.en
    assert told.ja in line.ja
    assert line.ja.count("(") == told.ja.count("(") + line.ja.count("7.2.1(1)")
