"""What git knows of the judged tree, asked so that nothing configured in that tree runs.

``core.fsmonitor``, hooks, external diff drivers, credential helpers and content filters are all commands that a
repository's own ``.git/config`` may name; each is switched off on the command line, which outranks the file.
"""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import replace

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
    # Who asks by a short name hears on standard error that it is more than one ref's.
    "-c", "core.warnAmbiguousRefs=true",
)  # fmt: skip


# These read the object store, the index and the settings alone: no content filter can run in them. Whatever is not
# here is asked with every filter of the repository switched off.
_WITHOUT_FILTERS = frozenset({"cat-file", "config", "log", "ls-files", "ls-tree", "rev-list", "rev-parse"})

MODULE = "160000"
"""Mode of a submodule in git's index and trees: what stands for its blob is the commit that is recorded."""


class Submodule(Struct, frozen=True, kw_only=True):
    """A submodule by its path (POSIX, relative to the folder that was asked about); ``here``: it is checked out."""

    path: str
    here: bool


class Entry(NamedTuple):
    """One path of the index: how ``git ls-files -v`` marks it, its mode, and the path as of a :class:`Submodule`."""

    tag: str
    mode: str
    path: str


class Index(Struct, frozen=True, kw_only=True):
    """What git tracks below a folder, in checked out submodules too; of any other submodule only that it is there."""

    entries: tuple[Entry, ...]
    submodules: tuple[Submodule, ...]


class Checkout(Struct, frozen=True, kw_only=True):
    """A git checkout: its top folder, HEAD's commit (None before the first commit), and HEAD's committer time.

    :param committed_s: None also where the commit bears no time
    :param remote: the web address of ``origin``, without user and password; empty where it has none
    :param index: what git tracks below the folder that was asked about; None where git could not say
    """

    top: Path
    commit: str | None
    dirty: bool
    committed_s: int | None
    remote: str = ""
    index: Index | None = None


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
    commit, committed_s = _head(folder)
    index = _index(folder)
    return Checkout(
        top=Path(top.stdout.decode("utf-8", "surrogateescape").rstrip("\n")),
        commit=commit,
        dirty=_is_dirty(folder, index),
        committed_s=committed_s,
        remote=_remote(folder),
        index=index,
    )


def _head(folder: Path) -> tuple[str | None, int | None]:
    """HEAD's commit and its time, as far as git can say."""
    try:
        head = run_git(folder, "log", "-1", "--format=%H %ct", "HEAD", "--")
    except ToolError:
        return None, None
    commit, _, committed = head.stdout.decode("ascii", "replace").strip().partition(" ")
    return (commit, _seconds(committed)) if head.exit_code == 0 and commit else (None, None)


def _seconds(committed: str) -> int | None:
    """None for a commit whose author wrote no time into it, or none that git can read."""
    try:
        return int(committed)
    except ValueError:
        return None


def _index(folder: Path) -> Index | None:
    try:
        return read_index(folder)
    except ToolError:
        return None


def _remote(folder: Path) -> str:
    """``origin`` as an https address; a path of this machine, or another scheme, tells a reader nothing."""
    try:
        found = run_git(folder, "config", "--get", "remote.origin.url")
        parts = urlsplit(found.stdout.decode("utf-8", "replace").strip())
    except (ToolError, ValueError):  # git cannot say; or it is no address, e.g. a bracket without its other
        return ""
    if found.exit_code != 0 or parts.scheme != "https" or not parts.hostname:
        return ""
    return f"https://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _is_dirty(folder: Path, index: Index | None) -> bool:
    """Whether anything below differs from the commit, or may."""
    if index is None or any(map(_overlooks, index.entries)):
        return True
    try:
        return any(_differs(folder / one) for one in ("", *(one.path for one in index.submodules if one.here)))
    except ToolError:  # no proof of a clean tree
        return True


def _differs(folder: Path) -> bool:
    # Of a submodule git compares the commit alone: for more, it would start another git inside, with its filters.
    options = ("--porcelain", "--ignore-submodules=dirty", "--untracked-files=normal")
    status = run_git(folder, "status", *options, "--", ".")
    return status.exit_code != 0 or bool(status.stdout.strip())


def _overlooks(entry: Entry) -> bool:
    """Whether git was told to overlook changes of a file: ``assume-unchanged`` (small letters), ``skip-worktree``."""
    return entry.tag.islower() or entry.tag == "S"


def read_index(folder: Path) -> Index:
    """What git tracks below ``folder`` now.

    :raises ToolError: git cannot say, also of a submodule
    """
    entries = _entries(folder)
    found: list[Submodule] = []
    for path in sorted({entry.path for entry in entries if entry.mode == MODULE}):
        here = _is_checkout(folder / path)
        found.append(Submodule(path=path, here=here))
        inner = read_index(folder / path) if here else Index(entries=(), submodules=())
        found += [replace(other, path=f"{path}/{other.path}") for other in inner.submodules]
        entries += [entry._replace(path=f"{path}/{entry.path}") for entry in inner.entries]
    return Index(entries=tuple(entries), submodules=tuple(found))


def _entries(folder: Path) -> list[Entry]:
    listed = run_git(folder, "ls-files", "--stage", "-v", "-z", "--", ".")
    if listed.exit_code != 0:
        raise ToolError(f"git ls-files failed (exit {listed.exit_code})")
    lines = (line.partition("\t") for line in listed.stdout.decode("utf-8", "surrogateescape").split("\0")[:-1])
    return [Entry(fields[0], fields[2:8], path) for fields, _, path in lines]


def _is_checkout(folder: Path) -> bool:
    """Whether the folder is the top of a checkout of its own; in any other, git answers for one above it."""
    if not os.path.lexists(folder / ".git") or folder.is_symlink():
        return False
    top = run_git(folder, "rev-parse", "--show-toplevel")
    name = os.fsdecode(top.stdout.rstrip(b"\n"))
    return top.exit_code == 0 and os.path.realpath(name) == os.path.realpath(folder)


def subject(name: str, version: str, checkout: Checkout | None) -> Subject:
    """The judged thing as the verdict names it."""
    if checkout is None:
        return Subject(name=name, version=version)
    return Subject(name=name, version=version, commit=checkout.commit, dirty=checkout.dirty)
