"""Python source as text: SARIF regions, ``# nosec`` comments, and why a file cannot be parsed."""

import ast
import io
import platform
import re
import tokenize
from collections.abc import Callable
from functools import cached_property
from typing import Any

_SNIPPET_CHARACTERS = 240
_NOSEC = re.compile(r"#\s*nosec:?\s*")
_WORD = re.compile(r"[A-Za-z\d_]+")
# Comments to other tools on the same line say nothing to a reader.
_PRAGMA = re.compile(
    r"#?\s*(?:noqa|type:\s*ignore|pylint:|pragma:|fmt:|ruff:|mypy:|pyright:|isort:|NOSONAR)[^#]*", re.IGNORECASE
)
_SEPARATORS = " \t#:;,.-–—()[]"
# The patterns here take time that grows with the square of a run of blanks.
_LONG_BLANKS = re.compile(r"\s{100,}")


def encodable(text: str) -> str:
    """Text that UTF-8 can hold: a lone surrogate (a literal may spell one) becomes its escape."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


class Source:
    """One file's decoded text, cut into lines as Python's tokenizer does (CR, LF and CRLF end a line, nothing else)."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    @cached_property
    def lines(self) -> list[str]:
        """All lines, without their ends."""
        encoding, _ = tokenize.detect_encoding(io.BytesIO(self.data).readline)
        text = encodable(self.data.decode(encoding, "replace"))
        return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")

    @cached_property
    def _comments(self) -> dict[int, str]:
        return {token.start[0]: token.string for token in _tokens(self.data) if token.type == tokenize.COMMENT}

    def comment(self, line: int) -> str:
        """The comment on a 1-based line, or empty."""
        return self._comments.get(line, "")

    def line(self, number: int) -> str:
        """A 1-based line, or empty."""
        return self.lines[number - 1] if 0 < number <= len(self.lines) else ""

    def column(self, number: int, offset_bytes: int) -> int | None:
        """Byte offset in the UTF-8 form of a line (as ``ast`` counts) → 1-based UTF-16 column (as SARIF counts)."""
        line = self.line(number)
        encoded = line.encode("utf-8", "surrogatepass")
        if not 0 <= offset_bytes <= len(encoded):
            return None
        before = encoded[:offset_bytes].decode("utf-8", "ignore")
        return len(before.encode("utf-16-le", "surrogatepass")) // 2 + 1

    def region(self, line: int, offset_bytes: int, node: ast.AST | None) -> dict[str, Any]:
        """SARIF region that begins on ``line``, where the tool says, and ends where the syntax node ends."""
        start, end = self._bounds(line, offset_bytes, node)
        found: dict[str, Any] = {"start_line": line, "snippet": self.line(line).strip()[:_SNIPPET_CHARACTERS]}
        if start is not None:
            found["start_column"] = start
        if end is not None:
            found["end_line"], found["end_column"] = end
        return found

    def _bounds(self, line: int, offset_bytes: int, node: ast.AST | None) -> tuple[int | None, tuple[int, int] | None]:
        if node is None or not hasattr(node, "lineno"):
            # No node: bandit's test of the raw text (B613) names one character, counted from 1.
            before = self.line(line)[: max(offset_bytes - 1, 0)]
            column = len(before.encode("utf-16-le", "surrogatepass")) // 2 + 1
            return column, (line, column + 1)
        start = self.column(line, offset_bytes if node.lineno == line else _first_offset(node, line))
        end_line: int = getattr(node, "end_lineno", None) or 0
        end = self.column(end_line, getattr(node, "end_col_offset", None) or 0)
        if start is None or end is None or (end_line, end) <= (line, start):
            return None, None
        return start, (end_line, end)


def _first_offset(node: ast.AST, line: int) -> int:
    """Where the first part of a node begins that stands on ``line`` (bandit names an argument's line), or -1."""
    offsets = [part.col_offset for part in ast.walk(node) if getattr(part, "lineno", 0) == line]  # type: ignore[attr-defined]  # what has a line has a column
    return min(offsets, default=-1)


def _tokens(data: bytes) -> list[tokenize.TokenInfo]:
    found = []
    try:
        for token in tokenize.tokenize(io.BytesIO(data).readline):
            found.append(token)  # noqa: PERF402 — what came before an error counts
    except (tokenize.TokenError, SyntaxError):
        pass
    return found


def nosec_reason(comment: str, is_test: Callable[[str], bool]) -> str:
    """What a ``# nosec`` comment says besides the ids and names of tests: the reason, or empty."""
    comment = _LONG_BLANKS.sub(" ", comment)
    match = _NOSEC.search(comment)
    rest = comment[match.end() :] if match else ""
    while (word := _WORD.match(rest)) and is_test(word.group()):
        rest = rest[word.end() :].lstrip(" \t,")
    return _PRAGMA.sub("", rest).lstrip(_SEPARATORS).rstrip(" \t#")


def diagnose(data: bytes, told: str) -> dict[str, Any]:
    """Why a file could not be scanned: ``kind`` (a notification id), ``text``, and ``line`` (0 where unknown)."""
    undecodable = _why_not_decoded(data)
    if undecodable:
        return {"kind": "file-not-decoded", "text": undecodable, "line": 0}
    try:
        ast.parse(data)
    except SyntaxError as error:
        return _syntax_error(error, data)
    except (ValueError, RecursionError, MemoryError) as error:
        text = f"cannot be parsed by Python {platform.python_version()}: {error}"
        return {"kind": "file-not-parsed", "text": text, "line": 0}
    return {"kind": "file-not-scanned", "text": told, "line": 0}


def _why_not_decoded(data: bytes) -> str:
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    except SyntaxError as error:
        return _undecoded(data, "utf-8", "no encoding is declared, and ") or f"cannot be decoded: {error.msg}"
    return _undecoded(data, encoding, "")


def _undecoded(data: bytes, encoding: str, prefix: str) -> str:
    try:
        data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return f"cannot be decoded: {prefix}line {line} is not {encoding.upper()}"
    return ""


def _syntax_error(error: SyntaxError, data: bytes) -> dict[str, Any]:
    line = error.lineno or 0
    text = f"cannot be parsed by Python {platform.python_version()}: {error.msg}"
    hint = looks_like(data, line)
    return {"kind": "file-not-parsed", "text": f"{text} ({hint})" if hint else text, "line": line}


# What the line of the error looks like; a guess, and worded as one. Newest first.
_NEWER = (
    (re.compile(r"^\s*lazy\s+(?:import|from)\s"), "a lazy import: looks like Python 3.15 or newer"),
    (re.compile(r"""\b[tT][rR]?["']|\b[rR][tT]["']"""), "a t-string: looks like Python 3.14 or newer"),
    (re.compile(r"^\s*except\s*\*?\s+[\w.]+\s*(?:,\s*[\w.]+\s*)+:"), "looks like Python 3.14 or newer, or Python 2"),
    (re.compile(r"^\s*(?:async\s+)?(?:def|class)\s+\w+\s*\[[^\]]*="), "looks like Python 3.13 or newer"),
    (re.compile(r"^\s*(?:async\s+)?(?:def|class)\s+\w+\s*\["), "looks like Python 3.12 or newer"),
    (re.compile(r"^\s*type\s+\w+\s*(?:\[.*\]\s*)?="), "looks like Python 3.12 or newer"),
    (
        re.compile(r"""^\s*(?:print|exec)\s+[^=(\s]|^\s*raise\s+[\w.]+\s*,|`|<>|\b0\d+\b|\bur["']"""),
        "looks like Python 2",
    ),
    (re.compile(r"""\b[fF][rR]?["']"""), "a nested f-string may need Python 3.12 or newer"),
)


def looks_like(data: bytes, line: int) -> str:
    """Which other Python the line of a syntax error looks like, or empty."""
    text = _LONG_BLANKS.sub(" ", Source(data).line(line))
    return next((hint for pattern, hint in _NEWER if pattern.search(text)), "")
