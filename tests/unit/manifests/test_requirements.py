"""Requirements files with includes and constraints."""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from govsec_ci.manifests.base import Manifest
from govsec_ci.manifests.requirements import Requirements
from govsec_ci.model import Component, Level, Location, Region
from tests.support.patience import HANG_S

HASH = "0123456789abcdef" * 4
Read = Callable[..., Manifest]
Write = Callable[[dict[str, str | bytes]], Path]


def told(manifest: Manifest, level: Level = Level.ERROR) -> list[tuple[str, str]]:
    """Ids with their places."""
    return [(note.id, note.text.partition(": ")[0]) for note in manifest.notifications if note.level is level]


def pinned(manifest: Manifest) -> list[tuple[str, str | None]]:
    return [(component.name, component.version) for component in manifest.components]


@pytest.mark.parametrize(
    "path",
    [
        "requirements.txt",
        "requirements-dev.txt",
        "dev-requirements.txt",
        "app/requirements_test.txt",
        "requirements/base.txt",
        "a/requirements/x.txt",
        "Requirements.TXT",
        "requirements.lock",
        "requirements-dev.lock",
    ],
)
def test_names_that_are_requirements_files(path: str) -> None:
    assert Requirements().matches(path)


@pytest.mark.parametrize(
    "path",
    ["notes.txt", "constraints.txt", "requirements/constraints.txt", "requirements", "requirements.in", "r/uv.lock"],
)
def test_names_that_are_not(path: str) -> None:
    assert not Requirements().matches(path)


def test_a_component_has_everything_that_its_line_says(read: Read) -> None:
    manifest = read(
        "requirements.txt",
        f"# first\n\nDjango[argon2]==3.2.0 ; python_version >= '3.8' \\\n    --hash=sha256:{HASH}\n",
    )
    assert manifest.components == (
        Component(
            name="django",
            version="3.2.0",
            location=Location(path="requirements.txt", region=Region(start_line=3)),
            hashes={"sha256": (HASH,)},
            marker='python_version >= "3.8"',
            extras=("argon2",),
        ),
    )
    assert manifest.notifications == ()
    assert manifest.format == "requirements"


def test_same_name_under_two_markers_is_two_components(read: Read) -> None:
    manifest = read("requirements.txt", "a==1;os_name=='nt'\na==2;os_name!='nt'\n")
    assert pinned(manifest) == [("a", "1"), ("a", "2")]
    assert told(manifest) == []


def test_same_name_twice_with_two_versions_is_a_conflict(read: Read) -> None:
    manifest = read("requirements.txt", "a==1\nA==2\n")
    assert told(manifest) == [("requirement-conflict", "requirements.txt:2")]


@pytest.mark.parametrize("specifier", ["", ">=1", "==1.*", "~=1.0", "<2,>=1", "==1,==2", "!=1"])
def test_without_an_exact_version_it_is_unpinned(read: Read, specifier: str) -> None:
    manifest = read("requirements.txt", f"b==1\na{specifier}\n")
    assert pinned(manifest) == [("b", "1"), ("a", None)]
    assert told(manifest) == [("requirement-unpinned", "requirements.txt:2")]
    note = next(note for note in manifest.notifications if note.level is Level.ERROR)
    assert note.properties == {"component": "a"}
    for way_out in ("lock", "--generate-hashes", "--environment", "[[declared]]"):
        assert way_out in note.next_step


@pytest.mark.parametrize(
    ("specifier", "version"), [("==1.0", "1.0"), ("===1.0", "1.0"), ("==1.0,>=0.9", "1.0"), ("== V1.0-1", "1.0.post1")]
)
def test_exact_versions(read: Read, specifier: str, version: str) -> None:
    assert pinned(read("requirements.txt", f"a{specifier}")) == [("a", version)]


def test_a_malformed_line_leaves_the_others(read: Read) -> None:
    manifest = read("requirements.txt", "a==1\nb = 2\nc==3\n")
    assert pinned(manifest) == [("a", "1"), ("c", "3")]
    assert told(manifest) == [("requirement-malformed", "requirements.txt:2")]
    text = next(note.text for note in manifest.notifications if note.level is Level.ERROR)
    assert "'b = 2'" in text
    assert "'=='" in text


def test_control_characters_of_a_line_are_not_repeated(read: Read) -> None:
    manifest = read("requirements.txt", "a\x1b[2Jb==1 !\n")
    assert all("\x1b" not in note.text for note in manifest.notifications)


def test_thousands_of_malformed_lines_are_counted_not_listed(read: Read) -> None:
    manifest = read("requirements.txt", "not one\n" * 2000)
    errors = [note for note in manifest.notifications if note.level is Level.ERROR]
    assert len(errors) == 501
    assert errors[-1].text.endswith("and 1,500 more lines are not requirements")
    last = read("requirements.txt", "not one\n" * 501).notifications[-1]
    assert last.text.endswith("and 1 more line is no requirement")


@pytest.mark.parametrize(
    ("line", "name", "version", "source"),
    [
        ("git+https://example.org/team/Tool.git@v1", "tool", None, "vcs"),
        ("git+https://example.org/x.git#egg=My_Tool[a]&subdirectory=b", "my-tool", None, "vcs"),
        ("-e hg+https://example.org/x#egg=y", "y", None, "vcs"),
        ("a @ https://example.org/a.zip", "a", None, "url"),
        ("https://example.org/a_b-1.2-py3-none-any.whl", "a-b", "1.2", "url"),
        ("https://example.org/tool-1.2.tar.gz#sha256=00", "tool", "1.2", "url"),
        ("./wheels/a-1.0-py3-none-any.whl", "a", "1.0", "path"),
        ("../outside", "outside", None, "path"),
        ("./libs/My.Lib", "my-lib", None, "path"),
        ("file:///opt/x/y-2.zip", "y", "2", "path"),
        ("-e ./libs/b[x,y]", "b", None, "path"),
        ("a==1.0+cpu", "a", "1.0+cpu", "private-index"),
    ],
)
def test_what_is_not_from_the_index(read: Read, line: str, name: str, version: str | None, source: str) -> None:
    manifest = read("requirements.txt", f"{line}\n")
    (component,) = manifest.components
    assert (component.name, component.version, component.source) == (name, version, source)
    assert told(manifest) == [("requirement-not-on-index", "requirements.txt:1")]
    assert manifest.notifications[0].properties == {"component": name}
    assert "[[declared]]" in manifest.notifications[0].next_step


def test_extras_of_a_path(read: Read) -> None:
    assert read("requirements.txt", "./libs/b[x,y]").components[0].extras == ("x", "y")


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("requirements.txt", "-e ."),
        ("requirements.txt", ".[dev]"),
        ("d/requirements.txt", "-e .."),
        ("d/requirements.txt", "."),
        ("requirements.txt", "file:."),
    ],
)
def test_the_project_itself_is_no_component(read: Read, path: str, line: str) -> None:
    manifest = read(path, f"{line}\na==1\n")
    assert pinned(manifest) == [("a", "1")]
    assert told(manifest) == []
    assert told(manifest, Level.NOTE) == [("requirement-is-project", f"{path}:1")]


@pytest.mark.parametrize("line", ["../..", "file:///", "/", "d/../../e"])
def test_a_folder_elsewhere_is_not_the_project(read: Read, line: str) -> None:
    assert told(read("requirements.txt", line)) == [("requirement-not-on-index", "requirements.txt:1")]


@pytest.mark.parametrize(
    "option",
    [
        "--index-url https://user:secret@mirror.example.org/simple",
        "--extra-index-url https://mirror.example.org/simple",
        "-i http://pypi.org/simple",
        "-i https://pypi.org.example.org/simple",
        "-i https://pypi.org:8443/simple",
        "-i https://user@pypi.org/simple",
        "-i https://${TOKEN}@mirror.example.org/simple",
        "-i https://[broken/simple",
        "--find-links ./wheels",
        "--no-index",
    ],
)
def test_another_index_makes_every_component_private(read: Read, option: str) -> None:
    manifest = read("requirements.txt", f"a==1\n{option}\nb==2\n")
    assert [component.source for component in manifest.components] == ["private-index", "private-index"]
    assert ("index-not-public", "requirements.txt:2") in told(manifest, Level.WARNING)
    assert told(manifest) == [
        ("requirement-not-on-index", "requirements.txt:1"),
        ("requirement-not-on-index", "requirements.txt:3"),
    ]
    assert "secret" not in repr(manifest)


@pytest.mark.parametrize(
    "url",
    [
        "https://pypi.org/simple",
        "https://pypi.org/simple/",
        "https://PyPI.org/simple",
        "https://pypi.python.org/simple",
    ],
)
def test_the_public_index_may_be_named(read: Read, url: str) -> None:
    manifest = read("requirements.txt", f"-i {url}\na==1\n")
    assert manifest.components[0].source == "index"
    assert told(manifest) == []


def test_includes_are_part_of_the_file(read: Read) -> None:
    manifest = read(
        "requirements/dev.txt",
        "-r base.txt\n-r ../other/more.txt\nb==2\n",
        **{"requirements/base.txt": "a==1\n", "other/more.txt": "-r ../requirements/base.txt\nc==3\n"},
    )
    assert pinned(manifest) == [("a", "1"), ("c", "3"), ("b", "2")]
    assert [component.location.path for component in manifest.components] == [
        "requirements/base.txt",
        "other/more.txt",
        "requirements/dev.txt",
    ]
    assert manifest.includes == ("requirements/base.txt", "other/more.txt")
    assert told(manifest) == []


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("missing.txt", "does not exist"),
        ("../secret.txt", "out of the tree"),
        ("d/../../secret.txt", "out of the tree"),
        ("/etc/hostname", "out of the tree"),
        ("link.txt", "out of the tree"),
        ("https://example.org/r.txt", "URL"),
        ("file:///etc/hostname", "URL"),
        ("requirements.txt", "itself"),
        (".", "out of the tree"),
        ("folder", "cannot be read"),
    ],
)
def test_includes_that_cannot_be_followed(write: Write, target: str, why: str) -> None:
    root = write({"requirements.txt": f"a==1\n-r {target}\n", "folder/x": ""})
    (root.parent / "secret.txt").write_text("evil==1\n")
    (root / "link.txt").symlink_to(root.parent / "secret.txt")
    manifest = Requirements().read(root, "requirements.txt")
    assert pinned(manifest) == [("a", "1")]
    assert ("manifest-include", "requirements.txt:2") in told(manifest)
    assert any(why in note.text for note in manifest.notifications)


def test_a_ring_of_includes_ends(read: Read) -> None:
    manifest = read("requirements.txt", "-r b.txt\na==1\n", **{"b.txt": "-r requirements.txt\nb==1\n"})
    assert pinned(manifest) == [("b", "1"), ("a", "1")]
    assert told(manifest) == [("manifest-include", "b.txt:1")]


def test_includes_are_not_followed_for_ever(write: Write) -> None:
    files: dict[str, str | bytes] = {f"r{number}.txt": f"-r r{number + 1}.txt\n" for number in range(200)}
    root = write({"requirements.txt": "-r r0.txt", **files})
    manifest = Requirements().read(root, "requirements.txt")
    assert [identifier for identifier, _ in told(manifest)] == ["manifest-include"]


def test_includes_that_double_are_read_once(write: Write) -> None:
    files: dict[str, str | bytes] = {f"r{n}.txt": f"-r r{n + 1}.txt\n-r r{n + 1}.txt\na{n}==1\n" for n in range(30)}
    root = write({"requirements.txt": "-r r0.txt", **files, "r30.txt": ""})
    assert len(Requirements().read(root, "requirements.txt").components) == 30


def test_constraints_pin_what_is_asked_for_and_add_nothing(read: Read) -> None:
    manifest = read(
        "requirements.txt", "-c pins.txt\na\nb>=1\nc==3\n", **{"pins.txt": f"a==1 --hash=sha256:{HASH}\nb==2\nz==9\n"}
    )
    assert pinned(manifest) == [("a", "1"), ("b", "2"), ("c", "3")]
    assert manifest.components[0].location.path == "requirements.txt"
    assert manifest.components[0].hashes == {"sha256": (HASH,)}
    assert (manifest.includes, manifest.constraints) == ((), ("pins.txt",))
    assert told(manifest) == []


def test_constraints_by_marker_make_one_component_each(read: Read) -> None:
    manifest = read(
        "requirements.txt",
        "-c pins.txt\na ; os_name == 'nt'\n",
        **{"pins.txt": "a==1 ; python_version < '3.12'\na==2 ; python_version >= '3.12'\n"},
    )
    assert pinned(manifest) == [("a", "1"), ("a", "2")]
    assert manifest.components[0].marker == '(os_name == "nt") and (python_version < "3.12")'


def test_where_no_constraint_by_marker_holds_a_requirement_it_is_unpinned(read: Read) -> None:
    manifest = read("requirements.txt", "-c pins.txt\na\n", **{"pins.txt": "a==1 ; sys_platform == 'win32'\n"})
    assert pinned(manifest) == [("a", "1"), ("a", None)]
    assert told(manifest) == [("requirement-unpinned", "requirements.txt:2")]


def test_a_constraint_that_does_not_fit_pins_nothing(read: Read) -> None:
    manifest = read("requirements.txt", "-c pins.txt\na>=2\n", **{"pins.txt": "a==1\n"})
    assert told(manifest) == [("requirement-unpinned", "requirements.txt:2")]


def test_a_constraint_that_contradicts_a_pin_is_said(read: Read) -> None:
    manifest = read("requirements.txt", "-c pins.txt\na==2\n", **{"pins.txt": "a==1\n"})
    assert told(manifest) == [("requirement-conflict", "requirements.txt:2")]


def test_a_constraint_by_url_takes_the_component_from_there(read: Read) -> None:
    manifest = read("requirements.txt", "-c pins.txt\na\n", **{"pins.txt": "a @ https://example.org/a-1.zip\n"})
    assert (manifest.components[0].source, manifest.components[0].url) == ("url", "https://example.org/a-1.zip")


def test_without_hashes_completeness_is_not_proved(read: Read) -> None:
    assert told(read("requirements.txt", "a==1\n"), Level.WARNING) == [
        ("manifest-closure-unproven", "requirements.txt")
    ]
    assert read("requirements.txt", f"a==1 --hash=sha256:{HASH}\n").notifications == ()
    assert read("requirements.txt", "# nothing\n").notifications == ()


@pytest.mark.parametrize(("content", "line"), [(b"a==1\n\xff", 2), (b"a\x00b", 1)])
def test_an_unreadable_file_is_said_with_its_line(read: Read, content: bytes, line: int) -> None:
    manifest = read("requirements.txt", content)
    assert manifest.components == ()
    assert told(manifest) == [("manifest-unreadable", f"requirements.txt:{line}")]


def test_too_large_or_missing(read: Read, write: Write) -> None:
    manifest = read("requirements.txt", "a==1\n" * 100, limit_bytes=100)
    assert told(manifest) == [("manifest-unreadable", "requirements.txt")]
    assert "limit" in manifest.notifications[0].text
    missing = Requirements().read(write({}), "none/requirements.txt")
    assert told(missing) == [("manifest-unreadable", "none/requirements.txt")]
    assert str(write({})) not in missing.notifications[0].text


def test_more_requirements_than_any_project_has(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("govsec_ci.manifests.requirements._MOST_ENTRIES", 3)
    manifest = read("requirements.txt", "a==1\nb==1\nc==1\nd==1\ne==1\n")
    assert len(manifest.components) == 3
    assert told(manifest) == [("manifest-unreadable", "requirements.txt:4")]


def test_ten_thousand_lines_take_less_than_a_second(read: Read) -> None:
    text = "".join(f"package-{number}=={number}.1 ; python_version >= '3.8'\n" for number in range(10_000))
    times = []
    for _ in range(3):
        start = time.process_time()
        assert len(read("requirements.txt", text).components) == 10_000
        times.append(time.process_time() - start)
    # Tracing for coverage costs as much again as the work itself.
    assert min(times) < (1.0 if sys.gettrace() is None else 3.0)


@pytest.mark.parametrize(
    "text",
    [
        "a" * 200_000,
        "a" + " " * 200_000 + "!",
        "\\\n" * 100_000,
        "a==" + "1." * 50_000,
        "#" * 200_000,
        "a[" + "b," * 50_000,
    ],
)
def test_no_line_takes_long(read: Read, text: str) -> None:
    start = time.process_time()
    read("requirements.txt", text)
    assert time.process_time() - start < HANG_S


NAMES = st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,8}[A-Za-z0-9])?", fullmatch=True).filter(
    lambda name: not name.lower().endswith((".zip", ".whl", ".tar", ".tgz", ".tbz", ".txz", ".tlz"))
)
VERSIONS = st.lists(st.integers(0, 99), min_size=1, max_size=4).map(lambda parts: ".".join(map(str, parts)))
SEPARATORS = st.sampled_from(["\n", "\r\n", "\n\n", "  # why\n", "\n# a line\n", " \\\n\n"])


@settings(deadline=None)
@given(st.lists(st.tuples(NAMES, VERSIONS, SEPARATORS), max_size=8))
def test_however_it_is_laid_out_every_pin_is_found(
    tmp_path_factory: pytest.TempPathFactory, pins: list[tuple[str, str, str]]
) -> None:
    root = tmp_path_factory.mktemp("tree")
    text = "".join(f"{name}=={version}{separator}" for name, version, separator in pins)
    (root / "requirements.txt").write_bytes(text.encode())
    manifest = Requirements().read(root, "requirements.txt")
    assert [component.version for component in manifest.components] == [version for _, version, _ in pins]
    lines = text.replace("\r\n", "\n").split("\n")
    for component, (name, version, _) in zip(manifest.components, pins, strict=True):
        assert component.location.region is not None
        assert lines[component.location.region.start_line - 1].startswith(f"{name}=={version}")


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_make_it_raise(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    root = tmp_path_factory.mktemp("tree")
    (root / "requirements.txt").write_bytes(content)
    manifest = Requirements().read(root, "requirements.txt")
    assert all(note.text.isprintable() for note in manifest.notifications)
