"""SHA-512 of the files that get deployed, from the option to the gate of BSI TR-03183-2."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import govsec
from tests.support.distributions import digest, wheel

ADVISORIES = ("--advisories", "examples/advisories", "--offline", "--now", "2024-10-12T00:00:00Z")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project that locks two releases, and the folder with what it deploys beside it."""
    wheels, folder = tmp_path / "wheels", tmp_path / "project"
    wheels.mkdir()
    folder.mkdir()
    wheel(wheels, "tax_forms", "1.2")
    parts = [wheel(wheels, name) for name in ("alpha", "beta")]
    lock = [f"{path.name.partition('-')[0]}==1.0 --hash=sha256:{digest(path)}\n" for path in parts]
    (folder / "requirements.txt").write_text("".join(lock))
    (folder / "pyproject.toml").write_text(
        '[project]\nname = "tax-forms"\nversion = "1.2"\ndependencies = ["alpha", "beta"]\n'
    )
    return folder


def judged(project: Path, root: Path, *more: object) -> tuple[dict[str, Any], dict[str, Any]]:
    """The check of the gate, and the SBOM."""
    out = project.parent / "out"
    done = govsec("run", project, *ADVISORIES, "--profile", "de-bsi-tr-03183-2", "--out", out, *more, cwd=root)
    assert done.returncode in (1, 3), done.stderr
    verdict = json.loads((out / "verdict.json").read_text("utf-8"))
    (check,) = [one for one in verdict["checks"] if one["gate"] == "sha-512"]
    return check, json.loads((out / "sbom.cdx.json").read_text("utf-8"))


def test_with_the_files_the_gate_is_met(project: Path, root: Path) -> None:
    check, sbom = judged(project, root, "--wheelhouse", project.parent / "wheels")
    assert (check["verdict"], check["reasons"]) == ("PASS", [])
    for record in (*sbom["components"], sbom["metadata"]["component"]):
        path = next((project.parent / "wheels").glob(f"{record['name'].replace('-', '_')}-*.whl"))
        assert {"alg": "SHA-512", "content": digest(path, "sha512")} in record["hashes"]


def test_the_folder_may_stand_in_the_configuration(project: Path, root: Path) -> None:
    (project.parent / "wheels").rename(project / "wheels")
    (project / "govsec.toml").write_text('wheelhouse = "wheels"\n')
    assert judged(project, root)[0]["verdict"] == "PASS"


def test_without_the_files_it_says_for_whom_and_what_to_do(project: Path, root: Path) -> None:
    check, _ = judged(project, root)
    assert check["verdict"] == "FAIL"
    (reason,) = check["reasons"]
    assert reason.startswith("sha-512 is missing for 3 components: ")
    assert {"sha-512: pkg:pypi/alpha@1.0", "sha-512: pkg:pypi/beta@1.0"} <= set(check["offenders"])
    assert "--wheelhouse" in check["next_step"]


def test_a_strange_file_is_never_taken_and_the_run_says_which(project: Path, root: Path) -> None:
    wheel(project.parent / "wheels", "beta", content="x = 2\n")
    check, sbom = judged(project, root, "--wheelhouse", project.parent / "wheels")
    assert check["verdict"] == "FAIL"
    assert check["offenders"] == ["sha-512: pkg:pypi/beta@1.0"]
    assert "SHA-512" not in json.dumps([one for one in sbom["components"] if one["name"] == "beta"])
    assert any("wheels/beta-1.0-py3-none-any.whl: not taken: its sha256" in reason for reason in check["reasons"])


def test_a_folder_that_is_none_is_a_usage_error(project: Path, root: Path) -> None:
    done = govsec(
        "run", project, *ADVISORIES, "--wheelhouse", project / "none", "--out", project.parent / "o", cwd=root
    )
    assert done.returncode == 2
    assert not (project.parent / "o").exists()


def test_a_configured_folder_that_is_missing_leaves_the_run_incomplete(project: Path, root: Path) -> None:
    (project / "govsec.toml").write_text('wheelhouse = "none"\n')
    check, _ = judged(project, root)
    assert any("the wheelhouse none is no folder" in reason for reason in check["reasons"])
