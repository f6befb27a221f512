"""Which lines a commit changes: a result on others was there before, and is told without stopping the commit.

While a merge is being committed, a line counts only when it differs from *every* parent: what comes from the other
branch was judged there.
"""

import os
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from msgspec import Struct

from govsec_ci.app.snapshot import Repository, commit_of
from govsec_ci.model import Result

_HUNK: Final = re.compile(rb"^@@ -\d+(?:,\d+)? \+(\d+)(?:,(\d+))? @@", re.MULTILINE)
_PATCH: Final = re.compile(rb"^diff --git ", re.MULTILINE)
_OPTIONS: Final = (
    "--raw", "--patch", "-z", "--no-abbrev", "--unified=0", "--inter-hunk-context=0", "--no-color", "--no-ext-diff",
    "--no-textconv", "--no-renames", "--text", "--diff-filter=d", "--no-indent-heuristic",
)  # fmt: skip
_PATHS_A_CALL: Final = 500


class Span(Struct, frozen=True):
    """Lines ``first`` to ``last``, 1-based, both within; after a deletion ``last`` is ``first - 1``: a gap."""

    first: int
    last: int

    def meets(self, first: int, last: int) -> bool:
        """Whether the lines ``first`` to ``last`` hold one of these, or the gap lies between two of them."""
        if self.last < self.first:
            return first < self.first <= last
        return first <= self.last and last >= self.first


Changes = Mapping[str, tuple[Span, ...] | None]
"""Path → its changed lines, or None where git cannot tell which; a path that is not there has not changed."""


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


def _touched(changes: Iterable[Changes], result: Result) -> bool:
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


def _changes(repository: Repository, paths: tuple[str, ...], ref: str | None, base: str) -> Changes:
    sides = ("--cached", base) if ref is None else (base, ref)
    found: dict[str, tuple[Span, ...] | None] = {}
    for start in range(0, len(paths), _PATHS_A_CALL):
        some = paths[start : start + _PATHS_A_CALL]
        found |= _parsed(repository.git("--literal-pathspecs", "diff", *_OPTIONS, *sides, "--", *some))
    return found


def _parsed(said: bytes) -> dict[str, tuple[Span, ...] | None]:
    """``git diff --raw --patch -z``: first each path (never quoted), then, in the same order, each patch."""
    raw, _, patches = said.partition(b"\0\0")
    fields = raw.split(b"\0")
    names = [os.fsdecode(name) for name in fields[1::2]]
    texts = _PATCH.split(patches)[1:]
    if len(texts) != len(names):  # a file became a link: two patches for one path
        return dict.fromkeys(names)
    return {name: _spans(text) for name, text in zip(names, texts, strict=True)}


def _spans(patch: bytes) -> tuple[Span, ...]:
    return tuple(_span(int(first), int(count) if count else 1) for first, count in _HUNK.findall(patch))


def _span(first: int, count: int) -> Span:
    # "+c,0" is a deletion after line c.
    return Span(first, first + count - 1) if count else Span(first + 1, first)
