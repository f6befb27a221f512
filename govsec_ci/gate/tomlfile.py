"""Strict reading of TOML written by hand: what is wrong is told with file, line and the word probably meant."""

import difflib
import re
import types
from collections.abc import Iterator, Mapping
from enum import Enum as _Enum
from typing import Any, TypeVar, Union, get_args, get_origin

import msgspec

from govsec_ci.errors import InputError
from govsec_ci.system import toml

T = TypeVar("T")
Path = tuple[str | int, ...]
"""A place in a TOML document: ``("gates", 0, "limit")``."""

_DOTTED = r"""(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*"""
# Not "anything up to the bracket": over a long run of blanks that takes time with the square of its length.
_HEADER = re.compile(rf"^\s*(\[\[?)\s*({_DOTTED})\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(rf"^\s*({_DOTTED})\s*=")
_PART = re.compile(r"""[A-Za-z0-9_-]+|"([^"]*)"|'([^']*)'""")
_INLINE = re.compile(r"""[{,]\s*([A-Za-z0-9_-]+)\s*=""")
_UNKNOWN_FIELD = re.compile(r"Object contains unknown field `(?P<key>[^`]*)`")
_MISSING_FIELD = re.compile(r"Object missing required field `(?P<key>[^`]*)`")
_INVALID_VALUE = re.compile(r"Invalid (?:enum )?value '(?P<value>[^']*)'")
_WHERE = re.compile(r" - at `(?P<path>[^`]*)`$")


def decode(data: bytes, name: str) -> dict[str, Any]:
    """TOML bytes → a dict.

    :raises InputError: not UTF-8, or not TOML
    """
    try:
        return toml.loads(data.decode())
    except UnicodeDecodeError as error:
        raise InputError(f"{name}: not UTF-8 text (byte {error.start})", next_step="save the file as UTF-8") from error
    except toml.TomlError as error:
        raise InputError(
            f"{name}: not valid TOML: {error}", next_step="correct it; https://toml.io shows the syntax"
        ) from error


def convert(raw: Mapping[str, Any], type_: type[T], lines: "Lines") -> T:
    """A dict → ``type_``, strictly.

    :raises InputError: the first thing that is unknown, missing or of a wrong type
    """
    try:
        return msgspec.convert(raw, type_)
    except msgspec.ValidationError as error:
        raise _explain(str(error), raw, type_, lines) from error


class Lines:
    """Where the keys and tables of a TOML document stand."""

    def __init__(self, data: bytes, name: str) -> None:
        self.name = name
        self._lines = dict(_walk(data.decode(errors="replace")))

    def at(self, path: Path) -> str:
        """``file:line`` of a place or, where it has none, of the nearest place around it; else the file alone."""
        for length in range(len(path), 0, -1):
            line = self._lines.get(path[:length])
            if line is not None:
                return f"{self.name}:{line}"
        return self.name

    def error(self, path: Path, what: str, *, next_step: str = "") -> InputError:
        """An InputError about that place."""
        return InputError(f"{self.at(path)}: {what}", next_step=next_step)


def _walk(text: str) -> Iterator[tuple[Path, int]]:
    # The document has been parsed before: this only finds lines again, and need not judge syntax.
    table: Path = ()
    counts: dict[Path, int] = {}
    closing = ""
    for number, line in enumerate(text.splitlines(), 1):
        if closing:
            closing = "" if closing in line else closing
            continue
        header = _HEADER.match(line)
        if header and not _KEY.match(line):
            table = _table(header[2], array=header[1] == "[[", counts=counts)
            yield table, number
            continue
        key = _KEY.match(line)
        if key:
            path = (*table, *_parts(key[1]))
            yield path, number
            rest = line[key.end() :]
            yield from (((*path, inline), number) for inline in _INLINE.findall(rest))
            closing = _opens(rest)


def _opens(rest: str) -> str:
    return next((quote for quote in ('"""', "'''") if rest.count(quote) % 2), "")


def _table(header: str, *, array: bool, counts: dict[Path, int]) -> Path:
    path: Path = ()
    parts = _parts(header)
    for position, part in enumerate(parts):
        path = (*path, part)
        last = position == len(parts) - 1
        if array and last:
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = (*path, counts[path])
    return path


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(match[1] or match[2] or match[0] for match in _PART.finditer(dotted))


def _explain(message: str, raw: Mapping[str, Any], type_: Any, lines: Lines) -> InputError:
    where = _WHERE.search(message)
    path = _path(where["path"]) if where else ()
    plain = message[: where.start()] if where else message
    if unknown := _UNKNOWN_FIELD.match(plain):
        key = unknown["key"]
        return lines.error(
            (*path, key), f"unknown key {key!r} in {_told(path)}", next_step=suggest(key, _keys(type_, raw, path))
        )
    if missing := _MISSING_FIELD.match(plain):
        return lines.error(
            path, f"{_told(path)} has no {missing['key']!r}", next_step=f"add the key {missing['key']!r}"
        )
    if invalid := _INVALID_VALUE.match(plain):
        value = invalid["value"]
        return lines.error(
            path, f"{_told(path)}: unknown value {value!r}", next_step=suggest(value, _values(type_, raw, path))
        )
    return lines.error(path, f"{_told(path)}: {plain[0].lower()}{plain[1:]}")


def suggest(word: str, known: tuple[str, ...]) -> str:
    """``did you mean …?`` where a known word is near, else the list of them."""
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(known)}" if known else ""


def _path(text: str) -> Path:
    # msgspec writes $.gates[0].filter.severity; a key of a free mapping is [...] and has no name.
    parts: list[str | int] = []
    for match in re.finditer(r"\.([^.\[\]]+)|\[(\d+)\]|\[(\.\.\.)\]", text):
        if match[3]:
            break
        parts.append(match[1] if match[1] is not None else int(match[2]))
    return tuple(parts)


def _told(path: Path) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.lstrip(".") or "the file"


def _keys(type_: Any, raw: Any, path: Path) -> tuple[str, ...]:
    found = _descend(type_, raw, path)
    fields = [name for struct in _structs(found, _value(raw, path)) for name in struct.__struct_encode_fields__]
    return tuple(sorted(fields))


def _values(type_: Any, raw: Any, path: Path) -> tuple[str, ...]:
    *parent, last = path
    structs = _structs(_descend(type_, raw, tuple(parent)), None)
    tags = [s.__struct_config__.tag for s in structs if s.__struct_config__.tag_field == last]
    if tags:
        return tuple(sorted(str(tag) for tag in tags))
    return tuple(_literals(_descend(type_, raw, path)))


def _literals(type_: Any) -> list[str]:
    if isinstance(type_, type) and issubclass(type_, _Enum):
        return [str(member.value) for member in type_]
    return [str(a) for arm in _arms(type_) for a in (_literals(arm) if arm is not type_ else get_args(arm))]


def _value(raw: Any, path: Path) -> Any:
    for part in path:
        raw = raw[part]
    return raw


def _descend(type_: Any, raw: Any, path: Path) -> Any:
    """The declared type at a place."""
    for part in path:
        if isinstance(part, int):
            type_ = get_args(_arm(type_, tuple))[0]
        else:
            structs = _structs(type_, raw)
            type_ = _field(structs[0], part) if structs else get_args(_arm(type_, Mapping))[1]
        raw = raw[part] if part in raw or isinstance(part, int) else {}
    return type_


def _field(struct: Any, key: str) -> Any:
    info = {f.encode_name: f for f in msgspec.structs.fields(struct)}
    return info[key].type if key in info else Any


def _arm(type_: Any, origin: Any) -> Any:
    return next(
        (arm for arm in _arms(type_) if get_origin(arm) in (origin, getattr(origin, "__origin__", origin))), type_
    )


def _arms(type_: Any) -> tuple[Any, ...]:
    return get_args(type_) if get_origin(type_) in (Union, types.UnionType) else (type_,)


def _structs(type_: Any, value: Any) -> list[Any]:
    """The structs that a type allows; where their tag tells them apart and is given, the one."""
    structs = [arm for arm in _arms(type_) if isinstance(arm, type) and issubclass(arm, msgspec.Struct)]
    if isinstance(value, Mapping):
        tagged = [s for s in structs if s.__struct_config__.tag == value.get(s.__struct_config__.tag_field or "")]
        return tagged or structs
    return structs
