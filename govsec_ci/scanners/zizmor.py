"""Pipeline audit: zizmor, offline, over workflows, action definitions and Dependabot settings of GitHub.

Settings of the judged tree (``zizmor.yml``) are not read. ``# zizmor: ignore[…]`` comments are claims: what they
would hide is a result with an in-source suppression. A file that zizmor does not finish makes the run incomplete.
"""

import re
from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path

import msgspec

from govsec_ci.errors import InputError, ToolError
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
    ScanState,
    Severity,
    Suppression,
    SuppressionKind,
    SuppressionStatus,
)
from govsec_ci.scanners.base import ScanOutput, ScanRequest
from govsec_ci.scanners.runs import error, printable, state_of, tool_version, utc_now
from govsec_ci.scanners.scope import Scope, Selection, select
from govsec_ci.scanners.tracked import NEXT_STEP, hidden
from govsec_ci.scanners.zizmor_wire import Finding, Place, Point
from govsec_ci.system import process
from govsec_ci.system.files import Skipped, read_limited, sha256_file

ARGUMENTS = (
    "--offline", "--no-config", "--no-ignores", "--no-exit-codes", "--no-progress", "--color=never", "--format=json-v1",
)  # fmt: skip
_TARGET = re.compile(
    r"\.github/workflows/[^/]+\.ya?ml"
    r"|(?:.*/)?action\.ya?ml"
    r"|\.github/dependabot\.ya?ml",
    re.DOTALL,
)
# Where the platform looks for workflows and settings, whatever else is in there.
_PLATFORMS = frozenset({".github", ".github/workflows"})
# zizmor says on stderr which files it finished, of which the end is kept: a call takes few enough files to hold all.
_CALL_CHARACTERS = 6_000
# From the line's begin: a path may itself hold " completed " and another file's path.
_COMPLETED = re.compile(r"^ *INFO audit: [^/\\\n]*?completed (.+)$", re.MULTILINE)
_IGNORE = re.compile(r"#\s*zizmor:\s*ignore\[[^\]]*\]")
_SEVERITIES = {"High": Severity.HIGH, "Medium": Severity.MEDIUM, "Low": Severity.LOW, "Informational": Severity.NONE}
_LEVELS = {"High": Level.ERROR, "Medium": Level.WARNING, "Low": Level.NOTE, "Informational": Level.NOTE}
# The middle of GitHub's bands; zizmor publishes words, no scores. Ours, no document's.
_SCORES = {"High": "8.0", "Medium": "5.5", "Low": "2.0"}
_WAY_OUT = "correct the file, or declare it out of scope (with owner and reason) in the trusted configuration"


def is_target(path: str) -> bool:
    """Whether zizmor has something to say of a file with this path."""
    return _TARGET.fullmatch(path) is not None


class ZizmorScanner:
    """The scanner ``zizmor``."""

    id = "zizmor"
    role = Role.PIPELINE

    def scan(self, request: ScanRequest) -> ScanOutput:
        """See :class:`govsec_ci.scanners.base.Scanner`."""
        started = utc_now()
        selection = select(request.tree, request.config, is_target)
        unseen = _unseen(request)
        applicable = bool(selection.files or selection.refused or selection.notifications or unseen)
        audit = _Audit(request, selection)
        audit.run()
        notifications = (*audit.notifications, *unseen)
        run = Run(
            id=self.id,
            tool="zizmor",
            version=tool_version("zizmor"),
            role=self.role,
            state=state_of(notifications) if applicable else ScanState.NOT_APPLICABLE,
            proof="" if applicable else _proof(request),
            tool_uri="https://docs.zizmor.sh/",
            rules=tuple(sorted(audit.rules.values(), key=lambda rule: rule.id)),
            results=tuple(sorted(audit.results, key=_order)),
            notifications=notifications,
            invocation=Invocation(start=started, end=utc_now(), arguments=("zizmor", *ARGUMENTS)),
            artifacts=tuple(_artifacts(request, audit.finished)),
            targets=len(audit.finished),
            scope=len(selection.files) + len(selection.refused),
            commit=request.checkout.commit if request.checkout else None,
        )
        return ScanOutput(run=run)


def _unseen(request: ScanRequest) -> list[Notification]:
    """What the walk left out and may hold a pipeline: then no file of its kind proves nothing."""
    scope = Scope(request.config)
    folders = [one for one in request.tree.skipped if one.path in _PLATFORMS and scope.holds(one.path)]
    return [_unlooked_at(one) for one in folders] or hidden(request, is_target)


def _unlooked_at(folder: Skipped) -> Notification:
    text = f"no pipeline in {folder.path} was audited, because the folder counts as: {folder.reason}"
    return error("file-not-read", text, path=folder.path, next_step=NEXT_STEP)


def _proof(request: ScanRequest) -> str:
    kinds = (
        "a workflow (.github/workflows/*.yml), an action (action.yml) or a Dependabot setting (.github/dependabot.yml)"
    )
    count = len(request.tree.files)
    return f"none of the tree's {count} files is {kinds}" if count != 1 else f"the tree's only file is not {kinds}"


def _order(result: Result) -> tuple[str, int, int, str, str]:
    place = result.locations[0]
    region = place.region or Region(start_line=0)
    return place.path, region.start_line, region.start_column or 0, result.rule_id, result.message


def _artifacts(request: ScanRequest, paths: set[str]) -> Iterator[Artifact]:
    for path in sorted(paths):
        file = request.tree.root / path
        yield Artifact(path=path, sha256=sha256_file(file), length=file.stat().st_size)


class _Audit:
    """One scan: asks zizmor in handfuls of files, and reads what it says."""

    def __init__(self, request: ScanRequest, selection: Selection) -> None:
        self.request = request
        self.root = Path(request.tree.root).resolve()
        self.files = selection.files
        self.notifications = [*selection.notifications, *(_unread(e.path, e.reason) for e in selection.refused)]
        self.results: list[Result] = []
        self.rules: dict[str, Rule] = {}
        self.finished: set[str] = set()
        self.lines: dict[str, list[str]] = {}

    def run(self) -> None:
        files = [path for path in self.files if self._is_readable(path)]
        for handful in _handfuls(files, len(str(self.root))):
            self._ask(handful)
            self.request.progress("zizmor", len(self.finished), len(self.files))

    def _is_readable(self, path: str) -> bool:
        if "\n" in path:  # it could read as another file's in what zizmor says, line by line
            self.notifications.append(_unread(path, "its path holds a line end"))
            return False
        try:
            read_limited(self.root / path, limit_bytes=self.request.config.limits.manifest_bytes)
            path.encode("utf-8")
        except InputError as failed:
            self.notifications.append(_unread(path, failed.what.removeprefix(f"{self.root / path}: ")))
            return False
        except UnicodeEncodeError:
            self.notifications.append(_unread(path, "zizmor cannot open a path that is not UTF-8"))
            return False
        return True

    def _ask(self, files: Sequence[str]) -> None:
        try:
            done = self._zizmor(ARGUMENTS, files)
        except ToolError as failed:
            self.notifications += [_unread(path, failed.what, "file-not-scanned") for path in files]
            return
        # It says that a file is completed before it writes what it found: without the whole answer that is nothing.
        whole = done.exit_code == 0 and bool(done.stdout.strip())
        told = _completed(done.stderr) if whole else frozenset()
        finished = {path for path in files if str(self.root / path) in told}
        if whole:
            self._take(done, files)
        self.finished |= finished
        self._ask_again([path for path in files if path not in finished], alone=len(files) == 1)

    def _ask_again(self, files: Sequence[str], *, alone: bool) -> None:
        """One file may have ended the whole call: each that was not finished is tried alone."""
        for path in files:
            if alone:
                self.notifications.append(self._why(path))
            else:
                self._ask([path])

    def _zizmor(self, arguments: Sequence[str], files: Sequence[str]) -> process.Completed:
        argv = [str(binary()), *arguments, "--", *(str(self.root / path) for path in files)]
        return process.run(argv, timeout_s=self.request.config.timeouts.zizmor_s)

    def _take(self, done: process.Completed, files: Sequence[str]) -> None:
        try:
            findings = msgspec.json.decode(done.stdout, type=tuple[Finding, ...])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as failed:
            text = f"zizmor gave an answer that cannot be read: {failed}"
            self.notifications.append(error("tool-failed", text))
            return
        paths = {str(self.root / path): path for path in files}
        for finding in findings:
            self._result(finding, paths)

    def _result(self, finding: Finding, paths: dict[str, str]) -> None:
        places = sorted(finding.locations, key=lambda place: place.symbolic.kind != "Primary")
        located = [(paths.get(_path(place), ""), place) for place in places if place.symbolic.kind != "Hidden"]
        shown = [(path, place) for path, place in located if path]
        if not shown:
            self.notifications.append(error("tool-failed", f"zizmor's result {finding.ident} names no file of ours"))
            return
        self.rules.setdefault(finding.ident, _rule(finding))
        self.results.append(self._as_result(finding, shown))

    def _as_result(self, finding: Finding, shown: list[tuple[str, Place]]) -> Result:
        path, primary = shown[0]
        words = finding.determinations
        return Result(
            rule_id=finding.ident,
            message=f"{finding.desc}: {primary.symbolic.annotation}",
            level=_LEVELS.get(words.severity, Level.WARNING),
            severity=_SEVERITIES.get(words.severity, Severity.UNKNOWN),
            confidence=_confidence(words.confidence),
            locations=tuple(
                Location(path=place_path, region=self._region(place_path, place)) for place_path, place in shown
            ),
            suppressions=(_suppression(path, finding),) if finding.ignored else (),
        )

    def _region(self, path: str, place: Place) -> Region:
        if path not in self.lines:
            self.lines[path] = (self.root / path).read_bytes().decode("utf-8", "replace").split("\n")
        lines = self.lines[path]
        start, end = place.concrete.location.start_point, place.concrete.location.end_point
        return Region(
            start_line=start.row + 1,
            start_column=_column(lines, start),
            end_line=end.row + 1,
            end_column=_column(lines, end),
            snippet=lines[start.row].strip()[:240] if start.row < len(lines) else None,
        )

    def _why(self, path: str) -> Notification:
        """Ask again for one file, strictly: then zizmor says what it has against it."""
        try:
            done = self._zizmor(("--strict-collection", *ARGUMENTS), [path])
        except ToolError as failed:
            return _unread(path, failed.what, "file-not-scanned")
        return _unread(path, _reason(done.stderr), "file-not-parsed")


def binary() -> Path:
    """The program as zizmor's wheel installed it; ``PATH`` is not asked, for the judged tree may stand on it.

    :raises ToolError: it is not there
    """
    try:
        files = metadata.files("zizmor") or ()
    except metadata.PackageNotFoundError:
        files = ()
    paths = [Path(str(file.locate())) for file in files if file.name in {"zizmor", "zizmor.exe"}]
    found = next((path for path in paths if path.is_file()), None)
    if found is None:
        raise ToolError("zizmor is not installed with this Python", next_step="install govsec-ci anew")
    return found.resolve()


def _completed(stderr: str) -> frozenset[str]:
    """The paths, as they were given, of the files that zizmor says it has finished."""
    return frozenset(_COMPLETED.findall(stderr))


def _handfuls(files: Sequence[str], root_characters: int) -> Iterator[list[str]]:
    handful: list[str] = []
    weight = 0
    for path in files:
        # Twice: a line that says "completed", and perhaps a warning before it.
        own = 2 * (len(path.encode("utf-8")) + root_characters + 60)
        if handful and weight + own > _CALL_CHARACTERS:
            yield handful
            handful, weight = [], 0
        handful.append(path)
        weight += own
    if handful:
        yield handful


def _path(place: Place) -> str:
    local = place.symbolic.key.get("Local")
    return str(local.get("verbatim_path", "")) if isinstance(local, dict) else ""


def _column(lines: list[str], point: Point) -> int:
    """Bytes of the line's UTF-8 form, from 0 → UTF-16 code units, from 1."""
    line = lines[point.row] if point.row < len(lines) else ""
    before = line.encode("utf-8")[: point.column].decode("utf-8", "ignore")
    return len(before.encode("utf-16-le")) // 2 + 1


def _confidence(word: str) -> Confidence:
    return Confidence(word.upper()) if word.upper() in Confidence.__members__ else Confidence.UNKNOWN


def _rule(finding: Finding) -> Rule:
    severity = finding.determinations.severity
    return Rule(
        id=finding.ident,
        name=finding.ident,
        short=finding.desc,
        full=finding.desc,
        help=f"{finding.desc}. What to do: {finding.url}",
        help_uri=finding.url,
        level=_LEVELS.get(severity, Level.WARNING),
        security_severity=_SCORES.get(severity),
        tags=("security", "pipeline"),
    )


def _suppression(path: str, finding: Finding) -> Suppression:
    comments = [comment for place in finding.locations for comment in place.concrete.comments]
    reasons = (_IGNORE.sub("", comment).strip(" #:-–—\t") for comment in comments if _IGNORE.search(comment))
    return Suppression(
        kind=SuppressionKind.IN_SOURCE,
        status=SuppressionStatus.ACCEPTED,
        justification=next((reason for reason in reasons if reason), ""),
        origin="zizmor-ignore",
        location=Location(path=path),
    )


def _unread(path: str, reason: str, identifier: str = "file-not-read") -> Notification:
    return error(identifier, f"{printable(path)} was not audited: {printable(reason)}", path=path, next_step=_WAY_OUT)


def _reason(stderr: str) -> str:
    """The innermost of zizmor's causes."""
    causes = re.findall(r"^\s+\d+: (.+)$", stderr.split("Stack backtrace", 1)[0], re.MULTILINE)
    warned = re.findall(r"WARN [^:]+: [\w:]+: (.+)$", stderr, re.MULTILINE)
    return next(iter([*causes, *warned]), "zizmor did not finish this file")
