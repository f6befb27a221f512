"""Two logs side by side: what came, what went, what changed, and which scanners only one of them has."""

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct

from govsec_ci.evidence.baseline import CAUSE, compare
from govsec_ci.model import BaselineState, Result, Run, ScanState


class Change(Struct, frozen=True, kw_only=True):
    """One result that differs.

    :param run: id of the run that it belongs to
    :param state: NEW, UPDATED or ABSENT
    :param cause: why a new one is new (the words of ``evidence.baseline``), or empty
    """

    run: str
    state: BaselineState
    result: Result
    cause: str = ""


class Diff(Struct, frozen=True, kw_only=True):
    """The difference of two logs.

    :param changes: by run id, then in the order of the logs: new and updated, then absent
    :param unchanged: how many results are in both
    :param added: ids of the runs that only the later log has; :param removed: only the earlier one
    :param unproved: ids of later runs that are incomplete, so that what is absent there may only not have been seen
    """

    changes: tuple[Change, ...]
    unchanged: int
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    unproved: tuple[str, ...] = ()

    def count(self, state: BaselineState) -> int:
        """How many results are in ``state``."""
        if state is BaselineState.UNCHANGED:
            return self.unchanged
        return sum(change.state is state for change in self.changes)


def diff(old: Iterable[Run], new: Iterable[Run], now: datetime) -> Diff:
    """Compare two logs of ours; neither is changed.

    :param now: first detection of what is new
    """
    earlier, later = tuple(old), tuple(new)
    compared = compare(later, earlier, now)
    ids, old_ids = {run.id for run in later}, {run.id for run in earlier}
    changes = [change for run in compared for change in _changes(run)]
    changes += [
        Change(run=run.id, state=BaselineState.ABSENT, result=result)
        for run in earlier
        if run.id not in ids
        for result in run.results
        if result.baseline_state is not BaselineState.ABSENT
    ]
    return Diff(
        changes=tuple(sorted(changes, key=lambda change: (change.run, change.state is BaselineState.ABSENT))),
        unchanged=sum(one.baseline_state is BaselineState.UNCHANGED for run in compared for one in run.results),
        added=tuple(sorted(ids - old_ids)),
        removed=tuple(sorted(old_ids - ids)),
        unproved=tuple(sorted(run.id for run in later if run.state is ScanState.INCOMPLETE)),
    )


def _changes(run: Run) -> list[Change]:
    return [
        Change(run=run.id, state=result.baseline_state, result=result, cause=_cause(result))
        for result in run.results
        if result.baseline_state not in {None, BaselineState.UNCHANGED}
        if result.baseline_state is not None
    ]


def _cause(result: Result) -> str:
    return result.properties.get(CAUSE, "") if result.baseline_state is BaselineState.NEW else ""
