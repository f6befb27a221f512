"""SARIF 2.1.0 of any other tool → model: every run, every default resolved, nothing believed that is not said.

Our own property bags are not looked at: a log that is imported cannot vouch for itself in our words.
"""

import re
from collections.abc import Callable, Iterator
from datetime import datetime

import msgspec

from govsec_ci.errors import InputError
from govsec_ci.formats.sarif_bulk import without_collector
from govsec_ci.formats.sarif_columns import Columns
from govsec_ci.formats.sarif_decode import decode, refuse_duplicate_keys, to_utf8
from govsec_ci.formats.sarif_external import gather, refuse_orphans
from govsec_ci.formats.sarif_places import PlaceError, Places
from govsec_ci.formats.sarif_rules import RuleError, Rules, score, severity
from govsec_ci.formats.sarif_wire import (
    VERSION,
    WireInvocation,
    WireLocation,
    WireLog,
    WireNotification,
    WireResult,
    WireRun,
    WireSuppression,
)
from govsec_ci.model import (
    Artifact,
    BaselineState,
    Invocation,
    Kind,
    Level,
    Location,
    Notification,
    Result,
    Role,
    Run,
    ScanState,
    Suppression,
)

_NOT_SLUG = re.compile(r"[^a-z0-9]+")
_NEXT_STEP = "have the tool write the log anew; sarif-multitool validate says more about it"


@without_collector()
def load_foreign(
    data: bytes,
    origin: str,
    *,
    role: Role = Role.OTHER,
    run_id: str = "",
    read_external: Callable[[str], bytes] | None = None,
    read_source: Callable[[str], bytes | None] = lambda _: None,
) -> tuple[Run, ...]:
    """Every run of a log.

    A run is incomplete when it says so, when it has no results array, or when it tells of an error; a log without any
    run gives one incomplete run, for nothing says that anything was looked at.

    :param origin: the file's name, for messages
    :param run_id: id of the runs (a second one gets ``-2``); by default the tool's name
    :param read_external: bytes of an external property file by its URI relative to the log; whoever gives it sees to
        it that no other folder is read. Without it a log with such files is refused.
    :param read_source: bytes of a judged file by a location's path, or None: for columns (see :mod:`.sarif_columns`)
    :raises InputError: names the JSON path of what is wrong
    """
    text = to_utf8(data, origin)
    refuse_duplicate_keys(text, origin)
    log = decode(text, WireLog, origin)
    if log.version != VERSION:
        raise InputError(f"{origin}: $.version: is {log.version!r}, not {VERSION}", next_step=_NEXT_STEP)
    refuse_orphans(log, origin)
    if not log.runs:
        return (_no_run(origin, run_id, role),)
    whole = [gather(run, log, f"$.runs[{number}]", origin, read_external) for number, run in enumerate(log.runs)]
    ids = _ids(whole, run_id)
    return tuple(
        _Reader(run, f"{origin}: $.runs[{number}]", Columns(run.column_kind, read_source)).run(ids[number], role)
        for number, run in enumerate(whole)
    )


def _no_run(origin: str, run_id: str, role: Role) -> Run:
    notification = Notification(
        id="import-without-runs",
        level=Level.ERROR,
        text=f"{origin} holds no run, so nothing says that anything was looked at.",
        next_step="see why the tool wrote an empty log, and let it write one with its run, even without results",
    )
    name = run_id or "import"
    return Run(id=name, tool=name, version="", role=role, state=ScanState.INCOMPLETE, notifications=(notification,))


def _ids(runs: list[WireRun], run_id: str) -> list[str]:
    """One id a run; of the same name the second becomes ``name-2``, or the next number that no other run has."""
    seen: dict[str, int] = {}
    ids: dict[str, None] = {}
    names = [run_id or _NOT_SLUG.sub("-", run.tool.driver.name.lower()).strip("-") or "import" for run in runs]
    for name in names:
        given = name
        while given in ids:
            seen[name] = seen.get(name, 1) + 1
            given = f"{name}-{seen[name]}"
        ids[given] = None
    return list(ids)


class _Reader:
    """Reads one run; ``where`` begins each message."""

    def __init__(self, wire: WireRun, where: str, columns: Columns) -> None:
        self._wire = wire
        self._columns = columns
        self._where = where
        self._places = Places(wire.original_uri_base_ids, wire.artifacts)
        try:
            self._rules = Rules(wire)
        except (RuleError, msgspec.ValidationError) as error:
            raise self._refused("tool", str(error)) from error

    def run(self, run_id: str, role: Role) -> Run:
        wire, driver = self._wire, self._wire.tool.driver
        if not driver.name:
            raise self._refused("tool.driver.name", "is missing or empty")
        results = tuple(self._results())
        notifications = (*self._notifications(), *self._own_notifications())
        failed = any(note.level is Level.ERROR for note in notifications)
        return Run(
            id=run_id,
            tool=driver.name,
            version=driver.version or driver.semantic_version,
            role=role,
            state=ScanState.INCOMPLETE if failed else ScanState.COMPLETE,
            tool_uri=driver.information_uri,
            rules=self._rules.all,
            results=results,
            notifications=notifications,
            invocation=self._invocation(),
            artifacts=tuple(self._artifacts()),
            targets=len(wire.artifacts),
            scope=len(wire.artifacts),
            commit=next((one.revision_id for one in wire.version_control_provenance if one.revision_id), None),
        )

    def _results(self) -> Iterator[Result]:
        for number, wire in enumerate(self._wire.results or ()):
            try:
                yield self._result(wire, number)
            except (PlaceError, RuleError, msgspec.ValidationError) as error:
                raise self._refused(f"results[{number}]", str(error)) from error

    def _result(self, wire: WireResult, number: int) -> Result:
        meant = self._rules.meant_by(wire)
        security = _result_score(wire) or (meant.rule.security_severity if meant.rule else None)
        return Result(
            rule_id=meant.id,
            message=self._rules.text_of(wire.message, meant),
            level=self._rules.level_of(wire, meant),
            kind=wire.kind or Kind.FAIL,
            severity=severity(security),
            locations=self._locations(wire.locations),
            suppressions=tuple(self._suppression(one) for one in wire.suppressions or ()),
            fingerprints=_fingerprints(wire),
            baseline_state=self._baseline_state(wire, number),
            properties=self._properties(wire, meant.id),
        )

    def _locations(self, wires: list[WireLocation]) -> tuple[Location, ...]:
        found = (self._location(wire) for wire in wires)
        return tuple(location for location in found if location is not None)

    def _location(self, wire: WireLocation) -> Location | None:
        location = self._places.location(wire)
        return location and self._columns.of(location)

    def _suppression(self, wire: WireSuppression) -> Suppression:
        return Suppression(
            kind=wire.kind,
            status=wire.status,
            justification=wire.justification,
            origin="import",
            origin_id=wire.guid,
            location=self._location(wire.location) if wire.location else None,
        )

    def _baseline_state(self, wire: WireResult, number: int) -> BaselineState | None:
        """Only ``absent`` is kept: the other states compare with a baseline that is not ours."""
        if wire.baseline_state is None:
            return None
        try:
            state = BaselineState(wire.baseline_state)
        except ValueError:
            raise self._refused(f"results[{number}].baselineState", f"{wire.baseline_state!r} is no state") from None
        return state if state is BaselineState.ABSENT else None

    def _properties(self, wire: WireResult, rule_id: str) -> dict[str, str]:
        logical = (one for place in wire.locations for one in place.logical_locations)
        name = next((one.fully_qualified_name or one.name for one in logical), None)
        cwes = self._rules.cwes_of(wire)
        found = {
            "cwes": " ".join(cwes),
            "logical-location": name or "",
            "rule": wire.rule_id if wire.rule_id and wire.rule_id != rule_id else "",
            "correlation-guid": wire.correlation_guid,
        }
        return {key: value for key, value in found.items() if value}

    def _notifications(self) -> Iterator[Notification]:
        for invocation in self._wire.invocations:
            for wire in (*invocation.tool_execution_notifications, *invocation.tool_configuration_notifications):
                yield self._notification(wire)

    def _notification(self, wire: WireNotification) -> Notification:
        try:
            text = self._rules.text_of(wire.message, None)
            places = self._locations(wire.locations)
        except (RuleError, PlaceError) as error:
            raise self._refused("invocations", str(error)) from error
        name = wire.descriptor.id or "import-notification"
        return Notification(id=name, level=wire.level, text=text, location=places[0] if places else None)

    def _own_notifications(self) -> Iterator[Notification]:
        """What the run's shape says of itself, where it is less than a whole scan."""
        if not all(invocation.execution_successful for invocation in self._wire.invocations):
            yield self._incomplete("import-unsuccessful", "says that its execution was not successful")
        if self._wire.results is None:
            yield self._incomplete("import-without-results", "has no results array: it did not get as far as looking")
        if self._columns.left_out:
            yield self._without_columns()

    def _without_columns(self) -> Notification:
        tool, kind = self._wire.tool.driver.name, self._wire.column_kind
        count, where = self._columns.left_out, self._where
        text = (
            f"{tool} counts columns in {kind}; {count:,} places are shown without a column, because their files "
            f"cannot be read here, or not in that unit ({where})."
        )
        if count == 1:
            text = (
                f"{tool} counts columns in {kind}; 1 place is shown without a column, because its file "
                f"cannot be read here, or not in that unit ({where})."
            )
        return Notification(id="import-without-columns", level=Level.NOTE, text=text)

    def _incomplete(self, name: str, why: str) -> Notification:
        tool = self._wire.tool.driver.name
        text = f"The imported run of {tool} {why} ({self._where})."
        return Notification(id=name, level=Level.ERROR, text=text, next_step=f"mend and repeat the scan by {tool}")

    def _invocation(self) -> Invocation:
        wires = self._wire.invocations
        starts = [moment for moment in (self._time(wire.start_time_utc) for wire in wires) if moment]
        ends = [moment for moment in (self._time(wire.end_time_utc) for wire in wires) if moment]
        only = wires[0] if len(wires) == 1 else WireInvocation(execution_successful=True)
        return Invocation(start=min(starts, default=None), end=max(ends, default=None), exit_code=only.exit_code)

    def _time(self, value: str | None) -> datetime | None:
        if value is None:
            return None
        try:
            moment = msgspec.convert(value, datetime)
        except msgspec.ValidationError as error:
            raise self._refused("invocations", f"{value!r} is no time of RFC 3339") from error
        if moment.tzinfo is None:
            raise self._refused("invocations", f"{value!r} has no time zone")
        return moment

    def _artifacts(self) -> Iterator[Artifact]:
        for number, wire in enumerate(self._wire.artifacts):
            try:
                path = self._places.path(wire.location)
            except PlaceError as error:
                raise self._refused(f"artifacts[{number}]", str(error)) from error
            digest = wire.hashes.get("sha-256", "")
            if path and digest:
                yield Artifact(path=path, sha256=digest.lower(), length=max(wire.length, 0))

    def _refused(self, path: str, why: str) -> InputError:
        return InputError(f"{self._where}.{path}: {why}", next_step=_NEXT_STEP)


class _ResultBag(msgspec.Struct, frozen=True, kw_only=True):
    security_severity: object = msgspec.field(default=None, name="security-severity")


_RESULT_BAG = msgspec.json.Decoder(_ResultBag)


def _result_score(wire: WireResult) -> str | None:
    return score(_RESULT_BAG.decode(wire.properties).security_severity)


def _fingerprints(wire: WireResult) -> dict[str, str]:
    """Theirs; keys of ours are for us to give."""
    every = {**wire.partial_fingerprints, **wire.fingerprints}
    return {key: value for key, value in every.items() if not key.startswith("govsec/")}
