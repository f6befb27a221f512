"""Commands and exit codes; nothing else."""


def main() -> int:
    """Entry point; replaced as the commands are added."""
    raise SystemExit(2)
