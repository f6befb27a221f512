"""app/policy.py: a file that the operator names is the trusted one, whatever the change puts in its place."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from govsec_ci.app.policy import read_policy
from govsec_ci.errors import InputError, UsageError
from tests.support.repositories import commit_all, git, new_repository


def waiver(name: str) -> str:
    return f"""[[waivers]]
id = "{name}"
rule = "B602"
path = "weak.py"
owner = "app"
approver = "ciso"
reason = "known"
created = 2024-10-01
expires = 2024-11-01
ticket = "T-1"
plan = "none"
"""


@pytest.fixture
def inner(tmp_path: Path) -> Path:
    """The repository of a submodule that holds waivers."""
    folder = new_repository(tmp_path / "inner")
    (folder / "waivers.toml").write_text(waiver("old"))
    commit_all(folder, "old")
    return folder


@pytest.fixture
def top(tmp_path: Path) -> Path:
    """A repository with waivers in a folder, and one more file of them as a test's data."""
    folder = new_repository(tmp_path / "top")
    for name in ("ci/waivers.toml", "tests/waivers.toml"):
        (folder / name).parent.mkdir()
        (folder / name).write_text(waiver(name))
    commit_all(folder, "base")
    return folder


def add_module(folder: Path, inner: Path) -> None:
    git(folder, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner), "sub")


def given(folder: Path, name: str, ref: str = "HEAD~1") -> str:
    """The waivers that count when the operator names a file; empty: none."""
    path = folder / name
    with read_policy(folder, ref=ref, config_file=None, waivers_file=path, profiles=()) as policy:
        return (policy.waivers or b"").decode()


def file_linked(folder: Path) -> None:
    (folder / "ci/waivers.toml").unlink()
    (folder / "ci/waivers.toml").symlink_to("../sub/waivers.toml")


def folder_linked(folder: Path) -> None:
    (folder / "ci/waivers.toml").unlink()
    (folder / "ci").rmdir()
    (folder / "ci").symlink_to("sub")


def linked_within(folder: Path) -> None:
    (folder / "ci/waivers.toml").unlink()
    (folder / "ci/waivers.toml").symlink_to("../tests/waivers.toml")


def module_linked(folder: Path) -> None:
    git(folder, "rm", "-q", "-f", "sub")
    (folder / "sub").symlink_to("tests")


@pytest.mark.parametrize("change", [file_linked, folder_linked, linked_within])
def test_a_link_in_its_place_leads_nowhere_else(top: Path, inner: Path, change: Callable[[Path], None]) -> None:
    (inner / "waivers.toml").write_text(waiver("theirs"))
    commit_all(inner, "theirs")
    add_module(top, inner)
    change(top)
    commit_all(top, "change")
    assert given(top, "ci/waivers.toml") == waiver("ci/waivers.toml")


def test_a_link_of_the_trusted_commit_is_followed_within_it(top: Path) -> None:
    linked_within(top)
    commit_all(top, "a link")
    (top / "tests/waivers.toml").write_text(waiver("changed"))
    commit_all(top, "change")
    assert given(top, "ci/waivers.toml") == waiver("tests/waivers.toml")
    (top / "ci/waivers.toml").unlink()
    (top / "ci/waivers.toml").symlink_to(os.devnull)
    commit_all(top, "out of the tree")
    commit_all(top, "next")
    with pytest.raises(UsageError, match="cannot be read here"):
        given(top, "ci/waivers.toml")


def test_a_file_in_a_submodule_is_that_of_the_commit_that_the_trusted_one_records(top: Path, inner: Path) -> None:
    add_module(top, inner)
    commit_all(top, "a submodule")
    (top / "sub/waivers.toml").write_text(waiver("moved"))
    commit_all(top / "sub", "moved")
    commit_all(top, "change")
    assert given(top, "sub/waivers.toml") == waiver("old")
    nested = top / "tests"
    with read_policy(
        nested, ref="HEAD~1", config_file=None, waivers_file=top / "sub/waivers.toml", profiles=()
    ) as policy:
        assert policy.waivers == waiver("old").encode()
        assert policy.changes == ("sub/waivers.toml",)


def test_a_link_in_the_place_of_a_submodule_is_no_verdict(top: Path, inner: Path) -> None:
    add_module(top, inner)
    commit_all(top, "a submodule")
    module_linked(top)
    commit_all(top, "change")
    with pytest.raises(UsageError, match="lies in a submodule of which the trusted commit is not here"):
        given(top, "sub/waivers.toml")


def test_a_submodule_that_only_the_change_has_gives_nothing(top: Path, inner: Path) -> None:
    add_module(top, inner)
    commit_all(top, "change")
    assert given(top, "sub/waivers.toml") == ""


def test_a_submodule_whose_recorded_commit_is_not_here_is_said(top: Path, inner: Path, tmp_path: Path) -> None:
    add_module(top, inner)
    commit_all(top, "a submodule")
    commit_all(top, "change")
    check = tmp_path / "check"
    git(tmp_path, "clone", "-q", top.as_uri(), str(check))
    with pytest.raises(UsageError, match="lies in a submodule of which the trusted commit is not here"):
        given(check, "sub/waivers.toml")


def test_one_that_the_change_took_out_of_git_still_counts_as_it_was(top: Path) -> None:
    git(top, "rm", "-q", "--cached", "ci/waivers.toml")
    (top / ".gitignore").write_text("ci\n")
    commit_all(top, "change")
    (top / "ci/waivers.toml").write_text(waiver("generated"))
    assert given(top, "ci/waivers.toml") == waiver("ci/waivers.toml")
    (top / "ci/other.toml").write_text(waiver("the operator's"))
    assert given(top, "ci/other.toml") == waiver("the operator's")


def test_a_name_with_a_line_end_is_no_second_question(top: Path) -> None:
    with pytest.raises((InputError, UsageError)):
        given(top, "ci/waivers.toml\nHEAD:tests/waivers.toml")
