"""The hooks through pre-commit and prek, on real git repositories, from an empty HOME."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.support import fresh
from tests.support.repositories import commit_all, git, new_repository

pytestmark = pytest.mark.full

CLEAN = '"""A module."""\n\nANSWER = 42\n'
SHELL = "import subprocess\n\nx = input()\nsubprocess.call(x, shell=True)\n"
ADVISORIES = ROOT / "examples/advisories"
NOW = "2024-10-12T00:00:00Z"


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fresh.copy_of_checkout(tmp_path_factory.mktemp("hooks") / "govsec_ci")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("home")
    return fresh.environment(
        folder,
        PRE_COMMIT_HOME=str(folder / "pre-commit"),
        PREK_HOME=str(folder / "prek"),
        GOVSEC_CACHE_DIR=str(folder / "cache"),
        GIT_CONFIG_GLOBAL=str(_identity(folder)),
    )


def _identity(folder: Path) -> Path:
    path = folder / "gitconfig"
    path.write_text("[user]\n\tname = Tester\n\temail = tester@example.org\n[init]\n\tdefaultBranch = main\n")
    return path


def _project(folder: Path) -> Path:
    new_repository(folder)
    (folder / "app.py").write_text(CLEAN)
    (folder / "pyproject.toml").write_text('[project]\nname = "small"\nversion = "1.0"\ndependencies = ["idna"]\n')
    (folder / "requirements.txt").write_text("idna==3.10\n")
    commit_all(folder, "Begin")
    return folder


def test_try_repo_blocks_a_commit_that_starts_a_shell_and_lets_a_clean_one_by(
    copy: Path, home: dict[str, str], tmp_path: Path
) -> None:
    project = _project(tmp_path / "project")
    (project / "app.py").write_text(SHELL)
    git(project, "add", "app.py")
    done = fresh.run(fresh.tool("pre-commit"), "try-repo", copy, "govsec-bandit", cwd=project, env=home)
    assert done.returncode == 1, done.stdout
    assert "app.py:4:1 HIGH B602" in done.stdout
    (project / "app.py").write_text(CLEAN.replace("42", "43"))
    git(project, "add", "app.py")
    done = fresh.run(fresh.tool("pre-commit"), "try-repo", copy, "govsec-bandit", cwd=project, env=home)
    assert done.returncode == 0, done.stdout
    assert "Passed" in done.stdout


@pytest.fixture(scope="module", params=["pre-commit", "prek"])
def project(
    request: pytest.FixtureRequest, copy: Path, home: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A repository with all hooks installed by one of the two managers."""
    folder = _project(tmp_path_factory.mktemp(request.param) / "project")
    advisories = f"args: [--advisories, '{ADVISORIES}', --now, '{NOW}']"
    (folder / ".pre-commit-config.yaml").write_text(
        f"repos:\n- repo: {copy}\n  rev: {git(copy, 'rev-parse', 'HEAD').strip()}\n  hooks:\n"
        f"  - id: govsec-bandit\n  - id: govsec-audit\n    {advisories}\n  - id: govsec-sbom\n"
        f"  - id: govsec-pipeline\n  - id: govsec-waivers\n    args: [--now, '{NOW}']\n"
        f"  - id: govsec-gate\n    {advisories}\n"
    )
    commit_all(folder, "Use the hooks")
    manager = fresh.tool(request.param)
    done = fresh.run(manager, "install", "-t", "pre-commit", "-t", "pre-push", cwd=folder, env=home)
    assert done.returncode == 0, done.stdout
    return folder


def _reset(project: Path) -> None:
    git(project, "reset", "-q", "--hard")
    git(project, "clean", "-qfdx")


def _commit(project: Path, home: dict[str, str], files: dict[str, str]) -> subprocess.CompletedProcess[str]:
    _reset(project)
    for name, text in files.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text)
    git(project, "add", "-A")
    return fresh.run("git", "commit", "-m", "A change", cwd=project, env=home)


def test_bandit_blocks_and_passes(project: Path, home: dict[str, str]) -> None:
    blocked = _commit(project, home, {"src/run it.py": SHELL})
    assert blocked.returncode == 1
    assert "src/run it.py:4:1 HIGH B602" in blocked.stdout
    assert "to do: " in blocked.stdout
    assert _commit(project, home, {"src/run it.py": CLEAN}).returncode == 0


def test_audit_blocks_and_passes(project: Path, home: dict[str, str]) -> None:
    blocked = _commit(project, home, {"requirements.txt": "requests==2.19.0\n"})
    assert blocked.returncode == 1
    assert "requirements.txt:1 HIGH CVE-2018-18074" in blocked.stdout
    assert "raise requests 2.19.0 to 2.20.0 or later" in blocked.stdout
    assert _commit(project, home, {"requirements.txt": "idna==3.9\n"}).returncode == 0


def test_sbom_blocks_what_it_cannot_read_and_passes(project: Path, home: dict[str, str]) -> None:
    blocked = _commit(project, home, {"poetry.lock": "this is no lock file [[\n"})
    assert blocked.returncode == 1
    assert "not checked by cyclonedx" in blocked.stdout
    assert _commit(project, home, {"requirements.txt": "idna==3.8\n"}).returncode == 0


def test_gate_judges_before_a_push(project: Path, home: dict[str, str], tmp_path: Path) -> None:
    assert _commit(project, home, {"requirements.txt": "idna==3.10\n# pushed\n"}).returncode == 0
    git(tmp_path, "init", "-q", "--bare", "remote")
    passed = fresh.run("git", "push", tmp_path / "remote", "HEAD:refs/heads/main", cwd=project, env=home)
    assert passed.returncode == 0, passed.stdout
    (project / "app.py").write_text(SHELL)
    fresh.run("git", "commit", "--no-verify", "-am", "Past the hooks", cwd=project, env=home)
    blocked = fresh.run("git", "push", tmp_path / "remote", "HEAD:refs/heads/main", cwd=project, env=home)
    git(project, "reset", "-q", "--hard", "HEAD~1")
    assert blocked.returncode == 1, blocked.stdout
    assert "app.py:4:1 HIGH B602" in blocked.stdout


UNPINNED = "on: push\npermissions: {}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n    - uses: a/b@v1\n"
WAIVER = """[[waivers]]
id = "W-1"
rule = "B602"
path = "tools/*.py"
reason = "Only fixed commands reach it."
owner = "a"
approver = "b"
ticket = "T-1"
created = 2024-10-01
expires = 2024-12-01
plan = "Replace it."
"""


def test_pipeline_blocks_and_passes(project: Path, home: dict[str, str]) -> None:
    blocked = _commit(project, home, {".github/workflows/ci.yml": UNPINNED})
    assert blocked.returncode == 1
    assert ".github/workflows/ci.yml:7:" in blocked.stdout
    assert "unpinned-uses" in blocked.stdout
    sound = UNPINNED.replace("a/b@v1", f"a/b@{'1' * 40} # v1")
    passed = _commit(project, home, {".github/workflows/ci.yml": sound})
    assert passed.returncode == 0, passed.stdout


def test_waivers_block_and_pass(project: Path, home: dict[str, str]) -> None:
    blocked = _commit(project, home, {"govsec-waivers.toml": WAIVER.replace('approver = "b"', 'approver = "a"')})
    assert blocked.returncode == 1
    assert "waiver W-1 has no effect under jp-gov: its approver is its owner" in blocked.stdout
    assert _commit(project, home, {"govsec-waivers.toml": WAIVER}).returncode == 0


def test_a_merge_is_judged_by_what_it_adds(project: Path, home: dict[str, str]) -> None:
    _reset(project)
    here = git(project, "rev-parse", "HEAD").strip()
    git(project, "checkout", "-q", "-b", "other")
    (project / "other.py").write_text(SHELL)
    git(project, "add", "-A")
    git(project, "commit", "-q", "--no-verify", "-m", "Judged there")
    git(project, "checkout", "-q", here)
    assert _commit(project, home, {"here.py": CLEAN}).returncode == 0
    git(project, "merge", "-q", "--no-commit", "--no-ff", "other")
    merged = fresh.run("git", "commit", "-m", "Merge", cwd=project, env=home)
    assert merged.returncode == 0, merged.stdout
    git(project, "checkout", "-q", "-B", "main", here)
    git(project, "branch", "-q", "-D", "other")


def test_without_a_network_the_answers_are_the_same(project: Path, home: dict[str, str]) -> None:
    if subprocess.run(["unshare", "-rn", "true"], check=False, capture_output=True).returncode:
        pytest.skip("this machine lets nobody make a network namespace")
    _reset(project)
    files = {"app.py": SHELL, "requirements.txt": "requests==2.19.0\n", ".github/workflows/x.yml": UNPINNED}
    with_network = _commit(project, home, files)
    alone = fresh.run("unshare", "-rn", "git", "commit", "-m", "A change", cwd=project, env=home)
    assert (with_network.returncode, alone.returncode) == (1, 1)
    assert _timeless(alone.stdout) == _timeless(with_network.stdout)
    assert "CVE-2018-18074" in alone.stdout


def _timeless(text: str) -> list[str]:
    return [line for line in text.splitlines() if "duration" not in line]


def test_the_staged_half_of_a_file_is_judged(project: Path, home: dict[str, str]) -> None:
    _reset(project)
    (project / "app.py").write_text(SHELL)
    git(project, "add", "app.py")
    (project / "app.py").write_text(CLEAN)
    blocked = fresh.run("git", "commit", "-m", "Half", cwd=project, env=home)
    assert blocked.returncode == 1
    assert "app.py:4:1 HIGH B602" in blocked.stdout
    assert (project / "app.py").read_text() == CLEAN


def test_nothing_of_the_judged_tree_is_executed(project: Path, home: dict[str, str], tmp_path: Path) -> None:
    mine = f"import pathlib\npathlib.Path({str(tmp_path / 'executed')!r}).touch()\n"
    names = ("pip", "bandit", "sitecustomize", "usercustomize", "conftest", "venv", "click", "govsec_ci", "zizmor")
    files = {f"{name}.py": mine for name in names} | {"requirements.txt": "idna==3.10\n# again\n"}
    done = _commit(project, home, files)
    assert done.returncode == 0, done.stdout
    assert not (tmp_path / "executed").exists()
    _reset(project)
    git(project, "reset", "-q", "--hard", "HEAD~1")


def test_names_that_shells_and_terminals_trip_over(project: Path, home: dict[str, str]) -> None:
    names = ('it\'s "quoted".py', "$(touch pwned).py", "設定 ファイル.py", "-rf.py", "a\tb.py")
    blocked = _commit(project, home, {f"odd/{name}": SHELL for name in names})
    assert blocked.returncode == 1
    assert blocked.stdout.count("HIGH B602") == len(names)
    assert "odd/設定 ファイル.py:4:1" in blocked.stdout
    assert not list(project.rglob("pwned"))


def test_a_first_commit_is_judged_too(project: Path, home: dict[str, str], tmp_path: Path) -> None:
    first = new_repository(tmp_path / "first")
    (first / ".pre-commit-config.yaml").write_bytes((project / ".pre-commit-config.yaml").read_bytes())
    (first / "app.py").write_text(SHELL)
    git(first, "add", "-A")
    for name in os.listdir(project / ".git/hooks"):
        if not name.endswith(".sample"):
            (first / ".git/hooks" / name).write_bytes((project / ".git/hooks" / name).read_bytes())
            (first / ".git/hooks" / name).chmod(0o755)
    blocked = fresh.run("git", "commit", "-m", "First", cwd=first, env=home)
    assert blocked.returncode == 1
    assert "app.py:4:1 HIGH B602" in blocked.stdout
