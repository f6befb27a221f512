"""An installed environment, read through its metadata files: its Python is never started, nothing is imported.

Source: PyPA specifications "Recording installed projects", "Core metadata" and "Recording the direct URL origin".
"""

import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from msgspec import Struct
from msgspec.structs import replace
from packaging.markers import Marker
from packaging.metadata import RawMetadata, parse_email
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, is_normalized_name

from govsec_ci.errors import UsageError
from govsec_ci.manifests import core_metadata, sources
from govsec_ci.manifests.base import Manifest
from govsec_ci.manifests.notices import DECLARE_IT, notice, shown
from govsec_ci.manifests.pins import normal
from govsec_ci.manifests.shortcomings import ruled
from govsec_ci.manifests.text import UnreadableError, decode_utf8, parse_json, read_bytes
from govsec_ci.model import Component, Level, Location, Notification, Region

FORMAT = "environment"
_LIMIT_BYTES = 20_000_000
_PATTERNS = (
    "lib/python*/site-packages",
    "lib/python*/dist-packages",
    "lib64/python*/site-packages",
    "lib/pypy*/site-packages",
    "Lib/site-packages",
)


def read_environment(path: Path, *, project: str = "") -> Manifest:
    """Every distribution installed in a virtual environment (or in one ``site-packages`` folder).

    :param project: the judged project's own name: its install from a folder is no component
    :returns: a manifest whose paths are relative to the environment and begin with its folder's name
    :raises UsageError: there is no such folder, or nothing in it is an installed environment
    """
    if not path.is_dir():
        raise UsageError(f"{path}: is not a folder", next_step="give --environment the folder of a virtual environment")
    folders = list(_site_packages(path))
    if not folders:
        raise UsageError(
            f"{path}: holds no site-packages, so it is no installed environment",
            next_step="give --environment the folder of a virtual environment, or its site-packages",
        )
    return _Reading(path, folders).manifest(canonicalize_name(project))


def _site_packages(path: Path) -> Iterator[Path]:
    if path.name in ("site-packages", "dist-packages") or next(path.glob("*.dist-info"), None):
        yield path
        return
    seen: set[Path] = set()
    for pattern in _PATTERNS:
        for folder in sorted(path.glob(pattern)):
            if folder.is_dir() and folder.resolve() not in seen:  # lib64 is often a link to lib
                seen.add(folder.resolve())
                yield folder


class _Installed(Struct, frozen=True, kw_only=True):
    """One distribution before the graph is known; ``folder`` is where an editable install lies, or empty."""

    component: Component
    requirements: tuple[Requirement, ...]
    requested: bool
    folder: str


class _Reading:
    def __init__(self, path: Path, folders: list[Path]) -> None:
        self.path = path.resolve()
        self.folders = folders
        self.notifications: list[Notification] = []

    def manifest(self, project: str) -> Manifest:
        found = [one for folder in self.folders for one in self._folder(folder)]
        installed = [one for one in found if not self._is_project(one.component, project)]
        self._system_packages()
        self._further_folders({one.folder for one in found})
        if any(one.component.source == sources.INDEX for one in installed):
            self._index_unknown()
        for one in installed:
            self._source(one.component)
        return Manifest(
            path=self.path.name,
            format=FORMAT,
            components=_linked(installed),
            notifications=tuple(self.notifications),
        )

    def _is_project(self, component: Component, project: str) -> bool:
        if component.name != project or component.source != sources.PATH:
            return False
        text = f"{component.name} is the judged project itself, installed from its folder"
        self.notifications.append(
            notice("requirement-is-project", text, path=component.location.path, level=Level.NOTE)
        )
        return True

    def _shown(self, file: Path) -> str:
        """The path in reports: the environment's own name and what is below it."""
        inner = file.relative_to(self.path) if file.is_relative_to(self.path) else Path(file.parent.name, file.name)
        return Path(self.path.name, inner).as_posix()

    def _folder(self, folder: Path) -> Iterator[_Installed]:
        try:
            entries = sorted(folder.resolve().iterdir())
        except OSError as error:
            self._unreadable(folder, f"cannot be listed: {error.strerror}")
            return
        for entry in entries:
            name = entry.name.lower()
            if name.endswith(".egg-link"):
                self._unreadable(entry, "a development install without metadata (.egg-link)")
            elif name.endswith((".dist-info", ".egg-info")):
                yield from self._distribution(entry, _metadata_file(entry))

    def _distribution(self, folder: Path, file: Path) -> Iterator[_Installed]:
        try:
            yield self._installed(folder, file, _text(file))
        except UnreadableError as error:
            self._unreadable(file if file.exists() else folder, error.what)

    def _installed(self, folder: Path, file: Path, text: str) -> _Installed:
        metadata, _ = parse_email(text)
        origin = _direct_url(folder)
        return _Installed(
            component=_component(metadata, Location(path=self._shown(file), region=_name_line(text)), folder, origin),
            requirements=tuple(core_metadata.requirements(metadata)),
            requested=(folder / "REQUESTED").exists(),
            folder=_folder_of(origin),
        )

    def _unreadable(self, file: Path, what: str) -> None:
        self.notifications.append(
            notice(
                "environment-unreadable",
                f"{what}: an installed component may be missing from the audit",
                path=self._shown(file),
                next_step="install the environment anew",
            )
        )

    def _system_packages(self) -> None:
        configuration = self.path / "pyvenv.cfg"
        try:
            text = _text(configuration) if configuration.exists() else ""
        except UnreadableError as error:
            self._unreadable(configuration, error.what)
            return
        if re.search(r"^\s*include-system-site-packages\s*=\s*true", text, re.MULTILINE | re.IGNORECASE):
            self.notifications.append(
                notice(
                    "environment-system-packages",
                    "the environment also uses the system's packages, which were not read",
                    path=self._shown(configuration),
                    next_step="make the environment without --system-site-packages",
                )
            )

    def _further_folders(self, editable: set[str]) -> None:
        """A ``.pth`` file may put folders on the path that hold further packages; editable installs do."""
        for folder in self.folders:
            for file in sorted(folder.resolve().glob("*.pth")):
                for line in _lines_of_pth(file):
                    target = os.path.normpath(os.path.join(folder.resolve(), line))
                    if not any(_is_within(target, known) for known in (*editable, str(folder.resolve()))):
                        self._outside(file)

    def _outside(self, file: Path) -> None:
        self.notifications.append(
            notice(
                "environment-system-packages",
                "adds a folder whose packages were not read",
                path=self._shown(file),
                next_step="install those packages into the environment, or audit that folder as well",
            )
        )

    def _index_unknown(self) -> None:
        self.notifications.append(
            notice(
                "environment-index-unknown",
                "installed metadata does not tell the index: components without a direct URL are taken as public",
                path=self.path.name,
                level=Level.NOTE,
            )
        )

    def _source(self, component: Component) -> None:
        if component.source == sources.INDEX:
            return
        self.notifications.append(
            notice(
                "requirement-not-on-index",
                f"{component.name} {component.version} was installed from {shown(component.url or 'a private index')}: "
                "no public advisories cover it",
                path=component.location.path,
                line=component.location.region.start_line if component.location.region else None,
                next_step=DECLARE_IT,
                component=component.name,
            )
        )


def component_of(file: Path, *, shown: str, limit_bytes: int = _LIMIT_BYTES) -> Component:
    """The component that a ``METADATA`` file is of; ``shown`` is its path in reports.

    :raises UnreadableError: it cannot be read, or names no name and version
    """
    text = decode_utf8(read_bytes(file.parent, file.name, limit_bytes=limit_bytes))
    metadata, _ = parse_email(text)
    return _component(metadata, Location(path=shown, region=_name_line(text)), file.parent, _direct_url(file.parent))


def _component(metadata: RawMetadata, place: Location, folder: Path, origin: Mapping[str, Any]) -> Component:
    name, version = metadata.get("name", ""), normal(metadata.get("version", ""))
    if not is_normalized_name(canonicalize_name(name)) or version is None:
        raise UnreadableError("names no valid name and version")
    component = Component(
        name=canonicalize_name(name),
        version=version,
        location=place,
        hashes=_hashes(folder, origin),
        source=_source(origin),
        url=_shown_url(origin),
        licence=core_metadata.licence(metadata),
        supplier=core_metadata.supplier(metadata),
        authors=core_metadata.authors(metadata),
    )
    return ruled(component)


def _metadata_file(entry: Path) -> Path:
    if entry.name.lower().endswith(".dist-info"):
        return entry / "METADATA"
    return entry / "PKG-INFO" if entry.is_dir() else entry


def _text(file: Path) -> str:
    return decode_utf8(read_bytes(file.parent, file.name, limit_bytes=_LIMIT_BYTES))


def _name_line(text: str) -> Region:
    lines = enumerate(text.split("\n"), start=1)
    return Region(start_line=next((number for number, line in lines if line.lower().startswith("name:")), 1))


def _lines_of_pth(file: Path) -> list[str]:
    """Folders that a ``.pth`` file adds; its ``import`` lines are code, which only tells at run time what it does."""
    try:
        lines = [line.strip() for line in _text(file).splitlines()]
    except UnreadableError:
        return ["/"]  # whatever it adds, it is not known
    return [line for line in lines if line and not line.startswith(("#", "import ", "import\t"))]


def _is_within(target: str, folder: str) -> bool:
    return bool(folder) and (target == folder or target.startswith(folder + os.sep))


def _folder_of(origin: Mapping[str, Any]) -> str:
    """The folder that an install points to, from its ``file:`` URL."""
    return unquote(urlsplit(origin["url"]).path).rstrip("/") if "dir_info" in origin else ""


def _direct_url(folder: Path) -> dict[str, Any]:
    file = folder / "direct_url.json"
    if not folder.is_dir() or not file.exists():
        return {}
    data = parse_json(_text(file))
    if not isinstance(data, dict) or not _is_url(data.get("url")):
        raise UnreadableError("its direct_url.json names no URL")
    return data


def _is_url(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(urlsplit(value).scheme)
    except ValueError:
        return False


def _source(origin: Mapping[str, Any]) -> str:
    if "vcs_info" in origin:
        return sources.VCS
    if "dir_info" in origin:
        return sources.PATH
    if origin:
        return sources.kind_of_link(origin["url"])
    return sources.INDEX


def _shown_url(origin: Mapping[str, Any]) -> str:
    """The recorded URL without login; of a local path only its last part, because the rest is this machine's."""
    url = origin.get("url", "")
    if url and sources.kind_of_link(url) == sources.PATH:
        return f"file:{url.rstrip('/').rpartition('/')[2]}"
    return sources.without_login(url)


def _hashes(folder: Path, origin: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """The archive's own hash where the installer recorded it, else the digest of RECORD.

    RECORD lists the digest of every installed file, so its own digest stands for the component as it is installed.
    """
    archive = origin.get("archive_info")
    known = archive.get("hashes") if isinstance(archive, dict) else None
    if isinstance(known, dict) and known:
        return {str(algorithm): (str(digest),) for algorithm, digest in sorted(known.items())}
    try:
        data = read_bytes(folder, "RECORD", limit_bytes=_LIMIT_BYTES)
    except UnreadableError:
        return {}
    return {"sha256": (hashlib.sha256(data).hexdigest(),)}


def _linked(installed: list[_Installed]) -> tuple[Component, ...]:
    """Components with the graph: an edge wherever a requirement, of the extras in use, is installed."""
    names = {one.component.name for one in installed}
    extras = _extras(installed)
    known = any(one.requested for one in installed)
    return tuple(
        replace(
            one.component,
            direct=one.requested if known else None,
            depends_on=tuple(sorted(set(_edges(one, names, extras[one.component.name])))),
        )
        for one in installed
    )


def _extras(installed: list[_Installed]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {one.component.name: set() for one in installed}
    for one in installed:
        for requirement in one.requirements:
            found.setdefault(canonicalize_name(requirement.name), set()).update(requirement.extras)
    return found


def _edges(one: _Installed, names: set[str], extras: Iterable[str]) -> Iterator[str]:
    for requirement in one.requirements:
        name = canonicalize_name(requirement.name)
        if name in names and (requirement.marker is None or _applies(requirement.marker, extras)):
            yield name


def _applies(marker: Marker, extras: Iterable[str]) -> bool:
    """Whether a requirement is of an extra in use. Other markers are left aside: that it is installed answers them."""
    if "extra" not in str(marker):
        return True
    try:
        return any(marker.evaluate({"extra": extra}) for extra in extras)
    except ValueError:  # it compares what has no order, or numbers without end: the edge is only for the graph
        return True
