"""What a change does to its own rules, named."""

from govsec_ci.evidence.marks import CHANGED, SINCE, UNTOUCHED
from govsec_ci.model import Evidence, Subject, Suppression, SuppressionKind, SuppressionStatus
from govsec_ci.report.view_policy import policy_changes
from tests.support.evidence_runs import a_result, a_run

_ACCEPTED = SuppressionStatus.ACCEPTED
NOSEC = Suppression(
    kind=SuppressionKind.IN_SOURCE, status=_ACCEPTED, justification="r", origin="nosec", origin_id="B602"
)
VEX = Suppression(kind=SuppressionKind.EXTERNAL, status=_ACCEPTED, justification="r", origin="vex")
THIS, OTHER = {SINCE: CHANGED}, {SINCE: UNTOUCHED}


def test_files_and_comments_that_the_change_adds() -> None:
    run = a_run(
        a_result(line=3, suppressions=(NOSEC,), properties=THIS),
        a_result(line=4, suppressions=(NOSEC,), properties=OTHER),
        a_result(line=5, suppressions=(NOSEC,)),
        a_result(line=6, suppressions=(VEX,), properties=THIS),
        a_result(line=7, properties=THIS),
        a_result(path="\u202e.py", line=8, suppressions=(NOSEC,), properties=THIS),
        a_result(locations=(), suppressions=(NOSEC,), properties=THIS),
    )
    evidence = Evidence(subject=Subject(name="x"), runs=(run,), policy_changes=("govsec.toml",))
    first, second, third = policy_changes(evidence)
    assert (first, third) == ("govsec.toml", "<U+202E>.py:8 (nosec B602)")
    assert second.endswith(":3 (nosec B602)")


def test_of_very_many_the_first() -> None:
    run = a_run(*(a_result(line=n, suppressions=(NOSEC,), properties=THIS) for n in range(1, 31)))
    told = policy_changes(Evidence(subject=Subject(name="x"), runs=(run,)))
    assert (len(told), told[-1]) == (21, "+ 10")
