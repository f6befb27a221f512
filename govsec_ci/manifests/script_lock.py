"""``SCRIPT.lock``: what uv locks for a script with metadata of its own (``uv lock --script``); uv's format."""

from pathlib import Path

from msgspec.structs import replace

from govsec_ci.manifests.base import LIMIT_BYTES, Manifest
from govsec_ci.manifests.uv_lock import UvLock


class ScriptLock:
    """A script's lock."""

    name = "script.lock"
    endings = (".py.lock", ".pyw.lock")

    def matches(self, path: str) -> bool:
        """``tool.py.lock``; of a script without a suffix the lock is found by the script."""
        return path.endswith((".py.lock", ".pyw.lock"))

    def read(self, root: Path, path: str, *, limit_bytes: int = LIMIT_BYTES) -> Manifest:
        """As ``uv.lock``."""
        return replace(UvLock().read(root, path, limit_bytes=limit_bytes), format=self.name, aside=True)
