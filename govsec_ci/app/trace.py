"""``govsec trace``: clause → gate → check → results → evidence file and its hash, and back from each result.

Every result that a gate counted, or has a due date for or could not decide on, leads to the clause with its label;
every result of the log leads to the gates that do so, and to the claims by which it may not count.
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from govsec_ci.app import bundle, gap
from govsec_ci.gate.context import key_of
from govsec_ci.gate.own import OWN
from govsec_ci.gate.texts import render as said
from govsec_ci.model import Check, Document, Result, Run, Verdict
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
    :param why: what else is to be said of it: claims that it does not count, or that it is gone
    """

    key: str
    tool: str
    rule: str
    place: str
    message: str
    gates: tuple[str, ...]
    pending: tuple[str, ...]
    why: str


class Line(Struct, frozen=True, kw_only=True):
    """One clause, one gate, one check.

    :param results: names of the results that it counted
    :param pending: of those that it has a due date for, or could not decide on
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
    files: tuple[tuple[str, str], ...]


class Trace(Struct, frozen=True, kw_only=True):
    """The matrix of a judged bundle: by clause, and back by result."""

    subject: str
    verdict: str
    lang: str
    lines: tuple[Line, ...]
    results: tuple[Seen, ...]
    gaps: tuple[gap.Gap, ...]


def trace(folder: Path, *, lang: str = "en") -> Trace:
    """The trace of a bundle.

    :raises UsageError: ``folder`` is no judged bundle
    """
    verdict, runs = bundle.read_verdict(bundle.require(folder)), bundle.read_results(folder)
    titles = {(p.id, g.id): g.title.get(lang) for p in bundle.read_profiles(folder) for g in p.gates}
    known = {key_of(result) for run in runs for result in run.results}
    files, documents = bundle.digests(folder), bundle.read_inputs(folder).documents
    lines = [_line(own, _Texts.of(own, titles, lang), known, _files(own, files, documents)) for own in verdict.checks]
    return Trace(
        subject=word(f"{verdict.subject.name} {verdict.subject.commit or ''}".strip()),
        verdict=verdict.verdict.value,
        lang=lang,
        lines=tuple(sorted(lines, key=lambda one: (one.profile, one.document, one.clause))),
        results=tuple(_seen(verdict, runs)),
        gaps=gap.gaps(folder, lang=lang),
    )


class _Texts(Struct, frozen=True, kw_only=True):
    """What a check says, in the language asked for."""

    title: str
    observed: str
    limit: str

    @classmethod
    def of(cls, check: Check, titles: Mapping[tuple[str, str], str], lang: str) -> "_Texts":
        return cls(
            title=message(titles.get((check.profile, check.gate)) or _own_title(check, lang)),
            observed=message(said(check.observed_note, lang) if check.observed_note else check.observed),
            limit=message(said(check.limit_note, lang) if check.limit_note else check.limit),
        )


def _own_title(check: Check, lang: str) -> str:
    own = OWN.get(check.gate)
    return own.title.get(lang) if own else check.title


def _line(check: Check, texts: _Texts, known: set[str], files: tuple[tuple[str, str], ...]) -> Line:
    pending = {own for own in (*check.offenders, *check.due) if own in known} - set(check.results)
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
        title=texts.title,
        verdict=check.verdict.value,
        observed=texts.observed,
        limit=texts.limit,
        results=tuple(sorted(check.results)),
        pending=tuple(sorted(pending)),
        other=tuple(word(own) for own in check.offenders if own not in known),
        files=files,
    )


def _files(check: Check, digests: Mapping[str, str], documents: Sequence[Document]) -> tuple[tuple[str, str], ...]:
    names = _EVIDENCE.get(check.kind, _VERDICT)
    own = [(name, digests[name]) for name in names if name in digests]
    records = [(word(one.path), one.sha256) for one in documents] if check.kind == "evidence" else []
    return (*own, *records)


def _seen(verdict: Verdict, runs: Sequence[Run]) -> Iterator[Seen]:
    counted: dict[str, list[str]] = {}
    pending: dict[str, list[str]] = {}
    for check in verdict.checks:
        name = word(f"{check.profile}/{check.gate}")
        for key in check.results:
            counted.setdefault(key, []).append(name)
        for key in dict.fromkeys((*check.offenders, *check.due)).keys() - set(check.results):
            pending.setdefault(key, []).append(name)
    for run in runs:
        for result in run.results:
            key = key_of(result)
            yield _one(run, result, tuple(counted.get(key, ())), tuple(pending.get(key, ())))


def _one(run: Run, result: Result, gates: tuple[str, ...], pending: tuple[str, ...]) -> Seen:
    place = result.locations[0] if result.locations else None
    line = f":{place.region.start_line}" if place and place.region else ""
    claims = [f"{own.origin} {own.origin_id} ({own.status.value}): {own.justification}" for own in result.suppressions]
    state = result.baseline_state.value if result.baseline_state else ""
    return Seen(
        key=key_of(result),
        tool=word(run.tool),
        rule=word(result.rule_id),
        place=word(f"{place.path}{line}") if place else "",
        message=message(result.message),
        gates=gates,
        pending=pending,
        why=message("; ".join([*claims, *([state] if state == "absent" else [])])),
    )


def render(found: Trace, form: str) -> str:
    """The trace as ``markdown``, ``csv`` (one line a check and result) or ``json``."""
    if form == "json":
        return json.dumps(as_json(found), indent=2, ensure_ascii=False)
    return as_csv(found) if form == "csv" else "\n".join(as_markdown(found))


def as_json(found: Trace) -> dict[str, Any]:
    """The trace for programs."""
    return {
        "subject": found.subject,
        "verdict": found.verdict,
        "checks": [_fields(one) | {"files": dict(one.files)} for one in found.lines],
        "results": [_fields(one) for one in found.results],
        "gaps": [{"profile": one.profile, "score": one.score, "sha256": one.sha256} for one in found.gaps],
    }


def _fields(one: Line | Seen) -> dict[str, Any]:
    return {key: getattr(one, key) for key in one.__struct_fields__}


_COLUMNS: Final = (
    "document", "edition", "clause", "label", "origin", "profile", "gate", "kind", "mode", "verdict",
    "observed", "limit", "result", "standing", "rule", "place", "file", "sha256",
)  # fmt: skip


def as_csv(found: Trace) -> str:
    """RFC 4180: a line for each check and each thing that stands against it, per evidence file."""
    by_key = {one.key: one for one in found.results}
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    for line in found.lines:
        head = [getattr(line, key) for key in _COLUMNS[:12]]
        for standing, key in list(_standing(line)) or [("", "")]:
            seen = by_key.get(key)
            place = [key, standing, seen.rule if seen else "", seen.place if seen else ""]
            for file, digest in line.files or (("", ""),):
                writer.writerow([_plain(cell) for cell in [*head, *place, file, digest]])
    return text.getvalue().rstrip("\r\n")


def _standing(line: Line) -> Iterator[tuple[str, str]]:
    """How each thing stands to the check: counted, pending (due or undecided) or other, and its name."""
    for how, keys in (("counted", line.results), ("pending", line.pending), ("other", line.other)):
        yield from ((how, key) for key in keys)


def _plain(cell: str) -> str:
    """No spreadsheet is to take a text for a formula (OWASP, CSV injection)."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@") else cell


_TEXTS: Final[dict[str, tuple[str, str]]] = {
    "trace": ("Trace", "追跡表"),
    "score": (
        "{profile}: {score} % of the weight of its deciding gates met",
        "{profile}: 判定を左右する基準のうち重みで {score} % を満たす",
    ),
    "there": ("From clause to evidence", "条項から証跡へ"),
    "there-head": (
        "clause|label|gate|check|results|evidence",
        "条項|確度|基準|判定|検出結果|証跡",
    ),
    "back": ("Back from result to clause", "検出結果から条項へ"),
    "back-head": ("result|rule|place|gates|else", "検出結果|規則|所在|基準|備考"),
    "files": ("Files", "ファイル"),
    "files-head": ("file|sha256", "ファイル|sha256"),
    "local": ("{label}, number of our own", "{label}、数値は独自設定"),
    "check": ("{verdict}: {observed} (limit: {limit})", "{verdict}: {observed}(基準値: {limit})"),
    "warns": ("; warns only", "。警告のみ"),
    "pending": ("due or undecided: {keys}", "期限前又は判断不能: {keys}"),
    "none": ("no gate counts it", "算入する基準はない"),
}


def as_markdown(found: Trace) -> Iterator[str]:
    """The trace for people: by clause, back by result, and the files with their hashes."""
    words = _Say(found.lang)
    yield from (f"# {words('trace')}: {_cell(found.subject)}: {found.verdict}", "")
    yield from (f"- {words('score', profile=_cell(own.profile), score=own.score)}" for own in found.gaps)
    yield from _table(words, "there", [_check_cells(words, line) for line in found.lines])
    yield from _table(words, "back", [_result_cells(words, one) for one in found.results])
    files = sorted({pair for line in found.lines for pair in line.files})
    yield from _table(words, "files", files)


class _Say:
    """Says our own words in one language."""

    def __init__(self, lang: str) -> None:
        self._column = int(lang == "ja")

    def __call__(self, key: str, **values: object) -> str:
        return _TEXTS[key][self._column].format_map(values)


def _table(words: _Say, key: str, rows: Sequence[Sequence[str]]) -> Iterator[str]:
    columns = words(f"{key}-head").split("|")
    yield from ("", f"## {words(key)}", "", f"| {' | '.join(columns)} |", "|---" * len(columns) + "|")
    yield from (f"| {' | '.join(map(_cell, row))} |" for row in rows)


def _check_cells(words: _Say, line: Line) -> tuple[str, ...]:
    check = words("check", verdict=line.verdict, observed=line.observed, limit=line.limit)
    pending = [words("pending", keys=", ".join(line.pending))] if line.pending else []
    return (
        f"{line.document} {line.clause} ({line.edition})",
        words("local", label=line.label) if line.origin == "local" != line.label else line.label,
        f"{line.profile}/{line.gate}: {line.title}",
        check + (words("warns") if line.mode == "warn" else ""),
        "; ".join([", ".join((*line.results, *line.other)), *pending]).removeprefix("; "),
        ", ".join(name for name, _ in line.files),
    )


def _result_cells(words: _Say, one: Seen) -> tuple[str, ...]:
    pending = [words("pending", keys=", ".join(one.pending))] if one.pending else []
    gates = "; ".join([*([", ".join(one.gates)] if one.gates else []), *pending])
    return (one.key, one.rule, one.place, gates or words("none"), one.why)


def _cell(text: str) -> str:
    """Text in a table: nothing of Markdown or HTML has an effect in it."""
    escaped = text.replace("\\", "\\\\").replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|")
    return "".join(f"\\{char}" if char in "`*_[]!#@" else char for char in escaped)
