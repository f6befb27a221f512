"""The steps of the way, each from what lies in the bundle folder to what it adds there: scan, merge, gate, report."""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace
from packageurl import PackageURL

from govsec_ci import __version__
from govsec_ci.advisories.locate import Located
from govsec_ci.app import bundle, operator_files, signature
from govsec_ci.app.advisories import resolve_advisories
from govsec_ci.app.documents import collect
from govsec_ci.app.pins import pinned
from govsec_ci.app.policy import Policy, read_policy
from govsec_ci.app.progress import silent
from govsec_ci.app.since import mark_changed
from govsec_ci.app.target import Target, check_folder, open_target, timestamp
from govsec_ci.app.vex import read_statements
from govsec_ci.errors import InputError
from govsec_ci.evidence import baseline, vex
from govsec_ci.evidence.fingerprints import fingerprint
from govsec_ci.evidence.merge import merge
from govsec_ci.evidence.redact import redact
from govsec_ci.formats import sarif
from govsec_ci.formats.cyclonedx import Head, decode, write_vex
from govsec_ci.formats.openvex import write_openvex
from govsec_ci.formats.sarif_github import github_copy
from govsec_ci.formats.sarif_write import REPOSITORY_PROPERTY
from govsec_ci.gate import evaluate as gate
from govsec_ci.gate import profile as profile_files
from govsec_ci.gate import waivers
from govsec_ci.gate.profile import Profile
from govsec_ci.gate.rulings import ruled as ruled_runs
from govsec_ci.model import Evidence, Level, Location, Notification, Role, Run, Stage, Verdict
from govsec_ci.scanners.base import ScanOutput, ScanRequest
from govsec_ci.scanners.scan import scan as scan_all
from govsec_ci.system.cache import default_cache
from govsec_ci.system.files import Tree, read_limited, write_atomic

if TYPE_CHECKING:
    from govsec_ci.report.view import View

ENGINE = f"govsec_ci {__version__}"
DEFAULT_PROFILE = "jp-gov"
BUNDLE_FORMATS = ("markdown", "html")

Progress = Callable[[str, int, int], None]


class Options(Struct, frozen=True, kw_only=True):
    """What the caller asked for.

    :param now: the clock of the decision (UTC); :param jobs: processes a scanner may use
    :param profiles: shipped ids or files; empty means the configuration's, else the default
    :param environment: an installed environment of the project
    :param waivers: the waivers, unless they stand in the tree; :param baseline: an earlier ``results.sarif``
    :param vex: OpenVEX or CycloneDX VEX documents; :param since: git ref of which the change is told apart
    :param policy_ref: git ref that settings, waivers and profile files are read from, instead of the tree; ``auto``:
        the base of the pull request that a CI system names
    :param wheelhouse: folder of the files that get deployed; None: the configuration's
    :param cache: use what was found in the same files before; None: except at the release stage
    :param offline: never open a socket; :param online: audit by a public service, ``osv`` or ``pypi``
    """

    path: Path
    out: Path
    now: datetime
    profiles: tuple[str, ...] = ()
    stage: Stage = Stage.BUILD
    advisories: Path | None = None
    environment: Path | None = None
    waivers: Path | None = None
    baseline: Path | None = None
    vex: tuple[Path, ...] = ()
    since: str = ""
    policy_ref: str = ""
    offline: bool = False
    online: str = ""
    config_file: Path | None = None
    sign_key: Path | None = None
    jobs: int = 1
    lang: str = "en"
    cache: bool | None = None
    wheelhouse: Path | None = None
    progress: Progress = silent


@contextlib.contextmanager
def ruled(options: Options) -> Iterator[Policy]:
    """The rules in force for PATH: its own, or those of the trusted ref."""
    check_folder(options.path, options.out)
    with read_policy(
        options.path,
        ref=options.policy_ref,
        config_file=options.config_file,
        waivers_file=options.waivers,
        profiles=options.profiles,
        others=tuple(path for path in (options.baseline, *options.vex) if path),
        offline=options.offline,
    ) as policy:
        yield policy


def load_profiles(policy: Policy) -> tuple[Profile, ...]:
    """The profiles to judge by; :raises InputError: one is invalid, or not the one that is pinned."""
    names = policy.profiles or policy.config.profiles or (DEFAULT_PROFILE,)
    profiles = pinned(tuple(profile_files.load(name) for name in dict.fromkeys(names)), policy.config)
    if policy.config.parameters:
        shipped = (profile_files.load(name) for name in profile_files.shipped())
        gate.check_parameters(policy.config.parameters, (*profiles, *shipped))
    return profiles


def _nothing() -> None:
    pass


def scan(options: Options, policy: Policy, folder: Path, meanwhile: Callable[[], None] = _nothing) -> None:
    """PATH → ``runs/``, the SBOM and ``inputs/``; ``meanwhile`` is called while the scanners are at work."""
    target = open_target(options.path, out=options.out, config=policy.config, environment=options.environment)
    files = read_operator_files(options, policy)
    documents = collect(options.path, target.config)
    outputs = scan_target(target, options, policy, meanwhile)
    for output in outputs:
        bundle.write_files(folder, output.files)
    bundle.write_runs(folder, (output.run for output in outputs))
    inputs = bundle.ScanInputs(
        subject=target.subject,
        timestamp_s=timestamp(target, options.now),
        expected={output.run.id: output.run.role for output in outputs},
        documents=documents,
        policy_commit=policy.commit,
        policy_changes=policy.changes,
    )
    bundle.write_inputs(folder, inputs, target.config, files)


def read_operator_files(options: Options, policy: Policy) -> dict[str, bytes]:
    """Waivers, baseline and VEX as they are kept; :raises InputError: one is not what it must be."""
    files = {bundle.WAIVERS: policy.waivers} if policy.waivers is not None else {}
    if options.baseline and (found := policy.place(options.baseline)):
        data = read_limited(found, limit_bytes=policy.config.limits.baseline_bytes)
        files[bundle.BASELINE] = operator_files.baseline_file(data, str(options.baseline))
    for number, path in enumerate(options.vex, start=1):
        if not (place := policy.place(path)):
            continue
        data = read_limited(place, limit_bytes=policy.config.limits.vex_bytes)
        read_statements(data, name=str(path))
        files[f"{bundle.VEX_FOLDER}/{number:03}.json"] = operator_files.vex_file(data, str(path))
    return files


def scan_target(
    target: Target, options: Options, policy: Policy, meanwhile: Callable[[], None] = _nothing
) -> tuple[ScanOutput, ...]:
    """Every scanner over the target, side by side, each result with its fingerprints."""
    settings = target.config.advisories
    with (
        resolve_advisories(options.advisories, settings, offline=options.offline) as found,
        ThreadPoolExecutor(1) as pool,
    ):
        pool.submit(meanwhile)
        outputs = scan_all(_request(target, options, found), finish=_finisher(target))
    runs = tuple(output.run for output in outputs)
    runs = _marked(runs, target, options, policy)
    return tuple(ScanOutput(run=run, files=output.files) for run, output in zip(runs, outputs, strict=True))


def _finisher(target: Target) -> Callable[[ScanOutput], ScanOutput]:
    """What is done to a scanner's output while others still work."""
    read = source_reader(target.tree, target.config.limits.source_file_bytes)

    def finish(output: ScanOutput) -> ScanOutput:
        # Fingerprints first: they are of the untouched source. Nothing is written before secrets are out.
        return replace(output, run=redact(fingerprint(_about(output.run, target), read)))

    return finish


def _about(run: Run, target: Target) -> Run:
    """The run with what the scanner does not know of its target."""
    remote = target.checkout.remote if target.checkout else ""
    known = replace(run, properties={**run.properties, REPOSITORY_PROPERTY: remote}) if remote else run
    return _told_what_is_left(known, target)


def _told_what_is_left(run: Run, target: Target) -> Run:
    """The dependency audit also says which manifests it did not take, and why."""
    if run.role is not Role.SCA or not target.left:
        return run
    notes = tuple(
        Notification(
            id="manifest-left",
            level=Level.NOTE,
            text=f"{left.path}: not taken: {left.reason}",
            location=Location(path=left.path),
        )
        for left in target.left
    )
    return replace(run, notifications=run.notifications + notes)


def _marked(runs: tuple[Run, ...], target: Target, options: Options, policy: Policy) -> tuple[Run, ...]:
    if options.since:
        return mark_changed(options.path, options.since, target, runs)
    if policy.commit is None:
        return runs
    told = policy.variables
    return mark_changed(options.path, policy.commit, target, runs, variables=told, history=False)


def _request(target: Target, options: Options, found: Located) -> ScanRequest:
    return ScanRequest(
        tree=target.tree,
        manifests=target.manifests,
        subject=target.subject,
        checkout=target.checkout,
        config=target.config,
        stage=options.stage,
        advisories=found.path,
        advisories_problem=found.problem,
        online=options.online,
        jobs=options.jobs,
        timestamp_s=timestamp(target, options.now),
        now_s=int(options.now.timestamp()),
        cache=default_cache() if _cached(options) else None,
        wheelhouse=_wheelhouse(target, options),
        progress=options.progress,
    )


def _wheelhouse(target: Target, options: Options) -> Path | None:
    configured = target.tree.root / target.config.wheelhouse if target.config.wheelhouse else None
    return options.wheelhouse or configured


def _cached(options: Options) -> bool:
    return options.stage is not Stage.RELEASE if options.cache is None else options.cache


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


def merge_runs(options: Options, folder: Path, *, copy: bool = True) -> tuple[Run, ...]:
    """``runs/`` and ``inputs/`` → ``results.sarif``, ``github.sarif`` and ``vex.cdx.json``.

    :param copy: without it ``github.sarif`` is left to :func:`decide`, which writes it anew
    """
    runs = waivers.attach(merge(bundle.read_runs(folder)), bundle.read_waivers(folder))
    runs = vex.attach(runs, bundle.read_vex(folder))
    earlier = bundle.read_baseline(folder)
    runs = baseline.stamp(runs, options.now) if earlier is None else baseline.compare(runs, earlier, options.now)
    sarif.save(folder / bundle.RESULTS, runs)
    if copy:
        write_github(folder, runs)
    inputs = bundle.read_inputs(folder)
    tool = ("govsec_ci", __version__)
    head = Head(subject=inputs.subject, timestamp_s=inputs.timestamp_s, tools=(tool,))
    write_atomic(folder / bundle.VEX, write_vex(runs, head, sbom_serial=_sbom_serial(folder)))
    _write_openvex(folder, runs, inputs, options)
    return runs


def _write_openvex(folder: Path, runs: Sequence[Run], inputs: bundle.ScanInputs, options: Options) -> None:
    party = bundle.read_config(folder).sbom.author
    subject = inputs.subject
    product = PackageURL("generic", None, subject.name, subject.version or subject.commit).to_string()
    author = party.name if party else "govsec_ci, without review by a person"
    data = write_openvex(runs, author=author, now=options.now, product=product, tool=ENGINE)
    if data is not None:
        write_atomic(folder / bundle.OPENVEX, data)


def _sbom_serial(folder: Path) -> str:
    path = folder / bundle.SBOM
    return decode(path.read_bytes(), name=bundle.SBOM).serial_number if path.exists() else ""


def write_github(folder: Path, runs: Sequence[Run]) -> None:
    """``github.sarif``: what GitHub code scanning accepts of ``runs``."""
    write_atomic(folder / bundle.GITHUB, github_copy(runs).data)


def judge(options: Options, folder: Path, evidence: Evidence) -> Verdict:
    """:func:`decide` by the profiles asked for, else by those of the bundle's own settings."""
    policy = Policy(config=bundle.read_config(folder), profiles=options.profiles)
    return decide(options, folder, load_profiles(policy), evidence)


def decide(options: Options, folder: Path, profiles: Sequence[Profile], evidence: Evidence) -> Verdict:
    """Judge the bundle's evidence by ``profiles`` → ``verdict.json`` and the profiles that judged.

    :param evidence: that of the bundle (:func:`read_evidence`)
    """
    verdict = gate.evaluate(evidence, profiles, now=options.now, stage=options.stage, engine=ENGINE)
    bundle.write_profiles(folder, profiles)
    bundle.write_verdict(folder, verdict)
    # What `merge` left out as suppressed comes back where a profile does not admit the claim.
    write_github(folder, ruled_runs(evidence, profiles, now=options.now))
    return verdict


def read_evidence(folder: Path) -> Evidence:
    """All that a gate may look at, from the bundle alone."""
    inputs = bundle.read_inputs(folder)
    return Evidence(
        subject=inputs.subject,
        runs=bundle.read_results(folder),
        sbom=bundle.read_sbom(folder),
        documents=inputs.documents,
        parameters=bundle.read_config(folder).parameters,
        baseline=(folder / bundle.BASELINE).is_file(),
        waivers=bundle.read_waivers(folder),
        expected=inputs.expected,
        policy_changes=inputs.policy_changes,
    )


def prepare_reports() -> None:
    """Import what writes reports, and compile its templates: a quarter of a second, best spent waiting for scanners."""
    from govsec_ci.report import formats, html_page, view  # noqa: F401, PLC0415 — for later

    html_page.prepare()


def report(options: Options, folder: Path, evidence: Evidence, *, signed_by: str = "") -> "View":
    """The verdict and its evidence → ``summary.md``, ``report.html`` and the manifest; the view is for the console.

    :param evidence: that of the bundle (:func:`read_evidence`)
    :param signed_by: id of the key that signs once all is written; empty: none does
    """
    from govsec_ci.report.formats import FORMATS  # noqa: PLC0415 — see prepare_reports()

    written = {FORMATS[name].file_name for name in BUNDLE_FORMATS}
    files = {name: digest for name, digest in bundle.digests(folder).items() if name not in written}
    view = read_view(folder, lang=options.lang, evidence=evidence, signed_by=signed_by, files=files)
    for name in BUNDLE_FORMATS:
        write_atomic(folder / FORMATS[name].file_name, FORMATS[name].render(view))
    bundle.seal(folder, evidence.runs, ENGINE, known=files)
    return view


def read_view(
    folder: Path,
    *,
    lang: str,
    evidence: Evidence | None = None,
    signed_by: str | None = None,
    files: Mapping[str, str] | None = None,
) -> "View":
    """Everything that a report shows, from the bundle alone.

    :param evidence: that of the bundle, where it is at hand
    :param files: its digests, where they are
    :param signed_by: as for :func:`report`; None: the signature that lies in the bundle, if any
    """
    from govsec_ci.report.formats import FORMATS  # noqa: PLC0415 — see prepare_reports()
    from govsec_ci.report.view import build, signing_state  # noqa: PLC0415 — likewise

    files = dict(bundle.digests(folder) if files is None else files)
    for name in BUNDLE_FORMATS:
        files.pop(FORMATS[name].file_name, None)
    evidence, profiles = evidence or read_evidence(folder), bundle.read_profiles(folder)
    known = signing_state(planned=signed_by, present=signature.key_id(folder) if signed_by is None else None)
    return build(bundle.read_verdict(folder), evidence, profiles, lang=lang, files=files, signing=known)


def render(folder: Path, form: str, *, lang: str) -> bytes:
    """One report of the bundle in the named format, as bytes."""
    from govsec_ci.report.formats import FORMATS  # noqa: PLC0415 — see prepare_reports()

    return FORMATS[form].render(read_view(folder, lang=lang))
