"""The view model: :func:`build` computes everything that a report shows, once, from the verdict and its evidence."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from govsec_ci.gate.gap import Gap, gap
from govsec_ci.gate.kind_sbom import ELEMENT_NAMES
from govsec_ci.gate.plan import plan
from govsec_ci.gate.schema import Profile
from govsec_ci.model import (
    BaselineState,
    Evidence,
    FeedState,
    Level,
    Notification,
    Run,
    Sbom,
    ScanState,
    Severity,
    Stage,
    Verdict,
    VerdictWord,
)
from govsec_ci.report import labels, notices
from govsec_ci.report.gate_notes import ELEMENTS
from govsec_ci.report.i18n import Text, both, both_n, japanese, same
from govsec_ci.report.inert import message, word
from govsec_ci.report.shapes import (
    CheckView,
    FeedView,
    FileView,
    GapView,
    NoteView,
    ResultView,
    RunView,
    SbomView,
    SigningView,
    TraceView,
    View,
)
from govsec_ci.report.view_answers import answers
from govsec_ci.report.view_charts import charts
from govsec_ci.report.view_checks import all_checks, all_profiles, profile_text
from govsec_ci.report.view_policy import policy_changes
from govsec_ci.report.view_results import all_results, all_suppressed, severity_rank, standing
from govsec_ci.report.view_rulings import ruled
from govsec_ci.report.view_steps import steps, upgrades

__all__ = ["View", "build"]

UNSIGNED: Final = SigningView()

_EVIDENCE_FILES: Final = {
    "results": ("results.sarif",),
    "deadlines": ("results.sarif",),
    "scans": ("results.sarif",),
    "coverage": ("results.sarif", "sbom.cdx.json"),
    "sbom": ("sbom.cdx.json",),
    "licenses": ("sbom.cdx.json",),
    "advisories": ("verdict.json", "manifest.json"),
}


def build(
    verdict: Verdict,
    evidence: Evidence,
    profiles: Sequence[Profile],
    *,
    lang: str,
    files: Mapping[str, str] | None = None,
    signing: SigningView = UNSIGNED,
) -> View:
    """Everything that a report shows.

    :param profiles: those that judged, for their texts; one that is missing costs only the texts
    :param lang: ``en`` or ``ja``: the language of one-language formats, and the first one of ``report.html``
    :param files: files of the evidence bundle → lower-case hex sha256, as far as they are written by now
    :param signing: what is known of the bundle's own signature by now
    """
    scored = [gap(verdict, one) for one in profiles if any(own.id == one.id for own in verdict.profiles)]
    rulings = ruled(verdict, evidence, profiles)
    everything = all_results(evidence, standing(verdict.checks), rulings)
    checks = all_checks(verdict, profiles, everything)
    blocking = tuple(one for one in checks if one.blocking and one.verdict is not VerdictWord.PASS)
    results = tuple(one for one in everything if not one.suppressed and one.state is not BaselineState.ABSENT)
    runs = tuple(_run(run) for run in evidence.runs)
    rows = upgrades(plan(verdict, evidence.runs), results)
    todo = steps(blocking, runs, rows, results, verdict.now)
    passed = tuple(one for one in checks if one.verdict is VerdictWord.PASS)
    later = _asked_later(verdict.stage, profiles)
    return View(
        lang=lang,
        verdict=verdict.verdict,
        sentence=_sentence(verdict, blocking, later),
        answers=answers(verdict.verdict, blocking, passed, todo, later=later, signing=signing),
        subject=word(verdict.subject.name),
        subject_version=word(verdict.subject.version),
        commit=word(verdict.subject.commit or ""),
        dirty=verdict.subject.dirty,
        stage=verdict.stage,
        now=verdict.now,
        engine=word(verdict.engine),
        profiles=all_profiles(verdict, profiles),
        feeds=tuple(_feed(feed, verdict) for feed in verdict.advisories),
        blocking=blocking,
        warnings=tuple(one for one in checks if not one.blocking and one.verdict is not VerdictWord.PASS),
        passed=passed,
        results=results,
        suppressed=all_suppressed(evidence, everything, rulings),
        runs=runs,
        upgrades=rows,
        steps=todo,
        trace=tuple(_trace(check) for check in checks),
        charts=charts(results, checks, _weights(scored), verdict.now, baseline=evidence.baseline),
        sbom=_sbom(evidence.sbom),
        files=tuple(FileView(name=word(name), sha256=word(digest)) for name, digest in sorted((files or {}).items())),
        counts=verdict.counts,
        severities=_severities(verdict, results),
        new=sum(one.state is BaselineState.NEW for one in results) if evidence.baseline else None,
        absent=sum(one.state is BaselineState.ABSENT for one in everything),
        first_due=min((one.due for one in results if one.due and one.gates), default=None),
        signature=word(evidence.signature),
        signing=signing,
        gaps=tuple(_gap(one, profiles) for one in scored),
        policy_changes=policy_changes(evidence),
    )


def signing_state(*, planned: str | None = None, present: str | None = None) -> SigningView:
    """What is known of the bundle's signature: the id of the key that is to sign it, or of the one that has."""
    if planned:
        return SigningView(state="planned", key=word(planned))
    return SigningView() if present is None else SigningView(state="present", key=word(present or "?"))


def _weights(scored: Iterable[Gap]) -> dict[tuple[str, str], int]:
    return {(word(one.profile), word(part.gate)): part.weight for one in scored for part in one.parts}


def _gap(one: Gap, profiles: Sequence[Profile]) -> GapView:
    return GapView(
        profile=word(one.profile),
        title=next(profile_text(profile.title) for profile in profiles if profile.id == one.profile),
        score=round(100 * one.score, 1),
        weight_met=one.weight_met,
        weight=one.weight,
        gates_met=sum(part.met for part in one.parts),
        gates=len(one.parts),
    )


def _asked_later(stage: Stage, profiles: Sequence[Profile]) -> int:
    """How many gates the release stage asks and this one does not: a PASS here says nothing of them."""
    gates = (gate for profile in profiles for gate in profile.gates)
    return sum(Stage.RELEASE in gate.stages and stage not in gate.stages for gate in gates)


def _sentence(verdict: Verdict, blocking: Sequence[CheckView], later: int) -> Text:
    failed = sum(one.verdict is VerdictWord.FAIL for one in blocking)
    unknown = len(blocking) - failed
    if verdict.verdict is VerdictWord.PASS:
        return _passed(labels.stage(verdict.stage), later)
    if verdict.verdict is VerdictWord.INCOMPLETE:
        return both_n(
            "Do not release yet: {n} gate could not be decided, because something was not checked.",
            "Do not release yet: {n} gates could not be decided, because something was not checked.",
            unknown,
        )
    return _failed(failed, unknown)


def _passed(stage: Text, later: int) -> Text:
    if not later:
        return both("You may release: every gate asked at stage {stage} is met.", stage=stage)
    return both_n(
        "Every gate asked at stage {stage} is met; the release stage asks {n} more.",
        "Every gate asked at stage {stage} is met; the release stage asks {n} more.",
        later,
        stage=stage,
    )


def _failed(failed: int, unknown: int) -> Text:
    if not unknown:
        return both_n("Do not release: {n} gate is violated.", "Do not release: {n} gates are violated.", failed)
    return both_n(
        "Do not release: {n} gate is violated, and {unknown} could not be decided.",
        "Do not release: {n} gates are violated, and {unknown} could not be decided.",
        failed,
        unknown=unknown,
    )


def _feed(feed: FeedState, verdict: Verdict) -> FeedView:
    return FeedView(
        feed=word(feed.feed),
        as_of=feed.as_of,
        age_days=(verdict.now - feed.as_of).days,
        records=feed.records,
        sha256=word(feed.sha256),
    )


def _run(run: Run) -> RunView:
    problems = tuple(_note(one) for one in run.notifications if one.level is Level.ERROR)
    return RunView(
        id=word(run.id),
        tool=word(run.tool),
        version=word(run.version),
        role=run.role.value,
        # A run that says it is complete and carries an error is not believed.
        state=ScanState.INCOMPLETE.value if problems else run.state.value,
        state_text=labels.state(ScanState.INCOMPLETE if problems else run.state),
        proof=notices.plain(message(run.proof)),
        targets=run.targets,
        scope=run.scope,
        results=len(run.results),
        problems=problems,
        notes=tuple(_note(one) for one in run.notifications if one.level is not Level.ERROR),
    )


def _note(notification: Notification) -> NoteView:
    location = notification.location
    line = location.region.start_line if location and location.region else None
    place = word(location.path) + (f":{line}" if line else "") if location else ""
    text = message(notification.text)
    # Most texts name their file themselves.
    whole = text if not location or word(location.path) in text else f"{place}: {text}"
    return NoteView(
        id=word(notification.id),
        level=notification.level.value,
        text=text,
        place=place,
        said=notices.said(notification.id, whole),
        next_step=notices.plain(message(notification.next_step)),
    )


def _trace(check: CheckView) -> TraceView:
    return TraceView(clause=check.clause, check=check, evidence=_EVIDENCE_FILES.get(check.kind, ("verdict.json",)))


def _sbom(sbom: Sbom | None) -> SbomView | None:
    if sbom is None:
        return None
    return SbomView(
        format=word(sbom.format),
        spec_version=word(sbom.spec_version),
        components=len(sbom.components),
        missing=tuple((_element(element), len(purls)) for element, purls in sorted(sbom.missing.items()) if purls),
    )


def _element(name: str) -> Text:
    """A minimum element as the SBOM's reader calls it, in both languages where it is one of the known ones."""
    known = next((ELEMENTS[own] for own, named in ELEMENT_NAMES.items() if named == name), None)
    return Text(word(name), japanese(known)) if known else same(word(name))


def _severities(verdict: Verdict, results: Sequence[ResultView]) -> Mapping[str, int]:
    """Open weaknesses as the verdict counts them: one that two tools found is one."""
    counted = Counter(one.severity for one in results)
    counted.update({name: verdict.counts[name] - counted[name] for name in counted if name in verdict.counts})
    names = sorted((one.value for one in Severity), key=severity_rank, reverse=True)
    return {name: counted[name] for name in names if counted[name]}
