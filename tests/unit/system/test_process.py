"""system/process.py: time limits, environment, nothing left behind."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from govsec_ci.errors import ToolError
from govsec_ci.system import process


def _python(code: str, **options: object) -> process.Completed:
    return process.run([sys.executable, "-I", "-c", code], timeout_s=30, **options)  # type: ignore[arg-type]


def _alive(pid: int) -> bool:
    """Whether a process still runs (a zombie waiting for its parent does not)."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def _ends_soon(pid: int) -> bool:
    """Whether a killed process is gone within ten seconds: the kernel takes it away in its own time."""
    for _ in range(200):
        if not _alive(pid):
            return True
        time.sleep(0.05)
    return False


def test_a_signal_that_comes_while_children_are_counted_does_not_wait_for_itself() -> None:
    """The handler runs in the thread that it has interrupted."""
    with process._live_lock:
        assert process._live_lock.acquire(timeout=1)
        process._live_lock.release()


def test_output_exit_code_and_input_are_kept() -> None:
    code = "import sys; print(sys.stdin.read().upper()); print('e', file=sys.stderr); sys.exit(7)"
    done = _python(code, stdin=b"hello")
    assert (done.exit_code, done.stdout, done.stderr) == (7, b"HELLO\n", "e\n")
    assert done.seconds > 0


def test_only_the_end_of_a_long_stderr_is_kept() -> None:
    done = _python("import sys; sys.stderr.write('x' * 100_000 + 'end')")
    assert done.stderr.endswith("end")
    assert len(done.stderr) == 16_384


def test_a_missing_program_is_a_tool_error() -> None:
    with pytest.raises(ToolError, match="no-such-program could not be started"):
        process.run(["no-such-program"], timeout_s=5)


def test_a_child_that_hangs_is_killed_with_its_own_children(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    code = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"open({str(pid_file)!r}, 'w').write(str(child.pid))\n"
        "time.sleep(60)\n"
    )
    started = time.monotonic()
    with pytest.raises(process.TimedOutError, match="took longer than 2 s"):
        process.run([sys.executable, "-I", "-c", code], timeout_s=2)
    assert time.monotonic() - started < 20
    assert _ends_soon(int(pid_file.read_text()))


def test_secrets_and_python_settings_do_not_reach_a_child(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "a-secret")
    monkeypatch.setenv("PYTHONSTARTUP", "/nowhere")
    done = _python("import os; print('\\n'.join(f'{k}={v}' for k, v in os.environ.items()))")
    text = done.stdout.decode()
    assert "a-secret" not in text
    assert "PYTHONSTARTUP" not in text
    assert "PYTHONSAFEPATH=1" in text


def test_home_and_cache_are_private_and_gone_afterwards() -> None:
    done = _python("import os; print(os.environ['HOME'], os.environ['XDG_CACHE_HOME'], os.getcwd())")
    folders = done.stdout.decode().split()
    assert len(set(folders)) == 1
    assert folders[0] != os.environ.get("HOME")
    assert not Path(folders[0]).exists()


def test_run_module_ignores_a_module_of_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "this.py").write_text("open('canary', 'w')")
    monkeypatch.chdir(tmp_path)
    done = process.run_module("this", timeout_s=30)
    assert b"Beautiful is better than ugly" in done.stdout
    assert not (tmp_path / "canary").exists()


@pytest.fixture
def fresh_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_stopping", threading.Event())


@pytest.mark.usefixtures("fresh_stop")
def test_kill_all_ends_what_runs_and_starts_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
    monkeypatch.setattr(process, "_live", {child})
    process.kill_all()
    assert child.wait(timeout=10) != 0
    with pytest.raises(ToolError, match="is being stopped"):
        _python("pass")


UPPER = "import sys; print(sys.stdin.read().upper(), flush=True)"


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A module that children find, and that writes a file as it starts."""
    (tmp_path / "slow_starter.py").write_text(f"open({str(tmp_path / 'starts')!r}, 'a').write('x')\n{UPPER}\n")
    monkeypatch.setattr(sys, "executable", str(_launcher(tmp_path)))
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    return "slow_starter"


def _launcher(folder: Path) -> Path:
    script = folder / "python"
    script.write_text(f'#!/bin/sh\nshift 2\nexec "{sys.executable}" -I "{folder}/slow_starter.py"\n')
    script.chmod(0o700)
    return script


def test_a_module_started_early_answers_the_next_call_alone(module: str, tmp_path: Path) -> None:
    with process.started_early(module):
        assert process.run_module(module, timeout_s=30, stdin=b"one").stdout == b"ONE\n"
        assert process.run_module(module, timeout_s=30, stdin=b"two").stdout == b"TWO\n"
    assert (tmp_path / "starts").read_text() == "xx"


def test_one_that_nobody_asked_is_killed_and_one_that_died_is_replaced(module: str) -> None:
    with process.started_early(module):
        unasked = process._early[module,]
    assert unasked.returncode is not None
    assert process._early == {}
    with process.started_early(module):
        process._early[module,].kill()
        process._early[module,].wait()
        assert process.run_module(module, timeout_s=30, stdin=b"x").stdout == b"X\n"


def test_one_started_early_has_its_time_limit_too(module: str, tmp_path: Path) -> None:
    (tmp_path / "slow_starter.py").write_text("import time; time.sleep(60)\n")
    with process.started_early(module), pytest.raises(process.TimedOutError):
        process.run_module(module, timeout_s=0.3)


def test_on_one_processor_or_without_a_program_nothing_is_started_early(
    module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    with process.started_early(module):
        assert process._early == {}
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    monkeypatch.setattr(sys, "executable", "/nonexistent/python")
    with process.started_early(module):
        assert process._early == {}
        with pytest.raises(ToolError, match="could not be started"):
            process.run_module(module, timeout_s=5)


def test_a_child_that_starts_while_all_are_killed_is_killed_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_stopping", threading.Event())
    real = subprocess.Popen

    def late(*arguments: Any, **given: Any) -> "subprocess.Popen[bytes]":
        child = real(*arguments, **given)
        process.kill_all()
        return child

    monkeypatch.setattr(subprocess, "Popen", late)
    done = process.run([sys.executable, "-c", "import time; time.sleep(60)"], timeout_s=30)
    assert done.exit_code == -signal.SIGKILL
