"""The small reference file with which a legacy repository adopts the gate as "nothing new" from the first day.

Valid SARIF that :func:`govsec_ci.evidence.baseline.compare` takes like any earlier log: per tool the rules it had, per
result the fingerprints and the day it was first seen; for a dependency also the component and the vulnerability's
names, which may change; for a suppressed one digests of its claims, so that a new claim can be told. No text, no place,
no severity: it is committed, and must not tell what a reader of the repository could not see. Sorted, one result a
line, so that two branches' changes merge in git.
"""

from collections.abc import Iterable

import msgspec

from govsec_ci.evidence.baseline import REFERENCE, WITH_CLAIMS
from govsec_ci.evidence.fingerprints import place_of
from govsec_ci.evidence.marks import CLAIMS, claim_key
from govsec_ci.evidence.merge import merge
from govsec_ci.formats.sarif_wire import FINGERPRINT, LINE_HASH
from govsec_ci.model import BaselineState, Result, Rule, Run, Vulnerability

_KEPT = (FINGERPRINT, LINE_HASH)


def reference(runs: Iterable[Run]) -> tuple[Run, ...]:
    """The reference of ``runs`` (which know ``first_detected``: see ``stamp``), to be written as SARIF."""
    return tuple(_reference(run) for run in merge(runs))


def _reference(run: Run) -> Run:
    present = [result for result in run.results if result.baseline_state is not BaselineState.ABSENT]
    return Run(
        id=run.id,
        tool=run.tool,
        version=run.version,
        role=run.role,
        state=run.state,
        proof=run.proof,
        tool_uri=run.tool_uri,
        rules=tuple(_rule(rule) for rule in run.rules),
        results=tuple(sorted((_result(result) for result in present), key=_order)),
        audited=run.audited,
        properties={REFERENCE: WITH_CLAIMS},
    )


def _rule(rule: Rule) -> Rule:
    names = rule.vulnerability
    return Rule(id=rule.id, vulnerability=names and Vulnerability(id=names.id, aliases=names.aliases))


def _result(result: Result) -> Result:
    claims = sorted(set(map(claim_key, result.suppressions)))
    return Result(
        rule_id=result.rule_id,
        message=result.rule_id,
        fingerprints={key: result.fingerprints[key] for key in _KEPT if key in result.fingerprints},
        first_detected=result.first_detected,
        component=result.component and msgspec.structs.replace(result.component, direct=None),
        properties={CLAIMS: " ".join(claims)} if claims else {},
    )


def _order(result: Result) -> tuple[str, str, object]:
    return result.rule_id, result.fingerprints.get(FINGERPRINT, ""), place_of(result)
