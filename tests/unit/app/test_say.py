"""Texts in two languages say the same: the same fields, and Japanese where it is to be Japanese."""

import importlib
import string

import pytest

from govsec_ci.app.doctor_words import REMEDIES
from govsec_ci.app.say import Say, Texts
from tests.conftest import ROOT

ROOMS = {"app": "govsec_ci.app", "hooks": "govsec_ci_hooks"}
FILES = [*(ROOT / "govsec_ci").rglob("*.py"), *(ROOT / "hooks").glob("*.py")]
SOURCES = {path: path.read_text("utf-8") for path in FILES}
TABLES = [path for path, text in SOURCES.items() if "_TEXTS: Final[Texts]" in text]
MODULES = sorted(f"{ROOMS[path.parent.name]}.{path.stem}" for path in TABLES)


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def table(module: str) -> Texts:
    found: Texts = importlib.import_module(module)._TEXTS
    return found


@pytest.mark.parametrize("module", MODULES)
def test_both_languages_have_the_same_fields(module: str) -> None:
    for key, (english, japanese) in table(module).items():
        assert fields(english) == fields(japanese), key
        assert english.isascii() or "…" in english, key


def test_each_language_says_its_own() -> None:
    texts = {"a": ("{n} of them", "{n} 件")}
    assert [Say(texts, lang)("a", n=3) for lang in ("en", "ja")] == ["3 of them", "3 件"]


def test_the_remedies_that_doctor_knows_are_told_somewhere() -> None:
    for english in REMEDIES:
        assert any(f'"{english}"' in text for path, text in SOURCES.items() if path.stem != "doctor_words"), english
