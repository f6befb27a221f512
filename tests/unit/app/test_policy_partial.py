"""app/policy.py: what of the trusted commit cannot be read is not taken for what is not there."""

from pathlib import Path

import pytest

from govsec_ci.app.policy import read_policy
from govsec_ci.errors import UsageError
from tests.support.repositories import commit_all, git, new_repository


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    """A repository whose second commit names another profile than its first."""
    folder = new_repository(tmp_path / "origin")
    git(folder, "config", "uploadpack.allowFilter", "true")
    for profile in ("us-stig-asd", "essentials"):
        (folder / "govsec.toml").write_text(f'profiles = ["{profile}"]\n')
        commit_all(folder, profile)
    return folder


def rules(folder: Path) -> tuple[str, ...]:
    with read_policy(folder, ref="HEAD~1", config_file=None, waivers_file=None, profiles=()) as policy:
        return policy.config.profiles


@pytest.mark.parametrize("left_out", ["blob:none", "tree:0"])
def test_rules_that_a_partial_clone_left_out_are_not_those_of_nobody(
    origin: Path, tmp_path: Path, left_out: str
) -> None:
    assert rules(origin) == ("us-stig-asd",)
    part = tmp_path / "part"
    git(tmp_path, "clone", "-q", f"--filter={left_out}", origin.as_uri(), str(part))
    with pytest.raises(UsageError, match=r"govsec\.toml of the trusted commit cannot be read here"):
        rules(part)


def test_a_commit_without_settings_has_none(origin: Path) -> None:
    git(origin, "rm", "-q", "govsec.toml")
    commit_all(origin, "none")
    commit_all(origin, "next")
    assert rules(origin) == ()
