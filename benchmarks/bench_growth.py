"""How a whole run grows with the number of files and of components: seconds, and the exponent over all sizes.

    python benchmarks/bench_growth.py [--rounds N] [--files N…] [--components N…]    (the machine should be quiet)

Files: copies of one of our own modules, each with a line that makes it another file; cold, and again with nothing
changed. Components: lines of one requirements.txt, of which one in twenty has a vulnerability, beside one file. Time
grows with the size to the power of the exponent; the fixed part of a run makes that less than 1, so the last two sizes
are compared apart. Results: bench_whole.py.
"""

import argparse
import functools
import json
import math
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

# The path had to be set first.
from benchmarks.bench_run import NOW, Seconds, call, compile_all, machine, seconds, tool  # noqa: E402 — as there

FILES = (100, 1_000, 10_000)
COMPONENTS = (100, 1_000, 10_000)
_ONE_VULNERABLE_IN = 20


def main() -> int:
    """Measure and print the tables; always 0 (nothing is asserted)."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--files", type=int, nargs="*", default=FILES)
    parser.add_argument("--components", type=int, nargs="*", default=COMPONENTS)
    given = parser.parse_args()
    print(machine())
    compile_all()
    with tempfile.TemporaryDirectory(prefix="govsec-bench-") as folder:
        work = Path(folder)
        os.environ["GOVSEC_CACHE_DIR"] = str(work / "cache")
        advisories = write_advisories(work / "osv", max(given.components, default=0))
        for name, sizes, make in (("files", given.files, of_files), ("components", given.components, of_components)):
            print_growth(name, [(size, *measured(make, size, work, advisories, given.rounds)) for size in sizes])
    return 0


def of_files(tree: Path, count: int) -> None:
    """``count`` Python files, a hundred to a folder."""
    source = (ROOT / "govsec_ci/scanners/scope.py").read_text("utf-8")
    for number in range(count):
        file = tree / f"p{number // 100}/m{number}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"# {number}\n{source}", "utf-8")
    (tree / "requirements.txt").write_text("c0==1.0\n")


def of_components(tree: Path, count: int) -> None:
    """``count`` pinned components, and one file."""
    tree.mkdir(parents=True)
    (tree / "app.py").write_text("x = 1\n")
    (tree / "requirements.txt").write_text("".join(f"c{number}==1.0\n" for number in range(count)))


def write_advisories(folder: Path, count: int) -> Path:
    """OSV records for one component in twenty."""
    folder.mkdir()
    for number in range(0, max(count, 1), _ONE_VULNERABLE_IN):
        record = {
            "id": f"PYSEC-2024-{number}",
            "modified": "2024-01-01T00:00:00Z",
            "published": "2024-01-01T00:00:00Z",
            "summary": "A weakness.",
            "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
            "affected": [
                {
                    "package": {"ecosystem": "PyPI", "name": f"c{number}"},
                    "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.1"}]}],
                }
            ],
        }
        (folder / f"{record['id']}.json").write_text(json.dumps(record))
    return folder


def measured(
    make: Callable[[Path, int], None], size: int, work: Path, advisories: Path, rounds: int
) -> tuple[Seconds, Seconds]:
    """Medians of a cold run and of one with nothing changed."""
    tree = work / "tree"
    make(tree, size)
    command = [tool("govsec"), "run", str(tree), "--advisories", str(advisories), "--now", NOW]
    again = functools.partial(call, [*command, "--out", str(work / "out"), "--quiet"])
    again()  # the index of advisories is made once, as in any pipeline
    cold, warm = [], []
    for _ in range(rounds):
        call([tool("govsec"), "cache", "clear"])
        cold.append(seconds(again))
        warm.append(seconds(again))
    shutil.rmtree(tree)
    return _median(cold), _median(warm)


def _median(found: Sequence[Seconds]) -> Seconds:
    walls, busy = zip(*found, strict=True)
    return statistics.median(walls), statistics.median(busy)


def print_growth(name: str, rows: Sequence[tuple[int, Seconds, Seconds]]) -> None:
    """One line a size, and the exponents of processor time."""
    print(f"\n{name:>12}{'cold s':>10}{'cpu s':>8}{'again s':>10}{'cpu s':>8}")
    for size, cold, warm in rows:
        print(f"{size:>12,}{cold[0]:>10.2f}{cold[1]:>8.2f}{warm[0]:>10.2f}{warm[1]:>8.2f}", flush=True)
    for what, few in (("exponent, all", 0), ("exponent, last", -2)):
        if len(rows) > 1:
            print(f"{what:>22}{_exponent(rows, few, 1):>8.2f}{'':>10}{_exponent(rows, few, 2):>8.2f}")


def _exponent(rows: Sequence[tuple[int, Seconds, Seconds]], few: int, column: int) -> float:
    (least, *a), (most, *b) = rows[few], rows[-1]
    return math.log(b[column - 1][1] / a[column - 1][1]) / math.log(most / least)


if __name__ == "__main__":
    sys.exit(main())
