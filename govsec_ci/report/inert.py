"""Text from the judged tree, made harmless where it enters the view: one line, no control or bidi character, bounded.

Formats still escape for their own syntax; what this module leaves can neither move a cursor nor turn text around.
"""

import functools
import re
from typing import Final

MESSAGE_CHARACTERS: Final = 2_000
"""Longest message that a report shows; results.sarif holds it whole."""

WORD_CHARACTERS: Final = 400
"""Longest path, name or identifier that a report shows."""

# C0, DEL, C1; soft hyphen; Unicode's invisible and bidirectional format characters (UAX #9, UTR #36), line and
# paragraph separators, tags, and lone surrogates, which stand for bytes that are not UTF-8. Ideographic variation
# selectors (U+E0100 to U+E01EF) stay: Japanese names need them.
_UNSAFE: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ud800-\udfff\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\U000e0000-\U000e00ff]"
)
# More combining marks than this on one letter serve only to paint over the lines above.
_MARK: Final = "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
_PILE: Final = re.compile(f"({_MARK}{{4}}){_MARK}+")

# What GitHub's runner takes for a command: ``::name`` at the beginning of a line, and of old ``##[name`` anywhere.
_COMMAND: Final = re.compile(r"^(\s*):(?=:)|#(?=#\[)")


@functools.lru_cache(maxsize=65_536)
def word(text: str, limit: int = WORD_CHARACTERS) -> str:
    """A path, name or identifier: every unsafe character named, at most about ``limit`` characters, the end kept.

    Bytes that are not UTF-8 (``surrogateescape``) come out as ``<0xFF>``, others as ``<U+202E>``.
    """
    if len(text) > limit:
        text = f"{text[: limit // 2]}…[{len(text):,}]…{text[-limit // 4 :]}"
    return _visible(text)


def message(text: str, limit: int = MESSAGE_CHARACTERS) -> str:
    """A sentence or more: as :func:`word`, but white space of any kind becomes one blank and the end is cut."""
    if len(text) <= limit and "  " not in text and _is_plain(text):
        return text.strip()
    cut = f"… [{len(text):,}]" if len(text) > limit else ""
    return _visible(" ".join(text[:limit].split())) + cut


def _visible(text: str) -> str:
    if _is_plain(text):
        return text
    return _COMMAND.sub(_named_sign, _PILE.sub(r"\1", _UNSAFE.sub(_name, text)))


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable() and "##[" not in text and not text.lstrip().startswith("::")


def _named_sign(match: re.Match[str]) -> str:
    return f"{match[1] or ''}<U+{ord(match.group()[-1]):04X}>"


def _name(match: re.Match[str]) -> str:
    code = ord(match.group())
    if 0xDC80 <= code <= 0xDCFF:  # noqa: PLR2004 — PEP 383: a byte that is not UTF-8
        return f"<0x{code - 0xDC00:02X}>"
    return f"<U+{code:04X}>"


def lines(text: str) -> str:
    """Several lines for a terminal or a log: as :func:`word` each."""
    return "\n".join(word(line, limit=max(WORD_CHARACTERS, len(line))) for line in text.split("\n"))
