"""What is known of a result, in Kleene's three values: what is not known is neither yes nor no."""

import re
from typing import Final

from govsec_ci.gate.context import Cell
from govsec_ci.model import Role, Severity

_OF_COMPONENTS: Final = frozenset({Role.SCA, Role.CONTAINER})
_CVSS: Final = re.compile(r"CVSS(?::|v)([234])")
"""How a severity's source begins that is a score: ours, and CycloneDX's rating methods."""

Truth = bool | None
"""True, False, or None for "cannot be told"."""


def both(one: Truth, other: Truth) -> Truth:
    """Kleene's "and"."""
    if one is False or other is False:
        return False
    return None if one is None or other is None else True


def rule_name(cell: Cell) -> str:
    """The rule's id, also where the run describes no such rule."""
    return cell.rule.id or cell.sample.rule_id


def cwes(cell: Cell) -> set[str]:
    """The CWE identifiers of the rule and of its vulnerability."""
    own = cell.rule.vulnerability.cwes if cell.rule.vulnerability else ()
    return {*cell.rule.cwes, *own}


def is_malicious(cell: Cell) -> bool:
    """Whether the component is malicious in itself."""
    return bool(cell.rule.vulnerability and cell.rule.vulnerability.malicious)


def severity_from(cell: Cell) -> str:
    """What the severity of a vulnerability was taken from, as ``Filter.severity_from`` calls it; empty for others."""
    vulnerability = cell.rule.vulnerability
    if vulnerability is None:
        return ""
    scored = _CVSS.match(vulnerability.severity_source)
    if scored:
        return f"cvss-{scored[1]}"
    return "word" if vulnerability.severity_source else "none"


def at_least(severity: Severity, floor: Severity) -> Truth:
    """Severities are cumulative: "HIGH" means high and above."""
    return None if severity is Severity.UNKNOWN else severity.rank >= floor.rank


def same(truth: Truth, wanted: bool) -> Truth:  # noqa: FBT001 — a truth value is what it takes
    """Whether a truth is the one that is wanted."""
    return None if truth is None else truth == wanted


def without_vulnerability(cell: Cell) -> Truth:
    """What a question about a vulnerability comes to where the run names none.

    False for a weakness in code; None for what an audit of components reports, which is one that nobody looked up.
    """
    return None if cell.run.role in _OF_COMPONENTS else False


def in_kev(cell: Cell) -> Truth:
    """Whether the vulnerability is known to be exploited; None where its own run used no KEV data.

    That another run used some says nothing: nobody looked this vulnerability up in it.
    """
    vulnerability = cell.rule.vulnerability
    if vulnerability is None:
        return without_vulnerability(cell)
    if vulnerability.kev is not None:
        return True
    return False if any(state.feed == "kev" for state in cell.run.advisories) else None


def epss_from(cell: Cell, floor: float) -> Truth:
    """Whether the EPSS probability is ``floor`` or more; None for a vulnerability without one."""
    vulnerability = cell.rule.vulnerability
    if vulnerability is None:
        return without_vulnerability(cell)
    return None if vulnerability.epss is None else vulnerability.epss.score >= floor


def point(value: str | None, wanted: tuple[str, ...]) -> Truth:
    """Whether an SSVC decision point has one of the values; an empty choice accepts all."""
    if not wanted:
        return True
    return None if value is None else value in wanted


def has_fix(cell: Cell) -> Truth:
    """Whether a version without the vulnerability exists; None where the advisory data does not tell."""
    if cell.rule.vulnerability is None:
        return without_vulnerability(cell)
    fix = cell.sample.fix
    return None if fix is None else bool(fix.nearest or fix.versions)
