"""KEV, EPSS and Vulnrichment: what is read of them, and what a broken one is told."""

import gzip
import json
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from govsec_ci.advisories import base, epss, kev, schema, vulnrichment
from govsec_ci.advisories.base import Loaded
from govsec_ci.advisories.sources import open_source
from govsec_ci.errors import InputError
from govsec_ci.model import Cvss, Kev, Ssvc
from tests.support import advisories as made


@pytest.fixture
def database() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:")
    connection.executescript(schema.TABLES)
    yield connection
    connection.close()


def test_kev_entries_are_kept_with_their_dates(tmp_path: Path, database: sqlite3.Connection) -> None:
    entries = [made.kev_entry(), made.kev_entry("CVE-2024-0002", knownRansomwareCampaignUse="Known", cwes=None)]
    loaded = kev.load(open_source(made.kev(tmp_path / "kev.json", *entries)), database)
    assert loaded == Loaded(as_of=datetime(2024, 9, 3, 12, tzinfo=UTC), records=2)
    first, second = (base.decode_exploited(body) for (body,) in database.execute("SELECT body FROM kev ORDER BY cve"))
    assert first.kev == Kev(
        cve="CVE-2024-0001",
        date_added=datetime(2024, 9, 2, tzinfo=UTC),
        due_date=datetime(2024, 9, 23, tzinfo=UTC),
        ransomware=None,
    )
    assert (first.name, first.cwes) == ("Demo injection", ("CWE-78",))
    assert (second.kev.ransomware, second.cwes) == (True, ())


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"count": 7}, "announces 7 entries and holds 1"),
        ({"vulnerabilities": [], "count": 0}, "vulnerabilities"),
        ({"dateReleased": "soon"}, "dateReleased"),
        ({"vulnerabilities": [made.kev_entry("CVE-x")]}, r"vulnerabilities\[0\]\.cveID"),
        ({"vulnerabilities": [made.kev_entry(dueDate="never")]}, r"vulnerabilities\[0\]\.dueDate"),
    ],
)
def test_a_broken_catalog_is_an_input_error(
    tmp_path: Path, database: sqlite3.Connection, change: dict[str, Any], why: str
) -> None:
    path = made.kev(tmp_path / "kev.json", made.kev_entry(), **change)
    with pytest.raises(InputError, match=rf"kev\.json: not a valid KEV catalog: .*{why}"):
        kev.load(open_source(path), database)


def test_a_catalog_cut_short_is_an_input_error(tmp_path: Path, database: sqlite3.Connection) -> None:
    path = made.kev(tmp_path / "kev.json", made.kev_entry())
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InputError, match="not a valid KEV catalog"):
        kev.load(open_source(path), database)


@pytest.mark.parametrize("name", ["epss.csv", "epss.csv.gz"])
def test_epss_scores_are_kept_with_model_and_date(tmp_path: Path, database: sqlite3.Connection, name: str) -> None:
    rows = [("CVE-2024-0001", 0.5, 0.97), ("CVE-2024-0002", 0.00042, 0.1)]
    loaded = epss.load(open_source(made.epss(tmp_path / name, *rows)), database)
    assert loaded == Loaded(as_of=datetime(2024, 9, 4, tzinfo=UTC), records=2)
    assert database.execute("SELECT * FROM epss").fetchall() == rows
    assert database.execute("SELECT * FROM epss_model").fetchall() == [("v2023.03.01", "2024-09-04T00:00:00+00:00")]


def _line(text: str) -> bytes:
    return made.epss_text().encode() + text.encode() + b"\n"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "csv:1: .*no `#model_version"),
        (b"cve,epss,percentile\n", "csv:1: .*no `#model_version"),
        (made.epss_text(first="#model_version:v1,score_date:soon").encode(), "csv:1: .*`soon` is no date"),
        (b"#model_version:v1,score_date:2024-09-04\ncve,score\n", "csv:2: .*no header"),
        (made.epss_text().encode(), "csv:3: .*no score"),
        (_line("CVE-2024-1,0.1,0.2"), "csv:3: .*not `CVE,"),
        (_line("CVE-2024-0001,1.1,0.2"), "csv:3: .*figures from 0 to 1"),
        (_line("CVE-2024-0001,0.1,-1"), "csv:3"),
        (_line("CVE-2024-0001,0.1.1,0"), "csv:3"),
        (_line("CVE-2024-0001,0.1"), "csv:3"),
        (_line("CVE-2024-0001,0.1,0.2\nnonsense"), "csv:4"),
        (_line("x" * 2_000), "csv: .*longer than any"),
        (_line("CVE-2024-0001,0.1,0.2é"), "csv: .*cannot be unpacked"),
        (gzip.compress(made.epss_text().encode(), mtime=0)[:-9], "csv: .*cannot be unpacked"),
        (gzip.compress(b"", mtime=0)[:5], "csv: .*cannot be unpacked"),
        (gzip.compress(made.epss_text().encode(), mtime=0)[:20] + b"\xff" * 40, "csv: .*cannot be unpacked"),
    ],
)
def test_broken_scores_are_an_input_error(tmp_path: Path, database: sqlite3.Connection, data: bytes, why: str) -> None:
    path = tmp_path / "epss.csv"
    path.write_bytes(data)
    with pytest.raises(InputError, match=why):
        epss.load(open_source(path), database)


def test_scores_that_unpack_without_end_are_refused(
    tmp_path: Path, database: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(epss, "_MOST_BYTES", 500)
    rows = [(f"CVE-2024-{n:04}", 0.1, 0.2) for n in range(100)]
    with pytest.raises(InputError, match="longer than any EPSS file"):
        epss.load(open_source(made.epss(tmp_path / "epss.csv.gz", *rows)), database)


def _load(database: sqlite3.Connection, path: Path, *records: dict[str, Any]) -> tuple[Loaded, list[base.Enrichment]]:
    loaded = vulnrichment.load(open_source(made.vulnrichment(path / "vr.zip", *records)), database)
    rows = database.execute("SELECT body FROM vulnrichment ORDER BY cve")
    return loaded, [base.decode_enrichment(body) for (body,) in rows]


def test_ssvc_points_are_lower_case(tmp_path: Path, database: sqlite3.Connection) -> None:
    points = {"Exploitation": "active", "Automatable": "Yes", "Technical Impact": "TOTAL"}
    loaded, (found,) = _load(database, tmp_path, made.cve_record(vector=made.V31_CRITICAL, points=points))
    assert loaded == Loaded(as_of=datetime(2024, 9, 5, 2, tzinfo=UTC), records=1)
    assert found.ssvc == Ssvc(
        exploitation="active",
        automatable="yes",
        technical_impact="total",
        date=datetime(2024, 9, 5, 1, 2, 3, tzinfo=UTC),
        source="CVE-2024-0001",
    )
    source = "CVE-2024-0001 (Vulnrichment)"
    assert found.cvss == (Cvss(version="3.1", vector=made.V31_CRITICAL, score=9.8, source=source),)
    assert found.cwes == ("CWE-22",)


def test_points_that_are_missing_or_strange_stay_unknown(tmp_path: Path, database: sqlite3.Connection) -> None:
    _, (found,) = _load(database, tmp_path, made.cve_record(points={"Exploitation": "maybe", "Automatable": ""}))
    assert found.ssvc == Ssvc(date=datetime(2024, 9, 5, 1, 2, 3, tzinfo=UTC), source="CVE-2024-0001")
    assert found.cvss == ()


def test_the_latest_of_several_decisions_counts(tmp_path: Path, database: sqlite3.Connection) -> None:
    record = made.cve_record(points={"Exploitation": "none"})
    later = {"options": [{"Exploitation": "poc"}], "timestamp": "2024-09-06T00:00:00Z"}
    undated = {"options": [{"Exploitation": "active"}], "timestamp": "?"}
    for content in (later, undated, {"options": None}, "text", None):
        record["containers"]["adp"][0]["metrics"].append({"other": {"type": "ssvc", "content": content}})
    record["containers"]["adp"][0]["metrics"].append({"other": {"type": "kev", "content": later}})
    _, (found,) = _load(database, tmp_path, record)
    assert found.ssvc == Ssvc(exploitation="poc", date=datetime(2024, 9, 6, tzinfo=UTC), source="CVE-2024-0001")


def test_a_rejected_record_enriches_nothing(tmp_path: Path, database: sqlite3.Connection) -> None:
    rejected = {"cveId": "CVE-2024-0002", "state": "REJECTED", "dateUpdated": "unknown"}
    loaded, found = _load(database, tmp_path, made.cve_record(), made.cve_record(cveMetadata=rejected))
    assert (loaded.records, len(found)) == (2, 1)


def test_vectors_of_all_versions_are_kept_newest_first(tmp_path: Path, database: sqlite3.Connection) -> None:
    record = made.cve_record(vector=made.V31_MEDIUM)
    metrics = record["containers"]["cna"]["metrics"]
    metrics += [{"cvssV2_0": {"vectorString": made.V20_HIGH}}, {"cvssV4_0": {"vectorString": made.V40_LOW}}]
    metrics += [{"cvssV3_1": {"vectorString": 7}}, {"cvssV3_0": None}, {"cvssV3_1": {"vectorString": "CVSS:3.1/x"}}]
    _, (found,) = _load(database, tmp_path, record)
    assert [one.version for one in found.cvss] == ["4.0", "3.1", "2.0"]


@pytest.mark.parametrize(
    "data", [b"{", b"[]", json.dumps(made.cve_record(containers=None)).encode(), b'{"a":' * 100_000]
)
def test_a_broken_cve_record_is_an_input_error(tmp_path: Path, database: sqlite3.Connection, data: bytes) -> None:
    path = made.zip_of(tmp_path / "vr.zip", {"r/CVE-2024-0001.json": data})
    with pytest.raises(InputError, match=r"vr\.zip/r/CVE-2024-0001\.json: not a valid CVE record"):
        vulnrichment.load(open_source(path), database)


def test_a_zip_without_cve_records_is_an_input_error(tmp_path: Path, database: sqlite3.Connection) -> None:
    with pytest.raises(InputError, match="holds no CVE record"):
        vulnrichment.load(open_source(made.zip_of(tmp_path / "vr.zip", {"schema.json": b"{}"})), database)
