"""The wheel holds every file of the package, and nothing else: what users install is what was tested."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from tests.conftest import ROOT

_PARTS = ("pyproject.toml", "README.md", "LICENSE", "govsec_ci", "hooks")


def test_the_wheel_holds_every_file_of_the_package(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    ignore = shutil.ignore_patterns("__pycache__", "*.pyc")
    for part in _PARTS:
        here = ROOT / part
        shutil.copytree(here, source / part, ignore=ignore) if here.is_dir() else shutil.copy(here, source / part)
    command = [sys.executable, "-Im", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", str(tmp_path)]
    subprocess.run([*command, str(source)], check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    package = {path.relative_to(ROOT).as_posix() for path in (ROOT / "govsec_ci").rglob("*") if path.is_file()}
    hooks = {f"govsec_ci_hooks/{path.name}" for path in (ROOT / "hooks").glob("*.py")}
    assert held == {name for name in package | hooks if "__pycache__" not in name}
