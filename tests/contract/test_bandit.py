"""bandit's private names that we stand on, and the same results as bandit's own JSON, tree by tree."""

import inspect
import json
import subprocess
import sys
import sysconfig
import warnings
from collections import Counter
from importlib import metadata
from pathlib import Path

import pytest

from govsec_ci.model import Result, Run, ScanState
from govsec_ci.scanners.bandit import BanditScanner
from govsec_ci.scanners.python_files import is_script
from tests.support.scanners import make_request, make_tree
from tests.support.sdists import unpacked

Key = tuple[str, int, str]

NOSEC = {
    "blanket.py": "eval(x)  # nosec\n",
    "id.py": "eval(x)  # nosec B307\n",
    "name.py": "eval(x)  # nosec eval\n",
    "other.py": "eval(x)  # nosec B101\n",
    "both.py": "eval(x)  # nosec B101,B307 - why\n",
    "colon.py": "eval(x)  # nosec: B307\n",
    "words.py": "eval(x)  # nosec for a reason\n",
    "hash.py": "eval(x)  # nosec # for a reason\n",
    "noqa.py": "eval(x)  # noqa: S307 # nosec\n",
    "upper.py": "eval(x)  # NOSEC\n",
    "above.py": "# nosec\neval(x)\n",
    "first.py": "eval(  # nosec\n    x,\n)\n",
    "last.py": "eval(\n    x,\n)  # nosec B307\n",
    "inner.py": "eval(\n    x,  # nosec\n)\n",
    "string.py": "eval('# nosec')\n",
    "two.py": "eval(x); exec(y)  # nosec B102\n",
    "nested.py": "import subprocess\nsubprocess.call(\n    eval(x),  # nosec B307\n    shell=True,\n)\n",
    "argument.py": "import subprocess\nsubprocess.call(\n    x,\n    shell=True,  # nosec B602\n)\n",
    "import.py": "import pickle  # nosec B403\nimport subprocess\n",
    "assert.py": "assert x  # nosec assert_used - why\n",
    "except.py": "try:\n    f()\nexcept Exception:  # nosec B110\n    pass\n",
    "password.py": "password = 'abc'  # nosec hardcoded_password_string\n",
    "sql.py": "q = (\n    'select * from t'  # nosec\n    ' where a = %s' % b\n)\n",
    "bidi.py": "x = 1  # \u202e nosec\n",
}


def ours(root: Path, **fields: object) -> Run:
    return BanditScanner().scan(make_request(root, **fields)).run


def keys(results: list[Result] | tuple[Result, ...]) -> Counter[Key]:
    def key(result: Result) -> Key:
        location = result.locations[0]
        assert location.region is not None
        return location.path, location.region.start_line, result.rule_id

    return Counter(map(key, results))


def theirs(root: Path, folder: Path, *options: str) -> tuple[Counter[Key], set[str], int]:
    """What ``bandit -r`` says: its results, the files it could not scan, the number of files it took."""
    command = [sys.executable, "-Im", "bandit", "-r", str(root), "-f", "json", "-q", *options]
    done = subprocess.run(command, capture_output=True, check=False, cwd=folder)
    told = json.loads(done.stdout)

    def relative(name: str) -> str:
        return Path(name).relative_to(root).as_posix()

    found = Counter((relative(r["filename"]), r["line_number"], r["test_id"]) for r in told["results"])
    return found, {relative(error["filename"]) for error in told["errors"]}, len(told["metrics"]) - 1


OURS = {"test-crashed", "code-not-readable"}
"""What bandit says nothing of."""


def same_as_bandit(root: Path, folder: Path) -> Run:
    """Scan both ways, compare what bandit takes by its name, and return our run."""
    run = ours(root, jobs=2)
    found, failed, taken = theirs(root, folder)
    scripts = {path for path in files_below(root) if is_script(root, path)}
    counted = [result for result in run.results if not result.suppressions]
    assert keys([result for result in counted if result.locations[0].path not in scripts]) == found
    told = {one.location.path for one in run.notifications if one.location and one.id not in OURS}
    assert told - scripts == failed
    assert run.scope - len(scripts) == taken
    return run


def files_below(root: Path) -> list[str]:
    return [path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()]


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A folder to work in: some of bandit's excludes count from the current folder."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    return folder


def test_the_pinned_version_is_installed() -> None:
    assert metadata.version("bandit") == "1.9.4"


def test_the_private_names_that_we_override_are_those() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        from bandit.core.manager import BanditManager
        from bandit.core.node_visitor import BanditNodeVisitor
        from bandit.core.tester import BanditTester

    def names(function: object) -> list[str]:
        assert callable(function)
        return list(inspect.signature(function).parameters)

    assert names(BanditManager._parse_file) == ["self", "fname", "fdata", "new_files_list"]
    assert names(BanditManager._execute_ast_visitor) == ["self", "fname", "fdata", "data", "nosec_lines"]
    assert names(BanditNodeVisitor.update_scores) == ["self", "scores"]
    assert names(BanditTester.run_tests) == ["self", "raw_context", "checktype"]
    assert names(BanditTester._get_nosecs_from_contexts) == ["self", "context", "test_result"]
    assert names(BanditTester.report_error) == ["test", "context", "error"]


def test_every_plugin_that_bandit_finds_is_found_without_stevedore() -> None:
    script = (
        "import json, sys\n"
        "if sys.argv[1] == 'ours':\n"
        "    from govsec_ci.scanners.bandit_plugins import load_only_bandits_own\n"
        "    load_only_bandits_own()\n"
        "from bandit.core.extension_loader import MANAGER as m\n"
        "from bandit.core.test_set import BanditTestSet\n"
        "from bandit.core.config import BanditConfig\n"
        "tests = BanditTestSet(BanditConfig()).tests\n"
        "print(json.dumps([sorted(m.plugins_by_id), sorted(m.blacklist_by_id), m.blacklist['Call'],\n"
        "    {kind: sorted(t.__name__ for t in ts) for kind, ts in tests.items()}]))\n"
    )
    said = [
        subprocess.run(
            [sys.executable, "-I", "-W", "ignore", "-c", script, who], capture_output=True, check=True
        ).stdout
        for who in ("ours", "bandits")
    ]
    assert json.loads(said[0]) == json.loads(said[1])


def test_nosec_hides_what_bandit_hides_and_nothing_else(tmp_path: Path, elsewhere: Path) -> None:
    root = make_tree(tmp_path / "tree", NOSEC)
    run = same_as_bandit(root, elsewhere)
    everything, _, _ = theirs(root, elsewhere, "--ignore-nosec")
    assert keys(run.results) == everything
    assert any(result.suppressions for result in run.results)
    assert all(result.suppressions[0].location is not None for result in run.results if result.suppressions)


def test_a_part_of_the_standard_library(tmp_path: Path, elsewhere: Path) -> None:
    library = Path(sysconfig.get_path("stdlib"))
    names = ("subprocess.py", "pickle.py", "tarfile.py", "uuid.py")
    present = {name: (library / name).read_bytes() for name in names if (library / name).is_file()}
    run = same_as_bandit(make_tree(tmp_path / "tree", present), elsewhere)
    assert run.state is ScanState.COMPLETE
    assert len(run.results) > 10


def test_what_bandit_passes_in_silence_is_not_clean_here(tmp_path: Path, elsewhere: Path) -> None:
    """False pass 6 of the peers: an unparsable file, an empty folder: bandit's exit code is 0."""
    root = make_tree(tmp_path / "tree", {"a.py": "x = (\n"})
    run = same_as_bandit(root, elsewhere)
    assert run.state is ScanState.INCOMPLETE
    assert [one.id for one in run.notifications] == ["file-not-parsed"]


@pytest.mark.full
def test_the_django_sdist(tmp_path: Path, elsewhere: Path) -> None:
    run = same_as_bandit(unpacked("django", "5.2.4", tmp_path), elsewhere)
    assert len(run.results) == 1235
    assert (run.targets, run.scope) == (2818, 2819)


@pytest.mark.full
def test_the_salt_sdist_on_which_bandits_sarif_crashes(tmp_path: Path, elsewhere: Path) -> None:
    run = same_as_bandit(unpacked("salt", "3007.1", tmp_path), elsewhere)
    assert len(run.results) > 20_000
    assert sum(one.id == "file-not-parsed" for one in run.notifications) == 4


@pytest.mark.full
def test_the_whole_standard_library(tmp_path: Path, elsewhere: Path) -> None:
    root = tmp_path / "Lib"
    library = Path(sysconfig.get_path("stdlib"))
    sources = [path for path in library.rglob("*.py") if "site-packages" not in path.parts]
    make_tree(root, {path.relative_to(library).as_posix(): path.read_bytes() for path in sources})
    run = same_as_bandit(root, elsewhere)
    assert run.scope == len(sources)
