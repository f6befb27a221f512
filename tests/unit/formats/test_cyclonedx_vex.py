"""Vulnerabilities in CycloneDX: written as VEX, read as statements, read as another tool's results."""

import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from govsec_ci.errors import DefectError, InputError
from govsec_ci.formats import cyclonedx
from govsec_ci.model import (
    BaselineState,
    ComponentRef,
    Cvss,
    Epss,
    Fix,
    Kev,
    Level,
    Location,
    Result,
    Role,
    Rule,
    Run,
    ScanState,
    Severity,
    Suppression,
    SuppressionKind,
    SuppressionStatus,
    Vulnerability,
)
from tests.support.cyclonedx import bom, head
from tests.support.patience import HANG_S

DAY = datetime(2024, 5, 6, tzinfo=UTC)
SERIAL = "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79"
VECTOR = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
JINJA = ComponentRef(name="jinja2", version="2.10", purl="pkg:pypi/jinja2@2.10")


def vulnerability(**fields: Any) -> Vulnerability:
    given: dict[str, Any] = {
        "id": "CVE-2024-1",
        "aliases": ("GHSA-xxxx-yyyy-zzzz", "PYSEC-2024-1"),
        "summary": "Bad thing",
        "severity": Severity.CRITICAL,
        "cvss": (Cvss(version="3.1", vector=VECTOR, score=9.8, source="GHSA-xxxx-yyyy-zzzz"),),
        "published": DAY,
        "modified": DAY,
        "cwes": ("CWE-79", "CWE-x", "CWE-0", "CWE--1", "CWE-٣"),
        "references": ("https://example.org/a b", "https://[broken"),
    }
    return Vulnerability(**(given | fields))


def run(*results: Result, about: Vulnerability | None = None) -> Run:
    about = about or vulnerability()
    rules = (Rule(id=about.id, vulnerability=about), Rule(id="B602"))
    return Run(
        id="pip-audit",
        tool="pip-audit",
        version="1",
        role=Role.SCA,
        state=ScanState.COMPLETE,
        rules=rules,
        results=results,
    )


def result(**fields: Any) -> Result:
    given: dict[str, Any] = {"rule_id": "CVE-2024-1", "message": "m", "component": JINJA}
    return Result(**(given | fields))


def claim(**fields: Any) -> Suppression:
    given: dict[str, Any] = {
        "kind": SuppressionKind.EXTERNAL,
        "status": SuppressionStatus.ACCEPTED,
        "justification": "code_not_reachable: never called",
        "origin": "vex",
        "origin_id": "v1",
    }
    return Suppression(**(given | fields))


def written(*results: Result, about: Vulnerability | None = None) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(cyclonedx.write_vex([run(*results, about=about)], head()))
    return document


def test_a_result_becomes_a_vulnerability_with_everything_known() -> None:
    about = vulnerability(
        epss=Epss(score=0.97, percentile=0.99, date=DAY),
        kev=Kev(cve="CVE-2024-1", date_added=DAY, due_date=DAY),
    )
    one = result(fix=Fix(nearest="2.11"), first_detected=DAY)

    document = written(one, about=about)
    (found,) = document["vulnerabilities"]

    assert found["bom-ref"] == "CVE-2024-1/pkg:pypi/jinja2@2.10"
    assert found["affects"] == [{"ref": "pkg:pypi/jinja2@2.10"}]
    assert found["ratings"] == [
        {
            "source": {"name": "GHSA-xxxx-yyyy-zzzz"},
            "score": 9.8,
            "severity": "critical",
            "method": "CVSSv31",
            "vector": VECTOR,
        }
    ]
    assert found["cwes"] == [79]
    assert found["source"] == {"name": "NVD", "url": "https://nvd.nist.gov/vuln/detail/CVE-2024-1"}
    assert [other["source"]["name"] for other in found["references"]] == ["GitHub Advisories", "OSV"]
    assert found["recommendation"] == "upgrade jinja2 to 2.11"
    assert found["advisories"] == [{"url": "https://example.org/a%20b"}]
    assert found["analysis"] == {"state": "in_triage", "firstIssued": "2024-05-06T00:00:00+00:00"}
    assert {one["name"]: one["value"] for one in found["properties"]} == {
        "govsec:epss": "0.97000",
        "govsec:epss:date": "2024-05-06",
        "govsec:kev:added": "2024-05-06",
        "govsec:kev:due": "2024-05-06",
    }
    assert [one["bom-ref"] for one in document["components"]] == ["pkg:pypi/jinja2@2.10"]
    assert document["metadata"]["component"]["name"] == "tax-forms"
    assert "lifecycles" not in document["metadata"]


@pytest.mark.parametrize(
    ("fields", "analysis"),
    [
        ({}, {"state": "in_triage"}),
        (
            {"suppressions": (claim(),)},
            {
                "state": "not_affected",
                "justification": "code_not_reachable",
                "detail": "code_not_reachable: never called",
            },
        ),
        (
            {"suppressions": (claim(justification="vulnerable_code_not_present"),)},
            {"state": "not_affected", "justification": "code_not_present", "detail": "vulnerable_code_not_present"},
        ),
        (
            {"suppressions": (claim(justification="we looked at it"),)},
            {"state": "not_affected", "detail": "we looked at it"},
        ),
        (
            {"suppressions": (claim(justification="false_positive: other package"),)},
            {"state": "false_positive", "detail": "false_positive: other package"},
        ),
        ({"suppressions": (claim(justification=""),)}, {"state": "not_affected"}),
        ({"suppressions": (claim(status=SuppressionStatus.REJECTED),)}, {"state": "in_triage"}),
        ({"suppressions": (claim(status=SuppressionStatus.UNDER_REVIEW),)}, {"state": "in_triage"}),
        (
            {"suppressions": (claim(origin="waiver", origin_id="W-1", justification="until March"),)},
            {"state": "exploitable", "detail": "accepted risk (waiver W-1): until March"},
        ),
        (
            {"suppressions": (claim(origin="waiver"), claim(justification="code_not_present"))},
            {"state": "not_affected", "justification": "code_not_present", "detail": "code_not_present"},
        ),
        (
            {"baseline_state": BaselineState.ABSENT, "suppressions": (claim(),)},
            {"state": "resolved", "detail": "no longer found since the baseline"},
        ),
    ],
)
def test_analysis_follows_the_claims(fields: dict[str, Any], analysis: dict[str, str]) -> None:
    assert written(result(**fields))["vulnerabilities"][0]["analysis"] == analysis


def test_severity_without_a_score_is_kept() -> None:
    unknown = written(result(), about=vulnerability(cvss=(), severity=Severity.UNKNOWN))
    high = written(result(), about=vulnerability(cvss=(), severity=Severity.HIGH))

    assert unknown["vulnerabilities"][0]["ratings"] == [{"severity": "unknown"}]
    assert high["vulnerabilities"][0]["ratings"] == [{"severity": "high"}]


@pytest.mark.parametrize(
    ("version", "vector", "score", "method", "severity"),
    [
        ("2.0", "AV:N/AC:L/Au:N/C:P/I:P/A:P", 7.5, "CVSSv2", "high"),
        ("3.0", "CVSS:3.0/AV:N", 6.9, "CVSSv3", "medium"),
        ("4.0", "CVSS:4.0/AV:N", 0.1, "CVSSv4", "low"),
        ("5.0", "CVSS:5.0/AV:N", 0.0, "other", "none"),
    ],
)
def test_every_kind_of_score(version: str, vector: str, score: float, method: str, severity: str) -> None:
    about = vulnerability(cvss=(Cvss(version=version, vector=vector, score=score, source=""),))
    (rating,) = written(result(), about=about)["vulnerabilities"][0]["ratings"]

    assert rating == {"score": score, "severity": severity, "method": method, "vector": vector}


def test_only_dependency_results_are_told_and_each_once() -> None:
    other = ComponentRef(name="a", version="", purl="pkg:pypi/a")
    document = written(
        result(), result(), result(component=other), result(component=None), Result(rule_id="B602", message="m"),
        Result(rule_id="gone", message="m", component=JINJA),
    )  # fmt: skip

    assert [one["affects"][0]["ref"] for one in document["vulnerabilities"]] == ["pkg:pypi/a", "pkg:pypi/jinja2@2.10"]
    assert document["components"][0] == {"type": "library", "bom-ref": "pkg:pypi/a", "name": "a", "purl": "pkg:pypi/a"}


def test_nothing_found_is_a_valid_document_too() -> None:
    document = written()

    assert document["vulnerabilities"] == []
    assert document["components"] == []
    assert cyclonedx.validate(document) == ()


def test_the_same_results_give_the_same_bytes() -> None:
    second = ComponentRef(name="a", version="1", purl="pkg:pypi/a@1")
    one = cyclonedx.write_vex([run(result(), result(component=second))], head(), sbom_serial=SERIAL)
    two = cyclonedx.write_vex([run(result(component=second)), run(result())], head(), sbom_serial=SERIAL)

    assert one == two
    assert json.loads(one)["externalReferences"] == [{"type": "bom", "url": f"urn:cdx:{SERIAL[9:]}/1"}]


def test_a_component_without_a_purl_is_called_by_name_and_version() -> None:
    document = written(
        result(component=ComponentRef(name="libc6", version="2.36", purl="")),
        result(component=ComponentRef(name="", version="", purl="")),
        result(component=ComponentRef(name="x", version="", purl="no purl")),
    )

    assert document["components"] == [
        {"type": "library", "bom-ref": "libc6@2.36", "name": "libc6", "version": "2.36"},
        {"type": "library", "bom-ref": "no purl", "name": "x"},
        {"type": "library", "bom-ref": "unnamed", "name": "unnamed"},
    ]


def test_of_several_results_about_one_thing_the_most_open_is_told() -> None:
    resolved, claimed = result(baseline_state=BaselineState.ABSENT), result(suppressions=(claim(),))
    waived = result(suppressions=(claim(origin="waiver"),))

    def state(*results: Result) -> str:
        (one,) = written(*results)["vulnerabilities"]
        return str(one["analysis"]["state"])

    assert state(result(), claimed, waived, resolved) == state(resolved, waived, claimed, result()) == "in_triage"
    assert state(claimed, waived, resolved) == state(resolved, waived, claimed) == "exploitable"
    assert state(claimed, resolved) == state(resolved, claimed) == "not_affected"


def test_many_vulnerabilities_take_little_time() -> None:
    results = [result(component=ComponentRef(name="a", version="1", purl=f"pkg:pypi/a{n}@1")) for n in range(10_000)]
    start = time.process_time()

    assert len(written(*results)["vulnerabilities"]) == 10_000
    assert time.process_time() - start < HANG_S


def test_what_would_be_invalid_is_a_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("govsec_ci.formats.cyclonedx_vex.validate", lambda bom: ("/x: no",))

    with pytest.raises(DefectError, match="/x: no"):
        written()


def test_text_that_is_none_is_cleaned() -> None:
    written(result(suppressions=(claim(justification="\udce9"),)), about=vulnerability(summary="\udce9"))


def test_bom_link_escapes_the_reference() -> None:
    assert cyclonedx.bom_link(SERIAL, ref="pkg:pypi/a@1?x=1") == (
        "urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/1#pkg%3Apypi%2Fa%401%3Fx%3D1"
    )


# read_vex

COMPONENTS = [
    {"type": "library", "name": "a", "version": "1.0", "bom-ref": "ref-a", "purl": "pkg:pypi/A@1.0?x=y"},
    {"type": "library", "name": "no-purl", "bom-ref": "ref-none"},
    {"type": "library", "name": "open", "bom-ref": "ref-open", "purl": "pkg:pypi/open"},
    {"type": "library", "name": "unreferred"},
]
ROOT = {"component": {"type": "application", "name": "r", "bom-ref": "root"}}


def statement(**fields: Any) -> bytes:
    one = {"id": "CVE-1", "analysis": {"state": "not_affected"}} | fields
    return bom(metadata=ROOT, components=COMPONENTS, vulnerabilities=[one])


@pytest.mark.parametrize(
    ("affects", "purls"),
    [
        ([], [()]),
        ([{"ref": "root"}], [()]),
        ([{"ref": "ref-a"}, {"ref": "root"}], [()]),
        ([{"ref": "ref-a"}], [("pkg:pypi/a@1.0",)]),
        ([{"ref": "urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/1#ref-a"}], [("pkg:pypi/a@1.0",)]),
        ([{"ref": "urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/1#pkg%3Apypi%2Fz%402"}], [("pkg:pypi/z@2",)]),
        ([{"ref": "pkg:pypi/Z@2"}], [("pkg:pypi/z@2",)]),
        ([{"ref": "elsewhere"}], []),
        ([{"ref": ""}], []),
        ([{"ref": "pkg:broken"}], []),
        ([{"ref": "ref-none"}], []),
        ([{"ref": "ref-none"}, {"ref": "ref-a"}], [("pkg:pypi/a@1.0",)]),
        ([{"ref": "ref-open"}], [("pkg:pypi/open",)]),
        ([{"ref": "ref-open", "versions": [{"version": "1"}, {"version": "2", "status": "affected"}]}],
         [("pkg:pypi/open@1", "pkg:pypi/open@2")]),
        ([{"ref": "ref-open", "versions": [{"version": "1", "status": "unaffected"}]}], []),
        ([{"ref": "ref-open", "versions": [{"version": "1!2+cpu"}]}], [("pkg:pypi/open@1%212%2Bcpu",)]),
        ([{"ref": "ref-a", "versions": [{"range": "vers:pypi/<2"}]}], [("pkg:pypi/a@1.0",)]),
    ],
)  # fmt: skip
def test_what_a_statement_speaks_of(affects: list[Any], purls: list[tuple[str, ...]]) -> None:
    assert [one.purls for one in cyclonedx.read_vex(statement(affects=affects))] == purls


@pytest.mark.parametrize(
    ("state", "status", "justification"),
    [
        ("not_affected", "not_affected", ""),
        ("false_positive", "not_affected", "false_positive"),
        ("exploitable", "affected", ""),
        ("resolved", "fixed", ""),
        ("resolved_with_pedigree", "fixed", ""),
        ("in_triage", "under_investigation", ""),
    ],
)
def test_states_in_openvex_words(state: str, status: str, justification: str) -> None:
    (one,) = cyclonedx.read_vex(statement(analysis={"state": state}))

    assert (one.status, one.justification) == (status, justification)


def test_statement_fields() -> None:
    data = bom(
        metadata=ROOT | {"authors": [{"name": "Ann"}], "timestamp": "2026-01-01T00:00:00Z"},
        vulnerabilities=[
            {
                "id": "CVE-1",
                "bom-ref": "v",
                "references": [{"id": "GHSA-1", "source": {}}, {"id": "CVE-1", "source": {}}],
                "analysis": {
                    "state": "not_affected",
                    "justification": "code_not_present",
                    "detail": "not there",
                    "lastUpdated": "2026-02-03T00:00:00Z",
                    "firstIssued": "2025-02-03T00:00:00Z",
                },
            },
            {"id": "CVE-2", "analysis": {"state": "in_triage", "firstIssued": "2025-02-03T00:00:00Z"}},
            {"id": "CVE-3", "analysis": {"state": "in_triage", "firstIssued": "2025-02-03", "lastUpdated": "x"}},
            {"id": "CVE-4"},
        ],
    )
    one, two, three = cyclonedx.read_vex(data)

    assert (one.id, one.vulnerabilities) == ("v", ("CVE-1", "GHSA-1"))
    assert (one.justification, one.detail, one.author) == ("code_not_present", "not there", "Ann")
    assert [statement.timestamp for statement in (one, two, three)] == [
        datetime(2026, 2, 3, tzinfo=UTC),
        datetime(2025, 2, 3, tzinfo=UTC),
        datetime(2026, 1, 1, tzinfo=UTC),
    ]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (bom(), r"\$\.vulnerabilities"),
        (statement(analysis={}), r"\$\.vulnerabilities\[0\]\.analysis\.state"),
        (statement(analysis={"state": "fine"}), r"\$\.vulnerabilities\[0\]\.analysis\.state"),
        (statement(id=""), r"\$\.vulnerabilities\[0\]\.id"),
        (statement(analysis=7), r"\$\.vulnerabilities\[0\]\.analysis"),
        (statement(affects=[{"ref": "ref-open", "versions": [{"range": "vers:pypi/<2"}]}]), r"affects\[0\]\.versions"),
        (b"no", "vex.json"),
    ],
)
def test_broken_statements_are_the_operators_to_mend(data: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        cyclonedx.read_vex(data, name="vex.json")


def test_what_we_write_we_read() -> None:
    (one,) = cyclonedx.read_vex(cyclonedx.write_vex([run(result(suppressions=(claim(),)))], head()))

    assert one.purls == ("pkg:pypi/jinja2@2.10",)
    assert one.vulnerabilities == ("CVE-2024-1", "GHSA-xxxx-yyyy-zzzz", "PYSEC-2024-1")
    assert (one.status, one.justification) == ("not_affected", "code_not_reachable")


# read_vulnerabilities


def imported(**fields: Any) -> cyclonedx.Imported:
    one = {"id": "CVE-1", "affects": [{"ref": "ref-a"}]} | fields
    return cyclonedx.read_vulnerabilities(bom(metadata=ROOT, components=COMPONENTS, vulnerabilities=[one]))


def test_vulnerabilities_become_results() -> None:
    found = cyclonedx.read_vulnerabilities(
        bom(
            metadata=ROOT | {"tools": [{"name": "grype", "version": "1"}], "timestamp": "2026-01-01T00:00:00Z"},
            components=COMPONENTS,
            vulnerabilities=[
                {
                    "id": "CVE-1",
                    "description": "Bad",
                    "recommendation": "Upgrade",
                    "references": [{"id": "GHSA-1"}],
                    "ratings": [{"method": "CVSSv31", "score": 7.5, "vector": "AV:N", "source": {"name": "NVD"}}],
                    "cwes": [79],
                    "advisories": [{"url": "https://example.org"}],
                    "published": "2025-01-01T00:00:00Z",
                    "affects": [{"ref": "ref-a"}, {"ref": "ref-a"}, {"ref": "root"}, {"ref": "elsewhere"}],
                }
            ],
        ),
        location=Location(path="grype.json"),
    )
    (rule,) = found.rules
    about = rule.vulnerability

    assert (found.present, found.tool, found.version, found.time) == (
        True,
        "grype",
        "1",
        datetime(2026, 1, 1, tzinfo=UTC),
    )
    assert about is not None
    assert about.cvss == (Cvss(version="3.1", vector="CVSS:3.1/AV:N", score=7.5, source="NVD"),)
    assert (about.severity, about.severity_source) == (Severity.HIGH, "CVSSv31 of NVD")
    assert (about.aliases, about.cwes, about.published) == (("GHSA-1",), ("CWE-79",), datetime(2025, 1, 1, tzinfo=UTC))
    assert (rule.level, rule.security_severity, rule.help) == (Level.ERROR, "7.5", "Upgrade")
    assert [one.component.purl if one.component else None for one in found.results] == ["pkg:pypi/a@1.0", None, ""]
    assert found.results[0].message == "CVE-1 in a 1.0: Bad"
    assert {one.locations for one in found.results} == {(Location(path="grype.json"),)}
    assert {one.severity for one in found.results} == {Severity.HIGH}


@pytest.mark.parametrize(
    ("ratings", "severity", "score"),
    [
        ([], Severity.UNKNOWN, None),
        ([{"severity": "unknown"}], Severity.UNKNOWN, None),
        ([{"severity": "medium"}], Severity.MEDIUM, None),
        ([{"severity": "info"}], Severity.NONE, None),
        ([{"severity": "low", "method": "CVSSv4", "score": 9.3}], Severity.CRITICAL, "9.3"),
        ([{"method": "CVSSv4", "score": 0}], Severity.NONE, None),
        ([{"method": "OWASP", "score": 50, "severity": "high"}], Severity.HIGH, None),
        ([{"method": "CVSSv31", "score": 77}], Severity.UNKNOWN, None),
        ([{"method": "CVSSv31", "severity": "critical"}], Severity.CRITICAL, None),
        ([{"method": "CVSSv2", "score": 4.0}, {"method": "CVSSv31", "score": 6.1}], Severity.MEDIUM, "6.1"),
        ([{"severity": "unknown"}, {"severity": "low"}], Severity.LOW, None),
    ],
)
def test_the_worst_rating_counts(ratings: list[Any], severity: Severity, score: str | None) -> None:
    found = imported(ratings=ratings)

    assert found.results[0].severity is severity
    assert found.rules[0].security_severity == score


@pytest.mark.parametrize(
    ("analysis", "reasons"),
    [
        (None, []),
        ({"state": "exploitable"}, []),
        ({"state": "resolved"}, []),
        ({"state": "unheard of"}, []),
        ({"state": "not_affected"}, ["not_affected"]),
        ({"state": "not_affected", "justification": "code_not_present", "detail": "gone"}, ["code_not_present: gone"]),
        ({"state": "false_positive", "detail": "other"}, ["false_positive: other"]),
    ],
)
def test_an_analysis_is_a_claim(analysis: Any, reasons: list[str]) -> None:
    (one,) = imported(analysis=analysis).results

    assert [claim.justification for claim in one.suppressions] == reasons
    assert {claim.origin for claim in one.suppressions} <= {"import"}


def test_without_affects_the_product_is_meant() -> None:
    (one,) = imported(affects=[]).results

    assert one.component is None
    assert one.message == "CVE-1"


def test_no_list_is_not_an_empty_list() -> None:
    assert not cyclonedx.read_vulnerabilities(bom()).present
    empty = cyclonedx.read_vulnerabilities(bom(vulnerabilities=[]))
    assert (empty.present, empty.results, empty.rules, empty.tool, empty.version) == (True, (), (), "", "")


def test_an_id_is_needed() -> None:
    with pytest.raises(InputError, match=r"\$\.vulnerabilities\[0\]\.id"):
        imported(id="")


def test_a_vulnerability_listed_once_a_component_keeps_each_rating() -> None:
    listed = [
        {"id": "CVE-1", "ratings": [{"severity": severity}] if severity else [], "affects": [{"ref": ref}]}
        for ref, severity in (("pkg:pypi/a@1", "critical"), ("pkg:pypi/b@1", "low"), ("pkg:pypi/c@1", ""))
    ]
    found = cyclonedx.read_vulnerabilities(bom(vulnerabilities=listed))
    severities = {one.component.name: one.severity.name for one in found.results if one.component}
    assert severities == {"a": "CRITICAL", "b": "LOW", "c": "UNKNOWN"}
    assert [(rule.id, rule.level.value) for rule in found.rules] == [("CVE-1", "error")]
