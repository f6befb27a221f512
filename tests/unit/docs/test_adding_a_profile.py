"""The walk through docs/adding-a-profile.md: every file is written, every command run, every output compared."""

import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

from tests.conftest import ROOT
from tests.support.command import govsec

PAGE = (ROOT / "docs/adding-a-profile.md").read_text("utf-8")
BLOCK = re.compile(r"^```(?P<kind>\w+) ?(?P<name>\S*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
REST = "…"


def commands(text: str) -> Iterator[tuple[list[str], list[str]]]:
    """Each command of a block, and the output that the page shows for it."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        first, *shown = part.splitlines()
        yield shlex.split(first), shown


def as_shown(shown: list[str], told: list[str]) -> bool:
    """Line by line; an ellipsis stands for the rest of its line, or alone for all that follows."""
    for number, line in enumerate(shown):
        if line == REST:
            return True
        start = line.removesuffix(REST)
        if number >= len(told) or not (told[number] == line or (start != line and told[number].startswith(start))):
            return False
    return len(shown) == len(told)


def test_the_page_can_be_walked(tmp_path: Path) -> None:
    for name in ("clean-app", "advisories"):
        shutil.copytree(ROOT / "examples" / name, tmp_path / name)
    run = 0
    for block in BLOCK.finditer(PAGE):
        if block["kind"] == "toml":
            assert (tmp_path / block["name"]).exists(), "step 1 has made it"
            (tmp_path / block["name"]).write_text(block["text"], "utf-8")
        for (program, *arguments), shown in commands(block["text"]) if block["kind"] == "console" else ():
            assert program == "govsec"
            done = govsec(*arguments, cwd=tmp_path)
            run += 1
            assert done.returncode == 0, (arguments, done.stdout, done.stderr)
            assert as_shown(shown, done.stdout.splitlines()), (arguments, done.stdout)
    assert run == 8


def test_the_comparison_can_fail() -> None:
    assert as_shown(["a …", REST], ["a b", "c", "d"])
    assert as_shown(["a"], ["a"])
    assert not as_shown(["a"], ["a", "b"])
    assert not as_shown(["a", "b"], ["a"])
    assert not as_shown(["a …"], ["b"])
