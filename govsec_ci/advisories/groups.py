"""Aliases: which advisories are one vulnerability, and by which id it goes.

The preferred id is the CVE, because KEV, EPSS, SSVC, clauses of governments and other tools speak of CVEs; then the
GHSA, which is reviewed and carries a severity; then the PYSEC; then any other. Of several of a kind, the lowest.

Two CVEs are two vulnerabilities, even where a record names both as its aliases, or a slip in a database joins them
through a third id: joined, the second would vanish from the count, and its KEV entry with it. Every id goes to the
CVEs that it is nearest to (links away), so a record that names two CVEs belongs to both vulnerabilities. ``related``
and ``upstream`` are no aliases (OSV specification).
"""

import re
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet

from msgspec import Struct

_KINDS = ("CVE-", "GHSA-", "PYSEC-")
_NUMBERS = re.compile(r"(\d+)")


class Group(Struct, frozen=True):
    """One vulnerability: preferred id, all its other ids, and which of all these are records; both sorted."""

    id: str
    aliases: tuple[str, ...]
    records: tuple[str, ...]


def preference(any_id: str) -> tuple[int, tuple[tuple[int, str], ...]]:
    """Sort key: best kind first, then the lowest number."""
    kind = next((rank for rank, prefix in enumerate(_KINDS) if any_id.startswith(prefix)), len(_KINDS))
    parts = _NUMBERS.split(any_id)
    return kind, tuple((int(part), "") if part.isdigit() else (-1, part) for part in parts)


def group(records: Mapping[str, Iterable[str]]) -> list[Group]:
    """Vulnerabilities from record id → aliases, in the order of their ids."""
    links: dict[str, set[str]] = {}
    for record, aliases in records.items():
        links.setdefault(record, set())
        for alias in aliases:
            links[record].add(alias)
            links.setdefault(alias, set()).add(record)
    found = [group for component in _components(links) for group in _split(component, links, records.keys())]
    return sorted(found, key=lambda one: preference(one.id))


def _components(links: Mapping[str, set[str]]) -> list[set[str]]:
    components, seen = [], set[str]()
    for start in links:
        if start in seen:
            continue
        component, todo = {start}, [start]
        while todo:
            fresh = links[todo.pop()] - component
            component |= fresh
            todo += fresh
        seen |= component
        components.append(component)
    return components


def _split(component: set[str], links: Mapping[str, set[str]], records: AbstractSet[str]) -> list[Group]:
    cves = {one for one in component if one.startswith("CVE-")}
    known = component & records
    if len(cves) <= 1:
        return [_group(min(component, key=preference), component, known)]
    owners = _nearest(cves, links)
    # A CVE that only the record of another CVE names has no record to stand on: it stays an alias.
    standing = {cve for cve in cves if any(cve in owners[record] for record in known)}
    if standing != cves:
        owners = _nearest(standing, links)
    return [_group(cve, {one for one in component if cve in owners[one]}, known) for cve in standing]


def _nearest(cves: set[str], links: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """For every id, the CVEs that are the fewest links away."""
    owners = {cve: {cve} for cve in cves}
    edge = cves
    while edge:
        reached: dict[str, set[str]] = {}
        for one in edge:
            for neighbour in links[one]:
                if neighbour not in owners:
                    reached.setdefault(neighbour, set()).update(owners[one])
        owners |= reached
        edge = set(reached)
    return owners


def _group(preferred: str, members: set[str], records: set[str]) -> Group:
    return Group(preferred, tuple(sorted(members - {preferred})), tuple(sorted(members & records)))
