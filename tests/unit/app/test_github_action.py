"""Inputs from the environment, outputs and summary to the runner's files."""

import io
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govsec_ci.app import github_action as action
from govsec_ci.app import signature
from govsec_ci.errors import UsageError
from govsec_ci.formats import sarif
from govsec_ci.model import Stage
from tests.support import report_cases

LIMIT = 1024 * 1024


def given_inputs(tmp_path: Path, **inputs: str) -> dict[str, str]:
    runner = {"GITHUB_WORKSPACE": str(tmp_path / "work"), "RUNNER_TEMP": str(tmp_path / "temp")}
    return runner | {f"GOVSEC_INPUT_{name.upper()}": value for name, value in inputs.items()}


def test_defaults(tmp_path: Path) -> None:
    options = action.options(given_inputs(tmp_path), jobs=3)
    assert options.path == tmp_path / "work"
    assert options.out.parent == tmp_path / "temp", "nothing is written into the workspace"
    assert (options.profiles, options.stage, options.advisories) == ((), Stage.BUILD, None)
    assert (options.jobs, options.lang) == (3, "en")


def test_inputs_are_relative_to_the_workspace(tmp_path: Path) -> None:
    environment = given_inputs(
        tmp_path, path="src", out="evidence", advisories="osv.zip", now="2026-04-01T09:00:00Z", language="ja",
        stage="release", profiles=" jp-gov , ./ours.toml\r\npolicy/theirs.toml\n\n",
    )  # fmt: skip
    options = action.options(environment, jobs=1)
    work = tmp_path / "work"
    assert (options.path, options.out, options.advisories) == (work / "src", work / "evidence", work / "osv.zip")
    assert options.profiles == ("jp-gov", str(work / "ours.toml"), str(work / "policy/theirs.toml"))
    assert options.now == datetime(2026, 4, 1, 9, tzinfo=UTC)
    assert (options.stage, options.lang) == (Stage.RELEASE, "ja")


def test_with_a_trusted_ref_profile_files_are_not_those_of_the_judged_tree(tmp_path: Path) -> None:
    environment = given_inputs(tmp_path, path="src", profiles="src/ours.toml,jp-gov", policy_ref="main")
    assert action.options(environment, jobs=1).profiles == ("ours.toml", "jp-gov")


def test_the_variable_names_advisories_too(tmp_path: Path) -> None:
    environment = given_inputs(tmp_path) | {"GOVSEC_ADVISORIES": "osv"}
    assert action.options(environment, jobs=1).advisories == tmp_path / "work/osv"


@pytest.mark.parametrize(("name", "value"), [("stage", "lunch"), ("language", "fr"), ("now", "yesterday")])
def test_wrong_inputs_are_usage_errors(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(UsageError, match=value):
        action.options(given_inputs(tmp_path, **{name: value}), jobs=1)


def test_outputs_name_only_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "summary.md").write_text("PASS")
    outputs = action.outputs(action.Finished(verdict="PASS", out=tmp_path), 0)
    assert outputs["summary-file"] == str(tmp_path / "summary.md")
    assert (outputs["verdict"], outputs["exit-code"], outputs["sarif-file"]) == ("PASS", "0", "")
    assert outputs["out-dir"] == str(tmp_path)
    nothing = action.outputs(action.Finished(), 2)
    assert nothing.pop("exit-code") == "2"
    assert set(nothing.values()) == {""}


@given(st.dictionaries(st.from_regex(r"[a-z-]{1,9}", fullmatch=True), st.text(st.characters(codec="utf-8"))))
def test_no_value_can_end_its_own_output(tmp_path_factory: pytest.TempPathFactory, values: dict[str, str]) -> None:
    path = tmp_path_factory.mktemp("runner") / "output"
    action.write_outputs(path, values)
    assert _as_the_runner_reads(path.read_bytes().decode()) == values


def _as_the_runner_reads(text: str) -> dict[str, str]:
    found = {}
    while text:
        head, _, text = text.partition("\n")
        name, _, fence = head.partition("<<")
        value, _, text = text.partition(f"\n{fence}\n")
        found[name] = value
    return found


def test_publish_tells_the_summary_and_the_outputs(tmp_path: Path) -> None:
    (tmp_path / "summary.md").write_text("# 合格\n", "utf-8")
    runner = {"GITHUB_STEP_SUMMARY": str(tmp_path / "step"), "GITHUB_OUTPUT": str(tmp_path / "output")}
    action.publish(runner, action.Finished(verdict="PASS", out=tmp_path), exit_code=0, log=io.StringIO())
    assert (tmp_path / "step").read_text("utf-8") == "# 合格\n"
    assert _as_the_runner_reads((tmp_path / "output").read_text("utf-8"))["verdict"] == "PASS"


def test_publish_says_when_there_is_no_verdict(tmp_path: Path) -> None:
    runner = {"GITHUB_STEP_SUMMARY": str(tmp_path / "step")}
    action.publish(runner, action.Finished(), exit_code=2, log=io.StringIO())
    assert "no verdict (exit code 2)" in (tmp_path / "step").read_text("utf-8")
    action.publish({}, action.Finished(), exit_code=2, log=io.StringIO())


def test_a_long_summary_is_cut_at_a_line_end(tmp_path: Path) -> None:
    line = "長い行\n"
    action.write_summary(tmp_path / "step", line * 200_000)
    data = (tmp_path / "step").read_bytes()
    text = data.decode("utf-8")
    assert len(data) <= LIMIT
    assert "longer than a step summary may be" in text
    assert set(text.split("\n\n")[0].splitlines()) == {line.strip()}


def test_nothing_between_is_a_workflow_command() -> None:
    output = io.StringIO()
    with action.inert(output):
        print("::set-output name=verdict::PASS", file=output)
    first, inner, last = output.getvalue().splitlines()
    token = first.removeprefix("::stop-commands::")
    assert first != token != ""
    assert inner.startswith("::set-output")
    assert last == f"::{token}::"


def finished(tmp_path: Path, word: str = "FAIL") -> action.Finished:
    (tmp_path / "work/src").mkdir(parents=True)
    (tmp_path / "out").mkdir()
    (tmp_path / "out/github.sarif").write_bytes(sarif.write([report_cases.bandit_run(report_cases.static("a" * 16))]))
    (tmp_path / "out/summary.md").write_text(word)
    return action.Finished(verdict=word, out=tmp_path / "out", view=report_cases.failing())


def published(tmp_path: Path, one: action.Finished, code: int = 1, **inputs: str) -> tuple[dict[str, str], str]:
    log = io.StringIO()
    runner = given_inputs(tmp_path, **inputs) | {"GITHUB_OUTPUT": str(tmp_path / "output")}
    action.publish(runner, one, exit_code=code, log=log)
    return _as_the_runner_reads((tmp_path / "output").read_text("utf-8")), log.getvalue()


def test_a_folder_of_the_workspace_gets_a_log_of_its_own_and_the_bundle_stays_as_it_is(tmp_path: Path) -> None:
    one = finished(tmp_path)
    before = sorted((tmp_path / "out").iterdir())
    told, log = published(tmp_path, one, path="src")
    assert sorted((tmp_path / "out").iterdir()) == before
    assert Path(told["sarif-file"]).parent == tmp_path
    assert sarif.load(Path(told["sarif-file"]))[0].results[0].locations[0].path == "src/app/backup.py"
    assert "::error file=src/app/" in log


def test_the_whole_workspace_keeps_the_bundle_s_own_log(tmp_path: Path) -> None:
    told, log = published(tmp_path, finished(tmp_path), annotations="false")
    assert told["sarif-file"] == str(tmp_path / "out/github.sarif")
    assert log == ""
    counts = dict(report_cases.failing().counts)
    assert json.loads(told["counts"]) == counts
    assert told["count-critical"] == str(counts.get("CRITICAL", ""))


@pytest.mark.parametrize(
    ("word", "code", "given", "fails"),
    [
        ("FAIL", 1, "", "true"),
        ("INCOMPLETE", 3, "", "true"),
        ("PASS", 0, "", "false"),
        ("INCOMPLETE", 3, "FAIL", "false"),
        ("FAIL", 1, "FAIL,\n INCOMPLETE", "true"),
        ("FAIL", 1, "never", "false"),
        ("FAIL", 1, " , ", "true"),
    ],
)
def test_fail_on_names_the_verdicts_that_fail(tmp_path: Path, word: str, code: int, given: str, fails: str) -> None:
    told, _ = published(tmp_path, finished(tmp_path, word), code, fail_on=given)
    assert told["fails"] == fails


@pytest.mark.parametrize("given", ["fail", "FAIL;INCOMPLETE", "none", "PASS"])
def test_a_misspelt_verdict_in_fail_on_is_refused_before_anything_is_scanned(tmp_path: Path, given: str) -> None:
    with pytest.raises(UsageError, match="fail-on"):
        action.options(given_inputs(tmp_path, fail_on=given), jobs=1)
    assert action.options(given_inputs(tmp_path, fail_on="FAIL, INCOMPLETE"), jobs=1)
    assert action.options(given_inputs(tmp_path, fail_on="never"), jobs=1)


@pytest.mark.parametrize("word", ["PASS", "FAIL", "INCOMPLETE"])
@pytest.mark.parametrize("code", [2, 4, 130])
def test_what_goes_wrong_after_the_verdict_fails_the_step_too(tmp_path: Path, word: str, code: int) -> None:
    told, _ = published(tmp_path, finished(tmp_path, word), code, fail_on="never")
    assert told["fails"] == "true"


def test_without_a_verdict_the_step_always_fails(tmp_path: Path) -> None:
    told, _ = published(tmp_path, action.Finished(), 2, fail_on="never", path="src")
    assert (told["fails"], told["uploads"]) == ("true", "0")


@pytest.mark.parametrize(("path", "folder"), [("", ""), (".", ""), ("a/../b", "b"), ("..", ""), ("/etc", "")])
def test_the_judged_folder_as_the_repository_counts_it(tmp_path: Path, path: str, folder: str) -> None:
    assert action.judged_folder(given_inputs(tmp_path, path=path)) == folder


def test_refs_and_files_reach_the_run(tmp_path: Path) -> None:
    environment = given_inputs(tmp_path, since="origin/main", policy_ref="abc", baseline="old.sarif", offline="true")
    options = action.options(environment, jobs=1)
    assert (options.since, options.policy_ref, options.offline) == ("origin/main", "abc", True)
    assert options.baseline == tmp_path / "work/old.sarif"


def test_what_a_run_came_to_is_known_only_once_its_bundle_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts, _ = report_cases.failing_parts()
    monkeypatch.setattr(action, "run", lambda options: (parts, report_cases.failing()))
    monkeypatch.setattr(signature, "predicate", lambda folder: f"of {folder}".encode())
    options = action.options(given_inputs(tmp_path), jobs=1)
    one = action.Finished()
    assert action.judge(options, one) is one.view
    assert (one.verdict, one.out) == (parts.verdict.value, options.out)
    assert one.predicate == Path(f"{options.out}-predicate.json")
    assert one.predicate.read_text() == f"of {options.out}"

    def broken(options: object) -> None:
        raise UsageError(str(options))

    monkeypatch.setattr(action, "run", broken)
    nothing = action.Finished()
    with pytest.raises(UsageError):
        action.judge(options, nothing)
    assert nothing == action.Finished()
