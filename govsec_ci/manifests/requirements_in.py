"""``requirements*.in``: what pip-tools and uv compile a ``requirements*.txt`` from."""

from pathlib import Path

from govsec_ci.manifests.base import LIMIT_BYTES, Declaration, Manifest
from govsec_ci.manifests.declared import unlocked
from govsec_ci.manifests.requirements import declared_in


class RequirementsIn:
    """A declaration in pip's requirements format."""

    name = "requirements.in"
    endings = (".in",)
    locks: tuple[str, ...] = ()

    def matches(self, path: str) -> bool:
        """``*requirements*.in``, and any ``.in`` below a folder ``requirements``."""
        folder, _, file = path.lower().rpartition("/")
        return file.endswith(".in") and ("requirements" in file or "requirements" in folder.split("/"))

    def read(self, root: Path, path: str, *, limit_bytes: int = LIMIT_BYTES) -> Manifest:
        """The declaration on its own: everything it names counts as not locked."""
        return unlocked(self.declaration(root, path, limit_bytes=limit_bytes))

    def declaration(self, root: Path, path: str, *, limit_bytes: int = LIMIT_BYTES) -> Declaration:
        """Every requirement of the file and of those that it includes."""
        return declared_in(self.name, root, path, limit_bytes=limit_bytes)
