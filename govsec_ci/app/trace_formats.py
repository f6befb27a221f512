"""A trace as JSON, CSV or Markdown."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

from govsec_ci.app.trace import Line, Seen, Trace
from govsec_ci.app.trace_words import Words
from govsec_ci.report.csv_table import inert
from govsec_ci.report.markdown import table, text


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
        "documents": [dict(zip(_DOCUMENT, row, strict=True)) for row in found.documents],
        "checks": [_fields(one) | {"files": dict(one.files)} for one in found.lines],
        "results": [_fields(one) for one in found.results],
        "gaps": [{"profile": one.profile, "score": one.score, "sha256": one.sha256} for one in found.gaps],
    }


_DOCUMENT: Final = ("id", "title", "publisher", "edition", "label")


def _fields(one: Line | Seen) -> dict[str, Any]:
    return {key: getattr(one, key) for key in one.__struct_fields__}


_COLUMNS: Final = (
    "document", "edition", "clause", "label", "origin", "profile", "gate", "kind", "mode", "verdict",
    "observed", "limit", "result", "standing", "rule", "place", "file", "sha256",
    "reasons",
)  # fmt: skip


def as_csv(found: Trace) -> str:
    """RFC 4180: a line for each check and each thing that stands against it, per evidence file."""
    by_key = {one.key: one for one in found.results}
    sheet = io.StringIO()
    writer = csv.writer(sheet)
    writer.writerow(_COLUMNS)
    for line in found.lines:
        head = [getattr(line, key) for key in _COLUMNS[:12]]
        for standing, key in list(_standing(line)) or [("", "")]:
            seen = by_key.get(key)
            place = [key, standing, seen.rule if seen else "", seen.place if seen else ""]
            for file, digest in line.files or (("", ""),):
                writer.writerow([inert(cell) for cell in [*head, *place, file, digest, "; ".join(line.reasons)]])
    return sheet.getvalue().rstrip("\r\n")


def _standing(line: Line) -> Iterator[tuple[str, str]]:
    """How each thing stands to the check: counted, pending (due or undecided) or other, and its name."""
    for how, keys in (("counted", line.results), ("pending", line.pending), ("other", line.other)):
        yield from ((how, key) for key in keys)


_REASONS: Final = 10
"""So many reasons of a check stand in the table for people."""


def as_markdown(found: Trace) -> Iterator[str]:
    """The trace for people: by clause, back by result, and the files with their hashes."""
    words = Words(found.lang)
    yield from (f"# {words('trace')}: {text(found.subject)}: {found.verdict}", "")
    yield from (f"- {words('score', profile=text(own.profile), score=own.score)}" for own in found.gaps)
    yield from _table(words, "there", [_check_cells(words, line) for line in found.lines])
    yield from _table(words, "back", [_result_cells(words, one) for one in found.results])
    files = sorted({pair for line in found.lines for pair in line.files})
    yield from _table(words, "documents", found.documents)
    yield from _table(words, "files", files)


def _table(words: Words, key: str, rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield from ("", f"## {words(key)}", "")
    yield from table(words(f"{key}-head").split("|"), [[text(cell) for cell in row] for row in rows])


def _check_cells(words: Words, line: Line) -> tuple[str, ...]:
    check = words("check", verdict=line.verdict, observed=line.observed, limit=line.limit)
    pending = [words("pending", keys=", ".join(line.pending))] if line.pending else []
    return (
        f"{line.document} {line.clause} ({line.edition})",
        words.label(line.label, line.origin),
        f"{line.profile}/{line.gate}: {line.title}",
        check + (words("warns") if line.mode == "warn" else "") + _because(words, line),
        "; ".join([", ".join((*line.results, *line.other)), *pending]).removeprefix("; "),
        ", ".join(name for name, _ in line.files),
    )


def _because(words: Words, line: Line) -> str:
    more = len(line.reasons) - _REASONS
    told = [*line.reasons[:_REASONS], *([words("more", n=more)] if more > 0 else [])]
    return words("because", reasons="; ".join(told)) if told else ""


def _result_cells(words: Words, one: Seen) -> tuple[str, ...]:
    pending = [words("pending", keys=", ".join(one.pending))] if one.pending else []
    gates = "; ".join([*([", ".join(one.gates)] if one.gates else []), *pending])
    return (one.key, one.rule, one.place, gates or words("none"), "; ".join(one.clauses), one.why)
