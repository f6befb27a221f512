"""docs/profiles is never out of step with the profiles. ``make docs`` writes it anew."""

import subprocess
import sys
from pathlib import Path

import pytest

from govsec_ci.app.profile_page import index, page
from govsec_ci.gate import profile
from tests.conftest import ROOT
from tests.support.gate_evidence import GATE, PROFILE

FOLDER = ROOT / "docs/profiles"


@pytest.mark.parametrize("name", profile.shipped())
def test_the_page_is_the_profile(name: str) -> None:
    assert (FOLDER / f"{name}.md").read_text("utf-8") == page(name), "run make docs"


def test_the_index_leads_to_every_page_and_there_is_no_other() -> None:
    assert (FOLDER / "README.md").read_text("utf-8") == index(), "run make docs"
    assert {path.name for path in FOLDER.glob("*.md")} == {"README.md", *(f"{name}.md" for name in profile.shipped())}


@pytest.mark.parametrize("name", profile.shipped())
def test_a_page_says_everything_in_both_languages(name: str) -> None:
    text, own = page(name), profile.load(name)
    english, japanese = text.split("\n## 日本語\n")
    for gate in own.gates:
        for lang, half in (("en", english), ("ja", japanese)):
            assert f"**{gate.id}**: {gate.title.get(lang)}" in half
            assert gate.text.get(lang) in half
            assert gate.next.get(lang) in half
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len([row for row in rows if row.count("|") - row.count("\\|") == 8]) >= 2 * (len(own.gates) + 2)


def test_the_generator_writes_all_pages_and_removes_those_of_profiles_that_are_gone(tmp_path: Path) -> None:
    (tmp_path / "gone.md").write_text("old")
    subprocess.run([sys.executable, FOLDER / "generate.py", tmp_path], check=True, timeout=120)
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in FOLDER.glob("*.md")}


def test_a_profile_of_a_file_has_a_page_that_is_inert(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    hostile = GATE.replace('en = "t", ja = "題"', 'en = "a | <b>", ja = "題"', 1)
    until = PROFILE.replace("[[documents]]", "effective-from = 2026-01-01\nuntil = 2027-01-01\n[[documents]]", 1)
    path.write_text(until + hostile + 'kind = "signature"\nweight = 7\n', "utf-8")
    text = page(str(path))
    assert "| it: a \\| &lt;b> |" in text
    assert "| 7 |" in text
    assert "In force from 2026-01-01 to 2027-01-01." in text
    assert "govsec profile test" not in text


def test_make_docs_runs_the_generator() -> None:
    text = (ROOT / "Makefile").read_text("utf-8")
    assert "docs/profiles/generate.py" in text.split("\ndocs:")[1].split("\n\n")[0]
