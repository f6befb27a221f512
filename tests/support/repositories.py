"""Real git repositories for tests: no configuration of the user, an identity of nobody."""

import os
import subprocess
from pathlib import Path


def git(folder: Path, *arguments: str, when: str = "2024-10-01T00:00:00Z") -> str:
    """Run git in ``folder`` with fixed dates and identity; its output, or an error when it fails."""
    environment = os.environ | {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_DATE": when,
        "GIT_COMMITTER_DATE": when,
    }
    command = ["git", "-c", "user.name=Tester", "-c", "user.email=tester@example.org", *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, env=environment).stdout


def new_repository(folder: Path) -> Path:
    """``git init`` on branch main."""
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "-q", "-b", "main")
    return folder


def commit_all(folder: Path, message: str, *, when: str = "2024-10-01T00:00:00Z") -> str:
    """Commit everything in the work tree; returns the commit's id."""
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--allow-empty", "-m", message, when=when)
    return git(folder, "rev-parse", "HEAD").strip()
