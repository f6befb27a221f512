"""What the hooks say besides the answer of a check, in English and Japanese."""

from collections.abc import Mapping
from typing import Any, Final

from govsec_ci.app.say import Say, Texts
from govsec_ci.cli.printing import locale_language

_TEXTS: Final[Texts] = {
    "no-python": ("PASS: no Python file is staged", "PASS: ステージした Python ファイルはない"),
    "no-python-in": ("PASS: {ref} changes no Python file", "PASS: {ref} は Python ファイルを変更していない"),
    "missing": ("{file}: was missing, and is written anew", "{file}: なかったため、書き出した"),
    "out-of-date": ("{file}: was out of date, and is written anew", "{file}: 最新でなかったため、書き直した"),
    "add": (
        "    to do: look at it, then `git add {file}` and commit again",
        "    対処: 内容を確かめ、`git add {file}` を実行してから再度コミットする",
    ),
    "waiver": (
        "{path}: {word}: waiver {waiver} has no effect under {profile}: {why}",
        "{path}: {word}: 適用除外 {waiver} は {profile} の下で効力を持たない: {why}",
    ),
    "warning": ("warning", "警告"),
    "fail": ("FAIL", "FAIL(不合格)"),
}


def words(given: Mapping[str, Any]) -> Say:
    """Says these texts in the language that the options of a hook ask for, else the locale's."""
    return Say(_TEXTS, given["lang"] or locale_language())
