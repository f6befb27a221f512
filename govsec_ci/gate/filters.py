"""Which results a filter means: Kleene's three values, because what is not known is neither yes nor no."""

import functools
import itertools
from collections.abc import Iterable, Iterator
from datetime import timedelta
from urllib.parse import unquote

from msgspec import Struct

from govsec_ci.gate.context import WEAKNESSES, Cell, Context
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
    severity_from,
    without_vulnerability,
)
from govsec_ci.gate.patterns import matcher
from govsec_ci.gate.rulings import Ruling, Rulings
from govsec_ci.gate.schema import Filter, SsvcFilter
from govsec_ci.gate.texts import note
from govsec_ci.model import BaselineState, ComponentRef, Confidence, Note, Result, Ssvc

_CONFIDENCES = (Confidence.LOW, Confidence.MEDIUM, Confidence.HIGH)


class Group(Struct, frozen=True, kw_only=True, gc=False):
    """Some results of a cell, with their names in the same order, sorted."""

    cell: Cell
    results: list[Result]
    keys: list[str]


class Selection(Struct, kw_only=True):
    """The results that a gate counts, those of which it cannot tell, and those held back as already known.

    :param refused: results that count although a suppression claims otherwise, with the rulings
    """

    counted: list[Group]
    unsure: list[tuple[Group, Note]]
    held: list[Group]
    refused: list[tuple[Result, Ruling]]

    @property
    def count(self) -> int:
        """How many weaknesses: results that are correlated are one."""
        return weaknesses(self.counted)

    @property
    def keys(self) -> tuple[str, ...]:
        """The fingerprints of the counted results, sorted."""
        return sorted_keys(self.counted)


def weaknesses(groups: Iterable[Group]) -> int:
    """How many weaknesses the results are: those that share a correlation are one."""
    single = 0
    shared: set[str] = set()
    for group in groups:
        if group.cell.correlated:
            shared.update(result.correlation for result in group.results)
        else:
            single += len(group.results)
    return single + len(shared)


def sorted_keys(groups: Iterable[Group]) -> tuple[str, ...]:
    """The names of all results in the groups, sorted."""
    # Each list is sorted: Python's sort merges them in nearly linear time.
    return tuple(sorted(itertools.chain.from_iterable(group.keys for group in groups)))


def select(context: Context, rulings: Rulings, wanted: Filter, *, ratchet: bool = False) -> Selection:
    """The results that match, are not validly suppressed, and are not held back."""
    selection = Selection(counted=[], unsure=[], held=[], refused=[])
    only_new = ratchet and context.only_new()
    for cell in context.index.cells:
        truth, unknown = of_cell(context, wanted, cell)
        if truth is False:
            continue
        group = _matching(wanted, cell)
        known = only_new and cell.baseline in (BaselineState.UNCHANGED, BaselineState.UPDATED)
        for part, why in _unsuppressed(selection, rulings, group):
            if known:
                selection.held.append(part)
            elif unknown or why:
                selection.unsure.append((part, unknown or why or note("why-unknown", what="?")))
            else:
                selection.counted.append(part)
    return selection


def _matching(wanted: Filter, cell: Cell) -> Group:
    """The cell's results whose place and component match."""
    if not (wanted.path or wanted.component):
        return Group(cell=cell, results=cell.results, keys=cell.keys)
    found = [(r, key) for r, key in zip(cell.results, cell.keys, strict=True) if _is_there(wanted, r)]
    return Group(cell=cell, results=[r for r, _ in found], keys=[key for _, key in found])


def _is_there(wanted: Filter, result: Result) -> bool:
    if wanted.path and not any(matcher(p)(location.path) for p in wanted.path for location in result.locations):
        return False
    return not wanted.component or any(_is_of(result.component, pattern) for pattern in wanted.component)


def _is_of(own: ComponentRef | None, pattern: str) -> bool:
    # As a purl is written, and as whoever writes a pattern may think of it: ``1.0+cpu`` is ``1.0%2Bcpu`` there.
    return own is not None and any(matcher(pattern)(name) for name in (own.name, own.purl, unquote(own.purl)))


def _unsuppressed(selection: Selection, rulings: Rulings, group: Group) -> Iterator[tuple[Group, Note | None]]:
    """The results without a claim of effect; those whose claims cannot be ruled on apart, and why."""
    if not group.results:
        return
    if not group.cell.claimed:
        yield group, None
        return
    for result, key in zip(group.results, group.keys, strict=True):
        ruling = rulings.of(group.cell, result)
        if ruling.admitted:
            continue
        if ruling.refused:
            selection.refused.append((result, ruling))
        why = ruling.refused[0][1] if ruling.admitted is None else None
        yield Group(cell=group.cell, results=[result], keys=[key]), why


def of_cell(context: Context, wanted: Filter, cell: Cell) -> tuple[Truth, Note | None]:
    """Whether a cell matches what a filter says of run, rule and severity; and what is unknown where that is."""
    if not _fixed(wanted, cell):
        return False, None
    if wanted.older_than_days is not None and not _older(context, cell, context.number(wanted.older_than_days)):
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
        and (not wanted.severity_from or severity_from(cell) in wanted.severity_from)
        and (wanted.malicious is None or wanted.malicious == is_malicious(cell))
    )


def _vulnerability(context: Context, wanted: Filter, cell: Cell) -> Iterable[tuple[Truth, Note]]:
    if wanted.severity is not None:
        yield at_least(context.severity(cell), wanted.severity), note("why-unknown", what="severity")
    if wanted.baseline:
        # Without a baseline, whatever is there may be new.
        known = None if cell.baseline is None else cell.baseline in wanted.baseline
        yield known, note("why-unknown", what="baseline")
    if wanted.confidence is not None:
        yield _sure_enough(cell.confidence, wanted.confidence), note("why-unknown", what="confidence")
    if wanted.kev is not None:
        yield same(in_kev(cell), wanted.kev), note("why-no-kev-data")
    if wanted.epss is not None:
        yield epss_from(cell, wanted.epss), note("why-no-epss-data")
    if wanted.ssvc is not None:
        yield _ssvc(cell, wanted.ssvc), note("why-unknown", what="SSVC")
    if wanted.fix_available is not None:
        yield same(has_fix(cell), wanted.fix_available), note("why-unknown", what="fix")
    if wanted.direct is not None:
        yield _direct(cell, wanted=wanted.direct), note("why-unknown", what="direct")


def _sure_enough(confidence: Confidence, floor: Confidence) -> Truth:
    if confidence is Confidence.UNKNOWN or floor is Confidence.UNKNOWN:
        return True if floor is Confidence.UNKNOWN else None
    return _CONFIDENCES.index(confidence) >= _CONFIDENCES.index(floor)


def _ssvc(cell: Cell, wanted: SsvcFilter) -> Truth:
    if cell.rule.vulnerability is None:
        return without_vulnerability(cell)
    points = cell.rule.vulnerability.ssvc or Ssvc()
    truths: list[Truth] = [
        point(points.exploitation, wanted.exploitation),
        point(points.automatable, wanted.automatable),
        point(points.technical_impact, wanted.technical_impact),
    ]
    return functools.reduce(both, truths)


def _older(context: Context, cell: Cell, days: int) -> bool:
    first = cell.sample.first_detected
    return first is not None and context.now - first > timedelta(days=days)


def _direct(cell: Cell, *, wanted: bool) -> Truth:
    component = cell.sample.component
    return False if component is None else same(component.direct, wanted)
