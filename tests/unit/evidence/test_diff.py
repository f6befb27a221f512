"""Two logs side by side."""

from govsec_ci.evidence.diff import diff
from govsec_ci.model import BaselineState, Level, ScanState
from tests.support.evidence_runs import NOW, a_result, a_run

PRINT = {"govsec/v1": "f"}


def test_what_came_what_went_what_changed() -> None:
    old = [
        a_run(a_result(message="stays"), a_result(message="goes"), a_result(fingerprints=PRINT)),
        a_run(a_result(message="lost"), a_result(baseline_state=BaselineState.ABSENT), id="gone"),
    ]
    new = [
        a_run(a_result(message="stays"), a_result(message="comes"), a_result(fingerprints=PRINT, level=Level.ERROR)),
        a_run(a_result(message="first look"), id="added", state=ScanState.INCOMPLETE),
    ]
    found = diff(old, new, NOW)
    assert [(change.run, change.state.value, change.result.message, change.cause) for change in found.changes] == [
        ("added", "new", "first look", "new-scanner"),
        ("bandit", "new", "comes", "new-code"),
        ("bandit", "updated", "m", ""),
        ("bandit", "absent", "goes", ""),
        ("gone", "absent", "lost", ""),
    ]
    assert (found.added, found.removed, found.unproved) == (("added",), ("gone",), ("added",))
    assert [found.count(state) for state in BaselineState] == [2, 1, 1, 2]


def test_a_log_does_not_differ_from_itself() -> None:
    runs = [a_run(a_result(), a_result(line=2))]
    assert diff(runs, runs, NOW).changes == ()
