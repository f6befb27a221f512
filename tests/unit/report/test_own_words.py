"""What our own rooms say is told in Japanese: all of it, with the same values, whatever stands in it."""

import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govsec_ci.manifests.notices import MEANINGS
from govsec_ci.report.i18n import fill, japanese
from govsec_ci.report.own_words import SENTENCES, translated
from tests.support.patience import HANG_S
from tests.support.sentences import reasons, sentences

_VALUE = re.compile(r"\{\w*\}")
_BARE = [_VALUE.sub("{}", sentence) for sentence in SENTENCES]
_ROOMS = (
    "scanners/*.py", "manifests/*.py", "evidence/merge.py", "evidence/vex.py", "formats/sarif_foreign.py",
    "formats/products.py", "advisories/locate.py", "app/signature.py", "app/verify.py", "system/process.py",
    "system/git.py",
)  # fmt: skip
_ROOMS_OF_ERRORS = ("app/snapshot*.py", "system/files.py")

# What no notification says, each with the reason why it needs no Japanese.
_ERRORS = {
    # errors, told in English on the console: the run ends, and no report is written
    "give --environment the folder of a virtual environment",
    "give --environment the folder of a virtual environment, or its site-packages",
    "{}: holds no site-packages, so it is no installed environment",
    "{}: is not a folder",
    "install git",
    "have the tool write the log anew; sarif-multitool validate says more about it",
    "{}: $.version: is {}, not {}",
    "is missing or empty",
    "{} has no time zone",
    "{} is no state",
    "{} is no time of RFC 3339",
}
_INNER = {
    # exceptions that their own room catches
    "more versions than anybody compares with",
    "too many environments",
    "a marker in another form",
    "an order of names",
    # what a thing is called in an error of its reader
    "the answer of cyclonedx-bom",
    "the stored advisory data",
    # parts of a text that stand here whole
    "{} {} ({}): no public advisories cover it",
    "{}, and the configuration does not require it",
    "{}no manifest names a digest",
    "cannot be decoded: {}line {} is not {}",
    "{}: no component of this file is known to be public",
}
_NO_NOTIFICATION = {
    # a rule's own texts and a run's property, in SARIF only
    "bandit test {}",
    "{}: upgrade to a version that is not affected, or assess it in a VEX statement or waiver.",
    "{}. What to do: {}",
    "{} of {} components audited",
    "pip-audit's {} service",
    "fixed in {}",
    # patterns, licences, files
    r"^ *INFO audit: [^/\\\n]*?completed (.+)$",
    "Stack backtrace",
    "# no plain name",
    "# no plain version",
    "(not a URL)",
    "(the settings of pdm cannot be read)",
    '(?P<name>\\w+) (?P<operator>===|==|!=|~=|<=|>=|<|>|not in|in) "(?P<value>[^"]*)"',
}


def _said(root: Path) -> dict[str, str]:
    """Every sentence of the rooms that speak → its file."""
    found = {text: file.name for file in _files(root, _ROOMS) for text in sentences(file)}
    return found | {text: file.name for file in _files(root, _ROOMS_OF_ERRORS) for text in reasons(file)}


def _files(root: Path, rooms: tuple[str, ...]) -> list[Path]:
    return [file for room in rooms for file in sorted((root / "govsec_ci").glob(room))]


def _is_told(text: str) -> bool:
    part = text.strip(" :;{}")
    return translated(text.replace("{}", "X")) is not None or any(part in sentence for sentence in _BARE)


def test_every_sentence_of_ours_is_told_in_japanese(root: Path) -> None:
    known = _ERRORS | _INNER | _NO_NOTIFICATION | set(MEANINGS.values())
    said = {text: file for text, file in _said(root).items() if "GNU " not in text and text not in known}
    lacking = {text: file for text, file in said.items() if not _is_told(text)}
    assert lacking == {}, "add them to govsec_ci/report/own_words.py, then: python -m tests.support.catalogue"


def test_no_exception_is_kept_for_what_is_no_longer_said(root: Path) -> None:
    assert (_ERRORS | _INNER | _NO_NOTIFICATION) - set(_said(root)) == set()


def test_no_sentence_is_kept_that_nobody_says(root: Path) -> None:
    files = _files(root, _ROOMS + _ROOMS_OF_ERRORS)
    sources = re.sub(r'"\n\s*f?"', "", "".join(file.read_text("utf-8") for file in files))
    assert [sentence for sentence in SENTENCES if _core(sentence) not in sources] == []


def _core(sentence: str) -> str:
    """The longest part that stands in one literal, whatever it is put together from."""
    longest = max(_VALUE.split(sentence), key=len)
    return max(re.split(r" \(|: |, | is | are |because|in the whole product", longest), key=len).strip()


def test_the_sentences_are_all_different() -> None:
    assert sorted(set(_BARE)) == sorted(_BARE)


@pytest.mark.parametrize("sentence", SENTENCES[1:])
def test_each_sentence_is_recognised_with_its_values(sentence: str) -> None:
    values = {name: f"V{number}" for number, name in enumerate(re.findall(r"\{(\w+)\}", sentence))}
    assert translated(fill(sentence, "en", values)) == fill(japanese(sentence), "ja", values)


def test_a_place_before_a_sentence_stays() -> None:
    assert translated("a/b.txt:3: is not UTF-8 text") == "a/b.txt:3: UTF-8 のテキストではない"
    assert translated("a: b.txt:3: is not UTF-8 text") == "a: b.txt:3: UTF-8 のテキストではない"
    assert translated("a/b.txt:3: whatever a tool says") is None


def test_a_reason_within_is_told_too_and_words_of_others_stay() -> None:
    assert translated("a.py was not scanned: not a regular file") == "a.py を検査していない(通常のファイルではない)"
    assert translated("a.py was not scanned: Permission denied") == "a.py を検査していない(Permission denied)"
    assert translated("SQL injection in order_by") is None


def test_values_are_no_placeholders() -> None:
    assert translated("{why} was not scanned: {path}") == "{why} を検査していない({path})"


@given(st.text(st.sampled_from(" :;,.{}()'xX\u202e"), max_size=200))
def test_anything_is_answered(text: str) -> None:
    assert translated(text) is None or translated(text)


def test_the_longest_message_is_answered_at_once() -> None:
    begun = time.monotonic()
    for text in ("a: " * 700, " was not audited: " * 120, "was asked for twice: and " * 90, "{}" * 1000):
        translated(text)
    assert time.monotonic() - begun < HANG_S
