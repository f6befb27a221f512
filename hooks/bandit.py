"""``govsec-bandit``: static analysis of the Python files that are staged.

bandit's own imports take as long as everything else here: they are under way before the command is imported.
"""

import sys

from govsec_ci.scanners.early import BANDIT
from govsec_ci.system import process


def main(argv: list[str] | None = None) -> int:
    """Entry point."""
    with process.started_early(BANDIT):
        from . import bandit_command, common  # noqa: PLC0415 — see above

        given = sys.argv[1:] if argv is None else argv
        return common.run(bandit_command.command, [_as_path(word) for word in given])


def _as_path(word: str) -> str:
    # pre-commit appends bare names: a file called "-h.py" must be scanned, not obeyed.
    return f"./{word}" if word.startswith("-") and word.endswith((".py", ".pyw")) else word
