"""Workers within the test's own process: a process each would cost most of the time of most tests."""

import json
from collections.abc import Sequence

import msgspec
import pytest

from govsec_ci.scanners import bandit_worker, pip_audit_wire, pip_audit_worker
from govsec_ci.system import process


@pytest.fixture
def worker_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the workers of bandit and pip-audit do their work here."""

    def bandit(module: str, *, timeout_s: float, stdin: bytes) -> process.Completed:
        assert (module, timeout_s > 0) == (bandit_worker.__name__, True)
        lines = bandit_worker.scan_all(bandit_worker.Manager(), json.loads(stdin))
        out = [{"tests": sorted(bandit_worker.own_tests())}, *lines]
        return _completed("\n".join(json.dumps(line) for line in out).encode())

    def pip_audit(argv: Sequence[str], *, stdin: bytes, **_: object) -> process.Completed:
        assert argv[-1] == pip_audit_worker.__name__
        request = msgspec.json.decode(stdin, type=pip_audit_wire.Request)
        return _completed(msgspec.json.encode(pip_audit_worker.answer(request)))

    monkeypatch.setattr(process, "run_module", bandit)
    monkeypatch.setattr(process, "run", pip_audit)


def _completed(stdout: bytes) -> process.Completed:
    return process.Completed(exit_code=0, stdout=stdout, stderr="", seconds=0)
