"""A committed SBOM is current when it says the same of the components."""

import json
from typing import Any

import pytest

from govsec_ci.formats.cyclonedx_same import same

COMMIT = "8" * 40


def bom(commit: str = COMMIT, *, serial: str = "urn:1", time: str = "2024-01-01T00:00:00Z", **more: Any) -> bytes:
    at = f"%40{commit}" if commit else ""
    purl = f"pkg:generic/app{'@' + commit if commit else ''}?vcs_url=git%2Bhttps://example.org/app{at}"
    properties = [{"name": "govsec:commit", "value": commit}] if commit else []
    metadata = {"timestamp": time, "component": {"name": "app", "purl": purl}, "properties": properties}
    return json.dumps({"serialNumber": serial, "metadata": metadata, "components": ["a"]} | more).encode()


def test_serial_time_and_commit_do_not_count() -> None:
    assert same(bom(), bom("9" * 40, serial="urn:2", time="2025-01-01T00:00:00Z"))
    assert same(bom(), bom(""))


@pytest.mark.parametrize("other", [bom(components=["b"]), bom(components=[]), bom(dependencies=[]), bom(version=2)])
def test_all_else_counts(other: bytes) -> None:
    assert not same(bom(), other)


@pytest.mark.parametrize(
    "broken", [b"", b"[]", b"{", b"\xff", b'{"metadata": 1}', b'{"metadata": {"properties": [1]}}']
)
def test_what_is_no_sbom_is_the_same_as_nothing(broken: bytes) -> None:
    assert not same(broken, broken)
    assert not same(broken, bom())
