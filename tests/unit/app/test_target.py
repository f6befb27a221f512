"""app/target.py: the judged tree, its settings and its name."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace

from govsec_ci.app.target import Target, load_config, timestamp
from govsec_ci.app.target import open_target as open_target_with
from govsec_ci.config import Config
from govsec_ci.errors import InputError, UsageError
from govsec_ci.system.git import Checkout
from tests.support.repositories import commit_all, new_repository

NOW = datetime(2026, 4, 1, tzinfo=UTC)


def open_target(path: Path, *, out: Path, config_file: Path | None = None) -> Target:
    return open_target_with(path, out=out, config=load_config(path, config_file))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "some-project"
    folder.mkdir()
    (folder / "app.py").write_text("x = 1\n")
    return folder


def test_name_and_version_come_from_settings_then_pyproject_then_the_folder(project: Path, tmp_path: Path) -> None:
    assert open_target(project, out=tmp_path / "out").subject.name == "some-project"
    (project / "pyproject.toml").write_text('[project]\nname = "named"\nversion = "1.2"\n')
    subject = open_target(project, out=tmp_path / "out").subject
    assert (subject.name, subject.version, subject.commit) == ("named", "1.2", None)
    (project / "govsec.toml").write_text('name = "ours"\nversion = "9"\n')
    subject = open_target(project, out=tmp_path / "out").subject
    assert (subject.name, subject.version) == ("ours", "9")


def test_settings_may_stand_in_pyproject_or_in_a_file_of_the_operators(project: Path, tmp_path: Path) -> None:
    (project / "pyproject.toml").write_text('[project]\nname = "p"\n[tool.govsec]\nprofiles = ["essentials"]\n')
    assert open_target(project, out=tmp_path / "out").config.profiles == ("essentials",)
    (tmp_path / "other.toml").write_text('profiles = ["jp-gov"]\n')
    target = open_target(project, out=tmp_path / "out", config_file=tmp_path / "other.toml")
    assert target.config.profiles == ("jp-gov",)


@pytest.mark.parametrize("name", ["a\\u0000", "a" * 256, "あ" * 100, "a/" * 3_000])
@pytest.mark.parametrize(
    "setting",
    ['profiles = ["{}"]', 'wheelhouse = "{}"', '[[import]]\nrole = "sast"\npath = "{}"',
     '[[evidence]]\nslot = "x"\ndate = 2026-01-01\npath = "{}"'],
)  # fmt: skip
def test_a_name_that_no_file_can_have_is_wrong_input(project: Path, tmp_path: Path, setting: str, name: str) -> None:
    (project / "govsec.toml").write_text(setting.format(name), "utf-8")
    with pytest.raises(InputError, match=r"govsec\.toml: .*no file can have this name"):
        open_target(project, out=tmp_path / "out")


def test_settings_in_two_places_are_refused(project: Path, tmp_path: Path) -> None:
    (project / "pyproject.toml").write_text("[tool.govsec]\n")
    (project / "govsec.toml").write_text("")
    with pytest.raises(InputError, match="as well"):
        open_target(project, out=tmp_path / "out")


def test_settings_that_lead_nowhere_are_not_none(project: Path) -> None:
    (project / "govsec.toml").symlink_to("gone.toml")
    with pytest.raises(InputError, match=r"govsec\.toml: cannot be read"):
        load_config(project, None)


@pytest.mark.parametrize("text", ["[tool.govsec]\nprofile = 1\n", "[tool]\ngovsec = 3\n"])
def test_wrong_settings_in_pyproject_are_said(project: Path, tmp_path: Path, text: str) -> None:
    (project / "pyproject.toml").write_text(text)
    with pytest.raises(InputError, match=r"pyproject\.toml"):
        open_target(project, out=tmp_path / "out")


@pytest.mark.parametrize("text", ["= no toml", "tool = 3\n"])
def test_a_pyproject_without_settings_is_no_error_of_the_settings(project: Path, tmp_path: Path, text: str) -> None:
    (project / "pyproject.toml").write_text(text)
    assert open_target(project, out=tmp_path / "out").config.profiles == ()


def test_the_output_folder_is_never_part_of_the_tree(project: Path) -> None:
    out = project / "govsec-out"
    out.mkdir()
    (out / "x.py").write_text("")
    assert open_target(project, out=out).tree.files == ("app.py",)
    for bad in (project, project.parent):
        with pytest.raises(UsageError, match="replace the project itself"):
            open_target(project, out=bad)


def test_the_time_in_the_sbom(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    target = open_target(project, out=tmp_path / "out")
    assert timestamp(target, NOW) == int(NOW.timestamp())
    new_repository(project)
    commit_all(project, "first", when="2026-02-03T04:05:06Z")
    target = open_target(project, out=tmp_path / "out")
    assert timestamp(target, NOW) == int(datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC).timestamp())
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    assert timestamp(target, NOW) == 86400
    for bad in ("tomorrow", "253402300800", "9" * 5000, "٣"):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", bad)
        with pytest.raises(UsageError, match="SOURCE_DATE_EPOCH"):
            timestamp(target, NOW)


@pytest.mark.parametrize("committed_s", [99_999_999_999_999, 253_402_300_800, -1])
def test_a_commit_of_a_time_that_no_calendar_has_is_dated_by_the_clock(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, committed_s: int
) -> None:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    target = open_target(project, out=tmp_path / "out")
    odd = Checkout(top=project, commit="a" * 40, dirty=False, committed_s=committed_s)
    assert timestamp(replace(target, checkout=odd), NOW) == int(NOW.timestamp())


def test_a_manifest_that_the_configuration_leaves_out_is_named(project: Path, tmp_path: Path) -> None:
    (project / "samples").mkdir()
    (project / "samples/requirements.txt").write_text("django==1.0\n")
    (project / "requirements.txt").write_text("idna==3.10\n")
    assert len(open_target(project, out=tmp_path / "out").manifests) == 2
    (project / "govsec.toml").write_text('exclude = ["samples"]\n')
    target = open_target(project, out=tmp_path / "out")
    assert [manifest.path for manifest in target.manifests] == ["requirements.txt"]
    assert [(left.path, left.reason) for left in target.left] == [
        ("samples/requirements.txt", "samples is excluded by the configuration")
    ]


def test_a_pyproject_that_is_no_file_holds_no_settings_and_holds_nobody_up(project: Path, tmp_path: Path) -> None:
    os.mkfifo(project / "pyproject.toml")
    assert open_target(project, out=tmp_path / "out").config == Config()


def test_settings_with_a_number_that_no_reader_takes_are_refused(project: Path, tmp_path: Path) -> None:
    (project / "govsec.toml").write_text(f"x = {'1' * 5_000}\n")
    with pytest.raises(InputError, match=r"govsec\.toml"):
        open_target(project, out=tmp_path / "out")


@pytest.mark.parametrize("number", ["nan", "inf", "-1.0", "0.0", "1e300"])
@pytest.mark.parametrize(
    "settings", ['[[import]]\npath = "a.sarif"\nrole = "dast"\nmax-age-days = {}\n', "[timeouts]\nzizmor_s = {}\n"]
)
def test_a_span_of_time_that_is_none_is_refused(project: Path, tmp_path: Path, settings: str, number: str) -> None:
    (project / "govsec.toml").write_text(settings.format(number))
    with pytest.raises(InputError, match="Expected `float`"):
        open_target(project, out=tmp_path / "out")


@pytest.mark.parametrize("field", ["owner", "reason"])
@pytest.mark.parametrize(
    "table",
    [
        '[[out-of-scope]]\npath = "a.py"\n',
        '[[declared]]\nname = "a"\n',
        '[[tree-settings]]\nsetting = "bandit.skips"\nvalues = ["B101"]\n',
    ],
)
def test_an_exception_that_nobody_answers_for_is_refused(project: Path, tmp_path: Path, table: str, field: str) -> None:
    told = {"owner": "o", "reason": "r", field: " "}
    (project / "govsec.toml").write_text(table + "".join(f'{key} = "{value}"\n' for key, value in told.items()))
    with pytest.raises(InputError, match=rf"\.{field}`"):
        open_target(project, out=tmp_path / "out")
