"""What is about to be committed or pushed, written into a private folder: the index, or a commit, never the work tree.

Contents are taken from git's object store byte by byte: no filter, line-end conversion or hook of the repository runs.
"""

import os
import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from msgspec import Struct

from govsec_ci.errors import ToolError, UsageError
from govsec_ci.system import git
from govsec_ci.system.files import Skipped, Tree

_LOCATING: Final = (
    "GIT_DIR",
    "GIT_COMMON_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
)
LINK: Final = "120000"
"""Mode of a symbolic link."""
EXECUTABLE: Final = "100755"
"""Mode of a file that may be run."""
_INDEX_ENTRY: Final = re.compile(rb"([0-7]{6}) ([0-9a-f]{40,64}) ([0-3])\t(.+)", re.DOTALL)
_TREE_ENTRY: Final = re.compile(rb"([0-7]{6}) [a-z]+ ([0-9a-f]{40,64})\t(.+)", re.DOTALL)
_BATCH_BYTES: Final = 64_000_000
_TIMEOUT_S: Final = 300.0


class Entry(Struct, frozen=True, kw_only=True):
    """One path of a snapshot, as git holds it. ``stage`` is not 0 while a merge conflict is open."""

    path: str
    mode: str
    blob: str
    stage: int = 0


class Repository(Struct, frozen=True, kw_only=True):
    """A git checkout as a hook sees it.

    :param top: its top folder
    :param head: HEAD's commit, or None before the first one
    :param variables: what git told the hook of where index and objects are
    """

    top: Path
    head: str | None
    variables: Mapping[str, str]

    def git(self, *arguments: str, stdin: bytes = b"") -> bytes:
        """What git says, on standard output; :raises ToolError: it ends with an error."""
        done = git.run_git(self.top, *arguments, stdin=stdin, variables=self.variables, timeout_s=_TIMEOUT_S)
        if done.exit_code != 0:
            raise ToolError(f"git {arguments[0]} ended with exit code {done.exit_code}: {done.stderr.strip()[-300:]}")
        return done.stdout


def open_repository(folder: Path, environment: Mapping[str, str]) -> Repository:
    """The checkout that ``folder`` lies in.

    :param environment: that of the hook: where git keeps index and objects is taken from it
    :raises UsageError: there is no checkout
    """
    variables = {name: environment[name] for name in _LOCATING if environment.get(name)}
    found = git.run_git(folder, "rev-parse", "--show-toplevel", variables=variables)
    if found.exit_code != 0:
        raise UsageError(
            f"{folder}: is no git checkout, so nothing can be staged in it",
            next_step="call the hook inside a git checkout, or use `govsec run`",
        )
    top = Path(found.stdout.decode("utf-8", "surrogateescape").rstrip("\n"))
    # A replaced object is this checkout's own: the original is what is pushed.
    variables = _absolute(variables, folder) | {"GIT_NO_REPLACE_OBJECTS": "1"}
    return Repository(top=top, head=_head(top, variables), variables=variables)


def _head(top: Path, variables: Mapping[str, str]) -> str | None:
    head = git.run_git(top, "rev-parse", "--verify", "--quiet", "HEAD^{commit}", variables=variables)
    return head.stdout.decode("ascii").strip() if head.exit_code == 0 else None


def _absolute(variables: Mapping[str, str], folder: Path) -> dict[str, str]:
    # git gives its hooks paths relative to the current folder; ours will be the top.
    return {name: os.path.join(os.path.abspath(folder), value) for name, value in variables.items()}


def staged(repository: Repository) -> tuple[Entry, ...]:
    """Every path of the index."""
    return tuple(_index_entries(repository.git("ls-files", "--stage", "-z", "--full-name")))


def committed(repository: Repository, commit: str) -> tuple[Entry, ...]:
    """Every path of a commit; :raises UsageError: there is no such commit."""
    return tuple(_tree_entries(repository.git("ls-tree", "-r", "-z", "--full-tree", commit_of(repository, commit))))


def commit_of(repository: Repository, name: str) -> str:
    """The id of a commit by any of its names; :raises UsageError: there is none."""
    try:
        found = repository.git("rev-parse", "--verify", "--end-of-options", f"{name}^{{commit}}")
    except ToolError as error:
        raise UsageError(f"{name}: is no commit of this checkout", cause=error.what) from error
    return found.decode("ascii").split()[-1]


def _index_entries(listing: bytes) -> Iterator[Entry]:
    for line in listing.split(b"\0")[:-1]:
        match = _INDEX_ENTRY.fullmatch(line)
        if match is None:
            raise ToolError("git listed its index in a way that cannot be read")
        mode, blob, stage = match[1].decode("ascii"), match[2].decode("ascii"), int(match[3])
        yield Entry(path=os.fsdecode(match[4]), mode=mode, blob=blob, stage=stage)


def _tree_entries(listing: bytes) -> Iterator[Entry]:
    for line in listing.split(b"\0")[:-1]:
        match = _TREE_ENTRY.fullmatch(line)
        if match is None:
            raise ToolError("git listed a commit in a way that cannot be read")
        yield Entry(path=os.fsdecode(match[3]), mode=match[1].decode("ascii"), blob=match[2].decode("ascii"))


def content(repository: Repository, entries: Iterable[Entry], path: str) -> bytes | None:
    """The bytes of one file of a snapshot; None where it is not in it."""
    found = next((entry for entry in entries if entry.path == path and entry.mode not in (LINK, git.MODULE)), None)
    return repository.git("cat-file", "blob", found.blob) if found else None


def export(
    repository: Repository,
    entries: Iterable[Entry],
    root: Path,
    wanted: Callable[[str], bool],
    *,
    limit_bytes: int,
) -> Tree:
    """Write the wanted paths below ``root`` (a private, empty folder); the tree lists those and says what it refused.

    :param limit_bytes: larger blobs are refused
    """
    return _Export(repository, root, limit_bytes).tree(tuple(entries), wanted)


class _Export:
    def __init__(self, repository: Repository, root: Path, limit_bytes: int) -> None:
        self.repository = repository
        self.root = root
        self.limit_bytes = limit_bytes
        self.refused: dict[str, str] = {}

    def tree(self, entries: tuple[Entry, ...], wanted: Callable[[str], bool]) -> Tree:
        known = frozenset(entry.path for entry in entries)
        files = [entry for entry in entries if wanted(entry.path) and self._takes(entry, known)]
        written = [path for batch in self._batches(files) for path in self._write(batch)]
        refused = tuple(Skipped(path=path, reason=reason) for path, reason in sorted(self.refused.items()))
        return Tree(root=self.root, files=tuple(sorted(written)), refused=refused)

    def _takes(self, entry: Entry, known: frozenset[str]) -> bool:
        if entry.mode == git.MODULE:
            return False
        if entry.mode == LINK:
            return self._follow(entry, known)
        reason = "a merge conflict is open" if entry.stage else "" if is_safe(entry.path) else "not a path of a tree"
        if reason:
            self.refused[entry.path] = reason
        return not reason

    def _follow(self, entry: Entry, known: frozenset[str]) -> bool:
        # A link to a file of the snapshot is looked at under that file's own name.
        target = os.fsdecode(self.repository.git("cat-file", "blob", entry.blob))
        if posixpath.normpath(posixpath.join(posixpath.dirname(entry.path), target)) not in known:
            self.refused[entry.path] = "a link that leads to no file of the tree"
        return False

    def _batches(self, files: list[Entry]) -> Iterator[list[Entry]]:
        sizes = self._sizes(files)
        batch: list[Entry] = []
        held = 0
        for entry in files:
            size = sizes.get(entry.blob)
            if size is None or size > self.limit_bytes:
                self.refused[entry.path] = "git does not hold its content" if size is None else "larger than the limit"
                continue
            if batch and held + size > _BATCH_BYTES:
                yield batch
                batch, held = [], 0
            batch.append(entry)
            held += size
        if batch:
            yield batch

    def _sizes(self, files: list[Entry]) -> dict[str, int]:
        """Blob → length in bytes; what git does not hold (a partial clone) is not in it."""
        if not files:
            return {}
        said = self.repository.git("cat-file", "--batch-check=%(objectname) %(objectsize)", stdin=_names(files))
        rows = (line.split(" ") for line in said.decode("ascii").splitlines())
        return {blob: int(size) for blob, size in rows if size.isdecimal()}

    def _write(self, batch: list[Entry]) -> Iterator[str]:
        said = memoryview(self.repository.git("cat-file", "--batch=%(objectsize)", stdin=_names(batch)))
        for entry in batch:
            size, said = _line(said)
            target = self.root / entry.path
            if self._placed(entry, target, said[:size]):
                yield entry.path
            said = said[size + 1 :]

    def _placed(self, entry: Entry, target: Path, data: memoryview) -> bool:
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            # Where A.py and a.py are one file, the second must not take the place of the first unseen.
            with target.open("xb") as file:
                file.write(data)
            if entry.mode == EXECUTABLE:  # never run: it is one of the signs by which scanners know scripts
                target.chmod(0o700)
        except (FileExistsError, NotADirectoryError):
            self.refused[entry.path] = "another path of the tree has its name here"
            return False
        return True


def _line(said: memoryview) -> tuple[int, memoryview]:
    text, _, _ = bytes(said[:32]).partition(b"\n")
    return int(text), said[len(text) + 1 :]


def _names(files: list[Entry]) -> bytes:
    return "".join(f"{entry.blob}\n" for entry in files).encode("ascii")


def is_safe(path: str) -> bool:
    """Git refuses such names itself; a forged index may hold them."""
    drive = os.name == "nt" and ":" in path
    return not path.startswith("/") and "\\" not in path and not drive and not {"", ".", ".."} & set(path.split("/"))
