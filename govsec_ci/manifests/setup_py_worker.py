"""The child that parses a long ``setup.py``: the program on standard input, what is to be said of it as JSON out."""

import sys

import msgspec

from govsec_ci.manifests.setup_py import judge


def main() -> None:
    """Answer with the pair that :func:`~govsec_ci.manifests.setup_py.judge` gives."""
    sys.stdout.buffer.write(msgspec.json.encode(judge(sys.stdin.buffer.read())))


if __name__ == "__main__":
    main()
