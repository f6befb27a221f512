"""The guides in docs/, followed on a new machine: every command runs, and leads to what the guide says."""

import csv
import io
import os
import re
import sys
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT
from tests.support import advisories, documents, fresh, https, no_sockets
from tests.support.newcomer import PATH, Machine, new_project
from tests.support.repositories import commit_all, git
from tests.support.staging import CLEAN, SHELL, stage, write

pytestmark = pytest.mark.full

DOCS = ROOT / "docs"
ANSWERS = "Only fixed commands reach it.\\nT-1\\nReplace it in the next release.\\n2099-01-01\\n"


def test_legacy_repositories(machine: Machine, feeds: https.Server, tmp_path: Path) -> None:
    project = new_project(tmp_path / "project", feeds)
    write(project, {"old.py": SHELL})
    commit_all(project, "Years ago")
    codes: list[tuple[str, int]] = []
    for kind, text in documents.steps((DOCS / "legacy-repositories.md").read_text("utf-8")):
        if kind == "toml":
            with (project / "govsec.toml").open("a") as settings:
                settings.write(text)
            continue
        typed = re.sub(r"(govsec waive) \w+", lambda found: f"{found[1]} {_fingerprint(machine, project)}", text)
        asked = f"printf '{ANSWERS}' | {typed}" if "waive" in typed else typed
        done = machine.typed([*PATH, asked], cwd=project)
        assert "Traceback" not in done.stdout
        codes.append((typed.split(" #")[0].strip(), done.returncode))
    told = dict(codes)
    assert told.pop("govsec run .") == 1, "what the first look finds"
    assert told.pop("govsec run . --baseline govsec-baseline.sarif") == 0, "nothing new"
    assert set(told.values()) == {0}, codes
    assert 'approver = "security office"' in (project / "govsec-waivers.toml").read_text()
    stage(project, {"new.py": SHELL})
    again = machine.typed([*PATH, "govsec run . --baseline govsec-baseline.sarif"], cwd=project)
    assert again.returncode == 1, "what is new counts"


def _fingerprint(machine: Machine, project: Path) -> str:
    """Of the first result: the last column, as the guide says."""
    done = machine.typed([*PATH, "govsec report --format csv 2>/dev/null"], cwd=project)
    return list(csv.reader(io.StringIO(done.stdout)))[1][-1]


def test_libraries_lock_for_the_pipeline(machine: Machine, feeds: https.Server, tmp_path: Path) -> None:
    library = _library(tmp_path / "library", feeds)
    assert machine.typed([*PATH, "govsec run ."], cwd=library).returncode == 3, "the guide's first sentence"
    commands = documents.commands(documents.section(DOCS / "libraries.md", "Lock for the pipeline only"))
    done = machine.typed([*PATH, *commands], cwd=library, PATH=f"{machine.env['PATH']}:{_only('uv', tmp_path)}")
    assert done.returncode == 0, done.stdout


def test_libraries_audit_an_environment(machine: Machine, feeds: https.Server, tmp_path: Path) -> None:
    library = _library(tmp_path / "library", feeds)
    commands = documents.commands(documents.section(DOCS / "libraries.md", "Audit an installed environment"))
    done = machine.typed([*PATH, *commands], cwd=library)
    assert done.returncode == 0, done.stdout


def test_libraries_declare(machine: Machine, feeds: https.Server, tmp_path: Path) -> None:
    library = _library(tmp_path / "library", feeds)
    (declared,) = documents.blocks(documents.section(DOCS / "libraries.md", "Say how it is audited otherwise"), "toml")
    project = (library / "pyproject.toml").read_text().replace('"idna"', '"agency-auth"')
    write(library, {"pyproject.toml": project, "govsec.toml": (library / "govsec.toml").read_text() + declared})
    done = machine.typed([*PATH, "govsec run ."], cwd=library)
    assert done.returncode == 3, "no version is named yet, as the guide says"
    assert "agency-auth" in done.stdout


def _library(folder: Path, feeds: https.Server) -> Path:
    made = new_project(folder, feeds)
    (made / "requirements.txt").unlink()
    commit_all(made, "A library has no lock file")
    return made


def _only(name: str, folder: Path) -> Path:
    """A folder with one program of the environment that runs the tests."""
    (folder / "only").mkdir()
    (folder / "only" / name).symlink_to(fresh.tool(name))
    return folder / "only"


def test_closed_networks(machine: Machine, feeds: https.Server, tmp_path: Path) -> None:
    if not no_sockets.possible():
        pytest.skip("sockets can be forbidden on Linux for x86-64 and arm64 only")
    page = DOCS / "closed-networks.md"
    outside = tmp_path / "outside"
    git(tmp_path, "clone", "-q", str(machine.source), "outside")
    _published(outside)
    collected = documents.commands(documents.section(page, "Outside: collect"))
    # The publishers cannot be reached from everywhere: what the comment names as the other way is typed.
    typed = [re.sub(r"^govsec advisories sync +# or: ", "", command) for command in collected]
    assert typed != collected
    done = machine.typed([*PATH, *typed], cwd=outside)
    assert done.returncode == 0, done.stdout
    inside, home = new_project(tmp_path / "inside", feeds), tmp_path / "home-inside"
    (inside / "govsec.toml").unlink()
    home.mkdir()
    for name in ("wheels", "feeds.zip"):
        os.rename(outside / name, inside / name)
    (inside / ".gitignore").write_text("wheels/\nfeeds.zip\nevidence*\ngovsec-out/\n")
    commit_all(inside, "Leave out what was carried in")
    heads = ("install", "advisory data", "judge, keep, verify")
    commands = [line for head in heads for line in documents.commands(documents.section(page, f"Inside: {head}"))]
    closed = machine._replace(env={k: v for k, v in machine.env.items() if not k.startswith(("PIP_", "UV_"))})
    done = closed.typed(
        commands, cwd=inside, prefix=(sys.executable, "-I", ROOT / "tests/support/no_sockets.py"),
        HOME=str(home), PIP_CONFIG_FILE=os.devnull, PIP_RETRIES="0",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("PASS") >= 2, "run and verify"


def _published(folder: Path) -> None:
    """``all.zip`` and ``known_exploited_vulnerabilities.json`` as their publishers give them out."""
    from datetime import UTC, datetime

    today = f"{datetime.now(UTC):%Y-%m-%dT00:00:00Z}"
    advisories.zipped(folder / "all.zip", advisories.record(modified=today))
    advisories.kev(folder / "kev.json", advisories.kev_entry(), dateReleased=today)
    os.rename(folder / "kev.json", folder / "known_exploited_vulnerabilities.json")


def test_gitlab(machine: Machine, feeds: https.Server, tmp_path: Path) -> None:
    project = new_project(tmp_path / "project", feeds)
    (text,) = documents.blocks((DOCS / "gitlab.md").read_text("utf-8"), "yaml")
    job = yaml.safe_load(text)["govsec"]
    script = [line.replace("/tmp/govsec", f"{tmp_path}/govsec") for line in [*job["script"], *job["after_script"]]]
    done = machine.typed(['python() { python3 "$@"; }', *script], cwd=project)
    assert done.returncode == 0, done.stdout
    assert "PASS" in done.stdout
    for path in (*job["artifacts"]["paths"], *job["artifacts"]["reports"].values()):
        assert (project / path).exists()
    assert git(project, "status", "--porcelain") in ("?? junit.xml\n", "")


def test_hooks_without_pre_commit(machine: Machine, feeds: https.Server, tmp_path: Path) -> None:
    project = new_project(tmp_path / "project", feeds)
    scripts = list(documents.blocks(documents.section(DOCS / "pre-commit.md", "Without pre-commit"), "sh"))
    for script in scripts:
        (place,) = re.findall(r"^# (\.git/hooks/[a-z-]+)", script, re.MULTILINE)
        (project / place).write_text(script)
        (project / place).chmod(0o755)
    assert len(scripts) == 2
    assert machine.typed([*PATH, "govsec advisories sync"], cwd=project).returncode == 0
    stage(project, {"app.py": SHELL})
    blocked = machine.typed([*PATH, "git commit -m Blocked"], cwd=project)
    assert (blocked.returncode, "app.py:4:1 HIGH B602" in blocked.stdout) == (1, True), blocked.stdout
    git(tmp_path, "init", "-q", "--bare", "remote")
    stage(project, {"app.py": CLEAN.replace("42", "43")})
    passed = machine.typed([*PATH, "git commit -m Fine", "git push ../remote HEAD:refs/heads/main"], cwd=project)
    assert passed.returncode == 0, passed.stdout
    git(project, "branch", "bad")
    git(project, "checkout", "-q", "bad")
    stage(project, {"app.py": SHELL})
    git(project, "commit", "-q", "--no-verify", "-m", "Past the first hook")
    git(project, "checkout", "-q", "main")
    pushed = machine.typed([*PATH, "git push ../remote main bad"], cwd=project)
    assert pushed.returncode == 1, "the second branch is judged, too"
    assert "app.py:4:1 HIGH B602" in pushed.stdout
    gone = machine.typed([*PATH, "git push ../remote main:other", "git push ../remote :other"], cwd=project)
    assert gone.returncode == 0, gone.stdout


def test_signatures(machine: Machine, feeds: https.Server, tmp_path: Path) -> None:
    project = new_project(tmp_path / "project", feeds)
    commands = documents.commands(documents.section(DOCS / "usage.md", "Signatures"))
    # A first release lacks what stage release asks for; what the commands are about is the signature.
    typed = [command.replace("--stage release ", "").replace("deploy", "echo deployed") for command in commands]
    assert typed != commands
    done = machine.typed([*PATH, *typed], cwd=project)
    assert done.returncode == 0, done.stdout
    assert done.stdout.splitlines()[-1] == "deployed"


def test_completion_in_bash(machine: Machine, tmp_path: Path) -> None:
    (text,) = documents.blocks(documents.section(DOCS / "usage.md", "Shell completion"), "sh")
    bash = next(line for line in text.splitlines() if "bash_source" in line)
    done = machine.typed([*PATH, bash, "complete -p govsec"], cwd=tmp_path)
    assert (done.returncode, "govsec" in done.stdout.splitlines()[-1]) == (0, True), done.stdout
