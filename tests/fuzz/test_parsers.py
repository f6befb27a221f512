"""No broken file brings a parser to anything but an answer or an error of ours: no traceback, no hang, no flood.

``make test`` tries a few of each and ``make test-full`` 10,000, the same each time; ``make fuzz`` tries others. A
case is a number: ``GOVSEC_FUZZ_CASE=<number>`` with ``-k <parser>`` repeats one alone.
"""

import contextlib
import os
import random
import resource
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from govsec_ci.errors import BundleError, OperatorError, ToolError
from tests.fuzz.parsers import PARSERS, Parser

QUICK_CASES = 40
FULL_CASES = 10_000
LONGER_CASES = int(os.environ.get("GOVSEC_FUZZ_CASES", "0"))
ONE_CASE = os.environ.get("GOVSEC_FUZZ_CASE")
CASES_AN_EXAMPLE = 20
SECONDS_A_CASE = 10
ROOM_BYTES = 512 * 1024 * 1024
"""What one parser may take over what the process has already, for inputs of at most about 100 kB."""

_SETTINGS = settings(deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))


class HungError(Exception):
    """A case took too long."""


def _hung(_signal: int, _frame: object) -> None:
    raise HungError


@contextlib.contextmanager
def _bounded() -> Iterator[None]:
    """Little room for memory (MemoryError beyond), and an alarm that ends what hangs."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    heard = signal.signal(signal.SIGALRM, _hung)
    resource.setrlimit(resource.RLIMIT_AS, (used + ROOM_BYTES, hard))
    try:
        yield
    finally:
        signal.alarm(0)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
        signal.signal(signal.SIGALRM, heard)


def _try(parser: Parser, case: int, seeds: list[bytes], folder: Path) -> bool:
    """Whether the parser gave an answer; else it gave one of our errors. Anything else is raised."""
    dice = random.Random(case)
    data = parser.mutate(dice, dice.choice(seeds))
    signal.alarm(SECONDS_A_CASE)
    try:
        parser.call(data, folder)
    except (OperatorError, BundleError, ToolError) as error:
        error.what.encode("utf-8", "surrogateescape")  # what an error says must be something that can be written
        return False
    except Exception as error:
        error.add_note(f"GOVSEC_FUZZ_CASE={case} -k {parser.name}: {data[:3_000]!r}")
        raise
    finally:
        signal.alarm(0)
    return True


def _fuzz(parser: Parser, cases: int, bundle: Path, folder: Path) -> None:
    seeds = list(parser.started(bundle))
    answered = []
    for seed in seeds:
        # Else every case would be broken in the same way.
        with pytest.raises(BundleError) if parser.refuses_seeds else contextlib.nullcontext():
            parser.call(seed, folder)

    # Hypothesis takes longer over an example than most parsers over a file: each starts a row of cases.
    @given(st.integers(0, 2**62))
    @settings(_SETTINGS, max_examples=-(-cases // CASES_AN_EXAMPLE), derandomize=not LONGER_CASES)
    def tried(first: int) -> None:
        for case in range(first, first + CASES_AN_EXAMPLE):
            answered.append(_try(parser, case, seeds, folder))  # noqa: PERF401 — what raises must leave the rest

    with _bounded():
        if ONE_CASE:
            _try(parser, int(ONE_CASE), seeds, folder)
        else:
            tried()
            assert len(answered) >= cases
            useful = parser.refuses_seeds or any(answered) or cases < FULL_CASES
            assert useful, "no case got past the first check: the seeds are of no use"


@pytest.fixture
def scratch(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is one: a disk takes ten times as long over small files as the parsers."""
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=memory, prefix="govsec-fuzz-") as folder:
        yield Path(folder)


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the bound on memory needs /proc")
@pytest.mark.parametrize("name", sorted(PARSERS))
def test_a_few_broken_files(name: str, failing_bundle: Path, scratch: Path) -> None:
    _fuzz(PARSERS[name], LONGER_CASES or QUICK_CASES, failing_bundle, scratch)


@pytest.mark.full
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the bound on memory needs /proc")
@pytest.mark.parametrize("name", sorted(PARSERS))
def test_ten_thousand_broken_files(name: str, failing_bundle: Path, scratch: Path) -> None:
    _fuzz(PARSERS[name], FULL_CASES, failing_bundle, scratch)


def test_every_manifest_format_is_in_the_table() -> None:
    from govsec_ci.manifests.registry import BY_CONTENT, FORMATS

    assert {form.name for form in FORMATS.values() if any(map(form.matches, PARSERS))} == set(FORMATS)
    assert set(BY_CONTENT) <= {*PARSERS, *FORMATS}


def test_the_harness_sees_a_traceback_a_hang_and_a_flood(tmp_path: Path) -> None:
    def parser(call: object) -> Parser:
        return Parser(name="x", call=lambda data, folder: call(), mutate=lambda dice, seed: seed)  # type: ignore[operator]

    def hang() -> None:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        time.sleep(5)

    with pytest.raises(ZeroDivisionError), _bounded():
        _try(parser(lambda: 1 // 0), 1, [b""], tmp_path)
    with pytest.raises(HungError), _bounded():
        _try(parser(hang), 1, [b""], tmp_path)
    with pytest.raises(MemoryError), _bounded():
        _try(parser(lambda: bytearray(2 * ROOM_BYTES)), 1, [b""], tmp_path)
