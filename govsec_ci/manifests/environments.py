"""For which environments a marker can be true: decided over the environments that its own words tell apart."""

import itertools
import re
from collections.abc import Iterator, Sequence

from packaging.markers import Marker

# Each release line by its first and by a late bug-fix release, for markers on python_full_version.
_LINES = ("2.7", *(f"3.{minor}" for minor in range(5, 31)))
_PYTHON_3 = "3."
_LATE = 99
_VERSION = re.compile(r"\d+(?:\.\d+)+")
_ATOM = re.compile(r'(?P<name>\w+) (?P<operator>===|==|!=|~=|<=|>=|<|>|not in|in) "(?P<value>[^"]*)"')
_REST = re.compile(r"\b(?:and|or)\b|[\s()]")
_PYTHON = frozenset({"python_version", "python_full_version"})
_MOST_VERSIONS = 20
_MOST_ENVIRONMENTS = 5_000


def pythons(*texts: str) -> list[str]:
    """Full versions of Python that comparisons with the versions in ``texts`` tell apart.

    :raises ValueError: more, or longer, versions than anybody compares with
    """
    named = {version for text in texts for version in _VERSION.findall(text)}
    if len(named) > _MOST_VERSIONS:
        raise ValueError("more versions than anybody compares with")
    return [*(f"{line}.{last}" for line in _LINES for last in (0, _LATE)), *sorted(set(_neighbours(named)))]


def _neighbours(versions: set[str]) -> Iterator[str]:
    for version in versions:
        major, minor, patch = (*map(int, version.split(".")), 0, 0)[:3]
        for near in (patch - 1, patch, patch + 1):
            if near >= 0:
                yield f"{major}.{minor}.{near}"


def of_python(full_version: str) -> dict[str, str]:
    """What a Python of that version says of itself to markers."""
    return {"python_version": full_version.rpartition(".")[0], "python_full_version": full_version}


def covered(wanted: str, by: Sequence[str]) -> bool:
    """Whether one of the markers ``by`` is true wherever ``wanted`` is; False also where that cannot be decided.

    Markers are in packaging's spelling, empty means everywhere. Python 2 is left aside.
    """
    if "" in by or wanted in by:
        return True
    try:
        return all(
            (wanted and not Marker(wanted).evaluate(one)) or any(Marker(marker).evaluate(one) for marker in by)
            for one in _environments([wanted, *by])
        )
    except ValueError:  # no marker, a comparison without meaning, or more environments than can be tried
        return False


def _environments(markers: Sequence[str]) -> Iterator[dict[str, str]]:
    """Every combination of the values that the markers compare with, and of one that none of them names.

    :raises ValueError: a marker compares in a way that has more to it than equality
    """
    values: dict[str, set[str]] = {}
    for marker in markers:
        for atom in _atoms(marker):
            if atom["name"] not in _PYTHON and atom["operator"] not in ("==", "!="):
                raise ValueError("an order of names")
            values.setdefault(atom["name"], set()).add(atom["value"])
    python = [of_python(one) for one in pythons(*markers) if one.startswith(_PYTHON_3)]
    names = sorted(values.keys() - _PYTHON)
    others = [["\N{REPLACEMENT CHARACTER}", *sorted(values[name])] for name in names]
    count = len(python)
    for choice in others:
        count *= len(choice)
    if count > _MOST_ENVIRONMENTS:
        raise ValueError("too many environments")
    for first in python:
        for rest in itertools.product(*others):
            yield {**first, **dict(zip(names, rest, strict=True))}


def _atoms(marker: str) -> list["re.Match[str]"]:
    if _REST.sub("", _ATOM.sub("", marker)):
        raise ValueError("a marker in another form")
    return list(_ATOM.finditer(marker))
