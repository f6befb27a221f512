"""The steps of the way, each from what lies in the bundle folder to what it adds there: scan, merge, gate, report."""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from msgspec import Struct

from govsec_ci import __version__
from govsec_ci.app import bundle
from govsec_ci.app.advisories import resolve_advisories
from govsec_ci.app.progress import silent
from govsec_ci.app.target import Target, open_target, timestamp
from govsec_ci.errors import InputError
from govsec_ci.evidence.fingerprints import fingerprint
from govsec_ci.evidence.merge import merge
from govsec_ci.formats import sarif
from govsec_ci.formats.sarif_github import github_copy
from govsec_ci.gate import evaluate as gate
from govsec_ci.gate import profile as profile_files
from govsec_ci.gate.profile import Profile
from govsec_ci.model import Evidence, Run, Stage, Verdict
from govsec_ci.report import summary
from govsec_ci.report.view import View, build
from govsec_ci.scanners.base import ScanOutput, ScanRequest
from govsec_ci.scanners.scan import scan as scan_all
from govsec_ci.system.files import Tree, read_limited, write_atomic

ENGINE = f"govsec_ci {__version__}"
DEFAULT_PROFILE = "jp-gov"

Progress = Callable[[str, int, int], None]


class Options(Struct, frozen=True, kw_only=True):
    """What the caller asked for.

    :param now: the clock of the decision (UTC); :param jobs: processes a scanner may use
    :param profiles: shipped ids or files; empty means the configuration's, else the default
    """

    path: Path
    out: Path
    now: datetime
    profiles: tuple[str, ...] = ()
    stage: Stage = Stage.BUILD
    advisories: Path | None = None
    config_file: Path | None = None
    jobs: int = 1
    lang: str = "en"
    progress: Progress = silent


def scan(options: Options, folder: Path) -> None:
    """PATH → ``runs/``, the SBOM and ``inputs/``."""
    target = open_target(options.path, out=options.out, config_file=options.config_file)
    outputs = scan_target(target, options)
    for output in outputs:
        bundle.write_files(folder, output.files)
    bundle.write_runs(folder, (output.run for output in outputs))
    bundle.write_inputs(folder, target.subject, target.config)


def scan_target(target: Target, options: Options) -> tuple[ScanOutput, ...]:
    """Every scanner over the target, side by side, each result with its fingerprints."""
    index, problem = resolve_advisories(options.advisories)
    request = ScanRequest(
        tree=target.tree,
        manifests=target.manifests,
        subject=target.subject,
        checkout=target.checkout,
        config=target.config,
        stage=options.stage,
        advisories=index,
        advisories_problem=problem,
        jobs=options.jobs,
        timestamp_s=timestamp(target, options.now),
        progress=options.progress,
    )
    read = source_reader(target.tree, target.config.limits.source_file_bytes)
    return tuple(ScanOutput(run=fingerprint(out.run, read), files=out.files) for out in scan_all(request))


def source_reader(tree: Tree, limit_bytes: int) -> Callable[[str], bytes | None]:
    """A function from a path in the tree to its bytes; None for what the walk did not list or cannot be read."""
    known = frozenset(tree.files)

    def read(path: str) -> bytes | None:
        if path not in known:
            return None
        try:
            return read_limited(tree.root / path, limit_bytes=limit_bytes)
        except InputError:
            return None

    return read


def merge_runs(folder: Path) -> tuple[Run, ...]:
    """``runs/`` → ``results.sarif`` and ``github.sarif``."""
    runs = merge(bundle.read_runs(folder))
    write_atomic(folder / bundle.RESULTS, sarif.write(runs))
    write_atomic(folder / bundle.GITHUB, sarif.write(github_copy(runs).runs))
    return runs


def judge(options: Options, folder: Path) -> Verdict:
    """``results.sarif``, the SBOM and ``inputs/`` → ``verdict.json`` and the profiles that judged."""
    names = options.profiles or bundle.read_config(folder).profiles or (DEFAULT_PROFILE,)
    profiles = tuple(profile_files.load(name) for name in dict.fromkeys(names))
    return decide(options, folder, profiles)


def decide(options: Options, folder: Path, profiles: Sequence[Profile]) -> Verdict:
    """Judge the bundle's evidence by ``profiles`` and write the decision into it."""
    evidence = read_evidence(folder)
    verdict = gate.evaluate(evidence, profiles, now=options.now, stage=options.stage, engine=ENGINE)
    bundle.write_profiles(folder, profiles)
    bundle.write_verdict(folder, verdict)
    return verdict


def read_evidence(folder: Path) -> Evidence:
    """All that a gate may look at, from the bundle alone."""
    return Evidence(
        subject=bundle.read_subject(folder),
        runs=bundle.read_results(folder),
        sbom=bundle.read_sbom(folder),
    )


def report(options: Options, folder: Path) -> View:
    """The verdict and its evidence → ``summary.md``; the view is returned for the console."""
    evidence = read_evidence(folder)
    view = build(bundle.read_verdict(folder), evidence, bundle.read_profiles(folder), lang=options.lang)
    write_atomic(folder / bundle.SUMMARY, summary.render(view).encode())
    bundle.seal(folder, evidence.runs, ENGINE)
    return view
