"""Our own words for the closed sets of the model, in both languages."""

from typing import Final

from govsec_ci.model import Check, Clause, ScanState, Stage, SuppressionStatus, VerdictWord
from govsec_ci.report.i18n import EMPTY, Text, both, both_n, same
from govsec_ci.report.shapes import GapView, SigningView

_SEVERITIES: Final = {
    "CRITICAL": Text("CRITICAL", "緊急"),
    "HIGH": Text("HIGH", "高"),
    "MEDIUM": Text("MEDIUM", "中"),
    "LOW": Text("LOW", "低"),
    "NONE": Text("NONE", "なし"),
    "UNKNOWN": Text("UNKNOWN", "不明"),
}


def severity(name: str) -> Text:
    """A severity: SARIF's and CVSS' word in English; in Japanese the words of JVN and of the profiles."""
    return _SEVERITIES.get(name) or same(name)


def severity_named(name: str) -> Text:
    """The same with the English word beside the Japanese one: for headings and filters, where words are first met."""
    return Text(name, f"{severity(name).ja}({name})")


def verdict(word: VerdictWord) -> Text:
    """A verdict in words; PASS, FAIL and INCOMPLETE are what the files say."""
    match word:
        case VerdictWord.PASS:
            return Text(word.value, "合格")
        case VerdictWord.FAIL:
            return Text(word.value, "不合格")
        case VerdictWord.INCOMPLETE:
            return Text(word.value, "判定不能")


def verdict_named(word: VerdictWord) -> Text:
    """The same with the word of the files beside the Japanese one."""
    return Text(word.value, f"{word.value}({verdict(word).ja})")


def part(name: str) -> Text:
    """A part of a bar: a severity, a verdict, or how an open result stands to its deadline."""
    texts = {
        **{word.value: verdict(word) for word in VerdictWord},
        "overdue": both("overdue"),
        "in-time": both("due later"),
        "no-deadline": both("without a deadline"),
    }
    return texts.get(name) or severity(name)


def own_gate(check: Check) -> Text:
    """The title of a check that no profile holds, because the engine itself objects; others as they are."""
    texts = {
        "stage": both("The profile has something to decide at this stage"),
        "in-force": both("The profile is in force"),
        "parameters": both("The declared parameters are known"),
        "required": both("What the configuration requires was examined wholly"),
        "planned": both("Every planned scan left its run"),
    }
    known = texts.get(check.gate) if check.kind == "profile" else None
    return known if known and known.en == check.title else EMPTY


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


def status(name: str) -> Text:
    """How sure a profile's texts are, in a word or two."""
    texts = {
        "verified": both("verified"),
        "transcribed": both("transcribed"),
        "unverified": both("not verified"),
        "experimental": both("experimental"),
        "superseded": both("superseded"),
    }
    return texts.get(name, same(name))


def age(days: int) -> Text:
    """How old advisory data was at the clock of the decision."""
    if days < 0:
        return both_n("{n} day newer than the clock", "{n} days newer than the clock", -days)
    return both_n("{n} day old", "{n} days old", days)


def gap(one: GapView) -> Text:
    """A profile's gap score in words."""
    if one.weight == one.gates and one.weight_met == one.gates_met:
        return both_n(
            "{score} % met ({met} of {n} gate)",
            "{score} % met ({met} of {n} gates)",
            one.gates,
            score=one.score,
            met=one.gates_met,
        )
    return both_n(
        "{score} % met by weight ({met} of {n} gate)",
        "{score} % met by weight ({met} of {n} gates)",
        one.gates,
        score=one.score,
        met=one.gates_met,
    )


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


def signing(bundle: SigningView) -> Text:
    """What is known of the bundle's own signature while the page is written."""
    match bundle.state:
        case "none":
            return both("not signed")
        case "planned":
            return both("to be signed with key {key}", key=bundle.short_key)
        case "present":
            return both("signed with key {key}, not checked here", key=bundle.short_key)
