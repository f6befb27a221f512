"""docs/adding-a-scanner.md: the example is a scanner, and keeps what the page says that a scanner owes."""

import json
import re
import shutil
import sysconfig
import types
from pathlib import Path

import pytest

from govsec_ci.model import Region, Run, ScanState
from govsec_ci.scanners.base import Scanner
from govsec_ci.system import process
from tests.support.scanners import make_request, make_tree, place, told

SOURCE = 'import subprocess\nx = "é€𝄞"; subprocess.call(x, shell=True)  # noqa\n'


@pytest.fixture(scope="module")
def scanner(root: Path) -> Scanner:
    page = (root / "docs" / "adding-a-scanner.md").read_text("utf-8")
    code = re.findall(r"^```python\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)[0]
    module = types.ModuleType("ruff_example")
    exec(compile(code, "adding-a-scanner.md", "exec"), module.__dict__)
    made: Scanner = module.RuffScanner()
    return made


def scan(scanner: Scanner, folder: Path, files: dict[str, str | bytes]) -> Run:
    return scanner.scan(make_request(make_tree(folder, files))).run


@pytest.fixture
def ruff() -> None:
    if shutil.which("ruff", path=sysconfig.get_path("scripts")) is None:
        pytest.skip("ruff is not installed (dependency group lint)")


@pytest.mark.usefixtures("ruff")
def test_the_example_finds_what_it_should(scanner: Scanner, tmp_path: Path) -> None:
    run = scan(scanner, tmp_path, {"pkg/a.py": SOURCE, "ruff.toml": "[lint]\nignore = ['S']\n"})
    assert (run.state, run.targets, run.scope) == (ScanState.COMPLETE, 1, 1)
    found = next(result for result in run.results if result.rule_id == "S602")
    assert place(found) == ("pkg/a.py", 2)
    assert found.locations[0].region == Region(start_line=2, start_column=13)


@pytest.mark.usefixtures("ruff")
@pytest.mark.parametrize("content", [b"x = (\n", b"x = '\xff'\n"])
def test_the_example_tells_what_it_could_not_read(scanner: Scanner, tmp_path: Path, content: bytes) -> None:
    run = scan(scanner, tmp_path, {"a.py": SOURCE, "bad.py": content})
    assert run.state is ScanState.INCOMPLETE
    assert told(run) == [("file-not-parsed", "error")]
    assert {place(result)[0] for result in run.results} == {"a.py"}


def test_the_example_does_not_take_nothing_for_clean(scanner: Scanner, tmp_path: Path) -> None:
    run = scan(scanner, tmp_path, {"README.md": ""})
    assert (run.state, told(run)) == (ScanState.INCOMPLETE, [("nothing-to-scan", "error")])


@pytest.mark.parametrize(("exit_code", "stdout"), [(2, b"[]"), (0, b"{")])
def test_the_example_survives_a_broken_tool(
    scanner: Scanner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exit_code: int, stdout: bytes
) -> None:
    done = process.Completed(exit_code=exit_code, stdout=stdout, stderr="", seconds=0)
    monkeypatch.setattr(process, "run", lambda *_, **__: done)
    run = scan(scanner, tmp_path, {"a.py": SOURCE})
    assert (run.state, told(run)) == (ScanState.INCOMPLETE, [("tool-failed", "error")])


def test_the_example_reads_a_recorded_answer(scanner: Scanner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page is also held where ruff is not installed: this is what ruff 0.17 says."""
    recorded = {
        "cell": None, "code": "S602", "end_location": {"column": 27, "row": 2}, "filename": str(tmp_path / "a.py"),
        "fix": None, "location": {"column": 12, "row": 2}, "message": "`subprocess` call with `shell=True`",
        "name": "subprocess-popen-with-shell-equals-true", "noqa_row": 2, "severity": "error", "url": None,
    }  # fmt: skip
    done = process.Completed(exit_code=0, stdout=json.dumps([recorded]).encode(), stderr="", seconds=0)
    monkeypatch.setattr(process, "run", lambda *_, **__: done)
    monkeypatch.setattr("importlib.metadata.version", lambda _: "0.17.6")
    run = scan(scanner, tmp_path, {"a.py": SOURCE})
    assert [(place(result), result.rule_id) for result in run.results] == [(("a.py", 2), "S602")]
    assert [rule.id for rule in run.rules] == ["S602"]
