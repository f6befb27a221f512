"""The files that get deployed (``--wheelhouse``): which of them is which component, and their digests.

A lock file names SHA-256 at best. A SHA-512, as BSI TR-03183-2 section 5.2.2 asks for, needs the file itself. A file
counts for a component by its name and version, and only if its digest is one that the lock names, where it names any.
"""

import hashlib
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from msgspec import Struct
from msgspec.structs import replace
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import InvalidVersion, Version

from govsec_ci.formats.cyclonedx_files import DistributionFile
from govsec_ci.manifests.base import Manifest
from govsec_ci.model import Component, Level, Location, Notification, Subject
from govsec_ci.scanners.runs import error, printable

INSTALLED: Final = "environment"
"""The manifest format whose digests are of installed files, not of the archives that they came in."""
_SUFFIXES: Final = (".whl", ".tar.gz", ".zip")
_FILE_SOURCES: Final = frozenset({"index", "private-index", "url"})
_ALGORITHMS: Final = ("sha512", "sha384", "sha256")
"""What is compared of a lock's digests. Weaker ones prove nothing."""
_CHUNK_BYTES: Final = 1 << 20
_SHOWN: Final = 5

Release = tuple[str, Version]


class Held(Struct, frozen=True, kw_only=True):
    """What a wheelhouse holds for the components: (name, version as the manifest writes it) → files, by their names."""

    files: Mapping[tuple[str, str], tuple[DistributionFile, ...]] = {}
    notifications: tuple[Notification, ...] = ()


def look(folder: Path, manifests: Iterable[Manifest], subject: Subject | None = None) -> Held:
    """Hash the files of ``folder`` that are of a component of the manifests, or of the subject itself.

    Nothing in them is opened or run.
    """
    if not folder.is_dir():
        return Held(notifications=(_missing(folder),))
    return _Look(folder, [*_components(manifests), *_itself(subject)]).held()


def _itself(subject: Subject | None) -> Iterator[Component]:
    """The project as a component: what gets deployed of it is a file like the others."""
    if subject is not None and subject.name and subject.version:
        yield Component(name=subject.name, version=subject.version, location=Location(path="."))


def _missing(folder: Path) -> Notification:
    return error(
        "wheelhouse-missing",
        printable(f"the wheelhouse {folder.name} is no folder: no digest was taken"),
        next_step="fill it with what gets deployed: pip download --require-hashes -r requirements.txt -d DIR",
    )


class _Look:
    def __init__(self, folder: Path, components: Iterable[Component]) -> None:
        self.folder = folder
        self.wanted = _wanted(components)
        self.notes: list[Notification] = []
        self.files: dict[tuple[str, str], tuple[DistributionFile, ...]] = {}
        self.lacking: list[str] = []

    def held(self) -> Held:
        by_release: dict[Release, list[Path]] = {}
        for path in sorted(self.folder.iterdir(), key=lambda one: one.name):
            release = _release(path.name)
            if release in self.wanted:
                by_release.setdefault(release, []).append(path)
        for release, components in self.wanted.items():
            self._take(components, by_release.get(release, []))
        self._lacks()
        return Held(files=self.files, notifications=tuple(self.notes))

    def _take(self, components: list[Component], paths: list[Path]) -> None:
        known = _digests(components)
        found = [file for path in paths if (file := self._file(path, known)) is not None]
        if not found:
            return self.lacking.append(f"{components[0].name} {components[0].version}")
        for component in components:
            self.files[component.name, component.version or ""] = tuple(found)
        return None if known else self._by_name_alone(components[0])

    def _file(self, path: Path, known: Mapping[str, frozenset[str]]) -> DistributionFile | None:
        try:
            digests = _hash(path)
        except OSError as failed:
            self._refuse(path, f"cannot be read: {failed.strerror or failed}")
            return None
        strange = next((name for name, expected in known.items() if digests[name] not in expected), "")
        if strange:
            self._refuse(path, f"its {strange} {digests[strange]} is none that the lock names for this release")
            return None
        return DistributionFile(name=path.name, sha256=digests["sha256"], sha512=digests["sha512"])

    def _refuse(self, path: Path, why: str) -> None:
        self.notes.append(
            error(
                "wheelhouse-file-refused",
                printable(f"{self.folder.name}/{path.name}: not taken: {why}"),
                next_step="download it again from where the lock was made, and find out where this file comes from",
            )
        )

    def _lacks(self) -> None:
        if self.lacking:
            shown = ", ".join(self.lacking[:_SHOWN]) + (", …" if len(self.lacking) > _SHOWN else "")
            what = f"{len(self.lacking)} components: {shown}" if len(self.lacking) > 1 else shown
            text = f"the wheelhouse has no file that could be taken for {what}"
            self.notes.append(Notification(id="wheelhouse-lacks", level=Level.NOTE, text=printable(text)))

    def _by_name_alone(self, component: Component) -> None:
        text = f"{component.name} {component.version}: taken from the wheelhouse by name and version alone: "
        self.notes.append(
            Notification(
                id="wheelhouse-file-unproved",
                level=Level.NOTE,
                text=printable(f"{text}no manifest names a digest"),
                location=component.location,
                next_step="lock with hashes",
                properties={"component": component.name},
            )
        )


def _components(manifests: Iterable[Manifest]) -> Iterator[Component]:
    """Every component; those of an installed environment name no archive, and so no digest of one."""
    for manifest in manifests:
        for component in manifest.components:
            named = manifest.format != INSTALLED or component.url
            yield component if named else replace(component, hashes={})


def _wanted(components: Iterable[Component]) -> dict[Release, list[Component]]:
    """Each release with every component that stands for it."""
    found: dict[Release, list[Component]] = {}
    for component in components:
        version = _version(component.version or "")
        if version is not None and component.source in _FILE_SOURCES:
            found.setdefault((canonicalize_name(component.name), version), []).append(component)
    return found


def _digests(components: Iterable[Component]) -> dict[str, frozenset[str]]:
    """Algorithm → every digest that some manifest names for the release."""
    found: dict[str, set[str]] = {}
    for component in components:
        for name in _ALGORITHMS:
            found.setdefault(name, set()).update(digest.lower() for digest in component.hashes.get(name, ()))
    return {name: frozenset(digests) for name, digests in found.items() if digests}


def _hash(path: Path) -> dict[str, str]:
    """Every algorithm in one reading; :raises OSError: it is no regular file, or cannot be read."""
    if not stat.S_ISREG(path.lstat().st_mode):
        raise OSError("not a regular file")
    running = {name: hashlib.new(name) for name in _ALGORITHMS}
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            for own in running.values():
                own.update(chunk)
    return {name: own.hexdigest() for name, own in running.items()}


def _release(file: str) -> Release | None:
    """Name and version of a distribution by its file name (PyPA binary and source distribution formats)."""
    try:
        if file.endswith(".whl"):
            name, version, _, _ = parse_wheel_filename(file)
            return canonicalize_name(name), version
        if file.endswith(_SUFFIXES):
            name, version = parse_sdist_filename(file)
            return canonicalize_name(name), version
    except (InvalidWheelFilename, InvalidSdistFilename, InvalidVersion):
        pass
    return None


def _version(text: str) -> Version | None:
    try:
        return Version(text)
    except ValueError:  # also for a number of more digits than Python converts
        return None
