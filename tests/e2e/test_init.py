"""``govsec init`` in repositories of different shapes: what it writes works at once."""

from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT
from tests.support import fresh
from tests.support.repositories import commit_all, new_repository
from tests.support.staging import CLEAN, PROJECT, write

pytestmark = pytest.mark.full

ADVISORIES = str(ROOT / "examples/advisories")
NOW = "2024-10-12T00:00:00Z"
UV_LOCK = (
    'version = 1\nrequires-python = ">=3.11"\n\n[[package]]\nname = "idna"\nversion = "3.10"\n'
    'source = { registry = "https://pypi.org/simple" }\n\n[[package]]\nname = "small"\nversion = "1.0"\n'
    'source = { virtual = "." }\ndependencies = [{ name = "idna" }]\n\n'
    '[package.metadata]\nrequires-dist = [{ name = "idna" }]\n'
)
HOOKS = "# ours\nrepos:\n  - repo: local\n    hooks:\n      - {id: own, name: own, entry: 'true', language: system}\n"
WORKFLOW = (
    "name: ci\non: push\npermissions: {}\nconcurrency: {group: ci, cancel-in-progress: true}\njobs:\n  test:\n"
    "    name: test\n    runs-on: ubuntu-latest\n    permissions: {}\n    steps:\n      - run: echo\n"
)
SHAPES: dict[str, tuple[dict[str, str], int]] = {
    "application": ({"app.py": CLEAN, "pyproject.toml": PROJECT, "requirements.txt": "idna==3.10\n"}, 0),
    "locked by uv, src layout": ({"src/small/__init__.py": CLEAN, "pyproject.toml": PROJECT, "uv.lock": UV_LOCK}, 0),
    "legacy, not locked": ({"run.pyw": CLEAN, "requirements.txt": "idna>=3\n"}, 3),
    "already with hooks and workflows": (
        {"app.py": CLEAN, "pyproject.toml": PROJECT, "requirements/base.txt": "idna==3.10\n",
         ".pre-commit-config.yaml": HOOKS, ".github/workflows/ci.yml": WORKFLOW}, 0,
    ),
    "settings in pyproject, two services": (
        {"a/app.py": CLEAN, "a/requirements.txt": "idna==3.10\n",
         "b/app.py": CLEAN, "b/requirements.txt": "idna==3.9\n",
         "pyproject.toml": '[project]\nname = "two"\nversion = "1"\n[tool.govsec]\nprofiles = ["jp-gov"]\n'}, 0,
    ),
}  # fmt: skip


@pytest.fixture(params=SHAPES, ids=list(SHAPES))
def shape(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, int]:
    files, code = SHAPES[request.param]
    top = new_repository(tmp_path / "repo")
    write(top, files)
    commit_all(top, "As it was")
    return top, code


def test_what_init_writes_works_at_once(shape: tuple[Path, int], tmp_path: Path) -> None:
    top, code = shape
    env = fresh.environment(
        tmp_path / "home", PATH=f"{fresh.tool('govsec').parent}:{fresh.environment(tmp_path / 'home')['PATH']}",
        GOVSEC_ADVISORIES=ADVISORIES, GOVSEC_CACHE_DIR=str(tmp_path / "cache"),
    )  # fmt: skip
    config = top / ".pre-commit-config.yaml"
    before = config.read_text() if config.exists() else ""
    done = fresh.run("govsec", "init", cwd=top, env=env)
    assert done.returncode == 0, done.stdout
    assert config.read_text().startswith(before)
    assert len({hook["id"] for repo in yaml.safe_load(config.read_text())["repos"] for hook in repo["hooks"]}) >= 5
    again = fresh.run("govsec", "init", cwd=top, env=env)
    assert again.stdout == "Everything is in place.\n"
    commit_all(top, "Use govsec")
    hooks = fresh.run("pre-commit", "run", "--all-files", cwd=top, env=env)
    assert hooks.returncode == (1 if code else 0), hooks.stdout
    assert "Traceback" not in hooks.stdout
    judged = fresh.run("govsec", "run", "--now", NOW, "--offline", cwd=top, env=env)
    assert judged.returncode == code or "actions-pinned" in judged.stdout, judged.stdout
    assert (top / "govsec-out/verdict.json").exists()
