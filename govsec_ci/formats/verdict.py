"""``verdict.json``: the decision as canonical bytes, and strictly back. The only place that knows its keys.

Canonical: keys sorted, two spaces, UTF-8, a newline at the end; times are RFC 3339 in UTC with ``Z``. The schema is
``docs/verdict.schema.json``.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from msgspec import Struct

from govsec_ci.errors import InputError
from govsec_ci.model import Moment, Role, ScanState, Stage, Verdict, VerdictWord

SCHEMA_VERSION: Final = 1


class _Wire(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class _Note(_Wire, frozen=True, kw_only=True):
    id: str
    values: dict[str, str]


class _Clause(_Wire, frozen=True, kw_only=True):
    id: str
    document: str
    edition: str
    origin: str
    label: str


class _Check(_Wire, frozen=True, kw_only=True):
    gate: str
    profile: str
    kind: str
    title: str
    verdict: VerdictWord
    mode: str
    observed: str
    limit: str
    clause: _Clause
    results: list[str]
    offenders: list[str]
    reasons: list[str]
    next_step: str
    notes: list[_Note]
    observed_note: _Note | None
    limit_note: _Note | None
    next_note: _Note | None
    due: dict[str, Moment]


class _Profile(_Wire, frozen=True, kw_only=True):
    id: str
    version: str
    status: str
    sha256: str


class _Subject(_Wire, frozen=True, kw_only=True):
    name: str
    version: str
    commit: str | None
    dirty: bool | None


class _Run(_Wire, frozen=True, kw_only=True):
    id: str
    tool: str
    version: str
    role: Role
    state: ScanState
    complete: bool
    targets: int
    scope: int
    results: int
    notifications: list[str]


class _Feed(_Wire, frozen=True, kw_only=True):
    feed: str
    as_of: Moment
    sha256: str
    records: int
    source: str


class _Decision(_Wire, frozen=True, kw_only=True):
    verdict: VerdictWord
    now: Moment
    stage: Stage
    engine: str
    subject: _Subject
    profiles: list[_Profile]
    checks: list[_Check]
    runs: list[_Run]
    advisories: list[_Feed]
    counts: dict[str, int]


class _Verdict(_Decision, frozen=True, kw_only=True):
    schema: int


def write(verdict: Verdict) -> bytes:
    """A verdict as canonical JSON."""
    # Through the wire types, so that a field which the model gains does not reach the file unnoticed.
    wire = msgspec.convert(verdict, _Decision, from_attributes=True)
    plain = _canonical({"schema": SCHEMA_VERSION, **msgspec.to_builtins(wire, builtin_types=(datetime,))})
    return msgspec.json.format(msgspec.json.encode(plain, order="sorted"), indent=2) + b"\n"


def _canonical(value: Any) -> Any:
    """Times in UTC; bytes of paths that are no UTF-8 (lone surrogates) as visible escapes: JSON cannot hold them."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    if isinstance(value, list | tuple):
        # A list of a hundred thousand fingerprints: no call for each.
        return [item if item.__class__ is str and item.isascii() else _canonical(item) for item in value]
    if isinstance(value, Mapping):
        return {_canonical(key): _canonical(item) for key, item in value.items()}
    return value


def read(data: bytes) -> Verdict:
    """Canonical or not, but strict: an unknown or missing key, a wrong type, another schema version is refused.

    :raises InputError: it is no ``verdict.json`` that this version knows
    """
    try:
        wire = msgspec.json.decode(data, type=_Verdict)
        if wire.schema != SCHEMA_VERSION:
            raise InputError(f"verdict.json: schema {wire.schema} is not known, only {SCHEMA_VERSION}")
        return msgspec.convert(wire, Verdict, from_attributes=True)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(
            f"verdict.json: {error}", next_step="judge the evidence again: govsec gate --out DIR"
        ) from error


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of ``verdict.json``."""
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "verdict.json of govsec_ci"}
    return head | msgspec.json.schema(_Verdict)
