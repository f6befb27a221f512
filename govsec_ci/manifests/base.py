"""What every manifest format gives: components with file and line, and what could not be taken as one."""

from pathlib import Path
from typing import Protocol

from msgspec import Struct

from govsec_ci.model import Component, Notification


class Manifest(Struct, frozen=True, kw_only=True):
    """One dependency manifest, read without running or resolving anything.

    :param path: POSIX path relative to the judged tree
    :param format: registry name of its format, e.g. ``requirements`` or ``uv.lock``
    :param includes: paths of further files that it pulled in (``-r``, ``-c``)
    :param components: everything it names, in file order; those with ``version is None`` are not auditable
    :param notifications: what could not be read or is not pinned; ERROR makes the audit incomplete
    """

    path: str
    format: str
    components: tuple[Component, ...] = ()
    notifications: tuple[Notification, ...] = ()
    includes: tuple[str, ...] = ()


class ManifestFormat(Protocol):
    """One manifest format; each lives in one file and one line of ``registry.FORMATS``."""

    name: str

    def matches(self, path: str) -> bool:
        """Whether a POSIX path relative to the tree is a manifest of this format, judged by its name alone."""
        ...

    def read(self, root: Path, path: str) -> Manifest:
        """Parse ``root / path``. Never raises for what the file holds: that becomes notifications."""
        ...
