"""What the hooks share that look at manifests, or run scanners by their role."""

import functools
from collections.abc import Callable
from typing import Final

from msgspec.structs import replace

from govsec_ci.errors import UsageError
from govsec_ci.manifests.discover import discover
from govsec_ci.manifests.project import read_project
from govsec_ci.manifests.registry import named
from govsec_ci.model import Role, Subject
from govsec_ci.scanners.base import ScanOutput, ScanRequest
from govsec_ci.scanners.registry import SCANNERS
from govsec_ci.scanners.scan import scan

# What a requirements file may include, or a lock file be called; sources and pictures are none of it.
_SUFFIXES: Final = ("", ".txt", ".in", ".toml", ".lock", ".json", ".cfg", ".xml", ".yaml", ".yml")


def is_manifest(path: str) -> bool:
    """Whether a path is a dependency manifest by its name."""
    return named(path) is not None


def may_be_included(path: str) -> bool:
    """Whether a path is a manifest, or something that one may include."""
    name = path.rpartition("/")[2]
    return is_manifest(path) or name[name.rfind(".") :].lower() in _SUFFIXES or "." not in name


def with_manifests(request: ScanRequest) -> ScanRequest:
    """The request with the manifests of its tree, and the subject as the project names itself."""
    config, project, subject = request.config, read_project(request.tree), request.subject
    return replace(
        request,
        manifests=discover(request.tree, limit_bytes=config.limits.manifest_bytes).manifests,
        subject=Subject(name=config.name or project.name or subject.name, version=config.version or project.version),
    )


def scanners(roles: frozenset[Role]) -> Callable[[ScanRequest], tuple[ScanOutput, ...]]:
    """Runs every scanner of these roles; :raises UsageError: there is none."""
    chosen = {name for name, scanner in SCANNERS.items() if scanner.role in roles}
    if not chosen:
        raise UsageError(f"no scanner examines {', '.join(sorted(role.value for role in roles))}")
    return functools.partial(scan, only=chosen)
