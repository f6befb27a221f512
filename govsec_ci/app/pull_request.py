"""What a change is to be merged into, in the words of the CI system that runs us.

GitHub (pull requests, merge queues) names a commit in the file of the event; GitLab (merge requests) names the target
branch. Both say where to fetch it from, which a shallow checkout needs. What the judged tree says is not asked.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from govsec_ci.errors import InputError, UsageError
from govsec_ci.system.files import read_limited
from govsec_ci.system.git_fetch import Source

_COMMIT: Final = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_EVENT_LIMIT_BYTES: Final = 50_000_000
_EVENTS: Final = {
    "pull_request": ("pull_request", "base", "sha"),
    "pull_request_target": ("pull_request", "base", "sha"),
    # Whoever may comment on a pull request starts these; their checks stand beside those of the pull request.
    "pull_request_review": ("pull_request", "base", "sha"),
    "pull_request_review_comment": ("pull_request", "base", "sha"),
    "merge_group": ("merge_group", "base_sha"),
}


def base(environment: Mapping[str, str]) -> str:
    """A full commit id, or the full name of a branch of the :func:`source`; empty where nothing is to be merged.

    :raises UsageError: something is to be merged, and nothing says into what
    """
    if environment.get("GITHUB_ACTIONS") == "true":
        return _github(environment)
    if environment.get("GITLAB_CI") != "true":
        return ""
    branch = environment.get("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "")
    if not branch and environment.get("CI_PIPELINE_SOURCE") == "merge_request_event":
        raise _unknown("CI_MERGE_REQUEST_TARGET_BRANCH_NAME")
    return f"refs/heads/{branch}" if branch else ""


def source(environment: Mapping[str, str]) -> Source | None:
    """Where the base can be fetched from, or None where no CI system says."""
    if environment.get("GITHUB_ACTIONS") == "true" and environment.get("GITHUB_REPOSITORY"):
        server = environment.get("GITHUB_SERVER_URL", "https://github.com")
        token = environment.get("GOVSEC_GITHUB_TOKEN") or environment.get("GITHUB_TOKEN", "")
        return Source(url=f"{server}/{environment['GITHUB_REPOSITORY']}", token=token)
    project = environment.get("CI_MERGE_REQUEST_PROJECT_URL") or environment.get("CI_PROJECT_URL", "")
    if environment.get("GITLAB_CI") != "true" or not project:
        return None
    return Source(url=f"{project}.git", token=environment.get("CI_JOB_TOKEN", ""), user="gitlab-ci-token")


def _github(environment: Mapping[str, str]) -> str:
    way = _EVENTS.get(environment.get("GITHUB_EVENT_NAME", ""))
    if way is None:
        return ""
    commit = _at(_event(environment.get("GITHUB_EVENT_PATH", "")), way)
    if isinstance(commit, str) and _COMMIT.fullmatch(commit):
        return commit
    branch = environment.get("GITHUB_BASE_REF", "")
    if not branch:
        raise _unknown("the file that GITHUB_EVENT_PATH names")
    return f"refs/heads/{branch}"


def _unknown(source: str) -> UsageError:
    """Judged by its own rules the change would be its own judge."""
    return UsageError(
        f"--policy-ref auto: a change is to be merged, but {source} does not say into what",
        cause="the variable or the file was not passed on, e.g. into a container",
        next_step="pass it on, or name the base: --policy-ref GITREF",
    )


def _event(path: str) -> Any:
    try:
        return json.loads(read_limited(Path(path), limit_bytes=_EVENT_LIMIT_BYTES)) if path else None
    except (InputError, ValueError, RecursionError):
        return None


def _at(value: Any, way: tuple[str, ...]) -> Any:
    for name in way:
        value = value.get(name) if isinstance(value, dict) else None
    return value
