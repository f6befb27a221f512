"""pylock.toml (PEP 751)."""

from collections.abc import Callable

import pytest

from govsec_ci.manifests.base import Manifest
from govsec_ci.manifests.pylock import PylockToml
from govsec_ci.model import Level

Read = Callable[..., Manifest]

HEAD = 'lock-version = "1.0"\ncreated-by = "test"\n\n'
DIGEST = "ab" * 32


def wheel(name: str, host: str = "files.pythonhosted.org") -> str:
    return f'wheels = [{{ url = "https://{host}/{name}-1.0-py3-none-any.whl", hashes = {{ sha256 = "{DIGEST}" }} }}]'


def package(name: str, *lines: str, version: str | None = "1.0") -> str:
    stated = [] if version is None else [f'version = "{version}"']
    return "\n".join(["[[packages]]", f'name = "{name}"', *stated, *lines, "", ""])


def ids(manifest: Manifest, level: Level = Level.ERROR) -> list[str]:
    return [note.id for note in manifest.notifications if note.level is level]


@pytest.mark.parametrize("path", ["pylock.toml", "a/pylock.dev.toml"])
def test_names(path: str) -> None:
    assert PylockToml().matches(path)


@pytest.mark.parametrize("path", ["pylock.a.b.toml", "pylock", "xpylock.toml", "pylock.lock"])
def test_other_names(path: str) -> None:
    assert not PylockToml().matches(path)


def test_a_package(read: Read) -> None:
    manifest = read(
        "pylock.toml",
        HEAD
        + package(
            "a",
            'index = "https://pypi.org/simple"',
            "marker = \"os_name == 'nt'\"",
            'dependencies = [{ name = "b" }]',
            wheel("a"),
            f'[packages.sdist]\nname = "a-1.0.tar.gz"\npath = "a-1.0.tar.gz"\nhashes = {{ sha512 = "{DIGEST * 2}" }}',
        )
        + package("b", wheel("b")),
    )
    first, second = manifest.components
    assert first.hashes == {"sha512": (DIGEST * 2,), "sha256": (DIGEST,)}
    assert (first.marker, first.depends_on) == ('os_name == "nt"', ("b",))
    assert (second.source, second.depends_on, second.direct) == ("index", None, None)
    assert second.location.region is not None
    assert second.location.region.start_line == 16


@pytest.mark.parametrize(
    ("lines", "version", "source", "url"),
    [
        (wheel("a", "mirror.example.org"), "1.0", "private-index", "https://mirror.example.org/a-1.0-py3-none-any.whl"),
        ('index = "https://mirror.example.org/simple"\n' + wheel("a"), "1.0", "private-index", ""),
        (
            wheel("a").replace("url", "path").replace("https://files.pythonhosted.org", "wheels"),
            "1.0",
            "private-index",
            "wheels/a-1.0-py3-none-any.whl",
        ),
        (
            'vcs = { type = "git", url = "https://u:p@example.org/a", commit-id = "abc" }',
            None,
            "vcs",
            "https://example.org/a",
        ),
        ('directory = { path = "libs/a" }', None, "path", "libs/a"),
        (
            f'archive = {{ url = "https://example.org/a.zip", hashes = {{ sha256 = "{DIGEST}" }} }}',
            None,
            "url",
            "https://example.org/a.zip",
        ),
        (f'archive = {{ path = "a.zip", hashes = {{ sha256 = "{DIGEST}" }} }}', None, "path", "a.zip"),
    ],
)
def test_other_sources(read: Read, lines: str, version: str | None, source: str, url: str) -> None:
    manifest = read("pylock.toml", HEAD + package("a", lines, version=version))
    assert [(one.source, one.url) for one in manifest.components] == [(source, url)]
    assert ids(manifest) == ["requirement-not-on-index"]


def test_a_package_without_a_version_is_unpinned(read: Read) -> None:
    manifest = read("pylock.toml", HEAD + package("a", wheel("a"), version=None))
    assert ids(manifest) == ["requirement-unpinned"]


def test_the_project_itself_is_no_component(read: Read) -> None:
    manifest = read("pylock.toml", HEAD + package("me", 'directory = { path = "." }', version=None))
    assert manifest.components == ()
    assert ids(manifest, Level.NOTE) == ["requirement-is-project"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        'lock-version = "2.0"\ncreated-by = "x"\npackages = []\n',
        HEAD + package("A"),
        HEAD + package("a"),
        HEAD + package("a", wheel("b")),
        HEAD + package("a", "marker = 'nonsense'", wheel("a")),
    ],
)
def test_unreadable(read: Read, text: str) -> None:
    manifest = read("pylock.toml", text)
    assert (manifest.components, ids(manifest)) == ((), ["manifest-unreadable"])
    assert "PEP 751" in manifest.notifications[0].text


@pytest.mark.parametrize(
    ("marker", "groups"),
    [
        ("'dev' in dependency_groups", ("dev",)),
        ("'default' in dependency_groups or 'My_X' in extras", ("main", "my-x")),
        ("os_name == 'nt'", ("main",)),
    ],
)
def test_groups(read: Read, marker: str, groups: tuple[str, ...]) -> None:
    text = package("a", f'marker = "{marker}"', wheel("a"))
    assert read("pylock.toml", HEAD + text).components[0].groups == ()
    grouped = HEAD.strip() + '\ndependency-groups = ["dev", "default"]\n' + text
    assert read("pylock.toml", grouped).components[0].groups == groups


def test_each_file_with_its_url_and_digests(read: Read) -> None:
    (only,) = read("pylock.toml", HEAD + package("a", wheel("a"))).components
    assert [(file.url, file.hashes) for file in only.files] == [
        ("https://files.pythonhosted.org/a-1.0-py3-none-any.whl", {"sha256": DIGEST})
    ]
    sdist = f'[packages.sdist]\npath = "a-1.0.tar.gz"\nhashes = {{ sha512 = "{DIGEST * 2}" }}'
    (mixed,) = read("pylock.toml", HEAD + package("a", wheel("a"), sdist)).components
    assert mixed.files == ()
