"""uv.lock."""

from collections.abc import Callable

import pytest

from govsec_ci.manifests import uv_lock
from govsec_ci.manifests.base import Manifest
from govsec_ci.model import Level

Read = Callable[..., Manifest]

HEAD = 'version = 1\nrequires-python = ">=3.10"\n\n'
ROOT = """\
[[package]]
name = "root"
version = "1"
source = { virtual = "." }
dependencies = [{ name = "a" }]

[package.optional-dependencies]
extra = [{ name = "b", extra = ["more"] }]

[package.dev-dependencies]
test = [{ name = "c" }]

[package.metadata]
requires-dist = [{ name = "a", specifier = ">=1" }, { name = "b", extras = ["more"], marker = "extra == 'extra'" }]

[package.metadata.requires-dev]
test = [{ name = "c", git = "https://example.org/c" }]

"""


def package(
    name: str, *lines: str, source: str = '{ registry = "https://pypi.org/simple" }', version: str = "1.0"
) -> str:
    return "\n".join(
        ["[[package]]", f'name = "{name}"', f'version = "{version}"', f"source = {source}", *lines, "", ""]
    )


def ids(manifest: Manifest, level: Level = Level.ERROR) -> list[str]:
    return [note.id for note in manifest.notifications if note.level is level]


def test_graph_groups_and_direct(read: Read) -> None:
    manifest = read(
        "uv.lock",
        HEAD
        + ROOT
        + package("a", 'dependencies = [{ name = "shared" }]')
        + package("b", "[package.optional-dependencies]", 'more = [{ name = "shared" }, { name = "deep" }]')
        + package("c")
        + package("deep", 'dependencies = [{ name = "a" }]')
        + package("shared", version="2.0"),
    )
    seen = {one.name: (one.direct, one.groups, one.depends_on) for one in manifest.components}
    assert seen == {
        "a": (True, ("extra", "main"), ("shared",)),
        "b": (True, ("extra",), ("deep", "shared")),
        "c": (True, ("test",), ()),
        "deep": (False, ("extra",), ("a",)),
        "shared": (False, ("extra", "main"), ()),
    }
    assert manifest.members == {"root": "."}
    assert [(one.name, one.specifier, one.url) for one in manifest.stated["."]] == [
        ("a", ">=1", ""),
        ("b", "", ""),
        ("c", "", "https://example.org/c"),
    ]
    assert manifest.notifications == ()


def test_files_and_lines(read: Read) -> None:
    digest = "ab" * 32
    text = HEAD + package(
        "Big.Name",
        f'sdist = {{ url = "https://files.pythonhosted.org/x.tar.gz", hash = "sha256:{digest}" }}',
        f'wheels = [{{ url = "https://files.pythonhosted.org/x.whl", hash = "sha256:{"cd" * 32}" }}]',
        "resolution-markers = [\"os_name == 'nt'\", \"os_name == 'posix'\"]",
    )
    (component,) = read("a/uv.lock", text).components
    assert component.name == "big-name"
    assert component.hashes == {"sha256": (digest, "cd" * 32)}
    assert component.marker == "(os_name == 'nt') or (os_name == 'posix')"
    assert component.location.path == "a/uv.lock"
    assert component.location.region is not None
    assert component.location.region.start_line == 4


@pytest.mark.parametrize(
    ("source", "kind", "index", "url"),
    [
        (
            '{ registry = "https://u:p@mirror.example.org/simple" }',
            "private-index",
            "https://mirror.example.org/simple",
            "",
        ),
        ('{ registry = "../wheels" }', "private-index", "../wheels", ""),
        ('{ git = "https://example.org/a?rev=v1#abc" }', "vcs", "", "https://example.org/a?rev=v1#abc"),
        ('{ url = "https://example.org/a.whl" }', "url", "", "https://example.org/a.whl"),
        ('{ path = "../a.whl" }', "path", "", "../a.whl"),
        ('{ directory = "libs/a" }', "path", "", "libs/a"),
        ('{ editable = "libs/a" }', "path", "", "libs/a"),
    ],
)
def test_other_sources(read: Read, source: str, kind: str, index: str, url: str) -> None:
    manifest = read("uv.lock", HEAD + package("a", source=source))
    (component,) = manifest.components
    assert (component.source, component.index, component.url) == (kind, index, url)
    assert ids(manifest) == ["requirement-not-on-index"]


def test_a_public_registry_with_files_from_elsewhere_is_not_public(read: Read) -> None:
    manifest = read(
        "uv.lock", HEAD + package("a", 'wheels = [{ url = "https://example.org/a.whl", hash = "sha256:00" }]')
    )
    assert (manifest.components[0].source, manifest.components[0].url) == ("private-index", "https://example.org/a.whl")


def test_a_local_version_is_not_public(read: Read) -> None:
    assert read("uv.lock", HEAD + package("a", version="1+cpu")).components[0].source == "private-index"


def test_workspace_members_are_no_components(read: Read) -> None:
    manifest = read(
        "uv.lock",
        HEAD
        + '[manifest]\nmembers = ["app", "lib"]\n\n'
        + package("app", 'dependencies = [{ name = "lib" }, { name = "a" }]', source='{ editable = "packages/app" }')
        + package("lib", source='{ editable = "packages/lib" }')
        + package("other", source='{ editable = "vendor/other" }')
        + package("a"),
    )
    assert [one.name for one in manifest.components] == ["other", "a"]
    assert manifest.members == {"app": "packages/app", "lib": "packages/lib"}


def test_a_workspace_without_a_project(read: Read) -> None:
    manifest = read(
        "uv.lock",
        HEAD
        + '[manifest]\n[manifest.dependency-groups]\ndev = [{ name = "a", specifier = "==1.0" }]\n\n'
        + package("a"),
    )
    assert (manifest.components[0].direct, manifest.components[0].groups) == (True, ("dev",))


def test_one_bad_entry_leaves_the_others(read: Read) -> None:
    manifest = read("uv.lock", HEAD + "[[package]]\nname = 1\n\n" + package("a"))
    assert [one.name for one in manifest.components] == ["a"]
    assert ids(manifest) == ["requirement-malformed"]
    assert manifest.notifications[0].text.startswith("uv.lock:4: ")


def test_a_version_that_is_none(read: Read) -> None:
    manifest = read("uv.lock", HEAD + package("a", version="not a version"))
    assert manifest.components[0].version is None
    assert ids(manifest) == ["requirement-unpinned"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "version = 2\n",
        "version = 1\npackage = 1\n",
        "version = 1\nmanifest = 1\n",
        'version = 1\n[manifest]\nmembers = "x"\n',
        "version = 1\n[[package]\n",
    ],
)
def test_unreadable(read: Read, text: str) -> None:
    manifest = read("uv.lock", text)
    assert (manifest.components, ids(manifest)) == ((), ["manifest-unreadable"])
    assert manifest.notifications[0].next_step


def test_more_packages_than_any_lock_has(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("govsec_ci.manifests.locks._MOST_ENTRIES", 1)
    assert ids(read("uv.lock", HEAD + package("a") + package("b"))) == ["manifest-unreadable"]


@pytest.mark.parametrize("name", ["", "../x", "a b", "ä", "-a"])
def test_what_is_no_name(read: Read, name: str) -> None:
    manifest = read("uv.lock", HEAD + package(name) + package("a"))
    assert [one.name for one in manifest.components] == ["a"]
    assert ids(manifest) == ["requirement-malformed"]
    assert manifest.notifications[0].text.startswith("uv.lock:4: ")


FILES = "https://files.pythonhosted.org/packages"


def test_each_file_with_its_url_and_digest(read: Read) -> None:
    sdist = f'sdist = {{ url = "{FILES}/a-1.0.tar.gz", hash = "sha256:{"0a" * 32}" }}'
    private = f'{{ url = "https://u:p@files.example/a.whl", hash = "sha256:{"0B" * 32}" }}'
    wheels = f'wheels = [{private}, {{ url = "{FILES}/b" }}]'
    (only,) = read("uv.lock", HEAD + package("a", sdist, wheels)).components
    assert [(file.url, file.hashes) for file in only.files] == [
        (f"{FILES}/a-1.0.tar.gz", {"sha256": "0a" * 32}),
        ("https://files.example/a.whl", {"sha256": "0b" * 32}),
        (f"{FILES}/b", {}),
    ]


@pytest.mark.parametrize("url", ["", "a-1.0.whl", "file:///srv/a-1.0.whl"])
def test_files_of_which_one_has_no_address_stay_together(read: Read, url: str) -> None:
    """Else the digest of the one without an address would get lost."""
    wheels = f'wheels = [{{ url = "{FILES}/a.whl", hash = "sha256:00" }}, {{ url = "{url}", hash = "sha256:01" }}]'
    (only,) = read("uv.lock", HEAD + package("a", wheels)).components
    assert only.files == ()
    assert only.hashes == {"sha256": ("00", "01")}


def test_a_member_outside_of_the_tree_is_a_component(read: Read) -> None:
    manifest = read(
        "uv.lock",
        'version = 1\n[manifest]\nmembers = ["app", "other"]\n'
        '[[package]]\nname = "app"\nsource = { editable = "." }\n'
        '[[package]]\nname = "other"\nsource = { editable = "../other" }\n',
    )
    assert manifest.members == {"app": "."}
    assert [(one.name, one.source) for one in manifest.components] == [("other", "path")]


def test_groups_without_end_are_not_followed(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uv_lock, "_MOST_FOLLOWED", 10)
    groups = "".join(f'g{number} = [{{ name = "a" }}]\n' for number in range(11))
    manifest = read(
        "uv.lock",
        'version = 1\n[[package]]\nname = "app"\nsource = { virtual = "." }\n'
        f"[package.optional-dependencies]\n{groups}",
    )
    assert [note.id for note in manifest.notifications] == ["manifest-unreadable"]
