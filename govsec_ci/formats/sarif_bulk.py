"""The garbage collector, out of the way while a hundred thousand values are made that all stay."""

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def without_collector() -> Iterator[None]:
    """Switch the cyclic collector off for a block or, as a decorator, for a function.

    It would walk the growing log again and again (two thirds of the time of loading 100,000 results), and frozen
    structs make no cycles.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
