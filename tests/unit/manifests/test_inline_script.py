"""Metadata within scripts: found by content, read as the specification's own expression finds it."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govsec_ci.manifests import inline_script
from govsec_ci.manifests.base import LIMIT_BYTES, Discovery, Manifest
from govsec_ci.manifests.discover import discover
from govsec_ci.manifests.inline_script import InlineScript
from govsec_ci.manifests.notices import MEANINGS
from govsec_ci.model import Level
from govsec_ci.system.files import walk

Found = Callable[[Mapping[str, str | bytes]], Discovery]
Write = Callable[[Mapping[str, str | bytes]], Path]

# PEP 723, "Reference implementation".
REFERENCE = re.compile(r"(?m)^# /// (?P<type>[a-zA-Z0-9-]+)$\s(?P<content>(^#(| .*)$\s)+)^# ///$")


def block(*lines: str) -> str:
    return "\n".join(("# /// script", *(f"# {line}" for line in lines), "# ///", ""))


# Not in one piece: at the start of a line it would be this file's own metadata, in a string as well.
SCRIPT = "#!/usr/bin/env -S uv run --script\n{}import django\n".format(
    block('requires-python = ">=3.11"', "dependencies = [", '  "django==3.2",', '  "requests",', "]")
)
LOCK = """\
version = 1
[manifest]
requirements = [{ name = "django", specifier = "==3.2" }, { name = "requests" }]
[[package]]
name = "django"
version = "3.2"
source = { registry = "https://pypi.org/simple" }
[[package]]
name = "requests"
version = "2.32.3"
source = { registry = "https://pypi.org/simple" }
"""


def only(found: Discovery) -> Manifest:
    (manifest,) = found.manifests
    return manifest


def said(manifest: Manifest) -> list[tuple[str, Level, int | None]]:
    return [
        (note.id, note.level, note.location.region.start_line if note.location and note.location.region else None)
        for note in manifest.notifications
    ]


@pytest.mark.parametrize("name", ["tool.py", "bin/tool", "x/tool.pyw", "setup.py.py"])
def test_a_script_with_metadata_is_a_manifest(found: Found, name: str) -> None:
    manifest = only(found({name: SCRIPT, "other.py": "import os\n"}))
    assert (manifest.path, manifest.format) == (name, "inline-script")
    assert [(one.name, one.version, one.groups) for one in manifest.components] == [
        ("django", "3.2", ("script",)),
        ("requests", None, ("script",)),
    ]
    assert [one.location.region.start_line for one in manifest.components if one.location.region] == [5, 6]
    assert said(manifest) == [
        ("manifest-unlocked", Level.ERROR, 6),
        ("manifest-closure-unproven", Level.WARNING, None),
    ]


def test_a_script_of_exact_versions_is_audited_as_a_requirements_file_is(found: Found) -> None:
    manifest = only(found({"tool.py": block('dependencies = ["django==3.2"]')}))
    assert [(one.name, one.version, one.source) for one in manifest.components] == [("django", "3.2", "index")]
    assert said(manifest) == [("manifest-closure-unproven", Level.WARNING, None)]


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_line_ends_of_other_systems_and_a_byte_order_mark(found: Found, end: str) -> None:
    text = block('dependencies = ["django==3.2"]').replace("\n", end)
    assert only(found({"tool.py": b"\xef\xbb\xbf" + text.encode()})).components[0].version == "3.2"


@pytest.mark.parametrize(
    "text",
    [
        "x = '# /// script'\n",
        " # /// script\n # dependencies = ['a']\n # ///\n",
        "# /// pyproject\n# dependencies = ['a']\n# ///\n",
        "# /// scripts\n# ///\n",
        "#/// script\n# ///\n",
        "",
    ],
)
def test_what_only_looks_like_it_is_none(found: Found, text: str) -> None:
    assert found({"tool.py": text}) == Discovery(manifests=(), left=())
    assert inline_script.blocks(text) == []


def test_other_files_are_not_looked_into(found: Found) -> None:
    assert found({"README.md": SCRIPT, "tool.sh": SCRIPT}) == Discovery(manifests=(), left=())
    assert not InlineScript().matches("tool.py")


@pytest.mark.parametrize("lines", [("dependencies = []",), ('requires-python = ">=3.11"',), ("",), ()])
def test_one_that_needs_nothing_says_so(found: Found, lines: tuple[str, ...]) -> None:
    manifest = only(found({"tool.py": block(*lines)}))
    assert (manifest.components, manifest.notifications, manifest.aside) == ((), (), True)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (block("dependencies = []") + "\n" + block("dependencies = []"), 5, "more than once"),
        ("\n# /// script\n# dependencies = []\nimport os\n", 2, "has no end"),
        ("import os\n" + block("name = 1", "dependencies = ["), 4, "is not TOML"),
        (block('dependencies = ["a==1"]', '"""', "' x"), None, "is not TOML"),
        (block('dependencies = "a"'), 2, "no list"),
        (block("dependencies = [", ' "a==1",', ' "not a requirement!",', "]"), 4, "not a requirement"),
        (block("dependencies = [1]"), 2, "not a requirement"),
        (block("tool = 1"), 2, "no table"),
        ("# /// script\n# a = '\xe9'\n# ///\n".encode("latin-1"), 2, "not UTF-8"),
    ],
)
def test_what_is_broken_is_an_error_with_file_and_line(
    found: Found, text: str | bytes, line: int | None, words: str
) -> None:
    manifest = only(found({"tool.py": text}))
    (note,) = [note for note in manifest.notifications if note.level is Level.ERROR]
    assert note.text.startswith("tool.py:")
    assert words in note.text
    assert note.next_step
    if line is not None:
        assert note.location
        assert note.location.region
        assert note.location.region.start_line == line


def test_the_script_s_own_lock_counts(found: Found) -> None:
    result = found({"tool.py": SCRIPT, "tool.py.lock": LOCK})
    manifest = only(result)
    assert (manifest.path, manifest.format) == ("tool.py.lock", "script.lock")
    assert [(one.name, one.version, one.direct) for one in manifest.components] == [
        ("django", "3.2", True),
        ("requests", "2.32.3", True),
    ]
    assert [one.reason for one in result.left] == ["locked by tool.py.lock"]


def test_of_a_script_without_suffix_too(found: Found) -> None:
    assert [one.path for one in found({"tool": SCRIPT, "tool.lock": LOCK}).manifests] == ["tool.lock"]
    assert found({"tool": "", "tool.lock": LOCK}).manifests == ()


def test_a_lock_of_something_else_is_out_of_step(found: Found) -> None:
    result = found({"tool.py": SCRIPT.replace("django==3.2", "flask==1.0"), "tool.py.lock": LOCK})
    ids = [note.id for manifest in result.manifests for note in manifest.notifications]
    assert "lock-out-of-step" in ids


def test_nothing_beside_speaks_of_a_script(found: Found) -> None:
    beside = {"requirements.txt": "django==5.2\nrequests==2.32.3\n", "uv.lock": "version = 1\n"}
    result = found({"tool.py": SCRIPT, **beside})
    script = next(one for one in result.manifests if one.path == "tool.py")
    assert [one.version for one in script.components] == ["3.2", None]


def test_the_lock_of_a_script_speaks_of_nothing_else(found: Found) -> None:
    pyproject = '[project]\nname = "x"\nversion = "1"\ndependencies = ["requests", "django"]\n'
    result = found({"tool.py": SCRIPT, "tool.py.lock": LOCK, "pyproject.toml": pyproject})
    project = next(one for one in result.manifests if one.path == "pyproject.toml")
    assert [note.id for note in project.notifications] == ["manifest-unlocked", "manifest-unlocked"]


def test_where_uv_takes_it_from_counts(found: Found) -> None:
    text = block(
        'dependencies = ["A_B==1", "c==1", "d @ https://h/d.zip", "e==1+cpu"]',
        "[tool.uv.sources]",
        'a-b = { git = "https://u:p@h/a" }',
        'c = [{ path = "../c", marker = "os_name == \'nt\'" }]',
        'e = { index = "torch" }',
    )
    manifest = only(found({"tool.py": text}))
    assert [(one.name, one.source) for one in manifest.components] == [
        ("a-b", "vcs"), ("c", "path"), ("d", "url"), ("e", "private-index"),
    ]  # fmt: skip
    assert [note.id for note in manifest.notifications] == ["requirement-not-on-index"] * 4
    assert "u:p" not in str(manifest)


@pytest.mark.parametrize(
    ("setting", "private"),
    [
        ('index = [{ url = "https://pypi.org/simple" }]', False),
        ('index = [{ url = "https://h/simple" }]', True),
        ('index-url = "https://h/simple"', True),
        ('extra-index-url = ["https://h/simple"]', True),
        ('find-links = ["https://h"]', True),
        ("index = [1]", True),
    ],
)
def test_another_index_makes_nothing_public(found: Found, setting: str, *, private: bool) -> None:
    manifest = only(found({"tool.py": block('dependencies = ["a==1"]', "[tool.uv]", setting)}))
    assert (manifest.components[0].source == "private-index") is private
    assert ("index-not-public" in [note.id for note in manifest.notifications]) is private


def test_what_vendored_code_holds_is_its_own_business(found: Found) -> None:
    assert "vendored" in found({"third_party/x/tool.py": SCRIPT}).left[0].reason


def test_a_block_behind_a_mebibyte_is_found_and_one_behind_the_limit_is_not_looked_for(write: Write) -> None:
    tree = walk(write({"tool.py": "x = 1\n" * 400_000 + SCRIPT}))
    assert [one.path for one in discover(tree).manifests] == ["tool.py"]
    assert discover(tree, limit_bytes=1_000).manifests == ()  # bandit says that the file is too large


def test_a_file_that_goes_away_meanwhile_is_no_defect(write: Write) -> None:
    root = write({"tool.py": SCRIPT})
    tree = walk(root)
    (root / "tool.py").unlink()
    assert discover(tree).manifests == ()
    (root / "tool.py").mkdir()
    assert discover(tree).manifests == ()


def test_reading_alone(write: Write) -> None:
    root = write({"tool.py": SCRIPT, "plain.py": ""})
    assert len(InlineScript().read(root, "tool.py").components) == 2
    assert InlineScript().declaration(root, "plain.py", limit_bytes=LIMIT_BYTES).silent


LINES = st.lists(
    st.sampled_from(["# /// script", "# ///", "#", "# a = 1", "# x", "import os", "", "#!x", " # ///", "# /// other"]),
    max_size=12,
)


@given(LINES)
def test_what_the_reference_implementation_finds_is_found(lines: list[str]) -> None:
    text = "\n".join(lines) + "\n"
    expected = [
        "".join(line[2:] if line.startswith("# ") else line[1:] for line in match["content"].splitlines(keepends=True))
        for match in REFERENCE.finditer(text)
        if match["type"] == "script"
    ]
    found = ["".join(f"{line}\n" for line in one.toml) for one in inline_script.blocks(text) if one.toml]
    if "# /// other" not in lines:
        assert found == expected
    assert len(inline_script.blocks(text)) >= len(expected)


def test_headers_without_end_take_time_that_grows_with_the_text() -> None:
    assert len(inline_script.blocks("# /// script\n" * 200_000)) == 1


@given(st.lists(st.one_of(st.text(max_size=20), st.sampled_from(["dependencies = [", '"a==1",', "]", "[tool.uv]"]))))
def test_whatever_a_block_holds_reading_it_gives_a_manifest(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str]
) -> None:
    root = tmp_path_factory.getbasetemp()
    (root / "any.py").write_bytes(block(*lines).encode("utf-8", "surrogatepass"))
    manifest = InlineScript().read(root, "any.py")
    assert all(note.id in MEANINGS and note.text.startswith("any.py") for note in manifest.notifications)
