"""Charts for those who would rather look than read; every number in them is also text."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from govsec_ci.model import Severity
from govsec_ci.report.i18n import Text, both, same
from govsec_ci.report.shapes import BarView, ChartView, CheckView, ResultView
from govsec_ci.report.view_results import severity_rank

_ROWS: Final = 12
_SEVERITIES: Final = tuple(sorted((one.value for one in Severity), key=severity_rank, reverse=True))
_VERDICTS: Final = ("FAIL", "INCOMPLETE", "PASS")
_STANDINGS: Final = ("overdue", "in-time", "no-deadline")
_DAY_S: Final = 86_400

Weights = Mapping[tuple[str, str], int]


def charts(
    results: Sequence[ResultView], checks: Sequence[CheckView], weights: Weights, now: datetime, *, baseline: bool
) -> tuple[ChartView, ...]:
    """Those that have something to show.

    :param weights: (profile, gate) → how much the gate counts
    :param baseline: days of detection come from earlier runs
    """
    drawn = (
        _by_component(results),
        _by_age(results, now, baseline=baseline),
        _by_due(results, now),
        _by_document(checks, weights),
    )
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
    return _counted(label, Counter(found), order)


def _counted(label: Text, counts: Counter[str], order: Sequence[str]) -> BarView:
    return BarView(label=label, parts=tuple((name, counts[name]) for name in order if counts[name]))


def _by_age(results: Sequence[ResultView], now: datetime, *, baseline: bool) -> ChartView:
    groups: dict[int, Counter[str]] = {}
    # Most results share their days with others: each pair is looked at once.
    for (since, due), count in Counter((one.since, one.due) for one in results).items():
        days = (now - (since or now)).total_seconds() / _DAY_S
        groups.setdefault(_bucket(days, _AGES), Counter())[_standing(due, now)] += count
    oldest_first = sorted(groups.items(), reverse=True)
    bars = tuple(_counted(_AGES[index][1](), found, _STANDINGS) for index, found in oldest_first)
    title = both("Age of the open results, against their deadlines")
    return ChartView(id="chart-age", title=title, bars=bars, note=_age_note(results, baseline=baseline))


def _standing(due: datetime | None, now: datetime) -> str:
    if due is None:
        return "no-deadline"
    return "overdue" if due < now else "in-time"


def _age_note(results: Sequence[ResultView], *, baseline: bool) -> Text:
    said = [both("Counted from the publication of a vulnerability; in source code, from its first detection.")]
    if not baseline:
        said.append(both("Without a baseline, first detection is this run."))
    if not any(one.due for one in results):
        said.append(both("No gate that was asked sets a deadline for them."))
    return Text(" ".join(text.en for text in said), "".join(text.ja for text in said))


def _bucket(days: float, buckets: Sequence[tuple[float, Callable[[], Text]]]) -> int:
    return next(index for index, (limit, _) in enumerate(buckets) if days < limit)


# Days since, exclusive → label.
_AGES: Final[tuple[tuple[float, Callable[[], Text]], ...]] = (
    (7, lambda: both("less than 7 days old")),
    (30, lambda: both("7 to 29 days old")),
    (90, lambda: both("30 to 89 days old")),
    (180, lambda: both("90 to 179 days old")),
    (365, lambda: both("180 to 364 days old")),
    (float("inf"), lambda: both("a year old or older")),
)


def _by_due(results: Iterable[ResultView], now: datetime) -> ChartView:
    groups: dict[int, list[str]] = {}
    for one in results:
        if one.due:
            days = (one.due - now).total_seconds() / _DAY_S
            groups.setdefault(_bucket(days, _BUCKETS), []).append(one.severity)
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


def _by_document(checks: Iterable[CheckView], weights: Weights) -> ChartView:
    """The gap by clause group: each document's deciding gates, by weight (:mod:`govsec_ci.gate.gap`)."""
    groups: dict[Text, Counter[str]] = {}
    for check in checks:
        if check.blocking:
            group = groups.setdefault(check.clause.document, Counter())
            group[check.verdict.value] += weights.get((check.profile, check.gate), 1)
    bars = tuple(_counted(label, found, _VERDICTS) for label, found in groups.items() if found.total())
    note = both("Deciding gates, each with the weight that its profile gives it.")
    return ChartView(id="chart-gap", title=both("Gap by source document"), bars=bars, note=note)
