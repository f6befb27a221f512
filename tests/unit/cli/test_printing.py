"""How commands print."""

import re
from pathlib import Path

import pytest

from govsec_ci import cli
from govsec_ci.cli import printing
from tests.conftest import ROOT


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
