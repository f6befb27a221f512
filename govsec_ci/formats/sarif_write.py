"""Model → SARIF 2.1.0, as a stream: one result is built, serialised and dropped at a time."""

from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

import sarif_om

from govsec_ci.formats.sarif_bulk import without_collector
from govsec_ci.formats.sarif_own import BAG, CATEGORY, NotificationBag, RuleBag, RunBag
from govsec_ci.formats.sarif_results import OutArtifact, OutArtifactLocation, Results, by_key, once, time_text
from govsec_ci.formats.sarif_serialise import encode, to_json
from govsec_ci.formats.sarif_wire import COLUMN_KIND, SCHEMA_URI, SOURCE_ROOT, VERSION
from govsec_ci.model import (
    Artifact,
    Invocation,
    Location,
    Notification,
    Region,
    Rule,
    Run,
    ScanState,
)
from govsec_ci.system.files import path_to_uri

REPOSITORY_PROPERTY = "repository-uri"
"""Key of ``Run.properties`` that holds the repository's URI, which ``versionControlProvenance`` cannot do without."""

_SUCCESSFUL = frozenset({ScanState.COMPLETE, ScanState.NOT_APPLICABLE})


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
    results = Results(once(run.rules))
    for number, result in enumerate(run.results):
        yield (b",\n" if number else b"\n") + encode(results.out(result))
    yield b"\n]}" if run.results else b"]}"


def _run_head(run: Run) -> Any:
    return sarif_om.Run(
        tool=sarif_om.Tool(driver=_driver(run)),
        artifacts=[_artifact(artifact) for artifact in once(run.artifacts)] or None,
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
        rules=[_rule(rule) for rule in once(run.rules)],  # GitHub wants the array, also an empty one
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
        declared=run.declared,
        properties=by_key(run.properties),
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
        start_time_utc=time_text(made.start) if made.start else None,
        end_time_utc=time_text(made.end) if made.end else None,
        arguments=list(made.arguments) or None,
        exit_code=made.exit_code,
        tool_execution_notifications=[_notification(one) for one in run.notifications] or None,
    )


def _notification(notification: Notification) -> Any:
    bag = NotificationBag(next_step=notification.next_step, properties=by_key(notification.properties))
    return sarif_om.Notification(
        message=sarif_om.Message(text=notification.text),
        descriptor=sarif_om.ReportingDescriptorReference(id=notification.id),
        level=notification.level.value,
        locations=[_location(notification.location)] if notification.location else None,
        properties={BAG: bag} if bag != NotificationBag() else None,
    )


def _artifact(artifact: Artifact) -> OutArtifact:
    place = OutArtifactLocation(uri=path_to_uri(artifact.path), uri_base_id=SOURCE_ROOT)
    return OutArtifact(hashes={"sha-256": artifact.sha256}, length=artifact.length, location=place)


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


def _location(location: Location) -> Any:
    physical = sarif_om.PhysicalLocation(
        artifact_location=_artifact_location(location.path),
        region=_region(location.region) if location.region is not None else None,
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
