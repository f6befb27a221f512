"""The action and the workflows, ours and those that users copy, as the real linters see them."""

import subprocess

import pytest

from tests.conftest import ROOT
from tests.support import fresh

WORKFLOWS = sorted([*(ROOT / ".github/workflows").glob("*.yml"), *(ROOT / "docs/workflows").glob("*.yml")])


def said_by(*command: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(word) for word in command], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )


def test_zizmor_finds_nothing_even_as_a_pedant() -> None:
    done = said_by(
        fresh.tool("zizmor"), "--offline", "--no-progress", "--no-config", "--persona", "pedantic",
        "action.yml", ".github", *WORKFLOWS,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("schema", "paths"), [("github-actions", [ROOT / "action.yml"]), ("github-workflows", WORKFLOWS)], ids=str
)
def test_github_s_schemas_hold(schema: str, paths: list[object]) -> None:
    done = said_by(fresh.tool("check-jsonschema"), "--builtin-schema", f"vendor.{schema}", *paths)
    assert done.returncode == 0, done.stdout


def test_dependabot_s_schema_holds() -> None:
    done = said_by(fresh.tool("check-jsonschema"), "--builtin-schema", "vendor.dependabot", ".github/dependabot.yml")
    assert done.returncode == 0, done.stdout


def test_pre_commit_takes_the_manifest_of_the_hooks() -> None:
    done = said_by(fresh.tool("pre-commit"), "validate-manifest", ".pre-commit-hooks.yaml")
    assert done.returncode == 0, done.stdout
