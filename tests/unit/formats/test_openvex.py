"""OpenVEX in and out."""

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec
import pytest

from govsec_ci.errors import InputError
from govsec_ci.formats.openvex import read_openvex, write_openvex
from govsec_ci.model import BaselineState, ComponentRef, Rule, Run, Subject, SuppressionStatus, Vulnerability
from tests.support.evidence_runs import ACCEPTED, NOW, a_result, a_run

JINJA = "pkg:pypi/jinja2@2.10"
PRODUCT = "pkg:pypi/shop@1.0"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
SHOP = Subject(name="Shop", version="1.0", commit=COMMIT)


def document(*statements: dict[str, Any], **more: Any) -> bytes:
    head = {
        "@context": "https://openvex.dev/ns/v0.2.0", "@id": "https://example.org/vex/1", "author": "A. Uthor",
        "timestamp": "2026-03-01T12:00:00Z", "version": 1,
    }  # fmt: skip
    return json.dumps({**head, "statements": list(statements), **more}).encode()


def statement(**more: Any) -> dict[str, Any]:
    standard = {
        "vulnerability": {"name": "CVE-1", "aliases": ["GHSA-1", "CVE-1"]}, "products": [{"@id": JINJA}],
        "status": "not_affected", "justification": "vulnerable_code_not_in_execute_path",
    }  # fmt: skip
    return {**standard, **more}


def test_a_statement_about_a_package() -> None:
    (read,) = read_openvex(document(statement(impact_statement="we never call it")))
    assert read.vulnerabilities == ("CVE-1", "GHSA-1")
    assert (read.purls, read.status) == ((JINJA,), "not_affected")
    assert (read.justification, read.detail) == ("vulnerable_code_not_in_execute_path", "we never call it")
    assert (read.author, read.timestamp, read.id) == ("A. Uthor", NOW, "https://example.org/vex/1#0")


def test_the_newest_date_that_is_given() -> None:
    data = document(
        statement(timestamp="2026-04-01T00:00:00Z", last_updated="2026-05-01T00:00:00Z"),
        statement(timestamp="2026-04-01T00:00:00Z"), statement(), last_updated="2026-03-02T00:00:00Z",
    )  # fmt: skip
    months = [(read.timestamp.month, read.timestamp.day) for read in read_openvex(data) if read.timestamp]
    assert months == [(5, 1), (4, 1), (3, 2)]


PART = {"subcomponents": [{"identifiers": {"purl": JINJA}}]}


@pytest.mark.parametrize(
    ("products", "purls"),
    [
        ([], ()),
        ([{"@id": PRODUCT}], ()),
        ([{"@id": "https://example.org/products/Shop"}], ()),
        ([{"@id": PRODUCT, **PART}], (JINJA,)),
        ([{"@id": "pkg:pypi/other@1", **PART}], None),
        ([{"@id": "pkg:pypi/other@1", **PART}, {"@id": JINJA}], (JINJA,)),
        ([{"@id": "x", "identifiers": {"purl": JINJA}}], (JINJA,)),
    ],
)
def test_of_what_it_speaks(products: Any, purls: tuple[str, ...] | None) -> None:
    (read,) = read_openvex(document(statement(products=products)), subject=SHOP)
    assert read.purls == (purls or ())
    assert bool(read.elsewhere) is (purls is None)


@pytest.mark.parametrize("more", [{}, PART], ids=["whole", "part"])
@pytest.mark.parametrize(
    ("product", "subject", "why"),
    [
        ("pkg:pypi/shop", SHOP, ""),
        ("pkg:pypi/shop@1.0", SHOP, ""),
        ("pkg:pypi/shop@1", SHOP, ""),
        (f"pkg:github/we/shop@{COMMIT}", SHOP, ""),
        ("pkg:pypi/shop@1.1", SHOP, "it speaks of shop 1.1, and this is 1.0"),
        ("pkg:pypi/shop@one", SHOP, "it speaks of shop one, and this is 1.0"),
        ("pkg:pypi/shop@1", Subject(name="shop", commit=COMMIT), f"it speaks of shop 1, and this is {COMMIT}"),
        ("pkg:pypi/shop@1", Subject(name="shop"), "it speaks of shop 1, and which version this is, is not known"),
        (f"pkg:generic/shop@{COMMIT}", Subject(name="shop", commit=COMMIT), ""),
    ],
)
def test_another_version_of_our_product_is_not_ours(product: str, subject: Subject, why: str, more: Any) -> None:
    (read,) = read_openvex(document(statement(products=[{"@id": product, **more}])), subject=subject)
    assert read.elsewhere == why


def test_one_of_the_named_versions_is_enough() -> None:
    products = [{"@id": "pkg:pypi/shop@0.9", **PART}, {"@id": PRODUCT, **PART}]
    (read,) = read_openvex(document(statement(products=products)), subject=SHOP)
    assert (read.purls, read.elsewhere) == ((JINJA,), "")


def test_without_a_name_of_ours_every_product_is() -> None:
    (read,) = read_openvex(document(statement(products=[{"@id": "pkg:pypi/other@1", **PART}])))
    assert read.purls == (JINJA,)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "no OpenVEX document"),
        (b"\xff", "no OpenVEX document"),
        (b"[" * 100_000, "no OpenVEX document"),
        (b"{}", "required field"),
        (document(**{"@context": "https://example.org"}), r"\$\.@context"),
        (document(statement(status="maybe")), r"\$\.statements\[0\]\.status"),
        (document(statement(), statement(justification="because")), r"\$\.statements\[1\]\.justification: 'because'"),
        (document(statement(justification="")), r"\$\.statements\[0\]: not_affected needs"),
        (document(statement(products=[{}])), r"\$\.statements\[0\]\.products\[0\]: has neither"),
        (
            document(statement(products=[{"@id": PRODUCT, "subcomponents": [{}]}])),
            r"products\[0\]\.subcomponents\[0\]: has neither",
        ),
        (document(statement(timestamp="soon")), r"\$\.statements\[0\]\.timestamp"),
        (document(statement(timestamp="2026-04-01T00:00:00")), r"\$\.statements\[0\]\.timestamp"),
    ],
)
def test_what_is_no_document_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_openvex(data, name="x.json")


def audit(**more: Any) -> Run:
    component = ComponentRef(name="jinja2", version="2.10", purl=JINJA)
    rule = Rule(id="CVE-1", vulnerability=Vulnerability(id="CVE-1", aliases=("GHSA-1",)))
    return a_run(a_result("CVE-1", component=component, **more), rules=(rule,))


def written(run: Run) -> Any:
    data = write_openvex([run], author="A. Uthor", now=NOW, product=PRODUCT, tool="govsec_ci 1")
    assert data is not None
    return json.loads(data)


VEX = msgspec.structs.replace(ACCEPTED, origin="vex", justification="component_not_present: stripped out")


@pytest.mark.parametrize(
    ("more", "state"),
    [
        ({}, {"status": "under_investigation"}),
        ({"baseline_state": BaselineState.ABSENT}, {"status": "fixed"}),
        (
            {"suppressions": (ACCEPTED, VEX)},
            {"status": "not_affected", "justification": "component_not_present", "impact_statement": "stripped out"},
        ),
        (
            {"suppressions": (msgspec.structs.replace(VEX, justification="component_not_present"),)},
            {"status": "not_affected", "justification": "component_not_present"},
        ),
        (
            {"suppressions": (msgspec.structs.replace(VEX, justification="code_not_reachable: x"),)},
            {"status": "not_affected", "impact_statement": "code_not_reachable: x"},
        ),
        ({"suppressions": (ACCEPTED,)}, {"status": "affected", "action_statement": "Accepted (waiver): signed off"}),
        (
            {"suppressions": (msgspec.structs.replace(ACCEPTED, status=SuppressionStatus.REJECTED),)},
            {"status": "under_investigation"},
        ),
    ],
)
def test_states(shared: Path, more: Any, state: dict[str, str]) -> None:
    log = written(audit(**more))
    jsonschema_rs.validator_for(json.loads((shared / "schemas/openvex-0.2.0.json").read_bytes())).validate(log)
    (found,) = log["statements"]
    assert {key: found[key] for key in found if key not in {"vulnerability", "products"}} == state
    assert found["vulnerability"] == {"name": "CVE-1", "aliases": ["GHSA-1"]}
    assert found["products"][0]["subcomponents"][0]["@id"] == JINJA


def test_nothing_to_state_and_same_bytes() -> None:
    assert write_openvex([a_run(a_result())], author="A", now=NOW, product=PRODUCT, tool="t") is None
    once, again = (write_openvex([audit()], author="A", now=NOW, product=PRODUCT, tool="t") for _ in range(2))
    assert once == again


def test_what_is_written_is_read() -> None:
    data = write_openvex([audit(suppressions=(VEX,))], author="A", now=NOW, product=PRODUCT, tool="t")
    assert data is not None
    (read,) = read_openvex(data, subject=SHOP)
    assert (read.vulnerabilities, read.purls, read.status) == (("CVE-1", "GHSA-1"), (JINJA,), "not_affected")
