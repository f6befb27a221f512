"""As on a new machine: an empty HOME, a copy of this checkout as it stands, the tools that lie beside Python."""

import os
import shutil
import subprocess
import sysconfig
from pathlib import Path

from tests.conftest import ROOT
from tests.support.repositories import commit_all, new_repository

# How this machine reaches a package index; everything else of its environment stays behind.
_KEPT = ("PATH", "LANG", "TMPDIR", "SYSTEMROOT", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")
_KEPT_PREFIXES = ("PIP_", "UV_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")


def tool(name: str) -> Path:
    """A program of the environment that runs the tests."""
    return Path(sysconfig.get_path("scripts")) / name


def environment(home: Path, **more: str) -> dict[str, str]:
    """The environment of a new user whose home is ``home``."""
    home.mkdir(parents=True, exist_ok=True)
    kept = {k: v for k, v in os.environ.items() if k in _KEPT or k.startswith(_KEPT_PREFIXES)}
    user = Path.home() / ".config/pip/pip.conf"
    if user.exists() and "PIP_CONFIG_FILE" not in kept:
        kept["PIP_CONFIG_FILE"] = str(user)
    return kept | {"HOME": str(home), "GIT_CONFIG_NOSYSTEM": "1", "NO_COLOR": "1", "PYTHONUTF8": "1"} | more


def run(
    *arguments: str | Path, cwd: Path, env: dict[str, str], timeout_s: float = 600
) -> subprocess.CompletedProcess[str]:
    """Start a program and keep what it says, both outputs together."""
    return subprocess.run(
        [str(argument) for argument in arguments], cwd=cwd, env=env, text=True, check=False, timeout=timeout_s,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, errors="replace",
    )  # fmt: skip


def copy_of_checkout(target: Path) -> Path:
    """What git knows of this checkout and what lies uncommitted in it, as one commit of a new repository."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True,
    ).stdout  # fmt: skip
    new_repository(target)
    for name in map(os.fsdecode, filter(None, listing.split(b"\0"))):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    commit_all(target, "The checkout as it stands")
    return target


def which(name: str) -> Path:
    """A program of the system; :raises AssertionError: it is not there."""
    found = shutil.which(name)
    assert found, f"{name} is not installed"
    return Path(found)
