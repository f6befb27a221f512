"""Bytes of a SARIF log that someone else made → wire structs, refusing what two readers could read differently."""

import codecs
import json
import types
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from govsec_ci.errors import InputError

_T = TypeVar("_T")
# The longest marks first: UTF-32-LE's begins with UTF-16-LE's.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def decode(data: bytes, kind: type[_T], origin: str) -> _T:
    """Decode JSON bytes (UTF-8, or UTF-8, -16, -32 with a byte order mark) into ``kind``.

    :raises InputError: not JSON, nested too deeply, or of a wrong shape: names the JSON path of the first wrong value
    """
    try:
        return msgspec.json.decode(to_utf8(data, origin), type=kind, strict=True)
    except msgspec.ValidationError as error:
        path, why = _first_wrong(to_utf8(data, origin), kind) or ("", str(error))
        raise InputError(f"{origin}: {path or '$'}: {why}") from error
    except RecursionError as error:
        raise InputError(f"{origin}: nested too deeply to be a SARIF log") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{origin}: not JSON: {error}") from error


def to_utf8(data: bytes, origin: str) -> bytes:
    """The same text as UTF-8 without a byte order mark; text in UTF-16 without a mark is told by its zero bytes."""
    encoding, mark = _encoding(data)
    if encoding == "utf-8":
        return data[len(mark) :]
    try:
        return data[len(mark) :].decode(encoding).encode("utf-8")
    except UnicodeError as error:
        raise InputError(f"{origin}: begins as {encoding} but is not: {error}") from error


def _encoding(data: bytes) -> tuple[str, bytes]:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return encoding, mark
    if data[:2] == b"{\0":
        return "utf-16-le", b""
    if data[:2] == b"\0{":
        return "utf-16-be", b""
    return "utf-8", b""


def refuse_duplicate_keys(data: bytes, origin: str) -> None:
    """Refuse an object that names a key twice: one reader takes the first, another the last (RFC 8259 section 4).

    :raises InputError: names the key
    """
    try:
        json.loads(data, object_pairs_hook=_checked, parse_int=_nothing, parse_float=_nothing)
    except _DuplicateKeyError as error:
        raise InputError(f"{origin}: the key {error.args[0]!r} stands twice in one object") from error
    except RecursionError as error:
        raise InputError(f"{origin}: nested too deeply to be a SARIF log") from error
    except ValueError as error:
        raise InputError(f"{origin}: not JSON: {error}") from error


class _DuplicateKeyError(Exception):
    pass


def _checked(pairs: list[tuple[str, Any]]) -> None:
    """Keeps nothing, so that a log of 100 MB takes no memory here."""
    if len({key for key, _ in pairs}) != len(pairs):
        seen: set[str] = set()
        raise _DuplicateKeyError(next(key for key, _ in pairs if key in seen or seen.add(key)))  # type: ignore[func-returns-value]


def _nothing(_: str) -> None:
    return None


def _first_wrong(data: bytes, kind: Any) -> tuple[str, str] | None:
    """JSON path of the first value that does not fit, and why; msgspec's own path leaves the indices out."""
    return next(_wrong(msgspec.json.decode(data), kind, "$"), None)


def _wrong(value: Any, kind: Any, path: str) -> Iterator[tuple[str, str]]:
    why = _misfit(value, kind)
    if not why:
        return
    for part, part_kind, part_path in _parts(value, _present(kind), path):
        yield from _wrong(part, part_kind, part_path)
    yield path, why


def _misfit(value: Any, kind: Any) -> str:
    """Why a value does not fit, or empty. Through JSON: ``convert`` knows no ``Raw``."""
    try:
        msgspec.json.decode(msgspec.json.encode(value), type=kind)
    except msgspec.ValidationError as error:
        return str(error).split(" - at `$")[0]
    return ""


def _present(kind: Any) -> Any:
    """``X | None`` → X."""
    if get_origin(kind) in (Union, types.UnionType):
        return next(option for option in get_args(kind) if option is not type(None))
    return kind


def _parts(value: Any, kind: Any, path: str) -> Iterator[tuple[Any, Any, str]]:
    if isinstance(value, list) and get_origin(kind) is list:
        for number, item in enumerate(value):
            yield item, get_args(kind)[0], f"{path}[{number}]"
    elif isinstance(value, dict) and get_origin(kind) is Mapping:
        for key, item in value.items():
            yield item, get_args(kind)[1], f"{path}.{key}"
    elif isinstance(value, dict) and isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        hints = get_type_hints(kind, include_extras=True)
        for field in msgspec.structs.fields(kind):
            if field.encode_name in value:
                yield value[field.encode_name], hints[field.name], f"{path}.{field.encode_name}"
