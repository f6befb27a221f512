"""The same weakness found by several tools: linked by one correlation GUID, to count once while all stay visible.

Two results of different runs are the same weakness when they concern the same component and share a vulnerability id,
or begin on the same line of the same file and share a CWE. Results of one run are never linked with each other: a tool
that reports two things on a line means two things.
"""

import uuid
from collections.abc import Iterable

import msgspec

from govsec_ci.evidence.fingerprints import place_of
from govsec_ci.model import Kind, Result, Rule, Run

CWES = "cwes"
"""Key of ``Result.properties``: CWEs that an imported result names itself, beyond its rule's; apart by blanks."""

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:govsec-ci:correlation")
_Key = tuple[str, str, int]
_Spot = tuple[int, int]


def correlate(runs: Iterable[Run]) -> tuple[Run, ...]:
    """Set ``correlation`` on every result that another run holds too; the runs' order does not matter."""
    all_runs = tuple(runs)
    guids: dict[_Spot, str] = {}
    for key, spots in _places(all_runs).items():
        guids |= _link(all_runs, key, spots)
    by_run: list[dict[int, str]] = [{} for _ in all_runs]
    for (run_number, number), guid in guids.items():
        by_run[run_number][number] = guid
    return tuple(map(_with_guids, all_runs, by_run))


def _places(runs: tuple[Run, ...]) -> dict[_Key, list[_Spot]]:
    """What stands where several runs have something; most places are those of one run, and of no interest."""
    keys = [[_key(result) for result in run.results] for run in runs]
    first: dict[_Key | None, int] = {None: -1}
    shared = {key for number, known in enumerate(keys) for key in known if first.setdefault(key, number) != number}
    places: dict[_Key, list[_Spot]] = {}
    for run_number, known in enumerate(keys if shared - {None} else ()):
        for number, key in enumerate(known):
            if key in shared and key is not None:
                places.setdefault(key, []).append((run_number, number))
    return places


def _key(result: Result) -> _Key | None:
    if result.kind is not Kind.FAIL:
        return None
    if result.component is not None:
        return "component", result.component.purl, 0
    if result.locations and result.locations[0].region is not None:
        return "line", result.locations[0].path, result.locations[0].region.start_line
    return None


def _link(runs: tuple[Run, ...], key: _Key, spots: list[_Spot]) -> dict[_Spot, str]:
    """Each result joins the first group that holds a name of its weakness and no result of its run yet."""
    groups = _Groups()
    for run_number in sorted({run for run, _ in spots}, key=lambda number: runs[number].id):
        rules = {rule.id: rule for rule in runs[run_number].rules}
        mine = [spot for spot in spots if spot[0] == run_number]
        groups.next_run()
        for spot in sorted(mine, key=lambda spot: _order(runs, spot)):
            result = runs[run_number].results[spot[1]]
            groups.add(spot, _names(rules.get(result.rule_id), result))
    return {spot: _guid(runs, key, group[0]) for group in groups.all if len(group) > 1 for spot in group}


class _Groups:
    """Groups of results, and for each name the groups that hold it, in the order of their making."""

    def __init__(self) -> None:
        self.all: list[list[_Spot]] = []
        self._names: list[set[str]] = []
        self._holders: dict[str, list[int]] = {}
        self._taken: set[int] = set()
        self._passed: dict[str, int] = {}

    def next_run(self) -> None:
        self._taken = set()
        self._passed = {}

    def add(self, spot: _Spot, names: set[str]) -> None:
        free = [group for group in map(self._free, names) if group is not None]
        group = min(free) if free else self._new()
        self.all[group].append(spot)
        self._taken.add(group)
        for name in names - self._names[group]:
            self._names[group].add(name)
            self._holders.setdefault(name, []).append(group)

    def _new(self) -> int:
        self.all.append([])
        self._names.append(set())
        return len(self.all) - 1

    def _free(self, name: str) -> int | None:
        """The first group of that name without a result of this run; those passed once are never looked at again."""
        holders = self._holders.get(name, [])
        passed = self._passed.get(name, 0)
        while passed < len(holders) and holders[passed] in self._taken:
            passed += 1
        self._passed[name] = passed
        return holders[passed] if passed < len(holders) else None


def _order(runs: tuple[Run, ...], spot: _Spot) -> tuple[str, int, int, str, str]:
    return place_of(runs[spot[0]].results[spot[1]])


def _names(rule: Rule | None, result: Result) -> set[str]:
    """What the weakness is called: its vulnerability's ids, or its CWEs."""
    if rule is None:
        return {result.rule_id}
    if result.component is None:
        return {*rule.cwes, *result.properties.get(CWES, "").split()}
    vulnerability = rule.vulnerability
    return {rule.id, *((vulnerability.id, *vulnerability.aliases) if vulnerability else ())}


def _guid(runs: tuple[Run, ...], key: _Key, first: _Spot) -> str:
    run_number, number = first
    run, result = runs[run_number], runs[run_number].results[number]
    column = place_of(result)[2]
    parts = (*map(str, key), run.id, result.rule_id, str(column), result.message)
    # Through bytes: a path may hold what is no UTF-8.
    name = "\0".join(parts).encode("utf-8", "surrogateescape").hex()
    return str(uuid.uuid5(_NAMESPACE, name))


def _with_guids(run: Run, guids: dict[int, str]) -> Run:
    if not guids and not any(result.correlation for result in run.results):
        return run
    results = tuple(
        result
        if result.correlation == guids.get(number, "")
        else msgspec.structs.replace(result, correlation=guids.get(number, ""))
        for number, result in enumerate(run.results)
    )
    return msgspec.structs.replace(run, results=results)
