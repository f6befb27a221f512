"""What a profile may say: frozen types, one a table of the TOML file. Keys are kebab-case; unknown keys are refused."""

from collections.abc import Mapping
from datetime import date
from typing import Final, Literal

from msgspec import Struct

from govsec_ci.model import BaselineState, Confidence, Kind, Role, Severity, Stage

Label = Literal["verified", "transcribed", "reported", "memory", "local"]
LABELS: tuple[str, ...] = ("local", "memory", "reported", "transcribed", "verified")
"""From the least to the most sure. A clause is never labelled surer than its document."""

Status = Literal["verified", "transcribed", "unverified", "experimental", "superseded"]
UnknownSeverity = Literal["as-critical", "as-high", "as-medium", "as-low", "incomplete"]
Element = Literal["supplier", "name", "version", "identifier", "dependencies", "author", "timestamp"]
"""The seven data fields of NTIA's minimum elements (2021), in short."""
SbomField = Literal[
    "no-vulnerabilities", "recursive", "sbom-creator", "sbom-timestamp",
    "creator", "name", "version", "filename", "completeness", "distribution-licences", "sha-512",
    "executable", "archive", "structured",
    "sbom-uri", "source-uri", "distribution-uri", "purl-or-cpe", "original-licences",
    "draft-hash", "draft-tool", "draft-context",
]  # fmt: skip
"""The data fields of BSI TR-03183-2, and those that the CISA draft of 2025 adds, in short."""
SeverityFrom = Literal["cvss-2", "cvss-3", "cvss-4", "word", "none"]
"""What the severity of a vulnerability comes from: a version of CVSS, a database's own word, or nothing."""
Input = Literal["severity", "kev", "exploitation", "automatable", "technical-impact", "fix-available", "cvss", "epss"]
"""What a deadline table can ask of a result."""
Clock = Literal["detected", "published", "fix-available", "kev-added", "earliest"]


class _Table(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    pass


class Text(_Table, frozen=True, kw_only=True):
    """The same text in English and Japanese; neither may be empty."""

    en: str
    ja: str

    def get(self, lang: str) -> str:
        """The text in ``lang`` (``en`` or ``ja``)."""
        return self.ja if lang == "ja" else self.en


class DocumentSource(_Table, frozen=True, kw_only=True):
    """A source document. ``read`` is the day its text was read; absent where only others' accounts of it were."""

    id: str
    title: Text
    publisher: Text
    edition: str
    label: Label
    read: date | None = None
    url: str = ""


class ClauseSource(_Table, frozen=True, kw_only=True):
    """Where a gate comes from.

    :param document: id of one of the profile's documents
    :param origin: ``document`` when the document states the limit, ``local`` when the number is ours or the agency's
    :param label: how sure the text is; the document's own label where absent
    """

    id: str
    document: str
    origin: Literal["document", "local"] = "document"
    label: Label | None = None


MOST: Final = 36_500
"""The largest number of days, hours or months, and of an ``integer`` parameter without a maximum: calendars end."""


class Parameter(_Table, frozen=True, kw_only=True):
    """Something a project declares of itself.

    :param values: the allowed values of a ``choice``
    :param strictest: the value that counts where the project declares none and there is no ``default``
    :param minimum, maximum: bounds of an ``integer``; 0 and :data:`MOST` where not given
    """

    type: Literal["choice", "integer"]
    strictest: str | int
    text: Text
    values: tuple[str, ...] = ()
    default: str | int | None = None
    minimum: int | None = None
    maximum: int | None = None


class FromParameter(_Table, frozen=True, kw_only=True):
    """A number that an integer parameter of the profile holds."""

    parameter: str


Number = int | FromParameter


class SsvcFilter(_Table, frozen=True, kw_only=True):
    """SSVC decision points; a result matches when each named point has one of the values."""

    exploitation: tuple[Literal["none", "poc", "active"], ...] = ()
    automatable: tuple[Literal["yes", "no"], ...] = ()
    technical_impact: tuple[Literal["partial", "total"], ...] = ()


class Filter(_Table, frozen=True, kw_only=True):
    """Which results: every criterion given must hold. ``rule``, ``path`` and ``component`` take shell-style patterns.

    :param severity, confidence: this one and above
    :param epss: this probability (0 to 1) and above
    :param older_than_days: detected more than this many days ago
    :param kind: SARIF result kinds; weaknesses (fail, open, review) where not given
    :param severity_from: what a vulnerability's severity was taken from
    """

    role: tuple[Role, ...] = ()
    tool: tuple[str, ...] = ()
    rule: tuple[str, ...] = ()
    cwe: tuple[str, ...] = ()
    severity: Severity | None = None
    confidence: Confidence | None = None
    kev: bool | None = None
    epss: float | None = None
    ssvc: SsvcFilter | None = None
    fix_available: bool | None = None
    direct: bool | None = None
    malicious: bool | None = None
    baseline: tuple[BaselineState, ...] = ()
    path: tuple[str, ...] = ()
    component: tuple[str, ...] = ()
    older_than_days: Number | None = None
    kind: tuple[Kind, ...] = ()
    severity_from: tuple[SeverityFrom, ...] = ()


class Gate(_Table, frozen=True, kw_only=True, tag_field="kind"):
    """What every gate has.

    :param title: what it demands; :param text: why; :param next: what closes it
    :param stages: at which stages it is asked
    :param mode: ``warn`` never decides; :param warn_at: stages at which it only warns
    :param when: asked only where each parameter named has one of the values
    :param weight: how much it counts in the gap score; 0 leaves it out
    """

    id: str
    title: Text
    text: Text
    next: Text
    clause: ClauseSource
    stages: tuple[Stage, ...]
    mode: Literal["block", "warn"] = "block"
    warn_at: tuple[Stage, ...] = ()
    when: Mapping[str, tuple[str, ...]] = {}
    weight: int = 1

    @property
    def kind(self) -> str:
        """The gate's kind, as the TOML file names it."""
        return str(self.__struct_config__.tag)


class ResultsGate(Gate, frozen=True, kw_only=True, tag="results"):
    """Results that match ``filter`` are at most ``limit``. With ``ratchet`` a project may count new ones only."""

    filter: Filter
    limit: Number
    ratchet: bool = False


class Conditions(_Table, frozen=True, kw_only=True):
    """What a row of a deadline table asks of a vulnerability; each that is given must hold.

    :param parameters: parameter name → values
    :param cvss: this base score (0 to 10, highest known) and above
    """

    severity: Severity | None = None
    kev: bool | None = None
    exploitation: tuple[Literal["none", "poc", "active"], ...] = ()
    automatable: tuple[Literal["yes", "no"], ...] = ()
    technical_impact: tuple[Literal["partial", "total"], ...] = ()
    fix_available: bool | None = None
    cvss: float | None = None
    epss: float | None = None
    parameters: Mapping[str, tuple[str, ...]] = {}


class Row(_Table, frozen=True, kw_only=True):
    """One row: the first whose conditions hold gives the time; exactly one of the times.

    :param months: calendar months: from 31 January one month ends with the last day of February
    :param kev_due: by the day that the vulnerability's own entry in KEV names, whatever the clock
    :param duty: what else the row demands, e.g. a forensic triage
    """

    when: Conditions = Conditions()
    days: Number | None = None
    hours: Number | None = None
    months: Number | None = None
    kev_due: bool = False
    next_upgrade: bool = False
    clock: Clock | None = None
    duty: Text | None = None


class DeadlinesGate(Gate, frozen=True, kw_only=True, tag="deadlines"):
    """No result that matches ``filter`` is open longer than its row allows.

    :param clock: from when the rows count; ``earliest`` is the earlier of ``detected`` and ``kev-added``
    :param fallback: the clock that counts where the row's own is not known
    :param must_know: inputs without which no row is chosen for a result: unless it is overdue in every row that it
        could fall under, it is undecided, also where it is overdue in none
    :param due_soon_days: results due within so many days are told
    """

    rows: tuple[Row, ...]
    clock: Clock
    filter: Filter = Filter()
    fallback: Clock | None = None
    due_soon_days: int = 0
    ratchet: bool = False
    must_know: tuple[Input, ...] = ()


class ScansGate(Gate, frozen=True, kw_only=True, tag="scans"):
    """Every role was examined wholly.

    :param must_apply: roles for which "not applicable" is no answer, however well proved
    :param same_commit: on the subject's commit; :param clean_tree: with nothing uncommitted
    :param max_age_days, max_age_months: ended no longer ago than this; months are calendar months
    """

    roles: tuple[Role, ...]
    must_apply: tuple[Role, ...] = ()
    same_commit: bool = True
    clean_tree: bool = False
    max_age_days: Number | None = None
    max_age_months: Number | None = None


class CoverageGate(Gate, frozen=True, kw_only=True, tag="coverage"):
    """At least ``percent`` of the SBOM's components were looked up, or are declared to be audited otherwise."""

    percent: int


class SbomGate(Gate, frozen=True, kw_only=True, tag="sbom"):
    """An SBOM is there, of this commit, in one of the formats, with the elements for every component.

    :param formats: format → least specification version
    :param elements: NTIA minimum elements that must be 100 %
    :param fields: fields of BSI TR-03183-2 or of the CISA draft that must be 100 %
    :param missing: what a missing element leads to: ``incomplete`` where it only means that nobody knows yet
    """

    formats: Mapping[str, str] = {}
    elements: tuple[Element, ...] = ()
    fields: tuple[SbomField, ...] = ()
    missing: Literal["fail", "incomplete"] = "fail"
    same_commit: bool = True


class Feed(_Table, frozen=True, kw_only=True):
    """One advisory feed and how old it may be; exactly one of the two ages.

    :param if_used: a run without it is no gap: whatever asks for what it tells says so itself, of each vulnerability
    """

    feed: str
    max_age_days: Number | None = None
    max_age_hours: Number | None = None
    if_used: bool = False


class AdvisoriesGate(Gate, frozen=True, kw_only=True, tag="advisories"):
    """Each feed was used and is not too old, at the clock of the decision or (``scan``) when the scan began."""

    feeds: tuple[Feed, ...]
    relative_to: Literal["now", "scan"] = "now"


class SuppressionsGate(Gate, frozen=True, kw_only=True, tag="suppressions"):
    """Limits on suppression claims; each that is given is judged.

    :param unjustified: claims without what the profile's rulings ask of their text
    :param inadmissible: claims without effect for any other reason (expired, unapproved, re-opened …)
    :param expiring: waivers in use that end within ``expiring_within_days``
    :param added: suppressions on new results, and policy files touched, by this change
    """

    unjustified: int | None = None
    inadmissible: int | None = None
    expiring: int | None = None
    expiring_within_days: int = 14
    added: int | None = None


class Slot(_Table, frozen=True, kw_only=True):
    """One life-cycle slot that a record must fill."""

    slot: str
    max_age_days: Number | None = None


class EvidenceGate(Gate, frozen=True, kw_only=True, tag="evidence"):
    """Each slot is filled by a record whose hash is kept and which is not too old."""

    slots: tuple[Slot, ...]


class PipelineGate(Gate, frozen=True, kw_only=True, tag="pipeline"):
    """Weaknesses of one kind in the pipeline's own definition are at most ``limit``."""

    topic: Literal["unpinned-actions", "permissions", "any"]
    limit: int
    severity: Severity | None = None


class LicensesGate(Gate, frozen=True, kw_only=True, tag="licenses"):
    """Every component's SPDX expression can be met by allowed licences and without denied ones.

    :param allowed: SPDX ids; empty means every licence that is not denied
    :param unknown: what a missing or unreadable expression leads to
    """

    allowed: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()
    unknown: Literal["fail", "incomplete", "accept"]


class SignatureGate(Gate, frozen=True, kw_only=True, tag="signature"):
    """The incoming evidence carries a valid signature."""


AnyGate = (
    ResultsGate
    | DeadlinesGate
    | ScansGate
    | CoverageGate
    | SbomGate
    | AdvisoriesGate
    | SuppressionsGate
    | EvidenceGate
    | PipelineGate
    | LicensesGate
    | SignatureGate
)


class ClaimRuling(_Table, frozen=True, kw_only=True):
    """Whether claims of one origin count. ``ids``: the claim names what it suppresses; ``reason``: it says why."""

    accept: bool
    ids: bool = False
    reason: bool = True


class ClaimRulings(_Table, frozen=True, kw_only=True):
    """Which suppression claims the profile admits; an origin that is not named is not admitted.

    :param in_source: comments in the judged tree, e.g. ``# nosec``
    :param imported: claims that came with another tool's log
    """

    in_source: ClaimRuling = ClaimRuling(accept=False)
    vex: ClaimRuling = ClaimRuling(accept=False)
    imported: ClaimRuling = ClaimRuling(accept=False)
    out_of_scope: ClaimRuling = ClaimRuling(accept=False)


class WaiverRulings(_Table, frozen=True, kw_only=True):
    """Which waivers the profile admits.

    :param longest_days: from ``created`` to ``expires``
    :param not_in_kev: none for a known-exploited vulnerability
    :param not_from: none for results of this severity and above
    :param reopen_on: what ends a waiver by itself: its vulnerability enters KEV, or gains a fix
    :param reopen_epss: EPSS probability from which a waiver ends by itself; a waiver may name a lower one
    """

    accept: bool
    longest_days: int | None = None
    approver: bool = True
    approver_not_owner: bool = True
    ticket: bool = False
    not_in_kev: bool = True
    not_from: Severity | None = None
    reopen_on: tuple[Literal["kev", "fix"], ...] = ("kev", "fix")
    reopen_epss: float | None = None


class Profile(_Table, frozen=True, kw_only=True):
    """A named, versioned set of gates and rulings.

    :param status: how sure its texts are; every status but ``verified`` is shown with a banner
    :param unknown_severity: how a result of unknown severity is judged; there is no default
    :param effective_from, until: when its rules are in force
    :param extends: the profile it builds on, already merged in
    :param drop: gates of that profile that it leaves out: gate id → reason
    """

    schema: Literal[1]
    id: str
    version: str
    status: Status
    jurisdiction: str
    unknown_severity: UnknownSeverity
    title: Text
    text: Text
    documents: tuple[DocumentSource, ...]
    gates: tuple[AnyGate, ...]
    effective_from: date | None = None
    until: date | None = None
    extends: str = ""
    drop: Mapping[str, str] = {}
    parameters: Mapping[str, Parameter] = {}
    suppressions: ClaimRulings = ClaimRulings()
    waivers: WaiverRulings = WaiverRulings(accept=False)

    def document(self, document_id: str) -> DocumentSource:
        """The source document with that id.

        :raises KeyError: the profile has none
        """
        for document in self.documents:
            if document.id == document_id:
                return document
        raise KeyError(document_id)

    def gate(self, gate_id: str) -> AnyGate:
        """The gate with that id.

        :raises KeyError: the profile has none
        """
        for gate in self.gates:
            if gate.id == gate_id:
                return gate
        raise KeyError(gate_id)
