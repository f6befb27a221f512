"""The silent passes that were reproduced in tools of this kind: each through our door, and none of them passes."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.support.command import govsec

NOW = "2024-10-12T00:00:00Z"
SHELL = "import subprocess\nsubprocess.call(input(), shell=True)\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "pyproject.toml").write_text('[project]\nname = "small"\nversion = "1.0"\ndependencies = []\n')
    (folder / "app.py").write_text("ANSWER = 42\n")
    return folder


def judge(project: Path, *more: str | Path) -> tuple[int, dict[str, Any], str]:
    out = project.parent / "out"
    given = ["--advisories", ROOT / "examples/advisories", "--offline", "--now", NOW, "--out", out]
    done = govsec("run", project, *given, *more)
    file = out / "verdict.json"
    return done.returncode, json.loads(file.read_text("utf-8")) if file.exists() else {}, done.stdout + done.stderr


def _sarif(*runs: list[dict[str, Any]]) -> str:
    driver = {"driver": {"name": "other", "version": "1", "rules": [{"id": "R1"}]}}
    return json.dumps({"version": "2.1.0", "runs": [{"tool": driver, "results": results} for results in runs]})


def _result(line: int) -> dict[str, Any]:
    place = {"artifactLocation": {"uri": "app.py"}, "region": {"startLine": line}}
    return {"ruleId": "R1", "message": {"text": "weak"}, "locations": [{"physicalLocation": place}]}


def _import(project: Path, log: str) -> None:
    (project / "other.sarif").write_text(log)
    (project / "govsec.toml").write_text('[[import]]\npath = "other.sarif"\nrole = "sast"\nrequired = true\n')


def _counted(verdict: dict[str, Any], gate: str) -> int:
    return next(len(check["results"]) for check in verdict["checks"] if check["gate"] == gate)


def test_1_a_scanner_that_cannot_read_a_file_with_a_weakness(project: Path) -> None:
    (project / "weak.py").write_text(SHELL + "def broken(:\n")
    code, verdict, told = judge(project)
    assert (code, verdict["verdict"]) == (3, "INCOMPLETE")
    assert "weak.py" in told


def test_1_a_scanner_that_is_asked_for_and_missing(project: Path) -> None:
    (project / "govsec.toml").write_text('[[import]]\npath = "missing.sarif"\nrole = "dast"\nrequired = true\n')
    code, _verdict, told = judge(project)
    assert code == 3
    assert "missing.sarif" in told


def test_2_results_without_a_level_are_warnings_and_count(project: Path) -> None:
    _import(project, _sarif([_result(line) for line in range(1, 532)]))
    code, verdict, _told = judge(project)
    assert code != 0
    assert _counted(verdict, "static-medium") == 531


def test_3_a_misspelt_threshold(project: Path, tmp_path: Path) -> None:
    text = (ROOT / "govsec_ci/profiles/essentials.toml").read_text("utf-8")
    (tmp_path / "ours.toml").write_text(text.replace("\nlimit = 0", "\nlimits = 0", 1), "utf-8")
    code, verdict, told = judge(project, "--profile", tmp_path / "ours.toml")
    assert (code, verdict) == (2, {})
    assert "ours.toml" in told
    assert "limit" in told


def test_4_a_log_whose_first_run_is_clean_and_whose_second_is_not(project: Path) -> None:
    _import(project, _sarif([], [_result(line) for line in range(1, 1236)]))
    code, verdict, _told = judge(project)
    assert code != 0
    assert _counted(verdict, "static-medium") == 1235


def test_5_every_dependency_skipped(project: Path) -> None:
    (project / "requirements.txt").write_text("a @ git+https://example.org/a\nb @ https://example.org/b.whl\n-e ./c\n")
    code, _verdict, told = judge(project)
    assert code == 3
    assert "requirements.txt:1" in told
    assert "requirements.txt:2" in told


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("tool.py", '# /// script\n# dependencies = ["jinja2==2.10"]\n# ///\n'),
        ("bin/tool", '#!/usr/bin/env -S uv run --script\n# /// script\n# dependencies = ["jinja2==2.10"]\n# ///\n'),
        ("environment.yml", "dependencies:\n- python\n- pip:\n  - jinja2==2.10\n"),
        ("src/_vendor/jinja2-2.10.dist-info/METADATA", "Name: Jinja2\nVersion: 2.10\n"),
        ("src/_vendor/vendor.txt", "jinja2==2.10\n"),
        ("build/pyproject.toml", '[build-system]\nrequires = ["jinja2==2.10"]\n'),
    ],
)
def test_5_a_vulnerable_pin_where_few_tools_look(project: Path, path: str, text: str) -> None:
    (project / path).parent.mkdir(parents=True, exist_ok=True)
    (project / path).write_text(text)
    code, verdict, told = judge(project)
    assert (code, verdict["verdict"]) == (1, "FAIL")
    assert f"{path}:" in told


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("tool.py", '# /// script\n# dependencies = ["jinja2"]\n# ///\n'),
        ("environment.yml", "dependencies:\n- jinja2=2.10\n"),
        ("pixi.toml", "[dependencies]\n"),
    ],
)
def test_5_what_is_declared_and_cannot_be_audited(project: Path, path: str, text: str) -> None:
    (project / path).write_text(text)
    code, verdict, told = judge(project)
    assert (code, verdict["verdict"]) == (3, "INCOMPLETE")
    assert path in told
    (project / "govsec.toml").write_text(f'[[out-of-scope]]\npath = "{path}"\nowner = "x"\nreason = "not released"\n')
    assert judge(project)[0] == 0


def test_6_an_unparsable_file_alone(project: Path) -> None:
    (project / "app.py").write_text("def broken(:\n")
    assert judge(project)[0] == 3


def test_6_a_missing_target(tmp_path: Path) -> None:
    assert judge(tmp_path / "missing")[0] == 2


def test_6_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    assert judge(tmp_path / "project")[0] == 3


def test_7_256_results_are_no_exit_code_0(project: Path) -> None:
    (project / "app.py").write_text("import subprocess\n" + "subprocess.call(input(), shell=True)\n" * 256)
    code, verdict, _told = judge(project)
    assert (code, verdict["verdict"]) == (1, "FAIL")
    assert _counted(verdict, "static-high") == 256


def test_8_a_known_exploited_vulnerability_of_medium_severity(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOVSEC_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("GOVSEC_ADVISORIES", raising=False)
    (project / "requirements.txt").write_text("jinja2==2.10\n")
    entry = {
        "cveID": "CVE-2020-28493", "dateAdded": "2024-10-01", "dueDate": "2024-10-22", "vulnerabilityName": "x",
        "vendorProject": "x", "product": "x", "shortDescription": "x", "requiredAction": "x",
        "knownRansomwareCampaignUse": "Unknown", "notes": "", "cwes": [],
    }  # fmt: skip
    catalog = {
        "title": "CISA Catalog of Known Exploited Vulnerabilities", "catalogVersion": "2024.10.10",
        "dateReleased": "2024-10-10T00:00:00.0000Z", "count": 1, "vulnerabilities": [entry],
    }  # fmt: skip
    (tmp_path / "known_exploited_vulnerabilities.json").write_text(json.dumps(catalog))
    files = [ROOT / "examples/advisories", tmp_path / "known_exploited_vulnerabilities.json"]
    assert govsec("advisories", "import", *files).returncode == 0
    out = tmp_path / "out"
    done = govsec("run", project, "--offline", "--now", NOW, "--profile", "essentials", "--out", out)
    verdict = json.loads((out / "verdict.json").read_text("utf-8"))
    assert done.returncode == 1
    exploited = [check for check in verdict["checks"] if "exploited" in check["gate"]]
    assert [check["verdict"] for check in exploited if check["mode"] == "block"] == ["FAIL"]


@pytest.mark.parametrize("date", ["2024-13-45", '"soon"', '"2024-13-45"', "2024-02-30"])
def test_9_a_waiver_with_an_invalid_end_suppresses_nothing(project: Path, date: str) -> None:
    (project / "app.py").write_text(SHELL)
    (project / "govsec-waivers.toml").write_text(
        '[[waivers]]\nid = "W-1"\nrule = "B602"\npath = "app.py"\nreason = "r"\nowner = "team"\napprover = "ciso"\n'
        f'ticket = "T-1"\ncreated = 2024-10-01\nexpires = {date}\nplan = "p"\n'
    )
    code, verdict, told = judge(project)
    assert (code, verdict) == (2, {})
    assert "govsec-waivers.toml" in told
