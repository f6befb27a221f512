"""Profiles: load (strict), resolve what they extend, and write them down for the bundle.

A profile is a TOML file. The least one::

    schema = 1
    id = "our-agency"
    version = "1.0.0"
    status = "unverified"              # verified | transcribed | unverified | experimental | superseded
    jurisdiction = "JP"
    unknown-severity = "as-high"       # as-critical | as-high | as-medium | as-low | incomplete
    extends = "jp-gov"                 # a shipped id, or a file beside this one; what does not stand here is taken over
    title = { en = "Our agency", ja = "当庁" }
    text = { en = "Stricter than jp-gov.", ja = "jp-gov より厳格な基準" }

    [[documents]]                      # where the thresholds come from
    id = "Our rules"
    title = { en = "Our rules", ja = "当庁規程" }
    publisher = { en = "Our agency", ja = "当庁" }
    edition = "2026"
    label = "verified"                 # verified | transcribed | reported | memory | local
    read = 2026-04-01

    [[gates]]                          # a gate of the extended profile with the same id is replaced key by key
    id = "static-medium"
    kind = "results"                   # one of KINDS; its keys: docs/profile.schema.json
    stages = ["build", "release"]
    limit = 0
    filter = { role = ["sast"], severity = "MEDIUM" }     # this severity and above
    clause = { id = "3.2", document = "Our rules" }       # origin = "local" where the number is our own
    title = { en = "…", ja = "…" }     # what it demands
    text = { en = "…", ja = "…" }      # why
    next = { en = "…", ja = "…" }      # what closes it

Everything that is not known (a key, a kind, a value) is an error with file, line and the word that was probably meant.
"""

import hashlib
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any, Final

import msgspec

from govsec_ci.errors import InputError
from govsec_ci.gate import tomlfile
from govsec_ci.gate.check_profile import check
from govsec_ci.gate.schema import Profile
from govsec_ci.gate.tomlfile import Lines
from govsec_ci.model import ProfileRef
from govsec_ci.system.files import read_limited

__all__ = [
    "Profile",
    "from_resolved",
    "load",
    "loads",
    "reference",
    "resolved_bytes",
    "schema",
    "shipped",
    "shipped_file",
]

SHIPPED: Final = (
    "au-ism-e8",
    "de-bsi-tr-03183-2",
    "essentials",
    "eu-cra",
    "jp-gov",
    "uk-cyber-essentials",
    "uk-ncsc",
    "us-bod-26-04",
    "us-fedramp-2026",
    "us-fedramp-rev5",
    "us-iron-bank",
    "us-nist-ssdf",
    "us-ntia-sbom",
    "us-stig-asd",
)
_LIMIT_BYTES = 2_000_000
_LIMIT_DEPTH = 8
_BY_ID = ("gates", "documents")
_BY_KEY = ("parameters", "suppressions", "waivers", "drop")


def shipped() -> tuple[str, ...]:
    """The ids of the profiles that come with govsec_ci, sorted."""
    return SHIPPED


def shipped_file(name: str) -> bytes:
    """A file that comes with the shipped profiles, by its name."""
    return resources.files("govsec_ci.profiles").joinpath(name).read_bytes()


def load(name_or_path: str, *, trusted_root: Path | None = None) -> Profile:
    """A shipped profile by its id, or a TOML file.

    :param trusted_root: the folder that relative paths start from (a checkout of the trusted ref)
    :raises InputError: no such profile, or it does not hold what it must
    """
    return _resolve(_Source.find(name_or_path, trusted_root))


def loads(data: bytes, name: str, *, folder: Path | None = None) -> Profile:
    """As :func:`load`, from bytes; messages call them ``name``, and ``extends`` looks for files in ``folder``."""
    return _resolve(_Source(data, name, folder))


def resolved_bytes(profile: Profile) -> bytes:
    """The profile, what it extends merged in, as canonical JSON (sorted keys, UTF-8, newline at the end)."""
    plain = msgspec.to_builtins(profile, str_keys=True)
    return msgspec.json.format(msgspec.json.encode(plain, order="sorted"), indent=2) + b"\n"


def from_resolved(data: bytes) -> Profile:
    """The inverse of :func:`resolved_bytes`.

    :raises InputError: it is not a resolved profile
    """
    try:
        profile = msgspec.json.decode(data, type=Profile)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"resolved profile: {error}") from error
    check(profile, Lines(b"", f"resolved profile {profile.id}"), {})
    return profile


def reference(profile: Profile) -> ProfileRef:
    """Which profile this is: id, version, status and the sha256 of its resolved form."""
    digest = hashlib.sha256(resolved_bytes(profile)).hexdigest()
    return ProfileRef(id=profile.id, version=profile.version, status=profile.status, sha256=digest)


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a profile, for editors; a profile that extends another needs fewer keys."""
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Profile of govsec_ci"}
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(head | msgspec.json.schema(Profile)))
    return plain


class _Source:
    """One TOML file of a profile."""

    def __init__(self, data: bytes, name: str, folder: Path | None) -> None:
        self.raw = tomlfile.decode(data, name)
        self.lines = Lines(data, name)
        self.folder = folder

    @classmethod
    def find(cls, name: str, root: Path | None) -> "_Source":
        if name in SHIPPED:
            return cls(shipped_file(f"{name}.toml"), f"{name}.toml", None)
        if "/" not in name and not name.endswith(".toml"):
            raise InputError(
                f"profile {name!r}: there is no such profile",
                next_step=tomlfile.suggest(name, SHIPPED) + " A file is named by its path, e.g. ./our-agency.toml",
            )
        path = (root / name) if root else Path(name)
        return cls(read_limited(path, limit_bytes=_LIMIT_BYTES), str(path), path.parent)

    def base(self) -> "_Source | None":
        name = self.raw.get("extends", "")
        if not isinstance(name, str) or not name:
            return None
        return _Source.find(name, self.folder)


def _resolve(source: _Source) -> Profile:
    chain = list(_chain(source))
    raw = chain[-1].raw
    for child in reversed(chain[:-1]):
        raw = _merge(raw, child.raw, child.lines)
    lines = _ChainLines(chain, raw)
    profile = tomlfile.convert(raw, Profile, lines)
    check(profile, lines, source.raw)
    return profile


def _chain(source: _Source) -> Iterator[_Source]:
    link: _Source | None = source
    for _ in range(_LIMIT_DEPTH):
        if link is None:
            return
        yield link
        link = link.base()
    raise source.lines.error(("extends",), f"extends through more than {_LIMIT_DEPTH} profiles, or itself")


def _merge(base: Mapping[str, Any], child: Mapping[str, Any], lines: Lines) -> dict[str, Any]:
    merged = {**base, **child}
    for key in _BY_ID:
        merged[key] = _merge_by_id(base.get(key, []), child.get(key, []))
    for key in _BY_KEY:
        if isinstance(base.get(key), Mapping) and isinstance(child.get(key), Mapping):
            merged[key] = {**base[key], **child[key]}
    dropped = child.get("drop", {})
    known = [_identity(gate) for gate in base.get("gates", [])]
    for gate in dropped if isinstance(dropped, Mapping) else ():
        if gate not in known:
            raise lines.error(("drop", gate), f"drop: the extended profile has no gate {gate!r}")
    if isinstance(merged["gates"], list) and isinstance(dropped, Mapping):
        merged["gates"] = [gate for gate in merged["gates"] if _identity(gate) not in dropped]
    return merged


def _merge_by_id(base: Any, child: Any) -> list[Any]:
    if not isinstance(base, list) or not isinstance(child, list):
        return child  # type: ignore[no-any-return]  # of a wrong type: conversion tells
    # A child's entry without an id stays as it is, so that what is missing is told.
    own = {_identity(item): item for item in child if _identity(item) is not None}
    kept = [{**item, **own[_identity(item)]} if _identity(item) in own else item for item in base]
    inherited = {_identity(item) for item in base if _identity(item) is not None}
    return kept + [item for item in child if _identity(item) not in inherited]


def _identity(item: Any) -> Any:
    found = item.get("id") if isinstance(item, Mapping) else None
    return found if isinstance(found, str) else None


class _ChainLines(Lines):
    """Lines of a profile merged from several files: a gate is looked up by its id in the file that wrote it last."""

    def __init__(self, chain: list[_Source], raw: Mapping[str, Any]) -> None:
        self.name = chain[0].lines.name
        self._chain = chain
        self._raw = raw

    def at(self, path: tomlfile.Path) -> str:
        told = ((link.lines.at(own), own) for link in self._chain if (own := self._own(link, path)) is not None)
        return next((where for where, _ in told), self._chain[0].lines.name)

    def _own(self, link: _Source, path: tomlfile.Path) -> tomlfile.Path | None:
        if len(path) > 1 and path[0] in _BY_ID and isinstance(path[1], int):
            wanted = _identity(self._raw[str(path[0])][path[1]])
            own = [_identity(item) for item in link.raw.get(str(path[0]), [])]
            return (path[0], own.index(wanted), *path[2:]) if wanted in own else None
        return path if path and path[0] in link.raw else None
