"""Project roots, and what a project says of itself."""

import time
from pathlib import Path
from typing import Any

import pytest

from govsec_ci.errors import ToolError
from govsec_ci.formats.cyclonedx import Party
from govsec_ci.manifests.base import Manifest
from govsec_ci.scanners import cyclonedx_project as project
from govsec_ci.system.files import Tree, walk
from govsec_ci.system.git import Checkout
from tests.support.patience import HANG_S
from tests.support.scanners import make_tree

HERE = Checkout(top=Path(), commit=None, dirty=False, committed_s=None)


def tree(folder: Path, **files: str) -> Tree:
    return walk(make_tree(folder, {name.replace("__", "/").replace("_", "."): text for name, text in files.items()}))


@pytest.mark.parametrize(
    ("files", "paths", "roots"),
    [
        ((), ("requirements.txt",), {".": [0]}),
        ((), ("a/requirements.txt", "requirements.txt"), {".": [1], "a": [0]}),
        (("pyproject.toml",), ("requirements/dev.txt", "requirements/base.txt"), {".": [0, 1]}),
        ((), ("requirements/dev.txt",), {"requirements": [0]}),
        (("x/setup.py",), ("x/requirements/dev.txt", "y/z.txt"), {"x": [0], "y": [1]}),
        (("pyproject.toml", "x/uv.lock"), ("x/uv.lock", "pyproject.toml"), {".": [1], "x": [0]}),
    ],
)
def test_roots(files: tuple[str, ...], paths: tuple[str, ...], roots: dict[str, list[int]]) -> None:
    manifests = [Manifest(path=path, format="requirements") for path in paths]
    listed = Tree(root=Path(), files=tuple(sorted({*files, *paths})))

    assert project.by_root(listed, manifests) == roots


def test_tables(tmp_path: Path) -> None:
    found = tree(
        tmp_path,
        pyproject_toml='[project]\nname = "a"\n[tool.poetry]\nname = "b"\n',
        x__pyproject_toml="[project",
        y__pyproject_toml="project = 3\ntool = 4\n",
    )

    assert project.tables(found, ".") == ({"name": "a"}, {"name": "b"})
    assert project.tables(found, "x") == ({}, {})
    assert project.tables(found, "y") == ({}, {})
    assert project.tables(found, "z") == ({}, {})


@pytest.mark.parametrize(
    ("standard", "poetry", "expected"),
    [
        ({"name": " a ", "version": "1"}, {"name": "b", "version": "2"}, ("a", "1")),
        ({"name": 3}, {"name": "b", "version": "2"}, ("b", "2")),
        ({}, {}, ("", "")),
    ],
)
def test_name_and_version(standard: Any, poetry: Any, expected: tuple[str, str]) -> None:
    assert project.name_and_version(standard, poetry) == expected


@pytest.mark.parametrize(
    ("standard", "poetry", "field", "expected"),
    [
        ({"description": "d"}, {}, "description", "d"),
        ({}, {"description": "p"}, "description", "p"),
        ({"license": "MIT"}, {}, "licence", "MIT"),
        ({"license": {"text": "MIT"}}, {}, "licence", "MIT"),
        ({"license": {"text": "MIT License\n\nCopyright"}}, {}, "licence", ""),
        ({"license": {"file": "LICENSE"}}, {"license": "BSD"}, "licence", "BSD"),
        ({"authors": [{"name": "A", "email": "a@x.example"}, {"email": "b@x.example"}, {"name": "C"}, {}, 7]}, {},
         "authors", ("A <a@x.example>", "<b@x.example>", "C")),
        ({"maintainers": [{"name": "M"}]}, {"authors": ["P <p@x.example>"]}, "authors", ("M",)),
        ({"authors": "A"}, {"authors": ["P <p@x.example>"]}, "authors", ("P <p@x.example>",)),
        ({"urls": {"Source Code": "https://s", "homepage": "https://h"}}, {}, "vcs_url", "https://s"),
        ({"urls": {"Repository": "", "GitHub": "https://g"}}, {}, "vcs_url", "https://g"),
        ({"urls": {"Homepage": "https://h"}}, {}, "vcs_url", "clone"),
        ({"urls": [1]}, {"repository": "https://p"}, "vcs_url", "https://p"),
    ],
)  # fmt: skip
def test_describe(standard: Any, poetry: Any, field: str, expected: Any) -> None:
    assert getattr(project.describe(standard, poetry, vcs_url="clone"), field) == expected


def test_describe_keeps_the_supplier() -> None:
    supplier = Party(name="S")

    assert project.describe({}, {}, vcs_url="", supplier=supplier).supplier == supplier


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://host.example/a.git", "https://host.example/a.git"),
        ("git@host.example:team/a.git", "ssh://git@host.example/team/a.git"),
        ("ssh://git@host.example/a", "ssh://git@host.example/a"),
        ("/srv/git/a.git", ""),
        ("../a.git", ""),
        ("file:///srv/a", ""),
        ("https://[", ""),
        ("", ""),
    ],
)
def test_public_address(url: str, expected: str) -> None:
    assert project.public_address(url) == expected


def test_origin(monkeypatch: pytest.MonkeyPatch) -> None:
    assert project.origin(None) == ""

    def fails(*_: object) -> None:
        raise ToolError("git is missing")

    monkeypatch.setattr("govsec_ci.scanners.cyclonedx_project.run_git", fails)
    assert project.origin(HERE) == ""


def test_declared(tmp_path: Path) -> None:
    found = tree(
        tmp_path,
        pyproject_toml='[project]\nname = "a"\ndependencies = ["Foo_Bar>=1"]\n',
        dynamic__pyproject_toml='[project]\nname = "a"\ndynamic = ["dependencies"]\n',
        broken__pyproject_toml="[",
        lock__uv_lock="",
    )

    assert project.declared(found, ".", limit_bytes=1000) == frozenset({"foo-bar"})
    assert project.declared(found, "dynamic", limit_bytes=1000) is None
    assert project.declared(found, "broken", limit_bytes=1000) is None
    assert project.declared(found, "lock", limit_bytes=1000) is None


@pytest.mark.parametrize(
    ("format_", "expected"),
    [("uv.lock", True), ("environment", True), ("requirements", False), ("pyproject.toml", False), ("setup.py", False)],
)
def test_locks(*, format_: str, expected: bool) -> None:
    assert project.locks(Manifest(path="x", format=format_)) is expected


def test_many_projects_in_one_tree(tmp_path: Path) -> None:
    roots = [f"p{number}" for number in range(400)]
    files = sorted(f"{root}/{name}" for root in roots for name in ("pyproject.toml", *(f"{n}.py" for n in range(200))))
    listed = Tree(root=tmp_path, files=tuple(files))
    started = time.process_time()
    assert {project.declared(listed, root, limit_bytes=1000) for root in roots} == {None}
    assert project.tables(listed, "p1") == ({}, {})
    assert time.process_time() - started < HANG_S  # each looked at the whole tree


def test_a_project_named_as_another_begins_is_another(tmp_path: Path) -> None:
    text = "[project]\nname = 'x'\ndependencies = ['foo']\n"
    found = walk(make_tree(tmp_path, {"a/pyproject.toml": text, "ab/pyproject.toml": "", "a/b/pyproject.toml": ""}))
    assert project.declared(found, "a", limit_bytes=1000) == frozenset({"foo"})
    assert project.declared(found, "b", limit_bytes=1000) is None


def test_a_number_that_no_reader_takes_says_nothing(tmp_path: Path) -> None:
    found = walk(make_tree(tmp_path, {"pyproject.toml": f"x = {'1' * 5_000}\n"}))
    assert project.tables(found, ".") == ({}, {})
