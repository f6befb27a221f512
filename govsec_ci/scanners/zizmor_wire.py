"""What zizmor writes with ``--format=json-v1``, as far as it is read."""

from typing import Any

from msgspec import Struct


class Point(Struct):
    """0-based row, and column in bytes of its line's UTF-8 form."""

    row: int
    column: int


class Span(Struct):
    """Where a feature begins and ends."""

    start_point: Point
    end_point: Point


class Concrete(Struct):
    """The text of a location, and the comments on its lines."""

    location: Span
    comments: tuple[str, ...] = ()


class Symbolic(Struct):
    """What a location is: ``kind`` is ``Primary``, ``Related`` or ``Hidden``."""

    key: dict[str, Any]
    annotation: str
    kind: str


class Place(Struct):
    """One location of a finding."""

    symbolic: Symbolic
    concrete: Concrete


class Determinations(Struct):
    """zizmor's own words."""

    confidence: str
    severity: str


class Finding(Struct):
    """One finding, as ``--format=json-v1`` writes it."""

    ident: str
    desc: str
    url: str
    determinations: Determinations
    locations: tuple[Place, ...]
    ignored: bool
