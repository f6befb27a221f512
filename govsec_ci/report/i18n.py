"""English and Japanese: gettext catalogues (``locale/``), dates and numbers by locale.

The message is the English text. :func:`both` gives a :class:`Text` in both languages at once, because ``report.html``
holds both; formats with one language pick theirs by :meth:`Text.pick`.
"""

import functools
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from babel.dates import format_date
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from msgspec import Struct

LANGUAGES: Final = ("en", "ja")
# British: 1 Apr 2026 is read in the same way everywhere.
_LOCALES: Final = {"en": "en_GB", "ja": "ja"}
LOCALE: Final = Path(__file__).parent / "locale"
_PLACEHOLDER: Final = re.compile(r"\{(\w+)\}")


class Text(Struct, frozen=True, gc=False):
    """One text in both languages."""

    en: str
    ja: str

    def pick(self, lang: str) -> str:
        """The text in ``en`` or ``ja``."""
        return self.ja if lang == "ja" else self.en

    def __bool__(self) -> bool:
        return bool(self.en)


def same(text: str) -> Text:
    """A text that is not translated: an identifier, or words of a tool."""
    return Text(text, text)


EMPTY: Final = same("")


def both(message: str, **values: object) -> Text:
    """``message`` in both languages; ``{name}`` is filled from ``values``.

    Values may be texts, numbers and UTC datetimes, written by the locale's rules; all else is shown as ``str``.
    """
    return Text(fill(message, "en", values), fill(japanese(message), "ja", values))


def both_n(one: str, many: str, n: int, **values: object) -> Text:
    """As :func:`both` for a count: ``{n}`` is the number, and English has a singular (CLDR: one, other)."""
    english = one if n == 1 else many
    return Text(
        fill(english, "en", {"n": n, **values}),
        fill(_catalogue().get((one, many), english), "ja", {"n": n, **values}),
    )


def mark(message: str) -> str:
    """``message`` itself, which the catalogue holds and :func:`japanese` looks up later."""
    return message


def japanese(message: str) -> str:
    """The Japanese of a message, with its placeholders."""
    return _catalogue().get((message, ""), message)


def speaker(lang: str) -> tuple[Callable[..., str], Callable[..., str]]:
    """``say(message, **values)`` and ``say_n(one, many, n, **values)`` in one language."""

    def say(message: str, **values: object) -> str:
        return fill(japanese(message) if lang == "ja" else message, lang, values)

    def say_n(one: str, many: str, n: int, **values: object) -> str:
        return both_n(one, many, n, **values).pick(lang)

    return say, say_n


@functools.lru_cache(maxsize=4096)
def number(value: float, lang: str) -> str:
    """A number as the language writes it."""
    return format_decimal(value, locale=_LOCALES[lang])


@functools.lru_cache(maxsize=4096)
def date(moment: datetime, lang: str) -> str:
    """The day, in UTC: ``1 Apr 2026`` or ``2026年4月1日``."""
    return format_date(moment.date(), "long" if lang == "ja" else "medium", locale=_LOCALES[lang])


def moment(value: datetime, lang: str) -> str:
    """Day and time with the zone that they are in."""
    return f"{date(value, lang)} {value:%H:%M} UTC"


def join(texts: tuple[Text, ...]) -> Text:
    """Items of a list, with each language's comma."""
    return Text(", ".join(text.en for text in texts), "、".join(text.ja for text in texts))


def fill(template: str, lang: str, values: Mapping[str, object]) -> str:
    """``template`` with its ``{name}`` filled; a value that is missing leaves its name."""
    if not values:
        return template
    return _PLACEHOLDER.sub(lambda match: _shown(values.get(match[1], match[0]), lang), template)


def _shown(value: object, lang: str) -> str:
    match value:
        case Text():
            return value.pick(lang)
        case bool():
            return str(value)
        case int() | float():
            return number(value, lang)
        case datetime():
            return date(value, lang)
        case _:
            return str(value)


@functools.cache
def _catalogue() -> Mapping[tuple[str, str], str]:
    """(message, plural or empty) → Japanese, from the ``.po`` file itself: what is reviewed is what is shown."""
    with (LOCALE / "ja" / "LC_MESSAGES" / "govsec.po").open("rb") as file:
        catalogue = read_po(file, locale="ja")
    return {_key(message.id): _only(message.string) for message in catalogue if message.id and message.string}


def _key(identifier: str | Sequence[str]) -> tuple[str, str]:
    return (identifier, "") if isinstance(identifier, str) else (identifier[0], identifier[1])


def _only(string: str | Sequence[str]) -> str:
    # Japanese has one plural form (CLDR: other).
    return string if isinstance(string, str) else string[0]
