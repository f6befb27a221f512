import subprocess
from pathlib import Path
from typing import Any

import pytest

from govsec_ci.config import Config
from govsec_ci.errors import ToolError
from govsec_ci.manifests.base import Manifest
from govsec_ci.model import Notification, ScanState
from govsec_ci.scanners import tracked
from govsec_ci.scanners.bandit import BanditScanner
from govsec_ci.scanners.cyclonedx import CycloneDxScanner
from govsec_ci.scanners.pip_audit import PipAuditScanner
from govsec_ci.scanners.tracked import left_out
from govsec_ci.system import git
from govsec_ci.system.process import Completed
from tests.support.scanners import make_request, make_tree

HIDDEN = {"src/pyvenv.cfg": "", "src/a.py": "", "src/deep/b.py": "", "src/c.txt": "", "main.py": ""}


def is_python(path: str) -> bool:
    return path.endswith(".py")


def commit(folder: Path, *paths: str) -> None:
    def run(*arguments: str) -> None:
        subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True)

    run("init", "-q")
    run("add", "-f", "--", *paths)


def told(folder: Path, **fields: Any) -> list[Notification]:
    return left_out(make_request(folder, checkout=git.inspect(folder), **fields), is_python)


def test_a_source_folder_that_is_marked_as_an_environment_is_not_clean(tmp_path: Path) -> None:
    make_tree(tmp_path, HIDDEN)
    commit(tmp_path, ".")
    (one,) = told(tmp_path)
    assert (one.id, one.level.value) == ("tracked-but-left-out", "error")
    assert one.text == (
        "src: 2 files that git tracks were not looked at, because the folder counts as: virtual environment"
    )
    assert one.next_step


@pytest.mark.parametrize("name", ["node_modules", ".tox", "__pycache__", "lib.egg"])
def test_so_is_one_that_bears_the_name_of_a_cache(tmp_path: Path, name: str) -> None:
    make_tree(tmp_path, {f"{name}/a.py": "", "main.py": ""})
    commit(tmp_path, ".")
    assert [one.id for one in told(tmp_path)] == ["tracked-but-left-out"]


def test_an_environment_that_git_does_not_track_is_no_news(tmp_path: Path) -> None:
    make_tree(tmp_path, HIDDEN)
    commit(tmp_path, "main.py")
    assert told(tmp_path) == []


def test_files_of_other_kinds_do_not_count(tmp_path: Path) -> None:
    make_tree(tmp_path, HIDDEN)
    commit(tmp_path, "main.py", "src/c.txt")
    assert told(tmp_path) == []


def test_a_folder_that_the_trusted_configuration_excludes_is_told_there(tmp_path: Path) -> None:
    make_tree(tmp_path, HIDDEN)
    commit(tmp_path, ".")
    assert told(tmp_path, config=Config(exclude=("src",))) == []


def test_outside_of_a_checkout_the_folder_is_named(tmp_path: Path) -> None:
    make_tree(tmp_path, HIDDEN | {".tox/a.py": ""})
    (one,) = left_out(make_request(tmp_path), is_python)
    assert (one.id, one.level.value, one.text) == ("left-out", "note", "src was left out: virtual environment")


def test_a_subfolder_of_a_checkout_is_held_against_its_own_part(tmp_path: Path) -> None:
    make_tree(tmp_path, {f"project/{name}": text for name, text in HIDDEN.items()})
    commit(tmp_path, ".")
    assert [one.id for one in told(tmp_path / "project")] == ["tracked-but-left-out"]


def _git(folder: Path, *arguments: str) -> None:
    told = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "protocol.file.allow=always")
    subprocess.run(["git", "-C", str(folder), *told, *arguments], check=True, capture_output=True)


def test_what_a_sparse_checkout_leaves_away_was_not_looked_at(tmp_path: Path) -> None:
    make_tree(
        tmp_path, {"main.py": "", "src/a.py": "", "src/b.py": "", "src/c.py": "", "src/d.py": "", "src/x.txt": ""}
    )
    commit(tmp_path, ".")
    _git(tmp_path, "update-index", "--skip-worktree", "src/a.py", "src/b.py", "src/c.py", "src/d.py", "src/x.txt")
    assert told(tmp_path) == []  # they are there
    (tmp_path / "src/x.txt").unlink()
    (tmp_path / "src/a.py").unlink()
    (one,) = told(tmp_path)
    assert one.text == "src/a.py was not looked at: git tracks it, but it is left out of the work tree"
    for name in ("b.py", "c.py", "d.py"):
        (tmp_path / "src" / name).unlink()
    (one,) = told(tmp_path)
    assert (one.id, one.level.value, one.location and one.location.path) == ("tracked-but-absent", "error", "src/a.py")
    assert one.text.startswith("4 files that git tracks were not looked at")
    assert "src/c.py, ..." in one.text
    assert told(tmp_path, config=Config(exclude=("src",))) == []
    assert (
        BanditScanner().scan(make_request(tmp_path, checkout=git.inspect(tmp_path))).run.state is ScanState.INCOMPLETE
    )


def test_a_file_that_was_deleted_is_a_change_that_git_tells(tmp_path: Path) -> None:
    make_tree(tmp_path, {"main.py": "", "a.py": ""})
    commit(tmp_path, ".")
    (tmp_path / "a.py").unlink()
    assert told(tmp_path) == []
    found = git.inspect(tmp_path)
    assert found
    assert found.dirty


@pytest.fixture
def with_module(tmp_path: Path) -> Path:
    """A checkout with a submodule ``lib`` that holds Python."""
    inner, top = make_tree(tmp_path / "inner", {"a.py": ""}), make_tree(tmp_path / "top", {"main.py": ""})
    commit(inner, ".")
    _git(inner, "commit", "-qm", "one")
    commit(top, ".")
    _git(top, "submodule", "--quiet", "add", str(inner), "lib")
    return top


def test_a_submodule_that_is_not_checked_out_was_not_looked_at(with_module: Path) -> None:
    assert told(with_module) == []
    _git(with_module, "submodule", "--quiet", "deinit", "--force", "lib")
    (one,) = told(with_module)
    assert (one.id, one.level.value, one.location and one.location.path) == ("tracked-but-absent", "error", "lib")
    request = make_request(with_module, checkout=git.inspect(with_module))
    assert [one.id for one in tracked.hidden_manifests(request)] == ["tracked-but-absent"]
    assert tracked.hidden(request, is_python) == []


def test_one_that_is_excluded_is_said_and_does_not_count(with_module: Path) -> None:
    _git(with_module, "submodule", "--quiet", "deinit", "--force", "lib")
    (one,) = told(with_module, config=Config(exclude=("lib",)))
    assert (one.level.value, one.text) == ("note", "lib was left out: lib is excluded by the configuration")


def test_one_inside_of_another_counts_too(with_module: Path) -> None:
    inner = with_module.parent / "inner"
    _git(inner, "submodule", "--quiet", "add", str(with_module.parent / "inner"), "deep")
    _git(inner, "commit", "-qm", "two")
    _git(with_module / "lib", "pull", "-q")
    (one,) = told(with_module)
    assert one.text == "lib/deep was not looked at: the submodule is not checked out"
    _git(with_module / "lib", "submodule", "--quiet", "update", "--init")
    assert told(with_module) == []
    (with_module / "lib/deep/pyvenv.cfg").touch()
    assert [one.text.split(", ")[0] for one in told(with_module)] == [
        "lib/deep: 1 file that git tracks was not looked at"
    ]


def test_one_that_git_has_not_been_told_to_use_counts_by_its_own_index(with_module: Path) -> None:
    _git(with_module, "config", "--remove-section", "submodule.lib")
    (with_module / "lib/pyvenv.cfg").touch()
    assert [one.id for one in told(with_module)] == ["tracked-but-left-out"]


def test_a_folder_whose_git_answers_for_the_one_above_is_no_submodule(with_module: Path) -> None:
    (with_module / "lib/.git").unlink()
    (with_module / "lib/.git").mkdir()
    assert [one.id for one in told(with_module)] == ["tracked-but-absent"]


def test_a_mark_in_a_submodule_hides_nothing(with_module: Path) -> None:
    (with_module / "lib/pyvenv.cfg").touch()
    assert [one.id for one in told(with_module)] == ["tracked-but-left-out"]


def test_where_git_cannot_be_asked_about_a_checkout_nobody_knows(tmp_path: Path) -> None:
    make_tree(tmp_path, {f"project/{name}": text for name, text in HIDDEN.items()})
    commit(tmp_path, ".")
    assert [one.id for one in left_out(make_request(tmp_path / "project"), is_python)] == ["left-out-unknown"]


def test_a_checkout_that_may_lack_something_is_not_clean_without_git(with_module: Path) -> None:
    def unknown(folder: Path, *, modules: bool = True) -> bool:
        found = left_out(make_request(folder), is_python, modules=modules)
        return [(one.id, one.level.value) for one in found] == [("left-out-unknown", "error")]

    assert unknown(with_module)
    assert not unknown(with_module, modules=False)
    (with_module / ".gitmodules").unlink()
    assert unknown(with_module / "lib"), "its .git is a file"
    assert left_out(make_request(with_module), is_python) == []
    _git(with_module, "sparse-checkout", "set", "--no-cone", "/*")
    assert unknown(with_module, modules=False)


def test_a_file_in_conflict_is_one_file(tmp_path: Path) -> None:
    make_tree(tmp_path, HIDDEN)
    commit(tmp_path, "src/a.py")
    blob = subprocess.run(["git", "-C", str(tmp_path), "rev-parse", ":src/a.py"], check=True, capture_output=True)
    sides = "".join(f"100644 {blob.stdout.decode().strip()} {side}\tsrc/a.py\n" for side in (1, 2, 3))
    argv = ["git", "-C", str(tmp_path), "update-index", "--index-info"]
    subprocess.run(argv, input=f"0 {'0' * 40}\tsrc/a.py\n{sides}".encode(), check=True)
    (one,) = told(tmp_path)
    assert one.text.startswith("src: 1 file that git tracks was not looked at")


@pytest.mark.parametrize(
    "answer", [Completed(exit_code=128, stdout=b"", stderr="", seconds=0), ToolError("git is not installed")]
)
def test_when_git_cannot_list_nobody_knows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: Any) -> None:
    make_tree(tmp_path, HIDDEN)
    commit(tmp_path, ".")
    _cannot_list(monkeypatch, answer)
    found = git.inspect(tmp_path)
    assert found is not None
    assert (found.index, found.dirty) == (None, True)
    request = make_request(tmp_path, checkout=found)
    assert [(one.id, one.level.value) for one in left_out(request, is_python)] == [("left-out-unknown", "error")]


def _cannot_list(monkeypatch: pytest.MonkeyPatch, answer: Completed | Exception) -> None:
    real = git.run_git

    def run_git(folder: Path, *arguments: str, **options: Any) -> Completed:
        if arguments[0] != "ls-files":
            return real(folder, *arguments, **options)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(git, "run_git", run_git)


def test_git_is_asked_once_what_it_tracks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_tree(tmp_path, HIDDEN)
    commit(tmp_path, ".")
    request = make_request(tmp_path, checkout=git.inspect(tmp_path))
    _cannot_list(monkeypatch, AssertionError("it was asked again"))
    assert [one.id for one in left_out(request, is_python)] == ["tracked-but-left-out"]


@pytest.mark.parametrize("scanner", [PipAuditScanner(), CycloneDxScanner()])
def test_a_manifest_in_such_a_folder_is_missing(tmp_path: Path, scanner: PipAuditScanner | CycloneDxScanner) -> None:
    make_tree(tmp_path, {"pins/requirements.txt": "jinja2==2.4\n", "pins/pyvenv.cfg": "", "pyproject.toml": ""})
    empty = Manifest(path="pyproject.toml", format="pyproject", components=())
    for names, state in ((("pyproject.toml",), False), ((".",), True)):
        commit(tmp_path, *names)
        run = scanner.scan(make_request(tmp_path, checkout=git.inspect(tmp_path), manifests=(empty,))).run
        assert ("tracked-but-left-out" in [one.id for one in run.notifications]) is state
        assert (run.state is ScanState.INCOMPLETE) is state


def test_outside_of_a_checkout_one_scanner_names_it(tmp_path: Path) -> None:
    make_tree(tmp_path, {"pins/requirements.txt": "", "pins/pyvenv.cfg": ""})
    empty = Manifest(path="pyproject.toml", format="pyproject", components=())
    assert PipAuditScanner().scan(make_request(tmp_path, manifests=(empty,))).run.state is ScanState.NOT_APPLICABLE


def linked(folder: Path, **fields: Any) -> list[Notification]:
    return tracked.linked_folders(make_request(folder, checkout=git.inspect(folder), **fields))


@pytest.fixture
def links(tmp_path: Path) -> Path:
    """A tree with links to a folder and a file outside of it, and to a folder inside."""
    make_tree(tmp_path / "elsewhere", {"lib/secret.py": "", "file.txt": ""})
    top = tmp_path / "top"
    make_tree(top, {"main.py": "", "src/a.py": ""})
    for name, target in (("lib", "../elsewhere/lib"), ("file.txt", "../elsewhere/file.txt"), ("again", "src")):
        (top / name).symlink_to(target)
    return top


def test_a_tracked_link_to_a_folder_outside_is_not_clean(links: Path) -> None:
    commit(links, ".")
    (one,) = linked(links)
    assert (one.id, one.level.value, one.location and one.location.path) == ("folder-linked", "error", "lib")
    run = BanditScanner().scan(make_request(links, checkout=git.inspect(links))).run
    assert run.state is ScanState.INCOMPLETE
    assert linked(links, config=Config(exclude=("lib",))) == []


def test_an_untracked_one_is_no_part_of_the_product_and_without_git_nobody_knows(links: Path) -> None:
    assert [one.id for one in linked(links)] == ["folder-linked"]
    commit(links, "main.py")
    assert linked(links) == []


def test_where_git_cannot_say_it_is_not_clean_either(links: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit(links, ".")
    _cannot_list(monkeypatch, Completed(exit_code=1, stdout=b"", stderr="", seconds=0))
    request = make_request(links, checkout=git.inspect(links))
    assert [one.id for one in tracked.linked_folders(request)] == ["left-out-unknown"]
