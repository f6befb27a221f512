"""Folders that the walk leaves out, held against git: what is committed is part of the product.

The walk leaves out virtual environments, tool caches and output folders by marks inside them (``pyvenv.cfg``, a name).
A change under judgement could plant such a mark into its own source folder, and would never be looked at.
"""

from collections import Counter
from collections.abc import Callable, Iterable

from govsec_ci.errors import ToolError
from govsec_ci.manifests.registry import FORMATS
from govsec_ci.model import Level, Location, Notification
from govsec_ci.scanners.base import ScanRequest
from govsec_ci.scanners.runs import error, printable
from govsec_ci.scanners.scope import Scope
from govsec_ci.system.files import OUT_OF_TREE, Skipped
from govsec_ci.system.git import run_git

_NEVER_SOURCE = frozenset({".git", ".hg", ".svn", "CVS", ".bzr"})
_LINK_STEP = "judge the folder that holds both, copy the files in, or exclude the link in the trusted configuration"
NEXT_STEP = "remove the folder from the repository, or exclude it in the trusted configuration"


def left_out(request: ScanRequest, wanted: Callable[[str], bool]) -> list[Notification]:
    """A notification for each folder left out by the walk in which git tracks a file that ``wanted`` holds for.

    Outside of a checkout nobody can tell: then each such folder is named, as a note.
    """
    scope = Scope(request.config)
    folders = [one for one in request.tree.skipped if _may_hold_source(one.path) and scope.holds(one.path)]
    if not folders:
        return []
    if request.checkout is None:
        return [_told(one) for one in folders if not one.reason.startswith("version control")]
    try:
        names = frozenset(one.path for one in folders)
        counts = Counter(_folder_of(path, names) for path in _tracked(request) if wanted(path))
    except ToolError as failed:
        return [error("left-out-unknown", f"git could not say what it tracks: {failed.what}")]
    return [_tracked_there(one, counts[one.path]) for one in folders if counts[one.path]]


def hidden(request: ScanRequest, wanted: Callable[[str], bool]) -> list[Notification]:
    """The errors of :func:`left_out`; its notes on folders as such are bandit's to tell, once."""
    return [one for one in left_out(request, wanted) if one.level is Level.ERROR]


def hidden_manifests(request: ScanRequest) -> list[Notification]:
    """The errors of :func:`left_out` for dependency manifests."""
    return hidden(request, lambda path: any(form.matches(path) for form in FORMATS.values()))


def _may_hold_source(path: str) -> bool:
    return path.rpartition("/")[2] not in _NEVER_SOURCE


def _tracked(request: ScanRequest) -> Iterable[str]:
    done = run_git(request.tree.root, "ls-files", "-z", "--", ".")
    if done.exit_code != 0:
        raise ToolError(f"git ls-files failed (exit {done.exit_code})")
    return done.stdout.decode("utf-8", "surrogateescape").split("\0")


def _folder_of(path: str, folders: frozenset[str]) -> str:
    """Which of ``folders`` a path lies in: none of them lies in another."""
    parent = path.rpartition("/")[0]
    while parent and parent not in folders:
        parent = parent.rpartition("/")[0]
    return parent


def _tracked_there(folder: Skipped, count: int) -> Notification:
    text = (
        f"{printable(folder.path)}: {count} files that git tracks were not looked at, "
        f"because the folder counts as: {folder.reason}"
    )
    return error("tracked-but-left-out", text, path=folder.path, next_step=NEXT_STEP, properties={"count": str(count)})


def _told(folder: Skipped) -> Notification:
    return Notification(
        id="left-out",
        level=Level.NOTE,
        text=f"{printable(folder.path)} was left out: {folder.reason}",
        location=Location(path=folder.path),
    )


def linked_folders(request: ScanRequest) -> list[Notification]:
    """An error for each link to a folder outside of the tree that git tracks: what it leads to was not looked at.

    Outside of a checkout every such link counts: nothing says that it is not part of the product.
    """
    scope = Scope(request.config)
    links = [one.path for one in request.tree.refused if one.reason == OUT_OF_TREE and scope.holds(one.path)]
    folders = [path for path in links if (request.tree.root / path).is_dir()]
    if not folders:
        return []
    try:
        known = set(_tracked(request)) if request.checkout else set(folders)
    except ToolError as failed:
        return [error("left-out-unknown", f"git could not say what it tracks: {failed.what}")]
    return [_linked(path) for path in folders if path in known]


def _linked(path: str) -> Notification:
    text = f"{printable(path)} was not looked at: a link to a folder outside of the tree"
    return error("folder-linked", text, path=path, next_step=_LINK_STEP)
