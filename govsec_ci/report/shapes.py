"""One typed view model: everything a report shows, computed once, so that a format only lays it out.

All strings that come from the judged tree, a tool or a profile are inert here already (:mod:`.inert`): one line,
bounded, without control or bidi characters. Texts that are ours are :class:`~.i18n.Text`, in both languages.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal

from msgspec import Struct

from govsec_ci.model import BaselineState, Stage, VerdictWord
from govsec_ci.report.i18n import EMPTY, Text, both, mark

UNFIXED: Final = mark("no fixed version is known")
"""How the message of a vulnerability ends that no version mends."""

_NO_FIX: Final = f"; {UNFIXED}"


class ComponentView(Struct, frozen=True, kw_only=True, gc=False):
    """The component that a result is about; :param fixed_in: the least version that mends it, or empty."""

    name: str
    installed: str
    fixed_in: str = ""

    @property
    def label(self) -> str:
        """``name version``."""
        return f"{self.name} {self.installed}".strip()


class VulnerabilityView(Struct, frozen=True, kw_only=True, gc=False):
    """What advisories say of it; :param cvss: ``9.8 (CVSS 3.1)`` or empty; :param epss: 0 to 1."""

    ids: tuple[str, ...] = ()
    published: datetime | None = None
    cvss: str = ""
    kev_due: datetime | None = None
    epss: float | None = None


class GateLink(Struct, frozen=True, order=True, gc=False):
    """A check by its gate's id, where it stands in the report, and its kind."""

    gate: str
    anchor: str
    kind: str


class ResultView(Struct, frozen=True, gc=False):
    """One result.

    :param anchor: stable name for deep links, unique in the report
    :param place: ``path:line:column``, as far as known
    :param rule_text: what the rule is about, where it is known
    :param gates: blocking checks that it stands against
    :param due: the earliest due date that a deadline gives it
    :param state: its baselineState, or None without a baseline
    """

    anchor: str
    fingerprint: str
    tool: str
    rule: str
    rule_text: Text
    help_uri: str
    severity: str
    confidence: str
    message: str
    path: str
    line: int | None
    column: int | None
    place: str
    component: ComponentView | None = None
    vulnerability: VulnerabilityView | None = None
    cwes: tuple[str, ...] = ()
    gates: tuple[GateLink, ...] = ()
    due: datetime | None = None
    detected: datetime | None = None
    state: BaselineState | None = None
    suppressed: bool = False

    @property
    def what(self) -> str:
        """The message, with the component it is about before it unless it begins with that anyway."""
        label = self.component.label if self.component else ""
        return f"{label}: {self.message}" if label and not self.message.startswith(label) else self.message

    @property
    def short(self) -> str:
        """The message without what stands beside it in a table: component, rule and mending version."""
        if self.component is None:
            return self.message
        rest = self.message.removeprefix(f"{self.component.label}: ").removeprefix(f"{self.rule} ")
        return rest.removesuffix(f"; fixed in {self.component.fixed_in}")

    @property
    def told(self) -> Text:
        """The message in a table; in Japanese our own words for the rule, where we have them, before the tool's."""
        label = f"{self.component.label}: " if self.component else ""
        short = self.short
        ours = self.rule_text.ja if self.rule_text.ja != self.rule_text.en else ""
        return Text(label + short, f"{label}{ours}({short})" if ours else label + _unfixed(short))

    @property
    def since(self) -> datetime | None:
        """From when its age counts: the vulnerability's publication, else the day it was first detected."""
        return (self.vulnerability.published if self.vulnerability else None) or self.detected

    @property
    def must_close(self) -> bool:
        """Whether mending it is what a gate asks; a gate on suppressions asks for a better claim."""
        for link in self.gates:  # noqa: SIM110 — any() takes three times as long over one or none, a hundred thousand times
            if link.kind != "suppressions":
                return True
        return False

    @property
    def fixed_in(self) -> str:
        """The least version that mends it, or empty."""
        return self.component.fixed_in if self.component else ""


def _unfixed(short: str) -> str:
    """A message in a table, in Japanese where no version mends it: the rest is the advisory's own title."""
    title = short.removesuffix(_NO_FIX)
    return f"{title}({both(UNFIXED).ja})" if title != short else short


class SuppressedView(Struct, frozen=True, kw_only=True):
    """One claim that a result does not count. ``effective``: it holds (accepted, and not overruled by the gate)."""

    result: ResultView
    origin: str
    origin_id: str
    status: str
    why: str
    effect: Text
    owner: str = ""
    approver: str = ""
    ticket: str = ""
    expires: datetime | None = None
    effective: bool = True


class ClauseView(Struct, frozen=True, kw_only=True):
    """Where a limit comes from; ``label_text`` says how sure we are of it, ``mark`` says so in a word or two."""

    id: str
    document: Text
    edition: str
    origin: str
    label: str
    label_text: Text
    mark: Text


class CheckView(Struct, frozen=True, kw_only=True):
    """One gate evaluated once.

    :param results: those that it counts, worst first; ``unresolved`` are fingerprints that no result carries
    :param supply: how to get the data that it could not decide without, where that is known
    """

    anchor: str
    gate: str
    profile: str
    kind: str
    title: Text
    text: Text
    verdict: VerdictWord
    blocking: bool
    observed: Text
    limit: Text
    clause: ClauseView
    results: tuple[ResultView, ...]
    unresolved: int
    offenders: tuple[str, ...]
    reasons: tuple[Text, ...]
    next_step: Text
    due: datetime | None
    overdue: int
    supply: Text = EMPTY


class ProfileView(Struct, frozen=True, kw_only=True):
    """A profile that judged; ``banner`` warns where its texts were not all read in the original."""

    id: str
    version: str
    status: str
    sha256: str
    title: Text
    banner: Text


class FeedView(Struct, frozen=True, kw_only=True):
    """One advisory feed and how old it was at the clock of the decision (days; negative where it is newer)."""

    feed: str
    as_of: datetime
    age_days: int
    records: int
    sha256: str


class NoteView(Struct, frozen=True, kw_only=True):
    """One notification of a run: its own words, and what it says with its place, in both languages."""

    id: str
    level: str
    text: str
    place: str
    said: Text
    next_step: Text


class RunView(Struct, frozen=True, kw_only=True):
    """How far one tool got; ``problems`` are the notifications that made it incomplete, ``notes`` the others."""

    id: str
    tool: str
    version: str
    role: str
    state: str
    state_text: Text
    proof: Text
    targets: int
    scope: int
    results: int
    problems: tuple[NoteView, ...]
    notes: tuple[NoteView, ...]


class UpgradeView(Struct, frozen=True, kw_only=True):
    """One component to raise, as ``govsec plan`` has it (:class:`govsec_ci.gate.plan.Upgrade`).

    :param target: empty where no known version does better than the installed one
    :param closes: vulnerabilities that the target clears; :param stays: those that it does not
    :param elsewhere: (vulnerability, version) for those of ``stays`` of which another version is free
    :param brings: vulnerabilities of the target that the installed version has not
    :param due: the earliest due date of what it closes; :param due_stays: of what stays
    """

    component: str
    installed: str
    target: str
    major: bool
    places: tuple[str, ...]
    closes: tuple[str, ...]
    stays: tuple[str, ...]
    elsewhere: tuple[tuple[str, str], ...]
    brings: tuple[str, ...]
    direct: bool | None
    checked: bool
    due: datetime | None
    due_stays: datetime | None


class StepView(Struct, frozen=True, kw_only=True):
    """Something to do: who, what, by when (None: before this release), and how many blocking results it closes."""

    who: Text
    what: Text
    when: Text
    due: datetime | None = None
    closes: int = 0
    anchor: str = ""


class SbomView(Struct, frozen=True, kw_only=True):
    """What the SBOM holds: :param missing: element → how many components, the project itself among them, lack it."""

    format: str
    spec_version: str
    components: int
    missing: tuple[tuple[Text, int], ...]


class TraceView(Struct, frozen=True, kw_only=True):
    """One row of the trace matrix: clause → check → results → where the evidence lies."""

    clause: ClauseView
    check: CheckView
    evidence: tuple[str, ...]


class FileView(Struct, frozen=True, kw_only=True):
    """A file of the evidence bundle and its sha256."""

    name: str
    sha256: str


class BarView(Struct, frozen=True, kw_only=True):
    """One bar: a label and its parts, each a word (of :func:`~.labels.part`) and a count above 0."""

    label: Text
    parts: tuple[tuple[str, int], ...]

    @property
    def total(self) -> int:
        """The sum of the parts."""
        return sum(count for _, count in self.parts)


class ChartView(Struct, frozen=True, kw_only=True):
    """Stacked bars on one scale; ``note`` says what is counted, where the title does not."""

    id: str
    title: Text
    bars: tuple[BarView, ...]
    note: Text = EMPTY

    @property
    def scale(self) -> int:
        """The longest bar; at least 1."""
        return max((bar.total for bar in self.bars), default=1) or 1


class GapView(Struct, frozen=True, kw_only=True):
    """How much of what a profile demands is met: ``score`` of 0 to 100 percent, weights, and numbers of gates."""

    profile: str
    title: Text
    score: float
    weight_met: int
    weight: int
    gates_met: int
    gates: int


class SigningView(Struct, frozen=True, kw_only=True):
    """The bundle's signature, as far as it is known while the page is written.

    :param state: ``none``; ``planned``: the key is there, and signs when all files are; ``present``: a signature lies
        in the bundle, unchecked
    :param key: id of the key, or empty
    """

    state: Literal["none", "planned", "present"] = "none"
    key: str = ""

    @property
    def short_key(self) -> str:
        """So much of the key's id as tells keys apart."""
        return self.key[:16]


class AnswerView(Struct, frozen=True, kw_only=True):
    """A question that the reader came with, and its answer in a few lines.

    :param anchor: where to read on, or empty; :param command: what to type, or empty
    """

    question: Text
    lines: tuple[Text, ...]
    anchor: str = ""
    command: str = ""


class View(Struct, frozen=True, kw_only=True):
    """Everything that a report shows.

    :param blocking: checks that decide against the release: FAIL first, then INCOMPLETE
    :param warnings: checks of mode ``warn`` that are not PASS
    :param results: every result that is not suppressed, blocking first, then worst first
    :param new: how many of ``results`` are new since the baseline; None without a baseline
    :param signature: ``valid``, ``invalid`` or ``none``: of incoming evidence
    :param signing: the signature of the bundle itself
    """

    lang: str
    verdict: VerdictWord
    sentence: Text
    answers: tuple[AnswerView, ...]
    subject: str
    subject_version: str
    commit: str
    dirty: bool | None
    stage: Stage
    now: datetime
    engine: str
    profiles: tuple[ProfileView, ...]
    feeds: tuple[FeedView, ...]
    blocking: tuple[CheckView, ...]
    warnings: tuple[CheckView, ...]
    passed: tuple[CheckView, ...]
    results: tuple[ResultView, ...]
    suppressed: tuple[SuppressedView, ...]
    runs: tuple[RunView, ...]
    upgrades: tuple[UpgradeView, ...]
    steps: tuple[StepView, ...]
    trace: tuple[TraceView, ...]
    charts: tuple[ChartView, ...]
    sbom: SbomView | None
    files: tuple[FileView, ...]
    counts: Mapping[str, int]
    severities: Mapping[str, int]
    new: int | None
    absent: int
    first_due: datetime | None
    signature: str
    signing: SigningView
    gaps: tuple[GapView, ...]
    policy_changes: tuple[str, ...]

    @property
    def dated(self) -> bool:
        """Whether any open result has a due date: else nobody needs a column for it."""
        return any(one.due for one in self.results)

    @property
    def not_checked(self) -> tuple[RunView, ...]:
        """The runs that did not look at everything they should have."""
        return tuple(run for run in self.runs if run.state == "incomplete")

    @property
    def checks(self) -> tuple[CheckView, ...]:
        """Every check, in the order in which a reader wants them."""
        return self.blocking + self.warnings + self.passed
