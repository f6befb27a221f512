"""``requirements*.txt``: pip's format with its includes and constraints, confined to the judged tree."""

import os
import posixpath
from collections.abc import Iterable, Iterator
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace
from packaging.utils import canonicalize_name

from govsec_ci.manifests import sources
from govsec_ci.manifests.annotations import Place, annotations, with_graph
from govsec_ci.manifests.base import LIMIT_BYTES, Declaration, Declared, Manifest
from govsec_ci.manifests.environments import covered
from govsec_ci.manifests.notices import at, notice, shown
from govsec_ci.manifests.pins import allows, exact_version
from govsec_ci.manifests.requirement_lines import MalformedError, Parsed, decode, logical_lines, parse_line
from govsec_ci.manifests.shortcomings import ruled, shortcomings
from govsec_ci.manifests.text import UnreadableError, read_bytes
from govsec_ci.model import Component, Level, Location, Notification, Region

_DEEPEST_INCLUDE = 50
_MOST_MALFORMED = 500
_MOST_ENTRIES = 100_000
VENDOR_FOLDERS = frozenset({"_vendor", "vendor", "vendored", "third_party"})
"""Folders that hold other projects' code as it was delivered, in source trees."""
_VENDORED = frozenset({"vendor.txt", "vendored.txt"})


class Requirements:
    """pip's requirements format."""

    name = "requirements"
    endings = (".txt", ".lock", ".pip")

    def matches(self, path: str) -> bool:
        """``*requirements*.txt`` (``.lock`` with rye, also ``.pip``), any ``.txt`` below a folder ``requirements``.

        And ``_vendor/vendor.txt``, from which the tool vendoring makes that folder.
        """
        folder, _, file = path.lower().rpartition("/")
        stem, dot, suffix = file.rpartition(".")
        if not dot or stem.startswith("constraints"):
            return False
        if file in _VENDORED and posixpath.basename(folder) in VENDOR_FOLDERS:
            return True
        in_folder = suffix == "txt" and "requirements" in folder.split("/")
        return in_folder or (suffix in ("txt", "lock", "pip") and "requirements" in stem)

    def read(self, root: Path, path: str, *, limit_bytes: int = LIMIT_BYTES) -> Manifest:
        """Parse the file and everything that it includes, each at most once."""
        reading = _Reading(root, limit_bytes)
        reading.file(path, constraining=False, included_from=None)
        return reading.manifest(self.name, path)


def read_lines(name: str, root: Path, path: str, lines: Iterable[tuple[int, str]], *, limit_bytes: int) -> Manifest:
    """Lines in this format that stand in a file of another one, each with its number there."""
    reading = _Reading(root, limit_bytes)
    reading.stack.append(path)
    for number, text in lines:
        reading.line(path, number, text, constraining=False)
    return reading.manifest(name, path)


def declared_in(name: str, root: Path, path: str, *, limit_bytes: int) -> Declaration:
    """A file in this format as a declaration: its specifiers matter, not its pins, and what it comes from is told
    by the file that was compiled from it.
    """
    reading = _Reading(root, limit_bytes)
    reading.file(path, constraining=False, included_from=None)
    return Declaration(
        path=path,
        format=name,
        requirements=tuple(
            Declared(
                name=entry.component.name,
                line=entry.component.location.region.start_line if entry.component.location.region else 1,
                specifier=entry.specifier,
                marker=entry.component.marker,
                extras=entry.component.extras,
                url=entry.component.url,
            )
            for entry in reading.entries
            if entry.component.location.path == path  # the others are declared by the included file
        ),
        notifications=tuple(note for note in reading.notifications if note.level is Level.ERROR),
    )


class _Entry(Struct, frozen=True, kw_only=True):
    """A requirement before constraints and indexes are known."""

    component: Component
    specifier: str = ""


class _Reading:
    """One root file being read, with all that it pulls in."""

    def __init__(self, root: Path, limit_bytes: int) -> None:
        self.root = root
        self.limit_bytes = limit_bytes
        self.entries: list[_Entry] = []
        self.constraints: dict[str, list[_Entry]] = {}
        self.notifications: list[Notification] = []
        self.includes: list[str] = []
        self.constraining: list[str] = []
        self.private: str | None = None
        self.stack: list[str] = []
        self.done: set[tuple[str, bool]] = set()
        self.malformed = 0
        self.reasons: dict[Place, tuple[str, ...]] = {}

    def file(self, path: str, *, constraining: bool, included_from: Location | None) -> None:
        self.done.add((path, constraining))
        self.stack.append(path)
        try:
            text = decode(read_bytes(self.root, path, limit_bytes=self.limit_bytes))
        except UnreadableError as error:
            self._unreadable(path, error, included_from)
        else:
            self.reasons.update({(path, line): why for line, why in annotations(text).items()})
            for line in logical_lines(text):
                if len(self.entries) >= _MOST_ENTRIES:
                    self._too_many(path, line.number)
                    break
                self.line(path, line.number, line.text, constraining=constraining)
        self.stack.pop()

    def _too_many(self, path: str, line: int) -> None:
        text = f"names more than {_MOST_ENTRIES:,} requirements: the rest was not read"
        self.notifications.append(notice("manifest-unreadable", text, path=path, line=line))

    def _unreadable(self, path: str, error: UnreadableError, included_from: Location | None) -> None:
        self.notifications.append(
            notice("manifest-unreadable", error.what, path=path, line=error.line, next_step=error.next_step)
        )
        if included_from is not None:
            self._bad_include(included_from, f"includes {shown(path)}, which cannot be read")

    def line(self, path: str, number: int, text: str, *, constraining: bool) -> None:
        place = Location(path=path, region=Region(start_line=number))
        try:
            parsed = parse_line(text)
        except MalformedError as error:
            self._malformed(place, text, str(error))
            return
        self._indexes(place, parsed)
        for target in parsed.includes:
            self._include(place, target, constraining=constraining)
        for target in parsed.constraints:
            self._include(place, target, constraining=True)
        entry = self._entry(place, parsed)
        if entry is not None and constraining:
            self.constraints.setdefault(entry.component.name, []).append(entry)
        elif entry is not None:
            self.entries.append(entry)

    def _malformed(self, place: Location, text: str, why: str) -> None:
        self.malformed += 1
        if self.malformed > _MOST_MALFORMED:
            return
        self.notifications.append(
            at(
                place,
                "requirement-malformed",
                f"{_quoted(text)} is not a requirement: {shown(why)}",
                next_step="write NAME==VERSION, with --hash where hashes are kept, or one of pip's options; "
                "a text that is no requirements file belongs under another name",
            )
        )

    def _indexes(self, place: Location, parsed: Parsed) -> None:
        for url in parsed.indexes:
            if not sources.is_public_index(url):
                self._private(place, url, f"takes packages from {_safe_url(url)}, not the public index")
        for url in parsed.find_links:
            self._private(place, url, f"takes packages from {_safe_url(url)} (--find-links)")
        if parsed.no_index:
            self._private(place, "", "takes no packages from the public index (--no-index)")

    def _private(self, place: Location, url: str, text: str) -> None:
        self.private = self.private or sources.without_login(url)
        self.notifications.append(
            at(place, "index-not-public", f"{text}: no component of this file is known to be public", Level.WARNING)
        )

    def _include(self, place: Location, target: str, *, constraining: bool) -> None:
        path = self._inside(place, target)
        if path is None or (path, constraining) in self.done:
            if path in self.stack:
                self._bad_include(place, f"includes {shown(target)}, which includes itself")
            return
        if len(self.stack) > _DEEPEST_INCLUDE:
            self._bad_include(place, f"is the {_DEEPEST_INCLUDE}th include within an include")
            return
        pulled_in = self.constraining if constraining else self.includes
        pulled_in.append(path)
        self.file(path, constraining=constraining, included_from=place)

    def _inside(self, place: Location, target: str) -> str | None:
        """The included path relative to the tree; None, with a notification, where it is not a file in the tree."""
        if "://" in target or target.lower().startswith("file:"):
            self._bad_include(place, f"includes the URL {_safe_url(target)}, which is not part of the tree")
            return None
        path = posixpath.normpath(posixpath.join(posixpath.dirname(place.path), target))
        if posixpath.isabs(target) or path.startswith("../") or not sources.is_inside(self.root, path):
            self._bad_include(place, f"includes {shown(target)}, which leads out of the tree")
            return None
        if not os.path.exists(self.root / path):
            self._bad_include(place, f"includes {shown(target)}, which does not exist")
            return None
        return path

    def _bad_include(self, place: Location, text: str) -> None:
        step = "include only files of the project, by a path relative to the including file"
        self.notifications.append(at(place, "manifest-include", text, next_step=step))

    def _entry(self, place: Location, parsed: Parsed) -> _Entry | None:
        if parsed.requirement is not None:
            requirement = parsed.requirement
            return _Entry(
                component=Component(
                    name=canonicalize_name(requirement.name),
                    version=exact_version(requirement.specifier),
                    location=place,
                    hashes=parsed.hashes,
                    marker=parsed.marker,
                    extras=tuple(sorted(requirement.extras)),
                    source=sources.kind_of_link(requirement.url) if requirement.url else sources.INDEX,
                    url=sources.without_login(requirement.url or ""),
                ),
                specifier=str(requirement.specifier),
            )
        link = parsed.link or parsed.editable
        return self._linked(place, link, parsed) if link else None

    def _linked(self, place: Location, link: str, parsed: Parsed) -> _Entry | None:
        bare, _, extras = link.partition("[") if "://" not in link else (link, "", "")
        if sources.kind_of_link(link) == sources.PATH and self._is_project(place, bare):
            text = f"{_quoted(link)} is the project itself; what it needs is read from its own declaration"
            self.notifications.append(at(place, "requirement-is-project", text, Level.NOTE))
            return None
        name, version = sources.name_of_link(bare)
        component = Component(
            name=name,
            version=version,
            location=place,
            hashes=parsed.hashes,
            marker=parsed.marker,
            extras=tuple(part.strip() for part in extras.rstrip("]").split(",") if part.strip()),
            source=sources.kind_of_link(link),
            url=sources.without_login(link),
        )
        return _Entry(component=component)

    def _is_project(self, place: Location, link: str) -> bool:
        """Whether a path is the folder of the including file or one above it, within the tree."""
        path = link.removeprefix("file:")
        folder = posixpath.dirname(place.path)
        target = posixpath.normpath(posixpath.join(folder, path))
        inside = not posixpath.isabs(path) and not target.startswith("..")
        return inside and (target == "." or f"{folder}/".startswith(f"{target}/"))

    def manifest(self, name: str, path: str) -> Manifest:
        if self.malformed > _MOST_MALFORMED:
            more = self.malformed - _MOST_MALFORMED
            text = f"and {more:,} more lines are not requirements" if more > 1 else "and 1 more line is no requirement"
            self.notifications.append(notice("requirement-malformed", text, path=path))
        pairs = [(self._indexed(one), entry.specifier) for entry in self.entries for one in self._constrained(entry)]
        components = with_graph([component for component, _ in pairs], self.reasons)
        for component in components:
            self.notifications.extend(shortcomings(component))
        self.notifications.extend(_conflicts(components))
        self.notifications.extend(_unproven(path, components))
        return Manifest(
            path=path,
            format=name,
            components=tuple(components),
            notifications=tuple(self.notifications),
            includes=tuple(self.includes),
            constraints=tuple(self.constraining),
            unpinned={
                number: specifier
                for number, (component, specifier) in enumerate(pairs)
                if component.version is None and component.source == sources.INDEX
            },
        )

    def _constrained(self, entry: _Entry) -> Iterator[Component]:
        """The component of an entry; one for each pin, where constraints pin it by marker."""
        component = entry.component
        pins = [
            pin.component
            for pin in self.constraints.get(component.name, ())
            if pin.component.version or pin.component.source != sources.INDEX
        ]
        if component.version or component.source != sources.INDEX:
            self._check_constraints(component, pins)
            yield component
            return
        fitting = [pin for pin in pins if pin.version is None or allows(entry.specifier, pin.version)]
        for pin in fitting:
            yield replace(
                component,
                version=pin.version,
                hashes=pin.hashes or component.hashes,
                marker=_both(component.marker, pin.marker),
                source=pin.source,
                url=pin.url,
            )
        if not covered(component.marker, [pin.marker for pin in fitting]):
            yield component  # somewhere no constraint holds it

    def _check_constraints(self, component: Component, pins: list[Component]) -> None:
        versions = {pin.version for pin in pins if pin.marker == "" and pin.version}
        if component.version and versions and component.version not in versions:
            text = f"{component.name}=={component.version} contradicts the constraint =={min(versions)}"
            self.notifications.append(_conflict(component, text))

    def _indexed(self, component: Component) -> Component:
        if component.source == sources.INDEX and self.private is not None:
            return replace(component, source=sources.PRIVATE, index=self.private)
        return ruled(component)


def _both(first: str, second: str) -> str:
    if first and second and first != second:
        return f"({first}) and ({second})"
    return first or second


def _quoted(text: str) -> str:
    return f"'{shown(_safe_url(text))}'"


def _safe_url(text: str) -> str:
    return shown(sources.without_login(text)) if "://" in text else shown(text)


def _conflicts(components: list[Component]) -> Iterator[Notification]:
    seen: dict[tuple[str, str], Component] = {}
    for component in components:
        first = seen.setdefault((component.name, component.marker), component)
        if first.version != component.version:
            text = f"{component.name} is asked for twice: {first.version or 'any'} and {component.version or 'any'}"
            yield _conflict(component, text)


def _conflict(component: Component, text: str) -> Notification:
    return at(
        component.location,
        "requirement-conflict",
        text,
        next_step="keep one of the two, or tell them apart by environment markers",
        component=component.name,
    )


def _unproven(path: str, components: list[Component]) -> Iterator[Notification]:
    """With hashes, pip installs only what the file names; without them it may add what is missing."""
    if components and not all(component.hashes for component in components):
        yield notice(
            "manifest-closure-unproven",
            "not every line has a hash: nothing proves that no transitive dependency is missing",
            path=path,
            level=Level.WARNING,
            next_step="pip-compile --generate-hashes, or uv pip compile --generate-hashes",
        )
