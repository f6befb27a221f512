"""The verdict on a console: a table by rich on a terminal, plain lines elsewhere. Rich is imported only where used."""

import io
import os
import shutil
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final, TextIO

from govsec_ci.model import VerdictWord
from govsec_ci.report import labels
from govsec_ci.report.i18n import speaker
from govsec_ci.report.shapes import CheckView, ResultView, View
from govsec_ci.report.view_answers import step_line

if TYPE_CHECKING:
    from rich.table import Table

_STYLE: Final = {VerdictWord.PASS: "bold green", VerdictWord.FAIL: "bold red", VerdictWord.INCOMPLETE: "bold yellow"}
_SEVERITY_STYLE: Final = {"CRITICAL": "bold red", "HIGH": "red", "MEDIUM": "yellow", "UNKNOWN": "magenta"}
_WIDE: Final = 100
"""Columns from which place and text stand beside one another."""

_RESULTS: Final = 30
_STEPS: Final = 10
_CHARACTERS: Final = 200
"""Longest text of a result; advisories can be a page long."""


def show(view: View, file: TextIO, *, quiet: bool = False, verbose: bool = False) -> None:
    """Print the verdict to ``file``; what its encoding cannot hold is written as ``?``.

    :param quiet: the verdict's line only; :param verbose: every result and step, not the first ones
    """
    if quiet:
        text = _headline(view) + "\n"
    elif file.isatty():
        text = render(view, width=shutil.get_terminal_size().columns, colour=_coloured(), verbose=verbose)
    else:
        text = plain(view, verbose=verbose)
    encoding = getattr(file, "encoding", None) or "utf-8"
    file.write(text.encode(encoding, "replace").decode(encoding))


def _coloured() -> bool:
    """Whether the reader takes colours: https://no-color.org, and terminals that have none."""
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def plain(view: View, *, verbose: bool = False) -> str:
    """Lines for programs and logs: blocking results first, what to do next last."""
    lines = [*_results(view, verbose=verbose), *_checks(view), *_unchecked(view)]
    return "\n".join([*lines, _headline(view), *_next(view, verbose=verbose)]) + "\n"


def _headline(view: View) -> str:
    return f"{labels.verdict_named(view.verdict).pick(view.lang)}: {view.sentence.pick(view.lang)}"


def _results(view: View, *, verbose: bool) -> Iterator[str]:
    against = [one for one in view.results if one.gates]
    shown = against if verbose else against[:_RESULTS]
    yield from (line(one, view.lang) for one in shown)
    yield from _more(view, len(against) - len(shown))


def line(one: ResultView, lang: str = "en") -> str:
    """One result on one line: ``path:line:col SEVERITY RULE message``, where it is mended last."""
    return " ".join((one.place or "-", labels.severity(one.severity).pick(lang), one.rule, _what(one, lang)))


def _what(one: ResultView, lang: str, limit: int | None = _CHARACTERS) -> str:
    """The message, at most about ``limit`` characters long, and where it is mended."""
    told = one.told.pick(lang)
    short = told if limit is None or len(told) <= limit else f"{told[: limit - 1]}…"
    say, _ = speaker(lang)
    return say("{what}; fixed in {version}", what=short, version=one.fixed_in) if one.fixed_in else short


def _more(view: View, count: int) -> Iterator[str]:
    _, say_n = speaker(view.lang)
    if count > 0:
        yield say_n("… and {n} more: report.html has all", "… and {n} more: report.html has all", count)


def _checks(view: View) -> Iterator[str]:
    for check in (*view.blocking, *view.warnings):
        title = check.title.pick(view.lang)
        yield f"{_word(view, check)} {check.profile}/{check.gate}: {title}; {_seen(view, check)}"


def _word(view: View, check: CheckView) -> str:
    say, _ = speaker(view.lang)
    word = labels.verdict(check.verdict)
    return word.pick(view.lang) if check.blocking else say("warning ({verdict})", verdict=word)


def _seen(view: View, check: CheckView) -> str:
    say, _ = speaker(view.lang)
    return say(
        "observed {observed}, limit {limit}; clause {clause}, {document}",
        observed=check.observed,
        limit=check.limit,
        clause=check.clause.id,
        document=check.clause.document,
    )


def _unchecked(view: View) -> Iterator[str]:
    say, _ = speaker(view.lang)
    for run in view.not_checked:
        for note in run.problems:
            yield say("not checked by {tool}: {what}", tool=run.tool, what=note.said)


def _next(view: View, *, verbose: bool) -> Iterator[str]:
    say, _ = speaker(view.lang)
    shown = view.steps if verbose else view.steps[:_STEPS]
    if shown:
        yield say("What to do next:")
    for number, step in enumerate(shown, start=1):
        yield f"  {number}. {step_line(step).pick(view.lang)}"
    yield from _more(view, len(view.steps) - len(shown))


def render(view: View, *, width: int, colour: bool, verbose: bool = False) -> str:
    """For a terminal of ``width`` columns: results, gates, what was not checked, the verdict, what to do next."""
    from rich.console import Console  # noqa: PLC0415 — costs start-up time, and only terminals need it
    from rich.text import Text as Styled  # noqa: PLC0415

    out = Console(
        file=io.StringIO(), width=width, force_terminal=colour, no_color=not colour, highlight=False, markup=False,
        emoji=False, color_system="standard" if colour else None, legacy_windows=False,
    )  # fmt: skip
    with out.capture() as captured:
        if any(one.gates for one in view.results):
            out.print(_table(view, width, verbose=verbose), end="\n\n")
        if view.blocking or view.warnings:
            out.print(_gates(view))
        for text in _unchecked(view):
            out.print(Styled(text, style="yellow"))
        out.print(Styled(_headline(view), style=_STYLE[view.verdict]))
        heading, *lines = [*_next(view, verbose=verbose)] or [""]
        if heading:
            out.print(Styled(heading))
            out.print(_numbered(lines))
    return "".join(f"{line.rstrip()}\n" for line in captured.get().splitlines())


def _gates(view: View) -> "Table":
    """Verdict, then what the gate asks, and below it what was seen and by which clause."""
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text as Styled  # noqa: PLC0415

    say, _ = speaker(view.lang)
    table = _grid(Table)
    for check in (*view.blocking, *view.warnings):
        style = _STYLE[check.verdict].removeprefix("bold ") if check.blocking else ""
        title = Styled(f"{check.title.pick(view.lang)} ({check.profile}/{check.gate})")
        word = labels.verdict(check.verdict).pick(view.lang) if check.blocking else say("warning")
        table.add_row(Styled(word, style=style), title)
        table.add_row("", Styled(_seen(view, check), style="dim"))
    return table


def _grid(kind: "type[Table]") -> "Table":
    """Two columns without lines; Japanese is broken where it must be, not cut."""
    table = kind.grid(padding=(0, 1))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    return table


def _numbered(lines: Iterable[str]) -> "Table":
    """``  1. text`` with the text's further lines below its first."""
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text as Styled  # noqa: PLC0415

    table = _grid(Table)
    for text in lines:
        number, dot, rest = text.partition(". ")
        known = dot and number.strip().isdigit()
        table.add_row(Styled(f"{number}." if known else ""), Styled(rest if known else text))
    return table


def _table(view: View, width: int, *, verbose: bool) -> "Table":
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text as Styled  # noqa: PLC0415

    say, _ = speaker(view.lang)
    against = [one for one in view.results if one.gates]
    shown = against if verbose else against[:_RESULTS]
    caption = next(_more(view, len(against) - len(shown)), None)
    wide = width >= _WIDE
    table = Table(box=None, pad_edge=False, caption=caption, caption_justify="left")
    table.add_column(say("Severity"), no_wrap=True)
    for title in (say("Rule"), say("Place"), say("What")) if wide else (say("What"),):
        table.add_column(title, overflow="fold", max_width=None if title == say("What") else width // 3)
    for one in shown:
        severity = Styled(labels.severity(one.severity).pick(view.lang), style=_SEVERITY_STYLE.get(one.severity, ""))
        text = _what(one, view.lang, None if verbose else max(width, 80))
        cells = (one.rule, one.place, text) if wide else (f"{one.rule} {one.place}\n{text}",)
        table.add_row(severity, *map(Styled, cells))
    return table
