"""The order of versions: PEP 440, with what PEP 440 cannot read before everything else.

Databases hold versions from before PEP 440 (``2004d``, ``0.6m3``). As in setuptools of old they sort before every
version that PEP 440 reads, and among themselves number by number.
"""

import re
from functools import lru_cache
from typing import Any

from packaging.utils import canonicalize_version
from packaging.version import Version

Key = tuple[int, Any]
"""Compares with any other key: (group, value); -1 the beginning, 0 legacy, 1 PEP 440, 2 the end."""

BEGINNING: Key = (-1, ())
END: Key = (2, ())

_RELEASE = re.compile(r"^\s*v?(\d{1,18}(?:\.\d{1,18}){0,9})")
_LAST_POST = 10**18
_PIECES = re.compile(r"[0-9]+|[a-z]+")


@lru_cache(maxsize=65_536)
def key(version: str) -> Key:
    """The place of a version in the order."""
    parsed = parse(version)
    if parsed is not None:
        return (1, parsed)
    return (0, tuple(_piece(piece) for piece in _PIECES.findall(version.lower())))


def _piece(piece: str) -> tuple[int, int, str]:
    """Words before numbers; a number by its length first: none is too long to compare."""
    if not piece.isdigit():
        return 0, 0, piece
    number = piece.lstrip("0")
    return 1, len(number), number


@lru_cache(maxsize=65_536)
def parse(version: str) -> Version | None:
    """The version as PEP 440 reads it, or None; None too for a number of more digits than Python converts."""
    try:
        return Version(version)
    except ValueError:
        return None


@lru_cache(maxsize=65_536)
def canonical(version: str) -> str:
    """One spelling for equal versions (``1.0`` and ``1.0.0``): equal strings mean equal versions."""
    return canonicalize_version(version) if parse(version) is not None else version


@lru_cache(maxsize=65_536)
def latest_end(version: str) -> Key:
    """Where a span of PEP 440 versions ends at the latest that ends at ``version``.

    What PEP 440 can read is its own place. ``0.2.0-n653`` (PYSEC-2021-371) has none in the order, but belongs to
    release 0.2.0: whatever is above 0.2.0 is past it, and nothing else is. A text without a number is never passed:
    what cannot be compared must not clear a version.
    """
    if parse(version) is not None:
        return key(version)
    release = _RELEASE.match(version)
    return (1, Version(f"{release[1]}.post{_LAST_POST}")) if release else END


def public(version: str) -> str:
    """The version without its local part (``2.0+cu118`` → ``2.0``): a local build holds the public version's code."""
    parsed = parse(version)
    return parsed.public if parsed is not None else version


def major(version: str) -> tuple[int, int] | None:
    """(epoch, first number): versions that share it promise to be compatible."""
    parsed = parse(version)
    return (parsed.epoch, parsed.major) if parsed is not None else None
