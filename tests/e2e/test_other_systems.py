"""Nothing that only POSIX has is taken for granted; what can be shown of it without a Windows machine."""

import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import govsec_ci
from tests.conftest import ROOT
from tests.support import fresh, windows
from tests.support.staging import SHELL, small_repository, stage

NOW = ("--now", "2024-10-12T00:00:00Z")
DATA = ("--advisories", str(ROOT / "examples/advisories"))


def without_posix(module: str, *arguments: str | Path, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    env = fresh.environment(cwd / ".home", GOVSEC_CACHE_DIR=str(cwd / ".home/cache"), **variables)
    script = ROOT / "tests/support/windows.py"
    return fresh.run(sys.executable, "-I", script, module, *arguments, cwd=cwd, env=env)


@pytest.mark.full
def test_every_module_can_be_imported(tmp_path: Path) -> None:
    names = [one.name for one in pkgutil.walk_packages(govsec_ci.__path__, "govsec_ci.") if "__main__" not in one.name]
    program = f"import importlib, runpy; runpy.run_path({windows.__file__!r})['forget']()\n"
    program += f"for name in {names!r}: importlib.import_module(name)\n"
    env = fresh.environment(tmp_path / "home")
    done = fresh.run(sys.executable, "-I", "-c", program, cwd=tmp_path, env=env)
    assert done.returncode == 0, done.stdout
    assert len(names) > 100


@pytest.mark.full
@pytest.mark.parametrize(("name", "code"), [("vulnerable-app", 1), ("clean-app", 0), ("unlocked-app", 3)])
def test_the_examples_get_their_verdicts(name: str, code: int, tmp_path: Path) -> None:
    given = (*DATA, *NOW, "--out", tmp_path / "out")
    done = without_posix("govsec_ci.cli", "run", ROOT / "examples" / name, *given, cwd=tmp_path)
    assert done.returncode == code, done.stdout
    again = without_posix("govsec_ci.cli", "verify", tmp_path / "out", cwd=tmp_path)
    assert again.returncode == code, again.stdout


@pytest.mark.full
def test_stored_data_and_the_second_run_from_the_cache(tmp_path: Path) -> None:
    done = without_posix("govsec_ci.cli", "advisories", "import", ROOT / "examples/advisories", cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    for _ in range(2):
        given = (*NOW, "--offline", "--out", tmp_path / "out")
        done = without_posix("govsec_ci.cli", "run", ROOT / "examples/clean-app", *given, cwd=tmp_path)
        assert done.returncode == 0, done.stdout


@pytest.mark.full
def test_hooks_and_the_step_of_the_action(tmp_path: Path) -> None:
    top = small_repository(tmp_path / "repo")
    stage(top, {"app.py": SHELL, ".gitignore": ".home\ngovsec-out\n"})
    for hook, more in (
        ("bandit", ()),
        ("audit", DATA),
        ("gate", DATA),
        ("sbom", ()),
        ("pipeline", ()),
        ("waivers", ()),
    ):
        done = without_posix(f"govsec_ci_hooks.{hook}", *more, *NOW, cwd=top)
        assert done.returncode == (1 if hook in ("bandit", "gate") else 0), (hook, done.stdout)
    runner = {
        "GITHUB_WORKSPACE": str(ROOT), "RUNNER_TEMP": str(tmp_path), "GITHUB_OUTPUT": str(tmp_path / "output"),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"), "GOVSEC_INPUT_PATH": "examples/clean-app",
        "GOVSEC_INPUT_NOW": NOW[1], "GOVSEC_INPUT_ADVISORIES": "examples/advisories",
    }  # fmt: skip
    done = without_posix("govsec_ci.cli", "action", cwd=tmp_path, **runner)
    assert done.returncode == 0, done.stdout
    assert "\nPASS\n" in (tmp_path / "output").read_text()


def test_the_test_can_fail(tmp_path: Path) -> None:
    assert importlib.util.find_spec("fcntl"), "this system has it"
    (tmp_path / "taking.py").write_text("import fcntl\n\n\ndef main(words):\n    return 0\n")
    program = f"import sys, runpy; sys.path.insert(0, {str(tmp_path)!r}); sys.argv = ['x', 'taking']\n"
    program += f"runpy.run_path({windows.__file__!r}, run_name='__main__')\n"
    done = fresh.run(sys.executable, "-I", "-c", program, cwd=tmp_path, env=fresh.environment(tmp_path / "home"))
    assert "ModuleNotFoundError" in done.stdout
