"""``govsec-sbom``: an SBOM can be made, and the committed one is current."""

import json
from pathlib import Path

import pytest
from govsec_ci_hooks.sbom import main

from tests.support.repositories import commit_all, git
from tests.support.staging import call, small_repository, stage

OUTPUT = ("--output", "sbom.cdx.json")


@pytest.fixture
def top(tmp_path: Path) -> Path:
    return small_repository(tmp_path / "repo")


def test_an_sbom_can_be_made(top: Path) -> None:
    code, said = call(main, top)
    assert code == 0, said
    assert git(top, "status", "--porcelain") == ""


def test_what_cannot_be_read_stops_the_commit(top: Path) -> None:
    stage(top, {"poetry.lock": "no [[ lock\n"})
    code, said = call(main, top, *OUTPUT)
    assert code == 3
    assert "not checked by cyclonedx" in said
    assert not (top / "sbom.cdx.json").exists()


def test_a_japanese_reader(top: Path) -> None:
    code, said = call(main, top, *OUTPUT, "--lang", "ja")
    assert code == 1
    assert said.splitlines()[-2:] == [
        "sbom.cdx.json: なかったため、書き出した",
        "    対処: 内容を確かめ、`git add sbom.cdx.json` を実行してから再度コミットする",
    ]


def test_a_missing_sbom_is_written_and_stops_the_commit_once(top: Path) -> None:
    code, said = call(main, top, *OUTPUT)
    assert code == 1
    assert "sbom.cdx.json: was missing, and is written anew" in said
    assert json.loads((top / "sbom.cdx.json").read_bytes())["components"][0]["name"] == "idna"
    assert call(main, top, *OUTPUT)[0] == 1, "it is not staged yet"
    git(top, "add", "-A")
    assert call(main, top, *OUTPUT)[0] == 0


def test_a_current_sbom_stays_as_it_is_whatever_the_time_and_commit(top: Path) -> None:
    call(main, top, *OUTPUT)
    commit_all(top, "SBOM")
    commit_all(top, "another")
    held = (top / "sbom.cdx.json").read_bytes()
    assert call(main, top, *OUTPUT, "--now", "2031-01-01T00:00:00Z")[0] == 0
    assert (top / "sbom.cdx.json").read_bytes() == held


def test_an_sbom_out_of_date_is_written_anew(top: Path) -> None:
    call(main, top, *OUTPUT)
    stage(top, {"requirements.txt": "idna==3.9\n"})
    code, said = call(main, top, *OUTPUT)
    assert code == 1
    assert "was out of date" in said
    assert json.loads((top / "sbom.cdx.json").read_bytes())["components"][0]["version"] == "3.9"


def test_the_file_counts_from_the_current_folder(top: Path) -> None:
    (top / "docs").mkdir()
    assert call(main, top / "docs", *OUTPUT)[0] == 1
    assert (top / "docs/sbom.cdx.json").exists()
    assert call(main, top, "--output", "../sbom.cdx.json")[0] == 2


def test_nothing_is_written_through_a_link_out_of_the_checkout(top: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (top / "docs").symlink_to("../elsewhere", target_is_directory=True)
    stage(top, {})
    code, said = call(main, top, "--output", "docs/sbom.cdx.json")
    assert (code, "docs/sbom.cdx.json: a link leads out of the checkout" in said) == (2, True)
    assert list((tmp_path / "elsewhere").iterdir()) == []
