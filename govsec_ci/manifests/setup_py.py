"""``setup.py``: a program, so what it declares is never known. Its syntax tells only whether it declares anything."""

import ast
import posixpath
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from govsec_ci.errors import InputError, ToolError
from govsec_ci.manifests.base import LIMIT_BYTES, Declaration, Manifest
from govsec_ci.manifests.declared import unlocked, unreadable
from govsec_ci.manifests.text import UnreadableError
from govsec_ci.system import process
from govsec_ci.system.files import read_limited

FILE_NAME = "setup.py"
_WORKER: Final = "govsec_ci.manifests.setup_py_worker"
# Python's parser takes up to 1 KB of memory a byte, and quadratic time over an f-string: a program of a megabyte that
# packages a project is none, and one of 50 KB is rare enough to be given a process of its own.
_LARGEST_BYTES: Final = 2_000_000
_AT_ONCE_BYTES: Final = 50_000
_TIMEOUT_S: Final = 20.0
_BUILDERS = frozenset({"setuptools", "distutils", "skbuild"})
_ARGUMENTS = frozenset({"install_requires", "extras_require", "requires"})


class SetupPy:
    """setuptools' program."""

    name = FILE_NAME
    endings = (FILE_NAME,)
    locks: tuple[str, ...] = ()

    def matches(self, path: str) -> bool:
        """Any ``setup.py``."""
        return posixpath.basename(path) == FILE_NAME

    def read(self, root: Path, path: str, *, limit_bytes: int = LIMIT_BYTES) -> Manifest:
        """The declaration on its own."""
        return unlocked(self.declaration(root, path, limit_bytes=limit_bytes))

    def declaration(self, root: Path, path: str, *, limit_bytes: int = LIMIT_BYTES) -> Declaration:
        """Whether the program passes dependencies to ``setup()``. It is parsed, never run."""
        try:
            computed, silent = _told(_read(root, path, min(limit_bytes, _LARGEST_BYTES)))
        except UnreadableError as error:
            return unreadable(self.name, path, error)
        return Declaration(path=path, format=self.name, computed=computed, silent=silent)


def _read(root: Path, path: str, limit_bytes: int) -> bytes:
    try:
        return read_limited(root / path, limit_bytes=limit_bytes)
    except InputError as error:
        what = error.what.removeprefix(f"{root / path}: ")
        raise UnreadableError(what, next_step="make it a readable file of a size that a person reads") from error


def _told(source: bytes) -> tuple[str, str]:
    """As :func:`judge`; a long program is parsed by a process that can be stopped."""
    if len(source) <= _AT_ONCE_BYTES:
        return judge(source)
    try:
        done = process.run_module(_WORKER, timeout_s=_TIMEOUT_S, stdin=source)
        return msgspec.json.decode(done.stdout, type=tuple[str, str])
    except (ToolError, msgspec.DecodeError) as error:
        step = "make it shorter, or declare the dependencies in pyproject.toml"
        raise UnreadableError("holds Python's parser up", next_step=step) from error


def judge(source: bytes) -> tuple[str, str]:
    """Why its dependencies are computed, or why it has nothing to say."""
    try:
        with warnings.catch_warnings(action="ignore"):  # of the judged file, not of ours
            return _judge(ast.parse(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return "the program cannot be parsed", ""


def _judge(module: ast.Module) -> tuple[str, str]:
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
