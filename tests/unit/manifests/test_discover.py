"""What is taken, what is left, and declarations held against their locks."""

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from govsec_ci.manifests.base import DeclaringFormat, Discovery
from govsec_ci.manifests.discover import discover
from govsec_ci.manifests.registry import FORMATS
from govsec_ci.model import Level
from govsec_ci.system.files import walk
from tests.support.patience import HANG_S

Found = Callable[[Mapping[str, str | bytes]], Discovery]
Write = Callable[[Mapping[str, str | bytes]], Path]

HASH = f"--hash=sha256:{'ab' * 32}"
PROJECT = '[project]\nname = "app"\nversion = "1"\nrequires-python = ">=3.11"\n'
UV = """\
version = 1
[[package]]
name = "app"
version = "1"
source = { virtual = "." }
dependencies = [{ name = "a" }]
[package.metadata]
requires-dist = [{ name = "a", specifier = ">=1" }]
[[package]]
name = "a"
version = "1.5"
source = { registry = "https://pypi.org/simple" }
"""


def taken(found: Discovery) -> dict[str, list[str]]:
    """Path → ids of the notifications that make the audit incomplete."""
    return {
        manifest.path: [note.id for note in manifest.notifications if note.level is Level.ERROR]
        for manifest in found.manifests
    }


def left(found: Discovery) -> dict[str, str]:
    return {skipped.path: skipped.reason for skipped in found.left}


def test_names_of_formats_are_their_keys() -> None:
    assert all(name == one.name for name, one in FORMATS.items())
    assert list(FORMATS)[:2] == ["requirements", "pylock"]


def test_no_manifest_is_no_manifest(found: Found) -> None:
    assert found({"a.py": "", "README.md": ""}) == Discovery(manifests=(), left=())


def test_manifests_are_sorted_and_each_folder_is_its_own(found: Found) -> None:
    assert taken(found({"b/requirements.txt": "a==1", "a/uv.lock": "version = 1\n", "requirements-x.txt": ""})) == {
        "a/uv.lock": [],
        "b/requirements.txt": [],
        "requirements-x.txt": [],
    }


def test_included_files_are_part_of_the_including_one(found: Found) -> None:
    result = found(
        {
            "requirements.txt": "a==1\n",
            "requirements-dev.txt": "-r requirements.txt\n-c requirements-pins.txt\nb\n",
            "requirements-pins.txt": "b==2\n",
        }
    )
    assert taken(result) == {"requirements-dev.txt": [], "requirements-pins.txt": []}
    assert left(result) == {"requirements.txt": "read as part of requirements-dev.txt"}


def test_of_a_ring_one_stays(found: Found) -> None:
    result = found(
        {"requirements-a.txt": "-r requirements-b.txt\na==1\n", "requirements-b.txt": "-r requirements-a.txt\nb==1\n"}
    )
    assert taken(result) == {"requirements-a.txt": ["manifest-include"]}
    assert sorted(one.name for one in result.manifests[0].components) == ["a", "b"]


@pytest.mark.parametrize("folder", ["vendor", "_vendor", "third_party", "src/site-packages"])
def test_vendored_trees_are_left(found: Found, folder: str) -> None:
    result = found({f"{folder}/x/requirements.txt": "a\n", "requirements.txt": "b==1\n"})
    assert taken(result) == {"requirements.txt": []}
    assert "vendored" in left(result)[f"{folder}/x/requirements.txt"]


def test_virtual_environments_are_not_entered(found: Found) -> None:
    result = found({"env/pyvenv.cfg": "", "env/requirements.txt": "a\n", "requirements.txt": ""})
    assert taken(result) == {"requirements.txt": []}


def test_other_ecosystems_are_named(found: Found) -> None:
    files = {"package.json": "{}", "environment.yml": "", "x/go.mod": "", "constraints.txt": "a==1"}
    result = found({**files, "pyproject.toml": PROJECT})
    assert taken(result) == {"pyproject.toml": []}
    assert "[[import]]" in left(result)["package.json"]
    assert left(result)["environment.yml"] == "declares no dependencies"
    assert "-c" in left(result)["constraints.txt"]


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("buildout.cfg", "buildout"),
        ("versions.cfg", "buildout"),
        ("pixi.toml", "conda"),
        ("pixi.lock", "conda"),
        ("conda-lock.yml", "conda"),
    ],
)
def test_what_no_reader_knows_is_not_clean_whatever_stands_beside(found: Found, name: str, what: str) -> None:
    assert taken(found({name: ""})) == {name: ["manifest-not-audited"]}
    beside = found({name: "", "pyproject.toml": PROJECT})
    assert taken(beside) == {name: ["manifest-not-audited"], "pyproject.toml": []}
    (note,) = next(one for one in beside.manifests if one.path == name).notifications
    assert what in note.text
    assert "out of scope" in note.next_step


PDM = '[metadata]\nlock_version = "4.5"\n[[package]]\nname = "a"\nversion = "{}"\ngroups = ["dev"]\n'


def test_a_further_lock_of_pdm_is_read_and_locks_nothing(found: Found) -> None:
    project = PROJECT + 'dependencies = ["a", "b"]\n'
    files = {"pdm.dev.lock": PDM.format("2"), "pdm.lock": PDM.format("1") + '[[package]]\nname = "b"\nversion = "1"\n'}
    result = found({"pyproject.toml": project, **files})
    assert taken(result) == {"pdm.dev.lock": [], "pdm.lock": []}
    assert [one.version for one in result.manifests[0].components] == ["2"]
    alone = found({"sub/pyproject.toml": project, "sub/pdm.dev.lock": PDM.format("2")})
    assert taken(alone)["sub/pyproject.toml"] == ["manifest-unlocked"]


def test_requirements_lie_at_any_depth_of_their_folder(found: Found) -> None:
    result = found(
        {"requirements/edx/base.txt": "a==1\n", "requirements/edx/base.in": "a\n", "old/requirements.pip": "b==1"}
    )
    assert set(taken(result)) == {"requirements/edx/base.txt", "old/requirements.pip"}
    assert left(result) == {"requirements/edx/base.in": "locked by requirements/edx/base.txt"}


def test_a_manifest_that_leads_out_of_the_tree_is_not_nothing(write: Write) -> None:
    root = write({"a.py": ""})
    (root.parent / "outside.txt").write_text("a==1\n")
    (root / "requirements.txt").symlink_to(root.parent / "outside.txt")
    os.mkfifo(root / "uv.lock")
    os.mkfifo(root / "other")
    assert taken(discover(walk(root))) == {
        "requirements.txt": ["manifest-unreadable"],
        "uv.lock": ["manifest-unreadable"],
    }


def test_a_folder_that_cannot_be_listed_is_not_nothing(write: Write) -> None:
    tree = walk(write({}) / "missing")
    assert taken(discover(tree)) == {".": ["manifest-unreadable"]}


def test_limit(write: Write) -> None:
    root = write({"requirements.txt": "a==1\n" * 100, "pyproject.toml": PROJECT + "#" * 100})
    result = discover(walk(root), limit_bytes=50)
    assert taken(result) == {"requirements.txt": ["manifest-unreadable"], "pyproject.toml": ["manifest-unreadable"]}


@pytest.mark.parametrize("text", [PROJECT, PROJECT + "dependencies = []\n", PROJECT + "dynamic = ['version']\n"])
def test_a_project_without_dependencies_needs_no_lock(found: Found, text: str) -> None:
    result = found({"pyproject.toml": text})
    assert taken(result) == {"pyproject.toml": []}
    assert result.manifests[0].components == ()


def test_settings_of_tools_are_no_manifest(found: Found) -> None:
    result = found({"pyproject.toml": "[tool.ruff]\n", "setup.cfg": "[flake8]\n"})
    assert (taken(result), set(left(result))) == ({}, {"pyproject.toml", "setup.cfg"})


def test_dependencies_without_a_lock(found: Found) -> None:
    result = found({"pyproject.toml": PROJECT + 'dependencies = ["a>=1"]\n'})
    assert taken(result) == {"pyproject.toml": ["manifest-unlocked"]}
    assert result.manifests[0].notifications[0].text.startswith("pyproject.toml:5: a>=1")


def test_a_lock_in_step_covers_the_project(found: Found) -> None:
    result = found({"pyproject.toml": PROJECT + 'dependencies = ["a>=1"]\n', "uv.lock": UV})
    assert taken(result) == {"uv.lock": []}
    assert left(result) == {"pyproject.toml": "locked by uv.lock"}


@pytest.mark.parametrize(
    ("dependencies", "says"),
    [
        ('["a>=2"]', "holds version 1.5"),
        ('["a>=1", "b"]', "does not hold it"),
        ('["a>1"]', "made from another declaration: a changed"),
        ("[]", "made from another declaration: a changed"),
    ],
)
def test_a_lock_out_of_step(found: Found, dependencies: str, says: str) -> None:
    result = found({"pyproject.toml": PROJECT + f"dependencies = {dependencies}\n", "uv.lock": UV})
    assert taken(result) == {"pyproject.toml": ["lock-out-of-step"], "uv.lock": []}
    note = result.manifests[0].notifications[0]
    assert says in note.text
    assert note.next_step


def test_specifiers_may_be_spelt_otherwise(found: Found) -> None:
    lock = UV.replace('specifier = ">=1"', 'specifier = ">=1,<9"')
    assert "pyproject.toml" in left(
        found({"pyproject.toml": PROJECT + 'dependencies = ["a < 9, >= 1"]\n', "uv.lock": lock})
    )


def test_what_comes_from_elsewhere_is_locked_without_a_specifier(found: Found) -> None:
    lock = UV.replace(
        '{ name = "a", specifier = ">=1" }', '{ name = "a", specifier = "==1.5.0" }, { name = "b", git = "x" }'
    )
    lock += '[[package]]\nname = "b"\nversion = "2"\nsource = { git = "https://example.org/b" }\n'
    result = found({"pyproject.toml": PROJECT + 'dependencies = ["a==v1.5", "b>=2"]\n', "uv.lock": lock})
    assert taken(result) == {"uv.lock": ["requirement-not-on-index"]}


def test_members_of_a_workspace_are_covered_from_above(found: Found) -> None:
    lock = (
        'version = 1\n[manifest]\nmembers = ["app", "lib"]\n'
        '[[package]]\nname = "app"\nsource = { virtual = "." }\ndependencies = [{ name = "lib" }]\n'
        '[package.metadata]\nrequires-dist = [{ name = "lib", editable = "libs/lib" }]\n'
        '[[package]]\nname = "lib"\nversion = "1"\nsource = { editable = "libs/lib" }\n'
        'dependencies = [{ name = "a" }]\n'
        '[package.metadata]\nrequires-dist = [{ name = "a", specifier = ">=1" }]\n'
        '[[package]]\nname = "a"\nversion = "1"\nsource = { registry = "https://pypi.org/simple" }\n'
    )
    files = {
        "pyproject.toml": PROJECT + 'dependencies = ["lib"]\n',
        "libs/lib/pyproject.toml": '[project]\nname = "lib"\ndependencies = ["a>=1"]\n',
        "uv.lock": lock,
        "other/pyproject.toml": '[project]\nname = "other"\ndependencies = ["a"]\n',
    }
    result = found(files)
    assert taken(result)["other/pyproject.toml"] == ["manifest-unlocked"]
    assert taken(result)["uv.lock"] == []
    # requires-dist names the member with a place, pyproject.toml with its name only: the same
    assert set(left(result)) == {"pyproject.toml", "libs/lib/pyproject.toml"}


def test_an_unreadable_lock_says_so_once(found: Found) -> None:
    result = found({"pyproject.toml": PROJECT + 'dependencies = ["a"]\n', "uv.lock": "[[["})
    assert taken(result) == {"uv.lock": ["manifest-unreadable"]}


def test_every_lock_is_held_against_the_project(found: Found) -> None:
    poetry = '[[package]]\nname = "b"\nversion = "1"\n[metadata]\nlock-version = "2.0"\n'
    result = found({"pyproject.toml": PROJECT + 'dependencies = ["a>=1"]\n', "uv.lock": UV, "poetry.lock": poetry})
    assert taken(result)["pyproject.toml"] == ["lock-out-of-step"]


def test_pep_751_files_count_together(found: Found) -> None:
    def pylock(name: str) -> str:
        return (
            f'lock-version = "1.0"\ncreated-by = "x"\n[[packages]]\nname = "{name}"\nversion = "1"\n'
            f'wheels = [{{ url = "https://files.pythonhosted.org/{name}-1-py3-none-any.whl", '
            'hashes = { sha256 = "00" } }]\n'
        )

    files = {
        "pyproject.toml": PROJECT + 'dependencies = ["a"]\n[dependency-groups]\ndev = ["b"]\n',
        "pylock.toml": pylock("a"),
        "pylock.dev.toml": pylock("b"),
    }
    assert left(found(files)) == {"pyproject.toml": "locked by pylock.dev.toml, pylock.toml"}
    assert taken(found({**files, "pylock.dev.toml": pylock("c")}))["pyproject.toml"] == ["lock-out-of-step"]


def test_requirements_files_that_pin_everything_cover_the_project(found: Found) -> None:
    files = {
        "pyproject.toml": PROJECT + 'dependencies = ["a>=1"]\n[dependency-groups]\ndev = ["b"]\n',
        "requirements.txt": f"a==1.5 {HASH}\nc==1 {HASH}\n",
        "requirements/dev.txt": f"b==1 {HASH}\n",
    }
    result = found(files)
    assert left(result) == {"pyproject.toml": "locked by requirements.txt, requirements/dev.txt"}
    assert {one.name: one.direct for manifest in result.manifests for one in manifest.components} == {
        "a": True,
        "b": True,
        "c": False,
    }


def test_what_requirements_files_do_not_hold_is_not_locked(found: Found) -> None:
    files = {"pyproject.toml": PROJECT + 'dependencies = ["a>=1", "b", "c>=2"]\n', "requirements.txt": "a==1\nc==1\n"}
    result = found(files)
    assert taken(result) == {"pyproject.toml": ["manifest-unlocked", "lock-out-of-step"], "requirements.txt": []}
    assert [one.name for one in result.manifests[0].components] == ["b"]


def test_requirements_of_something_else_do_not_cover_the_project(found: Found) -> None:
    files = {
        "pyproject.toml": PROJECT + 'dependencies = ["a"]\n',
        "docs/requirements.txt": "a==1\n",
        "requirements.txt": "z==1\n",
    }
    assert taken(found(files))["pyproject.toml"] == ["manifest-unlocked"]


@pytest.mark.parametrize(
    ("marker", "needed"),
    [
        ("python_version < '3.11'", False),
        ("python_version < '3.12'", True),
        ("sys_platform == 'win32'", True),
        ("sys_platform == 'plan9'", True),
        ("platform_machine == 'no-such-machine'", True),
        ("python_version < '3' and sys_platform == 'win32'", False),
        ("python_version < '3' or sys_platform == 'win32'", True),
        ("(python_version < '3' or os_name == 'nt') and python_version < '3'", True),
        ("python_full_version < '3.11.2'", True),
        ("python_full_version < '3.11.0'", False),
        ("implementation_name == 'pypy'", True),
    ],
)
def test_markers_that_can_never_be_true_need_no_lock(found: Found, marker: str, needed: bool) -> None:
    files = {"pyproject.toml": PROJECT + f'dependencies = ["a", "b ; {marker}"]\n', "requirements.txt": "a==1\n"}
    assert taken(found(files)).get("pyproject.toml", []) == (["manifest-unlocked"] if needed else [])


def test_dynamic_dependencies(found: Found) -> None:
    dynamic = PROJECT + 'dynamic = ["dependencies"]\n'
    alone = found({"pyproject.toml": dynamic})
    assert taken(alone) == {"pyproject.toml": ["manifest-unreadable"]}
    beside = found({"pyproject.toml": dynamic, "requirements.txt": "a==1\n"})
    assert taken(beside) == {"pyproject.toml": [], "requirements.txt": []}
    assert [note.id for note in beside.manifests[0].notifications] == ["lock-not-compared"]
    locked = found({"pyproject.toml": dynamic, "uv.lock": UV})
    assert [note.id for note in locked.manifests[0].notifications] == ["lock-not-compared"]


def test_files_that_setuptools_reads_are_read(found: Found) -> None:
    dynamic = PROJECT + 'dynamic = ["dependencies"]\n[tool.setuptools.dynamic]\ndependencies = {file = "deps.list"}\n'
    assert taken(found({"pyproject.toml": dynamic, "deps.list": "a\n"})) == {
        "deps.list": ["requirement-unpinned"],
        "pyproject.toml": [],
    }


@pytest.mark.parametrize(
    ("name", "identifier"), [("none.list", "manifest-unreadable"), ("../x.txt", "manifest-include")]
)
def test_files_that_setuptools_could_not_read(found: Found, name: str, identifier: str) -> None:
    dynamic = PROJECT + f'dynamic = ["dependencies"]\n[tool.setuptools.dynamic]\ndependencies = {{file = "{name}"}}\n'
    assert [identifier] in taken(found({"pyproject.toml": dynamic})).values()


SETUP = "from setuptools import setup\nsetup(install_requires=['a'])\n"
CFG = "[options]\ninstall_requires = a>=1\n"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"setup.py": SETUP}, {"setup.py": ["manifest-unreadable"]}),
        ({"setup.py": SETUP, "pyproject.toml": PROJECT}, {"pyproject.toml": []}),
        ({"setup.py": SETUP, "pyproject.toml": "[tool.ruff]\n"}, {"setup.py": ["manifest-unreadable"]}),
        ({"setup.py": SETUP, "requirements.txt": "a==1\n"}, {"setup.py": [], "requirements.txt": []}),
        ({"setup.py": SETUP, "setup.cfg": CFG}, {"setup.cfg": ["manifest-unlocked"]}),
        (
            {"setup.py": "import setuptools\nsetuptools.setup()\n", "setup.cfg": CFG},
            {"setup.cfg": ["manifest-unlocked"]},
        ),
        ({"setup.cfg": CFG, "requirements.txt": "a==1\n"}, {"requirements.txt": []}),
        ({"setup.cfg": CFG, "pyproject.toml": PROJECT}, {"pyproject.toml": []}),
        (
            {
                "setup.cfg": CFG,
                "pyproject.toml": PROJECT + 'dynamic = ["dependencies"]\n',
                "requirements.txt": "a==1\n",
            },
            {"pyproject.toml": [], "requirements.txt": []},
        ),
        ({"Pipfile": '[packages]\na = "*"\n'}, {"Pipfile": ["manifest-unlocked"]}),
        ({"requirements.in": "a\n"}, {"requirements.in": ["manifest-unlocked"]}),
        ({"requirements.in": "a\n", "requirements.txt": "a==1\nb==1\n"}, {"requirements.txt": []}),
        (
            {"requirements/a.in": "a>=2\n", "requirements/a.txt": "a==1\n"},
            {"requirements/a.in": ["lock-out-of-step"], "requirements/a.txt": []},
        ),
        ({"requirements/a.in": "a\n", "requirements.txt": "a==1\n"}, {"requirements.txt": []}),
    ],
)
def test_older_declarations(found: Found, files: dict[str, str], expected: dict[str, list[str]]) -> None:
    assert taken(found(files)) == expected


def test_a_dynamic_project_whose_setup_cfg_is_static_is_compared(found: Found) -> None:
    files = {
        "setup.cfg": CFG,
        "pyproject.toml": PROJECT + 'dynamic = ["dependencies"]\n',
        "requirements.txt": "a==0.5\n",
    }
    assert taken(found(files))["setup.cfg"] == ["lock-out-of-step"]


def test_pipfile_and_its_lock(found: Found) -> None:
    lock = '{"_meta": {"pipfile-spec": 6}, "default": {"a": {"version": "==1"}}, "develop": {}}'
    assert left(found({"Pipfile": '[packages]\na = "*"\n', "Pipfile.lock": lock})) == {
        "Pipfile": "locked by Pipfile.lock"
    }
    assert taken(found({"Pipfile": '[packages]\na = ">1"\n', "Pipfile.lock": lock})) == {
        "Pipfile": ["lock-out-of-step"],
        "Pipfile.lock": [],
    }


def test_the_same_tree_gives_the_same_answer(write: Write) -> None:
    root = write({"pyproject.toml": PROJECT + 'dependencies = ["a>=1"]\n', "uv.lock": UV, "requirements.txt": "b\n"})
    assert discover(walk(root)) == discover(walk(root))


def test_what_a_folder_taken_in_by_path_needs_is_locked_with_it(found: Found) -> None:
    pdm = (
        '[metadata]\nlock_version = "4.5.0"\n[[package]]\nname = "lib"\nversion = "1"\npath = "./libs/lib"\n'
        '[[package]]\nname = "a"\nversion = "1"\n'
    )
    lib = '[project]\nname = "lib"\ndependencies = ["a"]\n'
    files = {"libs/lib/pyproject.toml": lib, "pdm.lock": pdm}
    assert taken(found(files)) == {"pdm.lock": ["requirement-not-on-index"]}
    more = lib + '[dependency-groups]\ndev = ["b"]\n'
    assert taken(found({**files, "libs/lib/pyproject.toml": more}))["libs/lib/pyproject.toml"] == ["manifest-unlocked"]


def test_what_a_requirements_file_takes_in_by_path_is_locked_with_it(found: Found) -> None:
    files = {"lib/pyproject.toml": PROJECT + 'dependencies = ["a"]\n', "requirements.txt": "-e ./lib\na==1\n"}
    assert taken(found(files)) == {"requirements.txt": ["requirement-not-on-index"]}


def test_an_impossible_python_requirement_proves_nothing(found: Found) -> None:
    text = "[project]\nrequires-python = 'soon'\ndependencies = ['a', 'b ; python_version < \"2\"']\n"
    assert taken(found({"pyproject.toml": text, "requirements.txt": "a==1\n"}))["pyproject.toml"] == [
        "manifest-unlocked"
    ]


def test_a_lock_that_repeats_nonsense_is_out_of_step(found: Found) -> None:
    lock = UV.replace('specifier = ">=1"', 'specifier = "soon"')
    result = found({"pyproject.toml": PROJECT + 'dependencies = ["a>=1"]\n', "uv.lock": lock})
    assert taken(result)["pyproject.toml"] == ["lock-out-of-step"]


@pytest.mark.parametrize(
    ("python", "marker"),
    [
        ("==3.11.5", "python_version >= '3'"),
        (">=3.8", "python_full_version == '3.11.5'"),
        (">=3.8", "python_version ~= 'abc'"),
        (">=3.8", f"python_version >= '{'1' * 5000}'"),
        (f">={'1' * 5000}", "python_version >= '3'"),
    ],
)
def test_a_requirement_is_only_impossible_where_that_is_certain(found: Found, python: str, marker: str) -> None:
    project = f'[project]\nname = "app"\nrequires-python = "{python}"\ndependencies = ["a", "b; {marker}"]\n'
    tree = found({"pyproject.toml": project, "requirements.txt": f"a==1 {HASH}\n"})
    assert taken(tree) == {"pyproject.toml": ["manifest-unlocked"], "requirements.txt": []}


def test_a_lock_that_holds_the_project_alone_is_held_against_the_declaration(found: Found) -> None:
    lock = 'lock-version = "1.0"\ncreated-by = "x"\n[[packages]]\nname = "app"\ndirectory = { path = "." }\n'
    tree = found({"pyproject.toml": f'{PROJECT}dependencies = ["a"]\n', "pylock.toml": lock})
    assert taken(tree) == {"pyproject.toml": ["lock-out-of-step"], "pylock.toml": []}


_ENDLESS = "1" * 5000  # Python turns no more than 4,300 digits into a number


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("requirements.txt", f"a=={_ENDLESS}\n"),
        ("requirements.txt", f"a==1,>={_ENDLESS}\n"),
        ("requirements.txt", f"./a-{_ENDLESS}-py3-none-any.whl\n"),
        ("Pipfile", f'[packages]\na = ">={_ENDLESS}"\n'),
        ("pyproject.toml", f'[project]\nname = "app"\nversion = "1"\ndependencies = ["a>={_ENDLESS}"]\n'),
        ("pyproject.toml", f'[tool.poetry]\nname = "app"\n[tool.poetry.dependencies]\na = "^{"9" * 4300}"\n'),
        ("poetry.lock", f'[[package]]\nname = "a"\nversion = "{_ENDLESS}"\n[metadata]\nlock-version = "2.0"\n'),
        ("pylock.toml", f'lock-version = "1.0"\ncreated-by = "x"\n[[packages]]\nname = "a"\nversion = "{_ENDLESS}"\n'),
        ("uv.lock", UV.replace('"1.5"', f'"{_ENDLESS}"')),
    ],
)
def test_a_number_without_end_is_told(found: Found, path: str, text: str) -> None:
    assert any(taken(found({path: text})).values())


def test_a_number_without_end_in_a_lock_that_repeats_the_declaration(found: Found) -> None:
    lock = UV.replace('specifier = ">=1"', f'specifier = ">={_ENDLESS}"')
    assert taken(found({"pyproject.toml": f'{PROJECT}dependencies = ["a>=1"]\n', "uv.lock": lock})) == {
        "pyproject.toml": ["lock-out-of-step"],
        "uv.lock": [],
    }


@pytest.mark.parametrize("name", ["deps.txt", "folder/secret.txt", "a\\u0000b", ".."])
def test_a_file_that_a_declaration_names_is_not_looked_for_outside_of_the_tree(
    write: Write, tmp_path: Path, name: str
) -> None:
    (tmp_path / "secret.txt").write_text("user:secret:1000\n")
    root = write(
        {
            "pyproject.toml": f'{PROJECT}dynamic = ["dependencies"]\n'
            f'[tool.setuptools.dynamic]\ndependencies = {{ file = "{name}" }}\n'
        }
    )
    (root / "deps.txt").symlink_to(tmp_path / "secret.txt")
    (root / "folder").symlink_to(tmp_path)
    discovery = discover(walk(root))
    assert taken(discovery)["pyproject.toml"] == ["manifest-include"]
    assert "user:secret" not in repr(discovery)


def test_settings_of_pdm_that_are_a_link_out_of_the_tree_are_not_followed(write: Write, tmp_path: Path) -> None:
    (tmp_path / "pdm.toml").write_text('[pypi]\nurl = "https://pypi.org/simple"\n')
    lock = '[metadata]\nlock_version = "4.5"\n[[package]]\nname = "a"\nversion = "1"\n'
    root = write({"pdm.lock": lock})
    (root / "pdm.toml").symlink_to(tmp_path / "pdm.toml")
    assert [one.source for one in discover(walk(root)).manifests[0].components] == ["private-index"]


@pytest.mark.parametrize(
    "text",
    [
        "from setuptools import setup as s\ndef setup(): pass\nsetup()\ns(install_requires=['a'])\n",
        "import setuptools\nkept = {'install_requires': ['a']}\nsetuptools.setup()\nsetuptools.dist.run(kept)\n",
    ],
)
def test_a_program_that_only_seems_to_pass_nothing_is_computed(found: Found, text: str) -> None:
    assert taken(found({"setup.py": text})) == {"setup.py": ["manifest-unreadable"]}


_MANY: Mapping[str, Callable[[int], str]] = {
    "pyproject.toml": lambda count: (
        PROJECT + "dependencies = [\n" + "".join(f'"a{n}==1",\n' for n in range(count)) + "]\n"
    ),
    "Pipfile": lambda count: "[packages]\n" + "".join(f'a{n} = "==1"\n' for n in range(count)),
    "setup.cfg": lambda count: "[options]\ninstall_requires =\n" + "".join(f"  a{n}==1\n" for n in range(count)),
    "Pipfile.lock": lambda count: (
        '{"_meta": {"pipfile-spec": 6}, "default": {\n'
        + ",\n".join(f'"\\u0061{n}": {{"version": "==1"}}' for n in range(count))
        + "}}"
    ),
}


@pytest.mark.parametrize("path", _MANY)
def test_lines_are_told_in_linear_time(write: Write, path: str) -> None:
    root, reader = write({path: _MANY[path](40_000)}), FORMATS[path]
    start = time.process_time()
    if isinstance(reader, DeclaringFormat):
        lines = {one.line for one in reader.declaration(root, path).requirements}
    else:
        regions = (one.location.region for one in reader.read(root, path).components)
        lines = {region.start_line for region in regions if region}
    assert time.process_time() - start < HANG_S  # by a search for each it took up to minutes
    assert len(lines) == 40_000


def test_a_long_declaration_is_held_against_its_pins_in_linear_time(found: Found) -> None:
    names = [f"a{number}" for number in range(20_000)]
    start = time.process_time()
    found({"requirements.in": "\n".join(names), "requirements.txt": "".join(f"{name}==1\n" for name in names)})
    assert time.process_time() - start < HANG_S


def test_many_projects_are_settled_in_linear_time(found: Found) -> None:
    project = {"setup.cfg": CFG, "requirements.txt": "a==1\n"}
    start = time.process_time()
    manifests = found({f"{number}/{name}": text for number in range(6_000) for name, text in project.items()})
    assert time.process_time() - start < HANG_S
    assert len(taken(manifests)) == 6_000


BUILD = '[build-system]\nrequires = [\n  "setuptools>=61",\n  "Cython==3.0.0",\n  "wheel",\n]\n'


def test_what_building_needs_is_audited_where_it_is_pinned_and_else_noted(found: Found) -> None:
    (manifest,) = found({"pyproject.toml": BUILD + PROJECT + "dependencies = []\n"}).manifests
    assert [(one.name, one.version, one.groups) for one in manifest.components] == [
        ("cython", "3.0.0", ("build-system",))
    ]
    assert [one.location.region.start_line for one in manifest.components if one.location.region] == [4]
    (note,) = manifest.notifications
    assert (note.id, note.level) == ("build-unpinned", Level.NOTE)
    assert "setuptools>=61, wheel" in note.text
    assert not manifest.aside


def test_an_ordinary_project_is_no_less_complete_for_what_builds_it(found: Found) -> None:
    ordinary = '[build-system]\nrequires = ["setuptools>=61"]\n'
    lock = {"requirements.txt": f"a==1 {HASH}\n"}
    result = found({"pyproject.toml": ordinary + PROJECT + 'dependencies = ["a"]\n', **lock})
    assert [note.level for one in result.manifests for note in one.notifications] == []
    assert [one.reason for one in result.left] == [
        "locked by requirements.txt",
        "setuptools>=61 (build-system) was not audited: no exact version of what builds the project is named",
    ]


def test_no_lock_is_asked_for_what_only_builds(found: Found) -> None:
    files = {"pyproject.toml": BUILD + PROJECT + 'dependencies = ["a"]\n', "requirements.txt": f"a==1 {HASH}\n"}
    manifest = next(one for one in found(files).manifests if one.path == "pyproject.toml")
    assert [note.id for note in manifest.notifications] == ["build-unpinned"]
    assert manifest.aside


def test_what_builds_is_no_word_on_what_runs(found: Found) -> None:
    result = found({"pyproject.toml": BUILD})
    assert [(one.aside, len(one.components)) for one in result.manifests] == [(True, 1)]
    assert found({"pyproject.toml": '[build-system]\nrequires = ["setuptools"]\n'}).manifests == ()


def test_what_setup_cfg_names_to_build_with_is_audited_where_it_is_pinned(found: Found) -> None:
    (manifest,) = found({"setup.cfg": "[options]\nsetup_requires =\n  setuptools\n  Cython==3.0.0\n"}).manifests
    assert [(one.name, one.version, one.groups) for one in manifest.components] == [
        ("cython", "3.0.0", ("build-system",))
    ]
    assert (manifest.aside, [note.id for note in manifest.notifications]) == (True, ["build-unpinned"])


@pytest.mark.parametrize(
    ("requires", "said"),
    [
        ('["x @ git+https://h/x@1"]', "requirement-not-on-index"),
        ('["x @ https://h/x.zip"]', "requirement-not-on-index"),
        ('"x"', "requirement-malformed"),
        ("[1]", "requirement-malformed"),
        ('["x y"]', "requirement-malformed"),
    ],
)
def test_what_builds_and_cannot_be_audited_is_an_error(found: Found, requires: str, said: str) -> None:
    (manifest,) = found({"pyproject.toml": f"[build-system]\nrequires = {requires}\n"}).manifests
    assert [(note.id, note.level) for note in manifest.notifications] == [(said, Level.ERROR)]


@pytest.mark.parametrize("pipfile", ['django = "==3.2"', 'django = "*"', 'django = {version = "==3.2"}'])
def test_a_pipfile_beside_clean_requirements_is_never_silent(found: Found, pipfile: str) -> None:
    text = f"[packages]\n{pipfile}\n"
    other = taken(found({"Pipfile": text, "requirements.txt": f"requests==2.32.3 {HASH}\n"}))
    assert other == {"Pipfile": ["manifest-unlocked"], "requirements.txt": []}
    same = taken(found({"Pipfile": text, "requirements.txt": f"django==5.2.4 {HASH}\n"}))
    assert same == {"requirements.txt": []} | ({"Pipfile": ["lock-out-of-step"]} if "3.2" in pipfile else {})


def test_what_lists_the_vendored_code_is_read(found: Found) -> None:
    result = found(
        {
            "src/x/_vendor/vendor.txt": "a==1\n",
            "third_party/requirements.txt": "b==2\n",
            "vendor/vendored.txt": "c==3\n",
            "vendor/c/requirements.txt": "d==4\n",
            "docs/vendor.txt": "e==5\n",
        }
    )
    assert {one.path for one in result.manifests} == {
        "src/x/_vendor/vendor.txt", "third_party/requirements.txt", "vendor/vendored.txt",
    }  # fmt: skip
    assert list(left(result)) == ["vendor/c/requirements.txt"]


def test_a_dist_info_in_the_tree_is_what_lies_there(found: Found) -> None:
    result = found(
        {
            "_vendor/A_b-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: A_b\nVersion: 1.0\n",
            "lib/c-2.dist-info/METADATA": "Metadata-Version: 2.1\nName: c\nVersion: 2\n",
            "lib/c-2.dist-info/direct_url.json": '{"url": "https://h/c.git", "vcs_info": {"vcs": "git"}}',
            "lib/app-1.dist-info/METADATA": "Metadata-Version: 2.1\nName: App\nVersion: 1\n",
            "lib/broken-1.dist-info/METADATA": "Name: x y\n",
            "pyproject.toml": PROJECT,
        }
    )
    assert [
        (component.name, component.version, component.source)
        for one in result.manifests
        for component in one.components
    ] == [("a-b", "1.0", "index"), ("c", "2", "vcs")]
    assert taken(result) == {
        "_vendor/A_b-1.0.dist-info/METADATA": [],
        "lib/c-2.dist-info/METADATA": ["requirement-not-on-index"],
        "lib/broken-1.dist-info/METADATA": ["manifest-unreadable"],
        "pyproject.toml": [],
    }
    assert left(result) == {"lib/app-1.dist-info/METADATA": "is of the judged project itself"}
    assert [one.aside for one in result.manifests] == [True, True, True, False]
