"""``setup.py``: a program, so what it declares is never known. Its syntax tells only whether it declares anything."""

import ast
import posixpath
import warnings
from collections.abc import Iterator
from pathlib import Path

from govsec_ci.manifests.base import LIMIT_BYTES, Declaration, Manifest
from govsec_ci.manifests.declared import unlocked
from govsec_ci.manifests.text import UnreadableError, read_bytes

FILE_NAME = "setup.py"
_BUILDERS = frozenset({"setuptools", "distutils", "skbuild"})
_ARGUMENTS = frozenset({"install_requires", "extras_require", "requires"})


class SetupPy:
    """setuptools' program."""

    name = FILE_NAME
    locks: tuple[str, ...] = ()

    def matches(self, path: str) -> bool:
        """Any ``setup.py``."""
        return posixpath.basename(path) == FILE_NAME

    def read(self, root: Path, path: str, *, limit_bytes: int = LIMIT_BYTES) -> Manifest:
        """The declaration on its own."""
        return unlocked(self.declaration(root, path, limit_bytes=limit_bytes))

    def declaration(self, root: Path, path: str, *, limit_bytes: int = LIMIT_BYTES) -> Declaration:
        """Whether the program passes dependencies to ``setup()``. It is parsed, never run."""
        computed = silent = ""
        try:
            computed, silent = _judge(_syntax(read_bytes(root, path, limit_bytes=limit_bytes)))
        except UnreadableError as error:
            computed = error.what
        return Declaration(path=path, format=self.name, computed=computed, silent=silent)


def _syntax(source: bytes) -> ast.Module:
    try:
        with warnings.catch_warnings(action="ignore"):  # of the judged file, not of ours
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise UnreadableError("the program cannot be parsed") from error


def _judge(module: ast.Module) -> tuple[str, str]:
    """Why its dependencies are computed, or why it has nothing to say."""
    calls = [node for node in ast.walk(module) if isinstance(node, ast.Call) and _called(node) == "setup"]
    if not calls and not _imports(module) & _BUILDERS:
        return "", "is no packaging program"
    if calls and not any(_passes(call) for call in calls) and not _ARGUMENTS & set(_words(module)):
        return "", "passes no dependencies of its own"
    return "the dependencies are computed by a program", ""


def _words(module: ast.Module) -> Iterator[str]:
    """Every name, argument and text: ``setup`` may be called by another name, or given what was put together before."""
    for node in ast.walk(module):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.keyword):
            yield node.arg or ""
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _called(call: ast.Call) -> str:
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


def _passes(call: ast.Call) -> bool:
    """Whether a keyword may hold dependencies; ``**`` may hold anything."""
    return any(keyword.arg is None or keyword.arg in _ARGUMENTS for keyword in call.keywords) or bool(call.args)


def _imports(module: ast.Module) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            found.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found
