"""What is kept of an earlier answer is kept by everything that decides it: by the code that the tools really load."""

import json
import subprocess
import sys
from fnmatch import fnmatch
from importlib import metadata
from types import ModuleType

import pytest

from govsec_ci.scanners import bandit_cache, bandit_worker, cyclonedx_tool, pip_audit, pip_audit_worker

HARMLESS = {"errors.py", "system/files.py"}
"""They read what is counted by its bytes, or say that it cannot be read: what is kept holds nothing of theirs."""

_TELL = "import json, sys; print(json.dumps({n: getattr(m, '__file__', '') or '' for n, m in sys.modules.items()}))"


def loaded(code: str) -> dict[str, str]:
    """Each module that a child has loaded after ``code``, with its file."""
    done = subprocess.run(
        [sys.executable, "-Ic", f"{code}\n{_TELL}"], check=True, capture_output=True, input=b"foo==1\n"
    )
    told: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return told


@pytest.mark.parametrize(
    ("worker", "counted"),
    [
        (pip_audit_worker, pip_audit._OURS),
        (bandit_worker, tuple(f"scanners/{name}" for name in bandit_cache._WORKER)),
    ],
)
def test_our_own_modules_that_a_worker_loads_count(worker: ModuleType, counted: tuple[str, ...]) -> None:
    told = loaded(f"import {worker.__name__}")
    own = {name for name, file in told.items() if name.startswith("govsec_ci.") and not file.endswith("__init__.py")}
    paths = {name.removeprefix("govsec_ci.").replace(".", "/") + ".py" for name in own}
    assert len(paths) > len(HARMLESS)
    assert {one for one in paths if not any(fnmatch(one, pattern) for pattern in counted)} <= HARMLESS


def test_the_distributions_that_cyclonedx_bom_loads_count() -> None:
    arguments = ["cyclonedx-py", *cyclonedx_tool._REQUIREMENTS, "--output-file=/dev/null"]
    names = loaded(f"import sys; sys.argv = {arguments!r}\nfrom cyclonedx_py._internal.cli import run; run()")
    owners = metadata.packages_distributions()
    found = {owner for name in names.keys() - loaded("").keys() for owner in owners.get(name, ())}
    assert "cyclonedx-bom" in found
    # Types, and a reader of XML: it is asked for JSON.
    assert found - {"typing_extensions", "defusedxml"} <= set(cyclonedx_tool._ANSWERING)
