"""What summary.md answers, and that nothing in it comes alive."""

from govsec_ci.report import summary
from tests.support.report_cases import failing, passing


def test_the_first_screen_answers_the_five_questions() -> None:
    first_screen = summary.render(failing())[:4000]
    assert first_screen.startswith("# ❌ FAIL: Do not release: 2 gates are violated, and 1 could not be decided.")
    assert "| May I release? | **No.** |" in first_screen
    assert "7.2.1(1), 統一基準 (2025) · *not verified*" in first_screen
    assert "by 2026-03-22: Raise django from 3.2.0 to 3.2.25 in requirements.txt:3: closes 1 result." in first_screen


def test_pass_says_so() -> None:
    page = summary.render(passing())
    assert page.startswith("# ✅ PASS: You may release")
    assert "## What blocks" not in page
