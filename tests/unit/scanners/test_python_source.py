import ast
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govsec_ci.scanners.python_source import Source, diagnose, looks_like, nosec_reason
from tests.support.patience import HANG_S


def is_test(word: str) -> bool:
    return word in {"B602", "B101", "assert_used"}


@pytest.mark.parametrize(
    ("comment", "reason"),
    [
        ("# nosec", ""),
        ("#nosec", ""),
        ("# nosec B602", ""),
        ("# nosec: B602", ""),
        ("# nosec B602,B101", ""),
        ("# nosec B602, B101 - input is a constant", "input is a constant"),
        ("# nosec assert_used: checked above", "checked above"),
        ("# nosec B602 # input is a constant", "input is a constant"),
        ("# nosec # a constant (see #12)", "a constant (see #12)"),
        ("# noqa: S602 # nosec B602 # a constant", "a constant"),
        ("# nosec B602 # noqa: S602", ""),
        ("# nosec B602  # type: ignore[arg-type]", ""),
        ("# nosec B602 # pylint: disable=x # a constant", "a constant"),
        ("# nosec because it is a constant", "because it is a constant"),
        ("# nosec B602 — 定数のみ", "定数のみ"),
        ("# an ordinary comment", ""),
    ],
)
def test_the_reason_is_what_a_nosec_comment_says_besides_test_ids(comment: str, reason: str) -> None:
    assert nosec_reason(comment, is_test) == reason


@pytest.mark.parametrize(
    ("line", "offset", "column"),
    [
        ("x = 1", 4, 5),
        ('"é"; f()', len('"é"; '.encode()), 6),
        ('"€"; f()', len('"€"; '.encode()), 6),
        ('"𝄞"; f()', len('"𝄞"; '.encode()), 7),
        ("x", 1, 2),
        ("x", 2, None),
        ("x", -1, None),
    ],
)
def test_a_byte_offset_becomes_a_utf16_column(line: str, offset: int, column: int | None) -> None:
    assert Source(line.encode()).column(1, offset) == column


@given(st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]), max_size=30), st.integers(0, 30))
def test_a_column_counts_the_utf16_units_before_it(text: str, at: int) -> None:
    before = text[:at]
    column = Source(text.encode()).column(1, len(before.encode()))
    assert column == len(before.encode("utf-16-le")) // 2 + 1


@given(
    st.lists(st.sampled_from(["x = 1", "", "\x0c", "y\u2028", "\u0085"]), min_size=1),
    st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_lines_are_those_of_the_tokenizer(lines: list[str], end: str) -> None:
    assert Source(end.join(lines).encode()).lines == lines


def test_a_byte_order_mark_is_no_part_of_the_first_line() -> None:
    assert Source(b"\xef\xbb\xbfx = 1\n").line(1) == "x = 1"


def test_the_declared_encoding_counts() -> None:
    assert Source("# -*- coding: latin-1 -*-\nx = 'é'".encode("latin-1")).line(2) == "x = 'é'"


def test_an_encoding_that_spells_surrogates_gives_text_that_utf8_can_hold() -> None:
    assert Source(b"# coding: unicode_escape\nx  # \\ud800").line(2) == "x  # \\ud800"


def call_of(source: str) -> ast.Call:
    return next(node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))


def test_a_region_ends_where_the_syntax_node_ends() -> None:
    source = "f(\n    'é',\n    g=1,\n)\n"
    region = Source(source.encode()).region(1, 0, call_of(source))
    assert region == {"start_line": 1, "snippet": "f(", "start_column": 1, "end_line": 4, "end_column": 2}


def test_a_region_begins_at_the_argument_whose_line_bandit_names() -> None:
    source = "f(\n    'é',\n    g=1,\n)\n"
    region = Source(source.encode()).region(3, 0, call_of(source))
    assert (region["start_line"], region["start_column"]) == (3, 5)
    assert (region["end_line"], region["end_column"]) == (4, 2)


def test_a_line_that_no_part_of_the_node_stands_on_has_no_columns() -> None:
    source = "f(1)\n\n"
    assert Source(source.encode()).region(2, 0, call_of(source)) == {"start_line": 2, "snippet": ""}


def test_without_a_node_the_region_is_one_character() -> None:
    region = Source("𝄞\u202ex".encode()).region(1, 2, None)
    assert region == {"start_line": 1, "snippet": "𝄞\u202ex", "start_column": 3, "end_line": 1, "end_column": 4}


def test_a_snippet_is_not_endless() -> None:
    assert len(Source(b"x" * 9999).region(1, 0, None)["snippet"]) == 240


def test_a_comment_is_found_by_its_line_and_not_within_strings() -> None:
    source = Source(b"x = '# nosec'\ny = 1  # nosec B602\n")
    assert (source.comment(1), source.comment(2), source.comment(9)) == ("", "# nosec B602", "")


def test_comments_before_a_broken_line_are_found() -> None:
    assert Source(b"x = 1  # nosec\ny = (\n").comment(1) == "# nosec"


@pytest.mark.parametrize(
    ("line", "python"),
    [
        ("def f[T](x: T) -> T: ...", "3.12"),
        ("class A[T]: ...", "3.12"),
        ("async def f[T=int](): ...", "3.13"),
        ("type X = int", "3.12"),
        ("type X[T] = list[T]", "3.12"),
        ("except ValueError, TypeError:", "3.14"),
        ("x = t'{a}'", "3.14"),
        ("lazy import json", "3.15"),
        ('x = f"{a["b"]}"', "3.12"),
        ("print 'x'", "Python 2"),
        ("exec code in ns", "Python 2"),
        ("raise ValueError, 'x'", "Python 2"),
        ("x = `y`", "Python 2"),
        ("if a <> b:", "Python 2"),
        ("x = 0777", "Python 2"),
        ("x = ur'a'", "Python 2"),
    ],
)
def test_a_syntax_error_names_the_python_that_its_line_looks_like(line: str, python: str) -> None:
    assert python in looks_like(line.encode(), 1)


@pytest.mark.parametrize("line", ["x = (1,", "def f(:", "x == = 1", "", "printer 1"])
def test_a_plain_mistake_looks_like_no_other_python(line: str) -> None:
    assert looks_like(line.encode(), 1) == ""


VERSION = ".".join(map(str, sys.version_info[:3]))


@pytest.mark.parametrize(
    ("data", "kind", "line", "words"),
    [
        (b"x = 1\nprint 'x'\n", "file-not-parsed", 2, f"Python {VERSION}"),
        (b"x = '\xff'\n", "file-not-decoded", 0, "line 1 is not UTF-8"),
        (b"x = 1\n" * 5 + b"# \xe9\n", "file-not-decoded", 0, "line 6 is not UTF-8"),
        (b"# coding: no-such-codec\n", "file-not-decoded", 0, "no-such-codec"),
        (b"# coding: ascii\nx = '\xe9'\n", "file-not-decoded", 0, "line 2 is not ASCII"),
        (b"x = 1\0", "file-not-parsed", None, "null bytes"),
        (b"x = 1\n", "file-not-scanned", 0, "bandit said so"),
    ],
)
def test_a_diagnosis_names_kind_line_and_cause(data: bytes, kind: str, line: int | None, words: str) -> None:
    told = diagnose(data, "bandit said so")
    assert told["kind"] == kind
    assert line is None or told["line"] == line
    assert words in told["text"]


def test_long_runs_of_blanks_hold_nobody_up() -> None:
    started = time.process_time()
    assert nosec_reason(f"# nosec because{' ' * 30_000}of x", lambda _: False) == "because of x"
    assert looks_like(f"except{' ' * 30_000}!\n".encode(), 1) == ""
    assert time.process_time() - started < HANG_S
