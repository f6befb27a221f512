"""pyproject.toml, Pipfile, setup.cfg, setup.py and requirements.in: what a project declares."""

from collections.abc import Callable
from pathlib import Path

import pytest

from govsec_ci.manifests import setup_py
from govsec_ci.manifests.base import Declaration, DeclaringFormat, Manifest
from govsec_ci.manifests.registry import FORMATS
from govsec_ci.model import Level

Write = Callable[[dict[str, str | bytes]], Path]
Read = Callable[..., Manifest]
Declare = Callable[[str, str | bytes], Declaration]


@pytest.fixture
def declare(write: Write) -> Declare:
    def reader(path: str, content: str | bytes) -> Declaration:
        root = write({path: content})
        chosen = next(one for one in FORMATS.values() if one.matches(path))
        assert isinstance(chosen, DeclaringFormat)
        return chosen.declaration(root, path)

    return reader


def listed(declaration: Declaration) -> list[tuple[str, str, str, int]]:
    return [(one.name, one.specifier, one.group, one.line) for one in declaration.requirements]


def test_standard_tables(declare: Declare) -> None:
    declaration = declare(
        "pyproject.toml",
        """\
[project]
name = "My.App"
requires-python = ">=3.11"
dependencies = [
  "A_b >= 1",  # why
  'c[x] == 2 ; os_name == "nt"',
  "d @ https://example.org/d.zip",
]
[project.optional-dependencies]
Extra_One = [
  "A_b >= 1",
  "e",
]
[dependency-groups]
dev = ["f~=1.0", {include-group = "docs"}]
docs = ["g"]
""",
    )
    assert listed(declaration) == [
        ("a-b", ">=1", "main", 5),
        ("c", "==2", "main", 6),
        ("d", "", "main", 7),
        ("a-b", ">=1", "extra-one", 11),
        ("e", "", "extra-one", 12),
        ("f", "~=1.0", "dev", 15),
        ("g", "", "docs", 16),
    ]
    assert declaration.requirements[1].marker == 'os_name == "nt"'
    assert declaration.requirements[1].extras == ("x",)
    assert declaration.requirements[2].url == "https://example.org/d.zip"
    assert (declaration.own_name, declaration.requires_python) == ("my-app", ">=3.11")
    assert (declaration.computed, declaration.silent, declaration.notifications) == ("", "", ())
    assert declaration.main


def test_poetry_tables(declare: Declare) -> None:
    declaration = declare(
        "pyproject.toml",
        """\
[tool.poetry]
name = "app"
[tool.poetry.dependencies]
python = "^3.10"
a = "^1.2"
b = { version = "~2.0", optional = true, markers = "os_name == 'nt'" }
c = { git = "https://example.org/c" }
d = [{ version = "1.0", python = "<3.12" }, { version = "2.0", python = "3.12", markers = "a or b" }]
e = "not a version"
[tool.poetry.dev-dependencies]
f = "*"
[tool.poetry.group.Docs.dependencies]
a = "^1.2"
""",
    )
    assert listed(declaration) == [
        ("a", "<2,>=1.2", "main", 5)
        if declaration.requirements[0].specifier.startswith("<")
        else ("a", ">=1.2,<2", "main", 5),
        ("b", declaration.requirements[1].specifier, "main", 6),
        ("c", "", "main", 7),
        ("d", "==1.0", "main", 8),
        ("d", "==2.0", "main", 8),
        ("e", "", "main", 9),
        ("f", "", "dev", 11),
        ("a", declaration.requirements[0].specifier, "docs", 13),
    ]
    assert declaration.requirements[1].marker == "os_name == 'nt'"
    assert declaration.requirements[2].url == "https://example.org/c"
    assert declaration.requirements[3].marker == 'python_full_version < "3.12"'
    assert declaration.requirements[4].marker == 'python_full_version == "3.12" and (a or b)'
    assert declaration.requires_python
    assert [note.id for note in declaration.notifications] == ["requirement-malformed"]
    assert declaration.notifications[0].text.startswith("pyproject.toml:9: ")


def test_the_standard_table_outranks_poetrys(declare: Declare) -> None:
    declaration = declare(
        "pyproject.toml",
        '[project]\nname = "x"\ndependencies = ["a"]\n'
        '[tool.poetry.dependencies]\nb = "*"\n[tool.poetry.group.dev.dependencies]\nc = "*"\n',
    )
    assert [one.name for one in declaration.requirements] == ["a", "c"]


def test_tables_of_other_tools(declare: Declare) -> None:
    declaration = declare(
        "pyproject.toml",
        '[tool.pdm.dev-dependencies]\ntest = ["a", "-e file:///${PROJECT_ROOT}/b#egg=b"]\n'
        '[tool.uv]\ndev-dependencies = ["c"]\n[tool.flit.metadata]\nrequires = ["d"]\n',
    )
    assert [(one.name, one.group) for one in declaration.requirements] == [
        ("a", "test"),
        ("b", "test"),
        ("c", "dev"),
        ("d", "main"),
    ]
    assert declaration.notifications == ()


@pytest.mark.parametrize(
    ("text", "files", "computed"),
    [
        ('[project]\ndynamic = ["version"]\n', (), False),
        ('[project]\ndynamic = ["dependencies"]\n', (), True),
        ("[project]\ndynamic = 5\n", (), False),
        ('[project]\ndynamic = ["optional-dependencies"]\n', (), True),
        (
            '[project]\ndynamic = ["dependencies"]\n[tool.setuptools.dynamic]\ndependencies = {file = "deps.txt"}\n',
            ("a/deps.txt",),
            False,
        ),
        (
            """\
[project]
dynamic = ["dependencies", "optional-dependencies"]
[tool.setuptools.dynamic]
dependencies = {file = ["r.txt", 1]}
optional-dependencies.x = {file = ["../x.txt"]}
""",
            ("a/r.txt", "x.txt"),
            False,
        ),
        ('[project]\ndynamic = ["dependencies"]\n[tool.poetry.dependencies]\nx = "*"\n', (), False),
        ('[project]\ndynamic = ["dependencies"]\n[tool.setuptools.dynamic]\ndependencies = {attr = "x"}\n', (), True),
    ],
)
def test_dynamic(declare: Declare, text: str, files: tuple[str, ...], computed: bool) -> None:
    declaration = declare("a/pyproject.toml", text)
    assert (declaration.files, bool(declaration.computed)) == (files, computed)


def test_only_settings(declare: Declare) -> None:
    declaration = declare("pyproject.toml", "[tool.ruff]\nline-length = 100\n[build-system]\nrequires = ['x']\n")
    assert declaration.silent
    assert not declaration.main


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('[project]\ndependencies = ["a", "b = 1"]\n', "pyproject.toml:2"),
        ('[project]\ndependencies = "a"\n', "pyproject.toml:1"),
        ("[project]\ndependencies = [1]\n", "pyproject.toml:1"),
        ('[project]\noptional-dependencies = ["a"]\n', "pyproject.toml:1"),
        ("project = 1\n", "pyproject.toml:1"),
        ("tool = 1\n", "pyproject.toml:1"),
        ('[dependency-groups]\ndev = "a"\n', "pyproject.toml:2"),
        ('[dependency-groups]\ndev = [{other = "a"}]\n', "pyproject.toml:2"),
        ("[tool.poetry.group]\ndev = []\n", "pyproject.toml:1"),
        ("[tool.pixi.feature]\nx = []\n", "pyproject.toml:1"),
        ("[tool.pixi.target]\nwin-64 = []\n", "pyproject.toml:1"),
    ],
)
def test_malformed(declare: Declare, text: str, place: str) -> None:
    notes = declare("pyproject.toml", text).notifications
    assert {note.id for note in notes} == {"requirement-malformed"}
    assert {note.text.partition(": ")[0] for note in notes} == {place}
    assert all(note.level is Level.ERROR and note.next_step for note in notes)


@pytest.mark.parametrize("packages", ['packages = "django==3.2"', '[[packages]]\ndjango = "==3.2"'])
def test_what_is_no_table_of_a_pipfile_s_packages_is_an_error(declare: Declare, packages: str) -> None:
    (note,) = declare("Pipfile", f"{packages}\n").notifications
    assert (note.id, note.level) == ("requirement-malformed", Level.ERROR)


@pytest.mark.parametrize("path", ["pyproject.toml", "Pipfile", "setup.cfg"])
@pytest.mark.parametrize("content", [b"\xff", b"[[[", b"a\x00b"])
def test_unreadable(read: Read, path: str, content: bytes) -> None:
    manifest = read(path, content)
    assert [note.id for note in manifest.notifications] == ["manifest-unreadable"]
    assert manifest.format == path


def test_on_its_own_everything_counts_as_not_locked(read: Read) -> None:
    manifest = read(
        "pyproject.toml",
        '[project]\nname = "me"\ndependencies = ["a==1", "b>=2", "c @ git+https://h/c"]\n'
        '[project.optional-dependencies]\nall = ["me[x]"]\n',
    )
    assert [(one.name, one.version, one.direct, one.source) for one in manifest.components] == [
        ("a", "1", True, "index"),
        ("b", None, True, "index"),
        ("c", None, True, "vcs"),
    ]
    assert [(note.id, note.properties["component"]) for note in manifest.notifications] == [
        ("manifest-unlocked", "a"),
        ("manifest-unlocked", "b"),
        ("requirement-not-on-index", "c"),
    ]
    assert "uv lock" in manifest.notifications[0].next_step


def test_pipfile(declare: Declare) -> None:
    declaration = declare(
        "Pipfile",
        """\
[[source]]
url = "https://pypi.org/simple"
[packages]
A_b = "*"
c = {version = ">=1", markers = "os_name == 'nt'"}
d = {git = "https://example.org/d"}
e = "^1"
f = 1
[dev-packages]
"g.h" = "==1"
[docs]
i = "*"
[requires]
python_version = "3.11"
[scripts]
x = "y"
""",
    )
    assert listed(declaration) == [
        ("a-b", "", "main", 4),
        ("c", ">=1", "main", 5),
        ("d", "", "main", 6),
        ("g-h", "==1", "dev", 10),
        ("i", "", "docs", 12),
    ]
    assert [note.text.partition(": ")[0] for note in declaration.notifications] == ["Pipfile:7", "Pipfile:8"]


def test_setup_cfg(declare: Declare) -> None:
    declaration = declare(
        "a/setup.cfg",
        """\
[metadata]
name = My_App
[options]
python_requires = >=3.8
install_requires =
    # a comment
    A_b>=1
    c==2; os_name == "nt"  # why
    not one !!
[options.extras_require]
test = d; e>1
docs = file: docs.txt, ../more.txt
""",
    )
    assert listed(declaration) == [
        ("a-b", ">=1", "main", 7),
        ("c", "==2", "main", 8),
        ("d", "", "test", 11),
        ("e", ">1", "test", 11),
    ]
    assert declaration.files == ("a/docs.txt", "more.txt")
    assert (declaration.own_name, declaration.requires_python, declaration.main) == ("my-app", ">=3.8", True)
    assert [note.text.partition(": ")[0] for note in declaration.notifications] == ["a/setup.cfg:9"]


@pytest.mark.parametrize("name", ["install-requires", "Install_Requires"])
def test_setup_cfg_as_setuptools_takes_it(declare: Declare, name: str) -> None:
    declaration = declare("setup.cfg", f"[options]\n{name} = a\nPython-Requires = >=3.9\n[metadata]\nName = b\n")
    assert listed(declaration) == [("a", "", "main", 2)]
    assert (declaration.main, declaration.requires_python, declaration.own_name) == (True, ">=3.9", "b")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("[options]\ninstall_requires = a\ninstall_requires =\n", "setup.cfg:3: has install_requires twice"),
        ("[options]\ninstall_requires = a\n[options]\n", "setup.cfg:3: has [options] twice"),
        ("[options]\ninstall_requires =\ninstall-requires = a\n", "setup.cfg: has install_requires twice"),
    ],
)
def test_in_setup_cfg_nothing_hides_what_stands_twice(declare: Declare, text: str, what: str) -> None:
    (note,) = declare("setup.cfg", text).notifications
    assert (note.id, note.level, note.text) == ("manifest-unreadable", Level.ERROR, what)


def test_setup_cfg_of_settings_only(declare: Declare) -> None:
    assert declare("setup.cfg", "[flake8]\nmax-line-length = 100\n").silent


@pytest.mark.parametrize(
    ("text", "computed", "silent"),
    [
        ("from setuptools import setup\nsetup()\n", False, True),
        ("import setuptools\nsetuptools.setup(name='x', version='1')\n", False, True),
        ("from setuptools import setup\nsetup(install_requires=['a'])\n", True, False),
        ("from setuptools import setup\nsetup(extras_require={})\n", True, False),
        ("from setuptools import setup\nsetup(**options)\n", True, False),
        ("from setuptools import setup as s\ns(install_requires=['a'])\n", True, False),
        ("import setuptools\ngetattr(setuptools, 'setup')()\n", True, False),
        ("def configure(): pass\nimport os.path\nfrom . import x\n", False, True),
        ("print 'python 2'\n", True, False),
        ("x = " + "(" * 50_000, True, False),
        ("x = '\\d'\n", False, True),
        ("a\0b", True, False),
    ],
)
def test_setup_py(declare: Declare, text: str, computed: bool, silent: bool) -> None:
    declaration = declare("setup.py", text)
    assert (bool(declaration.computed), bool(declaration.silent)) == (computed, silent)


def test_setup_py_is_never_run(declare: Declare, tmp_path: Path) -> None:
    declare("setup.py", f"open({str(tmp_path / 'ran')!r}, 'w')\nfrom setuptools import setup\nsetup()\n")
    assert not (tmp_path / "ran").exists()


LONG = "from setuptools import setup\nsetup(install_requires=['a'])\n" + "# as long as no other\n" * 5_000


def test_a_long_program_is_parsed_all_the_same(declare: Declare) -> None:
    assert declare("setup.py", LONG).computed == "the dependencies are computed by a program"
    assert declare("setup.py", LONG.replace("'a'", "")).computed, "an empty list is one too"
    assert declare("setup.py", "pass\n" * 20_000).silent == "is no packaging program"
    assert declare("setup.py", "(" * 60_000).computed == "the program cannot be parsed"


def test_a_program_that_holds_the_parser_up_is_stopped_and_said(
    declare: Declare, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(setup_py, "_TIMEOUT_S", 0.5)
    # Python 3.11 looks for each expression of an f-string from the string's beginning, which takes minutes here.
    (note,) = declare("setup.py", "x = f'" + "{a}" * 600_000 + "'\n").notifications
    assert (note.id, note.level, note.text) == (
        "manifest-unreadable",
        Level.ERROR,
        "setup.py: holds Python's parser up",
    )


def test_a_parser_that_dies_is_no_answer(declare: Declare, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup_py, "_WORKER", "no_such_module")
    assert [note.level for note in declare("setup.py", LONG).notifications] == [Level.ERROR]


def test_a_program_larger_than_any_is_not_parsed(declare: Declare) -> None:
    (note,) = declare("setup.py", "#" * 2_000_001).notifications
    assert (note.id, note.level) == ("manifest-unreadable", Level.ERROR)
    assert "larger than the limit of 2,000,000 bytes" in note.text


def test_a_program_alone_cannot_be_read(read: Read) -> None:
    manifest = read("setup.py", "from setuptools import setup\nsetup(install_requires=['a'])\n")
    assert [note.id for note in manifest.notifications] == ["manifest-unreadable"]
    assert "never run" in manifest.notifications[0].text
    assert "--environment" in manifest.notifications[0].next_step


def test_requirements_in(declare: Declare, read: Read) -> None:
    text = "-r base.in\na>=1 ; os_name == 'nt'\nb @ https://example.org/b.zip\nbad = 1\n-c pins.txt\n"
    declaration = declare("requirements.in", text)
    assert listed(declaration) == [("a", ">=1", "main", 2), ("b", "", "main", 3)]
    assert declaration.requirements[1].url == "https://example.org/b.zip"
    assert [note.id for note in declaration.notifications] == [
        "manifest-include",
        "requirement-malformed",
        "manifest-include",
    ]
    manifest = read("requirements/x.in", "a\n")
    assert [note.id for note in manifest.notifications] == ["manifest-unlocked"]


@pytest.mark.parametrize("path", ["MANIFEST.in", "config.h.in", "a.in"])
def test_other_in_files(path: str) -> None:
    assert not FORMATS["requirements.in"].matches(path)


@pytest.mark.parametrize(
    ("path", "text", "line"),
    [("pyproject.toml", '[tool.poetry.dependencies]\n"../x" = "*"\n', 2), ("Pipfile", '[packages]\n"a b" = "*"\n', 2)],
)
def test_what_is_no_name(declare: Declare, path: str, text: str, line: int) -> None:
    declaration = declare(path, text)
    assert declaration.requirements == ()
    assert [note.text.partition(": ")[0] for note in declaration.notifications] == [f"{path}:{line}"]
