"""Which commit gives the rules."""

import json
from pathlib import Path

import pytest

from govsec_ci.app.trusted_ref import AUTO, NONE, in_force, trusted
from govsec_ci.errors import UsageError
from tests.support.repositories import commit_all, git, new_repository


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    folder = new_repository(tmp_path / "owner/name")
    (folder / "a.txt").write_text("first\n")
    commit_all(folder, "first")
    git(folder, "switch", "-q", "-c", "change")
    (folder / "a.txt").write_text("second\n")
    commit_all(folder, "second")
    return folder


@pytest.fixture
def shallow(origin: Path, tmp_path: Path) -> Path:
    git(tmp_path, "clone", "-q", "--depth=1", "--branch", "change", origin.as_uri(), "shallow")
    return tmp_path / "shallow"


def pull_request(origin: Path, **more: str) -> dict[str, str]:
    event = origin.parent / "event.json"
    event.write_text(json.dumps({"pull_request": {"base": {"sha": main_of(origin)}}}))
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_EVENT_PATH": str(event),
        "GITHUB_REPOSITORY": "owner/name",
        "GITHUB_SERVER_URL": origin.parent.parent.as_uri(),
    } | more


def main_of(origin: Path) -> str:
    return git(origin, "rev-parse", "main").strip()


@pytest.mark.parametrize("ref", ["", NONE, AUTO])
def test_the_tree_itself(origin: Path, ref: str) -> None:
    with trusted(origin, ref, {}) as found:
        assert found is None


def test_a_ref_of_the_checkout(origin: Path) -> None:
    with trusted(origin, "main", {}) as found:
        assert found is not None
        assert (found.commit, found.variables) == (main_of(origin), {})


@pytest.mark.parametrize("ref", ["main", "main~0"])
def test_a_tag_does_not_take_the_place_of_the_branch_that_is_meant(origin: Path, ref: str) -> None:
    git(origin, "tag", "main", "change")
    git(origin, "config", "core.warnAmbiguousRefs", "false")
    with pytest.raises(UsageError, match="more than one branch or tag"), trusted(origin, ref, {}):
        pass


def test_a_name_in_full_and_a_commit_are_never_ambiguous(origin: Path) -> None:
    commit = git(origin, "rev-parse", "refs/heads/main").strip()
    for name in ("refs/heads/main", commit):
        git(origin, "tag", name, "change")
    for name in ("refs/heads/main", commit):
        with trusted(origin, name, {}) as found:
            assert found is not None
            assert found.commit == commit


def test_the_base_of_a_pull_request_of_a_whole_and_of_a_shallow_checkout(origin: Path, shallow: Path) -> None:
    for folder, fetches in ((origin, False), (shallow, True)):
        with trusted(folder, AUTO, pull_request(origin)) as found:
            assert found is not None
            assert found.commit == main_of(origin)
            assert bool(found.variables) == fetches
        with trusted(folder, NONE, pull_request(origin)) as found:
            assert found is None


def test_a_branch_that_only_ci_names_is_never_taken_from_the_checkout(origin: Path, shallow: Path) -> None:
    git(shallow, "branch", "main", "HEAD")
    environment = pull_request(origin, GITHUB_EVENT_PATH="", GITHUB_BASE_REF="main")
    with trusted(shallow, AUTO, environment) as found:
        assert found is not None
        assert found.commit == main_of(origin)


@pytest.mark.parametrize("ref", ["main", "origin/main", "refs/heads/main"])
def test_a_ref_that_is_named_is_fetched_where_ci_says_from_where(origin: Path, shallow: Path, ref: str) -> None:
    with trusted(shallow, ref, pull_request(origin)) as found:
        assert found is not None
        assert found.commit == main_of(origin)
    with pytest.raises(UsageError, match="no commit of this checkout") as caught, trusted(shallow, ref, {}):
        pass
    assert "git fetch --depth=1" in caught.value.next_step


def test_nothing_is_fetched_over_the_network_when_offline(origin: Path, shallow: Path) -> None:
    away = pull_request(origin, GITHUB_SERVER_URL="https://host.invalid")
    with pytest.raises(UsageError) as caught, trusted(shallow, AUTO, away, offline=True):
        pass
    assert "--offline" in caught.value.cause
    with trusted(shallow, AUTO, pull_request(origin), offline=True) as found:
        assert found is not None


def test_a_replacement_in_the_checkout_has_no_effect(origin: Path) -> None:
    git(origin, "replace", main_of(origin), git(origin, "rev-parse", "change").strip())
    from govsec_ci.system.git import run_git

    assert run_git(origin, "cat-file", "blob", f"{main_of(origin)}:a.txt").stdout == b"first\n"


def test_no_checkout_and_no_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="no git checkout"), trusted(tmp_path, "main", {}):
        pass
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="git is not installed"), trusted(tmp_path, "main", {}):
        pass


@pytest.mark.parametrize("ref", ["--help", "-x", "ma in", "a..b", "x" * 300])
def test_what_is_no_ref(origin: Path, ref: str) -> None:
    with pytest.raises(UsageError), trusted(origin, ref, {}):
        pass


def test_what_is_in_force(origin: Path) -> None:
    assert in_force(AUTO, pull_request(origin)) == main_of(origin)
    assert in_force("x", pull_request(origin)) == "x"
    assert in_force(AUTO, {}) == in_force(NONE, pull_request(origin)) == ""
