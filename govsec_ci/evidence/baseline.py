"""A scan against an earlier one: what is new, what stayed, what went, and since when each result is known.

Results are the same when their ``govsec/v1`` without its number is: same rule, file name and text of the line, or same
vulnerability and component. Among equals those are paired first that share path and surroundings, then those of a file
that moved as their neighbours did, then by path, by surroundings, and the rest in order: an equal line added above is
told from the one that was there. What is left is
paired by surroundings alone (a renamed file) or by a vulnerability's other names (a CVE given later).

Nothing is paired by resemblance: a line that was changed into another weak line is new, and the old one absent.
"""

from bisect import bisect_left
from collections.abc import Callable, Hashable, Iterable
from datetime import datetime
from operator import itemgetter

import msgspec

from govsec_ci.evidence.fingerprints import base_of
from govsec_ci.evidence.marks import CLAIMS, UNTOLD, claim_key
from govsec_ci.formats.sarif_bulk import without_collector
from govsec_ci.formats.sarif_wire import FINGERPRINT, LINE_HASH
from govsec_ci.model import BaselineState, Result, Run, ScanState

CAUSE = "baseline-cause"
"""Key of ``Result.properties`` that says why a result is new; the values follow."""

REFERENCE = "baseline-reference"
"""Key of ``Run.properties`` of a reference file: it holds too little to tell whether a result was updated.

The value is :data:`WITH_CLAIMS`, or ``1`` in a file of old that does not tell which claims its results bore.
"""
WITH_CLAIMS = "2"

NEW_CODE = "new-code"
NEW_SCANNER = "new-scanner"
NEW_RULE = "new-rule"
NEW_VERSION = "new-version"
NEW_ADVISORY = "new-advisory"
INCOMPLETE_BASELINE = "incomplete-baseline"
RETURNED = "returned"


@without_collector()
def compare(runs: Iterable[Run], baseline: Iterable[Run], now: datetime) -> tuple[Run, ...]:
    """Set ``baseline_state`` and ``first_detected`` on every result of ``runs``, and add what is absent.

    ``first_detected`` is carried from the baseline, also for a result that had gone and returned; a baseline without
    that date gives the start of its scan. A new result's property ``baseline-cause`` tells new code from what only a
    new scanner, rule, version or advisory made visible.

    :param runs: merged and fingerprinted; :param baseline: an earlier ``results.sarif`` or ``govsec baseline`` file
    :param now: first detection of what is new
    """
    known: dict[str, Run] = {}
    for run in baseline:
        known.setdefault(run.id, run)
    return tuple(_compare(run, known.get(run.id), now) for run in runs)


def stamp(runs: Iterable[Run], now: datetime) -> tuple[Run, ...]:
    """Without a baseline: ``first_detected`` is ``now`` where it is not known, so that the next scan can carry it."""
    return tuple(
        msgspec.structs.replace(run, results=tuple(_first(result, now) for result in run.results)) for run in runs
    )


def _first(result: Result, now: datetime) -> Result:
    first = _earliest(now, result.first_detected)
    return result if result.first_detected == first else msgspec.structs.replace(result, first_detected=first)


def _earliest(now: datetime, *dates: datetime | None) -> datetime:
    """Of several accounts of one result's first detection the earliest, and never the future: deadlines run from it."""
    return min((now, *filter(None, dates)))


def _compare(run: Run, old: Run | None, now: datetime) -> Run:
    if old is None:
        return msgspec.structs.replace(run, results=tuple(_new(result, NEW_SCANNER, now) for result in run.results))
    current = [result for result in run.results if result.baseline_state is not BaselineState.ABSENT]
    pairs = _pair(current, old, run)
    cause = _Cause(run, old)
    results = [
        _known(result, old.results[pairs[number]], old, now) if number in pairs else _new(result, cause.of(result), now)
        for number, result in enumerate(current)
    ]
    paired = set(pairs.values())
    gone = [
        _absent(result) for number, result in enumerate(old.results) if number not in paired and _lasts(result, run)
    ]
    return msgspec.structs.replace(run, results=(*results, *gone))


def _new(result: Result, cause: str, now: datetime) -> Result:
    return msgspec.structs.replace(
        result,
        baseline_state=BaselineState.NEW,
        first_detected=_earliest(now, result.first_detected),
        properties={**result.properties, CAUSE: cause},
    )


def _known(result: Result, old: Result, old_run: Run, now: datetime) -> Result:
    first = _earliest(now, result.first_detected, old.first_detected or old_run.invocation.start)
    if old.baseline_state is BaselineState.ABSENT:
        return _new(result, RETURNED, first)
    updated = REFERENCE not in old_run.properties and _changed(result, old)
    state = BaselineState.UPDATED if updated else BaselineState.UNCHANGED
    properties = _with_claims(result, old, old_run) if result.suppressions else result.properties
    return msgspec.structs.replace(result, baseline_state=state, first_detected=first, properties=properties)


def _with_claims(result: Result, old: Result, old_run: Run) -> dict[str, str]:
    """The result's properties, with the claims that the old one did not bear."""
    rest = {key: value for key, value in result.properties.items() if key != CLAIMS}
    before = _claims_before(old, old_run)
    if before is None:
        return {**rest, CLAIMS: UNTOLD}
    added = sorted({claim_key(claim) for claim in result.suppressions} - before)
    return {**rest, CLAIMS: " ".join(added)} if added else rest


def _claims_before(old: Result, old_run: Run) -> frozenset[str] | None:
    kind = old_run.properties.get(REFERENCE)
    if kind is None:
        return frozenset(map(claim_key, old.suppressions))
    return frozenset(old.properties.get(CLAIMS, "").split()) if kind == WITH_CLAIMS else None


def _changed(result: Result, old: Result) -> bool:
    """Whether anything changed that a person would judge anew; a place that moved is no such thing."""
    new = (result.message, result.level, result.severity, result.component, result.fix)
    return new != (old.message, old.level, old.severity, old.component, old.fix)


def _absent(result: Result) -> Result:
    return msgspec.structs.replace(result, baseline_state=BaselineState.ABSENT)


def _lasts(result: Result, run: Run) -> bool:
    """What was absent before is not carried on, unless this scan could not have seen it."""
    return result.baseline_state is not BaselineState.ABSENT or run.state is ScanState.INCOMPLETE


class _Cause:
    """Why a result of ``run`` that ``old`` does not hold is new."""

    def __init__(self, run: Run, old: Run) -> None:
        self._incomplete = old.state is ScanState.INCOMPLETE
        self._other_version = run.version != old.version
        self._old_rules = {rule.id for rule in old.rules}
        # A tool that lists only the rules it has results for says nothing about which rules it had.
        self._lists_all = bool(self._old_rules - {result.rule_id for result in old.results})
        self._audited = frozenset(old.audited)

    def of(self, result: Result) -> str:
        if result.component is not None and result.component.purl in self._audited:
            return NEW_ADVISORY
        if self._incomplete:
            return INCOMPLETE_BASELINE
        if result.component is None and self._is_new_rule(result):
            return NEW_RULE
        return NEW_VERSION if self._other_version else NEW_CODE

    def _is_new_rule(self, result: Result) -> bool:
        return result.rule_id not in self._old_rules and (self._lists_all or self._other_version)


def _pair(current: list[Result], old: Run, run: Run) -> dict[int, int]:
    """Number of a current result → number of the old one that it is."""
    pairing = _Pairing(current, old.results)
    pairing.by_nearness()
    for stage in _LESS_SURE:
        pairing.by(stage)
    pairing.by_names(_names(run), _names(old))
    return pairing.pairs


def _path(result: Result) -> Hashable:
    return result.locations[0].path if result.locations else None


# Which of a result's (base, path, surroundings, rule) must be equal, stage by stage: two at least, for a tuple of them.
_SURE = (0, 1, 2)
_SAME_FILE = (0, 1)
_LESS_SURE = ((0, 1, 2), (0, 1), (0, 2), (0, 0), (3, 2))
# More equal lines than this in one file are paired in their order.
_MOST_COMPARED = 10_000


def _keys(result: Result) -> tuple[Hashable, ...]:
    """Base, path, surroundings and rule: of a hundred thousand results, so without a call that can be spared."""
    prints, places = result.fingerprints, result.locations
    own, line = prints.get(FINGERPRINT), prints.get(LINE_HASH)
    return (
        base_of(own) if own else (result.rule_id, result.message),
        places[0].path if places else None,
        base_of(line) if line is not None else None,
        result.rule_id if result.component is None else None,
    )


class _Pairing:
    """Results of two scans; each is paired once, and what is paired takes no further part.

    First of all those are paired, in order, of which as many are here as there, so that none of the equals came or
    went: in most scans nearly all.
    """

    def __init__(self, current: list[Result], old: tuple[Result, ...]) -> None:
        self._results, self._old_results = current, old
        keys, old_keys = list(map(_keys, current)), list(map(_keys, old))
        self.pairs = _even(_grouped(enumerate(keys), _SURE), _grouped(enumerate(old_keys), _SURE))
        paired = set(self.pairs.values())
        self._current = {number: key for number, key in enumerate(keys) if number not in self.pairs}
        self._old = {number: key for number, key in enumerate(old_keys) if number not in paired}

    def by(self, stage: tuple[int, ...]) -> None:
        """Pair in order what has the same keys; a result of which a key is not known waits for a later stage."""
        if not self._old or not self._current:
            return
        waiting, current = _grouped(self._old.items(), stage), _grouped(self._current.items(), stage)
        for key, numbers in current.items():
            for number, old in zip(numbers, waiting.get(key, ()), strict=False):
                self._take(number, old)

    def by_nearness(self) -> None:
        """Of equal lines in one file, of which some came or went, pair those that moved as their neighbours did."""
        if not self._old or not self._current:
            return
        moves = _Moves((self._old_results[old], self._results[number]) for number, old in self.pairs.items())
        current = _grouped(self._current.items(), _SAME_FILE)
        old = _grouped(self._old.items(), _SAME_FILE)
        for key in current.keys() & old.keys():
            if len(current[key]) != len(old[key]) and len(current[key]) * len(old[key]) <= _MOST_COMPARED:
                self._nearest_first(current[key], old[key], moves)

    def _nearest_first(self, current: list[int], old: list[int], moves: "_Moves") -> None:
        """Those with the same surroundings before all others."""
        distances = sorted(
            (self._current[number][2] != self._old[one][2], abs(_line(self._results[number]) - expected), number, one)
            for one, expected in ((one, moves.expected(self._old_results[one])) for one in old)
            for number in current
        )
        for _, _, number, one in distances:
            if number in self._current and one in self._old:
                self._take(number, one)

    def by_names(self, names: "_Names", old_names: "_Names") -> None:
        """Pair what concerns one component and shares a name of its vulnerability."""
        if not self._old:
            return
        waiting: dict[Hashable, list[int]] = {}
        for number in reversed(self._old):
            for name in old_names(self._old_results[number]):
                waiting.setdefault(name, []).append(number)
        for number in tuple(self._current):
            known = (
                old
                for name in names(self._results[number])
                for old in reversed(waiting.get(name, ()))
                if old in self._old
            )
            old = next(known, None)
            if old is not None:
                self._take(number, old)

    def _take(self, number: int, old: int) -> None:
        self.pairs[number] = old
        del self._current[number], self._old[old]


def _grouped(keys: Iterable[tuple[int, tuple[Hashable, ...]]], stage: tuple[int, ...]) -> dict[Hashable, list[int]]:
    """Numbers by the keys that the stage asks for, in order; without those of which one is not known."""
    pick = itemgetter(*stage)
    found: dict[Hashable, list[int]] = {}
    for number, known in keys:
        asked = pick(known)
        if None not in asked:
            found.setdefault(asked, []).append(number)
    return found


def _even(current: dict[Hashable, list[int]], old: dict[Hashable, list[int]]) -> dict[int, int]:
    """Pairs, in order, of what is as often here as there."""
    pairs: dict[int, int] = {}
    for key, numbers in current.items():
        same = old.get(key, ())
        if len(numbers) == len(same):
            pairs.update(zip(numbers, same, strict=True))
    return pairs


class _Moves:
    """How far the lines of each file moved, as the results that are paired for sure tell."""

    def __init__(self, pairs: Iterable[tuple[Result, Result]]) -> None:
        self._moves: dict[Hashable, list[tuple[int, int]]] = {}
        for old, new in pairs:
            self._moves.setdefault(_path(old), []).append((_line(old), _line(new) - _line(old)))
        for moves in self._moves.values():
            moves.sort()

    def expected(self, old: Result) -> int:
        """The line where ``old`` would stand if it moved like its nearest neighbour."""
        line, moves = _line(old), self._moves.get(_path(old), [])
        place = bisect_left(moves, (line, 0))
        near = moves[max(place - 1, 0) : place + 1]
        return line + min(near, key=lambda move: abs(move[0] - line), default=(0, 0))[1]


def _line(result: Result) -> int:
    region = result.locations[0].region if result.locations else None
    return region.start_line if region else 0


_Names = Callable[[Result], list[tuple[str, str]]]


def _names(run: Run) -> _Names:
    """For a dependency result: (component, id) for each id of its vulnerability, sorted; for others nothing."""
    known = {
        rule.id: {rule.id, rule.vulnerability.id, *rule.vulnerability.aliases}
        for rule in run.rules
        if rule.vulnerability
    }

    def of(result: Result) -> list[tuple[str, str]]:
        if result.component is None:
            return []
        return sorted((result.component.name, name) for name in known.get(result.rule_id, {result.rule_id}))

    return of
