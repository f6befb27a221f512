"""What to do next: the upgrades that the fixes add up to, and the steps ordered by what they close."""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from msgspec import structs
from packaging.version import InvalidVersion, Version

from govsec_ci.model import VerdictWord
from govsec_ci.report import labels
from govsec_ci.report.i18n import Text, both, both_n, join, same
from govsec_ci.report.shapes import CheckView, ComponentView, NoteView, ResultView, RunView, StepView, UpgradeView


def upgrades(results: Iterable[ResultView]) -> tuple[UpgradeView, ...]:
    """One row a component and version that has results, the one that closes most blocking results first.

    The target is the highest of the least mending versions, so it closes each of them; versions are not resolved
    against one another.
    """
    groups: dict[ComponentView, list[ResultView]] = {}
    for one in results:
        if one.component:
            groups.setdefault(structs.replace(one.component, fixed_in=""), []).append(one)
    rows = [_upgrade(component, group) for component, group in groups.items()]
    return tuple(sorted(rows, key=lambda row: (-_weight(row.closes), -_weight(row.stays), row.component)))


def _upgrade(component: ComponentView, results: Sequence[ResultView]) -> UpgradeView:
    closes = tuple(one for one in results if _version(one.fixed_in))
    target = max((one.fixed_in for one in closes), key=lambda text: _version(text) or Version("0"), default="")
    return UpgradeView(
        component=component.name,
        installed=component.installed,
        target=target,
        major=_major(component.installed) != _major(target) if target else False,
        places=tuple(dict.fromkeys(one.place for one in results if one.place)),
        closes=closes,
        stays=tuple(one for one in results if not _version(one.fixed_in)),
        due=_earliest(closes),
    )


def _version(text: str) -> Version | None:
    try:
        return Version(text)
    except InvalidVersion:
        return None


def _major(text: str) -> int | None:
    version = _version(text)
    return version.major if version else None


def _weight(results: Sequence[ResultView]) -> int:
    return sum(one.must_close for one in results)


def _earliest(results: Iterable[ResultView]) -> datetime | None:
    return min((one.due for one in results if one.due), default=None)


def steps(
    blocking: Sequence[CheckView],
    runs: Sequence[RunView],
    rows: Sequence[UpgradeView],
    results: Sequence[ResultView],
    now: datetime,
) -> tuple[StepView, ...]:
    """Who must do what by when: what closes most first, then what was not checked, then what remains of the gates."""
    against = [one for one in results if one.must_close]
    done = [*_upgrade_steps(rows, now), *_stays(rows, now), *_mend_steps(against, now)]
    done.sort(key=lambda step: -step.closes)
    said = dict.fromkeys(note for run in runs for note in run.problems)
    rest = [*_unchecked(said, now), *_undecided(blocking, said, now), *_gate_steps(blocking, now)]
    last = [_step("scans", both("Run govsec again and keep the new bundle."), now)]
    return (*done, *rest, *last) if done or rest else ()


def when(due: datetime | None, now: datetime) -> Text:
    """By when, in words; without a due date nothing may wait past this release."""
    if due is None:
        return both("before this release")
    return both("overdue since {day}", day=due) if due < now else both("by {day}", day=due)


def _step(
    kind: str, what: Text, now: datetime, *, due: datetime | None = None, closes: int = 0, anchor: str = ""
) -> StepView:
    return StepView(who=labels.who(kind), what=what, when=when(due, now), due=due, closes=closes, anchor=anchor)


def _upgrade_steps(rows: Iterable[UpgradeView], now: datetime) -> Iterator[StepView]:
    for row in rows:
        count = _weight(row.closes)
        if count:
            what = both_n(
                "Raise {component} from {installed} to {target} in {place}: closes {n} result.",
                "Raise {component} from {installed} to {target} in {place}: closes {n} results.",
                count,
                component=row.component,
                installed=row.installed,
                target=row.target,
                place=", ".join(row.places[:2]),
            )
            yield _step("results", what, now, due=row.due, closes=count, anchor="upgrades")


def _stays(rows: Iterable[UpgradeView], now: datetime) -> Iterator[StepView]:
    for row in rows:
        count = _weight(row.stays)
        if count:
            what = both_n(
                "No version closes {n} result of {component} {installed}: replace it or have a waiver signed.",
                "No version closes {n} results of {component} {installed}: replace it or have a waiver signed.",
                count,
                component=row.component,
                installed=row.installed,
            )
            yield _step("results", what, now, due=_earliest(row.stays), closes=count, anchor="upgrades")


def _mend_steps(against: Iterable[ResultView], now: datetime) -> Iterator[StepView]:
    own = sorted((one for one in against if not one.component), key=lambda one: (one.tool, one.rule))
    for (_, rule), group in itertools.groupby(own, key=lambda one: (one.tool, one.rule)):
        found = list(group)
        what = both_n(
            "Mend {n} result of rule {rule} ({about}), first at {place}.",
            "Mend {n} results of rule {rule} ({about}), first at {place}.",
            len(found),
            rule=rule,
            about=found[0].rule_text or same(found[0].message),
            place=found[0].place,
        )
        yield _step("results", what, now, due=_earliest(found), closes=len(found), anchor=found[0].anchor)


def _unchecked(said: Iterable[NoteView], now: datetime) -> Iterator[StepView]:
    for note in said:
        what = _joined(note.said, note.next_step) if note.next_step else note.said
        yield _step("scans", what, now, anchor="not-checked")


def _undecided(blocking: Iterable[CheckView], said: Iterable[NoteView], now: datetime) -> Iterator[StepView]:
    """What gates lack that no run's own notification says already: one step for all that lack the same."""
    known = [note.text for note in said]
    lacking: dict[Text, list[CheckView]] = {}
    for check in blocking:
        if check.verdict is VerdictWord.INCOMPLETE:
            reason = next((one for one in check.reasons if not any(text in one.en for text in known)), None)
            if reason and check.kind not in {"scans", "coverage"}:
                lacking.setdefault(reason, []).append(check)
    for reason, checks in lacking.items():
        gates = join(tuple(Text(f"“{one.title.en}”", f"「{one.title.ja}」") for one in checks[:3]))
        what = both("Supply what is missing to decide {gates}: {reason}", gates=gates, reason=reason)
        yield _step("scans", what, now, anchor=checks[0].anchor)


def _gate_steps(blocking: Iterable[CheckView], now: datetime) -> Iterator[StepView]:
    """Gates that no result explains: a missing record, a stale feed, a claim without a reason."""
    for check in blocking:
        unexplained = check.verdict is VerdictWord.FAIL and (not check.results or check.kind == "suppressions")
        if unexplained and check.next_step:
            yield _step(check.kind, _joined(check.title, check.next_step), now, due=check.due, anchor=check.anchor)


def _joined(title: Text, step: Text) -> Text:
    return Text(f"{title.en}: {step.en}", f"{title.ja}: {step.ja}")
