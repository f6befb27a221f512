"""``make dist``: what is published is reproducible, and the wheel is what works, not only the checkout."""

import importlib.util
import re
import subprocess
import sys
import sysconfig
import tarfile
from pathlib import Path
from types import ModuleType

import pytest

from govsec_ci import __version__
from tests.conftest import ROOT
from tests.support import fresh


def _tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("govsec_tools_dist", ROOT / "tools/dist.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _sdist(folder: Path, names: list[str], mode: int) -> Path:
    (folder / "x").mkdir(parents=True)
    for name in names:
        (folder / "x" / name).write_text(name, "utf-8")
        (folder / "x" / name).chmod(mode)
    with tarfile.open(folder / "x.tar.gz", "w:gz") as archive:
        for name in names:
            archive.add(folder / "x" / name, f"x/{name}")
    return folder / "x.tar.gz"


def test_an_sdist_depends_on_nothing_but_content_and_the_commit_time(tmp_path: Path) -> None:
    one, another = _sdist(tmp_path / "1", ["a", "b"], 0o600), _sdist(tmp_path / "2", ["b", "a"], 0o664)
    assert one.read_bytes() != another.read_bytes()
    for sdist in (one, another):
        _tool()._normalise(sdist, 1_700_000_000)
    assert one.read_bytes() == another.read_bytes()
    with tarfile.open(one) as archive:
        assert [(m.name, m.mtime, m.mode, m.uid) for m in archive] == [
            ("x/a", 1_700_000_000, 0o644, 0),
            ("x/b", 1_700_000_000, 0o644, 0),
        ]


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    to = tmp_path_factory.mktemp("built") / "dist"
    command = [sys.executable, str(ROOT / "tools/dist.py"), "--to", str(to)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return to


@pytest.mark.full
def test_sdist_and_wheel_are_built_twice_alike(dist: Path) -> None:
    assert sorted(file.name for file in dist.iterdir()) == [
        f"govsec_ci-{__version__}-py3-none-any.whl",
        f"govsec_ci-{__version__}.tar.gz",
    ]


@pytest.fixture(scope="module")
def python(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a fresh environment that holds the wheel and what the lock file names."""
    folder = tmp_path_factory.mktemp("wheel")
    made = folder / "venv/bin/python"
    (wheel,) = dist.glob("*.whl")
    for command in (
        [sys.executable, "-m", "venv", folder / "venv"],
        [made, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", ROOT / "requirements/action.txt"],
        [made, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", wheel],
    ):
        done = fresh.run(*map(str, command), cwd=folder, env=fresh.environment(folder / "home"))
        assert done.returncode == 0, done.stdout
    return made


@pytest.mark.full
def test_the_wheel_in_a_fresh_environment_judges_an_example(python: Path, tmp_path: Path) -> None:
    env = fresh.environment(tmp_path / "home")
    govsec = python.with_name("govsec")
    given: list[str | Path] = [
        "--advisories",
        ROOT / "examples/advisories",
        "--now",
        "2024-10-12T00:00:00Z",
        "--out",
        tmp_path / "out",
    ]
    for name, code in (("clean-app", 0), ("vulnerable-app", 1), ("unlocked-app", 3)):
        done = fresh.run(govsec, "run", ROOT / "examples" / name, *given, cwd=tmp_path, env=env)
        assert done.returncode == code, done.stdout
        done = fresh.run(govsec, "verify", tmp_path / "out", cwd=tmp_path, env=env)
        assert done.returncode == code, done.stdout
    where = fresh.run(python, "-Ic", "import govsec_ci; print(govsec_ci.__file__)", cwd=tmp_path, env=env).stdout
    assert where.startswith(str(python.parents[1]))


# The commands from scan to report, and the hooks. `make test` runs them on the sources, for branch coverage.
ON_THE_WHEEL = ("tests/e2e/test_commands.py", "tests/e2e/test_examples.py", "tests/unit/hooks")


@pytest.mark.full
def test_commands_and_hooks_pass_their_tests_on_the_wheel(python: Path, tmp_path: Path) -> None:
    (site,) = python.parents[1].glob("lib/python*/site-packages")
    # pytest and its kin, from the environment that runs this; the wheel stands before them.
    (site / "tests.pth").write_text(sysconfig.get_path("purelib") + "\n")
    (tmp_path / "path").mkdir()
    (tmp_path / "path/tests").symlink_to(ROOT / "tests")
    # -P: the checkout itself is no place to import from; only the tests are.
    env = fresh.environment(tmp_path / "home", PYTHONPATH=str(tmp_path / "path"))
    where = fresh.run(python, "-P", "-c", "import govsec_ci as g, govsec_ci_hooks as h; print(g, h)", cwd=ROOT, env=env)
    assert where.stdout.count(str(site)) == 2, where.stdout
    command: list[str | Path] = [
        python,
        "-P",
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-m",
        "not full",
        *ON_THE_WHEEL,
    ]
    done = fresh.run(*command, cwd=ROOT, env=env, timeout_s=1800)
    assert done.returncode == 0, done.stdout
    assert re.search(r"^[0-9]+ passed", done.stdout, re.MULTILINE)
