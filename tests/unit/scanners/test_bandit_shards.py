import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govsec_ci.errors import ToolError
from govsec_ci.scanners import bandit_shards, early
from govsec_ci.scanners.bandit_shards import Job, Outcome, shards
from govsec_ci.system import process
from govsec_ci.system.process import Completed

FILES = st.dictionaries(st.text("abc", min_size=1), st.integers(0, 10_000_000)).map(lambda d: tuple(d.items()))


@given(FILES.filter(bool), st.integers(1, 8))
def test_every_file_is_in_exactly_one_shard(files: tuple[tuple[str, int], ...], jobs: int) -> None:
    parts = shards(files, jobs)
    assert sorted(path for part in parts for path in part) == sorted(path for path, _ in files)
    assert 1 <= len(parts) <= jobs
    assert all(parts)


def test_shards_are_of_about_equal_size() -> None:
    sizes = {f"{n}.py": n * 10_000 for n in range(1, 60)}
    weights = [sum(sizes[path] for path in part) for part in shards(tuple(sizes.items()), 3)]
    assert max(weights) - min(weights) < 20_000


def test_a_few_small_files_are_not_worth_a_second_process() -> None:
    assert shards((("a.py", 900), ("b.py", 900)), 8) == [["a.py", "b.py"]]


class Worker:
    """Stands for worker processes; ``dies`` says at which file one ends. Keeps the journal as the real one does."""

    def __init__(self, dies: Callable[[str, int], Completed | Exception | None]) -> None:
        self.dies = dies
        self.starts: list[list[str]] = []

    def run_module(self, module: str, *, timeout_s: float, stdin: bytes) -> Completed:
        assert module == early.BANDIT
        assert timeout_s > 0
        request = json.loads(stdin)
        self.starts.append(request["files"])
        out = [json.dumps({"tests": ["B101"]})]
        for number, path in enumerate(request["files"]):
            with Path(request["journal"]).open("a") as journal:
                journal.write(f"{number}\n")
            end = self.dies(path, len(self.starts))
            if isinstance(end, Exception):
                raise end
            if end is not None:
                return Completed(
                    exit_code=end.exit_code, stdout="\n".join(out).encode() + end.stdout, stderr=end.stderr, seconds=0
                )
            out.append(json.dumps({"path": path, "sha256": "", "length": 0, "results": [], "problems": []}))
        return Completed(exit_code=0, stdout="\n".join(out).encode(), stderr="", seconds=0)


def ended(exit_code: int, stdout: bytes = b"", stderr: str = "") -> Completed:
    return Completed(exit_code=exit_code, stdout=stdout, stderr=stderr, seconds=0)


def scan(monkeypatch: pytest.MonkeyPatch, worker: Worker, files: str, **fields: Any) -> Outcome:
    monkeypatch.setattr(process, "run_module", worker.run_module)
    given_: dict[str, Any] = {
        "root": Path("/tree"),
        "files": tuple((name, 10) for name in files.split()),
        "jobs": 1,
        "limit_bytes": 100,
        "timeout_s": 60.0,
        "file_s": 9.0,
        "progress": lambda done, total: None,
    }
    return bandit_shards.scan(Job(**(given_ | fields)))


def test_all_files_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    outcome = scan(monkeypatch, Worker(lambda path, start: None), "a b c")
    assert (sorted(outcome.lines), outcome.failures, outcome.tests) == (["a", "b", "c"], {}, ("B101",))


def test_a_killed_worker_costs_the_file_in_hand_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = Worker(lambda path, start: ended(-9) if path == "b" else None)
    outcome = scan(monkeypatch, worker, "a b c")
    assert sorted(outcome.lines) == ["a", "c"]
    assert outcome.failures == {"b": "not scanned: bandit's worker process was ended by signal 9"}
    assert worker.starts == [["a", "b", "c"], ["c"]]


def test_a_line_cut_off_by_the_kill_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = Worker(lambda path, start: ended(-9, stdout=b'\n{"path": "b", "resu') if path == "b" else None)
    assert set(scan(monkeypatch, worker, "a b").failures) == {"b"}


def test_a_failed_worker_is_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = Worker(lambda path, start: ended(1, stderr="Traceback\n  line\nMemoryError: no more\n\n"))
    assert scan(monkeypatch, worker, "a").failures == {
        "a": "not scanned: bandit's worker process failed (exit 1): MemoryError: no more"
    }


def test_a_file_that_takes_too_long_costs_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    said = ended(1, stderr="Timeout (0:00:09)!\nThread 0x00007f (most recent call first):\n")
    outcome = scan(monkeypatch, Worker(lambda path, start: said if path == "b" else None), "a b c")
    assert outcome.failures == {"b": "not scanned: bandit took longer than 9 s over this file and was stopped"}
    assert sorted(outcome.lines) == ["a", "c"]


def test_a_worker_that_says_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = Worker(lambda path, start: ended(1))
    assert scan(monkeypatch, worker, "a").failures["a"].endswith("it said nothing")


def test_a_worker_that_cannot_be_started_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = Worker(lambda path, start: ToolError("python could not be started"))
    assert scan(monkeypatch, worker, "a").failures == {"a": "not scanned: python could not be started"}


def test_a_worker_that_skips_a_file_in_silence_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = Worker(lambda path, start: ended(0) if path == "b" else None)
    outcome = scan(monkeypatch, worker, "a b c")
    assert outcome.failures == {"b": "not scanned: bandit said nothing about this file"}
    assert sorted(outcome.lines) == ["a", "c"]


def test_workers_that_die_again_and_again_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    files = " ".join(f"f{number:02}" for number in range(20))
    worker = Worker(lambda path, start: ended(-11))
    outcome = scan(monkeypatch, worker, files)
    assert len(outcome.failures) == 20
    assert len(worker.starts) == 8
    assert outcome.failures["f19"] == "not scanned: bandit's worker process ended too often before"


def test_when_time_is_up_every_file_left_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = Worker(lambda path, start: process.TimedOutError("python took longer than 1 s and was stopped"))
    outcome = scan(monkeypatch, worker, "a b c", timeout_s=0.0)
    assert outcome.failures == dict.fromkeys("abc", "not scanned: bandit took longer than 0 s and was stopped")


def test_a_worker_stopped_from_outside_costs_one_file(monkeypatch: pytest.MonkeyPatch) -> None:
    timed_out = process.TimedOutError("stopped")
    worker = Worker(lambda path, start: timed_out if path == "b" and start == 1 else None)
    outcome = scan(monkeypatch, worker, "a b c")
    assert set(outcome.failures) == {"b"}


def test_progress_ends_with_all_files(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[int, int]] = []
    scan(monkeypatch, Worker(lambda path, start: None), "a b", progress=lambda done, total: calls.append((done, total)))
    assert calls[-1] == (2, 2)


def test_no_file_is_no_work(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = Worker(lambda path, start: None)
    assert scan(monkeypatch, worker, "") == Outcome(lines={}, failures={}, tests=())
    assert worker.starts == []
