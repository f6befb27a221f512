"""What the worker says is taken only where it is whole."""

import json
from typing import Any

import pytest

from govsec_ci.scanners.bandit_wire import decode
from tests.fuzz.children import BANDIT

TESTS, LINE = (json.loads(line) for line in BANDIT.splitlines())


def test_a_line_and_the_tests_come_through_as_they_are() -> None:
    assert decode(json.dumps(LINE).encode()) == LINE
    assert decode(json.dumps(TESTS).encode()) == TESTS


def test_a_path_that_is_no_utf_8_comes_through() -> None:
    assert decode(json.dumps(LINE | {"path": "\udcff.py"}).encode()) == LINE | {"path": "\udcff.py"}


@pytest.mark.parametrize("name", sorted(LINE))
def test_a_key_that_is_missing_or_of_another_kind(name: str) -> None:
    assert decode(json.dumps({key: value for key, value in LINE.items() if key != name}).encode()) is None
    assert decode(json.dumps(LINE | {name: 3.5}).encode()) is None


@pytest.mark.parametrize("changed", [{"start_line": -1}, {"start_line": 2**63}, {"end_line": 0}, {"snippet": None}])
def test_a_place_that_is_none(changed: dict[str, Any]) -> None:
    (found,) = LINE["results"]
    broken = LINE | {"results": [found | {"region": found["region"] | changed}]}
    assert decode(json.dumps(broken).encode()) is None


@pytest.mark.parametrize(
    "line", [b"", b"null", b"3", b'"tests"', b"[]", b"{", b"\xff", b"[" * 100_000, b'{"tests": 3}']
)
def test_anything_else(line: bytes) -> None:
    assert decode(line) is None
