"""Where is written: in the output and cache folders alone, also where the judged tree cannot be written; and replay."""

import json
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
VERSIONS = ("3.11", "3.12", "3.13")
CODES = {"PASS": 0, "FAIL": 1, "INCOMPLETE": 3}


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


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the examples: in this checkout, what git says of it may change between two runs."""
    return shutil.copytree(ROOT / "examples", tmp_path_factory.mktemp("examples") / "copy")


@pytest.fixture(scope="module")
def bundles(examples: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The bundle of every example, made by the Python that runs the tests."""
    folder = tmp_path_factory.mktemp("here")
    return {path.name: _run(sys.executable, path, folder / path.name) for path in sorted(examples.glob("*-app"))}


@pytest.mark.full
@pytest.mark.parametrize("version", VERSIONS)
def test_every_example_replays_to_the_same_bytes_on_every_python(
    version: str, examples: Path, bundles: dict[str, Path], tmp_path: Path
) -> None:
    python = interpreter(version)
    if python is None:
        pytest.skip(f"no Python {version} that starts is on this machine")
    other = _installed(python, tmp_path)
    for name, bundle in bundles.items():
        wanted = json.loads((bundle / "verdict.json").read_bytes())["verdict"]
        assert _command(other, "verify", bundle).returncode == CODES[wanted], name
        # Judged again from the bundle alone, and reported: every file that follows from the evidence is written anew.
        copy = shutil.copytree(bundle, tmp_path / f"{name}-judged")
        profiles = [path.stem for path in sorted((bundle / "inputs/profiles").glob("*.json"))]
        judged = _command(other, "gate", "--out", copy, "--now", NOW, *(w for p in profiles for w in ("--profile", p)))
        assert judged.returncode == CODES[wanted], judged.stderr
        assert _differing(bundle, copy) == [], name
        for form in ("html", "markdown", "junit", "csv", "csv-excel", "json", "text"):
            told = [_command(one, "report", "--out", bundle, "--format", form) for one in (sys.executable, other)]
            assert told[0].stdout == told[1].stdout, (name, form)
        again = _run(other, examples / name, tmp_path / f"{name}-run")
        # The log tells when each tool was at work; what names its digest differs with it.
        assert set(_differing(bundle, again)) <= {"results.sarif", "github.sarif", "report.html", "manifest.json"}, name


def interpreter(version: str) -> str | None:
    """A Python of this version that starts: on the path, or where pyenv, uv and hosted runners keep theirs."""
    home = Path.home()
    roots = [Path(os.environ.get("PYENV_ROOT", home / ".pyenv")) / "versions", home / ".local/share/uv/python"]
    roots += [Path(os.environ[name]) / "Python" for name in ("RUNNER_TOOL_CACHE",) if os.environ.get(name)]
    kept = [
        path for root in roots for way in ("bin", "x64/bin", "arm64/bin") for path in root.glob(f"*{version}.*/{way}")
    ]
    found = [shutil.which(f"python{version}"), *(str(path / f"python{version}") for path in sorted(kept))]
    return next((one for one in found if one and _starts(one, version)), None)


def _starts(python: str, version: str) -> bool:
    # A shim on the path may name a version that it does not start; a distribution may leave ensurepip out.
    told = "import ensurepip, sys; print('%d.%d' % sys.version_info[:2])"
    try:
        done = subprocess.run([python, "-Ic", told], check=False, capture_output=True, text=True, timeout=60)
    except OSError:
        return False
    return done.returncode == 0 and done.stdout.strip() == version


def test_a_shim_that_starts_nothing_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shim = tmp_path / "shims/python3.99"
    real = tmp_path / "root/versions/3.99.1/bin/python3.99"
    for path, line in ((shim, "exit 127"), (real, "echo 3.99")):
        path.parent.mkdir(parents=True)
        path.write_text(f"#!/bin/sh\n{line}\n")
        path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{shim.parent}{os.pathsep}{os.environ['PATH']}")
    assert interpreter("3.99") is None
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "root"))
    assert interpreter("3.99") == str(real)


def _installed(python: str, folder: Path) -> str:
    other = folder / "venv/bin/python"
    for command in (
        [python, "-Im", "venv", str(folder / "venv")],
        [str(other), "-m", "pip", "install", "-q", "--require-hashes", "-r", str(ROOT / "requirements/action.txt")],
        [str(other), "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation", str(_copy(folder))],
    ):
        subprocess.run(command, check=True, capture_output=True, timeout=600)
    return str(other)


def _copy(folder: Path) -> Path:
    (folder / "source").mkdir()
    for name in ("govsec_ci", "hooks"):
        shutil.copytree(ROOT / name, folder / "source" / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder / "source")
    return folder / "source"


def _run(program: str, project: Path, out: Path) -> Path:
    advisories = project.parent / "advisories"
    done = _command(program, "run", project, "--out", out, "--now", NOW, "--advisories", advisories)
    assert done.returncode in CODES.values(), done.stderr
    return out


def _command(program: str, *arguments: str | Path) -> subprocess.CompletedProcess[bytes]:
    command = [program, "-Im", "govsec_ci.cli", *map(str, arguments)]
    return subprocess.run(command, check=False, capture_output=True, timeout=300)


def _differing(one: Path, other: Path) -> list[str]:
    """Names of files that are not in both folders, byte for byte."""
    folders = [{path.relative_to(top).as_posix(): path.read_bytes() for path in _files(top)} for top in (one, other)]
    return sorted(
        name for name in folders[0].keys() | folders[1].keys() if folders[0].get(name) != folders[1].get(name)
    )


def _files(top: Path) -> list[Path]:
    return [path for path in top.rglob("*") if path.is_file()]
