"""Time and peak memory of the SARIF way: build and write, load, fingerprint, merge, baseline and the GitHub copy.

    python benchmarks/bench_sarif.py [RESULTS…]        (default: 1000 10000 100000)

Results stand in 8 runs, 50 to a file, with rules and suppressions as scanners make them. Each line of the table is
measured in a process of its own, so that its peak is its own.
"""

import argparse
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from govsec_ci.evidence.baseline import compare
from govsec_ci.evidence.fingerprints import fingerprint
from govsec_ci.evidence.merge import merge
from govsec_ci.formats import sarif
from govsec_ci.model import (
    ComponentRef,
    Level,
    Location,
    Region,
    Result,
    Role,
    Rule,
    Run,
    ScanState,
    Severity,
    Suppression,
    SuppressionKind,
    SuppressionStatus,
)

RUNS = 8
PER_FILE = 50
_SEVERITIES = (Severity.LOW, Severity.MEDIUM, Severity.HIGH, Severity.UNKNOWN)
_LEVELS = (Level.NOTE, Level.WARNING, Level.ERROR, Level.WARNING)
_NOSEC = Suppression(
    kind=SuppressionKind.IN_SOURCE, status=SuppressionStatus.ACCEPTED, justification="a test key", origin="nosec"
)


def make_runs(count: int) -> tuple[Run, ...]:
    """``count`` results in 8 runs, without fingerprints."""
    return tuple(_run(number, count // RUNS) for number in range(RUNS))


def _run(number: int, count: int) -> Run:
    rules = tuple(
        Rule(id=f"R{number}{index:03}", short="A weakness.", full="What it is.", help="Mend it.", cwes=("CWE-78",))
        for index in range(70)
    )
    results = tuple(_result(number, index) for index in range(count))
    return Run(
        id=f"tool{number}",
        tool=f"Tool {number}",
        version="1.0",
        role=Role.SAST,
        state=ScanState.COMPLETE,
        rules=rules,
        results=results,
        targets=count // PER_FILE,
        scope=count // PER_FILE,
    )


def _result(run: int, index: int) -> Result:
    line = index % PER_FILE * 7 + 1
    region = Region(start_line=line, start_column=5, end_line=line + 1, end_column=20, snippet="subprocess.call(x)")
    place = Location(path=f"src/package{run}/part{index // 5000}/module{index // PER_FILE}.py", region=region)
    component = ComponentRef(name="jinja2", version="2.10", purl="pkg:pypi/jinja2@2.10") if index % 10 == 0 else None
    return Result(
        rule_id=f"R{run}{index % 70:03}",
        message=f"subprocess call with shell=True identified, security issue ({index}).",
        level=_LEVELS[index % 4],
        severity=_SEVERITIES[index % 4],
        locations=(place,),
        suppressions=(_NOSEC,) if index % 20 == 0 else (),
        component=component,
    )


SOURCE = b"\n".join(b"value_%d = call(argument_%d, shell=True)" % (line, line % 90) for line in range(360))


def _fingerprinted(count: int) -> tuple[Run, ...]:
    return tuple(fingerprint(run, lambda _: SOURCE) for run in make_runs(count))


def _earlier(count: int) -> tuple[Run, ...]:
    return compare(_fingerprinted(count), (), datetime(2026, 1, 1, tzinfo=UTC))


# Step → what it starts from (not timed), what is timed.
STEPS: dict[str, tuple[Callable[[int], Any], Callable[[Any], Any]]] = {
    "fingerprint": (make_runs, lambda runs: [fingerprint(run, lambda _: SOURCE) for run in runs]),
    "build + write": (_fingerprinted, sarif.write),
    "load": (lambda count: sarif.write(_fingerprinted(count)), sarif.load),
    "merge": (_fingerprinted, merge),
    "baseline": (
        lambda count: (_fingerprinted(count), _earlier(count)),
        lambda both: compare(both[0], both[1], datetime(2026, 2, 1, tzinfo=UTC)),
    ),
    "github copy": (_fingerprinted, lambda runs: sarif.github_copy(runs).data),
}


def _the_whole_way(logs: tuple[bytes, bytes]) -> None:
    """What ``govsec merge --baseline`` does: both logs read, merged and compared, two logs written."""
    runs = compare(merge(sarif.load(logs[0])), sarif.load(logs[1]), datetime(2026, 2, 1, tzinfo=UTC))
    sarif.write(runs)
    sarif.github_copy(runs)


STEPS["the whole way"] = (
    lambda count: (sarif.write(_fingerprinted(count)), sarif.write(_earlier(count))),
    _the_whole_way,
)


def measure(step: str, count: int) -> str:
    prepare, work = STEPS[step]
    start_from = prepare(count)
    before = _peak_mb()
    started, used = time.perf_counter(), time.process_time()
    work(start_from)
    return f"{time.perf_counter() - started:.2f} {time.process_time() - used:.2f} {before:.0f} {_peak_mb():.0f}"


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", nargs="*", type=int, default=[1_000, 10_000, 100_000])
    parser.add_argument("--step", choices=[*STEPS, ""], default="", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        print(measure(options.step, options.results[0]))
        return
    print(f"{'results':>9}  {'step':<14} {'seconds':>8} {'CPU s':>7} {'MB before':>10} {'MB peak':>8}")
    for count in options.results:
        for step in STEPS:
            argv = [sys.executable, __file__, "--step", step, str(count)]
            said = subprocess.run(argv, check=True, capture_output=True, text=True).stdout.split()
            print(f"{count:>9,}  {step:<14} {said[0]:>8} {said[1]:>7} {said[2]:>10} {said[3]:>8}", flush=True)


if __name__ == "__main__":
    main()
