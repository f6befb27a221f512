"""A log that is written is read back as it was, is valid SARIF, and is the same bytes each time."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from govsec_ci.errors import InputError, UsageError
from govsec_ci.formats import sarif
from govsec_ci.model import (
    Artifact,
    ComponentRef,
    FeedState,
    Fix,
    Invocation,
    Kev,
    Kind,
    Level,
    Location,
    Notification,
    Region,
    Result,
    Role,
    Rule,
    Run,
    ScanState,
    Suppression,
    SuppressionKind,
    SuppressionStatus,
    Vulnerability,
)
from tests.support.evidence_runs import ACCEPTED, NOW, a_result, a_run, runs

VALID_TEXTS = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def parsed(*all_runs: Any) -> Any:
    return json.loads(sarif.write(all_runs))


@pytest.fixture(scope="session")
def schema(shared: Path) -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for(json.loads((shared / "schemas/sarif-2.1.0.json").read_bytes()))


@VALID_TEXTS
@given(st.lists(runs(), max_size=2).map(tuple))
def test_load_is_the_inverse_of_write(all_runs: Any) -> None:
    assert sarif.load(sarif.write(all_runs)) == all_runs


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(runs(), max_size=2).map(tuple))
def test_every_log_is_valid(schema: jsonschema_rs.Validator, all_runs: Any) -> None:
    schema.validate(json.loads(sarif.write(all_runs)))


def test_same_runs_same_bytes_whatever_the_order_of_properties() -> None:
    one = a_run(a_result(properties={"a": "1", "b": "2"}, fingerprints={"x": "1", "govsec/v1": "2"}))
    other = a_run(a_result(properties={"b": "2", "a": "1"}, fingerprints={"govsec/v1": "2", "x": "1"}))
    assert sarif.write([one]) == sarif.write([other])


def test_one_result_a_line() -> None:
    lines = sarif.write([a_run(a_result(line=1), a_result(line=2))]).splitlines()
    assert [line.count(b'"ruleId"') for line in lines] == [0, 0, 1, 1, 0]


def test_level_and_kind_are_always_written() -> None:
    (result,) = parsed(a_run(a_result(level=Level.WARNING)))["runs"][0]["results"]
    assert (result["level"], result["kind"]) == ("warning", "fail")
    run = a_run(notifications=(Notification(id="x", level=Level.WARNING, text="t"),), rules=(Rule(id="R"),))
    written = parsed(run)["runs"][0]
    assert written["invocations"][0]["toolExecutionNotifications"][0]["level"] == "warning"
    assert written["tool"]["driver"]["rules"][0]["defaultConfiguration"]["level"] == "warning"


def test_what_is_no_failure_has_level_none_and_comes_back_as_it_was() -> None:
    run = a_run(a_result(kind=Kind.PASS, level=Level.ERROR))
    assert parsed(run)["runs"][0]["results"][0]["level"] == "none"
    assert sarif.load(sarif.write([run])) == (run,)


def test_suppression_has_status_and_no_state() -> None:
    suppression = Suppression(
        kind=SuppressionKind.IN_SOURCE, status=SuppressionStatus.REJECTED, justification="j", origin="nosec"
    )
    (written,) = parsed(a_run(a_result(suppressions=(suppression,))))["runs"][0]["results"][0]["suppressions"]
    assert written["status"] == "rejected"
    assert "state" not in written


@pytest.mark.parametrize(
    ("state", "successful"),
    [(ScanState.COMPLETE, True), (ScanState.NOT_APPLICABLE, True), (ScanState.INCOMPLETE, False)],
)
def test_only_a_whole_scan_was_successful(state: ScanState, successful: bool) -> None:
    assert parsed(a_run(state=state))["runs"][0]["invocations"][0]["executionSuccessful"] is successful


def test_a_run_without_results_stays_as_proof_of_the_scan() -> None:
    (run,) = parsed(a_run(invocation=Invocation(start=NOW, end=NOW, arguments=("-r", "."), exit_code=0)))["runs"]
    assert run["results"] == []
    assert run["automationDetails"]["id"] == "govsec/bandit/"
    assert run["invocations"][0]["startTimeUtc"] == "2026-03-01T12:00:00Z"
    assert run["columnKind"] == "utf16CodeUnits"
    assert "uri" not in run["originalUriBaseIds"]["SRCROOT"]


def test_rule_index_points_at_the_rule() -> None:
    run = a_run(a_result("B2"), a_result("B1"), a_result("unknown"), rules=(Rule(id="B1"), Rule(id="B2")))
    results = parsed(run)["runs"][0]["results"]
    assert [result.get("ruleIndex") for result in results] == [1, 0, None]


def test_provenance_needs_a_repository_and_a_commit() -> None:
    known = a_run(commit="c" * 40, properties={"repository-uri": "https://example.org/x"})
    (provenance,) = parsed(known)["runs"][0]["versionControlProvenance"]
    assert provenance["revisionId"] == "c" * 40
    for run in (a_run(commit="c" * 40), a_run(properties={"repository-uri": "https://example.org/x"})):
        assert "versionControlProvenance" not in parsed(run)["runs"][0]
        assert sarif.load(sarif.write([run])) == (run,)


def test_rule_carries_what_consumers_group_by() -> None:
    vulnerability = Vulnerability(id="CVE-1", aliases=("GHSA-1", "PYSEC-1"))
    rule = Rule(
        id="CVE-1", cwes=("CWE-78",), tags=("security", "dependency"), security_severity="9.8", precision="high",
        vulnerability=vulnerability,
    )  # fmt: skip
    (written,) = parsed(a_run(rules=(rule,)))["runs"][0]["tool"]["driver"]["rules"]
    assert written["properties"]["tags"] == [
        "security", "external/cwe/cwe-78", "CVE-1", "GHSA-1", "PYSEC-1", "dependency",
    ]  # fmt: skip
    assert written["properties"]["security-severity"] == "9.8"
    assert written["properties"]["precision"] == "high"
    assert all(written[key]["text"] for key in ("shortDescription", "fullDescription", "help"))


def test_a_name_that_repeats_the_id_is_not_written() -> None:
    run = a_run(rules=(Rule(id="R", name="R"), Rule(id="S", name="Shell")))
    assert [rule.get("name") for rule in parsed(run)["runs"][0]["tool"]["driver"]["rules"]] == [None, "Shell"]
    assert sarif.load(sarif.write([run])) == (run,)


def test_the_array_of_rules_stands_also_when_empty() -> None:
    assert parsed(a_run())["runs"][0]["tool"]["driver"]["rules"] == []


def test_paths_that_are_no_utf8_survive_and_texts_lose_only_what_cannot_be_written() -> None:
    path = b"d\xff/\xe2\x82\xac b.py".decode("utf-8", "surrogateescape")
    result = Result(rule_id="R", message="in d\udcff", locations=(Location(path=path),), properties={"k\udcff": "v"})
    (run,) = sarif.load(sarif.write([a_run(result)]))
    assert run.results[0].locations[0].path == path
    assert run.results[0].message == "in d\ufffd"
    assert run.results[0].properties == {"k\ufffd": "v"}


def test_the_bags_are_a_format_of_their_own() -> None:
    """A renamed field would be read by no earlier or later engine."""
    result = a_result(
        component=ComponentRef(name="jinja2", version="2.10", purl="pkg:pypi/jinja2@2.10", direct=True),
        fix=Fix(nearest="2.11", versions=("2.11",)), properties={"k": "v"},
        suppressions=(ACCEPTED,), correlation="mine",
    )  # fmt: skip
    run = parsed(a_run(result, proof="p", targets=1, scope=2, commit="c", audited=("pkg:pypi/a@1",)))["runs"][0]
    assert run["properties"]["govsec"] == {
        "id": "bandit", "role": "sast", "state": "complete", "proof": "p", "targets": 1, "scope": 2, "commit": "c",
        "audited": ["pkg:pypi/a@1"],
    }  # fmt: skip
    bag = run["results"][0]["properties"]["govsec"]
    assert bag["component"] == {"name": "jinja2", "version": "2.10", "purl": "pkg:pypi/jinja2@2.10", "direct": True}
    assert (bag["fix"]["nearest"], bag["fix"]["versions"]) == ("2.11", ["2.11"])
    assert (bag["correlation"], bag["properties"]) == ("mine", {"k": "v"})
    assert run["results"][0]["suppressions"][0]["properties"]["govsec"] == {"origin": "waiver"}


def test_regions_and_artifacts() -> None:
    region = Region(start_line=1, start_column=2, end_line=3, end_column=4, snippet="x")
    run = a_run(
        a_result(locations=(Location(path="a b.py", region=region),)),
        artifacts=(Artifact(path="a b.py", sha256="0" * 64, length=3),),
    )
    written = parsed(run)["runs"][0]
    physical = written["results"][0]["locations"][0]["physicalLocation"]
    assert physical["artifactLocation"] == {"uri": "a%20b.py", "uriBaseId": "SRCROOT"}
    assert physical["region"] == {
        "startLine": 1, "startColumn": 2, "endLine": 3, "endColumn": 4, "snippet": {"text": "x"},
    }  # fmt: skip
    assert written["artifacts"] == [
        {"location": {"uri": "a%20b.py", "uriBaseId": "SRCROOT"}, "length": 3, "hashes": {"sha-256": "0" * 64}}
    ]


def test_equal_items_are_written_once(schema: jsonschema_rs.Validator) -> None:
    twice = Artifact(path="a", sha256="0" * 64)
    run = a_run(
        a_result(suppressions=(ACCEPTED, ACCEPTED)), artifacts=(twice, twice), rules=(Rule(id="R"), Rule(id="R"))
    )
    schema.validate(parsed(run))


def test_write_to_a_file_and_load_it(tmp_path: Path) -> None:
    run = a_run(a_result())
    sarif.save(tmp_path / "x.sarif", [run])
    assert (tmp_path / "x.sarif").read_bytes() == sarif.write([run])
    assert sarif.load(tmp_path / "x.sarif") == (run,)
    with pytest.raises(InputError, match="larger than"):
        sarif.load(tmp_path / "x.sarif", limit_bytes=10)
    (tmp_path / "file").touch()
    with pytest.raises(UsageError):
        sarif.save(tmp_path / "file/x.sarif", [run])


def test_a_log_whose_writing_breaks_off_leaves_the_one_before(tmp_path: Path) -> None:
    sarif.save(tmp_path / "x.sarif", [a_run(a_result("B1"))])
    before = (tmp_path / "x.sarif").read_bytes()

    def broken() -> Iterator[Run]:
        yield a_run(*(a_result("B2"),) * 5_000)
        raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        sarif.save(tmp_path / "x.sarif", broken())
    assert (tmp_path / "x.sarif").read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["x.sarif"]


def _broken(change: Any) -> bytes:
    log = parsed(a_run(a_result(suppressions=(ACCEPTED,))))
    change(log)
    return json.dumps(log).encode()


def _delete(*keys: Any) -> Any:
    def change(log: Any) -> None:
        for key in keys[:-1]:
            log = log[key]
        del log[keys[-1]]

    return change


def _set(value: Any, *keys: Any) -> Any:
    def change(log: Any) -> None:
        for key in keys[:-1]:
            log = log[key]
        log[keys[-1]] = value

    return change


_RESULT = ("runs", 0, "results", 0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_delete("runs"), r"\$: Object missing required field `runs`"),
        (_set(None, "runs"), r"\$\.runs: Expected `array`"),
        (_set("2.0.0", "version"), r"\$\.version: is '2.0.0'"),
        (_delete("runs", 0, "results"), r"\$\.runs\[0\]: Object missing required field `results`"),
        (_delete("runs", 0, "properties"), r"\$\.runs\[0\]\.properties: .*not written by govsec"),
        (_set("x/y/", "runs", 0, "automationDetails", "id"), r"\$\.runs\[0\]\.automationDetails\.id"),
        (_set(3, *_RESULT, "message", "text"), r"\$\.runs\[0\]\.results\[0\]\.message\.text: Expected"),
        (_set("bad", *_RESULT, "level"), r"\$\.runs\[0\]\.results\[0\]\.level: Invalid enum value"),
        (
            _set("bad", *_RESULT, "baselineState"),
            r"\$\.runs\[0\]\.results\[0\]\.baselineState: Invalid enum value 'bad'",
        ),
        (_set("soon", *_RESULT, "provenance"), r"results\[0\]\.provenance: Expected"),
        (_set([{}], *_RESULT, "locations"), r"\$\.runs\[0\]\.results: holds a location without"),
        (_set({"govsec": 1}, *_RESULT, "properties"), r"\$\.runs\[0\]\.results\[0\]\.properties"),
        (_set({"govsec": 1}, *_RESULT, "suppressions", 0, "properties"), r"results\[0\]\.suppressions"),
        (_set({"firstDetectionTimeUtc": "soon"}, *_RESULT, "provenance"), r"firstDetectionTimeUtc: Invalid RFC3339"),
        (_set({"firstDetectionTimeUtc": "2026-01-01T00:00:00"}, *_RESULT, "provenance"), r"Utc: Expected .*timezone"),
    ],
)
def test_what_is_no_log_of_ours_is_refused_by_its_path(change: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        sarif.load(_broken(change))


def test_a_log_without_invocation_is_read_as_it_is() -> None:
    (run,) = sarif.load(_broken(_delete("runs", 0, "invocations")))
    assert run.invocation == Invocation()


def test_a_log_that_is_nested_without_end_is_refused() -> None:
    with pytest.raises(InputError, match="nested too deeply"):
        sarif.load(b'{"version": "2.1.0", "runs": [{"results": [' + b"[" * 200_000)


def test_a_property_bag_that_is_no_utf_8_is_said(failing_bundle: Path) -> None:
    data = (failing_bundle / "results.sarif").read_bytes()
    broken = re.sub(rb'"security-severity": ?"[^"]', lambda found: found[0][:-1] + b"\x85", data, count=1)
    assert broken != data
    with pytest.raises(InputError, match="not written by govsec"):
        sarif.load(broken)


def test_what_was_refused_is_refused_again() -> None:
    sarif.load(sarif.write([]))
    for _ in range(2):
        with pytest.raises(InputError):
            sarif.load(b"{}")


def test_times_without_a_zone_are_refused() -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    kev = Kev(cve="CVE-1", date_added=moment, due_date=moment)
    told: tuple[dict[str, Any], ...] = (
        {"invocation": Invocation(start=moment)},
        {"advisories": (FeedState(feed="osv", as_of=moment, sha256="0", records=1),)},
        {"rules": (Rule(id="CVE-1", vulnerability=Vulnerability(id="CVE-1", kev=kev)),)},
    )
    for fields in told:
        run = Run(id="a", tool="a", version="1", role=Role.SCA, state=ScanState.COMPLETE, **fields)
        data = sarif.write([run])
        assert sarif.load(data) == (run,)
        with pytest.raises(InputError, match="Expected `datetime` with a timezone"):
            sarif.load(data.replace(b"2026-01-01T00:00:00Z", b"2026-01-01T00:00:00"))
