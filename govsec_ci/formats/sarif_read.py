"""SARIF 2.1.0 logs of our own → model: the exact inverse of :mod:`govsec_ci.formats.sarif_write`."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from govsec_ci.errors import InputError
from govsec_ci.formats.sarif_bulk import without_collector
from govsec_ci.formats.sarif_decode import decode
from govsec_ci.formats.sarif_own import (
    CATEGORY,
    NotificationProperties,
    OwnLog,
    OwnResult,
    OwnRun,
    OwnSuppression,
    RuleProperties,
    RunProperties,
)
from govsec_ci.formats.sarif_places import region
from govsec_ci.formats.sarif_wire import (
    VERSION,
    Text,
    WireArtifact,
    WireInvocation,
    WireLocation,
    WireNotification,
    WireRule,
)
from govsec_ci.model import (
    Artifact,
    Invocation,
    Level,
    Location,
    Moment,
    Notification,
    Result,
    Rule,
    Run,
    Suppression,
)
from govsec_ci.system.files import uri_to_path

_T = TypeVar("_T")


@without_collector()
def read(data: bytes, origin: str) -> tuple[Run, ...]:
    """The runs of a log that :func:`write_to` made.

    :param origin: the file's name, for messages
    :raises InputError: it is no SARIF 2.1.0, or not a log of ours
    """
    log = decode(data, OwnLog, origin)
    if log.version != VERSION:
        raise InputError(f"{origin}: $.version: is {log.version!r}, not {VERSION}")
    return tuple(_Reader(origin, f"$.runs[{number}]").run(run) for number, run in enumerate(log.runs))


class _Reader:
    """Reads one run; knows where it stands, for messages, and keeps each location once."""

    def __init__(self, origin: str, path: str) -> None:
        self.origin = origin
        self.path = path
        self._paths: dict[str, str] = {}

    def run(self, wire: OwnRun) -> Run:
        bag = self._properties(wire.properties, _RUN, "properties").govsec
        invocation = wire.invocations[0] if wire.invocations else WireInvocation(execution_successful=False)
        if wire.automation_details.id != f"{CATEGORY}/{bag.id}/":
            raise self._refused("automationDetails.id", f"is not {CATEGORY}/{bag.id}/")
        driver = wire.tool.driver
        return Run(
            id=bag.id,
            tool=driver.name,
            version=driver.version,
            role=bag.role,
            state=bag.state,
            proof=bag.proof,
            tool_uri=driver.information_uri,
            rules=tuple(self._rule(rule, number) for number, rule in enumerate(driver.rules)),
            results=tuple(self._results(wire)),
            notifications=tuple(self._notification(one) for one in invocation.tool_execution_notifications),
            invocation=self._invocation(invocation),
            artifacts=tuple(self._artifact(artifact) for artifact in wire.artifacts),
            targets=bag.targets,
            scope=bag.scope,
            commit=bag.commit,
            advisories=bag.advisories,
            audited=bag.audited,
            declared=bag.declared,
            properties=bag.properties,
        )

    def _results(self, wire: OwnRun) -> Iterator[Result]:
        for number, raw in enumerate(wire.results):
            try:
                result = _OWN_RESULT.decode(raw)
            except msgspec.ValidationError as error:
                why, _, inner = str(error).partition(" - at `$")
                raise self._refused(f"results[{number}]{inner.rstrip('`')}", why) from error
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                raise self._refused(f"results[{number}]", str(error)) from error
            yield self._result(result)

    def _rule(self, wire: WireRule, number: int) -> Rule:
        properties = self._properties(wire.properties, _RULE, f"tool.driver.rules[{number}].properties")
        bag = properties.govsec
        return Rule(
            id=wire.id,
            name=wire.id if bag.named_by_id else wire.name,
            short=_unless("short" in bag.blank, wire.short_description),
            full=_unless("full" in bag.blank, wire.full_description),
            help=_unless("help" in bag.blank, wire.help),
            help_uri=wire.help_uri,
            level=wire.default_configuration.level or Level.WARNING,
            security_severity=properties.security_severity,
            precision=properties.precision,
            cwes=bag.cwes,
            tags=bag.tags,
            vulnerability=bag.vulnerability,
        )

    def _result(self, wire: OwnResult) -> Result:
        bag = wire.properties.govsec
        # By position, which takes a fifth of the time: there may be a hundred thousand.
        return Result(
            wire.rule_id,
            wire.message.text or "",
            bag.level or wire.level,
            wire.kind,
            bag.severity,
            bag.confidence,
            tuple(map(self._location, wire.locations)),
            tuple(map(self._suppression, wire.suppressions)),
            {**wire.partial_fingerprints, **wire.fingerprints},
            wire.correlation_guid or bag.correlation,
            wire.baseline_state,
            wire.provenance.first_detection_time_utc,
            bag.component,
            bag.fix,
            bag.properties,
        )

    def _suppression(self, wire: OwnSuppression) -> Suppression:
        bag = wire.properties.govsec
        return Suppression(
            kind=wire.kind,
            status=wire.status,
            justification=wire.justification,
            origin=bag.origin,
            origin_id=bag.origin_id,
            location=self._location(wire.location) if wire.location else None,
        )

    def _notification(self, wire: WireNotification) -> Notification:
        bag = self._properties(wire.properties, _NOTIFICATION, "invocations[0]").govsec
        return Notification(
            id=wire.descriptor.id or "",
            level=wire.level,
            text=wire.message.text or "",
            location=self._location(wire.locations[0]) if wire.locations else None,
            next_step=bag.next_step,
            properties=bag.properties,
        )

    def _invocation(self, wire: WireInvocation) -> Invocation:
        return Invocation(
            start=self._time(wire.start_time_utc, "invocations[0].startTimeUtc"),
            end=self._time(wire.end_time_utc, "invocations[0].endTimeUtc"),
            arguments=tuple(wire.arguments),
            exit_code=wire.exit_code,
        )

    def _artifact(self, wire: WireArtifact) -> Artifact:
        return Artifact(
            path=self._path(wire.location.uri), sha256=wire.hashes.get("sha-256", ""), length=max(wire.length, 0)
        )

    def _location(self, wire: WireLocation) -> Location:
        physical = wire.physical_location
        if physical is None or physical.artifact_location is None:
            raise self._refused("results", "holds a location without an artifact, which we never write")
        return Location(self._path(physical.artifact_location.uri), region(physical.region))

    def _path(self, uri: str | None) -> str:
        known = self._paths.get(uri or "")
        if known is None:
            known = self._paths[uri or ""] = uri_to_path(uri or "")
        return known

    def _time(self, value: str | None, path: str) -> datetime | None:
        if value is None:
            return None
        try:
            return msgspec.convert(value, Moment)
        except msgspec.ValidationError as error:
            raise self._refused(path, str(error)) from error

    def _properties(self, raw: msgspec.Raw, decoder: "msgspec.json.Decoder[_T]", path: str) -> _T:
        try:
            return decoder.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise self._refused(path, f"{error}: this log was not written by govsec") from error

    def _refused(self, path: str, why: str) -> InputError:
        return InputError(
            f"{self.origin}: {self.path}.{path}: {why}",
            next_step="give a log that govsec wrote; a log of another tool is taken in by [[import]]",
        )


_OWN_RESULT = msgspec.json.Decoder(OwnResult)
_RUN: Any = msgspec.json.Decoder(RunProperties)
_RULE: Any = msgspec.json.Decoder(RuleProperties)
_NOTIFICATION: Any = msgspec.json.Decoder(NotificationProperties)


def _unless(blank: bool, text: Text) -> str:  # noqa: FBT001 — a condition, not a flag
    return "" if blank else text.text or ""
