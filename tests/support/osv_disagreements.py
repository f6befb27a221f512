"""Where OSV records disagree with themselves: versions listed outside their ranges, versions inside that no list names.

    python -m tests.support.osv_disagreements ../shared/data/osv-pypi-2024-10-10.zip

The specification joins both: a version is affected when the list names it *or* a range holds it. So each line is an
error of the data (or a list older than a release) and none of ours. The evaluation here is written from the
specification's pseudo-code and shares nothing with the product but ``packaging``.
"""

import json
import re
import sys
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from packaging.version import InvalidVersion, Version

Key = tuple[int, Any]


@dataclass(frozen=True)
class Opinion:
    """What one record says of one version: by its list, by its ranges."""

    record: str
    package: str
    version: str
    listed: bool
    ranged: bool
    explanation: str = ""

    @property
    def affected(self) -> bool:
        return self.listed or self.ranged


@cache
def key(version: str) -> Key:
    """PEP 440, with anything else before it."""
    try:
        return (1, Version(version))
    except InvalidVersion:
        return (0, version)


def normalised(name: str) -> str:
    """PEP 503."""
    return re.sub(r"[-_.]+", "-", name).lower()


def records(path: Path) -> list[dict[str, Any]]:
    """Every record of a zip, as JSON."""
    with zipfile.ZipFile(path) as archive:
        return [json.loads(archive.read(name)) for name in sorted(archive.namelist()) if name.endswith(".json")]


def in_ranges(version: str, ranges: list[dict[str, Any]]) -> bool:
    """``IncludedInRanges`` of the specification."""
    return any(_in_range(key(version), one["events"]) for one in ranges if one["type"] != "GIT")


def _in_range(place: Key, events: list[dict[str, str]]) -> bool:
    limits = [event["limit"] for event in events if "limit" in event]
    if limits and not any(limit == "*" or place < key(limit) for limit in limits):
        return False
    vulnerable = False
    for event in sorted(events, key=_order):
        if "introduced" in event and place >= _order(event):
            vulnerable = True
        elif ("fixed" in event and place >= _order(event)) or ("last_affected" in event and place > _order(event)):
            vulnerable = False
    return vulnerable


def _order(event: Mapping[str, str]) -> Key:
    ((kind, version),) = event.items()
    return (-1, "") if (kind, version) == ("introduced", "0") else key(version)


def universe(found: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Package → every version that any record lists for it, in order."""
    versions: dict[str, set[str]] = defaultdict(set)
    for record in found:
        for affected in record.get("affected", ()):
            versions[normalised(affected["package"]["name"])].update(affected.get("versions") or ())
    return {package: sorted(listed, key=lambda v: (key(v), v)) for package, listed in versions.items()}


def opinions(found: list[dict[str, Any]]) -> Iterator[Opinion]:
    """What every record that is not withdrawn says of every version listed anywhere for its package."""
    known = universe(found)
    for record in found:
        if record.get("withdrawn"):
            continue
        for affected in record.get("affected", ()):
            package = normalised(affected["package"]["name"])
            keys = {key(version) for version in affected.get("versions") or ()}
            for version in known[package]:
                ranged = in_ranges(version, affected.get("ranges") or [])
                listed = key(version) in keys
                yield Opinion(
                    record["id"],
                    package,
                    version,
                    listed,
                    ranged,
                    _explain(version, keys, listed=listed, ranged=ranged),
                )


def _explain(version: str, keys: set[Key], *, listed: bool, ranged: bool) -> str:
    if listed == ranged:
        return ""
    if listed:
        return "the list names it, the ranges do not: affected by the list"
    if not keys:
        return "the record has no list: affected by its ranges"
    place = key(version)
    if place[0] == 1 and place[1].is_prerelease:
        return "a pre-release that the list leaves out: affected by the ranges"
    if place > max(keys):
        return "newer than all that the list names, yet inside the ranges: affected by the ranges"
    return "a gap in the list: affected by the ranges"


def main(path: Path) -> None:
    """List every disagreement, grouped by record and explanation."""
    grouped: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    total = 0
    for one in opinions(records(path)):
        total += 1
        if one.explanation:
            grouped[one.record, one.package, one.explanation].append(one.version)
    for (record, package, explanation), versions in sorted(grouped.items()):
        print(f"{record} {package}: {explanation}: {', '.join(versions)}")  # noqa: T201
    count = sum(map(len, grouped.values()))
    print(f"{count:,} disagreements in {total:,} answers, {len({key[0] for key in grouped})} records")  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]))
