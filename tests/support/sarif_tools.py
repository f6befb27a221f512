"""Other people's SARIF programs: Microsoft's multitool (npm) and sarif-tools (PyPI), each installed below a folder."""

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

_VERSION = "5.7.0"
_SARIF_TOOLS = "sarif-tools==3.0.5"
# GH1004's limits are stale, and SARIF2006 wants the network.
LEFT_OUT = frozenset({"GH1004", "SARIF2006"})


class Multitool:
    """``Sarif.Multitool``, called without its launcher."""

    def __init__(self, folder: Path) -> None:
        packages = [f"@microsoft/sarif-multitool@{_VERSION}", f"@microsoft/sarif-multitool-linux@{_VERSION}"]
        command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", *packages]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=300)
        if done.returncode:
            pytest.skip(f"npm cannot fetch sarif-multitool here: {done.stderr[-200:]}")
        self.program = folder / "node_modules/@microsoft/sarif-multitool-linux/Sarif.Multitool"
        self.program.chmod(0o755)

    def run(self, *arguments: str | Path) -> None:
        environment = os.environ | {"DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"}
        command = [str(self.program), *map(str, arguments)]
        subprocess.run(command, check=True, capture_output=True, env=environment, timeout=600)

    def complaints(self, *logs: Path) -> Counter[tuple[str, str, str]]:
        """Errors and warnings of ``validate``, as (rule, level, first text); its exit code is 0 even with errors."""
        found = logs[0].with_suffix(".validated")
        self.run("validate", *logs, "--rule-kind", "Sarif;Ghas", "--level", "Error;Warning;Note", "-o", found,
                 "--log", "ForceOverwrite")  # fmt: skip
        runs = json.loads(found.read_text("utf-8-sig"))["runs"]
        every = [one for run in runs for one in _complaints(run)]
        assert every, "not even a note: the validator validated nothing"
        return Counter(one for one in every if one[0] not in LEFT_OUT and one[1] != "note")


def _complaints(run: Any) -> list[tuple[str, str, str]]:
    rules = run["tool"]["driver"].get("rules", [])
    found = []
    for result in run.get("results", []):
        rule = rules[result["ruleIndex"]]
        level = result.get("level") or rule.get("defaultConfiguration", {}).get("level", "warning")
        found.append((result["ruleId"], level, " ".join(result["message"].get("arguments", []))[:120]))
    return found


def multitool(folder: Path) -> Multitool:
    """The multitool below ``folder``; skips where there is no npm."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed: `make test-full` installs it")
    return Multitool(folder)


_COUNT = """
import json, sys
from sarif import loader
report = loader.load_sarif_file(sys.argv[1]).get_report()
counts = {level: report.get_issue_count_for_severity(level) for level in report.get_severities()}
print(json.dumps({level: count for level, count in counts.items() if count}))
"""


def sarif_tools(folder: Path) -> Path:
    """A Python with sarif-tools in it; skips where the index cannot be reached."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, timeout=120)
    python = folder / "bin/python"
    install = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", _SARIF_TOOLS]
    done = subprocess.run(install, capture_output=True, text=True, check=False, timeout=300)
    if done.returncode:
        pytest.skip(f"pip cannot fetch sarif-tools here: {done.stderr[-200:]}")
    return python


def counted_by_sarif_tools(python: Path, log: Path) -> dict[str, int]:
    """Results by level, as sarif-tools counts them."""
    command = [str(python), "-I", "-c", _COUNT, str(log)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
    counts: dict[str, int] = json.loads(done.stdout)
    return counts
