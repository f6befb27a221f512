"""TOML: what it must hold, and texts that are made to hold a reader up."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from govsec_ci import config
from govsec_ci.app import keys
from govsec_ci.errors import InputError
from govsec_ci.gate import profile, waivers
from govsec_ci.system import toml
from tests.support.patience import HANG_S

# Under a megabyte; a parser that goes over each key's beginnings again takes hours over it.
HOLDS_UP = "a" + ".a" * 400_000 + " = 1\n"


@pytest.mark.parametrize(
    ("text", "line", "deep"),
    [
        ("a = ", 1, False),
        ("a = 1\nb = [\n", 3, False),
        ("a = 1\na = 2\n", 2, False),
        ("x = " + "[" * 100_000, None, True),
        ("x = " + "1" * 5_000, None, True),
        ("ok = 1\n" + HOLDS_UP, 2, True),
        ("[" + "a." * 400_000 + "a]", 1, True),
    ],
)
def test_what_is_no_toml(text: str, line: int | None, *, deep: bool) -> None:
    start = time.process_time()
    with pytest.raises(toml.TomlError) as caught:
        toml.loads(text)
    assert time.process_time() - start < HANG_S
    assert (caught.value.line, isinstance(caught.value, toml.TooDeepError)) == (line, deep)


@pytest.mark.parametrize(
    "read",
    [
        config.load,
        keys.load_trusted,
        lambda path: profile.load(str(path)),
        lambda path: waivers.parse(path.read_bytes(), "govsec-waivers.toml"),
    ],
    ids=["settings", "trusted keys", "profile", "waivers"],
)
def test_every_reader_refuses_keys_that_hold_a_parser_up(read: Callable[[Path], object], tmp_path: Path) -> None:
    path = tmp_path / "hostile.toml"
    path.write_text(HOLDS_UP, "utf-8")
    start = time.process_time()
    with pytest.raises(InputError, match="nested too deep"):
        read(path)
    assert time.process_time() - start < HANG_S


def test_dots_in_strings_are_no_nesting() -> None:
    assert toml.loads(f'a = "{"." * 500}" # {"." * 500}\n') == {"a": "." * 500}


@pytest.mark.parametrize(
    ("text", "blank"),
    [
        ('a = "x" # y', "a =        "),
        ("a = 'x\\'", "a =     "),
        ('a = """x\n[[p]]"""', "a =     \n        "),
        ("a = '''x\n[[p]]''''", "a =     \n         "),
        ('a = "\\"#"', "a =      "),
        ('a = "open\nb', "a =      \nb"),
        ('a = """open\nb', "a =        \n "),
        ('"a" = 1', "    = 1"),
    ],
)
def test_without_strings(text: str, blank: str) -> None:
    assert toml.without_strings(text) == blank


@pytest.mark.parametrize("text", ['"""\\' * 50_000, "'''\\" * 50_000, '"' * 100_001, "'" * 100_001, "#" * 100_000])
def test_strings_that_do_not_end_take_no_time(text: str) -> None:
    start = time.process_time()
    assert len(toml.without_strings(text)) == len(text)
    assert time.process_time() - start < HANG_S
