"""The installed command, in a process of its own, as a user starts it."""

import subprocess
import sys
from pathlib import Path


def govsec(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run ``govsec`` isolated; both outputs are kept as text."""
    command = [sys.executable, "-Im", "govsec_ci.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd, timeout=300)
