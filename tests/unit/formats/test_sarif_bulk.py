"""The collector is off in the block, and as it was before after it."""

import gc

from govsec_ci.formats.sarif_bulk import without_collector


def test_off_within_and_on_after_also_when_nested_and_when_it_raises() -> None:
    assert gc.isenabled()
    try:
        with without_collector(), without_collector():
            assert not gc.isenabled()
            raise ValueError
    except ValueError:
        pass
    assert gc.isenabled()


def test_left_off_where_it_was_off() -> None:
    gc.disable()
    try:
        with without_collector():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
