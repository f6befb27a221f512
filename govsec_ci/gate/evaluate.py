"""Evidence + profiles + clock → verdict. Pure: the same input gives the same verdict, byte for byte."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from govsec_ci.errors import InputError, UsageError
from govsec_ci.gate.context import SCOPE, WEAKNESSES, Cell, Context, Finding, Index, deciding, sorted_runs, worst
from govsec_ci.gate.filters import Group, weaknesses
from govsec_ci.gate.kinds import KINDS
from govsec_ci.gate.own import OWN
from govsec_ci.gate.profile import reference
from govsec_ci.gate.rulings import Rulings
from govsec_ci.gate.schema import AnyGate, Profile
from govsec_ci.gate.texts import note, render
from govsec_ci.gate.tomlfile import suggest
from govsec_ci.model import (
    REQUIRED,
    Check,
    Clause,
    Evidence,
    FeedState,
    Note,
    Role,
    Run,
    RunSummary,
    ScanState,
    Severity,
    Stage,
    Verdict,
    VerdictWord,
)

_OWN_NEXT = {
    "stage": "next-other-profile",
    "in-force": "next-other-profile",
    "parameters": "next-parameters",
    "required": "next-examine",
    "planned": "next-examine",
}
_COUNTING = frozenset({"results", "deadlines", "pipeline"})
"""Kinds whose own ``next`` says how to mend results: no help where it is not known whether there are any."""
LOCAL: Final = Clause(id="govsec", document="govsec_ci", origin="local", label="local")


def evaluate(evidence: Evidence, profiles: Sequence[Profile], *, now: datetime, stage: Stage, engine: str) -> Verdict:
    """Judge the evidence by every profile; the verdict is the worst of their deciding checks.

    :param now: the clock of the decision (UTC); :param engine: who decides, e.g. ``govsec_ci 0.1.0``
    :raises UsageError: no profile, or the same one twice
    :raises InputError: a declared parameter has a value that a profile does not know
    """
    ordered = sorted(profiles, key=lambda profile: profile.id)
    if not ordered or len({profile.id for profile in ordered}) < len(ordered):
        raise UsageError("no profile to judge by, or the same profile twice", next_step="name each profile once")
    index = Index(evidence)
    contexts = [Context(index=index, profile=profile, now=now, stage=stage) for profile in ordered]
    rulings = [Rulings(context) for context in contexts]
    own = (c for pair in zip(contexts, rulings, strict=True) for c in _checks(*pair))
    checks = (*_unknown_parameters(contexts), *_required(contexts[0]), *_planned(contexts[0]), *own)
    return Verdict(
        verdict=worst(check.verdict for check in deciding(checks)),
        now=now,
        stage=stage,
        engine=engine,
        subject=evidence.subject,
        profiles=tuple(reference(profile) for profile in ordered),
        checks=checks,
        runs=tuple(_summary(run) for run in sorted_runs(evidence.runs)),
        advisories=_advisories(index),
        counts={**_counts(index, rulings), **_gap(checks)},
    )


def check_parameters(declared: Mapping[str, str], profiles: Sequence[Profile]) -> None:
    """Refuse a parameter that no profile knows: a misspelt one would quietly leave its default in force.

    :param profiles: those that judge, and whichever others the project may declare parameters for
    :raises InputError: the first that is unknown, with the name that was probably meant
    """
    known = (SCOPE, *sorted({name for profile in profiles for name in profile.parameters}))
    for name in sorted(declared):
        if name not in known:
            raise InputError(f"parameter {name!r}: no profile knows it", next_step=suggest(name, known))


def _unknown_parameters(contexts: Sequence[Context]) -> Iterator[Check]:
    """A warning for parameters that no judging profile knows; they may be meant for another, or be misspelt."""
    known = {SCOPE, *(name for context in contexts for name in context.profile.parameters)}
    for name in sorted(set(contexts[0].evidence.parameters) - known):
        yield _own(contexts[0], "parameters", note("parameter-unknown", parameter=name))


def _required(context: Context) -> Iterator[Check]:
    """An incomplete run that the operator asked for: also where no gate asks for its role, it is not passed over."""
    for run in sorted_runs(context.evidence.runs):
        if run.state is ScanState.INCOMPLETE and run.properties.get(REQUIRED):
            yield _own(context, "required", note("run-incomplete", run=run.id))


def _planned(context: Context) -> Iterator[Check]:
    """A scan that was planned and left no run: also where no gate asks for its role, nobody knows what it saw."""
    ran = {run.id for run in context.evidence.runs}
    for lost in sorted(context.evidence.expected.keys() - ran):
        yield _own(context, "planned", note("run-lost", run=lost))


def _checks(context: Context, rulings: Rulings) -> Iterator[Check]:
    asked = [gate for gate in context.profile.gates if _is_asked(context, gate)]
    yield from _in_force(context)
    if not any(_mode(context, gate) == "block" for gate in asked):
        yield _vacuous(context)
    for gate in asked:
        yield _check(context, gate, KINDS[gate.kind](context, rulings, gate))


def _is_asked(context: Context, gate: AnyGate) -> bool:
    return context.stage in gate.stages and all(context.parameter(name) in gate.when[name] for name in gate.when)


def _mode(context: Context, gate: AnyGate) -> str:
    return "warn" if context.stage in gate.warn_at else gate.mode


def _check(context: Context, gate: AnyGate, finding: Finding) -> Check:
    document = context.profile.document(gate.clause.document)
    clause = Clause(
        id=gate.clause.id,
        document=document.id,
        edition=document.edition,
        origin=gate.clause.origin,
        label=gate.clause.label or document.label,
    )
    notes = (*finding.notes, *_assumed(context, gate))
    undecided = finding.verdict is VerdictWord.INCOMPLETE and gate.kind in _COUNTING
    next_note = finding.next or note("next-examine") if undecided else None
    next_step = render(next_note) if next_note else gate.next.en
    return Check(
        gate=gate.id,
        profile=context.profile.id,
        kind=gate.kind,
        title=gate.title.en,
        verdict=finding.verdict,
        observed=render(finding.observed),
        limit=render(finding.limit),
        clause=clause,
        mode=_mode(context, gate),
        results=finding.results,
        offenders=finding.offenders,
        reasons=tuple(render(said) for said in notes),
        next_step="" if finding.verdict is VerdictWord.PASS else next_step,
        notes=notes,
        observed_note=finding.observed,
        limit_note=finding.limit,
        next_note=next_note,
        due=finding.due,
    )


def _assumed(context: Context, gate: AnyGate) -> list[Note]:
    """Parameters on which the gate hangs and that the project has not declared."""
    undeclared = [name for name in sorted(parameters_of(gate)) if name not in context.evidence.parameters]
    return [
        note("parameter-assumed", parameter=name, value=context.parameter(name))
        for name in undeclared
        if context.profile.parameters[name].default is None
    ]


def parameters_of(gate: AnyGate) -> set[str]:
    """The choice parameters that a gate or the rows of its table ask for."""
    rows = getattr(gate, "rows", ())
    return {*gate.when, *(name for row in rows for name in row.when.parameters)}


def _in_force(context: Context) -> Iterator[Check]:
    profile = context.profile
    if profile.effective_from and context.now < _midnight(profile.effective_from):
        yield _own(context, "in-force", note("not-yet-in-force", profile=profile.id, date=profile.effective_from))
    if profile.until and context.now >= _midnight(profile.until) + timedelta(days=1):
        yield _own(context, "in-force", note("no-longer-in-force", profile=profile.id, date=profile.until))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _vacuous(context: Context) -> Check:
    said = note("no-gate-at-stage", profile=context.profile.id, stage=context.stage.value)
    return _own(context, "stage", said)


def _own(context: Context, gate: str, said: Note) -> Check:
    """A check that no profile names: what the engine itself has to object."""
    own, then = OWN[gate], note(_OWN_NEXT[gate])
    observed, limit = note(own.observed), note(own.limit)
    return Check(
        gate=gate,
        profile=context.profile.id,
        kind="profile",
        title=own.title.en,
        verdict=VerdictWord.INCOMPLETE,
        observed=render(observed),
        limit=render(limit),
        clause=LOCAL,
        mode="block" if own.blocks else "warn",
        reasons=(render(said),),
        next_step=render(then),
        notes=(said,),
        observed_note=observed,
        limit_note=limit,
        next_note=then,
    )


def _summary(run: Run) -> RunSummary:
    return RunSummary(
        id=run.id,
        tool=run.tool,
        version=run.version,
        role=run.role,
        state=run.state,
        complete=run.state is ScanState.COMPLETE,
        targets=run.targets,
        scope=run.scope,
        results=len(run.results),
        notifications=tuple(notification.text for notification in run.notifications),
    )


def _advisories(index: Index) -> tuple[FeedState, ...]:
    states = {(s.feed, s.as_of, s.sha256): s for own in index.feeds.values() for s in own}
    return tuple(states[key] for key in sorted(states))


def _counts(index: Index, rulings: Sequence[Rulings]) -> Mapping[str, int]:
    """Open weaknesses by severity; those that no profile counts are ``suppressed``."""
    open_: dict[Severity, list[Group]] = {severity: [] for severity in Severity}
    suppressed: list[Group] = []
    for cell in index.cells:
        if cell.kind in WEAKNESSES:
            hidden, rest = _split(cell, rulings)
            suppressed.append(hidden)
            open_[cell.severity].append(rest)
    counts = {severity.value: weaknesses(found) for severity, found in open_.items()}
    sbom = index.evidence.sbom
    audited = {purl for run in index.roles(Role.SCA) for purl in run.audited}
    return {
        **counts,
        "suppressed": weaknesses(suppressed),
        "total": sum(counts.values()) + weaknesses(suppressed),
        "components": len(sbom.components) if sbom else 0,
        "audited": len(audited),
    }


def _gap(checks: Sequence[Check]) -> Mapping[str, int]:
    """How far the actual state is from the required one (DS-211): deciding gates asked, and those that are met."""
    asked = deciding(checks)
    return {"gates": len(asked), "gates_met": sum(check.verdict is VerdictWord.PASS for check in asked)}


def _split(cell: Cell, rulings: Sequence[Rulings]) -> tuple[Group, Group]:
    """The results that every profile takes as suppressed, and the others."""
    if not cell.claimed:
        return Group(cell=cell, results=[], keys=[]), Group(cell=cell, results=cell.results, keys=cell.keys)
    hidden = [result for result in cell.results if all(own.of(cell, result).admitted for own in rulings)]
    names = {id(result) for result in hidden}
    rest = [result for result in cell.results if id(result) not in names]
    return Group(cell=cell, results=hidden, keys=[]), Group(cell=cell, results=rest, keys=[])
