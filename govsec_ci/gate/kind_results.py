"""Gates over results: ``results`` and ``pipeline``."""

from collections.abc import Iterable
from typing import Final

from govsec_ci.gate.context import SCOPE, Context, Finding, gaps, key_of
from govsec_ci.gate.filters import Group, Selection, select, weaknesses
from govsec_ci.gate.rulings import Ruling, Rulings
from govsec_ci.gate.schema import Filter, PipelineGate, ResultsGate
from govsec_ci.gate.texts import few, note
from govsec_ci.model import Note, Result, Role, Suppression, VerdictWord

TOPICS: Final = {
    "unpinned-actions": ("*unpinned-uses", "*unpinned-images"),
    "permissions": ("*excessive-permissions",),
    "any": ("*",),
}
"""Topic of a pipeline gate → the rule ids that speak of it, whichever tool's they are; a new tool adds its own here."""


def results(context: Context, rulings: Rulings, gate: ResultsGate) -> Finding:
    """At most ``limit`` results match. Over it is FAIL, whatever was not examined; else every gap is INCOMPLETE."""
    selection = select(context, rulings, gate.filter, ratchet=gate.ratchet)
    found = gaps(context, gate.filter.role, tools=gate.filter.tool)
    limit = context.number(gate.limit)
    blind = gate.filter.older_than_days is not None and not context.evidence.baseline
    return Finding(
        verdict=judge_count(selection, limit, found),
        observed=note("results", n=selection.count),
        limit=note("at-most-results", n=limit),
        results=selection.keys,
        notes=(
            *found,
            *([note("no-baseline")] if blind else []),
            *told(context, selection, ratchet=gate.ratchet),
        ),
    )


def pipeline(context: Context, rulings: Rulings, gate: PipelineGate) -> Finding:
    """As ``results``, over the rules of a topic in runs of the role ``pipeline``."""
    wanted = wanted_of(gate)
    selection = select(context, rulings, wanted)
    notes = gaps(context, wanted.role)
    return Finding(
        verdict=judge_count(selection, gate.limit, notes),
        observed=note("results", n=selection.count),
        limit=note("at-most-results", n=gate.limit),
        results=selection.keys,
        notes=(*notes, *told(context, selection, ratchet=False)),
    )


def wanted_of(gate: ResultsGate | PipelineGate) -> Filter:
    """The results that the gate is about."""
    if isinstance(gate, ResultsGate):
        return gate.filter
    return Filter(role=(Role.PIPELINE,), rule=TOPICS[gate.topic], severity=gate.severity)


def judge_count(selection: Selection, limit: int, gaps_found: list[Note]) -> VerdictWord:
    """FAIL when the certain results exceed the limit; INCOMPLETE when anything is uncertain; else PASS."""
    if selection.count > limit:
        return VerdictWord.FAIL
    return VerdictWord.INCOMPLETE if gaps_found or selection.unsure else VerdictWord.PASS


def told(context: Context, selection: Selection, *, ratchet: bool) -> list[Note]:
    """What a reader must know of how the results were counted."""
    notes = [note("unsure", within=why, n=weaknesses(groups), who=named(groups)) for why, groups in _unsure(selection)]
    if selection.held:
        dates = [group.cell.sample.first_detected for group in selection.held]
        oldest = min((date for date in dates if date), default=None)
        notes.append(note("held-back", n=weaknesses(selection.held), date=oldest.date() if oldest else "?"))
    if ratchet and context.evidence.parameters.get(SCOPE) == "new" and not context.evidence.baseline:
        notes.append(note("scope-without-baseline"))
    return notes + refusals(selection.refused)


def _unsure(selection: Selection) -> list[tuple[Note, list[Group]]]:
    found: dict[tuple[str, tuple[tuple[str, str], ...]], tuple[Note, list[Group]]] = {}
    for group, why in selection.unsure:
        found.setdefault((why.id, tuple(sorted(why.values.items()))), (why, []))[1].append(group)
    return [own for _, own in sorted(found.items(), key=lambda item: item[0])]


def named(groups: Iterable[Group]) -> str:
    """The first few of the rules and vulnerabilities that the results are of."""
    return few(sorted({group.cell.sample.rule_id for group in groups}))


def refusals(refused: list[tuple[Result, Ruling]]) -> list[Note]:
    """Each claim without effect, and why, by result; of results with one name each reason once."""
    notes: dict[tuple[str, str, str, str, tuple[tuple[str, str], ...]], Note] = {}
    for result, ruling in refused:
        said = "claim-unsure" if ruling.admitted is None else "claim-refused"
        for claim, why in ruling.refused:
            key, name = key_of(result), claim_name(claim)
            notes[key, name, said, why.id, tuple(sorted(why.values.items()))] = note(
                said, within=why, key=key, claim=name
            )
    return [notes[key] for key in sorted(notes)]


def claim_name(claim: Suppression) -> str:
    """What a claim is called in messages: its origin, and its id where it has one."""
    return f"{claim.origin} {claim.origin_id}".strip()
