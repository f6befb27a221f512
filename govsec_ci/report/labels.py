"""Our own words for the closed sets of the model, in both languages."""

from govsec_ci.model import ScanState, Stage, VerdictWord
from govsec_ci.report.i18n import EMPTY, Text, both, same


def verdict(word: VerdictWord) -> Text:
    """The verdict in words; the word itself (PASS …) stands beside it."""
    match word:
        case VerdictWord.PASS:
            return both("passed")
        case VerdictWord.FAIL:
            return both("failed")
        case VerdictWord.INCOMPLETE:
            return both("not fully checked")


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


def clause_label(label: str) -> Text:
    """How sure we are that the clause says so."""
    texts = {
        "verified": both("primary text read"),
        "transcribed": both("authoritative transcription read"),
        "reported": both("third-party text only"),
        "memory": both("not verified"),
        "local": both("our own number, not the document's"),
    }
    return texts.get(label, same(label))


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
    if kind in {"results", "deadlines", "pipeline", "licenses"}:
        return both("developers")
    if kind in {"scans", "coverage", "advisories", "sbom"}:
        return both("whoever runs the pipeline")
    return both("release manager")
