"""Advisory data made for tests: records, catalogs, scores, and the files they come in."""

import gzip
import json
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

V31_CRITICAL = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"  # 9.8
V31_MEDIUM = "CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:U/C:L/I:L/A:N"  # 5.4
V30_HIGH = "CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"  # 7.5
V40_LOW = "CVSS:4.0/AV:L/AC:H/AT:P/PR:H/UI:A/VC:L/VI:N/VA:N/SC:N/SI:N/SA:N"
V20_HIGH = "AV:N/AC:L/Au:N/C:C/I:C/A:C"  # 10.0
SEPTEMBER = "2024-09-01T00:00:00Z"


def record(
    any_id: str = "PYSEC-2024-1",
    *,
    package: str = "demo",
    events: Iterable[Mapping[str, str]] = ({"introduced": "0"}, {"fixed": "2.0"}),
    versions: Iterable[str] = (),
    vectors: Iterable[str] = (),
    **fields: Any,
) -> dict[str, Any]:
    """An OSV record as JSON holds it; ``fields`` replace or add top-level keys."""
    affected = {
        "package": {"ecosystem": "PyPI", "name": package},
        "ranges": [{"type": "ECOSYSTEM", "events": [dict(event) for event in events]}],
        "versions": list(versions),
    }
    made: dict[str, Any] = {"id": any_id, "modified": SEPTEMBER, "affected": [affected], **fields}
    if vectors:
        made["severity"] = [{"type": "CVSS_V" + vector[5:6].replace("/", "2"), "score": vector} for vector in vectors]
    return made


def folder(path: Path, *records: Mapping[str, Any]) -> Path:
    """A folder of records, one JSON file each, named by their ids."""
    path.mkdir(parents=True, exist_ok=True)
    for one in records:
        (path / f"{one['id']}.json").write_text(json.dumps(one), "utf-8")
    return path


def zipped(path: Path, *records: Mapping[str, Any]) -> Path:
    """The same as OSV's ``all.zip``."""
    return zip_of(path, {f"{one['id']}.json": json.dumps(one).encode() for one in records})


def zip_of(path: Path, entries: Mapping[str, bytes]) -> Path:
    """A deflated zip of these entries."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return path


def kev_entry(cve: str = "CVE-2024-0001", **fields: Any) -> dict[str, Any]:
    """An entry in CISA's layout."""
    return {
        "cveID": cve,
        "vulnerabilityName": "Demo injection",
        "dateAdded": "2024-09-02",
        "dueDate": "2024-09-23",
        "knownRansomwareCampaignUse": "Unknown",
        "cwes": ["CWE-78"],
        **fields,
    }


def kev(path: Path, *entries: Mapping[str, Any], **fields: Any) -> Path:
    """A catalog in CISA's layout."""
    catalog = {
        "title": "Catalog",
        "catalogVersion": "2024.09.03",
        "dateReleased": "2024-09-03T12:00:00.0000Z",
        "count": len(entries),
        "vulnerabilities": list(entries),
        **fields,
    }
    path.write_text(json.dumps(catalog), "utf-8")
    return path


def epss_text(
    *rows: tuple[str, float, float], first: str = "#model_version:v2023.03.01,score_date:2024-09-04T00:00:00+0000"
) -> str:
    """Scores in the publisher's layout."""
    return (
        "\n".join([first, "cve,epss,percentile", *(f"{cve},{score:.5f},{rank:.5f}" for cve, score, rank in rows)])
        + "\n"
    )


def epss(path: Path, *rows: tuple[str, float, float]) -> Path:
    """A file of scores, gzip when its name says so."""
    data = epss_text(*rows).encode()
    path.write_bytes(gzip.compress(data, mtime=0) if path.name.endswith(".gz") else data)
    return path


def cve_record(
    cve: str = "CVE-2024-0001", *, vector: str = "", points: Mapping[str, str] | None = None, **fields: Any
) -> dict[str, Any]:
    """A Vulnrichment record: a CVE record with CISA's container."""
    metrics: list[dict[str, Any]] = []
    if vector:
        key = f"cvssV{vector[5:8].replace('.', '_')}" if vector.startswith("CVSS:") else "cvssV2_0"
        metrics.append({key: {"vectorString": vector}})
    if points is not None:
        options = [{name: value} for name, value in points.items()]
        metrics.append(
            {"other": {"type": "ssvc", "content": {"options": options, "timestamp": "2024-09-05T01:02:03Z"}}}
        )
    adp = {
        "title": "CISA ADP Vulnrichment",
        "metrics": metrics,
        "problemTypes": [{"descriptions": [{"lang": "en", "cweId": "CWE-22", "type": "CWE", "description": "x"}]}],
        "providerMetadata": {"shortName": "CISA-ADP", "dateUpdated": "2024-09-05T02:00:00.000Z"},
    }
    return {
        "dataType": "CVE_RECORD",
        "cveMetadata": {"cveId": cve, "state": "PUBLISHED", "dateUpdated": "2024-09-05T01:00:00.000Z"},
        "containers": {"cna": {"metrics": [], "problemTypes": [{"descriptions": [{"lang": "en"}]}]}, "adp": [adp]},
        **fields,
    }


def vulnrichment(path: Path, *records: Mapping[str, Any]) -> Path:
    """The repository's zip, with a file in it that is no record."""
    entries = {f"repo-develop/{one['cveMetadata']['cveId']}.json": json.dumps(one).encode() for one in records}
    return zip_of(path, {**entries, "repo-develop/README.md": b"read me"})
