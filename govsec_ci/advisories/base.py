"""The protocol of a feed, and what feeds share."""

import re
import sqlite3
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Protocol

import msgspec
from msgspec import Struct

from govsec_ci.advisories.sources import Source
from govsec_ci.model import Cvss, FeedState, Kev, Ssvc

Progress = Callable[[str, int, int], None]
"""Called with (feed id, done, total), from any thread; total is 0 where nobody knows."""


def silent(feed: str, done: int, total: int) -> None:
    """Progress that nobody watches."""


class Loaded(Struct, frozen=True, kw_only=True):
    """What a feed found out about itself: its own date (or its newest record's), and how many records it has."""

    as_of: datetime
    records: int


class Feed(Protocol):
    """One kind of advisory data; each lives in one module and one line of ``feeds.FEEDS``."""

    ID: str
    TITLE: str
    ADDRESS: str
    """Where its publisher offers it (HTTPS)."""
    SUFFIX: str
    """How a stored copy is called."""

    def claims(self, name: str, data: bytes, /) -> bool:
        """Whether a file of this name and content is one of this feed's."""
        ...

    def load(self, source: Source, database: sqlite3.Connection) -> Loaded:
        """Fill this feed's tables of :mod:`schema` from the source.

        :raises InputError: the source is unreadable, malformed or holds no record
        """
        ...


class Part(Struct, frozen=True, kw_only=True):
    """A feed's data as one ingredient of an index.

    :param known: what is already known of it, where the source is a stored or carried copy of what was once fetched
    """

    feed: str
    source: Source
    known: FeedState | None = None


class Exploited(Struct, frozen=True, kw_only=True):
    """What the index keeps of a KEV entry."""

    kev: Kev
    name: str = ""
    cwes: tuple[str, ...] = ()


class Enrichment(Struct, frozen=True, kw_only=True):
    """What the index keeps of a Vulnrichment record."""

    ssvc: Ssvc | None = None
    cvss: tuple[Cvss, ...] = ()
    cwes: tuple[str, ...] = ()


encode = msgspec.msgpack.Encoder().encode
decode_exploited = msgspec.msgpack.Decoder(Exploited).decode
decode_enrichment = msgspec.msgpack.Decoder(Enrichment).decode


def utc(moment: datetime) -> datetime:
    """The moment in UTC; one without a zone is UTC already."""
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError:  # the year 1 (a database's "unknown") east of Greenwich
        return moment.replace(tzinfo=UTC)


def one_line(text: str, most: int = 300) -> str:
    """Foreign text as one line of at most ``most`` printable characters: it reaches terminals, logs and pages."""
    line = "".join(c for c in " ".join(text.split()) if c.isprintable())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def cwes(found: Iterable[str]) -> tuple[str, ...]:
    """Those that are CWE identifiers, each once."""
    return tuple(dict.fromkeys(one for one in found if _CWE.match(one)))


_CWE = re.compile(r"^CWE-\d{1,6}\Z")
