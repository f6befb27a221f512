"""Names and texts of the judged tree that mean something to whoever shows them: inert by every door."""

import csv
import html.parser
import io
import json
import re
from pathlib import Path

import pytest

from tests.support.doors import through_every_door
from tests.support.repositories import commit_all, new_repository

EVIL = (
    "\x1b[31mred\x1b]8;;http://hostile.example\x07 \u202eevil\u2066 \x9b2J\r\n::set-output name=verdict::PASS\n"
    "::add-mask::0\n##[set-output name=verdict;]PASS\n<script>alert('hostile')</script><img src=x onerror=alert(1)>"
    '![i](http://hostile.example/x)[l](javascript:alert(1)) | `x` | \n# Heading\n=HYPERLINK("http://hostile.example")'
)
NAMES = (
    "::set-output name=verdict::PASS.py",
    "::stop-commands::x.py",
    "##[error]x.py",
    "=cmd|' C'!A0.py",
    "@SUM(1).py",
    "+1.py",
    "-rf.py",
    "\x1b[2Jclear.py",
    "\u202eyp.rip.py",
    "new\nline::error::x.py",
    "cr\r::add-mask::x.py",
    "<script>alert('hostile')<",
    "![i](javascript:alert(1)).py",
    "a|b`c`.py",
    "bytes\udcff\udc9b2J.py",
)
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029]")
# A command of the runner stands at the beginning of a line (after blanks) or, the old kind, anywhere.
COMMAND = re.compile(r"^\s*::([a-z-]+)|##\[([a-z-]+)", re.MULTILINE)
OURS = {"error", "warning", "notice", "stop-commands"}


def _toml(text: str) -> str:
    return json.dumps(text, ensure_ascii=True).replace("\x7f", "\\u007f")


def _foreign_log() -> str:
    driver = {"name": f"tool {EVIL}", "version": EVIL, "rules": [{"id": "evil", "shortDescription": {"text": EVIL}}]}
    at = {"physicalLocation": {"artifactLocation": {"uri": "x%1B%5B31m%0A::error::y.py"}, "region": {"startLine": 1}}}
    result = {"ruleId": "evil", "level": "error", "message": {"text": EVIL, "markdown": EVIL}, "locations": [at]}
    told = {"level": "warning", "message": {"text": EVIL}}
    run = {
        "tool": {"driver": driver},
        "results": [result],
        "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": [told]}],
    }
    return json.dumps({"version": "2.1.0", "runs": [run]})


def _waiver(number: int, rule: str, path: str) -> str:
    texts = "".join(f"{key} = {_toml(EVIL)}\n" for key in ("reason", "owner", "approver", "ticket", "plan"))
    covers = f"rule = {_toml(rule)}\npath = {_toml(path)}\n"
    return (
        f"[[waivers]]\nid = {_toml(f'W{number} {EVIL}')}\n{covers}{texts}created = 2024-09-01\nexpires = 2024-11-01\n"
    )


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    top = new_repository(tmp_path_factory.mktemp("hostile") / "hostile")
    for name in NAMES:
        path = top / name if name.endswith(".py") else top / name / "script>.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"eval('1')  # {EVIL.splitlines()[0]}\n", "utf-8")
    (top / "broken\x1b[31m\n::error::.py").write_text("def (\n")
    (top / "waived.py").write_text("eval(input())\n")
    (top / "nosec.py").write_text(
        "eval(input())  # nosec B307: <script>alert('hostile')</script> ::set-output \x1b[2J\u202e\n"
    )
    (top / "requirements.txt").write_text(
        f"idna==3.3\n=HYPERLINK(1)==1.0\n<img src=x>==2 \x1b[31m\u202e\nx @ {'https://hostile.example/%0A::error::x'}\n",
        "utf-8",
    )
    (top / "log.sarif").write_text(_foreign_log())
    (top / "govsec.toml").write_text(
        f'name = {_toml(EVIL)}\nversion = {_toml(EVIL)}\n[[import]]\npath = "log.sarif"\nrole = "dast"\n'
        f"[[declared]]\nname = 'x'\nowner = {_toml(EVIL)}\nreason = {_toml(EVIL)}\n"
        f"[[out-of-scope]]\npath = 'waived2.py'\nowner = {_toml(EVIL)}\nreason = {_toml(EVIL)}\n"
    )
    (top / "govsec-waivers.toml").write_text(_waiver(1, "B307", "waived.py") + _waiver(2, "evil", "none.py"))
    commit_all(top, "Hostile")
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
