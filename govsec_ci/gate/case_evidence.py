"""A case → evidence in which all that the profile asks for is in order, but for what the case says."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from govsec_ci.gate.case_schema import Case, CaseResult, CaseRun
from govsec_ci.gate.kind_sbom import ELEMENT_NAMES, FIELD_NAMES
from govsec_ci.gate.schema import AdvisoriesGate, EvidenceGate, Filter, Profile, ScansGate, SeverityFrom
from govsec_ci.gate.waivers import attach
from govsec_ci.model import (
    ComponentRef,
    Document,
    Epss,
    Evidence,
    FeedState,
    Fix,
    Invocation,
    Kev,
    Level,
    Location,
    Notification,
    Region,
    Result,
    Role,
    Rule,
    Run,
    Sbom,
    ScanState,
    Ssvc,
    Subject,
    Suppression,
    SuppressionKind,
    SuppressionStatus,
    Vulnerability,
    Waiver,
)

_COMMIT: Final = "c" * 40
_PURL: Final = "pkg:pypi/example@1.0"
_VULNERABILITY: Final = "CVE-2026-0001"
_BROKEN: Final = Notification(id="not-read", level=Level.ERROR, text="app/broken.py: could not be read")
_STATES: Final = {
    "complete": ScanState.COMPLETE,
    "incomplete": ScanState.INCOMPLETE,
    "not-applicable": ScanState.NOT_APPLICABLE,
}


def evidence(profile: Profile, case: Case) -> Evidence:
    """The evidence of a case: everything that the profile asks for, but for what the case says."""
    changed = {own.role: own for own in case.runs}
    roles = {*_roles(profile), *(own.role for own in case.results), *changed, Role.SCA, Role.SBOM}
    runs = [
        _scan(profile, case, changed.get(role, CaseRun(role=role))) for role in sorted(roles, key=lambda r: r.value)
    ]
    waivers = tuple(w for number, own in enumerate(case.results) if (w := _waiver(case, own, number)) is not None)
    dirty = {"clean": False, "dirty": True, "unknown": None}[case.tree]
    return Evidence(
        subject=Subject(name="example", commit=_COMMIT, dirty=dirty),
        runs=attach([own for own in runs if own is not None], waivers),
        sbom=_sbom(case),
        documents=tuple(_documents(profile, case)),
        parameters=case.parameters,
        baseline=case.baseline,
        signature=case.signature,
        policy_changes=case.policy_changes,
        waivers=waivers,
    )


def _roles(profile: Profile) -> set[Role]:
    roles: set[Role] = set()
    for gate in profile.gates:
        wanted = getattr(gate, "filter", Filter()).role
        roles.update(wanted, gate.roles if isinstance(gate, ScansGate) else ())
        roles.update({Role.PIPELINE} if gate.kind == "pipeline" else ())
    return roles


def feeds_of(profile: Profile) -> tuple[str, ...]:
    """The feeds that a case may speak of."""
    named = {feed.feed for gate in profile.gates if isinstance(gate, AdvisoriesGate) for feed in gate.feeds}
    # A profile may ask about exploitation without asking how old that data is.
    return tuple(sorted({*named, "osv", "kev"}))


def slots_of(profile: Profile) -> tuple[str, ...]:
    """The slots of documents that a case may speak of."""
    return tuple(slot.slot for gate in profile.gates if isinstance(gate, EvidenceGate) for slot in gate.slots)


def _commit(word: str) -> str | None:
    return {"same": _COMMIT, "other": "d" * 40}.get(word)


def _scan(profile: Profile, case: Case, own: CaseRun) -> Run | None:
    if own.state == "missing":
        return None
    end = case.now - timedelta(days=own.age_days)
    results = [(number, result) for number, result in enumerate(case.results) if result.role is own.role]
    sca = own.role is Role.SCA
    return Run(
        id=own.role.value,
        tool=own.role.value,
        version="1",
        role=own.role,
        state=_STATES[own.state],
        proof=own.proof if own.state == "not-applicable" else "",
        rules=tuple(_rule(case, number, result) for number, result in results),
        results=tuple(one for number, result in results for one in _results(case, number, result)),
        notifications=(_BROKEN,) if own.state == "incomplete" else (),
        invocation=Invocation(start=end, end=end),
        commit=_commit(own.commit),
        targets=1,
        scope=1,
        advisories=tuple(_fresh(profile, case)) if sca else (),
        audited=(_PURL,) if sca and own.audited else (),
    )


def _fresh(profile: Profile, case: Case) -> list[FeedState]:
    ages = {name: case.feeds.get(name, 0.0) for name in feeds_of(profile)}
    return [
        FeedState(feed=name, as_of=_ago(case, age), sha256="0" * 64, records=1)
        for name, age in ages.items()
        if not isinstance(age, str)
    ]


def _ago(case: Case, days: float) -> datetime:
    return case.now - timedelta(days=days)


_SOURCES: Final[Mapping[SeverityFrom, str]] = {
    "cvss-2": "CVSS:2.0 of an example",
    "cvss-3": "CVSS:3.1 of an example",
    "cvss-4": "CVSS:4.0 of an example",
    "word": "an example",
    "none": "",
}


def _maybe(case: Case, days: float | None) -> datetime | None:
    return None if days is None else _ago(case, days)


def _name(number: int, own: CaseResult) -> str:
    return own.rule or (f"{_VULNERABILITY}{number}" if own.role is Role.SCA else f"R{number}")


def _rule(case: Case, number: int, own: CaseResult) -> Rule:
    about = _vulnerability(case, number, own) if own.role is Role.SCA else None
    return Rule(id=_name(number, own), cwes=(own.cwe,) if own.cwe else (), vulnerability=about)


def _vulnerability(case: Case, number: int, own: CaseResult) -> Vulnerability:
    return Vulnerability(
        id=_name(number, own),
        severity_source=_SOURCES[own.rated],
        published=_maybe(case, own.published_days_ago),
        kev=_kev(case, number, own),
        epss=None if own.epss is None else Epss(score=own.epss, percentile=own.epss, date=case.now),
        ssvc=_ssvc(own),
        malicious=own.malicious,
    )


def _kev(case: Case, number: int, own: CaseResult) -> Kev | None:
    added = _maybe(case, own.kev_days_ago)
    return Kev(cve=_name(number, own), date_added=added, due_date=added + timedelta(days=21)) if added else None


def _ssvc(own: CaseResult) -> Ssvc | None:
    points = (own.exploitation, own.automatable, own.technical_impact)
    if not any(points):
        return None
    return Ssvc(exploitation=points[0], automatable=points[1], technical_impact=points[2])


def _results(case: Case, number: int, own: CaseResult) -> list[Result]:
    sca = own.role is Role.SCA
    available = _maybe(case, own.fix_days_ago)
    fix = Fix(nearest=own.fix, versions=(own.fix,), available=available) if own.fix else Fix()
    return [
        Result(
            rule_id=_name(number, own),
            message="an example",
            severity=own.severity,
            confidence=own.confidence,
            locations=(Location(path="requirements.txt" if sca else own.path, region=Region(start_line=1)),),
            fingerprints={"govsec/v1": f"{own.role.value}-{number}-{copy:04}"},
            suppressions=_claims(own),
            baseline_state=own.baseline,
            first_detected=_maybe(case, own.detected_days_ago),
            component=ComponentRef(name="example", version="1.0", purl=_PURL, direct=True) if sca else None,
            fix=fix if sca else None,
        )
        for copy in range(own.count)
    ]


def _claims(own: CaseResult) -> tuple[Suppression, ...]:
    if not own.claim or own.claim.startswith("waiver"):
        return ()
    in_source = own.claim.startswith("nosec")
    return (
        Suppression(
            kind=SuppressionKind.IN_SOURCE if in_source else SuppressionKind.EXTERNAL,
            status=SuppressionStatus.ACCEPTED,
            justification="" if own.claim == "nosec-bare" else "the input is a constant",
            origin="nosec" if in_source else own.claim,
            origin_id="" if own.claim == "nosec-blanket" else "R0",
        ),
    )


def _waiver(case: Case, own: CaseResult, number: int) -> Waiver | None:
    ends = {"waiver": 60, "waiver-ending": 3, "waiver-expired": -1}
    if own.claim not in ends:
        return None
    day = case.now.replace(hour=0, minute=0, second=0, microsecond=0)
    covers: dict[str, Any] = {"rule": _name(number, own), "path": own.path}
    if own.role is Role.SCA:
        covers = {"vulnerability": _name(number, own), "component": "example", "versions": "==1.0"}
    return Waiver(
        id=f"W-{number}",
        reason="not reachable",
        owner="owner@example.org",
        approver="approver@example.org",
        ticket="T-1",
        created=day - timedelta(days=30),
        expires=day + timedelta(days=ends[own.claim]),
        plan="update with the next release",
        **covers,
    )


def _sbom(case: Case) -> Sbom | None:
    own = case.sbom
    if not own.present:
        return None
    return Sbom(
        format=own.format,
        spec_version=own.spec_version,
        commit=_commit(own.commit),
        timestamp=case.now,
        components=(ComponentRef(name="example", version="1.0", purl=_PURL),),
        missing={ELEMENT_NAMES[element]: (_PURL,) for element in own.missing},
        fields={FIELD_NAMES[field]: (_PURL,) for field in own.lacking},
        licences={_PURL: own.licence},
    )


def _documents(profile: Profile, case: Case) -> list[Document]:
    ages = {slot: case.slots.get(slot, 1.0) for slot in slots_of(profile)}
    return [
        Document(slot=slot, path=f"{slot}.pdf", sha256="0" * 64, date=_ago(case, age))
        for slot, age in ages.items()
        if not isinstance(age, str)
    ]
