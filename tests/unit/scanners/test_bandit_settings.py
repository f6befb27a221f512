import time
from pathlib import Path
from typing import Any

import pytest

from govsec_ci.config import Config, TreeSetting
from govsec_ci.model import Location, Region, Run, ScanState, SuppressionKind
from govsec_ci.scanners.bandit import BanditScanner
from govsec_ci.scanners.bandit_settings import Setting, asked, read
from tests.support.patience import HANG_S
from tests.support.scanners import make_request, make_tree, place, told

FILES = {"a.py": "eval('1')\nassert x\n", "tests/b.py": "assert x\n"}
PYPROJECT = "[project]\nname = 'x'\n\n[tool.bandit]\nexclude_dirs = ['tests']\nskips = ['B101', 'B307']\n"


def allow(setting: Any, *values: str) -> TreeSetting:
    return TreeSetting(setting=setting, values=values, owner="AppSec", reason="asserts are compiled in")


def scan(folder: Path, files: dict[str, str], *allowed: TreeSetting) -> Run:
    request = make_request(make_tree(folder, FILES | files), config=Config(tree_settings=allowed))
    return BanditScanner().scan(request).run


pytestmark = pytest.mark.usefixtures("worker_inside")


@pytest.mark.parametrize(
    "files",
    [
        {"pyproject.toml": PYPROJECT},
        {".bandit": "[bandit]\nexclude = ./tests/\nskips = B101, B307\n"},
        {"pyproject.toml": PYPROJECT, ".bandit": "[bandit]\ntests = B602\n"},
    ],
)
def test_without_permission_nothing_is_switched_off_and_all_is_told(tmp_path: Path, files: dict[str, str]) -> None:
    run = scan(tmp_path, files)
    assert [place(result) for result in run.results] == [("a.py", 1), ("a.py", 2), ("tests/b.py", 1)]
    assert not any(result.suppressions for result in run.results)
    assert run.state is ScanState.COMPLETE
    assert set(told(run)) == {("tree-setting-without-effect", "note")}
    counts = {one.properties["value"].strip("./"): one.properties["count"] for one in run.notifications}
    assert counts.items() >= {"tests": "1", "B101": "2", "B307": "1"}.items()
    ends = {one.properties["value"].strip("./"): one.text.rpartition(" (")[2] for one in run.notifications}
    assert ends.items() >= {"tests": "1 file)", "B101": "2 results)", "B307": "1 result)"}.items()


def test_an_allowed_skip_is_a_claim_on_each_of_its_results(tmp_path: Path) -> None:
    run = scan(tmp_path, {"pyproject.toml": PYPROJECT}, allow("bandit.skips", "B101"))
    claims = {(*place(result), result.rule_id): result.suppressions for result in run.results}
    assert claims["a.py", 1, "B307"] == ()
    (claim,) = claims["a.py", 2, "B101"]
    assert (claim.kind, claim.origin) == (SuppressionKind.EXTERNAL, "out-of-scope")
    assert claim.justification == "asserts are compiled in (owner: AppSec)"
    assert claim.origin_id == "pyproject.toml skips B101"
    assert claim.location == Location(path="pyproject.toml", region=Region(start_line=6))
    assert sorted(one.id for one in run.notifications) == [
        "tree-setting-allowed",
        "tree-setting-without-effect",
        "tree-setting-without-effect",
    ]


def test_an_allowed_folder_is_not_scanned_and_counted(tmp_path: Path) -> None:
    run = scan(tmp_path, {"pyproject.toml": PYPROJECT}, allow("bandit.exclude_dirs", "tests"))
    assert [place(result)[0] for result in run.results] == ["a.py", "a.py"]
    assert (run.targets, run.scope) == (1, 1)
    (one,) = [one for one in run.notifications if one.id == "tree-setting-allowed"]
    assert "AppSec" in one.text
    assert one.properties == {"count": "1", "value": "tests"}


def test_a_value_that_the_change_adds_has_no_effect(tmp_path: Path) -> None:
    widened = PYPROJECT.replace("'tests'", "'tests', 'a.py', '.'")
    run = scan(tmp_path, {"pyproject.toml": widened}, allow("bandit.exclude_dirs", "tests"))
    assert [place(result)[0] for result in run.results] == ["a.py", "a.py"]


def test_a_permission_that_nobody_uses_does_nothing(tmp_path: Path) -> None:
    run = scan(tmp_path, {}, allow("bandit.skips", "B101"))
    assert not any(result.suppressions for result in run.results)
    assert run.notifications == ()


@pytest.mark.parametrize(
    ("folder", "path", "holds"),
    [
        ("tests", "tests/a.py", True),
        ("./tests/", "tests/a.py", True),
        ("tests/*", "tests/a.py", True),
        ("tests", "pkg/tests/a.py", True),
        ("tests", "my_tests/a.py", False),
        ("tests", "tests.py", False),
        (".", "a.py", False),
        ("*", "a.py", False),
        ("", "a.py", False),
        ("/", "a.py", False),
    ],
)
def test_a_folder_is_excluded_by_whole_names(tmp_path: Path, folder: str, path: str, holds: bool) -> None:
    make_tree(tmp_path, {"pyproject.toml": f"[tool.bandit]\nexclude_dirs = [{folder!r}]\n"})
    request = make_request(tmp_path, config=Config(tree_settings=(allow("bandit.exclude_dirs", folder),)))
    assert read(request).excludes(path) is holds


@pytest.mark.parametrize(
    "files",
    [
        {"pyproject.toml": "[tool.bandit"},
        {"pyproject.toml": "[tool]\nbandit = 5\n"},
        {"pyproject.toml": "x = 1\n"},
        {"pyproject.toml": "tool = 5\n"},
        {"pyproject.toml": "x = " + "[" * 100_000},
        {".bandit": "no section\n"},
        {".bandit": "[other]\nskips = B101\n"},
        {"sub/pyproject.toml": PYPROJECT},
    ],
)
def test_what_is_no_setting_asks_for_nothing(tmp_path: Path, files: dict[str, str]) -> None:
    assert read(make_request(make_tree(tmp_path, files))).asked == ()


def test_settings_of_single_tests_are_told_too(tmp_path: Path) -> None:
    text = "[tool.bandit.assert_used]\nskips = ['*_test.py']\n[tool.bandit.empty]\n"
    assert read(make_request(make_tree(tmp_path, {"pyproject.toml": text}))).asked == (
        Setting(path="pyproject.toml", key="assert_used", setting="", value="…", line=1),
    )


@pytest.mark.parametrize(
    ("path", "text", "number"),
    [
        ("pyproject.toml", f"{' ' * 400_000}\n[tool.bandit]\nskips = ['B101']\n", 1),
        ("pyproject.toml", "[tool.bandit]\n" + "".join(f"k{number} = 1\n" for number in range(30_000)), 30_000),
        ("pyproject.toml", f"[tool.bandit]\n{'.'.join('a' * 100_000)} = 1\n", 0),
        ("pyproject.toml", f"[tool.bandit]\nskips = {'1' * 5_000}\n", 0),
        (".bandit", f"[bandit]\na{' ' * 400_000}b\n", 0),
        (".bandit", f"[bandit]\nskips ={' ' * 400_000}B101\n", 1),
    ],
)
def test_a_file_that_is_made_to_hold_the_reader_up(path: str, text: str, number: int) -> None:
    started = time.process_time()
    assert len(list(asked(path, text.encode()))) == number
    assert time.process_time() - started < HANG_S


def test_a_setting_is_told_with_its_line() -> None:
    text = "x = 1\n [ tool . bandit ]\nnote = 'skips'\n  skips=['B101']\n"
    assert [(one.key, one.line) for one in asked("pyproject.toml", text.encode())] == [("note", 3), ("skips", 4)]
    text = "tool.bandit.exclude_dirs = ['a']\n"
    assert [(one.key, one.line) for one in asked("pyproject.toml", text.encode())] == [("exclude_dirs", 1)]
    assert [(one.key, one.line) for one in asked(".bandit", b"[bandit]\nskips: B101\n")] == [("skips", 2)]


def test_a_tree_full_of_settings_does_not_flood_the_report(tmp_path: Path) -> None:
    values = [f"B{number:05}" for number in range(30_000)]
    run = scan(tmp_path, {"pyproject.toml": f"[tool.bandit]\nskips = {values!r}\n"}, allow("bandit.skips", "B29999"))
    assert len(run.notifications) == 102
    assert run.notifications[0].id == "tree-setting-allowed"
    assert run.notifications[-1].text.startswith("29899 more values")
    one_more = {"pyproject.toml": f"[tool.bandit]\nskips = {values[:101]!r}\n"}
    last = scan(tmp_path, one_more).notifications[-1]
    assert last.text == "1 more value of bandit's settings in the tree has no effect"
