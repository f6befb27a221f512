"""``govsec-audit`` on staged manifests."""

from pathlib import Path

import pytest
from govsec_ci_hooks.audit import main

from tests.conftest import ROOT
from tests.support.repositories import git
from tests.support.staging import call, small_repository, stage, write

GIVEN = ("--advisories", ROOT / "examples/advisories", "--now", "2024-10-12T00:00:00Z")


@pytest.fixture
def top(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GOVSEC_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("GOVSEC_ADVISORIES", raising=False)
    return small_repository(tmp_path / "repo")


def test_a_vulnerable_pin_stops_the_commit_and_names_the_fix(top: Path) -> None:
    stage(top, {"requirements.txt": "idna==3.10\nrequests==2.19.0\n"})
    code, said = call(main, top, *GIVEN)
    assert code == 1
    assert "requirements.txt:2 HIGH CVE-2018-18074" in said
    assert "to do: raise requests 2.19.0 to 2.20.0 or later" in said


def test_sound_pins_pass(top: Path) -> None:
    code, said = call(main, top, *GIVEN)
    assert code == 0, said
    assert "pip-audit 1 of 1" in said


def test_the_staged_manifest_and_what_it_includes_count(top: Path) -> None:
    stage(top, {"requirements.txt": "-r more/deps\n", "more/deps": "requests==2.19.0\n"})
    write(top, {"requirements.txt": "idna==3.10\n", "more/deps": "idna==3.10\n"})
    code, said = call(main, top, *GIVEN)
    assert code == 1
    assert "more/deps:1 HIGH" in said


def test_an_unpinned_requirement_is_not_checked(top: Path) -> None:
    stage(top, {"requirements.txt": "idna>=3\n"})
    code, said = call(main, top, *GIVEN)
    assert code == 3
    assert "not checked by pip-audit" in said


def test_missing_advisory_data_warn_at_commit(top: Path) -> None:
    code, said = call(main, top)
    assert code == 0
    assert said.startswith("warning: no component was audited")
    assert "to do: " in said


def test_what_is_not_checked_is_told_in_japanese_too(top: Path) -> None:
    stage(top, {"requirements.txt": "idna>=3\n"})
    said = call(main, top, *GIVEN, "--lang", "ja")[1]
    assert "requirements.txt:1: idna を監査していない(版が一つに固定されていない)" in said
    assert "対処: 版を固定するか" in said
    assert "警告: コンポーネントを一つも監査していない(脆弱性情報が保存されて" in call(main, top, "--lang", "ja")[1]


def test_missing_advisory_data_do_not_hide_what_else_is_not_checked(top: Path) -> None:
    stage(top, {"requirements.txt": "idna>=3\n"})
    assert call(main, top)[0] == 3


def test_old_advisory_data_warn(top: Path) -> None:
    code, said = call(main, top, *GIVEN[:2], "--now", "2026-01-01T00:00:00Z")
    assert code == 0
    assert "warning (INCOMPLETE) jp-gov/advisories-fresh" in said


def test_broken_advisory_data_are_wrong_input(top: Path, tmp_path: Path) -> None:
    (tmp_path / "all.zip").write_bytes(b"no zip")
    assert call(main, top, "--advisories", tmp_path / "all.zip")[0] == 2
    assert call(main, top, "--advisories", tmp_path / "nowhere")[0] == 2


def test_a_removed_manifest_leaves_nothing_to_audit_by(top: Path) -> None:
    git(top, "rm", "-q", "requirements.txt", "pyproject.toml")
    code, said = call(main, top, *GIVEN)
    assert code == 3
    assert "no dependency manifest was found" in said
