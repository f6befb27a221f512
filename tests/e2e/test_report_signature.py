"""What the first screen says of the bundle's signature, by the commands."""

import shutil
from pathlib import Path

import pytest

from govsec_ci.app import signature
from tests.support.command import govsec

CLOCK = "2024-10-12T00:00:00Z"


@pytest.fixture(scope="module")
def signed(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A signed bundle, beside its ``trusted-keys.toml``."""
    folder = tmp_path_factory.mktemp("signed")
    made = govsec("key", "new", folder / "key.pem", "--owner", "release team", "--now", CLOCK)
    assert made.returncode == 0, made.stderr
    (folder / "trusted-keys.toml").write_text(made.stdout)
    done = govsec(
        "run", root / "examples/clean-app", "--advisories", root / "examples/advisories", "--now", CLOCK,
        "--sign-key", folder / "key.pem", "--out", folder / "out",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder


def test_the_page_names_the_key_that_then_signs(signed: Path) -> None:
    key = signature.key_id(signed / "out")
    assert key
    page, summary = ((signed / "out" / name).read_text("utf-8") for name in ("report.html", "summary.md"))
    assert f"to be signed with key {key[:16]}" in summary
    assert f"鍵 {key[:16]} により署名予定" in page
    assert key in page
    assert "`govsec verify . --trusted-keys trusted-keys.toml --require-signature`" in summary


def test_the_command_on_the_page_verifies(signed: Path) -> None:
    told = govsec(
        "verify", ".", "--trusted-keys", signed / "trusted-keys.toml", "--require-signature", cwd=signed / "out"
    )
    assert told.returncode == 0, told.stderr
    assert "release team" in told.stdout + told.stderr


def test_a_report_made_of_a_signed_bundle_says_that_it_has_not_checked(signed: Path) -> None:
    told = govsec("report", "--out", signed / "out", "--format", "markdown", "--lang", "en").stdout
    assert f"signed with key {(signature.key_id(signed / 'out') or '')[:16]}, not checked here" in told


def test_a_page_written_anew_is_not_signed_and_says_so(signed: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(signed / "out", tmp_path / "copy")
    assert govsec("report", "--out", copy, "--lang", "en", "--quiet").returncode == 0
    assert signature.key_id(copy) is None
    assert "| Signature | not signed |" in (copy / "summary.md").read_text("utf-8")


@pytest.mark.parametrize("broken", ["", "[]", "{}", '{"signatures": []}', '{"signatures": [{}]}', "[" * 100_000])
def test_a_signature_that_cannot_be_read_names_no_key(broken: str, tmp_path: Path) -> None:
    (tmp_path / "verdict.dsse.json").write_text(broken)
    assert signature.key_id(tmp_path) == ""
