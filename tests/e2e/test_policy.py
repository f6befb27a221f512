"""A change under judgement cannot weaken its judge: pull requests in real repositories, judged by the base's rules."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.support.command import govsec
from tests.support.repositories import commit_all, git, new_repository

NOW = "2024-10-12T00:00:00Z"
WEAK = "import subprocess\n\n\ndef run(line):\n    subprocess.call(line, shell=True)\n"
STRICT = (ROOT / "govsec_ci/profiles/essentials.toml").read_text("utf-8").replace('id = "essentials"', 'id = "ours"')


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A project whose main branch has a gate, and a branch ``change`` to break it on."""
    folder = new_repository(tmp_path / "project")
    (folder / "pyproject.toml").write_text('[project]\nname = "small"\nversion = "1.0"\ndependencies = []\n')
    (folder / "app.py").write_text("ANSWER = 42\n")
    (folder / "govsec.toml").write_text('profiles = ["rules.toml"]\n')
    (folder / "rules.toml").write_text(STRICT)
    commit_all(folder, "Adopt the gate")
    git(folder, "switch", "-q", "-c", "change")
    return folder


def judge(folder: Path, *more: str) -> tuple[int, dict[str, Any], str]:
    """Exit code, verdict and summary of the work tree under the rules of main."""
    out = folder.parent / "out"
    arguments = ["--advisories", ROOT / "examples/advisories", "--now", NOW, "--out", out, "--policy-ref", "main"]
    done = govsec("run", folder, *arguments, *more)
    verdict = json.loads((out / "verdict.json").read_text("utf-8")) if (out / "verdict.json").exists() else {}
    summary = (out / "summary.md").read_text("utf-8") if verdict else done.stderr
    return done.returncode, verdict, summary


def test_an_honest_change_passes(repository: Path) -> None:
    (repository / "app.py").write_text("ANSWER = 43\n")
    commit_all(repository, "Improve the answer")
    code, verdict, summary = judge(repository)
    assert code == 0, summary
    assert [one["id"] for one in verdict["profiles"]] == ["ours"]


def _loosened(repository: Path) -> None:
    text = STRICT.replace('mode = "block"', 'mode = "warn"')
    head, _, _tail = text.partition("[[gates]]")
    (repository / "rules.toml").write_text(f"{head}[[gates]]{STRICT.split('[[gates]]')[1]}")


def _waived(repository: Path) -> None:
    (repository / "govsec-waivers.toml").write_text(
        '[[waivers]]\nid = "W-1"\nrule = "B602"\npath = "weak.py"\nreason = "safe, believe me"\nowner = "team"\n'
        'approver = "ciso"\nticket = "T-1"\ncreated = 2024-10-01\nexpires = 2024-11-01\nplan = "none"\n'
    )


def _excluded(repository: Path) -> None:
    (repository / "govsec.toml").write_text('profiles = ["rules.toml"]\nexclude = ["weak.py"]\n')


def _out_of_scope(repository: Path) -> None:
    (repository / "govsec.toml").write_text(
        'profiles = ["rules.toml"]\n[[out-of-scope]]\npath = "weak.py"\nowner = "me"\nreason = "no reason"\n'
    )


def _tool_bandit(repository: Path) -> None:
    with (repository / "pyproject.toml").open("a") as file:
        file.write('[tool.bandit]\nskips = ["B602"]\nexclude_dirs = ["weak.py"]\n')


def _no_gate(repository: Path) -> None:
    (repository / "govsec.toml").unlink()
    (repository / "rules.toml").unlink()


@pytest.mark.parametrize(
    ("weaken", "told"),
    [
        (_loosened, "rules.toml"),
        (_waived, "govsec-waivers.toml"),
        (_excluded, "govsec.toml"),
        (_out_of_scope, "govsec.toml"),
        (_no_gate, "govsec.toml"),
        (_tool_bandit, ""),
    ],
)
def test_a_change_that_weakens_its_judge_is_judged_by_the_base_and_told(
    repository: Path, weaken: Any, told: str
) -> None:
    (repository / "weak.py").write_text(WEAK)
    weaken(repository)
    commit_all(repository, "Weaken")
    code, verdict, summary = judge(repository)
    assert code == 1, summary
    assert verdict["verdict"] == "FAIL"
    assert "weak.py" in summary
    assert told in summary


def test_a_nosec_comment_that_the_change_adds_is_counted(repository: Path) -> None:
    (repository / "weak.py").write_text(WEAK.replace("shell=True)", "shell=True)  # nosec B602: trust me"))
    commit_all(repository, "Hide it")
    _code, _verdict, summary = judge(repository, "--profile", "jp-gov")
    assert "weak.py" in summary


def test_a_change_of_the_rules_alone_needs_approval(repository: Path) -> None:
    _excluded(repository)
    commit_all(repository, "Exclude something")
    _code, _verdict, summary = judge(repository, "--profile", "jp-gov")
    assert "govsec.toml" in summary


def test_the_change_that_adopts_the_gate_is_judged_by_the_shipped_profile(tmp_path: Path) -> None:
    folder = new_repository(tmp_path / "project")
    (folder / "pyproject.toml").write_text('[project]\nname = "small"\nversion = "1.0"\ndependencies = []\n')
    (folder / "app.py").write_text("ANSWER = 42\n")
    commit_all(folder, "Before the gate")
    git(folder, "switch", "-q", "-c", "change")
    (folder / "govsec.toml").write_text('profiles = ["rules.toml"]\n')
    (folder / "rules.toml").write_text(STRICT)
    commit_all(folder, "Adopt the gate")
    _code, verdict, summary = judge(folder)
    assert [one["id"] for one in verdict["profiles"]] == ["jp-gov"]
    assert "govsec.toml" in summary


def test_a_ref_that_a_shallow_clone_does_not_hold_is_said(repository: Path, tmp_path: Path) -> None:
    (repository / "app.py").write_text("ANSWER = 43\n")
    commit_all(repository, "Improve the answer")
    shallow = tmp_path / "shallow" / "project"
    url = repository.as_uri()
    subprocess.run(["git", "clone", "-q", "--depth=1", "--branch", "change", url, str(shallow)], check=True)
    code, _verdict, told = judge(shallow)
    assert code == 2
    assert "git fetch --depth=1 origin main" in told
    git(shallow, "fetch", "-q", "--depth=1", "origin", "main:main")
    code, verdict, summary = judge(shallow)
    assert [one["id"] for one in verdict["profiles"]] == ["ours"], summary


def test_a_ref_is_never_taken_for_an_option(repository: Path) -> None:
    done = govsec("run", repository, "--policy-ref=--help", "--out", repository.parent / "out")
    assert done.returncode == 2
    assert "is no git ref" in done.stderr


def test_a_pinned_profile_must_be_the_one(repository: Path) -> None:
    (repository / "govsec.toml").write_text(f'profiles = ["rules.toml"]\n[pins]\nours = "{"0" * 64}"\n')
    git(repository, "switch", "-q", "main")
    commit_all(repository, "Pin another")
    code, _verdict, told = judge(repository)
    assert code == 2
    assert "is pinned" in told
