"""The log as code scanning wants it when the judged folder is not the whole repository, or when several are judged.

Paths count from the repository's top there, and a log replaces the earlier one of the same category: two folders, or
two jobs of a matrix, need two categories.
"""

import re

from msgspec.structs import replace

from govsec_ci.formats import sarif
from govsec_ci.model import Location, Notification, Result, Run

_NOT_PLAIN = re.compile(r"[^A-Za-z0-9._-]+")


def upload_copy(log: bytes, *, folder: str, category: str) -> bytes:
    """``github.sarif`` with every path below ``folder`` (POSIX, or empty) and every run in ``category``.

    The category is part of ``automationDetails.id``: ``govsec/<category>/<tool>/``.
    """
    return sarif.write([_run(run, folder, category) for run in sarif.load(log)])


def category_of(wanted: str, folder: str) -> str:
    """The category that was asked for, else the folder's name; empty for a whole repository."""
    return _NOT_PLAIN.sub("-", wanted or folder).strip("-.")


def _run(run: Run, folder: str, category: str) -> Run:
    return replace(
        run,
        id=f"{category}/{run.id}" if category else run.id,
        results=tuple(_result(result, folder) for result in run.results),
        notifications=tuple(_notification(one, folder) for one in run.notifications),
        artifacts=tuple(replace(one, path=_below(folder, one.path)) for one in run.artifacts),
    )


def _result(result: Result, folder: str) -> Result:
    claims = tuple(replace(one, location=_location(one.location, folder)) for one in result.suppressions)
    places = tuple(replace(one, path=_below(folder, one.path)) for one in result.locations)
    return replace(result, locations=places, suppressions=claims)


def _notification(one: Notification, folder: str) -> Notification:
    return replace(one, location=_location(one.location, folder))


def _location(location: Location | None, folder: str) -> Location | None:
    return replace(location, path=_below(folder, location.path)) if location else None


def _below(folder: str, path: str) -> str:
    return f"{folder}/{path}" if folder else path
