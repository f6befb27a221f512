"""OSV records: the bulk export of a PyPI ecosystem (zip), a folder of JSON, or a checkout of a database, YAML too."""

import re
import sqlite3
from collections import Counter
from datetime import datetime

from packaging.utils import canonicalize_name

from govsec_ci.advisories import matching
from govsec_ci.advisories.base import Loaded, cwes, encode, one_line, utc
from govsec_ci.advisories.facts import Facts
from govsec_ci.advisories.sources import Source
from govsec_ci.errors import InputError
from govsec_ci.formats import osv

ID = "osv"
TITLE = "OSV advisories"
ADDRESS = "https://osv-vulnerabilities.storage.googleapis.com/PyPI/all.zip"
SUFFIX = ".zip"

_LINK = re.compile(r"^https?://[!-~]{1,2000}\Z")


def claims(name: str, _data: bytes) -> bool:
    """Any JSON or YAML: whatever no other feed claims must be a valid record."""
    return name.endswith((".json", ".yaml", ".yml"))


def is_matched(ecosystem: str) -> bool:
    """Whether versions of this ecosystem are matched: PyPI, whatever suffix or case the database writes."""
    return ecosystem.partition(":")[0].casefold() == "pypi"


def load(source: Source, database: sqlite3.Connection) -> Loaded:
    """Fill tables ``record`` (for :mod:`assemble`) and ``ecosystem``."""
    loading = _Loading(database)
    for name, data in source.entries():
        record = osv.decode(data, f"{source.name}/{name}")
        if record is not None:
            loading.take(record)
    if not loading.modified:
        raise InputError(f"{source.name}: holds no OSV record", next_step="name a folder of OSV records or an all.zip")
    loading.count_ecosystems()
    return Loaded(as_of=max(loading.modified.values()), records=len(loading.modified))


class _Loading:
    def __init__(self, database: sqlite3.Connection) -> None:
        self.database = database
        self.modified: dict[str, datetime] = {}
        self.ecosystems: dict[str, frozenset[str]] = {}

    def take(self, record: osv.Record) -> None:
        modified = utc(record.modified)
        # The same id twice (a folder with copies): the newer copy stands.
        if record.id in self.modified and modified <= self.modified[record.id]:
            return
        self.modified[record.id] = modified
        packages = (affected.package for affected in record.affected or ())
        self.ecosystems[record.id] = frozenset(one_line(p.ecosystem, 100) for p in packages if p is not None)
        if record.withdrawn is not None:
            self.database.execute("DELETE FROM record WHERE id = ?", (record.id,))
            return
        row = (record.id, encode(record.other_ids()), encode(_facts(record)))
        self.database.execute("REPLACE INTO record VALUES (?, ?, ?)", row)

    def count_ecosystems(self) -> None:
        counts = Counter(name for names in self.ecosystems.values() for name in names)
        rows = [(name, count, is_matched(name)) for name, count in sorted(counts.items())]
        self.database.executemany("INSERT INTO ecosystem VALUES (?, ?, ?)", rows)


def _facts(record: osv.Record) -> Facts:
    matched = [a for a in record.affected or () if a.package is not None and is_matched(a.package.ecosystem)]
    vectors = [v.score for v in record.severity or ()] + [v.score for a in matched for v in a.severity or ()]
    return Facts(
        id=record.id,
        modified=utc(record.modified),
        published=utc(record.published) if record.published else None,
        summary=one_line(record.summary or record.details or ""),
        vectors=tuple(dict.fromkeys(vectors)),
        word=record.severity_word(),
        cwes=cwes(record.cwes()),
        references=tuple(r.url for r in record.references or () if _LINK.match(r.url)),
        packages=tuple((canonicalize_name(a.package.name), matching.entry(a)) for a in matched if a.package),
    )
