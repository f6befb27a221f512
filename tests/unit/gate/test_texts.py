"""Sentences with numbers in them: the word behind a number agrees with it, in English."""

import re

import pytest

from govsec_ci.gate import texts, words
from govsec_ci.gate.texts import agreeing, counted, note, render

_BARE = re.compile(r"\{(?:n|all|days|hours|months|limit|span)\} [a-z]+s\b")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"n": 1, "days": 3}, "1 result is due within 3 days"),
        ({"n": 2, "days": 1}, "2 results are due within 1 day"),
        ({"n": 0, "days": 0}, "0 results are due within 0 days"),
        ({"n": 10, "days": 11}, "10 results are due within 11 days"),
        ({"n": "1,000", "days": "1.5"}, "1,000 results are due within 1.5 days"),
        # A limit that a parameter gives stands with more behind its number.
        (
            {"n": 1, "days": "1 (default of the parameter x)"},
            "1 result is due within 1 (default of the parameter x) day",
        ),
        ({}, "{n} result is due within {days} day"),
    ],
)
def test_words_agree_with_the_number_before_them(values: dict[str, object], said: str) -> None:
    template = "{n} [result is|results are] due within {days} [day|days]"
    assert (agreeing(template, values).format_map(values) if values else agreeing(template, values)) == said


def test_brackets_without_a_choice_stay() -> None:
    assert agreeing("{gate}: {limit} [{clause}; {label}]", {"limit": 2}) == "{gate}: {limit} [{clause}; {label}]"
    assert agreeing("no choice", {"n": 1}) == "no choice"


def test_numbers_are_told_with_their_word() -> None:
    assert [counted(n, "file", "files") for n in (0, 1, 2)] == ["0 files", "1 file", "2 files"]


@pytest.mark.parametrize("table", [texts.TEXTS, words._WORDS], ids=["texts", "words"])
def test_no_plural_stands_bare_behind_a_number(table: dict[str, tuple[str, str]]) -> None:
    assert [english for english, _ in table.values() if _BARE.search(english)] == []


def test_days_and_components_agree() -> None:
    old = [render(note("run-too-old", run="r", date="2026-01-01", n=n)) for n in (1, 2)]
    assert [text.rpartition(", ")[2] for text in old] == ["more than 1 day ago", "more than 2 days ago"]
    assert render(note("percent", percent=100, n=1, all=1)) == "100 % (1 of 1 component)"
    assert render(note("slots", n=1, all=2)) == "1 of 2 records"
    assert render(note("due-soon", n=1, days=1, date="d", who="w")).startswith("1 result is due within 1 day, ")
