"""CISA's Known Exploited Vulnerabilities catalog (JSON; schema at cisa.gov/known-exploited-vulnerabilities-catalog)."""

import re
import sqlite3
from datetime import UTC, date, datetime, time
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from govsec_ci.advisories.base import Exploited, Loaded, cwes, encode, one_line, utc
from govsec_ci.advisories.sources import Source, only_entry
from govsec_ci.errors import InputError
from govsec_ci.model import Kev

ID = "kev"
TITLE = "CISA Known Exploited Vulnerabilities"
ADDRESS = "https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json"
SUFFIX = ".json"

_MARK = re.compile(rb'"catalogVersion"\s*:')
_HEAD_BYTES = 4096
_RANSOMWARE = {"known": True}


class _Entry(Struct, frozen=True, kw_only=True, rename="camel"):
    cve_id: Annotated[str, Meta(pattern=r"^CVE-\d{4}-\d{4,}\Z")] = msgspec.field(name="cveID")
    date_added: date
    due_date: date
    vulnerability_name: str = ""
    known_ransomware_campaign_use: str = ""
    cwes: list[str] | None = None


class _Catalog(Struct, frozen=True, kw_only=True, rename="camel"):
    date_released: datetime
    count: int
    vulnerabilities: Annotated[list[_Entry], Meta(min_length=1)]


_decoder = msgspec.json.Decoder(_Catalog)


def claims(name: str, data: bytes) -> bool:
    """A JSON file that calls itself a catalog near its beginning."""
    return name.endswith(".json") and _MARK.search(data[:_HEAD_BYTES]) is not None


def load(source: Source, database: sqlite3.Connection) -> Loaded:
    """Fill table ``kev``. "Unknown" ransomware use stays unknown: it is not a no."""
    catalog = _decode(*only_entry(source))
    rows = [(entry.cve_id, encode(_exploited(entry))) for entry in catalog.vulnerabilities]
    database.executemany("REPLACE INTO kev VALUES (?, ?)", rows)
    return Loaded(as_of=utc(catalog.date_released), records=len(rows))


def _decode(name: str, data: bytes) -> _Catalog:
    try:
        catalog = _decoder.decode(data)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise _malformed(name, str(error)) from error
    if catalog.count != len(catalog.vulnerabilities):
        raise _malformed(name, f"it announces {catalog.count} entries and holds {len(catalog.vulnerabilities)}")
    return catalog


def _malformed(name: str, why: str) -> InputError:
    return InputError(f"{name}: not a valid KEV catalog: {why}", next_step="fetch the catalog again")


def _exploited(entry: _Entry) -> Exploited:
    kev = Kev(
        cve=entry.cve_id,
        date_added=datetime.combine(entry.date_added, time(), UTC),
        due_date=datetime.combine(entry.due_date, time(), UTC),
        ransomware=_RANSOMWARE.get(entry.known_ransomware_campaign_use.casefold()),
    )
    return Exploited(kev=kev, name=one_line(entry.vulnerability_name), cwes=cwes(entry.cwes or ()))
