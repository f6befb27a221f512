"""Commands and exit codes; nothing else.

Imports of the use cases stand inside the commands: ``govsec --version`` and ``--help`` must not wait for scanners; and
this package imports its commands when they are asked for, because hooks take only their exit codes from here.
"""

import atexit
import gc
import signal

from govsec_ci.cli.exits import guarded


def main(argv: list[str] | None = None) -> int:
    """Entry point: the one place where an error becomes an exit code.

    :returns: the exit code (see ``govsec --help``); no other place ends the process
    """
    end_with_children()
    _collect_seldom()
    return guarded(lambda: _called(argv))


def _called(argv: list[str] | None) -> int:
    from govsec_ci.cli.commands import cli

    return cli.main(args=argv, prog_name="govsec", standalone_mode=False) or 0


def end_with_children() -> None:
    """Have a signal that ends this process end its children first, and remove what is half made."""
    from govsec_ci.system import process

    def stop(_signal: int, _frame: object) -> None:
        process.kill_all()
        raise KeyboardInterrupt

    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), stop)


def _collect_seldom() -> None:
    # What a command reads it keeps to its end: looking for garbage in it took a quarter of a run's time.
    gc.set_threshold(200_000, 50, 100)
    atexit.register(gc.freeze)  # nor is it looked through once more, at the very end
