"""How commands print."""

import json
import re
from pathlib import Path

import pytest

from govsec_ci import cli
from govsec_ci.cli import printing
from govsec_ci.formats import sarif
from govsec_ci.model import Role, Rule
from tests.conftest import ROOT
from tests.support.gate_evidence import code, run


@pytest.mark.parametrize(("variables", "language"), [
    ({"LC_ALL": "ja_JP.UTF-8"}, "ja"),
    ({"LC_ALL": "", "LC_MESSAGES": "", "LANG": "ja_JP.UTF-8"}, "ja"),
    ({"LC_ALL": "C", "LANG": "ja_JP.UTF-8"}, "en"),
    ({"LC_ALL": "", "LC_MESSAGES": "", "LANG": ""}, "en"),
])  # fmt: skip
def test_the_language_is_the_locales(variables: dict[str, str], language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert printing.locale_language() == language


def test_columns_stand_below_one_another_in_japanese_too(capsys: pytest.CaptureFixture[str]) -> None:
    printing.table([("データ", "x"), ("a", "y")])
    assert capsys.readouterr().out == "データ  x\na       y\n"


def test_the_state_of_the_advisory_data(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOVSEC_CACHE_DIR", str(tmp_path))
    assert cli.main(["advisories", "status", "--lang", "ja"]) == 0
    assert re.search(r"^osv +保存なし$", capsys.readouterr().out, re.MULTILINE)
    assert cli.main(["advisories", "import", str(ROOT / "examples/advisories"), "--quiet"]) == 0
    assert cli.main(["advisories", "status", "--now", "2024-10-12T00:00:00Z", "--lang", "ja"]) == 0
    assert re.search(r"^osv +2024-10-08 +3\.\d 日 ", capsys.readouterr().out, re.MULTILINE)


@pytest.mark.parametrize("command", [("show",), ("test",), ("diff", "jp-gov")])
def test_a_profile_s_own_texts_move_no_cursor(
    command: tuple[str, ...], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert cli.main(["profile", "new", "ours", "--to", str(tmp_path)]) == 0
    for name in ("ours.toml", "ours.cases.toml"):
        text = (tmp_path / name).read_text("utf-8")
        (tmp_path / name).write_text(re.sub(r'= "(?=[A-Z])', r'= "\\u001b[2J', text), "utf-8")
    cli.main(["profile", *command, str(tmp_path / "ours.toml"), *(["--lang", "en"] if command == ("show",) else [])])
    said = capsys.readouterr().out
    assert "\x1b" not in said
    assert said


def test_a_log_of_somebody_else_moves_no_cursor(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    odd = "x\x1b[2J"
    for name, runs in (("old", []), ("new", [run(Role.SAST, [code(rule=odd)], [Rule(id=odd)])])):
        (tmp_path / name).write_bytes(sarif.write(runs))
    assert cli.main(["diff", str(tmp_path / "old"), str(tmp_path / "new")]) == 0
    said = capsys.readouterr().out
    assert "x<U+001B>[2J" in said
    assert "\x1b" not in said


def test_an_sbom_of_somebody_else_moves_no_cursor(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    component = {"type": "library", "name": "x\x1b[2J"}
    bom = {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": [component]}
    (tmp_path / "sbom.json").write_text(json.dumps(bom))
    assert cli.main(["sbom", "check", str(tmp_path / "sbom.json")]) == 0
    said = capsys.readouterr().out
    assert "x<U+001B>[2J" in said
    assert "\x1b" not in said
