"""poetry.lock."""

from collections.abc import Callable

import pytest

from govsec_ci.manifests.base import Manifest
from govsec_ci.model import Level

Read = Callable[..., Manifest]

FOOT = '\n[metadata]\nlock-version = "2.1"\npython-versions = ">=3.10"\ncontent-hash = "00"\n'


def package(name: str, *lines: str, version: str = "1.0") -> str:
    return "\n".join(["[[package]]", f'name = "{name}"', f'version = "{version}"', *lines, "", ""])


def ids(manifest: Manifest) -> list[str]:
    return [note.id for note in manifest.notifications if note.level is Level.ERROR]


def test_a_package_of_the_present_format(read: Read) -> None:
    manifest = read(
        "poetry.lock",
        package(
            "Typing_Extensions",
            'groups = ["main", "dev"]',
            "markers = \"python_version < '3.11'\"",
            f'files = [{{file = "x.whl", hash = "sha256:{"0a" * 32}"}}]',
            "[package.dependencies]",
            'other = ">=1"',
            'optional = {version = "*", optional = true}',
        )
        + package("other", 'groups = ["main"]', "markers = {main = \"os_name == 'nt'\", dev = \"os_name == 'posix'\"}")
        + FOOT,
    )
    first, second = manifest.components
    assert (first.name, first.version, first.groups) == ("typing-extensions", "1.0", ("dev", "main"))
    assert first.hashes == {"sha256": ("0a" * 32,)}
    assert first.marker == "python_version < '3.11'"
    assert first.depends_on == ("other",)
    assert second.marker == "(os_name == 'nt') or (os_name == 'posix')"
    assert second.location.region is not None
    assert second.location.region.start_line == 11
    assert manifest.notifications == ()


def test_a_package_of_the_old_format(read: Read) -> None:
    manifest = read(
        "poetry.lock",
        package("a", 'category = "dev"')
        + '[metadata]\nlock-version = "1.1"\n[metadata.files]\na = [{file = "a.whl", hash = "sha256:00"}, 1]\n',
    )
    assert (manifest.components[0].groups, manifest.components[0].hashes) == (("dev",), {"sha256": ("00",)})


@pytest.mark.parametrize(
    ("kind", "url", "expected"),
    [
        ("legacy", "https://u:p@mirror.example.org/simple", ("private-index", "https://mirror.example.org/simple", "")),
        ("legacy", "https://pypi.org/simple", ("index", "", "")),
        ("git", "https://u:p@example.org/a.git", ("vcs", "", "https://example.org/a.git")),
        ("url", "https://example.org/a.whl", ("url", "", "https://example.org/a.whl")),
        ("file", "wheels/a.whl", ("path", "", "wheels/a.whl")),
        ("directory", "../lib", ("path", "", "../lib")),
        ("unheard-of", "https://pypi.org/simple", ("private-index", "https://pypi.org/simple", "")),
    ],
)
def test_sources(read: Read, kind: str, url: str, expected: tuple[str, str, str]) -> None:
    manifest = read("poetry.lock", package("a", "[package.source]", f'type = "{kind}"', f'url = "{url}"') + FOOT)
    (component,) = manifest.components
    assert (component.source, component.index, component.url) == expected
    assert ids(manifest) == ([] if expected[0] == "index" else ["requirement-not-on-index"])


def test_one_bad_entry_leaves_the_others(read: Read) -> None:
    manifest = read("poetry.lock", '[[package]]\nname = "x"\n\n' + package("a") + FOOT)
    assert [one.name for one in manifest.components] == ["a"]
    assert ids(manifest) == ["requirement-malformed"]


@pytest.mark.parametrize(
    "text", ["", "[metadata]\nlock-version = '3.0'\n", "metadata = 1\n", "[metadata]\nlock-version = 2\n"]
)
def test_unreadable(read: Read, text: str) -> None:
    assert ids(read("poetry.lock", text)) == ["manifest-unreadable"]
