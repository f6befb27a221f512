"""What the advisory data knows of the vulnerabilities that other tools report: known exploitation, EPSS, SSVC.

A report says which vulnerabilities there are; whether one is exploited is no tool's to say. Without this, a gate could
not tell, and its check would be incomplete.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from govsec_ci.advisories.index import Index, open_index
from govsec_ci.advisories.points import earliest, worst
from govsec_ci.model import Role, Rule, Run, Vulnerability

_ROLES: Final = frozenset({Role.SCA, Role.CONTAINER})
# Not OSV: whether a component is affected is what the report says, and nobody asked again.
_FEEDS: Final = frozenset({"kev", "epss", "vulnrichment"})
# A SARIF log has no place for a vulnerability's id; tools use it as the rule's.
_ID: Final = re.compile(r"CVE-\d{4}-\d{4,}|GHSA(?:-[0-9a-z]{4}){3}|PYSEC-\d{4}-\d+")


def looked_up(runs: Iterable[Run], index: Path | None) -> tuple[Run, ...]:
    """``runs`` with what the index knows of their vulnerabilities, and with the feeds that were asked for it.

    Runs of other roles than ``sca`` and ``container`` stay as they are, and all do where there is no index.

    :raises InputError: the index cannot be read
    """
    known = tuple(runs)
    if index is None or not any(run.role in _ROLES for run in known):
        return known
    with open_index(index) as opened:
        return tuple(_run(run, opened) if run.role in _ROLES else run for run in known)


def _run(run: Run, index: Index) -> Run:
    rules = tuple(_rule(rule, index) for rule in run.rules)
    if not any(rule.vulnerability for rule in rules):
        return run
    feeds = tuple(state for state in index.feeds() if state.feed in _FEEDS)
    return replace(run, rules=rules, advisories=(*run.advisories, *feeds))


def _rule(rule: Rule, index: Index) -> Rule:
    named = Vulnerability(id=rule.id) if _ID.fullmatch(rule.id) else None
    about = rule.vulnerability or named
    return rule if about is None else replace(rule, vulnerability=_facts(about, index))


def _facts(about: Vulnerability, index: Index) -> Vulnerability:
    """Severity, score and dates stay those of the report."""
    asked = (index.vulnerability(name) for name in (about.id, *about.aliases))
    known = [one for one in asked if one is not None]
    return replace(
        about,
        kev=earliest(one.kev for one in known if one.kev),
        epss=max((one.epss for one in known if one.epss), key=lambda epss: epss.score, default=None),
        ssvc=worst(one.ssvc for one in known if one.ssvc),
        malicious=any(one.malicious for one in known),
    )
