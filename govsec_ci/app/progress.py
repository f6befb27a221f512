"""Progress on stderr, where stderr is a terminal."""

import contextlib
import sys
from collections.abc import Callable, Iterator


def silent(_scanner: str, _done: int, _total: int) -> None:
    """Progress that nobody watches."""


@contextlib.contextmanager
def shown(*, quiet: bool) -> Iterator[Callable[[str, int, int], None]]:
    """Yield a function (scanner, done, total) that draws one bar a scanner, or does nothing."""
    if quiet or not sys.stderr.isatty():
        yield silent
        return
    from rich.console import Console  # noqa: PLC0415 — rich costs start-up time, and only terminals need it
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    columns = (TextColumn("{task.description:<12}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks = {}

        def advance(scanner: str, done: int, total: int) -> None:
            if scanner not in tasks:
                tasks[scanner] = bars.add_task(scanner, total=total)
            bars.update(tasks[scanner], completed=done, total=total)

        yield advance
