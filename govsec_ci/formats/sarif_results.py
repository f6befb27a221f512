"""Results as they stand in a log: structs with SARIF's names, because a log may hold a hundred thousand of them.

Everything else of a log is made of sarif-om's objects. A result made of those takes three times as long to build and
write; ``tests/unit/formats/test_sarif_results.py`` holds these structs to the same names in the same order.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from msgspec import Struct

from govsec_ci.formats.sarif_own import ResultBag, ResultProperties, SuppressionBag, SuppressionProperties
from govsec_ci.formats.sarif_wire import SOURCE_ROOT
from govsec_ci.model import (
    BaselineState,
    Kind,
    Level,
    Location,
    Region,
    Result,
    Rule,
    Severity,
    Suppression,
    SuppressionKind,
    SuppressionStatus,
)
from govsec_ci.system.files import path_to_uri

_T = TypeVar("_T")
_GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\Z")
_EMPTY_BAG = ResultBag()
# Least and middle of each severity on SARIF's scale of 0 to 100 (section 3.27.25), as GitLab divides it ("SARIF
# reports", severity resolution): ten times CVSS's, but that its least is 10.
_RANKS = {
    Severity.CRITICAL.name: (90.0, 95.0, 100.0),
    Severity.HIGH.name: (70.0, 80.0, 89.9),
    Severity.MEDIUM.name: (40.0, 55.0, 69.9),
    Severity.LOW.name: (10.0, 25.0, 39.9),
    Severity.NONE.name: (0.0, 0.0, 9.9),
}


class _Out(Struct, frozen=True, omit_defaults=True, rename="camel", gc=False):
    """What is None is left out; fields stand in the order of sarif-om's, which is that of the log."""


class OutMessage(_Out, frozen=True):
    """Section 3.11."""

    text: str | None = None


class OutArtifactLocation(_Out, frozen=True):
    """Section 3.4."""

    uri: str | None = None
    uri_base_id: str | None = None


class OutArtifact(_Out, frozen=True):
    """Section 3.24: of each file that was looked at, so that there are more of them than of anything but results."""

    hashes: Mapping[str, str] | None = None
    length: int = -1
    location: OutArtifactLocation | None = None


class OutContent(_Out, frozen=True):
    """``artifactContent`` (section 3.3)."""

    text: str | None = None


class OutRegion(_Out, frozen=True):
    """Section 3.30."""

    end_column: int | None = None
    end_line: int | None = None
    snippet: OutContent | None = None
    start_column: int | None = None
    start_line: int | None = None


class OutPhysicalLocation(_Out, frozen=True):
    """Section 3.29."""

    artifact_location: OutArtifactLocation | None = None
    region: OutRegion | None = None


class OutLocation(_Out, frozen=True):
    """Section 3.28."""

    physical_location: OutPhysicalLocation | None = None


class OutProvenance(_Out, frozen=True):
    """``resultProvenance`` (section 3.48)."""

    first_detection_time_utc: str | None = None


class OutSuppression(_Out, frozen=True):
    """Section 3.35; sarif-om calls ``status`` a ``state``, which the standard and GitHub do not know."""

    kind: SuppressionKind | None = None
    justification: str | None = None
    location: OutLocation | None = None
    properties: SuppressionProperties | None = None
    status: SuppressionStatus | None = None


class OutResult(_Out, frozen=True):
    """Section 3.27; ``kind`` and ``level`` are always given, so always written."""

    message: OutMessage | None = None
    baseline_state: BaselineState | None = None
    correlation_guid: str | None = None
    fingerprints: Mapping[str, str] | None = None
    kind: Kind | None = None
    level: Level | None = None
    locations: list[OutLocation] | None = None
    partial_fingerprints: Mapping[str, str] | None = None
    properties: ResultProperties | None = None
    provenance: OutProvenance | None = None
    rank: float | None = None
    rule_id: str | None = None
    rule_index: int = -1
    suppressions: list[OutSuppression] | None = None


class Results:
    """The results of one run → structs to write; what many of them share is built once."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        """:param rules: those of the run, as they are written"""
        self._rules: dict[str, tuple[int, Rule]] = {}
        for index, rule in enumerate(rules):
            self._rules.setdefault(rule.id, (index, rule))
        self._ranks: dict[tuple[str, str], float | None] = {}
        self._places = _Places()
        self._provenances: dict[datetime, OutProvenance] = {}

    def out(self, result: Result) -> OutResult:
        """One result."""
        failed = result.kind is Kind.FAIL
        certain, partial = _split_fingerprints(result.fingerprints)
        correlated = bool(result.correlation) and _GUID.match(result.correlation) is not None
        bag = _bag(result, level=None if failed else result.level, correlated=correlated)
        return OutResult(
            OutMessage(result.message),
            result.baseline_state,
            result.correlation if correlated else None,
            certain or None,
            result.kind,
            # Section 3.27.10: every kind but ``fail`` has no level.
            result.level if failed else Level.NONE,
            list(map(self._places.out, result.locations)) or None,
            partial or None,
            ResultProperties(bag) if bag != _EMPTY_BAG else None,
            self._provenance(result.first_detected) if result.first_detected else None,
            self._rank(result) if failed else None,
            result.rule_id,
            self._rules[result.rule_id][0] if result.rule_id in self._rules else -1,
            [self._suppression(one) for one in once(result.suppressions)] if result.suppressions else None,
        )

    def _rank(self, result: Result) -> float | None:
        """How grave this one is, for GitLab; a rule's ``security-severity`` is one for all of its results."""
        key = result.rule_id, result.severity._name_
        if key not in self._ranks:
            _, rule = self._rules.get(result.rule_id, (-1, None))
            self._ranks[key] = rank(result.severity, rule.security_severity if rule else None)
        return self._ranks[key]

    def _provenance(self, first_detected: datetime) -> OutProvenance:
        known = self._provenances.get(first_detected)
        if known is None:
            known = self._provenances[first_detected] = OutProvenance(time_text(first_detected))
        return known

    def _suppression(self, suppression: Suppression) -> OutSuppression:
        return OutSuppression(
            suppression.kind,
            suppression.justification,
            self._places.out(suppression.location) if suppression.location else None,
            SuppressionProperties(govsec=SuppressionBag(origin=suppression.origin, origin_id=suppression.origin_id)),
            suppression.status,
        )


def rank(severity: Severity, security_severity: str | None) -> float | None:
    """SARIF's rank of a severity: the rule's score where that is of the same severity, else the middle.

    None for UNKNOWN: nothing may be guessed.
    """
    if severity is Severity.UNKNOWN:
        return None
    least, middle, most = _RANKS[severity.name]
    score = round(float(security_severity) * 10, 1) if security_severity else middle
    return score if least <= score <= most else middle


def _bag(result: Result, *, level: Level | None, correlated: bool) -> ResultBag:
    return ResultBag(
        result.severity,
        result.confidence,
        result.component,
        result.fix,
        level,
        "" if correlated else result.correlation,
        by_key(result.properties) if result.properties else result.properties,
    )


def _split_fingerprints(prints: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Ours identify a result on their own (``fingerprints``, 3.27.16); all others do so in part (3.27.17)."""
    certain: dict[str, str] = {}
    partial: dict[str, str] = {}
    for key in sorted(prints):
        (certain if key.startswith("govsec/") else partial)[key] = prints[key]
    return certain, partial


class _Places:
    """Locations, with the part that names the file built once a file."""

    def __init__(self) -> None:
        self._artifacts: dict[str, OutArtifactLocation] = {}

    def out(self, location: Location) -> OutLocation:
        artifact = self._artifacts.get(location.path)
        if artifact is None:
            artifact = OutArtifactLocation(path_to_uri(location.path), SOURCE_ROOT)
            self._artifacts[location.path] = artifact
        region = location.region
        return OutLocation(OutPhysicalLocation(artifact, _region(region) if region is not None else None))


def _region(region: Region) -> OutRegion:
    snippet = OutContent(region.snippet) if region.snippet is not None else None
    return OutRegion(region.end_column, region.end_line, snippet, region.start_column, region.start_line)


def once(items: Iterable[_T]) -> tuple[_T, ...]:
    """Equal ones once, as the schema demands (``uniqueItems``)."""
    return tuple(dict.fromkeys(items))


def time_text(moment: datetime) -> str:
    """RFC 3339 in UTC, as SARIF asks for (section 3.9)."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def by_key(properties: Mapping[str, str]) -> dict[str, Any]:
    """The same in the order of keys, so that equal properties are equal bytes."""
    return {key: properties[key] for key in sorted(properties)}
