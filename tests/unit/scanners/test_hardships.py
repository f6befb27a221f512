"""Real worker processes that are killed, stopped, or left without room."""

import errno
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import pytest

from govsec_ci.config import Config, Timeouts
from govsec_ci.model import Run, ScanState
from govsec_ci.scanners import bandit_shards
from govsec_ci.scanners.bandit import BanditScanner
from govsec_ci.scanners.scan import scan
from govsec_ci.system import process
from tests.support.scanners import make_request, make_tree, notification, place, told

SLOW = "".join(f"x{n} = eval('{n}')\n" for n in range(12_000))


class Strike:
    """Sends a signal to the first worker that is seen at work, and remembers whom it hit."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.pids: list[int] = []
        self.lock = threading.Lock()

    def __call__(self, _scanner: str, done: int, _total: int) -> None:
        with self.lock:
            if done > 1 and not self.pids and process._live:
                self.pids = [child.pid for child in process._live]
                for pid in self.pids:
                    os.kill(pid, self.number)


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_a_worker_killed_mid_run_costs_the_file_in_hand(tmp_path: Path) -> None:
    tree = make_tree(tmp_path, {"a.py": "eval('1')\n", "slow.py": SLOW})
    strike = Strike(signal.SIGKILL)
    run = BanditScanner().scan(make_request(tree, progress=strike)).run
    assert run.state is ScanState.INCOMPLETE
    failed = notification(run, "file-not-scanned")
    assert failed.text == "slow.py: not scanned: bandit's worker process was ended by signal 9"
    assert [place(result) for result in run.results] == [("a.py", 1)]
    assert (run.targets, run.scope) == (1, 2)
    assert all(is_gone(pid) for pid in strike.pids)


@pytest.mark.full
def test_a_worker_that_stands_still_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bandit_shards, "_GRACE_S", 0.2)
    tree = make_tree(tmp_path, {"a.py": "eval('1')\n", "slow.py": SLOW})
    strike = Strike(signal.SIGSTOP)
    config = Config(timeouts=Timeouts(bandit_s=8.0))
    run = BanditScanner().scan(make_request(tree, progress=strike, config=config)).run
    assert run.state is ScanState.INCOMPLETE
    assert ("file-not-scanned", "error") in told(run)
    assert any("took longer than 8 s" in one.text for one in run.notifications)
    assert strike.pids
    assert all(is_gone(pid) for pid in strike.pids)


def test_without_room_for_temporary_files_the_run_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full() -> NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(process, "neutral_folder", full)
    (output,) = scan(make_request(make_tree(tmp_path, {"a.py": ""})), only=["bandit"])
    assert output.run.state is ScanState.INCOMPLETE
    failed = notification(output.run, "scanner-failed")
    assert failed.text == "the scanner bandit failed: No space left on device"
    assert "TMPDIR" in failed.next_step


@contextmanager
def full_disk(folder: Path) -> Iterator[Path]:
    """A mounted file system of a few pages, with hardly any of them free."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k,nr_inodes=32", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("a file system cannot be mounted here")
    try:
        with (folder / "filler").open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"\0" * 4096)
            except OSError:
                yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=False)


@pytest.mark.full
def test_on_a_full_disk_results_are_whole_or_the_run_says_that_they_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = make_tree(tmp_path / "tree", {"a.py": "eval('1')\n", "b.py": "eval('1')\n"})
    with full_disk(tmp_path / "disk") as disk:
        monkeypatch.setattr("tempfile.tempdir", str(disk))
        (output,) = scan(make_request(tree), only=["bandit"])
    assert _is_whole(output.run) or output.run.state is ScanState.INCOMPLETE


def _is_whole(run: Run) -> bool:
    return run.state is ScanState.COMPLETE and [place(result) for result in run.results] == [("a.py", 1), ("b.py", 1)]
