"""What to do next: the upgrades that the fixes add up to, and the steps ordered by what they close."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from operator import itemgetter

from govsec_ci.gate.plan import Upgrade
from govsec_ci.model import VerdictWord
from govsec_ci.report import labels
from govsec_ci.report.i18n import EMPTY, Text, both, both_n, join, same
from govsec_ci.report.inert import word
from govsec_ci.report.shapes import CheckView, NoteView, ResultView, RunView, StepView, UpgradeView


def upgrades(planned: Iterable[Upgrade], results: Sequence[ResultView]) -> tuple[UpgradeView, ...]:
    """The rows of ``govsec plan``, in its order, with the earliest due date of what blocks in each component."""
    blocking: dict[tuple[str, str], list[ResultView]] = {}
    for one in results:
        if one.gates and one.component:
            blocking.setdefault((one.component.name, one.component.installed), []).append(one)
    return tuple(_upgrade(row, blocking.get((word(row.name), word(row.installed)), [])) for row in planned)


def _upgrade(row: Upgrade, own: Sequence[ResultView]) -> UpgradeView:
    name, installed = word(row.name), word(row.installed)
    closes, stays = tuple(map(word, row.closes)), tuple(map(word, row.open))
    return UpgradeView(
        component=name,
        installed=installed,
        target=word(row.target),
        major=row.major,
        places=tuple(map(word, row.places)),
        closes=closes,
        stays=stays,
        elsewhere=tuple((word(one), word(version)) for one, version in row.elsewhere.items()),
        brings=tuple(map(word, row.brings)),
        direct=row.direct,
        checked=row.checked,
        due=_earliest(one for one in own if one.rule in closes),
        due_stays=_earliest(one for one in own if one.rule in stays),
    )


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
    last = [_step("scans", both("Run govsec again and keep the new bundle."), now)] if done or rest else []
    return (*done, *rest, *last, *_running(results, now))


def when(due: datetime | None, now: datetime) -> Text:
    """By when, in words: what blocks must not wait past this release, whatever time a deadline leaves."""
    if due is None:
        return both("before this release")
    if due < now:
        return both("overdue since {day}", day=due)
    return both("before this release, and by {day}", day=due)


def _step(
    kind: str, what: Text, now: datetime, *, due: datetime | None = None, closes: int = 0, anchor: str = ""
) -> StepView:
    return StepView(who=labels.who(kind), what=what, when=when(due, now), due=due, closes=closes, anchor=anchor)


def _upgrade_steps(rows: Iterable[UpgradeView], now: datetime) -> Iterator[StepView]:
    for row in rows:
        if row.target:
            what = both_n(
                "Raise {component} from {installed} to {target} in {place}: closes {n} vulnerability.",
                "Raise {component} from {installed} to {target} in {place}: closes {n} vulnerabilities.",
                len(row.closes),
                component=row.component,
                installed=row.installed,
                target=row.target,
                place=", ".join(row.places[:2]),
            )
            yield _step("results", what, now, due=row.due, closes=len(row.closes), anchor="upgrades")


def _stays(rows: Iterable[UpgradeView], now: datetime) -> Iterator[StepView]:
    for row in rows:
        count = len(row.stays)
        if count:
            what = both_n(
                "No version of {component} closes {n} vulnerability of {installed} ({ids}) without bringing another: "
                "replace it, or have a waiver signed.",
                "No version of {component} closes {n} vulnerabilities of {installed} ({ids}) without bringing others: "
                "replace it, or have a waiver signed.",
                count,
                component=row.component,
                installed=row.installed,
                ids=", ".join(row.stays[:3]),
            )
            yield _step("results", what, now, due=row.due_stays, closes=count, anchor="upgrades")


def _mend_steps(against: Iterable[ResultView], now: datetime) -> Iterator[StepView]:
    by_rule: dict[tuple[str, str], list[ResultView]] = {}
    for one in against:
        if not one.component:
            by_rule.setdefault((one.tool, one.rule), []).append(one)
    for (_, rule), found in sorted(by_rule.items(), key=itemgetter(0)):
        what = both_n(
            "Mend {n} result of rule {rule} ({about}), first at {place}.",
            "Mend {n} results of rule {rule} ({about}), first at {place}.",
            len(found),
            rule=rule,
            about=_without_stop(found[0].rule_text or same(found[0].message)),
            place=found[0].place,
        )
        yield _step("results", what, now, due=_earliest(found), closes=len(found), anchor=found[0].anchor)


def _without_stop(sentence: Text) -> Text:
    """As it may stand inside another sentence."""
    return Text(sentence.en.rstrip("."), sentence.ja.rstrip("。."))


def _running(results: Iterable[ResultView], now: datetime) -> Iterator[StepView]:
    """What does not block this release and has a deadline all the same: one step, by the first due date."""
    found = sorted((one.due, one.anchor) for one in results if one.due and not one.must_close)
    if found:
        due, anchor = found[0]
        what = both_n(
            "Close {n} result that does not block this release, but has a deadline.",
            "Close {n} results that do not block this release, but have a deadline.",
            len(found),
        )
        by = both("overdue since {day}", day=due) if due < now else both("the first by {day}", day=due)
        yield StepView(who=labels.who("results"), what=what, when=by, due=due, anchor=anchor)


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
        supply = next((one.supply for one in checks if one.supply), EMPTY)
        what = both("{what}: {how}", what=what, how=supply) if supply else what
        yield _step("scans", what, now, anchor=checks[0].anchor)


def _gate_steps(blocking: Iterable[CheckView], now: datetime) -> Iterator[StepView]:
    """Gates that no result explains: a missing record, a stale feed, a claim without a reason."""
    for check in blocking:
        unexplained = check.verdict is VerdictWord.FAIL and (not check.results or check.kind == "suppressions")
        if unexplained and check.next_step:
            yield _step(check.kind, _joined(check.title, check.next_step), now, due=check.due, anchor=check.anchor)


def _joined(title: Text, step: Text) -> Text:
    return Text(f"{title.en}: {step.en}", f"{title.ja}: {step.ja}")
