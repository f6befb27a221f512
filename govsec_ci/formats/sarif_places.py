"""Where a foreign log says that something is: URIs, base ids, artifact indices → paths relative to the judged tree."""

import posixpath
import re
from collections.abc import Mapping, Sequence
from urllib.parse import unquote

from govsec_ci.formats.sarif_wire import WireArtifact, WireArtifactLocation, WireLocation, WireRegion
from govsec_ci.model import Location, Region

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")
_DRIVE = re.compile(r"/?([A-Za-z]:/.*)\Z", re.DOTALL)
_MOST_BASES = 32


class PlaceError(ValueError):
    """A place that the log does not define: an index out of range, or bases that name each other."""


class Places:
    """Resolves the locations of one run (sections 3.4, 3.14.14)."""

    def __init__(self, bases: Mapping[str, WireArtifactLocation], artifacts: Sequence[WireArtifact]) -> None:
        self._bases = bases
        self._artifacts = artifacts
        self._roots = tuple(sorted(self._absolute_bases(), key=len, reverse=True))
        self._known: dict[tuple[str | None, str | None], str] = {}

    def location(self, wire: WireLocation) -> Location | None:
        """The place in a file, or None where the location is only a logical one.

        :raises PlaceError: it refers to what the log does not hold
        """
        physical = wire.physical_location
        if physical is None or physical.artifact_location is None:
            return None
        path = self.path(physical.artifact_location)
        return Location(path=path, region=region(physical.region)) if path else None

    def path(self, place: WireArtifactLocation) -> str:
        """Relative to the tree where it can be told; absolute, or the URI itself, where it cannot; "" where unknown.

        :raises PlaceError: the index or a base id leads nowhere
        """
        if place.uri is None and place.index >= 0:
            place = self._artifact(place.index)
        key = (place.uri, place.uri_base_id)
        if key not in self._known:
            self._known[key] = self._resolve(place)
        return self._known[key]

    def _artifact(self, index: int) -> WireArtifactLocation:
        if index >= len(self._artifacts):
            raise PlaceError(f"there is no artifact {index}: the run has {len(self._artifacts)}")
        return self._artifacts[index].location

    def _resolve(self, place: WireArtifactLocation) -> str:
        if place.uri is None:
            return ""
        uri = place.uri.replace("\\", "/")
        if _SCHEME.match(uri):
            return self._below_a_root(uri)
        return _tidy(posixpath.join(self._base(place.uri_base_id), unquote(uri, errors="surrogateescape")))

    def _base(self, base_id: str | None) -> str:
        """The relative part of a base: what stands below the topmost one, which is the machine's own root."""
        parts: list[str] = []
        for _ in range(_MOST_BASES):
            base = self._bases.get(base_id) if base_id is not None else None
            if base is None or base.uri is None or _SCHEME.match(base.uri):
                return posixpath.join("", *reversed(parts))
            parts.append(unquote(base.uri, errors="surrogateescape"))
            base_id = base.uri_base_id
        raise PlaceError(f"the base {base_id!r} of originalUriBaseIds leads back to itself")

    def _absolute_bases(self) -> list[str]:
        return [
            base.uri for base in self._bases.values() if base.uri and _SCHEME.match(base.uri) and base.uri[-1] == "/"
        ]

    def _below_a_root(self, uri: str) -> str:
        root = next((root for root in self._roots if uri.startswith(root)), None)
        if root is not None:
            return _tidy(unquote(uri[len(root) :], errors="surrogateescape"))
        if not uri.lower().startswith("file:"):
            return uri
        path = unquote(re.sub(r"(?i)^file:(//[^/]*)?", "", uri), errors="surrogateescape")
        drive = _DRIVE.match(path)
        return drive[1] if drive else posixpath.normpath(path)


def region(wire: WireRegion | None) -> Region | None:
    """A text region; one given by offsets alone has no line."""
    if wire is None or wire.start_line is None:
        return None
    snippet = wire.snippet.text if wire.snippet else None
    return Region(wire.start_line, wire.start_column, wire.end_line, wire.end_column, snippet)


def _tidy(path: str) -> str:
    return posixpath.normpath(path) if path else ""
