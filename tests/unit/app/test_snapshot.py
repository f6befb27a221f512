"""What a hook judges is what git holds, byte by byte."""

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govsec_ci.app import snapshot
from govsec_ci.app.snapshot import Entry, Repository, committed, content, export, open_repository, staged
from govsec_ci.errors import ToolError, UsageError
from govsec_ci.system.files import Tree
from govsec_ci.system.git import MODULE
from tests.support.repositories import commit_all, git, new_repository

LIMIT = 1_000_000


@pytest.fixture
def top(tmp_path: Path) -> Path:
    return new_repository(tmp_path / "repo")


def take(top: Path, folder: Path, *names: str, limit: int = LIMIT) -> Tree:
    repository = open_repository(top, {})
    folder.mkdir()
    entries = staged(repository)
    return export(repository, entries, folder, lambda path: not names or path in names, limit_bytes=limit)


def test_the_index_is_exported_and_not_the_work_tree(top: Path, tmp_path: Path) -> None:
    (top / "a.py").write_bytes(b"staged\r\n")
    git(top, "add", "a.py")
    (top / "a.py").write_bytes(b"later\n")
    (top / "b.py").write_bytes(b"never added\n")
    tree = take(top, tmp_path / "out")
    assert tree.files == ("a.py",)
    assert (tmp_path / "out/a.py").read_bytes() == b"staged\r\n"


def test_only_wanted_paths_are_written(top: Path, tmp_path: Path) -> None:
    for name in ("a.py", "b.py"):
        (top / name).write_text(name)
    git(top, "add", "-A")
    assert take(top, tmp_path / "out", "b.py").files == ("b.py",)
    assert os.listdir(tmp_path / "out") == ["b.py"]


def test_odd_names_survive(top: Path, tmp_path: Path) -> None:
    names = ['it\'s "x".py', "a b/ü.py", "設定.py", "tab\there.py", "new\nline.py", "-n.py", os.fsdecode(b"\xff.py")]
    for name in names:
        (top / name).parent.mkdir(exist_ok=True)
        (top / name).write_text(name, errors="surrogateescape")
    git(top, "add", "-A")
    tree = take(top, tmp_path / "out")
    assert sorted(tree.files) == sorted(names)
    assert all((tmp_path / "out" / name).read_text(errors="surrogateescape") == name for name in names)


def test_no_filter_or_conversion_of_the_repository_runs(top: Path, tmp_path: Path) -> None:
    (top / "a.py").write_bytes(b"x = 1\n")
    git(top, "add", "a.py")
    (top / ".gitattributes").write_text("*.py filter=evil text eol=crlf ident\n")
    git(top, "config", "filter.evil.smudge", f"touch {tmp_path / 'pwned'}")
    git(top, "config", "core.fsmonitor", f"touch {tmp_path / 'pwned'}")
    take(top, tmp_path / "out", "a.py")
    assert (tmp_path / "out/a.py").read_bytes() == b"x = 1\n"
    assert not (tmp_path / "pwned").exists()


def test_links_count_as_the_file_they_lead_to(top: Path, tmp_path: Path) -> None:
    (top / "real.py").write_text("")
    (top / "good.py").symlink_to("real.py")
    (top / "bad.py").symlink_to("/etc/hostname")
    git(top, "add", "-A")
    tree = take(top, tmp_path / "out")
    assert tree.files == ("real.py",)
    assert [entry.path for entry in tree.refused] == ["bad.py"]


def test_too_large_is_refused(top: Path, tmp_path: Path) -> None:
    (top / "big.py").write_text("x" * 11)
    git(top, "add", "-A")
    tree = take(top, tmp_path / "out", limit=10)
    assert (tree.files, [entry.reason for entry in tree.refused]) == ((), ["larger than the limit"])


def test_many_bytes_come_in_several_batches(top: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "_BATCH_BYTES", 5)
    for name in "abc":
        (top / f"{name}.py").write_text(name * 4)
    git(top, "add", "-A")
    assert take(top, tmp_path / "out").files == ("a.py", "b.py", "c.py")
    assert (tmp_path / "out/b.py").read_text() == "bbbb"


def test_what_git_does_not_hold_is_refused(top: Path, tmp_path: Path) -> None:
    (top / "a.py").write_text("gone")
    git(top, "add", "-A")
    blob = git(top, "rev-parse", ":a.py").strip()
    (top / ".git/objects" / blob[:2] / blob[2:]).unlink()
    tree = take(top, tmp_path / "out")
    assert (tree.files, [entry.reason for entry in tree.refused]) == ((), ["git does not hold its content"])


def test_an_open_conflict_is_refused(top: Path, tmp_path: Path) -> None:
    (top / "a.py").write_text("base\n")
    commit_all(top, "base")
    git(top, "checkout", "-q", "-b", "other")
    (top / "a.py").write_text("theirs\n")
    commit_all(top, "theirs")
    git(top, "checkout", "-q", "main")
    (top / "a.py").write_text("ours\n")
    commit_all(top, "ours")
    with pytest.raises(subprocess.CalledProcessError):
        git(top, "merge", "other")
    tree = take(top, tmp_path / "out")
    assert (tree.files, [entry.reason for entry in tree.refused]) == ((), ["a merge conflict is open"])


def test_a_forged_index_leads_nowhere_else(top: Path, tmp_path: Path) -> None:
    (top / "a.py").write_text("x")
    git(top, "add", "-A")
    repository = open_repository(top, {})
    (entry,) = staged(repository)
    (tmp_path / "out").mkdir()
    forged = [Entry(path=path, mode=entry.mode, blob=entry.blob) for path in ("../up.py", "/abs.py", "a//b.py")]
    tree = export(repository, forged, tmp_path / "out", lambda _: True, limit_bytes=LIMIT)
    assert (tree.files, len(tree.refused)) == ((), 3)
    assert not (tmp_path / "up.py").exists()


def test_submodules_are_another_repository(top: Path, tmp_path: Path) -> None:
    repository = open_repository(top, {})
    module = Entry(path="sub.py", mode=MODULE, blob="0" * 40)
    (tmp_path / "out").mkdir()
    assert export(repository, [module], tmp_path / "out", lambda _: True, limit_bytes=LIMIT) == Tree(
        root=tmp_path / "out", files=()
    )


def test_a_commit_can_be_taken_instead(top: Path, tmp_path: Path) -> None:
    (top / "a.py").write_text("committed")
    commit = commit_all(top, "one")
    (top / "a.py").write_text("staged")
    git(top, "add", "-A")
    repository = open_repository(top, {})
    assert content(repository, committed(repository, commit), "a.py") == b"committed"
    assert content(repository, staged(repository), "a.py") == b"staged"
    assert content(repository, staged(repository), "b.py") is None


@pytest.mark.parametrize("name", ["no-such-branch", "--help", ""])
def test_a_commit_that_is_none_is_a_usage_error(top: Path, name: str) -> None:
    commit_all(top, "one")
    with pytest.raises(UsageError, match="is no commit"):
        committed(open_repository(top, {}), name)


def test_the_index_that_git_names_is_used(top: Path, tmp_path: Path) -> None:
    """`git commit FILE` hands its hooks a temporary index."""
    (top / "a.py").write_text("one")
    commit_all(top, "one")
    other = tmp_path / "index"
    other.write_bytes((top / ".git/index").read_bytes())
    (top / "b.py").write_text("two")
    environment = os.environ | {"GIT_INDEX_FILE": str(other)}
    subprocess.run(["git", "add", "b.py"], cwd=top, check=True, env=environment)
    assert [entry.path for entry in staged(open_repository(top, {}))] == ["a.py"]
    found = staged(open_repository(top, {"GIT_INDEX_FILE": str(other)}))
    assert [entry.path for entry in found] == ["a.py", "b.py"]
    relative = os.path.relpath(other, top)
    assert staged(open_repository(top, {"GIT_INDEX_FILE": relative})) == found


def test_outside_of_a_checkout_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no git checkout"):
        open_repository(tmp_path, {"GIT_CEILING_DIRECTORIES": "/"})


def test_a_git_that_fails_is_told(top: Path) -> None:
    with pytest.raises(ToolError, match="git cat-file ended with exit code"):
        Repository(top=top, head=None, variables={}).git("cat-file", "blob", "0" * 40)


@given(st.dictionaries(st.text("abc./ é\n", min_size=1), st.binary(max_size=50), max_size=4))
def test_listings_are_read_back(files: dict[str, bytes]) -> None:
    listing = b"".join(f"100644 {'a' * 40} 0\t{name}\0".encode() for name in files)
    assert [entry.path for entry in snapshot._index_entries(listing)] == list(files)
    listing = b"".join(f"100644 blob {'a' * 40}\t{name}\0".encode() for name in files)
    assert [entry.path for entry in snapshot._tree_entries(listing)] == list(files)
