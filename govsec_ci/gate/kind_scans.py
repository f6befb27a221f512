"""Gates over what was examined, by which data: ``scans``, ``coverage``, ``advisories``."""

from datetime import UTC, datetime, timedelta

from govsec_ci.gate.context import Context, Finding, gaps
from govsec_ci.gate.kind_deadlines import months_after
from govsec_ci.gate.rulings import Rulings
from govsec_ci.gate.schema import AdvisoriesGate, CoverageGate, Feed, ScansGate
from govsec_ci.gate.texts import few, note
from govsec_ci.model import CLOCKS_DIFFER, FeedState, Note, Role, Run, ScanState, VerdictWord


def _word(gaps_found: list[Note]) -> VerdictWord:
    return VerdictWord.INCOMPLETE if gaps_found else VerdictWord.PASS


def scans(context: Context, _rulings: Rulings, gate: ScansGate) -> Finding:
    """Every role has a run, each whole (or not applicable, with proof), on this commit, and not too old."""
    by_role = {role: _role(context, gate, role) for role in gate.roles}
    found = [gap for own in by_role.values() for gap in own] + _tree(context, gate)
    proofs = [
        note("run-not-applicable", run=run.id, proof=run.proof)
        for role in gate.roles
        for run in context.index.roles(role)
        if run.state is ScanState.NOT_APPLICABLE and run.proof.strip()
    ]
    return Finding(
        verdict=_word(found),
        observed=note("roles-whole", n=sum(not own for own in by_role.values()), all=len(gate.roles)),
        limit=note("roles", roles=", ".join(role.value for role in gate.roles)),
        offenders=tuple(role.value for role, own in by_role.items() if own),
        notes=(*found, *proofs),
    )


def _role(context: Context, gate: ScansGate, role: Role) -> list[Note]:
    found = gaps(context, (role,), must_apply=gate.must_apply)
    for run in context.index.roles(role):
        if run.state is not ScanState.NOT_APPLICABLE:
            found += _commit(context, run) if gate.same_commit else []
            found += [] if gate.max_age_days is None else _age(context, run, context.number(gate.max_age_days))
            found += [] if gate.max_age_months is None else _months(context, run, context.number(gate.max_age_months))
    return found


def _commit(context: Context, run: Run) -> list[Note]:
    subject = context.evidence.subject.commit
    if subject is None or run.commit == subject:
        return []
    if run.commit is None:
        return [note("run-no-commit", run=run.id)]
    return [note("run-other-commit", run=run.id, commit=run.commit, subject=subject)]


def _seen(context: Context, run: Run) -> datetime | Note:
    """As of when the run knows what it examined; a note where that cannot be told.

    That is its end. One that was still at work at the moment of the decision, as the scans of ``govsec run`` are, knows
    of what was there when it began. What began after that moment is of the future, and nobody can say how old it is.
    """
    latest = context.now + CLOCKS_DIFFER
    begun, ended = run.invocation.start, run.invocation.end
    if ended is None:
        return note("run-undated", run=run.id)
    seen = ended if ended <= latest else begun
    if seen is None or seen > latest:
        return note("run-future", run=run.id, date=_told(seen or ended), now=_told(context.now))
    return seen


def _told(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _age(context: Context, run: Run, days: int) -> list[Note]:
    seen = _seen(context, run)
    if isinstance(seen, Note):
        return [seen]
    if context.now - seen <= timedelta(days=days):
        return []
    return [note("run-too-old", run=run.id, date=seen.astimezone(UTC).date(), n=days)]


def _months(context: Context, run: Run, months: int) -> list[Note]:
    seen = _seen(context, run)
    if isinstance(seen, Note):
        return [seen]
    day = seen.astimezone(UTC).date()
    last = months_after(day, months)
    if context.now.astimezone(UTC).date() <= last:
        return []
    return [note("run-too-old", run=run.id, date=day, n=(last - day).days)]


def _tree(context: Context, gate: ScansGate) -> list[Note]:
    if not gate.clean_tree or context.evidence.subject.dirty is False:
        return []
    return [note("tree-unknown" if context.evidence.subject.dirty is None else "tree-dirty")]


def coverage(context: Context, _rulings: Rulings, gate: CoverageGate) -> Finding:
    """So many percent of the SBOM's components were looked up in advisory data, or are declared."""
    runs = context.index.roles(Role.SCA)
    found = gaps(context, (Role.SCA,))
    looked_up = {purl for run in runs for purl in run.audited}
    declared = {purl for run in runs for purl in run.declared}
    components = {component.purl for component in context.evidence.sbom.components} if context.evidence.sbom else set()
    missing = sorted(components - looked_up - declared)
    percent = 100 * (len(components) - len(missing)) // len(components) if components else 100
    found += _nothing_covered(context, runs, components=len(components))
    told = [note("not-audited", n=len(missing), who=few(missing))] if missing else []
    told += [note("declared", n=len(own), who=few(own))] if (own := sorted(components & declared)) else []
    return Finding(
        verdict=_word(found) if percent >= gate.percent else VerdictWord.INCOMPLETE,
        observed=note("percent", percent=percent, n=len(components) - len(missing), all=len(components)),
        limit=note("at-least-percent", percent=gate.percent),
        offenders=tuple(missing),
        notes=(*found, *told),
    )


def _nothing_covered(context: Context, runs: tuple[Run, ...], *, components: int) -> list[Note]:
    if context.evidence.sbom is None:
        return [note("sbom-missing")]
    # A project without dependencies has nothing to look up, if the audit agrees.
    scope = sum(run.scope for run in runs)
    if not components and scope:
        return [note("no-components", scope=scope)]
    return []


def advisories(context: Context, _rulings: Rulings, gate: AdvisoriesGate) -> Finding:
    """Every feed was used, and none is too old; newer than the clock is told, and counts as fresh."""
    by_feed = {feed.feed: _feed(context, gate, feed) for feed in gate.feeds}
    used = [state for feed in gate.feeds for state in context.index.feeds.get(feed.feed, ())[:1]]
    needless = _not_applicable(context)
    found = [] if needless else [gap for own in by_feed.values() for gap in own]
    told = ", ".join(f"{state.feed} {state.as_of:%Y-%m-%d}" for state in used)
    return Finding(
        verdict=_word(found),
        observed=note("feeds", feeds=told) if used else note("no-feeds"),
        limit=note("feed-limits", feeds=", ".join(f"{feed.feed} ≤ {_span(context, feed)}" for feed in gate.feeds)),
        offenders=() if needless else tuple(name for name, own in by_feed.items() if own),
        notes=(*found, *_ahead(context, used), *needless),
    )


def _not_applicable(context: Context) -> list[Note]:
    """Where every audit proves that there is nothing to audit, no feed is needed."""
    runs = context.index.roles(Role.SCA)
    if not runs or not all(run.state is ScanState.NOT_APPLICABLE and run.proof.strip() for run in runs):
        return []
    return [note("run-not-applicable", run=run.id, proof=run.proof) for run in runs]


def _feed(context: Context, gate: AdvisoriesGate, feed: Feed) -> list[Note]:
    states = context.index.feeds.get(feed.feed, ())
    if not states:
        return [] if feed.if_used else [note("feed-missing", feed=feed.feed)]
    oldest = states[0]
    moment = context.now if gate.relative_to == "now" else _scan_began(context, feed.feed)
    if moment is None:
        return [note("scan-undated", feed=feed.feed)]
    if moment - oldest.as_of <= _limit(context, feed):
        return []
    return [note("feed-stale", feed=feed.feed, date=oldest.as_of.date(), limit=_span(context, feed))]


def _scan_began(context: Context, feed: str) -> datetime | None:
    """The latest beginning of a scan that used the feed; None where one does not tell."""
    began = [run.invocation.start for run in context.evidence.runs if any(own.feed == feed for own in run.advisories)]
    known = [start for start in began if start is not None]
    return max(known) if known and len(known) == len(began) else None


def _ahead(context: Context, used: list[FeedState]) -> list[Note]:
    return [note("feed-ahead", feed=state.feed, date=state.as_of.date()) for state in used if state.as_of > context.now]


def _limit(context: Context, feed: Feed) -> timedelta:
    if feed.max_age_days is not None:
        return timedelta(days=context.number(feed.max_age_days))
    return timedelta(hours=context.number(feed.max_age_hours or 0))


def _span(context: Context, feed: Feed) -> str:
    if feed.max_age_days is not None:
        return f"{context.number(feed.max_age_days)} d"
    return f"{context.number(feed.max_age_hours or 0)} h"
