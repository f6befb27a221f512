"""Gates of kind ``deadlines``: how long a result may stay open. An unknown input counts as everything it could be.

A row's days are whole UTC days: what is to be mended within 3 days of the 18th is overdue when the 22nd begins. Hours
count from the moment.
"""

import itertools
from calendar import monthrange
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from msgspec import Struct

from govsec_ci.gate.context import Cell, Context, Finding, gaps
from govsec_ci.gate.facts import Truth, at_least, has_fix, in_kev, point
from govsec_ci.gate.filters import Group, Selection, select, sorted_keys, weaknesses
from govsec_ci.gate.kind_results import named, told
from govsec_ci.gate.rulings import Rulings
from govsec_ci.gate.schema import Clock, Conditions, DeadlinesGate, Row
from govsec_ci.gate.texts import note
from govsec_ci.model import Note, Severity, Ssvc, VerdictWord, Vulnerability

_DAY: Final = timedelta(days=1)
_SEVERITIES: Final = (Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW, Severity.NONE)

_FEEDS: Final[Mapping[str, str]] = {
    "kev": "kev",
    "epss": "epss",
    "exploitation": "vulnrichment",
    "automatable": "vulnrichment",
    "technical impact": "vulnrichment",
}
"""What a note calls unknown → the feed that tells it."""


class _Inputs(Struct, frozen=True, kw_only=True):
    """What the rows of a table ask of one result; None is unknown."""

    severity: Severity | None
    kev: Truth
    exploitation: str | None
    automatable: str | None
    technical_impact: str | None
    fix_available: Truth
    cvss: float | None
    epss: float | None


class _Start(Struct, frozen=True, kw_only=True):
    """When a clock began: ``at``, or earlier where that is not certain; None when nothing is known of it."""

    at: datetime | None
    certain: bool = True
    running: bool = True


class Term(Struct, frozen=True, kw_only=True):
    """One case: its row, the last moment, and whether that has passed.

    :param due: None where the row gives no time, or the clock is unknown or has not begun
    """

    row: Row | None
    due: datetime | None
    overdue: Truth


class Outcome(Struct, frozen=True, kw_only=True):
    """What every case that a result could be comes to.

    :param overdue: True when overdue in every case, False when in none
    :param barred: whether an input that the gate must know is not known
    :param due: the earliest of the due dates that it could have
    :param rows: the rows that it could fall under; :param unknown: what was not known
    """

    overdue: Truth
    barred: bool
    due: datetime | None
    rows: tuple[Row, ...]
    unknown: tuple[str, ...]

    @property
    def undecided(self) -> bool:
        """Whether it cannot be told to be overdue, nor to be in time."""
        return self.overdue is None or (self.barred and not self.overdue)


Judged = list[tuple[Group, Outcome]]


def deadlines(context: Context, rulings: Rulings, gate: DeadlinesGate) -> Finding:
    """Overdue in every case is FAIL, in some INCOMPLETE, in none PASS: unless an input that must be known is not."""
    selection = select(context, rulings, gate.filter, ratchet=gate.ratchet)
    table = _Table(context, gate)
    judged = [(group, table.outcome(group.cell)) for group in selection.counted]
    doubtful = [(group, table.outcome(group.cell)) for group, _ in selection.unsure]
    late = [group for group, outcome in judged if outcome.overdue]
    unsure = [(g, o) for g, o in judged if o.undecided] + [(g, o) for g, o in doubtful if o.undecided or o.overdue]
    found = gaps(context, gate.filter.role, tools=gate.filter.tool)
    return Finding(
        verdict=VerdictWord.FAIL if late else VerdictWord.INCOMPLETE if unsure or found else VerdictWord.PASS,
        observed=note("overdue", n=weaknesses(late)),
        limit=note("overdue", n=0),
        results=sorted_keys(late),
        offenders=sorted_keys(group for group, _ in unsure),
        notes=(*found, *_notes(context, gate, selection, judged, unsure)),
        due=_due_dates(judged),
        next=None if found else _next(unsure),
    )


def _next(unsure: Judged) -> Note | None:
    """Which feeds to carry in, where all that is open hangs on what they tell."""
    unknown = {what for _, outcome in unsure for what in _open(outcome)}
    if not unknown or not unknown <= _FEEDS.keys():
        return None
    feeds = sorted({_FEEDS[what] for what in unknown})
    lacking = {feed for group, _ in unsure for feed in feeds if not _used(group, feed)}
    return note("next-feeds" if lacking else "next-feeds-newer", feeds=", ".join(sorted(lacking) or feeds))


def _open(outcome: Outcome) -> set[str]:
    """What is unknown; since when a clock runs hangs on KEV where that is unknown itself."""
    return set(outcome.unknown or ("filter",)) - ({"clock"} if "kev" in outcome.unknown else set())


def _used(group: Group, feed: str) -> bool:
    return any(state.feed == feed for state in group.cell.run.advisories)


def _due_dates(judged: Judged) -> dict[str, datetime]:
    """Name of a result → its due date; of results with one name the earliest."""
    dated = [(outcome.due, group) for group, outcome in judged if outcome.due]
    due: dict[str, datetime] = {}
    for moment, group in sorted(dated, key=lambda one: one[0], reverse=True):
        due |= dict.fromkeys(group.keys, moment)
    return due


def _notes(
    context: Context, gate: DeadlinesGate, selection: Selection, judged: Judged, unsure: Judged
) -> Iterator[Note]:
    if not context.evidence.baseline and any(group.cell.sample.first_detected is None for group, _ in judged):
        yield note("no-baseline")
    for (said, what), groups in _by_unknown(unsure):
        yield note(said, n=weaknesses(groups), what=what, who=named(groups))
    yield from _soon(context, gate, judged)
    later = [group for group, outcome in judged if any(row.next_upgrade for row in outcome.rows)]
    if later:
        yield note("next-upgrade", n=weaknesses(later), who=named(later))
    yield from _duties(judged)
    yield from told(context, selection, ratchet=gate.ratchet)


def _by_unknown(unsure: Judged) -> list[tuple[tuple[str, str], list[Group]]]:
    """(text, what is unknown) → the results of which it is to be told."""
    found: dict[tuple[str, str], list[Group]] = {}
    for group, outcome in unsure:
        said = "deadline-unsure" if outcome.overdue is False else "overdue-unsure"
        found.setdefault((said, ", ".join(outcome.unknown) or "filter"), []).append(group)
    return sorted(found.items(), key=lambda item: item[0])


def _soon(context: Context, gate: DeadlinesGate, judged: Judged) -> Iterator[Note]:
    horizon = context.now + timedelta(days=gate.due_soon_days)
    soon = [(g, o.due) for g, o in judged if not o.overdue and o.due and context.now <= o.due <= horizon]
    if gate.due_soon_days and soon:
        first = min(due for _, due in soon)
        groups = [group for group, _ in soon]
        days, who = gate.due_soon_days, named(groups)
        yield note("due-soon", n=weaknesses(groups), days=days, date=first.date(), who=who)


def _duties(judged: Judged) -> Iterator[Note]:
    owing: dict[tuple[str, str], list[Group]] = {}
    for group, outcome in judged:
        for duty in {(row.duty.en, row.duty.ja) for row in outcome.rows if row.duty}:
            owing.setdefault(duty, []).append(group)
    for (en, ja), groups in sorted(owing.items(), key=lambda item: item[0]):
        yield note("duty", n=weaknesses(groups), en=en, ja=ja, who=named(groups))


class _Table:
    """A gate's rows over the evidence."""

    def __init__(self, context: Context, gate: DeadlinesGate) -> None:
        self.context = context
        self.gate = gate
        self._asked = frozenset(key for row in gate.rows for key in _asked(row.when))

    def outcome(self, cell: Cell) -> Outcome:
        """The outcome of every result of a cell."""
        inputs = _inputs(self.context, cell)
        unknown = sorted(key for key in self._asked if getattr(inputs, key) is None)
        terms = [self._case(cell, inputs, dict(zip(unknown, values, strict=True))) for values in self._cases(unknown)]
        truths = {term.overdue for term in terms}
        clock = ("clock",) if None in truths else ()
        return Outcome(
            overdue=truths.pop() if len(truths) == 1 else None,
            barred=any(key.replace("-", "_") in unknown for key in self.gate.must_know),
            due=min((term.due for term in terms if term.due), default=None),
            rows=tuple({id(term.row): term.row for term in terms if term.row}.values()),
            unknown=(*(key.replace("_", " ") for key in unknown), *clock),
        )

    def _cases(self, unknown: list[str]) -> Iterator[tuple[Any, ...]]:
        return itertools.product(*(_domain(self.gate, key) for key in unknown))

    def _case(self, cell: Cell, inputs: _Inputs, assumed: Mapping[str, Any]) -> Term:
        case = _with(inputs, assumed) if assumed else inputs
        return self._term(cell, case, self._row(case))

    def _row(self, case: _Inputs) -> Row | None:
        return next((row for row in self.gate.rows if self._holds(row.when, case)), None)

    def _holds(self, when: Conditions, case: _Inputs) -> bool:
        return (
            (when.severity is None or bool(at_least(case.severity or Severity.NONE, when.severity)))
            and (when.kev is None or case.kev is when.kev)
            and bool(point(case.exploitation, when.exploitation))
            and bool(point(case.automatable, when.automatable))
            and bool(point(case.technical_impact, when.technical_impact))
            and (when.fix_available is None or case.fix_available is when.fix_available)
            and (when.cvss is None or (case.cvss is not None and case.cvss >= when.cvss))
            and (when.epss is None or (case.epss is not None and case.epss >= when.epss))
            and all(self.context.parameter(name) in values for name, values in when.parameters.items())
        )

    def _term(self, cell: Cell, case: _Inputs, row: Row | None) -> Term:
        if row is None or row.next_upgrade:
            return Term(row=row, due=None, overdue=False)
        if row.kev_due:
            return self._kev_term(cell, case, row)
        start = self._start(cell, case, row.clock or self.gate.clock)
        if start.at is None and start.running and self.gate.fallback:
            start = self._start(cell, case, self.gate.fallback)
        if not start.running:
            return Term(row=row, due=None, overdue=False)
        if start.at is None:
            return Term(row=row, due=None, overdue=None)
        due, end = self._due(row, start.at)
        passed = self.context.now >= end
        return Term(row=row, due=due, overdue=True if passed else False if start.certain else None)

    def _kev_term(self, cell: Cell, case: _Inputs, row: Row) -> Term:
        if not case.kev:
            return Term(row=row, due=None, overdue=False)
        kev = cell.rule.vulnerability.kev if cell.rule.vulnerability else None
        if kev is None:
            return Term(row=row, due=None, overdue=None)
        due, end = _whole_day(kev.due_date.astimezone(UTC).date())
        return Term(row=row, due=due, overdue=self.context.now >= end)

    def _due(self, row: Row, start: datetime) -> tuple[datetime, datetime]:
        """The due time as it is told (the last second), and the moment from which it is overdue."""
        first = start.astimezone(UTC).date()
        if row.months is not None:
            return _whole_day(months_after(first, self.context.number(row.months)))
        if row.days is None:
            due = start + timedelta(hours=self.context.number(row.hours or 0))
            return due, due + timedelta(microseconds=1)
        return _whole_day(first + timedelta(days=self.context.number(row.days)))

    def _start(self, cell: Cell, case: _Inputs, clock: Clock) -> _Start:
        vulnerability = cell.rule.vulnerability
        detected = cell.sample.first_detected or self.context.now
        if clock == "detected" or vulnerability is None:
            return _Start(at=detected)
        if clock == "published":
            # What is detected has been published: no later than then.
            return _Start(at=vulnerability.published or detected, certain=vulnerability.published is not None)
        if clock == "fix-available":
            fix = cell.sample.fix
            available = fix.available if fix else None
            return _Start(at=available, running=case.fix_available is not False)
        added = vulnerability.kev.date_added if vulnerability.kev else None
        if clock == "kev-added":
            return _Start(at=added, running=bool(case.kev))
        return _Start(at=min(added, detected) if added else detected, certain=bool(added) or not case.kev)


def _whole_day(last: date) -> tuple[datetime, datetime]:
    end = datetime.combine(last, time(), UTC) + _DAY
    return end - timedelta(seconds=1), end


def months_after(day: date, months: int) -> date:
    """The same day so many calendar months later, or the last of that month where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _asked(when: Conditions) -> Iterator[str]:
    for key in _Inputs.__struct_fields__:
        if getattr(when, key) not in (None, ()):
            yield key


def _inputs(context: Context, cell: Cell) -> _Inputs:
    vulnerability = cell.rule.vulnerability or Vulnerability(id="")
    points = vulnerability.ssvc or Ssvc()
    severity = context.severity(cell)
    return _Inputs(
        severity=None if severity is Severity.UNKNOWN else severity,
        kev=in_kev(cell),
        exploitation=points.exploitation,
        automatable=points.automatable,
        technical_impact=points.technical_impact,
        fix_available=has_fix(cell),
        cvss=max((cvss.score for cvss in vulnerability.cvss), default=None),
        epss=vulnerability.epss.score if vulnerability.epss else None,
    )


def _domain(gate: DeadlinesGate, key: str) -> tuple[Any, ...]:
    """Every value that an unknown input could have, as far as the rows tell them apart."""
    fixed: Mapping[str, tuple[Any, ...]] = {
        "severity": _SEVERITIES,
        "kev": (True, False),
        "exploitation": ("none", "poc", "active"),
        "automatable": ("yes", "no"),
        "technical_impact": ("partial", "total"),
        "fix_available": (True, False),
    }
    if key in fixed:
        return fixed[key]
    return (0.0, *sorted({getattr(row.when, key) for row in gate.rows if getattr(row.when, key) is not None}))


def _with(inputs: _Inputs, values: Mapping[str, Any]) -> _Inputs:
    return _Inputs(**{key: values.get(key, getattr(inputs, key)) for key in _Inputs.__struct_fields__})
