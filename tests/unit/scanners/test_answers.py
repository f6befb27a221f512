"""Answers that are kept: the same is not asked twice, and nothing else is taken for the same."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from govsec_ci.advisories.prepare import prepare
from govsec_ci.errors import InputError, ToolError
from govsec_ci.model import Run
from govsec_ci.scanners import answers
from govsec_ci.scanners.cyclonedx import CycloneDxScanner
from govsec_ci.scanners.pip_audit import PipAuditScanner
from govsec_ci.system import process
from govsec_ci.system.cache import Store
from tests.support.scanners import component, make_request, make_tree, manifest, told

KEY = b"k" * 32


class Asked:
    """Answers as a tool does, and counts."""

    def __init__(self, answer: bytes = b'"yes"') -> None:
        self.answer, self.times = answer, 0

    def __call__(self) -> bytes:
        self.times += 1
        return self.answer


def kept(cache: Path | None, ask: Asked, key: Callable[[], bytes | None] = lambda: KEY) -> str:
    return answers.kept(cache, key, ask, _word)


def _word(told: bytes) -> str:
    if told == b'"no answer"':
        raise ToolError("that is none")
    return told.decode("utf-8", "replace").strip('"')


def test_what_was_answered_is_not_asked_again(tmp_path: Path) -> None:
    ask = Asked()
    assert [kept(tmp_path, ask), kept(tmp_path, ask)] == ["yes", "yes"]
    assert ask.times == 1
    assert kept(None, ask) == "yes"
    assert ask.times == 2


def test_another_question_is_asked(tmp_path: Path) -> None:
    ask = Asked()
    kept(tmp_path, ask)
    kept(tmp_path, ask, lambda: b"o" * 32)
    assert ask.times == 2


def test_a_question_that_cannot_be_told_is_asked_each_time(tmp_path: Path) -> None:
    ask = Asked()
    assert [kept(tmp_path, ask, lambda: None), kept(tmp_path, ask, lambda: None)] == ["yes", "yes"]
    assert ask.times == 2


def test_an_answer_that_is_none_is_not_kept_and_a_kept_one_asked_for_anew(tmp_path: Path) -> None:
    with pytest.raises(ToolError):
        kept(tmp_path, Asked(b'"no answer"'))
    assert Store(tmp_path).get([KEY]) == {}
    Store(tmp_path).put({KEY: b'"no answer"'})
    assert kept(tmp_path, Asked()) == "yes"
    assert Store(tmp_path).get([KEY]) == {KEY: b'"yes"'}


def test_what_changed_while_it_was_asked_is_not_kept(tmp_path: Path) -> None:
    keys = iter((KEY, b"o" * 32))
    assert kept(tmp_path, Asked(), lambda: next(keys)) == "yes"
    assert Store(tmp_path).get([KEY, b"o" * 32]) == {}


@pytest.mark.parametrize(
    "answer",
    [
        {"url": "https://user:hunter2hunter2@host/simple"},
        {"description": 'set password = "hunter2horse"'},
        {"description": 'パスワード = "hunter2horse"'},
    ],
)
@pytest.mark.parametrize("ascii_only", [True, False])
def test_a_secret_is_not_kept(tmp_path: Path, answer: dict[str, str], *, ascii_only: bool) -> None:
    """However JSON writes it: quotes within a text, and letters that are not ASCII."""
    kept(tmp_path, Asked(json.dumps(answer, ensure_ascii=ascii_only).encode()))
    assert Store(tmp_path).get([KEY]) == {}


@pytest.mark.parametrize("answer", [b"\xff", b'"\xff"', b"password: hunter2horse", b"[" * 100_000])
def test_nor_is_what_nobody_can_look_through(tmp_path: Path, answer: bytes) -> None:
    kept(tmp_path, Asked(answer))
    assert Store(tmp_path).get([KEY]) == {}


def test_a_package_that_is_called_like_a_secret_is_none(tmp_path: Path) -> None:
    ask = Asked(b'[{"name":"secretstorage","purl":"pkg:pypi/secretstorage@3.3.3","version":"3.3.3"}]')
    assert kept(tmp_path, ask) == kept(tmp_path, ask)
    assert ask.times == 1


def test_an_error_of_the_tool_is_not_kept(tmp_path: Path) -> None:
    def fails() -> bytes:
        raise InputError("it fails")

    with pytest.raises(InputError):
        answers.kept(tmp_path, lambda: KEY, fails, _word)
    assert Store(tmp_path).get([KEY]) == {}


@given(st.lists(st.binary(max_size=3), max_size=3), st.lists(st.binary(max_size=3), max_size=3))
def test_two_questions_have_two_keys(one: list[bytes], other: list[bytes]) -> None:
    assert (answers.key_of("e", *one) == answers.key_of("e", *other)) == (one == other)


def test_the_engine_is_the_very_files_that_answer(tmp_path: Path) -> None:
    ours = tmp_path / "worker.py"
    ours.write_text("x = 1\n")
    before = answers.engine(("bandit",), [ours])
    assert answers.engine(("bandit",), [ours]) == before
    assert answers.engine(("bandit", "packaging"), [ours]) != before
    ours.write_text("x = 2\n")
    assert answers.engine(("bandit",), [ours]) != before


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The modules of all processes that were started."""
    found: list[str] = []
    real = process.run_module

    def note(module: str, *arguments: Any, **options: Any) -> process.Completed:
        found.append(module)
        return real(module, *arguments, **options)

    monkeypatch.setattr(process, "run_module", note)
    return found


@pytest.fixture
def index(tmp_path: Path) -> Path:
    return prepare(_records(tmp_path / "osv", fixed="1.5"), tmp_path / "advisories")


def _records(folder: Path, fixed: str) -> Path:
    events = f'[{{"introduced": "0"}}, {{"fixed": "{fixed}"}}]'
    package = '{"ecosystem": "PyPI", "name": "foo"}'
    record = f'{{"package": {package}, "ranges": [{{"type": "ECOSYSTEM", "events": {events}}}]}}'
    text = f'{{"id": "PYSEC-2024-1", "modified": "2024-01-02T00:00:00Z", "affected": [{record}]}}'
    return make_tree(folder, {"PYSEC-2024-1.json": text})


def audit(folder: Path, index: Path, *versions: str, cache: Path | None = None) -> Run:
    given = manifest(*(component("foo", version) for version in versions))
    run = PipAuditScanner().scan(make_request(folder, manifests=(given,), advisories=index, cache=cache)).run
    return replace(run, invocation=None)


def test_an_audit_of_the_same_starts_no_process_and_says_the_same(
    tmp_path: Path, index: Path, started: list[str]
) -> None:
    bare = audit(make_tree(tmp_path / "t", {}), index, "1.0")
    assert [one.rule_id for one in bare.results] == ["PYSEC-2024-1"]
    del started[:]
    assert audit(tmp_path / "t", index, "1.0", cache=tmp_path / "c") == bare
    assert audit(tmp_path / "t", index, "1.0", cache=tmp_path / "c") == bare
    assert len(started) == 1
    moved = index.rename(tmp_path / "elsewhere")
    assert audit(tmp_path / "t", moved, "1.0", cache=tmp_path / "c") == bare
    assert len(started) == 1


def test_other_components_and_other_advisories_are_audited_anew(
    tmp_path: Path, index: Path, started: list[str]
) -> None:
    make_tree(tmp_path / "t", {})
    audit(tmp_path / "t", index, "1.0", cache=tmp_path / "c")
    assert not audit(tmp_path / "t", index, "1.5", cache=tmp_path / "c").results
    newer = prepare(_records(tmp_path / "osv", fixed="2.0"), tmp_path / "newer")
    newer.replace(index)
    assert audit(tmp_path / "t", index, "1.5", cache=tmp_path / "c").results
    assert len(started) == 3


def test_an_index_that_is_there_only_while_it_is_read_names_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index, cache = tmp_path / "index.sqlite", tmp_path / "cache"

    def worker(*_: Any, **__: Any) -> process.Completed:
        return process.Completed(exit_code=0, stdout=b'{"audited":[0]}', stderr="", seconds=0.1)

    monkeypatch.setattr(process, "run_module", worker)
    audit(make_tree(tmp_path / "t", {}), index, "1.0", cache=cache)
    assert not Store(cache).file.exists()


def test_an_index_that_is_gone_is_told_whatever_is_kept(tmp_path: Path, index: Path) -> None:
    make_tree(tmp_path / "t", {})
    audit(tmp_path / "t", index, "1.0", cache=tmp_path / "c")
    index.unlink()
    assert told(audit(tmp_path / "t", index, "1.0", cache=tmp_path / "c")) == [("tool-failed", "error")]


def sbom(folder: Path, cache: Path | None, *names: str) -> dict[str, bytes]:
    given = manifest(*(component(name, line=line) for line, name in enumerate(names, 1)))
    return dict(CycloneDxScanner().scan(make_request(folder, manifests=(given,), cache=cache)).files)


def test_an_sbom_of_the_same_starts_no_process_and_is_the_same(tmp_path: Path, started: list[str]) -> None:
    bare = sbom(make_tree(tmp_path / "t", {}), None, "foo", "secretstorage")
    del started[:]
    assert [sbom(tmp_path / "t", tmp_path / "c", "foo", "secretstorage") for _ in range(2)] == [bare, bare]
    assert len(started) == 1
    assert sbom(tmp_path / "t", tmp_path / "c", "foo", "baz") == sbom(tmp_path / "t", None, "foo", "baz")
    assert len(started) == 3


POETRY = '[[package]]\nname = "foo"\nversion = "{}"\nfiles = []\n[metadata]\nlock-version = "2.1"\ncontent-hash = "x"\n'


def test_a_lock_file_with_another_byte_is_asked_anew(tmp_path: Path, started: list[str]) -> None:
    for number, version in enumerate(("1.0", "1.0", "2.0"), 1):
        make_tree(tmp_path / "t", {"poetry.lock": POETRY.format(version)})
        given = replace(manifest(component("foo", version)), path="poetry.lock", format="poetry.lock")
        request = make_request(tmp_path / "t", manifests=(given,), cache=tmp_path / "c")
        made = CycloneDxScanner().scan(request)
        assert f'"{version}"'.encode() in made.files["sbom.cdx.json"]
        assert not made.run.notifications
        assert len(started) == (1 if number < 3 else 2)
