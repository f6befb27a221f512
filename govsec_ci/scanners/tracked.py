"""What the walk did not see, held against git: what is committed is part of the product.

The walk leaves out virtual environments, tool caches and output folders by marks inside them (``pyvenv.cfg``, a name).
A change under judgement could plant such a mark into its own source folder, and would never be looked at. And it cannot
see what a sparse checkout or a missing submodule leaves away, of which ``git status`` says nothing.
"""

import os
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from govsec_ci.errors import ToolError
from govsec_ci.model import Level, Location, Notification
from govsec_ci.scanners.base import ScanRequest
from govsec_ci.scanners.runs import error, printable
from govsec_ci.scanners.scope import Scope
from govsec_ci.system.files import OUT_OF_TREE, Skipped
from govsec_ci.system.git import Index, read_index

_NEVER_SOURCE = frozenset({".git", ".hg", ".svn", "CVS", ".bzr"})
_SKIPPED = frozenset("Ss")
"""How ``git ls-files -v`` marks what a sparse checkout leaves away (small: assumed to be unchanged, too)."""
_GET_GIT = "install git where govsec runs, or judge an export of the sources without .git"
_LINK_STEP = "judge the folder that holds both, copy the files in, or exclude the link in the trusted configuration"
NEXT_STEP = "remove the folder from the repository, or exclude it in the trusted configuration"


def left_out(request: ScanRequest, wanted: Callable[[str], bool], *, modules: bool = True) -> list[Notification]:
    """A notification for each folder left out by the walk in which git tracks a file that ``wanted`` holds for.

    Likewise for what git tracks and the work tree lacks: files, and (with ``modules``) submodules as a whole. Outside
    of a checkout nobody can tell: then each folder left out is named, as a note.
    """
    scope = Scope(request.config)
    folders = [one for one in request.tree.skipped if _may_hold_source(one.path) and scope.holds(one.path)]
    if request.checkout is None:
        tops = _checkouts(request.tree.root)
        if any(folders or _may_lack(top, modules=modules) for top in tops):
            text = "git could not say what it tracks: it is not installed, or cannot read the checkout"
            return [error("left-out-unknown", text, next_step=_GET_GIT)]
        return [_told(one) for one in folders if not one.reason.startswith("version control")]
    try:
        names = frozenset(one.path for one in folders)
        counts = Counter(_folder_of(path, names) for path in (_tracked(request) if folders else ()) if wanted(path))
        away = list(_away(request, scope, wanted, modules=modules))
    except ToolError as failed:
        return [error("left-out-unknown", f"git could not say what it tracks: {failed.what}")]
    return [*(_tracked_there(one, counts[one.path]) for one in folders if counts[one.path]), *away]


def hidden(request: ScanRequest, wanted: Callable[[str], bool], *, modules: bool = False) -> list[Notification]:
    """The errors of :func:`left_out`; its notes on folders as such are bandit's to tell, once."""
    return [one for one in left_out(request, wanted, modules=modules) if one.level is Level.ERROR]


def hidden_manifests(request: ScanRequest) -> list[Notification]:
    """The errors of :func:`left_out` for dependency manifests."""
    from govsec_ci.manifests.registry import named  # noqa: PLC0415 — bandit's hook needs none of their readers

    return hidden(request, lambda path: named(path) is not None, modules=True)


def _may_hold_source(path: str) -> bool:
    return path.rpartition("/")[2] not in _NEVER_SOURCE


def lies_in_checkout(root: Path) -> bool:
    """Whether the tree looks like (part of) a checkout, which git was not there to read."""
    return bool(_checkouts(root))


def _checkouts(root: Path) -> list[Path]:
    folder = root.resolve()
    return [one for one in (folder, *folder.parents) if (one / ".git").exists()]


def _may_lack(top: Path, *, modules: bool) -> bool:
    """Whether a checkout shows, without git, that files may be missing in it.

    A second work tree's ``.git`` is a file: what it leaves away stands elsewhere.
    """
    sparse = (top / ".git/info/sparse-checkout").exists() or not (top / ".git").is_dir()
    return sparse or (modules and (top / ".gitmodules").exists())


def _tracked(request: ScanRequest) -> Iterator[str]:
    """Every path that git tracks, those of submodules too: they are part of the product like any other."""
    # A file in conflict has an entry for each side.
    return iter(dict.fromkeys(entry.path for entry in _index(request).entries))


def _index(request: ScanRequest) -> Index:
    known = request.checkout.index if request.checkout else None
    return known or read_index(request.tree.root)


def _away(
    request: ScanRequest, scope: Scope, wanted: Callable[[str], bool], *, modules: bool
) -> Iterator[Notification]:
    """An error for what git tracks and the work tree lacks, where git does not call that a change."""
    index = _index(request)
    for path in (one.path for one in index.submodules if modules and not one.here):
        yield _module_away(path) if scope.holds(path) else _told(Skipped(path=path, reason=scope.why(path)))
    away = (entry.path for entry in index.entries if entry.tag in _SKIPPED)
    skipped = [path for path in away if wanted(path) and scope.holds(path)]
    skipped = [path for path in skipped if not os.path.lexists(request.tree.root / path)]
    if skipped:
        yield _files_away(skipped)


def _module_away(path: str) -> Notification:
    text = f"{printable(path)} was not looked at: the submodule is not checked out"
    step = "check it out (git submodule update --init), or exclude it in the trusted configuration"
    return error("tracked-but-absent", text, path=path, next_step=step)


def _files_away(paths: list[str]) -> Notification:
    shown = ", ".join(printable(path) for path in paths[:3]) + (", ..." if len(paths) > 3 else "")  # noqa: PLR2004 — as many as are shown
    text = f"{len(paths)} files that git tracks were not looked at, because they are left out of the work tree: {shown}"
    if len(paths) == 1:
        text = f"{shown} was not looked at: git tracks it, but it is left out of the work tree"
    return error(
        "tracked-but-absent",
        text,
        path=paths[0],
        next_step="check out without a sparse pattern, or exclude the folder in the trusted configuration",
        properties={"count": str(len(paths))},
    )


def _folder_of(path: str, folders: frozenset[str]) -> str:
    """Which of ``folders`` a path lies in: none of them lies in another."""
    parent = path.rpartition("/")[0]
    while parent and parent not in folders:
        parent = parent.rpartition("/")[0]
    return parent


def _tracked_there(folder: Skipped, count: int) -> Notification:
    name, why = printable(folder.path), f"because the folder counts as: {folder.reason}"
    text = f"{name}: {count} files that git tracks were not looked at, {why}"
    if count == 1:
        text = f"{name}: 1 file that git tracks was not looked at, {why}"
    return error("tracked-but-left-out", text, path=folder.path, next_step=NEXT_STEP, properties={"count": str(count)})


def _told(folder: Skipped) -> Notification:
    return Notification(
        id="left-out",
        level=Level.NOTE,
        text=f"{printable(folder.path)} was left out: {folder.reason}",
        location=Location(path=folder.path),
    )


def of_product(request: ScanRequest, paths: Collection[str]) -> list[str]:
    """Those of ``paths`` that git tracks; all of them where nobody can tell."""
    if not paths or request.checkout is None:
        return list(paths)
    try:
        known = set(_tracked(request))
    except ToolError:
        return list(paths)
    return [path for path in paths if path in known]


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
