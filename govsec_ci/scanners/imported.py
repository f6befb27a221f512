"""Reports of other tools (``[[import]]``): SARIF 2.1.0 and CycloneDX vulnerabilities, each as a run with its role.

A report that is malformed is the operator's mistake and raises; one that is missing or too old is an incomplete run.
"""

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import unquote

from msgspec.structs import replace

from govsec_ci.config import Import
from govsec_ci.errors import InputError, ToolError
from govsec_ci.formats.cyclonedx import read_vulnerabilities
from govsec_ci.formats.cyclonedx_xml import is_xml
from govsec_ci.formats.sarif_foreign import load_foreign
from govsec_ci.model import (
    CLOCKS_DIFFER,
    REQUIRED,
    Invocation,
    Level,
    Location,
    Notification,
    Result,
    Role,
    Run,
    ScanState,
    Suppression,
    SuppressionKind,
    SuppressionStatus,
)
from govsec_ci.scanners.base import ScanRequest
from govsec_ci.scanners.imported_facts import looked_up
from govsec_ci.scanners.runs import error, printable, utc_now
from govsec_ci.scanners.scope import Scope
from govsec_ci.scanners.tracked import lies_in_checkout
from govsec_ci.system.files import read_limited
from govsec_ci.system.git import run_git

# How far into a JSON document its kind is looked for; both formats name themselves among their first members.
_HEAD_BYTES = 100_000
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9._-]+")
_ID_CHARACTERS = 60


def load(request: ScanRequest, taken: Iterable[str] = ()) -> tuple[Run, ...]:
    """The runs of every ``[[import]]``, in the order of the configuration, each with an id of its own.

    :param taken: ids of runs that are there already
    :raises InputError: a report is malformed; the message names its JSON path
    """
    ids = set(taken)
    found = []
    for entry in request.config.imports:
        for run in _runs(request, entry):
            unique = _unique(_plain(run.id), ids)
            ids.add(unique)
            asked = {**run.properties, REQUIRED: "yes"} if entry.required else run.properties
            found.append(replace(run, id=unique, properties=asked))
    return looked_up(found, request.advisories)


def _plain(name: str) -> str:
    """An id that is a file's name too: the run is kept in one, and tools and settings name themselves as they like."""
    return _NOT_PLAIN.sub("-", name)[:_ID_CHARACTERS].strip("-.") or "import"


def _unique(name: str, taken: set[str]) -> str:
    return next(one for one in (name, *(f"{name}-{number}" for number in range(2, 10_000))) if one not in taken)


def _runs(request: ScanRequest, entry: Import) -> Iterator[Run]:
    path = request.tree.root / entry.path
    if not path.exists():
        yield _missing(entry)
        return
    data = read_limited(path, limit_bytes=request.config.limits.import_bytes)
    committed = _committed(request, entry)
    for run in _read(data, entry, path.parent, _reader(request)):
        told = [one for one in (committed, _age(run, entry, request)) if one is not None]
        yield _scoped(_with(run, told), request)


def _with(run: Run, told: list[Notification]) -> Run:
    broken = any(one.level is Level.ERROR for one in told)
    state = ScanState.INCOMPLETE if broken else run.state
    return replace(run, notifications=(*run.notifications, *told), state=state)


def _committed(request: ScanRequest, entry: Import) -> Notification | None:
    """A report that git tracks may have been written by the very change that is judged.

    Also one that a link leads to: the path that the tool writes to may be such a link, or lie behind one.
    """
    unknown = f"git could not say whether it tracks {printable(entry.path)}"
    if request.checkout is None:
        return error("import-tracked", unknown, path=entry.path) if lies_in_checkout(request.tree.root) else None
    top, real = request.checkout.top.resolve(), (request.tree.root / entry.path).resolve()
    behind = [(top, real.relative_to(top).as_posix())] if real.is_relative_to(top) else []
    try:
        if not any(_tracks(folder, path) for folder, path in [(request.tree.root, entry.path), *behind]):
            return None
    except ToolError as failed:
        return error("import-tracked", f"{unknown}: {failed.what}")
    text = f"{printable(entry.path)} is committed: the change that is judged could have written it itself"
    next_step = "let the pipeline write the report to a path that is not in the repository"
    return error("import-tracked", text, path=entry.path, next_step=next_step)


def _tracks(folder: Path, path: str) -> bool:
    """Whether git tracks a file, in a submodule too; where it cannot say, it may."""
    found = run_git(folder, "ls-files", "--recurse-submodules", "-z", "--", f":(literal){path}")
    return found.exit_code != 0 or bool(found.stdout)


def _missing(entry: Import) -> Run:
    name = entry.id or posixpath.basename(entry.path).partition(".")[0] or "import"
    text = f"the report {printable(entry.path)} is not there"
    if entry.required:
        why = error("import-missing", text, path=entry.path, next_step="run the tool that writes it before govsec")
        return Run(id=name, tool=name, version="", role=entry.role, state=ScanState.INCOMPLETE, notifications=(why,))
    # Not under its role: what was not done must not stand for what a gate asks for.
    note = Notification(id="import-missing", level=Level.WARNING, text=text)
    proof = f"{text}, and the configuration does not require it"
    return Run(
        id=name,
        tool=name,
        version="",
        role=Role.OTHER,
        state=ScanState.NOT_APPLICABLE,
        proof=proof,
        notifications=(note,),
    )


def _read(data: bytes, entry: Import, folder: Path, source: Callable[[str], bytes | None]) -> tuple[Run, ...]:
    if is_xml(data) or b'"bomFormat"' in data[:_HEAD_BYTES]:
        return (_cyclonedx(data, entry),)
    return load_foreign(
        data,
        entry.path,
        role=entry.role,
        run_id=entry.id,
        read_external=lambda uri: _external(folder, uri, len(data)),
        read_source=source,
    )


def _reader(request: ScanRequest) -> Callable[[str], bytes | None]:
    """A function from a place's path to the bytes of that file of the tree; None for any other file."""
    prefix, known = _prefix(request), frozenset(request.tree.files)

    def read(path: str) -> bytes | None:
        own = path.removeprefix(prefix)
        try:
            limit = request.config.limits.source_file_bytes
            return read_limited(request.tree.root / own, limit_bytes=limit) if own in known else None
        except InputError:
            return None

    return read


def _prefix(request: ScanRequest) -> str:
    return f"{Path(request.tree.root).resolve().as_posix()}/"


_EXTERNAL_AT_LEAST_BYTES = 400_000_000


def _external(folder: Path, uri: str, size: int) -> bytes:
    """An external property file, which must lie in the log's own folder or below it."""
    name = unquote(uri)
    path = (folder / name.replace("\0", "")).resolve()
    if "\0" in name or ":" in uri.partition("/")[0] or not path.is_relative_to(folder.resolve()):
        raise InputError(f"{printable(uri)}: an external property file must lie beside its log")
    return read_limited(path, limit_bytes=max(size, _EXTERNAL_AT_LEAST_BYTES))


def _cyclonedx(data: bytes, entry: Import) -> Run:
    told = read_vulnerabilities(data, name=entry.path, location=Location(path=entry.path))
    text = f"{printable(entry.path)} has no list of vulnerabilities, so nothing says that any was looked for"
    missing = () if told.present else (error("import-without-vulnerabilities", text, path=entry.path),)
    name = entry.id or told.tool.lower() or posixpath.basename(entry.path).partition(".")[0]
    return Run(
        id=name,
        tool=told.tool or name,
        version=told.version,
        role=entry.role,
        state=ScanState.INCOMPLETE if missing else ScanState.COMPLETE,
        rules=told.rules,
        results=told.results,
        notifications=missing,
        invocation=Invocation(end=told.time),
    )


def _scoped(run: Run, request: ScanRequest) -> Run:
    """Absolute paths into the tree become relative; what lies in an excluded folder gets the claim that says so."""
    scope = Scope(request.config)
    prefix = _prefix(request)
    return replace(run, results=tuple(_result(result, prefix, scope) for result in run.results))


def _result(result: Result, prefix: str, scope: Scope) -> Result:
    places = tuple(replace(place, path=place.path.removeprefix(prefix)) for place in result.locations)
    if not places or scope.holds(places[0].path):
        return replace(result, locations=places)
    claim = Suppression(
        kind=SuppressionKind.EXTERNAL,
        status=SuppressionStatus.ACCEPTED,
        justification=scope.why(places[0].path),
        origin="out-of-scope",
        origin_id=places[0].path,
    )
    return replace(result, locations=places, suppressions=(*result.suppressions, claim))


def _age(run: Run, entry: Import, request: ScanRequest) -> Notification | None:
    now = datetime.fromtimestamp(request.now_s, UTC) if request.now_s else utc_now()
    made = run.invocation.end or run.invocation.start
    if made is None:
        return None if entry.max_age_days is None else _undated(entry)
    if made > now + CLOCKS_DIFFER:
        text = f"{printable(entry.path)} was made at {made:%Y-%m-%dT%H:%M:%SZ}, which is in the future"
        level = Level.WARNING if entry.max_age_days is None else Level.ERROR
        next_step = "correct the clock of the machine that wrote it, or the clock of the decision (--now)"
        return Notification(id="import-from-the-future", level=level, text=text, next_step=next_step)
    if entry.max_age_days is not None and now - made > timedelta(days=entry.max_age_days):
        name, days = printable(entry.path), f"{entry.max_age_days:g}"
        text = f"{name} was made on {made:%Y-%m-%d}: older than max-age-days allows ({days})"
        return error("import-too-old", text, path=entry.path, next_step="run the tool that writes it again")
    return None


def _undated(entry: Import) -> Notification:
    text = f"{printable(entry.path)} does not say when it was made, so that its age cannot be judged"
    return error("import-undated", text, path=entry.path, next_step="let the tool write its invocation's end time")
