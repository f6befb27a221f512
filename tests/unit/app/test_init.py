"""``govsec init`` writes what is missing and leaves what is there; ``govsec doctor`` says what is missing."""

import json
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from govsec_ci import cli
from govsec_ci.app import init, init_files
from govsec_ci.app.init_files import HookSource
from govsec_ci.errors import InputError, UsageError
from tests.conftest import ROOT
from tests.support.staging import small_repository, write

HERE = HookSource()
FAR = HookSource(url="https://github.com/agency/govsec_ci.git", rev="a" * 40)
OLD = """# ours
repos:
# first
- repo: https://example.org/x
  rev: v1
  hooks:
  - id: x   # keep
    args: [a,
      b]
"""
BLOCK = "id: b\n{i}    name: |\n{i}      text\n{i}      more"


@pytest.fixture
def top(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GOVSEC_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("GOVSEC_ADVISORIES", raising=False)
    return small_repository(tmp_path / "repo")


def paths(top: Path, source: HookSource = HERE) -> list[str]:
    return [change.path for change in init.plan(top, source, ("jp-gov",))]


def test_everything_is_written_once(top: Path) -> None:
    expected = ["govsec.toml", "govsec-waivers.toml", ".pre-commit-config.yaml", ".github/workflows/govsec.yml"]
    assert paths(top) == expected
    init.write(top, init.plan(top, HERE, ("jp-gov",)))
    assert paths(top) == []
    assert (top / "govsec.toml").read_text().endswith('profiles = ["jp-gov"]\n')


def test_the_workflow_is_the_one_of_the_documentation() -> None:
    assert (ROOT / "docs/workflows/pull-request.yml").read_text("utf-8") == init_files.WORKFLOW
    assert init_files.PLACEHOLDER in init_files.WORKFLOW


def test_settings_in_pyproject_are_settings(top: Path) -> None:
    write(top, {"pyproject.toml": '[project]\nname = "a"\n[tool.govsec]\nprofiles = ["essentials"]\n'})
    assert "govsec.toml" not in paths(top)


@pytest.mark.parametrize("table", ["[tool.govsec.parameters]\nexposure = 'public'", "[tool]\ngovsec = { name = 'a' }"])
def test_they_are_found_however_toml_writes_the_table(top: Path, table: str) -> None:
    write(top, {"pyproject.toml": f'[project]\nname = "a"\n{table}\n'})
    assert "govsec.toml" not in paths(top), "settings in two places are an error"


def test_a_profile_of_any_name_is_written_as_toml(top: Path) -> None:
    (settings, *_) = init.plan(top, HERE, ('policy\\our "own".toml',))
    assert tomllib.loads(settings.after)["profiles"] == ['policy\\our "own".toml']


def test_the_hooks_of_an_installation_are_called_for_the_files_that_pre_commit_hooks_yaml_names(top: Path) -> None:
    published = {hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))}
    (own,) = yaml.safe_load(init_files.hooks(init.hook_ids(init.look(top)), HERE))[0:1]
    for hook in own["hooks"]:
        theirs = published[hook["id"]]
        plain = "".join(theirs.get("files", "").split()).replace("(?xi)", "(?i)")
        assert hook.get("files", "") == plain, hook["id"]
        assert hook["entry"] == theirs["entry"]
        for key in ("pass_filenames", "always_run", "require_serial"):
            assert hook.get(key) == theirs.get(key), hook["id"]


def test_only_hooks_that_have_something_to_look_at(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("Nothing yet\n")
    assert init.hook_ids(init.look(tmp_path)) == ["govsec-pipeline", "govsec-waivers", "govsec-gate"]


def test_a_repository_as_source_names_it_everywhere(top: Path) -> None:
    changes = {change.path: change.after for change in init.plan(top, FAR, ("jp-gov",))}
    config = yaml.safe_load(changes[".pre-commit-config.yaml"])
    assert (config["repos"][0]["repo"], config["repos"][0]["rev"]) == (FAR.url, FAR.rev)
    assert f"uses: agency/govsec_ci@{FAR.rev} " in changes[".github/workflows/govsec.yml"]


def test_another_host_leaves_the_workflow_to_its_owner(top: Path) -> None:
    elsewhere = HookSource(url="https://git.example.go.jp/govsec_ci", rev="a" * 40)
    changes = {change.path: change.after for change in init.plan(top, elsewhere, ("jp-gov",))}
    assert init_files.PLACEHOLDER in changes[".github/workflows/govsec.yml"]


@pytest.mark.parametrize("prefix", ["https://github.com/", "ssh://git@github.com/", "git@github.com:"])
def test_a_repository_of_github_by_any_of_its_addresses(top: Path, prefix: str) -> None:
    source = HookSource(url=f"{prefix}agency/govsec_ci.git", rev="a" * 40)
    assert f"uses: agency/govsec_ci@{source.rev} " in init.plan(top, source, ("jp-gov",))[-1].after


@pytest.mark.parametrize(
    "url", ["ssh://git@ghe.example/agency/govsec_ci", "file:///srv/agency/govsec_ci", "/srv/govsec_ci", r"C:\govsec_ci"]
)
def test_what_github_could_not_resolve_is_no_action(top: Path, url: str) -> None:
    assert init_files.PLACEHOLDER in init.plan(top, HookSource(url=url, rev="v1"), ("jp-gov",))[-1].after


@pytest.mark.parametrize("rev", ["1.0", "v1.0", "1234567", "0e1", "2026-04-01", "a: b", "[", "y # z"])
def test_a_revision_stays_a_text_in_yaml(rev: str) -> None:
    (own,) = yaml.safe_load(init_files.hooks(["govsec-gate"], HookSource(url="https://example.org/x", rev=rev)))
    assert (own["rev"], own["repo"]) == (rev, "https://example.org/x")


def test_hooks_that_are_missing_beside_ours_are_added_and_comments_call_none() -> None:
    before = "repos:\n- repo: https://github.com/agency/govsec_ci\n  rev: v1\n  hooks:\n  - {id: 'govsec-bandit'}\n"
    before += "  # - id: govsec-audit\n"
    ids = ["govsec-bandit", "govsec-audit", "govsec-gate"]
    after = init.with_hooks(before, ids, FAR)
    added = yaml.safe_load(after)["repos"][1]
    assert [hook["id"] for hook in added["hooks"]] == ["govsec-audit", "govsec-gate"]
    assert init.hooks_called(after) == set(ids)


def test_of_two_lists_pre_commit_takes_the_last_and_so_do_we() -> None:
    one = "repos:\n- repo: x\n  hooks: [{id: govsec-bandit}]\n"
    assert init.hooks_called(one + one.replace("govsec-bandit", "other")) == {"other"}


def test_a_workflow_that_speaks_of_govsec_in_a_comment_alone_does_not_call_it(top: Path) -> None:
    commented = f"on: push\njobs: {{}}\n  # - uses: {init_files.PLACEHOLDER}\n"
    write(top, {".github/workflows/x.yml": commented})
    assert init.WORKFLOW in paths(top)
    write(top, {".github/workflows/x.yml": commented.replace("  # - uses", "  - uses")})
    assert init.WORKFLOW not in paths(top)


def test_nothing_is_written_through_a_link_out_of_the_project(tmp_path: Path, top: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (top / ".github").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="leads out of the project"):
        init.write(top, init.plan(top, HERE, ("jp-gov",)))
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert not (top / "govsec.toml").exists(), "all or nothing"


def test_what_is_shown_turns_no_text_around(top: Path) -> None:
    (top / ".pre-commit-config.yaml").write_text(OLD + "# \u202eclear\n")  # YAML itself refuses an escape
    shown = "\n".join(init.shown(one, init.words("en")) for one in init.plan(top, HERE, ("jp-gov",)))
    assert "\u202e" not in shown
    assert "<U+202E>clear" in shown


@pytest.mark.parametrize("rest", ["", "\n# tail\ndefault_stages: [pre-commit]\n", "ci: {skip: [x]}\n"])
@pytest.mark.parametrize("source", [HERE, FAR])
def test_an_existing_configuration_keeps_every_byte(rest: str, source: HookSource) -> None:
    ids = ["govsec-bandit", "govsec-gate"]
    after = init.with_hooks(OLD + rest, ids, source)
    assert after.startswith(OLD)
    assert after.endswith(rest)
    added = yaml.safe_load(after)["repos"]
    assert [hook["id"] for hook in added[1]["hooks"]] == ids
    assert added[0] == yaml.safe_load(OLD)["repos"][0]
    assert init.with_hooks(after, ids, source) == after


@given(
    st.integers(0, 4),
    st.lists(st.sampled_from(["id: a", BLOCK]), min_size=1),
    st.sampled_from(["", "\n", "\n\n# end\n", "\nfail_fast: true\n"]),
)
@settings(deadline=None, max_examples=40)
def test_any_block_style_configuration_can_be_added_to(indent: int, hooks: list[str], rest: str) -> None:
    pad = " " * indent
    text = "repos:\n" + "".join(f"{pad}- repo: r\n{pad}  hooks:\n{pad}  - {hook.format(i=pad)}\n" for hook in hooks)
    before = text.rstrip("\n") + rest
    after = yaml.safe_load(init.with_hooks(before, ["govsec-bandit"], HERE))
    before += "" if rest else "\n"  # the line end that is missing is added
    assert after["repos"][:-1] == yaml.safe_load(before)["repos"]
    assert after["repos"][-1]["repo"] == "local"
    assert {**after, "repos": 0} == {**yaml.safe_load(before), "repos": 0}


@pytest.mark.parametrize("text", ["repos: []\n", "repos: [{repo: a}]\n", "- a\n", "", "repos: [\n", "other: 1\n"])
def test_what_cannot_be_added_to_is_left_alone(text: str) -> None:
    with pytest.raises(InputError, match="pre-commit-config"):
        init.with_hooks(text, ["govsec-bandit"], HERE)


def test_the_installation_may_know_where_it_comes_from(monkeypatch: pytest.MonkeyPatch) -> None:
    class Installed:
        def __init__(self, text: str | None) -> None:
            self.text = text

        def read_text(self, _name: str) -> str | None:
            return self.text

    known = {"url": FAR.url, "vcs_info": {"vcs": "git", "commit_id": FAR.rev}}
    for text, source in ((json.dumps(known), FAR), ('{"url": "file:///x"}', HERE), (None, HERE), ("{", HERE)):
        monkeypatch.setattr(metadata, "distribution", lambda name, text=text: Installed(text))
        assert init.source_of_installation() == source


def test_wrong_places_and_files_are_told(tmp_path: Path, top: Path) -> None:
    with pytest.raises(UsageError, match="no such folder"):
        init.look(tmp_path / "nowhere")
    (top / ".pre-commit-config.yaml").write_bytes(b"\xff")
    with pytest.raises(InputError, match="UTF-8"):
        paths(top)


def test_a_japanese_reader(top: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        assert cli.main(["init", str(top), "--lang", "ja"]) == 0
    said = [line for line in capsys.readouterr().out.splitlines() if not line.startswith("    ")]
    assert said[0] == "govsec.toml: 設定"
    assert said[-1] == "すべて整っている。"
    assert not any(line.isascii() for line in said)


def test_the_command_shows_first_and_a_dry_run_writes_nothing(
    top: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cli.main(["init", str(top), "--dry-run"]) == 0
    assert '+profiles = ["jp-gov"]' in capsys.readouterr().out
    assert not (top / "govsec.toml").exists()
    assert cli.main(["init", str(top), "--profile", "essentials"]) == 0
    assert 'profiles = ["essentials"]' in (top / "govsec.toml").read_text()
    capsys.readouterr()
    assert cli.main(["init", str(top)]) == 0
    assert capsys.readouterr().out == "Everything is in place.\n"
    assert cli.main(["init", str(top), "--rev", "abc"]) == 2
