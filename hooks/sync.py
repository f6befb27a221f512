"""``govsec-sync``: fetch advisory data, so that the other hooks work without a network."""

import sys

from govsec_ci import cli


def main(argv: list[str] | None = None) -> int:
    """Entry point: every option of ``govsec advisories sync`` may be given."""
    return cli.main(["advisories", "sync", *(sys.argv[1:] if argv is None else argv)])
