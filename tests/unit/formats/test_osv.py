"""What is an OSV record, and what a malformed one is told."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from govsec_ci.errors import InputError
from govsec_ci.formats import osv
from tests.support.advisories import SEPTEMBER, record


def _decode(document: Any) -> osv.Record:
    return osv.decode_json(json.dumps(document).encode(), "a.json")


def test_a_record_keeps_what_matching_and_people_need() -> None:
    found = _decode(
        record(
            "GHSA-aaaa-bbbb-cccc",
            aliases=["CVE-2024-0001"],
            summary="short",
            database_specific={"severity": "Moderate", "cwe_ids": ["CWE-79"]},
            published="2024-08-31T23:00:00.123456789+09:00",
        )
    )
    assert (found.id, found.summary, found.other_ids()) == ("GHSA-aaaa-bbbb-cccc", "short", ("CVE-2024-0001",))
    assert (found.severity_word(), found.cwes()) == ("MODERATE", ("CWE-79",))
    assert found.modified == datetime(2024, 9, 1, tzinfo=UTC)
    assert found.published is not None
    assert found.published.utcoffset() is not None


def test_null_means_absent() -> None:
    names = ("published", "withdrawn", "aliases", "summary", "details", "severity", "affected", "references")
    found = _decode({"id": "X-1", "modified": SEPTEMBER, **dict.fromkeys(names), "database_specific": None})
    assert found == osv.Record(id="X-1", modified=datetime(2024, 9, 1, tzinfo=UTC))
    assert (found.other_ids(), found.severity_word(), found.cwes()) == ((), "", ())


@pytest.mark.parametrize("specific", [{"severity": 7, "cwe_ids": "CWE-1"}, {"cwe_ids": [1, None]}, {}])
def test_a_database_may_keep_anything_of_its_own(specific: dict[str, Any]) -> None:
    found = _decode(record(database_specific=specific))
    assert (found.severity_word(), found.cwes()) == ("", ())


def test_aliases_are_cleaned_of_stray_commas_and_of_what_is_no_id() -> None:
    found = _decode(record("X-1", aliases=["GHSA-jf66-3q76-h5p5,", " CVE-2024-2 ", "X-1", "a/../b", "", "two words"]))
    assert found.other_ids() == ("GHSA-jf66-3q76-h5p5", "CVE-2024-2")


def test_the_year_one_without_leading_zeros_is_read() -> None:
    """PYSEC-2024-55 in the public data of 2024-10-10."""
    assert _decode(record(modified="1-01-01T00:00:00Z")).modified == datetime(1, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"id": 7}, "`$.id`"),
        ({"id": "../../etc/passwd"}, "`$.id`"),
        ({"id": "X-1\u001b[31m"}, "`$.id`"),
        ({"modified": "yesterday"}, "`$.modified`"),
        ({"modified": "2024-09-01T00:00:00"}, "`$.modified`"),
        ({"modified": "1-99-01T00:00:00Z"}, "`$.modified`"),
        ({"aliases": "CVE-1"}, "`$.aliases`"),
        ({"affected": [{"versions": [1.1]}]}, "`$.affected[0].versions[0]`"),
        ({"affected": [{"package": {"name": "x"}}]}, "`$.affected[0].package`"),
        ({"affected": [{"package": {"ecosystem": "PyPI", "name": ""}}]}, "`$.affected[0].package.name`"),
        (
            {"affected": [{"ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": ""}]}]}]},
            "`$.affected[0].ranges[0].events[1].fixed`",
        ),
        ({"affected": [{"ranges": [{"type": "SEMVER", "events": []}]}]}, "`$.affected[0].ranges[0].events`"),
        ({"affected": [{"ranges": [{"type": "DATE", "events": [{"fixed": "1"}]}]}]}, "`$.affected[0].ranges[0].type`"),
        ({"affected": [{"ranges": [{"type": "ECOSYSTEM", "events": [{}]}]}]}, "`$.affected[0].ranges[0].events`"),
        ({"affected": [{"ranges": [{"type": "GIT", "events": [{"fixed": "1"}]}]}]}, "`$.affected[0].ranges[0].events`"),
    ],
)
def test_a_malformed_record_is_named_with_the_place_in_it(change: dict[str, Any], where: str) -> None:
    with pytest.raises(InputError) as caught:
        _decode(record(**change))
    assert caught.value.what.startswith("a.json: not a valid OSV record: ")
    assert where in caught.value.what
    assert caught.value.next_step


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"\xff\xfe", b'{"id": "X-1"}', b"[" * 100_000, b'{"a":' * 100_000])
def test_what_is_no_record_is_an_input_error(data: bytes) -> None:
    with pytest.raises(InputError, match="not a valid OSV record"):
        osv.decode_json(data, "b.json")


@settings(deadline=None)
@given(
    st.binary(max_size=200)
    | st.recursive(
        st.none() | st.booleans() | st.text(),
        lambda x: st.lists(x) | st.dictionaries(st.sampled_from(["id", "modified", "affected", "ranges", "events"]), x),
    ).map(lambda d: json.dumps(d).encode())
)
def test_any_bytes_are_a_record_or_an_input_error(data: bytes) -> None:
    try:
        found = osv.decode_json(data, "c.json")
    except InputError:
        return
    assert found.id


YAML = b"""
id: PYSEC-2024-9
modified: 2024-09-01T00:00:00Z
withdrawn: null
aliases: [CVE-2024-9]
affected:
- package: {ecosystem: PyPI, name: demo}
  ranges:
  - type: ECOSYSTEM
    events:
    - introduced: 0
    - fixed: 1.10
  versions: [1.0, 1.1]
"""


def test_yaml_scalars_are_text() -> None:
    found = osv.decode(YAML, "vulns/demo/PYSEC-2024-9.yaml")
    assert found is not None
    assert found.withdrawn is None
    assert found.affected is not None
    assert found.affected[0].versions == ["1.0", "1.1"]
    assert found.affected[0].ranges is not None
    assert found.affected[0].ranges[0].events == [osv.Event(introduced="0"), osv.Event(fixed="1.10")]


@pytest.mark.parametrize("data", [b"", b"site_name: docs\n", b"- id\n- modified\n", b"plain text"])
def test_yaml_that_is_no_record_is_passed_over(data: bytes) -> None:
    assert osv.decode(data, "mkdocs.yml") is None


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"id: X-1\n", "modified"),
        (b"affected: {}\n", "id"),
        (b"id: [\n", "flow"),
        (b"id: X-1\nmodified: &a 2024-09-01T00:00:00Z\npublished: *a\n", "aliases"),
        (
            b"id: X-1\nmodified: 2024-09-01T00:00:00Z\naffected:\n- ranges:\n  - {type: GIT, events: [{fixed: a}]}\n",
            "introduced",
        ),
        (b"id: " + b"[" * 2_000_000, "nested too deep"),
        (b"- " * 2_000_000 + b"x", "nested too deep"),
        (b"id: " + b"{a: " * 2_000_000, "nested too deep"),
        (b"id: X-1\n? [a]\n: b\n", "a key that is no text"),
        (b"id: \x00\n", "control characters"),
    ],
)
def test_yaml_that_looks_like_a_record_must_be_one(data: bytes, why: str) -> None:
    with pytest.raises(InputError, match=why):
        osv.decode(data, "x.yaml")


def test_json_and_yaml_are_read_alike() -> None:
    document = record("X-1", modified="1-01-01T00:00:00Z", aliases=["CVE-2024-1"], versions=["1.0"], summary="a: b")
    assert osv.decode(json.dumps(document).encode(), "x.yaml") == osv.decode(json.dumps(document).encode(), "x.json")


def test_half_a_surrogate_pair_is_no_text() -> None:
    with pytest.raises(InputError):
        osv.decode_json(b'{"id": "X-1", "modified": "2024-09-01T00:00:00Z", "summary": "\\ud800"}', "x.json")


def test_a_star_in_text_is_no_yaml_alias() -> None:
    assert osv.decode(YAML + b"details: 'all *versions*'\n", "x.yaml") is not None
