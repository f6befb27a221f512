"""``govsec-gate``: the whole run, as ``govsec run`` does it."""

import sys

from govsec_ci import cli


def main(argv: list[str] | None = None) -> int:
    """Entry point: every option of ``govsec run`` may be given."""
    return cli.main(["run", *(sys.argv[1:] if argv is None else argv)])
