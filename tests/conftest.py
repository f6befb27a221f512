"""Fixtures that every test may use."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("GOVSEC_TEST_SHARED", ROOT.parent / "shared"))


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
