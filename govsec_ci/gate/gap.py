"""How far the actual state is from the required one (DS-211), per profile: the share of its deciding gates met.

A gate counts with the ``weight`` that its profile gives it, 1 where it gives none. Gates that only warn decide nothing
and are left out. Two scores can be compared where profile (by its sha256) and stage are the same.
"""

from msgspec import Struct

from govsec_ci.gate.own import OWN
from govsec_ci.gate.schema import Profile, Text
from govsec_ci.gate.texts import render
from govsec_ci.model import Check, Verdict, VerdictWord

_ENGINE_WEIGHT = 1
"""What the engine itself objects to (no gate at this stage) is of no profile and weighs as one gate."""


class Part(Struct, frozen=True, kw_only=True):
    """One deciding gate that was asked.

    :param weight: 0 or more; 0 leaves it out of the score
    :param title: what it demands; :param next: what closes it where it is not met
    """

    gate: str
    weight: int
    met: bool
    verdict: VerdictWord
    title: Text
    next: Text


class Gap(Struct, frozen=True, kw_only=True):
    """One profile's score.

    :param sha256: of the resolved profile that judged
    :param score: 0 to 1, rounded down to a thousandth: 1 only when every gate with a weight is met
    :param parts: in the order of the checks
    """

    profile: str
    version: str
    sha256: str
    stage: str
    score: float
    parts: tuple[Part, ...]

    @property
    def weight(self) -> int:
        """The weight of all parts."""
        return sum(part.weight for part in self.parts)

    @property
    def weight_met(self) -> int:
        """The weight of the parts that are met."""
        return sum(part.weight for part in self.parts if part.met)

    @property
    def missing(self) -> tuple[Part, ...]:
        """What stands between here and PASS, the heaviest first; a step each: its ``next``."""
        unmet = (part for part in self.parts if not part.met)
        return tuple(sorted(unmet, key=lambda part: (-part.weight, part.verdict.value, part.gate)))


def gap(verdict: Verdict, profile: Profile) -> Gap:
    """The score of one of the profiles that judged.

    :raises KeyError: the profile did not judge
    """
    judged = next((own for own in verdict.profiles if own.id == profile.id), None)
    if judged is None:
        raise KeyError(profile.id)
    asked = [own for own in verdict.checks if own.profile == profile.id and own.mode == "block"]
    parts = tuple(_part(check, profile) for check in asked)
    return Gap(
        profile=profile.id,
        version=judged.version,
        sha256=judged.sha256,
        stage=verdict.stage.value,
        score=_share(parts),
        parts=parts,
    )


def comparable(one: Gap, other: Gap) -> bool:
    """Whether the difference of two scores means something: the same gates were asked, by the same text."""
    return (one.profile, one.sha256, one.stage) == (other.profile, other.sha256, other.stage)


def _share(parts: tuple[Part, ...]) -> float:
    weight = sum(part.weight for part in parts)
    # In whole thousandths, rounded down: a little short of all must not be shown as all.
    return 1000 * sum(part.weight for part in parts if part.met) // weight / 1000 if weight else 0.0


def _part(check: Check, profile: Profile) -> Part:
    gate = next((own for own in profile.gates if own.id == check.gate), None)
    return Part(
        gate=check.gate,
        weight=gate.weight if gate else _ENGINE_WEIGHT,
        met=check.verdict is VerdictWord.PASS,
        verdict=check.verdict,
        title=gate.title if gate else _own_title(check),
        next=_next(check, gate.next if gate else None),
    )


def _own_title(check: Check) -> Text:
    own = OWN.get(check.gate)
    return own.title if own else Text(en=check.title, ja=check.title)


def _next(check: Check, own: Text | None) -> Text:
    if check.next_note:
        return Text(en=render(check.next_note, "en"), ja=render(check.next_note, "ja"))
    return own or Text(en=check.next_step, ja=check.next_step)
