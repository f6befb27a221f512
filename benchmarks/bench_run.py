"""The whole way over a large project, against its scanners alone: ratios in one run, medians.

    python benchmarks/bench_run.py [--rounds N]        (default: 1; the machine should be quiet)

The subject is the Django 5.2.4 sdist (2,818 files, 489k lines), fetched from the package index. Rows: bare bandit;
bandit, pip-audit and cyclonedx-py one after another, as a shell script would; `govsec run`, everything on, twice;
bandit over one file; `govsec --version`. Wall-clock seconds.
"""

import argparse
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.support.sdists import unpacked  # noqa: E402

SCRIPTS = Path(sysconfig.get_path("scripts"))
NOW = "2024-10-12T00:00:00Z"
PINS = "asgiref==3.8.1\nsqlparse==0.5.1\ntzdata==2024.2\n"


def main() -> int:
    """Measure and print the table; always 0 (nothing is asserted)."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=1)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory(prefix="govsec-bench-") as folder:
        work = Path(folder)
        subject = unpacked("django", "5.2.4", work)
        (subject / "requirements.txt").write_text(PINS)
        print_table({name: measure(job, rounds) for name, job in jobs(subject, work).items()})
    return 0


def jobs(subject: Path, work: Path) -> dict[str, Callable[[], None]]:
    """Name → what is timed."""
    one = subject / "django/http/request.py"
    govsec = [str(SCRIPTS / "govsec"), "run", str(subject), "--advisories", str(ROOT / "examples/advisories")]
    govsec += ["--now", NOW, "--out", str(work / "out"), "--quiet"]
    return {
        "bandit -r": lambda: call(
            [str(SCRIPTS / "bandit"), "-q", "-r", str(subject), "-f", "json", "-o", str(work / "b")]
        ),
        "bandit, pip-audit, cyclonedx-py in turn": lambda: script(subject, work),
        "govsec run, cold": lambda: call(govsec),
        "govsec run, again": lambda: call(govsec),
        "bandit FILE": lambda: call([str(SCRIPTS / "bandit"), "-q", str(one)]),
        "govsec --version": lambda: call([str(SCRIPTS / "govsec"), "--version"]),
    }


def script(subject: Path, work: Path) -> None:
    """The three tools one after another; pip-audit without the network, so its share is its start-up."""
    call([str(SCRIPTS / "bandit"), "-q", "-r", str(subject), "-f", "sarif", "-o", str(work / "b.sarif")])
    call(
        [str(SCRIPTS / "pip-audit"), "--dry-run", "--disable-pip", "--no-deps", "-r", str(subject / "requirements.txt")]
    )
    call([str(SCRIPTS / "cyclonedx-py"), "requirements", str(subject / "requirements.txt"), "-o", str(work / "s.json")])


def call(command: list[str]) -> None:
    """Run to the end, whatever the exit code."""
    subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def measure(job: Callable[[], None], rounds: int) -> list[float]:
    """Seconds of each round."""
    seconds = []
    for _ in range(rounds):
        started = time.perf_counter()
        job()
        seconds.append(time.perf_counter() - started)
    return seconds


def print_table(rows: dict[str, list[float]]) -> None:
    """Medians, spread, and the ratio to bare bandit."""
    bare = statistics.median(rows["bandit -r"])
    print(f"{'what':<42} {'median s':>9} {'spread s':>9} {'x bandit -r':>12}")
    for name, seconds in rows.items():
        median = statistics.median(seconds)
        print(f"{name:<42} {median:>9.2f} {max(seconds) - min(seconds):>9.2f} {median / bare:>12.3f}")


if __name__ == "__main__":
    sys.exit(main())
