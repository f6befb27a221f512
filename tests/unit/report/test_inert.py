"""Text of the judged tree can neither move a cursor nor turn text around."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govsec_ci.report import inert
from govsec_ci.report.inert import MESSAGE_CHARACTERS, WORD_CHARACTERS, message, word

ANY = st.text(st.characters(codec=None), max_size=300)
_BIDI = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@given(ANY)
def test_nothing_that_controls_is_left(text: str) -> None:
    for made in (word(text), message(text)):
        assert not any(unicodedata.category(sign) in {"Cc", "Cs", "Zl", "Zp"} for sign in made)
        assert not _BIDI & set(made)
        made.encode()


@given(st.text(st.characters(categories=["L", "N", "P", "Zs"], codec="utf-8"), max_size=80))
def test_ordinary_words_stay_as_they_are(text: str) -> None:
    expected = "".join(sign for sign in text if sign not in "\u115f\u1160\u3164\uffa0")
    assert word(expected) == expected


@pytest.mark.parametrize(
    ("given_text", "shown"),
    [
        ("a\x1b[31mb", "a<U+001B>[31mb"),
        ("\u202egnp.exe", "<U+202E>gnp.exe"),
        ("caf\udce9.py", "caf<0xE9>.py"),
        ("a\nb", "a<U+000A>b"),
        ("葛\U000e0100飾.py", "葛\U000e0100飾.py"),
        ("Z" + "\u0300" * 50, "Z" + "\u0300" * 4),
    ],
)
def test_what_becomes_of_a_word(given_text: str, shown: str) -> None:
    assert word(given_text) == shown


def test_white_space_in_a_message_becomes_one_blank() -> None:
    assert message("  two\n\tlines\r\n") == "two lines"


def test_long_text_is_cut_and_says_so() -> None:
    assert word("x" * 1_000_000).startswith("x" * (WORD_CHARACTERS // 2) + "…[1,000,000]…")
    assert len(word("x" * 1_000_000)) < WORD_CHARACTERS
    assert message("y" * 5_000) == "y" * MESSAGE_CHARACTERS + "… [5,000]"


@pytest.mark.parametrize("text", ["::add-mask::x", " ::set-output name=a::b", "a ##[error]b", "##[set-env name=x;]y"])
def test_nothing_reads_as_a_command_of_a_runner(text: str) -> None:
    for shown in (inert.word(text), inert.message(text), inert.lines(f"x\n{text}").split("\n")[1]):
        assert not shown.lstrip().startswith("::")
        assert "##[" not in shown
        assert "<U+003A>:" in shown or "<U+0023>#[" in shown
    assert inert.word("a::b # c ## [d]") == "a::b # c ## [d]"
