"""Wheels and source distributions made for tests, as the formats have them."""

import hashlib
import io
import tarfile
import zipfile
from pathlib import Path


def wheel(folder: Path, name: str = "demo", version: str = "1.0", content: str = "x = 1\n") -> Path:
    """A wheel (PyPA binary distribution format) with one module."""
    path = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}.py", content)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return path


def sdist(folder: Path, name: str = "demo", version: str = "1.0") -> Path:
    """A source distribution with nothing but its metadata."""
    path = folder / f"{name}-{version}.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        body = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode()
        head = tarfile.TarInfo(f"{name}-{version}/PKG-INFO")
        head.size = len(body)
        archive.addfile(head, io.BytesIO(body))
    return path


def digest(path: Path, algorithm: str = "sha256") -> str:
    """Lower-case hex digest of a file."""
    return hashlib.new(algorithm, path.read_bytes()).hexdigest()
