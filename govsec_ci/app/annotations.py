"""Annotations: workflow commands that GitHub shows beside the code, the most severe first.

GitHub keeps ten errors, ten warnings and ten notices of a step and drops the rest without a word; what is left out is
therefore counted here, and stands in the summary.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from govsec_ci.report.shapes import ResultView, RunView, View

KEPT: Final = 10
_MESSAGE_CHARACTERS: Final = 600


def annotations(view: View, folder: str = "") -> list[str]:
    """One workflow command a result; blocking ones are errors, what was not checked warnings, the rest notices.

    :param folder: the judged folder relative to the workspace, POSIX, or empty
    """
    blocking = [one for one in view.results if one.gates]
    others = [one for one in view.results if not one.gates]
    unchecked = [_unchecked(run, text) for run in view.not_checked for text in _problems(run)]
    return [
        *_cut("error", [_result("error", one, folder) for one in blocking]),
        *_cut("warning", unchecked),
        *_cut("notice", [_result("notice", one, folder) for one in others]),
    ]


def _cut(kind: str, commands: list[str]) -> list[str]:
    if len(commands) <= KEPT:
        return commands
    left = len(commands) - KEPT + 1
    return [*commands[: KEPT - 1], _command(kind, {"title": "govsec"}, f"{left} more: the summary has them")]


def _result(kind: str, one: ResultView, folder: str) -> str:
    place = {"file": f"{folder}/{one.path}" if folder else one.path} if one.path else {}
    line = {"line": str(one.line)} if one.line else {}
    column = {"col": str(one.column)} if one.line and one.column else {}
    fixed = f" Fixed in {one.fixed_in}." if one.fixed_in and one.fixed_in not in one.what else ""
    title = {"title": f"{one.severity} {one.rule}"}
    return _command(kind, place | line | column | title, one.what + fixed)


def _problems(run: RunView) -> Iterator[str]:
    for problem in run.problems:
        yield f"{problem.place}: {problem.text}" if problem.place else problem.text


def _unchecked(run: RunView, text: str) -> str:
    return _command("warning", {"title": f"not checked by {run.tool}"}, text)


def _command(kind: str, properties: Mapping[str, str], message: str) -> str:
    told = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{kind} {told}::{_data(message[:_MESSAGE_CHARACTERS])}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
