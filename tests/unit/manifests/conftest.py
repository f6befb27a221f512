"""Small trees on disk for the manifest readers."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from govsec_ci.manifests.base import Discovery, Manifest
from govsec_ci.manifests.discover import discover
from govsec_ci.manifests.registry import FORMATS
from govsec_ci.system.files import walk

Files = Mapping[str, str | bytes]


@pytest.fixture
def write(tmp_path: Path) -> Callable[[Files], Path]:
    """Write files below a folder of their own; gives the folder."""

    def writer(files: Files) -> Path:
        root = tmp_path / "tree"
        root.mkdir(exist_ok=True)
        for name, content in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return root

    return writer


@pytest.fixture
def read(write: Callable[[Files], Path]) -> Callable[..., Manifest]:
    """Read one file by the format of its name; further files may stand beside it."""

    def reader(path: str, content: str | bytes, *, limit_bytes: int = 1_000_000, **beside: str | bytes) -> Manifest:
        root = write({path: content, **{name.replace("__", "."): text for name, text in beside.items()}})
        chosen = next(one for one in FORMATS.values() if one.matches(path))
        return chosen.read(root, path, limit_bytes=limit_bytes)

    return reader


@pytest.fixture
def found(write: Callable[[Files], Path]) -> Callable[[Files], Discovery]:
    """Discover the manifests of a tree."""

    def finder(files: Files) -> Discovery:
        return discover(walk(write(files)))

    return finder
