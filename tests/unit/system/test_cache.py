"""The store of answers: it may lose everything, and never tell anything wrong."""

import multiprocessing
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from govsec_ci.system import cache
from govsec_ci.system.cache import Store, default_cache

KEYS = [bytes([number]) * 32 for number in range(100)]


def test_what_was_put_is_got(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert store.get(KEYS) == {}
    store.put({KEYS[0]: b"a", KEYS[1]: b""})
    assert Store(tmp_path).get(KEYS) == {KEYS[0]: b"a", KEYS[1]: b""}
    store.put({KEYS[0]: b"b"})
    assert Store(tmp_path).get(KEYS[:1]) == {KEYS[0]: b"b"}


def test_more_keys_than_one_statement_takes(tmp_path: Path) -> None:
    values = {number.to_bytes(32): b"%d" % number for number in range(1_234)}
    Store(tmp_path).put(values)
    assert Store(tmp_path).get(values) == values


def test_only_the_user_may_look_in(tmp_path: Path) -> None:
    folder = tmp_path / "answers"
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    store = Store(tmp_path)
    store.put({KEYS[0]: b"a"})
    assert folder.stat().st_mode & 0o777 == 0o700
    assert store.info().entries == 1


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="no users")
def test_a_folder_of_somebody_else_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Store(tmp_path).put({KEYS[0]: b"a"})
    monkeypatch.setattr(os, "geteuid", lambda: 12_345)
    assert Store(tmp_path).get(KEYS) == {}


def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "answers").symlink_to(tmp_path / "elsewhere")
    store = Store(tmp_path)
    store.put({KEYS[0]: b"a"})
    assert store.get(KEYS) == {}
    assert list((tmp_path / "elsewhere").iterdir()) == []


_TAMPERED = {
    "value": "value = CAST(substr(value, 1, 32) || 'bad!' AS BLOB)",
    "type": "value = substr(value, 1, 32) || 'good'",
    "nothing": "value = NULL, used = NULL",
    "key": "key = CAST('other' AS BLOB)",
}


@pytest.mark.parametrize("what", _TAMPERED)
def test_an_entry_that_was_tampered_with_is_not_told(tmp_path: Path, what: str) -> None:
    store = Store(tmp_path)
    store.put({KEYS[0]: b"good", KEYS[1]: b"good"})
    with closing(sqlite3.connect(store.file)) as database, database:
        database.execute(f"UPDATE answers SET {_TAMPERED[what]} WHERE key = ?", (KEYS[0],))
    assert store.get(KEYS) == {KEYS[1]: b"good"}


@pytest.mark.parametrize("data", [b"", b"no database" * 1000, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_broken_file_is_replaced(tmp_path: Path, data: bytes) -> None:
    store = Store(tmp_path)
    store.put({KEYS[0]: b"a"})
    store.file.write_bytes(data)
    assert store.get(KEYS) == {}
    store.put({KEYS[1]: b"b"})
    store.put({KEYS[1]: b"b"})
    assert store.get(KEYS) == {KEYS[1]: b"b"}


def test_bytes_broken_anywhere_lose_answers_and_change_none(tmp_path: Path) -> None:
    values = {key: key * 20 for key in KEYS}
    store = Store(tmp_path)
    store.put(values)
    whole = store.file.read_bytes()
    for place in range(100, len(whole), 997):
        store.file.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        found = store.get(KEYS)
        assert found.items() <= values.items()
        store.clear()


def test_a_folder_that_cannot_be_made_costs_nothing_but_the_store(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = Store(tmp_path / "file")
    store.put({KEYS[0]: b"a"})
    assert (store.get(KEYS), store.info().entries, store.clear()) == ({}, 0, True)


def test_a_locked_database_is_as_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "_BUSY_S", 0.01)
    store = Store(tmp_path)
    store.put({KEYS[0]: b"a"})
    with closing(sqlite3.connect(store.file)) as other:
        other.execute("BEGIN IMMEDIATE")
        store.put({KEYS[1]: b"b"})
        assert store.get(KEYS) == {KEYS[0]: b"a"}
    assert store.get(KEYS) == {KEYS[0]: b"a"}


def test_it_does_not_outgrow_its_limit_and_what_was_not_used_goes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = 1_000_000.0
    monkeypatch.setattr(cache, "time", SimpleNamespace(time=lambda: moment))
    store = Store(tmp_path, limit_bytes=200_000)
    for key in KEYS:
        moment += 10_000
        store.put({key: key * 250})
        assert KEYS[0] in store.get([KEYS[0]])  # used all the time
    kept = store.get(KEYS)
    assert KEYS[0] in kept
    assert KEYS[-1] in kept
    assert KEYS[1] not in kept
    assert 10 < len(kept) < 40
    assert store.info().size_bytes < 1_000_000


def test_one_answer_larger_than_all_room_is_not_kept(tmp_path: Path) -> None:
    store = Store(tmp_path, limit_bytes=10_000)
    store.put({KEYS[0]: b"x" * 50_000})
    assert store.get(KEYS) == {}


def test_clear_removes_everything_unless_somebody_is_at_it(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put({KEYS[0]: b"a"})
    with cache._held(store.folder / "lock", alone=False) as held:
        assert held
        assert not store.clear()
    assert store.clear()
    assert store.info().entries == 0
    assert not store.file.exists()


def test_while_it_is_being_removed_it_is_as_none(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put({KEYS[0]: b"a"})
    with cache._held(store.folder / "lock", alone=True) as held:
        assert held
        store.put({KEYS[1]: b"b"})
        assert store.get(KEYS) == {}
    assert store.get(KEYS) == {KEYS[0]: b"a"}


def _work(folder: Path, number: int) -> None:
    store = Store(folder)
    for turn in range(20):
        store.put({KEYS[turn]: b"%d" % turn, KEYS[50 + number]: b"own"})
        assert store.get([KEYS[turn]]) in ({}, {KEYS[turn]: b"%d" % turn})


def test_many_processes_at_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_work, args=(tmp_path, number)) for number in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    assert Store(tmp_path).info().entries == 23


def test_the_folder_is_named_by_the_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOVSEC_CACHE_DIR", str(tmp_path))
    assert default_cache() == tmp_path
    monkeypatch.delenv("GOVSEC_CACHE_DIR")
    assert default_cache().name == "govsec"


def test_a_folder_that_this_user_may_not_enter_is_as_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(_: Path, **_given: bool) -> os.stat_result:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "stat", denied)
        assert Store(tmp_path).get(KEYS) == {}
        assert Store(tmp_path).info().size_bytes == 0
        assert Store(tmp_path).clear()
