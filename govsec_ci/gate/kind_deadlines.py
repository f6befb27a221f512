"""Gates of kind ``deadlines``: how long a result may stay open. An unknown input counts as everything it could be.

A row's days are whole UTC days: what is to be mended within 3 days of the 18th is overdue when the 22nd begins. Hours
count from the moment.
"""

import itertools
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final

from msgspec import Struct

from govsec_ci.gate.context import Cell, Context, Finding, gaps, key_of
from govsec_ci.gate.facts import Truth, at_least, has_fix, in_kev, point
from govsec_ci.gate.filters import Selection, select, weaknesses
from govsec_ci.gate.kind_results import told
from govsec_ci.gate.rulings import Rulings
from govsec_ci.gate.schema import Clock, Conditions, DeadlinesGate, Row
from govsec_ci.gate.texts import note
from govsec_ci.model import Note, Result, Severity, Ssvc, VerdictWord, Vulnerability

_DAY: Final = timedelta(days=1)
_SEVERITIES: Final = (Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW, Severity.NONE)


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
    """Every case that a result could be, and what was not known."""

    terms: tuple[Term, ...]
    unknown: tuple[str, ...]

    @property
    def overdue(self) -> Truth:
        """True when overdue in every case, False when in none."""
        truths = {term.overdue for term in self.terms}
        return truths.pop() if len(truths) == 1 else None

    @property
    def due(self) -> datetime | None:
        """The earliest of the due dates that it could have."""
        return min((term.due for term in self.terms if term.due), default=None)


def deadlines(context: Context, rulings: Rulings, gate: DeadlinesGate) -> Finding:
    """Overdue in every case is FAIL, in some INCOMPLETE, in none PASS."""
    selection = select(context, rulings, gate.filter, ratchet=gate.ratchet)
    table = _Table(context, gate)
    judged = [(result, table.outcome(cell, result)) for result, cell in selection.counted]
    doubtful = [(result, table.outcome(cell, result)) for result, cell, _ in selection.unsure]
    late = [result for result, outcome in judged if outcome.overdue]
    unsure = [(r, o) for r, o in judged if o.overdue is None] + [(r, o) for r, o in doubtful if o.overdue is not False]
    found = gaps(context, gate.filter.role)
    return Finding(
        verdict=VerdictWord.FAIL if late else VerdictWord.INCOMPLETE if unsure or found else VerdictWord.PASS,
        observed=note("overdue", n=weaknesses(late)),
        limit=note("overdue", n=0),
        results=tuple(sorted({key_of(result) for result in late})),
        offenders=tuple(sorted({key_of(result) for result, _ in unsure})),
        notes=(*found, *_notes(context, gate, selection, judged, unsure)),
        due={key_of(result): outcome.due for result, outcome in sorted_by_key(judged) if outcome.due},
    )


def sorted_by_key(judged: list[tuple[Result, Outcome]]) -> list[tuple[Result, Outcome]]:
    """In the order of the results' fingerprints; of equal ones the latest due first, so that the earliest stays."""
    far = datetime.max.replace(tzinfo=UTC)
    return sorted(judged, key=lambda one: (key_of(one[0]), far - (one[1].due or far)))


def _notes(
    context: Context,
    gate: DeadlinesGate,
    selection: Selection,
    judged: list[tuple[Result, Outcome]],
    unsure: list[tuple[Result, Outcome]],
) -> Iterator[Note]:
    if not context.evidence.baseline and any(result.first_detected is None for result, _ in judged):
        yield note("no-baseline")
    for what, results in _by_unknown(unsure):
        yield note("overdue-unsure", n=weaknesses(results), what=what)
    yield from _soon(context, gate, judged)
    later = [result for result, outcome in judged if any(term.row and term.row.next_upgrade for term in outcome.terms)]
    if later:
        yield note("next-upgrade", n=weaknesses(later))
    yield from _duties(judged)
    yield from told(context, selection, ratchet=gate.ratchet)


def _by_unknown(unsure: list[tuple[Result, Outcome]]) -> list[tuple[str, list[Result]]]:
    found: dict[str, list[Result]] = {}
    for result, outcome in unsure:
        found.setdefault(", ".join(outcome.unknown) or "filter", []).append(result)
    return sorted(found.items())


def _soon(context: Context, gate: DeadlinesGate, judged: list[tuple[Result, Outcome]]) -> Iterator[Note]:
    horizon = context.now + timedelta(days=gate.due_soon_days)
    soon = [(r, o.due) for r, o in judged if not o.overdue and o.due and context.now <= o.due <= horizon]
    if gate.due_soon_days and soon:
        first = min(due for _, due in soon)
        yield note("due-soon", n=weaknesses(result for result, _ in soon), days=gate.due_soon_days, date=first.date())


def _duties(judged: list[tuple[Result, Outcome]]) -> Iterator[Note]:
    duties = {
        (term.row.duty.en, term.row.duty.ja): None
        for _, outcome in judged
        for term in outcome.terms
        if term.row and term.row.duty
    }
    for en, ja in sorted(duties):
        owing = [r for r, o in judged if any(t.row and t.row.duty and t.row.duty.en == en for t in o.terms)]
        yield note("duty", n=weaknesses(owing), en=en, ja=ja)


class _Table:
    """A gate's rows over the evidence; results of one cell with the same dates have the same outcome."""

    def __init__(self, context: Context, gate: DeadlinesGate) -> None:
        self.context = context
        self.gate = gate
        self._asked = frozenset(key for row in gate.rows for key in _asked(row.when))
        self._made: dict[tuple[object, ...], Outcome] = {}

    def outcome(self, cell: Cell, result: Result) -> Outcome:
        key = (id(cell), result.first_detected, has_fix(cell, result), result.fix and result.fix.available)
        made = self._made.get(key)
        if made is None:
            made = self._made[key] = self._judge(cell, result)
        return made

    def _judge(self, cell: Cell, result: Result) -> Outcome:
        inputs = _inputs(self.context, cell, result)
        unknown = sorted(key for key in self._asked if getattr(inputs, key) is None)
        domains = [_domain(self.gate, key) for key in unknown]
        terms: dict[tuple[object, ...], Term] = {}
        for values in itertools.product(*domains):
            case = _with(inputs, dict(zip(unknown, values, strict=True)))
            row = self._row(case)
            term = self._term(cell, result, case, row)
            terms[(id(row), term.due, term.overdue)] = term
        clock = any(term.overdue is None for term in terms.values())
        named = [key.replace("_", " ") for key in unknown] + (["clock"] if clock else [])
        return Outcome(terms=tuple(terms.values()), unknown=tuple(named))

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

    def _term(self, cell: Cell, result: Result, case: _Inputs, row: Row | None) -> Term:
        if row is None or row.next_upgrade:
            return Term(row=row, due=None, overdue=False)
        start = self._start(cell, result, case, row.clock or self.gate.clock)
        if start.at is None and start.running and self.gate.fallback:
            start = self._start(cell, result, case, self.gate.fallback)
        if not start.running:
            return Term(row=row, due=None, overdue=False)
        if start.at is None:
            return Term(row=row, due=None, overdue=None)
        due, end = self._due(row, start.at)
        passed = self.context.now >= end
        return Term(row=row, due=due, overdue=True if passed else False if start.certain else None)

    def _due(self, row: Row, start: datetime) -> tuple[datetime, datetime]:
        """The due time as it is told (the last second), and the moment from which it is overdue."""
        if row.days is None:
            due = start + timedelta(hours=self.context.number(row.hours or 0))
            return due, due + timedelta(microseconds=1)
        last = start.astimezone(UTC).date() + timedelta(days=self.context.number(row.days))
        end = datetime.combine(last, time(), UTC) + _DAY
        return end - timedelta(seconds=1), end

    def _start(self, cell: Cell, result: Result, case: _Inputs, clock: Clock) -> _Start:
        vulnerability = cell.rule.vulnerability
        detected = result.first_detected or self.context.now
        if clock == "detected" or vulnerability is None:
            return _Start(at=detected)
        if clock == "published":
            # What is detected has been published: no later than then.
            return _Start(at=vulnerability.published or detected, certain=vulnerability.published is not None)
        if clock == "fix-available":
            available = result.fix.available if result.fix else None
            return _Start(at=available, running=case.fix_available is not False)
        added = vulnerability.kev.date_added if vulnerability.kev else None
        if clock == "kev-added":
            return _Start(at=added, running=bool(case.kev))
        return _Start(at=min(added, detected) if added else detected, certain=bool(added) or not case.kev)


def _asked(when: Conditions) -> Iterator[str]:
    for key in _Inputs.__struct_fields__:
        if getattr(when, key) not in (None, ()):
            yield key


def _inputs(context: Context, cell: Cell, result: Result) -> _Inputs:
    vulnerability = cell.rule.vulnerability or Vulnerability(id="")
    points = vulnerability.ssvc or Ssvc()
    severity = context.severity(cell)
    return _Inputs(
        severity=None if severity is Severity.UNKNOWN else severity,
        kev=in_kev(context, cell),
        exploitation=points.exploitation,
        automatable=points.automatable,
        technical_impact=points.technical_impact,
        fix_available=has_fix(cell, result),
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
