"""Pipfile.lock."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from govsec_ci.manifests.base import Manifest
from govsec_ci.model import Level

Read = Callable[..., Manifest]

PUBLIC = {"name": "pypi", "url": "https://pypi.org/simple", "verify_ssl": True}
PRIVATE = {"name": "inner", "url": "https://u:p@mirror.example.org/simple", "verify_ssl": True}


def lock(default: dict[str, Any], *sources: dict[str, Any], **categories: Any) -> str:
    meta = {"hash": {"sha256": "00"}, "pipfile-spec": 6, "sources": list(sources or [PUBLIC])}
    return json.dumps({"_meta": meta, "default": default, "develop": {}, **categories}, indent=4)


def ids(manifest: Manifest, level: Level = Level.ERROR) -> list[str]:
    return [note.id for note in manifest.notifications if note.level is level]


def test_packages_of_every_category(read: Read) -> None:
    text = lock(
        {
            "A_b": {
                "version": "==1.0",
                "hashes": ["sha256:00", "sha256:11"],
                "markers": "os_name == 'nt'",
                "extras": ["x"],
            }
        },
        develop={"c": {"version": "==2"}, "default": {"version": "==3"}},
        docs={"c": {"version": "==2"}},
    )
    manifest = read("Pipfile.lock", text)
    first, second, third = manifest.components
    assert (first.name, first.version, first.groups, first.extras) == ("a-b", "1.0", ("main",), ("x",))
    assert (first.hashes, first.marker) == ({"sha256": ("00", "11")}, "os_name == 'nt'")
    assert (second.name, second.groups) == ("c", ("dev", "docs"))
    lines = text.split("\n")
    for component, key in ((first, "A_b"), (second, "c"), (third, "default")):
        assert component.location.region is not None
        assert lines[component.location.region.start_line - 1].strip() == f'"{key}": {{'
    assert manifest.notifications == ()


@pytest.mark.parametrize(
    ("package", "listed", "expected"),
    [
        ({"version": "==1"}, [PRIVATE], ("private-index", "https://mirror.example.org/simple", "")),
        (
            {"version": "==1", "index": "inner"},
            [PUBLIC, PRIVATE],
            ("private-index", "https://mirror.example.org/simple", ""),
        ),
        ({"version": "==1", "index": "pypi"}, [PRIVATE, PUBLIC], ("index", "", "")),
        ({"version": "==1", "index": "unknown"}, [PUBLIC], ("private-index", "unknown", "")),
        ({"git": "https://example.org/a", "ref": "x"}, [PUBLIC], ("vcs", "", "https://example.org/a")),
        ({"file": "https://example.org/a.zip"}, [PUBLIC], ("url", "", "https://example.org/a.zip")),
        ({"path": "./libs/a", "editable": True}, [PUBLIC], ("path", "", "./libs/a")),
    ],
)
def test_sources(
    read: Read, package: dict[str, Any], listed: list[dict[str, Any]], expected: tuple[str, str, str]
) -> None:
    manifest = read("Pipfile.lock", lock({"a": package}, *listed))
    (component,) = manifest.components
    assert (component.source, component.index, component.url) == expected
    assert ids(manifest) == ([] if expected[0] == "index" else ["requirement-not-on-index"])


@pytest.mark.parametrize("place", [{"path": "."}, {"file": "."}, {"path": "./"}])
def test_the_project_itself_is_no_component(read: Read, place: dict[str, str]) -> None:
    manifest = read("Pipfile.lock", lock({"me": {**place, "editable": True}}))
    assert manifest.components == ()
    assert ids(manifest, Level.NOTE) == ["requirement-is-project"]


@pytest.mark.parametrize("version", ["*", "", ">=1", "==1.*", "nonsense"])
def test_without_an_exact_version(read: Read, version: str) -> None:
    assert ids(read("Pipfile.lock", lock({"a": {"version": version}}))) == ["requirement-unpinned"]


def test_one_entry_in_two_categories_from_two_places_is_not_public(read: Read) -> None:
    text = lock({"a": {"version": "==1"}}, PUBLIC, PRIVATE, develop={"a": {"version": "==1", "index": "inner"}})
    assert [one.source for one in read("Pipfile.lock", text).components] == ["private-index"]


def test_one_bad_entry_leaves_the_others(read: Read) -> None:
    manifest = read("Pipfile.lock", lock({"a": "==1", "b": {"version": "==1"}}))
    assert [one.name for one in manifest.components] == ["b"]
    assert ids(manifest) == ["requirement-malformed"]


def test_written_on_one_line(read: Read) -> None:
    text = json.dumps(json.loads(lock({"a": {"version": "==1"}})), separators=(",", ":"))
    assert [one.version for one in read("Pipfile.lock", text).components] == ["1"]


@pytest.mark.parametrize("default", ["null", '["django==3.2"]', '{"a": {}, "a": {}}', '{}, "default": {}'])
def test_no_package_is_hidden_by_the_form(read: Read, default: str) -> None:
    manifest = read("Pipfile.lock", f'{{"_meta": {{"pipfile-spec": 6}}, "default": {default}}}')
    assert (ids(manifest), manifest.components) == (["manifest-unreadable"], ())


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"_meta": {"pipfile-spec": 5}}', '{"_meta": 1}', "{" * 100_000])
def test_unreadable(read: Read, text: str) -> None:
    assert ids(read("Pipfile.lock", text)) == ["manifest-unreadable"]
