"""JUnit, CSV and JSON: valid, and harmless where people open them."""

import csv
import io
import json
import shutil
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from govsec_ci.errors import UsageError
from govsec_ci.model import Location, Region, VerdictWord
from govsec_ci.report import csv_table, json_view, junit, opener
from govsec_ci.report.formats import FORMATS
from govsec_ci.report.view import build
from tests.support import report_cases as cases

lxml = pytest.importorskip("lxml.etree")


def _schema() -> object:
    return lxml.XMLSchema(lxml.parse(str(Path(__file__).with_name("junit.xsd"))))


@pytest.mark.parametrize("case", ["failing", "passing", "hostile"])
@pytest.mark.parametrize("lang", ["en", "ja"])
def test_junit_is_valid(case: str, lang: str) -> None:
    data = junit.render(getattr(cases, case)(lang))
    _schema().assertValid(lxml.fromstring(data))  # type: ignore[attr-defined]


def test_junit_counts_what_it_holds() -> None:
    suite = ET.fromstring(junit.render(cases.failing()))[0]
    counts = {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": "5", "failures": "2", "errors": "1", "skipped": "1"}
    assert [len(suite.findall(f"testcase/{name}")) for name in ("failure", "error", "skipped")] == [2, 1, 1]
    failure = suite.find("testcase/failure")
    assert failure is not None
    assert failure.get("message") == "observed: 2 results; limit: at most 0 results"
    assert "requirements.txt:3 CRITICAL CVE-2026-0001" in (failure.text or "")


def test_junit_has_one_suite_a_profile() -> None:
    checks = [cases.check(VerdictWord.PASS, profile=name) for name in ("a", "b")]
    view = build(cases.verdict(VerdictWord.PASS, *checks), cases.evidence(), (), lang="en")
    assert [suite.get("name") for suite in ET.fromstring(junit.render(view))] == ["a", "b"]


def _rows(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True))


def test_csv_has_every_result_once() -> None:
    rows = _rows(csv_table.render(cases.failing()))
    assert rows[0] == list(csv_table.COLUMNS)
    told = {row[-1]: dict(zip(rows[0], row, strict=True)) for row in rows[1:]}
    assert set(told) == {"d1", "d2", "s1", "s2", "s3"}
    assert (told["d1"]["mended_in"], told["d1"]["due"]) == ("3.2.25", "2026-03-22")
    assert (told["s2"]["suppressed"], told["s2"]["owner"], told["s2"]["until"]) == ("yes", "app team", "2026-06-30")
    assert (told["s1"]["baseline"], told["s1"]["detected"]) == ("new", "2026-02-01")


def test_csv_is_rfc_4180() -> None:
    data = csv_table.render(cases.failing())
    assert data.endswith(b"\r\n")
    assert data.count(b"\n") == data.count(b"\r\n")
    assert csv_table.render(cases.failing(), bom=True) == b"\xef\xbb\xbf" + data


@given(st.sampled_from("=+-@＝＋－＠\t\r") | st.just(""), st.text(max_size=30))
def test_no_cell_is_a_formula(sign: str, rest: str) -> None:
    result = cases.static("k", message=sign + rest, rule_id=sign + rest, locations=cases.at(sign + rest, 1))
    view = build(cases.verdict(VerdictWord.PASS), cases.evidence(cases.bandit_run(result)), (), lang="en")
    (_, row) = _rows(csv_table.render(view))
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")) for cell in row)


@given(st.lists(st.text(alphabet='a,"=\r\n\t ＝é', max_size=8), min_size=1, max_size=4))
def test_cells_are_quoted_as_the_csv_module_does_it(texts: list[str]) -> None:
    sheet = io.StringIO(newline="")
    csv.writer(sheet).writerow(["x", *map(csv_table.inert, texts)])
    assert ",".join(["x", *map(csv_table.cell, texts)]) + "\r\n" == sheet.getvalue()


@pytest.mark.parametrize("case", ["failing", "passing", "hostile"])
def test_json_in_pieces_is_the_same(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    view = getattr(cases, case)()
    whole = json_view.render(view)
    for most in (1, 2, 3):
        monkeypatch.setattr(json_view, "_AT_ONCE", most)
        assert json_view.render(view) == whole
    told = json.loads(whole)
    assert whole == msgspec.json.format(msgspec.json.encode(told, order="sorted"), indent=2) + b"\n"


def test_json_names_results_by_anchor() -> None:
    told = json.loads(json_view.render(cases.failing()))
    anchors = {one["anchor"] for one in told["results"]}
    assert told["format"] == "govsec_ci/report/v1"
    assert told["verdict"] == "FAIL"
    assert set(told["blocking"][0]["results"]) <= anchors
    assert told["not_checked"] == ["bandit"]
    assert told["blocking"][0]["title"] == {
        "en": "No known vulnerability is open",
        "ja": "No known vulnerability is open",
    }


def test_every_format_renders_the_same_bytes_twice() -> None:
    for form in FORMATS.values():
        assert form.render(cases.failing()) == form.render(cases.failing())
    assert len({form.file_name for form in FORMATS.values()}) == len(FORMATS)


def test_the_report_is_opened_where_there_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match=r"report\.html"):
        opener.open_report(tmp_path)
    page = tmp_path / "report.html"
    page.write_text("x")
    opened: list[str] = []

    def no_desktop(uri: str) -> bool:
        opened.append(uri)
        return False

    monkeypatch.setattr("webbrowser.open", no_desktop)
    assert opener.open_report(tmp_path) == (page.resolve(), False)
    assert opened == [page.resolve().as_uri()]


def test_regions_without_column() -> None:
    result = cases.static("k", locations=(Location(path="a", region=Region(start_line=2)),))
    view = build(cases.verdict(VerdictWord.PASS), cases.evidence(cases.bandit_run(result)), (), lang="en")
    assert _rows(csv_table.render(view))[1][2:5] == ["a", "2", ""]


@pytest.mark.full
@pytest.mark.skipif(not shutil.which("soffice"), reason="needs LibreOffice (Debian: libreoffice-calc-nogui)")
def test_libreoffice_opens_the_table_without_asking_and_computes_nothing(tmp_path: Path) -> None:
    result = cases.static("k", message='=HYPERLINK("http://e.example")', rule_id="=1+1", locations=cases.at("-2+3", 1))
    view = build(cases.verdict(VerdictWord.PASS), cases.evidence(cases.bandit_run(result)), (), lang="en")
    (tmp_path / "results.csv").write_bytes(csv_table.render(view, bom=True))
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    command = ["soffice", "--headless", "--norestore", profile, "--convert-to", "fods", "results.csv"]
    subprocess.run(command, cwd=tmp_path, check=True, timeout=120, capture_output=True)
    sheet = (tmp_path / "results.fods").read_text("utf-8")
    assert "table:formula" not in sheet
    assert "=HYPERLINK(" in sheet
    assert "mended_in" in sheet
