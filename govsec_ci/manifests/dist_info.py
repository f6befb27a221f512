"""``NAME-VERSION.dist-info/METADATA``: what lies unpacked in the tree, vendored or installed there.

Source: PyPA specification "Recording installed projects".
"""

from pathlib import Path

from msgspec.structs import replace

from govsec_ci.manifests.base import LIMIT_BYTES, Manifest
from govsec_ci.manifests.environment import component_of
from govsec_ci.manifests.notices import notice
from govsec_ci.manifests.shortcomings import shortcomings
from govsec_ci.manifests.text import UnreadableError

_FILE = "/METADATA"


class DistInfo:
    """The metadata of one distribution."""

    name = "dist-info"
    endings = (_FILE.lower(),)

    def matches(self, path: str) -> bool:
        """``METADATA`` in a folder ``*.dist-info``."""
        return path.endswith(_FILE) and path[: -len(_FILE)].lower().endswith(".dist-info")

    def read(self, root: Path, path: str, *, limit_bytes: int = LIMIT_BYTES) -> Manifest:
        """The one component that it is of."""
        try:
            component = component_of(root / path, shown=path, limit_bytes=limit_bytes)
            # The digest of RECORD is none of a file that an index has.
            component = replace(component, hashes={})
        except UnreadableError as error:
            step = "correct or remove the file, or declare it out of scope in govsec.toml (with owner and reason)"
            broken = notice("manifest-unreadable", error.what, path=path, line=error.line, next_step=step)
            return Manifest(path=path, format=self.name, notifications=(broken,), aside=True)
        return Manifest(
            path=path,
            format=self.name,
            components=(component,),
            notifications=tuple(shortcomings(component)),
            aside=True,
        )
