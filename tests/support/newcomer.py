"""A new user's machine: an empty HOME, Python, git, and a package index; what the README says is typed into a shell."""

import json
import ssl
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from tests.conftest import ROOT
from tests.support import advisories, documents, fresh, https
from tests.support.repositories import commit_all, git, new_repository
from tests.support.staging import CLEAN, PROJECT, write

README = ROOT / "README.md"
INSTALL = documents.commands(documents.section(README, "Install"))
# Typed again in each new terminal, as its comment says.
PATH = [command for command in INSTALL if command.startswith("export PATH=")]
# What a new machine has. No program that stands beside the Python of the tests may help.
PROGRAMS = (
    *(
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
    ),
    *("expand", "dirname", "basename", "sort", "cksum", "tr", "find", "date", "nproc", "mktemp"),
)


class Machine(NamedTuple):
    """A new user's machine; ``source``: the clone that stands for the address of the project."""

    home: Path
    source: Path
    env: dict[str, str]

    def typed(
        self, commands: list[str], *, cwd: Path, prefix: Sequence[str | Path] = (), **more: str
    ) -> subprocess.CompletedProcess[str]:
        """Type the commands into one shell; it ends with the first that fails.

        :param prefix: a program that starts the shell; :param more: variables
        """
        lines = "\n".join(commands)
        return fresh.run(*prefix, "bash", "-e", "-c", lines, cwd=cwd, env=self.env | more, timeout_s=900)

    @property
    def commit(self) -> str:
        return git(self.source, "rev-parse", "TAG").strip()


@contextmanager
def mirror(folder: Path) -> Iterator[https.Server]:
    """A mirror with the example advisories, of today."""
    today = advisories.record("PYSEC-9999-1", modified=f"{datetime.now(UTC):%Y-%m-%dT00:00:00Z}")
    with zipfile.ZipFile(folder / "all.zip", "w") as archive:
        archive.writestr("PYSEC-9999-1.json", json.dumps(today))
        for path in sorted((ROOT / "examples/advisories").rglob("*.json")):
            archive.write(path, path.name)
    with https.running(*https.make_certificate(folder)) as server:
        server.serve("/all.zip", (folder / "all.zip").read_bytes())
        yield server


def new_machine(folder: Path, feeds: https.Server) -> Machine:
    """A machine on which the section on installing has been followed."""
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
