"""Whether a version is affected: examples by hand, and the specification's algorithm as an oracle."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.version import Version

from govsec_ci.advisories import matching
from govsec_ci.formats import osv
from govsec_ci.model import Fix


def _entry(events: list[dict[str, str]], versions: list[str] | None = None, kind: str = "ECOSYSTEM") -> matching.Entry:
    span = osv.Range(type=kind, events=[osv.Event(**event) for event in events])  # type: ignore[arg-type]
    return matching.entry(osv.Affected(ranges=[span] if events else None, versions=versions))


FROM_ZERO = [{"introduced": "0"}, {"fixed": "2.0"}]
TWICE = [{"introduced": "3.0"}, {"fixed": "3.2"}, {"introduced": "1.0"}, {"fixed": "1.5"}]
LAST = [{"introduced": "1.0"}, {"last_affected": "1.4"}]
LIMITED = [{"introduced": "1.0"}, {"limit": "1.8"}]
EPOCH = [{"introduced": "1!0"}, {"fixed": "1!2"}]


@pytest.mark.parametrize(
    ("events", "affected", "clean"),
    [
        (
            FROM_ZERO,
            ["0", "0.dev1", "0a1", "1.9.9", "2.0rc1", "2.0.dev1", "2004d", "1.0+local"],
            ["2.0", "2.0.0", "2.0+cu118", "2.0.post1", "1!0"],
        ),
        (TWICE, ["1.0", "1.4.9", "3.0", "3.1", "1.5rc1"], ["0.9", "1.0rc1", "1.5", "2.0", "3.2", "4", "2004d"]),
        (LAST, ["1.0", "1.4", "1.4.0", "1.4+cu118", "1.4rc1"], ["1.4.1", "1.4.post1", "1.5", "1.4.0.1+x"]),
        (LIMITED, ["1.0", "1.7.99"], ["0.9", "1.8", "2.0"]),
        ([{"introduced": "1.0"}, {"limit": "*"}], ["1.0", "99", "1!5"], ["0.9"]),
        ([{"introduced": "1.0"}, {"limit": "1.2"}, {"limit": "1.8"}], ["1.7"], ["1.8"]),
        (EPOCH, ["1!0", "1!1.9"], ["5.0", "1!2", "2!0"]),
        ([{"introduced": "1.0"}], ["1.0", "1000"], ["0.9", "1.0rc1"]),
        ([{"introduced": "1.0"}, {"last_affected": "1.0"}], ["1.0", "1.0+x"], ["1.1", "1.0.post1"]),
        ([{"last_affected": "1.0"}, {"introduced": "1.0"}], ["1.0"], ["1.1"]),
        ([{"introduced": "1.0"}, {"fixed": "1.0"}], [], ["0.9", "1.0", "1.1"]),
        ([{"introduced": "1.0+b"}, {"last_affected": "1.0+c"}], ["1.0+b", "1.0+c"], ["1.0", "1.0+d"]),
        ([{"introduced": "0.2.0-n653"}, {"fixed": "1.0"}], ["0.2.1", "0.1"], ["1.0"]),
        ([{"introduced": "0"}, {"fixed": "0.2.0-n653"}], ["0.1", "0.2.0", "0.2.0.post1", "2004d"], ["0.2.1", "1.0"]),
        ([{"introduced": "0.1"}, {"fixed": "0.2.0-n653"}], ["0.1", "0.2"], ["0.0.9", "0.3"]),
        ([{"introduced": "0"}, {"last_affected": "v2.0-final"}], ["2.0", "1.9"], ["2.0.1"]),
        ([{"introduced": "0"}, {"limit": "2.0-final"}], ["2.0", "1.9"], ["2.0.1"]),
        ([{"introduced": "0"}, {"fixed": "latest"}], ["0.1", "99"], []),
    ],
)
def test_ranges(events: list[dict[str, str]], affected: list[str], clean: list[str]) -> None:
    entry = _entry(events)
    assert [v for v in affected if not matching.is_affected(v, [entry])] == []
    assert [v for v in clean if matching.is_affected(v, [entry])] == []


def test_listed_versions_are_compared_as_versions_and_hold_for_local_builds() -> None:
    entry = _entry([], ["1.0.0", "2.0+cu118", "2004d"])
    affected = ("1.0", "1", "1.0+cpu", "v1.0", "2.0+cu118", "2004d")
    assert all(matching.is_affected(v, [entry]) for v in affected)
    assert not any(matching.is_affected(v, [entry]) for v in ("1.0.1", "2.0", "2.0+cpu", "2004e", "1.0.post1"))


def test_a_version_is_affected_by_its_list_or_by_its_ranges() -> None:
    entry = _entry(FROM_ZERO, ["5.0"])
    assert [v for v in ("1.0", "5.0", "6.0") if matching.is_affected(v, [entry])] == ["1.0", "5.0"]


def test_commits_match_no_version() -> None:
    assert not matching.is_affected("1.0", [_entry([{"introduced": "0"}], kind="GIT")])


def test_semver_ranges_of_python_packages_are_read_as_pep_440() -> None:
    assert matching.is_affected("1.0rc1", [_entry(FROM_ZERO, kind="SEMVER")])


VERSIONS = st.sampled_from([f"{a}.{b}{s}" for a in range(4) for b in range(3) for s in ("", "rc1", ".post1")])
EVENTS = st.lists(
    st.one_of(*(st.fixed_dictionaries({kind: VERSIONS}) for kind in ("introduced", "fixed", "last_affected", "limit"))),
    min_size=1,
    max_size=6,
    unique_by=lambda event: next(iter(event.values())),
)


def _specification(version: str, events: list[dict[str, str]], listed: list[str]) -> bool:
    """The pseudo-code of the specification's section "Evaluation", word for word, on PEP 440."""
    v = Version(version)
    if any(v == Version(one) for one in listed):
        return True
    limits = [event["limit"] for event in events if "limit" in event]
    if limits and not any(v < Version(limit) for limit in limits):
        return False
    vulnerable = False
    for event in sorted(events, key=lambda event: Version(next(iter(event.values())))):
        if "introduced" in event and v >= Version(event["introduced"]):
            vulnerable = True
        elif ("fixed" in event and v >= Version(event["fixed"])) or (
            "last_affected" in event and v > Version(event["last_affected"])
        ):
            vulnerable = False
    return vulnerable


@settings(deadline=None)
@given(VERSIONS, EVENTS, st.lists(VERSIONS, max_size=3))
def test_the_answer_is_that_of_the_specification(version: str, events: list[dict[str, str]], listed: list[str]) -> None:
    assert matching.is_affected(version, [_entry(events, listed)]) == _specification(version, events, listed)


@settings(deadline=None)
@given(VERSIONS, st.lists(EVENTS, min_size=1, max_size=3))
def test_a_fix_is_above_the_installed_version_and_not_affected(
    version: str, groups: list[list[dict[str, str]]]
) -> None:
    entries = [_entry(events) for events in groups]
    fix = matching.fix(version, entries)
    assert all(Version(v) > Version(version) and not matching.is_affected(v, entries) for v in fix.versions)
    assert list(fix.versions) == sorted(set(fix.versions), key=Version)
    assert (fix.nearest in fix.versions) if fix.versions else fix.nearest is None


@pytest.mark.parametrize(
    ("version", "fixed", "nearest", "versions"),
    [
        ("1.2", ["1.9", "2.1"], "1.9", ("1.9", "2.1")),
        ("1.2", ["2.1", "1.1", "3.0"], "2.1", ("2.1", "3.0")),
        ("1!1.2", ["1!2.0", "1.9", "1!1.5"], "1!1.5", ("1!1.5", "1!2.0")),
        ("1.2", ["1.3rc1", "1.4"], "1.4", ("1.3rc1", "1.4")),
        ("1.3a1", ["1.3rc1", "1.4"], "1.3rc1", ("1.3rc1", "1.4")),
        ("1.2", ["1.3rc1"], "1.3rc1", ("1.3rc1",)),
        ("1.2", ["1.3rc1", "2.0"], "2.0", ("1.3rc1", "2.0")),
        ("2004d", ["1.0"], "1.0", ("1.0",)),
        ("1.2", ["1.3", "1.3.0"], "1.3", ("1.3",)),
        ("9.0", ["1.9"], None, ()),
        ("1.2", [], None, ()),
    ],
)
def test_the_nearest_fix(version: str, fixed: list[str], nearest: str | None, versions: tuple[str, ...]) -> None:
    # One range a fix, each from the beginning of its own major version: what a record of several branches holds.
    entries = [matching.Entry((matching.Span(((matching.FIXED, one),)),)) for one in fixed]
    assert matching.fix(version, entries) == Fix(nearest=nearest, versions=versions)


def test_what_one_record_calls_fixed_and_another_affected_is_no_fix() -> None:
    entries = [_entry([{"introduced": "0"}, {"fixed": "1.5"}]), _entry([{"introduced": "1.0"}, {"fixed": "1.7"}])]
    assert matching.fix("1.2", entries) == Fix(nearest="1.7", versions=("1.7",))


@pytest.mark.parametrize(
    ("events", "versions", "texts"),
    [
        (FROM_ZERO, ["1.0", "5.0"], ("<2.0", "==5")),
        (TWICE, [], (">=1.0,<1.5", ">=3.0,<3.2")),
        (LAST, [], (">=1.0,<=1.4",)),
        (LIMITED, [], (">=1.0,<1.8",)),
        ([{"introduced": "0"}], ["1.0"], ("*",)),
        ([{"introduced": "1"}, {"limit": "*"}], [], (">=1",)),
        ([{"introduced": "1"}, {"introduced": "2"}, {"fixed": "3"}, {"fixed": "4"}], [], (">=1,<3",)),
        ([], ["10", "9", "2004d"], ("==2004d", "==9", "==10")),
        ([{"introduced": "1"}, {"fixed": "2\u001b[2J"}], ["x\n"], (">=1,<2[2J", "==x")),
    ],
)
def test_ranges_as_text(events: list[dict[str, str]], versions: list[str], texts: tuple[str, ...]) -> None:
    assert matching.ranges([_entry(events, versions)]) == texts
