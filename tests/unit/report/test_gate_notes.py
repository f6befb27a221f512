"""What gates say is Japanese to its last word, and a verdict's own words stay what they are."""

import ast
import re
from pathlib import Path

import pytest

from govsec_ci.gate.kind_deadlines import _Inputs
from govsec_ci.gate.kind_sbom import ELEMENT_NAMES, FIELD_NAMES
from govsec_ci.gate.schema import SuppressionsGate
from govsec_ci.gate.texts import TEXTS, note
from govsec_ci.model import Note, Role, Severity, Stage, SuppressionStatus
from govsec_ci.report import gate_notes
from govsec_ci.report.gate_notes import PLAIN, WORDS, noted, said
from govsec_ci.report.i18n import same

_ENGLISH = re.compile(r"(?<![\w.-])[a-z]{2,}(?![\w.-])")


def _placeholders() -> set[str]:
    return {name for pair in TEXTS.values() for text in pair for name in re.findall(r"\{(\w+)\}", text)}


def test_of_every_value_it_is_known_whether_it_holds_words() -> None:
    assert _placeholders() == PLAIN | WORDS.keys(), "a new value: is it a name or number, or a word to be translated?"
    assert PLAIN & WORDS.keys() == set()


def test_every_word_of_a_closed_list_is_known() -> None:
    assert gate_notes.ROLES.keys() == {role.value for role in Role}
    assert gate_notes.STATUSES.keys() == {status.value for status in SuppressionStatus}
    assert gate_notes.STAGES.keys() == {stage.value for stage in Stage}
    assert gate_notes.SEVERITIES.keys() == {severity.value for severity in Severity}
    assert gate_notes.ELEMENTS.keys() == ELEMENT_NAMES.keys() | FIELD_NAMES.keys()
    assert gate_notes.COUNTS.keys() == {"unjustified", "inadmissible", "expiring", "added"}
    assert gate_notes.COUNTS.keys() <= set(SuppressionsGate.__struct_fields__)


def test_everything_that_can_be_unknown_has_a_word(root: Path) -> None:
    asked = {name.replace("_", " ") for name in _Inputs.__struct_fields__} | {"clock", "filter"}
    assert gate_notes.UNKNOWNS.keys() == asked | set(_written(root, "what"))


def _written(root: Path, value: str) -> list[str]:
    """The literals that gates give a value."""
    trees = [ast.parse(file.read_text("utf-8")) for file in (root / "govsec_ci" / "gate").glob("*.py")]
    calls = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    notes = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "note"]
    given = [word.value for call in notes for word in call.keywords if word.arg == value]
    return [one.value for one in given if isinstance(one, ast.Constant) and isinstance(one.value, str)]


@pytest.mark.parametrize(
    ("words", "identifier", "value"),
    [
        (gate_notes.ROLES, "roles", "roles"),
        (gate_notes.STATUSES, "why-status", "status"),
        (gate_notes.STAGES, "no-gate-at-stage", "stage"),
        (gate_notes.SEVERITIES, "why-severity", "severity"),
        (gate_notes.UNKNOWNS, "why-unknown", "what"),
        (gate_notes.ELEMENTS, "sbom-whole", "elements"),
    ],
)
def test_no_english_word_is_left(words: dict[str, str], identifier: str, value: str) -> None:
    rest = {"profile": "P"}
    told = {word: said(Note(id=identifier, values={**rest, value: word}), "ja") for word in words}
    assert {word: text for word, text in told.items() if _ENGLISH.search(text.replace("purl", ""))} == {}


@pytest.mark.parametrize(
    ("given", "japanese"),
    [
        (note("claims", claims="added: 0, expiring: 2"),
         "当該変更による抑止及び方針変更 0 件、期限の迫る適用除外 2 件"),
        (note("run-future", run="x", date="2024-10-10", now="2024-10-09T01:02:03Z"),
         "x の日時 2024年10月10日は判定時刻(2024年10月9日 01:02 UTC)より後であり、経過日数を判断できない"),
        (note("claims", claims="unjustified ≤ 0"), "理由のない抑止 0 件以下"),
        (note("feed-limits", feeds="osv ≤ 7 d, kev ≤ 24 h"), "osv 7 日以内、kev 24 時間以内"),
        (note("feeds", feeds="osv 2024-10-10"), "osv(2024年10月10日現在)"),
        (note("feed-stale", feed="osv", date="2024-10-10", limit="7 d"),
         "osv の情報は 2024年10月10日現在のもので、7 日を超えて古い"),
        (note("held-back", n=2, date="?"), "既知の 2 件は、対象範囲「新規のみ」により算入していない(最古は ? から)"),
        (note("overdue-unsure", n=1, who="CVE-1", what="clock"),
         "1 件(CVE-1)について、期限超過か否かを判断できない(不明: 期限の起算日)"),
        (note("deadline-unsure", n=1, who="CVE-1", what="automatable, technical impact"),
         "1 件(CVE-1)について、適用される期限を判断できない(不明: 自動化可能性(SSVC)、技術的影響(SSVC))"),
        (note("next-feeds", feeds="kev, epss"),
         "監査に欠けている kev、epss の情報を `govsec advisories sync` 又は `import` で取り込み、再度判定する。"),
        (note("unsure", within=note("why-unknown", what="severity"), n=1, who="X"),
         "1 件(X)について、数えるべきか判断できない: 重大度が不明"),
        (note("role-missing", role="sast"), "静的解析の検査が実施されていない"),
        (note("element-missing", element="sbom-creator", n=1, who="pkg:x"),
         "SBOM の作成者(電子メール又は URL)を欠くコンポーネントが 1 件ある: pkg:x"),
        (note("run-said", run="bandit", text="a.py was not scanned: not a regular file"),
         "bandit: a.py を検査していない(通常のファイルではない)"),
        (note("run-not-applicable", run="pip-audit", proof="no dependency is declared: a.toml"),
         "pip-audit は対象外: 依存関係の宣言がない(a.toml)"),
        (note("run-said", run="x", text="a tool's own words"), "x: a tool's own words"),
        (note("role-missing", role="of a later engine"), "of a later engine の検査が実施されていない"),
    ],
)  # fmt: skip
def test_words_are_told_in_japanese(given: Note, japanese: str) -> None:
    assert said(given, "ja") == japanese


def test_english_and_the_note_stay_as_the_verdict_has_them() -> None:
    given = note("claims", claims="added: 0")
    assert noted(given, "").en == "added: 0"
    assert given.values == {"claims": "added: 0"}


def test_a_check_without_a_note_keeps_its_own_words() -> None:
    assert noted(None, "3 results") == same("3 results")
    assert noted(Note(id="of a later engine"), "3 results") == same("3 results")
