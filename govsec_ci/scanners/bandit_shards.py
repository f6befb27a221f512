"""Scans a list of Python files with bandit in worker processes; every file comes back scanned or with a reason.

A worker that dies takes one file with it: its journal says which one, and a new worker goes on with the rest.
"""

import json
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from msgspec import Struct

from govsec_ci.errors import ToolError
from govsec_ci.scanners import bandit_wire
from govsec_ci.scanners.bandit_costs import NOTHING_KNOWN, Costs, weights
from govsec_ci.scanners.early import BANDIT
from govsec_ci.system import process

# Starting a worker costs as much as scanning about this much source.
_WORTH_A_WORKER_BYTES = 150_000
# A worker that dies again and again is no accident of one file.
_DEATHS_ALLOWED = 8
_GRACE_S = 15.0
_POLL_S = 0.2
# How faulthandler begins what it says when it ends a process.
_WATCHDOG = "Timeout ("
_DYING_WORDS_CHARACTERS = 400


class Job(Struct, frozen=True, kw_only=True):
    """What to scan and how; ``files`` are pairs of relative path and size in bytes.

    :param timeout_s: for all of it together; :param file_s: for one file
    :param progress: called with (done, total) from any thread
    :param costs: what files took when they were scanned last
    """

    root: Path
    files: tuple[tuple[str, int], ...]
    jobs: int
    limit_bytes: int
    timeout_s: float
    file_s: float
    progress: Callable[[int, int], None]
    costs: Costs = NOTHING_KNOWN


class Outcome(Struct, frozen=True, kw_only=True):
    """The worker's lines by path, why the remaining paths were not scanned, and the tests that were run."""

    lines: dict[str, dict[str, Any]]
    failures: dict[str, str]
    tests: tuple[str, ...]


Pool = Callable[[int], Executor]
"""Makes the executor that runs so many shards at once; a thread each will do, since each waits for its own process."""


def workers(files: Sequence[tuple[str, int]], jobs: int) -> int:
    """How many worker processes the files are worth, at most ``jobs``."""
    total = sum(size for _, size in files)
    return max(1, min(jobs, len(files), total // _WORTH_A_WORKER_BYTES))


def shards(files: Sequence[tuple[str, int]], jobs: int, costs: Costs = NOTHING_KNOWN) -> list[list[str]]:
    """Cut files into at most ``jobs`` lists that cost about the same, by size and by what is known of earlier scans.

    Each list begins with its smallest file: one that hangs a worker is likely a large one, and costs what comes after.
    """
    cost = weights(files, costs)
    found: list[list[str]] = [[] for _ in range(workers(files, jobs))]
    loads = [0.0] * len(found)
    for path, _ in sorted(files, key=lambda entry: (-cost[entry[0]], entry[0])):
        lightest = loads.index(min(loads))
        found[lightest].append(path)
        # An empty file is not free: opening and reporting it costs something.
        loads[lightest] += cost[path] + 500
    sizes = dict(files)
    return [sorted(part, key=lambda path: (sizes[path], path)) for part in found]


def scan(job: Job, pool: Pool = ThreadPoolExecutor) -> Outcome:
    """Scan all files of ``job``; never raises for what the files hold or a worker does."""
    parts = shards(job.files, job.jobs, job.costs) if job.files else []
    with process.neutral_folder() as folder:
        every = [_Shard(job, part, folder / str(number)) for number, part in enumerate(parts)]
        with _Progress(job, [shard.journal for shard in every]), pool(max(1, len(every))) as executor:
            for future in [executor.submit(shard.run) for shard in every]:
                future.result()
    return Outcome(
        lines={path: line for shard in every for path, line in shard.lines.items()},
        failures={path: why for shard in every for path, why in shard.failures.items()},
        tests=tuple(sorted({test for shard in every for test in shard.tests})),
    )


class _Shard:
    def __init__(self, job: Job, files: list[str], journal: Path) -> None:
        self.job = job
        self.files = files
        self.journal = journal
        self.deadline = time.monotonic() + job.timeout_s
        self.lines: dict[str, dict[str, Any]] = {}
        self.failures: dict[str, str] = {}
        self.tests: set[str] = set()
        journal.touch()

    def run(self) -> None:
        for _ in range(_DEATHS_ALLOWED):
            rest = self._rest()
            if not rest:
                return
            why = self._attempt(rest)
            self._blame(rest, why)
        for path in self._rest():
            self.failures[path] = "not scanned: bandit's worker process ended too often before"

    def _rest(self) -> list[str]:
        return [path for path in self.files if path not in self.lines and path not in self.failures]

    def _attempt(self, rest: list[str]) -> str:
        """Let one worker scan ``rest``; returns why it ended early, or empty."""
        left_s = self.deadline - time.monotonic()
        if left_s <= 0:
            return self._out_of_time()
        try:
            done = process.run_module(BANDIT, timeout_s=left_s + _GRACE_S, stdin=self._request(rest, left_s))
        except process.TimedOutError:
            return self._out_of_time()
        except ToolError as error:
            return error.what
        self._take(done.stdout, frozenset(rest))
        return self._why_ended(done)

    def _request(self, rest: list[str], left_s: float) -> bytes:
        return json.dumps(
            {
                "root": str(self.job.root),
                "files": rest,
                "limit_bytes": self.job.limit_bytes,
                "deadline_s": left_s,
                "file_s": self.job.file_s,
                "journal": str(self.journal),
            }
        ).encode("ascii")

    def _take(self, stdout: bytes, asked: frozenset[str]) -> None:
        for line in filter(None, map(bandit_wire.decode, stdout.split(b"\n"))):
            if "tests" in line:
                self.tests |= set(line["tests"])
            elif line["path"] in asked:
                self.lines[line["path"]] = line

    def _why_ended(self, done: process.Completed) -> str:
        if done.exit_code == 0:
            return ""
        if time.monotonic() >= self.deadline:
            return self._out_of_time()
        if _WATCHDOG in done.stderr:
            return f"bandit took longer than {self.job.file_s:g} s over this file and was stopped"
        if done.exit_code < 0:
            return f"bandit's worker process was ended by signal {-done.exit_code}"
        said = _last_words(done.stderr).replace(str(self.job.root), ".")
        return f"bandit's worker process failed (exit {done.exit_code}): {said}"

    def _out_of_time(self) -> str:
        return f"bandit took longer than {self.job.timeout_s:g} s and was stopped"

    def _blame(self, rest: list[str], why: str) -> None:
        """The file in hand when a worker died is not tried again; when time is up, no file is."""
        missing = self._rest()
        if not missing:
            return
        if time.monotonic() >= self.deadline:
            self.failures |= {path: f"not scanned: {why or self._out_of_time()}" for path in missing}
            return
        begun = self._begun(rest)
        culprit = begun if begun in missing else missing[0]
        self.failures[culprit] = f"not scanned: {why or 'bandit said nothing about this file'}"

    def _begun(self, rest: list[str]) -> str:
        numbers = self.journal.read_bytes().split()
        return rest[int(numbers[-1])] if numbers and int(numbers[-1]) < len(rest) else ""


def _last_words(stderr: str) -> str:
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    return lines[-1][:_DYING_WORDS_CHARACTERS] if lines else "it said nothing"


class _Progress:
    """Tells how many files were begun, by the length of the workers' journals."""

    def __init__(self, job: Job, journals: list[Path]) -> None:
        self.job = job
        self.journals = journals
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> None:
        self.thread.start()

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self.thread.join()
        self.job.progress(len(self.job.files), len(self.job.files))

    def _watch(self) -> None:
        total = len(self.job.files)
        while not self.ended.wait(_POLL_S):
            begun = sum(journal.read_bytes().count(b"\n") for journal in self.journals)
            self.job.progress(min(begun, total), total)
