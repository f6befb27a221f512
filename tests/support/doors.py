"""One repository through every door; what each wrote and said, as text."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.conftest import ROOT

NOW = "2024-10-12T00:00:00Z"
HOOKS = ("bandit", "audit", "pipeline", "waivers")


def through_every_door(top: Path, work: Path, environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """Run the command, each report format, the action and the hooks over the checkout ``top``.

    :param environment: more variables for each of them
    :returns: ``bundle/<file>``, ``action/<file>``, ``<door>.stdout``, ``<door>.stderr`` … → text
    """
    more = dict(environment or {}) | {"GOVSEC_ADVISORIES": str(ROOT / "examples/advisories")}
    said = _command(top, work, more) | _action(top, work, more)
    for hook in HOOKS:
        program = Path(sys.executable).with_name(f"govsec-hook-{hook}")
        if hook != "waivers" or (top / "govsec-waivers.toml").exists():
            said |= _said(f"hook-{hook}", [str(program), "--now", NOW], top, more)
    return said


def _command(top: Path, work: Path, more: Mapping[str, str]) -> dict[str, str]:
    program, out = [sys.executable, "-Im", "govsec_ci.cli"], work / "out"
    said = _said("run", [*program, "run", str(top), "--now", NOW, "--out", str(out)], work, more)
    for form in ("html", "markdown", "junit", "csv", "csv-excel", "json", "text"):
        told = [*program, "report", "--out", str(out), "--format", form]
        said |= _said(f"report-{form}", told, work, more)
    said |= _said("report-ja", [*program, "report", "--out", str(out), "--format", "html", "--lang", "ja"], work, more)
    said |= _said("verify", [*program, "verify", str(out)], work, more)
    return said | _files("bundle", out)


def _action(top: Path, work: Path, more: Mapping[str, str]) -> dict[str, str]:
    runner = {
        "GITHUB_WORKSPACE": str(top),
        "RUNNER_TEMP": str(work),
        "GITHUB_OUTPUT": str(work / "action/output"),
        "GITHUB_STEP_SUMMARY": str(work / "action/step-summary.md"),
        "GOVSEC_INPUT_NOW": NOW,
        "GOVSEC_INPUT_OUT": str(work / "action-out"),
    }
    (work / "action").mkdir()
    said = _said("action", [sys.executable, "-Im", "govsec_ci.cli", "action"], work, dict(more) | runner)
    return said | _files("action", work / "action")


def _said(door: str, command: list[str], cwd: Path, more: Mapping[str, str]) -> dict[str, str]:
    done = subprocess.run(
        command,
        capture_output=True,
        check=False,
        cwd=cwd,
        env=os.environ | dict(more),
        timeout=300,
        stdin=subprocess.DEVNULL,
    )
    return {
        f"{door}.code": str(done.returncode),
        f"{door}.stdout": done.stdout.decode("utf-8"),
        f"{door}.stderr": done.stderr.decode("utf-8"),
    }


def _files(name: str, folder: Path) -> dict[str, str]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {f"{name}/{path.relative_to(folder).as_posix()}": path.read_bytes().decode("utf-8") for path in paths}
