"""The texts of one page in English and Japanese, side by side."""

from collections.abc import Mapping

from govsec_ci.gate.texts import agreeing

Texts = Mapping[str, tuple[str, str]]
"""Key → (English, Japanese), each with the same ``{fields}``; ``[one|many]`` agrees with the field before it."""


class Say:
    """Says the texts of one table in one language.

    :param lang: ``en`` or ``ja``
    """

    def __init__(self, texts: Texts, lang: str) -> None:
        self._texts = texts
        self.lang = lang

    def __call__(self, key: str, **values: object) -> str:
        """The text with its fields filled in."""
        return agreeing(self._texts[key][self.lang == "ja"], values).format_map(values)
