"""``govsec-pipeline`` on staged workflows."""

import re
from pathlib import Path

import pytest
import yaml
from govsec_ci_hooks.pipeline import main

from govsec_ci.scanners.zizmor import is_target
from tests.conftest import ROOT
from tests.support.staging import call, small_repository, stage, write

PATH = ".github/workflows/ci.yml"
SOUND = (ROOT / ".github/workflows/ci.yml").read_text("utf-8")
UNPINNED = re.sub(r"actions/checkout@\S+.*", "actions/checkout@main", SOUND)


@pytest.fixture
def top(tmp_path: Path) -> Path:
    return small_repository(tmp_path / "repo")


def test_an_unpinned_action_stops_the_commit(top: Path) -> None:
    stage(top, {PATH: UNPINNED})
    write(top, {PATH: SOUND})
    code, said = call(main, top)
    assert code == 1
    assert re.search(
        r"^\.github/workflows/ci\.yml:\d+:\d+ HIGH zizmor/unpinned-uses |unpinned-uses", said, re.MULTILINE
    )


def test_a_sound_workflow_passes(top: Path) -> None:
    stage(top, {PATH: SOUND})
    code, said = call(main, top)
    assert code == 0, said


def test_without_any_pipeline_there_is_nothing_to_find(top: Path) -> None:
    code, said = call(main, top)
    assert code == 0, said


def test_what_cannot_be_read_is_not_checked(top: Path) -> None:
    stage(top, {PATH: "on: [push\njobs: {"})
    assert call(main, top)[0] == 3


@pytest.mark.parametrize(
    "path",
    [PATH, ".github/workflows/x.yaml", "action.yml", "a/b/action.yaml", ".github/dependabot.yml", "ci.yml",
     ".github/workflows/sub/x.yml", "x/.github/workflows/x.yml", ".github/actions/a/action.yml", "faction.yml"],
)  # fmt: skip
def test_pre_commit_calls_the_hook_for_what_the_scanner_takes(path: str) -> None:
    hooks = {hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))}
    assert bool(re.search(hooks["govsec-pipeline"]["files"], path)) is is_target(path)
