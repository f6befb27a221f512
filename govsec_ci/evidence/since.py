"""Which results a change is answerable for: those on lines that it touched, and in dependencies that it changed.

What counts as changed is the difference between the working tree and the merge base of HEAD and the given ref, as the
platforms show a pull request; files that git does not track are changed as a whole. Git is asked with everything
executable switched off (``system.git``), and with renames and text conversion off: a moved file is all changed.
"""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from govsec_ci.errors import ToolError, UsageError
from govsec_ci.evidence.marks import CHANGED, SINCE, UNTOUCHED
from govsec_ci.model import Component, Location, Result, Run
from govsec_ci.system.git import MODULE, run_git
from govsec_ci.system.git_diff import OPTIONS, Differences, parse

_TIMEOUT_S = 120.0
_REF = re.compile(r"[^-\0][^\0]*\Z")
ReadManifest = Callable[[str, bytes], Iterable[Component]]


class Changes(Struct, frozen=True, kw_only=True):
    """What changed since a ref.

    :param commit: the commit that the tree was compared with: the merge base, or the ref itself
    :param files: path → its changed lines; None where all of it counts: it is not tracked, or not text
    :param submodules: folders of which git compares no content here: everything in them counts as changed
    :param variables: what git must be told to see ``commit``
    """

    commit: str
    files: Differences
    submodules: tuple[str, ...] = ()
    variables: Mapping[str, str] = {}

    def file(self, path: str) -> bool:
        """Whether anything in a file changed."""
        return path in self.files or self._within_submodule(path)

    def touches(self, path: str, first: int, last: int) -> bool:
        """Whether any of the lines from ``first`` to ``last`` changed."""
        spans = self.files.get(path, ())
        return spans is None or self._within_submodule(path) or any(span.touches(first, last) for span in spans)

    def _within_submodule(self, path: str) -> bool:
        return any(path.startswith(f"{folder}/") for folder in self.submodules)


def changes(root: Path, ref: str, *, variables: Mapping[str, str] | None = None, history: bool = True) -> Changes:
    """What changed in the working tree below ``root`` since it parted from ``ref``.

    :param variables: what git must be told to see ``ref``
    :param history: whether a common ancestor is needed. Without one (a shallow clone) the tree is else compared with
        ``ref`` itself: then what was changed there in the meantime counts as well, so rather too much than too little
    :raises UsageError: there is no such ref, no common ancestor (a shallow clone), or no git checkout
    """
    git = _Git(root, variables or {})
    base = git.base(ref, history=history)
    options = (*OPTIONS, "--relative", "--ignore-submodules=all")
    files = parse(git.said("diff", *options, base, "--", ".")) | dict.fromkeys(git.untracked())
    return Changes(commit=base, files=files, submodules=tuple(git.submodules()), variables=git.variables)


def mark(runs: Iterable[Run], changed: Changes, components: frozenset[str] = frozenset()) -> tuple[Run, ...]:
    """``runs`` with the property ``since`` on every result.

    A dependency result is changed when its component is; any other when a line of its primary region is, or the line of
    a comment that suppresses it. A result without a place cannot be told from a changed one, and is one.

    :param components: purls that are new or of another version (see :func:`changed_components`)
    """
    return tuple(
        msgspec.structs.replace(run, results=tuple(_marked(result, changed, components) for result in run.results))
        for run in runs
    )


def changed_components(
    root: Path, changed: Changes, components: Iterable[Component], read: ReadManifest
) -> frozenset[str]:
    """The purls among ``components`` that the manifests of the merge base do not hold, or of which nobody can tell.

    :param components: of today's manifests; :param read: parses an earlier manifest's bytes by its path
    """
    now = tuple(components)
    before: set[str] = set()
    for path in sorted({component.location.path for component in now}):
        before |= _purls_before(root, changed, path, now, read)
    return frozenset(component.purl for component in now if component.purl not in before)


def _purls_before(root: Path, changed: Changes, path: str, now: tuple[Component, ...], read: ReadManifest) -> set[str]:
    if not changed.file(path):
        if not os.path.lexists(root / path):  # an installed environment elsewhere, of which git can tell nothing
            return set()
        return {component.purl for component in now if component.location.path == path}
    blob = ("cat-file", "blob", f"{changed.commit}:./{path}")
    shown = run_git(root, *blob, timeout_s=_TIMEOUT_S, variables=changed.variables)
    if shown.exit_code != 0:
        return set()
    return {component.purl for component in read(path, shown.stdout)}


def _marked(result: Result, changed: Changes, components: frozenset[str]) -> Result:
    state = CHANGED if _is_changed(result, changed, components) else UNTOUCHED
    return msgspec.structs.replace(result, properties={**result.properties, SINCE: state})


def _is_changed(result: Result, changed: Changes, components: frozenset[str]) -> bool:
    if result.component is not None:
        return result.component.purl in components
    if not result.locations:
        return True
    claims = (claim.location for claim in result.suppressions if claim.location is not None)
    return any(_touches(changed, place) for place in (result.locations[0], *claims))


def _touches(changed: Changes, place: Location) -> bool:
    if place.region is None:
        return changed.file(place.path)
    first = place.region.start_line
    return changed.touches(place.path, first, max(first, place.region.end_line or first))


class _Git:
    """git in the judged folder; what it is told to see beyond stands in ``variables``."""

    def __init__(self, root: Path, variables: Mapping[str, str]) -> None:
        self.root, self.variables = root, variables

    def base(self, ref: str, *, history: bool) -> str:
        """The commit to compare with."""
        if not _REF.match(ref):
            raise UsageError(f"{ref!r} is no git ref")
        found = self.run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
        if found is None:
            raise UsageError(f"{ref}: no such commit in this checkout", next_step="fetch it, or name another one")
        commit = found.decode().strip()
        base = self.run("merge-base", "HEAD", commit)
        if base is None and history:
            raise UsageError(
                f"{ref}: has no common ancestor with HEAD here",
                cause="the clone is shallow, so the history that they share is missing",
                next_step="fetch the whole history (actions/checkout: fetch-depth: 0)",
            )
        return base.decode().strip() if base else commit

    def untracked(self) -> Iterator[str]:
        """Paths that git does not hold."""
        listed = self.said("ls-files", "--others", "-z", "--", ".")
        return (os.fsdecode(path) for path in listed.split(b"\0") if path)

    def submodules(self) -> Iterator[str]:
        """Folders that are checkouts of their own."""
        for entry in self.said("ls-files", "--stage", "-z", "--", ".").split(b"\0"):
            if entry.startswith(MODULE.encode() + b" "):
                yield os.fsdecode(entry.partition(b"\t")[2])

    def said(self, *arguments: str) -> bytes:
        """What git says; :raises UsageError: it ends with an error."""
        output = self.run(*arguments)
        if output is None:
            raise UsageError(f"git could not compare the tree {self.root} with its history")
        return output

    def run(self, *arguments: str) -> bytes | None:
        """What git says, or None where it ends with an error."""
        try:
            done = run_git(self.root, *arguments, timeout_s=_TIMEOUT_S, variables=self.variables)
        except ToolError as error:
            raise UsageError(f"--since: {error.what}", next_step=error.next_step) from error
        return done.stdout if done.exit_code == 0 else None
