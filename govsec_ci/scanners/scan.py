"""All scanners side by side. Each does its work in child processes; a thread each waits for it."""

import contextlib
import signal
import threading
import traceback
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait

from govsec_ci.model import Notification, Run, ScanState
from govsec_ci.scanners.base import Scanner, ScanOutput, ScanRequest
from govsec_ci.scanners.registry import SCANNERS
from govsec_ci.scanners.runs import error
from govsec_ci.system import process

_KILL_AGAIN_S = 0.1


Finish = Callable[[ScanOutput], ScanOutput]


def _as_it_is(output: ScanOutput) -> ScanOutput:
    return output


def scan(
    request: ScanRequest, only: Collection[str] | None = None, finish: Finish = _as_it_is
) -> tuple[ScanOutput, ...]:
    """Run the scanners (all, or those named in ``only``); their outputs stand in the registry's order.

    After them, where none was named, stand the reports of other tools. A scanner that raises becomes an incomplete run:
    it is never lost.

    :param finish: makes of each output what is returned, while other scanners still work; may be called in any thread
    :raises InputError: a report of another tool is malformed
    """
    imports = _imports(request) if only is None and request.config.imports else ()
    chosen = [scanner for name, scanner in SCANNERS.items() if only is None or name in only]
    with ThreadPoolExecutor(max(1, len(chosen))) as pool:
        futures = [pool.submit(_finished, scanner, request, finish) for scanner in chosen]
        try:
            taken = tuple(finish(ScanOutput(run=run)) for run in imports)
            return (*(future.result() for future in futures), *taken)
        except BaseException:
            # A second Ctrl-C may come before the first one's handling has begun.
            while any(not future.done() for future in futures):
                with contextlib.suppress(KeyboardInterrupt):
                    _stop(futures)
            raise


def _imports(request: ScanRequest) -> tuple[Run, ...]:
    from govsec_ci.scanners import imported  # noqa: PLC0415 — few projects have any, and its readers are many

    return imported.load(request, SCANNERS)


def _stop(futures: list[Future[ScanOutput]]) -> None:
    """End what still runs, and wait for it: each thread has temporary folders to remove.

    A thread may start its next child after we killed the last one; and people press Ctrl-C more than once.
    """
    with _deaf():
        process.kill_all()
        while wait(futures, timeout=_KILL_AGAIN_S).not_done:
            process.kill_all()


@contextlib.contextmanager
def _deaf() -> Iterator[None]:
    """Ignore further interrupts for a moment; only the main thread can, and only it gets them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in heard.items():
            signal.signal(number, handler)


def _finished(scanner: Scanner, request: ScanRequest, finish: Finish) -> ScanOutput:
    return finish(_guarded(scanner, request))


def _guarded(scanner: Scanner, request: ScanRequest) -> ScanOutput:
    try:
        return scanner.scan(request)
    except Exception as raised:  # noqa: BLE001 — whatever it was, the run must say so
        return ScanOutput(run=_crashed(scanner, request, raised))


def _crashed(scanner: Scanner, request: ScanRequest, raised: Exception) -> Run:
    return Run(
        id=scanner.id,
        tool=scanner.id,
        version="",
        role=scanner.role,
        state=ScanState.INCOMPLETE,
        notifications=(_explained(scanner, raised),),
        commit=request.checkout.commit if request.checkout else None,
    )


def _explained(scanner: Scanner, raised: Exception) -> Notification:
    if isinstance(raised, OSError) and raised.strerror:
        text = f"the scanner {scanner.id} failed: {raised.strerror}"
        return error("scanner-failed", text, next_step="check the temporary folder (TMPDIR): its room and its rights")
    # The type, not the text: an exception may quote an address with a password in it.
    text = f"the scanner {scanner.id} failed: {type(raised).__name__}{_where(raised)}"
    return error("scanner-crashed", text, next_step="report this as a defect, with this line")


def _where(raised: Exception) -> str:
    *_, (frame, line) = traceback.walk_tb(raised.__traceback__)
    return f" in {frame.f_code.co_name}, line {line}"
