"""What each file of a tree cost bandit the last time: by that, files are shared out among worker processes.

Size alone misleads: a megabyte of data in a table is walked in no time, a few hundred lines of nested calls are not.
Kept beside the answers, one entry a tree, and only where there was work for several workers: for a few files it is not
worth reading. What is kept, or lost, changes who scans a file and never what is found in it.
"""

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from govsec_ci.system.cache import Store


class Cost(Struct, frozen=True, array_like=True):
    """Processor time of one scan, and the file's size in bytes then."""

    seconds: Annotated[float, Meta(ge=0)]
    size: Annotated[int, Meta(ge=0, le=2**53)]


Costs = Mapping[str, Cost]
"""Relative path → cost."""
NOTHING_KNOWN: Costs = MappingProxyType({})
_DECODER = msgspec.json.Decoder(dict[str, Cost])


def read(store: Store, root: Path) -> Costs:
    """What is known of a tree; nothing where nothing is kept, or what is kept cannot be read."""
    key = _key(root)
    try:
        return _DECODER.decode(store.get([key]).get(key, b"{}"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}


def kept(root: Path, known: Costs, lines: Iterable[Mapping[str, Any]], paths: Iterable[str]) -> dict[bytes, bytes]:
    """What to store: the costs of ``lines`` in place of the earlier ones, of those ``paths`` that the tree still has.

    :param lines: what the workers said; a file that was not read cost nothing that would tell
    """
    fresh = {
        line["path"]: Cost(round(line["seconds"], 4), line["length"]) for line in lines if line.get("seconds", 0) > 0
    }
    every = {**known, **fresh}
    # A path that is no UTF-8 has no form in JSON: such a file goes by its size.
    told = {path: every[path] for path in paths if path in every and path.isprintable()}
    return {_key(root): msgspec.json.encode(told)}


def weights(files: Sequence[tuple[str, int]], known: Costs) -> dict[str, float]:
    """Relative path → what its scan will cost, in bytes of source of average cost.

    A file with a history is taken to cost as much a byte as the last time; one without, its size.
    """
    told = [known[path] for path, _ in files if path in known]
    size = sum(cost.size for cost in told)
    average = sum(cost.seconds for cost in told) / size if size else 0.0
    # What was kept may be anything: a quotient may be too small, or too large, to divide by.
    if not 0 < average < math.inf:
        return {path: float(size) for path, size in files}
    return {path: _weight(size, known.get(path), average) for path, size in files}


def _weight(size: int, cost: Cost | None, average: float) -> float:
    return float(size) if cost is None or not cost.size else size * (cost.seconds / cost.size) / average


def _key(root: Path) -> bytes:
    return hashlib.sha256(b"bandit costs 1\n" + str(root).encode("utf-8", "surrogateescape")).digest()
