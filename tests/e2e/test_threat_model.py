"""docs/threat-model.md: every attack has an actor, an answer and tests, and each of these tests is there."""

import re

import pytest

from tests.conftest import ROOT

TEXT = (ROOT / "docs/threat-model.md").read_text("utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in TEXT.split("## Attacks and answers", 1)[1].split("\n## ", 1)[0].splitlines()
    if re.match(r"\| \d", line)
]
ACTORS = re.findall(r"^\| ([A-Z]) \|", TEXT.split("## Actors", 1)[1].split("\n## ", 1)[0], re.MULTILINE)
NAMED = sorted(set(re.findall(r"`(tests/[^`]+)`", TEXT)))


def test_the_attacks_are_numbered_and_told_whole() -> None:
    assert [row[0] for row in ROWS] == [str(number) for number in range(1, len(ROWS) + 1)]
    assert len(ROWS) > 20
    for number, by, attack, answer, shown in ROWS:
        assert by, number
        assert set(by.split()) <= set(ACTORS), number
        assert attack, number
        assert answer, number
        assert re.fullmatch(r"(`tests/[\w/]+\.py::test_\w+`(, )?)+", shown), number


def test_every_actor_attacks() -> None:
    assert set(ACTORS) == {who for row in ROWS for who in row[1].split()}


@pytest.mark.parametrize("named", NAMED)
def test_each_test_that_is_named_is_there(named: str) -> None:
    path, _, function = named.partition("::")
    source = (ROOT / path).read_text("utf-8")
    assert re.search(rf"^def {function}\(", source, re.MULTILINE)


def test_what_only_the_platform_answers_is_told() -> None:
    left = TEXT.split("## What govsec_ci cannot answer", 1)[1]
    for words in ("required workflow", "ruleset", "required status check", "code owners", "protected environments"):
        assert words in left
