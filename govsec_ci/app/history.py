"""``govsec baseline`` and ``govsec diff``: one scan against another."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from govsec_ci.app import bundle
from govsec_ci.errors import InputError
from govsec_ci.evidence.diff import Change, diff
from govsec_ci.evidence.reference import reference
from govsec_ci.formats import sarif
from govsec_ci.model import BaselineState, Run
from govsec_ci.report.inert import word


def write_reference(folder: Path, path: Path) -> None:
    """The reference of a bundle's results, one result a line.

    :raises UsageError: ``folder`` is no bundle, or ``path`` cannot be written
    """
    runs = bundle.read_results(bundle.require(folder))
    sarif.save(path, reference(runs))


def diff_lines(old: Path, new: Path) -> Iterator[str]:
    """The difference of two logs for people; :raises InputError: one is no log of ours."""
    found = diff(_load(old), _load(new), datetime.now(UTC))
    words = (BaselineState.NEW, BaselineState.UPDATED, BaselineState.ABSENT, BaselineState.UNCHANGED)
    yield ", ".join(f"{found.count(state)} {state.value}" for state in words)
    yield from (f"scanner added: {word(run)}" for run in found.added)
    yield from (f"scanner gone: {word(run)}" for run in found.removed)
    yield from (
        f"{word(run)} was incomplete: what is absent there may only not have been seen" for run in found.unproved
    )
    yield from map(_line, found.changes)


def _line(change: Change) -> str:
    result = change.result
    place = word(result.locations[0].path) if result.locations else "?"
    region = result.locations[0].region if result.locations else None
    line = f":{region.start_line}" if region else ""
    cause = f" ({change.cause})" if change.cause else ""
    return f"{change.state.value:<9} {place}{line} {result.severity.value} {word(result.rule_id)}{cause}"


def _load(path: Path) -> tuple[Run, ...]:
    file = path / bundle.RESULTS if path.is_dir() else path
    if not file.is_file():
        raise InputError(f"{file}: is not there", next_step="name a results.sarif, or the bundle that holds it")
    return sarif.load(file)
