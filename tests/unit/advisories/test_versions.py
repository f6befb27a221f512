"""The order of versions."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.version import Version

from govsec_ci.advisories import versions

NUMBERS = st.lists(st.integers(0, 30), min_size=1, max_size=4).map(lambda parts: ".".join(map(str, parts)))
PEP440 = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["", "1!"]),
    NUMBERS,
    st.sampled_from(["", "a1", "rc2", ".dev3", ".post1", "rc1.post2.dev3"]),
    st.sampled_from(["", "+cu118", "+cpu.2"]),
)


@settings(deadline=None)
@given(PEP440, PEP440)
def test_pep_440_versions_compare_as_packaging_compares_them(left: str, right: str) -> None:
    assert (versions.key(left) < versions.key(right)) == (Version(left) < Version(right))
    assert (versions.canonical(left) == versions.canonical(right)) == (Version(left) == Version(right))


@pytest.mark.parametrize(
    "ascending",
    [
        ["2004d", "2004.5x", "0.0.dev0"],
        ["0.3.2e.dev", "0.3.2f.dev", "0.6m3", "0.6m10", "0.1"],
        ["2013-01-21T20:33:09+0100", "2013-02-01T20:50:46+0100", "1!0"],
    ],
)
def test_what_pep_440_cannot_read_sorts_before_the_rest_and_number_by_number(ascending: list[str]) -> None:
    keys = [versions.BEGINNING, *map(versions.key, ascending), versions.END]
    assert keys == sorted(keys)
    assert len(set(keys)) == len(keys)


@settings(deadline=None)
@given(st.text(max_size=20), st.text(max_size=20))
def test_any_two_texts_compare(left: str, right: str) -> None:
    a, b = versions.key(left), versions.key(right)
    assert (a < b) + (b < a) + (a == b) == 1


@pytest.mark.parametrize(
    ("version", "public", "major"),
    [("2.0+cu118", "2.0", (0, 2)), ("1!3.1rc1", "1!3.1rc1", (1, 3)), ("2004d", "2004d", None)],
)
def test_parts_of_a_version(version: str, public: str, major: tuple[int, int] | None) -> None:
    assert (versions.public(version), versions.major(version)) == (public, major)


def test_what_pep_440_cannot_read_is_its_own_canonical_form() -> None:
    assert (versions.canonical("1.0.0"), versions.canonical("2004d")) == (versions.canonical("1"), "2004d")


def test_a_number_that_python_does_not_convert_is_legacy_and_still_compares() -> None:
    long, longer = "1" * 5_000, "9" * 5_001
    assert (versions.parse(long), versions.canonical(long)) == (None, long)
    assert versions.key("7") > versions.key(longer) > versions.key(long) > versions.key(f"0{'2' * 4_999}x")
    assert versions.key(f"x{long}") == versions.key(f"x0{long}")
