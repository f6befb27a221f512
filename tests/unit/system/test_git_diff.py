"""What git says of a difference, read; and asked of real repositories where text and names try to be headers."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govsec_ci.system.git import run_git
from govsec_ci.system.git_diff import OPTIONS, Span, Spans, parse
from tests.support.repositories import commit_all, new_repository


@pytest.fixture
def top(tmp_path: Path) -> Path:
    folder = new_repository(tmp_path / "repository")
    (folder / "a.py").write_text("1\n2\n3\n")
    (folder / "b.py").write_text("1\n2\n3\n")
    commit_all(folder, "Begin")
    return folder


def differences(top: Path, *more: str) -> dict[str, Spans | None]:
    said = run_git(top, "diff", *OPTIONS, *more, "HEAD", "--", ".")
    assert said.exit_code == 0
    return parse(said.stdout)


def test_nothing_has_changed(top: Path) -> None:
    assert differences(top) == {}


def test_a_file_that_became_a_link_does_not_shift_the_others(top: Path) -> None:
    (top / "a.py").unlink()
    (top / "a.py").symlink_to("b.py")
    (top / "b.py").write_text("1\nX\n3\n")
    assert differences(top) == {"a.py": None, "b.py": (Span(2, 2),)}


def test_binary_content_is_not_told_by_lines_unless_taken_for_text(top: Path) -> None:
    (top / "a.py").write_bytes(b"1\n2\n\0\n")
    (top / "b.py").write_text("1\n2\n")
    assert differences(top) == {"a.py": None, "b.py": (Span(3, 2),)}
    assert differences(top, "--text")["a.py"] == (Span(3, 3),)


def test_text_that_looks_like_a_header_is_text(top: Path) -> None:
    lines = ["diff --git a/x b/x", "@@ -1 +1,900 @@", "Binary files a/x and b/x differ", "+++ b/y", "\0".join("ab")]
    (top / "a.py").write_text("".join(f"{line}\n" for line in lines))
    assert differences(top, "--text") == {"a.py": (Span(1, 5),)}


@pytest.mark.parametrize(
    "said",
    [
        b":100644 100644 1 2 M\0a.py\0",
        b":100644 100644 1 2 M\0a.py\0\0diff --git a b\ndiff --git a b\n",
        b":100644 120000 1 2 T\0a.py\0\0diff --git a b\n",
    ],
)
def test_what_does_not_fit_together_tells_no_line(said: bytes) -> None:
    assert parse(said) == {"a.py": None}


def test_a_gap_counts_within_a_statement_or_on_both_sides_of_it() -> None:
    gap = Span(4, 3)
    assert [line for line in range(1, 7) if gap.touches(line, line)] == [3, 4]
    assert [line for line in range(1, 7) if gap.meets(line, line)] == []
    assert gap.meets(3, 4)


@given(st.integers(1, 50), st.integers(0, 9), st.integers(1, 50), st.integers(0, 9))
def test_what_meets_a_span_touches_it(first: int, more: int, start: int, length: int) -> None:
    span = Span(first, first + more - 1)
    assert not span.meets(start, start + length) or span.touches(start, start + length)
