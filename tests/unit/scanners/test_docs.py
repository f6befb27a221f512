"""docs/scanners.md names every notification that our scanners can give, and no other."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

# The SBOM's scanner is described in its own page.
OTHERS = ("cyclonedx",)
ID = re.compile(r"[a-z]+(-[a-z]+)*")


def constants(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str) and ID.fullmatch(part.value):
            yield part.value


def given(call: ast.Call) -> Iterator[str]:
    """Ids in a call that makes a notification."""
    name = call.func.id if isinstance(call.func, ast.Name) else ""
    if name == "Notification":
        yield from (one for keyword in call.keywords if keyword.arg == "id" for one in constants(keyword.value))
    elif name == "error" and call.args and isinstance(call.args[0], ast.Constant):
        yield from constants(call.args[0])
    elif name == "_unread":
        yield from (one for argument in call.args[2:] for one in constants(argument))


def ids(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            yield from given(node)
        elif isinstance(node, ast.Dict):
            pairs = zip(node.keys, node.values, strict=True)
            yield from (
                one for key, value in pairs if isinstance(key, ast.Constant) and key.value == "kind"
                for one in constants(value)
            )  # fmt: skip


def test_the_page_names_every_notification(root: Path) -> None:
    folder = root / "govsec_ci" / "scanners"
    files = [path for path in folder.glob("*.py") if not path.stem.startswith(OTHERS)]
    coded = {one for path in files for one in ids(path.read_text("utf-8"))}
    page = (root / "docs" / "scanners.md").read_text("utf-8").partition("## Notifications")[2]
    told = re.findall(r"^\| `([a-z-]+)` \| (?:error|warning|note) \|", page, re.MULTILINE)
    assert sorted(told) == sorted(set(told))
    assert coded == set(told)
