"""Which results a gate could not decide on: the verdict counts them, whoever traces wants to know which they are."""

from collections.abc import Iterable, Iterator

from govsec_ci.gate.context import Context, Index
from govsec_ci.gate.filters import select, sorted_keys
from govsec_ci.gate.kind_results import wanted_of
from govsec_ci.gate.rulings import Rulings
from govsec_ci.gate.schema import PipelineGate, Profile, ResultsGate
from govsec_ci.model import Evidence, Verdict, VerdictWord

Undecided = dict[tuple[str, str], tuple[str, ...]]


def undecided(evidence: Evidence, profiles: Iterable[Profile], verdict: Verdict) -> Undecided:
    """(profile, gate) → names of the results of which it cannot be told whether they count, sorted.

    Gates of kind ``deadlines`` name theirs in the check itself.
    """
    index = Index(evidence)
    contexts = (Context(index=index, profile=own, now=verdict.now, stage=verdict.stage) for own in profiles)
    return {(context.profile.id, gate): keys for context in contexts for gate, keys in _of(context, verdict) if keys}


def _of(context: Context, verdict: Verdict) -> Iterator[tuple[str, tuple[str, ...]]]:
    own = context.profile
    open_ = {c.gate for c in verdict.checks if c.profile == own.id and c.verdict is VerdictWord.INCOMPLETE}
    rulings = Rulings(context)
    for gate in own.gates:
        if gate.id in open_ and isinstance(gate, ResultsGate | PipelineGate):
            ratchet = isinstance(gate, ResultsGate) and gate.ratchet
            selection = select(context, rulings, wanted_of(gate), ratchet=ratchet)
            yield gate.id, sorted_keys(group for group, _ in selection.unsure)
