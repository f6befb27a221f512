"""``govsec plan``: the nearest versions that clear every blocking vulnerability, and what is left to do.

What the advisory data says of newer versions lies in the evidence, so that the plan of a bundle is the same years
later; other data is asked where the caller names some.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from govsec_ci.advisories.index import open_index
from govsec_ci.advisories.locate import Located
from govsec_ci.advisories.upgrades import candidates
from govsec_ci.app import bundle, steps
from govsec_ci.app.say import Say, Texts
from govsec_ci.errors import UsageError
from govsec_ci.gate.plan import Upgrade
from govsec_ci.gate.plan import plan as computed
from govsec_ci.report.inert import word
from govsec_ci.report.view import View

_UPGRADES: Final = "upgrades"
"""Anchor of the report's steps that speak of components: the plan speaks of those itself."""


class Plan(Struct, frozen=True, kw_only=True):
    """Upgrades, those that close most first, and every other step to PASS, in the report's order."""

    verdict: str
    upgrades: tuple[Upgrade, ...]
    steps: tuple[str, ...]


def plan(folder: Path, found: Located | None = None, *, lang: str = "en") -> Plan:
    """The plan for a judged bundle.

    :param found: other advisory data than that which the evidence holds
    :raises UsageError: ``folder`` is no bundle, or ``found`` is no data
    """
    verdict, runs = bundle.read_verdict(bundle.require(folder)), bundle.read_results(folder)
    rest = _steps(steps.read_view(folder, lang=lang), lang)
    if found is None:
        return Plan(verdict=verdict.verdict.value, upgrades=computed(verdict, runs), steps=rest)
    if found.path is None:
        raise UsageError(f"no advisory data: {found.problem}", next_step="give --advisories SOURCE, or leave it out")
    with open_index(found.path) as index:
        own = computed(verdict, runs, lambda name, version: candidates(index, name, version))
    return Plan(verdict=verdict.verdict.value, upgrades=own, steps=rest)


def _steps(view: View, lang: str) -> tuple[str, ...]:
    """What remains besides upgrades: the report's own steps that speak of no component."""
    own = (step.what for step in view.steps if step.anchor != _UPGRADES)
    return tuple(what.ja if lang == "ja" else what.en for what in own)


_TEXTS: Final[Texts] = {
    "raise": (
        "raise {name} {installed} -> {target}{major} in {where}: closes {closes}",
        "{where} の {name} を {installed} から {target} へ更新する{major}: 是正 {closes} 件",
    ),
    "major": (" (another major version)", "(メジャーバージョンが変わる)"),
    "unchecked": (
        "  the advisory data was not asked about {target}: only the fixes that the results name are known",
        "  {target} について脆弱性情報への照会は行っていない(検出結果に示された修正版のみによる)",
    ),
    "brings": ("  {target} itself has {ids}", "  {target} 自体に {ids} がある"),
    "hopeless": (
        "open: {name} {installed} in {where}: no version clears {id}: replace it, or waive it",
        "未解消: {where} の {name} {installed}: {id} を解消する版は知られていない。代替又は適用除外を検討する",
    ),
    "elsewhere": (
        "open: {name} {installed} in {where}: {id} is gone from {version}, which has other vulnerabilities",
        "未解消: {where} の {name} {installed}: {id} は {version} で解消するが、同版には別の脆弱性がある",
    ),
    "then": ("then: {step}", "次に: {step}"),
    "apart": (
        "Versions are not resolved against one another: your package manager decides whether they fit together.",
        "版どうしの整合は確認していない。同時に導入できるか否かは、パッケージ管理ツールで確認する。",
    ),
    "nothing": ("Nothing is left to do.", "実施すべき事項はない。"),
}


def as_text(found: Plan, lang: str) -> Iterator[str]:
    """The plan for people."""
    say = Say(_TEXTS, lang)
    for one in found.upgrades:
        yield from _upgrade_text(one, say)
    yield from (say("then", step=step) for step in found.steps)
    if found.upgrades:
        yield say("apart")
    if not found.upgrades and not found.steps:
        yield say("nothing")


def _upgrade_text(one: Upgrade, say: Say) -> Iterator[str]:
    about = {"name": word(one.name), "installed": word(one.installed), "where": ", ".join(map(word, one.places))}
    if one.target:
        major = say("major") if one.major else ""
        yield say("raise", **about, target=one.target, major=major, closes=len(one.closes))
        yield from [] if one.checked else [say("unchecked", target=one.target)]
        yield from [say("brings", target=one.target, ids=_ids(one.brings))] if one.brings else []
    for name in one.open:
        how = "elsewhere" if name in one.elsewhere else "hopeless"
        yield say(how, **about, id=word(name), version=one.elsewhere.get(name, ""))


def _ids(names: tuple[str, ...]) -> str:
    return ", ".join(map(word, names))


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
        name = word(one.name)
        # A name from another tool's report may be none that a package manager reads.
        if one.target:
            yield f"{'' if _NAME.fullmatch(name) else '# '}{name}>={one.target}"
        if one.open:
            yield f"# {name}: {one.target or word(one.installed)} does not clear {_ids(one.open)}"


_NAME: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")


def render(found: Plan, form: str, *, lang: str = "en") -> str:
    """The plan as ``text``, ``json`` or ``requirements``."""
    if form == "json":
        return json.dumps(as_json(found), indent=2, ensure_ascii=False)
    return "\n".join(as_requirements(found) if form == "requirements" else as_text(found, lang))
