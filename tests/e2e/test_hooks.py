"""The hooks through pre-commit and prek, on real git repositories, from an empty HOME."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.conftest import ROOT
from tests.support import advisories, fresh, https, no_sockets
from tests.support.repositories import commit_all, git, new_repository
from tests.support.staging import CLEAN, PROJECT, SHELL, stage, write

pytestmark = pytest.mark.full

ADVISORIES = ROOT / "examples/advisories"
NOW = "2024-10-12T00:00:00Z"
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


class Case(NamedTuple):
    """What one hook stops a commit for, what it says then, and what it lets by."""

    path: str
    bad: str
    said: str
    good: str


CASES = {
    "govsec-bandit": Case("app.py", SHELL, "app.py:4:1 HIGH B602", CLEAN.replace("42", "43")),
    "govsec-audit": Case(
        "requirements.txt", "requests==2.19.0\n", "requirements.txt:1 HIGH CVE-2018-18074", "idna==3.9\n"
    ),
    "govsec-pipeline": Case(
        ".github/workflows/ci.yml", UNPINNED, ".github/workflows/ci.yml:7:",
        UNPINNED.replace("a/b@v1", f"a/b@{'1' * 40} # v1"),
    ),
    "govsec-sbom": Case(
        "b/requirements.txt", "-r not-there.txt\n", "b/requirements.txt:1 not checked by cyclonedx", "idna==3.10\n"
    ),
    "govsec-waivers": Case(
        "govsec-waivers.toml", WAIVER.replace('approver = "b"', 'approver = "a"'),
        "waiver W-1 has no effect under jp-gov: its approver is its owner", WAIVER,
    ),
}  # fmt: skip
BAD = {case.path: case.bad for case in CASES.values()}
GOOD = {case.path: case.good for case in CASES.values()}


def all_said(done: subprocess.CompletedProcess[str]) -> None:
    """Every hook has stopped the commit, and for its own reason."""
    assert done.returncode == 1, done.stdout
    assert [case.said for case in CASES.values() if case.said not in done.stdout] == [], done.stdout


def test_these_are_all_the_hooks() -> None:
    listed = re.findall(r"^- id: (\S+)$", (ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"), re.MULTILINE)
    assert sorted(listed) == sorted((*CASES, "govsec-gate", "govsec-sync"))


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


def _begun(folder: Path) -> Path:
    new_repository(folder)
    write(folder, {"app.py": CLEAN, "pyproject.toml": PROJECT, "requirements.txt": "idna==3.10\n"})
    commit_all(folder, "Begin")
    return folder


def test_try_repo_blocks_a_commit_that_starts_a_shell_and_lets_a_clean_one_by(
    copy: Path, home: dict[str, str], tmp_path: Path
) -> None:
    project = _begun(tmp_path / "project")
    stage(project, {"app.py": SHELL})
    done = fresh.run(fresh.tool("pre-commit"), "try-repo", copy, "govsec-bandit", cwd=project, env=home)
    assert done.returncode == 1, done.stdout
    assert "app.py:4:1 HIGH B602" in done.stdout
    stage(project, {"app.py": CLEAN.replace("42", "43")})
    done = fresh.run(fresh.tool("pre-commit"), "try-repo", copy, "govsec-bandit", cwd=project, env=home)
    assert done.returncode == 0, done.stdout
    assert "Passed" in done.stdout


@pytest.fixture(scope="module", params=["pre-commit", "prek"])
def manager(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def config(copy: Path) -> str:
    """A .pre-commit-config.yaml with all hooks."""
    data = f"args: [--advisories, '{ADVISORIES}', --now, '{NOW}']"
    return (
        f"repos:\n- repo: {copy}\n  rev: {git(copy, 'rev-parse', 'HEAD').strip()}\n  hooks:\n"
        f"  - id: govsec-bandit\n  - id: govsec-audit\n    {data}\n  - id: govsec-sbom\n"
        f"  - id: govsec-pipeline\n  - id: govsec-waivers\n    args: [--now, '{NOW}']\n"
        f"  - id: govsec-gate\n    {data}\n  - id: govsec-sync\n"
    )


@pytest.fixture(scope="module")
def installed(manager: str, config: str, home: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = _begun(tmp_path_factory.mktemp(manager) / "project")
    write(folder, {".pre-commit-config.yaml": config})
    commit_all(folder, "Use the hooks")
    _install(manager, folder, home)
    return folder


def _install(manager: str, folder: Path, home: dict[str, str]) -> None:
    done = fresh.run(fresh.tool(manager), "install", "-t", "pre-commit", "-t", "pre-push", cwd=folder, env=home)
    assert done.returncode == 0, done.stdout


@pytest.fixture
def project(installed: Path) -> Iterator[Path]:
    """A repository with all hooks installed by one of the two managers; afterwards it is as it was."""
    here = git(installed, "rev-parse", "HEAD").strip()
    yield installed
    git(installed, "checkout", "-q", "-f", "-B", "main", here)
    git(installed, "clean", "-qfdx")


def _reset(project: Path) -> None:
    git(project, "reset", "-q", "--hard")
    git(project, "clean", "-qfdx")


def _commit(
    project: Path, home: dict[str, str], files: dict[str, str], *prefix: str | Path
) -> subprocess.CompletedProcess[str]:
    _reset(project)
    stage(project, files)
    return fresh.run(*prefix, "git", "commit", "-m", "A change", cwd=project, env=home)


@pytest.mark.parametrize("hook", CASES)
def test_each_hook_blocks_and_passes(project: Path, home: dict[str, str], hook: str) -> None:
    case = CASES[hook]
    blocked = _commit(project, home, {case.path: case.bad})
    assert blocked.returncode == 1
    assert case.said in blocked.stdout, blocked.stdout
    passed = _commit(project, home, {case.path: case.good})
    assert passed.returncode == 0, passed.stdout
    assert re.search(rf"^{hook} .*\.Passed$", passed.stdout, re.MULTILINE), passed.stdout


def test_what_blocks_says_what_to_do(project: Path, home: dict[str, str]) -> None:
    blocked = _commit(project, home, BAD)
    all_said(blocked)
    assert "raise requests 2.19.0 to 2.20.0 or later" in blocked.stdout
    assert blocked.stdout.count("to do: ") >= len(CASES) - 1


def test_the_staged_half_of_each_file_is_judged(project: Path, home: dict[str, str]) -> None:
    stage(project, BAD)
    write(project, GOOD)
    all_said(fresh.run("git", "commit", "-m", "Half", cwd=project, env=home))
    assert {path: (project / path).read_text() for path in GOOD} == GOOD
    _reset(project)
    stage(project, GOOD)
    write(project, BAD)
    passed = fresh.run("git", "commit", "-m", "Half", cwd=project, env=home)
    assert passed.returncode == 0, passed.stdout
    assert {path: (project / path).read_text() for path in BAD} == BAD


ODD = 'it\'s a "設定 $(touch pwned)"'


def test_paths_with_spaces_quotes_and_japanese(project: Path, home: dict[str, str]) -> None:
    moved = {
        path if path.startswith("govsec") else path.replace("ci.yml", f"{ODD}.yml") if path.endswith(".yml")
        else f"{ODD}/{path}": text for path, text in BAD.items()
    }  # fmt: skip
    blocked = _commit(project, home, moved)
    assert blocked.returncode == 1
    for said in (
        f"{ODD}/app.py:4:1 HIGH B602",
        f"{ODD}/requirements.txt:1 HIGH CVE-2018-18074",
        f".github/workflows/{ODD}.yml:7:",
        f"{ODD}/b/requirements.txt:1 not checked by cyclonedx",
        "waiver W-1 has no effect",
    ):
        assert said in blocked.stdout, blocked.stdout
    fine = {path: dict(zip(BAD.values(), GOOD.values(), strict=True))[text] for path, text in moved.items()}
    passed = _commit(project, home, fine)
    assert passed.returncode == 0, passed.stdout
    assert not list(project.rglob("pwned"))


def test_names_that_shells_and_terminals_trip_over(project: Path, home: dict[str, str]) -> None:
    names = ('it\'s "quoted".py', "$(touch pwned).py", "設定 ファイル.py", "-rf.py", "a\tb.py")
    blocked = _commit(project, home, {f"odd/{name}": SHELL for name in names})
    assert blocked.returncode == 1
    assert blocked.stdout.count("HIGH B602") == len(names)
    assert "odd/設定 ファイル.py:4:1" in blocked.stdout
    assert not list(project.rglob("pwned"))


def test_the_sbom_that_is_kept_may_lie_anywhere(project: Path, home: dict[str, str], config: str) -> None:
    name = f"{ODD}/部品 表.cdx.json"
    kept = config.replace("id: govsec-sbom\n", f"id: govsec-sbom\n    args: [--output, {_yaml(name)}]\n")
    stopped = _commit(project, home, {".pre-commit-config.yaml": kept, "requirements.txt": "idna==3.8\n"})
    assert stopped.returncode == 1, stopped.stdout
    assert f"{name}: was missing, and is written anew" in stopped.stdout
    git(project, "add", "-A")
    passed = fresh.run("git", "commit", "-m", "With its SBOM", cwd=project, env=home)
    assert passed.returncode == 0, passed.stdout
    stale = _commit(project, home, {"requirements.txt": "idna==3.7\n"})
    assert "was out of date, and is written anew" in stale.stdout


def _yaml(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def test_a_merge_is_judged_by_what_it_adds(project: Path, home: dict[str, str]) -> None:
    git(project, "checkout", "-q", "-b", "other")
    stage(project, {"other.py": SHELL})
    git(project, "commit", "-q", "--no-verify", "-m", "Judged there")
    git(project, "checkout", "-q", "main")
    assert _commit(project, home, {"here.py": CLEAN}).returncode == 0
    git(project, "merge", "-q", "--no-commit", "--no-ff", "other")
    merged = fresh.run("git", "commit", "-m", "Merge", cwd=project, env=home)
    assert merged.returncode == 0, merged.stdout
    assert len(git(project, "rev-list", "--parents", "-n", "1", "HEAD").split()) == 3
    git(project, "branch", "-q", "-D", "other")


def test_what_a_merge_itself_brings_in_is_judged_by_each_hook(project: Path, home: dict[str, str]) -> None:
    git(project, "checkout", "-q", "-b", "other")
    stage(project, GOOD)
    git(project, "commit", "-q", "--no-verify", "-m", "There")
    git(project, "checkout", "-q", "main")
    stage(project, {"here.py": CLEAN})
    git(project, "commit", "-q", "--no-verify", "-m", "Here")
    git(project, "merge", "-q", "--no-commit", "--no-ff", "other")
    stage(project, BAD)
    all_said(fresh.run("git", "commit", "-m", "Merge", cwd=project, env=home))
    stage(project, GOOD)
    merged = fresh.run("git", "commit", "-m", "Merge", cwd=project, env=home)
    assert merged.returncode == 0, merged.stdout
    git(project, "branch", "-q", "-D", "other")


def test_a_first_commit_is_judged_too(manager: str, config: str, home: dict[str, str], tmp_path: Path) -> None:
    first = new_repository(tmp_path / "first")
    stage(first, BAD | {".pre-commit-config.yaml": config, "pyproject.toml": PROJECT})
    _install(manager, first, home)
    all_said(fresh.run("git", "commit", "-m", "First", cwd=first, env=home))
    stage(first, GOOD)
    passed = fresh.run("git", "commit", "-m", "First", cwd=first, env=home)
    assert passed.returncode == 0, passed.stdout


def test_nothing_of_the_judged_tree_is_executed(project: Path, home: dict[str, str], tmp_path: Path) -> None:
    mine = f"import pathlib\npathlib.Path({str(tmp_path / 'executed')!r}).touch()\n"
    names = ("pip", "bandit", "sitecustomize", "usercustomize", "conftest", "venv", "click", "govsec_ci", "zizmor")
    files = {f"{name}.py": mine for name in names} | {"requirements.txt": "idna==3.10\n# again\n"}
    done = _commit(project, home, files)
    assert done.returncode == 0, done.stdout
    pushed = _push(project, home, tmp_path, "HEAD:refs/heads/main")
    assert pushed.returncode == 0, pushed.stdout
    assert not (tmp_path / "executed").exists()


def _push(
    project: Path, home: dict[str, str], folder: Path, what: str, *prefix: str | Path
) -> subprocess.CompletedProcess[str]:
    """Push to ``remote`` in ``folder``, which is made where it is not there yet."""
    if not (folder / "remote").exists():
        git(folder, "init", "-q", "--bare", "remote")
    return fresh.run(*prefix, "git", "push", folder / "remote", what, cwd=project, env=home)


@pytest.mark.parametrize("known", [False, True], ids=["to a new remote", "to a branch that is there"])
def test_the_gate_judges_the_commit_that_is_pushed(
    project: Path, home: dict[str, str], tmp_path: Path, *, known: bool
) -> None:
    if known:
        assert _push(project, home, tmp_path, "HEAD:refs/heads/main").returncode == 0
    stage(project, {"app.py": SHELL})
    git(project, "commit", "-q", "--no-verify", "-m", "Past the other hooks")
    write(project, {"app.py": CLEAN})
    blocked = _push(project, home, tmp_path, "HEAD:refs/heads/main")
    assert blocked.returncode == 1, blocked.stdout
    assert "app.py:4:1 HIGH B602" in blocked.stdout
    stage(project, {"app.py": CLEAN.replace("42", "44")})
    git(project, "commit", "-q", "--no-verify", "-m", "Mend it")
    write(project, {"app.py": SHELL, "untracked.py": SHELL})
    git(project, "add", "app.py")
    passed = _push(project, home, tmp_path, "main:refs/heads/main")
    assert passed.returncode == 0, passed.stdout
    assert git(tmp_path / "remote", "rev-parse", "main") == git(project, "rev-parse", "HEAD")


def test_a_branch_that_is_not_checked_out_is_judged_when_it_is_pushed(
    project: Path, home: dict[str, str], tmp_path: Path
) -> None:
    git(project, "checkout", "-q", "-b", "other")
    stage(project, {"app.py": SHELL})
    git(project, "commit", "-q", "--no-verify", "-m", "Past the other hooks")
    git(project, "checkout", "-q", "main")
    assert _push(project, home, tmp_path, "main").returncode == 0
    blocked = _push(project, home, tmp_path, "other")
    assert blocked.returncode == 1, blocked.stdout
    assert "app.py:4:1 HIGH B602" in blocked.stdout
    git(project, "branch", "-q", "-D", "other")


def test_by_hand_the_gate_judges_what_is_staged(project: Path, manager: str, home: dict[str, str]) -> None:
    call = (fresh.tool(manager), "run", "--hook-stage", "manual", "govsec-gate", "--all-files")
    stage(project, {"app.py": SHELL})
    write(project, {"app.py": CLEAN})
    blocked = fresh.run(*call, cwd=project, env=home)
    assert blocked.returncode == 1
    assert "app.py:4:1 HIGH B602" in blocked.stdout
    _reset(project)
    passed = fresh.run(*call, cwd=project, env=home)
    assert passed.returncode == 0, passed.stdout


@pytest.fixture
def server(tmp_path: Path) -> Iterator[https.Server]:
    with https.running(*https.make_certificate(tmp_path)) as running:
        yield running


def _mirror(project: Path, server: https.Server, folder: Path) -> None:
    data = advisories.zipped(folder / "all.zip", advisories.record()).read_bytes()
    server.serve("/all.zip", data)
    settings = f'[advisories]\nfeeds = ["osv"]\naddresses = {{ osv = "{server.address("/all.zip")}" }}\n'
    write(project, {"govsec.toml": settings})


def _trusting(server: https.Server) -> dict[str, str]:
    return dict.fromkeys(("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"), str(server.certificate))


def test_sync_fetches_by_hand(
    project: Path, manager: str, home: dict[str, str], tmp_path: Path, server: https.Server
) -> None:
    _mirror(project, server, tmp_path)
    git(project, "add", "-A")
    env = home | _trusting(server) | {"GOVSEC_CACHE_DIR": str(tmp_path / "own")}
    call = (fresh.tool(manager), "run", "--hook-stage", "manual", "govsec-sync", "--verbose")
    done = fresh.run(*call, cwd=project, env=env)
    assert done.returncode == 0, done.stdout
    assert [path for path, _ in server.requests] == ["/all.zip"]
    server.answers.clear()
    refused = fresh.run(*call, cwd=project, env=env)
    assert refused.returncode == 1, refused.stdout
    assert server.address("/all.zip") in refused.stdout


def _closed() -> tuple[str | Path, ...]:
    if not no_sockets.possible():
        pytest.skip("sockets can be forbidden on Linux for x86-64 and arm64 only")
    return (sys.executable, "-I", ROOT / "tests/support/no_sockets.py")


def test_with_sockets_forbidden_each_hook_answers_the_same(project: Path, home: dict[str, str], tmp_path: Path) -> None:
    closed = _closed()
    open_, shut = _commit(project, home, BAD), _commit(project, home, BAD, *closed)
    all_said(shut)
    assert _timeless(shut.stdout) == _timeless(open_.stdout)
    git(project, "commit", "-q", "--no-verify", "-m", "Past the hooks")
    pushes = [_push(project, home, tmp_path, "HEAD:refs/heads/main", *prefix) for prefix in ((), closed)]
    assert [done.returncode for done in pushes] == [1, 1]
    assert "CVE-2018-18074" in pushes[1].stdout
    assert _timeless(pushes[1].stdout) == _timeless(pushes[0].stdout)
    git(project, "reset", "-q", "--hard", "HEAD~1")
    passed = _commit(project, home, GOOD, *closed)
    assert passed.returncode == 0, passed.stdout
    assert _push(project, home, tmp_path, "HEAD:refs/heads/main", *closed).returncode == 0


def test_with_sockets_forbidden_sync_says_so_and_leaves_the_data_as_they_were(
    project: Path, manager: str, home: dict[str, str], tmp_path: Path, server: https.Server
) -> None:
    closed = _closed()
    _mirror(project, server, tmp_path)
    git(project, "add", "-A")
    env = home | _trusting(server) | {"GOVSEC_CACHE_DIR": str(tmp_path / "own")}
    call = (fresh.tool(manager), "run", "--hook-stage", "manual", "govsec-sync", "--verbose")
    assert fresh.run(*call, cwd=project, env=env).returncode == 0
    before = _held(tmp_path / "own")
    stopped = fresh.run(*closed, *call, cwd=project, env=env)
    assert stopped.returncode == 1, stopped.stdout
    assert "Traceback" not in stopped.stdout
    assert _held(tmp_path / "own") == before
    assert len(server.requests) == 1


def _held(folder: Path) -> dict[str, bytes]:
    return {os.path.relpath(path, folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _timeless(text: str) -> list[str]:
    """Without what a clock or a chance decides: also not what a first run says of its set-up."""
    lines = [line for line in text.splitlines() if "duration" not in line and not line.startswith("[INFO]")]
    return [re.sub(r"\b[0-9a-f]{7,40}\b", "…", line) for line in lines]
