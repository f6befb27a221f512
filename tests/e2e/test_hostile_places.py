"""Where is written: in the output and cache folders alone, also where the judged tree cannot be written; and replay."""

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

NOW = "2024-10-12T00:00:00Z"
_NO_OVERRIDE = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all"]
OTHERS = ("3.12", "3.13")


def _listing(folder: Path) -> dict[str, tuple[int, int]]:
    found = (path for path in sorted(folder.rglob("*")))
    return {str(path): (path.lstat().st_mtime_ns, path.lstat().st_size) for path in found}


def _without_override() -> list[str]:
    """A prefix under which rights count, also for root."""
    if os.geteuid() != 0:
        return []
    if shutil.which("setpriv") is None:
        pytest.skip("root writes everywhere, and setpriv (util-linux) is not there to prevent it")
    return _NO_OVERRIDE


def test_a_tree_that_cannot_be_written_is_judged_and_nothing_else_is_touched(tmp_path: Path) -> None:
    prefix = _without_override()
    tree, home, out, cache = (tmp_path / name for name in ("tree", "home", "out", "cache"))
    shutil.copytree(ROOT / "examples/clean-app", tree)
    home.mkdir()
    for path in (*tree.rglob("*"), tree, home):
        path.chmod(path.stat().st_mode & ~0o222)
    before = _listing(tree), _listing(home)
    environment = os.environ | {"HOME": str(home), "GOVSEC_CACHE_DIR": str(cache), "TMPDIR": str(tmp_path / "t")}
    (tmp_path / "t").mkdir()
    command = [*prefix, sys.executable, "-Im", "govsec_ci.cli", "run", str(tree), "--now", NOW, "--out", str(out)]
    command += ["--advisories", str(ROOT / "examples/advisories")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=tree, timeout=300)
    for path in (tree, *tree.rglob("*"), home):
        path.chmod(path.stat().st_mode | stat.S_IWUSR)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (_listing(tree), _listing(home)) == before
    assert {path.name for path in tmp_path.iterdir()} <= {"tree", "home", "out", "cache", "t"}
    assert list((tmp_path / "t").iterdir()) == []
    assert stat.S_IMODE(out.stat().st_mode) == 0o700
    if cache.exists():
        assert stat.S_IMODE(cache.stat().st_mode) & 0o077 == 0


@pytest.mark.full
@pytest.mark.parametrize("version", OTHERS)
def test_every_example_replays_to_the_same_bytes_on_another_python(version: str, tmp_path: Path) -> None:
    python = shutil.which(f"python{version}")
    if python is None or subprocess.run([python, "-V"], check=False, capture_output=True).returncode != 0:
        pytest.skip(f"python{version} is not there")
    other = tmp_path / "venv/bin/python"
    for command in (
        [python, "-Im", "venv", str(tmp_path / "venv")],
        [str(other), "-m", "pip", "install", "-q", "--require-hashes", "-r", str(ROOT / "requirements/action.txt")],
        [str(other), "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation", str(_copy(tmp_path))],
    ):
        subprocess.run(command, check=True, capture_output=True, timeout=600)
    for example in sorted(path.name for path in (ROOT / "examples").glob("*-app")):
        outs = [
            _run(program, example, tmp_path / f"{example}-{n}")
            for n, program in enumerate((sys.executable, str(other)))
        ]
        for name in ("verdict.json", "sbom.cdx.json"):
            assert (outs[0] / name).read_bytes() == (outs[1] / name).read_bytes(), (example, name)
        code = subprocess.run(
            [str(other), "-Im", "govsec_ci.cli", "verify", str(outs[0])], check=False, capture_output=True, timeout=100
        ).returncode
        assert code in {0, 1, 3}  # 5 is a bundle that does not hold


def _copy(folder: Path) -> Path:
    (folder / "source").mkdir()
    for name in ("govsec_ci", "hooks"):
        shutil.copytree(ROOT / name, folder / "source" / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder / "source")
    return folder / "source"


def _run(program: str | Path, example: str, out: Path) -> Path:
    command = [
        str(program),
        "-Im",
        "govsec_ci.cli",
        "run",
        str(ROOT / "examples" / example),
        "--out",
        str(out),
        "--now",
        NOW,
    ]
    command += ["--advisories", str(ROOT / "examples/advisories")]
    subprocess.run(command, check=False, capture_output=True, timeout=300)
    return out
