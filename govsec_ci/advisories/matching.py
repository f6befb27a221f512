"""Whether a version is affected, by the evaluation algorithm of the OSV specification, and the nearest that mends it.

Specification: https://ossf.github.io/osv-schema/#evaluation. Local versions (``2.0+cu118``) compare as PEP 440 says
for ``==`` and ``<=``: where the record names a public version, the installed local part is ignored.
"""

from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from govsec_ci.advisories import versions
from govsec_ci.advisories.base import one_line
from govsec_ci.formats import osv
from govsec_ci.model import Fix

INTRODUCED, FIXED, LAST_AFFECTED = 0, 1, 2


class Span(Struct, frozen=True, array_like=True):
    """One range: its events (kind, version) in the order of their versions, and its limits."""

    events: tuple[tuple[int, str], ...]
    limits: tuple[str, ...] = ()


class Entry(Struct, frozen=True, array_like=True):
    """What one record says of one package. ``versions`` are canonical (:func:`versions.canonical`), sorted."""

    spans: tuple[Span, ...]
    versions: tuple[str, ...] = ()


def entry(affected: osv.Affected) -> Entry:
    """The part of a record that matching needs."""
    listed = sorted({versions.canonical(version) for version in affected.versions or ()})
    return Entry(tuple(_span(r) for r in affected.ranges or () if r.type != "GIT"), tuple(listed))


def _span(span: osv.Range) -> Span:
    events: list[tuple[int, str]] = []
    for event in span.events:
        for kind, version in enumerate((event.introduced, event.fixed, event.last_affected)):
            if version is not None:
                events.append((kind, version))
    limits = tuple(event.limit for event in span.events if event.limit is not None)
    # Stable: events at the same version stay in the record's order, but a last_affected acts after its introduced.
    events.sort(key=lambda event: (_place(event), event[0] == LAST_AFFECTED))
    return Span(tuple(events), limits)


def _place(event: tuple[int, str]) -> versions.Key:
    kind, version = event
    if kind != INTRODUCED:
        return versions.latest_end(version)
    return versions.BEGINNING if version == "0" else versions.key(version)


def is_affected(version: str, entries: Iterable[Entry]) -> bool:
    """Whether any of the entries holds for ``version``."""
    spellings = {versions.canonical(version), versions.canonical(versions.public(version))}
    return any(_listed(spellings, e) or any(_within(version, s) for s in e.spans) for e in entries)


def _listed(spellings: set[str], one: Entry) -> bool:
    return not spellings.isdisjoint(one.versions)


def _within(version: str, span: Span) -> bool:
    place = versions.key(version)
    if span.limits and not any(place < _limit(limit) for limit in span.limits):
        return False
    affected = False
    for event in span.events:
        kind, at = event
        if kind == LAST_AFFECTED:
            affected = affected and not _after(version, at)
        elif place >= _place(event):
            affected = kind == INTRODUCED
    return affected


def _limit(limit: str) -> versions.Key:
    return versions.END if limit == "*" else versions.latest_end(limit)


def _after(version: str, last: str) -> bool:
    """``version > last`` as the negation of PEP 440's ``<=``, which ignores the local part of the candidate."""
    return versions.key(version if "+" in last else versions.public(version)) > versions.latest_end(last)


def fix(version: str, entries: Sequence[Entry]) -> Fix:
    """The versions above ``version`` that some record names as fixed and none says is affected.

    The nearest is the least of them with the same major version where there is one, else the least; a pre-release
    only where nothing else is to be had, or a pre-release is installed.
    """
    installed = versions.key(version)
    named = {at for e in entries for s in e.spans for kind, at in s.events if kind == FIXED}
    above = (v for v in named if versions.key(v) > installed and not is_affected(v, entries))
    # Of two spellings of one version (1.3, 1.3.0) the shorter, whatever the order they came in.
    ordered = sorted(above, key=lambda v: (versions.key(v), len(v), v))
    unique = tuple({versions.canonical(v): v for v in reversed(ordered)}.values())[::-1]
    if not unique:
        return Fix()
    return Fix(nearest=min(unique, key=lambda candidate: _distance(version, candidate)), versions=unique)


def _distance(version: str, candidate: str) -> tuple[bool, bool, versions.Key]:
    installed, other = versions.parse(version), versions.parse(candidate)
    unstable = other is not None and other.is_prerelease and not (installed is not None and installed.is_prerelease)
    return (unstable, versions.major(version) != versions.major(candidate), versions.key(candidate))


def ranges(entries: Iterable[Entry]) -> tuple[str, ...]:
    """What is affected as version specifiers (``>=1.0,<1.5``, ``<=2.1``, ``==3.0``), for people and for VEX.

    Versions that are listed one by one are named only where no range covers them.
    """
    found: dict[str, None] = {}
    for one in entries:
        spans = dict.fromkeys(text for span in one.spans for text in _texts(span))
        apart = (v for v in one.versions if not any(_within(v, span) for span in one.spans))
        found |= spans | dict.fromkeys(f"=={version}" for version in sorted(apart, key=versions.key))
    return tuple(one_line(text) for text in found)


def _texts(span: Span) -> Iterator[str]:
    begun: str | None = None
    for kind, version in span.events:
        if kind == INTRODUCED:
            begun = version if begun is None else begun
        elif begun is not None:
            yield _text(begun, f"{'<' if kind == FIXED else '<='}{version}", span)
            begun = None
    if begun is not None:
        yield _text(begun, "", span)


def _text(begun: str, end: str, span: Span) -> str:
    limits = [] if not span.limits or "*" in span.limits else [f"<{max(span.limits, key=versions.key)}"]
    return ",".join(filter(None, ["" if begun == "0" else f">={begun}", end, *limits])) or "*"
