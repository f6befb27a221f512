"""TOML as plain data, in time that grows with the text: whatever is read as TOML may be made to hold a reader up."""

import re
import tomllib
from typing import Any, Final

_DEEPEST_KEY: Final = 100
OPAQUE: Final = re.compile(
    r'"""(?:\\.|[^\\])*?(?:"{3,5}|\Z)'
    r"|'''.*?(?:'{3,5}|\Z)"
    r'|"(?:\\[^\n]|[^"\\\n])*"?'
    r"|'[^'\n]*'?"
    r"|#[^\n]*",
    re.DOTALL,
)
"""A string or comment; one without its end runs to the end of the text, so that no text is scanned twice."""


class TomlError(ValueError):
    """A text is no TOML, or made to break readers; ``line`` is 1-based, None where it is not known."""

    def __init__(self, what: str, line: int | None) -> None:
        super().__init__(what)
        self.line = line


class TooDeepError(TomlError):
    """Nested deeper, or with larger numbers, than anything that a person or a tool writes."""


def loads(text: str) -> dict[str, Any]:
    """A TOML document as plain data.

    :raises TomlError: it is none; :raises TooDeepError: its keys, tables or numbers are made to break readers
    """
    # tomllib takes quadratic time over dotted keys: outside of strings, only keys have many dots on a line.
    for number, line in enumerate(without_strings(text).split("\n"), start=1):
        if line.count(".") > _DEEPEST_KEY:
            raise TooDeepError(f"nested too deep (line {number})", number)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise TomlError(str(error), _line_in(str(error), text)) from error
    except RecursionError as error:
        raise TooDeepError("nested too deep", None) from error
    except ValueError as error:  # an integer of more than 4,300 digits
        raise TooDeepError("a number is too large", None) from error


def _line_in(message: str, text: str) -> int:
    found = re.search(r"at line (\d+)", message)
    return int(found.group(1)) if found else text.count("\n") + 1  # "at end of document"


def without_strings(text: str) -> str:
    """TOML text with strings and comments blanked out, of the same length and with the same lines."""
    return OPAQUE.sub(lambda found: re.sub(r"[^\n]", " ", found.group()), text)
