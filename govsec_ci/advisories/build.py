"""Feeds → one index file."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from govsec_ci.advisories import assemble, schema
from govsec_ci.advisories.base import Part, Progress, encode, silent
from govsec_ci.advisories.feeds import FEEDS
from govsec_ci.model import FeedState


def build(path: Path, parts: Sequence[Part], progress: Progress = silent) -> tuple[FeedState, ...]:
    """Write the index of ``parts`` to ``path``, an empty or new file. Returns the feeds, sorted by their ids.

    :raises InputError: a source is unreadable, malformed, or holds no record
    """
    database = sqlite3.connect(path, isolation_level=None)
    try:
        # Nobody sees the file before it is whole and flushed: a journal would only cost.
        database.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA temp_store=FILE")
        database.executescript(f"PRAGMA application_id={schema.APPLICATION_ID}; PRAGMA user_version={schema.VERSION}")
        database.executescript(schema.TABLES)
        database.execute("BEGIN")
        states = tuple(_load(part, database, progress) for part in sorted(parts, key=lambda part: part.feed))
        assemble.assemble(database)
        database.execute("COMMIT")
    finally:
        database.close()
    return states


def _load(part: Part, database: sqlite3.Connection, progress: Progress) -> FeedState:
    loaded = FEEDS[part.feed].load(part.source, database)
    progress(part.feed, loaded.records, loaded.records)
    known = part.known
    state = FeedState(
        feed=part.feed,
        as_of=loaded.as_of,
        sha256=known.sha256 if known else part.source.digest(),
        records=loaded.records,
        source=known.source if known else part.source.name,
    )
    database.execute("INSERT INTO feed VALUES (?, ?)", (state.feed, encode(state)))
    return state
