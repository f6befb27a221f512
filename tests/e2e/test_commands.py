"""The smaller commands, through the door: advisories, sbom check, report formats, view, bundle pack, verify."""

import json
import shutil
import tarfile
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.support.command import govsec

ADVISORIES = ROOT / "examples/advisories"
NOW = "2024-10-12T00:00:00Z"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GOVSEC_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("GOVSEC_ADVISORIES", raising=False)
    return tmp_path / "cache"


def test_nothing_is_stored_at_first(cache: Path) -> None:
    done = govsec("advisories", "status")
    assert done.returncode == 0
    assert "osv           not stored" in done.stdout


def test_advisories_carried_from_one_cache_to_another_give_the_same_verdict(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert govsec("advisories", "import", ADVISORIES).returncode == 0
    assert govsec("advisories", "export", tmp_path / "carried.zip").returncode == 0
    status = govsec("advisories", "status", "--now", NOW).stdout
    assert "2024-10-08" in status
    assert "3.2 days" in status
    project = shutil.copytree(ROOT / "examples/vulnerable-app", tmp_path / "vulnerable-app")
    first = govsec("run", project, "--offline", "--now", NOW, "--out", tmp_path / "one")
    monkeypatch.setenv("GOVSEC_CACHE_DIR", str(tmp_path / "other"))
    assert govsec("advisories", "import", tmp_path / "carried.zip").returncode == 0
    second = govsec("run", project, "--offline", "--now", NOW, "--out", tmp_path / "two")
    assert first.returncode == second.returncode == 1, first.stderr + second.stderr
    for name in ("verdict.json", "sbom.cdx.json"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_what_is_no_advisory_data_is_not_imported(cache: Path, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("[]")
    done = govsec("advisories", "import", tmp_path / "x.json")
    assert done.returncode == 2
    assert "x.json" in done.stderr


def test_an_export_of_nothing_is_refused(cache: Path, tmp_path: Path) -> None:
    assert govsec("advisories", "export", tmp_path / "x.zip").returncode == 2
    assert not (tmp_path / "x.zip").exists()


def test_sync_from_a_mirror_that_is_not_there_keeps_what_is_stored(cache: Path, tmp_path: Path) -> None:
    govsec("advisories", "import", ADVISORIES)
    settings = tmp_path / "settings.toml"
    settings.write_text('[advisories]\nfeeds = ["osv"]\naddresses = { osv = "https://127.0.0.1:9/all.zip" }\n')
    done = govsec("advisories", "sync", "--config", settings)
    assert done.returncode == 3
    assert "127.0.0.1" in done.stderr
    assert "2024-10-08" in govsec("advisories", "status").stdout


def test_sbom_check_reports_field_by_field(passing_bundle: Path) -> None:
    done = govsec("sbom", "check", passing_bundle / "sbom.cdx.json")
    assert done.returncode == 0
    assert "ok      NTIA minimum elements Data Fields: component name (must): 10 of 10" in done.stdout
    assert "MISSING NTIA minimum elements Data Fields: supplier (must)" in done.stdout
    assert "and 4 more" in done.stdout


def test_sbom_check_of_what_is_no_sbom(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{}")
    assert govsec("sbom", "check", tmp_path / "x.json").returncode == 2
    assert govsec("sbom", "check", tmp_path / "missing.json").returncode == 2


@pytest.mark.parametrize("form", ["html", "markdown", "junit", "csv", "csv-excel", "json", "text"])
def test_each_report_format_goes_to_standard_output_and_to_a_file(
    failing_bundle: Path, tmp_path: Path, form: str
) -> None:
    shown = govsec("report", "--out", failing_bundle, "--format", form)
    kept = govsec("report", "--out", failing_bundle, "--format", form, "--to", tmp_path / "file")
    assert shown.returncode == kept.returncode == 0
    assert kept.stdout == ""
    assert (tmp_path / "file").read_text("utf-8-sig").splitlines() == shown.stdout.lstrip("\ufeff").splitlines()
    assert "CVE-2021-35042" in shown.stdout


def test_the_structured_formats_are_what_they_say(failing_bundle: Path) -> None:
    assert json.loads(govsec("report", "--out", failing_bundle, "--format", "json").stdout)
    suites = ET.fromstring(govsec("report", "--out", failing_bundle, "--format", "junit").stdout)
    assert suites.tag == "testsuites"


def test_view_prints_the_page_also_without_a_browser(failing_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROWSER", "/bin/false")
    done = govsec("view", "--out", failing_bundle)
    assert done.returncode == 0
    assert done.stdout == f"{failing_bundle / 'report.html'}\n"


def test_verify_gives_the_verdicts_own_code_and_5_where_the_bundle_does_not_hold(
    passing_bundle: Path, failing_bundle: Path, tmp_path: Path
) -> None:
    assert govsec("verify", passing_bundle).returncode == 0
    assert govsec("verify", failing_bundle).returncode == 1
    done = govsec("verify", tmp_path)
    assert done.returncode == 5
    assert "manifest.json" in done.stderr


def test_bundle_pack(passing_bundle: Path, tmp_path: Path) -> None:
    assert govsec("bundle", "pack", passing_bundle, tmp_path / "b.tar.gz").returncode == 0
    with tarfile.open(tmp_path / "b.tar.gz") as tar:
        assert "verdict.json" in tar.getnames()
