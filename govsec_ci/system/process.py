"""The only place that starts another process.

Children get an allow-list of environment variables, a neutral current folder, a private home and cache, a time limit,
and a process group of their own that is killed whole when the time is up or the caller is interrupted.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from govsec_ci.errors import ToolError

# What a child may inherit. HOME and the XDG folders are replaced; PYTHON* never passes.
_INHERITED = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "SOURCE_DATE_EPOCH", "TZ")
_STDERR_KEPT_BYTES = 16_384

_live: set["subprocess.Popen[bytes]"] = set()
# Reentrant: a signal may come while its own thread holds it, and the handler kills all that lives.
_live_lock = threading.RLock()
_stopping = threading.Event()
_early: dict[tuple[str, ...], "subprocess.Popen[bytes]"] = {}


class Completed(Struct, frozen=True, kw_only=True):
    """A child that ended by itself. ``seconds`` is wall-clock time; ``stderr`` is its last 16 KiB."""

    exit_code: int
    stdout: bytes
    stderr: str
    seconds: float


class TimedOutError(ToolError):
    """The child did not end within its time limit and was killed with all its children."""


@contextlib.contextmanager
def neutral_folder() -> Iterator[Path]:
    """An empty private folder (0700) to be current folder, home and cache of a child; removed afterwards."""
    path = Path(tempfile.mkdtemp(prefix="govsec-"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def child_environment(home: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a child: an allow-list, private folders, and no import from the current folder.

    ``PYTHONSAFEPATH`` is for grandchildren: pip-audit starts ``python -m pip``, which would otherwise run a ``pip.py``
    of its current folder.
    """
    environment = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    private = str(home)
    environment |= {
        "HOME": private,
        "USERPROFILE": private,
        "XDG_CACHE_HOME": private,
        "XDG_CONFIG_HOME": private,
        "XDG_DATA_HOME": private,
        "PYTHONSAFEPATH": "1",
        "PYTHONNOUSERSITE": "1",
        "PYTHONUTF8": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "NO_COLOR": "1",
    }
    return environment | _coverage_environment() | dict(extra or {})


def _coverage_environment() -> dict[str, str]:
    # coverage.py's own way of following a process into its children (its `patch = ["subprocess"]`).
    return {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_PROCESS_")}


def run(
    argv: Sequence[str],
    *,
    timeout_s: float,
    stdin: bytes = b"",
    cwd: Path | None = None,
    extra_environment: Mapping[str, str] | None = None,
) -> Completed:
    """Start ``argv`` (a list, never a shell line), wait, and return what it said.

    :raises ToolError: it could not be started; :raises TimedOutError: it took longer than ``timeout_s`` seconds
    """
    started = time.monotonic()
    with neutral_folder() as home:
        child = _start(argv, cwd or home, child_environment(home, extra_environment))
        return _finished(child, argv[0], stdin, timeout_s, started)


def _finished(
    child: "subprocess.Popen[bytes]", program: str, stdin: bytes, timeout_s: float, started: float
) -> Completed:
    try:
        stdout, stderr = child.communicate(stdin, timeout=timeout_s)
    except subprocess.TimeoutExpired:
        raise TimedOutError(f"{Path(program).name} took longer than {timeout_s:g} s and was stopped") from None
    finally:
        _end(child)
    kept = stderr[-_STDERR_KEPT_BYTES:].decode("utf-8", "replace")
    return Completed(exit_code=child.returncode, stdout=stdout, stderr=kept, seconds=time.monotonic() - started)


def run_module(
    module: str,
    arguments: Sequence[str] = (),
    *,
    timeout_s: float,
    stdin: bytes = b"",
    extra_environment: Mapping[str, str] | None = None,
) -> Completed:
    """Run a module of this very environment isolated (``python -Im``): nothing in the current folder shadows it."""
    early = None if extra_environment else _early.pop((module, *arguments), None)
    if early is not None:
        if early.poll() is None:
            return _finished(early, sys.executable, stdin, timeout_s, time.monotonic())
        _end(early)
    argv = [sys.executable, "-Im", module, *arguments]
    return run(argv, timeout_s=timeout_s, stdin=stdin, extra_environment=extra_environment)


@contextlib.contextmanager
def started_early(module: str, arguments: Sequence[str] = ()) -> Iterator[None]:
    """Start a module before its input is known: the next equal call of :func:`run_module` takes this child.

    Its imports are done while the caller finds out what to ask. Where nobody asks, it is killed at the end. On one
    processor it would only be in the way, and is not started.
    """
    with neutral_folder() as home:
        if (os.cpu_count() or 1) > 1:
            with contextlib.suppress(ToolError):  # run_module meets the same, and tells
                argv = [sys.executable, "-Im", module, *arguments]
                _early[module, *arguments] = _start(argv, home, child_environment(home))
        try:
            yield
        finally:
            unasked = _early.pop((module, *arguments), None)
            if unasked is not None:
                _end(unasked)


def _start(argv: Sequence[str], cwd: Path, environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    if _stopping.is_set():
        raise ToolError(f"{Path(argv[0]).name} was not started: the command is being stopped")
    try:
        child = subprocess.Popen(
            list(argv),
            cwd=cwd,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        raise ToolError(f"{argv[0]} could not be started: {error.strerror}") from error
    with _live_lock:
        _live.add(child)
    if _stopping.is_set():  # kill_all came in between, and did not see this one
        _kill_group(child)
    return child


def _end(child: "subprocess.Popen[bytes]") -> None:
    with _live_lock:
        _live.discard(child)
    _kill_group(child)
    child.wait()
    for stream in (child.stdin, child.stdout, child.stderr):
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()


def _kill_group(child: "subprocess.Popen[bytes]") -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(child.pid, signal.SIGKILL)
        elif child.poll() is None:  # pragma: no cover — Windows only
            child.kill()


def allow_children() -> None:
    """Take :func:`kill_all`'s ban back, for a process that outlives the command."""
    _stopping.clear()


def kill_all() -> None:
    """Kill every child that still runs and start no other; called when the command is interrupted."""
    _stopping.set()
    with _live_lock:
        children = list(_live)
    for child in children:
        _kill_group(child)
