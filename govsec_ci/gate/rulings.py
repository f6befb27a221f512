"""Which suppression claims a profile admits. A claim that it does not admit has no effect, and the verdict says why."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from msgspec import Struct, structs

from govsec_ci.gate.context import Cell, Context, Index
from govsec_ci.gate.facts import Truth, at_least, has_fix, in_kev
from govsec_ci.gate.schema import ClaimRuling, Profile
from govsec_ci.gate.texts import note
from govsec_ci.gate.waivers import covers
from govsec_ci.model import (
    Evidence,
    Note,
    Result,
    Run,
    Stage,
    Suppression,
    SuppressionKind,
    SuppressionStatus,
    Waiver,
)

UNJUSTIFIED: Final = frozenset({"why-no-reason", "why-no-ids"})
"""The refusals that say: the claim does not justify itself."""


class Ruling(Struct, frozen=True, kw_only=True):
    """How a result's claims were ruled on.

    :param admitted: True when one has effect; None when that cannot be told
    :param by: the claims that have effect
    :param refused: those that have none, and why
    """

    admitted: Truth
    by: tuple[Suppression, ...] = ()
    refused: tuple[tuple[Suppression, Note], ...] = ()


class Rulings:
    """The profile's rulings, each made once a result."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._waivers = {waiver.id: waiver for waiver in context.evidence.waivers}
        self._made: dict[tuple[int, int], Ruling] = {}

    def of(self, cell: Cell, result: Result) -> Ruling:
        """The ruling on one result's claims."""
        key = (id(cell), id(result))
        made = self._made.get(key)
        if made is None:
            made = self._made[key] = self._rule(cell, result)
        return made

    def _rule(self, cell: Cell, result: Result) -> Ruling:
        ruled = [(claim, self._claim(cell, result, claim)) for claim in result.suppressions]
        admitted = tuple(claim for claim, (truth, _) in ruled if truth)
        unsure = any(truth is None for _, (truth, _) in ruled)
        return Ruling(
            admitted=True if admitted else None if unsure else False,
            by=admitted,
            refused=tuple((claim, why) for claim, (truth, why) in ruled if not truth and why is not None),
        )

    def _claim(self, cell: Cell, result: Result, claim: Suppression) -> tuple[Truth, Note | None]:
        if claim.origin == "waiver":
            return self._waiver_claim(cell, result, claim)
        why = _refusal(claim, self._ruling(claim))
        return why is None, why

    def _ruling(self, claim: Suppression) -> ClaimRuling:
        admits = self._context.profile.suppressions
        known = {"vex": admits.vex, "import": admits.imported, "out-of-scope": admits.out_of_scope}
        if claim.kind is SuppressionKind.IN_SOURCE and claim.origin not in known:
            return admits.in_source
        return known.get(claim.origin, ClaimRuling(accept=False))

    def _waiver_claim(self, cell: Cell, result: Result, claim: Suppression) -> tuple[Truth, Note | None]:
        waiver = self._waivers.get(claim.origin_id)
        if waiver is None:
            return False, note("why-no-waiver")
        if not covers(waiver, result, cell.rule):
            return False, note("why-not-covered")
        unsure: Note | None = None
        for rule in _WAIVER_RULES:
            for truth, why in rule(self._context, waiver, cell, result):
                if truth is False:
                    return False, why
                unsure = unsure or why
        return (None, unsure) if unsure else (True, None)


def _refusal(claim: Suppression, ruling: ClaimRuling) -> Note | None:
    if claim.status is not SuppressionStatus.ACCEPTED:
        return note("why-status", status=claim.status.value)
    if not ruling.accept:
        return note("why-origin")
    if ruling.ids and _is_blanket(claim):
        return note("why-no-ids")
    if ruling.reason and not claim.justification.strip():
        return note("why-no-reason")
    return None


def _is_blanket(claim: Suppression) -> bool:
    """Whether an in-source comment names no test, so that it hides whatever comes up.

    Only ``# nosec`` can: its scanner keeps the test that it names. Others, e.g. zizmor's, always name the rule.
    """
    return claim.origin == "nosec" and not claim.origin_id


Objection = tuple[Truth, Note]
"""False: the waiver has no effect. None: whether it has cannot be told."""


def _standing(context: Context, waiver: Waiver, _cell: Cell, _result: Result) -> Iterator[Objection]:
    rules = context.profile.waivers
    if not rules.accept:
        yield False, note("why-origin")
    if rules.approver and not waiver.approver.strip():
        yield False, note("why-unapproved")
    if rules.approver_not_owner and _person(waiver.approver) == _person(waiver.owner):
        yield False, note("why-self-approved")
    if rules.ticket and not waiver.ticket.strip():
        yield False, note("why-no-ticket")


def _person(name: str) -> str:
    return " ".join(name.split()).casefold()


def _dates(context: Context, waiver: Waiver, _cell: Cell, _result: Result) -> Iterator[Objection]:
    longest = context.profile.waivers.longest_days
    days = (waiver.expires - waiver.created).days
    if context.now < waiver.created:
        yield False, note("why-not-yet", date=waiver.created.date())
    # It holds through the whole of its last day, UTC; that may be the last day that there is (9999-12-31).
    if context.now.astimezone(UTC).date() > waiver.expires.date():
        yield False, note("why-expired", date=waiver.expires.date())
    if longest is not None and days > longest:
        yield False, note("why-too-long", n=days, limit=longest)


def _exploited(context: Context, waiver: Waiver, cell: Cell, _result: Result) -> Iterator[Objection]:
    rules = context.profile.waivers
    if not rules.not_in_kev and "kev" not in rules.reopen_on:
        return
    if in_kev(cell) is None:
        yield None, note("why-no-kev-data")
    kev = cell.rule.vulnerability.kev if cell.rule.vulnerability else None
    if kev is None:
        return
    if rules.not_in_kev:
        yield False, note("why-kev", date=kev.date_added.date())
    # Of the same day, which came first is not known: it counts as later, unless the waiver says that it knew.
    if "kev" in rules.reopen_on and kev.date_added >= waiver.created and "kev" not in waiver.known:
        yield False, note("why-reopened-kev", date=kev.date_added.date())


def _severe(context: Context, _waiver: Waiver, cell: Cell, _result: Result) -> Iterator[Objection]:
    floor = context.profile.waivers.not_from
    truth = False if floor is None else at_least(context.severity(cell), floor)
    if truth is None:
        yield None, note("why-unknown", what="severity")
    elif truth and floor is not None:
        yield False, note("why-severity", severity=floor.value)


def _fixed(context: Context, waiver: Waiver, cell: Cell, result: Result) -> Iterator[Objection]:
    fixed = has_fix(cell) if "fix" in context.profile.waivers.reopen_on else False
    # Who signed with a fix in view said that it changes nothing; else one may have come since, and nobody told.
    if fixed is None and "fix" not in waiver.known:
        yield None, note("why-no-fix-data")
    if not fixed or result.fix is None:
        return
    versions = {version for version in (result.fix.nearest, *result.fix.versions) if version}
    available = result.fix.available
    if waiver.known.get("fix") in versions or (available is not None and available < waiver.created):
        return
    yield False, note("why-reopened-fix", fix=result.fix.nearest or min(versions))


def _likelier(context: Context, waiver: Waiver, cell: Cell, _result: Result) -> Iterator[Objection]:
    limits = [limit for limit in (waiver.reopen_epss, context.profile.waivers.reopen_epss) if limit is not None]
    vulnerability = cell.rule.vulnerability
    if not limits or vulnerability is None:
        return
    if vulnerability.epss is None:
        yield None, note("why-no-epss-data")
    elif vulnerability.epss.score >= min(limits) and not _knew_epss(waiver, min(limits)):
        yield False, note("why-reopened-epss", epss=vulnerability.epss.score, limit=min(limits))


def _knew_epss(waiver: Waiver, limit: float) -> bool:
    """Whether it had crossed the limit already when the waiver was signed: that is no crossing since."""
    return "epss" in waiver.known and float(waiver.known["epss"]) >= limit


_WAIVER_RULES: Final[tuple[Callable[[Context, Waiver, Cell, Result], Iterator[Objection]], ...]] = (
    _standing,
    _dates,
    _exploited,
    _severe,
    _fixed,
    _likelier,
)


def ruled(evidence: Evidence, profiles: Sequence[Profile], *, now: datetime) -> tuple[Run, ...]:
    """The runs as the profiles rule on their claims, for consumers that know no gate (``github.sarif``).

    Where every profile admits a claim, the result stays suppressed. Else its claims no longer say "accepted": they are
    under review where a ruling is not possible, and rejected otherwise.
    """
    index = Index(evidence)
    contexts = [Context(index=index, profile=profile, now=now, stage=Stage.BUILD) for profile in profiles]
    rulings = [Rulings(context) for context in contexts]
    changed: dict[int, Result] = {}
    for cell in index.claimed:
        for result in cell.results:
            truths = [own.of(cell, result).admitted for own in rulings]
            if not all(truths):
                changed[id(result)] = _unaccepted(result, unsure=None in truths and False not in truths)
    return tuple(
        structs.replace(run, results=tuple(changed.get(id(result), result) for result in run.results))
        for run in evidence.runs
    )


def _unaccepted(result: Result, *, unsure: bool) -> Result:
    status = SuppressionStatus.UNDER_REVIEW if unsure else SuppressionStatus.REJECTED
    claims = tuple(
        structs.replace(claim, status=status) if claim.status is SuppressionStatus.ACCEPTED else claim
        for claim in result.suppressions
    )
    return structs.replace(result, suppressions=claims)
