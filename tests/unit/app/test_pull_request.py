"""What CI systems say of the base of a change."""

import json
from pathlib import Path

import pytest

from govsec_ci.app.pull_request import base, source
from govsec_ci.errors import UsageError
from govsec_ci.system.git_fetch import Source

SHA = "a" * 40


def github(tmp_path: Path, event: object, name: str = "pull_request", **more: str) -> dict[str, str]:
    path = tmp_path / "event.json"
    path.write_bytes(event if isinstance(event, bytes) else json.dumps(event).encode())
    plain = {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": name, "GITHUB_EVENT_PATH": str(path)}
    return plain | {"GITHUB_REPOSITORY": "owner/name"} | more


@pytest.mark.parametrize(
    "event", ["pull_request", "pull_request_target", "pull_request_review", "pull_request_review_comment"]
)
def test_the_commit_that_the_event_names(tmp_path: Path, event: str) -> None:
    assert base(github(tmp_path, {"pull_request": {"base": {"sha": SHA}}}, event)) == SHA


def test_a_merge_queue(tmp_path: Path) -> None:
    assert base(github(tmp_path, {"merge_group": {"base_sha": SHA}}, "merge_group")) == SHA


@pytest.mark.parametrize("event", ["push", "schedule", "workflow_dispatch", "release", ""])
def test_nothing_is_to_be_merged(tmp_path: Path, event: str) -> None:
    assert base(github(tmp_path, {"pull_request": {"base": {"sha": SHA}}}, event)) == ""


@pytest.mark.parametrize(
    "event",
    [
        {},
        [],
        {"pull_request": 3},
        {"pull_request": {"base": {"sha": "--upload-pack=x"}}},
        b"{",
        b"[" * 100_000,
        b"\xff",
    ],
)
def test_an_event_that_says_nothing_leaves_the_branch_by_name(tmp_path: Path, event: object) -> None:
    assert base(github(tmp_path, event, GITHUB_BASE_REF="main")) == "refs/heads/main"
    for name in ("pull_request", "merge_group"):
        with pytest.raises(UsageError, match="does not say into what"):  # its own rules would judge it
            base(github(tmp_path, event, name))


def test_no_file_of_the_event() -> None:
    told = {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "pull_request", "GITHUB_BASE_REF": "main"}
    assert base(told) == base(told | {"GITHUB_EVENT_PATH": "/nowhere"}) == "refs/heads/main"


def test_a_merge_request_of_gitlab() -> None:
    told = {"GITLAB_CI": "true", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main", "CI_JOB_TOKEN": "t"}
    told["CI_MERGE_REQUEST_PROJECT_URL"] = "https://gitlab.example/g/p"
    assert base(told) == "refs/heads/main"
    assert source(told) == Source(url="https://gitlab.example/g/p.git", token="t", user="gitlab-ci-token")
    assert base({"GITLAB_CI": "true"}) == ""
    with pytest.raises(UsageError, match="CI_MERGE_REQUEST_TARGET_BRANCH_NAME does not say"):
        base({"GITLAB_CI": "true", "CI_PIPELINE_SOURCE": "merge_request_event"})


def test_where_github_keeps_it() -> None:
    told = {"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "o/n", "GITHUB_TOKEN": "t"}
    assert source(told) == Source(url="https://github.com/o/n", token="t")
    given = told | {"GOVSEC_GITHUB_TOKEN": "u", "GITHUB_SERVER_URL": "https://ghe.example"}
    assert source(given) == Source(url="https://ghe.example/o/n", token="u")


def test_elsewhere_nobody_says() -> None:
    told = {"GITHUB_EVENT_NAME": "pull_request", "GITHUB_BASE_REF": "main", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "x"}
    assert base(told) == ""
    assert source(told) is None
