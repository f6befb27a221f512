"""Exit codes: one place where errors become them, and one that ends the process."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from govsec_ci import __version__, cli
from govsec_ci.cli import exits
from govsec_ci.errors import BundleError, DefectError, InputError
from tests.conftest import ROOT


def _fails_with(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> int:
    def command() -> int:
        raise error

    return exits.guarded(command)


def test_each_error_has_its_code_and_tells_what_and_next(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _fails_with(monkeypatch, InputError("x.toml: broken", cause="a typo", next_step="mend it")) == 2
    assert capsys.readouterr().err == "govsec: x.toml: broken\n  cause: a typo\n  next:  mend it\n"
    assert _fails_with(monkeypatch, BundleError("no")) == 5
    assert _fails_with(monkeypatch, KeyboardInterrupt()) == 130
    assert "interrupted" in capsys.readouterr().err


@pytest.mark.parametrize("error", [RuntimeError("boom"), DefectError("boom")])
def test_a_defect_is_4_with_a_report_to_paste(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _fails_with(monkeypatch, error) == 4
    text = capsys.readouterr().err
    assert "this is a defect in govsec_ci" in text
    assert f"govsec_ci {__version__}" in text
    assert "boom" in text
    assert str(Path.home()) + os.sep not in text


@pytest.mark.parametrize("encoding", ["cp1252", "iso8859-1", "cp932"])
def test_what_the_output_cannot_hold_is_no_defect(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding, write_through=True))
    assert cli.main(["profile", "list", "--lang", "ja"]) == 0
    assert "jp-gov" in written.getvalue().decode(encoding)
    assert cli.main(["profile", "show", "jp-gov", "--lang", "ja"]) == 0


def test_a_reader_that_goes_away_is_no_success() -> None:
    script = "import sys; from govsec_ci.cli import exits\ndef f(): raise BrokenPipeError\nsys.exit(exits.guarded(f))"
    done = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True)
    assert (done.returncode, done.stderr) == (130, b"")


def test_only_one_place_ends_the_process() -> None:
    for path in (ROOT / "govsec_ci").rglob("*.py"):
        text = path.read_text("utf-8")
        assert path.name == "__main__.py" or "sys.exit(" not in text or path.stem.endswith("_worker"), path
        assert "os._exit" not in text or path.stem.endswith("_worker"), path


def test_processes_are_started_in_one_place_only() -> None:
    for path in (ROOT / "govsec_ci").rglob("*.py"):
        if path.name != "process.py":
            assert "import subprocess" not in path.read_text("utf-8"), path
