"""Exact versions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet

from govsec_ci.manifests.pins import allows, exact_version, is_local, normal


@pytest.mark.parametrize(
    ("specifier", "version"),
    [
        ("==1.0", "1.0"),
        ("===1.0", "1.0"),
        ("===anything", None),
        ("==1.*", None),
        ("==1.0,!=1.0", None),
        ("==1.0,<2", "1.0"),
        ("==1.0a1", "1.0a1"),
        ("==1.0a1,>=0.1", "1.0a1"),
        ("", None),
        (">=1", None),
        ("~=1.0", None),
    ],
)
def test_exact_version(specifier: str, version: str | None) -> None:
    assert exact_version(SpecifierSet(specifier)) == version


@given(st.lists(st.integers(0, 50), min_size=1, max_size=4))
def test_every_pin_is_exact(parts: list[int]) -> None:
    version = ".".join(map(str, parts))
    assert exact_version(SpecifierSet(f"=={version}")) == version == normal(version)
    assert allows(f"=={version}", version)


def test_normal_and_local() -> None:
    assert normal("v1.0-1") == "1.0.post1"
    assert normal("one") is None
    assert is_local("1.0+cpu")
    assert not is_local("1.0")
    assert not is_local(None)


def test_allows() -> None:
    assert allows("", "1")
    assert allows(">=1", "2.0a1")
    assert allows("==1.0", "1.0+cpu")
    assert not allows("<1", "1")
    assert not allows("nonsense", "1")
    assert not allows("", "nonsense")
