"""``govsec oscal``: a profile or a verdict in OSCAL's models."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Final

from govsec_ci.app import bundle, steps
from govsec_ci.formats import oscal
from govsec_ci.formats.oscal import Control, Item, Source
from govsec_ci.gate import profile as profiles
from govsec_ci.gate.describe import GateRow, describe
from govsec_ci.gate.profile import Profile
from govsec_ci.gate.rulings import ruled
from govsec_ci.model import Result, Run, SuppressionStatus, Verdict, Waiver

# A profile has no date of its own: the first day of its rules, else the epoch, so that the file never changes itself.
_UNDATED: Final = datetime(1970, 1, 1, tzinfo=UTC)


def profile_files(name: str, lang: str) -> dict[str, bytes]:
    """``<id>.catalog.json`` and ``<id>.component-definition.json`` of a profile."""
    profile = profiles.load(name)
    source, own = _source(profile, lang), controls(profile, lang)
    return {
        f"{profile.id}.catalog.json": oscal.catalog(source, own),
        f"{profile.id}.component-definition.json": oscal.component_definition(source, own),
    }


def verdict_files(folder: Path) -> dict[str, bytes]:
    """``assessment-results.json`` of a bundle, and ``poam.json`` where something is waived or overdue."""
    verdict, judges = bundle.read_judged(bundle.require(folder))
    evidence = steps.read_evidence(folder)
    files = {"assessment-results.json": oscal.assessment_results(verdict, bundle.digests(folder))}
    # A waiver is a claim: what it accepts is what the profiles that judged let it accept.
    claims = [_claims(ruled(evidence, [profile], now=verdict.now)) for profile in judges]
    waived = _waived(evidence.waivers, claims, verdict.now)
    plan = oscal.poam(verdict, [*waived, *_overdue(verdict, evidence.runs)])
    return files | ({"poam.json": plan} if plan else {})


def controls(profile: Profile, lang: str) -> list[Control]:
    """The clauses of a profile in the order of its gates, each with every gate that asks for it."""
    rows = {row.id: row for row in describe(profile, lang).gates}
    by_clause: dict[tuple[str, str], list[str]] = {}
    for gate in profile.gates:
        by_clause.setdefault((gate.clause.document, gate.clause.id), []).append(gate.id)
    return [_control(profile, key, [rows[name] for name in names], lang) for key, names in by_clause.items()]


def _control(profile: Profile, key: tuple[str, str], rows: list[GateRow], lang: str) -> Control:
    document = profile.document(key[0])
    clause = profile.gate(rows[0].id).clause
    return Control(
        document=key[0],
        clause=key[1],
        title=f"{document.title.get(lang)} {key[1]}",
        edition=document.edition,
        label=clause.label or document.label,
        origin=clause.origin,
        gates=tuple((row.id, row.title, row.text) for row in rows),
    )


def _source(profile: Profile, lang: str) -> Source:
    first = profile.effective_from
    modified = datetime.combine(first, time(), UTC) if first else _UNDATED
    title, text = profile.title.get(lang), profile.text.get(lang)
    return Source(id=profile.id, version=profile.version, title=title, text=text, modified=modified)


def _claims(runs: tuple[Run, ...]) -> dict[str, set[SuppressionStatus]]:
    """Id of a waiver → what became of it, over the results that it covers."""
    found: dict[str, set[SuppressionStatus]] = {}
    for claim in (claim for run in runs for result in run.results for claim in result.suppressions):
        if claim.origin == "waiver":
            found.setdefault(claim.origin_id, set()).add(claim.status)
    return found


def _waived(
    waivers: tuple[Waiver, ...], claims: Sequence[Mapping[str, set[SuppressionStatus]]], now: datetime
) -> Iterator[Item]:
    for waiver in waivers:
        subject = waiver.vulnerability or waiver.rule or waiver.fingerprint
        yield Item(
            key=f"waiver {waiver.id}",
            title=f"{waiver.id}: {subject} {waiver.component or waiver.path}".strip(),
            description=f"{waiver.reason}\n{waiver.plan}",
            due=waiver.expires,
            owner=waiver.owner,
            status=_state(waiver, {_ruling(of_one.get(waiver.id, set())) for of_one in claims}, now),
        )


def _ruling(claims: set[SuppressionStatus]) -> str:
    """What one profile says of a waiver; one that covers nothing stands as it was signed."""
    if SuppressionStatus.REJECTED in claims:
        return "refused"
    return "undecided" if SuppressionStatus.UNDER_REVIEW in claims else "risk-accepted"


def _state(waiver: Waiver, rulings: set[str], now: datetime) -> str:
    """A draft that nobody has approved, or one that begins later, accepts nothing; nor does one that is refused."""
    if waiver.expires.date() < now.astimezone(UTC).date():
        return "expired"
    if not waiver.approver.strip() or waiver.created > now:
        return "proposed"
    if len(rulings) == 1:
        return rulings.pop()
    return "risk-accepted-in-part" if "risk-accepted" in rulings else "refused"


def _overdue(verdict: Verdict, runs: tuple[Run, ...]) -> Iterator[Item]:
    results = {result.fingerprints.get("govsec/v1", ""): result for run in runs for result in run.results}
    for check in verdict.checks:
        for fingerprint, due in sorted(check.due.items()):
            # The date is the earliest that it could be; overdue in every case is what the check counted.
            status = "overdue" if fingerprint in check.results else "overdue-undecided"
            if fingerprint in results and (status == "overdue" or due < verdict.now):
                gate = f"{check.profile}/{check.gate}"
                yield _overdue_item(gate, fingerprint, due, results[fingerprint], status)


def _overdue_item(gate: str, fingerprint: str, due: datetime, result: Result, status: str) -> Item:
    where = result.locations[0].path if result.locations else ""
    return Item(
        key=f"{gate} {fingerprint}",
        title=f"{result.rule_id} {where}".strip(),
        description=f"{result.message}\n{gate}",
        due=due,
        status=status,
    )
