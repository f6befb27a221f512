import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from govsec_ci.config import Config, Import, Limits, OutOfScope
from govsec_ci.errors import InputError, ToolError
from govsec_ci.model import REQUIRED, Level, Role, Run, ScanState, Severity, SuppressionKind
from govsec_ci.scanners import imported
from govsec_ci.scanners.imported import load
from govsec_ci.scanners.scan import scan
from govsec_ci.system import git
from govsec_ci.system.process import Completed
from tests.support.scanners import make_request, make_tree, place, told

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def run(name: str = "Semgrep", *results: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {
        "tool": {"driver": {"name": name, "version": "1.2"}},
        "results": list(results),
        "invocations": [{"executionSuccessful": True, "endTimeUtc": "2026-02-27T00:00:00Z"}],
    } | fields


def result(uri: str = "src/a.py", **fields: Any) -> dict[str, Any]:
    where = {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": {"startLine": 3}}}
    return {"ruleId": "R1", "message": {"text": "m"}, "locations": [where]} | fields


def log(*runs: dict[str, Any]) -> str:
    return json.dumps({"version": "2.1.0", "runs": list(runs)})


BOM = {
    "bomFormat": "CycloneDX",
    "specVersion": "1.6",
    "version": 1,
    "metadata": {
        "timestamp": "2026-02-27T00:00:00Z",
        "tools": {"components": [{"type": "application", "name": "Trivy", "version": "0.60"}]},
    },
    "components": [
        {"type": "library", "name": "openssl", "version": "3.0", "bom-ref": "a", "purl": "pkg:deb/debian/openssl@3.0"}
    ],
    "vulnerabilities": [
        {"id": "CVE-2026-1", "ratings": [{"severity": "high", "method": "other"}], "affects": [{"ref": "a"}]}
    ],
}


def imports(folder: Path, text: str | bytes, *, config: dict[str, Any] | None = None, **entry: Any) -> tuple[Run, ...]:
    make_tree(folder, {"r.sarif": text})
    fields: dict[str, Any] = {"path": "r.sarif", "role": Role.SAST}
    settings = Config(imports=(Import(**(fields | entry)),), **(config or {}))
    return load(make_request(folder, config=settings, now_s=int(NOW.timestamp())))


def test_every_run_of_a_log_is_taken_with_its_role(tmp_path: Path) -> None:
    """False pass 4 of the peers: the first run is clean, the second is not."""
    first, second = imports(tmp_path, log(run("Clean"), run("Semgrep", result(), result())), role=Role.DAST)
    assert (first.id, first.results, first.state) == ("clean", (), ScanState.COMPLETE)
    assert (second.id, second.tool, second.version, second.role) == ("semgrep", "Semgrep", "1.2", Role.DAST)
    assert [place(one) for one in second.results] == [("src/a.py", 3)] * 2


def test_a_result_without_level_is_a_warning(tmp_path: Path) -> None:
    """False pass 2 of the peers: such a result counted as next to nothing."""
    (only,) = imports(tmp_path, log(run("x", result())))
    assert only.results[0].level is Level.WARNING


@pytest.mark.parametrize("text", ['{"version": "2.1.0", "runs": []}', log(run(results=None))])
def test_a_log_that_holds_no_scan_is_not_clean(tmp_path: Path, text: str) -> None:
    (only,) = imports(tmp_path, text)
    assert only.state is ScanState.INCOMPLETE
    assert only.notifications


def test_a_scan_that_ended_in_error_is_not_clean(tmp_path: Path) -> None:
    """False pass 1 of the peers: a scanner in ERROR, exit code 0."""
    (only,) = imports(tmp_path, log(run(invocations=[{"executionSuccessful": False}])))
    assert only.state is ScanState.INCOMPLETE


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "\x00\x01",
        '{"version": "2.0.0", "runs": []}',
        '{"version": "2.1.0", "runs": {}}',
        '{"version": "2.1.0", "runs": [{"results": []}]}',
        log(run("x", {"message": {"text": "m"}, "level": "fatal"})),
        log(run("x", result(locations=5))),
        log(run("x", result(suppressions=[{"kind": "because"}]))),
        '{"version": "2.1.0", "version": "2.1.0", "runs": []}',
        json.dumps(BOM | {"vulnerabilities": 5}),
        json.dumps(BOM | {"vulnerabilities": [{}]}),
    ],
)
def test_a_malformed_report_is_the_operators_mistake(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError) as raised:
        imports(tmp_path, text)
    assert raised.value.exit_code == 2
    assert "r.sarif" in raised.value.what


def test_a_report_over_the_limit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="larger than the limit"):
        imports(tmp_path, log(run()), config={"limits": Limits(import_bytes=10)})


def test_a_missing_report_is_an_incomplete_run(tmp_path: Path) -> None:
    """False pass 1 of the peers: a scanner that was asked for is missing, exit code 0."""
    (only,) = imports(tmp_path, log(run()), path="reports/zap.sarif", role=Role.DAST)
    assert (only.id, only.role, only.state) == ("zap", Role.DAST, ScanState.INCOMPLETE)
    assert told(only) == [("import-missing", "error")]


def test_a_missing_report_that_nobody_requires_stands_for_no_role(tmp_path: Path) -> None:
    (only,) = imports(tmp_path, log(run()), path="zap.sarif", role=Role.DAST, required=False)
    assert (only.role, only.state) == (Role.OTHER, ScanState.NOT_APPLICABLE)
    assert only.proof
    assert told(only) == [("import-missing", "warning")]


@pytest.mark.parametrize("path", ["r.sarif", "gone.sarif"])
@pytest.mark.parametrize("required", [True, False])
def test_only_what_is_required_is_marked_as_such(tmp_path: Path, path: str, *, required: bool) -> None:
    runs = imports(tmp_path, log(run("one"), run("two")), path=path, required=required)
    assert {one.properties.get(REQUIRED) for one in runs} == ({"yes"} if required else {None})


@pytest.mark.parametrize(
    ("ended", "days", "expected"),
    [
        ("2026-02-27T00:00:00Z", 2, None),
        ("2026-02-26T23:59:59Z", 2, ("import-too-old", "error")),
        ("2025-01-01T00:00:00Z", None, None),
        ("2026-03-01T00:05:00Z", 2, None),
        ("2026-03-01T00:05:01Z", 2, ("import-from-the-future", "error")),
        ("2026-03-01T00:05:01Z", None, ("import-from-the-future", "warning")),
        ("2099-01-01T00:00:00Z", 2, ("import-from-the-future", "error")),
        (None, None, None),
        (None, 2, ("import-undated", "error")),
    ],
)
def test_the_age_of_a_report_counts(
    tmp_path: Path, ended: str | None, days: float | None, expected: tuple[str, str] | None
) -> None:
    invocation = {"executionSuccessful": True} | ({"endTimeUtc": ended} if ended else {})
    (only,) = imports(tmp_path, log(run(invocations=[invocation])), max_age_days=days)
    assert told(only) == ([expected] if expected else [])
    assert (only.state is ScanState.INCOMPLETE) == (expected is not None and expected[1] == "error")


def test_without_a_clock_of_the_decision_the_machines_counts(tmp_path: Path) -> None:
    make_tree(
        tmp_path,
        {"r.sarif": log(run(invocations=[{"executionSuccessful": True, "endTimeUtc": "2001-01-01T00:00:00Z"}]))},
    )
    config = Config(imports=(Import(path="r.sarif", role=Role.SAST, max_age_days=30),))
    assert told(load(make_request(tmp_path, config=config))[0]) == [("import-too-old", "error")]


def test_absolute_paths_into_the_tree_become_relative(tmp_path: Path) -> None:
    inside, outside = (tmp_path / "src" / "a.py").as_uri(), "file:///elsewhere/b.py"
    (only,) = imports(tmp_path, log(run("x", result(inside), result(outside), result(locations=[]))))
    assert [[place.path for place in one.locations] for one in only.results] == [["src/a.py"], ["/elsewhere/b.py"], []]


def test_results_in_excluded_folders_stay_with_the_claim_that_says_why(tmp_path: Path) -> None:
    out = OutOfScope(path="bad.py", owner="QA", reason="a fixture")
    config = {"exclude": ("tests",), "out_of_scope": (out,)}
    uris = ("src/a.py", "tests/b.py", "bad.py")
    (only,) = imports(tmp_path, log(run("x", *map(result, uris))), config=config)
    claims = [one.suppressions for one in only.results]
    assert claims[0] == ()
    assert [(claim.kind, claim.origin, claim.justification) for (claim,) in claims[1:]] == [
        (SuppressionKind.EXTERNAL, "out-of-scope", "tests is excluded by the configuration"),
        (SuppressionKind.EXTERNAL, "out-of-scope", "a fixture (owner: QA)"),
    ]


def test_claims_of_the_other_tool_are_kept_as_claims(tmp_path: Path) -> None:
    claimed = result(suppressions=[{"kind": "inSource", "justification": "fine"}])
    (only,) = imports(tmp_path, log(run("x", claimed)))
    (claim,) = only.results[0].suppressions
    assert (claim.origin, claim.justification) == ("import", "fine")


def external(folder: Path, uri: str) -> tuple[Run, ...]:
    files = {"version": "2.1.0", "results": [result()]}
    make_tree(folder, {"tree/parts/p.json": json.dumps(files), "outside.json": json.dumps(files)})
    reference = {"results": [{"location": {"uri": uri}}]}
    bare = {key: value for key, value in run("x").items() if key != "results"}
    return imports(folder / "tree", log(bare | {"externalPropertyFileReferences": reference}))


def a_place(uri: str, column: int) -> dict[str, Any]:
    region = {"startLine": 1, "startColumn": column}
    return result(locations=[{"physicalLocation": {"artifactLocation": {"uri": uri}, "region": region}}])


def columns(run: Run) -> list[int | None]:
    return [one.locations[0].region.start_column for one in run.results if one.locations[0].region]


def test_columns_in_code_points_are_counted_anew_in_our_unit(tmp_path: Path) -> None:
    make_tree(tmp_path, {"src/a.py": "𝄞 = x\n"})
    places = [a_place("src/a.py", 3), a_place(f"file://{tmp_path.resolve()}/src/a.py", 5)]
    (only,) = imports(tmp_path, log(run("x", *places, columnKind="unicodeCodePoints")))
    assert columns(only) == [4, 6]
    assert not only.notifications


def test_columns_of_files_outside_the_tree_are_left_out_and_it_is_said(tmp_path: Path) -> None:
    (tmp_path / "b.py").write_text("𝄞 = x\n")
    tree = tmp_path / "tree"
    make_tree(tree, {"big.py": "x" * 100})
    places = [a_place(f"file://{tmp_path.resolve()}/b.py", 3), a_place("../b.py", 3), a_place("big.py", 3)]
    small = {"limits": Limits(source_file_bytes=50)}
    (only,) = imports(tree, log(run("x", *places, columnKind="unicodeCodePoints")), config=small)
    assert columns(only) == [None, None, None]
    assert only.state is ScanState.COMPLETE
    assert [(note.id, "3 places" in note.text) for note in only.notifications] == [("import-without-columns", True)]


def test_external_files_beside_the_log_are_read(tmp_path: Path) -> None:
    assert len(external(tmp_path, "parts/p.json")[0].results) == 1


@pytest.mark.parametrize(
    "uri",
    [
        "../outside.json",
        "parts/../../outside.json",
        "%2e%2e/outside.json",
        "/etc/hostname",
        "file:///etc/hostname",
        "parts/p%00.json",
    ],
)
def test_external_files_elsewhere_are_refused(tmp_path: Path, uri: str) -> None:
    with pytest.raises(InputError, match="must lie beside its log"):
        external(tmp_path, uri)


def test_an_external_file_that_leads_out_by_a_link_is_refused(tmp_path: Path) -> None:
    make_tree(tmp_path, {"tree/x": ""})
    (tmp_path / "tree" / "link.json").symlink_to("/etc/hostname")
    with pytest.raises(InputError, match="must lie beside its log"):
        external(tmp_path, "link.json")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le"])
def test_reports_in_other_encodings_are_read(tmp_path: Path, encoding: str) -> None:
    (only,) = imports(tmp_path, log(run("x", result())).encode(encoding))
    assert len(only.results) == 1


def test_vulnerabilities_of_a_cyclonedx_document_are_taken(tmp_path: Path) -> None:
    (only,) = imports(tmp_path, json.dumps(BOM), role=Role.CONTAINER)
    assert (only.id, only.tool, only.version, only.role) == ("trivy", "Trivy", "0.60", Role.CONTAINER)
    assert only.state is ScanState.COMPLETE
    (found,) = only.results
    assert (found.rule_id, found.severity) == ("CVE-2026-1", Severity.HIGH)
    assert found.locations[0].path == "r.sarif"
    assert only.invocation.end == datetime(2026, 2, 27, tzinfo=UTC)


XML = """<?xml version="1.0" encoding="UTF-8"?>
<bom xmlns="http://cyclonedx.org/schema/bom/1.6" version="1">
  <metadata>
    <timestamp>2026-02-27T00:00:00Z</timestamp>
    <tools><components>
      <component type="application"><name>Trivy</name><version>0.60</version></component>
    </components></tools>
  </metadata>
  <components>
    <component type="library" bom-ref="a">
      <name>openssl</name><version>3.0</version><purl>pkg:deb/debian/openssl@3.0</purl>
    </component>
  </components>
  <vulnerabilities>
    <vulnerability>
      <id>CVE-2026-1</id>
      <ratings><rating><severity>high</severity><method>other</method></rating></ratings>
      <affects><target><ref>a</ref></target></affects>
    </vulnerability>
  </vulnerabilities>
</bom>
"""


@pytest.mark.parametrize("mark", ["", "\ufeff", "\n"])
def test_a_cyclonedx_document_in_xml_is_the_same(tmp_path: Path, mark: str) -> None:
    text = XML.removeprefix('<?xml version="1.0" encoding="UTF-8"?>') if mark == "\n" else XML
    assert imports(tmp_path / "x", mark + text) == imports(tmp_path / "j", json.dumps(BOM))


def test_a_cyclonedx_document_in_xml_without_the_list_is_not_clean(tmp_path: Path) -> None:
    (only,) = imports(tmp_path, '<bom xmlns="http://cyclonedx.org/schema/bom/1.6" version="1"/>')
    assert told(only) == [("import-without-vulnerabilities", "error")]


@pytest.mark.parametrize("text", ["<html/>", "<bom", "<!DOCTYPE bom><bom/>", XML.replace("bom/1.6", "bom/9.9")])
def test_other_xml_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError, match=r"r\.sarif"):
        imports(tmp_path, text)


def test_a_cyclonedx_document_without_the_list_is_not_clean(tmp_path: Path) -> None:
    (only,) = imports(tmp_path, json.dumps({key: value for key, value in BOM.items() if key != "vulnerabilities"}))
    assert only.state is ScanState.INCOMPLETE
    assert told(only) == [("import-without-vulnerabilities", "error")]


def test_ids_are_never_given_twice(tmp_path: Path) -> None:
    make_tree(tmp_path, {"r.sarif": log(run("bandit"), run("x")), "s.sarif": log(run("x"))})
    config = Config(imports=tuple(Import(path=f"{name}.sarif", role=Role.SAST) for name in "rs"))
    assert [one.id for one in load(make_request(tmp_path, config=config), {"bandit"})] == ["bandit-2", "x", "x-2"]


def test_the_configuration_names_the_run(tmp_path: Path) -> None:
    assert [one.id for one in imports(tmp_path, log(run()), id="code-review")] == ["code-review"]


def committed(folder: Path) -> Run:
    make_tree(folder, {"r.sarif": log(run())})
    for command in (["init", "-q"], ["add", "-f", "r.sarif"]):
        subprocess.run(["git", "-C", str(folder), *command], check=True)
    config = Config(imports=(Import(path="r.sarif", role=Role.SAST),))
    request = make_request(folder, config=config, checkout=git.inspect(folder), now_s=int(NOW.timestamp()))
    return load(request)[0]


def test_a_committed_report_proves_nothing(tmp_path: Path) -> None:
    only = committed(tmp_path)
    assert only.state is ScanState.INCOMPLETE
    assert told(only) == [("import-tracked", "error")]


@pytest.mark.parametrize("link", ["reports", "reports/r.sarif"])
def test_nor_does_one_behind_a_link(tmp_path: Path, link: str) -> None:
    make_tree(tmp_path, {"tests/r.sarif": log(run())})
    (tmp_path / link).parent.mkdir(exist_ok=True)
    (tmp_path / link).symlink_to(tmp_path / link.replace("reports", "tests"))
    for arguments in (("init", "-q"), ("add", "-f", ".")):
        subprocess.run(["git", "-C", str(tmp_path), *arguments], check=True, capture_output=True)
    settings = Config(imports=(Import(path="reports/r.sarif", role=Role.SAST),))
    known = make_request(tmp_path, config=settings, checkout=git.inspect(tmp_path), now_s=int(NOW.timestamp()))
    (only,) = load(known)
    assert (only.state, told(only)) == (ScanState.INCOMPLETE, [("import-tracked", "error")])
    (only,) = load(make_request(tmp_path, config=settings, now_s=int(NOW.timestamp())))  # git was not there to be asked
    assert (only.state, told(only)) == (ScanState.INCOMPLETE, [("import-tracked", "error")])


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Completed(exit_code=0, stdout=b"", stderr="", seconds=0), []),
        (Completed(exit_code=128, stdout=b"", stderr="", seconds=0), [("import-tracked", "error")]),
        (ToolError("git hangs"), [("import-tracked", "error")]),
    ],
)
def test_git_is_asked_whether_a_report_is_committed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: Any, expected: list[tuple[str, str]]
) -> None:
    def run_git(*_: object) -> Completed:
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, Completed)
        return answer

    monkeypatch.setattr(imported, "run_git", run_git)
    assert told(committed(tmp_path)) == expected


def test_imports_stand_after_our_own_scans(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("govsec_ci.scanners.scan.SCANNERS", {})
    make_tree(tmp_path, {"r.sarif": log(run())})
    request = make_request(tmp_path, config=Config(imports=(Import(path="r.sarif", role=Role.SAST),)))
    assert [output.run.id for output in scan(request)] == ["semgrep"]
    assert scan(request, only=["bandit"]) == ()


@pytest.mark.full
def test_a_hundred_megabytes_of_results_are_read_right(tmp_path: Path) -> None:
    one = json.dumps(result(message={"text": "m" * 300}))
    count = 100_000_000 // (len(one) + 2) + 1
    head, _, tail = log(run("big", "HERE")).partition('"HERE"')  # type: ignore[arg-type]
    (only,) = imports(tmp_path, head + ", ".join([one] * count) + tail)
    assert (tmp_path / "r.sarif").stat().st_size > 100_000_000
    assert len(only.results) == count
    assert {place(found) for found in only.results} == {("src/a.py", 3)}
