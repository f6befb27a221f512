"""The smaller commands, through the door: advisories, sbom check, report formats, view, bundle pack, verify."""

import json
import shutil
import tarfile
import tomllib
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


def test_a_legacy_repository_starts_with_nothing_new(tmp_path: Path) -> None:
    project = shutil.copytree(ROOT / "examples/vulnerable-app", tmp_path / "project")
    given = ["--advisories", ADVISORIES, "--offline", "--profile", "essentials"]
    first = govsec("run", project, *given, "--now", "2024-10-12T00:00:00Z", "--out", tmp_path / "first")
    assert first.returncode == 1
    reference = tmp_path / "govsec-baseline.sarif"
    assert govsec("baseline", "--out", tmp_path / "first", "--to", reference).returncode == 0
    assert "facility_booking" not in reference.read_text("utf-8")
    (project / "weak.py").write_text("import subprocess\nsubprocess.call(input(), shell=True)\n")
    again = [*given, "--now", "2024-10-14T00:00:00Z", "--baseline", reference, "--out", tmp_path / "second"]
    assert govsec("run", project, *again).returncode == 1
    log = json.loads((tmp_path / "second/results.sarif").read_text("utf-8"))
    new = [one for run in log["runs"] for one in run.get("results", []) if one["baselineState"] == "new"]
    assert {one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for one in new} == {"weak.py"}
    old = [one for run in log["runs"] for one in run.get("results", []) if one["baselineState"] == "unchanged"]
    assert {one["provenance"]["firstDetectionTimeUtc"] for one in old} == {"2024-10-12T00:00:00Z"}
    shown = govsec("diff", tmp_path / "first", tmp_path / "second").stdout
    assert f"{len(new)} new, 0 updated, 0 absent" in shown
    assert "weak.py:2 HIGH B602" in shown


def test_diff_of_what_is_not_there(tmp_path: Path) -> None:
    assert govsec("diff", tmp_path / "a.sarif", tmp_path / "b.sarif").returncode == 2


def test_a_baseline_that_is_no_log_is_refused_before_the_scan(tmp_path: Path) -> None:
    (tmp_path / "x.sarif").write_text("{}")
    done = govsec("run", ROOT / "examples/clean-app", "--baseline", tmp_path / "x.sarif", "--out", tmp_path / "out")
    assert done.returncode == 2
    assert "x.sarif" in done.stderr


def test_vex_that_says_not_affected_is_a_claim_on_the_result(tmp_path: Path) -> None:
    statement = {
        "vulnerability": {"name": "CVE-2024-23342"}, "products": [{"@id": "pkg:pypi/ecdsa@0.18.0"}],
        "status": "not_affected", "justification": "vulnerable_code_not_in_execute_path",
    }  # fmt: skip
    document = {
        "@context": "https://openvex.dev/ns/v0.2.0", "@id": "https://example.org/vex/1", "author": "product team",
        "timestamp": "2024-10-01T00:00:00Z", "version": 1, "statements": [statement],
    }  # fmt: skip
    (tmp_path / "vex.json").write_text(json.dumps(document))
    given = ["--advisories", ADVISORIES, "--offline", "--now", NOW, "--vex", tmp_path / "vex.json"]
    govsec("run", ROOT / "examples/vulnerable-app", *given, "--out", tmp_path / "out")
    log = json.loads((tmp_path / "out/results.sarif").read_text("utf-8"))
    claimed = [
        one["ruleId"] for run in log["runs"] for one in run.get("results", [])
        if run["automationDetails"]["id"] == "govsec/pip-audit/" and one.get("suppressions")
    ]  # fmt: skip
    assert claimed == ["CVE-2024-23342"]
    told = json.loads((tmp_path / "out/vex.openvex.json").read_text("utf-8"))
    states = {one["vulnerability"]["name"]: one["status"] for one in told["statements"]}
    assert states["CVE-2024-23342"] == "not_affected"
    assert states["CVE-2020-14343"] == "under_investigation"
    assert govsec("verify", tmp_path / "out").returncode == 1


@pytest.mark.parametrize("form", ["openvex", "cyclonedx"])
def test_vex_of_another_version_of_the_product_has_no_effect(tmp_path: Path, form: str) -> None:
    example = ROOT / "examples/vulnerable-app"
    given = ["--advisories", ADVISORIES, "--offline", "--now", NOW, "--out", tmp_path / "out"]
    purl, analysis = "pkg:pypi/ecdsa@0.18.0", {"state": "not_affected", "justification": "code_not_reachable"}
    for version, claims in (("0.0.1", 0), (_version_of(example), 1)):
        product = {"@id": f"pkg:generic/facility-booking@{version}", "subcomponents": [{"@id": purl}]}
        statement = {
            "vulnerability": {"name": "CVE-2024-23342"}, "products": [product], "status": "not_affected",
            "justification": "vulnerable_code_not_in_execute_path",
        }  # fmt: skip
        root = {"type": "application", "name": "facility-booking", "version": version, "bom-ref": "root"}
        documents = {
            "openvex": {
                "@context": "https://openvex.dev/ns/v0.2.0", "@id": "https://example.org/vex/1", "author": "team",
                "timestamp": "2024-10-01T00:00:00Z", "version": 1, "statements": [statement],
            },
            "cyclonedx": {
                "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "metadata": {"component": root},
                "vulnerabilities": [{"id": "CVE-2024-23342", "analysis": analysis, "affects": [{"ref": purl}]}],
            },
        }  # fmt: skip
        (tmp_path / "vex.json").write_text(json.dumps(documents[form]))
        govsec("run", example, *given, "--vex", tmp_path / "vex.json")
        log = json.loads((tmp_path / "out/results.sarif").read_text("utf-8"))
        results = [one for run in log["runs"] for one in run.get("results", []) if one["ruleId"] == "CVE-2024-23342"]
        assert sum(bool(one.get("suppressions")) for one in results) == claims
        assert ("it speaks of facility-booking 0.0.1" in json.dumps(log)) is not claims


def _version_of(project: Path) -> str:
    found: str = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    return found


def test_vex_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "vex.json").write_text("no json")
    done = govsec("run", ROOT / "examples/clean-app", "--vex", tmp_path / "vex.json", "--out", tmp_path / "out")
    assert done.returncode == 2
    assert "vex.json" in done.stderr


def test_keys_sign_and_verify(tmp_path: Path) -> None:
    made = govsec("key", "new", tmp_path / "key.pem", "--owner", "release team", "--now", "2024-10-01T00:00:00Z")
    assert made.returncode == 0
    assert "not encrypted" in made.stderr
    (tmp_path / "trusted.toml").write_text(made.stdout)
    given = ["--advisories", ADVISORIES, "--offline", "--now", NOW, "--out", tmp_path / "out", "--quiet"]
    run = govsec("run", ROOT / "examples/clean-app", *given, "--sign-key", tmp_path / "key.pem")
    assert run.returncode == 0, run.stderr
    strict = ["--trusted-keys", tmp_path / "trusted.toml", "--require-signature"]
    done = govsec("verify", tmp_path / "out", *strict)
    assert (done.returncode, done.stdout.splitlines()[1]) == (0, "signed by a trusted key of release team")
    assert "was not checked" in govsec("verify", tmp_path / "out").stdout
    (tmp_path / "out/verdict.dsse.json").unlink()
    assert govsec("verify", tmp_path / "out", *strict).returncode == 5
    assert govsec("verify", tmp_path / "out", "--require-signature").returncode == 2


def test_a_wrong_key_costs_no_scan(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text("no key")
    done = govsec("run", ROOT / "examples/clean-app", "--sign-key", tmp_path / "key.pem", "--out", tmp_path / "out")
    assert done.returncode == 2
    assert not (tmp_path / "out").exists()


def test_profiles_are_listed_and_shown_in_both_languages() -> None:
    listed = govsec("profile", "list", "--lang", "en").stdout
    names = [line.split()[0] for line in listed.splitlines()[1:]]
    assert {"jp-gov", "essentials"} <= set(names)
    for name in names:
        english, japanese = (govsec("profile", "show", name, "--lang", lang) for lang in ("en", "ja"))
        assert english.returncode == japanese.returncode == 0
        assert english.stdout != japanese.stdout
        assert len(english.stdout.splitlines()) == len(japanese.stdout.splitlines())


def test_a_profile_of_ones_own_is_checked_tested_and_compared(tmp_path: Path) -> None:
    made = govsec("profile", "new", "our-agency", "--to", tmp_path)
    assert made.stdout.splitlines() == [
        str(tmp_path / "our-agency.toml"), str(tmp_path / "our-agency.cases.toml")
    ]  # fmt: skip
    file = tmp_path / "our-agency.toml"
    assert govsec("profile", "check", file).returncode == 0
    assert govsec("profile", "test", file).returncode == 0
    assert "stricter our-static-medium: gate" in govsec("profile", "diff", "jp-gov", file).stdout
    assert govsec("profile", "new", "our-agency", "--to", tmp_path).returncode == 2
    file.write_text(file.read_text("utf-8").replace("limit = 0", "limit = 5"), "utf-8")
    assert govsec("profile", "test", file).returncode == 1
    file.write_text(file.read_text("utf-8").replace("limit = 5", "limti = 5"), "utf-8")
    wrong = govsec("profile", "check", file)
    assert wrong.returncode == 2
    assert "limti" in wrong.stderr
    assert "limit" in wrong.stderr


def test_a_waiver_is_added_and_has_its_effect(tmp_path: Path) -> None:
    project = shutil.copytree(ROOT / "examples/vulnerable-app", tmp_path / "project")
    given = ["--advisories", ADVISORIES, "--offline", "--now", NOW, "--out", tmp_path / "out"]
    govsec("run", project, *given)
    log = json.loads((tmp_path / "out/results.sarif").read_text("utf-8"))
    shell = next(one for run in log["runs"] for one in run.get("results", []) if one["ruleId"] == "B602")
    words = {
        "id": "W-1", "reason": "the line is a constant of the operator", "owner": "platform team", "approver": "ciso",
        "ticket": "SEC-1", "plan": "replaced by the new job runner", "expires": "2024-12-01",
    }  # fmt: skip
    flags = [part for name, value in words.items() for part in (f"--{name}", value)]
    waivers = project / "govsec-waivers.toml"
    done = govsec(
        "waive", shell["fingerprints"]["govsec/v1"], *flags, "--now", NOW, "--to", waivers, "--out", tmp_path / "out"
    )
    assert done.returncode == 0, done.stderr
    govsec("run", project, *given)
    verdict = json.loads((tmp_path / "out/verdict.json").read_text("utf-8"))
    assert {check["gate"]: check["verdict"] for check in verdict["checks"]}["static-high"] == "PASS"
    unknown = govsec("waive", "ffffffffffffffff", *flags, "--to", waivers, "--out", tmp_path / "out")
    assert unknown.returncode == 2


def test_an_installed_environment_answers_what_an_unpinned_line_leaves_open(tmp_path: Path) -> None:
    project = shutil.copytree(ROOT / "examples/unlocked-app", tmp_path / "project")
    packages = tmp_path / "environment/lib/python3.11/site-packages"
    for line in (project / "requirements.txt").read_text("utf-8").splitlines():
        name, _, version = line.partition("==") if "==" in line else ("click", "==", "8.1.7")
        info = packages / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        (info / "RECORD").write_text("")
        (info / "INSTALLER").write_text("pip\n")
    given = ["--advisories", ADVISORIES, "--offline", "--now", NOW, "--out", tmp_path / "out"]
    assert govsec("run", project, *given).returncode == 3
    done = govsec("run", project, *given, "--environment", tmp_path / "environment")
    sbom = json.loads((tmp_path / "out/sbom.cdx.json").read_text("utf-8"))
    assert "pkg:pypi/click@8.1.7" in {component.get("purl") for component in sbom["components"]}
    assert "click was not audited" not in done.stdout
    assert govsec("run", project, *given, "--environment", tmp_path / "nowhere").returncode == 2


def test_a_claim_that_the_profile_does_not_admit_is_in_the_log_for_github(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "pyproject.toml").write_text('[project]\nname = "p"\nversion = "1"\ndependencies = []\n')
    (project / "a.py").write_text("import subprocess\nsubprocess.call(input(), shell=True)  # nosec\n")
    (project / "b.py").write_text("import subprocess\nsubprocess.call(input(), shell=True)  # nosec B602: a constant\n")
    govsec("run", project, "--advisories", ADVISORIES, "--now", NOW, "--offline", "--out", tmp_path / "out")
    log = json.loads((tmp_path / "out/github.sarif").read_text("utf-8"))
    shell = [one for run in log["runs"] for one in run.get("results", []) if one["ruleId"] == "B602"]
    places = [one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for one in shell]
    assert places == ["a.py"]
    vex, sbom = (json.loads((tmp_path / f"out/{name}.cdx.json").read_text("utf-8")) for name in ("vex", "sbom"))
    assert "pkg:generic/p@1" in (tmp_path / "out/sbom.cdx.json").read_text("utf-8")
    assert sbom["serialNumber"].removeprefix("urn:uuid:") in json.dumps(vex["externalReferences"])
