"""``govsec plan``: the nearest versions that clear every blocking vulnerability, and what is left to do.

A version is proposed only when the advisory data, asked again for that very version, knows no vulnerability in it
beyond those that do not block today. Versions are not resolved against one another: whether they fit together, the
package manager decides.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct
from packaging.version import InvalidVersion, Version

from govsec_ci.advisories.index import Index, open_index
from govsec_ci.advisories.locate import Located
from govsec_ci.app import bundle, steps
from govsec_ci.errors import UsageError
from govsec_ci.model import ComponentRef, Result, Run, Verdict, VerdictWord
from govsec_ci.report.inert import word
from govsec_ci.report.view import View

_UPGRADES = "upgrades"
"""Anchor of the report's steps that speak of components: the plan speaks of those itself."""


class Upgrade(Struct, frozen=True, kw_only=True):
    """What is to be done with one component.

    :param target: the nearest version that clears everything that blocks; empty where the data knows none
    :param closes: the blocking vulnerabilities that it clears; :param open: those that no version clears
    :param major: whether the first number of the version changes
    """

    name: str
    installed: str
    target: str
    closes: tuple[str, ...]
    open: tuple[str, ...]
    major: bool
    places: tuple[str, ...]
    direct: bool | None


class Plan(Struct, frozen=True, kw_only=True):
    """Upgrades, those that close most first, and every other step to PASS, in the report's order."""

    verdict: str
    upgrades: tuple[Upgrade, ...]
    steps: tuple[str, ...]


def plan(folder: Path, found: Located) -> Plan:
    """The plan for a judged bundle.

    :raises UsageError: ``folder`` is no bundle, or there is no advisory data to ask
    """
    verdict, runs = bundle.read_verdict(bundle.require(folder)), bundle.read_results(folder)
    upgrades: tuple[Upgrade, ...] = ()
    blocking = list(_blocking(verdict, runs))
    if blocking:
        if found.path is None:
            raise UsageError(f"no plan without advisory data: {found.problem}", next_step="give --advisories SOURCE")
        with open_index(found.path) as index:
            upgrades = tuple(_upgrade(index, *group) for group in _by_component(blocking, runs))
    ordered = sorted(upgrades, key=lambda one: (-len(one.closes), -len(one.open), one.name))
    return Plan(
        verdict=verdict.verdict.value, upgrades=tuple(ordered), steps=_steps(steps.read_view(folder, lang="en"))
    )


def _blocking(verdict: Verdict, runs: Sequence[Run]) -> Iterator[Result]:
    counted = {
        fingerprint
        for check in verdict.checks
        if check.mode == "block" and check.verdict is not VerdictWord.PASS
        for fingerprint in check.results
    }
    for run in runs:
        for result in run.results:
            if result.component is not None and result.fingerprints.get("govsec/v1") in counted:
                yield result


def _by_component(
    blocking: Iterable[Result], runs: Sequence[Run]
) -> Iterator[tuple[ComponentRef, list[Result], frozenset[str]]]:
    """Component, its blocking results, and the vulnerabilities that it has but that do not block."""
    groups: dict[tuple[str, str], list[Result]] = {}
    for result in blocking:
        if result.component is not None:
            groups.setdefault((result.component.name, result.component.version), []).append(result)
    for (name, version), results in groups.items():
        stopping = {result.rule_id for result in results}
        tolerated = {
            result.rule_id
            for run in runs
            for result in run.results
            if result.component and (result.component.name, result.component.version) == (name, version)
        } - stopping
        component = results[0].component
        if component is not None:
            yield component, results, frozenset(tolerated)


def _upgrade(index: Index, component: ComponentRef, results: list[Result], tolerated: frozenset[str]) -> Upgrade:
    ids = sorted({result.rule_id for result in results})
    target = _nearest(index, component, frozenset(ids), tolerated)
    left = _left(index, component.name, target, ids) if target else ids
    return Upgrade(
        name=component.name,
        installed=component.version,
        target=target,
        closes=tuple(one for one in ids if one not in left),
        open=tuple(left),
        major=bool(target) and _release(target)[:1] != _release(component.version)[:1],
        places=tuple(dict.fromkeys(_place(result) for result in results)),
        direct=component.direct,
    )


def _nearest(index: Index, component: ComponentRef, blocking: frozenset[str], tolerated: frozenset[str]) -> str:
    """The least candidate that clears all that can be cleared and brings nothing new; empty where none does."""
    matches = index.match(component.name, component.version)
    candidates = {version for match in matches if match.vulnerability.id in blocking for version in match.fix.versions}
    newer = sorted((one for one in candidates if _above(one, component.version)), key=Version)
    hopeless = {match.vulnerability.id for match in matches if not match.fix.versions}
    for version in newer:
        found = {match.vulnerability.id for match in index.match(component.name, version)}
        if found <= tolerated | hopeless:
            return version
    return ""


def _left(index: Index, name: str, target: str, ids: list[str]) -> list[str]:
    found = {match.vulnerability.id for match in index.match(name, target)}
    return [one for one in ids if one in found]


def _above(version: str, installed: str) -> bool:
    try:
        return Version(version) > Version(installed)
    except InvalidVersion:
        return False


def _release(version: str) -> tuple[int, ...]:
    return Version(version).release


def _place(result: Result) -> str:
    place = result.locations[0] if result.locations else None
    if place is None:
        return "?"
    return f"{place.path}:{place.region.start_line}" if place.region else place.path


def _steps(view: View) -> tuple[str, ...]:
    """What remains besides upgrades: the report's own steps that speak of no component."""
    return tuple(step.what.en for step in view.steps if step.anchor != _UPGRADES)


def as_text(found: Plan) -> Iterator[str]:
    """The plan for people."""
    for one in found.upgrades:
        yield from _upgrade_text(one)
    yield from (f"then: {step}" for step in found.steps)
    if found.upgrades:
        yield "Versions are not resolved against one another: your package manager decides whether they fit together."
    if not found.upgrades and not found.steps:
        yield "Nothing is left to do."


def _upgrade_text(one: Upgrade) -> Iterator[str]:
    where = ", ".join(word(place) for place in one.places)
    if one.target:
        jump = " (another major version)" if one.major else ""
        yield f"raise {one.name} {one.installed} -> {one.target}{jump} in {where}: closes {len(one.closes)}"
    for identifier in one.open:
        yield f"open: {one.name} {one.installed} in {where}: no version clears {identifier}: replace it, or waive it"


def as_json(found: Plan) -> dict[str, Any]:
    """The plan for programs."""
    return {
        "verdict": found.verdict,
        "upgrades": [{name: getattr(one, name) for name in one.__struct_fields__} for one in found.upgrades],
        "steps": list(found.steps),
        "note": "versions are not resolved against one another",
    }


def as_requirements(found: Plan) -> Iterator[str]:
    """Lower bounds for a package manager: lines of a constraints file."""
    yield "# nearest versions that clear what blocks, by the advisory data; not resolved against one another"
    for one in found.upgrades:
        if one.target:
            yield f"{one.name}>={one.target}"
        else:
            yield f"# {one.name}: no version clears {', '.join(one.open)}"


def render(found: Plan, form: str) -> str:
    """The plan as ``text``, ``json`` or ``requirements``."""
    if form == "json":
        return json.dumps(as_json(found), indent=2, ensure_ascii=False)
    return "\n".join(as_requirements(found) if form == "requirements" else as_text(found))
