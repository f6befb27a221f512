"""What a hook prints: one line a result that a terminal can click, then what to do about it."""

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

from msgspec import Struct

from govsec_ci.app.check_gate import NO_ADVISORIES, Answer
from govsec_ci.formats.sarif_wire import FINGERPRINT
from govsec_ci.gate.schema import AnyGate
from govsec_ci.gate.texts import agreeing, render
from govsec_ci.model import Check, Level, Location, Note, Result, Rule, Run, ScanState, Severity, VerdictWord
from govsec_ci.report.inert import message, word

_TOLD: Final = 20
_OF_A_RUN: Final = frozenset({"run-said", "run-incomplete"})
_STYLES: Final = {
    "CRITICAL": "1;31", "HIGH": "31", "MEDIUM": "33", "LOW": "36", "UNKNOWN": "35",
    "FAIL": "1;31", "INCOMPLETE": "1;33", "PASS": "1;32",
}  # fmt: skip


class Text(Struct, frozen=True):
    """One text in both languages."""

    en: str
    ja: str

    def pick(self, lang: str) -> str:
        """The text in ``en`` or ``ja``."""
        return self.ja if lang == "ja" else self.en


_TEXTS: Final = {
    "to-do": Text("    to do: {what}", "    対処: {what}"),
    "raise": Text("raise {name} to {version} or later", "{name} を {version} 以降に更新する"),
    "no-fix": Text(
        "no release mends {name}: replace it, or have the risk accepted (a waiver)",
        "{name} を修正した版はない: 置き換えるか、リスク受容の承認(適用除外)を得る",
    ),
    "unchecked": Text("{place} not checked by {tool}: {what}", "{place} {tool} による検査が完了していない: {what}"),
    "warning": Text("warning: {what}", "警告: {what}"),
    "warns": Text("warning ({word})", "警告 ({word})"),
    "starved": Text(
        "{names}: not decided, for want of what was not checked", "{names}: 検査していないものがあるため判定できない"
    ),
    "check": Text(
        "{head} {gate}: {title}; observed {observed}, limit {limit} [{clause}]",
        "{head} {gate}: {title} 実測 {observed}、基準 {limit} [{clause}]",
    ),
    "one-more": Text("1 more that does not block:", "このほか、コミットを止めない検出結果 1 件:"),
    "more": Text("{n} more that [does|do] not block:", "このほか、コミットを止めない検出結果 {n} 件:"),
    "cut": Text("  … and {n} more (--all shows them)", "  … 他 {n} 件(--all で全て表示)"),
    "answer": Text(
        "{word}{count} (profile {judged}, stage commit; {looked})",
        "{word}{count} (プロファイル {judged}、段階 commit、{looked})",
    ),
    "blocking": Text(": {n} blocking", ": コミットを止める検出結果 {n} 件"),
    "silent": Text("{names}: asks nothing that this hook could answer", "{names}: このフックで判定する基準はない"),
    "looked": Text("{tool} {targets} of {scope}", "{tool} {scope} 件中 {targets} 件"),
}  # fmt: skip


class Style(Struct, frozen=True, kw_only=True):
    """How to print.

    :param top, folder: paths are relative to ``top``; they are shown relative to ``folder``
    :param wide: the other results too, however many
    :param lang: ``en`` or ``ja``: our own words and the profile's; tools speak their own
    """

    top: Path
    folder: Path
    colour: bool = False
    wide: bool = False
    lang: str = "en"

    def say(self, key: str, **values: object) -> str:
        """One of our own texts."""
        return agreeing(_TEXTS[key].pick(self.lang), values).format(**values)

    def tell(self, text: str) -> str:
        """A sentence of a scanner: in Japanese where it is one of ours."""
        if self.lang != "ja":
            return message(text)
        from govsec_ci.report import notices  # noqa: PLC0415 — the catalogue takes time, and only Japanese needs it

        return notices.plain(message(text)).ja

    def noted(self, note: Note | None, otherwise: str) -> str:
        """What a gate says."""
        if self.lang != "ja" or note is None:
            return message(render(note) if note else otherwise)
        from govsec_ci.report import gate_notes  # noqa: PLC0415 — as above

        return gate_notes.said(note, self.lang)

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
    yield from _missing_data(answer.runs, style)
    yield from _checks(answer, style)
    others = [*_unsuppressed(answer, counted), *(one for one in answer.elsewhere if not one[1].suppressions)]
    yield from _others(others, style)
    yield from _silent(answer, style)
    yield _answer(answer, counted, style)


def _results(answer: Answer, style: Style, chosen: Callable[[Result], bool]) -> Iterator[str]:
    found = [(run, result) for run in answer.runs for result in run.results if chosen(result)]
    told: set[str] = set()
    for run, result in sorted(found, key=_order):
        yield _line(result, style)
        remedy = _remedy(run, result, style)
        if remedy and remedy not in told:
            yield style.say("to-do", what=remedy)
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


def _remedy(run: Run, result: Result, style: Style) -> str:
    if result.component is not None:
        name = word(f"{result.component.name} {result.component.version}")
        if result.fix is not None and result.fix.nearest:
            return style.say("raise", name=name, version=word(result.fix.nearest))
        return style.say("no-fix", name=name)
    return next((_help(rule, run, style) for rule in run.rules if rule.id == result.rule_id), "")


def _help(rule: Rule, run: Run, style: Style) -> str:
    if style.lang != "ja":
        return message(rule.help)
    from govsec_ci.report import view_results  # noqa: PLC0415 — only Japanese needs it

    return view_results.remedy(rule, run.tool).ja


def _unchecked(runs: Iterable[Run], style: Style) -> Iterator[str]:
    for run in runs:
        for one in run.notifications if run.state is ScanState.INCOMPLETE else ():
            if one.level is Level.ERROR:
                place = style.place(one.location)
                yield style.say("unchecked", place=place, tool=word(run.tool), what=style.tell(one.text))
                yield from _to_do(one.next_step, style)


def _to_do(what: str, style: Style) -> Iterator[str]:
    if what:
        yield style.say("to-do", what=style.tell(what))


def _missing_data(runs: Iterable[Run], style: Style) -> Iterator[str]:
    for one in (one for run in runs for one in run.notifications if one.id == NO_ADVISORIES):
        yield style.say("warning", what=style.tell(one.text))
        yield from _to_do(one.next_step, style)


def _checks(answer: Answer, style: Style) -> Iterator[str]:
    open_ = [check for check in answer.verdict.checks if check.verdict is not VerdictWord.PASS]
    starved = [check for check in open_ if _is_starved(check)]
    if starved:
        names = ", ".join(f"{word(check.profile)}/{word(check.gate)}" for check in starved)
        yield f"{style.paint('INCOMPLETE')} {style.say('starved', names=names)}"
    for check in (check for check in open_ if check not in starved):
        yield from _check(check, answer, style)


def _check(check: Check, answer: Answer, style: Style) -> Iterator[str]:
    gate = _gate(check, answer)
    head = style.paint(check.verdict.value)
    yield style.say(
        "check",
        head=head if check.mode == "block" else style.say("warns", word=check.verdict.value),
        gate=f"{word(check.profile)}/{word(check.gate)}",
        title=message(gate.title.get(style.lang) if gate else check.title),
        observed=style.noted(check.observed_note, check.observed),
        limit=style.noted(check.limit_note, check.limit),
        clause=_clause(check),
    )
    yield from (f"    {style.noted(note, '')}" for note in check.notes)
    yield from _to_do(gate.next.get(style.lang) if gate else check.next_step, style)


def _gate(check: Check, answer: Answer) -> AnyGate | None:
    """The gate behind a check; None for what the engine itself objects to."""
    own = (gate for one in answer.profiles if one.id == check.profile for gate in one.gates)
    return next((gate for gate in own if gate.id == check.gate), None)


def _is_starved(check: Check) -> bool:
    """Whether all that it says is that a run was not whole, which its notifications have said already."""
    said = {note.id for note in check.notes}
    return check.verdict is VerdictWord.INCOMPLETE and bool(said) and said <= _OF_A_RUN


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
    yield style.say("more" if len(others) > 1 else "one-more", n=len(others))
    shown = others if style.wide else sorted(others, key=_order)[:_TOLD]
    yield from (f"  {_line(result, style)}" for _, result in shown)
    if len(others) > len(shown):
        yield style.say("cut", n=len(others) - len(shown))


def _silent(answer: Answer, style: Style) -> Iterator[str]:
    """Profiles that were asked and have no gate for this."""
    names = [one.id for one in answer.profiles if one.id not in {judged.id for judged in answer.verdict.profiles}]
    if names:
        yield style.say("silent", names=word(", ".join(names)))


def _answer(answer: Answer, counted: set[str], style: Style) -> str:
    judged = ", ".join(f"{profile.id} {profile.version}" for profile in answer.verdict.profiles)
    runs = [style.say("looked", tool=run.tool, targets=run.targets, scope=run.scope) for run in answer.runs]
    count = style.say("blocking", n=len(counted)) if counted else ""
    return style.say("answer", word=style.paint(answer.word.value), count=count, judged=judged, looked=", ".join(runs))
