"""The cache of bandit's answers: a run with it and one without say the same."""

import json
import random
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace

from govsec_ci.config import Config, OutOfScope, TreeSetting
from govsec_ci.model import Run
from govsec_ci.scanners import answers, bandit_cache, bandit_shards
from govsec_ci.scanners.bandit import BanditScanner
from govsec_ci.system.cache import Store
from tests.support.scanners import make_request, make_tree

pytestmark = pytest.mark.usefixtures("worker_inside")

SNIPPETS = (
    "import pickle\npickle.loads(x)\n",
    "password = 'hunter2'\n",
    "assert True\n",
    "eval(x)  # nosec B307 — trusted\n",
    "eval(x)  # nosec\n",
    "import subprocess\nsubprocess.call(x, shell=True)\n",
    "def f(:\n",
    "# -*- coding: ascii -*-\ns = 'é'\n",
    "x = 1\n",
    "",
)


def scan(folder: Path, cache: Path | None = None, **fields: Any) -> Run:
    return without_times(BanditScanner().scan(make_request(folder, cache=cache, **fields)).run)


def without_times(run: Run) -> Run:
    assert run.invocation is not None
    return replace(run, invocation=replace(run.invocation, start=None, end=None))


@pytest.fixture
def scanned(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths that were really scanned, in order."""
    return _counted(monkeypatch)


def _counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    found: list[str] = []
    real: Callable[[bandit_shards.Job, bandit_shards.Pool], bandit_shards.Outcome] = bandit_shards.scan

    def note(job: bandit_shards.Job, pool: bandit_shards.Pool) -> bandit_shards.Outcome:
        found.extend(path for path, _ in job.files)
        return real(job, pool)

    monkeypatch.setattr(bandit_shards, "scan", note)
    return found


def test_a_second_run_scans_nothing_and_says_the_same(tmp_path: Path, scanned: list[str]) -> None:
    folder = make_tree(tmp_path / "t", {f"p/{n}.py": text for n, text in enumerate(SNIPPETS)})
    bare = scan(folder)
    del scanned[:]
    assert scan(folder, tmp_path / "c") == bare
    assert len(scanned) == len(SNIPPETS)
    del scanned[:]
    assert scan(folder, tmp_path / "c") == bare
    assert scanned == []


def test_one_changed_line_among_many_files_scans_one_file(tmp_path: Path, scanned: list[str]) -> None:
    folder = make_tree(tmp_path / "t", {f"{n}.py": f"x = {n}\n" for n in range(3_000)})
    scan(folder, tmp_path / "c")
    (folder / "7.py").write_text("x = eval(y)\n")
    del scanned[:]
    run = scan(folder, tmp_path / "c")
    assert scanned == ["7.py"]
    assert [result.rule_id for result in run.results] == ["B307"]
    assert run.targets == 3_000


def test_moved_and_copied_files_are_known_under_their_new_names(tmp_path: Path, scanned: list[str]) -> None:
    folder = make_tree(tmp_path / "t", {"a.py": "eval(x)\n"})
    scan(folder, tmp_path / "c")
    make_tree(folder, {"b/c.py": "eval(x)\n"})
    (folder / "a.py").rename(folder / "z.py")
    del scanned[:]
    run = scan(folder, tmp_path / "c")
    assert scanned == []
    assert [result.locations[0].path for result in run.results] == ["b/c.py", "z.py"]


def test_the_progress_counts_what_is_known(tmp_path: Path) -> None:
    folder = make_tree(tmp_path / "t", {"a.py": "x = 1\n", "b.py": "y = 1\n"})
    scan(folder, tmp_path / "c")
    (folder / "b.py").write_text("y = 2\n")
    told: list[tuple[str, int, int]] = []
    scan(folder, tmp_path / "c", progress=lambda *said: told.append(said))
    assert (told[0], told[-1]) == (("bandit", 1, 2), ("bandit", 2, 2))


@pytest.mark.parametrize("changed", ["our version", "our worker", "bandit", "bandit's files", "interpreter"])
def test_another_engine_scans_again(
    tmp_path: Path, scanned: list[str], monkeypatch: pytest.MonkeyPatch, changed: str
) -> None:
    folder = make_tree(tmp_path / "t", {"a.py": "eval(x)\n"})
    scan(folder, tmp_path / "c")
    change_engine(monkeypatch, changed)
    del scanned[:]
    scan(folder, tmp_path / "c")
    assert scanned == ["a.py"]


def change_engine(monkeypatch: pytest.MonkeyPatch, what: str, value: str = "99") -> None:
    real = metadata.distribution("bandit")

    class Other:
        version = value if what == "bandit" else real.version

        def read_text(self, name: str) -> str | None:
            return value if what == "bandit's files" else real.read_text(name)

    if what == "our version":
        monkeypatch.setattr(answers, "__version__", value)
    elif what == "our worker":
        monkeypatch.setattr(bandit_cache, "_WORKER", ("bandit_worker.py",))
    elif what == "interpreter":
        monkeypatch.setattr(answers, "sys", SimpleNamespace(version=value, platform="linux"))
    else:
        monkeypatch.setattr(answers, "metadata", SimpleNamespace(distribution=lambda name: Other()))


def test_what_may_come_out_otherwise_the_next_time_is_not_kept(
    tmp_path: Path, scanned: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    problems = [
        {"kind": "file-not-read", "text": "gone", "line": 0},
        {"kind": "file-not-parsed", "text": "too deep", "line": 0},
        {"kind": "test-crashed", "text": "no memory", "line": 3},
        {"kind": "file-not-scanned", "text": "exception", "line": 0},
    ]
    folder = make_tree(tmp_path / "t", {"a.py": "x\n"})
    for problem in problems:
        line = {"path": "a.py", "sha256": "0" * 64, "length": 2, "results": [], "problems": [problem]}
        outcome = bandit_shards.Outcome(lines={"a.py": line}, failures={}, tests=("B101",))
        with monkeypatch.context() as patch:
            patch.setattr(bandit_shards, "scan", lambda job, pool, outcome=outcome: outcome)
            scan(folder, tmp_path / "c")
    scan(folder, tmp_path / "c")
    assert scanned == ["a.py"]


def test_a_file_that_cannot_be_read_is_told_as_without_a_cache(tmp_path: Path) -> None:
    folder = make_tree(tmp_path / "t", {"a.py": "x = 1\n", "b.py": "y = 1\n"})
    request = make_request(folder)
    (folder / "b.py").unlink()
    bare = without_times(BanditScanner().scan(request).run)
    for _ in range(2):
        assert without_times(BanditScanner().scan(replace(request, cache=tmp_path / "c")).run) == bare
    assert [note.id for note in bare.notifications] == ["file-not-read"]


def test_an_entry_that_is_broken_is_scanned_again(tmp_path: Path, scanned: list[str]) -> None:
    folder = make_tree(tmp_path / "t", {"a.py": "eval(x)\n"})
    bare = scan(folder, tmp_path / "c")
    file = Store(tmp_path / "c").file
    file.write_bytes(file.read_bytes().replace(b"MEDIUM", b"LOWEST"))
    del scanned[:]
    assert scan(folder, tmp_path / "c") == bare
    assert scanned == ["a.py"]


def test_a_cache_that_cannot_be_used_changes_nothing(tmp_path: Path) -> None:
    folder = make_tree(tmp_path / "t", {"a.py": "eval(x)\n"})
    (tmp_path / "file").write_text("")
    assert scan(folder, tmp_path / "file") == scan(folder)


@pytest.mark.parametrize("seed", [1, 2])
def test_any_history_of_a_tree_fast(tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    live_through(tmp_path, seed, 25, monkeypatch)


@pytest.mark.full
@pytest.mark.parametrize("seed", range(10))
def test_any_history_of_a_tree(tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    live_through(tmp_path, 1_000 + seed, 100, monkeypatch)


def live_through(folder: Path, seed: int, steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """After each of many random changes, a run with the cache and one without it are the same, byte for byte."""
    chance = random.Random(seed)
    tree = make_tree(folder / "t", {f"d/{n}.py": text for n, text in enumerate(SNIPPETS)})
    config, hits = Config(), 0
    for step in range(steps):
        with monkeypatch.context() as patch:
            config = _happen(chance, tree, config, folder / "c", patch)
            counted = _counted(patch)
            cached = scan(tree, folder / "c", config=config)
            fresh = len(counted)
            bare = scan(tree, config=config)
            assert repr(cached) == repr(bare), f"seed {seed}, step {step}"
            hits += len(counted) - 2 * fresh
    assert hits > steps  # the cache has spared work: else nothing was tested


def _happen(chance: random.Random, tree: Path, config: Config, cache: Path, patch: pytest.MonkeyPatch) -> Config:
    files = sorted(tree.rglob("*.py"))
    one = chance.choice(files) if files else tree / "d/new.py"
    kind = chance.choice(("edit", "edit", "add", "move", "delete", "tree setting", "allow", "scope", "engine", "break"))
    if kind == "edit" and files:
        one.write_text(one.read_text("utf-8") + chance.choice(SNIPPETS), "utf-8")
    elif kind in ("edit", "add"):
        make_tree(tree, {f"{chance.choice('de')}/{chance.randrange(20)}.py": chance.choice(SNIPPETS)})
    elif kind == "move" and files:
        one.replace(one.parent / f"{chance.randrange(20)}.py")
    elif kind == "delete" and len(files) > 3:
        one.unlink()
    elif kind == "tree setting":
        skips = chance.sample(["B101", "B307", "B602"], chance.randrange(3))
        make_tree(tree, {"pyproject.toml": f"[tool.bandit]\nskips = {json.dumps(skips)}\nexclude_dirs = ['e']\n"})
    elif kind == "allow":
        values = (chance.choice(("B101", "B307")),)
        allowed = TreeSetting(setting="bandit.skips", values=values, owner="o", reason="r")
        return replace(config, tree_settings=(allowed,) if chance.random() < 0.7 else ())
    elif kind == "scope":
        left_out = OutOfScope(path="e/**", owner="o", reason="r")
        return replace(config, out_of_scope=() if config.out_of_scope else (left_out,))
    elif kind == "engine":
        change_engine(patch, chance.choice(("our version", "bandit", "interpreter")), str(chance.randrange(3)))
    elif kind == "break" and Store(cache).file.exists():
        _break(chance, Store(cache).file)
    return config


def _break(chance: random.Random, file: Path) -> None:
    data = bytearray(file.read_bytes())
    for _ in range(5):
        data[chance.randrange(len(data))] ^= 1 + chance.randrange(255)
    file.write_bytes(bytes(data))


def test_the_request_has_no_cache_of_its_own_accord(tmp_path: Path) -> None:
    assert make_request(tmp_path).cache is None


def test_no_secret_of_a_source_is_kept(tmp_path: Path) -> None:
    tree = make_tree(tmp_path / "tree", {"a.py": f"password = 'a-word-of-ours'\nf('{'AKIA' + 'IOSFODNN7QWERTYU'}')\n"})
    (result,) = scan(tree, tmp_path / "cache").results
    assert "a-word-of-ours" not in repr(result)
    kept = b"".join(path.read_bytes() for path in (tmp_path / "cache").rglob("*") if path.is_file())
    assert kept
    assert b"a-word-of-ours" not in kept
