"""A wrong call is 2, what is wrong in the judged tree is 3 with a verdict, and nothing earlier is lost."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.support.command import govsec

NOW = "2024-10-12T00:00:00Z"
ADVISORIES = ROOT / "examples/advisories"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A small project that would pass."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "pyproject.toml").write_text('[project]\nname = "small"\nversion = "1.0"\ndependencies = []\n')
    (folder / "app.py").write_text('"""A module."""\n\nANSWER = 42\n')
    (folder / "requirements.txt").write_text("idna==3.10\n")
    return folder


def judge(project: Path, *more: str | Path) -> subprocess.CompletedProcess[str]:
    return govsec("run", project, "--advisories", ADVISORIES, "--now", NOW, "--out", project.parent / "out", *more)


def reasons(project: Path) -> str:
    return (project.parent / "out/verdict.json").read_text("utf-8")


def test_the_small_project_passes_so_that_the_rest_proves_something(project: Path) -> None:
    done = judge(project)
    assert done.returncode == 0, done.stdout


def test_a_missing_path_is_a_usage_error(tmp_path: Path) -> None:
    done = govsec("run", tmp_path / "nowhere", "--out", tmp_path / "out")
    assert done.returncode == 2
    assert "there is no such folder" in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_file_as_path_is_a_usage_error(project: Path) -> None:
    done = govsec("run", project / "app.py", "--out", project.parent / "out")
    assert done.returncode == 2
    assert "is a file, not a folder" in done.stderr


def test_an_empty_folder_is_incomplete(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    assert judge(tmp_path / "project").returncode == 3
    assert "nothing" in reasons(tmp_path / "project")


def test_a_file_that_does_not_parse_is_incomplete_and_named(project: Path) -> None:
    (project / "broken.py").write_text("def f(:\n")
    done = judge(project)
    assert done.returncode == 3
    assert "broken.py" in reasons(project)
    assert "broken.py" in done.stdout


def test_an_unreadable_file_is_incomplete_and_named(project: Path) -> None:
    (project / "secret.py").write_text("x = 1\n")
    (project / "secret.py").chmod(0o000)
    command = [sys.executable, "-Im", "govsec_ci.cli", "run", str(project), "--advisories", str(ADVISORIES)]
    if os.geteuid() == 0:  # root reads everything unless it gives that right up
        command = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", *command]
    done = subprocess.run(
        [*command, "--now", NOW, "--out", str(project.parent / "out")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 3, done.stderr
    assert "secret.py" in done.stdout


def test_a_malformed_requirements_line_is_incomplete_and_named(project: Path) -> None:
    (project / "requirements.txt").write_text("idna==3.10\n=== what?\n")
    done = judge(project)
    assert done.returncode == 3
    assert "requirements.txt:2" in done.stdout


def test_a_malformed_advisory_is_the_operators_error(project: Path, tmp_path: Path) -> None:
    broken = tmp_path / "advisories"
    broken.mkdir()
    (broken / "X-1.json").write_text('{"id": 7}')
    done = judge(project, "--advisories", broken)
    assert done.returncode == 2
    assert "X-1.json" in done.stderr


def test_a_corrupt_zip_is_the_operators_error(project: Path, tmp_path: Path) -> None:
    (tmp_path / "all.zip").write_bytes(b"PK\x03\x04 and no more")
    done = judge(project, "--advisories", tmp_path / "all.zip")
    assert done.returncode == 2
    assert "all.zip" in done.stderr


def test_a_zip_without_any_record_is_the_operators_error(project: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "all.zip", "w"):
        pass
    assert judge(project, "--advisories", tmp_path / "all.zip").returncode == 2


def test_no_advisory_data_at_all_is_incomplete_and_says_what_to_do(project: Path, tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "GOVSEC_ADVISORIES"}
    environment |= {"HOME": str(tmp_path / "home"), "GOVSEC_CACHE_DIR": str(tmp_path / "cache")}
    command = [sys.executable, "-Im", "govsec_ci.cli", "run", str(project), "--offline", "--out", str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 3
    assert "--advisories" in done.stdout


def test_advisories_may_come_from_the_environment(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOVSEC_ADVISORIES", str(ADVISORIES))
    assert govsec("run", project, "--now", NOW, "--out", project.parent / "out").returncode == 0


@pytest.mark.parametrize(
    "flag", [("--now", "yesterday"), ("--now", "2024-10-12"), ("--stage", "never"), ("--jobs", "0")]
)
def test_a_wrong_flag_is_a_usage_error(project: Path, flag: tuple[str, str]) -> None:
    done = judge(project, *flag)
    assert done.returncode == 2
    assert flag[0] in done.stderr


def test_an_unknown_profile_is_the_operators_error(project: Path) -> None:
    done = judge(project, "--profile", "jp-gvo")
    assert done.returncode == 2
    assert "jp-gov" in done.stderr


def test_a_misspelt_setting_is_the_operators_error(project: Path) -> None:
    (project / "govsec.toml").write_text('out-of-scop = ["x"]\n')
    done = judge(project)
    assert done.returncode == 2
    assert "govsec.toml" in done.stderr


def test_an_output_folder_that_cannot_be_written_is_a_usage_error(project: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = judge(project, "--out", tmp_path / "file" / "out")
    assert done.returncode == 2
    assert "cannot be written" in done.stderr


def test_the_project_itself_is_never_replaced(project: Path) -> None:
    for out in (project, project.parent):
        done = judge(project, "--out", out)
        assert done.returncode == 2
    assert (project / "app.py").exists()


def test_an_earlier_bundle_survives_a_run_that_cannot_finish(project: Path, tmp_path: Path) -> None:
    judge(project)
    before = {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    (tmp_path / "all.zip").write_bytes(b"no zip")
    assert judge(project, "--advisories", tmp_path / "all.zip").returncode == 2
    after = {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert after == before
    assert json.loads(reasons(project))["verdict"] == "PASS"


@pytest.mark.parametrize("step", ["merge", "gate", "report"])
def test_a_step_without_the_one_before_says_so(tmp_path: Path, step: str) -> None:
    done = govsec(step, "--out", tmp_path / "none")
    assert done.returncode == 2
    assert "govsec scan PATH --out DIR" in done.stderr


def test_a_manifest_that_was_not_taken_is_told(project: Path) -> None:
    (project / "requirements.in").write_text("idna\n")
    judge(project)
    log = json.loads((project.parent / "out/results.sarif").read_text("utf-8"))
    told = [
        note["message"]["text"] for run in log["runs"] for one in run["invocations"]
        for note in one.get("toolExecutionNotifications", [])
    ]  # fmt: skip
    assert any(text.startswith("requirements.in: not taken") for text in told), told


def test_a_misspelt_parameter_is_the_operators_error(project: Path) -> None:
    (project / "govsec.toml").write_text('[parameters]\nstatic-medium-limt = "3"\n')
    done = judge(project)
    assert done.returncode == 2
    assert "static-medium-limit" in done.stderr
