"""A change under judgement cannot weaken its judge: pull requests in real repositories, judged by the base's rules."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.support.command import govsec
from tests.support.repositories import commit_all, git, new_repository

NOW = "2024-10-12T00:00:00Z"
CALL = "subprocess.call(line, shell=True)"
WEAK = f"import subprocess\n\n\ndef run(line):\n    {CALL}\n"
COUNTED = """
[[gates]]
id = "nothing-loosened"
kind = "suppressions"
stages = ["build"]
added = 0
clause = { id = "1", document = "govsec_ci defaults", origin = "local" }
title = { en = "Nothing is loosened", ja = "緩和なし" }
text = { en = "Nothing is loosened.", ja = "緩和なし。" }
next = { en = "Take it back.", ja = "取り消す。" }
"""
STRICT = (ROOT / "govsec_ci/profiles/essentials.toml").read_text("utf-8").replace('id = "essentials"', 'id = "ours"')


class Project:
    """A project whose branch main has a gate, and a branch ``change`` to break it on."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.top = new_repository(folder / "owner/project")
        (self.top / "pyproject.toml").write_text('[project]\nname = "small"\nversion = "1.0"\ndependencies = []\n')
        (self.top / "app.py").write_text("ANSWER = 42\n")

    def adopt(self, rules: str = STRICT) -> None:
        """Commit the gate, and begin the change."""
        (self.top / "govsec.toml").write_text('profiles = ["rules.toml"]\n')
        (self.top / "rules.toml").write_text(rules)
        self.begin()

    def begin(self) -> None:
        """Commit what there is as the base, and begin the change."""
        commit_all(self.top, "Base")
        git(self.top, "switch", "-q", "-c", "change")

    def clone(self, *more: str) -> Path:
        """A checkout of the change as CI makes one."""
        commit_all(self.top, "Change")
        git(self.folder, "clone", "-q", *more, "--branch", "change", self.top.as_uri(), "checkout")
        git(self.folder / "checkout", "checkout", "-q", "--detach")
        return self.folder / "checkout"

    def environment(self) -> dict[str, str]:
        """What GitHub tells a job of the pull request."""
        base = git(self.top, "rev-parse", "main").strip()
        (self.folder / "event.json").write_text(json.dumps({"pull_request": {"base": {"sha": base}}}))
        return {
            "GITHUB_ACTIONS": "true",
            "GITHUB_EVENT_NAME": "pull_request",
            "GITHUB_EVENT_PATH": str(self.folder / "event.json"),
            "GITHUB_REPOSITORY": "owner/project",
            "GITHUB_SERVER_URL": self.folder.as_uri(),
        }


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def judge(
    project: Project, tree: Path, *more: str, ci: bool = True, cwd: Path | None = None
) -> tuple[int, dict[str, Any], str]:
    """Exit code, verdict and summary of a tree, in the CI of its pull request or under ``more`` options."""
    out = project.folder / "out"
    arguments = ["--advisories", ROOT / "examples/advisories", "--now", NOW, "--out", out]
    done = govsec("run", tree, *arguments, *more, variables=project.environment() if ci else None, cwd=cwd)
    verdict = json.loads((out / "verdict.json").read_text("utf-8")) if (out / "verdict.json").exists() else {}
    summary = (out / "summary.md").read_text("utf-8") if verdict else done.stderr
    return done.returncode, verdict, summary


def banner(summary: str) -> str:
    """The lines at the top of the page that are set apart."""
    return "\n".join(line for line in summary.splitlines() if line.startswith("> ")).replace("\\", "")


def _loosened(top: Path) -> None:
    head, _, _tail = STRICT.partition("[[gates]]")
    (top / "rules.toml").write_text(f"{head}[[gates]]{STRICT.split('[[gates]]')[1]}")


def _waived(top: Path) -> None:
    (top / "govsec-waivers.toml").write_text(
        '[[waivers]]\nid = "W-1"\nrule = "B602"\npath = "weak.py"\nreason = "safe, believe me"\nowner = "team"\n'
        'approver = "ciso"\nticket = "T-1"\ncreated = 2024-10-01\nexpires = 2024-11-01\nplan = "none"\n'
    )


def _excluded(top: Path) -> None:
    (top / "govsec.toml").write_text('profiles = ["rules.toml"]\nexclude = ["weak.py"]\n')


def _out_of_scope(top: Path) -> None:
    (top / "govsec.toml").write_text(
        'profiles = ["rules.toml"]\n[[out-of-scope]]\npath = "weak.py"\nowner = "me"\nreason = "no reason"\n'
    )


def _tool_bandit(top: Path) -> None:
    with (top / "pyproject.toml").open("a") as file:
        file.write('[tool.bandit]\nskips = ["B602"]\nexclude_dirs = ["weak.py"]\n')


def _dot_bandit(top: Path) -> None:
    (top / ".bandit").write_text("[bandit]\nskips: B602\n")


def _no_gate(top: Path) -> None:
    (top / "govsec.toml").unlink()
    (top / "rules.toml").unlink()


ATTEMPTS: list[tuple[Callable[[Path], None], str]] = [
    (_loosened, "rules.toml"),
    (_waived, "govsec-waivers.toml"),
    (_excluded, "govsec.toml"),
    (_out_of_scope, "govsec.toml"),
    (_no_gate, "govsec.toml"),
    (_tool_bandit, "pyproject.toml [tool.bandit]"),
    (_dot_bandit, ".bandit"),
]


@pytest.mark.parametrize(("weaken", "told"), ATTEMPTS)
def test_in_the_ci_of_a_shallow_checkout_the_base_judges_and_the_attempt_is_told(
    project: Project, weaken: Callable[[Path], None], told: str
) -> None:
    project.adopt()
    (project.top / "weak.py").write_text(WEAK)
    weaken(project.top)
    checkout = project.clone("--depth=1")
    before = git(checkout, "status", "--porcelain"), git(checkout, "for-each-ref"), sorted(checkout.rglob("*"))
    code, verdict, summary = judge(project, checkout)
    assert (code, verdict["verdict"]) == (1, "FAIL"), summary
    assert [one["id"] for one in verdict["profiles"]] == ["ours"]
    assert "weak.py" in summary
    assert told in banner(summary)
    after = git(checkout, "status", "--porcelain"), git(checkout, "for-each-ref"), sorted(checkout.rglob("*"))
    assert after == before


@pytest.mark.parametrize(("weaken", "told"), [ATTEMPTS[0], ATTEMPTS[1], ATTEMPTS[5]])
def test_a_ref_that_is_named_does_the_same_without_a_ci_system(
    project: Project, weaken: Callable[[Path], None], told: str
) -> None:
    project.adopt()
    (project.top / "weak.py").write_text(WEAK)
    weaken(project.top)
    commit_all(project.top, "Weaken")
    code, verdict, summary = judge(project, project.top, "--policy-ref", "main", ci=False)
    assert (code, verdict["verdict"]) == (1, "FAIL"), summary
    assert told in banner(summary)


@pytest.mark.parametrize("depth", [(), ("--depth=1",)], ids=["whole", "shallow"])
def test_an_honest_change_passes_without_a_word(project: Project, depth: tuple[str, ...]) -> None:
    project.adopt(STRICT + COUNTED)
    (project.top / "app.py").write_text("ANSWER = 43\n")
    code, verdict, summary = judge(project, project.clone(*depth))
    assert code == 0, summary
    assert "needs approval" not in summary
    assert [one["id"] for one in verdict["profiles"]] == ["ours"]


@pytest.mark.parametrize("depth", [(), ("--depth=1",)], ids=["whole", "shallow"])
def test_a_nosec_comment_counts_when_the_change_adds_it_and_not_when_it_was_there(
    project: Project, depth: tuple[str, ...]
) -> None:
    reason = "  # nosec B602: a fixed command"
    (project.top / "old.py").write_text(WEAK.replace(CALL, CALL + reason))
    project.adopt(STRICT + COUNTED)
    (project.top / "weak.py").write_text(WEAK.replace(CALL, CALL + reason))
    code, verdict, summary = judge(project, project.clone(*depth))
    (check,) = (one for one in verdict["checks"] if one["gate"] == "nothing-loosened")
    assert (code, check["verdict"]) == (1, "FAIL"), summary
    assert check["observed"] == "added: 1"
    assert "weak.py:5" in summary
    assert "suppressed (nosec B602) by this change" in summary
    assert "weak.py:5 (nosec B602)" in banner(summary)
    assert "old.py" not in banner(summary)


@pytest.mark.parametrize(("weaken", "added"), [(_excluded, 1), (_tool_bandit, 1), (_waived, 1), (_loosened, 1)])
def test_a_gate_counts_excludes_and_settings_that_the_change_adds(
    project: Project, weaken: Callable[[Path], None], added: int
) -> None:
    project.adopt(STRICT + COUNTED)
    weaken(project.top)
    _code, verdict, summary = judge(project, project.clone("--depth=1"))
    (check,) = (one for one in verdict["checks"] if one["gate"] == "nothing-loosened")
    assert (check["verdict"], check["observed"]) == ("FAIL", f"added: {added}"), summary
    assert "this change touches" in summary


WAIVER = (
    '[[waivers]]\nid = "W-1"\nrule = "B602"\npath = "old.py"\nreason = "safe"\nowner = "team"\napprover = "ciso"\n'
    'ticket = "T-1"\ncreated = 2024-10-01\nexpires = 2024-11-01\nplan = "none"\n'
)


@pytest.mark.parametrize("absolute", [False, True], ids=["relative", "absolute"])
def test_files_of_the_tree_that_the_operator_names_are_taken_from_the_base_too(
    project: Project, *, absolute: bool
) -> None:
    (project.top / "old.py").write_text(WEAK)
    (project.top / "security").mkdir()
    (project.top / "security/waivers.toml").write_text(WAIVER)
    (project.top / "security/settings.toml").write_text('name = "by the base"\n')
    project.adopt()
    (project.top / "weak.py").write_text(WEAK)
    (project.top / "security/waivers.toml").write_text(WAIVER + WAIVER.replace("W-1", "W-2").replace("old", "weak"))
    (project.top / "security/settings.toml").write_text('exclude = ["weak.py"]\n')
    _loosened(project.top)
    checkout = project.clone("--depth=1")
    folder = checkout if absolute else Path()
    given = ["--waivers", str(folder / "security/waivers.toml"), "--config", str(folder / "security/settings.toml")]
    given += ["--profile", str(folder / "rules.toml")]
    code, verdict, summary = judge(project, Path() if not absolute else checkout, *given, cwd=checkout)
    assert code == 1, summary
    assert verdict["subject"]["name"] == "by the base"
    assert "weak.py" in summary
    assert all(f"security/{name}" in banner(summary) for name in ("waivers.toml", "settings.toml"))
    assert "rules.toml" in banner(summary)
    assert "W-1" in summary
    assert "W-2" not in summary


def test_files_beside_the_judged_folder_are_of_the_change_too(project: Project) -> None:
    inner = project.top / "services/web"
    inner.mkdir(parents=True)
    (inner / "pyproject.toml").write_text('[project]\nname = "web"\nversion = "1.0"\ndependencies = []\n')
    (inner / "app.py").write_text("ANSWER = 42\n")
    (project.top / "rules.toml").write_text(STRICT)
    (project.top / "waivers.toml").write_text(WAIVER)
    project.begin()
    (inner / "weak.py").write_text(WEAK)
    _loosened(project.top)
    (project.top / "waivers.toml").write_text(WAIVER.replace("old.py", "weak.py"))
    checkout = project.clone("--depth=1")
    given = ["--profile", "../../rules.toml", "--waivers", str(checkout / "waivers.toml")]
    code, verdict, summary = judge(project, checkout / "services/web", *given)
    assert (code, verdict["subject"]["name"]) == (1, "web"), summary
    assert all(name in banner(summary) for name in ("rules.toml", "waivers.toml"))


def test_a_baseline_of_the_tree_is_the_base_s_and_one_beside_it_the_operator_s(project: Project) -> None:
    (project.top / "old.py").write_text(WEAK)
    project.adopt()
    args = ["--now", NOW, "--advisories", str(ROOT / "examples/advisories")]
    for name in ("weak.py", "old.py"):  # the first one holds old.py alone, the second both
        reference = project.folder / f"{name}.sarif"
        assert govsec("run", project.top, *args, "--out", project.folder / "b").returncode == 1
        assert govsec("baseline", "--out", project.folder / "b", "--to", reference).returncode == 0
        (project.top / "weak.py").write_text(WEAK)
    git(project.top, "switch", "-q", "main")
    (project.top / "weak.py").unlink()
    (project.top / "baseline.sarif").write_bytes((project.folder / "weak.py.sarif").read_bytes())
    commit_all(project.top, "A baseline")
    git(project.top, "branch", "-qD", "change")
    git(project.top, "switch", "-qc", "change")
    (project.top / "weak.py").write_text(WEAK)
    (project.top / "baseline.sarif").write_bytes((project.folder / "old.py.sarif").read_bytes())
    checkout = project.clone("--depth=1")
    _code, _verdict, summary = judge(project, checkout, "--baseline", str(checkout / "baseline.sarif"))
    assert "baseline.sarif" in banner(summary)
    kept = (project.folder / "out/inputs/baseline.sarif").read_bytes()
    assert kept == (project.folder / "weak.py.sarif").read_bytes()
    (checkout / "carried.sarif").write_bytes((project.folder / "old.py.sarif").read_bytes())
    judge(project, checkout, "--baseline", str(checkout / "carried.sarif"))
    kept = (project.folder / "out/inputs/baseline.sarif").read_bytes()
    assert kept == (project.folder / "old.py.sarif").read_bytes()


def test_files_that_the_base_does_not_have_are_not_given(project: Project) -> None:
    project.adopt()
    (project.top / "weak.py").write_text(WEAK)
    (project.top / "waivers.toml").write_text(WAIVER.replace("old.py", "weak.py"))
    (project.top / "vex.json").write_text("{}")
    checkout = project.clone("--depth=1")
    given = ["--waivers", "waivers.toml", "--vex", "vex.json"]
    code, _verdict, summary = judge(project, checkout, *given, cwd=checkout)
    assert code == 1, summary
    assert all(name in banner(summary) for name in ("waivers.toml", "vex.json"))
    assert not (project.folder / "out/inputs/waivers.toml").exists()


def test_what_the_base_alone_has_changed_since_is_no_change_of_this_one(project: Project) -> None:
    project.adopt()
    (project.top / "app.py").write_text("ANSWER = 43\n")
    commit_all(project.top, "Change")
    git(project.top, "switch", "-q", "main")
    _waived(project.top)
    commit_all(project.top, "Waive on main")
    git(project.top, "switch", "-q", "change")
    code, _verdict, summary = judge(project, project.clone())
    assert code == 0, summary
    assert "needs approval" not in summary


def test_tightened_settings_of_bandit_and_others_are_no_attempt(project: Project) -> None:
    _tool_bandit(project.top)
    project.adopt()
    text = (project.top / "pyproject.toml").read_text().replace('skips = ["B602"]\n', "").replace("1.0", "1.1")
    (project.top / "pyproject.toml").write_text(text)
    _code, _verdict, summary = judge(project, project.clone("--depth=1"))
    assert "needs approval" not in summary


@pytest.mark.parametrize("depth", [(), ("--depth=1",)], ids=["whole", "shallow"])
def test_the_change_that_adopts_the_gate_is_judged_by_the_shipped_profile(
    project: Project, depth: tuple[str, ...]
) -> None:
    project.begin()
    (project.top / "govsec.toml").write_text('profiles = ["rules.toml"]\nexclude = ["weak.py"]\n')
    (project.top / "rules.toml").write_text(STRICT)
    _waived(project.top)
    (project.top / "weak.py").write_text(WEAK)
    code, verdict, summary = judge(project, project.clone(*depth))
    assert code == 1, summary
    assert [one["id"] for one in verdict["profiles"]] == ["jp-gov"]
    assert all(name in banner(summary) for name in ("govsec.toml", "govsec-waivers.toml"))


def test_none_judges_by_the_rules_of_the_tree(project: Project) -> None:
    project.adopt()
    (project.top / "weak.py").write_text(WEAK)
    _excluded(project.top)
    checkout = project.clone("--depth=1")
    code, verdict, summary = judge(project, checkout, "--policy-ref", "none")
    assert code == 0, summary
    assert [one["id"] for one in verdict["profiles"]] == ["ours"]


def test_a_merge_request_of_gitlab_is_judged_by_its_target_branch(project: Project) -> None:
    project.adopt()
    (project.top / "weak.py").write_text(WEAK)
    _excluded(project.top)
    checkout = project.clone("--depth=1")
    git(project.folder, "clone", "-q", "--bare", project.top.as_uri(), "owner/project.git")
    variables = {
        "GITLAB_CI": "true",
        "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
        "CI_MERGE_REQUEST_PROJECT_URL": (project.folder / "owner/project").as_uri(),
    }
    out = project.folder / "out"
    given = ["--advisories", ROOT / "examples/advisories", "--now", NOW, "--out", out]
    done = govsec("run", checkout, *given, variables=variables)
    assert done.returncode == 1, done.stderr
    assert "govsec.toml" in banner((out / "summary.md").read_text("utf-8"))


@pytest.mark.parametrize(
    ("event", "given", "code"),
    [
        ("pull_request", "", 1),
        ("pull_request", "none", 0),
        # Nothing is to be merged: the pushed commit's own rules hold, unless the caller names others.
        ("push", "", 0),
        ("push", "refs/heads/main", 1),
    ],
)
def test_the_action_asks_the_base_likewise(project: Project, event: str, given: str, code: int) -> None:
    project.adopt()
    (project.top / "weak.py").write_text(WEAK)
    _excluded(project.top)
    runner = {
        "GITHUB_WORKSPACE": str(project.clone("--depth=1")),
        "RUNNER_TEMP": str(project.folder),
        "GITHUB_STEP_SUMMARY": str(project.folder / "summary.md"),
        "GITHUB_OUTPUT": str(project.folder / "output"),
        "GOVSEC_INPUT_ADVISORIES": str(ROOT / "examples/advisories"),
        "GOVSEC_INPUT_NOW": NOW,
        "GOVSEC_INPUT_POLICY_REF": given,
        "GITHUB_EVENT_NAME": event,
    }
    done = govsec("action", cwd=project.folder, variables=project.environment() | runner)
    assert done.returncode in (0, code), done.stderr
    summary = (project.folder / "summary.md").read_text()
    assert ("FAIL" if code else "PASS") in summary.splitlines()[0]
    assert ("govsec.toml" in banner(summary)) == bool(code)


def test_a_base_that_cannot_be_had_is_no_verdict(project: Project) -> None:
    project.adopt()
    checkout = project.clone("--depth=1")
    git(project.folder, "clone", "-q", "--bare", checkout.as_uri(), "owner/without-base.git")
    variables = project.environment() | {"GITHUB_REPOSITORY": "owner/without-base.git"}
    done = govsec("run", checkout, "--now", NOW, "--offline", "--out", project.folder / "out", variables=variables)
    assert done.returncode == 2
    assert "cannot be fetched" in done.stderr
    assert not (project.folder / "out").exists()


def test_a_ref_that_a_shallow_clone_does_not_hold_is_said(project: Project) -> None:
    project.adopt()
    shallow = project.clone("--depth=1")
    code, _verdict, told = judge(project, shallow, "--policy-ref", "main", ci=False)
    assert code == 2
    assert "git fetch --depth=1 origin main" in told
    git(shallow, "fetch", "-q", "--depth=1", "origin", "main:main")
    code, verdict, summary = judge(project, shallow, "--policy-ref", "main", ci=False)
    assert [one["id"] for one in verdict["profiles"]] == ["ours"], summary


def test_a_ref_is_never_taken_for_an_option(project: Project) -> None:
    project.adopt()
    done = govsec("run", project.top, "--policy-ref=--help", "--out", project.folder / "out")
    assert done.returncode == 2
    assert "is no git ref" in done.stderr


def test_a_pinned_profile_must_be_the_one(project: Project) -> None:
    (project.top / "govsec.toml").write_text(f'profiles = ["rules.toml"]\n[pins]\nours = "{"0" * 64}"\n')
    (project.top / "rules.toml").write_text(STRICT)
    project.begin()
    code, _verdict, told = judge(project, project.clone("--depth=1"))
    assert code == 2
    assert "is pinned" in told


def test_a_profile_of_a_separate_policy_checkout(project: Project) -> None:
    project.adopt()
    policies = new_repository(project.folder / "policies")
    (policies / "house.toml").write_text(STRICT.replace('id = "ours"', 'id = "house"'))
    commit_all(policies, "House rules")
    (project.top / "weak.py").write_text(WEAK)
    code, verdict, summary = judge(project, project.clone(), "--profile", str(policies / "house.toml"))
    assert [one["id"] for one in verdict["profiles"]] == ["house"], summary
    assert code == 1
