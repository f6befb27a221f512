"""Which results a change is answerable for: those on lines that it touched, and in dependencies that it changed.

What counts as changed is the difference between the working tree and the merge base of HEAD and the given ref, as the
platforms show a pull request; files that git does not track are changed as a whole. Git is asked with everything
executable switched off (``system.git``), and with renames and text conversion off: a moved file is all changed.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from govsec_ci.errors import ToolError, UsageError
from govsec_ci.model import Component, Result, Run
from govsec_ci.system.git import run_git

SINCE = "since"
"""Key of ``Result.properties``; the values are :data:`CHANGED` and :data:`UNTOUCHED`."""
CHANGED = "changed"
UNTOUCHED = "untouched"

_TIMEOUT_S = 120.0
_HUNK = re.compile(rb"@@ -\d+(?:,\d+)? \+(\d+)(?:,(\d+))? @@")
_REF = re.compile(r"[^-\0][^\0]*\Z")
_Spans = tuple[tuple[int, int], ...]
ReadManifest = Callable[[str, bytes], Iterable[Component]]


class Changes(Struct, frozen=True, kw_only=True):
    """What changed since a ref.

    :param commit: the merge base that the tree was compared with
    :param lines: path → first and last line of each changed span; a pure deletion is the line before and after it
    :param whole: paths of files that are new, not tracked, or not text
    :param submodules: folders of which git compares no content here: everything in them counts as changed
    """

    commit: str
    lines: Mapping[str, _Spans]
    whole: frozenset[str] = frozenset()
    submodules: tuple[str, ...] = ()

    def file(self, path: str) -> bool:
        """Whether anything in a file changed."""
        return path in self.lines or self._wholly(path)

    def touches(self, path: str, first: int, last: int) -> bool:
        """Whether any of the lines from ``first`` to ``last`` changed."""
        return self._wholly(path) or any(start <= last and first <= end for start, end in self.lines.get(path, ()))

    def _wholly(self, path: str) -> bool:
        return path in self.whole or any(path.startswith(f"{folder}/") for folder in self.submodules)


def changes(root: Path, ref: str) -> Changes:
    """What changed in the working tree below ``root`` since it parted from ``ref``.

    :raises UsageError: there is no such ref, no common ancestor (a shallow clone), or no git checkout
    """
    base = _merge_base(root, ref)
    options = ("--no-color", "--no-renames", "--no-ext-diff", "--no-textconv", "--ignore-submodules=all")
    arguments = ("--unified=0", "--relative", "--src-prefix=a/", "--dst-prefix=b/", base)
    lines, whole = _parse(_git(root, "-c", "core.quotePath=false", "diff", *options, *arguments, "--", "."))
    return Changes(
        commit=base, lines=lines, whole=frozenset(whole | _untracked(root)), submodules=tuple(_submodules(root))
    )


def mark(runs: Iterable[Run], changed: Changes, components: frozenset[str] = frozenset()) -> tuple[Run, ...]:
    """``runs`` with the property ``since`` on every result.

    A dependency result is changed when its component is; any other when a line of its primary region is. A result
    without a place cannot be told from a changed one, and is one.

    :param components: purls that are new or of another version (see :func:`changed_components`)
    """
    return tuple(
        msgspec.structs.replace(run, results=tuple(_marked(result, changed, components) for result in run.results))
        for run in runs
    )


def changed_components(
    root: Path, changed: Changes, components: Iterable[Component], read: ReadManifest
) -> frozenset[str]:
    """The purls among ``components`` that the manifests of the merge base do not hold.

    :param components: of today's manifests; :param read: parses an earlier manifest's bytes by its path
    """
    now = tuple(components)
    before: set[str] = set()
    for path in sorted({component.location.path for component in now}):
        before |= _purls_before(root, changed, path, now, read)
    return frozenset(component.purl for component in now if component.purl not in before)


def _purls_before(root: Path, changed: Changes, path: str, now: tuple[Component, ...], read: ReadManifest) -> set[str]:
    if not changed.file(path):
        return {component.purl for component in now if component.location.path == path}
    shown = run_git(root, "show", "--no-textconv", f"{changed.commit}:./{path}", timeout_s=_TIMEOUT_S)
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
    place = result.locations[0]
    if place.region is None:
        return changed.file(place.path)
    first = place.region.start_line
    return changed.touches(place.path, first, max(first, place.region.end_line or first))


def _merge_base(root: Path, ref: str) -> str:
    if not _REF.match(ref):
        raise UsageError(f"{ref!r} is no git ref")
    found = _run(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    if found is None:
        raise UsageError(f"{ref}: no such commit in this checkout", next_step="fetch it, or name another with --since")
    base = _run(root, "merge-base", "HEAD", found.decode().strip())
    if base is None:
        raise UsageError(
            f"{ref}: has no common ancestor with HEAD here",
            cause="the clone is shallow, so the history that they share is missing",
            next_step="fetch the whole history (actions/checkout: fetch-depth: 0)",
        )
    return base.decode().strip()


def _untracked(root: Path) -> set[str]:
    listed = _git(root, "ls-files", "--others", "-z", "--", ".")
    return {path.decode("utf-8", "surrogateescape") for path in listed.split(b"\0") if path}


def _submodules(root: Path) -> Iterator[str]:
    for entry in _git(root, "ls-files", "--stage", "-z", "--", ".").split(b"\0"):
        if entry.startswith(b"160000 "):
            yield entry.partition(b"\t")[2].decode("utf-8", "surrogateescape")


def _run(root: Path, *arguments: str) -> bytes | None:
    try:
        done = run_git(root, *arguments, timeout_s=_TIMEOUT_S)
    except ToolError as error:
        raise UsageError(f"--since: {error.what}", next_step=error.next_step) from error
    return done.stdout if done.exit_code == 0 else None


def _git(root: Path, *arguments: str) -> bytes:
    output = _run(root, *arguments)
    if output is None:
        raise UsageError(f"git could not compare the tree {root} with its history")
    return output


def _parse(diff: bytes) -> tuple[dict[str, _Spans], set[str]]:
    """Unified diff without context → changed spans a file, and the files that changed as a whole."""
    parser = _Parser()
    for line in diff.split(b"\n"):
        parser.line(line)
    return {path: tuple(spans) for path, spans in parser.spans.items()}, parser.whole


class _Parser:
    """Counts each hunk's lines down, so that no line of a file's text is taken for a header."""

    def __init__(self) -> None:
        self.spans: dict[str, list[tuple[int, int]]] = {}
        self.whole: set[str] = set()
        self._path = ""
        self._left = 0
        self._new = False

    def line(self, line: bytes) -> None:
        if self._left and line[:1] in {b"+", b"-"}:
            self._left -= 1
        elif line.startswith(b"diff --git "):
            self._path, self._new = "", False
        elif line.startswith(b"new file mode"):
            self._new = True
        elif line.startswith(b"+++ "):
            self._begin(line[4:])
        elif line.startswith(b"Binary files "):
            self._binary(line)
        else:
            self._hunk(line)

    def _begin(self, name: bytes) -> None:
        self._path = _unquoted(name)
        if self._path and self._new:
            self.whole.add(self._path)

    def _binary(self, line: bytes) -> None:
        name = line.removeprefix(b"Binary files ").removesuffix(b" differ").rpartition(b" and ")[2]
        path = _unquoted(name)
        if path:
            self.whole.add(path)

    def _hunk(self, line: bytes) -> None:
        match = _HUNK.match(line)
        if match is None:
            return
        old = re.match(rb"@@ -\d+(?:,(\d+))?", line)
        count = int(match[2]) if match[2] is not None else 1
        self._left = count + (int(old[1]) if old and old[1] is not None else 1)
        start = int(match[1])
        span = (start, start + count - 1) if count else (start, start + 1)
        if self._path:
            self.spans.setdefault(self._path, []).append(span)


def _unquoted(name: bytes) -> str:
    """``b/PATH``, possibly quoted as C does, with the tab that git adds after a blank; "" for /dev/null."""
    text = name.rstrip(b"\t\r")
    if text.startswith(b'"') and text.endswith(b'"'):
        text = _ESCAPE.sub(_unescaped, text[1:-1])
    path = text.removeprefix(b"b/")
    return "" if path == b"/dev/null" else path.decode("utf-8", "surrogateescape")


_ESCAPE = re.compile(rb'\\([0-7]{3}|["\\abfnrtv])')
_ESCAPED = {
    b'"': b'"', b"\\": b"\\", b"a": b"\a", b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v",
}  # fmt: skip


def _unescaped(match: "re.Match[bytes]") -> bytes:
    escaped: bytes = match[1]
    return _ESCAPED.get(escaped) or bytes([int(escaped, 8)])
