"""app/progress.py: bars where stderr is a terminal, nothing elsewhere."""

import os
import pty
import subprocess
import sys

import pytest

from govsec_ci.app.progress import shown, silent

_SCRIPT = """
from govsec_ci.app.progress import shown
with shown(quiet={quiet}) as advance:
    advance("bandit", 1, 4)
    advance("bandit", 4, 4)
    advance("zizmor", 1, 1)
"""


def _on_a_terminal(*, quiet: bool) -> str:
    primary, secondary = pty.openpty()
    command = [sys.executable, "-c", _SCRIPT.format(quiet=quiet)]
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "100"}
    child = subprocess.Popen(command, stderr=secondary, stdout=subprocess.DEVNULL, env=environment)
    os.close(secondary)
    said = b""
    while True:
        try:
            part = os.read(primary, 4096)
        except OSError:  # Linux says so when the last writer has closed a terminal
            break
        if not part:
            break
        said += part
    os.close(primary)
    assert child.wait() == 0
    return said.decode("utf-8", "replace")


def test_bars_are_drawn_on_a_terminal() -> None:
    said = _on_a_terminal(quiet=False)
    assert "bandit" in said
    assert "4/4" in said
    assert "zizmor" in said


def test_quiet_draws_nothing_on_a_terminal() -> None:
    assert _on_a_terminal(quiet=True) == ""


def test_nothing_is_drawn_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    with shown(quiet=False) as advance:
        advance("bandit", 1, 4)
    silent("bandit", 1, 4)
    captured = capsys.readouterr()
    assert captured.out + captured.err == ""
