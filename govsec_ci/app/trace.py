"""``govsec trace``: clause → gate → check → results → evidence file and its hash, and back from each result.

Every result that a gate counted, or has a due date for or could not decide on, leads to the clause with its label;
every result of the log leads to the gates that do so, and to the claims by which it may not count.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

from govsec_ci.app import bundle, gap
from govsec_ci.app.steps import read_evidence
from govsec_ci.app.trace_words import Words
from govsec_ci.gate.context import key_of
from govsec_ci.gate.describe import describe
from govsec_ci.gate.own import OWN
from govsec_ci.gate.profile import Profile
from govsec_ci.gate.undecided import undecided
from govsec_ci.model import BaselineState, Check, Document, Evidence, Note, Result, Run, Verdict
from govsec_ci.report.gate_notes import noted
from govsec_ci.report.inert import message, word

_RESULTS, _VERDICT = (bundle.RESULTS,), (bundle.VERDICT,)
_EVIDENCE: Final[Mapping[str, tuple[str, ...]]] = {
    "results": _RESULTS,
    "deadlines": _RESULTS,
    "pipeline": _RESULTS,
    "scans": (bundle.RESULTS, bundle.SCAN),
    "coverage": (bundle.RESULTS, bundle.SBOM),
    "sbom": (bundle.SBOM, bundle.SCAN),
    "licenses": (bundle.SBOM,),
    "advisories": _RESULTS,
    "suppressions": (bundle.RESULTS, bundle.WAIVERS),
    "evidence": (bundle.SCAN, bundle.RESULTS),
}
"""Kind of gate → the files of the bundle that it looked at; the others' evidence is the verdict itself."""


class Seen(Struct, frozen=True, kw_only=True):
    """One result as a trace names it.

    :param gates: ``profile/gate`` of every check that counts it
    :param pending: of every check that has a due date for it, or could not decide on it
    :param clauses: document, clause and label behind those gates, those that count it first
    :param why: what else is to be said of it: claims that it does not count, or that it is gone
    """

    key: str
    tool: str
    rule: str
    place: str
    message: str
    gates: tuple[str, ...]
    pending: tuple[str, ...]
    clauses: tuple[str, ...]
    why: str


class Line(Struct, frozen=True, kw_only=True):
    """One clause, one gate, one check.

    :param results: names of the results that it counted
    :param pending: of those that it has a due date for, or could not decide on
    :param reasons: why it came to its verdict, where that needs saying
    :param other: what else stands against it (components, fields …)
    :param files: evidence file → lower-case hex sha256
    """

    document: str
    edition: str
    clause: str
    label: str
    origin: str
    profile: str
    gate: str
    kind: str
    mode: str
    title: str
    verdict: str
    observed: str
    limit: str
    results: tuple[str, ...]
    pending: tuple[str, ...]
    other: tuple[str, ...]
    reasons: tuple[str, ...]
    files: tuple[tuple[str, str], ...]


class Trace(Struct, frozen=True, kw_only=True):
    """The matrix of a judged bundle: by clause, and back by result.

    :param documents: id, title, publisher, edition and label of each that a profile stands on
    """

    subject: str
    verdict: str
    lang: str
    documents: tuple[tuple[str, ...], ...]
    lines: tuple[Line, ...]
    results: tuple[Seen, ...]
    gaps: tuple[gap.Gap, ...]


def trace(folder: Path, *, lang: str = "en") -> Trace:
    """The trace of a bundle.

    :raises UsageError: ``folder`` is no judged bundle; :raises BundleError: it was changed
    """
    (verdict, profiles), evidence = bundle.read_judged(bundle.require(folder)), read_evidence(folder)
    matrix = _Matrix(verdict, evidence, profiles, bundle.digests(folder), lang)
    lines = [matrix.line(own) for own in verdict.checks]
    return Trace(
        subject=word(f"{verdict.subject.name} {verdict.subject.commit or ''}".strip()),
        verdict=verdict.verdict.value,
        lang=lang,
        lines=tuple(sorted(lines, key=lambda one: (one.profile, one.document, one.clause))),
        documents=_documents(profiles, lang),
        results=tuple(matrix.seen()),
        gaps=gap.gaps(folder, lang=lang),
    )


def _documents(profiles: Sequence[Profile], lang: str) -> tuple[tuple[str, ...], ...]:
    rows = {row[0]: tuple(map(message, row)) for own in profiles for row in describe(own, lang).documents}
    return tuple(rows[key] for key in sorted(rows))


class _Matrix:
    """What leads from checks to results, and back."""

    def __init__(
        self, verdict: Verdict, evidence: Evidence, profiles: Sequence[Profile], digests: Mapping[str, str], lang: str
    ) -> None:
        self.verdict, self.evidence, self.digests, self.lang = verdict, evidence, digests, lang
        self.titles = {(own.id, gate.id): gate.title.get(lang) for own in profiles for gate in own.gates}
        self.known = {key_of(result) for run in evidence.runs for result in run.results}
        self.undecided = undecided(evidence, profiles, verdict)

    def pending(self, check: Check) -> list[str]:
        """Names of results that are due by the check, or that it could not decide on."""
        open_ = self.undecided.get((check.profile, check.gate), ())
        own = dict.fromkeys((*check.offenders, *check.due, *open_)).keys() - set(check.results)
        return sorted(key for key in own if key in self.known)

    def line(self, check: Check) -> Line:
        return Line(
            document=word(check.clause.document),
            edition=word(check.clause.edition),
            clause=word(check.clause.id),
            label=check.clause.label,
            origin=check.clause.origin,
            profile=word(check.profile),
            gate=word(check.gate),
            kind=check.kind,
            mode=check.mode,
            title=message(self.titles.get((check.profile, check.gate)) or _own_title(check, self.lang)),
            verdict=check.verdict.value,
            observed=self._said(check.observed_note, check.observed),
            limit=self._said(check.limit_note, check.limit),
            results=tuple(sorted(check.results)),
            pending=tuple(self.pending(check)),
            other=tuple(word(own) for own in check.offenders if own not in self.known),
            reasons=self._reasons(check),
            files=_files(check, self.digests, self.evidence.documents),
        )

    def _said(self, note: Note | None, plain: str) -> str:
        return noted(note, plain).pick(self.lang)

    def _reasons(self, check: Check) -> tuple[str, ...]:
        notes = check.notes if len(check.notes) == len(check.reasons) else (None,) * len(check.reasons)
        return tuple(self._said(note, plain) for note, plain in zip(notes, check.reasons, strict=True))

    def seen(self) -> Iterator[Seen]:
        """Every result of the log with the checks that it leads to."""
        counted: dict[str, list[Check]] = {}
        pending: dict[str, list[Check]] = {}
        for check in self.verdict.checks:
            for key in check.results:
                counted.setdefault(key, []).append(check)
            for key in self.pending(check):
                pending.setdefault(key, []).append(check)
        for run in self.evidence.runs:
            for result in run.results:
                key = key_of(result)
                yield self._one(run, result, counted.get(key, []), pending.get(key, []))

    def _one(self, run: Run, result: Result, counted: Sequence[Check], pending: Sequence[Check]) -> Seen:
        place = result.locations[0] if result.locations else None
        line = f":{place.region.start_line}" if place and place.region else ""
        return Seen(
            key=key_of(result),
            tool=word(run.tool),
            rule=word(result.rule_id),
            place=word(f"{place.path}{line}") if place else "",
            message=message(result.message),
            gates=_names(counted),
            pending=_names(pending),
            clauses=self._clauses([*counted, *pending]),
            why=_why(result),
        )

    def _clauses(self, checks: Sequence[Check]) -> tuple[str, ...]:
        words = Words(self.lang)
        own = (check.clause for check in checks)
        told = (f"{one.document} {one.id} [{words.label(one.label, one.origin)}]" for one in own)
        return tuple(dict.fromkeys(map(word, told)))


def _own_title(check: Check, lang: str) -> str:
    own = OWN.get(check.gate)
    return own.title.get(lang) if own else check.title


def _files(check: Check, digests: Mapping[str, str], documents: Sequence[Document]) -> tuple[tuple[str, str], ...]:
    names = _EVIDENCE.get(check.kind, _VERDICT)
    own = [(name, digests[name]) for name in names if name in digests]
    records = [(word(one.path), one.sha256) for one in documents] if check.kind == "evidence" else []
    return (*own, *records)


def _names(checks: Sequence[Check]) -> tuple[str, ...]:
    return tuple(word(f"{own.profile}/{own.gate}") for own in checks)


def _why(result: Result) -> str:
    claims = [f"{own.origin} {own.origin_id} ({own.status.value}): {own.justification}" for own in result.suppressions]
    gone = ["absent"] if result.baseline_state is BaselineState.ABSENT else []
    return message("; ".join([*claims, *gone]))
