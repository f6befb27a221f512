"""Poetry's version constraints (``^1.2``, ``~1.2``, ``1.*``, ``1.2``) as PEP 440 specifiers.

Source: Poetry's documentation, "Dependency specification".
"""

import re
from collections.abc import Callable

from packaging.specifiers import SpecifierSet
from packaging.version import Version


def specifier_of(constraint: str) -> str | None:
    """A PEP 440 specifier set; empty where every version is allowed or alternatives (``||``) cannot be said in one.

    None where the constraint is not one.
    """
    if "|" in constraint:
        parts = [specifier_of(part) for part in re.split(r"\s*\|\|?\s*", constraint.strip())]
        return None if None in parts else ""
    words = re.split(r"[\s,]+", re.sub(r"([<>=!~^])\s+", r"\1", constraint))
    specifiers = [_single(word) for word in words if word not in ("*", "")]
    if any(one is None for one in specifiers):
        return None
    return ",".join(sorted(one for one in specifiers if one))


def _single(word: str) -> str | None:
    try:
        if word.startswith("^"):
            return _below(Version(word[1:]), _caret_place)
        if word.startswith("~") and not word.startswith("~="):
            return _below(Version(word[1:]), _tilde_place)
        if word[0].isdigit() or word[0] == "v":
            word = f"=={word}"
        return str(SpecifierSet(word))
    except ValueError:  # packaging's own, and Python's for numbers of more than 4,300 digits
        return None


def _caret_place(release: tuple[int, ...]) -> int:
    """The leftmost part that is not zero may not change."""
    return next((place for place, part in enumerate(release) if part), len(release) - 1)


def _tilde_place(release: tuple[int, ...]) -> int:
    """The minor version may not change, or the major one where no other is given."""
    return min(1, len(release) - 1)


def _below(version: Version, place_of: Callable[[tuple[int, ...]], int]) -> str:
    place = place_of(version.release)
    upper = [*version.release[:place], version.release[place] + 1]
    return f">={version},<{'.'.join(map(str, upper))}"
