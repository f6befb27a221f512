"""``govsec-gate`` is ``govsec run`` over what git holds: what is pushed, else what is staged."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from govsec_ci_hooks.gate import command, main

from govsec_ci.cli.judging import run
from tests.conftest import ROOT
from tests.support.repositories import commit_all, git
from tests.support.staging import CLEAN, SHELL, call, small_repository, stage, write

COMMON = ("--advisories", ROOT / "examples/advisories", "--now", "2024-10-12T00:00:00Z", "--quiet")
STRICT = (ROOT / "govsec_ci/profiles/essentials.toml").read_text("utf-8").replace('id = "essentials"', 'id = "ours"')


@pytest.fixture(autouse=True)
def _keep_signal_handlers() -> Iterator[None]:
    names = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    kept = [signal.getsignal(name) for name in names]
    yield
    for name, handler in zip(names, kept, strict=True):
        signal.signal(name, handler)


@pytest.fixture
def top(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("PRE_COMMIT_TO_REF", "PRE_COMMIT_LOCAL_BRANCH"):
        monkeypatch.delenv(name, raising=False)
    return small_repository(tmp_path / "repo")


def verdict(top: Path) -> dict[str, Any]:
    told: dict[str, dict[str, Any]] = json.loads((top / "govsec-out/verdict.json").read_bytes())
    return told["subject"]


@pytest.mark.parametrize("variable", ["PRE_COMMIT_TO_REF", "PRE_COMMIT_LOCAL_BRANCH"])
def test_the_pushed_commit_is_judged_and_not_the_work_tree(
    top: Path, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clean = git(top, "rev-parse", "HEAD").strip()
    write(top, {"app.py": SHELL})
    bad = commit_all(top, "A shell")
    write(top, {"app.py": CLEAN})
    monkeypatch.setenv(variable, bad)
    code, said = call(main, top, *COMMON)
    assert (code, verdict(top)["commit"], verdict(top)["dirty"]) == (1, bad, False), said
    write(top, {"app.py": SHELL})
    monkeypatch.setenv(variable, clean)
    code, said = call(main, top, *COMMON)
    assert (code, verdict(top)["commit"]) == (0, clean), said


def test_what_shall_stay_offline_does(top: Path) -> None:
    code, said = call(main, top, "--offline", "--online", "osv")
    assert (code, "--offline opens no socket" in said) == (2, True)


def test_without_a_push_the_index_is_judged(top: Path) -> None:
    stage(top, {"app.py": SHELL})
    write(top, {"app.py": CLEAN})
    assert call(main, top, *COMMON)[0] == 1
    stage(top, {})
    write(top, {"app.py": SHELL})
    assert call(main, top, *COMMON)[0] == 0


def test_a_folder_of_the_checkout_may_be_named_from_within_another(top: Path) -> None:
    write(top, {"a/app.py": CLEAN, "a/requirements.txt": "idna==3.10\n", "b/app.py": SHELL})
    commit_all(top, "Two")
    assert call(main, top / "b", "../a", *COMMON)[0] == 0
    code, said = call(main, top / "b", "..", *COMMON)
    assert code == 1, said
    code, said = call(main, top, top.parent, *COMMON)
    assert (code, "is not in the checkout" in said) == (2, True)
    code, said = call(main, top, "nowhere", *COMMON)
    assert (code, "there is no such folder" in said) == (2, True)


def test_settings_and_profile_files_are_those_of_the_snapshot(top: Path) -> None:
    stage(top, {"govsec.toml": 'profiles = ["rules.toml"]\n', "rules.toml": STRICT})
    write(top, {"rules.toml": "no = [\n", "govsec.toml": "no = [\n"})
    code, said = call(main, top, *COMMON)
    assert code == 0, said
    assert (top / "govsec-out/inputs/profiles/ours.json").exists()
    assert call(main, top, *COMMON, "--profile", "jp-gov")[0] == 0
    assert not (top / "govsec-out/inputs/profiles/ours.json").exists()


def test_errors_name_files_as_the_repository_does(top: Path) -> None:
    stage(top, {"govsec.toml": "unknown = 1\n"})
    code, said = call(main, top, *COMMON)
    assert code == 2
    assert "govsec: govsec.toml" in said


def test_a_ref_that_is_no_commit_stops_the_push(top: Path) -> None:
    code, said = call(main, top, *COMMON, "--ref", "no-such")
    assert (code, "is no commit of this checkout" in said) == (2, True)
    code, said = call(main, top.parent, *COMMON)
    assert (code, "is no git checkout" in said) == (2, True)


@pytest.mark.parametrize("hook", [(), ("--online", "osv")])
def test_nothing_is_fetched_unless_it_is_asked_for(
    top: Path, hook: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: dict[str, Any] = {}
    monkeypatch.setattr(run, "callback", lambda **given: taken.update(given) or 0)
    assert call(main, top, *hook)[0] == 0
    assert taken["offline"] == (not hook)


def test_it_knows_every_option_of_the_command() -> None:
    own = {word for parameter in command.params for word in parameter.opts}
    assert own == {word for parameter in run.params for word in parameter.opts} | {"--ref"}
    assert isinstance(command.params[0], click.Argument)
