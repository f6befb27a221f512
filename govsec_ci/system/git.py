"""What git knows of the judged tree, asked so that nothing configured in that tree runs.

``core.fsmonitor``, hooks, external diff drivers, credential helpers and content filters are all commands that a
repository's own ``.git/config`` may name; each is switched off on the command line, which outranks the file.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from msgspec import Struct

from govsec_ci.errors import ToolError
from govsec_ci.model import Subject
from govsec_ci.system import process

_TIMEOUT_S = 60.0
_SAFE = (
    "-c", "core.fsmonitor=false",
    "-c", "core.hooksPath=/dev/null",
    "-c", "core.attributesFile=/dev/null",
    "-c", "core.pager=cat",
    "-c", "core.sshCommand=false",
    "-c", "credential.helper=",
    "-c", "diff.external=",
    "-c", "gpg.program=false",
    "-c", "gpg.ssh.program=false",
    "-c", "log.showSignature=false",
    "-c", "protocol.allow=never",
    # Another owner's checkout (a container's mount) is no danger: nothing in its configuration can run here.
    "-c", "safe.directory=*",
    # A folder of the tree may hold what looks like a bare repository: its answers would be the tree's own.
    "-c", "safe.bareRepository=explicit",
    "-c", "submodule.recurse=false",
)  # fmt: skip


# These read the object store, the index and the settings alone: no content filter can run in them. Whatever is not
# here is asked with every filter of the repository switched off.
_WITHOUT_FILTERS = frozenset({"cat-file", "config", "log", "ls-files", "ls-tree", "rev-list", "rev-parse"})


class Checkout(Struct, frozen=True, kw_only=True):
    """A git checkout: its top folder, HEAD's commit (None before the first commit), and HEAD's committer time.

    :param remote: the web address of ``origin``, without user and password; empty where it has none
    """

    top: Path
    commit: str | None
    dirty: bool
    committed_s: int | None
    remote: str = ""


def run_git(
    folder: Path,
    *arguments: str,
    timeout_s: float = _TIMEOUT_S,
    stdin: bytes = b"",
    variables: Mapping[str, str] | None = None,
) -> process.Completed:
    """Run git in ``folder`` with everything executable switched off.

    :param variables: more environment, e.g. the ``GIT_INDEX_FILE`` that git hands to its hooks
    :raises ToolError: git is missing or hangs. A non-zero exit is returned, not raised.
    """
    git = shutil.which("git")
    if git is None:
        raise ToolError("git is not installed", next_step="install git")
    environment = {
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_LAZY_FETCH": "1",
        # refs/replace may put another commit in a trusted one's place.
        "GIT_NO_REPLACE_OBJECTS": "1",
        "LC_ALL": "C",
        **(variables or {}),
    }
    settings = {} if arguments[0] in _WITHOUT_FILTERS else _disarmed_filters(git, folder, environment)
    disarmed = [word for key, value in settings.items() if "=" not in key for word in ("-c", f"{key}={value}")]
    environment = _with_settings(environment, {key: value for key, value in settings.items() if "=" in key})
    argv = [git, *_SAFE, *disarmed, *arguments]
    return process.run(argv, timeout_s=timeout_s, stdin=stdin, cwd=folder, extra_environment=environment)


def _disarmed_filters(git: str, folder: Path, environment: dict[str, str]) -> dict[str, str]:
    """Settings that empty each content filter that the repository configures: ``git status`` would run them."""
    listing = [git, *_SAFE, "config", "--name-only", "--null", "--get-regexp", r"^filter\..*"]
    found = process.run(listing, timeout_s=_TIMEOUT_S, cwd=folder, extra_environment=environment)
    settings: dict[str, str] = {}
    for key in found.stdout.decode("utf-8", "surrogateescape").split("\0"):
        if key.endswith((".clean", ".smudge", ".process")):
            settings[key] = ""
        elif key.endswith(".required"):
            settings[key] = "false"
    return settings


def _with_settings(environment: dict[str, str], settings: Mapping[str, str]) -> dict[str, str]:
    """Settings whose name holds a ``=``, where ``-c`` would end the name: git 2.31 takes them from its environment."""
    first = int(environment.get("GIT_CONFIG_COUNT", "0"))
    added = dict(environment)
    for number, (key, value) in enumerate(settings.items(), start=first):
        added |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return added | {"GIT_CONFIG_COUNT": str(first + len(settings))} if settings else added


def inspect(folder: Path) -> Checkout | None:
    """The checkout that ``folder`` lies in, or None where there is none (or git refuses it)."""
    try:
        top = run_git(folder, "rev-parse", "--show-toplevel")
    except ToolError:
        return None
    if top.exit_code != 0:
        return None
    head = run_git(folder, "log", "-1", "--format=%H %ct", "HEAD", "--")
    commit, _, committed = head.stdout.decode("ascii", "replace").strip().partition(" ")
    known = head.exit_code == 0 and bool(commit)
    return Checkout(
        top=Path(top.stdout.decode("utf-8", "surrogateescape").rstrip("\n")),
        commit=commit if known else None,
        dirty=_is_dirty(folder),
        committed_s=int(committed) if known else None,
        remote=_remote(folder),
    )


def _remote(folder: Path) -> str:
    """``origin`` as an https address; a path of this machine, or another scheme, tells a reader nothing."""
    found = run_git(folder, "config", "--get", "remote.origin.url")
    parts = urlsplit(found.stdout.decode("utf-8", "replace").strip()) if found.exit_code == 0 else None
    if parts is None or parts.scheme != "https" or not parts.hostname:
        return ""
    return f"https://{parts.hostname}{parts.path}"


def _is_dirty(folder: Path) -> bool:
    # Of a submodule its commit alone is compared: for more, git would start another git inside of it.
    options = ("--porcelain", "--ignore-submodules=dirty", "--untracked-files=normal")
    status = run_git(folder, "status", *options, "--", ".")
    # An error is no proof of a clean tree.
    return status.exit_code != 0 or bool(status.stdout.strip()) or _overlooks(folder)


def _overlooks(folder: Path) -> bool:
    """Whether git was told to overlook changes of a file: ``assume-unchanged`` (small letters), ``skip-worktree``."""
    listed = run_git(folder, "ls-files", "-v", "-z", "--", ".")
    return listed.exit_code != 0 or any(line[:1].islower() or line[:1] == b"S" for line in listed.stdout.split(b"\0"))


def subject(name: str, version: str, checkout: Checkout | None) -> Subject:
    """The judged thing as the verdict names it."""
    if checkout is None:
        return Subject(name=name, version=version)
    return Subject(name=name, version=version, commit=checkout.commit, dirty=checkout.dirty)
