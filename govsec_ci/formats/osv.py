"""OSV records (https://ossf.github.io/osv-schema/, 1.7): wire → :class:`Record`. The only place with OSV's keys.

Decoding is strict about what matching rests on (id, modified, ranges, events, versions) and open to whatever else a
database adds. ``null`` stands for "absent" wherever the schema lets it.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from govsec_ci.errors import InputError

# Ids reach reports, file names of others and terminals: printable ASCII without separators of paths or of lists.
_ID = r"^[A-Za-z0-9][A-Za-z0-9._:+-]{0,127}\Z"
_ID_RE = re.compile(_ID)

Identifier = Annotated[str, Meta(pattern=_ID)]
Version = Annotated[str, Meta(min_length=1, max_length=1024)]
Timestamp = Annotated[datetime, Meta(tz=True)]


class Package(Struct, frozen=True, kw_only=True):
    """``ecosystem`` is OSV's own word (``PyPI``, ``npm`` …), perhaps with ``:suffix``; ``name`` is the database's."""

    ecosystem: str
    name: Annotated[str, Meta(min_length=1, max_length=1024)]


class Event(Struct, frozen=True, kw_only=True):
    """One end of a span of versions; the schema lets exactly one of the four be set."""

    introduced: Version | None = None
    fixed: Version | None = None
    last_affected: Version | None = None
    limit: Version | None = None


class Range(Struct, frozen=True, kw_only=True):
    """Events of one kind of version; ``GIT`` ranges hold commits and match no version."""

    type: Literal["SEMVER", "ECOSYSTEM", "GIT"]
    events: Annotated[list[Event], Meta(min_length=1)]


class Vector(Struct, frozen=True, kw_only=True):
    """A severity: ``type`` is ``CVSS_V2``, ``CVSS_V3``, ``CVSS_V4`` or a database's own; ``score`` is the vector."""

    type: str
    score: str


class Reference(Struct, frozen=True, kw_only=True):
    """A link."""

    url: str = ""


class Affected(Struct, frozen=True, kw_only=True):
    """One package of a record: its ranges, and its versions one by one; without ``package``, a mere repository."""

    package: Package | None = None
    ranges: list[Range] | None = None
    versions: list[str] | None = None
    severity: list[Vector] | None = None


class Record(Struct, frozen=True, kw_only=True):
    """One advisory as its database published it.

    :param modified: timezone-aware; of the record, not of the vulnerability
    :param withdrawn: set on a record that no longer stands
    :param database_specific: GHSA keeps its severity word and CWEs here; any other database anything at all
    """

    id: Identifier
    modified: Timestamp
    published: Timestamp | None = None
    withdrawn: Timestamp | None = None
    aliases: list[str] | None = None
    summary: str | None = None
    details: str | None = None
    severity: list[Vector] | None = None
    affected: list[Affected] | None = None
    references: list[Reference] | None = None
    database_specific: dict[str, Any] | None = None

    def other_ids(self) -> tuple[str, ...]:
        """The aliases that are identifiers, cleaned of the stray commas and blanks that databases hold."""
        cleaned = (alias.strip(" \t\r\n,;") for alias in self.aliases or ())
        return tuple(alias for alias in cleaned if _ID_RE.match(alias) and alias != self.id)

    def severity_word(self) -> str:
        """The database's own word in upper case (GHSA: LOW, MODERATE, HIGH, CRITICAL), or empty."""
        word = (self.database_specific or {}).get("severity")
        return word.upper() if isinstance(word, str) else ""

    def cwes(self) -> tuple[str, ...]:
        """``CWE-78`` style identifiers that the database gives."""
        found = (self.database_specific or {}).get("cwe_ids")
        return tuple(c for c in found if isinstance(c, str)) if isinstance(found, list) else ()


_decoder = msgspec.json.Decoder(Record)
# PYSEC-2024-55 says `"modified":"1-01-01T00:00:00Z"`: Go's zero time, written without the year's leading zeros.
_SHORT_YEAR = re.compile(rb'("(?:modified|published|withdrawn)"\s*:\s*")(\d{1,3})(?=-\d\d-\d\dT)')


def _decode(data: bytes) -> Record:
    try:
        return _decoder.decode(data)
    except msgspec.ValidationError:
        padded = _SHORT_YEAR.sub(lambda found: found[1] + found[2].zfill(4), data)
        if padded == data:
            raise
        return _decoder.decode(padded)


def decode_json(data: bytes, name: str) -> Record:
    """Decode one JSON record; ``name`` is how the file is called in messages.

    :raises InputError: it is no JSON, or not a valid OSV record; the message holds the JSON path
    """
    try:
        record = _decode(data)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise _malformed(name, str(error)) from error
    check(record, name)
    return record


def decode_yaml(data: bytes, name: str) -> Record | None:
    """Decode one YAML record, as databases keep them in git; None for YAML that is no record (a site's settings).

    Every scalar is read as text: unquoted, a version ``1.10`` would become the number 1.1.

    :raises InputError: it is no YAML, or looks like a record and is not a valid one
    """
    import yaml  # noqa: PLC0415 — few sources are YAML

    try:
        document = _document(yaml.parse(data, getattr(yaml, "CBaseLoader", yaml.BaseLoader)))
    except (yaml.YAMLError, ValueError) as error:
        raise _malformed(name, " ".join(str(error).split())) from error
    if not isinstance(document, dict) or not _RECORD_KEYS & document.keys():
        return None
    given = {key: value for key, value in document.items() if value not in _YAML_NULLS}
    return decode_json(msgspec.json.encode(given), name)


def _document(events: Iterable[Any]) -> Any:
    """The first document as text, lists and mappings.

    Made from the events and not by ``yaml.load``: that one recurses in C, and a file of brackets ends the process. An
    alias could make a small file stand for a huge one, and no database uses any.

    :raises ValueError: aliases, mappings with keys that are no text, or nested deeper than any record
    """
    root: list[Any] = []
    stack: list[list[Any]] = [root]
    for event in events:
        kind = type(event).__name__
        if kind == "ScalarEvent":
            stack[-1].append(event.value)
        elif kind in {"SequenceStartEvent", "MappingStartEvent"}:
            stack.append([])
            if len(stack) > _YAML_DEPTH:
                raise ValueError("nested too deep")
        elif kind in {"SequenceEndEvent", "MappingEndEvent"}:
            items = stack.pop()
            stack[-1].append(items if kind == "SequenceEndEvent" else _mapping(items))
        elif kind == "AliasEvent":
            raise ValueError("YAML aliases are not read")
        elif kind == "DocumentEndEvent":
            break
    return root[0] if root else None


def _mapping(items: list[Any]) -> dict[str, Any]:
    keys = items[::2]
    if not all(isinstance(key, str) for key in keys):
        raise ValueError("a key that is no text")
    return dict(zip(keys, items[1::2], strict=True))


_YAML_DEPTH = 100
_RECORD_KEYS = frozenset({"id", "modified", "affected", "schema_version"})
_YAML_NULLS = ("", "null", "~")


def decode(data: bytes, name: str) -> Record | None:
    """Decode a record by the suffix of its name; None for YAML that is no record.

    :raises InputError: it is not a valid OSV record
    """
    return decode_yaml(data, name) if name.endswith((".yaml", ".yml")) else decode_json(data, name)


def check(record: Record, name: str) -> None:
    """What the schema asks for beyond types.

    :raises InputError: an event that sets nothing, or a range that never begins
    """
    for a, affected in enumerate(record.affected or ()):
        for r, span in enumerate(affected.ranges or ()):
            where = f"$.affected[{a}].ranges[{r}].events"
            if any(event == _NOTHING for event in span.events):
                raise _malformed(name, f"an event has none of introduced, fixed, last_affected, limit - at `{where}`")
            if all(event.introduced is None for event in span.events):
                raise _malformed(name, f"no event says introduced - at `{where}`")


_NOTHING = Event()


def _malformed(name: str, why: str) -> InputError:
    return InputError(
        f"{name}: not a valid OSV record: {why}",
        cause="the file is damaged, or is not an advisory in OSV format",
        next_step="fetch the advisory data again, or take the file out of the folder",
    )
