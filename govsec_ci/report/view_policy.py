"""What the change under judgement does to the rules that it is judged by, for the top of every page."""

from collections.abc import Iterator
from typing import Final

from govsec_ci.evidence.marks import CHANGED, SINCE
from govsec_ci.gate.kind_results import claim_name
from govsec_ci.model import Evidence, Result, SuppressionKind
from govsec_ci.report.inert import word

_MOST: Final = 20


def policy_changes(evidence: Evidence) -> tuple[str, ...]:
    """Its policy files, and each comment that it adds to hide a result: place and claim. Of very many the first."""
    claimed = (result for run in evidence.runs for result in run.results if result.suppressions)
    added = list(dict.fromkeys(told for result in claimed for told in _comments(result)))
    shown = [*map(word, evidence.policy_changes), *added[:_MOST]]
    return (*shown, f"+ {len(added) - _MOST}") if len(added) > _MOST else tuple(shown)


def _comments(result: Result) -> Iterator[str]:
    if result.properties.get(SINCE) != CHANGED or not result.locations:
        return
    place = result.locations[0]
    line = f":{place.region.start_line}" if place.region else ""
    for claim in result.suppressions:
        if claim.kind is SuppressionKind.IN_SOURCE:
            yield f"{word(place.path)}{line} ({word(claim_name(claim))})"
