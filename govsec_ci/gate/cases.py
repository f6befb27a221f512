"""A profile's own tests: small evidence → the checks it must lead to. ``govsec profile test FILE`` runs them.

The cases of ``our-agency.toml`` stand beside it in ``our-agency.cases.toml``. Each starts from evidence in which all
that the profile asks for is whole and in order, and says only what is different::

    [[cases]]
    name = "a known-exploited vulnerability blocks"
    stage = "build"                              # commit, build (default) or release
    now = 2026-04-01T00:00:00Z                   # the clock; this is the default
    verdict = "FAIL"                             # what the whole must come to
    checks = { known-exploited = "FAIL" }        # and single gates
    others = "PASS"                              # and all gates not named
    parameters = { exposure = "internal" }
    results = [{ role = "sca", severity = "LOW", kev-days-ago = 3, detected-days-ago = 3 }]
    runs = [{ role = "pipeline", state = "missing" }]     # missing, incomplete, not-applicable
    feeds = { kev = "missing", osv = 9 }                  # or its age in days
    sbom = { missing = ["supplier"] }                     # or present = false, format, spec-version, licence, lacking
    slots = { "定期診断" = 400 }                            # age in days, or "missing"
    signature = "invalid"                                 # valid (default), invalid, none
    tree = "dirty"                                        # clean (default), dirty, unknown
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal

from msgspec import Struct

from govsec_ci.errors import InputError
from govsec_ci.gate import profile as profiles
from govsec_ci.gate import tomlfile
from govsec_ci.gate.evaluate import evaluate
from govsec_ci.gate.kind_sbom import ELEMENT_NAMES, FIELD_NAMES
from govsec_ci.gate.schema import (
    AdvisoriesGate,
    Element,
    EvidenceGate,
    Filter,
    Profile,
    SbomField,
    ScansGate,
    SeverityFrom,
)
from govsec_ci.gate.tomlfile import Lines
from govsec_ci.gate.waivers import attach
from govsec_ci.model import (
    BaselineState,
    ComponentRef,
    Confidence,
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
    Severity,
    Ssvc,
    Stage,
    Subject,
    Suppression,
    SuppressionKind,
    SuppressionStatus,
    Verdict,
    VerdictWord,
    Vulnerability,
    Waiver,
)
from govsec_ci.system.files import read_limited

SUFFIX: Final = ".cases.toml"
NOW: Final = datetime(2026, 4, 1, tzinfo=UTC)
_LIMIT_BYTES = 2_000_000
_COMMIT: Final = "c" * 40
_PURL: Final = "pkg:pypi/example@1.0"
_VULNERABILITY: Final = "CVE-2026-0001"


class _Table(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    pass


class CaseResult(_Table, frozen=True, kw_only=True):
    """One result, or ``count`` alike. Results of the role ``sca`` are vulnerabilities, the others weaknesses in files.

    :param claim: a suppression claim: ``nosec``, ``nosec-blanket``, ``nosec-bare`` (without a reason), ``vex``,
        ``import``, ``out-of-scope``, ``waiver`` (in order for 60 days), ``waiver-ending`` (in 3), ``waiver-expired``
    """

    role: Role = Role.SAST
    rule: str = ""
    severity: Severity = Severity.HIGH
    rated: SeverityFrom = "cvss-3"
    confidence: Confidence = Confidence.HIGH
    count: int = 1
    path: str = "app/main.py"
    detected_days_ago: float | None = None
    published_days_ago: float | None = None
    kev_days_ago: float | None = None
    epss: float | None = None
    exploitation: Literal["none", "poc", "active"] | None = None
    automatable: Literal["yes", "no"] | None = None
    technical_impact: Literal["partial", "total"] | None = None
    fix: str = ""
    fix_days_ago: float | None = None
    malicious: bool = False
    cwe: str = ""
    baseline: BaselineState | None = None
    claim: Literal[
        "", "nosec", "nosec-blanket", "nosec-bare", "vex", "import", "out-of-scope",
        "waiver", "waiver-ending", "waiver-expired",
    ] = ""  # fmt: skip


class CaseRun(_Table, frozen=True, kw_only=True):
    """How the run of a role differs from one that is whole. ``age_days``: since it ended."""

    role: Role
    state: Literal["complete", "incomplete", "missing", "not-applicable"] = "complete"
    proof: str = "nothing of the kind is in the tree"
    age_days: float = 0.0
    commit: Literal["same", "other", "none"] = "same"
    audited: bool = True


class CaseSbom(_Table, frozen=True, kw_only=True):
    """How the SBOM differs from one that is whole; ``lacking``: the fields of BSI TR-03183-2."""

    present: bool = True
    format: str = "CycloneDX"
    spec_version: str = "1.6"
    commit: Literal["same", "other", "none"] = "same"
    missing: tuple[Element, ...] = ()
    lacking: tuple[SbomField, ...] = ()
    licence: str = "MIT"


class Case(_Table, frozen=True, kw_only=True):
    """One case; see the module's text."""

    name: str
    stage: Stage = Stage.BUILD
    now: datetime = NOW
    verdict: VerdictWord | None = None
    checks: Mapping[str, VerdictWord] = {}
    others: VerdictWord | None = None
    parameters: Mapping[str, str] = {}
    results: tuple[CaseResult, ...] = ()
    runs: tuple[CaseRun, ...] = ()
    feeds: Mapping[str, float | Literal["missing"]] = {}
    sbom: CaseSbom = CaseSbom()
    slots: Mapping[str, float | Literal["missing"]] = {}
    signature: Literal["valid", "invalid", "none"] = "valid"
    tree: Literal["clean", "dirty", "unknown"] = "clean"
    baseline: bool = True
    policy_changes: tuple[str, ...] = ()


class _File(_Table, frozen=True, kw_only=True):
    cases: tuple[Case, ...]


class Outcome(Struct, frozen=True, kw_only=True):
    """What a case led to.

    :param wrong: one line for each expectation that does not hold; empty for a case that holds
    :param checks: gate id → its word, for all gates that were asked
    """

    case: str
    wrong: tuple[str, ...]
    verdict: VerdictWord
    checks: Mapping[str, VerdictWord]


def load(path: Path) -> tuple[Case, ...]:
    """The cases of a file.

    :raises InputError: it is missing, holds no case, or anything in it is unknown
    """
    return parse(read_limited(path, limit_bytes=_LIMIT_BYTES), str(path))


def parse(data: bytes, name: str) -> tuple[Case, ...]:
    """As :func:`load`, from bytes; messages call them ``name``."""
    lines = Lines(data, name)
    cases = tomlfile.convert(tomlfile.decode(data, name), _File, lines).cases
    if not cases:
        raise lines.error(("cases",), "there are no cases: nothing would be tested")
    for index, case in enumerate(cases):
        if case.verdict is None and not case.checks and case.others is None:
            raise lines.error(("cases", index), f"case {case.name!r} expects nothing: add verdict, checks or others")
        if case.now.tzinfo is None:
            raise lines.error(("cases", index, "now"), f"case {case.name!r}: the clock has no time zone: add Z")
    return cases


def beside(profile_path: Path) -> Path:
    """Where the cases of a profile's file stand."""
    return profile_path.with_name(profile_path.name.removesuffix(".toml") + SUFFIX)


def shipped(profile_id: str) -> tuple[Case, ...]:
    """The cases that come with a shipped profile."""
    return parse(profiles.shipped_file(profile_id + SUFFIX), profile_id + SUFFIX)


def run(profile: Profile, cases: tuple[Case, ...]) -> tuple[Outcome, ...]:
    """Judge every case.

    :raises InputError: a case names a gate, feed or slot that the profile does not have
    """
    return tuple(_run(profile, case) for case in cases)


def _run(profile: Profile, case: Case) -> Outcome:
    _check_names(profile, case)
    verdict = evaluate(evidence(profile, case), [profile], now=case.now, stage=case.stage, engine="profile test")
    words = {check.gate: check.verdict for check in verdict.checks}
    return Outcome(case=case.name, wrong=tuple(_wrong(case, verdict, words)), verdict=verdict.verdict, checks=words)


def _check_names(profile: Profile, case: Case) -> None:
    asked = tuple(gate.id for gate in profile.gates)
    for kind, given, known in (
        ("gate", case.checks, (*asked, "stage", "in-force")),
        ("feed", case.feeds, _feeds(profile)),
        ("slot", case.slots, _slots(profile)),
        ("parameter", case.parameters, (*profile.parameters, "scope")),
    ):
        for name in given:
            if name not in known:
                raise InputError(
                    f"case {case.name!r}: profile {profile.id} has no {kind} {name!r}",
                    next_step=tomlfile.suggest(name, known),
                )


def _wrong(case: Case, verdict: Verdict, words: Mapping[str, VerdictWord]) -> list[str]:
    found = []
    if case.verdict and verdict.verdict is not case.verdict:
        found.append(f"the verdict is {verdict.verdict.value}, not {case.verdict.value}")
    expected = {gate: case.others for gate in words if case.others} | dict(case.checks)
    for gate, word in expected.items():
        if word and words.get(gate) is not word:
            reasons = "; ".join(reason for own in verdict.checks if own.gate == gate for reason in own.reasons)
            told = words[gate].value if gate in words else f"not asked at {case.stage.value}"
            found.append(f"{gate} is {told}, not {word.value}" + (f" ({reasons})" if reasons else ""))
    return found


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


def _feeds(profile: Profile) -> tuple[str, ...]:
    named = {feed.feed for gate in profile.gates if isinstance(gate, AdvisoriesGate) for feed in gate.feeds}
    # A profile may ask about exploitation without asking how old that data is.
    return tuple(sorted({*named, "osv", "kev"}))


def _slots(profile: Profile) -> tuple[str, ...]:
    return tuple(slot.slot for gate in profile.gates if isinstance(gate, EvidenceGate) for slot in gate.slots)


def _commit(word: str) -> str | None:
    return {"same": _COMMIT, "other": "d" * 40}.get(word)


def _scan(profile: Profile, case: Case, own: CaseRun) -> Run | None:
    if own.state == "missing":
        return None
    states = {"complete": ScanState.COMPLETE, "incomplete": ScanState.INCOMPLETE}
    end = case.now - timedelta(days=own.age_days)
    results = [(number, result) for number, result in enumerate(case.results) if result.role is own.role]
    broken = Notification(id="not-read", level=Level.ERROR, text="app/broken.py: could not be read")
    sca = own.role is Role.SCA
    return Run(
        id=own.role.value,
        tool=own.role.value,
        version="1",
        role=own.role,
        state=states.get(own.state, ScanState.NOT_APPLICABLE),
        proof=own.proof if own.state == "not-applicable" else "",
        rules=tuple(_rule(case, number, result) for number, result in results),
        results=tuple(one for number, result in results for one in _results(case, number, result)),
        notifications=(broken,) if own.state == "incomplete" else (),
        invocation=Invocation(start=end, end=end),
        commit=_commit(own.commit),
        targets=1,
        scope=1,
        advisories=tuple(_fresh(profile, case)) if sca else (),
        audited=(_PURL,) if sca and own.audited else (),
    )


def _fresh(profile: Profile, case: Case) -> list[FeedState]:
    ages = {name: case.feeds.get(name, 0.0) for name in _feeds(profile)}
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
    cwes = (own.cwe,) if own.cwe else ()
    if own.role is not Role.SCA:
        return Rule(id=_name(number, own), cwes=cwes)
    added = _maybe(case, own.kev_days_ago)
    points = (own.exploitation, own.automatable, own.technical_impact)
    return Rule(
        id=_name(number, own),
        cwes=cwes,
        vulnerability=Vulnerability(
            id=_name(number, own),
            severity_source=_SOURCES[own.rated],
            published=_maybe(case, own.published_days_ago),
            kev=Kev(cve=_name(number, own), date_added=added, due_date=added + timedelta(days=21)) if added else None,
            epss=None if own.epss is None else Epss(score=own.epss, percentile=own.epss, date=case.now),
            ssvc=Ssvc(exploitation=points[0], automatable=points[1], technical_impact=points[2])
            if any(points)
            else None,
            malicious=own.malicious,
        ),
    )


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
    ages = {slot: case.slots.get(slot, 1.0) for slot in _slots(profile)}
    return [
        Document(slot=slot, path=f"{slot}.pdf", sha256="0" * 64, date=_ago(case, age))
        for slot, age in ages.items()
        if not isinstance(age, str)
    ]
