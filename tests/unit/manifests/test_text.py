"""Text, TOML and JSON with their bombs."""

import time
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govsec_ci.manifests.text import UnreadableError, parse_json, parse_toml, table_lines
from tests.support.patience import HANG_S


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a = ", 1),
        ("a = 1\nb = [\n", 3),
        ("a = 1\na = 2\n", 2),
        ("x = " + "[" * 100_000, None),
        ("x = " + "{a=" * 100_000, None),
        ("ok = 1\n" + "a" + ".a" * 20_000 + " = 1", 2),
        ("[" + "a." * 20_000 + "a]", 1),
        ("x = " + "1" * 5_000, None),
    ],
)
def test_what_is_no_toml(text: str, line: int | None) -> None:
    start = time.process_time()
    with pytest.raises(UnreadableError) as caught:
        parse_toml(text)
    assert time.process_time() - start < HANG_S
    if line is not None:
        assert caught.value.line == line


@pytest.mark.parametrize("text", ["{", '{"a": }', "[" * 100_000, "9" * 10_000, "", '{"a": {"b": 1, "b": 1}}'])
def test_what_is_no_json(text: str) -> None:
    with pytest.raises(UnreadableError):
        parse_json(text)


def test_json_error_has_its_line() -> None:
    with pytest.raises(UnreadableError) as caught:
        parse_json('{\n"a": 1,\n}')
    assert caught.value.line == 3


def test_lines_of_tables() -> None:
    text = '# [[package]]\nx = """\n[[package]]\n"""\n[[package]]\nname = "[[package]]"\n\n  [[ package ]] # here\n'
    assert table_lines(text, "package", 2) == [5, 8]


def test_lines_of_an_inline_array() -> None:
    assert table_lines("a = 1\npackage = [{}, {}]\n", "package", 2) == [2, 2]
    assert table_lines('a = 1\n"package" = [{}]\n', "package", 1) == [1]


@given(
    st.lists(
        st.sampled_from(
            ["[[p]]\n", 'a = "[[p]]"\n', "# [[p]]\n", "b = '''\n[[p]]\n'''\n", 'c = """\n[[p]]\\""""\n', "\n"]
        ),
        max_size=12,
    )
)
def test_lines_of_tables_agree_with_the_parser(parts: list[str]) -> None:
    unique = [part if part.startswith(("[", "#", "\n")) else f"k{number}{part}" for number, part in enumerate(parts)]
    text = "".join(unique)
    count = len(tomllib.loads(text).get("p", []))
    expected, line = [], 1
    for part in unique:
        if part == "[[p]]\n":
            expected.append(line)
        line += part.count("\n")
    assert table_lines(text, "p", count) == expected
