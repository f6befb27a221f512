"""system/files.py: the walk, limited reads, whole-or-nothing writes."""

import contextlib
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govsec_ci.errors import InputError, UsageError
from govsec_ci.system import files


def _make(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")


def test_walk_lists_files_sorted_and_names_what_it_left_out(tmp_path: Path) -> None:
    _make(
        tmp_path, "b.py", "a/z.py", ".git/config", "a/__pycache__/z.pyc", "env/pyvenv.cfg", "env/lib/x.py", "x.egg/y.py"
    )
    tree = files.walk(tmp_path)
    assert tree.files == ("a/z.py", "b.py")
    assert [(skip.path, skip.reason) for skip in tree.skipped] == [
        (".git", "version control or tool cache"),
        ("a/__pycache__", "version control or tool cache"),
        ("env", "virtual environment"),
        ("x.egg", "installed egg"),
    ]


def test_walk_leaves_out_output_folders_by_name_and_by_marker(tmp_path: Path) -> None:
    _make(tmp_path, "src.py", "out/results.sarif", "older/results.sarif")
    (tmp_path / "older/.gitignore").write_text(files.MARKER)
    tree = files.walk(tmp_path, leave_out=(tmp_path / "out",))
    assert tree.files == ("src.py",)
    assert {skip.path for skip in tree.skipped} == {"out", "older"}


def test_links_inside_are_followed_to_files_only_and_links_outside_are_refused(tmp_path: Path) -> None:
    root = tmp_path / "tree"
    _make(root, "real.py", "folder/in.py")
    _make(tmp_path, "outside.py")
    (root / "alias.py").symlink_to("real.py")
    (root / "loop").symlink_to("folder", target_is_directory=True)
    (root / "out.py").symlink_to(tmp_path / "outside.py")
    (root / "dangling.py").symlink_to("nothing")
    tree = files.walk(root)
    assert tree.files == ("alias.py", "folder/in.py", "real.py")
    assert {entry.path: entry.reason for entry in tree.refused} == {
        "out.py": "a link that leads out of the tree",
        "dangling.py": "a link that leads nowhere",
    }


def test_a_fifo_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.py")
    assert files.walk(tmp_path).refused == (files.Skipped(path="pipe.py", reason="not a regular file"),)


def test_a_folder_that_cannot_be_listed_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(path: object) -> object:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "scandir", denied)
    tree = files.walk(tmp_path)
    assert tree.refused == (files.Skipped(path=".", reason="folder cannot be listed: Permission denied"),)


def test_walk_goes_deeper_than_pythons_stack(tmp_path: Path) -> None:
    folder = os.open(tmp_path, os.O_RDONLY)
    for _ in range(sys.getrecursionlimit() * 6 // 10):  # no more: pytest has to remove them, one call a level
        os.mkdir("d", dir_fd=folder)
        inner = os.open("d", os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = inner
    os.close(os.open("x.py", os.O_CREAT, dir_fd=folder))
    os.close(folder)
    assert [name.rpartition("/")[2] for name in files.walk(tmp_path).files] == ["x.py"]


@pytest.mark.parametrize("kind", ["fifo", "link"])
def test_a_marker_that_cannot_be_read_marks_nothing(tmp_path: Path, kind: str) -> None:
    _make(tmp_path, "a/x.py")
    marker = tmp_path / "a" / ".gitignore"
    os.mkfifo(marker) if kind == "fifo" else marker.symlink_to("/dev/zero")
    tree = files.walk(tmp_path)
    assert tree.files == ("a/x.py",)
    assert [one.path for one in tree.refused] == ["a/.gitignore"]


def test_read_limited(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    assert files.read_limited(path, limit_bytes=5) == b"12345"
    with pytest.raises(InputError, match="larger than the limit of 4 bytes"):
        files.read_limited(path, limit_bytes=4)
    with pytest.raises(InputError, match="not a regular file"):
        files.read_limited(tmp_path, limit_bytes=4)
    with pytest.raises(InputError, match="No such file"):
        files.read_limited(tmp_path / "missing", limit_bytes=4)


def test_read_limited_refuses_a_name_that_no_file_can_have(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no file can have this name"):
        files.read_limited(tmp_path / "a\0b", limit_bytes=9)


def test_read_limited_refuses_a_fifo_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="not a regular file"):
        files.read_limited(tmp_path / "pipe", limit_bytes=4)


@given(st.binary(min_size=1, max_size=40).filter(lambda name: b"\0" not in name))
def test_any_path_survives_the_way_through_a_uri(name: bytes) -> None:
    path = os.fsdecode(name)
    uri = files.path_to_uri(path)
    assert uri.isascii()
    assert files.uri_to_path(uri) == path


def test_a_first_segment_with_a_colon_is_no_scheme() -> None:
    assert files.path_to_uri("c:/x y.py") == "c%3A/x%20y.py"


def test_write_atomic_replaces_whole_and_leaves_no_temporary(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file"
    files.write_atomic(path, b"one")
    files.write_atomic(path, b"two")
    assert path.read_bytes() == b"two"
    assert [entry.name for entry in path.parent.iterdir()] == ["file"]


def test_write_atomic_names_what_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UsageError, match="cannot be written"):
        files.write_atomic(tmp_path / "file" / "x", b"")


def test_write_atomic_keeps_the_old_file_when_the_disk_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UsageError, match="No space left on device"):
        files.write_atomic(path, b"new")
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize(
    ("gone", "refused"), [("sub/.out.new-x", []), ("sub/app", ["sub/app/"]), (".out.new-x", ["x"])]
)
def test_only_what_another_run_took_away_may_be_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gone: str, refused: list[str]
) -> None:
    _make(tmp_path, f"{gone}/app.py", "sub/kept.py")
    listed = os.scandir

    def scandir(folder: str) -> "contextlib.AbstractContextManager[Iterator[os.DirEntry[str]]]":
        if folder == str(tmp_path / gone):
            raise FileNotFoundError(2, "No such file or directory")
        return listed(folder)

    monkeypatch.setattr(os, "scandir", scandir)
    tree = files.walk(tmp_path, leave_out=(tmp_path / "sub/out",))
    assert len(tree.refused) == len(refused)
    assert tree.files == ("sub/kept.py",)


def test_staged_folder_replaces_as_a_whole(tmp_path: Path) -> None:
    target = tmp_path / "out"
    for content in ("one", "two"):
        with files.staged_folder(target, keep=False) as staging:
            (staging / content).write_text(content)
    assert sorted(path.name for path in target.iterdir()) == [".gitignore", "two"]
    assert (target / ".gitignore").read_text() == files.MARKER
    assert stat.S_IMODE(target.stat().st_mode) == 0o700
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_staged_folder_may_start_from_the_earlier_one(tmp_path: Path) -> None:
    target = tmp_path / "out"
    with files.staged_folder(target, keep=False) as staging:
        (staging / "one").write_text("1")
    with files.staged_folder(target, keep=True) as staging:
        (staging / "two").write_text("2")
    assert {path.name for path in target.iterdir()} == {".gitignore", "one", "two"}


def test_an_error_inside_leaves_the_earlier_folder_untouched(tmp_path: Path) -> None:
    target = tmp_path / "out"
    with files.staged_folder(target, keep=False) as staging:
        (staging / "one").write_text("1")
    with pytest.raises(ZeroDivisionError), files.staged_folder(target, keep=False) as staging:
        (staging / "two").write_text(str(1 / 0))
    assert {path.name for path in target.iterdir()} == {".gitignore", "one"}
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_folder_that_is_not_ours_is_never_replaced(tmp_path: Path) -> None:
    _make(tmp_path, "out/thesis.txt")
    with pytest.raises(UsageError, match="did not write"), files.staged_folder(tmp_path / "out", keep=False):
        pass
    assert (tmp_path / "out/thesis.txt").exists()


@pytest.mark.parametrize("kind", ["file", "link"])
def test_a_target_that_is_no_folder_is_refused(tmp_path: Path, kind: str) -> None:
    target = tmp_path / "out"
    if kind == "file":
        target.write_text("x")
    else:
        (tmp_path / "elsewhere").mkdir()
        target.symlink_to("elsewhere", target_is_directory=True)
    with pytest.raises(UsageError, match="is not a folder"), files.staged_folder(target, keep=False):
        pass


def test_an_unwritable_parent_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError, match="cannot be written"), files.staged_folder(tmp_path / "file/out", keep=False):
        pass


def test_a_full_disk_inside_the_block_is_said_and_changes_nothing(tmp_path: Path) -> None:
    target = tmp_path / "out"
    with pytest.raises(UsageError, match="No space left"), files.staged_folder(target, keep=False):
        raise OSError(28, "No space left on device")
    assert list(tmp_path.iterdir()) == []


def _die_after(steps: int, patched: pytest.MonkeyPatch) -> None:
    """Let the process "die" at the removal that follows ``steps`` others."""
    done = []

    def counted(remove: Callable[..., None]) -> Callable[..., None]:
        def removed(path: Path, **given: bool) -> None:
            done.append(path)
            if len(done) > steps:
                raise KeyboardInterrupt
            remove(path, **given)

        return removed

    patched.setattr(Path, "unlink", counted(Path.unlink))
    patched.setattr(Path, "rmdir", counted(Path.rmdir))


@pytest.mark.parametrize("steps", range(6))
def test_what_a_kill_leaves_of_an_earlier_folder_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    target, left = tmp_path / "out", tmp_path / ".out.previous"
    with files.staged_folder(target, keep=False) as staging:
        _make(staging, "a")
    _make(left, "a", "deep/b", "z")
    (left / ".gitignore").write_text(files.MARKER)
    with monkeypatch.context() as patched, contextlib.suppress(KeyboardInterrupt):
        _die_after(steps, patched)
        files.recover(target)
    with files.staged_folder(target, keep=True):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("name", [".out.new-x", ".out.previous"])
def test_a_link_in_the_place_of_a_leftover_is_not_followed(tmp_path: Path, name: str) -> None:
    with files.staged_folder(tmp_path / "evidence", keep=False) as staging:
        _make(staging, "verdict.json")
    (tmp_path / name).symlink_to(tmp_path / "evidence")
    files.recover(tmp_path / "out")
    assert (tmp_path / "evidence" / "verdict.json").exists()
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", [".out.previous", ".out.lock", ".out.old-1", ".out.new-x"])
def test_what_others_call_as_we_do_is_left_alone_and_in_nobodys_way(tmp_path: Path, name: str) -> None:
    _make(tmp_path, f"{name}/theirs")
    for _ in range(2):
        with files.staged_folder(tmp_path / "out", keep=False) as staging:
            _make(staging, "verdict.json")
    assert sorted(path.name for path in tmp_path.rglob("*")) == sorted(
        [".gitignore", name, "out", "theirs", "verdict.json"]
    )


@pytest.mark.parametrize("kind", ["fifo", "link", "link to a folder", "socket"])
def test_what_is_no_file_is_not_copied_from_the_earlier_folder(tmp_path: Path, kind: str) -> None:
    target = tmp_path / "out"
    with files.staged_folder(target, keep=False) as staging:
        _make(staging, "runs/bandit.sarif")
    odd = target / "runs" / "odd"
    if kind == "fifo":
        os.mkfifo(odd)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as made, contextlib.chdir(odd.parent):
            made.bind(odd.name)
    else:
        odd.symlink_to("bandit.sarif" if kind == "link" else tmp_path, target_is_directory="folder" in kind)
    refused = pytest.raises(InputError, match="runs/odd: is neither a file nor a folder")
    with refused, files.staged_folder(target, keep=True):
        pytest.fail("the work began")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


_WRITER = """
import pathlib, sys
from govsec_ci.system.files import staged_folder
for number in range(int(sys.argv[3])):
    with staged_folder(pathlib.Path(sys.argv[1]), keep=bool(number % 2)) as staging:
        for name in "abcdefgh":
            (staging / name).write_text(sys.argv[2] + str(number))
"""


def test_runs_that_end_at_once_leave_one_whole_folder(tmp_path: Path) -> None:
    target, times = tmp_path / "out", 40
    command = [sys.executable, "-c", _WRITER, str(target)]
    writers = [subprocess.Popen([*command, who, str(times)], stderr=subprocess.PIPE) for who in "xyz"]
    seen = set()
    while any(writer.poll() is None for writer in writers):
        files.recover(target)
        seen.add(target.exists())
    assert [writer.communicate()[1].decode() for writer in writers] == ["", "", ""]
    left = {(target / name).read_text() for name in "abcdefgh"}
    assert len(left) == 1
    assert left <= {f"{who}{times - 1}" for who in "xyz"}
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert True in seen


def test_runs_that_end_at_once_where_nothing_can_be_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "out"
    with files.staged_folder(target, keep=False) as staging:
        _make(staging, "one")
    monkeypatch.setattr(files, "_wait_for", lambda place, target: None)
    rename, others = os.rename, iter([tmp_path / "theirs"])

    def between(source: Path, into: Path) -> None:
        other = next(others, None)
        rename(source, into)
        if other:  # another run puts its folder into the place that has just been cleared
            _make(other, "theirs")
            (other / ".gitignore").write_text(files.MARKER)
            rename(other, into if into == target else target)

    with files.staged_folder(target, keep=False) as staging:
        _make(staging, "two")
        monkeypatch.setattr(os, "rename", between)
    assert {path.name for path in target.iterdir()} == {".gitignore", "two"}
    files.recover(target)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def _cannot_rename(monkeypatch: pytest.MonkeyPatch) -> None:
    def held(source: Path, into: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "rename", held)
    monkeypatch.setattr(files, "_NEXT_TRY_S", 0.0)


def test_a_folder_that_somebody_holds_open_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows, where nothing that is open can be renamed."""
    target = tmp_path / "out"
    with files.staged_folder(target, keep=False) as staging:
        _make(staging, "one")
    told = pytest.raises(UsageError, match="out: cannot be replaced: Permission denied")
    with monkeypatch.context() as patched, told, files.staged_folder(target, keep=False):
        _cannot_rename(patched)
    assert {path.name for path in target.iterdir()} == {".gitignore", "one"}


def test_an_earlier_bundle_that_cannot_be_put_back_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "out"
    with files.staged_folder(target, keep=False) as staging:
        _make(staging, "one")
    target.rename(tmp_path / ".out.previous-1")
    with monkeypatch.context() as patched:
        _cannot_rename(patched)
        with pytest.raises(UsageError) as caught:
            files.recover(target)
    assert ".out.previous-1: the earlier bundle cannot be put back" in caught.value.what
    assert caught.value.next_step == "close what shows it, and rename it to out"
    files.recover(target)
    assert (target / "one").exists()


def test_leftovers_that_cannot_be_removed_stop_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "out"
    for name in (".out.previous-1", ".out.previous-2"):
        _make(tmp_path, f"{name}/.gitignore")
        (tmp_path / name / ".gitignore").write_text(files.MARKER)
    target.mkdir()
    monkeypatch.setattr(files, "_discard", lambda previous, target: None)
    for content in ("one", "two"):
        with files.staged_folder(target, keep=False) as staging:
            _make(staging, content)
    assert {path.name for path in target.iterdir()} == {".gitignore", "two"}


def test_who_waits_too_long_for_another_run_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_TURN_S", 0.05)
    target = tmp_path / "out"
    told = pytest.raises(UsageError, match="another run is just replacing it")
    with files._turn(target), told, files.staged_folder(target, keep=False):
        pytest.fail("the work began")


@pytest.mark.skipif(sys.platform != "linux", reason="file permissions as Linux has them")
def test_another_users_leftover_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".out.new-x").mkdir()

    def denied(_: Path) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "iterdir", denied)
        files.recover(tmp_path / "out")
    assert (tmp_path / ".out.new-x").exists()


def test_a_folder_that_another_run_is_making_is_left_alone(tmp_path: Path) -> None:
    target = tmp_path / "out"
    with files.staged_folder(target, keep=False) as staging:
        with files.staged_folder(target, keep=False) as other:
            (other / "two").write_text("2")
        assert staging.exists()
        (staging / "one").write_text("1")
    assert {path.name for path in target.iterdir()} == {".gitignore", "one"}


def test_an_error_that_has_nothing_to_do_with_writing_is_not_told_as_one(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), files.staged_folder(tmp_path / "out", keep=False):
        (tmp_path / "missing").read_bytes()
    assert list(tmp_path.iterdir()) == []


def test_a_replacement_killed_between_its_two_renames_is_mended(tmp_path: Path) -> None:
    target = tmp_path / "out"
    with files.staged_folder(target, keep=False) as staging:
        (staging / "one").write_text("1")
    target.rename(tmp_path / ".out.previous")
    with files.staged_folder(target, keep=True) as staging:
        assert (staging / "one").exists()
    for leftover in (".out.previous", ".out.new-abc"):
        (tmp_path / leftover).mkdir()
        (tmp_path / leftover / ".gitignore").write_text(files.MARKER)
    with files.staged_folder(target, keep=True):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.skipif(sys.platform != "linux", reason="file permissions as Linux has them")
def test_walk_sees_an_unreadable_folder_for_an_ordinary_user(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o000)
    code = (
        "import pathlib, sys; from govsec_ci.system.files import walk; print(walk(pathlib.Path(sys.argv[1])).refused)"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    if os.geteuid() == 0:  # root reads everything unless it gives that right up
        command = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", *command]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    closed.chmod(0o700)
    assert "folder cannot be listed: Permission denied" in done.stdout
