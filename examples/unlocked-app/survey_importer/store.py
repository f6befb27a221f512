"""The database that all workbooks end in."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from survey_importer.workbook import Answer

TABLE = "CREATE TABLE IF NOT EXISTS answer (ward TEXT, received TEXT, score INTEGER)"


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """Open the database at `path`, with its table; commit if all went well."""
    connection = sqlite3.connect(path)
    try:
        with connection:
            connection.execute(TABLE)
            yield connection
    finally:
        connection.close()


def add(connection: sqlite3.Connection, answers: Iterable[Answer]) -> None:
    """Append `answers`."""
    rows = ((answer.ward, answer.received.isoformat(), answer.score) for answer in answers)
    connection.executemany("INSERT INTO answer VALUES (?, ?, ?)", rows)


def counts(connection: sqlite3.Connection) -> list[tuple[str, int]]:
    """Return how many answers each ward has sent."""
    return connection.execute("SELECT ward, COUNT(*) FROM answer GROUP BY ward ORDER BY ward").fetchall()
