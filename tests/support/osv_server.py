"""A loopback OSV service over a zip of records, for oracles: pip-audit's ``--osv-url`` and uv's ``--service-url``.

Its matching is written plainly after the OSV specification and shares nothing with the project's own.
"""

import json
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

Record = dict[str, Any]


class Database:
    """The records of a zip, by package and by id."""

    def __init__(self, path: Path) -> None:
        self.records: dict[str, Record] = {}
        self.by_package: dict[str, list[Record]] = {}
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                self._add(json.loads(archive.read(name)))

    def _add(self, record: Record) -> None:
        self.records[record["id"]] = record
        names = {canonicalize_name(a["package"]["name"]) for a in record.get("affected", ()) if _is_pypi(a)}
        for name in names:
            self.by_package.setdefault(name, []).append(record)

    def query(self, name: str, version: str) -> list[Record]:
        """Records that affect a release; those withdrawn are left out, as the public service does."""
        wanted = canonicalize_name(name)
        return [
            record
            for record in self.by_package.get(wanted, ())
            if "withdrawn" not in record
            and any(
                _is_pypi(a) and canonicalize_name(a["package"]["name"]) == wanted and _affects(a, version)
                for a in record["affected"]
            )
        ]


def _is_pypi(affected: Record) -> bool:
    return bool(affected.get("package", {}).get("ecosystem") == "PyPI")


def _affects(affected: Record, text: str) -> bool:
    version = Version(text)
    if any(_equal(version, listed) for listed in affected.get("versions", ())):
        return True
    return any(_within(r, version) for r in affected.get("ranges", ()) if r["type"] == "ECOSYSTEM")


def _equal(version: Version, listed: str) -> bool:
    try:
        return Version(listed) == version
    except InvalidVersion:
        return False


def _within(span: Record, version: Version) -> bool:
    affected = False
    for event in sorted(span["events"], key=_at):
        at = _at(event)
        if "introduced" in event and version >= at:
            affected = True
        if "fixed" in event and version >= at:
            affected = False
        if "last_affected" in event and version > at:
            affected = False
    return affected


def _at(event: dict[str, str]) -> Version:
    (text,) = event.values()
    return Version("0.dev0" if text == "0" else text)


class _Handler(BaseHTTPRequestHandler):
    database: Database

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/v1/querybatch":
            answers = [self._query(query) for query in asked["queries"]]
            slim = [{"vulns": [{"id": r["id"], "modified": r["modified"]} for r in found]} for found in answers]
            self._answer({"results": slim})
        else:
            found = self._query(asked)
            self._answer({"vulns": found} if found else {})

    def do_GET(self) -> None:
        record = self.database.records.get(self.path.rpartition("/")[2])
        self._answer(record or {}, 200 if record else 404)

    def _query(self, query: Record) -> list[Record]:
        return self.database.query(query["package"]["name"], query["version"])

    def _answer(self, body: Record, status: int = 200) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serve(database: Database) -> Iterator[str]:
    """Serve on a free loopback port; yields the base URL."""
    handler = type("Handler", (_Handler,), {"database": database})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
