"""The installed command, in a process of its own, as a user starts it."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path


def govsec(
    *arguments: object, cwd: Path | None = None, variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run ``govsec`` isolated, with more environment variables; both outputs are kept as text."""
    command = [sys.executable, "-Im", "govsec_ci.cli", *map(str, arguments)]
    environment = os.environ | dict(variables or {})
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd, timeout=300, env=environment)
