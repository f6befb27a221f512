"""What the hooks share: scan what is staged, in memory, and ask those gates of stage commit that concern it."""

import contextlib
import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from govsec_ci import __version__
from govsec_ci.app.snapshot import Entry, Repository, committed, export, staged
from govsec_ci.app.target import load_config
from govsec_ci.config import FILE_NAME, Config
from govsec_ci.errors import UsageError
from govsec_ci.evidence.fingerprints import fingerprint
from govsec_ci.evidence.merge import merge
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
from govsec_ci.manifests.base import Manifest
from govsec_ci.manifests.discover import discover
from govsec_ci.manifests.project import read_project
from govsec_ci.manifests.registry import FORMATS
from govsec_ci.model import Evidence, Level, Result, Role, Run, ScanState, Stage, Subject, Verdict, VerdictWord
from govsec_ci.scanners.base import ScanRequest
from govsec_ci.scanners.registry import SCANNERS
from govsec_ci.scanners.scan import scan
from govsec_ci.system.files import Tree, read_limited
from govsec_ci.system.process import neutral_folder

_LONE_CR: Final = re.compile(rb"\r(?!\n)")
ENGINE: Final = f"govsec_ci {__version__}"
DEFAULT_PROFILE: Final = "jp-gov"
SETTINGS: Final = (FILE_NAME, "pyproject.toml", waivers.FILE_NAME)
TO_REF: Final = "PRE_COMMIT_TO_REF"
FROM_REF: Final = "PRE_COMMIT_FROM_REF"
# What a requirements file may include, or a lock file be called; sources and pictures are none of it.
_MANIFEST_SUFFIXES: Final = ("", ".txt", ".in", ".toml", ".lock", ".json", ".cfg", ".xml", ".yaml", ".yml")
_LIMIT_BYTES: Final = 50_000_000
NO_ADVISORIES: Final = "no-advisories"
_NEEDS: Final[dict[type, frozenset[Role]]] = {
    AdvisoriesGate: frozenset({Role.SCA}),
    CoverageGate: frozenset({Role.SCA, Role.SBOM}),
    PipelineGate: frozenset({Role.PIPELINE}),
}


class Data(Struct, frozen=True, kw_only=True):
    """An advisory index, or None and why there is none (for people)."""

    path: Path | None = None
    problem: str = ""


class CheckOptions(Struct, frozen=True, kw_only=True):
    """What a hook was told.

    :param roles: which examinations it makes
    :param wanted: which paths (relative to the top of the checkout) belong to it
    :param named: paths that the caller named: those that git does not know are taken from the work tree
    :param ref: the commit to judge, or None for what is staged
    :param data: opens the advisory data
    """

    repository: Repository
    roles: frozenset[Role]
    wanted: Callable[[str], bool]
    now: datetime
    named: tuple[str, ...] = ()
    ref: str | None = None
    profiles: tuple[str, ...] = ()
    data: Callable[[], AbstractContextManager[Data]] = lambda: contextlib.nullcontext(Data())
    config_file: Path | None = None
    jobs: int = 1


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


class Settings(Struct, frozen=True, kw_only=True):
    """What the snapshot itself says of how to judge it."""

    config: Config
    profiles: tuple[Profile, ...]


def settings_of(options: CheckOptions) -> Settings:
    """The staged configuration and the profiles that judge, whole."""
    with neutral_folder() as root:
        _tree(replace(options, wanted=lambda path: False, named=()), root)
        config = load_config(root, options.config_file)
    return Settings(config=config, profiles=_profiles(options, config))


def check(options: CheckOptions, touched: Callable[[Result], bool] | None = None) -> Answer:
    """Scan the paths of the snapshot and judge what was found.

    :param touched: which results are judged (those on changed lines); all where None
    :raises OperatorError: profile, configuration, advisory data or a path is wrong
    """
    with neutral_folder() as root, options.data() as data:
        tree = _tree(options, root)
        config = load_config(root, options.config_file)
        manifests = discover(tree, limit_bytes=config.limits.manifest_bytes).manifests if _reads(options) else ()
        request = _request(options, tree, manifests, config)
        request = replace(request, advisories=data.path, advisories_problem=data.problem)
        outputs = scan(request, only=_scanners(options.roles))
        read = _reader(tree)
        runs = tuple(_excused(run) for run in merge(fingerprint(output.run, read) for output in outputs))
        waived = waivers.parse(read(waivers.FILE_NAME) or b"", waivers.FILE_NAME)
        judged, elsewhere = _split(waivers.attach(runs, waived), _chosen(touched, read))
    profiles = tuple(concerned(profile, options.roles) for profile in _profiles(options, config))
    evidence = Evidence(subject=request.subject, runs=judged, parameters=config.parameters, waivers=waived)
    verdict = gate.evaluate(evidence, profiles, now=options.now, stage=Stage.COMMIT, engine=ENGINE)
    return Answer(
        verdict=_without_feeds(verdict, profiles, judged),
        runs=judged,
        files=dict(file for output in outputs for file in output.files.items()),
        profiles=profiles,
        elsewhere=elsewhere,
    )


def _tree(options: CheckOptions, root: Path) -> Tree:
    entries = entries_of(options)
    exported = export(options.repository, entries, root, lambda path: _taken(options, path), limit_bytes=_LIMIT_BYTES)
    loose = set(options.named) - {entry.path for entry in entries}
    for path in loose:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(read_limited(options.repository.top / path, limit_bytes=_LIMIT_BYTES))
    return replace(exported, files=tuple(sorted({*exported.files, *loose})))


def entries_of(options: CheckOptions) -> tuple[Entry, ...]:
    """The snapshot to judge: a commit that is being pushed, or the index."""
    return committed(options.repository, options.ref) if options.ref else staged(options.repository)


def _taken(options: CheckOptions, path: str) -> bool:
    return path in SETTINGS or options.wanted(path)


def is_manifest(path: str) -> bool:
    """Whether a path is a dependency manifest by its name."""
    return any(format_.matches(path) for format_ in FORMATS.values())


def may_be_included(path: str) -> bool:
    """Whether a path is a manifest, or something that one may include."""
    name = path.rpartition("/")[2]
    return is_manifest(path) or name[name.rfind(".") :].lower() in _MANIFEST_SUFFIXES or "." not in name


def _reads(options: CheckOptions) -> bool:
    return bool(options.roles & {Role.SCA, Role.SBOM})


def _scanners(roles: frozenset[Role]) -> set[str]:
    chosen = {name for name, scanner in SCANNERS.items() if scanner.role in roles}
    if not chosen:
        raise UsageError(f"no scanner examines {', '.join(sorted(role.value for role in roles))}")
    return chosen


def _request(options: CheckOptions, tree: Tree, manifests: tuple[Manifest, ...], config: Config) -> ScanRequest:
    return ScanRequest(
        tree=tree,
        manifests=manifests,
        subject=_subject(config, tree, options.repository),
        checkout=None,
        config=config,
        stage=Stage.COMMIT,
        jobs=options.jobs,
        timestamp_s=int(options.now.timestamp()),
    )


def _reader(tree: Tree) -> Callable[[str], bytes | None]:
    known = frozenset(tree.files)
    # Everything in the private folder was written by us, within the limits.
    return lambda path: (tree.root / path).read_bytes() if path in known else None


def _subject(config: Config, tree: Tree, repository: Repository) -> Subject:
    # No commit: what is staged has none yet.
    project = read_project(tree)
    return Subject(name=config.name or project.name or repository.top.name, version=config.version or project.version)


def _profiles(options: CheckOptions, config: Config) -> tuple[Profile, ...]:
    names = options.profiles or config.profiles or (DEFAULT_PROFILE,)
    return tuple(profile_files.load(name) for name in dict.fromkeys(names))


def _chosen(touched: Callable[[Result], bool] | None, read: Callable[[str], bytes | None]) -> Callable[[Result], bool]:
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
        return gate_ if not gate_.filter.role or roles & set(gate_.filter.role) else None
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
    """Checks that only a feed could decide which this machine does not have: at commit they warn."""
    if any(run.state is ScanState.INCOMPLETE for run in runs):
        return verdict
    fed = {(profile.id, gate_.id) for profile in profiles for gate_ in profile.gates if _asks_feeds(gate_)}
    checks = tuple(
        replace(check, mode="warn")
        if check.verdict is VerdictWord.INCOMPLETE and (check.profile, check.gate) in fed
        else check
        for check in verdict.checks
    )
    return replace(verdict, checks=checks, verdict=worst(check.verdict for check in deciding(checks)))


def _asks_feeds(gate_: AnyGate) -> bool:
    if isinstance(gate_, DeadlinesGate):
        return True
    wanted = gate_.filter if isinstance(gate_, ResultsGate) else None
    return wanted is not None and (wanted.kev, wanted.epss, wanted.ssvc) != (None, None, None)
