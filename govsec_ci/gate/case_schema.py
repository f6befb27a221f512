"""The tables of a file of cases; what they mean is told in :mod:`govsec_ci.gate.cases`."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, Literal

from msgspec import Struct

from govsec_ci.gate.schema import Element, SbomField, SeverityFrom
from govsec_ci.model import BaselineState, Confidence, Role, Severity, Stage, VerdictWord

NOW: Final = datetime(2026, 4, 1, tzinfo=UTC)


class Table(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """Base of every table: keys in kebab-case, an unknown one is an error."""


class CaseResult(Table, frozen=True, kw_only=True):
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


class CaseRun(Table, frozen=True, kw_only=True):
    """How the run of a role differs from one that is whole. ``age_days``: since it ended."""

    role: Role
    state: Literal["complete", "incomplete", "missing", "not-applicable"] = "complete"
    proof: str = "nothing of the kind is in the tree"
    age_days: float = 0.0
    commit: Literal["same", "other", "none"] = "same"
    audited: bool = True


class CaseSbom(Table, frozen=True, kw_only=True):
    """How the SBOM differs from one that is whole; ``lacking``: the fields of BSI TR-03183-2."""

    present: bool = True
    format: str = "CycloneDX"
    spec_version: str = "1.6"
    commit: Literal["same", "other", "none"] = "same"
    missing: tuple[Element, ...] = ()
    lacking: tuple[SbomField, ...] = ()
    licence: str = "MIT"


class Case(Table, frozen=True, kw_only=True):
    """One case; its keys are told in :mod:`govsec_ci.gate.cases`."""

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
