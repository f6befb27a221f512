"""Which newer versions are worth a look: examples by hand, and every known version tried out as an oracle."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from govsec_ci.advisories import matching, upgrades
from govsec_ci.advisories.feeds import parts_of
from govsec_ci.advisories.index import Index, open_index
from govsec_ci.advisories.prepare import index_of
from govsec_ci.advisories.upgrades import candidates, known
from govsec_ci.formats import osv
from tests.support import advisories as made

Make = Callable[..., Index]


@pytest.fixture
def make(tmp_path: Path, request: pytest.FixtureRequest) -> Make:
    def build(*records: dict[str, Any]) -> Index:
        index = open_index(index_of(list(parts_of(made.folder(tmp_path / "osv", *records))), tmp_path / "cache"))
        request.addfinalizer(index.close)
        return index

    return build


def _found(index: Index, installed: str, name: str = "demo") -> list[tuple[str, tuple[str, ...]]]:
    own, *newer = candidates(index, name, installed)
    assert own.version == installed
    assert own.rest == tuple(match.vulnerability.id for match in index.match(name, installed))
    return [(one.version, one.rest) for one in newer]


def _record(cve: str, *events: dict[str, str], versions: tuple[str, ...] = ()) -> dict[str, Any]:
    return made.record(cve, events=events, versions=versions)


def _until(version: str) -> tuple[dict[str, str], dict[str, str]]:
    return {"introduced": "0"}, {"fixed": version}


def test_each_step_on_the_way_out_and_the_name_as_written(make: Make) -> None:
    index = make(_record("CVE-1-1", *_until("1.2")), _record("CVE-1-2", *_until("1.4")))
    assert _found(index, "1.0", "De.mo".replace(".", "")) == [("1.2", ("CVE-1-2",)), ("1.4", ())]
    assert _found(index, "1.3") == [("1.4", ())]
    assert _found(index, "1.4") == []
    assert _found(index, "1.0", "other") == []


def test_a_version_that_brings_a_new_vulnerability_tells_so_and_the_way_out_of_that_too(make: Make) -> None:
    """The fix of the first lies within the range of the second, whose own fix no record of the first names."""
    index = make(_record("CVE-1-1", *_until("2.0")), _record("CVE-1-2", {"introduced": "2.0"}, {"fixed": "2.1"}))
    assert _found(index, "1.0") == [("2.0", ("CVE-1-2",)), ("2.1", ())]


def test_after_the_last_affected_version_comes_the_next_that_any_record_names(make: Make) -> None:
    index = make(
        _record("CVE-1-1", {"introduced": "0"}, {"last_affected": "1.4"}),
        _record("CVE-1-2", {"introduced": "3.0"}, versions=("1.6", "1.5")),
    )
    # 1.5 has the second, which lists it; 3.0 too. No known version is free of both.
    assert _found(index, "1.0") == [("1.5", ("CVE-1-2",))]


def test_stable_versions_come_before_pre_releases_unless_one_is_installed(make: Make) -> None:
    records = (_record("CVE-1-1", *_until("2.0rc1")), _record("CVE-1-2", *_until("1.9")))
    index = make(*records, _record("CVE-1-3", {"introduced": "2.5"}, {"fixed": "2.6"}))
    assert [version for version, _ in _found(index, "1.0")] == ["1.9", "2.5", "2.6"]
    assert [version for version, _ in _found(index, "1.0a1")] == ["1.9", "2.0rc1"]


def test_a_pre_release_is_offered_where_nothing_else_mends(make: Make) -> None:
    index = make(_record("CVE-1-1", *_until("2.0rc1")), _record("CVE-1-2", *_until("1.9")))
    assert _found(index, "1.0") == [("1.9", ("CVE-1-1",)), ("2.0rc1", ())]


def test_a_version_is_spelled_as_released(make: Make) -> None:
    index = make(_record("CVE-1-1", *_until("2.2.0"), versions=("1.0",)), _record("CVE-1-2", *_until("2.2")))
    assert _found(index, "1.0") == [("2.2.0", ())]


def test_the_stable_version_after_pre_releases_is_found(make: Make) -> None:
    index = make(
        _record("CVE-1-1", *_until("2.0rc1")), _record("CVE-1-2", {"introduced": "5"}, versions=("2.0rc2", "2"))
    )
    assert next(version for version, _ in _found(index, "1.0")) == "2"


def test_what_no_order_knows_is_no_candidate(make: Make) -> None:
    index = make(_record("CVE-1-1", {"introduced": "0"}, {"fixed": "latest"}, versions=("1.0", "2004d")))
    assert _found(index, "1.0") == []


_VERSIONS = st.sampled_from(
    [f"{a}.{b}{c}" for a in range(1, 4) for b in range(3) for c in ("", "rc1", "rc2", ".post1")]
)
_EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["introduced", "fixed", "last_affected", "limit"]), _VERSIONS | st.just("1.1.0-n653")
    ).map(lambda one: dict([one])),
    max_size=4,
)
_ENTRIES = st.dictionaries(
    st.sampled_from(["A", "B", "C", "D"]), st.tuples(_EVENTS, st.lists(_VERSIONS, max_size=3)), min_size=1
)


def _entry(events: list[dict[str, str]], versions: list[str]) -> tuple[matching.Entry, ...]:
    span = osv.Range(type="ECOSYSTEM", events=[osv.Event(**event) for event in events])
    return (matching.entry(osv.Affected(ranges=[span], versions=versions)),)


class _Held:
    """An index that holds just these entries."""

    def __init__(self, held: upgrades.Entries) -> None:
        self.held = held

    def entries(self, _: str) -> upgrades.Entries:
        return self.held


@given(_ENTRIES, _VERSIONS, st.sets(st.sampled_from(["A", "B", "C", "D"])))
def test_nothing_that_was_left_out_would_have_been_nearer(
    given_entries: dict[str, tuple[list[dict[str, str]], list[str]]], installed: str, allowed: set[str]
) -> None:
    """Whatever may stay: the nearest version among the candidates is the nearest of all known ones."""
    entries = {name: _entry(*own) for name, own in given_entries.items()}

    def rest(version: str) -> set[str]:
        return {name for name, own in entries.items() if matching.is_affected(version, own)}

    def order(version: str) -> tuple[bool, Version]:
        return Version(version).is_prerelease and not Version(installed).is_prerelease, Version(version)

    tried = [one for one in sorted(known(entries, installed), key=order) if rest(one) <= allowed]
    _, *found = candidates(_Held(entries), "demo", installed)  # type: ignore[arg-type]
    offered = [one.version for one in found if set(one.rest) <= allowed]
    assert all(set(one.rest) == rest(one.version) for one in found)
    if not rest(installed) <= allowed:
        assert [Version(one) for one in offered[:1]] == [Version(one) for one in tried[:1]]
