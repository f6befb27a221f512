"""Workers within the test's own process: a process each would cost most of the time of most tests."""

import json

import msgspec
import pytest

from govsec_ci.scanners import bandit_worker, pip_audit_wire, pip_audit_worker
from govsec_ci.system import process


@pytest.fixture
def worker_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the workers of bandit and pip-audit do their work here."""

    def run_module(module: str, *, stdin: bytes, **_: object) -> process.Completed:
        return _completed({bandit_worker.__name__: _bandit, pip_audit_worker.__name__: _pip_audit}[module](stdin))

    monkeypatch.setattr(process, "run_module", run_module)


def _bandit(stdin: bytes) -> bytes:
    lines = bandit_worker.scan_all(bandit_worker.Manager(), json.loads(stdin))
    out = [{"tests": sorted(bandit_worker.own_tests())}, *lines]
    return "\n".join(json.dumps(line) for line in out).encode()


def _pip_audit(stdin: bytes) -> bytes:
    request = msgspec.json.decode(stdin, type=pip_audit_wire.Request)
    return msgspec.json.encode(pip_audit_worker.answer(request))


def _completed(stdout: bytes) -> process.Completed:
    return process.Completed(exit_code=0, stdout=stdout, stderr="", seconds=0)
