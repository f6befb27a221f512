"""``govsec-bandit`` on staged Python files."""

import sys
from pathlib import Path

import pytest
from govsec_ci_hooks.bandit import main

from tests.support.repositories import commit_all, git
from tests.support.staging import CLEAN, SHELL, call, small_repository, stage, write


@pytest.fixture
def top(tmp_path: Path) -> Path:
    return small_repository(tmp_path / "repo")


def test_a_shell_call_stops_the_commit_and_says_what_to_do(top: Path) -> None:
    stage(top, {"src/run it.py": SHELL})
    code, said = call(main, top, "src/run it.py")
    assert code == 1
    assert said.startswith("src/run it.py:4:1 HIGH B602 ")
    assert "\n    to do: " in said
    assert said.splitlines()[-1].startswith("FAIL: 1 blocking (profile jp-gov ")


LEFT = '[[out-of-scope]]\npath = "a.py"\nowner = "A"\nreason = "generated"\n'


@pytest.mark.parametrize(
    ("settings", "path", "told"),
    [
        (LEFT, "a.py", "a.py is out of scope: generated (owner: A)"),
        ('exclude = ["vendor"]\n', "vendor/a.py", "vendor: 1 file is excluded by the configuration"),
    ],
)
def test_a_commit_of_nothing_that_is_in_scope_passes_and_says_so(
    top: Path, settings: str, path: str, told: str
) -> None:
    stage(top, {"govsec.toml": settings, path: SHELL + "broken (\n"})
    code, said = call(main, top, path)
    assert (code, said.splitlines()[0]) == (0, told)
    assert said.splitlines()[-1].endswith("stage commit; bandit 0 of 0)")
    stage(top, {"b.py": SHELL})
    code, said = call(main, top, path, "b.py")
    assert (code, said.splitlines()[0]) == (1, told)
    stage(top, {"b.py": "broken (\n"})
    assert call(main, top, path, "b.py")[0] == 3


def test_it_speaks_japanese_too(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stage(top, {"run.py": SHELL})
    code, said = call(main, top, "--lang", "ja", "run.py")
    assert code == 1
    assert "\nFAIL jp-gov/static-high: 静的解析" in said
    assert "\n    対処: 引数はリストで渡し" in said or "\n    対処: " in said
    assert "to do" not in said
    assert "、基準 0 件以下 [" in said
    assert said.splitlines()[-1].startswith("FAIL: コミットを止める検出結果 1 件 (プロファイル jp-gov ")
    monkeypatch.setenv("LC_ALL", "ja_JP.UTF-8")
    assert call(main, top, "run.py")[1] == said


def test_a_clean_file_passes(top: Path) -> None:
    stage(top, {"app.py": CLEAN + "OTHER = 1\n"})
    code, said = call(main, top, "app.py")
    assert (code, said[:5]) == (0, "PASS ")


def test_the_staged_half_counts_whatever_the_work_tree_holds(top: Path) -> None:
    stage(top, {"app.py": SHELL})
    write(top, {"app.py": CLEAN})
    assert call(main, top, "app.py")[0] == 1
    stage(top, {"app.py": CLEAN})
    write(top, {"app.py": SHELL})
    assert call(main, top, "app.py")[0] == 0


def test_results_on_lines_that_were_there_before_are_told_and_do_not_stop_the_commit(top: Path) -> None:
    stage(top, {"app.py": SHELL})
    commit_all(top, "Shell")
    stage(top, {"app.py": SHELL + "ANSWER = 42\n"})
    code, said = call(main, top, "app.py")
    assert code == 0
    assert "more that do not block:\n  app.py:4:1 HIGH B602" in said
    assert call(main, top, "--all-lines", "app.py")[0] == 1
    stage(top, {"app.py": SHELL.replace("(x,", "(  x,")})
    assert call(main, top, "app.py")[0] == 1, "the line itself changes"


def test_python_and_git_may_count_lines_differently(top: Path) -> None:
    """A lone CR ends a line for Python only, so numbers after it differ: then every line counts."""
    stage(top, {"app.py": "a = 1\n" + SHELL})
    commit_all(top, "Shell")
    (top / "app.py").write_bytes(b"a = 1 # \r# \r#\n" + SHELL.encode())
    git(top, "add", "-A")
    assert call(main, top, "app.py")[0] == 1


def test_without_files_every_staged_change_is_judged(top: Path) -> None:
    assert call(main, top) == (0, "PASS: no Python file is staged\n")
    assert call(main, top, "--lang", "ja") == (0, "PASS: ステージした Python ファイルはない\n")
    stage(top, {"one.py": SHELL, "two.pyw": SHELL, "three.txt": SHELL})
    code, said = call(main, top)
    assert (code, said.count("HIGH B602")) == (1, 2)


@pytest.mark.parametrize("known", [True, False])
def test_a_script_with_a_suffix_is_not_passed_over_beside_a_clean_file(top: Path, *, known: bool) -> None:
    write(top, {"ok.py": CLEAN, "two.sh": f"#!/usr/bin/env python3\n{SHELL}"})
    (top / "two.sh").chmod(0o755)
    git(top, "add", *(["ok.py", "two.sh"] if known else ["ok.py"]))
    code, said = call(main, top, "ok.py", "two.sh")
    assert (code, said.count("HIGH B602")) == (1, 1)


def test_without_files_scripts_count_whose_names_do_not_say_so(top: Path) -> None:
    script = f"#!/usr/bin/env python3\n{SHELL}"
    stage(top, {"bin/one": script, "two.sh": script, "three.txt": script, "four": "#!/bin/sh\n"})
    (top / "two.sh").chmod(0o755)
    git(top, "add", "-A")
    code, said = call(main, top)
    assert (code, said.count("HIGH B602")) == (1, 2)
    commit_all(top, "Scripts")
    code, said = call(main, top, "--ref", "HEAD")
    assert (code, said.count("HIGH B602")) == (1, 2)


def test_without_files_a_commit_is_judged_by_what_it_changes(top: Path) -> None:
    before = git(top, "rev-parse", "HEAD").strip()
    stage(top, {"one.py": SHELL})
    commit_all(top, "A shell")
    assert call(main, top)[0] == 0, "nothing is staged"
    code, said = call(main, top, "--ref", "HEAD")
    assert (code, said.count("HIGH B602")) == (1, 1)
    stage(top, {"note.txt": "x"})
    commit_all(top, "A note")
    assert call(main, top, "--ref", "HEAD") == (0, "PASS: HEAD changes no Python file\n")
    assert call(main, top, "--ref", "HEAD", "--base", before)[0] == 1


def test_a_file_that_git_does_not_know_is_taken_from_the_work_tree(top: Path) -> None:
    write(top, {"new.py": SHELL})
    assert call(main, top, "new.py")[0] == 1
    code, said = call(main, top, "no-such.py")
    assert code == 2
    assert "no-such.py: cannot be read" in said


def test_what_does_not_parse_is_not_called_clean(top: Path) -> None:
    stage(top, {"broken.py": "def f(:\n"})
    code, said = call(main, top, "broken.py")
    assert code == 3
    assert "broken.py:1" in said
    assert "not checked by bandit" in said
    assert "INCOMPLETE jp-gov/static-scan, jp-gov/static-high, jp-gov/static-medium: not decided, for want of" in said
    assert said.count("\n") == 4


def test_paths_count_from_the_current_folder(top: Path) -> None:
    stage(top, {"src/deep/a.py": SHELL})
    code, said = call(main, top / "src", "deep/a.py")
    assert code == 1
    assert said.startswith("deep/a.py:4:1 ")
    code, said = call(main, top, "../elsewhere.py")
    assert code == 2
    assert "is not in the checkout" in said


def test_a_commit_that_is_pushed_is_judged(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stage(top, {"app.py": SHELL})
    pushed = commit_all(top, "Shell")
    stage(top, {"app.py": CLEAN})
    monkeypatch.setenv("PRE_COMMIT_TO_REF", pushed)
    assert call(main, top, "app.py")[0] == 1
    monkeypatch.delenv("PRE_COMMIT_TO_REF")
    assert call(main, top, "app.py")[0] == 0


def test_the_staged_configuration_counts(top: Path) -> None:
    owner = '[[out-of-scope]]\npath = "broken.py"\nowner = "A"\nreason = "a test of our parser"\n'
    stage(top, {"broken.py": "def f(:\n", "govsec.toml": owner})
    assert call(main, top, "broken.py", "app.py")[0] == 0
    stage(top, {"govsec.toml": "nonsense = 1\n"})
    code, said = call(main, top, "app.py")
    assert code == 2
    assert "nonsense" in said


def test_wrong_options_are_usage_errors(top: Path, tmp_path: Path) -> None:
    stage(top, {"app.py": CLEAN})
    assert call(main, top, "--no-such-option")[0] == 2
    assert call(main, top, "--profile", "no-such", "app.py")[0] == 2
    assert call(main, top, "--now", "yesterday", "app.py")[0] == 2
    assert call(main, top, "--ref", "no-such", "app.py")[0] == 2
    assert call(main, top, "--base", "--output=x", "app.py")[0] == 2
    (tmp_path / "bare").mkdir()
    git(tmp_path / "bare", "init", "-q", "--bare")
    assert call(main, tmp_path / "bare", "app.py")[0] == 2


def test_a_file_whose_name_looks_like_an_option_is_scanned(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["-h.py", "--help.py", "--config=x.py", "-rf.pyw"]
    stage(top, dict.fromkeys(names, SHELL))
    code, said = call(main, top, *names)
    assert (code, said.count("HIGH B602")) == (1, len(names))
    assert "\n-h.py:4:1 HIGH" in f"\n{said}"
    monkeypatch.chdir(top)
    monkeypatch.setattr(sys, "argv", ["govsec-hook-bandit", "-h.py"])
    assert main() == 1


def test_help_tells_the_exit_codes(top: Path) -> None:
    code, said = call(main, top, "--help")
    assert code == 0
    assert said.startswith("Usage: govsec-hook-bandit ")
    assert "1 blocked, 2 wrong input, 3 not checked" in " ".join(said.split())


def test_a_nosec_without_reason_is_what_the_profile_rules(top: Path) -> None:
    excused = SHELL.replace("shell=True)", "shell=True)  # nosec B602 - fixed text, no input of anyone")
    stage(top, {"app.py": excused.replace("input()", '"ls"')})
    code, said = call(main, top, "app.py")
    assert code == 0, said


def test_nothing_of_the_tree_is_imported(top: Path, tmp_path: Path) -> None:
    mine = f"import pathlib\npathlib.Path({str(tmp_path / 'executed')!r}).touch()\n"
    names = [f"{name}.py" for name in ("pip", "bandit", "sitecustomize", "conftest", "venv", "click")]
    stage(top, dict.fromkeys(names, mine))
    assert call(main, top, *names)[0] == 0
    assert not (tmp_path / "executed").exists()
