"""What a hook prints: one line a result that a terminal can click, then what to do about it."""

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

from msgspec import Struct

from govsec_ci.app.check_gate import NO_ADVISORIES, Answer
from govsec_ci.formats.sarif_wire import FINGERPRINT
from govsec_ci.model import Check, Level, Location, Notification, Result, Rule, Run, ScanState, Severity, VerdictWord
from govsec_ci.report.inert import message, word

_TOLD: Final = 20
_OF_A_RUN: Final = frozenset({"run-said", "run-incomplete"})
_STYLES: Final = {
    "CRITICAL": "1;31", "HIGH": "31", "MEDIUM": "33", "LOW": "36", "UNKNOWN": "35",
    "FAIL": "1;31", "INCOMPLETE": "1;33", "PASS": "1;32",
}  # fmt: skip


class Style(Struct, frozen=True, kw_only=True):
    """How to print.

    :param top, folder: paths are relative to ``top``; they are shown relative to ``folder``
    :param wide: the other results too, however many
    """

    top: Path
    folder: Path
    colour: bool = False
    wide: bool = False

    def paint(self, name: str) -> str:
        """A severity or verdict, coloured where colour is wanted."""
        return f"\x1b[{_STYLES[name]}m{name}\x1b[0m" if self.colour and name in _STYLES else name

    def place(self, location: Location | None) -> str:
        """``path:line:col``, as far as known."""
        if location is None:
            return "-"
        region = location.region
        spots = (region.start_line, region.start_column) if region else ()
        return ":".join([word(self._path(location.path)), *(str(spot) for spot in spots if spot is not None)])

    def _path(self, path: str) -> str:
        if self.folder == self.top:
            return path
        return os.path.relpath(self.top / path, self.folder).replace(os.sep, "/")


def lines(answer: Answer, style: Style) -> Iterator[str]:
    """Blocking results, what was not checked, warnings, the rest, and the answer last."""
    blocking = [check for check in answer.verdict.checks if check.mode == "block"]
    counted = {print_ for check in blocking if check.verdict is VerdictWord.FAIL for print_ in check.results}
    yield from _results(answer, style, lambda result: result.fingerprints.get(FINGERPRINT) in counted)
    yield from _unchecked(answer.runs, style)
    yield from _missing_data(answer.runs)
    yield from _checks(answer, style)
    others = [*_unsuppressed(answer, counted), *answer.elsewhere]
    yield from _others(others, style)
    yield _answer(answer, counted, style)


def _results(answer: Answer, style: Style, chosen: Callable[[Result], bool]) -> Iterator[str]:
    found = [(run, result) for run in answer.runs for result in run.results if chosen(result)]
    told: set[str] = set()
    for run, result in sorted(found, key=_order):
        yield _line(result, style)
        remedy = _remedy(run, result)
        if remedy and remedy not in told:
            yield f"    {remedy}"
            told.add(remedy)


def _order(item: tuple[Run, Result]) -> tuple[float, str, int]:
    location = item[1].locations[0] if item[1].locations else None
    line = location.region.start_line if location and location.region else 0
    return (-_rank(item[1].severity), location.path if location else "", line)


def _rank(severity: Severity) -> float:
    # Not known: after what is known to be high, for nobody has said that it is less.
    return Severity.HIGH.rank - 0.5 if severity is Severity.UNKNOWN else severity.rank


def _line(result: Result, style: Style) -> str:
    place = style.place(result.locations[0] if result.locations else None)
    return f"{place} {style.paint(result.severity.value)} {word(result.rule_id)} {message(result.message)}"


def _remedy(run: Run, result: Result) -> str:
    if result.component is not None:
        name = f"{result.component.name} {result.component.version}"
        if result.fix is not None and result.fix.nearest:
            return f"to do: raise {word(name)} to {word(result.fix.nearest)} or later"
        return f"to do: no release mends {word(name)}: replace it, or have the risk accepted (a waiver)"
    rule = next((rule for rule in run.rules if rule.id == result.rule_id), Rule(id=result.rule_id))
    return f"to do: {message(rule.help)}" if rule.help else ""


def _unchecked(runs: Iterable[Run], style: Style) -> Iterator[str]:
    for run in runs:
        if run.state is ScanState.INCOMPLETE:
            yield from (_notice(run, one, style) for one in run.notifications if one.level is Level.ERROR)


def _notice(run: Run, one: Notification, style: Style) -> str:
    next_step = f"\n    to do: {message(one.next_step)}" if one.next_step else ""
    return f"{style.place(one.location)} not checked by {word(run.tool)}: {message(one.text)}{next_step}"


def _missing_data(runs: Iterable[Run]) -> Iterator[str]:
    for one in (one for run in runs for one in run.notifications if one.id == NO_ADVISORIES):
        yield f"warning: {message(one.text)}"
        yield f"    to do: {message(one.next_step)}"


def _checks(answer: Answer, style: Style) -> Iterator[str]:
    open_ = [check for check in answer.verdict.checks if check.verdict is not VerdictWord.PASS]
    starved = [check for check in open_ if _is_starved(check)]
    if starved:
        names = ", ".join(f"{word(check.profile)}/{word(check.gate)}" for check in starved)
        yield f"{style.paint('INCOMPLETE')} {names}: not decided, for want of what was not checked"
    for check in (check for check in open_ if check not in starved):
        head = style.paint(check.verdict.value) if check.mode == "block" else f"warning ({check.verdict.value})"
        yield f"{head} {word(check.profile)}/{word(check.gate)}: {_limit(check)} [{_clause(check)}]"
        yield from (f"    {message(reason)}" for reason in check.reasons)
        if check.next_step:
            yield f"    to do: {message(check.next_step)}"


def _is_starved(check: Check) -> bool:
    """Whether all that it says is that a run was not whole, which its notifications have said already."""
    said = {note.id for note in check.notes}
    return check.verdict is VerdictWord.INCOMPLETE and bool(said) and said <= _OF_A_RUN


def _limit(check: Check) -> str:
    return f"{message(check.title)}; observed {message(check.observed)}, limit {message(check.limit)}"


def _clause(check: Check) -> str:
    return word(", ".join(filter(None, (check.clause.document, check.clause.id))))


def _unsuppressed(answer: Answer, counted: set[str]) -> Iterator[tuple[Run, Result]]:
    for run in answer.runs:
        for result in run.results:
            if not result.suppressions and result.fingerprints.get(FINGERPRINT) not in counted:
                yield run, result


def _others(others: list[tuple[Run, Result]], style: Style) -> Iterator[str]:
    if not others:
        return
    yield f"{len(others)} more that {'does' if len(others) == 1 else 'do'} not block:"
    shown = others if style.wide else sorted(others, key=_order)[:_TOLD]
    yield from (f"  {_line(result, style)}" for _, result in shown)
    if len(others) > len(shown):
        yield f"  … and {len(others) - len(shown)} more (--all shows them)"


def _answer(answer: Answer, counted: set[str], style: Style) -> str:
    judged = ", ".join(f"{profile.id} {profile.version}" for profile in answer.verdict.profiles)
    looked = ", ".join(f"{run.tool} {run.targets} of {run.scope}" for run in answer.runs)
    count = f": {len(counted)} blocking" if counted else ""
    return f"{style.paint(answer.word.value)}{count} (profile {judged}, stage commit; {looked})"
