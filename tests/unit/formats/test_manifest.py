"""formats/manifest.py: canonical bytes, and a digest of itself."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govsec_ci.errors import BundleError
from govsec_ci.formats import manifest
from govsec_ci.model import FeedState, Role, Run, ScanState

FEED = FeedState(feed="osv", as_of=datetime(2024, 10, 8, tzinfo=UTC), sha256="ab" * 32, records=3)
RUN = Run(id="x", tool="X", version="1.2", role=Role.SCA, state=ScanState.COMPLETE, advisories=(FEED,))


@given(st.dictionaries(st.text(), st.text()))
def test_what_is_written_is_read(digests: dict[str, str]) -> None:
    assert manifest.read(manifest.write(digests, (RUN,), "engine 1")) == digests


def test_it_names_tools_feeds_and_engine() -> None:
    body = json.loads(manifest.write({"a": "00"}, (RUN, RUN), "engine 1"))
    assert body["tools"] == {"X": "1.2"}
    assert body["engine"] == "engine 1"
    feed = {"feed": "osv", "as_of": "2024-10-08T00:00:00Z", "sha256": "ab" * 32, "records": 3}
    assert body["advisories"] == [feed]


def test_the_order_of_files_does_not_matter() -> None:
    one = manifest.write({"a": "1", "b": "2"}, (RUN,), "e")
    assert one == manifest.write({"b": "2", "a": "1"}, (RUN,), "e")


def test_any_edit_is_seen() -> None:
    data = manifest.write({"a": "00"}, (RUN,), "engine 1")
    with pytest.raises(BundleError, match="its own digest"):
        manifest.read(data.replace(b'"00"', b'"01"'))


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"digest": 1, "files": {"a": 2}}', b"[" * 100_000, b"\xff"])
def test_what_is_no_manifest_is_said(data: bytes) -> None:
    with pytest.raises(BundleError):
        manifest.read(data)
