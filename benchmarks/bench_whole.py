"""Merge, gate and every report over many results in 8 runs, with and without a baseline: one measurement, by two doors.

    python benchmarks/bench_whole.py [RESULTS…]        (default: 1000 10000 100000)

First as `govsec run` does it: one process, step by step, the sum against the budget (6 s and 500 MB at 100,000 results)
without and with the start of Python. `govsec run` imports and compiles what writes reports while its scanners run, so
nobody waits for that there; it writes the page and the summary, and every further format is asked for by a `govsec
report --format` of its own: here all are made from the one view, and written too. Then as the commands `govsec merge`,
`govsec gate`, `govsec report` and one such further format, each of which starts anew and reads what the one before it
wrote. Wall clock, processor time and peak memory of each; a peak is that of the process until then, so it only grows
from step to step of one process. Interpreter and imports count in the rows of whole processes and commands.

The results stand in 8 SARIF logs: six of static analysis, one of pipelines, one of dependencies with its advisories.
Those of code stand 50 to a file, one in twenty suppressed in its source; those of dependencies: 2,500 vulnerabilities
in 500 components, in five manifests each. Half of the results stand in the baseline too.
"""

import argparse
import atexit
import gc
import itertools
import json
import math
import os
import resource
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from govsec_ci.app import bundle, steps
from govsec_ci.config import Config
from govsec_ci.evidence.baseline import compare
from govsec_ci.evidence.fingerprints import fingerprint
from govsec_ci.formats import sarif
from govsec_ci.model import (
    ComponentRef,
    Evidence,
    FeedState,
    Fix,
    Location,
    Region,
    Result,
    Role,
    Rule,
    Run,
    ScanState,
    Severity,
    Subject,
    Vulnerability,
)
from govsec_ci.system.files import staged_folder, write_atomic

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import bench_sarif  # noqa: E402 — the path had to be set first

if TYPE_CHECKING:
    from govsec_ci.report.view import View

GOVSEC = Path(sysconfig.get_path("scripts")) / "govsec"
NOW = datetime(2026, 4, 1, tzinfo=UTC)
BEFORE = NOW - timedelta(days=40)
COMPONENTS, VULNERABILITIES = 500, 5
DISTINCT = COMPONENTS * VULNERABILITIES
BUDGET_S, BUDGET_MB = 6.0, 500
_SEVERITIES = (Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW, Severity.UNKNOWN)

NOW_GIVEN = ("--now", f"{NOW:%Y-%m-%dT%H:%M:%SZ}")

Measured = tuple[str, float, float, float]
"""What, seconds of wall clock, seconds of processor time, megabytes at the peak."""


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", nargs="*", type=int, default=[1_000, 10_000, 100_000])
    parser.add_argument("--way", choices=["in-one", "with-baseline", ""], default="", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.way:
        print(json.dumps(in_one(given.folder)))
        return
    from benchmarks.bench_run import compile_all, machine  # noqa: PLC0415 — what is measured imports no more than it needs

    print(machine())
    compile_all()
    for with_baseline in (False, True):
        grown = []
        for count in given.results:
            with tempfile.TemporaryDirectory(prefix="govsec-bench-") as work:
                made = prepare(Path(work) / "out", count, with_baseline=with_baseline)
                busy = print_tables(made, f"{count:,} results, {'with' if with_baseline else 'without'} a baseline")
                grown.append((count, busy))
        print_exponents(grown)


def prepare(folder: Path, count: int, *, with_baseline: bool) -> Path:
    """What `govsec scan` leaves behind: eight logs, what it was told, and the baseline. In a process of its own."""
    code = "import sys, pathlib; from benchmarks.bench_whole import write; "
    code += "write(pathlib.Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])"
    command = [sys.executable, "-c", code, str(folder), str(count), "baseline" if with_baseline else ""]
    subprocess.run(command, check=True, cwd=ROOT)
    return folder


def write(folder: Path, count: int, baseline: str) -> None:
    """See :func:`prepare`."""
    runs = make_runs(count)
    files = {}
    if baseline:
        files[bundle.BASELINE] = sarif.write(compare([_every_other(run) for run in runs], (), BEFORE))
    inputs = bundle.ScanInputs(
        subject=Subject(name="bench"),
        timestamp_s=int(NOW.timestamp()),
        expected={run.id: run.role for run in runs},
    )
    with staged_folder(folder, keep=False) as staged:
        bundle.write_runs(staged, runs)
        bundle.write_inputs(staged, inputs, Config(), files)


def make_runs(count: int) -> tuple[Run, ...]:
    """``count`` results in 8 runs, fingerprinted."""
    runs = list(bench_sarif.make_runs(count))
    runs[6] = replace(runs[6], role=Role.PIPELINE)
    runs[7] = _dependencies(len(runs[7].results))
    return tuple(fingerprint(run, lambda _: bench_sarif.SOURCE) for run in runs)


def _dependencies(count: int) -> Run:
    """Five vulnerabilities in each component, over and over in one manifest more."""
    feeds = tuple(FeedState(feed=name, as_of=NOW, sha256="0" * 64, records=1) for name in ("osv", "kev", "epss"))
    components = [
        ComponentRef(name=f"c{number}", version="1.0", purl=f"pkg:pypi/c{number}@1.0", direct=number % 3 == 0)
        for number in range(COMPONENTS)
    ]
    return Run(
        id="pip-audit",
        tool="pip-audit",
        version="2.10.1",
        role=Role.SCA,
        state=ScanState.COMPLETE,
        rules=tuple(_rule(number) for number in range(DISTINCT)[:count]),
        results=tuple(_dependency(number, components) for number in range(count)),
        targets=COMPONENTS,
        scope=COMPONENTS,
        advisories=feeds,
        audited=tuple(sorted(one.purl for one in components)),
    )


def _rule(number: int) -> Rule:
    name = f"CVE-2025-{number:05}"
    known = Vulnerability(
        id=name,
        aliases=(f"GHSA-{number:04x}-aaaa-bbbb", f"PYSEC-2025-{number}"),
        severity=_SEVERITIES[number % 5],
        published=BEFORE,
        summary="A weakness.",
    )
    return Rule(id=name, short="A weakness.", full="What it is.", help="Upgrade.", vulnerability=known)


def _dependency(number: int, components: Sequence[ComponentRef]) -> Result:
    part, index = divmod(number, DISTINCT)
    component = components[index // VULNERABILITIES]
    return Result(
        rule_id=f"CVE-2025-{index:05}",
        message=f"{component.name} {component.version} has a known vulnerability.",
        severity=_SEVERITIES[number % 5],
        locations=(
            Location(path=f"part{part}/requirements.txt", region=Region(start_line=index // VULNERABILITIES + 1)),
        ),
        component=component,
        fix=Fix(nearest="1.1", versions=("1.1", "2.0")),
    )


def _every_other(run: Run) -> Run:
    return replace(run, results=run.results[::2])


def print_tables(folder: Path, title: str) -> float:
    """Both doors over copies of one folder; returns the processor seconds of the first, with every format."""
    print(f"\n{title}\n{'':<4}{'what':<40}{'wall s':>8}{'cpu s':>8}{'peak MB':>9}")
    copy = shutil.copytree(folder, folder.with_name("copy"))
    command = [sys.executable, __file__, "--way", "in-one", "--folder", str(copy)]
    found: list[Measured] = []
    whole = measured("one process", command, lambda said: found.extend(json.loads(said)))
    further, (_, wall, busy, _) = found[-1], whole
    own = found[1:-1]
    asked = ("merge, gate, the bundle's reports", sum(row[1] for row in own), sum(row[2] for row in own), own[-1][3])
    written = ("one process, what `govsec run` writes", wall - further[1], busy - further[2], own[-1][3])
    for row in (*found, asked, written, ("one process, every format", *whole[1:])):
        print_row(row)
    print(f"{'':<4}budget at 100,000: {BUDGET_S:g} s, {BUDGET_MB} MB")
    rows = [measured(_title(one), [str(GOVSEC), *one, "--out", str(folder)]) for one in commands()]
    walls, spent, peaks = zip(*(row[1:] for row in rows), strict=True)
    for row in (*rows, ("the commands, one after another", sum(walls), sum(spent), max(peaks))):
        print_row(row)
    return busy


def print_exponents(grown: Sequence[tuple[int, float]]) -> None:
    """Processor time grows with the number of results to this power, from each size to the next."""
    for (few, before), (many, after) in itertools.pairwise(grown):
        print(f"{few:>12,} to {many:,} results: exponent {math.log(after / before) / math.log(many / few):.2f}")


def _title(command: Sequence[str]) -> str:
    return f"govsec {' '.join(one for one in command if one not in {*NOW_GIVEN, '--quiet'})}"


def commands() -> Sequence[tuple[str, ...]]:
    """The gate writes summary.md and report.html too; `report` does so again, for the table to show what it costs."""
    return ("merge", *NOW_GIVEN), ("gate", *NOW_GIVEN, "--quiet"), ("report", "--quiet"), ("report", "--format", "csv")


def in_one(folder: Path) -> list[Measured]:
    """Each step of the whole way in this process, and every format of the report."""
    gc.set_threshold(200_000, 50, 100)  # as the command does it, and so at the end
    atexit.register(gc.freeze)
    options = steps.Options(path=Path(), out=folder, now=NOW, profiles=(steps.DEFAULT_PROFILE,))
    rows = [timed("  prepare reports", steps.prepare_reports)]
    with staged_folder(folder.with_name("whole"), keep=False) as staged:
        for part in folder.iterdir():  # not copied: `govsec run` has its scanners' logs written there
            part.rename(staged / part.name)
        rows.append(timed("  merge", lambda: steps.merge_runs(options, staged, copy=False)))
        evidence: list[Evidence] = []
        rows.append(timed("  read results.sarif back", lambda: evidence.append(steps.read_evidence(staged))))
        rows.append(timed("  gate", lambda: steps.judge(options, staged, *evidence)))
        views: list[View] = []
        write = "  report: html, markdown, manifest"
        rows.append(timed(write, lambda: views.append(steps.report(options, staged, *evidence))))
        beside = folder.with_name("beside")
        rows.append(timed("  report: junit, csv, json, text", lambda: _other_formats(views[0], beside)))
    return rows


def _other_formats(view: "View", folder: Path) -> None:
    from govsec_ci.report.formats import FORMATS  # noqa: PLC0415 — its imports are part of what is measured

    for name in ("junit", "csv", "json", "text"):
        write_atomic(folder / FORMATS[name].file_name, FORMATS[name].render(view))


def timed(what: str, work: Callable[[], object]) -> Measured:
    """One step of this process."""
    started, busy = time.perf_counter(), time.process_time()
    work()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return what, time.perf_counter() - started, time.process_time() - busy, peak


def measured(what: str, command: list[str], tell: Callable[[bytes], object] = len) -> Measured:
    """One command from its start to its end; ``tell`` gets what it said."""
    started = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT)
    assert child.stdout is not None
    said = child.stdout.read()
    _, status, used = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - started
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in {0, 1, 3}:
        sys.exit(f"{what}: failed with {child.returncode}")
    tell(said)
    return what, seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def print_row(row: Measured) -> None:
    """One line of the table."""
    what, wall, busy, peak = row
    print(f"{'':<4}{what:<40}{wall:>8.2f}{busy:>8.2f}{peak:>9.0f}", flush=True)


if __name__ == "__main__":
    main()
