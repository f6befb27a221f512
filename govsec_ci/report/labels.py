"""Our own words for the closed sets of the model, in both languages."""

from govsec_ci.model import Clause, ScanState, Stage, SuppressionStatus
from govsec_ci.report.i18n import EMPTY, Text, both, same


def stage(value: Stage) -> Text:
    """When the gate was asked."""
    match value:
        case Stage.COMMIT:
            return both("commit")
        case Stage.BUILD:
            return both("build")
        case Stage.RELEASE:
            return both("release")


def state(value: ScanState) -> Text:
    """How a scan ended."""
    match value:
        case ScanState.COMPLETE:
            return both("complete")
        case ScanState.INCOMPLETE:
            return both("incomplete")
        case ScanState.NOT_APPLICABLE:
            return both("not applicable")


def clause_label(clause: Clause) -> Text:
    """How sure we are that the clause says so, and whose number the limit is."""
    sure = _sure(clause.label)
    if clause.origin == "local" and clause.label != "local":
        return both("our own number, not the document's; clause: {label}", label=sure)
    return sure


def _sure(label: str) -> Text:
    texts = {
        "verified": both("primary text read"),
        "transcribed": both("authoritative transcription read"),
        "reported": both("third-party text only"),
        "memory": both("not verified"),
        "local": both("our own number, not the document's"),
    }
    return texts.get(label, same(label))


def clause_mark(clause: Clause) -> Text:
    """The same in a word or two: the limit is ours, or how sure its text is."""
    if clause.origin == "local":
        return both("limit set locally")
    texts = {
        "verified": both("verified"),
        "transcribed": both("transcribed"),
        "reported": both("reported"),
        "memory": both("not verified"),
    }
    return texts.get(clause.label, same(clause.label))


def status_banner(status: str) -> Text:
    """What a reader must know of a profile before believing it; empty for a verified one."""
    texts = {
        "verified": EMPTY,
        "transcribed": both("This profile rests on transcriptions of its source documents."),
        "unverified": both(
            "The source documents of this profile were not all read in the original. Each gate shows how sure its "
            "clause is: confirm it before you rely on the verdict."
        ),
        "experimental": both("This profile is experimental: do not base a release on it."),
        "superseded": both("This profile follows documents that are no longer in force."),
    }
    return texts.get(status, both("The status of this profile is {status}.", status=status))


def who(kind: str) -> Text:
    """Who usually closes what a gate of this kind finds."""
    if kind in {"results", "deadlines", "pipeline", "licenses", "suppressions"}:
        return both("developers")
    if kind in {"scans", "coverage", "advisories", "sbom"}:
        return both("whoever runs the pipeline")
    return both("release manager")


def effect(status: SuppressionStatus) -> Text:
    """What a suppression claim comes to by its own status."""
    match status:
        case SuppressionStatus.ACCEPTED:
            return both("does not count")
        case SuppressionStatus.REJECTED:
            return both("counts: rejected")
        case SuppressionStatus.UNDER_REVIEW:
            return both("counts: under review")


def signature(state: str) -> Text:
    """Whether the evidence that was handed in carried a signature."""
    texts = {
        "valid": both("valid signature"),
        "invalid": both("invalid signature"),
        "none": both("not signed"),
    }
    return texts.get(state, same(state))
