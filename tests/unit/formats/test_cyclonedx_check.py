"""Field by field: what NTIA, CISA's draft and BSI ask of an SBOM."""

from typing import Any

import pytest

from govsec_ci.errors import InputError
from govsec_ci.formats import cyclonedx
from govsec_ci.formats.cyclonedx import SbomField, SbomReport
from tests.support.cyclonedx import bom, component, part, sbom

BSI, CISA, NTIA = "BSI TR-03183-2", "CISA minimum elements", "NTIA minimum elements"


def rows(report: SbomReport, standard: str) -> dict[str, SbomField]:
    return {field.field: field for field in report.fields if field.standard == standard}


def counts(report: SbomReport, standard: str) -> dict[str, str]:
    return {name: f"{field.present}/{field.total}" for name, field in rows(report, standard).items()}


def full(**component_fields: Any) -> bytes:
    """A document that holds everything that any of the three documents asks for; ``None`` takes a field away."""
    properties = [
        {"name": "bsi:component:filename", "value": "x.whl"},
        {"name": "bsi:component:executable", "value": "non-executable"},
        {"name": "bsi:component:archive", "value": "archive"},
        {"name": "bsi:component:structured", "value": "structured"},
    ]
    one = {
        "type": "library",
        "name": "x",
        "version": "1",
        "bom-ref": "x",
        "purl": "pkg:pypi/x@1",
        "supplier": {"name": "S"},
        "manufacturer": {"name": "M", "contact": [{"email": "m@example.org"}]},
        "licenses": [
            {"license": {"id": "MIT", "acknowledgement": "concluded"}},
            {"license": {"id": "MIT", "acknowledgement": "declared"}},
        ],
        "externalReferences": [
            {"type": "distribution", "url": "https://h.example/x.whl",
             "hashes": [{"alg": "SHA-512", "content": "a" * 128}]},
            {"type": "source-distribution", "url": "https://h.example/x.tar.gz"},
        ],
        "properties": properties,
    } | component_fields  # fmt: skip
    one = {key: value for key, value in one.items() if value is not None}
    root = one | {"name": "r", "bom-ref": "r", "purl": "pkg:pypi/r@1", "type": "application"}
    return bom(
        serialNumber="urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79",
        metadata={
            "timestamp": "2026-01-02T03:04:05Z",
            "lifecycles": [{"phase": "build"}],
            "manufacturer": {"name": "O", "url": ["https://o.example"]},
            "tools": {"components": [{"type": "application", "name": "t"}]},
            "component": root,
        },
        components=[one],
        dependencies=[{"ref": "r", "dependsOn": ["x"]}, {"ref": "x"}],
        compositions=[{"aggregate": "complete", "dependencies": ["r", "x"]}],
    )


def test_a_full_document_has_everything() -> None:
    report = cyclonedx.check(full())

    assert report.problems == ()
    assert [field.field for field in report.fields if not field.ok] == []
    assert report.components == 1
    assert report.serial_number.startswith("urn:uuid:")
    assert {field.standard for field in report.fields} == {BSI, CISA, NTIA}
    assert {field.edition for field in report.fields} == {"2.1.0", "2025 draft", "2021-07-12"}


def test_an_empty_document_has_nothing() -> None:
    report = cyclonedx.check(bom(components=[{"type": "library", "name": "x"}]))

    assert {name for name, count in counts(report, NTIA).items() if count[0] != "0"} == {"component name"}
    assert {name for name, count in counts(report, CISA).items() if count[0] != "0"} == {"component name"}
    assert {name for name, count in counts(report, BSI).items() if count[0] != "0"} == {
        "CycloneDX 1.6 or later",
        "component name",
        "no vulnerability information",
    }
    assert rows(report, NTIA)["dependency relationship"].missing == ("document", "x")
    assert counts(report, NTIA)["dependency relationship"] == "0/2"


def test_only_what_a_document_demands_is_a_must() -> None:
    report = cyclonedx.check(full())

    assert {field.demand for field in report.fields if field.standard == CISA} == {"should"}
    assert {field.demand for field in report.fields if field.clause == "5.2.4"} == {"should"}
    assert {field.demand for field in report.fields if field.clause == "5.2.2"} == {"must"}


@pytest.mark.parametrize(
    ("fields", "standard", "field"),
    [
        ({"supplier": None, "manufacturer": None}, NTIA, "supplier"),
        ({"supplier": {"name": " "}, "manufacturer": None}, NTIA, "supplier"),
        ({"version": None}, NTIA, "version"),
        ({"version": None}, CISA, "component version"),
        ({"version": None}, BSI, "component version"),
        ({"supplier": None, "manufacturer": None}, CISA, "software producer"),
        ({"licenses": None}, CISA, "license"),
        ({"externalReferences": None}, CISA, "component hash"),
        ({"externalReferences": [{"type": "vcs", "url": "x", "hashes": [{"alg": "SHA-512", "content": "a"}]}]},
         CISA, "component hash"),
        ({"manufacturer": {"name": "M"}}, BSI, "component creator"),
        ({"manufacturer": {"contact": [{"name": "M"}]}}, BSI, "component creator"),
        ({"licenses": [{"expression": "MIT", "acknowledgement": "declared"}]}, BSI, "distribution licences"),
        ({"licenses": [{"expression": "MIT", "acknowledgement": "concluded"}]}, BSI, "original licences"),
        ({"licenses": [{"license": {"name": "Own", "acknowledgement": "concluded"}}]}, BSI, "distribution licences"),
        ({"externalReferences": [{"type": "distribution", "url": "x", "hashes": [{"alg": "SHA-256", "content": "a"}]}],
          "hashes": [{"alg": "SHA-512", "content": "a"}]}, BSI, "SHA-512 of the deployable component"),
        ({"externalReferences": None}, BSI, "URI of the deployable form"),
        ({"externalReferences": None}, BSI, "source code URI"),
        ({"properties": None}, BSI, "filename"),
        ({"properties": [{"name": "bsi:component:filename", "value": ""}]}, BSI, "filename"),
        ({"properties": [{"name": "bsi:component:archive", "value": "yes"}]}, BSI, "archive"),
        ({"properties": [{"name": "bsi:component:archive", "value": "archive"}] * 2}, BSI, "archive"),
        ({"purl": None}, BSI, "purl or CPE"),
    ],
)  # fmt: skip
def test_each_field_can_be_missing(fields: dict[str, Any], standard: str, field: str) -> None:
    row = rows(cyclonedx.check(full(**fields)), standard)[field]

    assert not row.ok
    assert len(row.missing) == row.total - row.present > 0


@pytest.mark.parametrize(
    ("fields", "standard", "field"),
    [
        ({"supplier": None, "manufacturer": None, "publisher": "P"}, NTIA, "supplier"),
        ({"supplier": None, "manufacturer": None, "author": "A"}, CISA, "software producer"),
        ({"supplier": None, "manufacturer": None, "authors": [{"name": "A"}]}, CISA, "software producer"),
        ({"externalReferences": None, "hashes": [{"alg": "MD5", "content": "a"}]}, CISA, "component hash"),
        ({"licenses": [{"expression": "MIT", "acknowledgement": "concluded"}]}, BSI, "distribution licences"),
        ({"purl": None, "cpe": "cpe:/a:x:x:1"}, BSI, "purl or CPE"),
    ],
)
def test_other_places_count_too(fields: dict[str, Any], standard: str, field: str) -> None:
    assert rows(cyclonedx.check(full(**fields)), standard)[field].present >= 1


def test_completeness_must_be_told_for_each() -> None:
    data = full().replace(b'"complete"', b'"unknown"')
    report = rows(cyclonedx.check(data), BSI)

    assert report["dependencies resolved recursively"].missing == ("pkg:pypi/r@1", "pkg:pypi/x@1")
    assert report["dependencies with completeness"].ok
    not_told = rows(cyclonedx.check(full().replace(b'"complete"', b'"not_specified"')), BSI)
    assert not not_told["dependencies with completeness"].ok


def test_vulnerabilities_do_not_belong_into_an_sbom() -> None:
    with_empty = bom(vulnerabilities=[])
    with_one = bom(vulnerabilities=[{"id": "CVE-1"}])

    assert rows(cyclonedx.check(with_empty), BSI)["no vulnerability information"].ok
    assert not rows(cyclonedx.check(with_one), BSI)["no vulnerability information"].ok


def test_old_versions_are_looked_at_by_their_own_schema() -> None:
    old = bom(specVersion="1.4", version=1, metadata={"tools": [{"name": "t"}]})
    report = cyclonedx.check(old)

    assert report.problems == ()
    assert not rows(report, BSI)["CycloneDX 1.6 or later"].ok
    assert rows(report, CISA)["tool name"].ok
    assert cyclonedx.check(bom(specVersion="1.4", version=1, metadata={"lifecycles": []})).problems != ()


def test_an_author_by_e_mail_alone_is_one() -> None:
    report = cyclonedx.check(bom(metadata={"authors": [{"email": "a@example.org"}]}))

    assert rows(report, CISA)["SBOM author"].ok
    assert rows(report, NTIA)["author of SBOM data"].ok


def test_our_own_document_holds_what_a_lock_can_give() -> None:
    lock = part(
        component("a", hashes={"sha256": ("a" * 64,)}, direct=True, depends_on=("b",)),
        component("b", hashes={"sha256": ("b" * 64,)}, direct=False, depends_on=()),
    )
    report = cyclonedx.check(cyclonedx.write(sbom(lock)))

    assert report.problems == ()
    assert {name for name, row in rows(report, NTIA).items() if not row.ok} == {"supplier"}
    assert rows(report, BSI)["dependencies resolved recursively"].ok


def test_invalid_documents_are_told_so() -> None:
    assert "/components/0" in cyclonedx.check(bom(components=[{"name": "x"}])).problems[0]
    with pytest.raises(InputError, match="truncated"):
        cyclonedx.check(b"{")
