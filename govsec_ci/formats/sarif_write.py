"""Model → SARIF 2.1.0, as a stream: one result is built, serialised and dropped at a time."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, BinaryIO, TypeVar

import attr
import sarif_om  # type: ignore[import-untyped]

from govsec_ci.formats.sarif_bulk import without_collector
from govsec_ci.formats.sarif_serialise import to_json, to_plain
from govsec_ci.formats.sarif_wire import (
    BAG,
    CATEGORY,
    COLUMN_KIND,
    SCHEMA_URI,
    SOURCE_ROOT,
    VERSION,
    NotificationBag,
    ResultBag,
    RuleBag,
    RunBag,
    SuppressionBag,
)
from govsec_ci.model import (
    Artifact,
    Invocation,
    Kind,
    Level,
    Location,
    Notification,
    Region,
    Result,
    Rule,
    Run,
    ScanState,
    Suppression,
)
from govsec_ci.system.files import path_to_uri

REPOSITORY_PROPERTY = "repository-uri"
"""Key of ``Run.properties`` that holds the repository's URI, which ``versionControlProvenance`` cannot do without."""

_T = TypeVar("_T")
_GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\Z")
_SUCCESSFUL = frozenset({ScanState.COMPLETE, ScanState.NOT_APPLICABLE})


# sarif-om calls it ``state``; the standard (section 3.35.3) and GitHub know only ``status``.
_Suppression: Any = attr.make_class(
    "_Suppression",
    {"status": attr.ib(default=None, metadata={"schema_property_name": "status"})},
    bases=(sarif_om.Suppression,),
)


@without_collector()
def write_to(file: BinaryIO, runs: Iterable[Run]) -> None:
    """Write one log; every result stands on a line of its own, so that logs can be compared by line."""
    file.write(b'{"$schema":%b,"version":%b,"runs":[' % (to_json(SCHEMA_URI), to_json(VERSION)))
    for number, run in enumerate(runs):
        file.write(b"," if number else b"")
        file.writelines(_run_pieces(run))
    file.write(b"]}\n")


def _run_pieces(run: Run) -> Iterator[bytes]:
    head = to_json(_run_head(run))
    yield b"\n" + head[:-1] + b',"results":['
    index_of = {rule.id: index for index, rule in reversed(list(enumerate(_once(run.rules))))}
    locations = _Locations()
    for number, result in enumerate(run.results):
        yield b",\n" if number else b"\n"
        yield to_json(_result(result, index_of.get(result.rule_id, -1), locations))
    yield b"\n]}" if run.results else b"]}"


def _run_head(run: Run) -> Any:
    return sarif_om.Run(
        tool=sarif_om.Tool(driver=_driver(run)),
        artifacts=[_artifact(artifact) for artifact in _once(run.artifacts)] or None,
        automation_details=sarif_om.RunAutomationDetails(id=f"{CATEGORY}/{run.id}/"),
        column_kind=COLUMN_KIND,
        invocations=[_invocation(run)],
        original_uri_base_ids={SOURCE_ROOT: {"description": {"text": "The root of the judged tree."}}},
        version_control_provenance=_version_control(run),
        properties={BAG: _run_bag(run)},
    )


def _driver(run: Run) -> Any:
    return sarif_om.ToolComponent(
        name=run.tool,
        version=run.version or None,
        information_uri=run.tool_uri or None,
        rules=[_rule(rule) for rule in _once(run.rules)],  # GitHub wants the array, also an empty one
    )


def _run_bag(run: Run) -> RunBag:
    return RunBag(
        id=run.id,
        role=run.role,
        state=run.state,
        proof=run.proof,
        targets=run.targets,
        scope=run.scope,
        commit=run.commit,
        advisories=run.advisories,
        audited=run.audited,
        properties=_sorted(run.properties),
    )


def _version_control(run: Run) -> list[Any] | None:
    repository = run.properties.get(REPOSITORY_PROPERTY)
    if not repository or not run.commit:
        return None
    root = sarif_om.ArtifactLocation(uri_base_id=SOURCE_ROOT)
    return [sarif_om.VersionControlDetails(repository_uri=repository, revision_id=run.commit, mapped_to=root)]


def _invocation(run: Run) -> Any:
    made: Invocation = run.invocation
    return sarif_om.Invocation(
        execution_successful=run.state in _SUCCESSFUL,
        start_time_utc=_time(made.start),
        end_time_utc=_time(made.end),
        arguments=list(made.arguments) or None,
        exit_code=made.exit_code,
        tool_execution_notifications=[_notification(one) for one in run.notifications] or None,
    )


def _notification(notification: Notification) -> Any:
    bag = NotificationBag(next_step=notification.next_step, properties=_sorted(notification.properties))
    return sarif_om.Notification(
        message=sarif_om.Message(text=notification.text),
        descriptor=sarif_om.ReportingDescriptorReference(id=notification.id),
        level=notification.level.value,
        locations=[_location(notification.location)] if notification.location else None,
        properties={BAG: bag} if bag != NotificationBag() else None,
    )


def _artifact(artifact: Artifact) -> Any:
    return sarif_om.Artifact(
        location=_artifact_location(artifact.path),
        length=artifact.length,
        hashes={"sha-256": artifact.sha256},
    )


def _rule(rule: Rule) -> Any:
    texts = {"short": rule.short, "full": rule.full, "help": rule.help}
    blank = tuple(name for name, text in texts.items() if not text)
    short = rule.short or rule.name or rule.id
    # A name that only repeats the id is none (sarif-multitool SARIF1001).
    name = rule.name if rule.name != rule.id else ""
    bag = RuleBag(
        cwes=rule.cwes, tags=rule.tags, vulnerability=rule.vulnerability, blank=blank, named_by_id=name != rule.name
    )
    return sarif_om.ReportingDescriptor(
        id=rule.id,
        name=name or None,
        short_description=_text(short),
        full_description=_text(rule.full or short),
        help=_text(rule.help or rule.full or short),
        help_uri=rule.help_uri or None,
        default_configuration=sarif_om.ReportingConfiguration(level=rule.level.value),
        properties=_rule_properties(rule, bag),
    )


def _rule_properties(rule: Rule, bag: RuleBag) -> dict[str, Any]:
    properties: dict[str, Any] = {"tags": rule_tags(rule)}
    if rule.security_severity is not None:
        properties["security-severity"] = rule.security_severity
    if rule.precision is not None:
        properties["precision"] = rule.precision
    if bag != RuleBag():
        properties[BAG] = bag
    return properties


def rule_tags(rule: Rule) -> list[str]:
    """``security``, the CWEs as GitHub groups by them, the vulnerability's ids, the rule's own tags; none twice."""
    cwes = [cwe_tag(cwe) for cwe in rule.cwes]
    ids = [rule.vulnerability.id, *rule.vulnerability.aliases] if rule.vulnerability else []
    return list(dict.fromkeys(["security", *cwes, *ids, *rule.tags]))


def cwe_tag(cwe: str) -> str:
    """The tag by which GitHub shows a CWE: ``CWE-78`` → ``external/cwe/cwe-78``."""
    return f"external/cwe/{cwe.lower()}"


def _text(text: str) -> Any:
    return sarif_om.MultiformatMessageString(text=text)


def _result(result: Result, rule_index: int, locations: "_Locations") -> Any:
    certain, partial = _split_fingerprints(result.fingerprints)
    failed = result.kind is Kind.FAIL
    correlated = _GUID.match(result.correlation) is not None
    bag = _result_bag(result, level=None if failed else result.level, correlated=correlated)
    return sarif_om.Result(
        rule_id=result.rule_id,
        rule_index=rule_index,
        kind=result.kind.value,
        level=result.level.value if failed else Level.NONE.value,
        message=sarif_om.Message(text=result.message),
        locations=[locations.get(location) for location in result.locations] or None,
        suppressions=[_suppression(one) for one in _once(result.suppressions)] or None,
        fingerprints=certain or None,
        partial_fingerprints=partial or None,
        correlation_guid=result.correlation if correlated else None,
        baseline_state=result.baseline_state.value if result.baseline_state else None,
        provenance=_provenance(result.first_detected),
        properties={BAG: bag} if bag != _EMPTY_BAG else None,
    )


_EMPTY_BAG = ResultBag()


def _result_bag(result: Result, *, level: Level | None, correlated: bool) -> ResultBag:
    return ResultBag(
        severity=result.severity,
        confidence=result.confidence,
        component=result.component,
        fix=result.fix,
        level=level,
        correlation="" if correlated else result.correlation,
        properties=_sorted(result.properties),
    )


def _split_fingerprints(prints: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Ours identify a result on their own (``fingerprints``, 3.27.16); all others do so in part (3.27.17)."""
    certain: dict[str, str] = {}
    partial: dict[str, str] = {}
    for key in sorted(prints):
        (certain if key.startswith("govsec/") else partial)[key] = prints[key]
    return certain, partial


def _provenance(first_detected: datetime | None) -> Any:
    if first_detected is None:
        return None
    return sarif_om.ResultProvenance(first_detection_time_utc=_time(first_detected))


def _suppression(suppression: Suppression) -> Any:
    return _Suppression(
        kind=suppression.kind.value,
        status=suppression.status.value,
        justification=suppression.justification,
        location=_location(suppression.location) if suppression.location else None,
        properties={BAG: SuppressionBag(origin=suppression.origin, origin_id=suppression.origin_id)},
    )


class _Locations:
    """Locations, with the part that names the file built once a file."""

    def __init__(self) -> None:
        self._artifacts: dict[str, Any] = {}

    def get(self, location: Location) -> Any:
        artifact = self._artifacts.get(location.path)
        if artifact is None:
            artifact = self._artifacts[location.path] = to_plain(_artifact_location(location.path))
        return _at(artifact, location.region)


def _location(location: Location) -> Any:
    return _at(_artifact_location(location.path), location.region)


def _at(artifact_location: Any, region: Region | None) -> Any:
    physical = sarif_om.PhysicalLocation(
        artifact_location=artifact_location, region=_region(region) if region is not None else None
    )
    return sarif_om.Location(physical_location=physical)


def _artifact_location(path: str) -> Any:
    return sarif_om.ArtifactLocation(uri=path_to_uri(path), uri_base_id=SOURCE_ROOT)


def _region(region: Region) -> Any:
    return sarif_om.Region(
        start_line=region.start_line,
        start_column=region.start_column,
        end_line=region.end_line,
        end_column=region.end_column,
        snippet=sarif_om.ArtifactContent(text=region.snippet) if region.snippet is not None else None,
    )


def _once(items: Iterable[_T]) -> tuple[_T, ...]:
    """Equal ones once, as the schema demands (``uniqueItems``)."""
    return tuple(dict.fromkeys(items))


def _time(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z") if moment else None


def _sorted(properties: Mapping[str, str]) -> dict[str, str]:
    return {key: properties[key] for key in sorted(properties)}
