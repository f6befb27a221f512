"""A git repository with something staged, and the hooks' own entry points."""

import contextlib
import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

from tests.support.repositories import commit_all, git, new_repository

CLEAN = '"""A module."""\n\nANSWER = 42\n'
SHELL = "import subprocess\n\nx = input()\nsubprocess.call(x, shell=True)\n"
PROJECT = '[project]\nname = "small"\nversion = "1.0"\ndependencies = ["idna"]\n'


def small_repository(folder: Path) -> Path:
    """One commit: a clean module, a project, one pinned requirement."""
    new_repository(folder)
    write(folder, {"app.py": CLEAN, "pyproject.toml": PROJECT, "requirements.txt": "idna==3.10\n"})
    commit_all(folder, "Begin")
    return folder


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")


def stage(folder: Path, files: dict[str, str]) -> None:
    write(folder, files)
    git(folder, "add", "-A")


@contextlib.contextmanager
def inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def call(main: Callable[[list[str]], int], folder: Path, *arguments: str | Path) -> tuple[int, str]:
    """A hook's ``main`` with ``folder`` as current folder: its exit code and what it printed, both outputs together."""
    said = io.StringIO()
    # In English, wherever the tests run, unless a test asks for another language.
    english = mock.patch.dict(os.environ, {"LC_ALL": os.environ.get("LC_ALL", "C.UTF-8")})
    with english, inside(folder), contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = main([str(argument) for argument in arguments])
    return code, said.getvalue()
