"""Command lines of children that take long to start up, and are known before anything of the tree is.

Light on purpose: who starts them early has not yet imported what will ask them.
"""

import contextlib
from collections.abc import Iterator
from typing import Final

from govsec_ci.system import process

BANDIT: Final = "govsec_ci.scanners.bandit_worker"
PIP_AUDIT: Final = "govsec_ci.scanners.pip_audit_worker"
CYCLONEDX: Final = "cyclonedx_py"
SPEC: Final = "1.6"
"""Version of CycloneDX that is asked for: the one that ``formats.cyclonedx`` writes."""
CYCLONEDX_OPTIONS: Final = ("--sv", SPEC, "--of", "JSON", "--output-reproducible", "--no-validate")
"""Not validated by the tool: that takes it seconds, and the whole is validated before it is written."""
CYCLONEDX_REQUIREMENTS: Final = ("requirements", "-", *CYCLONEDX_OPTIONS)


@contextlib.contextmanager
def started() -> Iterator[None]:
    """Let the tools that nearly every run needs start up while the tree is walked."""
    with process.started_early(PIP_AUDIT), process.started_early(CYCLONEDX, CYCLONEDX_REQUIREMENTS):
        yield
