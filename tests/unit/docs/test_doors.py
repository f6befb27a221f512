"""The pages on hooks and action say what the hooks and the action are.

``GOVSEC_UPDATE_DOCS=1`` writes the tables of docs/github-action.md anew.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import ROOT

ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
PAGE = ROOT / "docs/github-action.md"
WORKFLOWS = sorted([*(ROOT / "docs/workflows").glob("*.yml"), *(ROOT / ".github/workflows").glob("*.yml")])


def inputs() -> str:
    given = {name: f"`{entry['default']}`" if entry["default"] else "" for name, entry in _named("inputs")}
    rows = [f"| `{name}` | {given[name]} | {entry['description'].strip()} |" for name, entry in _named("inputs")]
    return "\n".join(["| input | default | |", "|---|---|---|", *rows])


def outputs() -> str:
    rows = [f"| `{name}` | {entry['description'].strip()} |" for name, entry in _named("outputs")]
    return "\n".join(["| output | |", "|---|---|", *rows])


def _named(kind: str) -> list[tuple[str, dict[str, str]]]:
    return list(ACTION[kind].items())


@pytest.mark.parametrize(("head", "table"), [("Inputs", inputs()), ("Outputs", outputs())])
def test_the_page_on_the_action_lists_every_input_and_output(head: str, table: str) -> None:
    text = PAGE.read_text("utf-8")
    told = re.search(rf"## {head}\n\n(.*?)\n\n", text, re.DOTALL)
    assert told
    if os.environ.get("GOVSEC_UPDATE_DOCS"):
        PAGE.write_text(text[: told.start(1)] + table + text[told.end(1) :], "utf-8")
    else:
        assert told[1] == table


def test_the_page_on_hooks_lists_every_hook() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    told = set(re.findall(r"^\| `(govsec-[a-z]+)` \|", (ROOT / "docs/pre-commit.md").read_text("utf-8"), re.MULTILINE))
    assert told == {hook["id"] for hook in hooks}


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_action_is_pinned_to_the_same_commit_everywhere(path: Any) -> None:
    pins = dict(re.findall(r"([\w-]+/[\w/-]+)@([0-9a-f]{40})", (ROOT / "action.yml").read_text("utf-8") + _own_ci()))
    used = re.findall(r"uses: ([^\s@]+)@(\S+)", path.read_text("utf-8"))
    assert used
    for name, commit in used:
        assert commit == pins.get(name, "0" * 40), name


def _own_ci() -> str:
    return (ROOT / ".github/workflows/ci.yml").read_text("utf-8")


@pytest.mark.parametrize("path", sorted((ROOT / "docs/workflows").glob("*.yml")), ids=lambda path: path.name)
def test_example_workflows_give_only_inputs_that_are_there(path: Any) -> None:
    steps = [step for job in yaml.safe_load(path.read_text("utf-8"))["jobs"].values() for step in job["steps"]]
    (own,) = (step for step in steps if "/govsec_ci@" in step.get("uses", ""))
    assert set(own["with"]) <= set(ACTION["inputs"])


def test_no_input_is_spliced_into_a_script() -> None:
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step.get("run", "")


def test_every_input_reaches_the_program_or_a_step() -> None:
    steps = str(ACTION["runs"]["steps"])
    assert [name for name in ACTION["inputs"] if f"inputs.{name}" not in steps] == []


# The inputs of other people's actions, by their own action.yml files: GitHub lets a misspelt one by in silence.
KNOWN = {
    "actions/cache/restore": {
        "path", "key", "restore-keys", "enableCrossOsArchive", "fail-on-cache-miss", "lookup-only",
    },
    "actions/cache/save": {"path", "key", "upload-chunk-size", "enableCrossOsArchive"},
    "actions/upload-artifact": {
        "name", "path", "if-no-files-found", "retention-days", "compression-level", "overwrite", "include-hidden-files",
    },
    "actions/attest": {
        "subject-path", "subject-digest", "subject-name", "subject-checksums", "sbom-path", "predicate-type",
        "predicate", "predicate-path", "push-to-registry", "create-storage-record", "show-summary", "github-token",
    },
    "github/codeql-action/upload-sarif": {
        "sarif_file", "checkout_path", "ref", "sha", "token", "matrix", "category", "wait-for-processing",
    },
    "actions/checkout": {"fetch-depth", "persist-credentials"},
    "actions/setup-python": {"python-version"},
    "OWNER/govsec_ci": set(ACTION["inputs"]),
    "./": set(ACTION["inputs"]),
}  # fmt: skip


def _steps(path: Path) -> Iterator[dict[str, Any]]:
    document = yaml.safe_load(path.read_text("utf-8"))
    for job in [document["runs"]] if "runs" in document else document["jobs"].values():
        yield from job["steps"]


@pytest.mark.parametrize("path", [ROOT / "action.yml", *WORKFLOWS], ids=lambda path: path.name)
def test_what_is_handed_to_another_action_is_an_input_of_it(path: Path) -> None:
    calls = [step for step in _steps(path) if "uses" in step]
    for step in calls:
        assert set(step.get("with", ())) <= KNOWN[step["uses"].partition("@")[0]], step["uses"]
    assert calls
