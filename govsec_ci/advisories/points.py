"""What several records say of one vulnerability, put together: the worst of it counts."""

from collections.abc import Iterable, Mapping
from typing import Final

from msgspec.structs import replace

from govsec_ci.model import Kev, Ssvc

# From the mildest to the worst.
_VALUES: Final[Mapping[str, tuple[str, ...]]] = {
    "exploitation": ("none", "poc", "active"),
    "automatable": ("no", "yes"),
    "technical_impact": ("partial", "total"),
}


def worst(records: Iterable[Ssvc]) -> Ssvc | None:
    """Of each decision point the worst that any record gives; None where there is no record.

    A point that one record leaves open stays open, unless another gives its worst value already: the open one may be
    worse than all that are known. The date is the oldest, for what is put together is no newer than its parts.
    """
    known = tuple(dict.fromkeys(records))
    if len(known) <= 1:
        return known[0] if known else None
    return Ssvc(
        **{name: _worst(name, [getattr(one, name) for one in known]) for name in _VALUES},
        date=min((one.date for one in known if one.date is not None), default=None),
        source=", ".join(dict.fromkeys(name for one in known for name in one.source.split(", ") if name)),
    )


def _worst(name: str, given: list[str | None]) -> str | None:
    told = [value for value in given if value is not None]
    highest = max(told, key=_VALUES[name].index, default=None)
    return highest if len(told) == len(given) or highest == _VALUES[name][-1] else None


def earliest(entries: Iterable[Kev]) -> Kev | None:
    """The entry that was added first, with the earliest of all due dates."""
    known = tuple(entries)
    first = min(known, key=lambda entry: entry.date_added, default=None)
    return first and replace(first, due_date=min(entry.due_date for entry in known))
