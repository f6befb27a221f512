"""Results as a report shows them: inert, with their due dates and the checks they stand against, worst first."""

import functools
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from importlib import resources
from typing import Final

from msgspec import Struct, structs

from govsec_ci.gate.context import key_of
from govsec_ci.model import (
    BaselineState,
    Check,
    Evidence,
    Result,
    Rule,
    Run,
    Severity,
    Suppression,
    VerdictWord,
    Waiver,
)
from govsec_ci.report.i18n import Text
from govsec_ci.report.inert import message, word
from govsec_ci.report.shapes import ComponentView, GateLink, ResultView, SuppressedView, VulnerabilityView
from govsec_ci.report.view_rulings import Claim, Ruled

_UNKNOWN_RANK: Final = Severity.HIGH.rank + 0.5
"""Where UNKNOWN stands in a list: below CRITICAL, above HIGH, since nobody knows that it is less."""

_RANKS: Final = {one.value: _UNKNOWN_RANK if one is Severity.UNKNOWN else float(one.rank) for one in Severity}
_OWN: Final = re.compile("[0-9a-f]{32}(:[0-9]{1,9})?")
"""A fingerprint of ours, with the number of equals: nothing in it needs to be made inert, and half of it is a name."""

_NOT_IN_ID: Final = re.compile(r"[^A-Za-z0-9_-]+")


class Standing(Struct, frozen=True, kw_only=True):
    """What the verdict says of results, by fingerprint: blocking gates against each, and its earliest due date."""

    gates: Mapping[str, tuple[GateLink, ...]]
    due: Mapping[str, datetime]


def standing(checks: Iterable[Check]) -> Standing:
    """Read the checks once, so that each result finds its own."""
    gates: dict[str, tuple[GateLink, ...]] = {}
    due: dict[str, datetime] = {}
    for check in checks:
        for key, moment in check.due.items():
            due[key] = min(moment, due.get(key, moment))
        if check.mode == "block" and check.verdict is not VerdictWord.PASS:
            link = gate_link(check)
            for key in check.results:
                gates[key] = (*gates.get(key, ()), link)
    return Standing(gates=gates, due=due)


def gate_link(check: Check) -> GateLink:
    """Name and anchor of a check; a gate's id is unique in its profile."""
    return GateLink(word(check.gate), slug(f"gate-{check.profile}-{check.gate}"), check.kind)


def slug(text: str) -> str:
    """``text`` as it may stand in an HTML id and in the fragment of an address."""
    return _NOT_IN_ID.sub("-", text)[:120].strip("-")


def all_results(evidence: Evidence, stand: Standing, rulings: Ruled) -> tuple[ResultView, ...]:
    """Every result, suppressed ones included: blocking first, then by severity, place and rule."""
    views = [view for run in evidence.runs for view in _of_run(run, stand, rulings)]
    views.sort(key=order)
    return tuple(_with_unique_anchors(views))


def _with_unique_anchors(views: Iterable[ResultView]) -> Iterator[ResultView]:
    seen: dict[str, int] = {}
    for view in views:
        number = seen[view.anchor] = seen.get(view.anchor, 0) + 1
        yield view if number == 1 else structs.replace(view, anchor=f"{view.anchor}-{number}")


def order(view: ResultView) -> tuple[bool, float, str, int, str, str]:
    """Sort key: blocking, severity, place, rule."""
    return (not view.gates, -_RANKS[view.severity], view.path, view.line or 0, view.rule, view.fingerprint)


def severity_rank(name: str) -> float:
    """4 (CRITICAL) to 0 (NONE), with UNKNOWN between CRITICAL and HIGH; for sorting only, never for judging."""
    return _RANKS[name]


class _About(Struct, frozen=True, kw_only=True):
    """What all results of a rule share; worked out once a rule."""

    tool: str
    rule: str
    text: Text
    help_uri: str
    cwes: tuple[str, ...]
    vulnerability: VulnerabilityView | None


def _of_run(run: Run, stand: Standing, rulings: Ruled) -> Iterable[ResultView]:
    tool = word(run.tool)
    about = {rule.id: _about(rule, tool) for rule in run.rules}
    for result in run.results:
        if result.rule_id not in about:
            about[result.rule_id] = _about(Rule(id=result.rule_id), tool)
        yield _result(result, about[result.rule_id], stand, rulings)


def _about(rule: Rule, tool: str) -> _About:
    return _About(
        tool=tool,
        rule=word(rule.id),
        text=rule_text(rule, tool),
        help_uri=_web_address(rule.help_uri),
        cwes=tuple(word(cwe) for cwe in rule.cwes),
        vulnerability=_vulnerability(rule),
    )


def _result(result: Result, about: _About, stand: Standing, rulings: Ruled) -> ResultView:
    key = key_of(result)
    # 100,000 of our own would only push paths out of the cache of word().
    plain = _OWN.fullmatch(key) is not None
    fingerprint = key if plain else word(key)
    path, line, column, place = _place(result)
    # By position, which takes a fifth of the time: there may be a hundred thousand.
    return ResultView(
        f"r-{key[:16]}" if plain else slug(f"r-{fingerprint[:16]}"),
        fingerprint,
        about.tool,
        about.rule,
        about.text,
        about.help_uri,
        result.severity._value_,  # ``value`` is a property of Python's, and dear a hundred thousand times
        result.confidence._value_,
        message(result.message),
        path,
        line,
        column,
        place,
        _component(result) if result.component else None,
        about.vulnerability,
        about.cwes,
        stand.gates.get(key, ()),
        stand.due.get(key),
        result.first_detected,
        result.baseline_state,
        key in rulings.suppressed,
    )


def rule_text(rule: Rule, tool: str) -> Text:
    """One sentence on what the rule is about, in Japanese too where we have described the rule ourselves."""
    short = message(rule.short or rule.name)
    return Text(short, _japanese_rules().get(rule.id, short) if tool == "bandit" else short)


def remedy(rule: Rule, tool: str) -> Text:
    """What to do about a result of the rule, in Japanese too where we have described the rule ourselves."""
    told = message(rule.help)
    return Text(told, _japanese_rules("remedy").get(rule.id, told) if tool == "bandit" else told)


@functools.cache
def _japanese_rules(part: str = "short") -> Mapping[str, str]:
    """Test id of bandit → what it is about. SARIF holds one language, and an archived bundle has only its SARIF."""
    file = resources.files("govsec_ci.scanners") / "bandit_rules.toml"
    return {key: message(entry[part]["ja"]) for key, entry in tomllib.loads(file.read_text("utf-8")).items()}


def _place(result: Result) -> tuple[str, int | None, int | None, str]:
    """Path, line, column, and all of it that is known as one word."""
    if not result.locations:
        return "", None, None, ""
    path, region = word(result.locations[0].path), result.locations[0].region
    if region is None:
        return path, None, None, path
    line, column = region.start_line, region.start_column
    if not path or not line:
        return path, line, column, path
    return path, line, column, f"{path}:{line}:{column}" if column else f"{path}:{line}"


def _component(result: Result) -> ComponentView | None:
    component = result.component
    if component is None:
        return None
    fixed = result.fix.nearest if result.fix else None
    return ComponentView(name=word(component.name), installed=word(component.version), fixed_in=word(fixed or ""))


def _vulnerability(rule: Rule) -> VulnerabilityView | None:
    known = rule.vulnerability
    if known is None:
        return None
    best = max(known.cvss, key=lambda one: one.score, default=None)
    return VulnerabilityView(
        ids=tuple(word(one) for one in known.aliases),
        published=known.published,
        cvss=f"{best.score:.1f} (CVSS {word(best.version)})" if best else "",
        kev_due=known.kev.due_date if known.kev else None,
        epss=known.epss.score if known.epss else None,
    )


def _web_address(uri: str) -> str:
    """``uri`` where a browser may follow it; a link from the judged tree must not start anything else."""
    return word(uri) if uri.startswith(("https://", "http://")) else ""


def all_suppressed(evidence: Evidence, views: Sequence[ResultView], rulings: Ruled) -> tuple[SuppressedView, ...]:
    """One row a claim, in the order of ``views``."""
    if not rulings.claims:
        return ()
    by_fingerprint = {view.fingerprint: view for view in views if view.fingerprint}
    waivers = {waiver.id: waiver for waiver in evidence.waivers}
    rows = [
        _suppressed(claim, by_fingerprint[word(key)], waivers.get(claim.origin_id), rulings.claims[key, claim])
        for run in evidence.runs
        for result in run.results
        if result.suppressions and (result.baseline_state is not BaselineState.ABSENT) and (key := key_of(result))
        for claim in result.suppressions
    ]
    return tuple(sorted(rows, key=lambda row: (row.effective, order(row.result), row.origin, row.origin_id)))


def _suppressed(claim: Suppression, view: ResultView, waiver: Waiver | None, ruling: Claim) -> SuppressedView:
    return SuppressedView(
        result=view,
        origin=word(claim.origin),
        origin_id=word(claim.origin_id),
        status=claim.status.value,
        why=message(claim.justification),
        owner=word(waiver.owner) if waiver else "",
        approver=word(waiver.approver) if waiver else "",
        ticket=word(waiver.ticket) if waiver else "",
        expires=waiver.expires if waiver else None,
        effective=ruling.holds,
        effect=ruling.effect,
    )
