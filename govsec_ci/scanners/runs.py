"""What every run of ours is put together from."""

from datetime import UTC, datetime
from importlib import metadata
from urllib.parse import quote

from govsec_ci.model import Level, Location, Notification, Region, ScanState


def tool_version(distribution: str) -> str:
    """The installed version of a tool, from its metadata."""
    return metadata.version(distribution)


def utc_now() -> datetime:
    """The wall clock, for ``invocation`` only: no result depends on it."""
    return datetime.now(UTC).replace(microsecond=0)


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
