"""The verdict on a console: plain lines, a terminal, and text that cannot steer either."""

import io
import re

import pytest
from rich.cells import cell_len

from govsec_ci.model import VerdictWord
from govsec_ci.report import console
from govsec_ci.report.view import View, build
from tests.support import report_cases as cases


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_blocking_results_first_and_what_to_do_last() -> None:
    lines = console.plain(cases.failing()).splitlines()
    assert (
        lines[0] == "requirements.txt:3 CRITICAL CVE-2026-0001 "
        "django 3.2.0: SQL injection through a crafted order_by.; fixed in 3.2.25"
    )
    assert lines[2] == "app/backup.py:12:5 HIGH B602 subprocess call with shell=True identified, security issue."
    assert lines[3].startswith("FAIL jp-gov/known-vulnerabilities: ")
    assert lines[6].startswith("warning (FAIL) jp-gov/static-low: ")
    assert "not checked by bandit: app/old.py: does not parse" in lines
    assert lines[8] == "FAIL: Do not release: 2 gates are violated, and 1 could not be decided."
    assert lines[9] == "What to do next:"
    assert lines[-1].startswith("  5. ")


def test_a_pass_is_one_line() -> None:
    assert console.plain(cases.passing()) == "PASS: You may release: every gate asked at stage build is met.\n"


def test_quiet_is_the_verdict_only() -> None:
    out = io.StringIO()
    console.show(cases.failing("ja"), out, quiet=True)
    assert out.getvalue() == "FAIL(不合格): 2 件の基準に適合せず、1 件は判定できない。リリースしてはならない。\n"


def test_not_a_terminal_gets_plain_lines() -> None:
    out = io.StringIO()
    console.show(cases.failing(), out)
    assert out.getvalue() == console.plain(cases.failing())


def _shown_on_a_terminal(monkeypatch: pytest.MonkeyPatch, **environment: str) -> str:
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    out = _Terminal()
    console.show(cases.failing(), out)
    return out.getvalue()


def test_a_terminal_gets_colours_and_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    text = _shown_on_a_terminal(monkeypatch)
    assert "\x1b[31m" in text
    assert re.search(r"Severity.*Rule.*Place.*What", text)


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_a_terminal_without_colours_gets_the_table_without(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]
) -> None:
    text = _shown_on_a_terminal(monkeypatch, **environment)
    assert "\x1b" not in text
    assert re.match(r"Severity +Rule +Place +What\n", text)


@pytest.mark.parametrize("width", [40, 60, 80, 200])
@pytest.mark.parametrize("lang", ["en", "ja"])
def test_nothing_is_cut_or_wider_than_the_terminal(width: int, lang: str) -> None:
    """Japanese has no blanks to break at, and a character takes two columns."""
    text = console.render(cases.failing(lang), width=width, colour=False)
    assert max(cell_len(line) for line in text.splitlines()) <= width
    assert text == "".join(f"{line.rstrip()}\n" for line in text.splitlines())
    together = re.sub(r"\s+", "", text)
    for step in cases.failing(lang).steps:
        assert re.sub(r"\s+", "", step.what.pick(lang)) in together


def test_an_encoding_that_cannot_hold_japanese_gets_question_marks() -> None:
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    console.show(cases.failing("ja"), out)
    out.seek(0)
    assert out.read().startswith("requirements.txt:3 ?? CVE-2026-0001")


@pytest.mark.parametrize("colour", [True, False])
def test_no_sequence_of_the_judged_tree_reaches_the_terminal(*, colour: bool) -> None:
    text = console.render(cases.hostile(), width=100, colour=colour, verbose=True)
    ours = re.sub(r"\x1b\[[0-9;]*m", "", text)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", ours)
    assert "<U+001B>[31m" in re.sub(r"\s+", "", ours)
    assert colour or ours == text
    assert "**b**" in re.sub(r"\s+", "", ours), "markup of rich or Markdown is text here"


def test_a_line_is_no_longer_than_the_terminal_is_wide() -> None:
    text = console.render(cases.hostile(), width=80, colour=False, verbose=True)
    assert max(map(len, text.splitlines())) <= 80


def _many() -> View:
    keys = [f"k{number}" for number in range(40)]
    run = cases.bandit_run(*(cases.static(key, line=number + 1) for number, key in enumerate(keys)))
    judged = cases.verdict(VerdictWord.FAIL, cases.check(VerdictWord.FAIL, *keys))
    return build(judged, cases.evidence(run), (), lang="en")


@pytest.mark.parametrize("verbose", [True, False])
def test_verbose_lists_every_result(*, verbose: bool) -> None:
    view = _many()
    plain = console.plain(view, verbose=verbose)
    table = console.render(view, width=120, colour=False, verbose=verbose)
    for text in (plain, table):
        assert text.count("B602") - text.count("rule B602") == (40 if verbose else 30)
        assert ("… and 10 more: report.html has all" in text) is not verbose


def test_rich_is_not_imported_for_plain_lines() -> None:
    import subprocess
    import sys

    code = (
        "import sys; from govsec_ci.report import console; "
        "assert not [m for m in sys.modules if m == 'rich' or m.startswith('rich.')]"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
