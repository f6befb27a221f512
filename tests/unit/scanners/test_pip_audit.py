import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest

from govsec_ci.advisories.prepare import prepare
from govsec_ci.config import Config, DeclaredSource, Timeouts
from govsec_ci.errors import ToolError
from govsec_ci.manifests.base import Manifest
from govsec_ci.model import (
    Component,
    Cvss,
    Level,
    Location,
    Notification,
    Region,
    Role,
    Run,
    ScanState,
    Severity,
    Stage,
    Vulnerability,
)
from govsec_ci.scanners import pip_audit_wire as wire
from govsec_ci.scanners.pip_audit import PipAuditScanner, rule, unique
from govsec_ci.system import process
from tests.support.scanners import component, make_request, make_tree, manifest, notification, told

RECORDS: list[dict[str, Any]] = [
    {
        "id": "GHSA-aaaa-bbbb-cccc",
        "modified": "2024-01-02T00:00:00Z",
        "published": "2024-01-01T00:00:00Z",
        "aliases": ["CVE-2024-0001"],
        "summary": "Files outside of the root can be read",
        "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"}],
        "database_specific": {"severity": "HIGH", "cwe_ids": ["CWE-22"]},
        "references": [{"type": "WEB", "url": "https://example.org/advisory"}],
        "affected": [
            {
                "package": {"ecosystem": "PyPI", "name": "Foo_Bar"},
                "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.5"}]}],
            }
        ],
    },
    {
        "id": "PYSEC-2024-1",
        "modified": "2024-01-02T00:00:00Z",
        "aliases": ["CVE-2024-0001"],
        "details": "Files outside of the root can be read",
        "affected": [
            {
                "package": {"ecosystem": "PyPI", "name": "foo-bar"},
                "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.5"}]}],
            }
        ],
    },
    {
        "id": "PYSEC-2024-2",
        "modified": "2024-01-02T00:00:00Z",
        "details": "No score is known",
        "affected": [{"package": {"ecosystem": "PyPI", "name": "foo-bar"}, "versions": ["1.0"]}],
    },
]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("osv")
    for record in RECORDS:
        (folder / f"{record['id']}.json").write_text(json.dumps(record))
    return prepare(folder, tmp_path_factory.mktemp("cache"))


def scan(folder: Path, *manifests: Manifest, **fields: Any) -> Run:
    return PipAuditScanner().scan(make_request(folder, manifests=manifests, **fields)).run


def test_a_vulnerable_component_is_one_result_a_vulnerability(tmp_path: Path, index: Path) -> None:
    run = scan(tmp_path, manifest(component("foo-bar", "1.0", line=3, direct=True)), advisories=index)
    assert (run.id, run.tool, run.version, run.role) == ("pip-audit", "pip-audit", "2.10.1", Role.SCA)
    assert run.state is ScanState.COMPLETE
    first, second = run.results
    assert first.rule_id == "CVE-2024-0001"
    assert first.message == "foo-bar 1.0: CVE-2024-0001 Files outside of the root can be read; fixed in 1.5"
    assert (first.level, first.severity) == (Level.ERROR, Severity.HIGH)
    assert first.locations == (Location(path="requirements.txt", region=Region(start_line=3)),)
    assert first.component is not None
    assert (first.component.purl, first.component.direct) == ("pkg:pypi/foo-bar@1.0", True)
    assert first.fix is not None
    assert first.fix.nearest == "1.5"
    assert second.message.endswith("PYSEC-2024-2 No score is known; no fixed version is known")
    assert (second.level, second.severity) == (Level.WARNING, Severity.UNKNOWN)


@pytest.mark.usefixtures("worker_inside")
def test_the_run_says_what_it_looked_up_and_in_which_feeds(tmp_path: Path, index: Path) -> None:
    parts = (component("foo-bar", "2.0"), component("other", "1.0"), component("own", "1.0", source="vcs"))
    run = scan(tmp_path, manifest(*parts), advisories=index)
    assert run.audited == ("pkg:pypi/foo-bar@2.0", "pkg:pypi/other@1.0")
    assert (run.targets, run.scope) == (2, 3)
    assert run.properties == {"coverage": "2 of 3 components audited"}
    (feed,) = run.advisories
    assert (feed.records, feed.as_of) == (3, datetime(2024, 1, 2, tzinfo=UTC))
    assert run.results == ()


@pytest.mark.usefixtures("worker_inside")
def test_a_rule_holds_the_vulnerability(tmp_path: Path, index: Path) -> None:
    run = scan(tmp_path, manifest(component("foo-bar")), advisories=index)
    first, second = run.rules
    assert first.id == "CVE-2024-0001"
    assert first.security_severity == "7.5"
    assert first.cwes == ("CWE-22",)
    assert first.tags == ("security", "dependency", "external/cwe/cwe-22")
    assert first.vulnerability is not None
    assert first.vulnerability.advisories == ("GHSA-aaaa-bbbb-cccc", "PYSEC-2024-1")
    assert first.help_uri == "https://example.org/advisory"
    assert all(name in first.help for name in ("GHSA-aaaa-bbbb-cccc", "PYSEC-2024-1"))
    assert second.security_severity is None


@pytest.mark.usefixtures("worker_inside")
@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"source": "vcs"}, "a version control system"),
        ({"source": "path"}, "a local path"),
        ({"source": "url"}, "a URL"),
        ({"source": "private-index"}, "a private package index"),
        ({"source": "elsewhere"}, "it comes from elsewhere"),
        ({"version": None}, "no exact version is pinned"),
        ({"version": "not a version"}, "'not a version' is not a version (PEP 440)"),
        ({"version": "1" * 5_000}, "1' is not a version (PEP 440)"),
    ],
)
def test_what_cannot_be_looked_up_is_named_and_not_clean(
    tmp_path: Path, index: Path, fields: dict[str, Any], why: str
) -> None:
    run = scan(tmp_path, manifest(component("own", line=7, **fields)), advisories=index)
    assert run.state is ScanState.INCOMPLETE
    assert told(run) == [("dependency-not-audited", "error")]
    one = run.notifications[0]
    assert why in one.text
    assert one.text.startswith("requirements.txt:7: own")
    assert one.properties["component"] == "own"
    assert one.next_step
    assert run.audited == ()


@pytest.mark.usefixtures("worker_inside")
def test_what_the_configuration_declares_is_told_and_does_not_block(tmp_path: Path, index: Path) -> None:
    entry = DeclaredSource(name="own", owner="Platform team", reason="audited with the monorepo")
    run = scan(tmp_path, manifest(component("own", source="vcs")), advisories=index, config=Config(declared=(entry,)))
    assert run.state is ScanState.COMPLETE
    assert told(run) == [("declared", "note")]
    assert "Platform team" in run.notifications[0].text
    assert run.declared == ("pkg:pypi/own@1.0",)
    assert run.audited == ()


@pytest.mark.usefixtures("worker_inside")
@pytest.mark.parametrize("name", ["My_Own.Package", "my-own-package", " my--own_package "])
def test_a_declared_name_is_normalised(tmp_path: Path, index: Path, name: str) -> None:
    config = Config(declared=(DeclaredSource(name=name, owner="x", reason="y"),))
    run = scan(tmp_path, manifest(component("my-own-package", source="path")), advisories=index, config=config)
    assert (run.state, told(run)) == (ScanState.COMPLETE, [("declared", "note")])
    assert run.declared == ("pkg:pypi/my-own-package@1.0",)


@pytest.mark.usefixtures("worker_inside")
def test_a_declaration_does_not_take_a_public_component_out_of_the_audit(tmp_path: Path, index: Path) -> None:
    entry = DeclaredSource(name="foo-bar", owner="x", reason="y")
    run = scan(tmp_path, manifest(component("foo-bar")), advisories=index, config=Config(declared=(entry,)))
    assert run.audited == ("pkg:pypi/foo-bar@1.0",)
    assert run.declared == ()
    assert len(run.results) == 2


@pytest.mark.usefixtures("worker_inside")
def test_what_the_manifest_said_is_carried_once(tmp_path: Path, index: Path) -> None:
    own = component("own", None, line=2)
    pinned = Notification(
        id="requirement-unpinned",
        level=Level.ERROR,
        text="requirements.txt:2: own is not pinned",
        location=own.location,
        next_step="pin it",
        properties={"component": "own"},
    )
    broken = Notification(id="requirement-malformed", level=Level.ERROR, text="requirements.txt:9: ?")
    run = scan(tmp_path, manifest(own, notifications=[pinned, broken]), advisories=index)
    assert told(run) == [("requirement-malformed", "error"), ("dependency-not-audited", "error")]
    assert notification(run, "dependency-not-audited").next_step == "pin it"


@pytest.mark.usefixtures("worker_inside")
def test_no_manifest_is_not_clean(tmp_path: Path, index: Path) -> None:
    run = scan(make_tree(tmp_path, {"a.py": ""}), advisories=index)
    assert run.state is ScanState.INCOMPLETE
    assert told(run) == [("no-manifest", "error")]


@pytest.mark.usefixtures("worker_inside")
def test_a_project_that_declares_no_dependency_has_nothing_to_audit(tmp_path: Path) -> None:
    run = scan(tmp_path, manifest())
    assert (run.state, run.notifications, run.targets, run.scope) == (ScanState.NOT_APPLICABLE, (), 0, 0)
    assert run.proof == "no dependency is declared: requirements.txt"


def test_a_manifest_that_cannot_be_read_proves_nothing(tmp_path: Path, index: Path) -> None:
    broken = Notification(id="manifest-unreadable", level=Level.ERROR, text="requirements.txt: no text")
    run = scan(tmp_path, manifest(notifications=[broken]), advisories=index)
    assert run.state is ScanState.INCOMPLETE
    assert told(run) == [("manifest-unreadable", "error")]


@pytest.mark.parametrize(
    ("stage", "level"), [(Stage.COMMIT, "warning"), (Stage.BUILD, "error"), (Stage.RELEASE, "error")]
)
def test_without_advisories_the_audit_is_incomplete(tmp_path: Path, stage: Stage, level: str) -> None:
    run = scan(tmp_path, manifest(component("foo-bar")), stage=stage, advisories_problem="the file is gone")
    assert run.state is ScanState.INCOMPLETE
    assert told(run) == [("no-advisories", level)]
    assert "the file is gone" in run.notifications[0].text
    assert "--advisories" in run.notifications[0].next_step


def test_advisories_that_are_no_index_are_told(tmp_path: Path) -> None:
    path = tmp_path / "index.sqlite"
    path.write_bytes(b"nothing of the kind")
    run = scan(tmp_path, manifest(component("foo-bar")), advisories=path)
    assert run.state is ScanState.INCOMPLETE
    assert told(run) == [("tool-failed", "error")]
    assert "not an advisory index" in run.notifications[0].text
    assert str(tmp_path) not in run.notifications[0].text


def test_a_hanging_worker_is_told(tmp_path: Path, index: Path) -> None:
    config = Config(timeouts=Timeouts(pip_audit_s=0.01))
    run = scan(tmp_path, manifest(component("foo-bar")), advisories=index, config=config)
    assert told(run) == [("tool-failed", "error")]
    assert "took longer than 0.01 s" in run.notifications[0].text


@pytest.mark.parametrize(
    ("done", "words"),
    [
        (process.Completed(exit_code=-9, stdout=b"", stderr="", seconds=0), "(exit -9): it said nothing"),
        (process.Completed(exit_code=0, stdout=b"{", stderr="", seconds=0), "cannot be read"),
        (ToolError("python could not be started"), "could not be started"),
    ],
)
def test_a_broken_worker_is_told(
    tmp_path: Path, index: Path, monkeypatch: pytest.MonkeyPatch, done: Any, words: str
) -> None:
    def start(*_: object, **__: object) -> process.Completed:
        if isinstance(done, Exception):
            raise done
        assert isinstance(done, process.Completed)
        return done

    monkeypatch.setattr(process, "run", start)
    run = scan(tmp_path, manifest(component("foo-bar")), advisories=index)
    assert run.state is ScanState.INCOMPLETE
    assert words in notification(run, "tool-failed").text


def test_a_component_that_pip_audit_forgets_is_told(
    tmp_path: Path, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = wire.Answer(findings=(), audited=(0,), skipped={}, feeds=())
    done = process.Completed(exit_code=0, stdout=msgspec.json.encode(answer), stderr="", seconds=0)
    monkeypatch.setattr(process, "run", lambda *_, **__: done)
    run = scan(tmp_path, manifest(component("a"), component("b")), advisories=index)
    assert told(run) == [("dependency-not-audited", "error")]
    assert run.notifications[0].properties["component"] == "b"


def test_the_same_component_in_two_places_is_audited_once() -> None:
    first, again = component("a", line=1), component("a", line=9, direct=True)
    other = component("a", "2.0")
    assert unique([first, again, other]) == [msgspec.structs.replace(first, direct=True), other]


def test_the_same_release_from_another_source_is_told_apart() -> None:
    parts = [component("a"), component("a", source="vcs")]
    assert unique(parts) == parts


@pytest.mark.usefixtures("worker_inside")
def test_results_do_not_depend_on_the_order_of_components(tmp_path: Path, index: Path) -> None:
    parts: list[Component] = [component("foo-bar", "1.0", line=2), component("foo-bar", "1.1", line=1)]
    one = scan(tmp_path, manifest(*parts), advisories=index)
    two = scan(tmp_path, manifest(*reversed(parts)), advisories=index)
    assert one.results == two.results
    assert [result.message[:11] for result in one.results] == ["foo-bar 1.1", "foo-bar 1.0", "foo-bar 1.0"]


def test_modules_of_the_judged_tree_do_not_run(tmp_path: Path, index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    canary = tmp_path / "ran"
    shout = f"open({str(canary)!r}, 'a').write(__file__)\n"
    names = ("pip", "pip_audit", "sitecustomize", "usercustomize", "conftest", "requests", "setup", "packaging")
    tree = make_tree(tmp_path / "tree", {f"{name}.py": shout for name in names})
    monkeypatch.chdir(tree)
    monkeypatch.setenv("PYTHONPATH", str(tree))
    run = scan(tree, manifest(component("foo-bar")), advisories=index)
    assert len(run.results) == 2
    assert not canary.exists()


def vulnerability(**fields: Any) -> Vulnerability:
    return Vulnerability(**({"id": "CVE-1"} | fields))


@pytest.mark.parametrize(
    ("fields", "score", "level"),
    [
        ({"severity": Severity.CRITICAL}, "9.5", Level.ERROR),
        ({"severity": Severity.MEDIUM}, "5.5", Level.WARNING),
        ({"severity": Severity.LOW}, "2.0", Level.NOTE),
        ({"severity": Severity.NONE}, None, Level.NOTE),
        ({}, None, Level.WARNING),
        ({"malicious": True}, None, Level.ERROR),
        (
            {"severity": Severity.HIGH, "cvss": (Cvss(version="4.0", vector="v", score=8.25, source="s"),)},
            "8.2",
            Level.ERROR,
        ),
    ],
)
def test_a_rule_has_the_score_of_the_first_vector_or_of_the_word(
    fields: dict[str, Any], score: str | None, level: Level
) -> None:
    made = rule(vulnerability(**fields))
    assert (made.security_severity, made.level) == (score, level)
    assert made.short == "Known vulnerability CVE-1"


@pytest.mark.usefixtures("worker_inside")
def test_progress_is_told(tmp_path: Path, index: Path) -> None:
    calls: list[tuple[str, int, int]] = []
    scan(tmp_path, manifest(component("a")), advisories=index, progress=lambda *call: calls.append(call))
    assert calls == [("pip-audit", 0, 1), ("pip-audit", 1, 1)]


OSV_ANSWER: dict[str, Any] = {
    "vulns": [
        {
            "id": "PYSEC-2024-7",
            "aliases": ["CVE-2024-0007"],
            "modified": "2024-01-02T00:00:00Z",
            "published": "2024-01-01T00:00:00Z",
            "summary": "One",
            "affected": [{"package": {"ecosystem": "PyPI", "name": "foo-bar"}, "ranges": [
                {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "0.9"}, {"fixed": "1.2"}]}]}],
        },
        {"id": "PYSEC-2024-8", "aliases": ["GHSA-x"], "modified": "2024-01-02T00:00:00Z", "details": "Two",
         "affected": []},
        {"id": "GHSA-y", "aliases": ["CVE-2024-0007", "GHSA-x"], "modified": "2024-01-02T00:00:00Z", "affected": []},
        {"id": "GHSA-aaaa-bbbb-cccc", "aliases": [], "modified": "2024-01-02T00:00:00Z", "affected": []},
    ]
}  # fmt: skip


class _Answering(BaseHTTPRequestHandler):
    asked: ClassVar[list[dict[str, Any]]] = []
    status = 200

    def do_POST(self) -> None:
        self.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        data = json.dumps(OSV_ANSWER).encode()
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def osv(status: int = 200) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A loopback OSV service with one answer to everything; yields its address and what it was asked."""
    asked: list[dict[str, Any]] = []
    handler = type("Handler", (_Answering,), {"asked": asked, "status": status})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/v1/query", asked
        finally:
            server.shutdown()
            thread.join()


def test_an_online_service_is_asked_only_for_public_components(tmp_path: Path) -> None:
    parts = manifest(component("foo-bar"), component("secret-project", source="private-index"))
    with osv() as (url, asked):
        run = scan(tmp_path, parts, online="osv", online_url=url)
    assert [question["package"]["name"] for question in asked] == ["foo-bar"]
    assert run.audited == ("pkg:pypi/foo-bar@1.0",)
    assert told(run) == [("dependency-not-audited", "error")]
    (feed,) = run.advisories
    assert (feed.feed, feed.source) == ("osv-online", url)


def test_aliases_of_an_online_answer_are_grouped_by_us(tmp_path: Path) -> None:
    with osv() as (url, _):
        run = scan(tmp_path, manifest(component("foo-bar")), online="osv", online_url=url)
    assert [result.rule_id for result in run.results] == ["CVE-2024-0007", "GHSA-aaaa-bbbb-cccc"]
    first = run.results[0]
    assert first.fix is not None
    assert (first.fix.nearest, first.fix.versions) == ("1.2", ("1.2",))
    grouped = run.rules[0].vulnerability
    assert grouped is not None
    assert grouped.aliases == ("GHSA-x", "GHSA-y", "PYSEC-2024-7", "PYSEC-2024-8")
    assert grouped.published == datetime(2024, 1, 1, tzinfo=UTC)
    assert run.state is ScanState.COMPLETE


def test_an_index_tells_the_severity_of_what_an_online_service_finds(tmp_path: Path, index: Path) -> None:
    with osv() as (url, _):
        run = scan(tmp_path, manifest(component("foo-bar")), online="osv", online_url=url, advisories=index)
    severities = {result.rule_id: result.severity for result in run.results}
    assert severities == {"CVE-2024-0001": Severity.HIGH, "CVE-2024-0007": Severity.UNKNOWN}


def test_an_online_service_that_fails_is_told(tmp_path: Path) -> None:
    with osv(status=503) as (url, _):
        run = scan(tmp_path, manifest(component("foo-bar")), online="osv", online_url=url)
    assert run.state is ScanState.INCOMPLETE
    assert "the online service osv failed" in notification(run, "tool-failed").text
    assert run.audited == ()


def test_an_online_service_that_is_not_there_is_told(tmp_path: Path) -> None:
    run = scan(tmp_path, manifest(component("foo-bar")), online="osv", online_url="http://127.0.0.1:9/v1/query")
    assert "the online service osv failed" in notification(run, "tool-failed").text


@pytest.mark.usefixtures("worker_inside")
def test_what_pypi_does_not_know_is_not_audited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pip_audit._service import PyPIService, SkippedDependency

    monkeypatch.setattr(PyPIService, "__init__", lambda *_: None)
    monkeypatch.setattr(PyPIService, "query", lambda _, spec: (SkippedDependency(spec.name, "not found on PyPI"), []))
    run = scan(tmp_path, manifest(component("foo-bar")), online="pypi")
    assert told(run) == [("dependency-not-audited", "error")]
    assert run.notifications[0].text.endswith("foo-bar 1.0 was not audited: not found on PyPI")


def test_only_a_scan_that_goes_online_learns_the_proxy(
    tmp_path: Path, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Any] = []

    def start(*_: object, extra_environment: dict[str, str] | None, **__: object) -> process.Completed:
        given.append(extra_environment)
        return process.Completed(exit_code=0, stdout=b'{"findings": [], "audited": [0]}', stderr="", seconds=0)

    monkeypatch.setattr(process, "run", start)
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    for online in ("", "osv"):
        scan(tmp_path, manifest(component("a")), advisories=index, online=online)
    assert given[0] is None
    assert given[1]["https_proxy"] == "http://proxy.example:3128"
