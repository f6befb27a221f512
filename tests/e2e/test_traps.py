"""Nothing of the judged tree runs, by any door."""

import json
import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT
from tests.support.repositories import commit_all, new_repository
from tests.support.traps import trap_repository

NOW = "2024-10-12T00:00:00Z"
SCRIPTS = Path(sysconfig.get_path("scripts"))
_WATCH = """
import json, sys
from pathlib import Path
repository, report = sys.argv[1:3]
seen = []

def inside(value):
    return isinstance(value, str) and value.startswith(repository)

def hook(event, given):
    if event == "import" and len(given) > 1 and inside(given[1]):
        seen.append([event, str(given[:2])])
    elif event == "exec" and inside(getattr(given[0], "co_filename", None)):
        seen.append([event, given[0].co_filename])
    elif event in ("subprocess.Popen", "os.exec", "os.posix_spawn", "os.system") and inside(str(given[0])):
        seen.append([event, str(given[0])])

sys.addaudithook(hook)
from govsec_ci import cli
code = cli.main(sys.argv[3:])
Path(report).write_text(json.dumps([code, seen]))
"""


@pytest.fixture
def trap(tmp_path: Path) -> Path:
    return trap_repository(tmp_path / "trap", tmp_path / "canaries")


def fired(trap: Path) -> list[str]:
    found = [path.name for path in (trap.parent / "canaries").iterdir()]
    return found + (["pwned"] if any(trap.parent.rglob("pwned")) else [])


def _environment(trap: Path) -> dict[str, str]:
    return os.environ | {"HOME": str(trap.parent / "home"), "GOVSEC_CACHE_DIR": str(trap.parent / "cache")}


def _door(trap: Path, script: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """A console script started in the trap's own folder."""
    command = [str(SCRIPTS / script), *map(str, arguments)]
    return subprocess.run(
        command, cwd=trap, capture_output=True, text=True, check=False, env=_environment(trap), timeout=300
    )


def _run_arguments(trap: Path) -> list[str | Path]:
    return ["run", ".", "--advisories", ROOT / "examples/advisories", "--now", NOW, "--out", trap.parent / "out"]


def test_the_traps_would_fire_if_touched(trap: Path) -> None:
    subprocess.run([sys.executable, "-c", "import conftest"], cwd=trap, check=True)
    subprocess.run(["git", "status"], cwd=trap, check=False, capture_output=True)
    assert {"conftest", "core.fsmonitor"} <= set(fired(trap))


def test_run_and_verify_touch_no_trap(trap: Path) -> None:
    done = _door(trap, "govsec", *_run_arguments(trap))
    assert done.returncode in {1, 3}, done.stderr
    assert _door(trap, "govsec", "verify", trap.parent / "out").returncode == done.returncode
    assert fired(trap) == []
    log = json.loads((trap.parent / "out/results.sarif").read_text("utf-8"))
    places = {
        place["physicalLocation"]["artifactLocation"]["uri"]
        for run in log["runs"] for result in run.get("results", []) for place in result["locations"]
    }  # fmt: skip
    assert {"-rf.py", "line%0Abreak.py", "%E6%97%A5%E6%9C%AC%E8%AA%9E.py"} <= places
    told = [note["message"]["text"] for run in log["runs"] for note in _notes(run)]
    for refused in ("pipe.py", "out.py"):
        assert any(refused in text for text in told), told


def _notes(run: dict[str, object]) -> list[dict[str, dict[str, str]]]:
    return [note for one in run["invocations"] for note in one.get("toolExecutionNotifications", [])]  # type: ignore[attr-defined]


def test_the_interpreter_itself_saw_nothing_of_the_tree_run(trap: Path, tmp_path: Path) -> None:
    report = tmp_path / "seen.json"
    (tmp_path / "watch.py").write_text(_WATCH)
    command = [sys.executable, "-I", str(tmp_path / "watch.py"), str(trap), str(report)]
    subprocess.run([*command, *map(str, _run_arguments(trap))], cwd=trap, env=_environment(trap), check=True)
    code, seen = json.loads(report.read_text())
    assert code in {1, 3}
    assert seen == []


@pytest.mark.parametrize("hook", ["bandit", "audit", "sbom", "pipeline", "waivers", "gate"])
def test_the_hooks_touch_no_trap(trap: Path, hook: str) -> None:
    (trap / "pipe.py").unlink()
    subprocess.run(["git", "-c", "core.fsmonitor=false", "reset", "-q"], cwd=trap, check=False, capture_output=True)
    for canary in (trap.parent / "canaries").iterdir():
        canary.unlink()
    names = ["app.py"] if hook == "bandit" else []
    done = _door(trap, f"govsec-hook-{hook}", *names)
    assert done.returncode in {0, 1, 2, 3}, done.stderr
    assert fired(trap) == []


def _pull_request(trap: Path) -> dict[str, str]:
    """What GitHub tells a job: the base is a commit that the checkout does not hold, and must be fetched."""
    base = new_repository(trap.parent / "owner/base")
    (base / "govsec.toml").write_text('name = "by the base"\n')
    commit = commit_all(base, "Base")
    event = trap.parent / "event.json"
    event.write_text(json.dumps({"pull_request": {"base": {"sha": commit}}}))
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_EVENT_PATH": str(event),
        "GITHUB_REPOSITORY": "owner/base",
        "GITHUB_SERVER_URL": trap.parent.as_uri(),
    }


class Runner:
    """The shell steps of ``action.yml``, each as the runner starts it: in the workspace, by bash."""

    def __init__(self, trap: Path) -> None:
        action = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
        self.trap = trap
        self.steps = {step["name"]: step for step in action["runs"]["steps"] if "run" in step}
        defaults = {name: str(one.get("default", "")) for name, one in action["inputs"].items()}
        self.inputs = defaults | {"advisories": str(ROOT / "examples/advisories"), "now": NOW, "python": sys.executable}
        self.outputs: dict[str, str] = {}
        self.temporary = trap.parent / "runner"
        self.temporary.mkdir()

    def run(self, name: str) -> subprocess.CompletedProcess[str]:
        """Run one step; what it writes to GITHUB_OUTPUT is known to those after it."""
        step = self.steps[name]
        output = self.temporary / f"{len(self.outputs)}.output"
        own = {key: self._filled(value) for key, value in step.get("env", {}).items()}
        runner = {
            "GITHUB_WORKSPACE": str(self.trap),
            "RUNNER_TEMP": str(self.temporary),
            "GITHUB_OUTPUT": str(output),
            "GITHUB_STEP_SUMMARY": str(self.temporary / "summary.md"),
        }
        script = self.temporary / "step.sh"
        script.write_text(step["run"])
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)], cwd=self.trap, check=False, text=True,
            env=_environment(self.trap) | _pull_request(self.trap) | runner | own, capture_output=True, timeout=600,
        )  # fmt: skip
        self._read(output)
        return done

    def _filled(self, value: str) -> str:
        """``${{ … }}`` as the runner fills it, as far as these steps use it."""

        def one(match: "re.Match[str]") -> str:
            expression = match[1].strip()
            room, _, name = expression.rpartition(".")
            if room == "inputs":
                return self.inputs[name]
            return {"github.action_path": str(ROOT)}.get(expression, self.outputs.get(name, ""))

        return re.sub(r"\$\{\{(.*?)\}\}", one, value)

    def _read(self, output: Path) -> None:
        text = output.read_text() if output.exists() else ""
        self.outputs |= dict(re.findall(r"^([\w-]+)=(.*)$", text, re.MULTILINE))
        self.outputs |= {
            name: value
            for name, _, value in re.findall(r"^([\w-]+)<<(\S+)\n(.*?)\n?\2$", text, re.MULTILINE | re.DOTALL)
        }


def _judged_by_the_action(runner: Runner) -> None:
    judged = runner.run("Judge")
    assert runner.outputs["verdict"] in {"FAIL", "INCOMPLETE"}, judged.stdout + judged.stderr
    assert runner.run("Verdict").returncode == int(runner.outputs["exit-code"])
    verdict = json.loads((Path(runner.outputs["out-dir"]) / "verdict.json").read_bytes())
    assert verdict["subject"]["name"] == "by the base"
    assert fired(runner.trap) == []


def test_the_steps_of_the_action_touch_no_trap(trap: Path) -> None:
    runner = Runner(trap)
    runner.outputs["python"] = sys.executable
    _judged_by_the_action(runner)


@pytest.mark.full
def test_the_action_that_installs_itself_touches_no_trap(trap: Path) -> None:
    runner = Runner(trap)
    installed = runner.run("Install govsec_ci into a private environment")
    assert installed.returncode == 0, installed.stdout + installed.stderr
    assert Path(runner.outputs["python"]).is_relative_to(runner.temporary)
    _judged_by_the_action(runner)


def test_what_is_written_stays_in_output_and_cache(trap: Path) -> None:
    before = {path for path in trap.rglob("*") if ".git/" not in str(path)}
    _door(trap, "govsec", *_run_arguments(trap))
    assert {path for path in trap.rglob("*") if ".git/" not in str(path)} == before
    home = trap.parent / "home"
    assert not home.exists() or not any(home.rglob("*"))
