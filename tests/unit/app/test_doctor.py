"""``govsec doctor`` says what is missing, each with the next step; nothing that is broken hides the rest."""

import os
import re
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import pytest

from govsec_ci import cli
from govsec_ci.app import init
from govsec_ci.app.doctor import Said, examine
from govsec_ci.app.init_files import HookSource
from govsec_ci.errors import UsageError
from tests.conftest import ROOT
from tests.support.repositories import commit_all, git
from tests.support.staging import small_repository, write

HERE = HookSource()
FAR = HookSource(url="https://github.com/agency/govsec_ci.git", rev="a" * 40)
ADVISORIES = ROOT / "examples/advisories"
# Some days after the newest of them.
NOW = datetime(2024, 10, 12, tzinfo=UTC)
Programs = Callable[..., None]


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    """Leaves only these on PATH: git, and programs that print what is given."""

    def leave(*, git_too: bool = True, **told: str) -> None:
        folder = tmp_path / f"bin-{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        for name, text in told.items():
            program = folder / name.replace("_", "-")
            program.write_text(f"#!/bin/sh\necho '{text}'\n")
            program.chmod(0o755)
        if git_too:
            (folder / "git").symlink_to(next(p for p in _found("git")))
        monkeypatch.setenv("PATH", str(folder))

    return leave


def _found(name: str) -> list[Path]:
    places = [Path(folder) / name for folder in os.environ["PATH"].split(os.pathsep)]
    return [place for place in places if place.exists()]


@pytest.fixture
def top(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, programs: Programs) -> Path:
    monkeypatch.setenv("GOVSEC_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("GOVSEC_ADVISORIES", raising=False)
    made = small_repository(tmp_path / "repo")
    programs(pre_commit="pre-commit 4.2.0")
    return made


def mends(top: Path, advisories: Path | None = ADVISORIES, now: datetime = NOW) -> dict[str, str]:
    return {one.what: one.mend for one in examine(top, advisories, now) if one.mend}


def ready(top: Path) -> None:
    """All that init writes, and the hooks where pre-commit puts them."""
    init.write(top, init.plan(top, FAR, ("jp-gov",)))
    commit_all(top, "Use govsec")
    for name in ("pre-commit", "pre-push"):
        (top / f".git/hooks/{name}").write_text("#!/bin/sh\n")
        (top / f".git/hooks/{name}").chmod(0o755)


def test_a_profile_that_is_not_the_pinned_one_is_told(top: Path) -> None:
    ready(top)
    write(top, {"govsec.toml": f'profiles = ["jp-gov"]\n[pins]\njp-gov = "{"0" * 64}"\n'})
    ((what, mend),) = mends(top).items()
    assert what.startswith("profile jp-gov: its sha256 is ")
    assert "govsec profile diff" in mend


def test_it_is_content_when_all_is_in_place(top: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ready(top)
    assert mends(top) == {}
    assert cli.main(["doctor", str(top), "--advisories", str(ADVISORIES), "--now", "2024-10-12T00:00:00Z"]) == 0
    told = capsys.readouterr().out
    assert "ok  bandit 1.9.4" in told
    assert "ok  advisory data: osv of 2024-10-08, 3 days old, at most " in told


def test_it_names_what_is_missing_and_how_to_mend_it(top: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = mends(top, None)
    assert found == {
        "no advisory data is stored": "govsec advisories sync, or carry data in: govsec advisories import FILE",
        ".pre-commit-config.yaml lacks govsec-bandit, govsec-audit, govsec-sbom, govsec-pipeline, govsec-waivers, "
        "govsec-gate": "govsec init, or docs/pre-commit.md",
        "no workflow calls govsec": "govsec init, or docs/github-action.md",
    }  # fmt: skip
    assert cli.main(["doctor", str(top)]) == 3
    assert "      to do: govsec init" in capsys.readouterr().out


def test_a_japanese_reader_is_told_all_of_it_in_japanese(top: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(top, {"requirements.txt": "idna>=3\n", "setup.cfg": "[metadata]\nname = a\n"})
    assert cli.main(["doctor", str(top), "--lang", "ja"]) == 3
    ready(top)
    write(top, {"govsec.toml": f'profiles = ["jp-gov"]\n[pins]\njp-gov = "{"0" * 64}"\n', "govsec-waivers.toml": "["})
    (top / ".pre-commit-config.yaml").write_text("repos:\n- repo: [x\n")
    assert cli.main(["doctor", str(top), "--lang", "ja", "--advisories", str(top / "nowhere")]) == 3
    said = capsys.readouterr().out.splitlines()
    tools = {line for line in said if re.fullmatch(r"(ok|!!)  [\w-]+ [\d.]+", line)}
    errors = {line for line in said if line.startswith("!!  ") and line.isascii()}
    english = [line for line in said if line.isascii() and line not in tools | errors]
    assert english == []
    # What an error names is told as it is; what to do about it is not.
    assert len(errors) == 3, errors
    assert any("対処: " in line for line in said)


def test_it_looks_at_everything_even_where_something_is_broken(top: Path) -> None:
    init.write(top, init.plan(top, HERE, ("jp-gov",)))
    write(top, {"govsec-waivers.toml": "nonsense = 1\n", "requirements.txt": "idna>=3\n"})
    (top / "govsec.toml").write_text('profiles = ["jp-gvo"]\n')
    found = mends(top)
    assert "did you mean 'jp-gov'?" in found["profile 'jp-gvo': there is no such profile"]
    assert any("nonsense" in what for what in found)
    assert "--environment" in found["requirements.txt: 1 component, 1 not auditable"]
    assert any("OWNER/govsec_ci@" in mend for what, mend in found.items() if "placeholder" in what)
    what = "not installed in this checkout: the pre-commit and pre-push hook"
    assert found[what] == "pre-commit install --hook-type pre-commit --hook-type pre-push"


@pytest.mark.parametrize("text", ["profiles = [\n", 'profilez = ["jp-gov"]\n'])
def test_broken_settings_hide_nothing_else(top: Path, text: str) -> None:
    (top / "govsec.toml").write_text(text)
    found = mends(top)
    assert [mend for what, mend in found.items() if "govsec.toml" in what] == [
        "correct the key or value; docs/usage.md lists every setting"
    ]
    assert "no workflow calls govsec" in found


@pytest.mark.parametrize(
    ("path", "text", "settings"),
    [
        ("old/requirements.txt", "idna>=3\n", 'exclude = ["old"]\n'),
        ("old.requirements.txt", "!\n", '[[out-of-scope]]\npath = "old.requirements.txt"\nowner = "A"\nreason = "x"\n'),
        (
            "requirements.txt",
            "idna==3.10\nOur_Auth @ git+https://h/x@1\n",
            '[[declared]]\nname = "our.auth"\nowner = "A"\nreason = "audited by its owner"\n',
        ),
    ],
)
def test_what_the_settings_answer_is_not_lacking(top: Path, path: str, text: str, settings: str) -> None:
    ready(top)
    write(top, {path: text})
    assert any("not auditable" in what for what in mends(top))
    write(top, {"govsec.toml": settings})
    assert mends(top) == {}


def test_a_hook_that_git_would_not_run_is_not_installed(top: Path) -> None:
    ready(top)
    (top / ".git/hooks/pre-push").chmod(0o644)
    assert mends(top) == {
        "not installed in this checkout: the pre-push hook": "pre-commit install --hook-type pre-push"
    }


@pytest.mark.parametrize("own", [True, False])
def test_hooks_lie_where_git_s_settings_say(
    top: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, own: bool
) -> None:
    ready(top)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    settings = top / ".git/config" if own else tmp_path / ".gitconfig"
    with settings.open("a") as file:
        file.write("[core]\n\thooksPath = .git/ours\n")
    what = "not installed in this checkout: the pre-commit and pre-push hook"
    assert mends(top)[what].startswith("git config --unset-all core.hooksPath && pre-commit install --hook-type ")
    (top / ".git/hooks").rename(top / ".git/ours")
    assert mends(top) == {}
    (top / "src").mkdir()
    assert not any("not installed" in what for what in mends(top / "src"))


def test_data_older_than_the_profile_allows(top: Path) -> None:
    ready(top)
    ((what, mend),) = mends(top, now=datetime(2026, 10, 12, tzinfo=UTC)).items()
    assert what.startswith("advisory data: osv of 2024-10-08, 733 days old, at most ")
    assert mend.startswith("govsec advisories sync")


def test_the_age_that_the_project_declares_counts(top: Path) -> None:
    ready(top)
    name = "advisories-max-age-days"
    values = [said(top, f'profiles = ["jp-gov"]\n[parameters]\n{name} = {value}\n') for value in ('"1"', '"7"')]
    assert [bool(one.mend) for one in values] == [True, False]
    assert [one.what.rpartition("at most ")[2] for one in values] == ["1 allowed", "7 allowed"]


def said(top: Path, settings: str) -> Said:
    (top / "govsec.toml").write_text(settings)
    return next(one for one in examine(top, ADVISORIES, NOW) if one.what.startswith("advisory data: osv"))


def test_a_feed_that_the_profile_asks_for_is_missing(top: Path) -> None:
    ready(top)
    (top / "govsec.toml").write_text('profiles = ["us-bod-26-04"]\n')
    assert "advisory data: no kev, which the profile asks for" in mends(top)


def test_data_that_cannot_be_read(top: Path, tmp_path: Path) -> None:
    ready(top)
    ((what, mend),) = mends(top, tmp_path / "nowhere").items()
    assert "cannot be read" in what
    assert mend == "name a folder of OSV records or an OSV all.zip"


def test_a_pre_commit_that_is_too_old_or_not_there(
    top: Path, programs: Programs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready(top)
    programs(pre_commit="pre-commit 2.20.0")
    ((what, mend),) = mends(top).items()
    assert what.startswith("pre-commit 2.20.0 (")
    assert mend == "python -m pip install --upgrade 'pre-commit>=3.2.0'"
    programs(pre_commit="no number")
    assert any("does not tell its version" in what for what in mends(top))
    programs(prek="prek 0.5")
    assert mends(top) == {}
    programs()
    assert mends(top)["pre-commit is not on PATH"].startswith(
        "it came with govsec; put its folder on PATH: export PATH="
    )
    monkeypatch.setattr("sysconfig.get_path", lambda _: str(tmp_path / "elsewhere"))
    assert mends(top)["pre-commit is not on PATH"] == "python -m pip install pre-commit"


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
@pytest.mark.parametrize("name", [".pre-commit-config.yaml", ".github/workflows/x.yml"])
def test_what_is_no_file_is_told_and_waits_for_nobody(top: Path, make: Callable[[Path], None], name: str) -> None:
    ready(top)
    (top / name).unlink(missing_ok=True)
    make(top / name)
    told = [what for what in mends(top) if "not a regular file" in what]
    assert bool(told) == name.startswith(".pre"), "a walk lists regular files alone"


def test_a_hook_in_a_comment_is_not_called_and_init_adds_what_is_missing(top: Path) -> None:
    ready(top)
    config = top / ".pre-commit-config.yaml"
    config.write_text(config.read_text().replace("- id: govsec-audit", "# - id: govsec-audit"))
    assert mends(top) == {".pre-commit-config.yaml lacks govsec-audit": "govsec init, or docs/pre-commit.md"}
    init.write(top, init.plan(top, FAR, ("jp-gov",)))
    assert mends(top) == {}


def test_the_variable_names_the_data_as_for_every_command(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ready(top)
    assert "no advisory data is stored" in mends(top, None)
    monkeypatch.setenv("GOVSEC_ADVISORIES", str(ADVISORIES))
    assert mends(top, None) == {}


@pytest.mark.parametrize(
    ("declared", "told"),
    [
        ('advisories-max-age-days = "x"', "is not a whole number"),
        ('advisories-max-age-days = "99999999999999"', "allows 1 to 30"),
        ('advisories-max-agedays = "3"', "no profile knows it"),
        ('exposure = "publik"', "is no value that profile"),
    ],
)
def test_a_parameter_that_a_run_would_refuse(top: Path, declared: str, told: str) -> None:
    ready(top)
    write(top, {"govsec.toml": f'profiles = ["jp-gov", "us-bod-26-04"]\n[parameters]\n{declared}\n'})
    assert any(told in what for what in mends(top)), mends(top)


def test_nothing_that_is_printed_moves_a_cursor(top: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(top, {"a\x1b[2J/requirements.txt": "idna==3.10\n"})
    assert cli.main(["doctor", str(top), "--advisories", str(ADVISORIES)]) == 3
    said = capsys.readouterr().out
    assert "<U+001B>[2J/requirements.txt" in said
    assert "\x1b" not in said


def test_a_file_of_hooks_that_is_no_yaml(top: Path) -> None:
    ready(top)
    (top / ".pre-commit-config.yaml").write_text("repos:\n- repo: [x\n")
    found = mends(top)
    assert [mend for what, mend in found.items() if what.startswith(".pre-commit-config.yaml:3: is no YAML")] == [
        "correct that line, then run govsec init again"
    ]


def test_outside_of_a_repository_before_the_first_commit_and_without_git(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, programs: Programs
) -> None:
    (tmp_path / "plain").mkdir()
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    found = mends(tmp_path / "plain")
    assert "nothing says what this project depends on" in found
    git(tmp_path / "plain", "init", "-q")
    assert "nothing is committed yet" in mends(tmp_path / "plain")
    programs(git_too=False)
    told = examine(tmp_path / "plain", ADVISORIES, NOW)
    assert [one.mend for one in told if one.what == "git is not installed"] == ["install git"]


def test_tools_of_another_version(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        if name == "zizmor":
            raise metadata.PackageNotFoundError
        return "0.1"

    monkeypatch.setattr(metadata, "version", version)
    found = mends(top)
    assert found["zizmor missing"].startswith("python -m pip install 'zizmor==")
    assert "bandit 0.1" in found


def test_what_is_no_folder(top: Path) -> None:
    with pytest.raises(UsageError, match="is a file"):
        examine(top / "app.py", None, NOW)
    with pytest.raises(UsageError, match="there is no such folder"):
        examine(top / "nowhere", None, NOW)


def test_every_lack_names_its_next_step(top: Path, programs: Programs) -> None:
    programs(git_too=False)
    (top / "govsec.toml").write_text("profiles = [\n")
    (top / ".pre-commit-config.yaml").write_text("repos: {}\n")
    (top / "govsec-waivers.toml").write_text("[\n")
    (top / "requirements.txt").write_text("-r nowhere.txt\n")
    lacks = [one for one in examine(top, top / "app.py", NOW) if one.mend]
    assert len(lacks) >= 6
    assert all(one.what and one.mend and "\n" not in one.what + one.mend for one in lacks), lacks
