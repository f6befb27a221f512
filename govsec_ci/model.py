"""The frozen types that every room shares: no I/O, no wire keys.

Words are those of SARIF 2.1.0 (run, result, rule, level, location, suppression, notification, baselineState),
CycloneDX (component, vulnerability) and OSV (advisory). Times are timezone-aware UTC datetimes. Paths are POSIX,
relative to the judged tree's root; bytes that are not UTF-8 are held by ``surrogateescape``.

Of results there may be a hundred thousand: with ``gc=False`` the garbage collector leaves them alone, for frozen values
make no cycles.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import Enum
from typing import Annotated
from urllib.parse import quote

from msgspec import Meta, Struct

REQUIRED = "required"
"""Key of ``Run.properties`` (value ``yes``): the operator asks for this run, whatever roles the gates ask for."""

CLOCKS_DIFFER = timedelta(minutes=5)
"""So far apart the clocks of two machines may be before what one of them has dated counts as of the future."""


Moment = Annotated[datetime, Meta(tz=True)]
"""A time with its zone, demanded of every file that is read: one without could be compared with none that has one."""


class Severity(Enum):
    """A qualitative severity (CVSS v3.1 section 5 / v4.0 section 6). UNKNOWN is not the lowest: profiles rule on it."""

    CRITICAL = "CRITICAL"
    HIGH = "HIGH"
    MEDIUM = "MEDIUM"
    LOW = "LOW"
    NONE = "NONE"
    UNKNOWN = "UNKNOWN"

    @property
    def rank(self) -> int:
        """4 (CRITICAL) to 0 (NONE); UNKNOWN has none and is -1, which no comparison may use."""
        # Asked a hundred thousand times: a name is hashed in C, a member is not.
        return _SEVERITY_RANK[self._name_]


_SEVERITY_RANK = {"CRITICAL": 4, "HIGH": 3, "MEDIUM": 2, "LOW": 1, "NONE": 0, "UNKNOWN": -1}


class Confidence(Enum):
    """How sure a tool is of a result; an axis apart from severity."""

    HIGH = "HIGH"
    MEDIUM = "MEDIUM"
    LOW = "LOW"
    UNKNOWN = "UNKNOWN"


class Level(Enum):
    """SARIF 2.1.0 section 3.27.10 (result) and 3.58.6 (notification)."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"
    NONE = "none"


def level_of(severity: Severity) -> Level:
    """The level at which a vulnerability of this severity is shown; ours: neither CVSS nor SARIF relates the two."""
    return _LEVEL_OF_SEVERITY[severity]


_LEVEL_OF_SEVERITY = {
    Severity.CRITICAL: Level.ERROR,
    Severity.HIGH: Level.ERROR,
    Severity.MEDIUM: Level.WARNING,
    Severity.LOW: Level.NOTE,
    Severity.NONE: Level.NOTE,
    Severity.UNKNOWN: Level.WARNING,
}


class Kind(Enum):
    """SARIF 2.1.0 section 3.27.9: only ``fail`` results (and ``open``, ``review``) are weaknesses."""

    FAIL = "fail"
    PASS = "pass"  # noqa: S105 — SARIF's own word
    OPEN = "open"
    REVIEW = "review"
    INFORMATIONAL = "informational"
    NOT_APPLICABLE = "notApplicable"


class BaselineState(Enum):
    """SARIF 2.1.0 section 3.27.24."""

    NEW = "new"
    UNCHANGED = "unchanged"
    UPDATED = "updated"
    ABSENT = "absent"


class SuppressionKind(Enum):
    """SARIF 2.1.0 section 3.35.2."""

    IN_SOURCE = "inSource"
    EXTERNAL = "external"


class SuppressionStatus(Enum):
    """SARIF 2.1.0 section 3.35.3; only ``accepted`` suppresses."""

    ACCEPTED = "accepted"
    UNDER_REVIEW = "underReview"
    REJECTED = "rejected"


class Role(Enum):
    """What kind of examination a run is; gates ask for roles, never for tools."""

    SAST = "sast"
    SCA = "sca"
    SBOM = "sbom"
    PIPELINE = "pipeline"
    DAST = "dast"
    SECRETS = "secrets"
    IAC = "iac"
    CONTAINER = "container"
    OTHER = "other"


class ScanState(Enum):
    """How a scan ended. NOT_APPLICABLE must be proved by :attr:`Run.proof`."""

    COMPLETE = "complete"
    INCOMPLETE = "incomplete"
    NOT_APPLICABLE = "notApplicable"


class Stage(Enum):
    """When the gate is asked (DS-202: local, build, delivery)."""

    COMMIT = "commit"
    BUILD = "build"
    RELEASE = "release"


class VerdictWord(Enum):
    """The answer of a check and of the whole; FAIL outranks INCOMPLETE outranks PASS."""

    PASS = "PASS"  # noqa: S105 — a verdict
    INCOMPLETE = "INCOMPLETE"
    FAIL = "FAIL"


class Region(Struct, frozen=True, gc=False):
    """A span of text. Lines and columns are 1-based; columns count UTF-16 code units; ``end_column`` is exclusive."""

    start_line: int
    start_column: int | None = None
    end_line: int | None = None
    end_column: int | None = None
    snippet: str | None = None


class Location(Struct, frozen=True, gc=False):
    """A place in the judged tree: a POSIX path relative to its root, and a region where known."""

    path: str
    region: Region | None = None


class Suppression(Struct, frozen=True, kw_only=True, gc=False):
    """A *claim* that a result does not count. Whether it is admissible is the gate's ruling.

    :param origin: ``nosec``, ``waiver``, ``vex``, ``import`` or ``out-of-scope``
    :param origin_id: the waiver's or VEX statement's id, or empty
    """

    kind: SuppressionKind
    status: SuppressionStatus
    justification: str
    origin: str
    origin_id: str = ""
    location: Location | None = None


class Notification(Struct, frozen=True, kw_only=True):
    """Something about the scan itself (SARIF 2.1.0 section 3.58).

    :param id: stable kebab-case identifier, e.g. ``file-not-parsed``
    :param level: ERROR makes the run incomplete; WARNING and NOTE inform
    :param text: what happened, and to which file
    :param next_step: what to do about it, or empty
    :param properties: strings for programs (e.g. ``component`` for a skipped dependency)
    """

    id: str
    level: Level
    text: str
    location: Location | None = None
    next_step: str = ""
    properties: Mapping[str, str] = {}


class Cvss(Struct, frozen=True, kw_only=True):
    """One CVSS vector with its base score. ``version`` is ``2.0``, ``3.0``, ``3.1`` or ``4.0``; score 0.0 to 10.0."""

    version: str
    vector: str
    score: float
    source: str


class Epss(Struct, frozen=True, kw_only=True):
    """EPSS probability and percentile (both 0 to 1), the day they were scored, and the model."""

    score: float
    percentile: float
    date: Moment
    model: str = ""


class Kev(Struct, frozen=True, kw_only=True):
    """An entry of CISA's Known Exploited Vulnerabilities catalog."""

    cve: str
    date_added: Moment
    due_date: Moment
    ransomware: bool | None = None


class Ssvc(Struct, frozen=True, kw_only=True):
    """CISA's SSVC decision points (Vulnrichment), lower case; ``None`` where not given.

    exploitation: none, poc or active; automatable: yes or no; technical_impact: partial or total.

    :param source: the CVE whose record gave them; several, with ", " between, where records of aliases were joined
    """

    exploitation: str | None = None
    automatable: str | None = None
    technical_impact: str | None = None
    date: Moment | None = None
    source: str = ""


class Vulnerability(Struct, frozen=True, kw_only=True):
    """One vulnerability: a group of advisories that are aliases of one another.

    :param id: the preferred id (CVE, then GHSA, then PYSEC, then others; the lowest of its kind)
    :param aliases: every other id, sorted
    :param advisories: the ids of the OSV records it was made of, sorted
    :param severity_source: where the severity comes from, e.g. ``CVSS:3.1 of GHSA-…``; empty for UNKNOWN
    """

    id: str
    aliases: tuple[str, ...] = ()
    advisories: tuple[str, ...] = ()
    summary: str = ""
    severity: Severity = Severity.UNKNOWN
    severity_source: str = ""
    cvss: tuple[Cvss, ...] = ()
    published: Moment | None = None
    modified: Moment | None = None
    epss: Epss | None = None
    kev: Kev | None = None
    ssvc: Ssvc | None = None
    cwes: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    malicious: bool = False


class Rule(Struct, frozen=True, kw_only=True):
    """What a result is an instance of (SARIF reportingDescriptor, section 3.49).

    :param security_severity: ``"0.1"`` to ``"10.0"`` as GitHub reads it, or ``None`` where unknown
    :param cwes: ``CWE-78`` style identifiers
    :param vulnerability: for dependency results: one rule a vulnerability
    """

    id: str
    name: str = ""
    short: str = ""
    full: str = ""
    help: str = ""
    help_uri: str = ""
    level: Level = Level.WARNING
    security_severity: str | None = None
    precision: str | None = None
    cwes: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    vulnerability: Vulnerability | None = None


class ComponentRef(Struct, frozen=True, kw_only=True, gc=False):
    """Which component a result is about. ``name`` is normalised (PEP 503); ``purl`` is a package URL."""

    name: str
    version: str
    purl: str
    direct: bool | None = None


class Fix(Struct, frozen=True, kw_only=True, gc=False):
    """The versions that mend a vulnerability for one component; ``nearest`` is the least above the installed one.

    :param available: when the first of them was published. OSV, KEV, EPSS and Vulnrichment hold no such dates, so with
        them it is always None, and a gate that counts from it goes by its fallback or cannot be decided
    """

    nearest: str | None = None
    versions: tuple[str, ...] = ()
    available: Moment | None = None


class Result(Struct, frozen=True, gc=False):
    """One weakness (SARIF 2.1.0 section 3.27).

    :param locations: ``locations[0]`` is the primary one; never empty for results of our own scanners
    :param fingerprints: versioned keys, e.g. ``govsec/v1`` and ``primaryLocationLineHash``
    :param correlation: shared by results that are the same weakness, or empty
    :param first_detected: carried from the baseline
    """

    rule_id: str
    message: str
    level: Level = Level.WARNING
    kind: Kind = Kind.FAIL
    severity: Severity = Severity.UNKNOWN
    confidence: Confidence = Confidence.UNKNOWN
    locations: tuple[Location, ...] = ()
    suppressions: tuple[Suppression, ...] = ()
    fingerprints: Mapping[str, str] = {}
    correlation: str = ""
    baseline_state: BaselineState | None = None
    first_detected: datetime | None = None
    component: ComponentRef | None = None
    fix: Fix | None = None
    properties: Mapping[str, str] = {}


class Artifact(Struct, frozen=True, kw_only=True, gc=False):
    """A file that a run looked at: path in the judged tree, sha256 in lower-case hex, length in bytes."""

    path: str
    sha256: str
    length: int = 0


class Invocation(Struct, frozen=True, kw_only=True):
    """One execution of a tool (SARIF section 3.20). ``arguments`` hold no path outside the judged tree."""

    start: datetime | None = None
    end: datetime | None = None
    arguments: tuple[str, ...] = ()
    exit_code: int | None = None


class FeedState(Struct, frozen=True, kw_only=True):
    """One advisory feed as it was used: its own date (or its newest record's), digest and number of records."""

    feed: str
    as_of: Moment
    sha256: str
    records: int
    source: str = ""


class Run(Struct, frozen=True, kw_only=True):
    """One tool's scan, also when it found nothing: the proof that it ran.

    :param id: short name used in ``automationDetails.id`` (``govsec/<id>/``) and in file names
    :param state: COMPLETE only when everything it should have looked at was looked at
    :param proof: for NOT_APPLICABLE, why nothing had to be looked at
    :param targets: how many files or components it looked at
    :param scope: how many it should have looked at
    :param commit: the commit it looked at, when the tree is a git checkout
    :param advisories: for SCA runs, the feeds used
    :param audited: for SCA runs, purls of the components that were looked up
    :param declared: for SCA runs, purls of those that the trusted configuration says are audited otherwise
    """

    id: str
    tool: str
    version: str
    role: Role
    state: ScanState
    proof: str = ""
    tool_uri: str = ""
    rules: tuple[Rule, ...] = ()
    results: tuple[Result, ...] = ()
    notifications: tuple[Notification, ...] = ()
    invocation: Invocation = Invocation()
    artifacts: tuple[Artifact, ...] = ()
    targets: int = 0
    scope: int = 0
    commit: str | None = None
    advisories: tuple[FeedState, ...] = ()
    audited: tuple[str, ...] = ()
    declared: tuple[str, ...] = ()
    properties: Mapping[str, str] = {}


class Subject(Struct, frozen=True, kw_only=True):
    """What is judged: its name, version and commit; ``dirty`` is None where there is no git checkout."""

    name: str
    version: str = ""
    commit: str | None = None
    dirty: bool | None = None


class Distribution(Struct, frozen=True, kw_only=True):
    """A file of a release as a lock names it.

    :param url: where it is fetched from, without user name and password
    :param hashes: algorithm (``sha256``) → hex digest
    """

    url: str
    hashes: Mapping[str, str] = {}


class Component(Struct, frozen=True, kw_only=True):
    """A dependency as a manifest declares it.

    :param name: normalised (PEP 503)
    :param version: the exact version, or None where the manifest does not pin one
    :param location: the manifest line that declares it
    :param hashes: algorithm (``sha256``) → tuple of hex digests, all files of the release together
    :param index: URL of the package index it comes from, or empty for the public one
    :param source: ``index``, ``vcs``, ``path``, ``url`` or ``private-index``; all but ``index`` are not auditable
    :param marker: environment marker, or empty
    :param direct: whether the project itself asks for it; None where the format does not tell
    :param depends_on: normalised names it needs, where the format holds the graph; None where it does not
    :param url: where the distribution was said to come from, or empty
    :param files: the release's files, where the format gives every one its URL
    """

    name: str
    version: str | None
    location: Location
    hashes: Mapping[str, tuple[str, ...]] = {}
    index: str = ""
    source: str = "index"
    marker: str = ""
    extras: tuple[str, ...] = ()
    direct: bool | None = None
    depends_on: tuple[str, ...] | None = None
    url: str = ""
    licence: str = ""
    supplier: str = ""
    authors: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    files: tuple[Distribution, ...] = ()

    @property
    def purl(self) -> str:
        """Package URL of type pypi (purl-spec): no qualifiers, name normalised, ``1.0+cpu`` as ``1.0%2Bcpu``."""
        base = f"pkg:pypi/{purl_part(self.name)}"
        return f"{base}@{purl_part(self.version)}" if self.version else base


def purl_part(text: str) -> str:
    """A name or version as it stands in a package URL (ECMA-427, "Character encoding"), as packageurl-python writes it.

    All but ASCII letters, digits, ``.-_~`` and the colon are percent-encoded as UTF-8; half a surrogate pair as well.
    """
    return quote(text, safe=":", errors="surrogatepass")


class Clause(Struct, frozen=True, kw_only=True):
    """Where a limit comes from.

    :param origin: ``document`` or ``local`` (a number that we or the operator chose)
    :param label: ``verified``, ``transcribed``, ``reported``, ``memory`` or ``local``
    """

    id: str
    document: str
    edition: str = ""
    origin: str = "document"
    label: str = "verified"


class Note(Struct, frozen=True, kw_only=True):
    """Something a gate says, for any language: the id of a text of ``gate.texts`` and what stands in it."""

    id: str
    values: Mapping[str, str] = {}


class Waiver(Struct, frozen=True, kw_only=True):
    """A signed-off acceptance. Covers one of: fingerprint; rule + path; vulnerability + component + versions.

    :param created: first day it holds; :param expires: last day it holds (both whole days, UTC)
    :param reopen_epss: the EPSS probability (0 to 1) from which it no longer holds, or None
    :param known: what was known when it was signed: ``kev`` (``yes``), ``fix`` (a version), ``epss`` (a probability)
    """

    id: str
    reason: str
    owner: str
    approver: str
    ticket: str
    created: datetime
    expires: datetime
    plan: str
    fingerprint: str = ""
    rule: str = ""
    path: str = ""
    vulnerability: str = ""
    component: str = ""
    versions: str = ""
    reopen_epss: float | None = None
    known: Mapping[str, str] = {}


class Check(Struct, frozen=True, kw_only=True):
    """One gate evaluated once.

    :param observed: what was seen, for people (``3 results``); :param limit: what is allowed (``0 results``)
    :param results: fingerprints of the results that it counted against the limit
    :param offenders: what else stands against it (component names, runs, fields …)
    :param mode: ``block`` decides; ``warn`` never does
    :param notes: ``reasons`` for other languages, in the same order; ``observed_note`` and ``limit_note`` likewise
    :param next_note: ``next_step`` for other languages, where it is not the gate's own ``next``
    :param due: fingerprint → the last moment by which the result is to be mended (gates of kind ``deadlines``)
    """

    gate: str
    profile: str
    kind: str
    title: str
    verdict: VerdictWord
    observed: str
    limit: str
    clause: Clause
    mode: str = "block"
    results: tuple[str, ...] = ()
    offenders: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    next_step: str = ""
    notes: tuple[Note, ...] = ()
    observed_note: Note | None = None
    limit_note: Note | None = None
    next_note: Note | None = None
    due: Mapping[str, datetime] = {}


class ProfileRef(Struct, frozen=True, kw_only=True):
    """Which profile judged: id, version, status and the sha256 of its resolved canonical form."""

    id: str
    version: str
    status: str
    sha256: str


class RunSummary(Struct, frozen=True, kw_only=True):
    """What the verdict says of a run."""

    id: str
    tool: str
    version: str
    role: Role
    state: ScanState
    complete: bool
    targets: int
    scope: int
    results: int
    notifications: tuple[str, ...] = ()


class Verdict(Struct, frozen=True, kw_only=True):
    """The decision (docs/verdict.schema.json)."""

    verdict: VerdictWord
    now: datetime
    stage: Stage
    engine: str
    subject: Subject
    profiles: tuple[ProfileRef, ...]
    checks: tuple[Check, ...]
    runs: tuple[RunSummary, ...]
    advisories: tuple[FeedState, ...]
    counts: Mapping[str, int]


class Sbom(Struct, frozen=True, kw_only=True):
    """What gates need of an SBOM.

    :param components: every component in it, the root aside
    :param missing: NTIA element → purls (or ``document``) for which it is missing
    :param licences: purl → SPDX licence expression, empty where none is given; None where nobody looked
    :param fields: field of BSI TR-03183-2 or of the CISA draft → who lacks it; None where nobody looked
    """

    format: str
    spec_version: str
    commit: str | None
    timestamp: datetime | None
    components: tuple[ComponentRef, ...]
    missing: Mapping[str, tuple[str, ...]] = {}
    licences: Mapping[str, str] | None = None
    fields: Mapping[str, tuple[str, ...]] | None = None


class VexStatement(Struct, frozen=True, kw_only=True):
    """What somebody says of one vulnerability in some components (OpenVEX 0.2.0, section 3; CycloneDX ``analysis``).

    :param id: what the document calls it, or empty
    :param vulnerabilities: every id of the vulnerability, the one that the document leads with first
    :param purls: the components that it speaks of (type pypi: without qualifiers); empty means the whole product
    :param status: in OpenVEX's words: ``not_affected``, ``affected``, ``fixed`` or ``under_investigation``
    :param justification: the machine-readable reason in the words of its own format, or empty
    :param detail: the reason for people, or empty
    :param elsewhere: why it does not speak of what is judged (another product, or version of it), or empty
    """

    id: str = ""
    vulnerabilities: tuple[str, ...]
    purls: tuple[str, ...] = ()
    status: str
    justification: str = ""
    detail: str = ""
    author: str = ""
    timestamp: datetime | None = None
    elsewhere: str = ""


class Document(Struct, frozen=True, kw_only=True):
    """A named piece of evidence that is not a scan: a design review, a diagnosis record, a sign-off.

    :param slot: the life-cycle slot it fills, as profiles name it
    :param path: POSIX path, relative to the folder it was collected from
    :param date: the day it was made
    """

    slot: str
    path: str
    sha256: str
    date: datetime
    title: str = ""


class Evidence(Struct, frozen=True, kw_only=True):
    """All that a gate may look at. Everything in it is archived in the bundle, so a verdict replays from the bundle.

    :param runs: one a tool, merged, with every suppression claim still on its result
    :param sbom: None where none was made
    :param parameters: what the project declared of itself (exposure, impact …); names are the profiles' own
    :param baseline: True when results carry a baselineState
    :param signature: ``valid``, ``invalid`` or ``none``: of incoming evidence
    :param policy_changes: paths of policy files (profile, waivers, configuration) that this change touches
    :param waivers: every waiver of the trusted file, also expired and unused ones; gates rule on them
    :param expected: run id → role of every scan that was planned: one that is not in ``runs`` got lost
    """

    subject: Subject
    runs: tuple[Run, ...]
    sbom: Sbom | None = None
    documents: tuple[Document, ...] = ()
    parameters: Mapping[str, str] = {}
    baseline: bool = False
    signature: str = "none"
    policy_changes: tuple[str, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    expected: Mapping[str, Role] = {}


class Candidate(Struct, frozen=True, kw_only=True):
    """A version of a component, and the ids of the vulnerabilities that the advisory data knows in it."""

    version: str
    rest: tuple[str, ...] = ()
