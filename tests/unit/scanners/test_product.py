"""What the manifests say of the product itself."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from govsec_ci.config import Config
from govsec_ci.manifests.base import Manifest
from govsec_ci.manifests.discover import discover
from govsec_ci.model import ScanState, Stage, Subject
from govsec_ci.scanners.base import ScanRequest
from govsec_ci.scanners.cyclonedx import CycloneDxScanner
from govsec_ci.scanners.cyclonedx_project import by_root
from govsec_ci.scanners.pip_audit import PipAuditScanner
from govsec_ci.scanners.product import released, undeclared
from govsec_ci.system.files import walk

SCRIPT = '# /// script\n# dependencies = ["a==1"]\n# ///\n'
EMPTY = "# /// script\n# dependencies = []\n# ///\n"
BUILD = '[build-system]\nrequires = ["flit_core==3.9.0"]\n'
PROJECT = '[project]\nname = "x"\nversion = "1"\ndependencies = []\n'


def asked(root: Path, files: dict[str, str]) -> ScanRequest:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, "utf-8")
    tree = walk(root)
    return ScanRequest(
        tree=tree,
        manifests=discover(tree).manifests,
        subject=Subject(name="x"),
        checkout=None,
        config=Config(),
        stage=Stage.BUILD,
    )


@pytest.mark.parametrize(
    ("files", "nothing"),
    [
        ({}, True),
        ({"app.py": ""}, True),
        ({"app.py": "", "tool.py": SCRIPT}, True),
        ({"app.py": "", "tool.py": EMPTY}, True),
        ({"app.py": "", "pyproject.toml": BUILD}, True),
        ({"pyproject.toml": BUILD}, True),
        ({"tool.py": EMPTY, "bin/app": "#!/usr/bin/env python3\nimport requests\n"}, True),
        ({"tool.py": EMPTY, "app.ipynb": "{}"}, True),
        ({"tool.py": EMPTY, "bin/app": "#!/bin/sh\n", "README.md": ""}, False),
        ({"tool.py": SCRIPT, "x/other.py": EMPTY}, False),
        ({"tool": SCRIPT}, False),
        ({"app.py": "", "tool.py": SCRIPT, "requirements.txt": ""}, False),
        ({"app.py": "", "pyproject.toml": BUILD + PROJECT}, False),
    ],
)
def test_a_script_s_needs_and_those_of_building_are_no_word_on_the_project(
    tmp_path: Path, files: dict[str, str], *, nothing: bool
) -> None:
    request = asked(tmp_path, files)
    assert undeclared(request) is nothing
    run = PipAuditScanner().scan(request).run
    assert ("no-manifest" in [note.id for note in run.notifications]) is nothing
    if nothing:
        assert run.state is ScanState.INCOMPLETE


def test_what_is_out_of_scope_needs_no_word(tmp_path: Path) -> None:
    request = asked(tmp_path, {"tool.py": EMPTY, "old/app.py": "", "old/app.ipynb": ""})
    assert undeclared(request)
    assert not undeclared(replace(request, config=Config(exclude=("old",))))


def test_what_only_builds_is_not_released(tmp_path: Path) -> None:
    files = {"pyproject.toml": BUILD + PROJECT.replace("[]", '["b==1"]'), "tool.py": SCRIPT}
    manifests = asked(tmp_path, files).manifests
    assert [one.name for manifest in manifests for one in manifest.components] == ["b", "flit-core", "a"]
    assert [one.name for manifest in released(manifests) for one in manifest.components] == ["b", "a"]


def test_a_file_that_only_builds_makes_no_sbom(tmp_path: Path) -> None:
    request = asked(tmp_path, {"pyproject.toml": BUILD})
    assert list(released(request.manifests)) == []
    output = CycloneDxScanner().scan(request)
    assert ([note.id for note in output.run.notifications], dict(output.files)) == (["no-manifest"], {})


def test_other_manifests_stay_as_they_are() -> None:
    manifest = Manifest(path="requirements.txt", format="requirements")
    assert list(released([manifest])) == [manifest]


def test_what_lies_unpacked_or_is_a_script_makes_no_project_of_its_folder(tmp_path: Path) -> None:
    files = {
        "lib/a-1.dist-info/METADATA": "Name: a\nVersion: 1\n",
        "lib/a-1.dist-info/RECORD": "a.py,,\n",
        "bin/tool.py": SCRIPT,
        "sub/requirements.txt": "",
        "sub/bin/tool.py": SCRIPT,
    }
    request = asked(tmp_path, files)
    assert [one.hashes for manifest in request.manifests for one in manifest.components] == [{}, {}, {}]
    assert {root: len(positions) for root, positions in by_root(request.tree, request.manifests).items()} == {
        ".": 2,
        "sub": 2,
    }
