"""system/git.py: what git says, and that nothing a repository configures runs."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from govsec_ci.errors import ToolError
from govsec_ci.model import Subject
from govsec_ci.system import git, process

_IDENTITY = ("-c", "user.name=Tester", "-c", "user.email=tester@example.org")


def _git(folder: Path, *arguments: str) -> None:
    environment = os.environ | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run(["git", *_IDENTITY, *arguments], cwd=folder, check=True, capture_output=True, env=environment)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    _git(folder, "init", "-q", "-b", "main")
    (folder / "a.py").write_text("x = 1\n")
    _git(folder, "add", ".")
    _git(folder, "commit", "-q", "-m", "first")
    return folder


def test_no_checkout(tmp_path: Path) -> None:
    assert git.inspect(tmp_path) is None
    assert git.subject("name", "1", None) == Subject(name="name", version="1")


def test_no_git_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert git.inspect(tmp_path) is None
    with pytest.raises(ToolError, match="git is not installed"):
        git.run_git(tmp_path, "status")


@pytest.mark.parametrize("asked", ["log", "config", "ls-files", "status"])
def test_what_git_cannot_say_is_unknown_and_no_error(
    repository: Path, monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    real = git.run_git

    def hangs(folder: Path, *arguments: str) -> process.Completed:
        if arguments[0] == asked:
            raise process.TimedOutError("git took longer than 60 s and was stopped")
        return real(folder, *arguments)

    monkeypatch.setattr(git, "run_git", hangs)
    found = git.inspect(repository)
    assert found is not None
    known = (found.commit is not None, found.committed_s is not None, found.index is not None, not found.dirty)
    lacking = {"log": (0, 1), "ls-files": (2, 3), "status": (3,), "config": ()}[asked]
    assert known == tuple(number not in lacking for number in range(4))


def test_a_clean_and_a_dirty_checkout(repository: Path) -> None:
    clean = git.inspect(repository)
    assert clean is not None
    assert clean.commit is not None
    assert len(clean.commit) == 40
    assert clean.committed_s is not None
    assert not clean.dirty
    (repository / "b.py").write_text("")
    dirty = git.inspect(repository)
    assert dirty is not None
    assert dirty.dirty
    assert git.subject("n", "", dirty) == Subject(name="n", commit=clean.commit, dirty=True)


@pytest.mark.parametrize("told", ["--assume-unchanged", "--skip-worktree"])
def test_a_file_that_git_is_told_to_overlook_is_no_proof_of_a_clean_tree(repository: Path, told: str) -> None:
    tracked = subprocess.run(["git", "-C", str(repository), "ls-files"], check=True, capture_output=True, text=True)
    name = tracked.stdout.split()[0]
    subprocess.run(["git", "-C", str(repository), "update-index", told, name], check=True)
    (repository / name).write_text("something else\n")
    found = git.inspect(repository)
    assert found is not None
    assert found.dirty


def test_a_submodule_at_another_commit_than_is_recorded_is_a_change(repository: Path) -> None:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "protocol.file.allow=always")

    def run(folder: Path, *arguments: str) -> None:
        subprocess.run(["git", "-C", str(folder), *identity, *arguments], check=True, capture_output=True)

    inner = repository.parent / "inner"
    run(repository.parent, "init", "-q", str(inner))
    run(inner, "commit", "-q", "--allow-empty", "-m", "one")
    run(repository, "submodule", "--quiet", "add", str(inner), "lib")
    run(repository, "commit", "-q", "-m", "a submodule")
    recorded = git.inspect(repository)
    run(repository / "lib", "commit", "-q", "--allow-empty", "-m", "two")
    moved = git.inspect(repository)
    assert recorded is not None
    assert moved is not None
    assert (recorded.dirty, moved.dirty) == (False, True)
    run(repository, "commit", "-q", "-a", "-m", "the other commit")
    again = git.inspect(repository)
    (repository / "lib" / "new.py").touch()
    changed = git.inspect(repository)
    assert again is not None
    assert changed is not None
    assert (again.dirty, changed.dirty) == (False, True), "what is not committed in it is judged as well"


def test_before_the_first_commit(tmp_path: Path) -> None:
    _git(tmp_path, "init", "-q")
    checkout = git.inspect(tmp_path)
    assert checkout is not None
    assert (checkout.commit, checkout.committed_s) == (None, None)


@pytest.mark.parametrize("committer", ["", "committer T <t@example.org>\n", "committer T <t@example.org> then +0000\n"])
def test_a_commit_without_a_time_is_known_without_one(repository: Path, committer: str) -> None:
    def write(kind: str, content: str) -> str:
        argv = ["git", "hash-object", "-t", kind, "-w", "--literally", "--stdin"]
        done = subprocess.run(argv, cwd=repository, input=content, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    commit = write("commit", f"tree {write('tree', '')}\nauthor T <t@example.org> 1 +0000\n{committer}\nforged\n")
    (repository / ".git/refs/heads/main").write_text(f"{commit}\n")
    checkout = git.inspect(repository)
    assert checkout is not None
    assert (checkout.commit, checkout.committed_s) == (commit, None)


def test_nothing_that_the_repository_configures_runs(repository: Path, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    trap = tmp_path / "trap.sh"
    trap.write_text(f"#!/bin/sh\ntouch {canary}\ncat\n")
    trap.chmod(0o755)
    for key in (
        "core.fsmonitor",
        "core.pager",
        "diff.external",
        "filter.trap.clean",
        "filter.trap.process",
        "gpg.program",
    ):
        _git(repository, "config", key, str(trap))
    _git(repository, "config", "filter.trap.required", "true")
    _git(repository, "config", "log.showSignature", "true")
    (repository / ".gitattributes").write_text("*.py filter=trap\n")
    (repository / "a.py").write_text("x = 2\n")
    checkout = git.inspect(repository)
    assert checkout is not None
    assert checkout.dirty
    assert not canary.exists()


def test_no_filter_runs_whatever_it_is_called(repository: Path, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    with (repository / ".git" / "config").open("a") as config:
        config.write(f'[filter "a=b"]\n\tclean = touch {canary}; cat\n\trequired = true\n')
        config.write(f'[filter "c=d=e"]\n\tprocess = touch {canary}\n')
    (repository / ".gitattributes").write_text("a.py filter=a=b\nb.py filter=c=d=e\n")
    (repository / "a.py").write_text("x = 2\n")
    checkout = git.inspect(repository)
    assert checkout is not None
    assert checkout.dirty
    git.run_git(
        repository,
        "diff",
        "--",
        ".",
        variables={"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "x.y", "GIT_CONFIG_VALUE_0": ""},
    )
    assert not canary.exists()


def test_a_repository_among_the_files_does_not_answer_for_the_tree(repository: Path) -> None:
    inner = repository / "inner"
    _git(repository, "init", "-q", "--bare", "inner")
    (inner / "config").write_text("[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tworktree = .\n")
    (inner / "x.py").write_text("")
    _git(inner, "--git-dir=.", "--work-tree=.", "add", "x.py")
    _git(inner, "--git-dir=.", "--work-tree=.", "commit", "-q", "-m", "forged")
    assert git.inspect(inner) is None
    assert git.inspect(repository) is not None


@pytest.mark.parametrize(
    ("url", "remote"),
    [
        ("https://user:secret@example.org/a/b.git", "https://example.org/a/b.git"),
        ("https://example.org/a", "https://example.org/a"),
        ("https://user:secret@example.org:8443/a?token=secret", "https://example.org:8443/a"),
        ("https://user@[::1]:8443/a", "https://[::1]:8443/a"),
        ("https://[example.org/a", ""),
        ("https:///a", ""),
        ("/somewhere/else", ""),
        ("git@example.org:a/b.git", ""),
        ("ext::sh -c touch% canary", ""),
    ],
)
def test_the_remote_is_a_web_address_without_secrets_or_nothing(repository: Path, url: str, remote: str) -> None:
    _git(repository, "config", "remote.origin.url", url)
    checkout = git.inspect(repository)
    assert checkout is not None
    assert checkout.remote == remote
