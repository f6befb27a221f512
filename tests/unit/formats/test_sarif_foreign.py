"""Logs of other tools: every default resolved as the standard says, every broken file refused by its JSON path."""

import codecs
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from govsec_ci.errors import InputError
from govsec_ci.formats import sarif
from govsec_ci.formats.sarif_places import Places
from govsec_ci.formats.sarif_rules import cwes_in, fill_in, score, severity
from govsec_ci.formats.sarif_wire import WireArtifactLocation
from govsec_ci.model import BaselineState, Kind, Level, Role, Run, ScanState, Severity, SuppressionStatus
from tests.support.patience import HANG_S


def log(*runs: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"version": "2.1.0", "runs": list(runs), **more}


def foreign(*results: dict[str, Any], rules: tuple[Any, ...] = (), **more: Any) -> dict[str, Any]:
    return {"tool": {"driver": {"name": "CodeScanner", "rules": list(rules)}}, "results": list(results), **more}


def result(**more: Any) -> dict[str, Any]:
    return {"message": {"text": "m"}, **more}


def load(value: Any, **more: Any) -> tuple[Run, ...]:
    return sarif.load_foreign(json.dumps(value).encode(), "x.sarif", **more)


def one(value: Any, **more: Any) -> Run:
    (run,) = load(value, **more)
    return run


def levels(*results: Any, **more: Any) -> list[Level]:
    return [read.level for read in one(log(foreign(*results, **more))).results]


def test_minimal_log() -> None:
    """After section K.2 of the standard: the least that can be said."""
    run = one(log({"tool": {"driver": {"name": "CodeScanner"}}, "results": []}))
    assert (run.id, run.tool, run.state, run.role) == ("codescanner", "CodeScanner", ScanState.COMPLETE, Role.OTHER)


def test_minimal_recommended_log_with_source() -> None:
    """After section K.3: a rule's message filled in, an artifact by index below a base."""
    value = log(
        {
            "tool": {
                "driver": {
                    "name": "CodeScanner",
                    "semanticVersion": "2.1.0",
                    "informationUri": "https://example.com/scanner",
                    "rules": [
                        {
                            "id": "C2001",
                            "fullDescription": {"text": "A variable was used without being initialized."},
                            "messageStrings": {"default": {"text": 'Variable "{0}" was used, {{not}} initialized.'}},
                        }
                    ],
                }
            },
            "artifacts": [{"location": {"uri": "src/collections/list.cpp", "uriBaseId": "SRCROOT"}}],
            "originalUriBaseIds": {"SRCROOT": {"uri": "file:///home/ci/project/"}},
            "results": [
                {
                    "ruleId": "C2001",
                    "ruleIndex": 0,
                    "message": {"id": "default", "arguments": ["count"]},
                    "locations": [
                        {
                            "physicalLocation": {
                                "artifactLocation": {"index": 0},
                                "region": {"startLine": 15, "startColumn": 9},
                            },
                            "logicalLocations": [{"fullyQualifiedName": "collections::list::add"}],
                        }
                    ],
                }
            ],
        }
    )
    run = one(value, run_id="cpp", role=Role.SAST)
    (read,) = run.results
    assert (run.id, run.role, run.version, run.tool_uri) == ("cpp", Role.SAST, "2.1.0", "https://example.com/scanner")
    assert read.message == 'Variable "count" was used, {not} initialized.'
    assert read.locations[0].path == "src/collections/list.cpp"
    assert read.locations[0].region is not None
    assert (read.locations[0].region.start_line, read.locations[0].region.start_column) == (15, 9)
    assert (read.level, read.kind) == (Level.WARNING, Kind.FAIL)
    assert read.properties == {"logical-location": "collections::list::add"}
    assert run.rules[0].full.startswith("A variable")


def test_all_runs_are_read() -> None:
    """False pass 4 of the peers: only the second run has results."""
    first, second = load(log(foreign(), foreign(*[result(ruleId="R")] * 1235)))
    assert (first.id, second.id) == ("codescanner", "codescanner-2")
    assert (len(first.results), len(second.results)) == (0, 1235)


RULE = {"id": "R1", "defaultConfiguration": {"level": "error"}}
OVERRIDE = {"descriptor": {"id": "R1"}, "configuration": {"level": "note"}}
SUCCESS = {"executionSuccessful": True}


@pytest.mark.parametrize(
    ("given_result", "more", "level"),
    [
        (result(), {}, Level.WARNING),
        (result(ruleId="R9"), {}, Level.WARNING),
        (result(ruleId="R1"), {"rules": ({"id": "R1"},)}, Level.WARNING),
        (result(ruleId="R1"), {"rules": (RULE,)}, Level.ERROR),
        (result(ruleIndex=0), {"rules": (RULE,)}, Level.ERROR),
        (result(rule={"index": 0}), {"rules": (RULE,)}, Level.ERROR),
        (result(rule={"id": "R1"}), {"rules": (RULE,)}, Level.ERROR),
        (result(ruleId="R1/child"), {"rules": (RULE,)}, Level.ERROR),
        (result(ruleId="R1", level="note"), {"rules": (RULE,)}, Level.NOTE),
        (result(ruleId="R1", kind="fail"), {"rules": (RULE,)}, Level.ERROR),
        (result(ruleId="R1", kind="pass"), {"rules": (RULE,)}, Level.NONE),
        (result(ruleId="R1", kind="review"), {"rules": (RULE,)}, Level.NONE),
        (
            result(ruleId="R1", provenance={"invocationIndex": 0}),
            {"rules": (RULE,), "invocations": [{**SUCCESS, "ruleConfigurationOverrides": [OVERRIDE]}]},
            Level.NOTE,
        ),
        (
            result(ruleId="R1"),
            {"rules": (RULE,), "invocations": [{**SUCCESS, "ruleConfigurationOverrides": [OVERRIDE]}]},
            Level.ERROR,
        ),
        (
            result(ruleId="R1", provenance={"invocationIndex": 0}),
            {
                "rules": (RULE,),
                "invocations": [
                    {**SUCCESS, "ruleConfigurationOverrides": [{**OVERRIDE, "configuration": {"enabled": True}}]}
                ],
            },
            Level.ERROR,
        ),
        (
            result(ruleId="R1", provenance={"invocationIndex": 1}),
            {"rules": (RULE,), "invocations": [SUCCESS, {**SUCCESS, "ruleConfigurationOverrides": [OVERRIDE]}]},
            Level.NOTE,
        ),
        (
            result(ruleId="R1"),
            {"rules": (RULE,), "invocations": [SUCCESS, {**SUCCESS, "ruleConfigurationOverrides": [OVERRIDE]}]},
            Level.ERROR,
        ),
        (
            result(ruleId="R1"),
            {
                "rules": (RULE,),
                "invocations": [{**SUCCESS, "ruleConfigurationOverrides": [{**OVERRIDE, "descriptor": {"id": "R7"}}]}],
            },
            Level.ERROR,
        ),
    ],
)
def test_level_is_resolved_as_section_3_27_10_says(given_result: Any, more: Any, level: Level) -> None:
    assert levels(given_result, **more) == [level]


def test_rules_of_extensions_by_index_name_and_guid() -> None:
    guid = "11111111-1111-1111-8888-111111111111"
    extension = {
        "name": "Plugin", "guid": "22222222-2222-1222-8222-222222222222",
        "rules": [{"id": "R1", "defaultConfiguration": {"level": "note"}, "guid": guid}],
    }  # fmt: skip
    tool = {"driver": {"name": "T", "rules": [RULE]}, "extensions": [extension]}
    references = [
        {"index": 0, "toolComponent": {"index": 0}},
        {"index": 0, "toolComponent": {"name": "Plugin"}},
        {"index": 0, "toolComponent": {"guid": extension["guid"]}},
        {"guid": guid.upper()},
        {"index": 0, "toolComponent": {"name": "T"}},
        {"index": 0, "toolComponent": {"name": "unheard of"}},
    ]
    run = one(log({"tool": tool, "results": [result(rule=one) for one in references]}))
    assert [read.rule_id for read in run.results] == ["Plugin/R1"] * 4 + ["R1"] * 2
    assert [read.level for read in run.results] == [Level.NOTE] * 4 + [Level.ERROR] * 2
    assert [rule.id for rule in run.rules] == ["R1", "Plugin/R1"]


def test_rules_of_one_id_thrice() -> None:
    run = one(log(foreign(rules=(RULE, RULE, RULE))))
    assert [rule.id for rule in run.rules] == ["R1", "CodeScanner/R1", "CodeScanner/R1#0.2"]


def test_rule_metadata() -> None:
    rule = {
        "id": "R1", "name": "Name", "shortDescription": {"text": "s"}, "help": {"markdown": "**h**"},
        "helpUri": "https://example.com", "relationships": [{"target": {"id": "79", "toolComponent": {"name": "CWE"}}}],
        "properties": {
            "tags": ["external/cwe/cwe-078", "CWE-22: Path Traversal", 3], "security-severity": "8.16",
            "precision": "high",
        },
    }  # fmt: skip
    (read,) = one(log(foreign(rules=(rule,)))).rules
    assert read.cwes == ("CWE-22", "CWE-78", "CWE-79")
    assert (read.security_severity, read.precision, read.help, read.short) == ("8.2", "high", "**h**", "s")


def test_taxa_by_index() -> None:
    taxonomy = {"name": "CWE", "taxa": [{"id": "CWE-89"}]}
    taxa = [
        {"index": 0, "toolComponent": {"index": 0}},
        {"id": "77", "toolComponent": {"name": "cwe"}},
        {"id": "A1", "toolComponent": {"name": "OWASP"}},
        {"id": "80"},
        {"index": 5, "toolComponent": {"index": 0}},
    ]
    run = one(log(foreign(result(taxa=taxa), taxonomies=[taxonomy])))
    assert run.results[0].properties["cwes"] == "CWE-77 CWE-89"


@pytest.mark.parametrize(
    ("rule_score", "own", "expected"),
    [
        ("9.0", None, Severity.CRITICAL),
        ("7.0", None, Severity.HIGH),
        (4, None, Severity.MEDIUM),
        ("0.1", None, Severity.LOW),
        ("0", None, Severity.NONE),
        ("high", None, Severity.UNKNOWN),
        ("nan", None, Severity.UNKNOWN),
        ("11", None, Severity.UNKNOWN),
        (True, None, Severity.UNKNOWN),
        (None, None, Severity.UNKNOWN),
        ("1", "9.8", Severity.CRITICAL),
    ],
)
def test_severity(rule_score: Any, own: Any, expected: Severity) -> None:
    rule = {"id": "R", "properties": {"security-severity": rule_score}}
    given_result = result(ruleId="R", properties={"security-severity": own} if own else {})
    assert one(log(foreign(given_result, rules=(rule,)))).results[0].severity is expected


def test_severity_is_never_guessed_from_the_level() -> None:
    assert one(log(foreign(result(level="error")))).results[0].severity is Severity.UNKNOWN


def test_suppression_status() -> None:
    claims = [{"kind": "external", "guid": "g"}, {"kind": "inSource", "status": "rejected"}]
    (read,) = one(log(foreign(result(suppressions=claims)))).results
    assert [claim.status for claim in read.suppressions] == [SuppressionStatus.ACCEPTED, SuppressionStatus.REJECTED]
    assert {claim.origin for claim in read.suppressions} == {"import"}
    assert one(log(foreign(result(suppressions=[])))).results[0].suppressions == ()


def test_only_absent_is_kept_of_a_baseline_that_is_not_ours() -> None:
    run = one(log(foreign(result(baselineState="unchanged"), result(baselineState="absent"))))
    assert [read.baseline_state for read in run.results] == [None, BaselineState.ABSENT]


def test_our_own_words_are_not_believed() -> None:
    bag = {"govsec": {"id": "bandit", "role": "sast", "state": "complete"}}
    run = one(log({**foreign(result(fingerprints={"govsec/v1": "x", "other/v2": "y"})), "properties": bag,
                   "invocations": [{"executionSuccessful": False}]}))  # fmt: skip
    assert (run.id, run.state, run.role) == ("codescanner", ScanState.INCOMPLETE, Role.OTHER)
    assert run.results[0].fingerprints == {"other/v2": "y"}


@pytest.mark.parametrize(
    ("value", "note"),
    [
        (log(), "import-without-runs"),
        ({"version": "2.1.0", "runs": None}, "import-without-runs"),
        (log({"tool": {"driver": {"name": "T"}}}), "import-without-results"),
        (log({"tool": {"driver": {"name": "T"}}, "results": None}), "import-without-results"),
        (log(foreign(invocations=[SUCCESS, {"executionSuccessful": False}])), "import-unsuccessful"),
    ],
)
def test_not_looked_at_is_never_clean(value: Any, note: str) -> None:
    run = one(value)
    assert run.state is ScanState.INCOMPLETE
    assert [found.id for found in run.notifications] == [note]


def test_notifications() -> None:
    invocation = {
        "executionSuccessful": True, "startTimeUtc": "2026-03-01T12:00:00Z", "endTimeUtc": "2026-03-01T14:00:00+01:00",
        "exitCode": 1,
        "toolExecutionNotifications": [
            {"message": {"text": "crashed"}, "level": "error", "descriptor": {"id": "CRASH"},
             "locations": [{"physicalLocation": {"artifactLocation": {"uri": "a.py"}}}]},
        ],
        "toolConfigurationNotifications": [{"message": {"text": "odd"}}],
    }  # fmt: skip
    run = one(log(foreign(invocations=[invocation])))
    assert run.state is ScanState.INCOMPLETE
    assert [(note.id, note.level) for note in run.notifications] == [
        ("CRASH", Level.ERROR), ("import-notification", Level.WARNING),
    ]  # fmt: skip
    assert run.notifications[0].location is not None
    assert run.invocation.start == datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert run.invocation.end == datetime(2026, 3, 1, 13, tzinfo=UTC)
    assert run.invocation.exit_code == 1


def test_artifacts_and_commit() -> None:
    artifacts = [
        {"location": {"uri": "a.py"}, "hashes": {"sha-256": "AB"}, "length": 2},
        {"location": {"uri": "b.py"}},
    ]
    provenance = [{"repositoryUri": "https://example.com/r", "revisionId": "c0ffee"}]
    run = one(log(foreign(artifacts=artifacts, versionControlProvenance=provenance)))
    assert [(artifact.path, artifact.sha256, artifact.length) for artifact in run.artifacts] == [("a.py", "ab", 2)]
    assert (run.commit, run.targets) == ("c0ffee", 2)


BASES = {
    "ROOT": {"uri": "file:///c:/work/"},
    "SRC": {"uri": "src/", "uriBaseId": "ROOT"},
    "LIB": {"uri": "lib/", "uriBaseId": "SRC"},
    "BARE": {},
    "A": {"uri": "a/", "uriBaseId": "B"},
    "B": {"uri": "b/", "uriBaseId": "A"},
}


@pytest.mark.parametrize(
    ("uri", "base", "path"),
    [
        ("a.py", None, "a.py"),
        ("./a%20b.py", None, "a b.py"),
        ("src\\a.py", None, "src/a.py"),
        ("x/../a.py", "SRC", "src/a.py"),
        ("a.py", "LIB", "src/lib/a.py"),
        ("a.py", "BARE", "a.py"),
        ("a.py", "undefined", "a.py"),
        ("file:///c:/work/src/a.py", None, "src/a.py"),
        ("file:///d:/other/a.py", None, "d:/other/a.py"),
        ("file:///tmp/../etc/a.py", None, "/etc/a.py"),
        ("https://example.com/login?x=1", None, "https://example.com/login?x=1"),
        ("../a.py", None, "../a.py"),
        ("%FF.py", None, "\udcff.py"),
        ("", None, ""),
        (None, None, ""),
    ],
)
def test_paths(uri: str | None, base: str | None, path: str) -> None:
    bases = {
        name: WireArtifactLocation(uri=one.get("uri"), uri_base_id=one.get("uriBaseId")) for name, one in BASES.items()
    }
    assert Places(bases, []).path(WireArtifactLocation(uri=uri, uri_base_id=base)) == path


def test_a_result_without_place_or_without_line() -> None:
    places = [
        {},
        {"physicalLocation": {}},
        {"physicalLocation": {"artifactLocation": {"uri": "a"}, "region": {"charOffset": 3}}},
    ]
    (read,) = one(log(foreign(result(locations=places)))).results
    assert [(place.path, place.region) for place in read.locations] == [("a", None)]


ENCODINGS = {
    "utf-8": b"", "utf-8-sig": codecs.BOM_UTF8, "utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE,
    "utf-32-le": codecs.BOM_UTF32_LE, "utf-32-be": codecs.BOM_UTF32_BE,
}  # fmt: skip


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_encodings(encoding: str) -> None:
    text = json.dumps(log(foreign(result(ruleId="日本𝄞"))), ensure_ascii=False)
    data = ENCODINGS[encoding] + text.encode(encoding.removesuffix("-sig"))
    (run,) = sarif.load_foreign(data, "x.sarif")
    assert run.results[0].rule_id == "日本𝄞"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_without_a_mark(encoding: str) -> None:
    assert sarif.load_foreign(json.dumps(log(foreign())).encode(encoding), "x.sarif")[0].tool == "CodeScanner"


NESTED = b'{"version": "2.1.0", "runs": ' + b"[" * 200_000 + b"]" * 200_000 + b"}"
LOOP = {"A": {"uri": "a/", "uriBaseId": "B"}, "B": {"uri": "b/", "uriBaseId": "A"}}


def artifact(**more: Any) -> dict[str, Any]:
    return {"physicalLocation": {"artifactLocation": more}}


def place(**more: Any) -> dict[str, Any]:
    return {"physicalLocation": {"artifactLocation": {"uri": "a.py"}, **more}}


BROKEN: dict[str, tuple[Any, str]] = {
    "empty": (b"", "not JSON"),
    "cut off": (json.dumps(log(foreign())).encode()[:-9], "not JSON"),
    "no JSON": (b"<sarif/>", "not JSON"),
    "not UTF-8": (b'{"version": "2.1.0\xff"}', "not JSON"),
    "not the UTF-16 it begins as": (codecs.BOM_UTF16_LE + b"{\0\xd8", "begins as utf-16-le"),
    "half a surrogate pair": (b'{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "\\ud800"}}}]}', "not JSO"),
    "two values": (b'{"version": "2.1.0", "runs": []} {}', "not JSON"),
    "nested too deeply": (NESTED, "nested too deeply"),
    "a key twice": (b'{"version": "2.1.0", "runs": [{"results": [1]}], "runs": []}', "'runs' stands twice"),
    "an array": ([], r"\$: Expected `object`"),
    "no version": ({"runs": []}, r"\$: Object missing required field `version`"),
    "another version": ({"version": "2.0.0", "runs": []}, r"\$\.version: is '2.0.0'"),
    "no runs": ({"version": "2.1.0"}, r"\$: Object missing required field `runs`"),
    "runs is an object": ({"version": "2.1.0", "runs": {}}, r"\$\.runs: Expected `array"),
    "no tool": (log({"results": []}), r"\$\.runs\[0\]: Object missing required field `tool`"),
    "no driver name": (log(foreign(), {"tool": {"driver": {}}, "results": []}), r"\$\.runs\[1\]\.tool\.driver\.name"),
    "unknown level": (log(foreign(result(), result(level="high"))), r"\$\.runs\[0\]\.results\[1\]\.level: Inv"),
    "unknown kind": (log(foreign(result(kind="x"))), r"results\[0\]\.kind: Invalid enum"),
    "unknown baseline state": (log(foreign(result(baselineState="x"))), r"results\[0\]\.baselineState: 'x'"),
    "unknown suppression": (log(foreign(result(suppressions=[{"kind": "x"}]))), r"suppressions\[0\]\.kind"),
    "no message": (log(foreign({"ruleId": "R"})), r"results\[0\]: Object missing required field `message`"),
    "message without text": (log(foreign(result(message={}))), r"results\[0\]: the message has no text"),
    "message id undefined": (log(foreign(result(message={"id": "nope"}))), r"no string 'nope' is defined"),
    "rule index beyond": (log(foreign(result(ruleIndex=7))), r"results\[0\]: there is no rule 7"),
    "extension beyond": (log(foreign(result(rule={"index": 0, "toolComponent": {"index": 3}}))), "no extension 3"),
    "artifact beyond": (
        log(foreign(result(locations=[artifact(index=2)]))), "no artifact 2",
    ),
    "artifact of artifacts": (
        log(foreign(artifacts=[{"location": {"uri": "x", "uriBaseId": "A"}}], originalUriBaseIds=LOOP)),
        r"artifacts\[0\]: the base",
    ),
    "notification place": (log(foreign(invocations=[{**SUCCESS, "toolExecutionNotifications": [
        {"message": {"text": "t"}, "locations": [artifact(index=1)]}]}])),
        r"invocations: there is no artifact 1"),
    "invocation beyond": (
        log(foreign(result(ruleId="R1", provenance={"invocationIndex": 4}), rules=(RULE,))), "no invocation 4",
    ),
    "bases in a ring": (
        log(foreign(result(locations=[artifact(uri="x", uriBaseId="A")]),
                    originalUriBaseIds=LOOP)), "leads back to itself",
    ),
    "line zero": (log(foreign(result(locations=[place(region={"startLine": 0})]))), r"region\.startLine: Expected `in"),
    "line 2^63": (log(foreign(result(locations=[place(region={"startLine": 2**63})]))), r"region\.startLine"),
    "line of ten thousand digits": (
        b'{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"T"}},"results":[{"message":{"text":"m"},"ruleIndex":'
        + b"9" * 10_000 + b"}]}]}", r"results\[0\]\.ruleIndex: Integer value out of range",
    ),
    "line as text": (log(foreign(result(locations=[place(region={"startLine": "1"})]))), r"startLine: Expected `int"),
    "a date that is none": (log(foreign(invocations=[{**SUCCESS, "endTimeUtc": "soon"}])), "'soon' is no time"),
    "a date without zone": (log(foreign(invocations=[{**SUCCESS, "endTimeUtc": "2026-01-01T00:00:00"}])), "no time "),
    "success not said": (log(foreign(invocations=[{}])), r"invocations\[0\]: Object missing required field"),
    "bag is no object": (log(foreign(result(properties=[]))), r"results\[0\]: Expected `object`"),
    "rule's bag is no object": (log(foreign(rules=({"id": "R", "properties": 3},))), r"runs\[0\]\.tool: Expected `ob"),
    "rule without id": (log(foreign(rules=({},))), r"rules\[0\]: Object missing required field `id`"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_files_are_refused(kind: str) -> None:
    value, message = BROKEN[kind]
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    with pytest.raises(InputError, match=message) as caught:
        sarif.load_foreign(data, "x.sarif")
    assert str(caught.value).startswith("x.sarif: ")


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["version", "runs", "tool", "driver", "name", "results", "message", "text", "level", "rules", "id"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=20,
)


@settings(max_examples=200, deadline=None)
@given(
    st.one_of(json_values.map(json.dumps), json_values.map(lambda value: json.dumps(log(value))), st.text(max_size=20))
)
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        runs = sarif.load_foreign(text.encode("utf-8", "surrogatepass"), "x.sarif")
    except InputError:
        return
    assert sarif.load(sarif.write(runs))


def test_a_foreign_log_becomes_a_log_of_ours() -> None:
    run = one(log(foreign(result(ruleId="R1", locations=[place(region={"startLine": 1})]), rules=(RULE,))))
    assert sarif.load(sarif.write([run])) == (run,)


EXTERNAL = {
    "guid": "11111111-1111-1111-8888-111111111111",
    "results": [result(ruleId="R1")],
    "driver": {"name": "Outside", "rules": [RULE]},
}


def beside(folder: Path) -> Callable[[str], bytes]:
    return lambda uri: (folder / unquote(uri)).read_bytes()


def split(tmp_path: Path, part: Any = EXTERNAL, **reference: Any) -> Any:
    (tmp_path / "sub").mkdir(exist_ok=True)
    (tmp_path / "sub/results 1.json").write_text(json.dumps(part))
    named = {"location": {"uri": "sub/results%201.json"}, **reference}
    return log(
        {"tool": {"driver": {"name": "T"}}, "externalPropertyFileReferences": {"results": [named], "driver": named}}
    )


def test_external_property_files(tmp_path: Path) -> None:
    value = split(tmp_path, guid=EXTERNAL["guid"], itemCount=1)
    run = one(value, read_external=beside(tmp_path))
    assert (run.tool, run.state) == ("Outside", ScanState.COMPLETE)
    assert [(read.rule_id, read.level) for read in run.results] == [("R1", Level.ERROR)]


def test_external_results_that_are_empty_are_a_scan(tmp_path: Path) -> None:
    run = one(split(tmp_path, {"results": []}), read_external=beside(tmp_path))
    assert (run.state, run.results) == (ScanState.COMPLETE, ())


def test_external_file_without_results_is_no_scan(tmp_path: Path) -> None:
    run = one(split(tmp_path, {"driver": {"name": "T"}}), read_external=beside(tmp_path))
    assert run.state is ScanState.INCOMPLETE


def test_inline_external_properties() -> None:
    guid = "11111111-1111-1111-8aaa-111111111111"
    parts = [{"runGuid": guid.upper(), "results": [result()]}, {"driver": {"name": "Nobody"}}]
    run = {"tool": {"driver": {"name": "T"}}, "automationDetails": {"guid": guid}}
    read = one(log(run, inlineExternalProperties=parts))
    assert (read.tool, len(read.results)) == ("T", 1)


@pytest.mark.parametrize("guid", [None, "22222222-1111-1111-8888-111111111111"])
def test_inline_results_that_belong_to_no_run_are_refused(guid: str | None) -> None:
    run = {"tool": {"driver": {"name": "T"}}, "automationDetails": {"guid": "11111111-1111-1111-8888-111111111111"}}
    parts = [{"runGuid": guid, "results": [result()]}]
    with pytest.raises(InputError, match=r"inlineExternalProperties\[0\]\.runGuid: names no run"):
        load(log({**run, "results": []}, inlineExternalProperties=parts))


def test_no_two_runs_have_one_id() -> None:
    runs = [{"tool": {"driver": {"name": name}}, "results": []} for name in ("a", "a", "a-2")]
    assert [run.id for run in load(log(*runs))] == ["a", "a-2", "a-2-2"]


def test_an_id_of_slashes_takes_no_quadratic_time() -> None:
    value = log({"tool": {"driver": {"name": "a"}}, "results": [result(ruleId="/" * 400_000)]})
    start = time.process_time()
    load(value)
    assert time.process_time() - start < HANG_S


@pytest.mark.parametrize(
    ("reference", "part", "message"),
    [
        ({"location": None}, EXTERNAL, r"externalPropertyFileReferences\.results\[0\]: names no file"),
        ({"guid": "22222222-1111-1111-8888-111111111111"}, EXTERNAL, "another file than the one meant"),
        ({"itemCount": 2}, EXTERNAL, "the number of results is 1, not 2"),
        ({}, {"results": 3}, r"\$\.results: Expected `array"),
    ],
)
def test_external_files_that_are_refused(tmp_path: Path, reference: Any, part: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        load(split(tmp_path, part, **reference), read_external=beside(tmp_path))


def test_external_files_need_a_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="may not be read"):
        load(split(tmp_path))


def test_small_parts() -> None:
    assert fill_in("{0} {{1}} {2}", ["a"]) == "a {1} {2}"
    assert fill_in("{0}", []) == "{0}"
    assert cwes_in("cwe-079, CWE_22 notacwe-1 CWE:5") == ["CWE-79", "CWE-22", "CWE-5"]
    assert score("1e400") is None
    assert severity("0.0") is Severity.NONE


@pytest.mark.full
def test_a_hundred_megabytes_of_results() -> None:
    one_result = json.dumps(
        result(ruleId="R1", locations=[place(region={"startLine": 1})], properties={"filler": "x" * 300})
    )
    head, tail = json.dumps(log(foreign(rules=(RULE,)))).split('"results": []')
    count = 100_000_000 // len(one_result)
    (run,) = sarif.load_foreign(
        (f'{head}"results": [' + ",".join([one_result] * count) + f"]{tail}").encode(), "x.sarif"
    )
    assert len(run.results) == count
    assert {read.level for read in run.results} == {Level.ERROR}
