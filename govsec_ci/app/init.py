"""``govsec init``: look at a repository, and write what it needs to be judged; what is there already stays as it is."""

import difflib
import json
import os
import re
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Final

import yaml
from msgspec import Struct

from govsec_ci.app import init_files
from govsec_ci.app.init_files import HookSource
from govsec_ci.app.say import Say, Texts
from govsec_ci.app.target import load_config, tool_table
from govsec_ci.config import FILE_NAME
from govsec_ci.errors import InputError, UsageError
from govsec_ci.gate.waivers import FILE_NAME as WAIVERS_FILE
from govsec_ci.manifests.registry import named
from govsec_ci.report.inert import lines
from govsec_ci.scanners.python_files import is_python
from govsec_ci.scanners.zizmor import is_target
from govsec_ci.system.files import read_limited, walk, write_atomic

PRE_COMMIT: Final = ".pre-commit-config.yaml"
WORKFLOW: Final = ".github/workflows/govsec.yml"
DISTRIBUTION: Final = "govsec-ci"
_LIMIT_BYTES: Final = 5_000_000
_ON_GITHUB: Final = re.compile(
    r"(?:https://github\.com/|(?:ssh://)?git@github\.com[:/])?([\w.-]+/[\w.-]+?)(?:\.git)?/?", re.ASCII
)


class Seen(Struct, frozen=True, kw_only=True):
    """What the repository is like: paths, POSIX, relative to its top."""

    python: bool
    manifests: tuple[str, ...]
    pipelines: tuple[str, ...]


class Change(Struct, frozen=True, kw_only=True):
    """One file to be written; ``before`` is None for a new one, ``why`` a key of :func:`words`."""

    path: str
    before: str | None
    after: str
    why: str


def look(top: Path) -> Seen:
    """What lies in the tree; :raises UsageError: ``top`` is no folder."""
    if not top.is_dir():
        what = "is a file, not a folder" if top.exists() else "there is no such folder"
        raise UsageError(f"{top}: {what}", next_step="name the folder that holds the project")
    files = walk(top).files
    return Seen(
        python=any(map(is_python, files)),
        manifests=tuple(path for path in files if named(path)),
        pipelines=tuple(filter(is_target, files)),
    )


def _is_configured(top: Path) -> bool:
    load_config(top, None)
    return (top / FILE_NAME).exists() or tool_table(top) is not None


def hook_ids(seen: Seen) -> list[str]:
    """The hooks that have something to look at here; the workflow that ``init`` itself writes counts."""
    wanted = {"govsec-bandit": seen.python, "govsec-audit": seen.manifests, "govsec-sbom": seen.manifests}
    return [*(name for name, any_ in wanted.items() if any_), "govsec-pipeline", "govsec-waivers", "govsec-gate"]


def source_of_installation() -> HookSource:
    """The repository and commit that this very govsec was installed from, where pip knows them (PEP 610)."""
    try:
        told = json.loads(metadata.distribution(DISTRIBUTION).read_text("direct_url.json") or "{}")
    except (metadata.PackageNotFoundError, ValueError):
        return HookSource()
    commit = told.get("vcs_info", {}).get("commit_id", "")
    return HookSource(url=told["url"], rev=commit) if commit else HookSource()


def plan(top: Path, source: HookSource, profiles: tuple[str, ...]) -> tuple[Change, ...]:
    """What ``init`` would write; nothing where all is in place.

    :raises InputError: the settings are invalid, or a file that would be added to cannot be understood
    """
    seen = look(top)
    return tuple(_changes(top, seen, source, profiles))


def _changes(top: Path, seen: Seen, source: HookSource, profiles: tuple[str, ...]) -> Iterator[Change]:
    if not _is_configured(top):
        # A string of JSON is one of TOML, whatever a path holds.
        named = ", ".join(json.dumps(name, ensure_ascii=False) for name in profiles)
        yield Change(path=FILE_NAME, before=None, after=init_files.SETTINGS.format(profiles=named), why="settings")
    if not (top / WAIVERS_FILE).exists():
        yield Change(path=WAIVERS_FILE, before=None, after=init_files.WAIVERS, why="waivers")
    before = text_of(top / PRE_COMMIT)
    after = with_hooks(before, hook_ids(seen), source)
    if after != before:
        yield Change(path=PRE_COMMIT, before=before, after=after, why="hooks")
    if not calling(top, seen):
        yield Change(path=WORKFLOW, before=None, after=_workflow(source), why="workflow")


def text_of(path: Path) -> str | None:
    """A text file, None where there is none; :raises InputError: it cannot be read, or is no text."""
    if not path.exists():
        return None
    try:
        return read_limited(path, limit_bytes=_LIMIT_BYTES).decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not UTF-8 text") from error


def calling(top: Path, seen: Seen) -> dict[str, str]:
    """The workflows that speak of govsec: path → text; :raises InputError: one cannot be read."""
    paths = (path for path in seen.pipelines if path.startswith(".github/"))
    texts = {path: read_limited(top / path, limit_bytes=_LIMIT_BYTES).decode("utf-8", "replace") for path in paths}
    return {path: text for path, text in texts.items() if any("govsec" in line for line in _without_comments(text))}


def _without_comments(text: str) -> Iterator[str]:
    return (line for line in text.splitlines() if not line.lstrip().startswith("#"))


def _workflow(source: HookSource) -> str:
    found = _ON_GITHUB.fullmatch(source.url)
    if not source.rev or found is None:
        return init_files.WORKFLOW
    return init_files.WORKFLOW.replace(init_files.PLACEHOLDER, f"{found[1]}@{source.rev}")


def with_hooks(before: str | None, ids: list[str], source: HookSource) -> str:
    """.pre-commit-config.yaml with our hooks after the others; every byte of what was there stays.

    :raises InputError: it is no list of repositories, or not one that lines can be added to
    """
    if before is None:
        head = "# `pre-commit install --hook-type pre-commit --hook-type pre-push` puts these to work.\nrepos:\n"
        return head + init_files.hooks(ids, source, "  ")
    called = hooks_called(before)
    missing = [name for name in ids if name not in called]
    if not missing:
        return before
    end, indent = _end_of_repositories(before)
    rows = before.splitlines(keepends=True)
    if rows and end == len(rows) and not rows[-1].endswith("\n"):
        rows[-1] += "\n"
    return "".join([*rows[:end], init_files.hooks(missing, source, indent), *rows[end:]])


def hooks_called(text: str) -> frozenset[str]:
    """The ids of all hooks that a .pre-commit-config.yaml calls; :raises InputError: it is no YAML."""
    hooks = (hook for one in _items(_value(_document(text), "repos")) for hook in _items(_value(one, "hooks")))
    ids = (_value(hook, "id") for hook in hooks)
    return frozenset(one.value for one in ids if isinstance(one, yaml.ScalarNode))


def _document(text: str) -> yaml.Node | None:
    try:
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError) as error:
        raise _no_yaml(error) from error


def _value(node: yaml.Node | None, name: str) -> yaml.Node | None:
    """What stands under a key; of two the last, as pre-commit has it."""
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return next((value for key, value in reversed(pairs) if key.value == name), None)


def _items(node: yaml.Node | None) -> list[yaml.Node]:
    return node.value if isinstance(node, yaml.SequenceNode) else []


def _end_of_repositories(text: str) -> tuple[int, str]:
    """The line after the last item of ``repos:``, and the white space before its items."""
    found = _value(_document(text), "repos")
    if not isinstance(found, yaml.SequenceNode) or found.flow_style or not found.value:
        raise InputError(
            f"{PRE_COMMIT}: has no list of repositories that lines can be added to",
            next_step="write `repos:` with one item a line, or move the file away and run govsec init again",
        )
    # The end mark stands where the next thing begins: comments and empty lines before that belong to it.
    last = _last_line(found.value[-1])
    return last + 1, " " * found.start_mark.column


def _no_yaml(error: yaml.YAMLError | RecursionError) -> InputError:
    mark = error.problem_mark if isinstance(error, yaml.MarkedYAMLError) else None
    place = f"{PRE_COMMIT}:{mark.line + 1}" if mark else PRE_COMMIT
    problem = getattr(error, "problem", None) or str(error).splitlines()[0]
    return InputError(f"{place}: is no YAML: {problem}", next_step="correct that line, then run govsec init again")


def _last_line(node: yaml.Node) -> int:
    if isinstance(node, yaml.ScalarNode):
        return int(node.end_mark.line) - (1 if node.end_mark.column == 0 else 0)
    if not isinstance(node, yaml.CollectionNode) or node.flow_style or not node.value:
        return int(node.end_mark.line)
    last = node.value[-1]
    return _last_line(last[1] if isinstance(last, tuple) else last)


def write(top: Path, changes: tuple[Change, ...]) -> None:
    """Write every file; :raises UsageError: one cannot be written, or would lie outside of ``top``."""
    for change in changes:
        folder = os.path.realpath((top / change.path).parent)
        if not Path(folder).is_relative_to(os.path.realpath(top)):
            raise UsageError(
                f"{change.path}: a link leads out of the project, and nothing is written there",
                next_step="replace the link by a folder of the project itself",
            )
    for change in changes:
        write_atomic(top / change.path, change.after.encode())


_TEXTS: Final[Texts] = {
    "settings": ("the settings", "設定"),
    "waivers": ("accepted risks; none yet", "受容したリスク(まだない)"),
    "hooks": ("the hooks", "フック"),
    "workflow": ("the gate on every pull request", "プルリクエストごとの判定"),
    "in-place": ("Everything is in place.", "すべて整っている。"),
    "agreed": ("Write {n} [file|files]?", "{n} 件のファイルを書き込むか"),
    "written": ("Written. Next: govsec doctor", "書き込んだ。次に govsec doctor を実行する。"),
}


def words(lang: str) -> Say:
    """What ``init`` says, in ``en`` or ``ja``."""
    return Say(_TEXTS, lang)


def shown(change: Change, say: Say) -> str:
    """What will be written, as a unified diff under one line that says what for."""
    before = (change.before or "").splitlines()
    diff = difflib.unified_diff(before, change.after.splitlines(), lineterm="", n=2)
    return lines("\n".join([f"{change.path}: {say(change.why)}", *(f"    {line}" for line in list(diff)[2:])]))
