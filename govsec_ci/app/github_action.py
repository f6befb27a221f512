"""The GitHub Action's side of the way: inputs from the environment, outputs and step summary to the runner's files.

Inputs reach this module as ``GOVSEC_INPUT_<NAME>`` variables and are never spliced into a shell line.
"""

import contextlib
import json
import os
import re
import sys
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, TextIO

from msgspec import Struct

from govsec_ci.app import bundle, signature
from govsec_ci.app.annotations import annotations
from govsec_ci.app.clock import parse
from govsec_ci.app.github_upload import category_of, upload_copy
from govsec_ci.app.run import run
from govsec_ci.app.steps import Options
from govsec_ci.app.trusted_ref import AUTO, in_force
from govsec_ci.errors import VERDICT_CODES, UsageError
from govsec_ci.model import Stage
from govsec_ci.report.view import View
from govsec_ci.system.files import write_atomic

_SUMMARY_LIMIT_BYTES: Final = 1024 * 1024
_FAILING: Final = frozenset({"FAIL", "INCOMPLETE"})
_NEVER: Final = "never"
_SUMMARY_CUT: Final = (
    "\n\n*The summary was longer than a step summary may be (1 MiB); the whole stands in the bundle.*\n"
)


def options(environment: Mapping[str, str], *, jobs: int) -> Options:
    """The inputs as options; :raises UsageError: an input is not one of its allowed values."""
    _fail_on(environment)
    workspace = Path(environment.get("GITHUB_WORKSPACE", "."))
    temporary = Path(environment.get("RUNNER_TEMP", "."))
    out = _input(environment, "OUT")
    baseline, waivers = _input(environment, "BASELINE"), _input(environment, "WAIVERS")
    advisories = _input(environment, "ADVISORIES") or environment.get("GOVSEC_ADVISORIES", "")
    return Options(
        path=workspace / (_input(environment, "PATH") or "."),
        out=workspace / out if out else temporary / f"govsec-out-{uuid.uuid4().hex[:8]}",
        now=parse(_input(environment, "NOW") or None),
        profiles=tuple(_profiles(environment, workspace)),
        stage=Stage(_one_of(environment, "STAGE", tuple(stage.value for stage in Stage), "build")),
        advisories=workspace / advisories if advisories else None,
        baseline=workspace / baseline if baseline else None,
        waivers=workspace / waivers if waivers else None,
        since=_input(environment, "SINCE"),
        policy_ref=_input(environment, "POLICY_REF") or AUTO,
        offline=_one_of(environment, "OFFLINE", ("true", "false"), "false") == "true",
        jobs=jobs,
        lang=_one_of(environment, "LANGUAGE", ("en", "ja"), "en"),
    )


def _profiles(environment: Mapping[str, str], workspace: Path) -> Iterator[str]:
    """Ids as they are; files from the workspace, for the current folder is not that one.

    With a trusted ref files stay relative to the judged folder: an absolute one would be read from the judged tree.
    """
    judged = workspace / (_input(environment, "PATH") or ".")
    for part in re.split(r"[,\r\n]", _input(environment, "PROFILES")):
        name = part.strip()
        if not name or not ("/" in name or name.endswith(".toml")):
            yield from filter(None, [name])
        elif in_force(_input(environment, "POLICY_REF") or AUTO, environment):
            yield os.path.relpath(workspace / name, judged).replace(os.sep, "/")
        else:
            yield str(workspace / name)


@contextlib.contextmanager
def inert(output: TextIO) -> Iterator[None]:
    """Have the runner take nothing that is printed within for a workflow command.

    A path or message of the judged tree may begin with ``::`` (or hold ``##[``), and both would be obeyed.
    """
    token = f"govsec-{uuid.uuid4().hex}"
    print(f"::stop-commands::{token}", file=output, flush=True)
    try:
        yield
    finally:
        print(f"::{token}::", file=output, flush=True)


class Finished(Struct):
    """What a run came to, filled as it goes: all empty where no verdict was reached.

    :param sarif: the log to upload, where it is not the bundle's own
    :param predicate: what an attestation says of the bundle
    """

    verdict: str = ""
    out: Path | None = None
    view: View | None = None
    sarif: Path | None = None
    predicate: Path | None = None


def judge(options: Options, finished: Finished) -> View:
    """The whole way; ``finished`` is filled only once the bundle stands, so that no earlier one is taken for it."""
    verdict, view = run(options)
    finished.verdict, finished.out, finished.view = verdict.verdict.value, options.out, view
    finished.predicate = options.out.with_name(f"{options.out.name}-predicate.json")
    write_atomic(finished.predicate, signature.predicate(options.out))
    return view


def publish(environment: Mapping[str, str], finished: Finished, *, exit_code: int, log: TextIO = sys.stdout) -> None:
    """Write annotations to ``log``, the log to upload, the step summary and the outputs."""
    folder = judged_folder(environment)
    if finished.view is not None and _input(environment, "ANNOTATIONS") != "false":
        for line in annotations(finished.view, folder):
            print(line, file=log, flush=True)
    _place_upload(environment, finished, folder)
    if environment.get("GITHUB_STEP_SUMMARY"):
        write_summary(Path(environment["GITHUB_STEP_SUMMARY"]), _summary(finished, exit_code))
    if environment.get("GITHUB_OUTPUT"):
        own = {"fails": str(fails(environment, finished, exit_code)).lower(), "uploads": str(_whole_runs(finished))}
        write_outputs(Path(environment["GITHUB_OUTPUT"]), outputs(finished, exit_code) | own)


def judged_folder(environment: Mapping[str, str]) -> str:
    """The judged folder relative to the workspace, POSIX; empty for the workspace itself or one outside of it."""
    workspace = os.path.realpath(environment.get("GITHUB_WORKSPACE", "."))
    folder = os.path.relpath(os.path.realpath(os.path.join(workspace, _input(environment, "PATH") or ".")), workspace)
    inside = folder != os.curdir and folder.split(os.sep)[0] != os.pardir and not os.path.isabs(folder)
    return folder.replace(os.sep, "/") if inside else ""


def fails(environment: Mapping[str, str], finished: Finished, exit_code: int) -> bool:
    """Whether the step is to fail: by what ``fail-on`` names, and always where no verdict was reached and delivered."""
    if exit_code != VERDICT_CODES.get(finished.verdict):
        return True
    return exit_code != 0 and finished.verdict in _fail_on(environment)


def _fail_on(environment: Mapping[str, str]) -> frozenset[str]:
    """The verdicts that fail the step; :raises UsageError: a word is none, and misspelt would fail no step."""
    words = frozenset(re.split(r"[\s,]+", _input(environment, "FAIL_ON"))) - {""}
    unknown = words - {*_FAILING, _NEVER}
    if unknown:
        allowed = ", ".join(sorted({*_FAILING, _NEVER}))
        raise UsageError(f"input fail-on: {min(unknown)!r} is not one of {allowed}")
    return words or _FAILING


def _whole_runs(finished: Finished) -> int:
    """How many runs the log to upload holds: incomplete ones are left out, and GitHub refuses a log without any."""
    return sum(run.state != "incomplete" for run in finished.view.runs) if finished.view is not None else 0


def _place_upload(environment: Mapping[str, str], finished: Finished, folder: str) -> None:
    category = category_of(_input(environment, "CATEGORY"), folder)
    if finished.out is None or not (folder or category):
        return
    finished.sarif = finished.out.with_name(f"{finished.out.name}-upload.sarif")
    log = (finished.out / bundle.GITHUB).read_bytes()
    finished.sarif.write_bytes(upload_copy(log, folder=folder, category=category))


def _summary(finished: Finished, exit_code: int) -> str:
    if finished.out is None:
        return f"## govsec: no verdict (exit code {exit_code})\n\nThe log of this step says why.\n"
    return (finished.out / bundle.SUMMARY).read_text("utf-8")


def outputs(finished: Finished, exit_code: int) -> dict[str, str]:
    """The action's outputs; all but the exit code are empty where no verdict was reached."""
    files = {"sarif-file": bundle.GITHUB, "sbom-file": bundle.SBOM, "summary-file": bundle.SUMMARY}
    paths = {name: _existing(finished.out, file) for name, file in files.items()}
    if finished.sarif is not None:
        paths["sarif-file"] = str(finished.sarif)
    paths["predicate-file"] = str(finished.predicate or "")
    verdict = {"verdict": finished.verdict, "exit-code": str(exit_code)}
    return verdict | paths | {"out-dir": _existing(finished.out, "")} | _counts(finished)


def _counts(finished: Finished) -> dict[str, str]:
    counts = finished.view.counts if finished.view is not None else {}
    names = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "UNKNOWN", "suppressed", "total", "components")
    each = {f"count-{name.lower()}": str(counts.get(name, "")) for name in names}
    return each | {"counts": json.dumps(dict(counts), sort_keys=True) if counts else ""}


def write_outputs(path: Path, values: Mapping[str, str]) -> None:
    """Append to the file that ``GITHUB_OUTPUT`` names, each value fenced by a delimiter that no value can guess."""
    fence = f"govsec-{uuid.uuid4().hex}"
    text = "".join(f"{name}<<{fence}\n{value}\n{fence}\n" for name, value in values.items())
    with path.open("a", encoding="utf-8", newline="\n") as file:
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
