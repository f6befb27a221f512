"""The Japanese catalogue is complete, and its sentences take the same values as the English ones."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from babel.messages.catalog import Message

from govsec_ci.report.i18n import EMPTY, Text, both, both_n, date, join, moment, number, same, speaker
from tests.support import catalogue

_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_NOT_TRANSLATED = {"SBOM", "{numbers}. {clause}"}


def _messages() -> Iterator[Message]:
    return (message for message in catalogue.translated() if message.id)


def _many(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[1]


def _japanese(message: Message) -> str:
    string = message.string or ""
    return string if isinstance(string, str) else string[0]


def test_every_message_of_the_sources_is_in_the_catalogue_and_no_other() -> None:
    wanted = {message.id for message in catalogue.extracted() if message.id}
    assert {message.id for message in _messages()} == wanted, "run: python -m tests.support.catalogue"


def test_every_message_is_translated() -> None:
    assert [message.id for message in _messages() if not _japanese(message) or message.fuzzy] == []


def test_translations_take_the_same_values() -> None:
    for message in _messages():
        assert set(_PLACEHOLDER.findall(_japanese(message))) == set(_PLACEHOLDER.findall(_many(message))), message.id


def test_translations_are_japanese() -> None:
    for message in _messages():
        words = _PLACEHOLDER.sub("", _japanese(message))
        if _many(message) not in _NOT_TRANSLATED and re.search("[A-Za-z]{2}", _PLACEHOLDER.sub("", _many(message))):
            assert re.search("[\u3040-\u30ff\u4e00-\u9fff]", words), message.id


def test_one_style_throughout() -> None:
    """Administrative documents: plain form (である), no polite endings, Japanese punctuation."""
    for message in _messages():
        assert not re.search("です|ます。|ください|ました", _japanese(message)), message.id


@pytest.mark.parametrize(("count", "english"), [(1, "1 day old"), (2, "2 days old"), (1234, "1,234 days old")])
def test_english_has_a_singular(count: int, english: str) -> None:
    assert both_n("{n} day old", "{n} days old", count).en == english


def test_japanese_has_none() -> None:
    assert both_n("{n} day old", "{n} days old", 1).ja == "1 日経過"


def test_values_are_written_in_each_language() -> None:
    day = datetime(2026, 4, 1, tzinfo=UTC)
    assert both("the first by {day}", day=day) == Text("the first by 1 Apr 2026", "最初の期限は2026年4月1日")
    assert both("by {day}", day=same("{day}")).en == "by {day}"
    assert both("by {day}", other=True).en == "by {day}"
    assert both("by {day}", day=True).en == "by True"


def test_numbers_and_times() -> None:
    assert number(1234567, "ja") == "1,234,567"
    assert moment(datetime(2026, 4, 1, 9, 5, tzinfo=UTC), "ja") == "2026年4月1日 09:05 UTC"
    assert date(datetime(2026, 4, 1, 9, 5, tzinfo=UTC), "en") == "1 Apr 2026"


def test_a_speaker_has_one_language() -> None:
    say, say_n = speaker("ja")
    assert say("Gate") == "基準"
    assert say_n("{n} result", "{n} results", 3) == "検出結果 3 件"


def test_lists_have_their_comma() -> None:
    assert join((Text("a", "甲"), Text("b", "乙"))) == Text("a, b", "甲、乙")
    assert not EMPTY
