"""Which lines count as changed."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from govsec_ci.app.changed_lines import changed_paths, touched
from govsec_ci.app.snapshot import open_repository
from govsec_ci.model import Location, Region, Result
from govsec_ci.system.git_diff import Span
from tests.support.repositories import commit_all, git, new_repository
from tests.support.staging import stage

TEN = "".join(f"line {number}\n" for number in range(1, 11))


@pytest.fixture
def top(tmp_path: Path) -> Path:
    folder = new_repository(tmp_path / "repo")
    stage(folder, {"a.py": TEN})
    commit_all(folder, "Begin")
    return folder


def at(first: int | None, last: int | None = None, path: str = "a.py") -> Result:
    region = Region(start_line=first, end_line=last) if first else None
    return Result(rule_id="B1", message="", locations=(Location(path=path, region=region),))


def changed(top: Path, *, path: str = "a.py", ref: str | None = None, base: str | None = None) -> list[int]:
    """The lines 1 to 12 that count."""
    judge = touched(open_repository(top, {}), [path], ref, base)
    return [line for line in range(1, 13) if judge(at(line, path=path))]


def edited(*changes: tuple[int, str]) -> str:
    lines = TEN.splitlines(keepends=True)
    for number, text in changes:
        lines[number - 1] = text
    return "".join(lines)


def test_paths_are_those_that_are_added_or_changed_but_not_deleted(tmp_path: Path) -> None:
    top = new_repository(tmp_path / "new")
    stage(top, {f"{name}.py": name for name in "abc"})
    assert changed_paths(open_repository(top, {})) == ("a.py", "b.py", "c.py")
    first = commit_all(top, "one")
    git(top, "rm", "-q", "a.py")
    git(top, "mv", "c.py", "d.py")
    stage(top, {"b.py": "changed"})
    assert changed_paths(open_repository(top, {})) == ("b.py", "d.py")
    second = commit_all(top, "two")
    repository = open_repository(top, {})
    assert changed_paths(repository) == ()
    assert changed_paths(repository, first) == ("a.py", "b.py", "c.py")
    assert changed_paths(repository, second) == ("b.py", "d.py")
    stage(top, {"b.py": "b", "e.py": "e"})
    assert changed_paths(repository, base=first) == ("d.py", "e.py")
    commit_all(top, "three")
    assert changed_paths(repository, "main", first) == ("d.py", "e.py")


def test_changed_and_added_lines_count(top: Path) -> None:
    stage(top, {"a.py": edited((2, "two\n"), (5, "line 5\nadded\n"))})
    assert changed(top) == [2, 6]


def test_a_statement_that_spans_a_change_counts(top: Path) -> None:
    stage(top, {"a.py": edited((5, "five\n"))})
    judge = touched(open_repository(top, {}), ["a.py"], None, None)
    assert judge(at(3, 5))
    assert judge(at(5, 8))
    assert not judge(at(6, 8))
    assert not judge(at(1, 4))


def test_a_deletion_within_a_statement_counts(top: Path) -> None:
    stage(top, {"a.py": edited((5, ""))})
    judge = touched(open_repository(top, {}), ["a.py"], None, None)
    assert judge(at(4, 5))
    assert not judge(at(4, 4))
    assert not judge(at(5, 5))


def test_a_new_file_counts_whole_also_before_the_first_commit(top: Path, tmp_path: Path) -> None:
    stage(top, {"new.py": "1\n2\n3\n"})
    assert changed(top, path="new.py") == [1, 2, 3]
    first = new_repository(tmp_path / "first")
    stage(first, {"a.py": "1\n2\n"})
    assert changed(first) == [1, 2]


def test_a_file_without_a_change_counts_whole(top: Path) -> None:
    assert changed(top) == list(range(1, 13))


def test_a_result_without_a_line_counts(top: Path) -> None:
    stage(top, {"a.py": edited((2, "two\n"))})
    judge = touched(open_repository(top, {}), ["a.py"], None, None)
    assert judge(at(None))
    assert judge(Result(rule_id="B1", message=""))


def test_a_merge_counts_only_what_no_parent_had(top: Path) -> None:
    git(top, "checkout", "-q", "-b", "other")
    stage(top, {"a.py": edited((2, "theirs\n"))})
    commit_all(top, "Theirs")
    git(top, "checkout", "-q", "main")
    stage(top, {"a.py": edited((8, "ours\n"))})
    commit_all(top, "Ours")
    git(top, "merge", "-q", "--no-commit", "other")
    stage(top, {"a.py": edited((2, "theirs\n"), (5, "by the merge\n"), (8, "ours\n"))})
    assert changed(top) == [5]
    merged = commit_all(top, "Merge")
    assert changed(top, ref=merged) == [5]


def test_a_commit_is_compared_with_its_parent_or_the_base_named(top: Path) -> None:
    begin = git(top, "rev-parse", "HEAD").strip()
    stage(top, {"a.py": edited((2, "two\n"))})
    commit_all(top, "Two")
    stage(top, {"a.py": edited((2, "two\n"), (3, "three\n"))})
    last = commit_all(top, "Three")
    assert changed(top, ref=last) == [3]
    assert changed(top, ref=last, base=begin) == [2, 3]
    assert changed(top, ref=begin) == list(range(1, 11)), "the first commit has no parent"


def test_odd_names_and_the_user_s_diff_settings_change_nothing(top: Path, tmp_path: Path) -> None:
    name = 'it\'s "é"\t設定.py'
    stage(top, {name: "1\n2\n", ".gitattributes": "*.py diff=evil -text\n"})
    commit_all(top, "Odd")
    git(top, "config", "diff.evil.command", f"touch {tmp_path / 'pwned'}")
    git(top, "config", "diff.evil.textconv", f"touch {tmp_path / 'pwned'}")
    git(top, "config", "diff.noprefix", "true")
    git(top, "config", "color.diff", "always")
    stage(top, {name: "1\n2\n3\n", "b.py": "diff --git a/x b/x\n@@ -1 +1,9 @@\n"})
    assert changed(top, path=name) == [3]
    assert changed(top, path="b.py") == [1, 2]
    assert not (tmp_path / "pwned").exists()


def test_a_file_that_becomes_a_link_counts_whole(top: Path) -> None:
    (top / "a.py").unlink()
    (top / "a.py").symlink_to("b.py")
    git(top, "add", "-A")
    assert changed(top) == list(range(1, 13))


@given(st.lists(st.sampled_from("abc\n\t"), max_size=30), st.lists(st.sampled_from("abc\n\t"), max_size=30))
@settings(max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_every_line_that_is_not_in_the_old_text_counts(top: Path, old: list[str], new: list[str]) -> None:
    stage(top, {"p.py": "".join(old)})
    commit_all(top, "Old")
    stage(top, {"p.py": "".join(new)})
    before, after = "".join(old).split("\n"), "".join(new).split("\n")
    fresh = [number for number, line in enumerate(after, 1) if line and line not in before]
    assert set(fresh) <= set(changed(top, path="p.py")) | set(range(13, 99))
    if before == after:
        assert changed(top, path="p.py") == list(range(1, 13))


@pytest.mark.parametrize(
    ("span", "lines", "meets"),
    [
        (Span(3, 5), (5, 9), True),
        (Span(3, 5), (1, 3), True),
        (Span(3, 5), (6, 6), False),
        (Span(3, 5), (1, 2), False),
        (Span(4, 3), (3, 4), True),
        (Span(4, 3), (4, 4), False),
        (Span(4, 3), (3, 3), False),
        (Span(1, 0), (1, 9), False),
    ],
)
def test_spans(span: Span, lines: tuple[int, int], meets: bool) -> None:
    assert span.meets(*lines) is meets
