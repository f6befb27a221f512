"""Names and texts of the judged tree that mean something to whoever shows them: inert by every door."""

import csv
import html.parser
import io
import json
import re
from pathlib import Path

import pytest

from tests.support.doors import through_every_door
from tests.support.hostile_tree import hostile_repository

CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029]")
# A command of the runner stands at the beginning of a line (after blanks) or, the old kind, anywhere.
COMMAND = re.compile(r"^\s*::([a-z-]+)|##\[([a-z-]+)", re.MULTILINE)
OURS = {"error", "warning", "notice", "stop-commands"}


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    top = hostile_repository(tmp_path_factory.mktemp("hostile") / "hostile")
    return through_every_door(top, tmp_path_factory.mktemp("doors"))


def _shown(said: dict[str, str]) -> dict[str, str]:
    """What people read; the logs and the SBOM keep what was found, as JSON."""
    kept = re.compile(r"^(bundle/(?!summary\.md|report\.html))|\.code$")
    return {name: text for name, text in said.items() if not kept.search(name)}


def test_every_door_has_done_its_work(said: dict[str, str]) -> None:
    codes = {name: code for name, code in said.items() if name.endswith(".code")}
    assert set(codes.values()) <= {"0", "1", "3"}, {name: said[name[:-4] + "stderr"] for name in codes}
    found = {result["ruleId"] for run in json.loads(said["bundle/results.sarif"])["runs"] for result in run["results"]}
    assert found >= {"B307", "evil"}
    assert said["action/step-summary.md"]


def test_no_control_or_bidi_character_is_shown(said: dict[str, str]) -> None:
    assert len(_shown(said)) > 15
    for name, text in _shown(said).items():
        assert CONTROL.findall(text) == [], name
        assert BIDI.findall(text) == [], name


def test_no_escape_stands_in_any_file(said: dict[str, str]) -> None:
    for name, text in said.items():
        assert "\x1b" not in text, name


def test_the_runner_is_given_no_command_but_ours(said: dict[str, str]) -> None:
    for name in (name for name in said if name.endswith((".stdout", ".stderr"))):
        text = said[name]
        if name.startswith("action"):
            # What stands between stop-commands and its token is not obeyed; the token is random.
            text = re.sub(
                r"^::stop-commands::(govsec-[0-9a-f]{32})\n.*?^::\1::$", "", text, flags=re.DOTALL | re.MULTILINE
            )
        for line in text.splitlines():
            found = COMMAND.search(line)
            assert found is None or (name.startswith("action") and found[1] in OURS - {"stop-commands"}), (name, line)


class _Page(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.hostile: list[str] = []
        self.in_script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.in_script = tag == "script"
        for key, value in attrs:
            if key.startswith("on") or (key in {"src", "href", "action", "srcdoc"} and "javascript:" in (value or "")):
                self.hostile.append(f"{tag} {key}={value}")
        if tag in {"img", "iframe", "object", "embed"} and ("hostile" in str(attrs) or ("src", "x") in attrs):
            self.hostile.append(tag)

    def handle_data(self, data: str) -> None:
        if self.in_script and "hostile" in data and "alert(" in data and "<" in data:
            self.hostile.append("script")

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002 — its caller names it
        self.in_script = False


@pytest.mark.parametrize("name", ["bundle/report.html", "report-html.stdout", "report-ja.stdout"])
def test_the_page_holds_no_element_of_theirs(said: dict[str, str], name: str) -> None:
    page = _Page()
    page.feed(said[name])
    assert page.hostile == []
    assert "hostile" in said[name]


@pytest.mark.parametrize("name", ["bundle/summary.md", "report-markdown.stdout", "action/step-summary.md"])
def test_the_summary_holds_no_markup_of_theirs(said: dict[str, str], name: str) -> None:
    text = said[name]
    assert not re.search(r"<(script|img)", text, re.IGNORECASE)
    assert not re.search(r"(?<!\\)!\[i(?<!\\)\]\(|(?<!\\)\]\(javascript:", text)
    assert not re.search(r"^#+ Heading", text, re.MULTILINE)


@pytest.mark.parametrize("name", ["report-csv.stdout", "report-csv-excel.stdout"])
def test_no_cell_of_the_table_is_a_formula(said: dict[str, str], name: str) -> None:
    rows = list(csv.reader(io.StringIO(said[name].removeprefix("\ufeff"))))
    assert len(rows) > 10
    assert [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))] == []


def test_the_outputs_of_the_action_are_its_own(said: dict[str, str]) -> None:
    output = said["action/output"]
    fences = set(re.findall(r"^[a-z-]+<<(govsec-[0-9a-f]{32})$", output, re.MULTILINE))
    assert len(fences) == 1
    verdicts = re.findall(r"^verdict<<govsec-[0-9a-f]{32}\n(\w+)$", output, re.MULTILINE)
    assert verdicts == ["FAIL"]


def test_logs_and_verdict_are_json_still(said: dict[str, str]) -> None:
    for name in (name for name in said if name.endswith((".json", ".sarif"))):
        json.loads(said[name])


def test_nothing_was_written_where_a_name_pointed_to(said: dict[str, str], tmp_path: Path) -> None:
    assert not any(".." in name for name in said)
