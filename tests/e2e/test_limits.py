"""Limits are settings with stated defaults: what the documentation states, what holds, what passing one comes to."""

import json
import re
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import msgspec
import pytest

from govsec_ci import config
from govsec_ci.advisories import sources
from govsec_ci.errors import InputError
from tests.conftest import ROOT
from tests.support.command import govsec

NOW = "2024-10-12T00:00:00Z"
USAGE = (ROOT / "docs/usage.md").read_text("utf-8")


def stated() -> dict[str, Any]:
    """The settings as ``docs/usage.md`` shows them."""
    (block,) = re.findall(r"```toml\n(.*?)```", USAGE.split("\n## Settings\n", 1)[1].split("\n## ", 1)[0], re.DOTALL)
    return tomllib.loads(block)


def test_the_documentation_states_every_limit_with_its_default() -> None:
    shown, own = stated(), config.Config()
    assert shown["limits"] == msgspec.to_builtins(own.limits)
    assert shown["timeouts"] == msgspec.to_builtins(own.timeouts)
    assert shown["advisories"]["limits"] == msgspec.to_builtins(own.advisories.limits)


def test_the_settings_that_the_documentation_shows_are_valid(tmp_path: Path) -> None:
    (block,) = re.findall(r"```toml\n(.*?)```", USAGE.split("\n## Settings\n", 1)[1].split("\n## ", 1)[0], re.DOTALL)
    (tmp_path / "govsec.toml").write_text(block, "utf-8")
    assert config.load(tmp_path / "govsec.toml").name == "booking-service"


def test_advisory_data_have_the_same_limits_where_nobody_sets_any() -> None:
    plain = msgspec.structs.asdict(sources.Limits())
    assert msgspec.structs.asdict(config.AdvisoryLimits()).items() <= plain.items()


@pytest.mark.parametrize("value", ["0", "-1", "1.5", '"1"', "true"])
def test_a_limit_is_a_positive_number(tmp_path: Path, value: str) -> None:
    (tmp_path / "govsec.toml").write_text(f"[limits]\nmanifest_bytes = {value}\n")
    with pytest.raises(InputError, match="manifest_bytes"):
        config.load(tmp_path / "govsec.toml")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    top = tmp_path / "project"
    top.mkdir()
    (top / "pyproject.toml").write_text('[project]\nname = "x"\nversion = "1"\ndependencies = []\n')
    (top / "app.py").write_text("ANSWER = 42\n" * 10)
    (top / "requirements.txt").write_text("idna==3.7\n" + "# comment\n" * 20)
    (top / "other.sarif").write_text(json.dumps({"version": "2.1.0", "runs": []}) + " " * 200)
    (top / "review.pdf").write_text("reviewed " * 30)
    (tmp_path / "waivers.toml").write_text("# none\n" * 30)
    (tmp_path / "vex.json").write_text("{}" + " " * 200)
    (tmp_path / "baseline.sarif").write_text("{}" + " " * 200)
    return top


def judged(project: Path, settings: str, *more: str, cwd: Path | None = None) -> tuple[int, str]:
    """Exit code, and everything that was said."""
    (project / "govsec.toml").write_text(settings)
    advisories = ["--advisories", str(ROOT / "examples/advisories")] if "--advisories" not in more else []
    done = govsec("run", project, *advisories, "--now", NOW, "--out", project.parent / "out", "-v", *more, cwd=cwd)
    summary = project.parent / "out/summary.md"
    return done.returncode, done.stdout + done.stderr + (summary.read_text("utf-8") if summary.exists() else "")


@pytest.mark.parametrize(("limit", "named"), [("source_file_bytes", "app.py"), ("manifest_bytes", "requirements.txt")])
def test_what_is_too_large_in_the_judged_tree_makes_it_incomplete(project: Path, limit: str, named: str) -> None:
    code, said = judged(project, f"[limits]\n{limit} = 100\n")
    assert code == 3, said
    assert named in said
    assert "the limit" in said


@pytest.mark.parametrize(
    ("limit", "option", "file"),
    [
        ("waivers_bytes", "--waivers", "waivers.toml"),
        ("vex_bytes", "--vex", "vex.json"),
        ("baseline_bytes", "--baseline", "baseline.sarif"),
    ],
)
def test_what_is_too_large_of_the_operator_s_files_is_no_verdict(
    project: Path, limit: str, option: str, file: str
) -> None:
    code, said = judged(project, f"[limits]\n{limit} = 100\n", option, file, cwd=project.parent)
    assert code == 2, said
    assert f"{file}: larger than the limit of 100 bytes" in said


@pytest.mark.parametrize(
    ("limit", "entry", "file"),
    [
        ("evidence_bytes", '[[evidence]]\nslot = "s"\npath = "review.pdf"\ndate = 2024-10-01\n', "review.pdf"),
        ("import_bytes", '[[import]]\npath = "other.sarif"\nrole = "dast"\n', "other.sarif"),
    ],
)
def test_what_is_too_large_of_what_the_settings_name(project: Path, limit: str, entry: str, file: str) -> None:
    code, said = judged(project, f"{entry}[limits]\n{limit} = 100\n")
    assert code == 2
    assert f"{file}: larger than the limit of 100 bytes" in said


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        ("file_bytes = 100", "larger than the limit of 100 bytes"),
        ("entries = 1", "more than the limit of 1"),
        ("entry_bytes = 100", "above the limit of 100"),
        ("total_bytes = 1000", "above the limit"),
        ("ratio = 2", "times its size, above the limit"),
    ],
)
def test_advisory_data_beyond_a_limit(project: Path, limit: str, words: str) -> None:
    packed = project.parent / "all.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("GHSA-h5c8-rqwp-cp95", "PYSEC-2024-60"):
            archive.writestr(f"{name}.json", (ROOT / f"examples/advisories/{name}.json").read_bytes())
        if limit.startswith("ratio"):
            archive.writestr("PYSEC-2024-61.json", b"{" + b" " * 12_000_000 + b"}")
    code, said = judged(project, f"[advisories.limits]\n{limit}\n", "--advisories", str(packed))
    assert code == 2, said
    assert words in said
