"""Loaded feeds → vulnerabilities: records joined by their aliases, rated, and enriched by KEV, EPSS and SSVC."""

import sqlite3
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import chain
from typing import Any

from msgspec.structs import replace

from govsec_ci.advisories import base, facts, groups, matching, points, severity
from govsec_ci.advisories.facts import Facts
from govsec_ci.model import Cvss, Epss, Severity, Vulnerability

_MOST_REFERENCES = 30
_MALICIOUS = "MAL-"


def assemble(database: sqlite3.Connection) -> None:
    """Fill tables ``vulnerability``, ``alias`` and ``affected`` from all the others."""
    rows = database.execute("SELECT id, aliases FROM record ORDER BY id")
    found = groups.group({record: facts.decode_aliases(aliases) for record, aliases in rows})
    enricher = Enricher(database)
    for number, group in enumerate(found, 1):
        records = sorted((_facts(database, one) for one in group.records), key=_trust)
        one = enricher.enrich(_vulnerability(group, records), tuple(_words(records)))
        database.execute("INSERT INTO vulnerability VALUES (?, ?)", (number, base.encode(one)))
        names = [(name, number) for name in (one.id, *one.aliases)]
        database.executemany("INSERT INTO alias VALUES (?, ?)", names)
        packages = [(package, number, base.encode(entries)) for package, entries in _by_package(records).items()]
        database.executemany("INSERT INTO affected VALUES (?, ?, ?)", packages)


def _facts(database: sqlite3.Connection, record: str) -> Facts:
    (body,) = database.execute("SELECT body FROM record WHERE id = ?", (record,)).fetchone()
    return facts.decode(body)


def _trust(one: Facts) -> tuple[int, Any]:
    """Which record speaks first: GitHub's reviewed advisory, then the CVE's own record, then the rest."""
    kind, numbers = groups.preference(one.id)
    return (-1 if one.id.startswith("GHSA-") else kind, numbers)


def _vulnerability(group: groups.Group, records: list[Facts]) -> Vulnerability:
    """Everything but severity, which waits for what other feeds know."""
    return Vulnerability(
        id=group.id,
        aliases=group.aliases,
        advisories=group.records,
        summary=next((one.summary for one in records if one.summary), ""),
        cvss=tuple(_scores(records)),
        published=min((one.published for one in records if one.published), default=None),
        modified=max(one.modified for one in records),
        cwes=tuple({cwe: None for one in records for cwe in one.cwes}),
        references=tuple({url: None for one in records for url in one.references})[:_MOST_REFERENCES],
        malicious=any(one.id.startswith(_MALICIOUS) for one in records),
    )


def _scores(records: Iterable[Facts]) -> Iterator[Cvss]:
    for one in records:
        for vector in one.vectors:
            scored = severity.cvss_of(vector, one.id)
            if scored is not None:
                yield scored


def _words(records: Iterable[Facts]) -> Iterator[tuple[str, str]]:
    return ((one.word, one.id) for one in records)


def _by_package(records: Iterable[Facts]) -> dict[str, tuple[matching.Entry, ...]]:
    packages: dict[str, list[matching.Entry]] = {}
    for package, entry in chain.from_iterable(one.packages for one in records):
        packages.setdefault(package, []).append(entry)
    return {package: tuple(entries) for package, entries in packages.items()}


class Enricher:
    """Adds what KEV, EPSS and Vulnrichment know of a vulnerability's CVEs."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        model = database.execute("SELECT model, date FROM epss_model").fetchone()
        self._model: str = model[0] if model else ""
        self._date: str = model[1] if model else ""

    def enrich(self, one: Vulnerability, words: tuple[tuple[str, str], ...] = ()) -> Vulnerability:
        """The vulnerability with its severity and all that the other feeds add.

        :param words: (database's own severity word, id of the record), in the order of trust
        """
        cves = sorted((i for i in (one.id, *one.aliases) if i.startswith("CVE-")), key=groups.preference)
        exploited = [base.decode_exploited(body) for body in self._bodies("kev", cves)]
        enriched = [base.decode_enrichment(body) for body in self._bodies("vulnrichment", cves)]
        added = tuple(scored for e in enriched for scored in e.cvss)
        rating, source = _rating(one, words, added)
        cwes = {*one.cwes, *(cwe for e in exploited for cwe in e.cwes), *(cwe for e in enriched for cwe in e.cwes)}
        return replace(
            one,
            summary=one.summary or next((e.name for e in exploited), ""),
            severity=rating,
            severity_source=source,
            cvss=severity.in_order(one.cvss) + severity.in_order(added),
            epss=self._epss(cves),
            kev=points.earliest(e.kev for e in exploited),
            ssvc=points.worst(e.ssvc for e in enriched if e.ssvc is not None),
            cwes=tuple(sorted(cwes, key=groups.preference)),
        )

    def known(self, cve: str) -> Vulnerability | None:
        """What these feeds alone know of a CVE that no OSV record is about."""
        found = self.enrich(Vulnerability(id=cve))
        return None if found == Vulnerability(id=cve) else found

    def _bodies(self, table: str, cves: list[str]) -> list[bytes]:
        query = f"SELECT body FROM {table} WHERE cve = ?"  # noqa: S608 — one of our own two tables
        return [body for cve in cves for (body,) in self._database.execute(query, (cve,))]

    def _epss(self, cves: list[str]) -> Epss | None:
        query = "SELECT score, percentile FROM epss WHERE cve = ?"
        rows = [row for cve in cves for row in self._database.execute(query, (cve,))]
        if not rows:
            return None
        score, percentile = max(rows)
        return Epss(score=score, percentile=percentile, date=datetime.fromisoformat(self._date), model=self._model)


def _rating(one: Vulnerability, words: tuple[tuple[str, str], ...], added: tuple[Cvss, ...]) -> tuple[Severity, str]:
    """The severity and where it is from: CVSS of a record, a database's word, CVSS of Vulnrichment; else UNKNOWN."""
    if one.malicious:
        return Severity.CRITICAL, f"malicious package of {next(i for i in one.advisories if i.startswith(_MALICIOUS))}"
    if one.cvss:
        return _rated(severity.in_order(one.cvss)[0])
    for word, record in words:
        if severity.from_word(word) is not Severity.UNKNOWN:
            return severity.from_word(word), f"{word} of {record}"
    if added:
        return _rated(severity.in_order(added)[0])
    return Severity.UNKNOWN, ""


def _rated(scored: Cvss) -> tuple[Severity, str]:
    return severity.rating(scored), f"CVSS:{scored.version} of {scored.source}"
