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


def test_our_own_sentence_is_told_in_japanese() -> None:
    told = notices.said("file-not-read", "a.py was not scanned: not a regular file")
    assert (told.en, told.ja) == (
        "a.py was not scanned: not a regular file",
        "a.py を検査していない(通常のファイルではない)",
    )


def test_of_another_tools_words_the_kind_is_explained_and_they_stay() -> None:
    told = notices.said("file-not-parsed", "bad syntax near line 3")
    assert told.ja == "ファイルを構文解析できないため、検査していない(bad syntax near line 3)"


def test_an_unknown_one_stays_as_it_is() -> None:
    assert notices.said("of a plug-in", "x") == same("x")
    assert notices.plain("do this") == same("do this")
    assert notices.plain("run the tool that writes it again").ja == "当該ファイルを出力するツールを再度実行する"
