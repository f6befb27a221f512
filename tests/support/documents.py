"""What the documents tell a reader to type, taken out of them."""

import re
from collections.abc import Iterator
from pathlib import Path

_BLOCK = re.compile(r"^```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


def section(path: Path, head: str) -> str:
    """The text below a heading that begins with ``head``, up to the next one of its depth or a higher one."""
    text = path.read_text("utf-8")
    found = re.search(rf"^(#+) {re.escape(head)}.*$", text, re.MULTILINE)
    assert found, f"{path.name} has no heading {head!r}"
    # A comment of a shell is no heading.
    rest = _BLOCK.sub(lambda block: block[0].replace("\n#", "\n\0"), text[found.end() :])
    return re.split(rf"^#{{1,{len(found[1])}}} ", rest, maxsplit=1, flags=re.MULTILINE)[0].replace("\0", "#")


def blocks(text: str, kind: str) -> Iterator[str]:
    """The fenced blocks of one kind."""
    return (block["text"] for block in _BLOCK.finditer(text) if block["kind"] == kind)


def commands(text: str) -> list[str]:
    """What stands behind the prompts of the console blocks, in order."""
    return [line[2:] for block in blocks(text, "console") for line in block.splitlines() if line.startswith("$ ")]


def steps(text: str) -> Iterator[tuple[str, str]]:
    """Commands and files as a reader meets them: ("console", one command), or (the block's kind, its text)."""
    for block in _BLOCK.finditer(text):
        if block["kind"] == "console":
            yield from (("console", line[2:]) for line in block["text"].splitlines() if line.startswith("$ "))
        else:
            yield block["kind"], block["text"]
