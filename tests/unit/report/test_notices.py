"""The Japanese of what scanners say keeps step with what they say."""

from pathlib import Path

from govsec_ci.report import notices
from govsec_ci.report.i18n import same


def _sources(root: Path) -> str:
    folders = ("scanners", "manifests", "formats", "evidence")
    return "".join(path.read_text("utf-8") for name in folders for path in (root / "govsec_ci" / name).glob("*.py"))


def test_every_known_id_is_still_in_use(root: Path) -> None:
    sources = _sources(root)
    assert [name for name in notices._MEANINGS if f'"{name}"' not in sources] == []


def test_every_known_step_is_still_in_use(root: Path) -> None:
    sources = _sources(root).replace('"\n    "', "")
    assert [step for step in notices._steps() if step not in sources] == []


def test_a_known_notification_is_explained_and_its_own_words_stay() -> None:
    told = notices.said("file-not-parsed", "a.py: bad syntax")
    assert (told.en, told.ja) == (
        "a.py: bad syntax",
        "ファイルを構文解析できないため、検査していない(a.py: bad syntax)",
    )


def test_an_unknown_one_stays_as_it_is() -> None:
    assert notices.said("of a plug-in", "x") == same("x")
    assert notices.step("do this") == same("do this")
    assert notices.step("run the tool that writes it again").ja == "当該ファイルを出力するツールを再度実行する"
