"""trace, read as an auditor would: each result that a gate counted leads to a clause with its label, and back."""

import csv
import hashlib
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from govsec_ci.app import bundle
from govsec_ci.app.trace import Trace, trace
from govsec_ci.app.trace_formats import render
from govsec_ci.errors import UsageError
from govsec_ci.gate import profile
from govsec_ci.model import Document, Role, Rule, Severity, Stage
from tests.support import bundles
from tests.support.gate_evidence import NOW, code, evidence, feed, nosec, replace, rule, run, vulnerable

NAMES = ["jp-gov", "us-fedramp-rev5", "us-nist-ssdf"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    late = NOW - timedelta(days=31)
    record = Document(slot="設計", path="設計|<b>.pdf", sha256="e" * 64, date=datetime(2026, 3, 1, tzinfo=UTC))
    given = evidence(
        run(
            Role.SAST,
            [
                code(key="static-1", first_detected=NOW),
                code(key="static-2", suppressions=(nosec("constant | fixed"),)),
                code(key="=formula", severity=Severity.MEDIUM, path="app/<x>.py", first_detected=NOW),
            ],
            [Rule(id="B602")],
        ),
        run(Role.SCA, [vulnerable("dep-1", severity=Severity.HIGH, first_detected=late)], [rule()]),
        baseline=True,
        documents=(record,),
    )
    bundles.write(tmp_path / "out", given, NAMES, now=NOW, stage=Stage.RELEASE)
    return tmp_path / "out"


@pytest.fixture
def found(folder: Path) -> Trace:
    return trace(folder)


def test_each_result_that_a_gate_counted_leads_to_its_clause_with_its_label(folder: Path, found: Trace) -> None:
    verdict = bundle.read_verdict(folder)
    lines = {(one.profile, one.gate): one for one in found.lines}
    assert len(lines) == len(verdict.checks)
    for check in verdict.checks:
        own = lines[check.profile, check.gate]
        gate = profile.load(check.profile).gate(check.gate)
        document = profile.load(check.profile).document(gate.clause.document)
        assert (own.document, own.clause, own.edition) == (document.id, gate.clause.id, document.edition)
        assert own.label == (gate.clause.label or document.label)
        assert own.origin == gate.clause.origin
        assert set(own.results) == set(check.results)


def test_and_back(folder: Path, found: Trace) -> None:
    seen = {one.key: one for one in found.results}
    for check in bundle.read_verdict(folder).checks:
        name = f"{check.profile}/{check.gate}"
        for key in check.results:
            assert name in seen[key].gates
        for key in check.due:
            assert name in (*seen[key].gates, *seen[key].pending)
    assert set(seen) == {"static-1", "static-2", "=formula", "dep-1"}
    assert "jp-gov/known-vulnerabilities" in seen["dep-1"].gates
    assert "us-fedramp-rev5/remediation" in seen["dep-1"].gates
    assert "us-fedramp-rev5/remediation" in seen["static-1"].pending
    assert seen["static-2"].gates == ()
    assert seen["static-2"].why == "nosec B602 (accepted): constant | fixed"


def test_evidence_files_stand_with_the_hash_that_they_have(folder: Path, found: Trace) -> None:
    for line in found.lines:
        assert line.files or line.kind in ("sbom", "licenses"), line.gate
        for name, digest in line.files:
            if (folder / name).exists():
                assert digest == hashlib.sha256((folder / name).read_bytes()).hexdigest()
    (design,) = [line for line in found.lines if line.gate == "design-record"]
    assert ("設計|<b>.pdf", "e" * 64) in design.files


def test_what_stands_against_a_gate_without_being_a_result_is_told(found: Trace) -> None:
    (periodic,) = [line for line in found.lines if line.gate == "diagnosis-periodic"]
    assert periodic.other == ("定期診断",)
    assert periodic.verdict == "INCOMPLETE"


def test_each_result_leads_to_the_clauses_and_labels_behind_its_gates(found: Trace) -> None:
    """Back means: to the clause and how sure it is, not only to a gate's name."""
    lines = {f"{one.profile}/{one.gate}": one for one in found.lines}
    for seen in found.results:
        behind = {f"{lines[name].document} {lines[name].clause}" for name in (*seen.gates, *seen.pending)}
        assert {clause.partition(" [")[0] for clause in seen.clauses} == behind
    (dependency,) = [one for one in found.results if one.key == "dep-1"]
    assert "統一基準 7.2.1(1) [from memory]" in dependency.clauses
    assert "SP 800-218 RV.2.2 [verified, number of our own]" in dependency.clauses
    assert [one.clauses for one in found.results if not one.gates and not one.pending] == [()]


def test_results_that_a_gate_could_not_decide_on_are_named_with_the_reason(tmp_path: Path) -> None:
    without_kev = run(Role.SCA, [vulnerable("dep-1")], [rule()], advisories=(feed("osv"),))
    bundles.write(tmp_path / "out", evidence(without_kev), ["jp-gov"], now=NOW, stage=Stage.BUILD)
    found = trace(tmp_path / "out")
    (line,) = [one for one in found.lines if one.gate == "known-exploited"]
    assert (line.verdict, line.results, line.pending) == ("INCOMPLETE", (), ("dep-1",))
    assert line.reasons == ("whether 1 result counts cannot be told (CVE-2024-0001): no KEV data was used",)
    (seen,) = found.results
    assert "jp-gov/known-exploited" in seen.pending
    assert "no KEV data was used" in render(found, "markdown")
    rows = list(csv.DictReader(io.StringIO(render(found, "csv"))))
    (row,) = [row for row in rows if row["gate"] == "known-exploited"]
    assert (row["result"], row["standing"]) == ("dep-1", "pending")
    assert row["reasons"].endswith("no KEV data was used")


def test_many_reasons_are_counted_for_people(tmp_path: Path) -> None:
    own = [code(key=f"k{n:02}", suppressions=(nosec(""),)) for n in range(12)]
    bundles.write(tmp_path / "out", evidence(run(Role.SAST, own)), ["jp-gov"], now=NOW, stage=Stage.BUILD)
    found = trace(tmp_path / "out", lang="ja")
    (line,) = [one for one in found.lines if one.gate == "suppressions-justified"]
    assert len(line.reasons) == 12
    assert "ほか 2 件は verdict.json に記載" in render(found, "markdown")


def test_the_documents_stand_once_each(found: Trace) -> None:
    ids = [row[0] for row in found.documents]
    assert ids == sorted(set(ids))
    assert {line.document for line in found.lines} <= set(ids)
    told = json.loads(render(found, "json"))["documents"]
    assert {"id", "title", "publisher", "edition", "label"} == set(told[0])


def test_json_says_the_same(found: Trace) -> None:
    told: dict[str, Any] = json.loads(render(found, "json"))
    assert {one["gate"] for one in told["checks"]} == {one.gate for one in found.lines}
    assert [one["key"] for one in told["results"]] == [one.key for one in found.results]
    assert told["verdict"] == "FAIL"
    assert {one["profile"] for one in told["gaps"]} == set(NAMES)


def test_csv_has_a_line_for_each_thing_and_no_formula(found: Trace) -> None:
    rows = list(csv.DictReader(io.StringIO(render(found, "csv"))))
    pairs = {(row["gate"], row["result"], row["standing"]) for row in rows}
    assert ("known-vulnerabilities", "dep-1", "counted") in pairs
    assert ("remediation", "static-1", "pending") in pairs
    assert ("diagnosis-periodic", "定期診断", "other") in pairs
    assert {row["gate"] for row in rows} == {line.gate for line in found.lines}
    assert not any(cell[:1] in "=+@" for row in rows for cell in row.values() if cell)
    row = next(row for row in rows if row["result"] == "dep-1")
    assert (row["rule"], row["place"], row["label"]) == ("CVE-2024-0001", "requirements.txt:1", "memory")


@pytest.mark.parametrize(("lang", "head"), [("en", "From clause to evidence"), ("ja", "条項から証跡へ")])
def test_markdown_reads_in_both_languages_and_is_inert(folder: Path, lang: str, head: str) -> None:
    text = render(trace(folder, lang=lang), "markdown")
    assert f"## {head}" in text
    assert "<x>" not in text
    assert "<b>" not in text
    width = {line.replace("\\|", "").count("|") for line in text.splitlines() if line.startswith("|")}
    assert width == {7, 6, 3}  # checks and results, documents, files
    assert ("2 件" in text) == (lang == "ja")


def test_what_a_text_could_start_in_a_spreadsheet_or_on_a_page_it_does_not(found: Trace) -> None:
    first = replace(found.lines[0], observed="＝1+1", edition="@team, see https://example.org")
    odd = replace(found, lines=(first, *found.lines[1:]))
    (cell, *_) = [row["observed"] for row in csv.DictReader(io.StringIO(render(odd, "csv")))]
    assert cell == "'＝1+1"
    page = render(odd, "markdown")
    assert "@team" not in page
    assert "https://" not in page


def test_the_same_bundle_gives_the_same_bytes(folder: Path) -> None:
    for form in ("markdown", "csv", "json"):
        assert render(trace(folder), form) == render(trace(folder), form)


def test_what_is_no_bundle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        trace(tmp_path)
