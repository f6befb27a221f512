"""Run the main job on the three examples and compare each verdict with the one in expected.toml.

Started by ``make demo``; exits 0 when all three are as expected.
"""

import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent


def main() -> int:
    """Run all examples; returns 0 when every verdict and exit code is the expected one."""
    expected = tomllib.loads((HERE / "expected.toml").read_text("utf-8"))
    with tempfile.TemporaryDirectory(prefix="govsec-demo-") as folder:
        answers = {name: judge(name, case, Path(folder) / name) for name, case in expected.items()}
    print(f"{'=' * 80}\nThe three examples, judged with the example advisories (a demonstration set, no database):\n")
    for name, code in answers.items():
        case = expected[name]
        mark = "as expected" if code == case["exit_code"] else f"UNEXPECTED: wanted exit {case['exit_code']}"
        print(f"  {case['verdict']:<11} {name:<15} exit {code}  ({mark})")
    return 0 if all(answers[name] == case["exit_code"] for name, case in expected.items()) else 1


def judge(name: str, case: dict[str, Any], out: Path) -> int:
    """One example through ``govsec run``; its summary is printed, its exit code returned."""
    now = case["now"].strftime("%Y-%m-%dT%H:%M:%SZ")
    print(f"{'=' * 80}\n$ govsec run examples/{name} --advisories examples/advisories --now {now}\n", flush=True)
    command = [
        sys.executable, "-Im", "govsec_ci.cli", "run", str(HERE / name), "--advisories", str(HERE / "advisories"),
        "--now", now, "--profile", str(case["profile"]), "--stage", str(case["stage"]), "--out", str(out),
        "--policy-ref", "none",  # the examples are judged as they stand, also in the CI of a pull request
    ]  # fmt: skip
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
