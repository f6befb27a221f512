"""Which files of a tree are dependency manifests, which of them count, and why the others do not."""

import posixpath
from collections.abc import Iterable

from msgspec.structs import replace

from govsec_ci.manifests.base import LIMIT_BYTES, Declaration, DeclaringFormat, Discovery, Manifest
from govsec_ci.manifests.declared import settle
from govsec_ci.manifests.notices import notice
from govsec_ci.manifests.registry import FORMATS
from govsec_ci.system.files import Skipped, Tree

_REQUIREMENTS = "requirements"
# Folders that hold other projects' code as it was delivered: their manifests are those projects' business.
_VENDORED = frozenset({"_vendor", "vendor", "vendored", "third_party", "site-packages", "dist-packages"})


def discover(tree: Tree, *, limit_bytes: int = LIMIT_BYTES) -> Discovery:
    """Read every manifest of the tree.

    :param limit_bytes: largest manifest that is read; a larger one is a notification
    :returns: the manifests in the order of their paths, and what was left with the reason
    """
    return _Search(tree, limit_bytes).discovery()


class _Search:
    def __init__(self, tree: Tree, limit_bytes: int) -> None:
        self.tree = tree
        self.limit_bytes = limit_bytes
        self.left: list[Skipped] = []
        self.read: dict[str, Manifest] = {}
        self.declarations: list[Declaration] = []

    def discovery(self) -> Discovery:
        for path in self.tree.files:
            self._file(path)
        self._refused()
        self._drop_included()
        declared = list(self._declared())
        manifests = [*self.read.values(), *declared]
        return Discovery(
            manifests=tuple(sorted(manifests, key=lambda manifest: (manifest.path, manifest.format))),
            left=tuple(sorted(self.left, key=lambda skipped: skipped.path)),
        )

    def _file(self, path: str) -> None:
        reader = next((reader for reader in FORMATS.values() if reader.matches(path)), None)
        if reader is None:
            return
        if _VENDORED.intersection(path.split("/")[:-1]):
            self._leave(path, "in a folder of vendored code")
        elif isinstance(reader, DeclaringFormat):
            self.declarations.append(reader.declaration(self.tree.root, path, limit_bytes=self.limit_bytes))
        else:
            self.read[path] = reader.read(self.tree.root, path, limit_bytes=self.limit_bytes)

    def _refused(self) -> None:
        """What the walk could not enter or read may be, or hold, a manifest: never nothing."""
        for entry in self.tree.refused:
            reader = next((reader for reader in FORMATS.values() if reader.matches(entry.path)), None)
            if reader is None and not entry.reason.startswith("folder"):
                continue
            broken = notice(
                "manifest-unreadable",
                f"{entry.reason}: a manifest may be missing from the audit",
                path=entry.path,
                next_step="make it readable, or take it out of the tree",
            )
            name = reader.name if reader else "unknown"
            self.read[entry.path] = Manifest(path=entry.path, format=name, notifications=(broken,))

    def _drop_included(self) -> None:
        """A requirements file that another one reads is part of that one; of a ring, the first stays."""
        for path in self._requirements():
            includers = [other for other in self._requirements() if path in self.read[other].includes]
            ring = [other for other in includers if other in self.read[path].includes]
            if includers and not (ring == includers and path < min(ring)):
                self._leave(path, f"read as part of {includers[0]}")
                del self.read[path]

    def _requirements(self) -> list[str]:
        return sorted(path for path, manifest in self.read.items() if manifest.format == _REQUIREMENTS)

    def _leave(self, path: str, reason: str) -> None:
        self.left.append(Skipped(path=path, reason=reason))

    def _declared(self) -> Iterable[Manifest]:
        for declaration in self.declarations:
            locks, requirements = self._beside(declaration)
            self._mark_direct(declaration, [*locks, *requirements])
            settled = settle(declaration, locks, requirements)
            if settled.manifest is not None:
                yield settled.manifest
            else:
                self._leave(declaration.path, settled.left)

    def _beside(self, declaration: Declaration) -> tuple[list[Manifest], list[Manifest]]:
        folder = posixpath.dirname(declaration.path)
        locks, requirements = [], []
        for path, manifest in self.read.items():
            home = posixpath.dirname(path)
            if manifest.format == _REQUIREMENTS and home in (folder, posixpath.join(folder, "requirements")):
                requirements.append(manifest)
            elif manifest.format != _REQUIREMENTS and home == folder:
                locks.append(manifest)
        return locks, requirements

    def _mark_direct(self, declaration: Declaration, manifests: list[Manifest]) -> None:
        """Which components the project itself asks for, where the format does not tell."""
        names = {one.name for one in declaration.requirements}
        for manifest in manifests if names else ():
            components = tuple(
                component if component.direct is not None else replace(component, direct=component.name in names)
                for component in manifest.components
            )
            self.read[manifest.path] = replace(manifest, components=components)
