"""The rules that a hook judges by are those of what is staged, like the rest of it; other files are the caller's."""

import subprocess
from pathlib import Path
from types import ModuleType

import pytest
from govsec_ci_hooks import audit, bandit, gate, pipeline, sbom, waivers

from govsec_ci.gate import profile as profiles
from tests.support.repositories import commit_all, git
from tests.support.staging import SHELL, call, small_repository, stage, write

NOW = ("--now", "2024-10-12T00:00:00Z")
STRICT = """schema = 1
id = "{id}"
version = "1"
status = "unverified"
jurisdiction = "JP"
extends = "{extends}"
title = {{ en = "x", ja = "x" }}
text = {{ en = "x", ja = "x" }}
"""
LAX = STRICT + '[drop]\nstatic-high = "no"\nstatic-medium = "no"\nstatic-scan = "no"\n'
WAIVER = """[[waivers]]
id = "W-1"
rule = "B602"
path = "app.py"
reason = "Only fixed commands reach it."
owner = "hanako"
approver = "ciso"
ticket = "SEC-1"
created = 2024-09-01
expires = 2024-11-30
plan = "Replace it with a list."
"""


@pytest.fixture
def top(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("PRE_COMMIT_TO_REF", "PRE_COMMIT_LOCAL_BRANCH", "PRE_COMMIT_FROM_REF"):
        monkeypatch.delenv(name, raising=False)
    return small_repository(tmp_path / "repo")


def strict(name: str = "ours", extends: str = "jp-gov") -> str:
    return STRICT.format(id=name, extends=extends)


def lax(name: str = "ours", extends: str = "jp-gov") -> str:
    return LAX.format(id=name, extends=extends)


def test_a_profile_that_the_settings_name_is_the_staged_one(top: Path) -> None:
    stage(top, {"govsec.toml": 'profiles = ["rules/ours.toml"]\n', "rules/ours.toml": strict(), "app.py": SHELL})
    write(top, {"rules/ours.toml": lax()})
    code, said = call(bandit.main, top, *NOW, "app.py")
    assert code == 1
    assert "FAIL ours/static-high" in said
    write(top, {"rules/ours.toml": "no = [\n"})
    assert call(bandit.main, top, *NOW, "app.py")[0] == 1
    (top / "rules/ours.toml").unlink()
    assert call(bandit.main, top, *NOW, "app.py")[0] == 1


PINS = 'profiles = ["ours.toml"]\n[pins]\nours = "{sha256}"\n'
HOOKS = [(bandit, "app.py"), (audit, ""), (sbom, ""), (pipeline, ""), (waivers, ""), (gate, "")]


@pytest.mark.parametrize(("hook", "file"), HOOKS, ids=[one.__name__.rpartition(".")[2] for one, _ in HOOKS])
def test_a_profile_that_differs_from_its_pin_judges_in_no_hook(top: Path, hook: ModuleType, file: str) -> None:
    approved = profiles.reference(profiles.loads(strict().encode(), "ours.toml")).sha256
    stage(top, {"govsec.toml": PINS.format(sha256=approved), "ours.toml": strict()})
    arguments = (*NOW, *filter(None, [file]))
    assert "is pinned" not in call(hook.main, top, *arguments)[1], "the approved one"
    git(top, "commit", "-qm", "Approved")
    git(top, "branch", "approved")
    stage(top, {"ours.toml": lax()})
    write(top, {"ours.toml": strict(), "govsec.toml": ""})
    code, said = call(hook.main, top, *arguments)
    assert (code, f"but {approved} is pinned" in said) == (2, True), said
    assert "PASS" not in said
    assert "/govsec-" not in said
    assert "is pinned" not in call(hook.main, top, *arguments, "--ref", "approved")[1]


def test_a_pin_holds_for_shipped_profiles_and_for_those_of_the_caller(top: Path) -> None:
    stage(top, {"govsec.toml": f'[pins]\nours = "{"0" * 64}"\njp-gov = "{"0" * 64}"\n', "app.py": SHELL})
    write(top.parent, {"ours.toml": lax()})
    for more in ((), ("--profile", "../ours.toml"), ("--profile", "jp-gov")):
        code, said = call(bandit.main, top, *NOW, *more, "app.py")
        assert (code, "is pinned" in said) == (2, True), more


def test_wherever_the_hook_is_called(top: Path) -> None:
    stage(top, {"govsec.toml": 'profiles = ["ours.toml"]\n', "ours.toml": strict(), "src/app.py": SHELL})
    code, said = call(bandit.main, top / "src", *NOW, "app.py")
    assert (code, "FAIL ours/static-high" in said) == (1, True)


def test_what_it_extends_is_staged_too(top: Path) -> None:
    files = {"rules/ours.toml": strict(extends="../base/agency.toml"), "base/agency.toml": strict("agency")}
    stage(top, files | {"govsec.toml": 'profiles = ["rules/ours.toml"]\n', "app.py": SHELL})
    write(top, {"base/agency.toml": lax("agency")})
    code, said = call(bandit.main, top, *NOW, "app.py")
    assert (code, "FAIL ours/static-high" in said) == (1, True)


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({}, "rules/ours.toml: is not staged"),
        ({"rules/ours.toml": strict(extends="./agency.toml")}, "rules/agency.toml: is not staged"),
        ({"rules/ours.toml": strict(extends="../../agency.toml")}, "../agency.toml: is not staged"),
        ({"rules/ours.toml": "no = [\n"}, "rules/ours.toml: not valid TOML"),
    ],
)
def test_rules_that_are_not_staged_are_wrong_input(top: Path, files: dict[str, str], told: str) -> None:
    stage(top, files | {"govsec.toml": 'profiles = ["rules/ours.toml"]\n', "app.py": SHELL})
    write(top, {"rules/ours.toml": files.get("rules/ours.toml", lax()), "rules/agency.toml": lax("agency")})
    write(top.parent, {"agency.toml": lax("agency")})
    code, said = call(bandit.main, top, *NOW, "app.py")
    assert code == 2
    assert told in said.splitlines()[0]
    assert "/govsec-" not in said, "no private folder is named"


def test_a_profile_outside_of_the_repository_is_read_from_there(top: Path) -> None:
    write(top.parent, {"policy/ours.toml": lax()})
    stage(top, {"app.py": SHELL})
    for named in ("../policy/ours.toml", str(top.parent / "policy/ours.toml")):
        assert call(bandit.main, top, *NOW, "--profile", named, "app.py")[0] == 0
        stage(top, {"govsec.toml": f'profiles = ["{named}"]\n'})
        assert call(bandit.main, top, *NOW, "app.py")[0] == 0
        git(top, "rm", "-q", "-f", "govsec.toml")


def test_what_the_caller_names_is_the_staged_one_too_where_git_knows_it(top: Path) -> None:
    stage(top, {"ours.toml": strict(), "other.toml": 'profiles = ["ours.toml"]\n', "app.py": SHELL})
    write(top, {"ours.toml": lax(), "other.toml": 'profiles = ["essentials"]\n', "own.toml": lax("own")})
    assert "FAIL ours/static-high" in call(bandit.main, top, *NOW, "--profile", "ours.toml", "app.py")[1]
    assert "FAIL ours/static-high" in call(bandit.main, top, *NOW, "--profile", top / "ours.toml", "app.py")[1]
    assert "FAIL ours/static-high" in call(bandit.main, top, *NOW, "--config", "other.toml", "app.py")[1]
    assert call(bandit.main, top, *NOW, "--profile", "own.toml", "app.py")[0] == 0, "git does not know it"


def test_policy_files_behind_links_are_those_of_the_snapshot(top: Path) -> None:
    stage(
        top,
        {"policy/settings.toml": 'profiles = ["ours.toml"]\n', "policy/waivers.toml": "", "policy/p.toml": strict()},
    )
    for name, target in {"govsec.toml": "settings", "govsec-waivers.toml": "waivers", "ours.toml": "p"}.items():
        (top / name).symlink_to(f"policy/{target}.toml")
    stage(top, {"app.py": SHELL})
    write(top, {"policy/settings.toml": 'profiles = ["essentials"]\n', "policy/p.toml": lax()})
    assert "FAIL ours/static-high" in call(bandit.main, top, *NOW, "app.py")[1]
    stage(top, {"policy/waivers.toml": WAIVER, "policy/settings.toml": "", "policy/p.toml": strict()})
    code, said = call(bandit.main, top, *NOW, "app.py")
    assert (code, "profile jp-gov" in said) == (0, True)
    assert call(waivers.main, top, *NOW)[0] == 0
    stage(top, {"policy/waivers.toml": WAIVER.replace("ciso", "hanako")})
    assert call(waivers.main, top, *NOW)[0] == 1


@pytest.mark.parametrize("target", ["../elsewhere.toml", "nowhere.toml", "govsec.toml"])
def test_settings_behind_a_link_that_leads_away_are_not_passed_over(top: Path, target: str) -> None:
    write(top.parent, {"elsewhere.toml": "profiles = []\n"})
    (top / "govsec.toml").symlink_to(target)
    stage(top, {"app.py": SHELL})
    code, said = call(bandit.main, top, *NOW, "app.py")
    assert (code, "govsec.toml: is no file of what is staged" in said) == (2, True)


def test_settings_in_conflict_are_not_passed_over(top: Path) -> None:
    stage(top, {"govsec.toml": "exclude = []\n"})
    blob = git(top, "rev-parse", ":govsec.toml").strip()
    entries = "".join(f"100644 {blob} {stage}\tgovsec.toml\n" for stage in (1, 2, 3))
    git(top, "rm", "-q", "--cached", "govsec.toml")
    subprocess.run(["git", "update-index", "--index-info"], cwd=top, input=entries, text=True, check=True)
    code, said = call(bandit.main, top, *NOW, "app.py")
    assert (code, "govsec.toml: a merge conflict is open" in said) == (2, True)


def test_waivers_that_nobody_has_staged_are_not_checked(top: Path) -> None:
    write(top, {"govsec-waivers.toml": "no = [\n"})
    assert call(waivers.main, top, *NOW) == (0, "")


def test_a_pushed_commit_is_judged_by_its_own_rules(top: Path) -> None:
    stage(top, {"govsec.toml": 'profiles = ["ours.toml"]\n', "ours.toml": strict(), "app.py": SHELL})
    bad = commit_all(top, "Rules")
    stage(top, {"ours.toml": lax()})
    code, said = call(bandit.main, top, *NOW, "--ref", bad, "app.py")
    assert (code, "FAIL ours/static-high" in said) == (1, True)
    git(top, "rm", "-q", "-f", "ours.toml")
    without = commit_all(top, "No rules")
    write(top, {"ours.toml": lax()})
    code, said = call(audit.main, top, *NOW, "--ref", without)
    assert (code, "ours.toml: is not in the commit" in said) == (2, True)


def test_the_gate_reads_named_rules_from_git(top: Path, tmp_path: Path) -> None:
    write(tmp_path / "advisories", {"none.json": "{}"})
    stage(top, {"ours.toml": strict(), "w.toml": WAIVER.replace("ciso", "hanako"), "c.toml": "", "app.py": SHELL})
    write(top, {"ours.toml": "no = [\n", "w.toml": "no = [\n", "c.toml": "no = [\n"})
    given = ("--profile", "ours.toml", "--waivers", "w.toml", "--config", top / "c.toml", "--out", tmp_path / "out")
    code, said = call(gate.main, top, *NOW, "--quiet", "--offline", *given)
    assert code in (1, 3), said
    assert (tmp_path / "out/inputs/profiles/ours.json").exists()
    assert "hanako" in (tmp_path / "out/inputs/waivers.toml").read_text("utf-8")
    write(top, {"own.toml": "no = [\n"})
    code, said = call(gate.main, top, *NOW, "--quiet", "--offline", "--profile", "own.toml", "--out", tmp_path / "out")
    assert (code, "own.toml: not valid TOML" in said) == (2, True)
