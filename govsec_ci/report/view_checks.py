"""Checks as a report shows them: with the gate's own words in both languages and their results resolved."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from govsec_ci.gate.schema import AnyGate, Profile
from govsec_ci.gate.schema import Text as ProfileText
from govsec_ci.model import Check, Clause, Note, Verdict, VerdictWord
from govsec_ci.report import labels
from govsec_ci.report.gate_notes import noted
from govsec_ci.report.i18n import EMPTY, Text, both, same
from govsec_ci.report.inert import message, word
from govsec_ci.report.shapes import CheckView, ClauseView, ProfileView, ResultView
from govsec_ci.report.view_results import gate_link

_ASIDE: Final = frozenset(
    {
        "declared", "due-soon", "duty", "feed-ahead", "held-back", "next-upgrade", "no-baseline", "parameter-assumed",
        "run-not-applicable", "scope-without-baseline", "waiver-unused",
    }
)  # fmt: skip
"""Notes that explain how was counted, and decide nothing."""

_DATA: Final = frozenset({"feed-missing", "feed-stale", "no-feeds", "@why-no-kev-data", "@why-no-epss-data"})
"""Notes that say that advisory data is lacking or old."""

_ORDER: Final = {VerdictWord.FAIL: 0, VerdictWord.INCOMPLETE: 1, VerdictWord.PASS: 2}


def all_checks(verdict: Verdict, profiles: Sequence[Profile], results: Sequence[ResultView]) -> tuple[CheckView, ...]:
    """Every check, FAIL first, then INCOMPLETE, otherwise in the profile's order.

    :param results: in the order in which they are to be listed; of those with one fingerprint the first is meant
    """
    known = {profile.id: profile for profile in profiles}
    ranks: dict[str, int] = {}
    for rank, one in enumerate(results):
        ranks.setdefault(one.fingerprint, rank)
    ranks.pop("", None)
    shown = [_check(check, known.get(check.profile), results, ranks, verdict.now) for check in verdict.checks]
    return tuple(sorted(shown, key=lambda view: _ORDER[view.verdict]))


def _check(
    check: Check,
    profile: Profile | None,
    results: Sequence[ResultView],
    ranks: Mapping[str, int],
    now: datetime,
) -> CheckView:
    gate = _gate(profile, check.gate)
    known = [rank for rank in map(ranks.get, check.results) if rank is not None]
    counted = [results[rank] for rank in sorted(known)]
    due = [check.due[key] for key in check.results if key in check.due]
    return CheckView(
        anchor=gate_link(check).anchor,
        gate=word(check.gate),
        profile=word(check.profile),
        kind=word(check.kind),
        title=profile_text(gate.title) if gate else labels.own_gate(check) or same(message(check.title)),
        text=profile_text(gate.text) if gate else same(""),
        verdict=check.verdict,
        blocking=check.mode == "block",
        observed=noted(check.observed_note, check.observed),
        limit=noted(check.limit_note, check.limit),
        clause=clause_view(check.clause, profile),
        results=tuple(counted),
        unresolved=len(check.results) - len(counted),
        offenders=tuple(word(one) for one in check.offenders),
        reasons=_reasons(check),
        next_step=_next_step(check, gate),
        supply=_supply(check),
        due=min(due, default=None),
        overdue=sum(moment < now for moment in due),
    )


def _next_step(check: Check, gate: AnyGate | None) -> Text:
    if check.next_note or not gate:
        return noted(check.next_note, check.next_step)
    return profile_text(gate.next)


def _gate(profile: Profile | None, gate_id: str) -> AnyGate | None:
    return next((gate for gate in profile.gates if gate.id == gate_id), None) if profile else None


def _reasons(check: Check) -> tuple[Text, ...]:
    """What decided first; what a reader must know besides, after that."""
    notes: Sequence[Note | None] = (
        check.notes if len(check.notes) == len(check.reasons) else [None] * len(check.reasons)
    )
    pairs = sorted(zip(notes, check.reasons, strict=True), key=lambda pair: bool(pair[0] and pair[0].id in _ASIDE))
    return tuple(noted(note, reason) for note, reason in pairs)


def _supply(check: Check) -> Text:
    """How what a gate lacks is to be had, where that is a command."""
    lacking = {name for note in check.notes for name in (note.id, note.values.get("why", ""))}
    if check.verdict is not VerdictWord.INCOMPLETE or not lacking & _DATA:
        return EMPTY
    return both(
        "fetch all feeds with `govsec advisories sync` and run without --advisories; without a network, name an "
        "archive of `govsec advisories export`"
    )


def profile_text(text: ProfileText) -> Text:
    """A text of a profile; profiles are the operator's, and still made inert."""
    return Text(message(text.en), message(text.ja))


def clause_view(clause: Clause, profile: Profile | None) -> ClauseView:
    """The clause, with its document's title where the profile knows it."""
    return ClauseView(
        id=word(clause.id),
        document=_document(clause.document, profile),
        edition=word(clause.edition),
        origin=word(clause.origin),
        label=word(clause.label),
        label_text=labels.clause_label(clause),
        mark=labels.clause_mark(clause),
    )


def _document(name: str, profile: Profile | None) -> Text:
    documents = profile.documents if profile else ()
    found = next((one for one in documents if name in {one.id, one.title.en, one.title.ja}), None)
    return profile_text(found.title) if found else same(message(name))


def all_profiles(verdict: Verdict, profiles: Iterable[Profile]) -> tuple[ProfileView, ...]:
    """The profiles that judged."""
    titles = {profile.id: profile_text(profile.title) for profile in profiles}
    return tuple(
        ProfileView(
            id=word(ref.id),
            version=word(ref.version),
            status=word(ref.status),
            sha256=word(ref.sha256),
            title=titles.get(ref.id, same(word(ref.id))),
            banner=labels.status_banner(word(ref.status)),
        )
        for ref in verdict.profiles
    )
