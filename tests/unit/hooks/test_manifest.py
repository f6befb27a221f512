"""``.pre-commit-hooks.yaml`` names what is there, and calls each hook for the right files."""

import re
import tomllib
from typing import Any

import pytest
import yaml

from govsec_ci.manifests.registry import FORMATS
from tests.conftest import ROOT

HOOKS: dict[str, dict[str, Any]] = {
    hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
}


def test_every_entry_is_an_installed_script() -> None:
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["scripts"]
    assert {hook["entry"] for hook in HOOKS.values()} == {name for name in scripts if name != "govsec"}
    assert all(identifier == hook["entry"].replace("-hook", "") for identifier, hook in HOOKS.items())


def test_hooks_run_one_at_a_time_in_an_environment_of_their_own() -> None:
    for hook in HOOKS.values():
        assert (hook["language"], hook["require_serial"]) == ("python", True)
        assert hook["minimum_pre_commit_version"]


MANIFESTS = [
    "requirements.txt",
    "requirements-dev.txt",
    "dev-requirements.txt",
    "requirements.lock",
    "requirements/base.txt",
    "a/uv.lock",
    "a/requirements/base.txt",
    "requirements/edx/base.txt",
    "requirements/edx/base.in",
    "Requirements.TXT",
    "old/requirements.pip",
    "setup.py",
    "a/setup.cfg",
    "constraints.txt",
    "Pipfile",
    "poetry.lock",
    "pdm.lock",
    "Pipfile.lock",
    "pylock.toml",
    "pylock.a.toml",
    "pyproject.toml",
    "govsec.toml",
    "tools/fetch.py.lock",
    "pdm.dev.lock",
    "environment.yml",
    "docs/conda-dev.yaml",
    "x/_vendor/vendor.txt",
    "lib/a-1.dist-info/METADATA",
]
OTHERS = ("README.md", "a.py", "package.json", "notes.txt")


@pytest.mark.parametrize("path", [*MANIFESTS, *OTHERS])
@pytest.mark.parametrize("identifier", ["govsec-audit", "govsec-sbom"])
def test_manifests_call_audit_and_sbom(path: str, identifier: str) -> None:
    called = bool(re.search(HOOKS[identifier]["files"], path))
    if any(format_.matches(path) for format_ in FORMATS.values()):
        assert called
    assert called == (path in MANIFESTS)


@pytest.mark.parametrize(("path", "called"), [("a.py", True), ("a b.pyw", True), ("a.pyi", False), ("a.pyc", False)])
def test_python_files_call_bandit(path: str, called: bool) -> None:
    assert bool(re.search(HOOKS["govsec-bandit"]["files"], path)) is called
