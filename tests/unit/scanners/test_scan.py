import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from govsec_ci.model import Level, Role, Run, ScanState
from govsec_ci.scanners import scan as module
from govsec_ci.scanners.base import Scanner, ScanOutput, ScanRequest
from govsec_ci.scanners.registry import SCANNERS
from govsec_ci.scanners.scan import scan
from govsec_ci.system import process
from tests.support.scanners import make_request


class Fake:
    """A scanner that does what it is told."""

    role = Role.OTHER

    def __init__(self, name: str, *, after: threading.Event | None = None, raises: BaseException | None = None) -> None:
        self.id = name
        self.after = after
        self.raises = raises
        self.done = threading.Event()

    def scan(self, request: ScanRequest) -> ScanOutput:
        assert request.jobs == 1
        if self.after is not None:
            assert self.after.wait(10)
        self.done.set()
        if self.raises is not None:
            raise self.raises
        run = Run(id=self.id, tool=self.id, version="1", role=self.role, state=ScanState.COMPLETE)
        return ScanOutput(run=run, files={self.id: b""})


def use(monkeypatch: pytest.MonkeyPatch, *scanners: Scanner) -> None:
    monkeypatch.setattr(module, "SCANNERS", {scanner.id: scanner for scanner in scanners})


def test_every_scanner_is_registered_under_its_own_name() -> None:
    assert list(SCANNERS) == ["bandit", "pip-audit", "cyclonedx", "zizmor"]
    assert [scanner.id for scanner in SCANNERS.values()] == list(SCANNERS)
    assert [scanner.role for scanner in SCANNERS.values()] == [Role.SAST, Role.SCA, Role.SBOM, Role.PIPELINE]


def test_outputs_stand_in_the_registrys_order_whoever_ends_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = Fake("b")
    use(monkeypatch, Fake("a", after=last.done), last)
    assert [output.run.id for output in scan(make_request(tmp_path))] == ["a", "b"]


def test_scanners_can_be_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, Fake("a"), Fake("b"))
    assert [output.run.id for output in scan(make_request(tmp_path), only=["b"])] == ["b"]
    assert scan(make_request(tmp_path), only=[]) == ()


def test_a_crash_is_an_incomplete_run_and_the_others_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, Fake("a", raises=ValueError("https://user:secret@host")), Fake("b"))
    crashed, other = (output.run for output in scan(make_request(tmp_path)))
    assert (crashed.id, crashed.state, crashed.role) == ("a", ScanState.INCOMPLETE, Role.OTHER)
    (one,) = crashed.notifications
    assert (one.id, one.level) == ("scanner-crashed", Level.ERROR)
    assert "ValueError in scan, line " in one.text
    assert "secret" not in one.text
    assert other.state is ScanState.COMPLETE


def test_an_interrupt_ends_every_child_and_goes_on_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    killed = threading.Event()
    monkeypatch.setattr(process, "kill_all", killed.set)
    first = Fake("a", raises=KeyboardInterrupt())
    use(monkeypatch, first, Fake("b", after=killed))
    with pytest.raises(KeyboardInterrupt):
        scan(make_request(tmp_path))
    assert killed.is_set()


def test_a_second_interrupt_does_not_leave_threads_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    killed = threading.Event()
    calls: list[int] = []

    def kill_all() -> None:
        calls.append(1)
        if len(calls) == 1:
            raise KeyboardInterrupt
        killed.set()

    monkeypatch.setattr(process, "kill_all", kill_all)
    second = Fake("b", after=killed)
    use(monkeypatch, Fake("a", raises=KeyboardInterrupt()), second)
    with pytest.raises(KeyboardInterrupt):
        scan(make_request(tmp_path))
    assert second.done.is_set()


def test_scanning_from_another_thread_is_stopped_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    killed = threading.Event()
    monkeypatch.setattr(process, "kill_all", killed.set)
    use(monkeypatch, Fake("a", raises=SystemExit(3)), Fake("b", after=killed))
    with ThreadPoolExecutor(1) as pool, pytest.raises(SystemExit):
        pool.submit(scan, make_request(tmp_path)).result()
    assert killed.is_set()
