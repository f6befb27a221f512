"""Which suppression claims hold, by the gate's own rulings: a report never decides that for itself."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from msgspec import Struct

from govsec_ci.gate.context import Cell, Context, Index, key_of
from govsec_ci.gate.rulings import Rulings
from govsec_ci.gate.schema import Profile
from govsec_ci.model import Evidence, Note, Result, Suppression, SuppressionStatus, Verdict
from govsec_ci.report import labels
from govsec_ci.report.gate_notes import noted
from govsec_ci.report.i18n import Text, both


class Claim(Struct, frozen=True):
    """One claim, ruled on: whether it holds, and what it comes to."""

    holds: bool
    effect: Text


class Ruled(Struct, frozen=True):
    """Every claim of the evidence, by (name of the result, claim); ``suppressed`` names results that do not count."""

    claims: Mapping[tuple[str, Suppression], Claim]
    suppressed: frozenset[str]


NOTHING: Final = Ruled({}, frozenset())


def ruled(verdict: Verdict, evidence: Evidence, profiles: Sequence[Profile]) -> Ruled:
    """The rulings of every profile: a claim holds when all of them admit it.

    Without profiles (an old bundle) the claims' own status is all there is to go by.
    """
    if not any(result.suppressions for run in evidence.runs for result in run.results):
        return NOTHING
    if not profiles:
        return _by_status(evidence)
    index = Index(evidence)
    contexts = [Context(index=index, profile=one, now=verdict.now, stage=verdict.stage) for one in profiles]
    judges = [Rulings(context) for context in contexts]
    claims: dict[tuple[str, Suppression], Claim] = {}
    suppressed = set()
    for cell, result in _claimed(index):
        made = [judge.of(cell, result) for judge in judges]
        refused = {claim: why for one in made for claim, why in one.refused}
        claims.update({(key_of(result), claim): _claim(refused.get(claim)) for claim in result.suppressions})
        if all(one.admitted for one in made):
            suppressed.add(key_of(result))
    return Ruled(claims, frozenset(suppressed))


def _claim(refused: Note | None) -> Claim:
    if refused is None:
        return Claim(holds=True, effect=both("does not count"))
    return Claim(holds=False, effect=both("counts: {why}", why=noted(refused, "")))


def _claimed(index: Index) -> Iterator[tuple[Cell, Result]]:
    return ((cell, result) for cell in index.claimed for result in cell.results)


def _by_status(evidence: Evidence) -> Ruled:
    claims = {
        (key_of(result), claim): Claim(claim.status is SuppressionStatus.ACCEPTED, labels.effect(claim.status))
        for run in evidence.runs
        for result in run.results
        for claim in result.suppressions
    }
    return Ruled(claims, frozenset(key for (key, _), claim in claims.items() if claim.holds))
