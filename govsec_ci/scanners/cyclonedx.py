"""The SBOM: cyclonedx-bom where it reads a manifest's format, cyclonedx-python-lib where it does not, then enriched.

cyclonedx-bom never sees a file of the judged tree: it gets the components that our own readers found, written as plain
text, so that no option line or path of the tree reaches it.

What makes the run INCOMPLETE is what makes the SBOM not whole: an entry that could not be read, a tool that failed or
dropped a component, no manifest at all. A component without an exact version *is* in the SBOM, with its name; the
missing version is a note here, an error of the audit, and a missing minimum element of the SBOM.
"""

import re
from collections.abc import Mapping, Sequence
from importlib import metadata
from typing import Any

import msgspec

from govsec_ci import __version__
from govsec_ci.errors import ToolError
from govsec_ci.formats import cyclonedx as wire
from govsec_ci.manifests.base import Manifest
from govsec_ci.model import Component, Invocation, Level, Location, Notification, Role, Run, ScanState
from govsec_ci.scanners.base import ScanOutput, ScanRequest
from govsec_ci.system import process

FILE = "sbom.cdx.json"
_ARGUMENTS = ("requirements", "-", "--sv", wire.SPEC, "--of", "JSON", "--output-reproducible", "--no-validate")
_PLAIN_NAME = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?")
_PLAIN_VERSION = re.compile(r"[A-Za-z0-9.!+_-]+")
_LOCKED = frozenset({"uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "pylock", "pylock.toml", "environment"})

Said = Mapping[str, Any]


class _Answer(msgspec.Struct, frozen=True):
    components: tuple[dict[str, Any], ...] = ()


class CycloneDx:
    """Makes ``sbom.cdx.json``."""

    id = "cyclonedx"
    role = Role.SBOM

    def scan(self, request: ScanRequest) -> ScanOutput:
        """See :class:`govsec_ci.scanners.base.Scanner`. ``targets``: components written; ``scope``: those declared."""
        return _Scan(request).output()


_TOOLS = ("cyclonedx-bom", "cyclonedx-python-lib")


class _Scan:
    def __init__(self, request: ScanRequest) -> None:
        self.request = request
        self.notifications: list[Notification] = []

    def output(self) -> ScanOutput:
        if not self.request.manifests:
            self._error(
                "no-manifest",
                "no dependency manifest was found, so there is nothing to make an SBOM from",
                "add a pyproject.toml with the dependencies (an empty list, if there are none), or a lock file",
            )
            return ScanOutput(run=self._run(written=0, arguments=()))
        for manifest in self.request.manifests:
            self._heed(manifest)
        parts = self._parts()
        bom = wire.build(self._head(), parts)
        files = self._checked(FILE, bom)
        return ScanOutput(
            run=self._run(written=len(bom["components"]) if files else 0, arguments=_ARGUMENTS), files=files
        )

    def _heed(self, manifest: Manifest) -> None:
        """Take over what says that an entry is not in ``components``; note what has no version."""
        held = {_place(component.location) for component in manifest.components}
        for notification in manifest.notifications:
            if notification.level is Level.ERROR and _place(notification.location) not in held:
                self.notifications.append(notification)
        for component in manifest.components:
            if component.version is None:
                self._note("component-without-version", f"{component.name} is in the SBOM without a version", component)

    def _parts(self) -> list[wire.Part]:
        said = self._said()
        return [
            wire.Part(components=manifest.components, said=said[index], whole=self._whole(manifest))
            for index, manifest in enumerate(self.request.manifests)
        ]

    def _whole(self, manifest: Manifest) -> bool | None:
        if any(notification.level is Level.ERROR for notification in manifest.notifications):
            return False
        if manifest.format in _LOCKED or not manifest.components:
            return True
        # pip refuses to install a requirement that is not listed as soon as one line has a hash.
        return True if all(component.hashes for component in manifest.components) else None

    def _said(self) -> list[tuple[Said, ...]]:
        lines = [c for manifest in self.request.manifests if _for_tool(manifest) for c in manifest.components]
        told = self._by_tool(lines)
        result, taken = [], 0
        for manifest in self.request.manifests:
            if _for_tool(manifest) and told is not None:
                result.append(told[taken : taken + len(manifest.components)])
                taken += len(manifest.components)
            else:
                result.append(wire.library_components(manifest.components))
        return result

    def _by_tool(self, components: Sequence[Component]) -> tuple[Said, ...] | None:
        try:
            done = process.run_module(
                "cyclonedx_py",
                _ARGUMENTS,
                timeout_s=self.request.config.timeouts.cyclonedx_s,
                stdin=requirements_text(components),
            )
            told = _by_line(done)
        except ToolError as error:
            self._error("tool-failed", error.what, "the SBOM was made without cyclonedx-bom; see the tool's message")
            return None
        return self._matched(told, components)

    def _matched(self, told: Mapping[int, Said], components: Sequence[Component]) -> tuple[Said, ...]:
        ours = wire.library_components(components)
        result = []
        for index, component in enumerate(components):
            said = told.get(index + 1)
            if said is None:
                self._note("passed-over", f"cyclonedx-bom passed over {component.name}: taken as we read it", component)
            elif (said.get("name"), said.get("version")) != (component.name, component.version):
                self._error(
                    "tool-disagrees", f"cyclonedx-bom read {said.get('name')!r} where we read {component.name!r}"
                )
            result.append(said or ours[index])
        return tuple(result)

    def _head(self) -> wire.Head:
        tools = (("govsec_ci", __version__), *((name, metadata.version(name)) for name in _TOOLS))
        return wire.Head(subject=self.request.subject, timestamp_s=self.request.timestamp_s, tools=tools)

    def _checked(self, name: str, bom: Mapping[str, Any]) -> dict[str, bytes]:
        problems = wire.validate(bom)
        if problems:
            self._error("sbom-invalid", f"{name} would not be valid CycloneDX and was not written: {problems[0]}")
            return {}
        return {name: wire.write(bom)}

    def _run(self, *, written: int, arguments: tuple[str, ...]) -> Run:
        broken = any(notification.level is Level.ERROR for notification in self.notifications)
        declared = [component for manifest in self.request.manifests for component in manifest.components]
        return Run(
            id=CycloneDx.id,
            tool="cyclonedx-py",
            version=metadata.version("cyclonedx-bom"),
            role=CycloneDx.role,
            state=ScanState.INCOMPLETE if broken else ScanState.COMPLETE,
            tool_uri="https://github.com/CycloneDX/cyclonedx-python",
            notifications=tuple(self.notifications),
            targets=written,
            scope=wire.distinct(declared),
            invocation=Invocation(arguments=arguments),
            commit=self.request.subject.commit,
        )

    def _error(self, identifier: str, text: str, next_step: str = "") -> None:
        self.notifications.append(Notification(id=identifier, level=Level.ERROR, text=text, next_step=next_step))

    def _note(self, identifier: str, text: str, component: Component) -> None:
        self.notifications.append(
            Notification(
                id=identifier,
                level=Level.NOTE,
                text=text,
                location=component.location,
                properties={"component": component.purl},
            )
        )


def _for_tool(manifest: Manifest) -> bool:
    return manifest.format == "requirements"


def _place(location: Location | None) -> tuple[str, int] | None:
    if location is None or location.region is None:
        return None
    return (location.path, location.region.start_line)


def requirements_text(components: Sequence[Component]) -> bytes:
    """One line a component: name, exact version, hashes; a comment where a name or version could be read as more."""
    return "".join(_line(component) + "\n" for component in components).encode()


def _line(component: Component) -> str:
    version = component.version
    if not _PLAIN_NAME.fullmatch(component.name) or (version is not None and not _PLAIN_VERSION.fullmatch(version)):
        return "# not a plain name and version"
    hashes = "".join(
        f" --hash={algorithm}:{digest}"
        for algorithm, digests in component.hashes.items()
        for digest in digests
        if algorithm.isalnum() and digest.isalnum()
    )
    return component.name + (f"=={version}" if version else "") + hashes


def _by_line(done: process.Completed) -> dict[int, Said]:
    """What the tool said, by the line it read (its bom-refs are ``requirements-L<line>``)."""
    if done.exit_code != 0:
        raise ToolError(f"cyclonedx-bom ended with exit code {done.exit_code}: {done.stderr.strip()[-500:]}")
    try:
        found = msgspec.json.decode(done.stdout, type=_Answer).components
        return {int(said["bom-ref"].removeprefix("requirements-L")): said for said in found}
    except (msgspec.MsgspecError, UnicodeDecodeError, KeyError, ValueError) as error:
        raise ToolError(f"cyclonedx-bom answered what we cannot read: {error}") from error
