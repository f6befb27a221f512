"""Source distributions from the package index that pip uses by default: fetched and unpacked, never built."""

import hashlib
import json
import tarfile
import urllib.error
import urllib.request
from pathlib import Path

import pytest

_TIMEOUT_S = 120


def unpacked(name: str, version: str, folder: Path) -> Path:
    """The unpacked sdist of a release below ``folder``; skips the test where the index cannot be reached."""
    try:
        data = _fetch(name, version)
    except (urllib.error.URLError, TimeoutError) as error:
        pytest.skip(f"the package index cannot be reached: {error}")
    file = folder / f"{name}.tar.gz"
    file.write_bytes(data)
    with tarfile.open(file) as archive:
        archive.extractall(folder, filter="data")
    return folder / f"{name}-{version}"


def _fetch(name: str, version: str) -> bytes:
    from pip._internal.models.index import PyPI

    headers = {"Accept": "application/vnd.pypi.simple.v1+json"}
    request = urllib.request.Request(f"{PyPI.simple_url}/{name}/", headers=headers)
    with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:
        files = json.load(answer)["files"]
    (file,) = [one for one in files if one["filename"].lower() == f"{name}-{version}.tar.gz"]
    with urllib.request.urlopen(file["url"], timeout=_TIMEOUT_S) as answer:
        data: bytes = answer.read()
    assert hashlib.sha256(data).hexdigest() == file["hashes"]["sha256"]
    return data
