"""Runs of any number of scans → one run a tool, whatever the order, the grouping or the repetition.

Every field is joined by an operation that is associative, commutative and idempotent (a maximum, a minimum, a union),
so the merge is. What depends on several results at once (which are the same weakness, the numbers of equal
fingerprints) is computed anew from the joined whole each time.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping
from functools import reduce
from itertools import chain, groupby
from operator import itemgetter
from typing import Any, TypeVar

import msgspec

from govsec_ci.evidence.correlate import correlate
from govsec_ci.evidence.fingerprints import number_in_order, place_of
from govsec_ci.formats.sarif_bulk import without_collector
from govsec_ci.model import (
    BaselineState,
    Confidence,
    Invocation,
    Level,
    Notification,
    Result,
    Rule,
    Run,
    ScanState,
)

_T = TypeVar("_T")
# A scan of which a part is incomplete is incomplete; one that found something to look at was applicable.
_STATES = (ScanState.NOT_APPLICABLE, ScanState.COMPLETE, ScanState.INCOMPLETE)
_LEVELS = (Level.NONE, Level.NOTE, Level.WARNING, Level.ERROR)
_CONFIDENCES = (Confidence.UNKNOWN, Confidence.LOW, Confidence.MEDIUM, Confidence.HIGH)
_BASELINES = (None, BaselineState.ABSENT, BaselineState.UNCHANGED, BaselineState.UPDATED, BaselineState.NEW)
_DISAGREEMENT = Notification(
    id="runs-disagree",
    level=Level.ERROR,
    text="Runs of different tools, versions, roles or commits stand under one id: none can vouch for the others.",
    next_step="give each import an id of its own, and scan one commit with one version",
)


@without_collector()
def merge(runs: Iterable[Run]) -> tuple[Run, ...]:
    """One run an id, sorted by id; equal results collapsed; the same weakness found by several tools linked.

    Runs of one id by different tools, versions, roles or of different commits make an incomplete run.
    """
    by_id: dict[str, list[Run]] = {}
    for run in runs:
        by_id.setdefault(run.id, []).append(run)
    return correlate(_join_runs(by_id[run_id]) for run_id in sorted(by_id))


def _join_runs(runs: list[Run]) -> Run:
    head = reduce(_join_heads, runs)
    results = number_in_order(_join_results(chain.from_iterable(run.results for run in runs)))
    rules: Iterable[Rule] = chain.from_iterable(run.rules for run in runs)
    return msgspec.structs.replace(
        head,
        proof=head.proof if head.state is ScanState.NOT_APPLICABLE else "",
        rules=_union(rules, key=lambda rule: rule.id),
        results=results,
        notifications=_union(head.notifications),
        artifacts=_union(chain.from_iterable(run.artifacts for run in runs), key=lambda one: (one.path, one.sha256)),
        advisories=_union(chain.from_iterable(run.advisories for run in runs)),
        audited=tuple(sorted(set(chain.from_iterable(run.audited for run in runs)))),
        declared=tuple(sorted(set(chain.from_iterable(run.declared for run in runs)))),
    )


def _join_heads(one: Run, other: Run) -> Run:
    """Everything of two runs but their lists, which are joined all at once; notifications are few."""
    agree = _agree(one, other)
    state = max(one.state, other.state, key=_STATES.index)
    return msgspec.structs.replace(
        one,
        tool=max(one.tool, other.tool),
        version=max(one.version, other.version),
        role=max(one.role, other.role, key=lambda role: role.value),
        state=state if agree else ScanState.INCOMPLETE,
        proof=max(one.proof, other.proof),
        tool_uri=max(one.tool_uri, other.tool_uri),
        notifications=one.notifications + other.notifications + (() if agree else (_DISAGREEMENT,)),
        invocation=_join_invocations(one.invocation, other.invocation),
        targets=max(one.targets, other.targets),
        scope=max(one.scope, other.scope),
        commit=_some(max, one.commit, other.commit),
        properties=_join_maps(one.properties, other.properties),
    )


def _agree(one: Run, other: Run) -> bool:
    same_tool = (one.tool, one.version, one.role) == (other.tool, other.version, other.role)
    return same_tool and (one.commit == other.commit or None in (one.commit, other.commit))


def _join_invocations(one: Invocation, other: Invocation) -> Invocation:
    return Invocation(
        start=_some(min, one.start, other.start),
        end=_some(max, one.end, other.end),
        arguments=max(one.arguments, other.arguments),
        exit_code=_some(max, one.exit_code, other.exit_code),
    )


def _join_results(results: Iterable[Result]) -> list[Result]:
    """Equal results made one, in the order of :func:`place_of`; ties are broken by the whole content."""
    found: dict[Hashable, Result] = {}
    for result in results:
        # The enum's name hashes faster than the enum.
        key = (result.rule_id, result.message, result.kind._name_, result.locations, result.component)
        known = found.get(key)
        found[key] = _normal(result) if known is None else _join_result(known, _normal(result))
    placed = sorted(((place_of(result), result) for result in found.values()), key=itemgetter(0))
    ordered: list[Result] = []
    for _, group in groupby(placed, key=itemgetter(0)):
        equals = [result for _, result in group]
        ordered += equals if len(equals) == 1 else sorted(equals, key=_total)
    return ordered


def _normal(result: Result) -> Result:
    """Correlations are dropped, for ``correlate`` to compute; suppressions stand sorted and once each."""
    if not result.correlation and len(result.suppressions) <= 1:
        return result
    return msgspec.structs.replace(result, correlation="", suppressions=_union(result.suppressions))


def _join_result(one: Result, other: Result) -> Result:
    return msgspec.structs.replace(
        one,
        level=max(one.level, other.level, key=_LEVELS.index),
        severity=max(one.severity, other.severity, key=lambda severity: severity.rank),
        confidence=max(one.confidence, other.confidence, key=_CONFIDENCES.index),
        suppressions=_union((*one.suppressions, *other.suppressions)),
        fingerprints=_join_maps(one.fingerprints, other.fingerprints),
        baseline_state=max(one.baseline_state, other.baseline_state, key=_BASELINES.index),
        first_detected=_some(min, one.first_detected, other.first_detected),
        fix=max(one.fix, other.fix, key=_total),
        properties=_join_maps(one.properties, other.properties),
    )


def _join_maps(one: Mapping[str, str], other: Mapping[str, str]) -> dict[str, str]:
    joined = dict(one)
    for key, value in other.items():
        joined[key] = max(joined.get(key, value), value)
    return joined


def _union(items: Iterable[_T], key: Callable[[_T], Hashable] | None = None) -> tuple[_T, ...]:
    """Each item once, in one order; of items with the same key the greatest."""
    found: dict[Hashable, _T] = {}
    for item in items:
        identity = key(item) if key else _total(item)
        known = found.get(identity)
        if known is None or (known != item and _total(known) < _total(item)):
            found[identity] = item
    return tuple(found[identity] for identity in sorted(found))  # type: ignore[type-var]  # keys of one kind compare


def _total(item: object) -> str:
    """A total order over values of one type, None first. Not JSON: a path may hold bytes that are no UTF-8."""
    return "" if item is None else repr(msgspec.to_builtins(item, order="deterministic"))


def _some(choose: Callable[[Any, Any], Any], one: _T | None, other: _T | None) -> _T | None:
    if one is None or other is None:
        return one if other is None else other
    chosen: _T = choose(one, other)
    return chosen
