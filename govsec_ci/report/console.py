"""The verdict on a console: a table by rich on a terminal, plain lines elsewhere. Rich is imported only where used."""

import io
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, TextIO

from govsec_ci.model import VerdictWord
from govsec_ci.report.i18n import speaker
from govsec_ci.report.shapes import CheckView, ResultView, View
from govsec_ci.report.view_answers import step_line

if TYPE_CHECKING:
    from rich.table import Table

_STYLE: Final = {VerdictWord.PASS: "bold green", VerdictWord.FAIL: "bold red", VerdictWord.INCOMPLETE: "bold yellow"}
_SEVERITY_STYLE: Final = {"CRITICAL": "bold red", "HIGH": "red", "MEDIUM": "yellow", "UNKNOWN": "magenta"}
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
        text = render(view, width=shutil.get_terminal_size().columns, colour=True, verbose=verbose)
    else:
        text = plain(view, verbose=verbose)
    encoding = getattr(file, "encoding", None) or "utf-8"
    file.write(text.encode(encoding, "replace").decode(encoding))


def plain(view: View, *, verbose: bool = False) -> str:
    """Lines for programs and logs: blocking results first, what to do next last."""
    lines = [*_results(view, verbose=verbose), *_checks(view), *_unchecked(view)]
    return "\n".join([*lines, _headline(view), *_next(view, verbose=verbose)]) + "\n"


def _headline(view: View) -> str:
    return f"{view.verdict.value}: {view.sentence.pick(view.lang)}"


def _results(view: View, *, verbose: bool) -> Iterator[str]:
    against = [one for one in view.results if one.gates]
    shown = against if verbose else against[:_RESULTS]
    yield from (line(one) for one in shown)
    yield from _more(view, len(against) - len(shown))


def line(one: ResultView) -> str:
    """One result on one line: ``path:line:col SEVERITY RULE message``."""
    return " ".join((one.place or "-", one.severity, one.rule, _short(one.what)))


def _short(text: str) -> str:
    return text if len(text) <= _CHARACTERS else f"{text[: _CHARACTERS - 1]}…"


def _more(view: View, count: int) -> Iterator[str]:
    _, say_n = speaker(view.lang)
    if count > 0:
        yield say_n("… and {n} more: report.html has all", "… and {n} more: report.html has all", count)


def _checks(view: View) -> Iterator[str]:
    for check in (*view.blocking, *view.warnings):
        yield f"{_word(check)} {check.profile}/{check.gate}: {_amounts(view, check)}"


def _word(check: CheckView) -> str:
    return check.verdict.value if check.blocking else f"warning ({check.verdict.value})"


def _amounts(view: View, check: CheckView) -> str:
    say, _ = speaker(view.lang)
    return say(
        "{title}; observed {observed}, limit {limit}; clause {clause}, {document}",
        title=check.title,
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
    """For a terminal of ``width`` columns."""
    from rich.console import Console  # noqa: PLC0415 — costs start-up time, and only terminals need it
    from rich.text import Text as Styled  # noqa: PLC0415

    out = Console(
        file=io.StringIO(), width=width, force_terminal=colour, no_color=not colour, highlight=False, markup=False,
        emoji=False, color_system="standard" if colour else None, legacy_windows=False,
    )  # fmt: skip
    with out.capture() as captured:
        if any(one.gates for one in view.results):
            out.print(_table(view, verbose=verbose))
        for text in (*_checks(view), *_unchecked(view)):
            out.print(Styled(text, style=_line_style(text)), soft_wrap=False)
        out.print(Styled(_headline(view), style=_STYLE[view.verdict]))
        for text in _next(view, verbose=verbose):
            out.print(Styled(text))
    return captured.get()


def _line_style(text: str) -> str:
    first = text.split(" ", 1)[0]
    return next((_STYLE[word].removeprefix("bold ") for word in VerdictWord if word.value == first), "")


def _table(view: View, *, verbose: bool) -> "Table":
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text as Styled  # noqa: PLC0415

    say, say_n = speaker(view.lang)
    against = [one for one in view.results if one.gates]
    shown = against if verbose else against[:_RESULTS]
    more = len(against) - len(shown)
    caption = (
        say_n("… and {n} more: report.html has all", "… and {n} more: report.html has all", more) if more else None
    )
    table = Table(box=None, pad_edge=False, title_justify="left", caption=caption, caption_justify="left")
    for title, ratio in ((say("Place"), 3), (say("Severity"), None), (say("Rule"), None), (say("What"), 5)):
        table.add_column(title, ratio=ratio, overflow="fold")
    for one in shown:
        style = _SEVERITY_STYLE.get(one.severity, "")
        table.add_row(Styled(one.place), Styled(one.severity, style=style), Styled(one.rule), Styled(_short(one.what)))
    return table
