"""A profile's own tests: small evidence → the checks it must lead to. ``govsec profile test FILE`` runs them.

The cases of ``our-agency.toml`` stand beside it in ``our-agency.cases.toml``. Each starts from evidence in which all
that the profile asks for is whole and in order, and says only what is different::

    [[cases]]
    name = "a known-exploited vulnerability blocks"
    stage = "build"                              # commit, build (default) or release
    now = 2026-04-01T00:00:00Z                   # the clock; this is the default
    verdict = "FAIL"                             # what the whole must come to
    checks = { known-exploited = "FAIL" }        # and single gates
    others = "PASS"                              # and all gates not named
    parameters = { exposure = "internal" }
    results = [{ role = "sca", severity = "LOW", kev-days-ago = 3, detected-days-ago = 3 }]
    runs = [{ role = "pipeline", state = "missing" }]     # missing, incomplete, not-applicable
    feeds = { kev = "missing", osv = 9 }                  # or its age in days
    sbom = { missing = ["supplier"] }                     # or present = false, format, spec-version, licence, lacking
    slots = { "定期診断" = 400 }                            # age in days, or "missing"
    signature = "invalid"                                 # valid (default), invalid, none
    tree = "dirty"                                        # clean (default), dirty, unknown
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from msgspec import Struct

from govsec_ci.errors import InputError
from govsec_ci.gate import profile as profiles
from govsec_ci.gate import tomlfile
from govsec_ci.gate.case_evidence import evidence, feeds_of, slots_of
from govsec_ci.gate.case_schema import Case, Table
from govsec_ci.gate.evaluate import evaluate
from govsec_ci.gate.schema import Profile
from govsec_ci.gate.tomlfile import Lines
from govsec_ci.model import Verdict, VerdictWord
from govsec_ci.system.files import read_limited

SUFFIX: Final = ".cases.toml"
_LIMIT_BYTES = 2_000_000


class _File(Table, frozen=True, kw_only=True):
    cases: tuple[Case, ...]


class Outcome(Struct, frozen=True, kw_only=True):
    """What a case led to.

    :param wrong: one line for each expectation that does not hold; empty for a case that holds
    :param checks: gate id → its word, for all gates that were asked
    """

    case: str
    wrong: tuple[str, ...]
    verdict: VerdictWord
    checks: Mapping[str, VerdictWord]


def load(path: Path) -> tuple[Case, ...]:
    """The cases of a file.

    :raises InputError: it is missing, holds no case, or anything in it is unknown
    """
    return parse(read_limited(path, limit_bytes=_LIMIT_BYTES), str(path))


def parse(data: bytes, name: str) -> tuple[Case, ...]:
    """As :func:`load`, from bytes; messages call them ``name``."""
    lines = Lines(data, name)
    cases = tomlfile.convert(tomlfile.decode(data, name), _File, lines).cases
    if not cases:
        raise lines.error(("cases",), "there are no cases: nothing would be tested")
    for index, case in enumerate(cases):
        if case.verdict is None and not case.checks and case.others is None:
            raise lines.error(("cases", index), f"case {case.name!r} expects nothing: add verdict, checks or others")
        if case.now.tzinfo is None:
            raise lines.error(("cases", index, "now"), f"case {case.name!r}: the clock has no time zone: add Z")
    return cases


def beside(profile_path: Path) -> Path:
    """Where the cases of a profile's file stand."""
    return profile_path.with_name(profile_path.name.removesuffix(".toml") + SUFFIX)


def shipped(profile_id: str) -> tuple[Case, ...]:
    """The cases that come with a shipped profile."""
    return parse(profiles.shipped_file(profile_id + SUFFIX), profile_id + SUFFIX)


def run(profile: Profile, cases: tuple[Case, ...]) -> tuple[Outcome, ...]:
    """Judge every case.

    :raises InputError: a case names a gate, feed or slot that the profile does not have
    """
    return tuple(_run(profile, case) for case in cases)


def _run(profile: Profile, case: Case) -> Outcome:
    _check_names(profile, case)
    verdict = evaluate(evidence(profile, case), [profile], now=case.now, stage=case.stage, engine="profile test")
    words = {check.gate: check.verdict for check in verdict.checks}
    return Outcome(case=case.name, wrong=tuple(_wrong(case, verdict, words)), verdict=verdict.verdict, checks=words)


def _check_names(profile: Profile, case: Case) -> None:
    asked = tuple(gate.id for gate in profile.gates)
    for kind, given, known in (
        ("gate", case.checks, (*asked, "stage", "in-force")),
        ("feed", case.feeds, feeds_of(profile)),
        ("slot", case.slots, slots_of(profile)),
        ("parameter", case.parameters, (*profile.parameters, "scope")),
    ):
        for name in given:
            if name not in known:
                raise InputError(
                    f"case {case.name!r}: profile {profile.id} has no {kind} {name!r}",
                    next_step=tomlfile.suggest(name, known),
                )


def _wrong(case: Case, verdict: Verdict, words: Mapping[str, VerdictWord]) -> list[str]:
    found = []
    if case.verdict and verdict.verdict is not case.verdict:
        found.append(f"the verdict is {verdict.verdict.value}, not {case.verdict.value}")
    expected = {gate: case.others for gate in words if case.others} | dict(case.checks)
    for gate, word in expected.items():
        if word and words.get(gate) is not word:
            reasons = "; ".join(reason for own in verdict.checks if own.gate == gate for reason in own.reasons)
            told = words[gate].value if gate in words else f"not asked at {case.stage.value}"
            found.append(f"{gate} is {told}, not {word.value}" + (f" ({reasons})" if reasons else ""))
    return found
