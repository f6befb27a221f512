"""What a change is answerable for, asked of real git repositories."""

from pathlib import Path
from typing import Any

import pytest

from govsec_ci.errors import UsageError
from govsec_ci.evidence import since
from govsec_ci.evidence.marks import CHANGED, SINCE, UNTOUCHED
from govsec_ci.model import (
    Component,
    ComponentRef,
    Location,
    Region,
    Result,
    Suppression,
    SuppressionKind,
    SuppressionStatus,
)
from govsec_ci.system.git_diff import Span
from tests.support.evidence_runs import a_result, a_run, at
from tests.support.repositories import commit_all, git, new_repository


def commit(folder: Path, **files: str) -> None:
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_py", ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    commit_all(folder, "x")


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    new_repository(tmp_path)
    commit(tmp_path, a_py="1\n2\n3\n4\n5\n6\n", sub__b_py="1\n2\n3\n", lock="jinja2==2.10\n")
    git(tmp_path, "checkout", "-qb", "work")
    return tmp_path


def lines(repo: Path, path: str = "a.py", ref: str = "main") -> list[int]:
    changed = since.changes(repo, ref)
    return [line for line in range(1, 9) if changed.touches(path, line, line)]


def test_nothing_changed(repo: Path) -> None:
    assert lines(repo) == []


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("1\n2\nX\n4\n5\n6\n", [3]),
        ("1\n2\n3\nX\nY\n4\n5\n6\n", [4, 5]),
        ("1\n2\n5\n6\n", [2, 3]),
        ("3\n4\n5\n6\n", [1]),
        ("X\n2\n3\n4\n5\nY", [1, 6]),
        ("1\n2\n3\n4\n5\n6\n++ b/other.py\n-- a/x\n@@ -1,9 +1,9 @@\n", [7, 8]),
    ],
    ids=["changed", "inserted", "deleted", "deleted at the top", "two hunks", "text like a header"],
)
def test_lines_of_the_working_tree(repo: Path, text: str, changed: list[int]) -> None:
    (repo / "a.py").write_text(text)
    assert lines(repo) == changed
    commit(repo)
    assert lines(repo) == changed
    assert lines(repo, "sub/b.py") == lines(repo, "other.py") == []


def test_new_moved_binary_and_untracked_files_changed_as_a_whole(repo: Path) -> None:
    commit(repo, new_py="1\n")
    git(repo, "mv", "sub/b.py", "sub/c.py")
    (repo / "loose.py").write_text("1\n")
    (repo / "a.py").write_bytes(b"\0" + b"1\n2\n")
    changed = since.changes(repo, "main")
    whole = {path for path, spans in changed.files.items() if spans is None}
    assert whole == {"loose.py", "a.py"}
    assert changed.files["new.py"] == (Span(1, 1),)
    assert all(changed.touches("sub/c.py", line, line) for line in (1, 2, 3))


def test_attributes_of_the_tree_hide_nothing(repo: Path) -> None:
    commit(repo, **{".gitattributes": "*.py -diff\n"})
    (repo / "a.py").write_text("1\nX\n")
    assert since.changes(repo, "main").file("a.py")


def test_names_that_git_quotes(repo: Path) -> None:
    names = ['q"uote.py', "tab\t.py", "ünï .py", "back\\slash.py"]
    for name in names:
        (repo / name).write_text("1\n2\n")
    commit(repo)
    git(repo, "branch", "-f", "main")
    for name in names:
        (repo / name).write_text("1\nX\n")
    changed = since.changes(repo, "main")
    assert set(changed.files) == set(names)
    assert all(changed.touches(name, 2, 2) and not changed.touches(name, 1, 1) for name in names)


def test_what_the_other_branch_did_since_does_not_count(repo: Path) -> None:
    (repo / "a.py").write_text("X\n2\n3\n4\n5\n6\n")
    commit(repo)
    git(repo, "checkout", "-q", "main")
    commit(repo, a_py="1\n2\n3\n4\n5\nY\n")
    git(repo, "checkout", "-q", "work")
    assert lines(repo) == [1]


def test_a_folder_within_the_checkout(repo: Path) -> None:
    (repo / "sub/b.py").write_text("1\nX\n3\n")
    assert lines(repo / "sub", "b.py") == [2]


def test_submodules_count_as_changed(repo: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("other")
    new_repository(other)
    commit(other, x_py="1\n")
    git(repo, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(other), "module")
    commit(repo)
    git(repo, "branch", "-f", "main")
    changed = since.changes(repo, "main")
    assert changed.submodules == ("module",)
    assert changed.file("module/x.py")
    assert not changed.file("modules/x.py")


@pytest.mark.parametrize("ref", ["nowhere", "--output=x", "", "a\0b"])
def test_no_such_ref(repo: Path, ref: str) -> None:
    with pytest.raises(UsageError):
        since.changes(repo, ref)
    assert not (repo / "x").exists()


def test_no_common_ancestor(repo: Path) -> None:
    git(repo, "checkout", "-q", "--orphan", "island")
    commit(repo, a_py="1\n")
    with pytest.raises(UsageError, match="no common ancestor") as caught:
        since.changes(repo, "main")
    assert "fetch-depth" in caught.value.next_step


def test_no_checkout(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        since.changes(tmp_path, "main")


def test_no_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="git is not installed"):
        since.changes(tmp_path, "main")


def test_git_that_fails_after_the_ref_was_found(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(since._Git, "base", lambda self, ref, history: "0" * 40)
    with pytest.raises(UsageError, match="could not compare"):
        since.changes(repo, "main")


def marks(repo: Path, *results: Result, components: frozenset[str] = frozenset()) -> list[str]:
    (run,) = since.mark([a_run(*results)], since.changes(repo, "main"), components)
    return [result.properties[SINCE] for result in run.results]


def test_results_are_marked(repo: Path) -> None:
    (repo / "a.py").write_text("1\n2\nX\n4\n5\n6\n")
    several = Location(path="a.py", region=Region(start_line=1, end_line=3))
    found = marks(
        repo,
        a_result(line=3),
        a_result(line=4),
        a_result(locations=(several,)),
        a_result(path="sub/b.py"),
        Result(rule_id="R", message="m", locations=(Location(path="a.py"),)),
        Result(rule_id="R", message="m", locations=(Location(path="sub/b.py"),)),
        Result(rule_id="R", message="m"),
    )
    assert found == [CHANGED, UNTOUCHED, CHANGED, UNTOUCHED, CHANGED, UNTOUCHED, CHANGED]


def test_a_comment_beyond_the_result_s_own_lines_that_suppresses_it_makes_it_changed(repo: Path) -> None:
    (repo / "a.py").write_text("1\n2\nX  # nosec\n4\n5\n6\n")

    def claim(line: int | None) -> Suppression:
        return Suppression(
            kind=SuppressionKind.IN_SOURCE,
            status=SuppressionStatus.ACCEPTED,
            justification="a constant",
            origin="nosec",
            location=None if line is None else at("a.py", line),
        )

    found = marks(repo, *(a_result(line=5, suppressions=(claim(line),)) for line in (3, 4, None)))
    assert found == [CHANGED, UNTOUCHED, UNTOUCHED]


def component(line: str, number: int, path: str = "lock") -> Component:
    name, _, version = line.partition("==")
    return Component(name=name, version=version, location=at(path, number))


def parse(path: str, data: bytes) -> list[Component]:
    return [component(line, number, path) for number, line in enumerate(data.decode().splitlines(), 1)]


def changed_purls(repo: Path, paths: tuple[str, ...] = ("lock",)) -> Any:
    components = [one for path in paths for one in parse(path, (repo / path).read_bytes())]
    return since.changed_components(repo, since.changes(repo, "main"), components, parse)


def test_dependencies_that_changed(repo: Path) -> None:
    assert changed_purls(repo) == set()
    (repo / "lock").write_text("# moved\nflask==1.0\njinja2==2.10\n".replace("# moved\n", ""))
    assert changed_purls(repo) == {"pkg:pypi/flask@1.0"}
    (repo / "lock").write_text("jinja2==2.11\n")
    assert changed_purls(repo) == {"pkg:pypi/jinja2@2.11"}
    (repo / "new").write_text("jinja2==2.11\n")
    assert changed_purls(repo, ("new",)) == {"pkg:pypi/jinja2@2.11"}


def test_what_is_installed_elsewhere_counts_as_changed_unless_a_lock_held_it(repo: Path) -> None:
    found = parse("venv/lib/METADATA", b"jinja2==2.10\nrequests==2.0\n")
    assert since.changed_components(repo, since.changes(repo, "main"), found, parse) == {
        "pkg:pypi/jinja2@2.10",
        "pkg:pypi/requests@2.0",
    }
    found += parse("lock", (repo / "lock").read_bytes())
    assert since.changed_components(repo, since.changes(repo, "main"), found, parse) == {"pkg:pypi/requests@2.0"}


def test_dependency_results_follow_their_component(repo: Path) -> None:
    ref = ComponentRef(name="jinja2", version="2.11", purl="pkg:pypi/jinja2@2.11")
    vulnerable = a_result("CVE-1", path="lock", component=ref)
    (repo / "lock").write_text("jinja2==2.11\n")
    assert marks(repo, vulnerable, components=changed_purls(repo)) == [CHANGED]
    (repo / "lock").write_text("\njinja2==2.10\n")
    assert marks(repo, vulnerable) == [UNTOUCHED]
