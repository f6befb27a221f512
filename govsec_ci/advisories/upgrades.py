"""Which newer versions of a component are worth a look, and what the advisory data still knows in each.

The versions are those that some record of the package names: as fixed, as introduced, as last affected, or in a list.
"""

from collections.abc import Iterable, Iterator, Mapping

from govsec_ci.advisories import matching, versions
from govsec_ci.advisories.index import Index
from govsec_ci.model import Candidate

Entries = Mapping[str, tuple[matching.Entry, ...]]


def candidates(index: Index, name: str, installed: str) -> tuple[Candidate, ...]:
    """The installed version, then newer ones: the nearest first, stable before pre-releases (unless one is installed).

    A version is left out when the installed or a nearer one has no vulnerability that it does not have too: whoever
    looks for the nearest version that is rid of some set of vulnerabilities never takes it.
    """
    entries = index.entries(name)
    kept: list[tuple[str, frozenset[str]]] = [(installed, _rest(installed, entries))]
    newer = _thinned(entries, installed)
    for version in sorted(_turns(newer, known(entries, installed)), key=lambda one: _order(one, installed)):
        rest = _rest(version, newer)
        if not any(nearer <= rest for _, nearer in kept):
            kept.append((version, rest))
    return tuple(Candidate(version=version, rest=tuple(sorted(rest))) for version, rest in kept)


def _thinned(entries: Entries, installed: str) -> Entries:
    """The entries without listed versions that are not newer, or that their ranges hold already: often hundreds."""
    place = versions.key(installed)
    return {name: tuple(_thin(one, place) for one in own) for name, own in entries.items()}


def _thin(one: matching.Entry, place: versions.Key) -> matching.Entry:
    ranges = (matching.Entry(one.spans),)
    kept = (v for v in one.versions if versions.key(v) > place and not matching.is_affected(v, ranges))
    return matching.Entry(one.spans, tuple(kept))


def _turns(entries: Entries, newer: tuple[str, ...]) -> Iterator[str]:
    """The versions at which some vulnerability can end: every other one has all that the one before it has."""
    own = [entry for one in entries.values() for entry in one]
    spans = [span for entry in own for span in entry.spans]
    ends = {at for span in spans for kind, at in span.events if kind != matching.INTRODUCED}
    ends.update(limit for span in spans for limit in span.limits)
    ends.update(version for entry in own for version in entry.versions)
    if any(versions.parse(end) is None for end in ends):
        yield from newer
        return
    last = {versions.canonical(end) for end in ends}
    before = ""
    for version in sorted(newer, key=versions.key):
        # A fixed version is the end itself; of a last affected or listed one, the next. A stable version is no worse
        # than the pre-release before it, and comes before it in the order.
        if not before or {versions.canonical(version), versions.canonical(before)} & last or _is_unstable(before):
            yield version
        before = version


def _is_unstable(version: str) -> bool:
    parsed = versions.parse(version)
    return parsed is not None and parsed.is_prerelease


def known(entries: Entries, installed: str) -> tuple[str, ...]:
    """Every version above the installed that PEP 440 reads and some record names; each in one spelling."""
    place = versions.key(installed)
    readable = (one for one in _named(entries.values()) if versions.parse(one) is not None)
    # Of two spellings of one version (1.3, 1.3.0) the longer: lists hold them cut short, events as they were released.
    ordered = sorted((one for one in readable if versions.key(one) > place), key=lambda one: (len(one), one))
    return tuple({versions.canonical(one): one for one in ordered}.values())


def _named(entries: Iterable[tuple[matching.Entry, ...]]) -> set[str]:
    own = [entry for one in entries for entry in one]
    spans = [span for entry in own for span in entry.spans]
    named = {at for span in spans for _, at in span.events}.union(*(span.limits for span in spans))
    return named.union(*(entry.versions for entry in own))


def _rest(version: str, entries: Entries) -> frozenset[str]:
    return frozenset(name for name, own in entries.items() if matching.is_affected(version, own))


def _order(version: str, installed: str) -> tuple[bool, versions.Key]:
    return _is_unstable(version) and not _is_unstable(installed), versions.key(version)
