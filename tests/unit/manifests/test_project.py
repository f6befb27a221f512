"""What the project says of itself."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from govsec_ci.manifests.project import Project, read_project
from govsec_ci.system.files import walk

Write = Callable[[Mapping[str, str | bytes]], Path]


@pytest.fixture
def project(write: Write) -> Callable[[str | bytes], Project]:
    return lambda text: read_project(walk(write({"pyproject.toml": text})))


Read = Callable[[str | bytes], Project]


def test_the_standard_table(project: Read) -> None:
    assert project(
        """\
[project]
name = "app"
version = "1.2"
description = "What it does"
license = "mit"
requires-python = ">=3.11"
authors = [{name = "Ann", email = "ann@example.org"}, {name = "Bo"}, {email = "c@example.org"}, {}, 1]
[project.urls]
Homepage = "https://example.org"
Wrong = 1
"""
    ) == Project(
        name="app",
        version="1.2",
        description="What it does",
        licence="MIT",
        requires_python=">=3.11",
        authors=("Ann <ann@example.org>", "Bo", "<c@example.org>"),
        urls={"Homepage": "https://example.org"},
    )


def test_poetrys_table(project: Read) -> None:
    found = project(
        """\
[tool.poetry]
name = "app"
version = "1.2"
license = "MIT"
authors = ["Ann <ann@example.org>", 1]
homepage = "https://example.org"
[tool.poetry.urls]
Issues = "https://example.org/issues"
[tool.poetry.dependencies]
python = "^3.11"
"""
    )
    assert (found.name, found.version, found.licence, found.authors) == (
        "app",
        "1.2",
        "MIT",
        ("Ann <ann@example.org>",),
    )
    assert found.urls == {"Homepage": "https://example.org", "Issues": "https://example.org/issues"}
    assert sorted(found.requires_python.split(",")) == ["<4", ">=3.11"]


def test_the_standard_outranks_poetry_field_by_field(project: Read) -> None:
    found = project('[project]\nname = "a"\n[tool.poetry]\nname = "b"\nversion = "2"\n')
    assert (found.name, found.version) == ("a", "2")


@pytest.mark.parametrize(
    ("text", "licence"),
    [
        ('license = {text = "Apache-2.0"}', "Apache-2.0"),
        ('license = {file = "LICENSE"}', ""),
        ('license = "My own words"', ""),
        ("license = 1", ""),
        ("", ""),
    ],
)
def test_licences(project: Read, text: str, licence: str) -> None:
    assert project(f"[project]\n{text}\n").licence == licence


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[[[",
        b"\xff",
        "project = 1",
        "tool = 1",
        "[project]\nname = 1\nauthors = 1\nurls = 1\n",
        "[tool.poetry]\nauthors = 1\n",
    ],
)
def test_what_says_nothing_is_empty(project: Read, text: str | bytes) -> None:
    assert project(text) == Project()


def test_without_a_file(write: Write) -> None:
    assert read_project(walk(write({"sub/pyproject.toml": '[project]\nname = "x"\n'}))) == Project()
