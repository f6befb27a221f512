"""Conda's environment files: pip's lines are audited, conda's own packages are not, and are said."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from govsec_ci.manifests.base import Discovery, Manifest
from govsec_ci.manifests.conda import Conda
from govsec_ci.manifests.discover import discover
from govsec_ci.manifests.environment import read_environment
from govsec_ci.model import Level
from govsec_ci.system.files import walk

Found = Callable[[Mapping[str, str | bytes]], Discovery]

FILE = """\
name: app
channels:
  - conda-forge
dependencies:
  - python=3.11
  - pip
  - conda-forge::NumPy=1.26.4=py311_0
  - "scipy >=1.2"
  - pip:
      - django==3.2  # a note
      - requests
      - -r requirements-more.txt
"""
PIP_ONLY = "dependencies:\n- python\n- pip:\n  - django==3.2\n"


def conda(found: Discovery, path: str = "environment.yml") -> Manifest:
    return next(one for one in found.manifests if one.path == path)


def errors(manifest: Manifest) -> list[str]:
    return [note.id for note in manifest.notifications if note.level is Level.ERROR]


def test_the_only_vulnerable_pin_may_stand_here(found: Found) -> None:
    result = found({"environment.yml": PIP_ONLY, "requirements.txt": "django==5.2.4\n"})
    manifest = conda(result)
    assert [(one.name, one.version, one.source) for one in manifest.components] == [("django", "3.2", "index")]
    assert [one.location.region.start_line for one in manifest.components if one.location.region] == [4]
    assert errors(manifest) == []


def test_each_entry_is_audited_or_said(found: Found) -> None:
    manifest = conda(found({"environment.yml": FILE, "requirements-more.txt": "flask==1\n"}))
    assert [(one.name, one.version) for one in manifest.components] == [
        ("django", "3.2"), ("requests", None), ("flask", "1"),
    ]  # fmt: skip
    assert errors(manifest) == ["requirement-unpinned", "manifest-not-audited"]
    note = manifest.notifications[-1]
    assert note.text == (
        "environment.yml:7: not audited: 2 of conda's packages (conda-forge::NumPy=1.26.4=py311_0, scipy >=1.2)"
    )
    assert "--environment" in note.next_step
    assert "out of scope" in note.next_step


def test_of_many_packages_the_first_are_named(found: Found) -> None:
    text = "dependencies:\n" + "".join(f"- p{number}\n" for number in range(9))
    (note,) = conda(found({"environment.yml": text})).notifications
    assert note.text.endswith("not audited: 9 of conda's packages (p0, p1, p2, p3, p4, …)")
    (alone,) = conda(found({"environment.yml": "dependencies:\n- p0\n"})).notifications
    assert alone.text.endswith("1 of conda's packages was not audited: p0")


def test_an_installed_environment_answers(found: Found, tmp_path: Path) -> None:
    site = tmp_path / "env" / "site-packages"
    for name, version in (("requests", "2.32.3"), ("numpy", "1.26.4")):
        (site / f"{name}-{version}.dist-info").mkdir(parents=True)
        (site / f"{name}-{version}.dist-info" / "METADATA").write_text(f"Name: {name}\nVersion: {version}\n", "utf-8")
    root = tmp_path / "tree"
    root.mkdir()
    (root / "environment.yml").write_text(FILE.replace("      - -r requirements-more.txt\n", ""), "utf-8")
    (root / "pixi.toml").write_text("", "utf-8")
    result = discover(walk(root), environment=read_environment(site))
    manifest = conda(result)
    assert [(one.name, one.version) for one in manifest.components] == [("django", "3.2"), ("requests", "2.32.3")]
    assert errors(manifest) == []
    assert "manifest-not-audited" in [note.id for note in manifest.notifications]
    assert [one.path for one in result.left] == ["pixi.toml"]


@pytest.mark.parametrize(
    "name", ["environment.yml", "docs/environment.yaml", "environment-dev.yml", "environment_py311.yml", "conda.yaml"]
)
def test_names(found: Found, name: str) -> None:
    assert conda(found({name: PIP_ONLY}), name).components


@pytest.mark.parametrize("name", ["ci/deps/actions-311.yaml", "env/test.yml"])
def test_under_any_name_it_is_told_by_what_it_holds(found: Found, name: str) -> None:
    assert conda(found({name: f"channels: [x]\n{PIP_ONLY}"}), name).components
    assert found({name: PIP_ONLY}).manifests == ()  # a Helm chart has dependencies, too


@pytest.mark.parametrize("head", ["\ufeffchannels: [x]\n", '"channels": [x]\n'])
def test_it_is_told_however_its_keys_are_written(found: Found, head: str) -> None:
    assert conda(
        found({"env/test.yml": f"{head}'dependencies':\n- pip:\n  - django==3.2\n"}), "env/test.yml"
    ).components


def test_a_lock_is_none() -> None:
    assert not Conda().matches("conda-lock.yml")


@pytest.mark.parametrize("text", ["", "a: 1\n", "- a\n", "dependencies:\n", "dependencies: []\n"])
def test_a_file_of_that_name_that_declares_nothing_is_left(found: Found, text: str) -> None:
    result = found({"environment.yml": text})
    assert [(one.path, one.reason) for one in result.left] == [("environment.yml", "declares no dependencies")]
    assert result.manifests == ()


def test_an_empty_list_for_pip_is_one(found: Found) -> None:
    manifest = conda(found({"environment.yml": "dependencies:\n- python=3.11\n- pip:\n"}))
    assert (manifest.components, manifest.notifications) == ((), ())


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("dependencies: [", 1),
        ("\ndependencies: a\n", 2),
        ("dependencies: &a [*b]\n", 1),
        ("dependencies:\n  - x: !!\n  - [1, 2\n", 2),
        ("a: \x01\n", None),
        ("a: " + "[" * 5_000, None),
        ("#" * 300_000, None),
        (b"\xff", 1),
    ],
)
def test_what_cannot_be_read_is_an_error(found: Found, text: str | bytes, line: int | None) -> None:
    (note,) = conda(found({"environment.yml": text})).notifications
    assert (note.id, note.level) == ("manifest-unreadable", Level.ERROR)
    assert note.location
    assert (note.location.region.start_line if note.location.region else None) == line


@pytest.mark.parametrize("entry", ["[a]", "{npm: [a]}", "{pip: a}", "{pip: [[a]]}", "{pip: {a: b}}"])
def test_what_is_no_entry_is_an_error(found: Found, entry: str) -> None:
    assert errors(conda(found({"environment.yml": f"dependencies:\n- {entry}\n"}))) == ["requirement-malformed"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("dependencies:\n- python\ndependencies:\n- pip:\n  - django==3.2\n", 3),
        ("dependencies:\n- pip:\n  - django==3.2\n'dependencies': []\n", 4),
        ("x: &x\n  dependencies: [scipy]\nname: y\n<<: *x\n", 4),
        ("x: &x {dependencies: [scipy]}\n<<: [*x]\ndependencies: []\n", 2),
        ("x: &x {dependencies: [scipy]}\n!!merge y: *x\n", 2),
    ],
)
def test_no_second_list_is_hidden_by_the_first(found: Found, text: str, line: int) -> None:
    (note,) = conda(found({"environment.yml": text})).notifications
    assert (note.id, note.level) == ("manifest-unreadable", Level.ERROR)
    assert note.location
    assert note.location.region
    assert note.location.region.start_line == line
    assert note.next_step == "write one list of dependencies, and take no keys from elsewhere"


def test_aliases_are_read_and_a_ring_of_them_ends(found: Found) -> None:
    text = "x: &a [django==3.2]\ndependencies:\n- pip: *a\n"
    assert conda(found({"environment.yml": text})).components[0].version == "3.2"
    assert errors(conda(found({"environment.yml": "dependencies: &a\n- pip: *a\n"}))) == ["requirement-malformed"]


PIXI = """\
[tool.pixi.dependencies]
python = "3.11.*"
numpy = "*"
[tool.pixi.pypi-dependencies]
flask = "==1.0"
[tool.pixi.feature.x.target.linux-64.dependencies]
gcc = "*"
[tool.pixi.package.run-dependencies]
rich = "*"
"""


def test_what_pixi_s_tables_name_is_not_clean(found: Found, tmp_path: Path) -> None:
    project = '[project]\nname = "app"\nversion = "1"\ndependencies = []\n'
    result = found({"pyproject.toml": f"{project}{PIXI}"})
    (note,) = conda(result, "pyproject.toml").notifications
    assert (note.id, note.level) == ("manifest-not-audited", Level.ERROR)
    assert note.text == "pyproject.toml:7: not audited: 4 of conda's packages (numpy, flask, rich, gcc)"
    site = tmp_path / "env" / "site-packages"
    (site / "a-1.dist-info").mkdir(parents=True)
    (site / "a-1.dist-info" / "METADATA").write_text("Name: a\nVersion: 1\n", "utf-8")
    result = discover(walk(tmp_path / "tree"), environment=read_environment(site))
    assert errors(conda(result, "pyproject.toml")) == []


@pytest.mark.parametrize("table", ["[tool.pixi]", "[tool.pixi.dependencies]\npython = '*'", "[tool]\nx = 1"])
def test_pixi_without_packages_says_nothing(found: Found, table: str) -> None:
    assert found({"pyproject.toml": f"{table}\n"}).manifests == ()
