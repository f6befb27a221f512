"""What a hook makes of its runs: the gates of stage commit that concern it, and the answer.

Kept apart from :mod:`.check`, which imports it while the scanners work: reading profiles takes as long as a scan.
"""

import os
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from govsec_ci import __version__
from govsec_ci.app.check import CheckOptions, Read, snapshot_of
from govsec_ci.app.check_policy import Snapshot, is_file, named_as_in_repository, profile_file
from govsec_ci.app.pins import pinned
from govsec_ci.config import Config
from govsec_ci.evidence.fingerprints import fingerprint
from govsec_ci.evidence.merge import merge
from govsec_ci.evidence.redact import redact
from govsec_ci.gate import evaluate as gate
from govsec_ci.gate import profile as profile_files
from govsec_ci.gate import waivers
from govsec_ci.gate.context import deciding, worst
from govsec_ci.gate.profile import Profile
from govsec_ci.gate.schema import (
    AdvisoriesGate,
    AnyGate,
    CoverageGate,
    DeadlinesGate,
    PipelineGate,
    ResultsGate,
    ScansGate,
)
from govsec_ci.model import (
    Check,
    Evidence,
    Level,
    Note,
    Result,
    Role,
    Run,
    ScanState,
    Stage,
    Subject,
    Verdict,
    VerdictWord,
)
from govsec_ci.scanners.base import ScanOutput
from govsec_ci.system import process

ENGINE: Final = f"govsec_ci {__version__}"
DEFAULT_PROFILE: Final = "jp-gov"
NO_ADVISORIES: Final = "no-advisories"
_LONE_CR: Final = re.compile(rb"\r(?!\n)")
_NEEDS: Final[dict[type, frozenset[Role]]] = {
    AdvisoriesGate: frozenset({Role.SCA}),
    CoverageGate: frozenset({Role.SCA, Role.SBOM}),
    PipelineGate: frozenset({Role.PIPELINE}),
}
_FEEDS: Final = frozenset({"kev", "epss", "vulnrichment"})
# What a note calls unknown → the feed that knows it.
_FEED_OF: Final[Mapping[str, str]] = {
    "@why-no-kev-data": "kev",
    "@why-no-epss-data": "epss",
    "kev": "kev",
    "epss": "epss",
    "SSVC": "vulnrichment",
    "exploitation": "vulnrichment",
    "automatable": "vulnrichment",
    "technical impact": "vulnrichment",
}
_KEV_CLOCKS: Final = frozenset({"earliest", "kev-added", "detected"})
# Notes that leave nothing open; a claim that cannot be ruled on is told by "unsure" as well.
_NO_REASON: Final = frozenset(
    {
        "claim-refused", "claim-unsure", "due-soon", "duty", "held-back", "next-upgrade", "no-baseline",
        "parameter-assumed", "scope-without-baseline",
    }
)  # fmt: skip


class Answer(Struct, frozen=True, kw_only=True):
    """What came of it.

    :param verdict: the decision; it may say PASS although :attr:`word` does not: see there
    :param files: what the scanners made (the SBOM), by name
    :param elsewhere: results outside of what the caller asked to be judged; they never block
    """

    verdict: Verdict
    runs: tuple[Run, ...]
    files: Mapping[str, bytes]
    profiles: tuple[Profile, ...]
    elsewhere: tuple[tuple[Run, Result], ...] = ()

    @property
    def word(self) -> VerdictWord:
        """The verdict, and INCOMPLETE where a run is not whole and no gate of this stage asked about it."""
        if self.verdict.verdict is not VerdictWord.PASS:
            return self.verdict.verdict
        asked = {role for profile in self.profiles for gate_ in profile.gates for role in _asks_whole(gate_)}
        broken = any(run.state is ScanState.INCOMPLETE and run.role not in asked for run in self.runs)
        return VerdictWord.INCOMPLETE if broken else VerdictWord.PASS


class Judged(Struct, frozen=True, kw_only=True):
    """What was scanned, and whose rules apply.

    :param read: bytes of a file of the snapshot, or None
    """

    config: Config
    subject: Subject
    outputs: tuple[ScanOutput, ...]
    read: Read


def judge(options: CheckOptions, scanned: Judged, touched: Callable[[Result], bool] | None) -> Answer:
    """Fingerprint and merge the runs, attach the waivers, ask the gates.

    :param touched: which results are judged; all where None
    :raises InputError: a profile or the waivers are not what they must be
    """
    read = scanned.read
    runs = tuple(_excused(run) for run in merge(redact(fingerprint(output.run, read)) for output in scanned.outputs))
    waived = waivers.parse(read(waivers.FILE_NAME) or b"", waivers.FILE_NAME)
    judged, elsewhere = _split(waivers.attach(runs, waived), _chosen(touched, read))
    profiles = tuple(concerned(profile, options.roles) for profile in profiles_of(options, scanned.config))
    evidence = Evidence(subject=scanned.subject, runs=judged, parameters=scanned.config.parameters, waivers=waived)
    verdict = gate.evaluate(evidence, profiles, now=options.now, stage=Stage.COMMIT, engine=ENGINE)
    return Answer(
        verdict=_without_silent(_without_feeds(verdict, profiles, judged)),
        runs=judged,
        files=_files(scanned.outputs),
        profiles=profiles,
        elsewhere=elsewhere,
    )


def _files(outputs: Iterable[ScanOutput]) -> dict[str, bytes]:
    return dict(file for output in outputs for file in output.files.items())


def profiles_of(options: CheckOptions, config: Config) -> tuple[Profile, ...]:
    """The profiles that judge, whole; :raises InputError: one is invalid, or not the one that is pinned.

    Files among them are those of the snapshot; only what lies outside of it is read from where it is named.
    """
    folder = Path.cwd() if options.profiles else options.repository.top
    names = dict.fromkeys(options.profiles or config.profiles or (DEFAULT_PROFILE,))
    snapshot = snapshot_of(options) if any(map(is_file, names)) else None
    profiles = tuple(
        _profile(snapshot, name, folder, given=bool(options.profiles))
        if snapshot and is_file(name)
        else profile_files.load(name)
        for name in names
    )
    return pinned(profiles, config)


def _profile(snapshot: Snapshot, name: str, folder: Path, *, given: bool) -> Profile:
    """A profile's file. One that the settings name and nobody has staged is no rule; what a caller names is his own."""
    path = snapshot.path_of(name, folder)
    inside = os.path.realpath(folder / name).startswith(os.path.realpath(snapshot.repository.top) + os.sep)
    if not path and (given or not inside):
        return profile_files.load(str(folder / name))
    with process.neutral_folder() as root, named_as_in_repository(root):
        return profile_files.load(str(profile_file(snapshot, path or name, root)))


def _chosen(touched: Callable[[Result], bool] | None, read: Read) -> Callable[[Result], bool]:
    if touched is None:
        return lambda result: True
    # Python ends a line at a lone CR, git does not: their numbers differ, so every line of such a file counts.
    return lambda result: touched(result) or any(_LONE_CR.search(read(at.path) or b"") for at in result.locations)


def _split(
    runs: tuple[Run, ...], chosen: Callable[[Result], bool]
) -> tuple[tuple[Run, ...], tuple[tuple[Run, Result], ...]]:
    judged = tuple(replace(run, results=tuple(filter(chosen, run.results))) for run in runs)
    return judged, tuple((run, result) for run in runs for result in run.results if not chosen(result))


def concerned(profile: Profile, roles: frozenset[Role]) -> Profile:
    """The profile with only those gates that these roles alone can answer.

    Where it blocks nothing of theirs at stage commit, its gates of stage build are asked now, earlier than they must
    be; the age of advisory data then only warns, for a commit may be made without a network.
    """
    own = [narrowed for gate_ in profile.gates if (narrowed := _narrowed(gate_, roles)) is not None]
    gates = [gate_ for gate_ in own if Stage.COMMIT in gate_.stages]
    if not any(map(_blocks, gates)):
        gates = [_earlier(gate_) for gate_ in own if Stage.BUILD in gate_.stages]
    return replace(profile, gates=tuple(gates))


def _blocks(gate_: AnyGate) -> bool:
    return gate_.mode == "block" and Stage.COMMIT not in gate_.warn_at and not isinstance(gate_, AdvisoriesGate)


def _earlier(gate_: AnyGate) -> AnyGate:
    warn_at = (Stage.COMMIT,) if isinstance(gate_, AdvisoriesGate) or Stage.BUILD in gate_.warn_at else ()
    return replace(gate_, stages=(Stage.COMMIT,), warn_at=warn_at)


def _narrowed(gate_: AnyGate, roles: frozenset[Role]) -> AnyGate | None:
    if isinstance(gate_, ResultsGate | DeadlinesGate):
        if not gate_.filter.role:
            return gate_
        asked = tuple(role for role in gate_.filter.role if role in roles)
        return replace(gate_, filter=replace(gate_.filter, role=asked)) if asked else None
    if isinstance(gate_, ScansGate):
        own = tuple(role for role in gate_.roles if role in roles)
        must = tuple(role for role in gate_.must_apply if role in roles)
        # What is staged has no commit yet, and the tree is dirty by nature.
        return replace(gate_, roles=own, must_apply=must, same_commit=False, clean_tree=False) if own else None
    needs = next((needed for kind, needed in _NEEDS.items() if isinstance(gate_, kind)), None)
    return gate_ if needs is not None and roles >= needs else None


def _asks_whole(gate_: AnyGate) -> tuple[Role, ...]:
    return gate_.roles if isinstance(gate_, ScansGate) else ()


def _excused(run: Run) -> Run:
    """An audit without advisory data, and nothing else wrong, does not stop a commit: it is told as a warning."""
    without = any(one.id == NO_ADVISORIES and one.level is Level.WARNING for one in run.notifications)
    broken = any(one.level is Level.ERROR for one in run.notifications)
    return replace(run, state=ScanState.COMPLETE) if without and not broken else run


def _without_feeds(verdict: Verdict, profiles: tuple[Profile, ...], runs: tuple[Run, ...]) -> Verdict:
    """Checks that only a feed could decide which no run used: at commit they warn. Whatever else is open stays so."""
    if any(run.state is ScanState.INCOMPLETE for run in runs):
        return verdict
    fed = {(profile.id, gate_.id): gate_ for profile in profiles for gate_ in profile.gates if _asks_feeds(gate_)}
    missing = _FEEDS - {state.feed for run in runs for state in run.advisories}
    checks = tuple(
        replace(check, mode="warn") if _lacks_only(missing, check, fed.get((check.profile, check.gate))) else check
        for check in verdict.checks
    )
    return replace(verdict, checks=checks, verdict=worst(check.verdict for check in deciding(checks)))


def _without_silent(verdict: Verdict) -> Verdict:
    """The verdict of those profiles that have something to decide here; where none has, of all: INCOMPLETE.

    A profile for SBOMs has nothing to say of code: what it asks, another hook or the pipeline answers.
    """
    silent = {check.profile for check in verdict.checks if _is_silence(check)}
    profiles = tuple(profile for profile in verdict.profiles if profile.id not in silent)
    if not silent or not profiles:
        return verdict
    checks = tuple(check for check in verdict.checks if not _is_silence(check))
    word = worst(check.verdict for check in deciding(checks))
    return replace(verdict, checks=checks, profiles=profiles, verdict=word)


def _is_silence(check: Check) -> bool:
    """Whether it is the engine's own objection that a profile decides nothing at this stage."""
    return (check.kind, check.gate) == ("profile", "stage")


def _asks_feeds(gate_: AnyGate) -> bool:
    if isinstance(gate_, DeadlinesGate):
        return True
    wanted = gate_.filter if isinstance(gate_, ResultsGate) else None
    return wanted is not None and (wanted.kev, wanted.epss, wanted.ssvc) != (None, None, None)


def _lacks_only(missing: frozenset[str], check: Check, gate_: AnyGate | None) -> bool:
    """Whether a check is open for want of these feeds, and for nothing else."""
    if gate_ is None or check.verdict is not VerdictWord.INCOMPLETE:
        return False
    reasons = [said for said in check.notes if said.id not in _NO_REASON]
    return bool(reasons) and all(_feeds_asked(said, gate_) <= missing for said in reasons)


def _feeds_asked(said: Note, gate_: AnyGate) -> frozenset[str]:
    """The feeds that would settle what a note leaves open; one that does not exist where none would."""
    if said.id == "unsure":
        why = said.values.get("why", "")
        return frozenset({_FEED_OF.get(said.values.get("what", "") if why == "@why-unknown" else why, "")})
    if said.id not in ("overdue-unsure", "deadline-unsure"):
        return frozenset({""})
    unknown = said.values["what"].split(", ")
    # "filter": what the filter asks is told by a note of its own. "clock": of KEV's date, if KEV is what is unknown.
    known = {"filter"} | ({"clock"} if "kev" in unknown and _clocks(gate_) <= _KEV_CLOCKS else set())
    return frozenset(_FEED_OF.get(word, "") for word in unknown if word not in known)


def _clocks(gate_: AnyGate) -> frozenset[str]:
    if not isinstance(gate_, DeadlinesGate):
        return frozenset()
    return frozenset(clock for clock in (gate_.clock, gate_.fallback, *(row.clock for row in gate_.rows)) if clock)
