"""A run that is killed at any moment leaves the earlier bundle, or a whole new one; the next run works."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from govsec_ci.app.verify import verify
from govsec_ci.errors import BundleError
from govsec_ci.system.files import recover
from tests.conftest import ROOT
from tests.support.command import govsec

NOW = "2024-10-12T00:00:00Z"


def _arguments(out: Path) -> list[str]:
    project = str(ROOT / "examples/clean-app")
    return ["run", project, "--advisories", str(ROOT / "examples/advisories"), "--now", NOW, "--out", str(out)]


def _start(out: Path, *more: str) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-Im", "govsec_ci.cli", *_arguments(out), *more]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _kill_at_random_moments(tmp_path: Path, times: int) -> int:
    out = tmp_path / "out"
    assert govsec(*_arguments(out)).returncode == 0
    started = time.monotonic()
    assert govsec(*_arguments(out)).returncode == 0  # the second: the first one filled the caches
    whole_s = time.monotonic() - started
    dice = random.Random(20241012)
    killed = 0
    for _ in range(times):
        child = _start(out)
        time.sleep(dice.uniform(0, whole_s * 1.1))
        child.send_signal(signal.SIGKILL)
        killed += child.wait() == -signal.SIGKILL
        recover(out)
        assert verify(out).verdict.verdict.value == "PASS"
    assert govsec(*_arguments(out)).returncode == 0
    assert {path.name for path in tmp_path.iterdir()} <= {"out"}
    return killed


def test_kill_9_at_a_few_random_moments(tmp_path: Path) -> None:
    assert _kill_at_random_moments(tmp_path, 6) > 0


@pytest.mark.full
def test_kill_9_at_a_hundred_random_moments(tmp_path: Path) -> None:
    assert _kill_at_random_moments(tmp_path, 100) > 30


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_is_130_and_leaves_no_child_and_no_file(tmp_path: Path, number: signal.Signals) -> None:
    child = _start(tmp_path / "out", "--no-cache")
    ends = time.monotonic() + 60
    while not list(tmp_path.glob(".out.new-*")) and time.monotonic() < ends:
        time.sleep(0.01)
    child.send_signal(number)
    assert child.wait(timeout=30) == 130
    assert list(tmp_path.iterdir()) == []
    assert not _children_of(child.pid)


def _children_of(pid: int) -> list[str]:
    listing = subprocess.run(["ps", "-eo", "ppid=,args="], capture_output=True, text=True, check=True).stdout
    return [line for line in listing.splitlines() if line.split(None, 1)[0] == str(pid)]


def test_a_bundle_cut_short_by_hand_is_seen(tmp_path: Path, passing_bundle: Path) -> None:
    copy = tmp_path / "out"
    os.makedirs(copy)
    for path in list(passing_bundle.iterdir())[:4]:
        if path.is_file():
            (copy / path.name).write_bytes(path.read_bytes())
    with pytest.raises(BundleError):
        verify(copy)
