"""Which lines a commit changes: a result on others was there before, and is told without stopping the commit.

While a merge is being committed, a line counts only when it differs from *every* parent: what comes from the other
branch was judged there.
"""

import os
import re
from collections.abc import Callable, Iterable
from typing import Final

from govsec_ci.app.snapshot import Repository, commit_of
from govsec_ci.model import Result
from govsec_ci.system.git_diff import OPTIONS, Differences, Spans, parse

_PATHS_A_CALL: Final = 500


def changed_paths(repository: Repository, ref: str | None = None, base: str | None = None) -> tuple[str, ...]:
    """Paths that the index, or the commit ``ref``, adds or changes.

    :param base: what it is compared with, or None for HEAD, of a commit its first parent (nothing, where there is none)
    :raises UsageError: one of them is no commit
    """
    commit = commit_of(repository, ref) if ref else None
    before = commit_of(repository, base) if base else _parents(repository, commit)[0]
    options = ("--name-only", "-z", "--no-renames", "--diff-filter=d")
    names = repository.git("diff", *options, *_sides(commit, before), "--")
    return tuple(os.fsdecode(name) for name in names.split(b"\0")[:-1])


def touched(
    repository: Repository, paths: Iterable[str], ref: str | None, base: str | None
) -> Callable[[Result], bool]:
    """Whether a result lies on a changed line.

    One without a line does, and so does every one in a file that has not changed at all: somebody named it.

    :param ref: the commit that is judged, or None for the index
    :param base: what it is compared with, or None for its parents (HEAD and those of a merge under way, for the index)
    :raises UsageError: one of them is no commit
    """
    wanted = tuple(paths)
    commit = commit_of(repository, ref) if ref else None
    parents = (commit_of(repository, base),) if base else _parents(repository, commit)
    changes = [_changes(repository, wanted, commit, parent) for parent in parents]
    return lambda result: _touched(changes, result)


def _touched(changes: Iterable[Differences], result: Result) -> bool:
    location = result.locations[0] if result.locations else None
    if location is None or location.region is None:
        return True
    region, path = location.region, location.path
    own = [one.get(path, ()) for one in changes]
    if all(path not in one for one in changes):
        return True
    last = region.end_line or region.start_line
    return all(spans is None or any(span.meets(region.start_line, last) for span in spans) for spans in own)


def _parents(repository: Repository, ref: str | None) -> tuple[str, ...]:
    if ref is None:
        merging = repository.git("rev-parse", "--git-path", "MERGE_HEAD").decode("utf-8", "surrogateescape").strip()
        return (repository.head or _nothing(repository), *_lines_of(os.path.join(repository.top, merging)))
    told = repository.git("rev-list", "--parents", "-n", "1", ref).decode("ascii").split()
    return tuple(told[1:]) or (_nothing(repository),)


def _lines_of(path: str) -> tuple[str, ...]:
    try:
        with open(path, encoding="ascii") as file:
            return tuple(re.findall(r"^[0-9a-f]{40,64}$", file.read(), re.MULTILINE))
    except (OSError, UnicodeDecodeError):
        return ()


def _nothing(repository: Repository) -> str:
    """The empty tree: git knows it in every repository."""
    return repository.git("hash-object", "-t", "tree", "--stdin").decode("ascii").strip()


def _changes(repository: Repository, paths: tuple[str, ...], ref: str | None, base: str) -> Differences:
    found: dict[str, Spans | None] = {}
    for start in range(0, len(paths), _PATHS_A_CALL):
        some = paths[start : start + _PATHS_A_CALL]
        found |= parse(
            repository.git("--literal-pathspecs", "diff", *OPTIONS, "--text", *_sides(ref, base), "--", *some)
        )
    return found


def _sides(commit: str | None, base: str) -> tuple[str, str]:
    return ("--cached", base) if commit is None else (base, commit)
