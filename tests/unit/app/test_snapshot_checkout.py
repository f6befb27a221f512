"""The whole run judges a snapshot as if it were the checkout: bytes, commit, refs; what cannot be had stops it."""

import os
import subprocess
from pathlib import Path

import pytest

from govsec_ci.app import snapshot_checkout
from govsec_ci.app.snapshot import LINK, Entry, open_repository
from govsec_ci.app.snapshot_checkout import checkout
from govsec_ci.errors import ToolError, UsageError
from govsec_ci.scanners.python_files import is_script
from govsec_ci.system import git as safe_git
from govsec_ci.system.files import walk
from tests.support.repositories import commit_all, git, new_repository
from tests.support.staging import write


@pytest.fixture
def top(tmp_path: Path) -> Path:
    folder = new_repository(tmp_path / '設定 "q" $(touch pwned)')
    write(folder, {"a.py": "committed = 1\n"})
    commit_all(folder, "Begin")
    return folder


def test_a_commit_is_a_clean_checkout_whatever_lies_in_index_and_work_tree(top: Path) -> None:
    first = git(top, "rev-parse", "HEAD").strip()
    git(top, "remote", "add", "origin", "https://user:word@example.org/a.git")
    write(top, {"a.py": "staged = 1\n", "b.py": "new = 1\n"})
    git(top, "add", "-A")
    write(top, {"a.py": "work = 1\n", "c.py": "untracked = 1\n"})
    with checkout(open_repository(top, {}), "main") as root:
        assert root.name == top.name
        assert walk(root).files == ("a.py",)
        assert (root / "a.py").read_text() == "committed = 1\n"
        found = safe_git.inspect(root)
        assert found
        assert (found.commit, found.dirty, found.remote) == (first, False, "https://example.org/a.git")
        assert found.top.resolve() == root.resolve()
    assert not root.parent.exists()
    assert not list(top.parent.rglob("pwned"))


def test_what_may_be_run_still_may(top: Path) -> None:
    write(top, {"tool.sh": "#!/usr/bin/env python3\n"})
    (top / "tool.sh").chmod(0o755)
    commit_all(top, "A tool")
    with checkout(open_repository(top, {}), "HEAD") as root:
        assert is_script(root, "tool.sh")
        assert not os.access(root / "a.py", os.X_OK)
        found = safe_git.inspect(root)
        assert found
        assert found.dirty is False


def test_the_index_is_the_checkout_where_no_commit_is_named(top: Path) -> None:
    write(top, {"a.py": "staged = 1\n"})
    git(top, "add", "-A")
    write(top, {"a.py": "work = 1\n"})
    with checkout(open_repository(top, {}), None) as root:
        assert (root / "a.py").read_text() == "staged = 1\n"
        found = safe_git.inspect(root)
        assert found
        assert (found.commit, found.dirty) == (git(top, "rev-parse", "HEAD").strip(), True)


def test_before_the_first_commit_there_is_none(tmp_path: Path) -> None:
    folder = new_repository(tmp_path / "new")
    write(folder, {"a.py": "x = 1\n"})
    git(folder, "add", "-A")
    with checkout(open_repository(folder, {}), None) as root:
        found = safe_git.inspect(root)
        assert found
        assert (found.commit, walk(root).files) == (None, ("a.py",))


def test_refs_and_history_are_there_also_in_a_shallow_clone_and_a_linked_work_tree(top: Path, tmp_path: Path) -> None:
    for number in range(3):
        write(top, {"a.py": f"x = {number}\n"})
        commit_all(top, str(number))
    git(top, "tag", "-a", "v1", "-m", "v1")
    git(tmp_path, "clone", "-q", "--depth=2", f"file://{top}", "shallow")
    git(top, "worktree", "add", "-q", str(tmp_path / "linked"), "-b", "other")
    for folder, count in ((top, 4), (tmp_path / "shallow", 2), (tmp_path / "linked", 4)):
        name = "origin/main" if folder.name == "shallow" else "v1"
        with checkout(open_repository(folder, {}), "HEAD") as root:
            assert safe_git.run_git(root, "rev-list", "--count", name).stdout == b"%d\n" % count, folder
            assert safe_git.run_git(root, "diff", "--quiet", f"{name}~1", name, "--").exit_code == 1


def test_bytes_are_git_s_and_no_attribute_or_filter_of_the_tree_is_asked(top: Path, tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    data = b"a\r\n$Id$\nb\n"
    (top / "x.txt").write_bytes(data)
    commit_all(top, "Bytes")
    git(top, "config", "filter.evil.smudge", f"touch '{marker}'")
    git(top, "config", "filter.evil.clean", f"touch '{marker}'")
    git(top, "config", "core.fsmonitor", f"touch '{marker}'")
    (tmp_path / "attributes").write_text("* text eol=crlf ident filter=evil working-tree-encoding=UTF-16\n")
    blob = git(top, "hash-object", "-w", "--no-filters", str(tmp_path / "attributes")).strip()
    git(top, "update-index", "--add", "--cacheinfo", f"100644,{blob},.gitattributes")
    tree = git(top, "write-tree").strip()
    commit = git(top, "commit-tree", "-p", "HEAD", "-m", "Attributes", tree).strip()
    marker.unlink(missing_ok=True)
    with checkout(open_repository(top, {}), commit) as root:
        assert (root / "x.txt").read_bytes() == data
        found = safe_git.inspect(root)
        assert found
        assert not found.dirty
    assert not marker.exists()


def test_links_are_links_and_one_that_leads_out_is_refused_by_the_walk(top: Path) -> None:
    os.symlink("a.py", top / "in.py")
    os.symlink("/etc/passwd", top / "out.py")
    commit_all(top, "Links")
    with checkout(open_repository(top, {}), "HEAD") as root:
        tree = walk(root)
        assert tree.files == ("a.py", "in.py")
        assert [entry.path for entry in tree.refused] == ["out.py"]


def forged(top: Path, *lines: str) -> str:
    """A commit whose tree holds what git would not add."""
    made = subprocess.run(
        ["git", "mktree", "--missing"], cwd=top, input="".join(f"{line}\n" for line in lines), text=True,
        check=True, capture_output=True,
    )  # fmt: skip
    return git(top, "commit-tree", "-m", "Forged", made.stdout.strip()).strip()


def test_a_blob_that_git_does_not_hold_stops_the_run(top: Path) -> None:
    commit = forged(top, f"100644 blob {'1' * 40}\ta.py")
    with pytest.raises(ToolError, match=r"not everything can be judged: 'a.py': git does not hold"):
        enter(top, commit)


def enter(top: Path, commit: str) -> None:
    with checkout(open_repository(top, {}), commit):
        raise AssertionError


def test_a_tree_cannot_bring_a_git_folder_along(top: Path, tmp_path: Path) -> None:
    blob = git(top, "rev-parse", "HEAD:a.py").strip()
    inner = subprocess.run(
        ["git", "mktree"], cwd=top, input=f"100644 blob {blob}\tconfig\n", text=True, check=True, capture_output=True
    ).stdout.strip()
    for name in (".git", ".GIT", "git~1", ".git "):
        with pytest.raises(ToolError, match="not a path of a tree"):
            enter(top, forged(top, f"040000 tree {inner}\t{name}"))


def test_nothing_is_written_through_a_link(top: Path, tmp_path: Path) -> None:
    repository = open_repository(top, {})
    outside = tmp_path / "outside"
    outside.mkdir()
    git(top, "config", "core.safecrlf", "false")
    (tmp_path / "target").write_text(str(outside))
    blob = git(top, "hash-object", "-w", str(tmp_path / "target")).strip()
    root = tmp_path / "root"
    root.mkdir()
    entries = [Entry(path="d", mode=LINK, blob=blob), Entry(path="d/x", mode=LINK, blob=blob)]
    refused = list(snapshot_checkout._write(repository, entries, root))
    assert [one.path for one in refused] == ["d/x"]
    assert not list(outside.iterdir())
    again = list(snapshot_checkout._write(repository, entries[:1], root))
    assert again[0].reason.startswith("the link cannot be made")
    up = [Entry(path="../x", mode=LINK, blob=blob), Entry(path="../y", mode=safe_git.MODULE, blob=blob)]
    assert [one.reason for one in snapshot_checkout._write(repository, up, root)] == ["not a path of a tree"] * 2


def submodule(top: Path, tmp_path: Path) -> Path:
    library = new_repository(tmp_path / "library")
    write(library, {"lib.py": "x = 1\n"})
    commit_all(library, "A library")
    git(top, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(library), "vendor/library")
    commit_all(top, "Use it")
    return top / "vendor/library"


def test_a_submodule_is_judged_at_its_recorded_commit(top: Path, tmp_path: Path) -> None:
    inside = submodule(top, tmp_path)
    write(inside, {"lib.py": "changed = 1\n"})
    with checkout(open_repository(top, {}), "HEAD") as root:
        assert "vendor/library/lib.py" in walk(root).files
        assert (root / "vendor/library/lib.py").read_text() == "x = 1\n"
        found = safe_git.inspect(root)
        assert found
        assert not found.dirty
        assert [(one.path, one.here) for one in safe_git.read_index(root).submodules] == [("vendor/library", True)]


def test_one_that_is_not_here_stops_the_run_unless_it_is_out_of_scope(top: Path, tmp_path: Path) -> None:
    submodule(top, tmp_path)
    git(top, "submodule", "deinit", "-q", "-f", "vendor/library")
    with pytest.raises(ToolError, match=r"'vendor/library': a submodule whose recorded commit is not here"):
        enter(top, "HEAD")
    write(top, {"govsec.toml": 'exclude = ["vendor"]\n'})
    commit_all(top, "Not ours")
    with checkout(open_repository(top, {}), "HEAD") as root:
        assert walk(root).files == (".gitmodules", "a.py", "govsec.toml")


def test_a_folder_that_only_looks_like_the_submodule_is_not_taken(top: Path, tmp_path: Path) -> None:
    inside = submodule(top, tmp_path)
    write(inside, {"lib.py": "y = 1\n"})
    elsewhere = commit_all(inside, "Not fetched by anybody")
    git(top, "update-index", "--cacheinfo", f"160000,{'2' * 40},vendor/library")
    assert elsewhere
    with pytest.raises(ToolError, match="recorded commit is not here"), checkout(open_repository(top, {}), None):
        raise AssertionError


def test_an_open_merge_conflict_stops_the_run(top: Path) -> None:
    git(top, "checkout", "-q", "-b", "other")
    write(top, {"a.py": "x = 1\n"})
    commit_all(top, "One")
    git(top, "checkout", "-q", "main")
    write(top, {"a.py": "x = 2\n"})
    commit_all(top, "Another")
    with pytest.raises(subprocess.CalledProcessError):
        git(top, "merge", "-q", "other")
    with pytest.raises(ToolError, match="a merge conflict is open"), checkout(open_repository(top, {}), None):
        raise AssertionError


def test_what_is_no_commit_is_the_caller_s_mistake(top: Path) -> None:
    with pytest.raises(UsageError, match="is no commit"):
        enter(top, "no-such-branch")


def test_a_replaced_commit_is_judged_as_it_is_pushed(top: Path) -> None:
    first = git(top, "rev-parse", "HEAD").strip()
    write(top, {"a.py": "another = 1\n"})
    second = commit_all(top, "Another")
    git(top, "replace", second, first)
    with checkout(open_repository(top, {}), second) as root:
        assert (root / "a.py").read_text() == "another = 1\n"
        found = safe_git.inspect(root)
        assert found
        assert (found.commit, found.dirty) == (second, False)


def test_paths_that_git_does_not_take_stop_the_run(top: Path) -> None:
    with pytest.raises(ToolError, match="does not take"):
        snapshot_checkout._fill_index(top, [Entry(path="a", mode="100644", blob="no such")])


def test_a_repository_of_sha256_objects_too(tmp_path: Path) -> None:
    folder = tmp_path / "long"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main", "--object-format=sha256")
    write(folder, {"a.py": "x = 1\n"})
    commit = commit_all(folder, "Begin")
    with checkout(open_repository(folder, {}), "HEAD") as root:
        found = safe_git.inspect(root)
        assert found
        assert (found.commit, found.dirty) == (commit, False)
