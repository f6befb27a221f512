"""Bytes of a SARIF log that someone else made → wire structs, refusing what two readers could read differently."""

import codecs
import json
from typing import Any, TypeVar

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
        why, _, path = str(error).partition(" - at `")
        raise InputError(f"{origin}: {path.rstrip('`') or '$'}: {why}") from error
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
        raise _DuplicateKeyError(next(key for key, _ in pairs if key in seen or seen.add(key)))  # type: ignore[func-returns-value]  # None: no


def _nothing(_: str) -> None:
    return None
