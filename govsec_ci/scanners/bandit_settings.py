"""Settings for bandit in the judged tree: what they would switch off, and what of it the configuration allows.

Read are ``[tool.bandit]`` of ``pyproject.toml`` and ``[bandit]`` of ``.bandit``, both at the root, where bandit's users
put them. None of it reaches bandit. A test that is skipped with permission keeps its results, with a suppression; a
folder that is excluded with permission is not scanned, and counted; everything else is told to have no effect.
"""

import configparser
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from govsec_ci.config import TreeSetting
from govsec_ci.errors import InputError
from govsec_ci.manifests.text import UnreadableError, parse_toml
from govsec_ci.model import (
    Level,
    Location,
    Notification,
    Region,
    Result,
    Suppression,
    SuppressionKind,
    SuppressionStatus,
)
from govsec_ci.scanners.base import ScanRequest
from govsec_ci.scanners.runs import printable
from govsec_ci.system.files import read_limited

_PYPROJECT, _INI = "pyproject.toml", ".bandit"
_SKIPS, _EXCLUDES = "bandit.skips", "bandit.exclude_dirs"
# What each key is called in the two files; bandit takes no other of them for these two purposes.
_KEYS = {"skips": _SKIPS, "exclude_dirs": _EXCLUDES, "exclude": _EXCLUDES}
_BLANKS = re.compile(r"[^\S\n]{2,}")
_AFTER_BARE = re.compile(r"[^\w.\s-].*")
_NAMES = re.compile(r"[\w-]+")
_LIMIT_BYTES = 1_000_000
_MOST_TOLD = 100


class Setting(Struct, frozen=True, kw_only=True):
    """One value of a key that switches something off; ``setting`` is as in the configuration, or empty."""

    path: str
    key: str
    setting: str
    value: str
    line: int


class Settings(Struct, frozen=True, kw_only=True):
    """What the tree asks for, and what of it is allowed (with who allows it)."""

    asked: tuple[Setting, ...] = ()
    allowed: tuple[tuple[Setting, TreeSetting], ...] = ()

    def excludes(self, path: str) -> bool:
        """Whether an allowed ``exclude_dirs`` holds for a file."""
        return any(one.setting == _EXCLUDES and _is_within(path, one.value) for one, _ in self.allowed)

    def judged(self, result: Result) -> Result:
        """The result, with a suppression where an allowed ``skips`` names its test."""
        for one, by in self.allowed:
            if one.setting == _SKIPS and one.value == result.rule_id:
                return replace(result, suppressions=(*result.suppressions, _suppression(one, by)))
        return result

    def told(self, files: Iterable[str], results: Iterable[Result]) -> list[Notification]:
        """A note for each setting: what it switched off, or that it has no effect; each with its number."""
        paths, rules = list(files), Counter(result.rule_id for result in results)
        allowed = {one for one, _ in self.allowed}
        refused = [one for one in self.asked if one not in allowed]
        notes = [_note(one, by, _count(one, paths, rules)) for one, by in self.allowed]
        notes += [_note(one, None, _count(one, paths, rules)) for one in refused[:_MOST_TOLD]]
        return [*notes, _and_more(refused)] if len(refused) > _MOST_TOLD else notes


def read(request: ScanRequest) -> Settings:
    """The settings of the request's tree. A file that cannot be read switches nothing off."""
    present = set(request.tree.files)
    asked = tuple(one for path in (_PYPROJECT, _INI) if path in present for one in _settings(request, path))
    return Settings(asked=asked, allowed=tuple(_allowed(asked, request.config.tree_settings)))


def _settings(request: ScanRequest, path: str) -> Iterable[Setting]:
    try:
        data = read_limited(request.tree.root / path, limit_bytes=_LIMIT_BYTES)
    except InputError:
        return
    yield from asked(path, data)


def asked(path: str, data: bytes) -> Iterable[Setting]:
    """Every value that ``pyproject.toml`` or ``.bandit`` sets for bandit; none where it cannot be read."""
    try:
        text = data.decode("utf-8")
        table = _pyproject(text) if path == _PYPROJECT else _ini(text)
    except (ValueError, UnreadableError, configparser.Error):
        return
    lines = _lines(text)
    for key, value in table.items():
        for one in _values(value):
            yield Setting(path=path, key=key, setting=_KEYS.get(key, ""), value=one, line=lines.get(key, 0))


def _pyproject(text: str) -> dict[str, Any]:
    tool = parse_toml(text).get("tool")
    table = tool.get("bandit") if isinstance(tool, dict) else None
    return table if isinstance(table, dict) else {}


def _ini(text: str) -> dict[str, Any]:
    parser = configparser.ConfigParser(interpolation=None)
    # The parser's time grows with the square of a run of blanks.
    parser.read_string(_BLANKS.sub(" ", text))
    return {key: value.split(",") for key, value in parser["bandit"].items()} if "bandit" in parser else {}


def _values(value: object) -> list[str]:
    if isinstance(value, list):
        return [str(one).strip() for one in value if str(one).strip()]
    return [] if isinstance(value, dict) and not value else [value if isinstance(value, str) else "…"]


def _lines(text: str) -> dict[str, int]:
    """Key → the first line that it stands on, as the files' own quoting allows; without those written otherwise."""
    found: dict[str, int] = {}
    for number, line in enumerate(text.split("\n"), 1):
        for name in _NAMES.findall(_AFTER_BARE.sub("", line.lstrip().removeprefix("["))):
            found.setdefault(name, number)
    return found


def _allowed(asked: tuple[Setting, ...], allowing: tuple[TreeSetting, ...]) -> Iterable[tuple[Setting, TreeSetting]]:
    for one in asked:
        by = next((a for a in allowing if one.setting and a.setting == one.setting and one.value in a.values), None)
        if by is not None:
            yield one, by


def _is_within(path: str, folder: str) -> bool:
    """As bandit reads it: the folder's name anywhere in the path; but whole names only, and no wildcards."""
    name = folder.removeprefix("./").strip("/").removesuffix("/*")
    return bool(name) and f"/{name}/" in f"/{path}"


def _suppression(one: Setting, by: TreeSetting) -> Suppression:
    return Suppression(
        kind=SuppressionKind.EXTERNAL,
        status=SuppressionStatus.ACCEPTED,
        justification=f"{by.reason} (owner: {by.owner})",
        origin="out-of-scope",
        origin_id=f"{one.path} {one.key} {one.value}",
        location=_location(one),
    )


def _location(one: Setting) -> Location:
    return Location(path=one.path, region=Region(start_line=one.line) if one.line else None)


def _count(one: Setting, paths: list[str], rules: Mapping[str, int]) -> tuple[int, str]:
    if one.setting == _SKIPS:
        return rules.get(one.value, 0), "results"
    return (sum(_is_within(path, one.value) for path in paths), "files") if one.setting else (0, "")


def _and_more(refused: list[Setting]) -> Notification:
    more = len(refused) - _MOST_TOLD
    text = f"{more} more values of bandit's settings in the tree have no effect"
    if more == 1:
        text = "1 more value of bandit's settings in the tree has no effect"
    return Notification(id="tree-setting-without-effect", level=Level.NOTE, text=text)


def _note(one: Setting, by: TreeSetting | None, count: tuple[int, str]) -> Notification:
    number, what = count
    counted = f" ({number} {what.removesuffix('s') if number == 1 else what})" if what else ""
    named = f"{one.path}: bandit's setting {printable(one.key)} = {printable(one.value)}"
    allowed = (
        f"is allowed by {by.owner}: {by.reason}" if by else "has no effect: the trusted configuration allows it not"
    )
    return Notification(
        id="tree-setting-allowed" if by else "tree-setting-without-effect",
        level=Level.NOTE,
        text=f"{named} {allowed}{counted}",
        location=_location(one),
        properties={"count": str(number), "value": one.value},
    )
