"""The judged tree, opened once: where it is, what lies in it, whose it is."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from govsec_ci import config as configuration
from govsec_ci.config import Config
from govsec_ci.errors import InputError, UsageError
from govsec_ci.manifests.base import LIMIT_BYTES, Discovery, Manifest
from govsec_ci.manifests.discover import discover
from govsec_ci.manifests.environment import read_environment
from govsec_ci.manifests.project import read_project
from govsec_ci.manifests.registry import named
from govsec_ci.manifests.text import document
from govsec_ci.model import Subject
from govsec_ci.scanners.scope import Scope
from govsec_ci.system import files, git

_LAST_S = 253_402_300_799
"""9999-12-31T23:59:59Z in seconds since the epoch."""
_DIGITS = len(str(_LAST_S))


class Target(Struct, frozen=True, kw_only=True):
    """Everything known of the judged tree before a scanner starts; ``left``: manifests not taken, and why."""

    tree: files.Tree
    manifests: tuple[Manifest, ...]
    left: tuple[files.Skipped, ...]
    config: Config
    checkout: git.Checkout | None
    subject: Subject


def open_target(path: Path, *, out: Path, config: Config, environment: Path | None = None) -> Target:
    """Walk the tree and read its manifests; nothing of it runs.

    :param environment: an installed environment of the project, which answers what manifests leave open
    :raises UsageError: ``path`` is missing or no folder, or ``environment`` is none
    """
    check_folder(path, out)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(git.inspect, path)  # its processes are at work while the tree is read
        tree = files.walk(path, leave_out=(out,))
        project = read_project(tree)
        installed = read_environment(environment, project=project.name) if environment else None
        found = read_manifests(tree, config, installed)
        checkout = asked.result()
    name = config.name or project.name or path.resolve().name
    return Target(
        tree=tree,
        manifests=found.manifests,
        left=(*found.left, *_out_of_scope(tree, Scope(config))),
        config=config,
        checkout=checkout,
        subject=git.subject(name, config.version or project.version, checkout),
    )


def read_manifests(tree: files.Tree, config: Config, environment: Manifest | None = None) -> Discovery:
    """The manifests that the settings do not leave out, read within the settings' limit."""
    scope = Scope(config)
    within = replace(tree, files=tuple(path for path in tree.files if scope.holds(path)))
    return discover(within, limit_bytes=config.limits.manifest_bytes, environment=environment)


def _out_of_scope(tree: files.Tree, scope: Scope) -> Iterator[files.Skipped]:
    """The manifests that the trusted configuration leaves out, each with its reason."""
    for path in tree.files:
        if not scope.holds(path) and named(path):
            yield files.Skipped(path=path, reason=scope.why(path))


def check_folder(path: Path, out: Path) -> None:
    """:raises UsageError: ``path`` is no folder, or ``out`` would replace it."""
    if not path.exists():
        raise UsageError(f"{path}: there is no such folder", next_step="name the project's folder: govsec run PATH")
    if not path.is_dir():
        raise UsageError(f"{path}: is a file, not a folder", next_step="name the folder that holds the project")
    judged, output = path.resolve(), out.resolve()
    if judged == output or judged.is_relative_to(output):
        raise UsageError(
            f"{out}: the output folder would replace the project itself",
            next_step="choose another folder with --out, e.g. --out govsec-out",
        )


def load_config(path: Path, config_file: Path | None) -> Config:
    """The settings: ``config_file``, or ``govsec.toml`` of the tree, or ``[tool.govsec]`` of its ``pyproject.toml``."""
    if config_file is not None:
        return configuration.load(config_file)
    own = path / configuration.FILE_NAME
    table = tool_table(path)
    there = os.path.lexists(own)  # a link to nowhere is no absence of settings
    if there and table is not None:
        raise InputError(
            f"{own}: settings stand here and in [tool.govsec] of pyproject.toml as well",
            next_step="keep one of the two",
        )
    if there:
        return configuration.load(own)
    return Config() if table is None else configuration.from_table(table, path / "pyproject.toml")


def tool_table(folder: Path) -> object | None:
    """``[tool.govsec]`` of the folder's ``pyproject.toml``; None where there is none."""
    # A pyproject.toml that is no TOML is the manifests' business: it makes the audit incomplete there.
    tool = (document(folder, "pyproject.toml", limit_bytes=LIMIT_BYTES) or {}).get("tool")
    return tool.get("govsec") if isinstance(tool, dict) else None


def timestamp(target: Target, now: datetime) -> int:
    """Seconds since the epoch that stand in the SBOM: SOURCE_DATE_EPOCH, else the commit's time, else the clock."""
    declared = os.environ.get("SOURCE_DATE_EPOCH", "")
    if declared:
        if not (declared.isascii() and declared.isdecimal()) or len(declared) > _DIGITS or int(declared) > _LAST_S:
            raise UsageError(f"SOURCE_DATE_EPOCH is {declared[:20]!r}, not a number of seconds before the year 10000")
        return int(declared)
    committed_s = target.checkout.committed_s if target.checkout else None
    # A commit may bear any number as its time, also one that no calendar has.
    return committed_s if committed_s is not None and 0 <= committed_s <= _LAST_S else int(now.timestamp())
