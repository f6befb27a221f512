"""``govsec gap``: the gap score of a bundle in words (:mod:`govsec_ci.gate.gap` counts it), and what has changed."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from govsec_ci.app import bundle
from govsec_ci.app.say import Say, Texts
from govsec_ci.gate.gap import Gap as Computed
from govsec_ci.gate.gap import Part
from govsec_ci.gate.gap import gap as computed
from govsec_ci.report.inert import message, word

_TEXTS: Final[Texts] = {
    "score": (
        "{profile}: {score} % ({met} of {all} by weight; {gates_met} of {gates} [gate|gates]), stage {stage}",
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
    """One profile's score, as it is shown.

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

    :raises UsageError: ``folder`` is no judged bundle; :raises BundleError: it was changed
    """
    verdict, profiles = bundle.read_judged(bundle.require(folder))
    archived = {profile.id: profile for profile in profiles}
    return tuple(_shown(computed(verdict, archived[own.id]), lang) for own in verdict.profiles)


def _shown(own: Computed, lang: str) -> Gap:
    return Gap(
        profile=own.profile,
        version=own.version,
        sha256=own.sha256,
        stage=own.stage,
        # Thousandths are tenths of a percent; the product of floats alone is not (0.29 * 100).
        score=round(own.score * 100, 1),
        met=own.weight_met,
        all=own.weight,
        gates_met=sum(part.met for part in own.parts),
        gates=len(own.parts),
        missing=tuple(_missing(part, lang) for part in own.missing),
    )


def _missing(part: Part, lang: str) -> Missing:
    return Missing(
        gate=part.gate,
        verdict=part.verdict.value,
        weight=part.weight,
        title=message(part.title.get(lang)),
        next=message(part.next.get(lang)),
    )


def lines(found: tuple[Gap, ...], before: tuple[Gap, ...] | None, *, lang: str) -> Iterator[str]:
    """The scores as text; with ``before`` also how they have changed."""
    say = Say(_TEXTS, lang)
    earlier = {own.profile: own for own in before or ()}
    for own in found:
        yield say("score", **_plain(own))
        yield from _change(own, earlier.get(own.profile), say) if before is not None else ()
        for one in own.missing:
            fields = {key: getattr(one, key) for key in one.__struct_fields__}
            yield say("missing", **fields | {"gate": word(one.gate)})
            yield say("next", next=one.next)


def _change(own: Gap, earlier: Gap | None, say: Say) -> Iterator[str]:
    if earlier is None or not _comparable(own, earlier):
        yield say("other")
        return
    yield say("before", score=earlier.score, change=own.score - earlier.score)
    now, then = ({one.gate for one in gap.missing} for gap in (own, earlier))
    for key, gates in (("won", then - now), ("lost", now - then)):
        if gates:
            yield say(key, gates=", ".join(sorted(gates)))


def _comparable(own: Gap, earlier: Gap) -> bool:
    return (own.sha256, own.stage) == (earlier.sha256, earlier.stage)


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
