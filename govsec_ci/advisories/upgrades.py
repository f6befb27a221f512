"""Which newer versions of a component are worth a look, and what the advisory data still knows in each.

The versions are those that some record of the package names: as fixed, as introduced, as last affected, or in a list.
"""

from collections.abc import Iterable, Mapping

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
    for version in sorted(known(entries, installed), key=lambda one: _order(one, installed)):
        rest = _rest(version, entries)
        if not any(nearer <= rest for _, nearer in kept):
            kept.append((version, rest))
    return tuple(Candidate(version=version, rest=tuple(sorted(rest))) for version, rest in kept)


def known(entries: Entries, installed: str) -> tuple[str, ...]:
    """Every version above the installed that PEP 440 reads and some record names; each in one spelling."""
    place = versions.key(installed)
    readable = (one for one in _named(entries.values()) if versions.parse(one) is not None)
    # Of two spellings of one version (1.3, 1.3.0) the longer: lists hold them cut short, events as they were released.
    ordered = sorted((one for one in readable if versions.key(one) > place), key=lambda one: (len(one), one))
    return tuple({versions.canonical(one): one for one in ordered}.values())


def _named(entries: Iterable[tuple[matching.Entry, ...]]) -> set[str]:
    own = [entry for one in entries for entry in one]
    events = {at for entry in own for span in entry.spans for _, at in span.events}
    return events.union(*(entry.versions for entry in own))


def _rest(version: str, entries: Entries) -> frozenset[str]:
    return frozenset(name for name, own in entries.items() if matching.is_affected(version, own))


def _order(version: str, installed: str) -> tuple[bool, versions.Key]:
    parsed, now = versions.parse(version), versions.parse(installed)
    unstable = parsed is not None and parsed.is_prerelease and not (now is not None and now.is_prerelease)
    return unstable, versions.key(version)
