"""Which results a filter means: Kleene's three values, because what is not known is neither yes nor no."""

import functools
from collections.abc import Iterable
from datetime import timedelta

from msgspec import Struct

from govsec_ci.gate.context import WEAKNESSES, Cell, Context, key_of
from govsec_ci.gate.facts import (
    Truth,
    at_least,
    both,
    cwes,
    epss_from,
    has_fix,
    in_kev,
    is_malicious,
    point,
    rule_name,
    same,
)
from govsec_ci.gate.patterns import matcher
from govsec_ci.gate.rulings import Ruling, Rulings
from govsec_ci.gate.schema import Filter, SsvcFilter
from govsec_ci.gate.texts import note
from govsec_ci.model import BaselineState, Confidence, Note, Result, Ssvc

_CONFIDENCES = (Confidence.LOW, Confidence.MEDIUM, Confidence.HIGH)


class Selection(Struct, kw_only=True):
    """The results that a gate counts, those of which it cannot tell, and those held back as already known.

    :param refused: results that count although a suppression claims otherwise, with the rulings
    """

    counted: list[tuple[Result, Cell]]
    unsure: list[tuple[Result, Cell, Note]]
    held: list[Result]
    refused: list[tuple[Result, Ruling]]

    @property
    def count(self) -> int:
        """How many weaknesses: results that are correlated are one."""
        return weaknesses(result for result, _ in self.counted)

    @property
    def keys(self) -> tuple[str, ...]:
        """The fingerprints of the counted results, sorted."""
        return tuple(sorted(key_of(result) for result, _ in self.counted))


def weaknesses(results: Iterable[Result]) -> int:
    """How many weaknesses the results are: those that share a correlation are one."""
    single = 0
    shared = set()
    for result in results:
        if result.correlation:
            shared.add(result.correlation)
        else:
            single += 1
    return single + len(shared)


def select(context: Context, rulings: Rulings, wanted: Filter, *, ratchet: bool = False) -> Selection:
    """The results that match, are not validly suppressed, and are not held back."""
    selection = Selection(counted=[], unsure=[], held=[], refused=[])
    only_new = ratchet and context.only_new()
    for cell in context.index.cells:
        truth, unknown = of_cell(context, wanted, cell)
        if truth is not False:
            _sort_in(
                selection,
                context=context,
                rulings=rulings,
                wanted=wanted,
                cell=cell,
                truth=truth,
                unknown=unknown,
                only_new=only_new,
            )
    return selection


def _sort_in(
    selection: Selection,
    *,
    context: Context,
    rulings: Rulings,
    wanted: Filter,
    cell: Cell,
    truth: Truth,
    unknown: Note | None,
    only_new: bool,
) -> None:
    known = only_new and cell.baseline in (BaselineState.UNCHANGED, BaselineState.UPDATED)
    whole = not _looks_at_results(wanted)
    if whole and truth and not known and not any(result.suppressions for result in cell.results):
        selection.counted += [(result, cell) for result in cell.results]
        return
    for result in cell.results:
        own = truth if whole else both(truth, of_result(context, wanted, cell, result))
        if own is False:
            continue
        ruling = rulings.of(cell, result) if result.suppressions else None
        if ruling and ruling.admitted:
            continue
        if ruling and ruling.refused:
            selection.refused.append((result, ruling))
        if known:
            selection.held.append(result)
        elif own is None:
            selection.unsure.append((result, cell, unknown or note("why-unknown", what="fix")))
        elif ruling and ruling.admitted is None:
            selection.unsure.append((result, cell, ruling.refused[0][1]))
        else:
            selection.counted.append((result, cell))


def of_cell(context: Context, wanted: Filter, cell: Cell) -> tuple[Truth, Note | None]:
    """Whether a cell matches what a filter says of run, rule and severity; and what is unknown where that is."""
    if not _fixed(wanted, cell):
        return False, None
    unknown: Note | None = None
    for truth, why in _vulnerability(context, wanted, cell):
        if truth is False:
            return False, None
        unknown = unknown or (None if truth else why)
    return (None if unknown else True), unknown


def _fixed(wanted: Filter, cell: Cell) -> bool:
    return (
        (cell.kind in (wanted.kind or WEAKNESSES))
        and (not wanted.role or cell.run.role in wanted.role)
        and (not wanted.tool or cell.run.tool in wanted.tool)
        and (not wanted.rule or any(matcher(p)(rule_name(cell)) for p in wanted.rule))
        and (not wanted.cwe or bool(set(wanted.cwe) & cwes(cell)))
        and (not wanted.baseline or cell.baseline in wanted.baseline)
        and (wanted.malicious is None or wanted.malicious == is_malicious(cell))
    )


def _vulnerability(context: Context, wanted: Filter, cell: Cell) -> Iterable[tuple[Truth, Note]]:
    if wanted.severity is not None:
        yield at_least(context.severity(cell), wanted.severity), note("why-unknown", what="severity")
    if wanted.confidence is not None:
        yield _sure_enough(cell.confidence, wanted.confidence), note("why-unknown", what="confidence")
    if wanted.kev is not None:
        yield same(in_kev(context, cell), wanted.kev), note("why-no-kev-data")
    if wanted.epss is not None:
        yield epss_from(cell, wanted.epss), note("why-no-epss-data")
    if wanted.ssvc is not None:
        yield _ssvc(cell, wanted.ssvc), note("why-unknown", what="SSVC")


def _sure_enough(confidence: Confidence, floor: Confidence) -> Truth:
    if confidence is Confidence.UNKNOWN or floor is Confidence.UNKNOWN:
        return True if floor is Confidence.UNKNOWN else None
    return _CONFIDENCES.index(confidence) >= _CONFIDENCES.index(floor)


def _ssvc(cell: Cell, wanted: SsvcFilter) -> Truth:
    if cell.rule.vulnerability is None:
        return False
    points = cell.rule.vulnerability.ssvc or Ssvc()
    truths: list[Truth] = [
        point(points.exploitation, wanted.exploitation),
        point(points.automatable, wanted.automatable),
        point(points.technical_impact, wanted.technical_impact),
    ]
    return functools.reduce(both, truths)


def _looks_at_results(wanted: Filter) -> bool:
    return bool(
        wanted.path
        or wanted.component
        or wanted.older_than_days is not None
        or wanted.fix_available is not None
        or wanted.direct is not None
    )


def of_result(context: Context, wanted: Filter, cell: Cell, result: Result) -> Truth:
    """Whether a result matches what a filter says of its place, component, fix and age."""
    if wanted.path and not any(matcher(p)(location.path) for p in wanted.path for location in result.locations):
        return False
    if wanted.component and not _component(result, wanted.component):
        return False
    if wanted.older_than_days is not None and not _older(context, result, context.number(wanted.older_than_days)):
        return False
    fix = True if wanted.fix_available is None else same(has_fix(cell, result), wanted.fix_available)
    return both(fix, _direct(result, wanted.direct))


def _component(result: Result, patterns: tuple[str, ...]) -> bool:
    own = result.component
    return own is not None and any(matcher(p)(name) for p in patterns for name in (own.name, own.purl))


def _older(context: Context, result: Result, days: int) -> bool:
    return result.first_detected is not None and context.now - result.first_detected > timedelta(days=days)


def _direct(result: Result, wanted: Truth) -> Truth:
    if wanted is None:
        return True
    if result.component is None:
        return False
    return same(result.component.direct, wanted)
