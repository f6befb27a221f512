"""What becomes stricter or looser from one profile to another: ``govsec profile diff A B``."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from govsec_ci.gate.schema import AnyGate, FromParameter, Profile, Text
from govsec_ci.model import Severity

Direction = Literal["stricter", "looser", "changed"]


class Change(Struct, frozen=True, kw_only=True):
    """One difference.

    :param gate: the gate's id, or empty for what concerns the profile as a whole
    :param what: the key, as the TOML file names it (``filter.severity``), or ``gate`` for a whole gate
    :param old, new: the values as text; empty where there is none
    :param direction: ``changed`` where neither is stricter in every case
    """

    gate: str
    what: str
    old: str
    new: str
    direction: Direction


def compare(old: Profile, new: Profile) -> tuple[Change, ...]:
    """Every difference that can change a verdict; texts, versions and documents are no such difference."""
    return tuple(_compare(old, new))


def _compare(old: Profile, new: Profile) -> Iterator[Change]:
    before = {gate.id: gate for gate in old.gates}
    after = {gate.id: gate for gate in new.gates}
    for identifier, gate in before.items():
        if identifier not in after:
            yield _whole(gate, "looser")
        else:
            yield from _gate(gate, after[identifier])
    for identifier, gate in after.items():
        if identifier not in before:
            yield _whole(gate, "stricter")
    for key in ("unknown-severity", "suppressions", "waivers", "parameters"):
        field = key.replace("-", "_")
        yield from _values("", (key,), getattr(old, field), getattr(new, field))


def _whole(gate: AnyGate, direction: Direction) -> Change:
    told = f"{gate.kind} ({gate.mode})"
    here = direction == "stricter"
    # A gate that only warns changes no verdict.
    means: Direction = direction if gate.mode == "block" else "changed"
    return Change(gate=gate.id, what="gate", old="" if here else told, new=told if here else "", direction=means)


def _gate(old: AnyGate, new: AnyGate) -> Iterator[Change]:
    if old.kind != new.kind:
        yield Change(gate=old.id, what="kind", old=old.kind, new=new.kind, direction="changed")
        return
    for field, key in zip(old.__struct_fields__, old.__struct_encode_fields__, strict=True):
        if key not in ("id", "title", "text", "next", "clause", "weight"):
            yield from _values(old.id, (key,), getattr(old, field), getattr(new, field))


def _values(gate: str, path: tuple[str, ...], old: Any, new: Any) -> Iterator[Change]:
    if old == new or isinstance(old, Text):
        return
    if _is_table(old) and type(old) is type(new):
        for field, key in zip(old.__struct_fields__, old.__struct_encode_fields__, strict=True):
            yield from _values(gate, (*path, key), getattr(old, field), getattr(new, field))
        return
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted({*old, *new}, key=str):
            yield from _values(gate, (*path, str(key)), old.get(key), new.get(key))
        return
    direction = _direction(path, old, new)
    yield Change(gate=gate, what=".".join(path), old=_told(old), new=_told(new), direction=direction)


def _is_table(value: Any) -> bool:
    return isinstance(value, msgspec.Struct) and not isinstance(value, FromParameter)


def _told(value: Any) -> str:
    plain = msgspec.to_builtins(value)
    if plain is None or plain in ([], ()):
        return ""
    return plain if isinstance(plain, str) else msgspec.json.encode(plain).decode()


def _direction(path: tuple[str, ...], old: Any, new: Any) -> Direction:
    rank = _RANKS.get(path[-1]) or _RANKS.get(".".join(path[-2:]))
    if rank is None:
        return "changed"
    before, after = rank(old), rank(new)
    if before is None or after is None or before == after:
        return "changed"
    if isinstance(before, frozenset):
        return "stricter" if before < after else "looser" if before > after else "changed"
    return "stricter" if after > before else "looser"


def _less(value: Any) -> float | None:
    """Fewer is stricter; none at all is no limit."""
    if value is None:
        return float("-inf")
    return -float(value) if isinstance(value, int | float) else None


def _more(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _wider(value: Any) -> frozenset[str]:
    """More of them is stricter."""
    return frozenset(_told(item) for item in value or ())


def _narrower(value: Any) -> float | None:
    """An empty choice means everything; which of two choices is narrower is not told."""
    return None if value else 0.0


def _floor(value: Any) -> float | None:
    """A lower floor takes in more results; none at all takes in everything."""
    return 0.0 if value is None else -float(value.rank) if isinstance(value, Severity) else None


def _among(*words: str) -> Callable[[Any], float | None]:
    """Words from the loosest to the strictest."""
    return lambda value: float(words.index(value)) if value in words else None


def _flag(*, strict: bool) -> Callable[[Any], float | None]:
    return lambda value: float(value is strict) if isinstance(value, bool) else None


_RANKS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "limit": _less,
    "unjustified": _less,
    "inadmissible": _less,
    "expiring": _less,
    "added": _less,
    "max-age-days": _less,
    "max-age-hours": _less,
    "max-age-months": _less,
    "longest-days": _less,
    "older-than-days": _less,
    "epss": _less,
    "reopen-epss": _less,
    "percent": _more,
    "expiring-within-days": _more,
    "stages": _wider,
    "roles": _wider,
    "must-apply": _wider,
    "must-know": _wider,
    "elements": _wider,
    "fields": _wider,
    "slots": _wider,
    "denied": _wider,
    "reopen-on": _wider,
    "warn-at": lambda value: -float(len(value)),
    "filter.severity": _floor,
    "severity": _floor,
    "mode": _among("warn", "block"),
    "missing": _among("incomplete", "fail"),
    "unknown": _among("accept", "incomplete", "fail"),
    "unknown-severity": _among("as-low", "as-medium", "as-high", "as-critical"),
    "ratchet": _flag(strict=False),
    "same-commit": _flag(strict=True),
    "clean-tree": _flag(strict=True),
    "if-used": _flag(strict=False),
    "accept": _flag(strict=False),
    "ids": _flag(strict=True),
    "reason": _flag(strict=True),
    "approver": _flag(strict=True),
    "approver-not-owner": _flag(strict=True),
    "ticket": _flag(strict=True),
    "not-in-kev": _flag(strict=True),
}
"""Key → a number or a set that grows as the value becomes stricter; None where values cannot be compared."""
