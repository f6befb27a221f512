"""Time of the gate: many results judged by three profiles.

    python benchmarks/bench_gate.py [RESULTS…]        (default: 1000 10000 100000)

Results are half of code, half of dependencies, in 4 runs, with 200 rules each; every tenth
result of code carries a suppression claim, and half of all have a first detection. Processor time, the best of three.
"""

import argparse
import time
from datetime import UTC, datetime, timedelta

from govsec_ci.formats import verdict as verdict_format
from govsec_ci.gate import profile
from govsec_ci.gate.evaluate import evaluate
from govsec_ci.model import (
    BaselineState,
    ComponentRef,
    Confidence,
    Evidence,
    FeedState,
    Fix,
    Kev,
    Location,
    Region,
    Result,
    Role,
    Rule,
    Run,
    ScanState,
    Severity,
    Ssvc,
    Stage,
    Subject,
    Suppression,
    SuppressionKind,
    SuppressionStatus,
    Vulnerability,
)

NOW = datetime(2026, 4, 1, tzinfo=UTC)
PROFILES = ("jp-gov", "us-bod-26-04", "us-fedramp-rev5")
RULES = 200
_SEVERITIES = (Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW, Severity.UNKNOWN)
_NOSEC = Suppression(
    kind=SuppressionKind.IN_SOURCE,
    status=SuppressionStatus.ACCEPTED,
    justification="a constant",
    origin="nosec",
    origin_id="B602",
)


def make_evidence(count: int) -> Evidence:
    """``count`` results in two runs of code and two of dependencies."""
    roles = (Role.SAST, Role.SAST, Role.SCA, Role.SCA)
    runs = tuple(_run(number, role, count // len(roles)) for number, role in enumerate(roles))
    return Evidence(subject=Subject(name="bench"), runs=runs, baseline=True)


def _run(number: int, role: Role, count: int) -> Run:
    sca = role is Role.SCA
    feeds = tuple(FeedState(feed=name, as_of=NOW, sha256="0" * 64, records=1) for name in ("osv", "kev"))
    return Run(
        id=f"run{number}",
        tool=f"tool{number}",
        version="1",
        role=role,
        state=ScanState.COMPLETE,
        rules=tuple(_rule(index, sca=sca) for index in range(RULES)),
        results=tuple(_result(number, index, sca=sca) for index in range(count)),
        advisories=feeds if sca else (),
    )


def _rule(index: int, *, sca: bool) -> Rule:
    if not sca:
        return Rule(id=f"R{index}")
    name = f"CVE-2024-{index:04}"
    kev = Kev(cve=name, date_added=NOW, due_date=NOW) if index % 20 == 0 else None
    ssvc = Ssvc(automatable="yes", technical_impact="total") if index % 2 else None
    vulnerability = Vulnerability(id=name, kev=kev, ssvc=ssvc, published=NOW - timedelta(days=index))
    return Rule(id=name, vulnerability=vulnerability)


def _result(number: int, index: int, *, sca: bool) -> Result:
    component = ComponentRef(name=f"c{index % 500}", version="1", purl=f"pkg:pypi/c{index % 500}@1", direct=True)
    return Result(
        rule_id=f"CVE-2024-{index % RULES:04}" if sca else f"R{index % RULES}",
        message="a weakness",
        severity=_SEVERITIES[index % len(_SEVERITIES)],
        confidence=Confidence.HIGH,
        locations=(Location(path=f"src/{index % 977}.py", region=Region(start_line=index % 999 + 1)),),
        fingerprints={"govsec/v1": f"{number}-{index:08}"},
        suppressions=(_NOSEC,) if index % 10 == 0 and not sca else (),
        baseline_state=BaselineState.UNCHANGED if index % 2 else BaselineState.NEW,
        first_detected=NOW - timedelta(days=index % 200) if index % 2 else None,
        component=component if sca else None,
        fix=Fix(nearest="2", versions=("2",)) if sca else None,
    )


def main() -> None:
    """Print one line a size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", nargs="*", type=int, default=[1000, 10_000, 100_000])
    profiles = [profile.load(name) for name in PROFILES]
    print(f"{'results':>10} {'evaluate':>10} {'write':>10}   by {', '.join(PROFILES)}")
    for count in parser.parse_args().results:
        evidence = make_evidence(count)
        times = []
        for _ in range(3):
            start = time.process_time()
            verdict = evaluate(evidence, profiles, now=NOW, stage=Stage.BUILD, engine="bench")
            times.append(time.process_time() - start)
        start = time.process_time()
        data = verdict_format.write(verdict)
        wrote = time.process_time() - start
        print(f"{count:>10,} {min(times):>8.2f} s {wrote:>8.2f} s   {len(data):,} bytes")


if __name__ == "__main__":
    main()
