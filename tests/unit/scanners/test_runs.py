"""What runs of ours have in common."""

import hashlib
from pathlib import Path

from govsec_ci.config import Config, Limits
from govsec_ci.manifests.base import Manifest
from govsec_ci.model import Artifact
from govsec_ci.scanners.runs import manifest_artifacts
from tests.support.scanners import make_request, make_tree


def test_the_manifests_bytes_are_proved_by_their_digests(tmp_path: Path) -> None:
    files = {"a/requirements.txt": "x==1\n", "base.in": "-r x\n", "pins.txt": "", "other.txt": "y"}
    manifests = (
        Manifest(path="a/requirements.txt", format="requirements", includes=("base.in",), constraints=("pins.txt",)),
        Manifest(path="base.in", format="requirements", includes=("a/requirements.txt",)),
        Manifest(path="../venv", format="environment"),
    )
    found = manifest_artifacts(make_request(make_tree(tmp_path, files), manifests=manifests))
    assert found == tuple(
        Artifact(path=path, sha256=hashlib.sha256(files[path].encode()).hexdigest(), length=len(files[path]))
        for path in ("a/requirements.txt", "base.in", "pins.txt")
    )


def test_a_manifest_that_cannot_be_read_proves_nothing(tmp_path: Path) -> None:
    request = make_request(
        make_tree(tmp_path, {"uv.lock": "x" * 100}),
        manifests=(Manifest(path="uv.lock", format="uv.lock"),),
        config=Config(limits=Limits(manifest_bytes=50)),
    )
    assert manifest_artifacts(request) == ()
