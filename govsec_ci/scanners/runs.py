"""What every run of ours is put together from."""

import contextlib
import hashlib
from datetime import UTC, datetime
from importlib import metadata
from urllib.parse import quote

from govsec_ci.errors import InputError
from govsec_ci.model import Artifact, Level, Location, Notification, Region, ScanState
from govsec_ci.scanners.base import ScanRequest
from govsec_ci.system.files import read_limited


def tool_version(distribution: str) -> str:
    """The installed version of a tool, from its metadata."""
    return metadata.version(distribution)


def utc_now() -> datetime:
    """The wall clock, for ``invocation`` only: no result depends on it."""
    return datetime.now(UTC).replace(microsecond=0)


def manifest_artifacts(request: ScanRequest) -> tuple[Artifact, ...]:
    """The manifests' files with the digests of their bytes: what a run about dependencies looked at."""
    named = {path for one in request.manifests for path in (one.path, *one.includes, *one.constraints)}
    found = []
    for path in sorted(named.intersection(request.tree.files)):
        # One that cannot be read is told by the notification of whoever wanted to read it.
        with contextlib.suppress(InputError):
            data = read_limited(request.tree.root / path, limit_bytes=request.config.limits.manifest_bytes)
            found.append(Artifact(path=path, sha256=hashlib.sha256(data).hexdigest(), length=len(data)))
    return tuple(found)


def state_of(notifications: tuple[Notification, ...]) -> ScanState:
    """COMPLETE, unless something of level ERROR was said."""
    broken = any(notification.level is Level.ERROR for notification in notifications)
    return ScanState.INCOMPLETE if broken else ScanState.COMPLETE


def error(
    identifier: str,
    text: str,
    *,
    path: str = "",
    line: int | None = None,
    next_step: str = "",
    properties: dict[str, str] | None = None,
) -> Notification:
    """A notification that makes its run incomplete."""
    region = Region(start_line=line) if line else None
    return Notification(
        id=identifier,
        level=Level.ERROR,
        text=text,
        location=Location(path=path, region=region) if path else None,
        next_step=next_step,
        properties=properties or {},
    )


def printable(text: str) -> str:
    """Text from outside for a message: lone surrogates and control characters become visible escapes."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)


def doc_uri(base: str, name: str) -> str:
    """``base`` with a name from outside appended, percent-encoded."""
    return base + quote(name, safe="")
