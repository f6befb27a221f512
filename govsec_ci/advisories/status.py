"""``govsec advisories status``: what is stored, from when, and how old that is."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from msgspec import Struct

from govsec_ci.advisories import feeds, store
from govsec_ci.advisories.index import open_index
from govsec_ci.model import FeedState

_DAY_S = 86_400.0


class FeedStatus(Struct, frozen=True, kw_only=True):
    """One feed that this engine knows. ``state`` and ``age_days`` are None where it is not stored.

    :param age_days: from the feed's own date to ``now``; negative where the data is newer than ``now``
    :param address: where it was downloaded from; empty when imported
    """

    feed: str
    title: str
    state: FeedState | None
    age_days: float | None
    address: str = ""


class Status(Struct, frozen=True, kw_only=True):
    """The store as a whole.

    :param index: the index file, or None where nothing is stored; :param index_bytes: its size on disk
    :param unmatched: ecosystems that are stored but not matched → number of records
    """

    feeds: tuple[FeedStatus, ...]
    index: Path | None = None
    index_bytes: int = 0
    unmatched: Mapping[str, int] = {}


def status(cache: Path, now: datetime) -> Status:
    """What is stored, for people and programs.

    :raises InputError: the store is damaged; :raises UsageError: its index must be rebuilt and cannot be written
    """
    path = store.current(cache)
    state = store.read(cache)
    found = tuple(_feed(feed, state.feeds.get(feed), now) for feed in sorted(feeds.FEEDS))
    if path is None:
        return Status(feeds=found)
    with open_index(path) as index:
        return Status(feeds=found, index=path, index_bytes=path.stat().st_size, unmatched=index.unmatched())


def _feed(feed: str, held: store.Held | None, now: datetime) -> FeedStatus:
    title = feeds.FEEDS[feed].TITLE
    if held is None:
        return FeedStatus(feed=feed, title=title, state=None, age_days=None)
    age_days = (now - held.state.as_of).total_seconds() / _DAY_S
    return FeedStatus(feed=feed, title=title, state=held.state, age_days=age_days, address=held.address)
