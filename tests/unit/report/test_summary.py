"""What summary.md answers, how it is cut, and that nothing in it comes alive."""

import re

from markdown_it import MarkdownIt

from govsec_ci.model import Subject, VerdictWord
from govsec_ci.report import summary
from govsec_ci.report.view import build
from tests.support import report_cases as cases


def test_the_first_screen_answers_the_five_questions() -> None:
    first_screen = summary.render(cases.failing())[:3000]
    assert first_screen.startswith("# ❌ FAIL: Do not release: 2 gates are violated, and 1 could not be decided.")
    assert "| May I release? | No. |" in first_screen
    assert "| What blocks? | 1. FAIL: No known vulnerability is open (observed: 2 results" in first_screen
    assert "7.2.1(1), 統一基準 \\[not verified\\]" in first_screen
    assert "Developers: 3 steps, overdue since 22 Mar 2026; first: Raise django from 3.2.0 to 3.2.25" in first_screen
    assert "| Can I prove it later? | In part: keep the whole folder" in first_screen
    assert "`govsec verify .` |" in first_screen
    assert "| Signature | not signed |" in first_screen


def test_every_section_is_there() -> None:
    page = summary.render(cases.failing())
    assert re.findall("^## (.*)$", page, re.MULTILINE) == [
        "What to do next",
        "What blocks",
        "What was not checked",
        "Suppressed results",
    ]
    assert re.findall("<summary>(.*)</summary>", page) == [
        "1 component to raise",
        "2 results",
        "1 result",
        "Warnings that do not decide",
        "1 result",
        "What was looked at",
        "1 gate that is met",
    ]
    assert page.count("<details>") == page.count("</details>")
    assert "| UNKNOWN | CVE-2026-0002 |" in page
    assert "waiver W-1" in page
    assert "supplier" not in page


def test_pass_says_so_and_nothing_else() -> None:
    page = summary.render(cases.passing())
    assert page.startswith("# ✅ PASS: You may release")
    assert re.findall("^## (.*)$", page, re.MULTILINE) == []
    assert re.findall("<summary>(.*)</summary>", page) == ["What was looked at", "1 gate that is met"]


def test_in_japanese() -> None:
    page = summary.render(cases.failing("ja"))
    assert page.startswith("# ❌ FAIL(不合格): 2 件の基準に適合せず、1 件は判定できない。")
    assert "## 今後の対応" in page
    assert "2026年3月22日" in page


def test_nothing_in_it_comes_alive() -> None:
    page = summary.render(cases.hostile())
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(page)
    allowed = {"h1", "h2", "h3", "p", "strong", "blockquote", "table", "thead", "tbody", "tr", "th", "td", "ul", "ol",
               "li", "br", "code", "details", "summary"}  # fmt: skip
    assert set(re.findall(r"<([a-z0-9]+)", html)) <= allowed
    assert "<!-- -->" in html
    assert max(map(len, page.splitlines())) < 20_000
    assert "\x1b" not in page
    assert "\u202e" not in page


def test_many_results_are_counted_not_listed() -> None:
    many = [cases.static(f"k{number}", line=number) for number in range(1, 101)]
    judged = cases.verdict(VerdictWord.FAIL, cases.check(VerdictWord.FAIL, *(f"k{n}" for n in range(1, 101))))
    page = summary.render(build(judged, cases.evidence(cases.bandit_run(*many)), (), lang="en"))
    assert page.count("| HIGH | B602 |") == 20
    assert "80 more are in report.html." in page


def test_many_offenders_are_counted_not_listed() -> None:
    check = cases.check(VerdictWord.FAIL, offenders=tuple(f"component-{n}" for n in range(80)))
    page = summary.render(build(cases.verdict(VerdictWord.FAIL, check), cases.evidence(), (), lang="en"))
    assert "component-49 and 30 more" in page


def test_it_is_cut_at_whole_lines_below_the_limit_and_says_so() -> None:
    checks = [
        cases.check(VerdictWord.FAIL, gate=f"g{n}", reasons=tuple(f"{n}: {'x' * 1900}" for _ in range(50)))
        for n in range(30)
    ]
    page = summary.render(build(cases.verdict(VerdictWord.FAIL, *checks), cases.evidence(), (), lang="en"))
    assert len(page.encode()) <= summary.LIMIT_BYTES
    assert page.endswith("**This page was cut at its size limit.**\n")


def test_subjects_without_commit_or_feeds() -> None:
    judged = cases.verdict(VerdictWord.PASS, advisories=(), subject=Subject(name="x", commit="c" * 40, dirty=True))
    page = summary.render(build(judged, cases.evidence(), (), lang="en"))
    assert "(with uncommitted changes)" in page
    bare = cases.verdict(VerdictWord.PASS, advisories=(), subject=Subject(name="x"))
    page = summary.render(build(bare, cases.evidence(), (), lang="en"))
    assert "| Commit | no git checkout |" in page
    assert "| Advisory data | none |" in page
