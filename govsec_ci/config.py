"""``govsec.toml`` / ``[tool.govsec]`` → :class:`Config`, strict: an unknown key or a wrong type is an InputError."""

from datetime import date
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from govsec_ci.errors import InputError
from govsec_ci.model import Role
from govsec_ci.system import toml
from govsec_ci.system.files import read_limited

_LIMIT_BYTES = 1_000_000
FILE_NAME = "govsec.toml"
_CENTURY_DAYS, _WEEK_S = 36_500, 604_800


_Told = Annotated[str, Meta(pattern=r"\S")]
"""A text that says something: nobody answers for an exception whose owner and reason are empty."""


_LONGEST_NAME_BYTES, _LONGEST_PATH_BYTES = 255, 4_000  # of Linux (NAME_MAX, PATH_MAX) and others


def _check_paths(*paths: str) -> None:
    """:raises ValueError: no file can be called so; asking the system for one would end as a defect of ours"""
    for path in paths:
        names = path.encode("utf-8", "surrogatepass").replace(b"\\", b"/").split(b"/")
        longest, total = max(map(len, names)), sum(map(len, names)) + len(names)
        if "\0" in path or longest > _LONGEST_NAME_BYTES or total > _LONGEST_PATH_BYTES:
            raise ValueError(f"{path[:60]!r}: no file can have this name")


class OutOfScope(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file that can never be scanned, taken out by name, owner and reason: counted and shown, not blocking."""

    path: _Told
    owner: _Told
    reason: _Told


class DeclaredSource(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a component that does not come from a public index is audited otherwise."""

    name: _Told
    owner: _Told
    reason: _Told


class TreeSetting(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A setting of the judged tree that may switch something off, as far as it is named here.

    :param setting: ``bandit.skips`` (tests) or ``bandit.exclude_dirs`` (folders)
    :param values: which of its values may have effect; any other has none
    """

    setting: Literal["bandit.skips", "bandit.exclude_dirs"]
    values: tuple[str, ...]
    owner: _Told
    reason: _Told


class Import(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """A report of another tool that is part of the evidence: SARIF 2.1 or CycloneDX with vulnerabilities.

    :param path: the file, relative to the judged tree's root
    :param id: short name of the run, or empty for the tool's own
    :param role: what kind of examination it was; gates ask for roles
    :param required: whether the evidence is incomplete without it
    :param max_age_days: how old its newest invocation may be; None: any age
    """

    path: str
    role: Role
    id: str = ""
    required: bool = True
    max_age_days: Annotated[float, Meta(gt=0, le=_CENTURY_DAYS)] | None = None

    def __post_init__(self) -> None:
        _check_paths(self.path)


# With bounds: TOML has ``nan`` and ``inf``, which no age exceeds and no clock counts.
_Seconds = Annotated[float, Meta(gt=0, le=_WEEK_S)]


class Timeouts(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Seconds that one tool may take; ``file_s``: that bandit may take over one file."""

    bandit_s: _Seconds = 1800.0
    file_s: _Seconds = 300.0
    pip_audit_s: _Seconds = 600.0
    cyclonedx_s: _Seconds = 600.0
    zizmor_s: _Seconds = 300.0


_Positive = Annotated[int, Meta(ge=1)]


class Limits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Largest inputs that are read, in bytes; ``evidence_bytes``: a document of ``[[evidence]]``."""

    source_file_bytes: _Positive = 20_000_000
    manifest_bytes: _Positive = 50_000_000
    import_bytes: _Positive = 400_000_000
    waivers_bytes: _Positive = 5_000_000
    vex_bytes: _Positive = 100_000_000
    baseline_bytes: _Positive = 1_000_000_000
    evidence_bytes: _Positive = 200_000_000


class AdvisoryLimits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What advisory data may measure, so that an archive that unpacks to far more than itself is not followed.

    :param file_bytes: a file as it comes, or is downloaded; :param total_bytes: all of an archive, unpacked
    :param entries: files in a folder or archive; :param entry_bytes: one of them, unpacked
    :param ratio: unpacked to packed, where it is more than 10 MB
    """

    file_bytes: _Positive = 2_000_000_000
    entries: _Positive = 1_000_000
    entry_bytes: _Positive = 32_000_000
    total_bytes: _Positive = 16_000_000_000
    ratio: _Positive = 200


class Party(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A person or organisation that an SBOM names: at least a name."""

    name: Annotated[str, Meta(min_length=1)]
    email: Annotated[str, Meta(pattern=r"^([^@\s<>]+@[^@\s<>.]+(\.[^@\s<>.]+)*)?$")] = ""
    url: Annotated[str, Meta(pattern=r"^(https?://[^\s<>]+)?$")] = ""


class SbomSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What no manifest tells of an SBOM.

    :param author: who answers for the SBOM data; :param supplier: who supplies the project itself
    """

    author: Party | None = None
    supplier: Party | None = None


class AdvisorySettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where advisory data comes from.

    :param feeds: what ``sync`` fetches (``osv``, ``kev``, ``epss``, ``vulnrichment``); empty: the first three
    :param addresses: feed → HTTPS address of a mirror; ``#sha256=<hex>`` at its end pins the content
    """

    feeds: tuple[str, ...] = ()
    addresses: dict[str, str] = {}
    limits: AdvisoryLimits = AdvisoryLimits()


class EvidenceDocument(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A named document that fills a life-cycle slot of a profile; ``date`` is the day it was made."""

    slot: str
    path: str
    date: date
    title: str = ""

    def __post_init__(self) -> None:
        _check_paths(self.path)


class Config(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """Everything a project may set.

    :param name: the subject's name, where it is not in ``pyproject.toml``
    :param profiles: profiles to judge by, unless the command line names some
    :param parameters: what profiles ask of a project (exposure, impact …), and ``scope`` (``all`` or ``new``)
    :param exclude: folders that are not part of the release (POSIX, relative): counted and shown
    :param tree_settings: settings of the judged tree that may have effect
    :param imports: reports of other tools (``[[import]]``)
    :param pins: profile id → sha256 of its resolved form, as the verdict shows it: another one is refused
    :param evidence: documents that are no scan (design reviews, diagnosis records), by life-cycle slot
    :param wheelhouse: folder of the files that get deployed (relative to PATH), for their digests in the SBOM
    """

    name: str = ""
    version: str = ""
    profiles: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    out_of_scope: tuple[OutOfScope, ...] = ()
    declared: tuple[DeclaredSource, ...] = ()
    timeouts: Timeouts = Timeouts()
    limits: Limits = Limits()
    parameters: dict[str, str] = {}
    sbom: SbomSettings = SbomSettings()
    advisories: AdvisorySettings = AdvisorySettings()
    tree_settings: tuple[TreeSetting, ...] = ()
    imports: tuple[Import, ...] = msgspec.field(name="import", default=())
    evidence: tuple[EvidenceDocument, ...] = ()
    pins: dict[str, str] = {}
    wheelhouse: str = ""

    def __post_init__(self) -> None:
        _check_paths(self.wheelhouse, *self.profiles)


def load(path: Path) -> Config:
    """Read a configuration file.

    :raises InputError: it is not TOML, or has a key or type that is not known
    """
    data = read_limited(path, limit_bytes=_LIMIT_BYTES)
    try:
        return msgspec.convert(toml.loads(data.decode()), type=Config)
    except (msgspec.ValidationError, toml.TomlError, UnicodeDecodeError) as error:
        raise _invalid(path, error) from error


def from_table(table: object, path: Path) -> Config:
    """The ``[tool.govsec]`` table of ``path``; raises as :func:`load` does."""
    try:
        return msgspec.convert(table, type=Config)
    except msgspec.ValidationError as error:
        raise _invalid(path, error) from error


def _invalid(path: Path, error: Exception) -> InputError:
    return InputError(f"{path}: {error}", next_step="correct the key or value; docs/usage.md lists every setting")
