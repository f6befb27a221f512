"""Which index a run uses: the source that the caller names, else the stored data, else a first sync."""

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from msgspec import Struct

from govsec_ci.advisories import prepare, store
from govsec_ci.advisories.index import open_index
from govsec_ci.advisories.sources import Limits
from govsec_ci.errors import GovsecError, UsageError

T = TypeVar("T")


class Located(Struct, frozen=True, kw_only=True):
    """The index file, or None and why there is none (for people)."""

    path: Path | None = None
    problem: str = ""


@contextlib.contextmanager
def located(
    source: Path | None,
    cache: Path,
    *,
    first_sync: Callable[[], object] | None,
    limits: Limits = Limits(),  # noqa: B008 — frozen
) -> Iterator[Located]:
    """The index of a run; it stays readable until the block ends.

    Where ``cache`` cannot be written, the index is built in a private temporary folder that goes when the block ends.

    :param source: what the caller names with ``--advisories``, or None for the stored data
    :param limits: what ``source`` may measure
    :param first_sync: called where nothing is stored yet (``lambda: sync(cache, …)``); None offline
    :raises InputError: ``source``, or a stored file, is missing, damaged or holds nothing to match
    """
    if source is not None:
        with _writable(cache, lambda folder: prepare.prepare(source, folder, limits)) as path:
            yield Located(path=path)
        return
    problem = _first_sync(cache, first_sync)
    with _writable(cache, lambda folder: _stored(cache, folder)) as path:
        yield Located(path=path) if path is not None else Located(problem=problem)


@contextlib.contextmanager
def _writable(cache: Path, build: Callable[[Path], T]) -> Iterator[T]:
    """What ``build`` makes below ``cache``, or below a temporary folder where that cannot be written."""
    with contextlib.ExitStack() as stack:
        try:
            built = build(cache)
        except UsageError:
            built = build(Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="govsec-"))))
        yield built


def _first_sync(cache: Path, first_sync: Callable[[], object] | None) -> str:
    """Sync where nothing is stored; returns why there is still nothing, for people."""
    if "osv" in store.read(cache).feeds:
        return ""
    if first_sync is None:
        return "no advisory data is stored, and none may be fetched offline"
    try:
        first_sync()
    except GovsecError as error:
        return f"no advisory data is stored, and the first sync failed: {error.what}"
    return "no advisory data is stored"


def _stored(cache: Path, folder: Path) -> Path | None:
    """The index of the stored feeds, built in ``folder`` where it must be built; None where it can match nothing."""
    state = store.read(cache)
    if "osv" not in state.feeds:
        return None
    path = store.current(cache) if folder == cache else prepare.index_of(store.parts_of(cache, state), folder)
    if path is not None:
        with open_index(path) as index:
            index.check_matches("the stored advisory data")
    return path
