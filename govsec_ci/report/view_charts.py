"""Charts for those who would rather look than read; every number in them is also text."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Final

from govsec_ci.model import Severity
from govsec_ci.report.i18n import Text, both, same
from govsec_ci.report.shapes import BarView, ChartView, CheckView, ResultView
from govsec_ci.report.view_results import severity_rank

_ROWS: Final = 12
_SEVERITIES: Final = tuple(sorted((one.value for one in Severity), key=severity_rank, reverse=True))
_VERDICTS: Final = ("FAIL", "INCOMPLETE", "PASS")


def charts(results: Sequence[ResultView], checks: Sequence[CheckView], now: datetime) -> tuple[ChartView, ...]:
    """Those that have something to show."""
    drawn = (_by_component(results), _by_due(results, now), _by_document(checks))
    return tuple(chart for chart in drawn if chart.bars)


def _by_component(results: Iterable[ResultView]) -> ChartView:
    groups: dict[str, list[str]] = {}
    for one in results:
        groups.setdefault(one.component.label if one.component else "", []).append(one.severity)
    named = ((same(label) if label else both("source code"), found) for label, found in groups.items())
    bars = sorted((_bar(label, found, _SEVERITIES) for label, found in named), key=_heaviest)
    return ChartView(id="chart-components", title=both("Open results by component and severity"), bars=_folded(bars))


def _heaviest(bar: BarView) -> tuple[int, ...]:
    counts = dict(bar.parts)
    return tuple(-counts.get(name, 0) for name in _SEVERITIES)


def _folded(bars: Sequence[BarView]) -> tuple[BarView, ...]:
    """The first rows, and the others added up."""
    if len(bars) <= _ROWS:
        return tuple(bars)
    rest: Counter[str] = Counter()
    for bar in bars[_ROWS - 1 :]:
        rest.update(dict(bar.parts))
    folded = _bar(both("all others"), rest.elements(), _SEVERITIES)
    return (*bars[: _ROWS - 1], folded)


def _bar(label: Text, found: Iterable[str], order: Sequence[str]) -> BarView:
    counts = Counter(found)
    return BarView(label=label, parts=tuple((name, counts[name]) for name in order if counts[name]))


def _by_due(results: Iterable[ResultView], now: datetime) -> ChartView:
    groups: dict[int, list[str]] = {}
    for one in results:
        if one.due:
            days = (one.due - now).total_seconds() / 86_400
            groups.setdefault(next(i for i, (limit, _) in enumerate(_BUCKETS) if days < limit), []).append(one.severity)
    bars = tuple(_bar(_BUCKETS[index][1](), found, _SEVERITIES) for index, found in sorted(groups.items()))
    return ChartView(id="chart-due", title=both("Open results by their due date"), bars=bars)


# Days until the due date, exclusive → label. The labels are functions: catalogues are read when a report is made.
_BUCKETS: Final[tuple[tuple[float, Callable[[], Text]], ...]] = (
    (-30, lambda: both("overdue by more than 30 days")),
    (0, lambda: both("overdue")),
    (7, lambda: both("within 7 days")),
    (14, lambda: both("within 14 days")),
    (30, lambda: both("within 30 days")),
    (90, lambda: both("within 90 days")),
    (float("inf"), lambda: both("later")),
)


def _by_document(checks: Iterable[CheckView]) -> ChartView:
    groups: dict[Text, list[str]] = {}
    for check in checks:
        groups.setdefault(check.clause.document, []).append(check.verdict.value)
    bars = tuple(_bar(label, found, _VERDICTS) for label, found in groups.items())
    return ChartView(id="chart-gap", title=both("Gates by source document: what is met and what is missing"), bars=bars)
