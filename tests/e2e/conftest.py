"""What several tests of the doors share, because it takes a minute to make."""

from collections.abc import Iterator

import pytest

from tests.support import https, newcomer


@pytest.fixture(scope="session")
def feeds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[https.Server]:
    """A mirror with the example advisories, of today."""
    with newcomer.mirror(tmp_path_factory.mktemp("feeds")) as server:
        yield server


@pytest.fixture(scope="session")
def machine(tmp_path_factory: pytest.TempPathFactory, feeds: https.Server) -> newcomer.Machine:
    """A machine on which the section on installing has been followed."""
    return newcomer.new_machine(tmp_path_factory.mktemp("machine"), feeds)
