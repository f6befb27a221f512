"""Which gates a hook asks, and when what they say stops a commit."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from govsec_ci import config
from govsec_ci.app import check_gate as module
from govsec_ci.app import steps
from govsec_ci.app.check import SETTINGS, CheckOptions, check
from govsec_ci.app.check_gate import Answer, concerned
from govsec_ci.app.check_lines import Style, lines
from govsec_ci.app.check_manifests import is_manifest, may_be_included, scanners
from govsec_ci.app.snapshot import open_repository
from govsec_ci.errors import UsageError
from govsec_ci.gate import profile as profiles
from govsec_ci.gate import waivers
from govsec_ci.gate.schema import DeadlinesGate, ScansGate
from govsec_ci.model import (
    FeedState,
    Kev,
    Level,
    Location,
    Notification,
    Result,
    Role,
    Rule,
    Run,
    ScanState,
    Severity,
    Ssvc,
    Stage,
    VerdictWord,
    Vulnerability,
)
from govsec_ci.scanners.base import ScanOutput, ScanRequest
from govsec_ci.system import process
from tests.support.staging import SHELL, small_repository, stage

SAST, SCA, SBOM = frozenset({Role.SAST}), frozenset({Role.SCA}), frozenset({Role.SBOM})
NOW = datetime(2026, 4, 1, tzinfo=UTC)


def ids(name: str, roles: frozenset[Role]) -> set[str]:
    return {gate.id for gate in concerned(profiles.load(name), roles).gates}


def test_a_hook_asks_the_gates_of_stage_commit_that_concern_it() -> None:
    assert ids("jp-gov", SAST) == {"static-scan", "static-high", "static-medium"}


def test_where_nothing_blocks_at_commit_the_gates_of_stage_build_are_asked_earlier() -> None:
    profile = concerned(profiles.load("jp-gov"), SCA)
    assert {"known-vulnerabilities", "scans", "advisories-fresh"} <= {gate.id for gate in profile.gates}
    assert {gate.stages for gate in profile.gates} == {(Stage.COMMIT,)}
    assert [gate.id for gate in profile.gates if gate.warn_at] == ["advisories-fresh"]


def test_gates_that_need_more_than_the_hook_has_are_left_out() -> None:
    assert ids("essentials", SBOM) == {"scans"}
    (gate,) = concerned(profiles.load("essentials"), SBOM).gates
    assert isinstance(gate, ScansGate)
    assert (gate.roles, gate.same_commit) == ((Role.SBOM,), False)
    assert "coverage" in ids("essentials", SCA | SBOM)
    assert "coverage" not in ids("essentials", SCA)


def run(role: Role = Role.SAST, *results: Result, state: ScanState = ScanState.COMPLETE, **more: object) -> Run:
    given: dict[str, object] = {"id": "t", "tool": "tool", "version": "1", "role": role, "state": state}
    return Run(**(given | {"results": results, "targets": 1, "scope": 1} | more))  # type: ignore[arg-type]  # fields by name


def result(severity: Severity = Severity.HIGH, *, path: str = "app.py") -> Result:
    return Result(rule_id="B602", message="A shell", severity=severity, locations=(Location(path=path),))


def answer(tmp_path: Path, *runs: Run, roles: frozenset[Role] = SAST, **more: object) -> Answer:
    given: dict[str, object] = {
        "repository": open_repository(small_repository(tmp_path / "repo"), {}),
        "roles": roles,
        "scan": lambda request: tuple(ScanOutput(run=run) for run in runs),
        "wanted": may_be_included,
        "now": NOW,
    }
    return check(CheckOptions(**(given | more)))  # type: ignore[arg-type]


def said(one: Answer) -> str:
    return "\n".join(lines(one, Style(top=Path("/top"), folder=Path("/top"))))


def test_a_counted_result_fails(tmp_path: Path) -> None:
    one = answer(tmp_path, run(Role.SAST, result()))
    assert one.word is VerdictWord.FAIL
    assert said(one).startswith("app.py HIGH B602 A shell\nFAIL jp-gov/static-high: ")


def test_a_result_that_no_gate_counts_is_told_and_passes(tmp_path: Path) -> None:
    one = answer(tmp_path, run(Role.SAST, result(Severity.LOW)))
    assert one.word is VerdictWord.PASS
    assert "1 more that does not block:\n  app.py LOW B602 A shell\nPASS" in said(one)


def test_many_results_that_do_not_block_are_cut_unless_all_are_asked_for(tmp_path: Path) -> None:
    one = answer(tmp_path, run(Role.SAST, *(result(Severity.LOW, path=f"{n}.py") for n in range(25))))
    assert "  … and 5 more (--all shows them)" in said(one)
    wide = "\n".join(lines(one, Style(top=Path("/top"), folder=Path("/top"), wide=True)))
    assert wide.count(" LOW B602") == 25


def test_a_profile_that_has_nothing_to_say_here_stops_no_commit_that_others_judge(tmp_path: Path) -> None:
    one = answer(tmp_path / "a", run(Role.SAST), profiles=("jp-gov", "us-ntia-sbom"))
    assert one.word is VerdictWord.PASS
    assert "us-ntia-sbom: asks nothing that this hook could answer\nPASS (profile jp-gov 1" in said(one)
    assert "us-ntia-sbom " not in said(one).splitlines()[-1], "it did not judge"
    counted = answer(tmp_path / "b", run(Role.SAST, result()), profiles=("us-ntia-sbom", "jp-gov"))
    assert counted.word is VerdictWord.FAIL
    broken = answer(tmp_path / "c", run(state=ScanState.INCOMPLETE), profiles=("jp-gov", "us-ntia-sbom"))
    assert broken.word is VerdictWord.INCOMPLETE
    alone = answer(tmp_path / "d", run(Role.SAST), profiles=("us-ntia-sbom",))
    assert alone.word is VerdictWord.INCOMPLETE
    assert "has no deciding gate at the stage commit" in said(alone)


def test_a_run_that_is_not_whole_never_passes(tmp_path: Path) -> None:
    broken = Notification(id="x", level=Level.ERROR, text="it\ncrashed", next_step="report it")
    one = answer(tmp_path, run(state=ScanState.INCOMPLETE, notifications=(broken,)))
    assert one.word is VerdictWord.INCOMPLETE
    assert "- not checked by tool: it crashed\n    to do: report it" in said(one)


def test_a_run_that_no_gate_asks_about_must_be_whole_all_the_same(tmp_path: Path) -> None:
    one = answer(tmp_path, run(state=ScanState.INCOMPLETE), profiles=("essentials",))
    silent = replace(one, verdict=replace(one.verdict, verdict=VerdictWord.PASS))
    assert silent.word is VerdictWord.INCOMPLETE


def test_missing_feeds_only_warn(tmp_path: Path) -> None:
    without = Notification(id="no-advisories", level=Level.WARNING, text="none", next_step="fetch them")
    audit = run(Role.SCA, state=ScanState.INCOMPLETE, notifications=(without,))
    one = answer(tmp_path, audit, roles=SCA)
    assert one.word is VerdictWord.PASS
    assert said(one).startswith("warning: none\n    to do: fetch them\n")
    rule = Rule(id="B602", vulnerability=Vulnerability(id="CVE-2024-1", severity=Severity.LOW))
    low = run(Role.SCA, result(Severity.LOW), rules=(rule,))
    kev = answer(tmp_path / "2", low, roles=SCA, profiles=("essentials",))
    assert kev.word is VerdictWord.PASS
    assert "warning (INCOMPLETE) essentials/known-exploited" in said(kev)


def vulnerable_run(*feeds: str, **known: object) -> Run:
    about = Vulnerability(id="CVE-2024-1", severity=Severity.HIGH, **known)  # type: ignore[arg-type]  # fields by name
    used = tuple(FeedState(feed=name, as_of=NOW, sha256="0" * 64, records=1) for name in feeds)
    rules = (Rule(id="B602", vulnerability=about),)
    return run(Role.SCA, result(), rules=rules, advisories=used)


LISTED = Kev(cve="CVE-2024-1", date_added=NOW - timedelta(days=10), due_date=NOW + timedelta(days=4))
DECIDED = Ssvc(exploitation="active", automatable="no", technical_impact="partial")


@pytest.mark.parametrize(
    ("profile", "feeds", "known", "expected"),
    [
        ("eu-cra", ("osv",), {}, VerdictWord.PASS),
        ("us-bod-26-04", ("osv",), {}, VerdictWord.PASS),
        ("us-bod-26-04", ("osv", "kev"), {"kev": LISTED}, VerdictWord.PASS),
        # The feed is there, and has no answer: no sync will bring one.
        ("us-bod-26-04", ("osv", "kev", "vulnrichment"), {"kev": LISTED}, VerdictWord.INCOMPLETE),
        ("us-bod-26-04", ("osv", "kev", "vulnrichment"), {"kev": LISTED, "ssvc": DECIDED}, VerdictWord.PASS),
        # Since when there is a fix, no feed tells.
        ("uk-cyber-essentials", ("osv",), {}, VerdictWord.INCOMPLETE),
    ],
)
def test_only_what_a_missing_feed_leaves_open_warns(
    tmp_path: Path, profile: str, feeds: tuple[str, ...], known: dict[str, object], expected: VerdictWord
) -> None:
    one = answer(tmp_path, vulnerable_run(*feeds, **known), roles=SCA, profiles=(profile,))
    assert one.word is expected, said(one)


def test_what_another_hook_examines_is_not_asked_of_this_one() -> None:
    (gate,) = [one for one in concerned(profiles.load("us-fedramp-rev5"), SAST).gates if isinstance(one, DeadlinesGate)]
    assert gate.filter.role == (Role.SAST,)


def test_results_elsewhere_are_told_and_never_block(tmp_path: Path) -> None:
    top = small_repository(tmp_path / "repo")
    stage(top, {"app.py": SHELL})
    options = CheckOptions(
        repository=open_repository(top, {}),
        roles=SAST,
        scan=scanners(SAST),
        wanted=lambda path: path == "app.py",
        now=NOW,
    )
    one = check(options, touched=lambda result: False)
    assert one.word is VerdictWord.PASS
    assert "app.py:4:1 HIGH B602" in said(one)
    assert check(options).word is VerdictWord.FAIL


def test_without_a_profile_the_command_s_default_judges() -> None:
    assert (module.DEFAULT_PROFILE, module.ENGINE) == (steps.DEFAULT_PROFILE, steps.ENGINE)


def test_the_settings_are_those_files() -> None:
    assert SETTINGS == (config.FILE_NAME, "pyproject.toml", waivers.FILE_NAME)


def test_bandit_s_hook_imports_little_before_its_scanner_works() -> None:
    """What it needs later is imported while bandit runs in its own process."""
    program = "import sys, govsec_ci_hooks.bandit_command; print(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout.split()
    heavy = ("govsec_ci.gate", "govsec_ci.manifests.discover", "govsec_ci.formats", "sarif_om", "packaging.metadata")
    assert [name for name in loaded if name.startswith(heavy)] == []


def test_a_scan_that_raises_is_not_lost(tmp_path: Path) -> None:
    def broken(request: ScanRequest) -> tuple[ScanOutput, ...]:
        raise RuntimeError(request.stage.value)

    with pytest.raises(RuntimeError, match="commit"):
        answer(tmp_path, scan=broken)


def test_an_interrupt_stops_the_scanner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stopped: list[bool] = []
    monkeypatch.setattr(process, "kill_all", lambda: stopped.append(True))

    def interrupted(request: ScanRequest) -> tuple[ScanOutput, ...]:
        raise KeyboardInterrupt(request.stage.value)

    with pytest.raises(KeyboardInterrupt):
        answer(tmp_path, scan=interrupted)
    assert stopped == [True]


def test_a_role_that_nobody_examines_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no scanner examines dast"):
        scanners(frozenset({Role.DAST}))


@pytest.mark.parametrize("path", ["requirements.txt", "a/requirements-dev.txt", "uv.lock", "pyproject.toml"])
def test_manifests_by_their_names(path: str) -> None:
    assert is_manifest(path)
    assert may_be_included(path)


@pytest.mark.parametrize(("path", "taken"), [("deps", True), ("a.d/deps.in", True), ("x.py", False), ("x.png", False)])
def test_what_a_manifest_may_include(path: str, taken: bool) -> None:
    assert not is_manifest(path)
    assert may_be_included(path) is taken


def test_colour_only_where_wanted(tmp_path: Path) -> None:
    one = answer(tmp_path, run(Role.SAST, result()))
    coloured = "\n".join(lines(one, Style(top=Path("/top"), folder=Path("/top"), colour=True)))
    assert "\x1b[31mHIGH\x1b[0m" in coloured
    assert "\x1b" not in said(one)


def test_control_characters_of_the_tree_are_made_visible(tmp_path: Path) -> None:
    one = answer(tmp_path, run(Role.SAST, result(path="\x1b[31m\u202e.py")))
    assert "\x1b" not in said(one)
    assert "\u202e" not in said(one)
