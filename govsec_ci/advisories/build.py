"""Feeds → one index file."""

import sqlite3
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct
from packaging.utils import canonicalize_name

from govsec_ci.advisories import groups, matching, schema, severity
from govsec_ci.advisories.sources import Source
from govsec_ci.errors import InputError
from govsec_ci.formats import osv
from govsec_ci.model import Cvss, FeedState, Severity, Vulnerability

_SUMMARY_CHARACTERS = 300
_MOST_REFERENCES = 30


class _Facts(Struct, frozen=True, array_like=True):
    """What the index keeps of one record."""

    id: str
    modified: datetime
    published: datetime | None
    summary: str
    vectors: tuple[str, ...]
    word: str
    cwes: tuple[str, ...]
    references: tuple[str, ...]
    packages: tuple[tuple[str, matching.Entry], ...]


_encode = msgspec.msgpack.Encoder().encode
_decode_facts = msgspec.msgpack.Decoder(_Facts).decode


def is_matched(ecosystem: str) -> bool:
    """Whether versions of this ecosystem are matched: PyPI, whatever suffix or case the database writes."""
    return ecosystem.partition(":")[0].casefold() == "pypi"


def build(path: Path, source: Source) -> FeedState:
    """Write the index of ``source`` to ``path``, a file that is not there yet.

    :raises InputError: the source is unreadable, holds a malformed record, or none at all
    """
    database = sqlite3.connect(path, isolation_level=None)
    try:
        # Nobody sees the file before it is whole and flushed: a journal would only cost.
        database.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA temp_store=FILE")
        database.executescript(f"PRAGMA application_id={schema.APPLICATION_ID}; PRAGMA user_version={schema.VERSION}")
        database.executescript(schema.TABLES)
        database.execute("BEGIN")
        state = _Builder(database).load(source)
        database.execute("COMMIT")
        return state
    finally:
        database.close()


def _utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:  # the year 1 (a database's "unknown") east of Greenwich
        return moment.replace(tzinfo=UTC)


class _Builder:
    def __init__(self, database: sqlite3.Connection) -> None:
        self.database = database
        self.newest: dict[str, datetime] = {}
        self.aliases: dict[str, tuple[str, ...]] = {}
        self.ecosystems: Counter[str] = Counter()
        database.execute("CREATE TEMP TABLE record (id TEXT PRIMARY KEY, body BLOB)")

    def load(self, source: Source) -> FeedState:
        for name, data in source.entries():
            self._take(osv.decode_json(data, f"{source.name}/{name}"))
        if not self.newest:
            raise InputError(
                f"{source.name}: holds no OSV record", next_step="name a folder of OSV records or an all.zip"
            )
        state = FeedState(
            feed="osv",
            as_of=max(self.newest.values()),
            sha256=source.digest(),
            records=len(self.newest),
            source=source.name,
        )
        self.database.execute("INSERT INTO feed VALUES (?, ?)", (state.feed, _encode(state)))
        self.database.executemany(
            "INSERT INTO ecosystem VALUES (?, ?, ?)",
            [(name, count, is_matched(name)) for name, count in sorted(self.ecosystems.items())],
        )
        self._write_groups()
        return state

    def _take(self, record: osv.Record) -> None:
        # The same id twice (a folder with copies): the newer copy stands.
        if record.id in self.newest and record.modified <= self.newest[record.id]:
            return
        self.newest[record.id] = _utc(record.modified)
        self.aliases.pop(record.id, None)
        if record.withdrawn is not None:
            self.database.execute("DELETE FROM record WHERE id = ?", (record.id,))
            return
        self.aliases[record.id] = record.other_ids()
        self.ecosystems.update({a.package.ecosystem for a in record.affected or () if a.package is not None})
        self.database.execute("REPLACE INTO record VALUES (?, ?)", (record.id, _encode(_facts(record))))

    def _write_groups(self) -> None:
        for number, group in enumerate(groups.group(self.aliases), 1):
            facts = sorted((self._facts(one) for one in group.records), key=_trust)
            found = _vulnerability(group, facts)
            self.database.execute("INSERT INTO vulnerability VALUES (?, ?, ?)", (number, found.id, _encode(found)))
            self.database.executemany(
                "INSERT INTO alias VALUES (?, ?)", [(name, number) for name in (found.id, *found.aliases)]
            )
            self.database.executemany(
                "INSERT INTO affected VALUES (?, ?, ?)",
                [(package, number, _encode(entries)) for package, entries in _by_package(facts).items()],
            )

    def _facts(self, record: str) -> _Facts:
        (body,) = self.database.execute("SELECT body FROM record WHERE id = ?", (record,)).fetchone()
        return _decode_facts(body)


def _facts(record: osv.Record) -> _Facts:
    matched = [a for a in record.affected or () if a.package is not None and is_matched(a.package.ecosystem)]
    vectors = [v.score for v in record.severity or ()] + [v.score for a in matched for v in a.severity or ()]
    return _Facts(
        id=record.id,
        modified=_utc(record.modified),
        published=_utc(record.published) if record.published else None,
        summary=_summary(record),
        vectors=tuple(dict.fromkeys(vectors)),
        word=record.severity_word(),
        cwes=record.cwes(),
        references=tuple(r.url for r in record.references or () if r.url.startswith(("https://", "http://"))),
        packages=tuple((canonicalize_name(a.package.name), matching.entry(a)) for a in matched if a.package),
    )


def _summary(record: osv.Record) -> str:
    """One line of printable text: the record's summary, else the beginning of its details."""
    text = " ".join((record.summary or record.details or "").split())
    text = "".join(c for c in text if c.isprintable())
    return text if len(text) <= _SUMMARY_CHARACTERS else text[: _SUMMARY_CHARACTERS - 1].rstrip() + "…"


def _trust(facts: _Facts) -> tuple[int, Any]:
    """Which record speaks first: GitHub's reviewed advisory, then the CVE's own record, then the rest."""
    kind, numbers = groups.preference(facts.id)
    return (-1 if facts.id.startswith("GHSA-") else kind, numbers)


def _vulnerability(group: groups.Group, facts: list[_Facts]) -> Vulnerability:
    scores = _scores(facts)
    malicious = any(one.id.startswith("MAL-") for one in facts)
    rating, source = _severity(facts, scores)
    if malicious:
        rating, source = Severity.CRITICAL, f"malicious package, {next(o.id for o in facts if o.id[:4] == 'MAL-')}"
    return Vulnerability(
        id=group.id,
        aliases=group.aliases,
        advisories=group.records,
        summary=next((one.summary for one in facts if one.summary), ""),
        severity=rating,
        severity_source=source,
        cvss=scores,
        published=min((one.published for one in facts if one.published), default=None),
        modified=max(one.modified for one in facts),
        cwes=tuple(sorted({c for one in facts for c in one.cwes}, key=groups.preference)),
        references=tuple(dict.fromkeys(r for one in facts for r in one.references))[:_MOST_REFERENCES],
        malicious=malicious,
    )


def _scores(facts: Iterable[_Facts]) -> tuple[Cvss, ...]:
    found = [severity.cvss_of(vector, one.id) for one in facts for vector in one.vectors]
    known = [one for one in found if one is not None]
    # Stable: the records stand in the order of trust.
    return tuple(sorted(known, key=lambda one: -float(one.version)))


def _severity(facts: Iterable[_Facts], scores: tuple[Cvss, ...]) -> tuple[Severity, str]:
    if scores:
        return severity.rating(scores[0]), f"CVSS:{scores[0].version} of {scores[0].source}"
    for one in facts:
        rating = severity.from_word(one.word)
        if rating is not Severity.UNKNOWN:
            return rating, f"{one.word} of {one.id}"
    return Severity.UNKNOWN, ""


def _by_package(facts: Iterable[_Facts]) -> dict[str, tuple[matching.Entry, ...]]:
    packages: dict[str, list[matching.Entry]] = {}
    for package, entry in (pair for one in facts for pair in one.packages):
        packages.setdefault(package, []).append(entry)
    return {package: tuple(entries) for package, entries in packages.items()}
