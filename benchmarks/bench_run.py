"""The whole way over a large project, against its scanners alone and its peers: ratios in one run, medians.

    python benchmarks/bench_run.py [--rounds N] [--only WORD…] [--json FILE]    (the machine should be quiet)

The subject is the Django 5.2.4 sdist (2,818 files, 489k lines), fetched from the package index. Every round takes each
row once, so that what else the machine does falls on all rows alike; what is to be prepared before a row is not timed.
Seconds of wall clock, and of processor time with all child processes; those of the slowest scanner are taken inside of
a process of its own, without its start. Peers that are not on PATH are left out: `npm install -g
@microsoft/sarif-multitool`, `pip install sarif-tools uv`. How it grows with the tree: bench_growth.py.

With --json every figure is kept as pyperf keeps it: `python -m pyperf compare_to BEFORE AFTER` says what a change did.
"""

import argparse
import compileall
import functools
import math
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterable
from importlib import metadata
from pathlib import Path

import pyperf

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.support.sdists import unpacked  # noqa: E402 — the path had to be set first

SCRIPTS = Path(sysconfig.get_path("scripts"))
NOW = "2024-10-12T00:00:00Z"
PINS = "asgiref==3.8.1\nsqlparse==0.5.1\ntzdata==2024.2\n"

Job = Callable[[], float | None]
"""What is timed; it may say itself how many seconds of wall clock count."""
Row = tuple[Callable[[], None], Job]
"""What is done before, and what is timed."""
Seconds = tuple[float, float]
"""Of wall clock, and of processor time."""

SLOWEST = "our slowest scanner alone (bandit)"
_SLOWEST = """
import os, pathlib, sys, time
from datetime import UTC, datetime
from govsec_ci.app import steps, target
from govsec_ci.config import Config
from govsec_ci.scanners.bandit import BanditScanner
from govsec_ci.scanners.base import ScanRequest
from govsec_ci.model import Stage

path = pathlib.Path(sys.argv[1])
found = target.open_target(path, out=path / "none", config=Config(), environment=None)
options = steps.Options(path=path, out=path / "none", now=datetime.now(UTC), jobs=os.cpu_count(), cache=False)
request = steps._request(found, options, steps.Located())
started = time.perf_counter()
BanditScanner().scan(request)
print(time.perf_counter() - started)
"""


def main() -> int:
    """Measure and print the tables; always 0 (nothing is asserted)."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="*", default=[], help="rows whose name holds one of these words")
    parser.add_argument("--json", type=Path, help="keep every figure in this new file, for `pyperf compare_to`")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="govsec-bench-") as folder:
        work = Path(folder)
        os.environ["GOVSEC_CACHE_DIR"] = str(work / "cache")
        print(machine(), versions(), sep="\n")
        compile_all()
        rows = jobs(subject(work), work)
        chosen = {name: job for name, job in rows.items() if not given.only or any(w in name for w in given.only)}
        found = measured(chosen, given.rounds)
        print_table(found)
        print_overhead(found)
    if given.json:
        pyperf.BenchmarkSuite([kept(name, rounds) for name, rounds in found.items()]).dump(str(given.json))
    return 0


def machine() -> str:
    """What it was measured on, and how busy that was."""
    model = next((line for line in _lines(Path("/proc/cpuinfo")) if line.startswith("model name")), "").partition(": ")[
        2
    ]
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    known = f"{os.cpu_count()} processors {model}, Python {platform.python_version()}, load before: {load}"
    return f"{known}, ten million additions: {pace():.2f} s"


def pace() -> float:
    """Seconds of processor time of a piece of Python that never changes: a shared machine is not always as fast."""
    started, total = time.process_time(), 0
    for number in range(10_000_000):
        total += number
    return time.process_time() - started


def compile_all() -> None:
    """As pip does: a checkout whose byte code is missing or old may be compiled anew by every process."""
    for folder in ("govsec_ci", "hooks"):
        compileall.compile_dir(ROOT / folder, quiet=2)


def versions() -> str:
    """Of the tools that are measured."""
    return ", ".join(f"{name} {metadata.version(name)}" for name in ("bandit", "pip-audit", "cyclonedx-bom", "zizmor"))


def _lines(file: Path) -> Iterable[str]:
    return file.read_text().splitlines() if file.exists() else ()


def subject(work: Path) -> Path:
    """Django, with pins to audit, in a repository of its own."""
    found = unpacked("django", "5.2.4", work)
    (found / "requirements.txt").write_text(PINS)
    for arguments in (
        ["init", "-q"],
        ["add", "-A"],
        ["-c", "user.name=n", "-c", "user.email=n@n", "commit", "-qm", "n"],
    ):
        call(["git", "-C", str(found), *arguments])
    return found


def jobs(subject: Path, work: Path) -> dict[str, Row]:
    """Name → row."""
    one = subject / "django/http/request.py"
    every = [tool("bandit"), "-q", "-r", str(subject), "-f", "json", "-o", str(work / "b")]
    bare, hook = [tool("bandit"), "-q", str(one)], [tool("govsec-hook-bandit"), str(one)]
    return {
        "bandit -r": (nothing, lambda: call(every)),
        "bandit, pip-audit, cyclonedx-py in turn": (nothing, lambda: script(subject, work)),
        "govsec run, cold": (lambda: forget(work), lambda: run(subject, work)),
        "govsec run, unchanged": (nothing, lambda: run(subject, work)),
        "govsec run, one changed file": (lambda: change(one), lambda: run(subject, work)),
        "govsec run --no-cache": (nothing, lambda: run(subject, work, "--no-cache")),
        SLOWEST: (nothing, lambda: slowest(subject)),
        "bandit FILE": (nothing, lambda: call(bare)),
        "hook, one changed file": (lambda: change(one), lambda: call(hook, cwd=subject)),
        "hook, the same again": (nothing, lambda: call(hook, cwd=subject)),
        "govsec --version": (nothing, lambda: call([tool("govsec"), "--version"])),
        "gate + report over that bundle": (nothing, lambda: later_steps(work)),
        **peers(subject, work),
    }


def nothing() -> None:
    """No preparation."""


def peers(subject: Path, work: Path) -> dict[str, Row]:
    """Other tools over the same input, where they are installed."""
    log = str(work / "out/results.sarif")
    commands = {
        "sarif-multitool merge": ["sarif-multitool", "merge", log, log, f"--output-directory={work}", "--force"],
        "sarif-tools summary": ["sarif", "summary", log],
        "uv audit (needs the network)": ["uv", "audit", "--directory", str(subject)],
    }
    present = {name: [found, *command[1:]] for name, command in commands.items() if (found := tool(command[0]))}
    return {name: (nothing, functools.partial(call, command)) for name, command in present.items()}


def tool(name: str) -> str:
    """A command of this environment, else of PATH, else empty."""
    own = SCRIPTS / name
    return str(own) if own.exists() else shutil.which(name) or ""


def run(subject: Path, work: Path, *more: str) -> None:
    """``govsec run``, everything on."""
    command = [tool("govsec"), "run", str(subject), "--advisories", str(ROOT / "examples/advisories")]
    call([*command, "--now", NOW, "--out", str(work / "out"), "--quiet", *more])


def slowest(subject: Path) -> float:
    """Seconds of our slowest scanner over the tree, uncached, with nothing beside it."""
    said = subprocess.run([sys.executable, "-c", _SLOWEST, str(subject)], check=True, capture_output=True, cwd=ROOT)
    return float(said.stdout)


def forget(work: Path) -> None:
    """Remove the bundle and what was found in files before; the index of advisories stays, as in any pipeline."""
    shutil.rmtree(work / "out", ignore_errors=True)
    call([tool("govsec"), "cache", "clear"])


def change(file: Path) -> None:
    """Add a line that no run has seen, and stage it."""
    with file.open("a") as text:
        text.write(f"# {time.time_ns()}\n")
    call(["git", "-C", str(file.parent), "add", str(file)])


def later_steps(work: Path) -> None:
    """The gate and the reports over the bundle as it is."""
    for step in (["gate", "--now", NOW], ["report"]):
        call([tool("govsec"), *step, "--out", str(work / "out"), "--quiet"])


def script(subject: Path, work: Path) -> None:
    """The three tools one after another; pip-audit without the network, so its share is its start-up."""
    pins = str(subject / "requirements.txt")
    call([tool("bandit"), "-q", "-r", str(subject), "-f", "json", "-o", str(work / "b.json")])
    call([tool("pip-audit"), "--dry-run", "--disable-pip", "--no-deps", "-r", pins])
    call([tool("cyclonedx-py"), "requirements", pins, "-o", str(work / "s.json")])


def call(command: list[str], cwd: Path | None = None) -> None:
    """Run to the end, whatever the exit code."""
    subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=cwd)


def measured(rows: dict[str, Row], rounds: int) -> dict[str, list[Seconds]]:
    """Seconds of each row, round by round."""
    found: dict[str, list[Seconds]] = {name: [] for name in rows}
    for number in range(rounds):
        for name, (before, job) in rows.items():
            before()
            found[name].append(seconds(job))
            print(f"round {number + 1}: {name}: {found[name][-1][0]:.2f} s", file=sys.stderr, flush=True)
    return found


def seconds(job: Job) -> Seconds:
    """Of one call."""
    started, busy = time.perf_counter(), processor()
    told = job()
    return time.perf_counter() - started if told is None else told, processor() - busy


def processor() -> float:
    """Seconds of processor time of all children until now."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def kept(name: str, rounds: list[Seconds]) -> pyperf.Benchmark:
    """A row's wall clocks with the machine they were taken on, one of pyperf's runs a round."""
    return pyperf.Benchmark([pyperf.Run([wall], metadata={"name": name, "unit": "second"}) for wall, _ in rounds])


def print_table(rows: dict[str, list[Seconds]]) -> None:
    """Medians, the median distance from them, the whole spread, and the ratio of wall clocks to bare bandit."""
    walls = {name: kept(name, rounds) for name, rounds in rows.items()}
    bare = walls["bandit -r"].median() if "bandit -r" in walls else math.nan
    print(f"{'what':<42} {'wall s':>8} {'+-':>6} {'spread':>8} {'cpu s':>8} {'x bandit -r':>12}")
    for name, wall in walls.items():
        median, spread = wall.median(), max(wall.get_values()) - min(wall.get_values())
        busy = statistics.median(busy for _, busy in rows[name])
        figures = f"{median:>8.2f} {wall.median_abs_dev():>6.2f} {spread:>8.2f} {busy:>8.2f} {median / bare:>12.3f}"
        print(f"{name:<42} {figures}")


def print_overhead(rows: dict[str, list[Seconds]]) -> None:
    """What a run costs beside its slowest scanner."""
    if SLOWEST in rows and "govsec run --no-cache" in rows:
        whole, part = (statistics.median(wall for wall, _ in rows[name]) for name in ("govsec run --no-cache", SLOWEST))
        print(f"{'start to finish, over the slowest scanner':<42} {whole - part:>8.2f}")


if __name__ == "__main__":
    sys.exit(main())
