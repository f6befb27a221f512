"""The collector is off in the block, and as it was before after it."""

import gc

import pytest

from govsec_ci.formats.sarif_bulk import without_collector


def fail() -> None:
    assert not gc.isenabled()
    raise ValueError


def test_off_within_and_on_after_also_when_nested_and_when_it_raises() -> None:
    assert gc.isenabled()
    with pytest.raises(ValueError), without_collector(), without_collector():  # noqa: PT011 — our own, just raised
        fail()
    assert gc.isenabled()


def test_left_off_where_it_was_off() -> None:
    gc.disable()
    try:
        with without_collector():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
