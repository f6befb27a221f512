"""Files are shared out by what they took the last time, where that is known; what is found never depends on it."""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from govsec_ci.model import Run
from govsec_ci.scanners import answers, bandit_costs, bandit_shards
from govsec_ci.scanners.bandit import BanditScanner
from govsec_ci.scanners.bandit_costs import Cost, weights
from govsec_ci.scanners.bandit_shards import shards
from govsec_ci.system.cache import Store
from tests.support.scanners import make_request, make_tree

ROOT = Path("/tree")
FILES = st.dictionaries(st.text("abc", min_size=1, max_size=3), st.integers(0, 10_000_000), min_size=1)
COSTS = st.dictionaries(
    st.text("abc", min_size=1, max_size=3), st.builds(Cost, st.floats(0, 1e6), st.integers(0, 10**9))
)


def test_without_a_history_a_file_weighs_its_size() -> None:
    assert weights((("a", 10), ("b", 20)), {"gone": Cost(9.0, 1)}) == {"a": 10, "b": 20}
    assert weights((("a", 10),), {"a": Cost(0.0, 0)}) == {"a": 10}


@pytest.mark.parametrize("odd", [5e-324, 1.7e308])
def test_a_history_that_no_average_can_be_made_of_tells_nothing(odd: float) -> None:
    assert weights((("a", 10), ("b", 20)), {"a": Cost(odd, 2), "b": Cost(odd, 2)}) == {"a": 10, "b": 20}


def test_a_history_weighs_by_seconds_a_byte_and_a_new_file_by_the_average() -> None:
    known = {"slow": Cost(3.0, 100), "fast": Cost(1.0, 300)}  # on average 0.01 s a byte
    found = weights((("slow", 200), ("fast", 300), ("new", 50)), known)
    assert found == {"slow": pytest.approx(600), "fast": pytest.approx(100), "new": 50}


def test_a_slow_file_gets_a_worker_of_its_own() -> None:
    files = tuple((name, 200_000) for name in "abcde")
    known = {name: Cost(4.0 if name == "c" else 1.0, 200_000) for name in "abcde"}
    assert sorted(shards(files, 2, known)) == [["a", "b", "d", "e"], ["c"]]
    assert sorted(map(len, shards(files, 2))) == [2, 3]


@given(FILES, COSTS, st.integers(1, 8))
def test_every_file_is_in_exactly_one_shard(files: dict[str, int], known: dict[str, Cost], jobs: int) -> None:
    parts = shards(tuple(files.items()), jobs, known)
    assert sorted(path for part in parts for path in part) == sorted(files)
    assert 1 <= len(parts) <= jobs


def line(path: str, seconds: float | None = 1.0) -> dict[str, Any]:
    return {"path": path, "length": 7} | ({} if seconds is None else {"seconds": seconds})


def test_what_is_kept_is_read_again(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert bandit_costs.read(store, ROOT) == {}
    store.put(bandit_costs.kept(ROOT, {"old": Cost(2.0, 3), "gone": Cost(1.0, 1)}, [line("new")], ["old", "new"]))
    assert bandit_costs.read(store, ROOT) == {"old": Cost(2.0, 3), "new": Cost(1.0, 7)}
    assert bandit_costs.read(store, Path("/other")) == {}


def test_what_tells_nothing_and_what_has_no_form_in_json_is_not_kept(tmp_path: Path) -> None:
    lines = [line("unread", 0.0), line("silent", None), line("d\udcff.py")]
    store = Store(tmp_path)
    store.put(bandit_costs.kept(ROOT, {}, lines, ["unread", "silent", "d\udcff.py"]))
    assert bandit_costs.read(store, ROOT) == {}


@pytest.mark.parametrize(
    "value",
    [
        b"", b"[]", b'{"a": [1]}', b'{"a": 1}', b"\xff", b'{"a": [1, -1]}', b'{"a": [-1, 1]}',
        b'{"a": [1, 1' + b"0" * 400 + b"]}",
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_no_history(tmp_path: Path, value: bytes) -> None:
    store = Store(tmp_path)
    (key,) = bandit_costs.kept(ROOT, {}, [], [])
    store.put({key: value})
    assert bandit_costs.read(store, ROOT) == {}


class Serial(Executor):
    """Runs each call where it is submitted."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


SNIPPETS = ("eval(x)\n", "assert True\n", "import pickle\npickle.loads(x)\n", "x = 1\n")


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Small files, each worth a worker."""
    monkeypatch.setattr(bandit_shards, "_WORTH_A_WORKER_BYTES", 1)
    return make_tree(tmp_path / "t", {f"{n}.py": text for n, text in enumerate(SNIPPETS * 2)})


def run(folder: Path, scanner: BanditScanner | None = None, **fields: Any) -> Run:
    found = (scanner or BanditScanner()).scan(make_request(folder, jobs=3, **fields)).run
    return replace(found, invocation=replace(found.invocation, start=None, end=None))


@pytest.mark.usefixtures("worker_inside")
def test_any_executor_will_do(tree: Path) -> None:
    asked: list[int] = []

    def serial(shards: int) -> Executor:
        asked.append(shards)
        return Serial()

    assert run(tree, BanditScanner(serial)) == run(tree, BanditScanner(ThreadPoolExecutor)) == run(tree)
    assert asked == [3]


def scanned_anew(tree: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Run, bandit_costs.Costs]:
    """A run by another engine, to which no answer is known, and the history that its shards were made by."""
    seen: list[bandit_costs.Costs] = []

    def noted(files: Sequence[tuple[str, int]], jobs: int, costs: bandit_costs.Costs) -> list[list[str]]:
        seen.append(costs)
        return shards(files, jobs, costs)

    with monkeypatch.context() as patch:
        patch.setattr(answers, "__version__", "another")
        patch.setattr(bandit_shards, "shards", noted)
        return run(tree, cache=cache), seen[0]


@pytest.mark.usefixtures("worker_inside")
def test_what_files_took_is_known_to_the_next_engine_and_changes_no_result(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run(tree, cache=tmp_path / "c")
    again, history = scanned_anew(tree, tmp_path / "c", monkeypatch)
    assert sorted(history) == [f"{n}.py" for n in range(len(SNIPPETS) * 2)]
    assert all(cost.size == (tree / path).stat().st_size for path, cost in history.items())
    assert again == first
    paths = [one.locations[0].path for one in first.results]
    assert paths == sorted(paths)


@pytest.mark.usefixtures("worker_inside")
def test_for_one_worker_no_history_is_kept(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bandit_shards, "_WORTH_A_WORKER_BYTES", 1_000_000)
    run(tree, cache=tmp_path / "c")
    assert bandit_costs.read(Store(tmp_path / "c"), tree.resolve()) == {}
