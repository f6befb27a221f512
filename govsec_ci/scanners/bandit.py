"""Static analysis of Python: bandit over every ``*.py``, ``*.pyw`` and script of the tree, in worker processes.

The results are those of ``bandit -r ROOT -f json`` of the same version with bandit's own defaults; three differences
are meant. What ``# nosec`` hides is a result with an in-source suppression. Bandit leaves out every path that
*contains* ``.git``, ``CVS`` and so on anywhere (``.github/helper.py`` for one): the walk leaves out folders of exactly
those names. And scripts that only their first line tells as Python are scanned like any other file.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from govsec_ci.model import (
    Artifact,
    Confidence,
    Invocation,
    Level,
    Location,
    Notification,
    Region,
    Result,
    Role,
    Rule,
    Run,
    Severity,
    Suppression,
    SuppressionKind,
    SuppressionStatus,
)
from govsec_ci.scanners import bandit_cache, bandit_rules, bandit_settings, bandit_shards
from govsec_ci.scanners.base import ScanOutput, ScanRequest
from govsec_ci.scanners.python_files import is_notebook, is_python, is_script, is_unreadable
from govsec_ci.scanners.runs import error, printable, state_of, tool_version, utc_now
from govsec_ci.scanners.scope import Scope, Selection, select
from govsec_ci.scanners.tracked import left_out, linked_folders, of_product

_LEVELS = {"HIGH": Level.ERROR, "MEDIUM": Level.WARNING, "LOW": Level.NOTE}
_NO_BYTE_CODE = "remove it, or declare it out of scope (with owner and reason) in the trusted configuration"
_NOTEBOOKS = "keep the code that counts in modules, or exclude the folder in the trusted configuration"
_OUT_OF_SCOPE = "mend the file, or declare it out of scope (with owner and reason) in the trusted configuration"
_NEXT_STEPS = {
    "file-not-parsed": "scan with a Python that can parse it, mend the file, or declare it out of scope",
    "test-crashed": "a defect of bandit's test: mend or rewrite the code there, or declare the file out of scope",
}


class BanditScanner:
    """The scanner ``bandit``."""

    id = "bandit"
    role = Role.SAST

    def __init__(self, pool: bandit_shards.Pool = ThreadPoolExecutor) -> None:
        """:param pool: makes the executor that the shards run in, given their number"""
        self._pool = pool

    def scan(self, request: ScanRequest) -> ScanOutput:
        """See :class:`govsec_ci.scanners.base.Scanner`."""
        started = utc_now()
        settings = bandit_settings.read(request)
        wanted = _wanted(request)
        selection, unreadable = _parted(request, select(request.tree, request.config, wanted))
        selection = _less(selection, settings)
        files, refused = _measured(request, selection)
        outcome = bandit_cache.scan(_job(request, files), request.cache, self._pool)
        told = (
            *_nothing(selection),
            *selection.notifications,
            *left_out(request, lambda path: is_python(path) or is_unreadable(path)),
            *linked_folders(request),
            *unreadable,
            *_notebooks(request),
            *refused,
            *_problems(outcome),
        )
        results, rules, unknown = _results(outcome)
        asked = settings.told(filter(wanted, request.tree.files), results)
        results = tuple(map(settings.judged, results))
        notifications = (*told, *asked, *unknown)
        run = Run(
            id=self.id,
            tool="bandit",
            version=tool_version("bandit"),
            role=self.role,
            state=state_of(notifications),
            tool_uri="https://bandit.readthedocs.io/",
            rules=rules,
            results=results,
            notifications=notifications,
            invocation=Invocation(
                start=started, end=utc_now(), arguments=("bandit", "-r", ".", "-f", "json"), exit_code=0
            ),
            artifacts=tuple(_artifacts(outcome)),
            targets=len(_scanned(outcome)),
            scope=len(selection.files) + len(selection.refused),
            commit=request.checkout.commit if request.checkout else None,
        )
        return ScanOutput(run=run)


def _wanted(request: ScanRequest) -> Callable[[str], bool]:
    """By name where the name tells; what the walk refused cannot be opened, and has no other sign."""
    scripts = {path for path in request.tree.files if is_script(request.tree.root, path)}
    return lambda path: is_python(path) or is_unreadable(path) or path in scripts


def _parted(request: ScanRequest, selection: Selection) -> tuple[Selection, list[Notification]]:
    """What can be scanned, and an error for each file that Python could run and nobody can read."""
    files = tuple(path for path in selection.files if not is_unreadable(path))
    others = of_product(request, [path for path in selection.files if is_unreadable(path)])
    return replace(selection, files=files), [_opaque(path) for path in others]


def _opaque(path: str) -> Notification:
    text = f"{printable(path)} was not looked at: Python can run it, but it holds no source that bandit reads"
    return error("code-not-readable", text, path=path, next_step=_NO_BYTE_CODE)


def _notebooks(request: ScanRequest) -> list[Notification]:
    """A warning, no error: what is shipped seldom runs them, but nobody shall think that they were scanned."""
    scope = Scope(request.config)
    found = of_product(request, [path for path in request.tree.files if is_notebook(path) and scope.holds(path)])
    if not found:
        return []
    first = printable(found[0])
    text = f"{len(found)} notebooks (*.ipynb) were not looked at: bandit does not read them, {first} for one"
    if len(found) == 1:
        text = f"{first} was not looked at: bandit does not read notebooks (*.ipynb)"
    return [Notification(id="notebooks", level=Level.WARNING, text=text, next_step=_NOTEBOOKS)]


def _less(selection: Selection, settings: bandit_settings.Settings) -> Selection:
    return replace(selection, files=tuple(path for path in selection.files if not settings.excludes(path)))


def _measured(request: ScanRequest, selection: Selection) -> tuple[list[tuple[str, int]], list[Notification]]:
    """Files with their sizes; what the walk refused or is too large comes back as notifications."""
    limit = request.config.limits.source_file_bytes
    files, told = [], [_refused(entry.path, entry.reason) for entry in selection.refused]
    for path in selection.files:
        size = _size(request.tree.root / path)
        if size > limit:
            text = f"{printable(path)} is too large to scan: {size:,} bytes, the limit is {limit:,}"
            told.append(error("file-too-large", text, path=path, next_step=_OUT_OF_SCOPE))
        else:
            files.append((path, size))
    return files, told


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # the worker will say why it cannot be read
        return 0


def _refused(path: str, reason: str) -> Notification:
    return error("file-not-read", f"{printable(path)} was not scanned: {reason}", path=path, next_step=_OUT_OF_SCOPE)


def _nothing(selection: Selection) -> list[Notification]:
    if selection.files or selection.refused:
        return []
    text = "nothing found to scan: no Python file (*.py, *.pyw) is in scope"
    return [error("nothing-to-scan", text, next_step="check that PATH is the project's folder")]


def _job(request: ScanRequest, files: list[tuple[str, int]]) -> bandit_shards.Job:
    return bandit_shards.Job(
        root=Path(request.tree.root).resolve(),
        files=tuple(files),
        jobs=request.jobs,
        limit_bytes=request.config.limits.source_file_bytes,
        timeout_s=request.config.timeouts.bandit_s,
        file_s=request.config.timeouts.file_s,
        progress=lambda done, total: request.progress("bandit", done, total),
    )


def _scanned(outcome: bandit_shards.Outcome) -> list[str]:
    return sorted(
        path
        for path, line in outcome.lines.items()
        if all(problem["kind"] == "test-crashed" for problem in line["problems"])
    )


def _problems(outcome: bandit_shards.Outcome) -> list[Notification]:
    found = [_problem(path, problem) for path, line in sorted(outcome.lines.items()) for problem in line["problems"]]
    for path, why in sorted(outcome.failures.items()):
        found.append(error("file-not-scanned", f"{printable(path)}: {why}", path=path, next_step=_OUT_OF_SCOPE))
    return found


def _problem(path: str, problem: dict[str, Any]) -> Notification:
    return error(
        problem["kind"],
        f"{printable(path)}: {printable(problem['text'])}",
        path=path,
        line=problem["line"],
        next_step=_NEXT_STEPS.get(problem["kind"], _OUT_OF_SCOPE),
    )


def _artifacts(outcome: bandit_shards.Outcome) -> Iterable[Artifact]:
    for path, line in sorted(outcome.lines.items()):
        if line["sha256"]:
            yield Artifact(path=path, sha256=line["sha256"], length=line["length"])


def _results(
    outcome: bandit_shards.Outcome,
) -> tuple[tuple[Result, ...], tuple[Rule, ...], list[Notification]]:
    """Results in the order of path and place, with the rules of all tests that were run."""
    found = [_result(path, told) for path, line in sorted(outcome.lines.items()) for told in _in_order(line)]
    known = bandit_rules.rules()
    tests = sorted({*outcome.tests, *(result.rule_id for result in found)})
    rules = tuple(known.get(test) or bandit_rules.unknown_rule(test) for test in tests)
    unknown = [_unknown(test) for test in tests if test not in known]
    return tuple(found), rules, unknown


def _unknown(test: str) -> Notification:
    text = f"bandit's test {test} is not described in bandit_rules.toml: a defect of this version"
    return Notification(id="rule-unknown", level=Level.WARNING, text=text)


def _in_order(line: dict[str, Any]) -> list[dict[str, Any]]:
    def place(told: dict[str, Any]) -> tuple[int, int, str, str]:
        region = told["region"]
        return region["start_line"], region.get("start_column", 0), told["id"], told["text"]

    return sorted(line["results"], key=place)


def _result(path: str, told: dict[str, Any]) -> Result:
    location = Location(path=path, region=Region(**told["region"]))
    return Result(
        rule_id=told["id"],
        message=told["text"],
        level=_LEVELS.get(told["severity"], Level.WARNING),
        severity=_severity(told["severity"]),
        confidence=_confidence(told["confidence"]),
        locations=(location,),
        suppressions=_suppressions(path, told),
        properties=_properties(told),
    )


def _severity(word: str) -> Severity:
    return Severity(word) if word in _LEVELS else Severity.UNKNOWN


def _confidence(word: str) -> Confidence:
    return Confidence(word) if word in _LEVELS else Confidence.UNKNOWN


def _suppressions(path: str, told: dict[str, Any]) -> tuple[Suppression, ...]:
    nosec = told["nosec"]
    if nosec is None:
        return ()
    return (
        Suppression(
            kind=SuppressionKind.IN_SOURCE,
            status=SuppressionStatus.ACCEPTED,
            justification=nosec["reason"],
            origin="nosec",
            # A blanket comment names no test; one that names any has named this one: else bandit would not heed it.
            origin_id="" if nosec["blanket"] else told["id"],
            location=Location(path=path, region=Region(start_line=nosec["line"])) if nosec["line"] else None,
        ),
    )


def _properties(told: dict[str, Any]) -> dict[str, str]:
    properties = {"cwe": f"CWE-{told['cwe']}"} if told["cwe"] else {}
    nosec = told["nosec"]
    if nosec is None:
        return properties
    marks = [mark for mark, holds in (("blanket", nosec["blanket"]), ("without-reason", not nosec["reason"])) if holds]
    return properties | ({"nosec": ",".join(marks)} if marks else {})
