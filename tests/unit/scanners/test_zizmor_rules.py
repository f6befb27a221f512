"""What we say of zizmor's audits, compared with the zizmor that is installed."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from govsec_ci.scanners.zizmor import binary

RULES_FILE = Path(__file__).parents[3] / "govsec_ci/scanners/zizmor_rules.toml"
RULES: dict[str, dict[str, Any]] = tomllib.loads(RULES_FILE.read_text("utf-8"))
MOST_CHARACTERS = {"short": 120, "full": 400, "remedy": 300}
FULL_STOP = {"en": ".", "ja": "。"}
JAPANESE = re.compile(r"[\u3041-\u30ff\u4e00-\u9fff]")
# Each audit names the section of zizmor's documentation that is about it; in the program the text that follows is glued
# to it, so that the end of the id cannot be told.
ADDRESS = re.compile(rb"docs\.zizmor\.sh/audits/#([a-z][a-z-]*)")


@pytest.fixture(scope="module")
def named() -> set[str]:
    return {found.decode() for found in ADDRESS.findall(binary().read_bytes())}


def test_every_audit_of_the_installed_zizmor_is_described(named: set[str]) -> None:
    assert len(named) > 30
    assert [glued for glued in sorted(named) if not any(glued.startswith(rule) for rule in RULES)] == []


def test_nothing_is_described_that_the_installed_zizmor_does_not_know(named: set[str]) -> None:
    assert [rule for rule in RULES if not any(glued.startswith(rule) for glued in named)] == []


def test_each_name_stands_for_itself(named: set[str]) -> None:
    """No audit is taken for described only because another's name begins alike."""
    assert [(one, other) for one in RULES for other in RULES if one != other and other.startswith(one)] == []
    assert len(named) == len(RULES)


@pytest.mark.parametrize("rule", RULES)
def test_each_is_described_in_both_languages(rule: str) -> None:
    assert list(RULES[rule]) == ["short", "full", "remedy"]
    for key, texts in RULES[rule].items():
        assert sorted(texts) == ["en", "ja"]
        for lang, text in texts.items():
            assert text.endswith(FULL_STOP[lang])
            assert len(text) <= MOST_CHARACTERS[key]
            assert bool(JAPANESE.search(text)) == (lang == "ja")


def test_they_are_sorted() -> None:
    assert list(RULES) == sorted(RULES)
