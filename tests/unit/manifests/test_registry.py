"""Every format keeps the protocol's promise: whatever a file holds, reading it gives a manifest."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.utils import is_normalized_name

from govsec_ci.manifests.base import DeclaringFormat
from govsec_ci.manifests.notices import MEANINGS
from govsec_ci.manifests.registry import BY_CONTENT, FORMATS, declares, named, reader_of
from govsec_ci.model import Level

SAMPLES = {
    "requirements.txt": (
        "-r other.txt\na[x]==1 ; os_name == 'nt' --hash=sha256:00\n-e .\nb @ https://h/b.zip\n    # via a\n"
    ),
    "pylock.toml": (
        'lock-version = "1.0"\ncreated-by = "x"\n[[packages]]\nname = "a"\nversion = "1"\n'
        'wheels = [{ url = "https://h/a-1-py3-none-any.whl", hashes = { sha256 = "00" } }]\n'
    ),
    "uv.lock": (
        'version = 1\n[manifest]\nmembers = ["m"]\n[[package]]\nname = "m"\nsource = { virtual = "." }\n'
        'dependencies = [{ name = "a" }]\n[package.metadata]\nrequires-dist = [{ name = "a" }]\n'
        '[[package]]\nname = "a"\nversion = "1"\nsource = { registry = "https://pypi.org/simple" }\n'
    ),
    "poetry.lock": (
        '[[package]]\nname = "a"\nversion = "1"\ngroups = ["main"]\nfiles = [{file = "a", hash = "sha256:00"}]\n'
        '[package.source]\ntype = "git"\nurl = "https://h"\n[metadata]\nlock-version = "2.1"\n'
        "[metadata.files]\na = []\n"
    ),
    "pdm.lock": (
        '[metadata]\nlock_version = "4.5"\n'
        '[[package]]\nname = "a"\nversion = "1"\ndependencies = ["b"]\ngroups = ["x"]\n'
    ),
    "pdm.dev.lock": '[metadata]\nlock_version = "4.5"\n[[package]]\nname = "a"\nversion = "1"\n',
    "Pipfile.lock": json.dumps(
        {"_meta": {"pipfile-spec": 6, "sources": [{"name": "n", "url": "u"}]}, "default": {"a": {"version": "==1"}}}
    ),
    "pyproject.toml": (
        '[project]\nname = "x"\ndynamic = ["dependencies"]\ndependencies = ["a>=1"]\n'
        '[project.optional-dependencies]\ne = ["b"]\n'
        '[dependency-groups]\nd = [{include-group = "x"}]\n[tool.poetry.dependencies]\nc = [{version = "^1"}]\n'
        '[tool.setuptools.dynamic]\ndependencies = {file = ["r.txt"]}\n'
    ),
    "Pipfile": '[packages]\na = "*"\nb = {version = ">1", markers = "x"}\n',
    "requirements.in": "a\n-c b.txt\n",
    "setup.cfg": (
        "[metadata]\nname = x\n[options]\ninstall_requires =\n  a>=1\n  b\n[options.extras_require]\nc = file: d.txt\n"
    ),
    "tool.py.lock": (
        'version = 1\n[manifest]\nrequirements = [{ name = "a" }]\n'
        '[[package]]\nname = "a"\nversion = "1"\nsource = { registry = "https://pypi.org/simple" }\n'
    ),
    "environment.yml": (
        "name: x\nchannels: [conda-forge]\ndependencies:\n  - python=3.11\n  - numpy=1.26\n"
        "  - pip:\n    - a==1\n    - -r b.txt\n"
    ),
    "a-1.dist-info/METADATA": "Metadata-Version: 2.1\nName: a\nVersion: 1\nRequires-Dist: b\n",
    "setup.py": "from setuptools import setup\nsetup(install_requires=['a'])\n",
}
PIECES = st.one_of(
    st.text(max_size=6),
    st.sampled_from(
        ["[", "]", "{", "}", '"', "'", "=", "\n", "[]", "{}", "1", "true", "[[package]]\n", "null", '"""', "\0", "\\"]
    ),
)


def test_there_is_a_sample_of_every_format() -> None:
    assert {next(name for name, one in FORMATS.items() if one.matches(path)) for path in SAMPLES} == set(FORMATS)


@pytest.mark.parametrize("path", SAMPLES)
def test_each_file_has_one_format(path: str) -> None:
    assert [one.matches(path) for one in FORMATS.values()].count(True) == 1


@pytest.mark.parametrize("path", SAMPLES)
@settings(deadline=None, max_examples=25)
@given(data=st.data())
def test_no_change_to_a_file_makes_its_reader_raise(
    tmp_path_factory: pytest.TempPathFactory, path: str, data: Any
) -> None:
    text = SAMPLES[path]
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(len(text), start + 12)))
        text = text[:start] + data.draw(PIECES) + text[end:]
    root = tmp_path_factory.getbasetemp()
    (root / path).parent.mkdir(exist_ok=True)
    (root / path).write_bytes(text.encode("utf-8", "surrogatepass"))
    reader = next(one for one in FORMATS.values() if one.matches(path))
    manifest = reader.read(root, path)
    lines = text.count("\n") + text.count("\r") + 1
    assert manifest.path == path
    for note in manifest.notifications:
        assert note.id in MEANINGS
        assert note.level is not Level.ERROR or note.text.startswith(path)
    for component in manifest.components:
        assert component.location.region is not None
        assert 1 <= component.location.region.start_line <= lines
        assert is_normalized_name(component.name)
    if isinstance(reader, DeclaringFormat):
        assert reader.declaration(root, path).path == path


_DEEP = "(" * 3_000 + "os_name == 'x'" + ")" * 3_000


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("requirements.txt", f"a==1; {_DEEP}\n"),
        ("requirements.in", f"a==1; {_DEEP}\n"),
        ("pyproject.toml", f'[project]\nname = "x"\nversion = "1"\ndependencies = ["a; {_DEEP}"]\n'),
        ("setup.cfg", f"[options]\ninstall_requires =\n  a; {_DEEP}\n"),
        ("Pipfile", f'[packages]\na = {{version = "*", markers = "{_DEEP}"}}\n'),
        (
            "pylock.toml",
            f'lock-version = "1.0"\ncreated-by = "x"\n[[packages]]\nname = "a"\nversion = "1"\nmarker = "{_DEEP}"\n',
        ),
    ],
)
def test_a_marker_that_nests_without_end_is_an_error_of_the_file(tmp_path: Path, path: str, text: str) -> None:
    (tmp_path / path).write_text(text, "utf-8")
    reader = next(one for one in FORMATS.values() if one.matches(path))
    assert Level.ERROR in {note.level for note in reader.read(tmp_path, path).notifications}


def test_a_dependency_whose_marker_nests_without_end_is_no_edge(tmp_path: Path) -> None:
    for path in ("pdm.lock", "poetry.lock", "uv.lock"):
        text = SAMPLES[path].replace('dependencies = ["b"]', f'dependencies = ["b; {_DEEP}"]')
        (tmp_path / path).write_text(text.replace('groups = ["x"]', f'groups = ["x"]\nmarker = "{_DEEP}"'), "utf-8")
        assert next(one for one in FORMATS.values() if one.matches(path)).read(tmp_path, path).path == path


ODD_NAMES = (
    "Requirements.TXT", "requirements/dev.txt", "requirements.lock", "requirements-dev.pip", "_vendor/vendor.txt",
    "PyProject.toml", "ENVIRONMENT.YML", "conda-lock.yml", "pylock.dev.toml", "a.PY.lock",
)  # fmt: skip
NAMES = st.sampled_from((*SAMPLES, *ODD_NAMES))


@given(st.one_of(NAMES, st.tuples(st.text(max_size=4), NAMES, st.text(max_size=4)).map("".join)))
def test_no_file_that_a_format_matches_ends_otherwise(path: str) -> None:
    assert named(path) is next((form for form in FORMATS.values() if form.matches(path)), None)


def test_a_file_is_told_by_its_name_and_else_by_its_content() -> None:
    script, conda = b"# /// script\n# ///\n", b"channels: []\ndependencies: []\n"
    given = (
        ("setup.py", b""),
        ("tool.py", script),
        ("a.py", b""),
        ("a.md", script),
        ("x.yml", conda),
        ("x.txt", conda),
    )
    found = [reader_of(path, data) for path, data in given]
    assert [reader.name if reader else "" for reader in found] == ["setup.py", "inline-script", "", "", "conda", ""]
    assert [name for name in (*FORMATS, *BY_CONTENT) if declares(name)] == [
        "pyproject.toml", "Pipfile", "requirements.in", "setup.cfg", "setup.py", "inline-script",
    ]  # fmt: skip
