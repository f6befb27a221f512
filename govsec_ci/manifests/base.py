"""What every manifest format gives: components with file and line, and what could not be taken as one."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol, runtime_checkable

from msgspec import Struct

from govsec_ci.model import Component, Notification
from govsec_ci.system.files import Skipped

LIMIT_BYTES = 50_000_000
"""Largest manifest that is read unless the configuration says otherwise."""

MAIN = "main"
"""Group of what the project needs to run, in every format; other groups carry the names of extras and groups."""

BUILD = "build-system"
"""Group of what only builds the project (``[build-system] requires``): no part of what is released."""


class Declared(Struct, frozen=True, kw_only=True):
    """One requirement that a project declares for itself, to be found in its lock.

    :param name: normalised (PEP 503)
    :param specifier: a PEP 440 specifier set; empty allows every version
    :param marker: environment marker, or empty
    :param group: :data:`MAIN`, or the name of the extra or dependency group that it belongs to
    :param url: where it is said to come from, when not by version from an index
    """

    name: str
    line: int
    specifier: str = ""
    marker: str = ""
    extras: tuple[str, ...] = ()
    group: str = MAIN
    url: str = ""


class Manifest(Struct, frozen=True, kw_only=True):
    """One dependency manifest, read without running or resolving anything.

    :param path: POSIX path relative to the judged tree
    :param format: registry name of its format, e.g. ``requirements`` or ``uv.lock``
    :param includes: paths of further files whose components are among its own (``-r``)
    :param constraints: paths of further files that only pin versions for it (``-c``)
    :param components: everything it names, in file order; those with ``version is None`` are not auditable
    :param notifications: what could not be read or is not pinned; ERROR makes the audit incomplete
    :param members: the judged project's own packages in a lock, which are no components: name → folder in the tree
    :param unpinned: index in ``components`` → PEP 440 specifiers, of those that name no exact version
    :param stated: folder → what that project declared when the lock was made, where the lock repeats it
    :param aside: it says nothing of what the project needs to run: a script's own needs, or those of building
    """

    path: str
    format: str
    components: tuple[Component, ...] = ()
    notifications: tuple[Notification, ...] = ()
    includes: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    members: Mapping[str, str] = {}
    unpinned: Mapping[int, str] = {}
    stated: Mapping[str, tuple[Declared, ...]] = {}
    aside: bool = False


class Discovery(Struct, frozen=True, kw_only=True):
    """The manifests of a tree, and the files that look like one but were not taken, each with the reason."""

    manifests: tuple[Manifest, ...]
    left: tuple[Skipped, ...] = ()


class ManifestFormat(Protocol):
    """One manifest format; each lives in one file and one line of ``registry.FORMATS``."""

    name: str

    @property
    def endings(self) -> tuple[str, ...]:
        """What the path of each of its files ends in, in small letters: most files of a tree end otherwise."""
        ...

    def matches(self, path: str) -> bool:
        """Whether a POSIX path relative to the tree is a manifest of this format, judged by its name alone."""
        ...

    def read(self, root: Path, path: str, *, limit_bytes: int = LIMIT_BYTES) -> Manifest:
        """Parse ``root / path``. Never raises for what the file holds: that becomes notifications."""
        ...


class Declaration(Struct, frozen=True, kw_only=True):
    """What a project says that it needs, as far as that can be read without running anything.

    :param requires_python: a PEP 440 specifier set, or empty
    :param files: requirements files that are part of the declaration (relative to the tree)
    :param computed: why the dependencies are only known when the project is built, or empty
    :param own_name: the project's own normalised name, where given
    :param main: whether the run-time dependencies are declared here, so that older files beside it do not count
    :param silent: why the file says nothing about dependencies at all, or empty
    :param notifications: what could not be read
    :param lock: the one file that can lock it, where nothing else near it speaks of the same environment
    :param index: URL of another index than the public one that all of it may come from
    :param pins: whether an exact version (``==``) is what gets installed, as in a requirements file
    :param next_step: what to do about a requirement that nothing locks, where that is not the usual
    :param build: what building the project needs; no lock of any tool holds it
    :param aside: as :class:`Manifest` has it
    """

    path: str
    format: str
    requirements: tuple[Declared, ...] = ()
    requires_python: str = ""
    files: tuple[str, ...] = ()
    computed: str = ""
    own_name: str = ""
    main: bool = False
    silent: str = ""
    notifications: tuple[Notification, ...] = ()
    lock: str = ""
    index: str = ""
    pins: bool = False
    next_step: str = ""
    build: tuple[Declared, ...] = ()
    aside: bool = False


@runtime_checkable
class DeclaringFormat(Protocol):
    """A format in which a project declares what it needs, without locking it (``pyproject.toml``, ``Pipfile`` …).

    :param locks: registry names of the formats that lock it
    """

    locks: tuple[str, ...]

    def declaration(self, root: Path, path: str, *, limit_bytes: int = LIMIT_BYTES) -> Declaration:
        """Read the declaration. Never raises for what the file holds: that becomes notifications."""
        ...


class ContentFormat(ManifestFormat, Protocol):
    """A manifest that only a file's content tells (:data:`registry.BY_CONTENT`)."""

    def may_hold(self, path: str) -> bool:
        """Whether a file of that name is to be looked into."""
        ...

    def holds(self, data: bytes) -> bool:
        """Whether its bytes (the first of them, of a very large file) hold such a manifest."""
        ...
