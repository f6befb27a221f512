"""``govsec explain``, of a gate: its clause, its limit, and who may waive what it counts."""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Final

from govsec_ci.app.explain_words import Section, Words
from govsec_ci.errors import InputError
from govsec_ci.gate import profile as profiles
from govsec_ci.gate.describe import GateRow, describe
from govsec_ci.gate.own import OWN
from govsec_ci.gate.profile import Profile
from govsec_ci.gate.schema import AnyGate, DeadlinesGate, EvidenceGate, ResultsGate
from govsec_ci.gate.texts import note
from govsec_ci.model import Role
from govsec_ci.report.gate_notes import said

_ABOUT_RESULTS: Final = frozenset({"results", "deadlines", "pipeline"})


@cache
def shipped() -> dict[str, Profile]:
    """The profiles that come with us, by their ids."""
    return {name: profiles.load(name) for name in profiles.shipped()}


def gates(words: Words, identifier: str, judged: Sequence[Profile]) -> Iterator[Section]:
    """The gates called ``identifier`` in the profiles of a judged bundle and the shipped ones."""
    owner, _, name = identifier.rpartition("/")
    for profile in _owners(owner, judged):
        for gate in profile.gates:
            if gate.id == name:
                yield _gate(words, profile, gate)


def _owners(owner: str, judged: Sequence[Profile]) -> list[Profile]:
    known = shipped() | {own.id: own for own in judged}
    if not owner:
        return list(known.values())
    if owner in known:
        return [known[owner]]
    try:
        return [profiles.load(owner)] if owner.endswith(".toml") else []
    except InputError:
        return []


def _gate(words: Words, profile: Profile, gate: AnyGate) -> Section:
    row = row_of(profile, gate, words.lang)
    return words.section(
        f"{profile.id}/{gate.id}: {row.title}",
        ("clause", clause_of(words, profile, gate)),
        ("limit", row.limits),
        ("why", [row.text]),
        ("since", list(_since(words, profile, gate, row))),
        ("until", [words.say("days" if isinstance(gate, DeadlinesGate) else "now"), *_warns(words, gate)]),
        ("closes", [row.next, *_fills(words, gate)]),
        ("waives", waives(words, profile, gate)),
    )


def _fills(words: Words, gate: AnyGate) -> list[str]:
    """How a document is handed in: the gates' own texts say which one."""
    return [words.say("fill", slot=slot.slot) for slot in gate.slots] if isinstance(gate, EvidenceGate) else []


def engine(words: Words, identifier: str, judged: Sequence[Profile]) -> Iterator[Section]:
    """What the engine itself may object to, under any profile."""
    owner, _, name = identifier.rpartition("/")
    own = OWN.get(name)
    if own is None or (owner and not _owners(owner, judged)):
        return
    yield words.section(
        f"{identifier}: {own.title.get(words.lang)}",
        ("clause", [words.say("engine")]),
        ("limit", [said(note(own.limit), words.lang)]),
        ("why", [own.text.get(words.lang)]),
        ("since", [words.say("judged")]),
        ("until", [words.say("now")] if own.blocks else [words.say("warns")]),
        ("closes", [own.next.get(words.lang)]),
        ("waives", [words.say("no-one")]),
    )


def row_of(profile: Profile, gate: AnyGate, lang: str) -> GateRow:
    """A gate as a row of its profile's table."""
    return next(row for row in describe(profile, lang).gates if row.id == gate.id)


def clause_of(words: Words, profile: Profile, gate: AnyGate) -> list[str]:
    """Document, edition, clause and label of a gate, as one answer."""
    document = profile.document(gate.clause.document)
    row = row_of(profile, gate, words.lang)
    title, publisher = document.title.get(words.lang), document.publisher.get(words.lang)
    return [f"{title} ({publisher}, {document.edition}) {gate.clause.id} [{row.label}]"]


def _since(words: Words, profile: Profile, gate: AnyGate, row: GateRow) -> Iterator[str]:
    if isinstance(gate, DeadlinesGate):
        yield words.say("clock")
    else:
        yield words.say("judged")
    yield words.say("at", stages=row.stages)
    if profile.effective_from:
        yield words.say("force", date=profile.effective_from)
    if profile.until:
        yield words.say("ended", date=profile.until)


def _warns(words: Words, gate: AnyGate) -> list[str]:
    return [words.say("warns")] if gate.mode == "warn" else []


def waives(words: Words, profile: Profile, gate: AnyGate) -> list[str]:
    """Who may waive what a gate counts, and what else suppresses it."""
    if gate.kind not in _ABOUT_RESULTS:
        return [words.say("evidence-only")]
    return [_waiver(words, profile, gate), *_claims(words, profile, gate)]


def _waiver(words: Words, profile: Profile, gate: AnyGate) -> str:
    rules = profile.waivers
    exploited = bool(getattr(getattr(gate, "filter", None), "kev", None))
    if not rules.accept or (rules.not_in_kev and exploited):
        return words.say("nobody")
    parts = [words.say("owner")]
    parts += [words.say("approver")] if rules.approver else []
    parts += [words.say("other")] if rules.approver_not_owner else []
    parts += [words.say("ticket")] if rules.ticket else []
    parts += [words.say("longest", n=rules.longest_days)] if rules.longest_days is not None else []
    parts += [words.say("no-kev")] if rules.not_in_kev else []
    parts += [words.say("not-from", severity=rules.not_from.value)] if rules.not_from else []
    return words.enumerate(parts)


def _claims(words: Words, profile: Profile, gate: AnyGate) -> Iterator[str]:
    own = profile.suppressions.in_source
    roles = gate.filter.role if isinstance(gate, ResultsGate | DeadlinesGate) else (Role.PIPELINE,)
    # Comments stand in the judged tree; a vulnerability of a component has no line there to comment on.
    if own.accept and set(roles) != {Role.SCA}:
        parts = [words.say("nosec")]
        parts += [words.say("nosec-ids")] if own.ids else []
        parts += [words.say("nosec-reason")] if own.reason else []
        yield words.enumerate(parts)
    if profile.suppressions.vex.accept and (not roles or Role.SCA in roles):
        yield words.say("vex")
