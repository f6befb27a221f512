"""Records what cyclonedx-bom answers to our own input for three of the recorded projects.

    python tests/recorded/cyclonedx/record.py

The input is what the scanner hands to the tool (``govsec_ci.scanners.cyclonedx_tool``); the answer is kept as it came.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from govsec_ci.manifests.registry import FORMATS
from govsec_ci.model import Component
from govsec_ci.scanners import cyclonedx_tool as tool
from govsec_ci.system import process

HERE = Path(__file__).resolve().parent
PROJECTS = HERE.parent / "manifests"
FILES = {"requirements": "requirements.txt", "pipenv": "Pipfile.lock", "poetry": "poetry.lock"}
TIMEOUT_S = 120.0


def components(project: str) -> tuple[Component, ...]:
    """What our reader finds in a recorded project."""
    file = FILES[project]
    reader = next(one for one in FORMATS.values() if one.matches(file))
    return reader.read(PROJECTS / project, file).components


def ask(project: str) -> Any:
    """Give the tool a project as the scanner does."""
    found, lock = components(project), (PROJECTS / project / FILES[project]).read_bytes()
    if project == "requirements":
        return tool.requirements(found, timeout_s=TIMEOUT_S)
    reader: Callable[..., Any] = tool.pipenv if project == "pipenv" else tool.poetry
    return reader(lock, found, timeout_s=TIMEOUT_S)


def record(project: str) -> None:
    """Write the tool's answer to ``PROJECT.json``."""
    run_module = process.run_module

    def kept(module: str, arguments: Sequence[str] = (), **options: Any) -> process.Completed:
        done = run_module(module, arguments, **options)
        (HERE / f"{project}.json").write_bytes(done.stdout)
        return done

    process.run_module = kept
    try:
        ask(project)
    finally:
        process.run_module = run_module


if __name__ == "__main__":
    for name in FILES:
        record(name)
