"""The visible list of feeds, and which of them a file or folder is."""

from collections.abc import Mapping
from pathlib import Path

from govsec_ci.advisories import epss, kev, osv, vulnrichment
from govsec_ci.advisories.base import Feed, Part
from govsec_ci.advisories.sources import Folder, Limits, Source, open_source
from govsec_ci.errors import InputError

FEEDS: Mapping[str, Feed] = {
    kev.ID: kev,
    epss.ID: epss,
    vulnrichment.ID: vulnrichment,
    osv.ID: osv,  # last: it claims every JSON
}
DEFAULT = (osv.ID, kev.ID, epss.ID)
"""What ``sync`` fetches unless told otherwise: Vulnrichment is large, and only some profiles ask for it."""


def parts_of(path: Path, limits: Limits = Limits()) -> tuple[Part, ...]:  # noqa: B008 — frozen
    """The feeds that a file, zip or folder holds. The files of KEV and EPSS may lie in a folder of OSV records.

    :raises InputError: nothing is there, it cannot be read, or no feed claims it
    """
    source = open_source(path, limits)
    if not isinstance(source, Folder):
        return (Part(feed=_feed(source), source=source),)
    apart = [Part(feed=_feed(one), source=one) for one in source.singles() if _feed(one) in (kev.ID, epss.ID)]
    rest = source.without({part.source.name for part in apart})
    parts = (*apart, *_rest(rest, optional=bool(apart)))
    check_one_each(parts)
    return parts


def _rest(folder: Folder, *, optional: bool) -> tuple[Part, ...]:
    if optional and next(folder.entries(), None) is None:
        return ()
    return (Part(feed=_feed(folder), source=folder),)


def check_one_each(parts: tuple[Part, ...]) -> None:
    """:raises InputError: two parts are of the same feed"""
    seen: dict[str, str] = {}
    for part in parts:
        if part.feed in seen:
            raise InputError(
                f"{seen[part.feed]} and {part.source.name} both hold {FEEDS[part.feed].TITLE}",
                next_step="give one of them",
            )
        seen[part.feed] = part.source.name


def _feed(source: Source) -> str:
    """By the first file that may be a record: a zip or folder holds one feed."""
    name, data = next(source.entries(), ("", b""))
    if not name:
        return osv.ID
    found = next((feed.ID for feed in FEEDS.values() if feed.claims(name, data)), None)
    if found is None:
        raise InputError(
            f"{source.name}: not advisory data of a known kind",
            next_step="known are OSV records, a KEV catalog, EPSS scores, Vulnrichment, and what govsec exported",
        )
    return found
