"""``govsec-waivers`` on the staged waivers, and their effect on the other hooks."""

from pathlib import Path

import pytest
from govsec_ci_hooks import bandit
from govsec_ci_hooks.waivers import main

from tests.support.staging import SHELL, call, small_repository, stage, write

NOW = ("--now", "2026-05-01T00:00:00Z")
WAIVER = """
[[waivers]]
id = "W-1"
rule = "B602"
path = "tools/*.py"
reason = "Only fixed commands reach it."
owner = "hanako"
approver = "ciso"
ticket = "SEC-1"
created = 2026-04-01
expires = 2026-06-30
plan = "Replace it with a list."
"""
BASE = """schema = 1
id = "{id}"
version = "1"
status = "unverified"
jurisdiction = "JP"
extends = "essentials"
title.en = "x"
title.ja = "x"
text.en = "x"
text.ja = "x"
[waivers]
"""


@pytest.fixture
def top(tmp_path: Path) -> Path:
    return small_repository(tmp_path / "repo")


def waive(top: Path, text: str) -> None:
    stage(top, {"govsec-waivers.toml": text})


def test_a_sound_waiver_passes_and_has_effect_in_the_other_hooks(top: Path) -> None:
    stage(top, {"tools/run.py": SHELL})
    assert call(bandit.main, top, *NOW)[0] == 1
    waive(top, WAIVER)
    assert call(main, top, *NOW) == (0, "")
    code, said = call(bandit.main, top, *NOW)
    assert code == 0, said
    assert call(bandit.main, top, "--now", "2026-07-02T00:00:00Z")[0] == 1, "it has expired"


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [('"ciso"', '" Hanako "', "its approver is its owner"), ("2026-06-30", "2036-06-30", "longer")],
)
def test_what_could_never_be_admitted_stops_the_commit(top: Path, old: str, new: str, why: str) -> None:
    waive(top, WAIVER.replace(old, new))
    code, said = call(main, top, *NOW, "govsec-waivers.toml")
    assert code == 1
    assert said.startswith("govsec-waivers.toml: FAIL: waiver W-1 has no effect under jp-gov: ")
    assert why in said or why == "longer"


def test_a_japanese_reader(top: Path) -> None:
    waive(top, WAIVER.replace('"ciso"', '"hanako"').replace("2026-06-30", "2026-04-02"))
    code, said = call(main, top, *NOW, "--lang", "ja")
    assert code == 1
    mistake, wait = said.splitlines()
    assert mistake == (
        "govsec-waivers.toml: FAIL(不合格): 適用除外 W-1 は jp-gov の下で効力を持たない: 承認者と所有者が同一である"
    )
    assert wait.startswith("govsec-waivers.toml: 警告: 適用除外 W-1 は jp-gov の下で効力を持たない: 2026年4月2日")


@pytest.mark.parametrize(
    ("old", "new", "now", "why"),
    [
        ('"ciso"', '""', NOW[1], "nobody has approved it"),
        ("W-1", "W-1", "2026-03-01T00:00:00Z", "it holds only from 2026-04-01"),
        ("W-1", "W-1", "2026-07-01T00:00:00Z", "it expired on 2026-06-30"),
    ],
)
def test_drafts_and_ends_are_told_and_pass(top: Path, old: str, new: str, now: str, why: str) -> None:
    waive(top, WAIVER.replace(old, new))
    code, said = call(main, top, "--now", now)
    assert (code, why in said) == (0, True)
    assert said.startswith("govsec-waivers.toml: warning: ")


def test_a_profile_that_admits_none_or_wants_a_ticket(top: Path, tmp_path: Path) -> None:
    for name, waivers in {"none": "accept = false", "ticket": "accept = true\nticket = true"}.items():
        (tmp_path / f"{name}.toml").write_text(BASE.format(id=name) + waivers)
    waive(top, WAIVER.replace("SEC-1", ""))
    code, said = call(main, top, *NOW, "--profile", tmp_path / "none.toml", "--profile", tmp_path / "ticket.toml")
    assert code == 1
    assert "under none: this profile does not admit claims of this kind" in said
    assert "under ticket: it names no ticket" in said


def test_the_staged_file_is_checked_and_a_broken_one_is_wrong_input(top: Path) -> None:
    waive(top, WAIVER.replace("owner", "ownr"))
    write(top, {"govsec-waivers.toml": WAIVER})
    code, said = call(main, top, *NOW)
    assert code == 2
    assert "govsec-waivers.toml:7" in said


def test_a_file_that_git_does_not_know_is_checked_too(top: Path) -> None:
    write(top, {"more.toml": WAIVER.replace('"ciso"', '"hanako"')})
    assert call(main, top, *NOW, "more.toml")[0] == 1


def test_without_waivers_there_is_nothing_to_say(top: Path) -> None:
    assert call(main, top, *NOW) == (0, "")


def test_a_file_that_is_named_and_missing_was_not_checked(top: Path) -> None:
    assert call(main, top, *NOW) == (0, "")
    code, said = call(main, top, *NOW, "misspelt.toml")
    assert (code, "misspelt.toml" in said) == (2, True)
