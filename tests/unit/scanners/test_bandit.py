import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from govsec_ci.config import Config, Limits, OutOfScope, Timeouts
from govsec_ci.model import Artifact, Confidence, Level, Region, Result, Role, Run, ScanState, Severity, SuppressionKind
from govsec_ci.scanners import bandit_cache, bandit_shards
from govsec_ci.scanners.bandit import BanditScanner
from govsec_ci.scanners.python_files import is_python
from govsec_ci.system import git
from tests.support.scanners import make_request, make_tree, notification, place, told

EVAL = "eval('1')\n"


def scan(folder: Path, files: dict[str, str | bytes], **fields: Any) -> Run:
    return BanditScanner().scan(make_request(make_tree(folder, files), **fields)).run


def only(run: Run, rule: str) -> Result:
    (found,) = [result for result in run.results if result.rule_id == rule]
    return found


def test_a_clean_file_makes_a_complete_run(tmp_path: Path) -> None:
    run = scan(tmp_path, {"a.py": "x = 1\n"})
    assert (run.id, run.tool, run.version, run.role) == ("bandit", "bandit", "1.9.4", Role.SAST)
    assert (run.state, run.results, run.notifications) == (ScanState.COMPLETE, (), ())
    assert (run.targets, run.scope) == (1, 1)
    assert run.artifacts == (Artifact(path="a.py", sha256=hashlib.sha256(b"x = 1\n").hexdigest(), length=6),)
    assert run.invocation.start is not None
    assert run.invocation.end is not None
    assert not any(str(tmp_path) in argument for argument in run.invocation.arguments)


@pytest.mark.usefixtures("worker_inside")
def test_a_result_says_what_where_and_how_sure(tmp_path: Path) -> None:
    run = scan(tmp_path, {"pkg/a.py": 'import subprocess\nx = "é€𝄞"; subprocess.call(x, shell=True)\n'})
    result = only(run, "B602")
    assert result.message == "subprocess call with shell=True identified, security issue."
    assert (result.level, result.severity, result.confidence) == (Level.ERROR, Severity.HIGH, Confidence.HIGH)
    assert result.properties == {"cwe": "CWE-78"}
    assert result.suppressions == ()
    (location,) = result.locations
    assert location.path == "pkg/a.py"
    assert location.region == Region(
        start_line=2,
        start_column=13,
        end_line=2,
        end_column=43,
        snippet='x = "é€𝄞"; subprocess.call(x, shell=True)',
    )


@pytest.mark.usefixtures("worker_inside")
def test_a_statement_of_many_lines_has_its_true_end(tmp_path: Path) -> None:
    run = scan(tmp_path, {"a.py": "eval(\n    '1'\n    '2',\n    {},\n)\n"})
    region = only(run, "B307").locations[0].region
    assert region is not None
    assert (region.start_line, region.start_column, region.end_line, region.end_column) == (1, 1, 5, 2)


@pytest.mark.usefixtures("worker_inside")
@pytest.mark.parametrize(
    ("source", "justification", "marks"),
    [
        ("eval(x)  # nosec B307 - x is a constant\n", "x is a constant", None),
        ("eval(x)  # nosec B307\n", "", "without-reason"),
        ("eval(x)  # nosec\n", "", "blanket,without-reason"),
        ("eval(x)  # nosec: x is a constant\n", "x is a constant", "blanket"),
        ("eval(\n    x,  # nosec eval -- x is a constant\n)\n", "x is a constant", None),
    ],
)
def test_what_nosec_hides_is_kept_with_the_comment(
    tmp_path: Path, source: str, justification: str, marks: str | None
) -> None:
    run = scan(tmp_path, {"a.py": source})
    result = only(run, "B307")
    (suppression,) = result.suppressions
    assert suppression.kind is SuppressionKind.IN_SOURCE
    assert (suppression.origin, suppression.justification) == ("nosec", justification)
    assert suppression.location is not None
    assert suppression.location.region == Region(start_line=source[: source.index("#")].count("\n") + 1)
    assert result.properties.get("nosec") == marks
    assert run.state is ScanState.COMPLETE


@pytest.mark.usefixtures("worker_inside")
@pytest.mark.parametrize("source", ["eval(x)  # nosec B101\n", "eval(x)  # noqa\n", "x = '# nosec'; eval(x)\n"])
def test_a_comment_that_hides_nothing_suppresses_nothing(tmp_path: Path, source: str) -> None:
    assert only(scan(tmp_path, {"a.py": source}), "B307").suppressions == ()


def test_results_do_not_depend_on_the_number_of_processes(tmp_path: Path) -> None:
    padding = "# " + "x" * 90_000 + "\n"
    files: dict[str, str | bytes] = {f"{n}.py": padding + EVAL * (n + 1) for n in range(4)}
    one = scan(tmp_path, files, jobs=1)
    three = scan(tmp_path, files, jobs=3)
    assert one.results == three.results
    assert one.rules == three.rules
    assert one.artifacts == three.artifacts
    assert len(one.results) == 10
    assert [place(result) for result in one.results] == sorted(place(result) for result in one.results)


@pytest.mark.usefixtures("worker_inside")
def test_every_test_that_was_run_has_a_rule(tmp_path: Path) -> None:
    run = scan(tmp_path, {"a.py": EVAL})
    rule = next(rule for rule in run.rules if rule.id == "B307")
    assert rule.name
    assert rule.short
    assert rule.full
    assert rule.help
    assert rule.security_severity
    assert rule.cwes == ("CWE-78",)
    assert len(run.rules) > 60


@pytest.mark.usefixtures("worker_inside")
@pytest.mark.parametrize(
    ("content", "identifier", "words"),
    [
        (b"x = (1,\n", "file-not-parsed", "was never closed"),
        (b"def f[T](x: T): pass\n" if sys.version_info < (3, 12) else b"x = t-'\n", "file-not-parsed", "Python"),
        (b"x = '\xff'\n", "file-not-decoded", "line 1 is not UTF-8"),
        (b"x = 1\0\n", "file-not-parsed", "null bytes"),
    ],
)
def test_a_file_that_cannot_be_scanned_makes_the_run_incomplete(
    tmp_path: Path, content: bytes, identifier: str, words: str
) -> None:
    run = scan(tmp_path, {"bad.py": content, "good.py": EVAL})
    assert run.state is ScanState.INCOMPLETE
    assert told(run) == [(identifier, "error")]
    one = notification(run, identifier)
    assert one.text.startswith("bad.py: ")
    assert words in one.text
    assert one.location is not None
    assert one.location.path == "bad.py"
    assert one.next_step
    assert (run.targets, run.scope) == (1, 2)
    assert len(run.results) == 1


@pytest.mark.usefixtures("worker_inside")
def test_a_syntax_error_has_its_line(tmp_path: Path) -> None:
    run = scan(tmp_path, {"bad.py": "x = 1\nprint 'x'\n"})
    location = notification(run, "file-not-parsed").location
    assert location is not None
    assert location.region == Region(start_line=2)


def test_too_deep_nesting_is_told(tmp_path: Path) -> None:
    run = scan(tmp_path, {"deep.py": "x = " + "-" * 90_000 + "1\n"})
    assert run.state is ScanState.INCOMPLETE
    assert len(run.notifications) == 1


def test_a_long_chain_of_parts_is_scanned_where_bandit_gives_up(tmp_path: Path) -> None:
    run = scan(tmp_path, {"chain.py": "x = " + " + ".join(["'a'"] * 1100) + "\neval(x)\n"})
    assert run.state is ScanState.COMPLETE
    assert [found.rule_id for found in run.results] == ["B307"]


@pytest.mark.usefixtures("worker_inside")
def test_a_file_over_the_limit_is_told(tmp_path: Path) -> None:
    run = scan(tmp_path, {"a.py": "x = 1\n"}, config=Config(limits=Limits(source_file_bytes=5)))
    assert told(run) == [("file-too-large", "error")]
    assert "6 bytes, the limit is 5" in run.notifications[0].text


@pytest.mark.usefixtures("worker_inside")
@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_an_unreadable_file_is_told(tmp_path: Path) -> None:
    make_tree(tmp_path, {"a.py": "x = 1\n"})
    (tmp_path / "a.py").chmod(0)
    assert told(scan(tmp_path, {})) == [("file-not-read", "error")]


@pytest.mark.usefixtures("worker_inside")
def test_a_file_that_is_gone_is_told(tmp_path: Path) -> None:
    request = make_request(make_tree(tmp_path, {"a.py": "x = 1\n", "b.py": "x = 1\n"}))
    (tmp_path / "a.py").unlink()
    run = BanditScanner().scan(request).run
    assert told(run) == [("file-not-read", "error")]
    assert str(tmp_path) not in run.notifications[0].text


@pytest.mark.usefixtures("worker_inside")
def test_what_the_walk_refused_is_told(tmp_path: Path) -> None:
    make_tree(tmp_path, {"a.py": "x = 1\n"})
    os.mkfifo(tmp_path / "pipe.py")
    (tmp_path / "out.py").symlink_to("/etc/hostname")
    os.mkfifo(tmp_path / "pipe.txt")
    run = scan(tmp_path, {})
    assert told(run) == [("file-not-read", "error")] * 2
    assert (run.targets, run.scope) == (1, 3)


@pytest.mark.usefixtures("worker_inside")
def test_a_link_within_the_tree_is_scanned_as_bandit_would(tmp_path: Path) -> None:
    make_tree(tmp_path, {"a.py": EVAL})
    (tmp_path / "b.py").symlink_to("a.py")
    assert [place(result) for result in scan(tmp_path, {}).results] == [("a.py", 1), ("b.py", 1)]


def test_an_empty_tree_is_not_clean(tmp_path: Path) -> None:
    run = scan(tmp_path, {"README.md": "x"})
    assert run.state is ScanState.INCOMPLETE
    assert told(run) == [("nothing-to-scan", "error")]


@pytest.mark.usefixtures("worker_inside")
def test_files_of_other_kinds_are_not_scanned(tmp_path: Path) -> None:
    run = scan(tmp_path, {"a.py": "", "b.pyw": EVAL, "c.pyi": EVAL, "d.txt": EVAL, "e.PY": EVAL})
    assert [artifact.path for artifact in run.artifacts] == ["a.py", "b.pyw"]


@pytest.mark.usefixtures("worker_inside")
def test_a_folder_that_the_configuration_excludes_is_counted(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"tests/a.py": EVAL, "tests/deep/b.py": EVAL, "testsuite.py": EVAL}
    run = scan(tmp_path, files, config=Config(exclude=("tests/",)))
    assert [place(result)[0] for result in run.results] == ["testsuite.py"]
    assert told(run) == [("excluded", "note")]
    assert run.notifications[0].properties == {"count": "2"}
    assert (run.state, run.scope) == (ScanState.COMPLETE, 1)


@pytest.mark.usefixtures("worker_inside")
def test_excluding_everything_is_not_clean(tmp_path: Path) -> None:
    run = scan(tmp_path, {"src/a.py": EVAL}, config=Config(exclude=("src",)))
    assert run.state is ScanState.INCOMPLETE
    assert ("nothing-to-scan", "error") in told(run)


@pytest.mark.usefixtures("worker_inside")
def test_a_file_out_of_scope_is_named_with_owner_and_reason(tmp_path: Path) -> None:
    entry = OutOfScope(path="bad.py", owner="QA", reason="a syntax error on purpose")
    run = scan(tmp_path, {"a.py": "", "bad.py": "x = ("}, config=Config(out_of_scope=(entry,)))
    assert run.state is ScanState.COMPLETE
    one = notification(run, "out-of-scope")
    assert one.level is Level.NOTE
    assert one.properties == {"owner": "QA", "reason": "a syntax error on purpose"}
    assert "QA" in one.text
    assert (run.targets, run.scope) == (1, 1)


@pytest.mark.usefixtures("worker_inside")
def test_an_out_of_scope_file_that_does_not_exist_is_told(tmp_path: Path) -> None:
    entries = (OutOfScope(path="gone.py", owner="QA", reason="x"), OutOfScope(path="no.yml", owner="QA", reason="x"))
    run = scan(tmp_path, {"a.py": ""}, config=Config(out_of_scope=entries))
    assert told(run) == [("out-of-scope-missing", "warning")]


@pytest.mark.usefixtures("worker_inside")
def test_settings_of_the_judged_tree_do_not_count(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "a.py": EVAL,
        ".bandit": "[bandit]\nskips = B307\nexclude = /a.py\n",
        "pyproject.toml": "[tool.bandit]\nskips = ['B307']\nexclude_dirs = ['.']\n",
        "bandit.yaml": "skips: ['B307']\n",
    }
    assert [result.rule_id for result in scan(tmp_path, files).results] == ["B307"]


@pytest.mark.usefixtures("worker_inside")
def test_text_that_utf8_cannot_hold_is_escaped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bandit_cache, "_without_secrets", lambda fresh: fresh)
    (result,) = scan(tmp_path, {"a.py": "password = '\\ud800'\n"}).results
    assert result.rule_id == "B105"
    assert result.message.endswith("'\\ud800'")


@pytest.mark.usefixtures("worker_inside")
def test_a_message_is_not_endless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bandit_cache, "_without_secrets", lambda fresh: fresh)
    run = scan(tmp_path, {"a.py": f"password = '{'x' * 9999}'\n"})
    assert len(run.results[0].message) == 1000


@pytest.mark.usefixtures("worker_inside")
@pytest.mark.parametrize("name", ["é 𝄞.py", "new\nline.py", "-rf.py", "a;b$(x).py", "日本.py"])
def test_odd_file_names_come_through(tmp_path: Path, name: str) -> None:
    run = scan(tmp_path, {name: EVAL})
    assert [place(result)[0] for result in run.results] == [name]


@pytest.mark.skipif(sys.platform != "linux", reason="file names are bytes on Linux")
def test_a_file_name_that_is_not_utf8_comes_through(tmp_path: Path) -> None:
    name = os.fsdecode(b"\xff.py")
    run = scan(tmp_path, {name: "x = ("})
    assert run.notifications[0].location is not None
    assert run.notifications[0].location.path == name
    run.notifications[0].text.encode("utf-8")


def test_code_of_the_judged_tree_does_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    canary = tmp_path / "ran"
    shout = f"open({str(canary)!r}, 'a').write(__file__)\n"
    names = ("bandit", "sitecustomize", "usercustomize", "conftest", "json", "stevedore", "pip", "setup", "govsec_ci")
    tree = make_tree(tmp_path / "tree", {f"{name}.py": shout for name in names})
    make_tree(tree, {"bandit/__init__.py": shout, "bandit/__main__.py": shout, "x.pth": f"import os; {shout}"})
    monkeypatch.chdir(tree)
    monkeypatch.setenv("PYTHONPATH", str(tree))
    monkeypatch.setenv("PYTHONSTARTUP", str(tree / "conftest.py"))
    run = BanditScanner().scan(make_request(tree)).run
    assert run.state is ScanState.COMPLETE
    assert run.targets == len(names) + 2
    assert not canary.exists()


def test_a_hang_is_stopped_and_told(tmp_path: Path) -> None:
    # bandit walks this chain of concatenations for each of its parts: quadratic, some minutes.
    hang = "x = " + " + ".join(["'select %s from t'"] * 900) + "\n"
    run = scan(tmp_path, {"a.py": EVAL, "b.py": hang * 200}, config=Config(timeouts=Timeouts(bandit_s=1.5)))
    assert run.state is ScanState.INCOMPLETE
    assert "b.py: not scanned: bandit took longer than 1.5 s and was stopped" in {one.text for one in run.notifications}
    assert run.invocation.start is not None
    assert run.invocation.end is not None
    assert (run.invocation.end - run.invocation.start).total_seconds() < 10


def test_a_hang_over_one_file_costs_that_file(tmp_path: Path) -> None:
    hang = "x = " + " + ".join(["'select %s from t'"] * 900) + "\n"
    padding = "#" * 400_000  # so that it is the largest file, and comes last
    files: dict[str, str | bytes] = {"a.py": EVAL, "b.py": hang * 200, "c.py": f"{EVAL}{padding * 20}\n"}
    run = scan(tmp_path, files, config=Config(timeouts=Timeouts(file_s=1.5)))
    assert "b.py: not scanned: bandit took longer than 1.5 s over this file and was stopped" in {
        one.text for one in run.notifications
    }
    assert ("c.py", 1) in [place(result) for result in run.results]


@pytest.mark.usefixtures("worker_inside")
def test_a_real_test_of_bandit_that_crashes_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from bandit.core import blacklisting

    def crash(*_: object) -> None:
        raise KeyError("name")

    # As importlib.import_module() without an argument does in bandit 1.9.4.
    monkeypatch.setattr(blacklisting, "report_issue", crash)
    run = scan(tmp_path, {"a.py": "assert x\neval(x)\n"})
    assert run.state is ScanState.INCOMPLETE
    crashed = notification(run, "test-crashed")
    assert "bandit's test blacklist failed on line 2: KeyError: 'name'" in crashed.text
    assert [found.rule_id for found in run.results] == ["B101"]


def test_a_test_of_bandit_that_crashes_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    problem = {"kind": "test-crashed", "text": "bandit's test t failed on line 3: KeyError: 'x'", "line": 3}
    line = {"path": "a.py", "sha256": "0" * 64, "length": 1, "results": [], "problems": [problem]}
    outcome = bandit_shards.Outcome(lines={"a.py": line}, failures={}, tests=())
    monkeypatch.setattr(bandit_shards, "scan", lambda job, pool: outcome)
    run = scan(tmp_path, {"a.py": ""})
    assert told(run) == [("test-crashed", "error")]
    assert (run.targets, run.scope) == (1, 1)


def test_a_test_without_a_rule_is_a_defect_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outcome = bandit_shards.Outcome(lines={}, failures={}, tests=("B101", "B999"))
    monkeypatch.setattr(bandit_shards, "scan", lambda job, pool: outcome)
    run = scan(tmp_path, {"a.py": ""})
    assert told(run) == [("rule-unknown", "warning")]
    assert [rule.id for rule in run.rules] == ["B101", "B999"]


def test_words_that_bandit_may_learn_are_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = {
        "id": "B101", "text": "x", "severity": "UNDEFINED", "confidence": "UNDEFINED", "cwe": 0,
        "region": {"start_line": 1}, "nosec": None,
    }  # fmt: skip
    line = {"path": "a.py", "sha256": "", "length": 0, "results": [result], "problems": []}
    outcome = bandit_shards.Outcome(lines={"a.py": line}, failures={}, tests=("B101",))
    monkeypatch.setattr(bandit_shards, "scan", lambda job, pool: outcome)
    (found,) = scan(tmp_path, {"a.py": ""}).results
    assert (found.level, found.severity, found.confidence) == (Level.WARNING, Severity.UNKNOWN, Confidence.UNKNOWN)
    assert found.properties == {}


def test_python_is_told_by_name() -> None:
    assert [name for name in ("a.py", "a.pyw", "a.pyi", "a.py.txt", "py") if is_python(name)] == [
        "a.py",
        "a.pyw",
    ]


SHELL = "import subprocess, sys\nsubprocess.call(sys.argv[1], shell=True)\n"


@pytest.mark.usefixtures("worker_inside")
@pytest.mark.parametrize("line", ["#!/usr/bin/env python3", "#! /usr/bin/python3.12 -u", "#!/usr/bin/env -S uv run -s"])
def test_a_script_is_told_by_its_first_line(tmp_path: Path, line: str) -> None:
    run = scan(tmp_path, {"bin/tool": f"{line}\n{SHELL}", "bin/other": "#!/bin/sh\nexit\n", "data.txt": f"{line}\n"})
    assert [result.locations[0].path for result in run.results if result.rule_id == "B602"] == ["bin/tool"]
    assert (run.targets, run.scope) == (1, 1)
    left = scan(tmp_path, {}, config=Config(exclude=("bin",)))
    assert [one.id for one in left.notifications] == ["nothing-to-scan", "excluded"]


@pytest.mark.usefixtures("worker_inside")
def test_one_with_a_suffix_counts_where_it_may_be_executed(tmp_path: Path) -> None:
    make_tree(tmp_path, {"a.py": "", "run.cgi": f"#!/usr/bin/python3\n{SHELL}"})
    assert scan(tmp_path, {}).targets == 1
    (tmp_path / "run.cgi").chmod(0o755)
    assert [result.locations[0].path for result in scan(tmp_path, {}).results] == ["run.cgi", "run.cgi"]


@pytest.mark.usefixtures("worker_inside")
@pytest.mark.parametrize("name", ["pkg/a.pyc", "tool.pyz", "lib.egg"])
def test_what_python_runs_and_nobody_can_read_is_not_clean(tmp_path: Path, name: str) -> None:
    files: dict[str, str | bytes] = {"a.py": "", name: b"\xa7\r\r\n"}
    run = scan(tmp_path, files)
    assert (run.state, told(run)) == (ScanState.INCOMPLETE, [("code-not-readable", "error")])
    entry = OutOfScope(path=name, owner="QA", reason="a test loads it")
    run = scan(tmp_path, files, config=Config(out_of_scope=(entry,)))
    assert (run.state, told(run)) == (ScanState.COMPLETE, [("out-of-scope", "note")])


@pytest.mark.usefixtures("worker_inside")
def test_byte_code_counts_where_git_tracks_it(tmp_path: Path) -> None:
    make_tree(tmp_path, {"a.py": "", "a.pyc": b"\xa7", "__pycache__/a.cpython-311.pyc": b"\xa7"})

    def run_git(*arguments: str) -> None:
        subprocess.run(["git", "-C", str(tmp_path), *arguments], check=True, capture_output=True)

    run_git("init", "-q")
    run_git("add", "-f", "a.py")
    assert told(scan(tmp_path, {}, checkout=git.inspect(tmp_path))) == []
    run_git("add", "-f", ".")
    assert told(scan(tmp_path, {}, checkout=git.inspect(tmp_path))) == [
        ("tracked-but-left-out", "error"),
        ("code-not-readable", "error"),
    ]


@pytest.mark.usefixtures("worker_inside")
def test_notebooks_are_warned_of(tmp_path: Path) -> None:
    run = scan(tmp_path, {"a.py": "", "x/a.ipynb": "{}", "x/b.ipynb": "{}"})
    assert (run.state, told(run)) == (ScanState.COMPLETE, [("notebooks", "warning")])
    assert run.notifications[0].text.startswith("2 notebooks")
    (tmp_path / "x/b.ipynb").unlink()
    (one,) = scan(tmp_path, {}).notifications
    assert one.text == "x/a.ipynb was not looked at: bandit does not read notebooks (*.ipynb)"
    assert told(scan(tmp_path, {}, config=Config(exclude=("x",)))) == []
