"""The evidence bundle: which file is what, and how the steps read and write them."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final, TypeVar

import msgspec
from msgspec import Struct

from govsec_ci.app.vex import read_statements
from govsec_ci.config import Config
from govsec_ci.errors import BundleError, UsageError
from govsec_ci.formats import cyclonedx, manifest, sarif
from govsec_ci.formats import verdict as verdict_format
from govsec_ci.gate import profile as profiles
from govsec_ci.gate import waivers
from govsec_ci.gate.own import OWN
from govsec_ci.gate.profile import Profile
from govsec_ci.model import Document, Role, Run, Sbom, Subject, Verdict, VexStatement, Waiver
from govsec_ci.system import secrets
from govsec_ci.system.files import check_plain, is_output_folder, recover, sha256_file, write_atomic

T = TypeVar("T")

RESULTS: Final = "results.sarif"
GITHUB: Final = "github.sarif"
SBOM: Final = "sbom.cdx.json"
VERDICT: Final = "verdict.json"
SUMMARY: Final = "summary.md"
MANIFEST: Final = "manifest.json"
SIGNATURE: Final = "verdict.dsse.json"
RUNS: Final = "runs"
VEX: Final = "vex.cdx.json"
OPENVEX: Final = "vex.openvex.json"
REPORT: Final = "report.html"
SCAN: Final = "inputs/scan.json"
CONFIG: Final = "inputs/config.json"
WAIVERS: Final = "inputs/waivers.toml"
BASELINE: Final = "inputs/baseline.sarif"
VEX_FOLDER: Final = "inputs/vex"
PROFILES: Final = "inputs/profiles"

_NEXT_STEP: Final = {
    RUNS: "govsec scan PATH --out DIR makes it",
    SCAN: "govsec scan PATH --out DIR makes it",
    RESULTS: "govsec merge --out DIR makes it",
    VERDICT: "govsec gate --out DIR makes it",
}


def require(folder: Path) -> Path:
    """``folder`` itself, when it is an output folder of ours.

    :raises UsageError: it is not; :raises InputError: it holds a link, or what would block who reads it
    """
    recover(folder)
    if not is_output_folder(folder):
        raise UsageError(f"{folder}: is no output folder of govsec", next_step="govsec scan PATH --out DIR makes one")
    check_plain(folder)
    return folder


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write bundle files by their names."""
    for name, data in files.items():
        write_atomic(folder / name, data)


def read(folder: Path, name: str) -> bytes:
    """One bundle file; :raises UsageError: the step that makes it has not run."""
    try:
        return (folder / name).read_bytes()
    except OSError as error:
        raise UsageError(f"{folder / name}: {error.strerror}", next_step=_NEXT_STEP.get(name, "")) from error


def write_runs(folder: Path, runs: Iterable[Run]) -> None:
    """One SARIF log a tool below ``runs/``: what ``scan`` hands to ``merge``."""
    for run in runs:
        sarif.save(folder / RUNS / f"{run.id}.sarif", [run])


def read_runs(folder: Path) -> tuple[Run, ...]:
    """Every run below ``runs/``; :raises UsageError: there is none."""
    paths = sorted((folder / RUNS).glob("*.sarif"))
    if not paths:
        raise UsageError(f"{folder / RUNS}: holds no SARIF log", next_step=_NEXT_STEP[RUNS])
    return tuple(run for path in paths for run in sarif.load(path.read_bytes()))


def read_results(folder: Path) -> tuple[Run, ...]:
    """The merged log."""
    return sarif.load(read(folder, RESULTS))


def read_sbom(folder: Path) -> Sbom | None:
    """What gates need of the SBOM, or None where the bundle has none."""
    return cyclonedx.read_sbom(read(folder, SBOM)) if (folder / SBOM).exists() else None


class ScanInputs(Struct, frozen=True, kw_only=True):
    """What the scan knew besides its runs (``inputs/scan.json``).

    :param expected: run id → role of every scan that was planned; :param documents: evidence that is no scan
    :param timestamp_s: the time that stands in the SBOM, seconds since the epoch
    :param policy_commit: the commit that the rules were read from, or None for the tree
    :param policy_changes: policy files of which the tree has another version
    """

    subject: Subject
    timestamp_s: int
    expected: dict[str, Role]
    documents: tuple[Document, ...] = ()
    policy_commit: str | None = None
    policy_changes: tuple[str, ...] = ()


def write_inputs(folder: Path, inputs: ScanInputs, config: Config, files: Mapping[str, bytes]) -> None:
    """What the scan was told; ``files`` are the operator's own (waivers, baseline) as they are kept."""
    write_atomic(folder / SCAN, _json(inputs))
    write_atomic(folder / CONFIG, _json(secrets.values(msgspec.to_builtins(config))))
    write_files(folder, files)


def read_inputs(folder: Path) -> ScanInputs:
    """What the scan knew."""
    return _decode(folder, SCAN, ScanInputs)


def read_waivers(folder: Path) -> tuple[Waiver, ...]:
    """The waivers that the run was given; none is no file."""
    path = folder / WAIVERS
    return waivers.parse(path.read_bytes(), WAIVERS) if path.exists() else ()


def read_vex(folder: Path) -> tuple[VexStatement, ...]:
    """Every statement of the VEX documents that the run was given, held against what was scanned."""
    paths = sorted((folder / VEX_FOLDER).glob("*.json"))
    subject = read_inputs(folder).subject if paths else None
    return tuple(one for path in paths for one in read_statements(path.read_bytes(), name=path.name, subject=subject))


def read_baseline(folder: Path) -> tuple[Run, ...] | None:
    """The earlier log that the run was compared with, or None."""
    path = folder / BASELINE
    return sarif.load(path.read_bytes()) if path.exists() else None


def read_config(folder: Path) -> Config:
    """The configuration as ``scan`` recorded it."""
    return _decode(folder, CONFIG, Config)


def _decode(folder: Path, name: str, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(read(folder, name), type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BundleError(f"{folder / name}: {error}") from error


def write_profiles(folder: Path, judged_by: Iterable[Profile]) -> None:
    """The resolved profiles, so that the decision replays from the bundle alone."""
    for path in (folder / PROFILES).glob("*.json"):
        path.unlink()
    for one in judged_by:
        write_atomic(folder / PROFILES / f"{one.id}.json", profiles.resolved_bytes(one))


def read_profiles(folder: Path) -> tuple[Profile, ...]:
    """The profiles that judged, as archived."""
    return tuple(profiles.from_resolved(path.read_bytes()) for path in sorted((folder / PROFILES).glob("*.json")))


def write_verdict(folder: Path, verdict: Verdict) -> None:
    """The decision."""
    write_atomic(folder / VERDICT, verdict_format.write(verdict))


def read_verdict(folder: Path) -> Verdict:
    """The decision."""
    return verdict_format.read(read(folder, VERDICT))


def read_judged(folder: Path) -> tuple[Verdict, tuple[Profile, ...]]:
    """The decision, and the profiles that it names.

    :raises BundleError: it names a profile or a gate that the bundle does not hold
    """
    verdict, judges = read_verdict(folder), read_profiles(folder)
    gates = {one.id: OWN.keys() | {gate.id for gate in one.gates} for one in judges}
    named = [*((one.id, "stage") for one in verdict.profiles), *((one.profile, one.gate) for one in verdict.checks)]
    for profile, gate in named:
        if gate not in gates.get(profile, ()):
            raise BundleError(
                f"{folder / VERDICT}: speaks of {profile}/{gate}, which no profile in the bundle holds",
                cause="the bundle was changed after it was written",
                next_step=f"govsec verify {folder}",
            )
    return verdict, judges


def digests(folder: Path, known: Mapping[str, str] = MappingProxyType({})) -> dict[str, str]:
    """Every file that the bundle holds by now, manifest and signature aside → lower-case hex sha256.

    :param known: those of files that were not written since
    """
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return {name: known.get(name) or sha256_file(folder / name) for name in names if name not in {MANIFEST, SIGNATURE}}


def seal(folder: Path, runs: Iterable[Run], engine: str, known: Mapping[str, str] = MappingProxyType({})) -> None:
    """Write ``manifest.json`` over every file that the bundle holds by now; an earlier signature goes.

    :param known: as for :func:`digests`
    """
    (folder / SIGNATURE).unlink(missing_ok=True)
    write_atomic(folder / MANIFEST, manifest.write(digests(folder, known), tuple(runs), engine))


def _json(value: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value, order="sorted"), indent=2) + b"\n"
