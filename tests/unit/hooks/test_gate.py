"""``govsec-gate`` is ``govsec run``."""

import sys
from pathlib import Path

import pytest
from govsec_ci_hooks.gate import main

from govsec_ci import cli


def test_the_arguments_go_to_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "nowhere"), "--out", str(tmp_path / "out")]) == 2
    assert "there is no such folder" in capsys.readouterr().err


def test_as_a_program_it_takes_those_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "main", lambda arguments: arguments)
    monkeypatch.setattr(sys, "argv", ["govsec-hook-gate", "--stage", "release"])
    assert main() == ["run", "--stage", "release"]
