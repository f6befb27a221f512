"""Installed environments, read from their metadata files."""

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from govsec_ci.errors import UsageError
from govsec_ci.manifests.base import Manifest
from govsec_ci.manifests.environment import read_environment
from govsec_ci.model import Level

Write = Callable[[Mapping[str, str | bytes]], Path]

SITE = "venv/lib/python3.11/site-packages"


def metadata(name: str, version: str = "1.0", *lines: str) -> str:
    return "\n".join(["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *lines, "", "Description\n"])


@pytest.fixture
def environment(write: Write) -> Callable[[Mapping[str, str | bytes]], Manifest]:
    """Files below site-packages, read as an environment called ``venv``."""

    def reader(files: Mapping[str, str | bytes]) -> Manifest:
        root = write(
            {"venv/pyvenv.cfg": "", f"{SITE}/README": "", **{f"{SITE}/{name}": text for name, text in files.items()}}
        )
        return read_environment(root / "venv")

    return reader


Environment = Callable[[Mapping[str, str | bytes]], Manifest]


def ids(manifest: Manifest, level: Level = Level.ERROR) -> list[str]:
    return [note.id for note in manifest.notifications if note.level is level]


def test_a_distribution(environment: Environment) -> None:
    record = b"a.py,sha256=x,1\n"
    manifest = environment(
        {
            "My_App-1.0.dist-info/METADATA": metadata(
                "My_App",
                "1.0",
                "License-Expression: mit OR apache-2.0",
                "Author: Ann Author",
                "Author-email: Ann <ann@example.org>",
                "Maintainer-email: Team Name <team@example.org>",
            ),
            "My_App-1.0.dist-info/RECORD": record,
            "My_App-1.0.dist-info/INSTALLER": "pip\n",
        }
    )
    (component,) = manifest.components
    assert (component.name, component.version, component.source) == ("my-app", "1.0", "index")
    assert component.location.path == f"{SITE}/My_App-1.0.dist-info/METADATA"
    assert component.location.region is not None
    assert component.location.region.start_line == 2
    assert component.hashes == {"sha256": (hashlib.sha256(record).hexdigest(),)}
    assert component.licence == "MIT OR Apache-2.0"
    assert (component.supplier, component.authors) == ("Team Name", ("Ann Author", "Ann <ann@example.org>"))
    assert (component.direct, component.depends_on) == (None, ())
    assert ids(manifest) == []
    assert ids(manifest, Level.NOTE) == ["environment-index-unknown"]
    assert (manifest.path, manifest.format) == ("venv", "environment")


def test_the_graph_follows_markers_extras_and_what_is_installed(environment: Environment) -> None:
    manifest = environment(
        {
            "a-1.dist-info/METADATA": metadata(
                "a",
                "1",
                "Requires-Dist: B[fast] >=1",
                "Requires-Dist: absent",
                "Requires-Dist: c ; extra == 'unused'",
                "Requires-Dist: d ; sys_platform == 'no-such'",
                "Requires-Dist: d ; python_version ~= 'abc' and extra == 'x'",
                "Requires-Dist: !!",
            ),
            "a-1.dist-info/REQUESTED": "",
            "b-1.dist-info/METADATA": metadata("b", "1", "Requires-Dist: c ; extra == 'fast'"),
            "c-1.dist-info/METADATA": metadata("c", "1"),
            "d-1.dist-info/METADATA": metadata("d", "1"),
        }
    )
    assert {one.name: (one.depends_on, one.direct) for one in manifest.components} == {
        "a": (("b", "d"), True),
        "b": (("c",), False),
        "c": ((), False),
        "d": ((), False),
    }


@pytest.mark.parametrize(
    ("origin", "source", "url", "hashes"),
    [
        ({"url": "https://u:p@h/a.git", "vcs_info": {"vcs": "git", "commit_id": "x"}}, "vcs", "https://h/a.git", {}),
        ({"url": "file:///home/someone/a", "dir_info": {"editable": True}}, "path", "file:a", {}),
        (
            {"url": "https://h/a.whl", "archive_info": {"hashes": {"sha256": "ab"}}},
            "url",
            "https://h/a.whl",
            {"sha256": ("ab",)},
        ),
        ({"url": "file:///w/a.whl", "archive_info": {}}, "path", "file:a.whl", {}),
    ],
)
def test_what_was_not_installed_from_an_index(
    environment: Environment, origin: dict[str, object], source: str, url: str, hashes: dict[str, tuple[str, ...]]
) -> None:
    files = {"a-1.dist-info/METADATA": metadata("a"), "a-1.dist-info/direct_url.json": json.dumps(origin)}
    manifest = environment(files)
    (component,) = manifest.components
    assert (component.source, component.url, component.hashes) == (source, url, hashes)
    assert ids(manifest) == ["requirement-not-on-index"]
    assert "someone" not in repr(manifest)


def test_the_project_itself_is_no_component(write: Write) -> None:
    origin = json.dumps({"url": "file:///x", "dir_info": {}})
    root = write(
        {f"{SITE}/a-1.dist-info/METADATA": metadata("My.App"), f"{SITE}/a-1.dist-info/direct_url.json": origin}
    )
    manifest = read_environment(root / "venv", project="my_app")
    assert manifest.components == ()
    assert ids(manifest, Level.NOTE) == ["requirement-is-project"]


@pytest.mark.parametrize(
    "files",
    [
        {"a-1.dist-info/RECORD": ""},
        {"a-1.dist-info/METADATA": "Name: a\n\n"},
        {"a-1.dist-info/METADATA": metadata("a", "not a version")},
        {"a-1.dist-info/METADATA": metadata("../a")},
        {"a-1.dist-info/METADATA": b"Name: \xff\n"},
        {"a-1.dist-info/METADATA": metadata("a"), "a-1.dist-info/direct_url.json": "{"},
        {"a-1.dist-info/METADATA": metadata("a"), "a-1.dist-info/direct_url.json": "[]"},
        {"a-1.dist-info/METADATA": metadata("a"), "a-1.dist-info/direct_url.json": "{}"},
        {
            "a-1.dist-info/METADATA": metadata("a"),
            "a-1.dist-info/direct_url.json": '{"url": "file://[", "dir_info": {}}',
        },
        {"a.egg-link": "/somewhere\n"},
        {"a-1.egg-info/requires.txt": ""},
    ],
)
def test_what_cannot_be_read_is_not_nothing(environment: Environment, files: dict[str, str | bytes]) -> None:
    manifest = environment({**files, "b-1.dist-info/METADATA": metadata("b")})
    assert ids(manifest) == ["environment-unreadable"]
    assert [one.name for one in manifest.components] == ["b"]
    assert manifest.notifications[0].text.startswith(f"{SITE}/a")


def test_older_metadata(environment: Environment) -> None:
    manifest = environment({"a-1.egg-info/PKG-INFO": metadata("a"), "b-1.egg-info": metadata("b")})
    assert [one.name for one in manifest.components] == ["a", "b"]


def test_system_packages_are_said(write: Write) -> None:
    root = write({"venv/pyvenv.cfg": "home = /usr\nInclude-System-Site-Packages = True\n", f"{SITE}/x": ""})
    assert ids(read_environment(root / "venv")) == ["environment-system-packages"]
    bad = write({"venv/pyvenv.cfg": b"\xff"})
    assert ids(read_environment(bad / "venv")) == ["environment-unreadable"]


@pytest.mark.parametrize(
    "inner", ["lib/python3.11/site-packages", "Lib/site-packages", "lib64/python3.12/site-packages"]
)
def test_layouts(write: Write, inner: str) -> None:
    root = write({f"venv/{inner}/a-1.dist-info/METADATA": metadata("a")})
    assert [one.name for one in read_environment(root / "venv").components] == ["a"]
    direct = read_environment(root / "venv" / inner)
    assert [one.location.path for one in direct.components] == ["site-packages/a-1.dist-info/METADATA"]


def test_a_target_folder_without_a_name_of_its_own(write: Write) -> None:
    root = write({"deps/a-1.dist-info/METADATA": metadata("a")})
    assert [one.name for one in read_environment(root / "deps").components] == ["a"]


def test_a_linked_lib64_is_read_once(write: Write) -> None:
    root = write({f"{SITE}/a-1.dist-info/METADATA": metadata("a")})
    (root / "venv" / "lib64").symlink_to("lib")
    assert len(read_environment(root / "venv").components) == 1


@pytest.mark.parametrize("path", ["missing", "file", "empty"])
def test_what_is_no_environment(write: Write, path: str) -> None:
    root = write({"file": "", "empty/x": ""})
    with pytest.raises(UsageError) as caught:
        read_environment(root / path)
    assert caught.value.exit_code == 2
    assert "--environment" in caught.value.next_step


@pytest.mark.parametrize(
    ("lines", "licence"),
    [
        (["License: MIT"], "MIT"),
        (["License: Apache 2.0", "Classifier: License :: OSI Approved :: Apache Software License"], "Apache-2.0"),
        (["Classifier: License :: OSI Approved :: MIT License"], "MIT"),
        (["Classifier: License :: OSI Approved :: BSD License"], ""),
        (
            [
                "Classifier: License :: OSI Approved :: MIT License",
                "Classifier: License :: OSI Approved :: Apache Software License",
            ],
            "",
        ),
        (["License: A licence of our own"], "A licence of our own"),
        (["License: " + "long " * 50], ""),
        ([], ""),
    ],
)
def test_licences(environment: Environment, lines: list[str], licence: str) -> None:
    assert environment({"a-1.dist-info/METADATA": metadata("a", "1", *lines)}).components[0].licence == licence


@pytest.mark.parametrize(
    ("lines", "supplier"),
    [
        (["Author: UNKNOWN", "Author-email: a@example.org"], "a@example.org"),
        (["Author-email: Ann Author <a@example.org>"], "Ann Author"),
        (["Author: Ann", "Maintainer: Max"], "Max"),
        ([], ""),
    ],
)
def test_suppliers(environment: Environment, lines: list[str], supplier: str) -> None:
    assert environment({"a-1.dist-info/METADATA": metadata("a", "1", *lines)}).components[0].supplier == supplier


def test_nothing_in_it_runs(environment: Environment, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    code = f"open({str(ran)!r}, 'w')\n"
    environment(
        {
            "a-1.dist-info/METADATA": metadata("a"),
            "x.pth": f"import os; {code}",
            "sitecustomize.py": code,
            "a/__init__.py": code,
        }
    )
    assert not ran.exists()


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("distutils-precedence.pth", "import os; os.environ\n# a comment\n\n", False),
        ("inner.pth", "vendored\n./more\n", False),
        ("other.pth", "/opt/other\n", True),
        ("up.pth", "../elsewhere\n", True),
        ("bad.pth", b"\xff", True),
        ("__editable__.a.pth", "/projects/a/src\n", False),
        ("__editable__.b.pth", "/projects/ab\n", True),
    ],
)
def test_further_folders_are_said(environment: Environment, name: str, text: str | bytes, told: bool) -> None:
    origin = json.dumps({"url": "file:///projects/a", "dir_info": {"editable": True}})
    manifest = environment(
        {"a-1.dist-info/METADATA": metadata("a"), "a-1.dist-info/direct_url.json": origin, name: text}
    )
    assert ids(manifest) == (["environment-system-packages"] if told else []) + ["requirement-not-on-index"]


def test_files_that_are_links_into_a_cache(write: Write) -> None:
    root = write({f"{SITE}/a-1.dist-info/x": "", "cache/METADATA": metadata("a")})
    (root / SITE / "a-1.dist-info" / "METADATA").symlink_to(root / "cache" / "METADATA")
    manifest = read_environment(root / "venv")
    assert [one.location.path for one in manifest.components] == [f"{SITE}/a-1.dist-info/METADATA"]


def test_site_packages_that_lie_elsewhere(write: Write) -> None:
    root = write({"elsewhere/a-1.dist-info/METADATA": metadata("a"), "venv/lib/python3.11/x": ""})
    (root / SITE).symlink_to(root / "elsewhere")
    assert [one.location.path for one in read_environment(root / "venv").components] == ["venv/a-1.dist-info/METADATA"]


def test_metadata_that_is_a_folder(environment: Environment) -> None:
    assert ids(environment({"a-1.dist-info/METADATA/x": ""})) == ["environment-unreadable"]


def test_a_folder_that_cannot_be_listed(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path) -> list[Path]:
        raise PermissionError(13, "Permission denied")

    root = write({f"{SITE}/x": ""})
    monkeypatch.setattr(Path, "iterdir", refuse)
    assert ids(read_environment(root / "venv")) == ["environment-unreadable"]
