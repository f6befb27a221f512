"""A repository in which everything that could be executed writes a canary."""

import os
import stat
from pathlib import Path

from tests.support.repositories import commit_all, git, new_repository

# Names that a tool started carelessly in the judged folder would import or run.
_MODULES = (
    "setup", "conftest", "pip", "bandit", "pip_audit", "cyclonedx_py", "zizmor", "sitecustomize", "usercustomize",
    "govsec_ci", "click", "msgspec", "json", "ast", "typing", "tomllib", "site", "venv", "ensurepip", "packaging",
    "stevedore", "backend", "noxfile", "tasks", "trap_plugin",
)  # fmt: skip


def trap_repository(folder: Path, canaries: Path) -> Path:
    """A committed repository full of traps; each that fires leaves a file in ``canaries``."""
    canaries.mkdir()
    new_repository(folder)
    for name in _MODULES:
        (folder / f"{name}.py").write_text(f"open({str(canaries / name)!r}, 'w').close()\n")
    _packaging(folder, canaries)
    _settings(folder)
    _odd_names(folder)
    commit_all(folder, "Traps")
    _git_settings(folder, canaries)
    _special_files(folder)
    return folder


def _packaging(folder: Path, canaries: Path) -> None:
    (folder / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        '[project]\nname = "trap"\nversion = "1.0"\ndependencies = []\n'
        '[project.entry-points."bandit.plugins"]\ntrap = "trap_plugin:check"\n'
    )
    (folder / "requirements.txt").write_text("idna==3.10\n")
    (folder / "trap.pth").write_text(f"import os; open({str(canaries / 'pth')!r}, 'w')\n")
    info = folder / "trap-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: trap\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[bandit.plugins]\ntrap = trap_plugin:check\n")


def _settings(folder: Path) -> None:
    (folder / ".bandit").write_text("[bandit]\nskips: B602,B404\nexclude: /\n")
    (folder / "pip.conf").write_text("[global]\nindex-url = https://attacker.invalid/simple\n")
    (folder / "uv.toml").write_text('index-url = "https://attacker.invalid/simple"\n')
    (folder / ".env").write_text("PYTHONSTARTUP=conftest.py\nGOVSEC_ADVISORIES=/nowhere\n")
    (folder / "tox.ini").write_text("[tox]\n")
    (folder / ".gitattributes").write_text("*.py filter=trap diff=trap\n")
    (folder / "zizmor.yml").write_text("rules:\n  unpinned-uses:\n    disable: true\n")


def _odd_names(folder: Path) -> None:
    for name in ("-rf.py", "--help.py", "with space.py", "line\nbreak.py", "日本語.py", "$(touch pwned).py", "`id`.py"):
        (folder / name).write_text("import subprocess\nsubprocess.call(input(), shell=True)\n")


def _git_settings(folder: Path, canaries: Path) -> None:
    for name in ("post-checkout", "pre-commit", "post-index-change", "fsmonitor-watchman"):
        _script(folder / ".git/hooks" / name, canaries / f"hook-{name}")
    for key in ("core.fsmonitor", "core.pager", "core.editor", "core.sshCommand", "diff.external", "gpg.program"):
        git(folder, "config", key, str(_script(folder / ".git" / f"{key}.sh", canaries / key)))
    for key in ("filter.trap.clean", "filter.trap.smudge", "filter.trap.process", "diff.trap.textconv"):
        git(folder, "config", key, str(_script(folder / ".git" / f"{key}.sh", canaries / key)))
    for key in ("core.alternateRefsCommand", "core.askPass", "credential.helper", "remote.origin.uploadpack"):
        git(folder, "config", key, str(_script(folder / ".git" / f"{key}.sh", canaries / key)))
    git(folder, "config", "protocol.ext.allow", "always")
    git(folder, "config", f"url.ext::sh -c :>'{canaries / 'insteadOf'}' x.insteadOf", "file://")
    git(folder, "config", "filter.trap.required", "true")
    git(folder, "config", "log.showSignature", "true")


def _script(path: Path, canary: Path) -> Path:
    path.write_text(f"#!/bin/sh\n: > '{canary}'\ncat\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def _special_files(folder: Path) -> None:
    (folder / "out.py").symlink_to("/etc/hostname")
    (folder / "loop").symlink_to(".", target_is_directory=True)
    os.mkfifo(folder / "pipe.py")
    if os.geteuid() == 0:
        os.mknod(folder / "device.py", stat.S_IFCHR | 0o600, os.makedev(1, 5))
