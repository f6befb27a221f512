"""The GitHub Action's side of the way: inputs from the environment, outputs and step summary to the runner's files.

Inputs reach this module as ``GOVSEC_INPUT_<NAME>`` variables and are never spliced into a shell line.
"""

import re
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from govsec_ci.app import bundle
from govsec_ci.app.clock import parse
from govsec_ci.app.steps import Options
from govsec_ci.errors import UsageError
from govsec_ci.model import Stage

_SUMMARY_LIMIT_BYTES: Final = 1024 * 1024
_SUMMARY_CUT: Final = "\n\n*The summary was longer than a step summary may be (1 MiB); the whole stands in the bundle.*\n"


def options(environment: Mapping[str, str], *, jobs: int) -> Options:
    """The inputs as options; :raises UsageError: an input is not one of its allowed values."""
    workspace = Path(environment.get("GITHUB_WORKSPACE", "."))
    temporary = Path(environment.get("RUNNER_TEMP", "."))
    out = _input(environment, "OUT")
    advisories = _input(environment, "ADVISORIES") or environment.get("GOVSEC_ADVISORIES", "")
    return Options(
        path=workspace / (_input(environment, "PATH") or "."),
        out=workspace / out if out else temporary / f"govsec-out-{uuid.uuid4().hex[:8]}",
        now=parse(_input(environment, "NOW") or None),
        profiles=tuple(filter(None, (part.strip() for part in re.split(r"[,\n]", _input(environment, "PROFILES"))))),
        stage=Stage(_one_of(environment, "STAGE", tuple(stage.value for stage in Stage), "build")),
        advisories=workspace / advisories if advisories else None,
        jobs=jobs,
        lang=_one_of(environment, "LANGUAGE", ("en", "ja"), "en"),
    )


def outputs(verdict: str, exit_code: int, out: Path | None) -> dict[str, str]:
    """The action's outputs; file outputs are empty where no bundle was written."""
    files = {"sarif-file": bundle.GITHUB, "sbom-file": bundle.SBOM, "summary-file": bundle.SUMMARY}
    paths = {name: _existing(out, file) for name, file in files.items()}
    return {"verdict": verdict, "exit-code": str(exit_code), **paths, "out-dir": _existing(out, "")}


def write_outputs(path: Path, values: Mapping[str, str]) -> None:
    """Append to the file that ``GITHUB_OUTPUT`` names, each value fenced by a delimiter that no value can guess."""
    fence = f"govsec-{uuid.uuid4().hex}"
    text = "".join(f"{name}<<{fence}\n{value}\n{fence}\n" for name, value in values.items())
    with path.open("a", encoding="utf-8") as file:
        file.write(text)


def write_summary(path: Path, markdown: str) -> None:
    """Append to the file that ``GITHUB_STEP_SUMMARY`` names, cut at a line end to what GitHub takes."""
    data = markdown.encode()
    if len(data) > _SUMMARY_LIMIT_BYTES:
        room = _SUMMARY_LIMIT_BYTES - len(_SUMMARY_CUT.encode())
        data = data[: data.rindex(b"\n", 0, room)] + _SUMMARY_CUT.encode()
    with path.open("ab") as file:
        file.write(data)


def _input(environment: Mapping[str, str], name: str) -> str:
    return environment.get(f"GOVSEC_INPUT_{name}", "").strip()


def _one_of(environment: Mapping[str, str], name: str, allowed: tuple[str, ...], default: str) -> str:
    value = _input(environment, name) or default
    if value not in allowed:
        raise UsageError(f"input {name.lower()}: {value!r} is not one of {', '.join(allowed)}")
    return value


def _existing(out: Path | None, name: str) -> str:
    return str(out / name) if out is not None and (out / name).exists() else ""
