"""Reading a manifest's text: size, encoding, TOML and JSON with their bombs, and the lines that tables stand on."""

import bisect
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

from govsec_ci.errors import InputError
from govsec_ci.manifests.notices import shown
from govsec_ci.system import toml
from govsec_ci.system.files import read_limited


class UnreadableError(Exception):
    """A file of the tree cannot be read as what it should be; ``line`` where one is known. A notification says so."""

    def __init__(self, what: str, *, line: int | None = None, next_step: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.line = line
        self.next_step = next_step


def read_bytes(root: Path, path: str, *, limit_bytes: int) -> bytes:
    """The bytes of ``root / path``.

    :raises UnreadableError: it is missing, no regular file, or too large
    """
    step = "make it a readable file, or raise the limit [limits] manifest-bytes in govsec.toml"
    try:
        return read_limited(root / path, limit_bytes=limit_bytes)
    except InputError as error:
        # The message begins with the absolute path, which is nobody's business in a report.
        raise UnreadableError(error.what.removeprefix(f"{root / path}: "), next_step=step) from error
    except OSError as error:
        raise UnreadableError(f"cannot be read: {error.strerror}", next_step=step) from error


def read_utf8(root: Path, path: str, *, limit_bytes: int) -> str:
    """The text of a UTF-8 file, with or without a byte order mark.

    :raises UnreadableError: as :func:`read_bytes`, or not UTF-8, or with a NUL character
    """
    return decode_utf8(read_bytes(root, path, limit_bytes=limit_bytes))


def decode_utf8(data: bytes) -> str:
    """Bytes as UTF-8 text.

    :raises UnreadableError: not UTF-8, or with a NUL character
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UnreadableError("is not UTF-8 text", line=line, next_step="save the file as UTF-8") from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise UnreadableError("holds a NUL character", line=line, next_step="save the file as UTF-8 text")
    return text


def parse_toml(text: str) -> dict[str, Any]:
    """TOML as plain data.

    :raises UnreadableError: not TOML, or nested so deep that it is made to break readers
    """
    try:
        return toml.loads(text)
    except toml.TooDeepError as error:
        raise UnreadableError(
            "is nested deeper, or holds larger numbers, than a manifest can", line=error.line
        ) from error
    except toml.TomlError as error:
        step = "correct the syntax, or write the file anew"
        raise UnreadableError(f"is not TOML: {error}", line=error.line, next_step=step) from error


def document(root: Path, path: str, *, limit_bytes: int) -> dict[str, Any] | None:
    """A TOML file of the tree; None where it cannot be read, for readers other than the one that tells so."""
    try:
        return parse_toml(read_utf8(root, path, limit_bytes=limit_bytes))
    except UnreadableError:
        return None


def parse_json(text: str) -> Any:
    """JSON as plain data.

    :raises UnreadableError: not JSON, nested too deep, or an object names a key twice: one reader takes the first,
        another the last (RFC 8259 section 4)
    """
    try:
        return json.loads(text, object_pairs_hook=_object)
    except json.JSONDecodeError as error:
        raise UnreadableError(
            f"is not JSON: {error.msg}", line=error.lineno, next_step="write the file anew with its tool"
        ) from error
    except (RecursionError, ValueError) as error:  # ValueError: an integer of more than 4,300 digits
        raise UnreadableError("is nested deeper, or holds larger numbers, than a manifest can") from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        twice = min(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
        raise UnreadableError(f"has {shown(repr(twice))} twice", next_step="write the file anew with its tool")
    return made


def table_lines(text: str, name: str, count: int) -> list[int]:
    """1-based lines of the ``count`` headers ``[[name]]`` in TOML text, in order.

    Where the tables are written in another way (an inline array), every line is that of the array's key, or 1.
    """
    blank = toml.without_strings(text)
    header = re.compile(rf"^[ \t]*\[\[[ \t]*{re.escape(name)}[ \t]*\]\]", re.MULTILINE)
    lines: list[int] = []
    line, position = 1, 0
    for found in header.finditer(blank):
        line += blank.count("\n", position, found.start())
        position = found.start()
        lines.append(line)
    if len(lines) == count:
        return lines
    inline = re.search(rf"^[ \t]*{re.escape(name)}[ \t]*=", blank, re.MULTILINE)
    return [blank.count("\n", 0, inline.start()) + 1 if inline else 1] * count


class Lines:
    """Where the tables, keys and strings of a TOML text stand: one pass, however many are asked for.

    Every answer is the first line (1-based) at or after ``start``; where there is none, ``start`` itself.
    """

    def __init__(self, text: str) -> None:
        self._headers: dict[str, list[int]] = {}
        self._keys: dict[str, list[int]] = {}
        self._strings: dict[str, list[int]] = {}
        for number, line in enumerate(text.split("\n"), start=1):
            stripped = line.strip()
            if stripped.startswith("[") and not stripped.startswith("[["):
                name = stripped[1:].partition("]")[0].strip()
                self._headers.setdefault(_unquoted(name), []).append(number)
            name, is_key, _ = stripped.partition("=")
            if is_key:
                self._keys.setdefault(_unquoted(name.rstrip()), []).append(number)
        line_number, position = 1, 0
        for found in toml.OPAQUE.finditer(text):
            line_number += text.count("\n", position, found.start())
            position = found.start()
            if not found.group().startswith("#"):
                self._strings.setdefault(_unquoted(found.group()), []).append(line_number)

    def header(self, name: str) -> int:
        """The line of ``[name]``."""
        return _at_or_after(self._headers.get(name, []), 1)

    def key(self, name: str, start: int = 1) -> int:
        """The line on which ``name =`` begins."""
        return _at_or_after(self._keys.get(name, []), start)

    def string(self, content: str, start: int = 1) -> int:
        """The line on which a string of that content begins; only of one without escapes it can be told."""
        return _at_or_after(self._strings.get(content, []), start)


def _unquoted(text: str) -> str:
    quotes = text[:3] if text[:3] in ('"""', "'''") else text[:1] if text[:1] in ('"', "'") else ""
    return text.removeprefix(quotes).removesuffix(quotes)


def _at_or_after(lines: list[int], start: int) -> int:
    place = bisect.bisect_left(lines, start)
    return lines[place] if place < len(lines) else start
