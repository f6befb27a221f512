"""What the readers of lock files share: the file as data, each entry checked on its own, its line, its hashes."""

import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import Struct
from packaging.utils import canonicalize_name, is_normalized_name

from govsec_ci.manifests import sources
from govsec_ci.manifests.base import Declared, Manifest
from govsec_ci.manifests.notices import at, notice, shown
from govsec_ci.manifests.pins import normal
from govsec_ci.manifests.shortcomings import ruled, shortcomings
from govsec_ci.manifests.text import UnreadableError, parse_toml, read_utf8, table_lines
from govsec_ci.model import Component, Distribution, Level, Location, Notification, Region

_T = TypeVar("_T", bound=Struct)
_MOST_ENTRIES = 100_000


class Contents(Struct, frozen=True, kw_only=True):
    """What a reader made of a lock file; see :class:`~govsec_ci.manifests.base.Manifest`."""

    components: tuple[Component, ...]
    notifications: tuple[Notification, ...] = ()
    members: Mapping[str, str] = {}
    stated: Mapping[str, tuple[Declared, ...]] = {}


class LockFile(Struct, frozen=True):
    """Where a lock file is, and how large it may be."""

    root: Path
    path: str
    limit_bytes: int


class LockText(Struct, frozen=True, kw_only=True):
    """A lock file as read: where it is, its text, and its parsed data."""

    file: LockFile
    text: str
    data: dict[str, Any]

    @property
    def path(self) -> str:
        """Its POSIX path relative to the tree."""
        return self.file.path

    def place(self, line: int) -> Location:
        """A line of this file."""
        return Location(path=self.path, region=Region(start_line=line))


def read_lock(
    name: str,
    file: LockFile,
    build: Callable[[LockText], Contents],
    *,
    parse: Callable[[str], dict[str, Any]] = parse_toml,
) -> Manifest:
    """A manifest of a lock: ``build`` gives its components, everything unreadable becomes a notification."""
    try:
        text = read_utf8(file.root, file.path, limit_bytes=file.limit_bytes)
        return _manifest(name, file.path, build(LockText(file=file, text=text, data=parse(text))))
    except UnreadableError as error:
        broken = notice("manifest-unreadable", error.what, path=file.path, line=error.line, next_step=error.next_step)
        return Manifest(path=file.path, format=name, notifications=(broken,))


def _manifest(name: str, path: str, contents: Contents) -> Manifest:
    """Each component normalised, its shortcomings told."""
    nameless = [one for one in contents.components if not is_normalized_name(one.name)]
    every = [_normalised(component) for component in contents.components if is_normalized_name(component.name)]
    components = tuple(one for one in every if not _is_project(one.source, one.url))
    told = [note for component in components for note in shortcomings(component)]
    return Manifest(
        path=path,
        format=name,
        components=components,
        notifications=(*contents.notifications, *_nameless(nameless), *_told_as_project(every), *told),
        members=contents.members,
        stated=contents.stated,
    )


def _nameless(components: Iterable[Component]) -> Iterator[Notification]:
    for component in components:
        line = component.location.region.start_line if component.location.region else 1
        yield malformed(component.location.path, line, f"'{shown(component.name)}' is no name of a package")


def _normalised(component: Component) -> Component:
    version = None if component.version is None else normal(component.version)
    return ruled(msgspec.structs.replace(component, version=version))


def entries(lock: LockText, key: str, kind: type[_T]) -> Iterator[tuple[int, _T | Notification]]:
    """Each table of the array ``key`` with its line; one that is not what the format says is a notification."""
    tables = lock.data.get(key, [])
    if not isinstance(tables, list):
        raise UnreadableError(f"'{key}' is no array of tables", next_step="write the lock anew with its tool")
    if len(tables) > _MOST_ENTRIES:
        raise UnreadableError(f"names more than {_MOST_ENTRIES:,} packages", next_step="write the lock anew")
    for line, table in zip(table_lines(lock.text, key, len(tables)), tables, strict=True):
        yield line, converted(lock.path, line, table, kind)


def converted(path: str, line: int, table: Any, kind: type[_T]) -> _T | Notification:
    """A table as a typed entry, or the notification that it is none."""
    try:
        return msgspec.convert(table, kind)
    except (msgspec.ValidationError, UnicodeEncodeError) as error:  # a key may be half of a surrogate pair
        return malformed(path, line, f"the entry is not as the format says: {error}")


def malformed(path: str, line: int, text: str) -> Notification:
    """An entry of a lock that cannot be taken."""
    step = "write the lock anew with its tool"
    return notice("requirement-malformed", text, path=path, line=line, next_step=step)


def _is_project(source: str, url: str) -> bool:
    """Whether a path leads to the lock's own folder: the judged project itself, which is no component."""
    return source == sources.PATH and posixpath.normpath(url.removeprefix("file:") or ".") == "."


def _told_as_project(components: Iterable[Component]) -> Iterator[Notification]:
    """A note for each component that is the judged project itself."""
    for component in components:
        if _is_project(component.source, component.url):
            text = f"{component.name} is the project itself; what it needs is read from its own declaration"
            yield at(component.location, "requirement-is-project", text, Level.NOTE)


def named(name: str) -> str:
    """A normalised name."""
    return name if is_normalized_name(name) else canonicalize_name(name)


def merged(components: Iterable[Component]) -> list[Component]:
    """Entries of one name, version and marker as one component: its groups, extras, edges and hashes together."""
    found: dict[tuple[str, str | None, str], Component] = {}
    for component in components:
        key = (component.name, component.version, component.marker)
        found[key] = _both(found[key], component) if key in found else component
    return list(found.values())


def _both(first: Component, second: Component) -> Component:
    edges = None
    if first.depends_on is not None or second.depends_on is not None:
        edges = tuple(sorted({*(first.depends_on or ()), *(second.depends_on or ())}))
    # The one that cannot be audited decides: the other's origin does not make it public.
    origin = first if first.source != sources.INDEX else second
    return msgspec.structs.replace(
        first,
        extras=tuple(sorted({*first.extras, *second.extras})),
        groups=tuple(sorted({*first.groups, *second.groups})),
        depends_on=edges,
        hashes=first.hashes or second.hashes,
        files=first.files or second.files,
        source=origin.source,
        index=origin.index,
        url=origin.url,
    )


def hashes(texts: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """``sha256:…`` texts, grouped by algorithm, without repeats, in order."""
    found: dict[str, dict[str, None]] = {}
    for text in texts:
        algorithm, separator, digest = text.partition(":")
        if separator and digest:
            found.setdefault(algorithm.lower(), {})[digest.lower()] = None
    return {algorithm: tuple(digests) for algorithm, digests in found.items()}


def distributions(files: Iterable[tuple[str, Iterable[str]]]) -> tuple[Distribution, ...]:
    """Pairs of a URL and its ``sha256:…`` texts → files, each once; none where one has no address to fetch it from."""
    found: dict[str, Distribution] = {}
    for url, texts in files:
        if not url.startswith(("https://", "http://")):
            return ()
        digests = {algorithm: every[0] for algorithm, every in hashes(texts).items()}
        found[url] = Distribution(url=sources.without_login(url), hashes=digests)
    return tuple(found.values())


def foreign_file(urls: Sequence[str]) -> str | None:
    """The first distribution URL that is not at the public index's file host."""
    return next((sources.without_login(url) for url in urls if url and not sources.is_public_file(url)), None)
