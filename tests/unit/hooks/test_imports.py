"""What starting up costs, counted in modules: these do not depend on how busy the machine is."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.repositories import git, new_repository

# Each costs a tenth of a second or more, and no hook over one Python file needs it.
HEAVY = {
    "rich",
    "sarif_om",
    "pip_audit",
    "jinja2",
    "babel",
    "cyclonedx",
    "securesystemslib",
    "cryptography",
    "requests",
}
# Measured 318 and 150; with room for what the interpreter's minor versions import of their own.
MOST_OF_A_HOOK = 360
MOST_OF_THE_VERSION = 180


def modules(program: str, cwd: Path) -> list[str]:
    """All modules that ``program`` has loaded by its end."""
    # What measures coverage follows into children, and brings modules of its own.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    told = subprocess.run(
        [sys.executable, "-c", f"{program}\nimport sys; print(*sys.modules)"],
        check=True, capture_output=True, text=True, cwd=cwd, env=environment,
    )  # fmt: skip
    return told.stdout.splitlines()[-1].split()


@pytest.mark.parametrize("text", ["x = 1\n", "import pickle\npickle.loads(x)\n"])
def test_a_whole_run_of_the_bandit_hook(tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOVSEC_CACHE_DIR", str(tmp_path / "cache"))
    folder = new_repository(tmp_path / "r")
    (folder / "app.py").write_text(text)
    git(folder, "add", "-A")
    loaded = modules("from govsec_ci_hooks import bandit; bandit.main(['app.py'])", folder)
    assert "govsec_ci.scanners.bandit_cache" in loaded
    assert "govsec_ci.cli.commands" not in loaded
    assert HEAVY & {name.partition(".")[0] for name in loaded} == set()
    assert len(loaded) <= MOST_OF_A_HOOK


def test_bandit_starts_up_before_the_hook_is_imported(tmp_path: Path) -> None:
    loaded = modules("from govsec_ci_hooks import bandit", tmp_path)
    assert {name for name in loaded if name.startswith(("govsec_ci.", "click"))} == {
        "govsec_ci.errors", "govsec_ci.scanners", "govsec_ci.scanners.early", "govsec_ci.system",
        "govsec_ci.system.process",
    }  # fmt: skip


def test_the_version(tmp_path: Path) -> None:
    loaded = modules("from govsec_ci import cli; cli.main(['--version'])", tmp_path)
    assert HEAVY & {name.partition(".")[0] for name in loaded} == set()
    ours = [name for name in loaded if name.startswith("govsec_ci.") and not name.startswith("govsec_ci.cli")]
    assert ours == ["govsec_ci.errors", "govsec_ci.system", "govsec_ci.system.process"]
    assert len(loaded) <= MOST_OF_THE_VERSION
