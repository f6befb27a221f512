"""What bandit's worker process says, a JSON object a line, checked: whoever reads it may rely on every key."""

import json
from typing import Annotated, Any, Final, NotRequired, TypedDict

import msgspec
from msgspec import Meta

_MOST: Final = 2**31 - 1  # what SARIF's consumers take for a line, and more than any file has
_Count = Annotated[int, Meta(ge=0, le=_MOST)]
_Place = Annotated[int, Meta(ge=1, le=_MOST)]


class Region(TypedDict):
    """As :class:`govsec_ci.model.Region`."""

    start_line: Annotated[int, Meta(ge=0, le=_MOST)]
    snippet: str
    start_column: NotRequired[_Place]
    end_line: NotRequired[_Place]
    end_column: NotRequired[_Place]


class Nosec(TypedDict):
    """A comment that hides a result; ``line`` is 0 where it is not known."""

    line: _Count
    blanket: bool
    reason: str


class Found(TypedDict):
    """One result; ``cwe`` is 0 where the test names none."""

    id: str
    text: str
    severity: str
    confidence: str
    cwe: _Count
    region: Region
    nosec: Nosec | None


class Problem(TypedDict):
    """Why a file was not, or not wholly, scanned; ``line`` is 0 for the file as a whole."""

    kind: str
    text: str
    line: _Count


class Line(TypedDict):
    """What is known of one file; ``seconds`` of processor time that it took."""

    path: str
    sha256: str
    length: Annotated[int, Meta(ge=0)]
    results: list[Found]
    problems: list[Problem]
    seconds: NotRequired[Annotated[float, Meta(ge=0, le=_MOST)]]


class Tests(TypedDict):
    """The ids of the tests that are run."""

    tests: list[str]


def decode(line: bytes) -> dict[str, Any] | None:
    """A :class:`Line` or :class:`Tests`; None for what is neither, such as the last words of a killed worker."""
    try:
        # Not msgspec's own reader: a path may hold bytes that are no UTF-8, which JSON writes as lone surrogates.
        plain = json.loads(line)
        known: dict[str, Any] = msgspec.convert(plain, Tests if "tests" in plain else Line)
    except (ValueError, TypeError, RecursionError):
        return None
    return known
