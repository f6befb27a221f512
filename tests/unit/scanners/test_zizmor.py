import json
import subprocess
import time
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from govsec_ci.config import Config, OutOfScope, Timeouts
from govsec_ci.errors import ToolError
from govsec_ci.model import Confidence, Level, Region, Role, Run, ScanState, Severity, SuppressionKind
from govsec_ci.scanners.zizmor import ZizmorScanner, is_target
from govsec_ci.system import git, process
from tests.support.patience import HANG_S
from tests.support.scanners import make_request, make_tree, notification, place, told

WORKFLOW = """\
name: build
on: push
permissions: {}
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
        with: {persist-credentials: false}
      - run: echo 𝄞é ${{ github.event.pull_request.title }}
"""
CLEAN = """\
name: clean
on: push
permissions: {}
concurrency: {group: clean, cancel-in-progress: true}
jobs:
  clean:
    name: Clean
    runs-on: ubuntu-latest
    steps:
      - name: Say
        run: echo hello
"""
PATH = ".github/workflows/build.yml"


def scan(folder: Path, files: dict[str, str | bytes], **fields: Any) -> Run:
    return ZizmorScanner().scan(make_request(make_tree(folder, files), **fields)).run


@pytest.mark.parametrize(
    ("path", "yes"),
    [
        (".github/workflows/a.yml", True),
        (".github/workflows/a.yaml", True),
        (".github/workflows/sub/a.yml", False),
        ("docs/.github/workflows/a.yml", False),
        ("action.yml", True),
        (".github/actions/x/action.yaml", True),
        ("my-action.yml", False),
        (".github/dependabot.yml", True),
        ("workflows/a.yml", False),
    ],
)
def test_targets_are_told_by_their_path(path: str, yes: bool) -> None:
    assert is_target(path) is yes


def test_a_tree_without_pipelines_is_not_applicable_and_says_why(tmp_path: Path) -> None:
    run = scan(tmp_path, {"a.py": ""})
    assert (run.id, run.role, run.state) == ("zizmor", Role.PIPELINE, ScanState.NOT_APPLICABLE)
    assert run.proof.startswith("the tree's only file is not a workflow")


@pytest.mark.parametrize("mark", [".github/pyvenv.cfg", ".github/workflows/pyvenv.cfg"])
def test_a_pipeline_that_is_made_to_look_like_an_environment_is_told(tmp_path: Path, mark: str) -> None:
    run = scan(tmp_path, {PATH: WORKFLOW, mark: ""})
    assert (run.state, told(run)) == (ScanState.INCOMPLETE, [("file-not-read", "error")])
    folder = mark.removesuffix("/pyvenv.cfg")
    assert run.notifications[0].text == (
        f"no pipeline in {folder} was audited, because the folder counts as: virtual environment"
    )
    assert scan(tmp_path, {}, config=Config(exclude=(folder,))).state is ScanState.NOT_APPLICABLE


def test_so_is_an_action_that_git_tracks(tmp_path: Path) -> None:
    make_tree(tmp_path, {"mine/action.yml": "", "mine/pyvenv.cfg": ""})
    for arguments in (["init", "-q"], ["add", "."]):
        subprocess.run(["git", "-C", str(tmp_path), *arguments], check=True, capture_output=True)
    run = scan(tmp_path, {}, checkout=git.inspect(tmp_path))
    assert (run.state, told(run)) == (ScanState.INCOMPLETE, [("tracked-but-left-out", "error")])


def test_a_clean_workflow_makes_a_complete_run(tmp_path: Path) -> None:
    run = scan(tmp_path, {PATH: CLEAN})
    assert (run.state, run.results, run.notifications) == (ScanState.COMPLETE, (), ())
    assert (run.targets, run.scope, run.version) == (1, 1, "1.32.0")
    assert [artifact.path for artifact in run.artifacts] == [PATH]
    assert not any(str(tmp_path) in argument for argument in run.invocation.arguments)


def test_a_result_says_what_where_and_how_sure(tmp_path: Path) -> None:
    run = scan(tmp_path, {PATH: WORKFLOW})
    results = {result.rule_id: result for result in run.results}
    unpinned = results["unpinned-uses"]
    assert (place(unpinned), unpinned.level, unpinned.severity) == ((PATH, 8), Level.ERROR, Severity.HIGH)
    assert unpinned.confidence is Confidence.HIGH
    injected = results["template-injection"]
    line = WORKFLOW.split("\n")[9]
    units = len(line[: line.index("github.event")].encode("utf-16-le")) // 2 + 1
    assert injected.locations[0].region == Region(
        start_line=10, start_column=units, end_line=10, end_column=units + 31, snippet=line.strip()
    )
    rule = next(rule for rule in run.rules if rule.id == "unpinned-uses")
    assert (rule.security_severity, rule.level) == ("8.0", Level.ERROR)
    assert rule.help
    assert rule.help_uri.startswith("https://")


def test_an_ignore_comment_is_a_claim_and_no_more(tmp_path: Path) -> None:
    commented = WORKFLOW.replace("checkout@v4", "checkout@v4 # zizmor: ignore[unpinned-uses] our own mirror")
    run = scan(tmp_path, {PATH: commented})
    (result,) = [result for result in run.results if result.rule_id == "unpinned-uses"]
    (claim,) = result.suppressions
    assert (claim.kind, claim.origin, claim.justification) == (
        SuppressionKind.IN_SOURCE,
        "zizmor-ignore",
        "our own mirror",
    )
    assert not any(other.suppressions for other in run.results if other.rule_id != "unpinned-uses")


def test_settings_of_the_judged_tree_do_not_count(tmp_path: Path) -> None:
    off = "rules:\n  unpinned-uses:\n    disable: true\n  template-injection:\n    disable: true\n"
    files: dict[str, str | bytes] = {PATH: WORKFLOW, "zizmor.yml": off, ".github/zizmor.yml": off}
    run = scan(tmp_path, files | {".gitignore": "*\n"})
    assert {result.rule_id for result in run.results} >= {"unpinned-uses", "template-injection"}
    assert not any(result.suppressions for result in run.results)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"name: [\n", "invalid YAML syntax"),
        (b"", "validation schema"),
        (b"- 1\n", "expected a YAML mapping"),
        (b"on: push\njobs: {a: 5}\n", "validation schema"),
        (b"\xff\xfe", "UTF-8"),
    ],
)
def test_a_file_that_zizmor_does_not_finish_is_told(tmp_path: Path, content: bytes, words: str) -> None:
    run = scan(tmp_path, {PATH: content, ".github/workflows/good.yml": WORKFLOW})
    assert run.state is ScanState.INCOMPLETE
    assert told(run) == [("file-not-parsed", "error")]
    one = notification(run, "file-not-parsed")
    assert one.text.startswith(f"{PATH} was not audited: ")
    assert words in one.text
    assert (run.targets, run.scope) == (1, 2)
    assert {place(result)[0] for result in run.results} == {".github/workflows/good.yml"}


def test_a_broken_file_alone_is_told_as_well(tmp_path: Path) -> None:
    run = scan(tmp_path, {PATH: "name: [\n"})
    assert told(run) == [("file-not-parsed", "error")]
    assert (run.targets, run.scope) == (0, 1)


def test_a_broken_file_can_be_declared_out_of_scope(tmp_path: Path) -> None:
    entry = OutOfScope(path=PATH, owner="CI team", reason="a template")
    run = scan(tmp_path, {PATH: "name: [\n"}, config=Config(out_of_scope=(entry,)))
    assert run.state is ScanState.COMPLETE
    assert told(run) == [("out-of-scope", "note")]


def test_a_path_that_could_read_as_another_is_told(tmp_path: Path) -> None:
    run = scan(tmp_path, {PATH: CLEAN, f"a\ncompleted {tmp_path}/b/action.yml": "", "b/action.yml": ": broken"})
    assert [one.text for one in run.notifications if "line end" in one.text]
    assert run.artifacts[0].path == PATH
    assert (len(run.artifacts), len(run.notifications), run.state) == (1, 2, ScanState.INCOMPLETE)


def test_many_files_are_asked_for_in_handfuls(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {f".github/workflows/w{n:03}.yml": CLEAN for n in range(90)}
    run = scan(tmp_path, files)
    assert (run.state, run.targets) == (ScanState.COMPLETE, 90)


def test_no_file_can_say_by_its_path_that_another_was_finished(tmp_path: Path) -> None:
    broken = (tmp_path / "sub/action.yml").resolve()
    fine = "name: x\ndescription: y\nruns:\n  using: composite\n  steps: []\n"
    run = scan(tmp_path, {"sub/action.yml": "runs: 3\n", f"z completed {broken}": fine})
    assert (run.state, run.targets, run.scope) == (ScanState.INCOMPLETE, 1, 2)
    assert notification(run, "file-not-parsed").text.startswith("sub/action.yml was not audited")


@pytest.mark.parametrize("letter", ["w", "é"])
def test_a_handful_is_full_before_the_next_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, letter: str) -> None:
    """Each file weighs 500 of 6,000 characters, whatever the folder is called: twice its path in bytes, and 60."""
    room = 190 - len(str(tmp_path.resolve())) - len(".github/workflows/00.yml")
    padding = letter * (room // len(letter.encode())) + "-" * (room % len(letter.encode()))
    calls: list[list[str]] = []

    def zizmor(argv: list[str], **_: Any) -> process.Completed:
        files = argv[argv.index("--") + 1 :]
        calls.append(files)
        said = "".join(f" INFO audit: completed {path}\n" for path in files)
        return process.Completed(exit_code=0, stdout=b"[]", stderr=said, seconds=0.0)

    monkeypatch.setattr(process, "run", zizmor)
    run = scan(tmp_path, {f".github/workflows/{n:02}{padding}.yml": CLEAN for n in range(26)})
    assert [len(call) for call in calls] == [12, 12, 2]
    assert [path for call in calls for path in call] == sorted(path for call in calls for path in call)
    assert (run.state, run.targets) == (ScanState.COMPLETE, 26)


def test_what_the_walk_refused_is_told(tmp_path: Path) -> None:
    make_tree(tmp_path, {PATH: CLEAN})
    (tmp_path / ".github/workflows/out.yml").symlink_to("/etc/hostname")
    run = scan(tmp_path, {})
    assert told(run) == [("file-not-read", "error")]
    assert (run.targets, run.scope) == (1, 2)


def test_a_path_that_is_not_utf8_is_told(tmp_path: Path) -> None:
    run = scan(tmp_path, {".github/workflows/\udcff.yml": CLEAN})
    assert told(run) == [("file-not-read", "error")]
    run.notifications[0].text.encode("utf-8")


def test_a_file_that_is_gone_is_told(tmp_path: Path) -> None:
    request = make_request(make_tree(tmp_path, {PATH: CLEAN}))
    (tmp_path / PATH).unlink()
    run = ZizmorScanner().scan(request).run
    assert told(run) == [("file-not-read", "error")]
    assert str(tmp_path) not in run.notifications[0].text


def test_a_hang_is_told(tmp_path: Path) -> None:
    run = scan(tmp_path, {PATH: CLEAN}, config=Config(timeouts=Timeouts(zizmor_s=0.0001)))
    assert run.state is ScanState.INCOMPLETE
    assert told(run) == [("file-not-scanned", "error")]
    assert "took longer than" in run.notifications[0].text


def no_files(_: str) -> None:
    return None


def no_package(name: str) -> None:
    raise metadata.PackageNotFoundError(name)


@pytest.mark.parametrize("files", [no_files, no_package])
def test_a_missing_program_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: Any) -> None:
    monkeypatch.setattr(metadata, "files", files)
    run = scan(tmp_path, {PATH: CLEAN})
    assert told(run) == [("file-not-scanned", "error")]
    assert "not installed" in run.notifications[0].text


FINDING: dict[str, Any] = {
    "ident": "x",
    "desc": "d",
    "url": "https://example.org",
    "determinations": {"confidence": "Sure", "severity": "Dire"},
    "ignored": False,
    "locations": [
        {
            "symbolic": {"key": {"Local": {"verbatim_path": "PATH"}}, "annotation": "a", "kind": "Primary"},
            "concrete": {
                "location": {"start_point": {"row": 90, "column": 3}, "end_point": {"row": 90, "column": 4}},
                "comments": [],
            },
        }
    ],
}


def answering(monkeypatch: pytest.MonkeyPatch, folder: Path, stdout: str, text: str = CLEAN, *, code: int = 0) -> Run:
    path = folder.resolve() / PATH
    told_ = f" INFO audit: zizmor: completed {path}"
    said = stdout.replace("PATH", str(path)).encode()
    done = process.Completed(exit_code=code, stdout=said, stderr=told_, seconds=0)
    monkeypatch.setattr(process, "run", lambda *_, **__: done)
    return scan(folder, {PATH: text})


def test_many_results_in_one_long_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started = time.process_time()
    run = answering(monkeypatch, tmp_path, json.dumps([FINDING] * 2000), CLEAN + "#\n" * 400_000)
    assert len(run.results) == 2000
    assert time.process_time() - started < HANG_S  # the file was read for each


def test_words_that_zizmor_may_learn_are_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (result,) = answering(monkeypatch, tmp_path, json.dumps([FINDING])).results
    assert (result.level, result.severity, result.confidence) == (Level.WARNING, Severity.UNKNOWN, Confidence.UNKNOWN)
    assert result.locations[0].region == Region(start_line=91, start_column=1, end_line=91, end_column=1)


@pytest.mark.parametrize("stdout", ["{", "[1]", json.dumps([{**FINDING, "locations": []}])])
def test_an_answer_that_cannot_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stdout: str) -> None:
    run = answering(monkeypatch, tmp_path, stdout)
    assert run.state is ScanState.INCOMPLETE
    assert told(run) == [("tool-failed", "error")]


@pytest.mark.parametrize(("stdout", "code"), [("", 0), ("", -9), ("[]", 101), ('[{"ident": "x', -9)])
def test_a_zizmor_that_died_before_its_answer_was_whole_has_audited_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stdout: str, code: int
) -> None:
    """It says that a file is completed before it writes what it found there."""
    run = answering(monkeypatch, tmp_path, stdout, code=code)
    assert (run.state, run.targets, run.scope) == (ScanState.INCOMPLETE, 0, 1)
    assert told(run) == [("file-not-parsed", "error")]


def test_a_result_on_another_file_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = answering(monkeypatch, tmp_path, json.dumps([FINDING]).replace("PATH", "/elsewhere"))
    assert told(run) == [("tool-failed", "error")]


def test_when_the_second_question_fails_too_the_file_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []

    def run(*_: object, **__: object) -> process.Completed:
        calls.append(1)
        if len(calls) > 1:
            raise ToolError("it hangs")
        return process.Completed(exit_code=1, stdout=b"", stderr="", seconds=0)

    monkeypatch.setattr(process, "run", run)
    assert told(scan(tmp_path, {PATH: CLEAN})) == [("file-not-scanned", "error")]


def test_code_of_the_judged_tree_does_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    canary = tmp_path / "ran"
    tree = make_tree(tmp_path / "tree", {PATH: CLEAN, "zizmor": f"#!/bin/sh\ntouch {canary}\n"})
    (tree / "zizmor").chmod(0o755)
    monkeypatch.chdir(tree)
    monkeypatch.setenv("PATH", f"{tree}:.")
    assert ZizmorScanner().scan(make_request(tree)).run.state is ScanState.COMPLETE
    assert not canary.exists()
