"""``python -m govsec_ci.cli``: the command, where its script is not on PATH or must not be looked for there."""

import sys

from govsec_ci.cli import main

if __name__ == "__main__":
    sys.exit(main())
