"""The sentences in the sources: every literal with words in it, its values as ``{}``."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

_WORDS = re.compile(r"[a-z]{2,}[,:;]? [a-z'\[-]|\} [a-z]{2}")


def sentences(file: Path) -> Iterator[str]:
    """Literals that read like a sentence or a part of one; docstrings are not among them."""
    yield from _of(ast.parse(file.read_text("utf-8")))


def reasons(file: Path) -> Iterator[str]:
    """Of a room that mostly speaks in errors: why it left something out (``reason=``, and functions ``_why…``)."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.keyword) and node.arg == "reason":
            yield from _of(node)
        elif isinstance(node, ast.FunctionDef) and node.name.startswith("_why"):
            yield from (text for told in ast.walk(node) if isinstance(told, ast.Return) for text in _of(told))


def _of(tree: ast.AST) -> Iterator[str]:
    inner = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)}
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        whole = isinstance(node, ast.JoinedStr) or id(node) not in inner
        text = literal(node) if whole and id(node) not in alone else ""
        if _WORDS.search(text):
            yield text


def literal(node: ast.AST) -> str:
    """A string of the source; empty for anything else."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.JoinedStr):
        return "".join(_part(part) for part in node.values)
    return ""


def _part(node: ast.expr) -> str:
    if isinstance(node, ast.FormattedValue):
        inner = literal(node.value)
        return inner or "{}"
    return literal(node)
