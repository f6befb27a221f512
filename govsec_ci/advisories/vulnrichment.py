"""CISA Vulnrichment: CVE records (CVE JSON 5) with SSVC points, CVSS and CWEs; the repository's zip or folder."""

import re
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from govsec_ci.advisories import severity
from govsec_ci.advisories.base import Enrichment, Loaded, cwes, encode, utc
from govsec_ci.advisories.sources import Source
from govsec_ci.errors import InputError
from govsec_ci.model import Cvss, Ssvc

ID = "vulnrichment"
TITLE = "CISA Vulnrichment (SSVC)"
ADDRESS = "https://github.com/cisagov/vulnrichment/archive/refs/heads/develop.zip"
SUFFIX = ".zip"

_MARK = re.compile(rb'"dataType"\s*:\s*"CVE_RECORD"')
_FILE = re.compile(r"^CVE-\d{4}-\d{4,}\.json$")
_VECTORS = ("cvssV4_0", "cvssV3_1", "cvssV3_0", "cvssV2_0")
_POINTS = {
    "Exploitation": frozenset({"none", "poc", "active"}),
    "Automatable": frozenset({"no", "yes"}),
    "Technical Impact": frozenset({"partial", "total"}),
}
_BEGINNING = datetime(1, 1, 1, tzinfo=UTC)


class _Description(Struct, frozen=True, rename="camel"):
    cwe_id: str = ""


class _Problem(Struct, frozen=True):
    descriptions: list[_Description] = []


class _Provider(Struct, frozen=True, rename="camel"):
    date_updated: str = ""


class _Container(Struct, frozen=True, rename="camel"):
    title: str = ""
    metrics: list[dict[str, Any]] = []
    problem_types: list[_Problem] = []
    provider_metadata: _Provider = _Provider()


class _Containers(Struct, frozen=True):
    cna: _Container
    adp: list[_Container] = []


class _Metadata(Struct, frozen=True, kw_only=True, rename="camel"):
    cve_id: Annotated[str, Meta(pattern=r"^CVE-\d{4}-\d{4,}\Z")]
    state: str = ""
    date_updated: str = ""


class _Record(Struct, frozen=True, kw_only=True, rename="camel"):
    cve_metadata: _Metadata
    containers: _Containers


_decoder = msgspec.json.Decoder(_Record)


def claims(name: str, data: bytes) -> bool:
    """A JSON file that says it is a CVE record."""
    return name.endswith(".json") and _MARK.search(data) is not None


def load(source: Source, database: sqlite3.Connection) -> Loaded:
    """Fill table ``vulnrichment``; a rejected CVE counts as a record and enriches nothing."""
    as_of, records = _BEGINNING, 0
    for record in _records(source):
        records += 1
        as_of = max(as_of, _newest(record))
        if record.cve_metadata.state != "REJECTED":
            body = encode(_enrichment(record))
            database.execute("REPLACE INTO vulnrichment VALUES (?, ?)", (record.cve_metadata.cve_id, body))
    if not records:
        raise InputError(f"{source.name}: holds no CVE record", next_step="name the zip of the Vulnrichment repository")
    return Loaded(as_of=as_of, records=records)


def _records(source: Source) -> Iterator[_Record]:
    for name, data in source.entries():
        if not _FILE.match(PurePosixPath(name).name):
            continue
        try:
            yield _decoder.decode(data)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
            raise InputError(
                f"{source.name}/{name}: not a valid CVE record: {error}", next_step="fetch Vulnrichment again"
            ) from error


def _newest(record: _Record) -> datetime:
    dates = [record.cve_metadata.date_updated, *(adp.provider_metadata.date_updated for adp in record.containers.adp)]
    return max((_moment(text) for text in dates), default=_BEGINNING)


def _moment(text: str) -> datetime:
    try:
        return utc(datetime.fromisoformat(text))
    except ValueError:
        return _BEGINNING


def _enrichment(record: _Record) -> Enrichment:
    containers = (record.containers.cna, *record.containers.adp)
    problems = (d.cwe_id for c in containers for p in c.problem_types for d in p.descriptions)
    cve = record.cve_metadata.cve_id
    points = [ssvc for c in containers for metric in c.metrics if (ssvc := _ssvc(metric, cve)) is not None]
    return Enrichment(
        ssvc=max(points, key=lambda one: one.date or _BEGINNING, default=None),
        cvss=tuple(_cvss(cve, containers)),
        cwes=cwes(problems),
    )


def _cvss(cve: str, containers: tuple[_Container, ...]) -> Iterator[Cvss]:
    """The CVE's own figures first, then those that CISA added, newest version first."""
    for key in _VECTORS:
        for container in containers:
            for metric in container.metrics:
                given = metric.get(key)
                vector = given.get("vectorString") if isinstance(given, dict) else None
                scored = severity.cvss_of(vector, f"{cve} (Vulnrichment)") if isinstance(vector, str) else None
                if scored is not None:
                    yield scored


def _ssvc(metric: dict[str, Any], cve: str) -> Ssvc | None:
    other = metric.get("other")
    content = other.get("content") if isinstance(other, dict) and other.get("type") == "ssvc" else None
    if not isinstance(content, dict):
        return None
    options = content.get("options")
    given = {k: v for option in options or () if isinstance(option, dict) for k, v in option.items()}
    stamp = content.get("timestamp")
    return Ssvc(
        exploitation=_point(given, "Exploitation"),
        automatable=_point(given, "Automatable"),
        technical_impact=_point(given, "Technical Impact"),
        date=_moment(stamp) if isinstance(stamp, str) and _moment(stamp) > _BEGINNING else None,
        source=cve,
    )


def _point(given: dict[str, Any], name: str) -> str | None:
    """The value in lower case (CISA writes ``yes`` and ``Yes``), or None where it is none of SSVC's."""
    value = given.get(name)
    word = value.lower() if isinstance(value, str) else ""
    return word if word in _POINTS[name] else None
