"""Gates over records and claims: ``suppressions``, ``evidence``, ``signature``."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

from govsec_ci.evidence.marks import CHANGED, CLAIMS, SINCE, UNTOLD, claim_key
from govsec_ci.gate.context import Context, Finding, key_of, sorted_runs
from govsec_ci.gate.facts import Truth
from govsec_ci.gate.kind_results import claim_name, refusals
from govsec_ci.gate.rulings import UNJUSTIFIED, Ruling, Rulings
from govsec_ci.gate.schema import EvidenceGate, Slot, SuppressionsGate
from govsec_ci.gate.texts import few, note
from govsec_ci.model import BaselineState, Note, Result, Run, ScanState, Suppression, VerdictWord

SLOT: Final = "slot"
"""The run property that says which life-cycle slot an imported scan fills."""

_SHA256: Final = re.compile(r"[0-9a-f]{64}")


class _Claims(Struct, kw_only=True):
    """Every suppression claim of the evidence, as the profile rules on it.

    :param added: results that the change has suppressed; :param untold: suppressed ones of which nobody can tell
    """

    unjustified: list[tuple[Result, Ruling]] = []
    inadmissible: list[tuple[Result, Ruling]] = []
    unsure: list[tuple[Result, Ruling]] = []
    added: list[tuple[Result, Ruling]] = []
    untold: list[tuple[Result, Ruling]] = []
    used: set[str] = set()


def suppressions(context: Context, rulings: Rulings, gate: SuppressionsGate) -> Finding:
    """Each count that the gate limits is judged; claims on which no ruling is possible are INCOMPLETE."""
    claims = _claims(context, rulings)
    expiring = _expiring(context, claims, gate.expiring_within_days)
    changed = context.evidence.policy_changes
    counts = {
        "unjustified": (_number(claims.unjustified, justified=False), gate.unjustified),
        "inadmissible": (_number(claims.inadmissible, justified=True), gate.inadmissible),
        "expiring": (len(expiring), gate.expiring),
        "added": (len(claims.added) + len(changed), gate.added),
    }
    judged = {name: (count, limit) for name, (count, limit) in counts.items() if limit is not None}
    over = [name for name, (count, limit) in judged.items() if count > limit]
    blind = _blind(context, claims) if gate.added is not None else []
    unsure = bool(claims.unsure or blind)
    return Finding(
        verdict=VerdictWord.FAIL if over else VerdictWord.INCOMPLETE if unsure else VerdictWord.PASS,
        observed=note("claims", claims=", ".join(f"{name}: {count}" for name, (count, _) in judged.items())),
        limit=note("claims", claims=", ".join(f"{name} ≤ {limit}" for name, (_, limit) in judged.items())),
        results=tuple(sorted({key_of(result) for name in over for result, _ in getattr(claims, name, ())})),
        notes=(
            *refusals([*claims.unjustified, *claims.inadmissible, *claims.unsure]),
            *blind,
            *_added(claims, changed if gate.added is not None else ()),
            *expiring,
            *_unused(context, claims),
        ),
    )


def _claims(context: Context, rulings: Rulings) -> _Claims:
    claims = _Claims()
    for cell in context.index.cells:
        for result in cell.results if cell.claimed else ():
            _sort_in(claims, result, rulings.of(cell, result), baseline=context.evidence.baseline)
    return claims


def _sort_in(claims: _Claims, result: Result, ruling: Ruling, *, baseline: bool) -> None:
    claims.used |= {claim.origin_id for claim in result.suppressions if claim.origin == "waiver"}
    whys = {why.id for _, why in ruling.refused}
    if whys & UNJUSTIFIED:
        claims.unjustified.append((result, ruling))
    if ruling.admitted is None:
        claims.unsure.append((result, ruling))
    # A claim that says of itself that it is not accepted claims nothing.
    elif whys - UNJUSTIFIED - {"why-status"}:
        claims.inadmissible.append((result, ruling))
    added = _is_added(result, ruling, baseline=baseline) if ruling.admitted else False
    if added is not False:
        (claims.untold if added is None else claims.added).append((result, ruling))


def _is_new(result: Result) -> bool:
    return result.baseline_state is BaselineState.NEW or result.properties.get(SINCE) == CHANGED


def _is_added(result: Result, ruling: Ruling, *, baseline: bool) -> Truth:
    """Whether the change has suppressed the result: by itself, or as one that was there before."""
    if _is_new(result):
        return True
    if SINCE in result.properties:
        return False
    if not baseline or result.baseline_state is None or result.properties.get(CLAIMS) == UNTOLD:
        return None
    return bool(_since_baseline(result, ruling))


def _since_baseline(result: Result, ruling: Ruling) -> list[Suppression]:
    """The claims with effect that a known result has had since the baseline only."""
    added = result.properties.get(CLAIMS, "").split()
    return [claim for claim in ruling.by if claim_key(claim) in added]


def _number(ruled: list[tuple[Result, Ruling]], *, justified: bool) -> int:
    """How many claims, not results: one result may carry several."""
    return sum((why.id not in UNJUSTIFIED) == justified for _, ruling in ruled for _, why in ruling.refused)


def _blind(context: Context, claims: _Claims) -> list[Note]:
    """Why of some claim with effect nobody can tell whether the change has added it."""
    if not claims.untold:
        return []
    if not context.evidence.baseline:
        return [note("no-baseline")]
    who = few(sorted(key_of(result) for result, _ in claims.untold))
    return [note("claims-untold", n=len(claims.untold), who=who)]


def _expiring(context: Context, claims: _Claims, days: int) -> list[Note]:
    soon = context.now + timedelta(days=days)
    waivers = [w for w in context.evidence.waivers if w.id in claims.used and w.created <= context.now]
    return [
        note("waiver-expiring", waiver=waiver.id, date=waiver.expires.date())
        for waiver in sorted(waivers, key=lambda waiver: waiver.id)
        if context.now - timedelta(days=1) < waiver.expires <= soon
    ]


def _added(claims: _Claims, changed: tuple[str, ...]) -> list[Note]:
    told = {
        ("claim-added" if _is_new(result) else "claim-added-since", key_of(result), claim_name(claim))
        for result, ruling in claims.added
        for claim in (ruling.by if _is_new(result) else _since_baseline(result, ruling))
    }
    added = [note(text, key=key, claim=claim) for text, key, claim in sorted(told)]
    return added + [note("policy-changed", path=path) for path in sorted(changed)]


def _unused(context: Context, claims: _Claims) -> list[Note]:
    unused = sorted(waiver.id for waiver in context.evidence.waivers if waiver.id not in claims.used)
    return [note("waiver-unused", waiver=waiver) for waiver in unused]


def evidence(context: Context, _rulings: Rulings, gate: EvidenceGate) -> Finding:
    """Every slot is filled; an empty slot, or a record too old or without a hash, is INCOMPLETE: it is not shown."""
    by_slot = {slot.slot: _slot(context, slot) for slot in gate.slots}
    found = [gap for own in by_slot.values() for gap in own]
    return Finding(
        verdict=VerdictWord.INCOMPLETE if found else VerdictWord.PASS,
        observed=note("slots", n=sum(not own for own in by_slot.values()), all=len(by_slot)),
        limit=note("slots-wanted", slots=", ".join(by_slot)),
        offenders=tuple(slot for slot, own in by_slot.items() if own),
        notes=tuple(found),
    )


def _slot(context: Context, slot: Slot) -> list[Note]:
    """Why nothing fills the slot: the fewest objections that any of its records meets."""
    objections = list(_records(context, slot))
    return min(objections, key=len) if objections else [note("slot-empty", slot=slot.slot)]


def _records(context: Context, slot: Slot) -> Iterator[list[Note]]:
    documents = [document for document in context.evidence.documents if document.slot == slot.slot]
    for document in sorted(documents, key=lambda document: document.date, reverse=True):
        hashed = [] if _SHA256.fullmatch(document.sha256) else [note("slot-unhashed", slot=slot.slot)]
        yield hashed + _dated(context, slot, document.date)
    for run in sorted_runs(context.evidence.runs):
        if run.properties.get(SLOT) == slot.slot:
            yield _run(slot, run) + _dated(context, slot, run.invocation.end)


def _run(slot: Slot, run: Run) -> list[Note]:
    return [] if run.state is ScanState.COMPLETE else [note("slot-incomplete", slot=slot.slot)]


def _dated(context: Context, slot: Slot, date: datetime | None) -> list[Note]:
    if date is None:
        return [note("slot-undated", slot=slot.slot)]
    if date > context.now:
        return [note("slot-future", slot=slot.slot, date=date.date())]
    days = None if slot.max_age_days is None else context.number(slot.max_age_days)
    if days is None or (context.now.date() - date.date()).days <= days:
        return []
    return [note("slot-old", slot=slot.slot, date=date.date(), n=days)]


def signature(context: Context, _rulings: Rulings, _gate: object) -> Finding:
    """``valid`` is PASS, ``invalid`` FAIL, anything else INCOMPLETE."""
    state = context.evidence.signature
    words = {"valid": VerdictWord.PASS, "invalid": VerdictWord.FAIL}
    known = state if state in words else "none"
    return Finding(
        verdict=words.get(state, VerdictWord.INCOMPLETE),
        observed=note(f"signature-{known}"),
        limit=note("signature-wanted"),
    )
