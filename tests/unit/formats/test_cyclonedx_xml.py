"""The XML form of CycloneDX reads as the JSON form does; the library writes both for comparison."""

import contextlib
import json
from typing import Any

import pytest
from cyclonedx.model.bom import Bom
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.output.xml import XmlV1Dot6
from hypothesis import given, settings
from hypothesis import strategies as st

from govsec_ci.errors import InputError
from govsec_ci.formats import cyclonedx
from tests.support.cyclonedx import component, head, part, sbom
from tests.unit.formats.test_cyclonedx_vex import claim, result, run

NAMESPACE = "http://cyclonedx.org/schema/bom/1.6"


def both(document: dict[str, Any]) -> tuple[bytes, bytes]:
    """The document as the library writes it: JSON and XML."""
    made: Bom = Bom.from_json(document)  # type: ignore[attr-defined]
    return JsonV1Dot6(made).output_as_string().encode(), XmlV1Dot6(made).output_as_string().encode()


def xml(inner: str, attributes: str = "", version: str = "1.6") -> bytes:
    return f'<bom xmlns="http://cyclonedx.org/schema/bom/{version}" version="1" {attributes}>{inner}</bom>'.encode()


def rich() -> dict[str, Any]:
    first = component(
        "flask", "3.0.0", hashes={"sha256": ("a" * 64,)}, licence="MIT OR Apache-2.0", supplier="Pallets",
        authors=("Ann <ann@example.org>",), extras=("async",), depends_on=("jinja2",), direct=True,
        url="https://h.example/flask.whl",
    )  # fmt: skip
    second = component("jinja2", None, licence="Own words", depends_on=(), direct=False)
    author = cyclonedx.Party(name="Office", email="a@office.example", url="https://office.example")
    return sbom(part(first, second), author=author, project=cyclonedx.Project(licence="MIT", authors=("Bo",)))


def test_an_sbom_reads_the_same() -> None:
    as_json, as_xml = both(rich())

    assert cyclonedx.read_sbom(as_xml) == cyclonedx.read_sbom(as_json)
    assert cyclonedx.decode(as_xml) == cyclonedx.decode(as_json)
    assert cyclonedx.check(as_xml).fields == cyclonedx.check(as_json).fields
    assert cyclonedx.check(as_xml).problems == ()


def test_vulnerabilities_read_the_same() -> None:
    vex = json.loads(cyclonedx.write_vex([run(result(suppressions=(claim(),)))], head()))
    del vex["metadata"]["component"]
    as_json, as_xml = both(vex)

    assert cyclonedx.read_vex(as_xml) == cyclonedx.read_vex(as_json) != ()
    assert cyclonedx.read_vulnerabilities(as_xml) == cyclonedx.read_vulnerabilities(as_json)
    assert cyclonedx.decode(as_xml) == cyclonedx.decode(as_json)


def test_compositions_which_the_library_does_not_know() -> None:
    inner = (
        '<components><component type="library" bom-ref="a"><name>a</name></component></components>'
        '<dependencies><dependency ref="a"><dependency ref="b"/></dependency></dependencies>'
        "<compositions><composition><aggregate>complete</aggregate>"
        '<assemblies><assembly ref="a"/></assemblies><dependencies><dependency ref="a"/></dependencies>'
        "</composition></compositions>"
    )
    bom = cyclonedx.decode(xml(inner))

    assert [(one.aggregate, one.assemblies, one.dependencies) for one in bom.compositions] == [
        ("complete", ("a",), ("a",))
    ]
    assert cyclonedx.check(xml(inner)).problems == ()


@pytest.mark.parametrize(
    "tools",
    [
        "<tools><tool><vendor>v</vendor><name>t</name><version>1</version></tool></tools>",
        (
            '<tools><components><component type="application"><name>t</name><version>1</version>'
            "</component></components></tools>"
        ),
    ],
)
def test_tools_of_either_shape(tools: str) -> None:
    found = cyclonedx.read_vulnerabilities(xml(f"<metadata>{tools}</metadata>"))

    assert (found.tool, found.version) == ("t", "1")


def test_no_tools_are_no_tools() -> None:
    assert cyclonedx.read_vulnerabilities(xml("<metadata><tools/></metadata>")).tool == ""


def test_other_identifiers_and_old_versions() -> None:
    inner = (
        '<components><component type="library"><name>a</name><version>1</version><swid tagId="x" name="y"/></component>'
        '<component type="library"><name>b</name><version>1</version><cpe>cpe:/a:b:b:1</cpe></component></components>'
    )
    report = cyclonedx.check(xml(inner, version="1.2"))

    assert report.problems == ()
    assert {row.field: row.ok for row in report.fields}["other unique identifiers"]


def test_schema_problems_have_lines() -> None:
    report = cyclonedx.check(xml("\n<components><component><name>a</name></component></components>"))

    assert report.problems[0].startswith("line 2: ")


def test_a_wrong_encoding_declared_is_a_problem() -> None:
    data = b'<?xml version="1.0" encoding="UTF-16"?>' + xml("")

    assert cyclonedx.read_sbom(data).components == ()
    assert cyclonedx.check(data).problems[0].startswith("line 1: ")


def test_byte_order_mark_is_no_mistake() -> None:
    assert cyclonedx.check(b"\xef\xbb\xbf" + xml("")).spec_version == "1.6"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"<bom", "unclosed token|no element"),
        (b"<", "unclosed token|no element"),
        (b"<bom/>", "not a CycloneDX document"),
        (b'<x xmlns="http://cyclonedx.org/schema/bom/1.6"/>', "not a CycloneDX document"),
        (xml("", version="9"), r"\$\.specVersion"),
        (xml("<specVersion>1.6</specVersion>", version="9"), r"\$\.specVersion"),
        (b'<!DOCTYPE bom [<!ENTITY a "b">]>' + xml("&a;"), "DOCTYPE"),
        (xml("&a;"), "undefined entity"),
        (xml("<a>" * 500 + "</a>" * 500), "nested too deeply"),
        (xml("<components><component type='library'><version>1</version></component></components>"), "`name`"),
        (
            xml("<vulnerabilities><vulnerability><cwes><cwe>x</cwe></cwes></vulnerability></vulnerabilities>"),
            r"cwes\[0\]",
        ),
        (b"<bom>\xff</bom>", "not well-formed"),
        (xml("").decode().encode("utf-16"), "malformed"),
    ],
)
def test_broken_input_is_told(data: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        cyclonedx.check(data, name="x.xml")

    assert caught.value.what.startswith("x.xml: ")


def test_elements_without_end_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("govsec_ci.formats.cyclonedx_xml._LIMIT_ELEMENTS", 10)
    with pytest.raises(InputError, match="more than 10 elements"):
        cyclonedx.read_sbom(xml("<components>" + "<component/>" * 10 + "</components>"))


def test_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("govsec_ci.formats.cyclonedx_wire.LIMIT_BYTES", 10)

    with pytest.raises(InputError, match="larger than the limit of 10 bytes"):
        cyclonedx.read_sbom(xml(""))


WORDS = (
    "components component name metadata tools tool hashes hash licenses license id dependencies dependency "
    "compositions composition supplier url contact properties property vulnerabilities vulnerability affects target "
    "ref versions version authors author expression ratings rating score swid"
)
NAMES = WORDS.split()
trees = st.recursive(
    st.sampled_from(["", "x", "1"]),
    lambda inner: st.lists(st.tuples(st.sampled_from(NAMES), inner), max_size=3).map(
        lambda pairs: "".join(f'<{name} ref="r" type="library">{body}</{name}>' for name, body in pairs)
    ),
    max_leaves=12,
)


@settings(max_examples=80, deadline=None)
@given(trees)
def test_nothing_but_an_input_error(inner: str) -> None:
    for read in (cyclonedx.read_sbom, cyclonedx.read_vex, cyclonedx.read_vulnerabilities):
        with contextlib.suppress(InputError):
            read(xml(inner))


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=30), st.integers(0, 60))
def test_spliced_bytes(noise: bytes, at: int) -> None:
    data = xml("<components/>")
    with contextlib.suppress(InputError):
        cyclonedx.check(data[:at] + noise + data[at:])
