"""Which files of a tree are dependency manifests, which of them count, and why the others do not."""

import posixpath
from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from govsec_ci.manifests import sources
from govsec_ci.manifests.base import (
    LIMIT_BYTES,
    ContentFormat,
    Declaration,
    DeclaringFormat,
    Discovery,
    Manifest,
    ManifestFormat,
)
from govsec_ci.manifests.conda import Conda
from govsec_ci.manifests.declared import Settled, settle
from govsec_ci.manifests.dist_info import DistInfo
from govsec_ci.manifests.installed import answered
from govsec_ci.manifests.look import Look
from govsec_ci.manifests.notices import UNREAD_STEP, notice, shown
from govsec_ci.manifests.registry import BY_CONTENT, FORMATS, named
from govsec_ci.manifests.requirements import VENDOR_FOLDERS
from govsec_ci.model import Level, Notification
from govsec_ci.system.files import Skipped, Tree

_REQUIREMENTS = "requirements"
_EVERYWHERE = "/"
"""No folder of a tree: where an installed environment counts."""
# Folders that hold other projects' code as it was delivered: their manifests are those projects' business.
_VENDORED = VENDOR_FOLDERS | {"site-packages", "dist-packages"}
_NOT_PYTHON = "another ecosystem's manifest: take its scanner's results in with [[import]]"
_CONDA = "conda's packages are not read"
_BUILDOUT = "buildout's versions are not read"
_LOCK_OF_SCRIPT = "script.lock"
# What declares Python's packages in a form that no reader knows → its name.
_UNREAD: Mapping[str, str] = {_CONDA: "conda", _BUILDOUT: "buildout"}
_FOREIGN: Mapping[str, str] = {
    **dict.fromkeys(
        ("package.json", "package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock",
         "bun.lockb", "deno.lock", "go.mod", "Cargo.lock", "Cargo.toml", "Gemfile", "Gemfile.lock", "composer.json",
         "composer.lock", "pom.xml", "build.gradle", "build.gradle.kts", "gradle.lockfile", "packages.lock.json",
         "Package.resolved", "pubspec.lock", "mix.lock", "conanfile.txt", "conanfile.py", "vcpkg.json"),
        _NOT_PYTHON,
    ),
    **dict.fromkeys(("conda-lock.yml", "conda-lock.yaml", "pixi.toml", "pixi.lock"), _CONDA),
    **dict.fromkeys(("buildout.cfg", "versions.cfg"), _BUILDOUT),
}  # fmt: skip
# What replaces an older declaration in the same folder, as setuptools reads them.
_NEWER: Mapping[str, tuple[str, ...]] = {"setup.py": ("pyproject.toml", "setup.cfg"), "setup.cfg": ("pyproject.toml",)}


def discover(tree: Tree, *, limit_bytes: int = LIMIT_BYTES, environment: Manifest | None = None) -> Discovery:
    """Read every manifest of the tree.

    :param limit_bytes: largest manifest that is read; a larger one is a notification
    :param environment: an installed environment (:func:`~govsec_ci.manifests.environment.read_environment`), which
        becomes one of the manifests and answers what the others leave open: unpinned lines, declarations without lock
    :returns: the manifests in the order of their paths, and what was left with the reason
    """
    return _Search(tree, limit_bytes, environment).discovery()


class _Search:
    def __init__(self, tree: Tree, limit_bytes: int, environment: Manifest | None) -> None:
        self.tree = tree
        self.limit_bytes = limit_bytes
        self.environment = environment
        self._look = Look(tree.root, limit_bytes)
        self._files = frozenset(tree.files)
        self.left: list[Skipped] = []
        self.read: dict[str, Manifest] = {}
        self.declarations: list[tuple[DeclaringFormat, Declaration]] = []
        # Folder → what stands there or speaks of it (by its number in `read`), and what declares its dependencies.
        self._around: dict[str, dict[int, str]] = {}
        self._homes: dict[str, list[Declaration]] = {}
        self._taken: dict[str, set[str]] = {}

    def discovery(self) -> Discovery:
        for path in self.tree.files:
            self._file(path)
        self._refused()
        self.declarations = [(reader, self._read_files_of(one)) for reader, one in self.declarations]
        self._drop_included()
        self._drop_project()
        self._environment()
        self._only_unread()
        declared = list(self._declared())
        manifests = [*self.read.values(), *declared]
        return Discovery(
            manifests=tuple(sorted(manifests, key=lambda manifest: (manifest.path, manifest.format))),
            left=tuple(sorted(self.left, key=lambda skipped: skipped.path)),
        )

    def _file(self, path: str) -> None:
        reader = named(path) or self._by_content(path)
        if reader is None:
            reason = _why_left(posixpath.basename(path))
            if reason:
                self._leave(path, reason)
        elif _is_vendored(path, reader):
            self._leave(path, "in a folder of vendored code")
        elif isinstance(reader, DeclaringFormat):
            declaration = reader.declaration(self.tree.root, path, limit_bytes=self.limit_bytes)
            self.declarations.append((reader, declaration))
        else:
            self._take(reader.read(self.tree.root, path, limit_bytes=self.limit_bytes))

    def _take(self, manifest: Manifest) -> None:
        if manifest.format == Conda.name and manifest.aside:
            self._leave(manifest.path, "declares no dependencies")
        else:
            self.read[manifest.path] = manifest

    def _by_content(self, path: str) -> ContentFormat | None:
        """The format that a file's content tells; one that cannot be opened is bandit's to name."""
        for reader in BY_CONTENT.values():
            if reader.may_hold(path) and reader.holds(self._look.into(path)):
                return reader
        return None

    def _refused(self) -> None:
        """What the walk could not enter or read may be, or hold, a manifest: never nothing."""
        for entry in self.tree.refused:
            reader = named(entry.path)
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
        includers: dict[str, list[str]] = {}
        for path in self._requirements():
            for included in self.read[path].includes:
                includers.setdefault(included, []).append(path)
        for path in self._requirements():
            by = includers.get(path, [])
            ring = [other for other in by if other in self.read[path].includes]
            if by and not (ring == by and path < min(ring)):
                self._leave(path, f"read as part of {by[0]}")
                del self.read[path]

    def _drop_project(self) -> None:
        """What is unpacked of the judged project itself is no component of it."""
        own = {declaration.own_name for _, declaration in self.declarations} - {""}
        for path, manifest in list(self.read.items()):
            if manifest.format == DistInfo.name and any(one.name in own for one in manifest.components):
                self._leave(path, "is of the judged project itself")
                del self.read[path]

    def _environment(self) -> None:
        if self.environment is None:
            return
        for path, manifest in self.read.items():
            found = answered(manifest, self.environment)
            self.read[path] = replace(found, notifications=_as_notes(found.notifications))
        self.read[self.environment.path] = self.environment

    def _only_unread(self) -> None:
        """What no reader knows is not audited, whatever stands beside it, but where an environment was."""
        for skipped in [one for one in self.left if one.reason in _UNREAD]:
            if self.environment is None:
                self.left.remove(skipped)
                broken = notice("manifest-not-audited", skipped.reason, path=skipped.path, next_step=UNREAD_STEP)
                name = _UNREAD[skipped.reason]
                self.read[skipped.path] = Manifest(path=skipped.path, format=name, notifications=(broken,))

    def _requirements(self) -> list[str]:
        return sorted(path for path, manifest in self.read.items() if manifest.format == _REQUIREMENTS)

    def _leave(self, path: str, reason: str) -> None:
        self.left.append(Skipped(path=path, reason=reason))

    def _read_files_of(self, declaration: Declaration) -> Declaration:
        """Requirements files that a declaration names (setuptools' ``file:``), whatever they are called."""
        broken = []
        for path in declaration.files:
            if not sources.is_inside(self.tree.root, path):
                text = f"names {shown(path)}, which leads out of the tree"
                step = "keep the files that declare dependencies in the project"
                broken.append(notice("manifest-include", text, path=declaration.path, next_step=step))
            elif path not in self.read:
                self.read[path] = FORMATS[_REQUIREMENTS].read(self.tree.root, path, limit_bytes=self.limit_bytes)
        lock = declaration.lock
        if lock in self._files and lock not in self.read:
            self.read[lock] = FORMATS[_LOCK_OF_SCRIPT].read(self.tree.root, lock, limit_bytes=self.limit_bytes)
        told = declaration.notifications if self.environment is None else _as_notes(declaration.notifications)
        return replace(declaration, notifications=(*told, *broken))

    def _declared(self) -> Iterable[Manifest]:
        """Settle each declaration, but those that the project's newer declaration replaces."""
        for number, (path, manifest) in enumerate(self.read.items()):
            everywhere = manifest is self.environment
            self._taken[path] = _folders(manifest)
            for folder in {posixpath.dirname(path), *manifest.members.values(), *self._taken[path]}:
                self._around.setdefault(_EVERYWHERE if everywhere else folder, {})[number] = path
        for _, declaration in self.declarations:
            if declaration.main:
                self._homes.setdefault(posixpath.dirname(declaration.path), []).append(declaration)
        pairs = [
            (self._completed(declaration), *self._beside(reader, declaration))
            for reader, declaration in self.declarations
        ]
        self._mark_direct([(declaration, [*locks, *others]) for declaration, locks, others in pairs])
        for declaration, locks, others in pairs:
            newer = self._newer_beside(declaration)
            settled = Settled(left=f"{newer} is read instead") if newer else settle(declaration, locks, others)
            if settled.manifest is not None:
                yield settled.manifest
            else:
                self._leave(declaration.path, settled.left)
                if settled.note:
                    self._leave(declaration.path, settled.note)

    def _near(self, declaration: Declaration) -> dict[str, Declaration]:
        """Declarations in the same folder that hold the run-time dependencies, by format."""
        beside = self._homes.get(posixpath.dirname(declaration.path), [])
        return {other.format: other for other in beside if other is not declaration}

    def _completed(self, declaration: Declaration) -> Declaration:
        """``dynamic`` dependencies of a ``pyproject.toml`` that ``setup.cfg`` beside it states are not computed."""
        stated = declaration.format == "pyproject.toml" and "setup.cfg" in self._near(declaration)
        return replace(declaration, computed="") if stated else declaration

    def _newer_beside(self, declaration: Declaration) -> str:
        near = self._near(declaration)
        for name in _NEWER.get(declaration.format, ()):
            other = near.get(name)
            # A dynamic pyproject.toml leaves the dependencies to the older files, and says what it cannot know.
            if other is not None and not (declaration.format == "setup.cfg" and other.computed):
                return other.path
        return ""

    def _beside(self, reader: DeclaringFormat, declaration: Declaration) -> tuple[list[Manifest], list[Manifest]]:
        """The declaration's own locks, and everything else near it that pins versions."""
        if declaration.lock:
            return [self.read[path] for path in (declaration.lock,) if path in self.read], []
        folder = posixpath.dirname(declaration.path)
        near = [folder, posixpath.join(folder, "requirements")]
        if posixpath.basename(folder) == "requirements":
            near.append(posixpath.dirname(folder))
        locks, others = [], []
        found = {number: path for place in (*near, folder or ".", _EVERYWHERE) for number, path in self._at(place)}
        for _, path in sorted(found.items()):
            manifest, home = self.read[path], posixpath.dirname(path)
            if manifest.format in reader.locks and (home == folder or (folder or ".") in manifest.members.values()):
                locks.append(manifest)
            elif manifest.format == _LOCK_OF_SCRIPT:
                continue  # a script's environment is its own
            elif manifest is self.environment or home in near or (folder or ".") in self._taken[path]:
                others.append(manifest)
        return locks, others

    def _at(self, folder: str) -> Iterable[tuple[int, str]]:
        return self._around.get(folder, {}).items()

    def _mark_direct(self, pairs: list[tuple[Declaration, list[Manifest]]]) -> None:
        """Which components the project itself asks for, where the format does not tell."""
        asked: dict[str, set[str]] = {}
        for declaration, manifests in pairs:
            for manifest in manifests if declaration.requirements else ():
                asked.setdefault(manifest.path, set()).update(one.name for one in declaration.requirements)
        for path, names in asked.items():
            components = tuple(
                component if component.direct is not None else replace(component, direct=component.name in names)
                for component in self.read[path].components
            )
            self.read[path] = replace(self.read[path], components=components)


def _is_vendored(path: str, reader: ManifestFormat) -> bool:
    """Whether it is another project's own manifest. What lists or is the vendored code is the judged project's."""
    folders = path.split("/")[:-1]
    above = folders[:-1] if folders and folders[-1] in VENDOR_FOLDERS else folders
    return reader.name != DistInfo.name and not _VENDORED.isdisjoint(above)


def _as_notes(notifications: tuple[Notification, ...]) -> tuple[Notification, ...]:
    """What is not audited here is in the installed environment, which is: that is said, and hinders nothing."""
    return tuple(
        replace(note, level=Level.NOTE) if note.id == "manifest-not-audited" else note for note in notifications
    )


def _folders(manifest: Manifest) -> set[str]:
    """Folders of the tree that a manifest takes in by path: what those need is pinned in it as well."""
    home = posixpath.dirname(manifest.path)
    paths = (one.url.removeprefix("file:") for one in manifest.components if one.source == sources.PATH)
    return {posixpath.normpath(posixpath.join(home, path)) for path in paths}


def _why_left(name: str) -> str:
    if name.lower().startswith("constraints") and name.lower().endswith(".txt"):
        return "only pins what others ask for: read where a file names it with -c"
    return _FOREIGN.get(name, "")
