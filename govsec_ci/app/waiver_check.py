"""What can be said of waivers before any scan: which of them the profiles would never let have effect."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from msgspec import Struct

from govsec_ci.gate.schema import Profile, WaiverRulings
from govsec_ci.gate.texts import note
from govsec_ci.model import Note, Waiver


class Objection(Struct, frozen=True, kw_only=True):
    """Why a waiver has no effect; one that only ``waits`` (a draft, an end that is past) is no mistake."""

    waiver: str
    profile: str
    why: Note
    waits: bool


def objections(waivers: Iterable[Waiver], profiles: Iterable[Profile], now: datetime) -> Iterator[Objection]:
    """Every waiver against the rulings of every profile, at the clock ``now`` (UTC)."""
    judges = tuple(profiles)
    for waiver in waivers:
        for profile in judges:
            for why, waits in (*_mistakes(waiver, profile.waivers), *_waiting(waiver, profile.waivers, now)):
                yield Objection(waiver=waiver.id, profile=profile.id, why=why, waits=waits)


def _mistakes(waiver: Waiver, rules: WaiverRulings) -> Iterator[tuple[Note, bool]]:
    days = (waiver.expires - waiver.created).days
    if not rules.accept:
        yield note("why-origin"), False
    if rules.approver_not_owner and _person(waiver.approver) == _person(waiver.owner):
        yield note("why-self-approved"), False
    if rules.ticket and not waiver.ticket.strip():
        yield note("why-no-ticket"), False
    if rules.longest_days is not None and days > rules.longest_days:
        yield note("why-too-long", n=days, limit=rules.longest_days), False


def _waiting(waiver: Waiver, rules: WaiverRulings, now: datetime) -> Iterator[tuple[Note, bool]]:
    if rules.approver and not waiver.approver.strip():
        yield note("why-unapproved"), True
    if now < waiver.created:
        yield note("why-not-yet", date=waiver.created.date()), True
    if now.astimezone(UTC).date() > waiver.expires.date():
        yield note("why-expired", date=waiver.expires.date()), True


def _person(name: str) -> str:
    return " ".join(name.split()).casefold()
