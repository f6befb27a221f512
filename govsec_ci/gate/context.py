"""What every gate kind is given: the evidence, indexed so that a hundred thousand results are looked at once."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import cached_property
from typing import Final

from msgspec import Struct

from govsec_ci.errors import InputError
from govsec_ci.gate.schema import MOST, FromParameter, Number, Parameter, Profile
from govsec_ci.gate.texts import note
from govsec_ci.model import (
    BaselineState,
    Check,
    Confidence,
    Evidence,
    FeedState,
    Kind,
    Level,
    Note,
    Result,
    Role,
    Rule,
    Run,
    ScanState,
    Severity,
    Stage,
    VerdictWord,
)

WEAKNESSES: Final = frozenset({Kind.FAIL, Kind.OPEN, Kind.REVIEW})
SCOPE: Final = "scope"
"""The parameter by which a project counts new results only (``new``); every profile knows it."""

_NO_RULE: Final = Rule(id="")
_AS: Final = {
    "as-critical": Severity.CRITICAL,
    "as-high": Severity.HIGH,
    "as-medium": Severity.MEDIUM,
    "as-low": Severity.LOW,
    "incomplete": Severity.UNKNOWN,
}


class Cell(Struct, frozen=True, kw_only=True, gc=False):
    """Results that differ only in where they are, and in which component: no other criterion tells them apart.

    :param claimed: whether they carry suppression claims; :param correlated: whether they share a weakness with others
    :param results: sorted by their names; :param keys: those names (:func:`key_of`), in the same order
    """

    run: Run
    rule: Rule
    severity: Severity
    confidence: Confidence
    kind: Kind
    baseline: BaselineState | None
    claimed: bool
    correlated: bool
    results: list[Result]
    keys: list[str]

    @property
    def sample(self) -> Result:
        """One of the results, for what all of them share: first detection, fix, whether the component is direct."""
        return self.results[0]


class Finding(Struct, frozen=True, kw_only=True):
    """What a gate kind answers; ``evaluate`` makes a check of it.

    :param next: what would decide it, where something is open and the gate knows better than "what the reasons name"
    """

    verdict: VerdictWord
    observed: Note
    limit: Note
    results: tuple[str, ...] = ()
    offenders: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()
    due: Mapping[str, datetime] = {}
    next: Note | None = None


class Index:
    """The evidence's results as cells, for all profiles."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """Every result that was not found absent."""
        return tuple(cell for run in sorted_runs(self.evidence.runs) for cell in _cells(run, run.results))

    @cached_property
    def claimed(self) -> tuple[Cell, ...]:
        """Those of :attr:`cells` whose results carry suppression claims, without the cost of all the others."""
        return tuple(cell for run in sorted_runs(self.evidence.runs) for cell in _cells(run, _with_claims(run)))

    @cached_property
    def feeds(self) -> Mapping[str, tuple[FeedState, ...]]:
        """Feed name → every state in which a run used it, oldest first."""
        feeds: dict[str, list[FeedState]] = {}
        for run in self.evidence.runs:
            for feed in run.advisories:
                feeds.setdefault(feed.feed, []).append(feed)
        return {name: tuple(sorted(states, key=lambda state: state.as_of)) for name, states in feeds.items()}

    def roles(self, role: Role) -> tuple[Run, ...]:
        """The runs of a role, by id."""
        return tuple(run for run in sorted_runs(self.evidence.runs) if run.role is role)


def sorted_runs(runs: Iterable[Run]) -> list[Run]:
    """Runs in an order that does not depend on the one in which they came."""
    return sorted(runs, key=lambda run: (run.id, run.tool, run.version))


def _with_claims(run: Run) -> Iterable[Result]:
    return (result for result in run.results if result.suppressions)


def _cells(run: Run, results: Iterable[Result]) -> list[Cell]:
    rules = {rule.id: rule for rule in run.rules}
    groups: dict[tuple[object, ...], list[Result]] = {}
    for result in results:
        if result.baseline_state is not BaselineState.ABSENT:
            groups.setdefault(_alike(result), []).append(result)
    return [_cell(run, rules.get(alike[0].rule_id, _NO_RULE), alike) for alike in groups.values()]


def _alike(result: Result) -> tuple[object, ...]:
    """Equal for results of one cell. The enums' names hash faster than the enums themselves."""
    fix = result.fix
    return (
        result.rule_id,
        result.severity._name_,
        result.confidence._name_,
        result.kind._name_,
        result.baseline_state and result.baseline_state._name_,
        result.first_detected,
        bool(result.suppressions),
        bool(result.correlation),
        fix and (fix.nearest, fix.versions, fix.available),
        result.component and result.component.direct,
        result.component is None,
    )


def _cell(run: Run, rule: Rule, results: list[Result]) -> Cell:
    keys = [key_of(result) for result in results]
    order = sorted(range(len(keys)), key=keys.__getitem__)
    first = results[0]
    return Cell(
        run=run,
        rule=rule,
        severity=first.severity,
        confidence=first.confidence,
        kind=first.kind,
        baseline=first.baseline_state,
        claimed=bool(first.suppressions),
        correlated=bool(first.correlation),
        results=[results[index] for index in order],
        keys=[keys[index] for index in order],
    )


def key_of(result: Result) -> str:
    """The name of a result in a verdict: its own fingerprint, else GitHub's, else its rule and place."""
    found = result.fingerprints.get("govsec/v1") or result.fingerprints.get("primaryLocationLineHash")
    return found or _place(result)


def _place(result: Result) -> str:
    place = result.locations[0] if result.locations else None
    line = place.region.start_line if place and place.region else 0
    name = result.component.purl if result.component else ""
    return ":".join(str(part) for part in (result.rule_id, place.path if place else name, line) if part)


class Context(Struct, frozen=True, kw_only=True, dict=True):
    """One profile's view of the evidence at one moment."""

    index: Index
    profile: Profile
    now: datetime
    stage: Stage

    @property
    def evidence(self) -> Evidence:
        """All that a gate may look at."""
        return self.index.evidence

    def severity(self, cell: Cell) -> Severity:
        """The severity by which a cell is judged; UNKNOWN only where the profile rules "incomplete"."""
        return _AS[self.profile.unknown_severity] if cell.severity is Severity.UNKNOWN else cell.severity

    def number(self, value: Number) -> int:
        """A limit, read from its parameter where it is one."""
        return int(self.parameter(value.parameter)) if isinstance(value, FromParameter) else value

    def parameter(self, name: str) -> str:
        """What the project declares, else the default, else the strictest value.

        :raises InputError: the declared value is none that the profile knows
        """
        parameter = self.profile.parameters[name]
        declared = self.evidence.parameters.get(name)
        if declared is None:
            return str(parameter.strictest if parameter.default is None else parameter.default)
        _check_value(self.profile, name, parameter, declared)
        return declared

    def only_new(self) -> bool:
        """Whether the project asks for new results only."""
        declared = self.evidence.parameters.get(SCOPE, "all")
        if declared not in ("all", "new"):
            raise InputError(f"parameter 'scope': {declared!r} is neither 'all' nor 'new'")
        return declared == "new"


def _check_value(profile: Profile, name: str, parameter: Parameter, declared: str) -> None:
    if parameter.type == "choice" and declared not in parameter.values:
        raise InputError(
            f"parameter {name!r}: {declared!r} is no value that profile {profile.id} knows",
            next_step=f"one of: {', '.join(parameter.values)}",
        )
    if parameter.type == "integer":
        _check_integer(profile, name, parameter, declared)


def _check_integer(profile: Profile, name: str, parameter: Parameter, declared: str) -> None:
    if not (declared.isascii() and declared.isdigit()):
        raise InputError(f"parameter {name!r}: {declared!r} is not a whole number")
    low, high = bounds(parameter)
    # As text first: Python does not read a number of thousands of digits.
    if len(declared.lstrip("0")) > len(str(high)) or not low <= int(declared) <= high:
        raise InputError(f"parameter {name!r}: profile {profile.id} allows {low} to {high}, not {declared[:20]}")


def bounds(parameter: Parameter) -> tuple[int, int]:
    """The least and the largest value of an ``integer`` parameter."""
    low, high = parameter.minimum, parameter.maximum
    return 0 if low is None else low, MOST if high is None else high


def gaps(
    context: Context, roles: Iterable[Role], *, must_apply: Iterable[Role] = (), tools: Iterable[str] = ()
) -> list[Note]:
    """Why the examination by these roles (all that ran, where none is named) was not whole; empty when it was.

    :param must_apply: roles for which "not applicable" is no answer; :param tools: tools that must have run too
    """
    wanted = tuple(roles)
    evidence = context.evidence
    runs = sorted_runs(evidence.runs)
    ids = {run.id for run in runs}
    found = [
        note("run-lost", run=run)
        for run, role in sorted(evidence.expected.items())
        if run not in ids and (not wanted or role in wanted)
    ]
    ran = {run.tool for run in runs}
    found += [note("tool-missing", tool=tool) for tool in dict.fromkeys(tools) if tool not in ran]
    if not wanted:
        found += [] if runs else [note("nothing-ran")]
        return found + [gap for run in runs for gap in _run_gaps(run, refuse=False)]
    for role in dict.fromkeys(wanted):
        own = [run for run in runs if run.role is role]
        found += [] if own else [note("role-missing", role=role.value)]
        found += [gap for run in own for gap in _run_gaps(run, refuse=role in tuple(must_apply))]
    return found


def _run_gaps(run: Run, *, refuse: bool) -> list[Note]:
    if run.state is ScanState.COMPLETE:
        return []
    if run.state is ScanState.NOT_APPLICABLE:
        if not run.proof.strip():
            return [note("run-unproved", run=run.id)]
        return [note("run-must-apply", run=run.id, proof=run.proof)] if refuse else []
    said = [note("run-said", run=run.id, text=n.text) for n in run.notifications if n.level is Level.ERROR]
    return said or [note("run-incomplete", run=run.id)]


Judge = Callable[[Context, object], Finding]


def worst(words: Iterable[VerdictWord]) -> VerdictWord:
    """FAIL outranks INCOMPLETE outranks PASS."""
    found = set(words)
    return next((word for word in (VerdictWord.FAIL, VerdictWord.INCOMPLETE) if word in found), VerdictWord.PASS)


def deciding(checks: Iterable[Check]) -> list[Check]:
    """Those that decide: warnings never do."""
    return [check for check in checks if check.mode == "block"]
