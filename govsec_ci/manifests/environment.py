"""An installed environment, read through its metadata files: its Python is never started, nothing is imported.

Source: PyPA specifications "Recording installed projects", "Core metadata" and "Recording the direct URL origin".
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace
from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
from packaging.markers import Marker
from packaging.metadata import RawMetadata, parse_email
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from govsec_ci.errors import InputError, UsageError
from govsec_ci.manifests import sources
from govsec_ci.manifests.base import Manifest
from govsec_ci.manifests.notices import DECLARE_IT, notice, shown
from govsec_ci.manifests.pins import normal
from govsec_ci.manifests.shortcomings import ruled
from govsec_ci.manifests.text import UnreadableError, decode_utf8, parse_json
from govsec_ci.model import Component, Level, Location, Notification, Region
from govsec_ci.system.files import read_limited

FORMAT = "environment"
_LONGEST_LICENCE_NAME = 80
_LIMIT_BYTES = 20_000_000
_PATTERNS = ("lib/python*/site-packages", "lib64/python*/site-packages", "Lib/site-packages", "lib/pypy*/site-packages")


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
    """One distribution before the graph is known."""

    component: Component
    requirements: tuple[Requirement, ...]
    requested: bool


class _Reading:
    def __init__(self, path: Path, folders: list[Path]) -> None:
        self.path = path.resolve()
        self.folders = folders
        self.notifications: list[Notification] = []

    def manifest(self, project: str) -> Manifest:
        found = [one for folder in self.folders for one in self._folder(folder)]
        installed = [one for one in found if not self._is_project(one.component, project)]
        self._system_packages()
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
        return (Path(self.path.name) / file.resolve().relative_to(self.path)).as_posix()

    def _folder(self, folder: Path) -> Iterator[_Installed]:
        for entry in sorted(folder.resolve().iterdir()):
            name = entry.name.lower()
            file = entry / "METADATA" if name.endswith(".dist-info") else entry / "PKG-INFO"
            if name.endswith(".egg-info") and entry.is_file():
                file = entry
            elif name.endswith(".egg-link"):
                self._unreadable(entry, "a development install without metadata (.egg-link)")
                continue
            elif not name.endswith((".dist-info", ".egg-info")):
                continue
            found = self._distribution(entry, file)
            if found is not None:
                yield found

    def _distribution(self, folder: Path, file: Path) -> _Installed | None:
        try:
            text = _text(file)
            return self._installed(folder, file, text)
        except UnreadableError as error:
            self._unreadable(file if file.exists() else folder, error.what)
            return None

    def _installed(self, folder: Path, file: Path, text: str) -> _Installed:
        metadata, _ = parse_email(text)
        name, version = metadata.get("name", ""), normal(metadata.get("version", ""))
        if not name or version is None:
            raise UnreadableError("names no valid name and version")
        origin = _direct_url(folder)
        component = Component(
            name=canonicalize_name(name),
            version=version,
            location=Location(path=self._shown(file), region=Region(start_line=_name_line(text))),
            hashes=_hashes(folder, origin),
            source=_source(origin),
            url=_shown_url(origin),
            licence=_licence(metadata),
            supplier=_supplier(metadata),
            authors=_people(metadata),
        )
        component = ruled(component)
        requested = (folder / "REQUESTED").exists()
        return _Installed(component=component, requirements=tuple(_requirements(metadata)), requested=requested)

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


def _text(file: Path) -> str:
    try:
        return decode_utf8(read_limited(file, limit_bytes=_LIMIT_BYTES))
    except InputError as error:
        raise UnreadableError(error.what.removeprefix(f"{file}: ")) from error


def _name_line(text: str) -> int:
    for number, line in enumerate(text.split("\n"), start=1):
        if line.lower().startswith("name:"):
            return number
    return 1


def _direct_url(folder: Path) -> dict[str, Any]:
    file = folder / "direct_url.json"
    if not folder.is_dir() or not file.exists():
        return {}
    data = parse_json(_text(file))
    if not isinstance(data, dict) or not isinstance(data.get("url"), str):
        raise UnreadableError("its direct_url.json names no URL")
    return data


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
    record = folder / "RECORD"
    try:
        data = read_limited(record, limit_bytes=_LIMIT_BYTES)
    except InputError:
        return {}
    return {"sha256": (hashlib.sha256(data).hexdigest(),)}


def _requirements(metadata: RawMetadata) -> Iterator[Requirement]:
    for text in metadata.get("requires_dist", []):
        try:
            yield Requirement(text)
        except InvalidRequirement:
            continue  # Only the graph loses an edge: what is installed is read on its own.


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
    return any(marker.evaluate({"extra": extra}) for extra in extras)


def _licence(metadata: RawMetadata) -> str:
    """An SPDX expression where the metadata holds one, else the licence's name, else empty."""
    stated = metadata.get("license_expression") or metadata.get("license", "")
    try:
        return str(canonicalize_license_expression(stated)) if stated else _classified(metadata)
    except InvalidLicenseExpression:
        return _classified(metadata) or (stated if "\n" not in stated and len(stated) <= _LONGEST_LICENCE_NAME else "")


# Classifiers that name exactly one licence (PyPI's list of trove classifiers; SPDX licence list).
_CLASSIFIED = {
    "Apache Software License": "Apache-2.0",
    "MIT License": "MIT",
    "MIT No Attribution License (MIT-0)": "MIT-0",
    "ISC License (ISCL)": "ISC",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "The Unlicense (Unlicense)": "Unlicense",
    "Zope Public License": "ZPL-2.1",
    "GNU General Public License v2 (GPLv2)": "GPL-2.0-only",
    "GNU General Public License v2 or later (GPLv2+)": "GPL-2.0-or-later",
    "GNU General Public License v3 (GPLv3)": "GPL-3.0-only",
    "GNU General Public License v3 or later (GPLv3+)": "GPL-3.0-or-later",
    "GNU Lesser General Public License v2 or later (LGPLv2+)": "LGPL-2.0-or-later",
    "GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0-only",
    "GNU Lesser General Public License v3 or later (LGPLv3+)": "LGPL-3.0-or-later",
    "GNU Affero General Public License v3": "AGPL-3.0-only",
    "GNU Affero General Public License v3 or later (AGPLv3+)": "AGPL-3.0-or-later",
}


def _classified(metadata: RawMetadata) -> str:
    names = [text.rpartition(" :: ")[2] for text in metadata.get("classifiers", []) if text.startswith("License :: ")]
    known = sorted({_CLASSIFIED[name] for name in names if name in _CLASSIFIED})
    # Two classifiers do not say whether both hold or one may be chosen.
    return known[0] if len(known) == 1 and len(names) == 1 else ""


def _people(metadata: RawMetadata) -> tuple[str, ...]:
    return tuple(text for text in (metadata.get("author", ""), metadata.get("author_email", "")) if text.strip())


def _supplier(metadata: RawMetadata) -> str:
    """Who supplies it: the maintainer where one is named, else the author; a name rather than an address."""
    for field in ("maintainer", "maintainer_email", "author", "author_email"):
        text = str(metadata.get(field, "")).strip()
        if text and text.upper() != "UNKNOWN":
            return text.partition("<")[0].strip(' "') or text
    return ""
