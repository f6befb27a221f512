"""``govsec-sync`` is ``govsec advisories sync``."""

import sys

import pytest
from govsec_ci_hooks.sync import main

from govsec_ci import cli


def test_the_arguments_go_to_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "main", lambda arguments: arguments)
    assert main(["--quiet"]) == ["advisories", "sync", "--quiet"]
    monkeypatch.setattr(sys, "argv", ["govsec-hook-sync", "-q"])
    assert main() == ["advisories", "sync", "-q"]
