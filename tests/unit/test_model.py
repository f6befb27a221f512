"""Package URLs as everybody writes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packageurl import PackageURL

from govsec_ci.model import Component, Location

PLACE = Location(path="requirements.txt")


@pytest.mark.parametrize(
    ("version", "purl"),
    [
        (None, "pkg:pypi/a-b"),
        ("1.0.post1", "pkg:pypi/a-b@1.0.post1"),
        ("1!2.0", "pkg:pypi/a-b@1%212.0"),
        ("1.0+cpu.2", "pkg:pypi/a-b@1.0%2Bcpu.2"),
    ],
)
def test_a_purl_is_percent_encoded(version: str | None, purl: str) -> None:
    assert Component(name="a-b", version=version, location=PLACE).purl == purl


@given(
    st.from_regex(
        r"([0-9]!)?[0-9]+(\.[0-9]+)*((a|b|rc)[0-9])?(\.post[0-9])?(\.dev[0-9])?(\+[a-z0-9]+)?", fullmatch=True
    )
)
def test_it_is_the_one_that_other_tools_write(version: str) -> None:
    purl = Component(name="a-b", version=version, location=PLACE).purl
    assert purl == PackageURL("pypi", None, "a-b", version).to_string()
    assert PackageURL.from_string(purl).version == version


def test_half_a_surrogate_pair_is_no_defect() -> None:
    assert Component(name="a", version="\ud800", location=PLACE).purl == "pkg:pypi/a@%ED%A0%80"
