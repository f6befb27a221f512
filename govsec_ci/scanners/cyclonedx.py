"""The SBOM: cyclonedx-bom where it reads a manifest's format, cyclonedx-python-lib where it does not, then enriched.

What makes the run INCOMPLETE is what makes the SBOM not whole: an entry or a manifest that could not be read, a lock
that does not hold what is declared, a tool that failed, no manifest at all. A component without an exact version *is*
in the SBOM, by its name, and so is one from a private index: that is an error of the audit, a note here, and the
missing version is a missing minimum element of the SBOM. So one cause is told once by each run whose work it hinders.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from msgspec.structs import replace

from govsec_ci import __version__
from govsec_ci.config import Party
from govsec_ci.errors import InputError, ToolError
from govsec_ci.formats import cyclonedx as wire
from govsec_ci.formats.cyclonedx_files import add_files
from govsec_ci.manifests.base import Manifest
from govsec_ci.model import Component, Invocation, Level, Notification, Role, Run, Subject
from govsec_ci.scanners import cyclonedx_tool as tool
from govsec_ci.scanners import wheelhouse
from govsec_ci.scanners.base import ScanOutput, ScanRequest
from govsec_ci.scanners.cyclonedx_project import (
    REQUIREMENTS,
    by_root,
    declared,
    describe,
    locks,
    name_and_version,
    origin,
    tables,
)
from govsec_ci.scanners.product import released, undeclared
from govsec_ci.scanners.runs import error, manifest_artifacts, printable, state_of, tool_version, utc_now
from govsec_ci.scanners.tracked import hidden_manifests
from govsec_ci.scanners.wheelhouse import Held
from govsec_ci.system.files import read_limited

FILE = "sbom.cdx.json"
_LIBRARY = "cyclonedx-python-lib"
_TOOL = "cyclonedx-bom"
_INSTALLED = "environment"
_LIMIT_NAME = 150
# What a manifest says that leaves its list of components whole. Every other error, known or not, means that something
# may be missing in it.
_STILL_WHOLE = frozenset(
    {
        "requirement-unpinned", "requirement-not-on-index", "requirement-conflict", "requirement-is-project",
        "index-not-public", "manifest-unlocked", "manifest-closure-unproven", "lock-not-compared",
        "environment-index-unknown",
    }
)  # fmt: skip
_LockReader = Callable[..., tuple[wire.Said | None, ...]]
_LOCK_READERS: Mapping[str, _LockReader] = {"Pipfile.lock": tool.pipenv, "poetry.lock": tool.poetry}


class CycloneDxScanner:
    """Makes ``sbom.cdx.json``, and one SBOM more for each project of a tree that holds several."""

    id = "cyclonedx"
    role = Role.SBOM

    def scan(self, request: ScanRequest) -> ScanOutput:
        """See :class:`govsec_ci.scanners.base.Scanner`. ``targets``: components written; ``scope``: those declared."""
        return _Scan(request).output()


class _Scan:
    def __init__(self, request: ScanRequest) -> None:
        self.request = replace(request, manifests=tuple(released(request.manifests)))
        self.undeclared = undeclared(request)
        self.start = utc_now()
        self.notifications: list[Notification] = []
        self.timeout_s = request.config.timeouts.cyclonedx_s
        self.deployed = _deployed(request)
        self.notifications += [*self.deployed.notifications, *hidden_manifests(request)]

    def output(self) -> ScanOutput:
        if self.undeclared:
            self._error(
                "no-manifest",
                "no dependency manifest was found, so there is nothing to make an SBOM from",
                next_step="add a pyproject.toml that lists the dependencies (an empty list, if none), or a lock file",
            )
        if not self.request.manifests:
            return ScanOutput(run=self._run(written=0, scope=0))
        for manifest in self.request.manifests:
            self._heed(manifest)
        roots = by_root(self.request.tree, self.request.manifests)
        parts = self._parts(roots)
        files = self._files(roots, parts)
        count = wire.distinct(parts)
        return ScanOutput(run=self._run(written=count if FILE in files else 0, scope=count), files=files)

    def _heed(self, manifest: Manifest) -> None:
        """Take over what says that something may be missing; note what has no version."""
        self.notifications += [
            notification
            for notification in manifest.notifications
            if notification.level is Level.ERROR and notification.id not in _STILL_WHOLE
        ]
        for component in manifest.components:
            if component.version is None:
                self._note("component-without-version", component, "is in the SBOM without a version")

    def _parts(self, roots: Mapping[str, Sequence[int]]) -> list[wire.Part]:
        said = self._said()
        parts = []
        for root, positions in roots.items():
            names = declared(self.request.tree, root, limit_bytes=self.request.config.limits.manifest_bytes)
            for position in positions:
                manifest = self.request.manifests[position]
                part = wire.Part(
                    root=root,
                    installed=manifest.format == _INSTALLED,
                    components=_told_apart(manifest.components, names),
                    said=said[position],
                    whole=_is_whole(manifest),
                )
                parts.append(part)
        return parts

    def _said(self) -> list[tuple[wire.Said, ...]]:
        """What the tool, else its library, says of the components of each manifest."""
        by_line = self._requirements()
        result = []
        for position, manifest in enumerate(self.request.manifests):
            told = by_line[position] if position in by_line else self._lock(manifest)
            result.append(self._filled(manifest, told))
        return result

    def _requirements(self) -> dict[int, tuple[wire.Said | None, ...] | None]:
        """All requirements files in one go: starting the tool takes longer than reading a file."""
        lists = {p: m.components for p, m in enumerate(self.request.manifests) if m.format == REQUIREMENTS}
        every = [component for components in lists.values() for component in components]
        if not every:
            return dict.fromkeys(lists, ())
        jobs, cache = self.request.jobs, self.request.cache
        told = self._asked(lambda: tool.requirements(every, jobs=jobs, timeout_s=self.timeout_s, cache=cache))
        result: dict[int, tuple[wire.Said | None, ...] | None] = {}
        taken = 0
        for position, components in lists.items():
            result[position] = None if told is None else told[taken : taken + len(components)]
            taken += len(components)
        return result

    def _lock(self, manifest: Manifest) -> tuple[wire.Said | None, ...] | None:
        reader = _LOCK_READERS.get(manifest.format)
        if reader is None or not manifest.components:
            return None
        cache, timeout_s = self.request.cache, self.timeout_s
        return self._asked(lambda: reader(self._bytes(manifest), manifest.components, timeout_s=timeout_s, cache=cache))

    def _bytes(self, manifest: Manifest) -> bytes:
        try:
            limit_bytes = self.request.config.limits.manifest_bytes
            return read_limited(self.request.tree.root / manifest.path, limit_bytes=limit_bytes)
        except InputError as broken:
            raise ToolError(f"{manifest.path} could not be read again") from broken

    def _asked(self, ask: Callable[[], tuple[wire.Said | None, ...]]) -> tuple[wire.Said | None, ...] | None:
        try:
            return ask()
        except ToolError as broken:
            self._error(
                "tool-failed",
                printable(broken.what),
                next_step="the SBOM was made from our own reading of the manifest: compare it, or mend the manifest",
            )
            return None

    def _filled(self, manifest: Manifest, told: tuple[wire.Said | None, ...] | None) -> tuple[wire.Said, ...]:
        """By the library, what the tool does not read or has passed over."""
        components = manifest.components
        if told is None:
            return wire.library_components(components)
        passed_over = [index for index, said in enumerate(told) if said is None]
        for index in passed_over:
            self._note("component-passed-over", components[index], f"is unknown to {_TOOL}, and taken as we read it")
        ours = wire.library_components([components[index] for index in passed_over])
        filled = dict(zip(passed_over, ours, strict=True))
        return tuple(said or filled[index] for index, said in enumerate(told))

    def _files(self, roots: Mapping[str, Sequence[int]], parts: Sequence[wire.Part]) -> dict[str, bytes]:
        clone = origin(self.request.checkout)
        files = self._checked(FILE, wire.build(self._head(".", self.request.subject, clone), parts))
        if len(roots) == 1:
            return files
        for root, name in _file_names(roots).items():
            own = [part for part in parts if part.root == root]
            files |= self._checked(name, wire.build(self._head(root, self._subject(root), clone), own))
        return files

    def _subject(self, root: str) -> Subject:
        """The tree's subject under the project's own name and version."""
        whole = self.request.subject
        if root == ".":
            return whole
        name, version = name_and_version(*tables(self.request.tree, root))
        return Subject(name=name or f"{whole.name}/{root}", version=version, commit=whole.commit, dirty=whole.dirty)

    def _head(self, root: str, subject: Subject, clone: str) -> wire.Head:
        tools = (("govsec_ci", __version__), *((name, tool_version(name)) for name in (_TOOL, _LIBRARY)))
        settings = self.request.config.sbom
        return wire.Head(
            subject=subject,
            timestamp_s=self.request.timestamp_s,
            tools=tools,
            project=describe(*tables(self.request.tree, root), vcs_url=clone, supplier=_party(settings.supplier)),
            author=_party(settings.author),
            phases=self._phases(),
        )

    def _phases(self) -> tuple[str, ...]:
        installed = {manifest.format == _INSTALLED for manifest in self.request.manifests}
        return tuple(phase for phase, read in (("pre-build", False), ("post-build", True)) if read in installed)

    def _checked(self, name: str, bom: dict[str, Any]) -> dict[str, bytes]:
        bom = add_files(bom, self.deployed.files)
        problems = wire.validate(bom)
        if not problems:
            return {name: wire.write(bom)}
        self._error(
            "sbom-invalid", printable(f"{name} would be no valid CycloneDX, so it was not written: {problems[0]}")
        )
        return {}

    def _run(self, *, written: int, scope: int) -> Run:
        notifications = tuple(self.notifications)
        return Run(
            id=CycloneDxScanner.id,
            tool="cyclonedx-py",
            version=tool_version(_TOOL),
            role=CycloneDxScanner.role,
            state=state_of(notifications),
            tool_uri="https://github.com/CycloneDX/cyclonedx-python",
            notifications=notifications,
            invocation=Invocation(start=self.start, end=utc_now(), arguments=tool.OPTIONS),
            artifacts=manifest_artifacts(self.request),
            targets=written,
            scope=scope,
            commit=self.request.subject.commit,
        )

    def _error(self, identifier: str, text: str, *, next_step: str = "") -> None:
        self.notifications.append(error(identifier, text, next_step=next_step))

    def _note(self, identifier: str, component: Component, text: str) -> None:
        self.notifications.append(
            Notification(
                id=identifier,
                level=Level.NOTE,
                text=f"{component.name} {text}",
                location=component.location,
                properties={"component": component.name},
            )
        )


def _deployed(request: ScanRequest) -> Held:
    return wheelhouse.look(request.wheelhouse, request.manifests, request.subject) if request.wheelhouse else Held()


def _party(party: Party | None) -> wire.Party | None:
    return wire.Party(name=party.name, email=party.email, url=party.url) if party else None


def _told_apart(components: tuple[Component, ...], names: frozenset[str] | None) -> tuple[Component, ...]:
    """Direct and transitive told apart by what the project declares, where the lock holds the graph but not that."""
    if names is None or any(component.depends_on is None for component in components):
        return components
    return tuple(
        replace(component, direct=component.name in names) if component.direct is None else component
        for component in components
    )


def _is_whole(manifest: Manifest) -> bool | None:
    if any(notification.level is Level.ERROR for notification in manifest.notifications):
        return False
    if locks(manifest) or not manifest.components:
        return True
    # pip refuses to install what is not listed as soon as one line has a hash, so a list with hashes is whole.
    return True if all(component.hashes for component in manifest.components) else None


def _file_names(roots: Mapping[str, Sequence[int]]) -> dict[str, str]:
    """``sbom/<root>.cdx.json`` for each root: ``/`` becomes ``__``, the tree itself is ``root``; no two are one."""
    names: dict[str, str] = {}
    for root in roots:
        plain = "root" if root == "." else quote(root.replace("/", "__"), safe=" +@,", errors="surrogateescape")
        if len(plain) > _LIMIT_NAME or plain in names.values():
            plain = f"{plain[:_LIMIT_NAME]}-{hashlib.sha256(root.encode('utf-8', 'surrogateescape')).hexdigest()[:12]}"
        names[root] = plain
    return {root: f"sbom/{plain}.cdx.json" for root, plain in names.items()}
