"""``govsec gap``: how far the actual state is from the required one, per profile (DS-211), and what is missing to PASS.

The score is the weight of the deciding gates that are met, as a share of the weight of all that were asked. A gate's
``weight`` stands in its profile; it is 1 where the profile does not say. Two scores can be compared where profile
(by its sha256) and stage are the same.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from govsec_ci.app import bundle
from govsec_ci.gate.profile import Profile
from govsec_ci.gate.texts import render as said
from govsec_ci.model import Check, Verdict, VerdictWord
from govsec_ci.report.inert import message, word

_TEXTS: Final[dict[str, tuple[str, str]]] = {
    "score": (
        "{profile}: {score} % ({met} of {all} by weight; {gates_met} of {gates} gates), stage {stage}",
        "{profile}: {score} %(重み {all} のうち {met}、基準 {gates} 件のうち {gates_met} 件)、段階 {stage}",
    ),
    "missing": ("  {verdict} {gate} (weight {weight}): {title}", "  {verdict} {gate}(重み {weight}): {title}"),
    "next": ("    next: {next}", "    是正方法: {next}"),
    "before": ("  before: {score} % ({change:+.1f})", "  前回: {score} %({change:+.1f})"),
    "other": (
        "  before: not comparable (another profile, version or stage)",
        "  前回: 比較不能(プロファイル、版又は段階が異なる)",
    ),
    "won": ("  newly met: {gates}", "  新たに満たした基準: {gates}"),
    "lost": ("  no longer met: {gates}", "  満たさなくなった基準: {gates}"),
}


class Missing(Struct, frozen=True, kw_only=True):
    """One gate between here and PASS: what it demands and what closes it, in the language asked for."""

    gate: str
    verdict: str
    weight: int
    title: str
    next: str


class Gap(Struct, frozen=True, kw_only=True):
    """One profile's score.

    :param score: 0 to 100, rounded down to a tenth; 100 only when every deciding gate with a weight is met
    :param met, all: weights; :param gates_met, gates: numbers of gates
    :param missing: heaviest first; :param sha256: of the profile that judged
    """

    profile: str
    version: str
    sha256: str
    stage: str
    score: float
    met: int
    all: int
    gates_met: int
    gates: int
    missing: tuple[Missing, ...]


def gaps(folder: Path, *, lang: str) -> tuple[Gap, ...]:
    """The score of every profile that judged the bundle.

    :raises UsageError: ``folder`` is no judged bundle
    """
    verdict = bundle.read_verdict(bundle.require(folder))
    archived = {profile.id: profile for profile in bundle.read_profiles(folder)}
    return tuple(_gap(verdict, archived[own.id], own.sha256, lang) for own in verdict.profiles)


def _gap(verdict: Verdict, profile: Profile, sha256: str, lang: str) -> Gap:
    weights = {gate.id: gate.weight for gate in profile.gates}
    asked = [own for own in verdict.checks if own.profile == profile.id and own.mode == "block"]
    met = [own for own in asked if own.verdict is VerdictWord.PASS]
    total, reached = _weight(asked, weights), _weight(met, weights)
    missing = [_missing(own, profile, weights, lang) for own in asked if own.verdict is not VerdictWord.PASS]
    return Gap(
        profile=profile.id,
        version=profile.version,
        sha256=sha256,
        stage=verdict.stage.value,
        # Whole tenths, rounded down, so that 100 means all.
        score=(1000 * reached // total) / 10 if total else 0.0,
        met=reached,
        all=total,
        gates_met=len(met),
        gates=len(asked),
        missing=tuple(sorted(missing, key=lambda one: (-one.weight, one.verdict, one.gate))),
    )


def _weight(checks: list[Check], weights: Mapping[str, int]) -> int:
    # What the engine itself objects to (no gate at this stage) is of no profile and weighs as one gate.
    return sum(weights.get(own.gate, 1) for own in checks)


def _missing(check: Check, profile: Profile, weights: Mapping[str, int], lang: str) -> Missing:
    gate = next((own for own in profile.gates if own.id == check.gate), None)
    closes = gate.next.get(lang) if gate else check.next_step
    return Missing(
        gate=check.gate,
        verdict=check.verdict.value,
        weight=weights.get(check.gate, 1),
        title=message(gate.title.get(lang) if gate else check.title),
        next=message(said(check.next_note, lang) if check.next_note else closes),
    )


def lines(found: tuple[Gap, ...], before: tuple[Gap, ...] | None, *, lang: str) -> Iterator[str]:
    """The scores as text; with ``before`` also how they have changed."""
    earlier = {own.profile: own for own in before or ()}
    for own in found:
        yield _say(lang, "score", **_plain(own))
        yield from _change(own, earlier.get(own.profile), lang) if before is not None else ()
        for one in own.missing:
            fields = {key: getattr(one, key) for key in one.__struct_fields__}
            yield _say(lang, "missing", **fields | {"gate": word(one.gate)})
            yield _say(lang, "next", next=one.next)


def _change(own: Gap, earlier: Gap | None, lang: str) -> Iterator[str]:
    if earlier is None or not _comparable(own, earlier):
        yield _say(lang, "other")
        return
    yield _say(lang, "before", score=earlier.score, change=own.score - earlier.score)
    now, then = ({one.gate for one in gap.missing} for gap in (own, earlier))
    for key, gates in (("won", then - now), ("lost", now - then)):
        if gates:
            yield _say(lang, key, gates=", ".join(sorted(gates)))


def _comparable(own: Gap, earlier: Gap) -> bool:
    return (own.sha256, own.stage) == (earlier.sha256, earlier.stage)


def _say(lang: str, key: str, **values: Any) -> str:
    return _TEXTS[key][lang == "ja"].format_map(values)


def _plain(own: Gap) -> dict[str, Any]:
    return {key: getattr(own, key) for key in own.__struct_fields__}


def as_json(found: tuple[Gap, ...], before: tuple[Gap, ...] | None) -> str:
    """The scores for programs; ``before`` holds the earlier score, or null where it cannot be compared."""
    earlier = {own.profile: own for own in before or ()}
    return json.dumps([_record(own, earlier.get(own.profile)) for own in found], indent=2, ensure_ascii=False)


def _record(own: Gap, earlier: Gap | None) -> dict[str, Any]:
    missing = [{key: getattr(one, key) for key in one.__struct_fields__} for one in own.missing]
    comparable = earlier is not None and _comparable(own, earlier)
    return _plain(own) | {"missing": missing, "before": earlier.score if earlier and comparable else None}
