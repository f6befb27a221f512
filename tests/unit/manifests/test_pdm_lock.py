"""pdm.lock."""

from collections.abc import Callable

import pytest

from govsec_ci.manifests.base import Manifest
from govsec_ci.model import Level

Read = Callable[..., Manifest]

HEAD = '[metadata]\ngroups = ["default"]\nlock_version = "4.5.0"\ncontent_hash = "sha256:00"\n\n'


def package(name: str, *lines: str) -> str:
    return "\n".join(["[[package]]", f'name = "{name}"', *lines, "", ""])


def ids(manifest: Manifest, level: Level = Level.ERROR) -> list[str]:
    return [note.id for note in manifest.notifications if note.level is level]


def test_a_package_and_its_extra_are_one_component(read: Read) -> None:
    manifest = read(
        "pdm.lock",
        HEAD
        + package("a", 'version = "1"', 'groups = ["default"]', 'dependencies = ["b>=1; os_name == \\"nt\\"", "gone"]')
        + package("a", 'version = "1"', 'extras = ["x"]', 'groups = ["dev"]', 'dependencies = ["a==1", "c", "!!"]')
        + package("b", 'version = "2"', "marker = \"os_name == 'nt'\"", 'files = [{file = "b", hash = "sha256:00"}]')
        + package("c", 'version = "3"'),
    )
    first, second, _ = manifest.components
    assert (first.extras, first.groups, first.depends_on) == (("x",), ("dev", "main"), ("b", "c"))
    assert (second.marker, second.hashes, second.depends_on) == ("os_name == 'nt'", {"sha256": ("00",)}, ())
    assert manifest.notifications == ()


@pytest.mark.parametrize(
    ("line", "source", "url"),
    [
        ('git = "https://u:p@example.org/a.git"', "vcs", "https://example.org/a.git"),
        ('hg = "https://example.org/a"', "vcs", "https://example.org/a"),
        ('path = "./libs/a"', "path", "./libs/a"),
        ('url = "https://example.org/a.whl"', "url", "https://example.org/a.whl"),
        (
            'files = [{url = "https://example.org/a.whl", hash = "sha256:00"}]',
            "private-index",
            "https://example.org/a.whl",
        ),
    ],
)
def test_other_sources(read: Read, line: str, source: str, url: str) -> None:
    manifest = read("pdm.lock", HEAD + package("a", 'version = "1"', line))
    assert [(one.source, one.url) for one in manifest.components] == [(source, url)]
    assert ids(manifest) == ["requirement-not-on-index"]


def test_the_project_itself_is_no_component(read: Read) -> None:
    manifest = read("pdm.lock", HEAD + package("me", 'version = "1"', 'path = "."', "editable = true"))
    assert manifest.components == ()
    assert ids(manifest, Level.NOTE) == ["requirement-is-project"]


@pytest.mark.parametrize(
    ("settings", "files", "source", "index"),
    [
        (
            '[[tool.pdm.source]]\nurl = "https://u:p@mirror.example.org/simple"\n',
            "",
            "private-index",
            "https://mirror.example.org/simple",
        ),
        (
            '[[tool.pdm.source]]\nurl = "https://mirror.example.org/simple"\n',
            'files = [{url = "https://files.pythonhosted.org/a.whl"}]',
            "index",
            "",
        ),
        ('[[tool.pdm.source]]\nurl = "https://pypi.org/simple"\n', "", "index", ""),
        ("[tool.pdm]\n", "", "index", ""),
        ("[tool]\npdm = 1\n", "", "index", ""),
        ("tool = 1\n", "", "index", ""),
        ("[[[", "", "private-index", "(the settings of pdm cannot be read)"),
    ],
)
def test_the_projects_sources_decide(read: Read, settings: str, files: str, source: str, index: str) -> None:
    manifest = read("pdm.lock", HEAD + package("a", 'version = "1"', files), pyproject__toml=settings)
    assert [(one.source, one.index) for one in manifest.components] == [(source, index)]


@pytest.mark.parametrize("text", ["", "metadata = 1", "[metadata]\nlock_version = '3.0'\n", "[metadata]\n"])
def test_unreadable(read: Read, text: str) -> None:
    assert ids(read("pdm.lock", text)) == ["manifest-unreadable"]


def test_one_bad_entry_leaves_the_others(read: Read) -> None:
    manifest = read("pdm.lock", HEAD + package("a", "version = 1") + package("b", 'version = "1"'))
    assert [one.name for one in manifest.components] == ["b"]
    assert ids(manifest) == ["requirement-malformed"]


@pytest.mark.parametrize(
    ("settings", "source"),
    [
        ('[pypi]\nurl = "https://mirror.example.org/simple"\n', "private-index"),
        ('[pypi.corporate]\nurl = "https://mirror.example.org/simple"\n', "private-index"),
        ("[pypi]\nverify_ssl = true\n", "index"),
    ],
)
def test_its_settings_file_decides_too(read: Read, settings: str, source: str) -> None:
    manifest = read("pdm.lock", HEAD + package("a", 'version = "1"'), pdm__toml=settings)
    assert [one.source for one in manifest.components] == [source]


def test_each_file_with_its_url_and_digest(read: Read) -> None:
    url = "https://files.pythonhosted.org/packages/a-1.whl"
    files = f'files = [{{url = "{url}", hash = "sha256:00"}}]'
    twice = package("a", 'version = "1"', files) + package("a", 'version = "1"', 'extras = ["x"]')
    (only,) = read("pdm.lock", HEAD + twice).components
    assert [(file.url, file.hashes) for file in only.files] == [(url, {"sha256": "00"})]
