"""What stands in a SARIF log of our own: the property bags, and the structs that such a log is decoded into.

What the model knows and SARIF has no field for stands in property bags (SARIF 2.1.0 section 3.8), always under the one
key ``govsec``. Inside a bag the model's own field names are used, defaults left out: a bag is our format, and a test
holds one of each kind so that renaming a field cannot go unseen.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta, Raw, Struct

from govsec_ci.formats.sarif_wire import Text, Wire, WireLocation, WireRunHead
from govsec_ci.model import (
    BaselineState,
    ComponentRef,
    Confidence,
    FeedState,
    Fix,
    Kind,
    Level,
    Role,
    ScanState,
    Severity,
    SuppressionKind,
    SuppressionStatus,
    Vulnerability,
)

BAG = "govsec"
CATEGORY = "govsec"


class Bag(Struct, frozen=True, omit_defaults=True):
    """Base of what stands under the key ``govsec``."""


class RunBag(Bag, frozen=True, kw_only=True, omit_defaults=True):
    """``run.properties.govsec``: what :class:`govsec_ci.model.Run` knows beyond SARIF."""

    id: str
    role: Role
    state: ScanState
    proof: str = ""
    targets: int = 0
    scope: int = 0
    commit: str | None = None
    advisories: tuple[FeedState, ...] = ()
    audited: tuple[str, ...] = ()
    declared: tuple[str, ...] = ()
    properties: Mapping[str, str] = {}


class ResultBag(Bag, frozen=True, omit_defaults=True, gc=False):
    """``result.properties.govsec``.

    :param level: the model's level where SARIF demands ``none`` (section 3.27.10: every kind but ``fail``)
    :param correlation: the model's correlation where it is no GUID
    """

    severity: Severity = Severity.UNKNOWN
    confidence: Confidence = Confidence.UNKNOWN
    component: ComponentRef | None = None
    fix: Fix | None = None
    level: Level | None = None
    correlation: str = ""
    properties: Mapping[str, str] = {}


class RuleBag(Bag, frozen=True, kw_only=True, omit_defaults=True):
    """``reportingDescriptor.properties.govsec``.

    :param tags: the rule's own tags (those of SARIF hold CWEs and aliases besides)
    :param blank: which texts the model leaves empty, where SARIF's consumers demand one
    :param named_by_id: the model's name is the id, which SARIF's consumers take for a mistake
    """

    cwes: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    vulnerability: Vulnerability | None = None
    blank: tuple[str, ...] = ()
    named_by_id: bool = False


class NotificationBag(Bag, frozen=True, kw_only=True, omit_defaults=True):
    """``notification.properties.govsec``."""

    next_step: str = ""
    properties: Mapping[str, str] = {}


class SuppressionBag(Bag, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """``suppression.properties.govsec``."""

    origin: str = "import"
    origin_id: str = ""


class RunProperties(Struct, frozen=True, kw_only=True):
    """A run's property bag as we write it."""

    govsec: RunBag


class ResultProperties(Struct, frozen=True, gc=False):
    """A result's property bag as we write it; one without our key has only defaults."""

    govsec: ResultBag = ResultBag()


class RuleProperties(Struct, frozen=True, kw_only=True):
    """A rule's property bag as we write it."""

    govsec: RuleBag = RuleBag()
    security_severity: str | None = msgspec.field(default=None, name="security-severity")
    precision: str | None = None


class NotificationProperties(Struct, frozen=True, kw_only=True):
    """A notification's property bag as we write it."""

    govsec: NotificationBag = NotificationBag()


class SuppressionProperties(Struct, frozen=True, kw_only=True, gc=False):
    """A suppression's property bag as we write it."""

    govsec: SuppressionBag = SuppressionBag()


class OwnSuppression(Wire, frozen=True, kw_only=True, gc=False):
    """A suppression as we write it."""

    kind: SuppressionKind
    status: SuppressionStatus = SuppressionStatus.ACCEPTED
    justification: str = ""
    location: WireLocation | None = None
    properties: SuppressionProperties = SuppressionProperties()


class OwnProvenance(Wire, frozen=True, kw_only=True, gc=False):
    """A result's provenance as we write it."""

    first_detection_time_utc: Annotated[datetime, Meta(tz=True)] | None = None


class OwnResult(Wire, frozen=True, kw_only=True, gc=False):
    """A result as we write it, its property bag included: decoded in one go, a hundred thousand times."""

    message: Text
    rule_id: str = ""
    kind: Kind = Kind.FAIL
    level: Level = Level.WARNING
    locations: tuple[WireLocation, ...] = ()
    suppressions: tuple[OwnSuppression, ...] = ()
    fingerprints: Mapping[str, str] = {}
    partial_fingerprints: Mapping[str, str] = {}
    correlation_guid: str = ""
    baseline_state: BaselineState | None = None
    provenance: OwnProvenance = OwnProvenance()
    properties: ResultProperties = ResultProperties()


class OwnRun(WireRunHead, frozen=True, kw_only=True):
    """A run as we write it; each result is decoded when its turn comes, so that only one is held twice."""

    results: list[Raw]


class OwnLog(Wire, frozen=True, kw_only=True):
    """A log as we write it."""

    version: str
    runs: list[OwnRun]
