"""Fixtures that every test may use."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import settings

from govsec_ci.system import process

# Machines are noisy, so no example has a time limit; and what continuous integration tries must be the same again.
settings.register_profile("steady", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("steady")

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("GOVSEC_TEST_SHARED", ROOT.parent / "shared"))


@pytest.fixture(autouse=True, scope="session")
def _cache_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test reads or fills the user's own cache, takes the user's advisory data, or the rules of a pull request."""
    own = ("GOVSEC_CACHE_DIR", "GOVSEC_ADVISORIES", "GITHUB_ACTIONS", "GITLAB_CI")
    kept = {name: os.environ.pop(name, None) for name in own}
    os.environ["GOVSEC_CACHE_DIR"] = str(tmp_path_factory.mktemp("cache"))
    yield
    for name, value in kept.items():
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value


@pytest.fixture(autouse=True)
def _children_may_start() -> Iterator[None]:
    """An interrupt stops further children for good; in one process with other tests it must not."""
    yield
    process.allow_children()


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder with public data sets and schemas that are not part of the repository."""
    if not (SHARED / "data").is_dir():
        pytest.skip(f"no test data at {SHARED}: they are not part of the repository (set GOVSEC_TEST_SHARED)")
    return SHARED


@pytest.fixture(scope="session")
def passing_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle of the example that passes. Shared by tests: copy it before changing it."""
    return _example_bundle("clean-app", tmp_path_factory.mktemp("passing") / "out")


@pytest.fixture(scope="session")
def failing_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle of the example that fails. Shared by tests: copy it before changing it."""
    return _example_bundle("vulnerable-app", tmp_path_factory.mktemp("failing") / "out")


def _example_bundle(name: str, out: Path) -> Path:
    from govsec_ci.app.run import run
    from govsec_ci.app.steps import Options

    now = datetime(2024, 10, 12, tzinfo=UTC)
    run(Options(path=ROOT / "examples" / name, out=out, now=now, advisories=ROOT / "examples/advisories", jobs=2))
    return out
