"""Trees and requests for scanner tests."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from govsec_ci.config import Config
from govsec_ci.manifests.base import Manifest
from govsec_ci.model import Component, Location, Notification, Region, Result, Run, Stage, Subject
from govsec_ci.scanners.base import ScanRequest
from govsec_ci.system.files import walk


def make_tree(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write ``files`` (path → content) below ``folder``, and return it."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return folder


def make_request(folder: Path, **fields: Any) -> ScanRequest:
    """A request for the tree at ``folder`` with everything else at its least; ``fields`` replace."""
    given: dict[str, Any] = {
        "tree": walk(folder),
        "manifests": (),
        "subject": Subject(name="subject"),
        "checkout": None,
        "config": Config(),
        "stage": Stage.BUILD,
    }
    return ScanRequest(**(given | fields))


def manifest(*components: Component, notifications: Iterable[Notification] = ()) -> Manifest:
    """A requirements file with these components."""
    return Manifest(
        path="requirements.txt",
        format="requirements",
        components=components,
        notifications=tuple(notifications),
    )


def component(name: str, version: str | None = "1.0", line: int = 1, **fields: Any) -> Component:
    """A component on a line of ``requirements.txt``."""
    location = Location(path="requirements.txt", region=Region(start_line=line))
    return Component(**({"name": name, "version": version, "location": location} | fields))


def told(run: Run) -> list[tuple[str, str]]:
    """Ids and levels of a run's notifications, in order."""
    return [(notification.id, notification.level.value) for notification in run.notifications]


def notification(run: Run, identifier: str) -> Notification:
    """The one notification with this id."""
    (found,) = [one for one in run.notifications if one.id == identifier]
    return found


def place(result: Result) -> tuple[str, int]:
    """Path and line of a result."""
    location = result.locations[0]
    assert location.region is not None
    return location.path, location.region.start_line
