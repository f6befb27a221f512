"""Inputs from the environment, outputs and summary to the runner's files."""

import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govsec_ci.app import github_action as action
from govsec_ci.errors import UsageError
from govsec_ci.model import Stage

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
