"""The entry point: signals, and what it does not import."""

import signal
import subprocess
import sys

import pytest

from govsec_ci import cli
from govsec_ci.system import process


@pytest.fixture(autouse=True)
def _keep_signal_handlers() -> object:
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


def test_a_signal_kills_the_children_and_interrupts(monkeypatch: pytest.MonkeyPatch) -> None:
    killed: list[bool] = []
    monkeypatch.setattr(process, "kill_all", lambda: killed.append(True))
    cli.end_with_children()
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGTERM)
    assert killed == [True]


def test_starting_up_imports_no_scanner() -> None:
    script = (
        "import sys; from govsec_ci import cli; cli.main(['--version'])\n"
        "heavy = {'rich', 'sarif_om', 'pip_audit', 'bandit', 'jsonschema_rs', 'jinja2', 'requests'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]"
