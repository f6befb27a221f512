"""An installed environment answers what the tree leaves open."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from govsec_ci.manifests.base import Discovery
from govsec_ci.manifests.discover import discover
from govsec_ci.manifests.environment import read_environment
from govsec_ci.model import Level
from govsec_ci.system.files import walk

Write = Callable[[Mapping[str, str | bytes]], Path]
SITE = "lib/python3.11/site-packages"


@pytest.fixture
def found(write: Write, tmp_path: Path) -> Callable[..., Discovery]:
    def finder(files: Mapping[str, str], **installed: str) -> Discovery:
        environment = tmp_path / "venv"
        (environment / SITE).mkdir(parents=True)
        for name, version in installed.items():
            folder = environment / SITE / f"{name}-{version}.dist-info"
            folder.mkdir()
            (folder / "METADATA").write_text(f"Name: {name}\nVersion: {version}\n\n")
        return discover(walk(write(files)), environment=read_environment(environment))

    return finder


Found = Callable[..., Discovery]


def told(found: Discovery) -> dict[str, list[str]]:
    return {
        manifest.path: [note.id for note in manifest.notifications if note.level is Level.ERROR]
        for manifest in found.manifests
    }


def test_unpinned_lines_are_answered(found: Found) -> None:
    result = found({"requirements.txt": "a>=1\nb\nc==3\nd<2\n"}, a="1.5", b="2", d="2")
    assert told(result) == {"requirements.txt": ["requirement-unpinned", "lock-out-of-step"], "venv": []}
    assert [one.version for one in result.manifests[0].components] == ["1.5", "2", "3", None]
    assert "d<2 is asked for, but 2 is installed" in result.manifests[0].notifications[-1].text


def test_what_is_not_installed_stays_unpinned(found: Found) -> None:
    assert told(found({"requirements.txt": "a\n"}, b="1"))["requirements.txt"] == ["requirement-unpinned"]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"pyproject.toml": '[project]\nname = "x"\ndependencies = ["a>=1"]\n'}, {}),
        (
            {"pyproject.toml": '[project]\nname = "x"\ndependencies = ["a>=9"]\n'},
            {"pyproject.toml": ["lock-out-of-step"]},
        ),
        (
            {"pyproject.toml": '[project]\nname = "x"\ndependencies = ["a", "b"]\n'},
            {"pyproject.toml": ["manifest-unlocked"]},
        ),
        ({"setup.py": "from setuptools import setup\nsetup(install_requires=['a'])\n"}, {"setup.py": []}),
        ({"sub/requirements.in": "a\n"}, {}),
        ({"environment.yml": "dependencies: [a]\n"}, {"environment.yml": []}),
    ],
)
def test_declarations_are_held_against_it(found: Found, files: dict[str, str], expected: dict[str, list[str]]) -> None:
    assert told(found(files, a="1.5")) == {**expected, "venv": []}


def test_a_lock_outranks_it(found: Found) -> None:
    lock = 'version = 1\n[[package]]\nname = "a"\nversion = "1"\nsource = { registry = "https://pypi.org/simple" }\n'
    files = {"pyproject.toml": '[project]\nname = "x"\ndependencies = ["a", "b"]\n', "uv.lock": lock}
    assert told(found(files, a="1", b="1"))["pyproject.toml"] == ["lock-out-of-step"]


def test_what_the_project_asks_for_is_direct(found: Found) -> None:
    result = found({"pyproject.toml": '[project]\nname = "x"\ndependencies = ["a"]\n'}, a="1", b="1")
    assert {one.name: one.direct for one in result.manifests[0].components} == {"a": True, "b": False}
