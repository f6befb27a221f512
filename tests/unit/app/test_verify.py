"""app/verify.py and app/pack.py: a bundle that holds, every way in which one does not, and its archive."""

import json
import os
import shutil
import tarfile
from pathlib import Path

import pytest

from govsec_ci.app import bundle, steps
from govsec_ci.app.pack import pack
from govsec_ci.app.verify import verify
from govsec_ci.errors import BundleError, InputError, UsageError
from govsec_ci.model import VerdictWord


@pytest.fixture
def copy(failing_bundle: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(failing_bundle, tmp_path / "bundle"))


def _reseal(folder: Path) -> None:
    """What someone who may rewrite every file would do."""
    bundle.seal(folder, bundle.read_results(folder), steps.ENGINE)


def test_an_untouched_bundle_holds(failing_bundle: Path, passing_bundle: Path) -> None:
    assert verify(failing_bundle).verdict.verdict is VerdictWord.FAIL
    assert verify(passing_bundle).verdict.verdict is VerdictWord.PASS


def test_any_changed_file_is_seen(copy: Path) -> None:
    for path in sorted(path for path in copy.rglob("*") if path.is_file()):
        before = path.read_bytes()
        path.write_bytes(before[:-2] + bytes([before[-2] ^ 1]) + before[-1:])
        with pytest.raises(BundleError):
            verify(copy)
        path.write_bytes(before)
    verify(copy)


def test_a_missing_and_an_extra_file_are_seen(copy: Path) -> None:
    (copy / "extra").write_text("")
    with pytest.raises(BundleError, match="extra: is in the bundle, but not in the manifest"):
        verify(copy)
    (copy / "extra").unlink()
    (copy / "summary.md").unlink()
    with pytest.raises(BundleError, match="not in the bundle"):
        verify(copy)


def test_an_empty_folder_that_no_manifest_lists_is_no_baseline(copy: Path) -> None:
    (copy / bundle.BASELINE).mkdir()  # a profile asked with `--profile` may want one
    assert not steps.read_evidence(copy).baseline


def test_a_link_in_place_of_a_file_is_seen(copy: Path, tmp_path: Path) -> None:
    shutil.move(copy / "summary.md", tmp_path / "summary.md")
    (copy / "summary.md").symlink_to(tmp_path / "summary.md")
    with pytest.raises(BundleError, match=r"summary\.md: is neither a file nor a folder"):
        verify(copy)


@pytest.mark.parametrize("name", ["manifest.json", "verdict.dsse.json", "verdict.json", "inputs/vex"])
@pytest.mark.parametrize("kind", ["fifo", "link"])
def test_nothing_that_blocks_or_leads_away_is_opened(copy: Path, tmp_path: Path, name: str, kind: str) -> None:
    (copy / name).unlink(missing_ok=True)
    if kind == "fifo":
        os.mkfifo(copy / name)
    else:
        (copy / name).symlink_to(tmp_path, target_is_directory=True)
    told = rf"{name}: is neither a file nor a folder"
    with pytest.raises(BundleError, match=told):
        verify(copy)
    with pytest.raises(InputError, match=told):
        bundle.require(copy)


def test_a_folder_that_cannot_be_listed_is_named(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "scandir", denied)
    with pytest.raises(BundleError, match=r"bundle/?: cannot be listed: Permission denied"):
        verify(copy)


def test_no_bundle_at_all(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"manifest\.json"):
        verify(tmp_path)


def test_a_verdict_that_does_not_follow_is_seen_even_under_a_fresh_manifest(copy: Path) -> None:
    verdict = json.loads((copy / "verdict.json").read_text())
    verdict["verdict"] = "PASS"
    for check in verdict["checks"]:
        check["verdict"] = "PASS"
    (copy / "verdict.json").write_text(json.dumps(verdict))
    _reseal(copy)
    with pytest.raises(BundleError, match="does not follow from the evidence") as caught:
        verify(copy)
    assert "recorded PASS, replayed FAIL" in caught.value.cause


def test_a_result_taken_out_is_seen_even_under_a_fresh_manifest(copy: Path) -> None:
    log = json.loads((copy / "results.sarif").read_text())
    for run in log["runs"]:
        run["results"] = []
    (copy / "results.sarif").write_text(json.dumps(log))
    _reseal(copy)
    with pytest.raises(BundleError, match="does not follow"):
        verify(copy)


def test_another_engine_must_reach_the_same_decision_not_the_same_bytes(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "ENGINE", "govsec_ci 999")
    assert verify(copy).verdict.verdict is VerdictWord.FAIL


def test_a_packed_bundle_is_the_same_bytes_again(copy: Path, tmp_path: Path) -> None:
    pack(copy, tmp_path / "one.tar.gz")
    shutil.copytree(copy, tmp_path / "moved")
    pack(tmp_path / "moved", tmp_path / "two.tar.gz")
    assert (tmp_path / "one.tar.gz").read_bytes() == (tmp_path / "two.tar.gz").read_bytes()
    with tarfile.open(tmp_path / "one.tar.gz") as tar:
        tar.extractall(tmp_path / "unpacked", filter="data")
    assert verify(tmp_path / "unpacked").verdict.verdict is VerdictWord.FAIL


def test_a_bundle_with_the_sbom_of_a_root_deep_in_the_tree_is_packed_too(copy: Path, tmp_path: Path) -> None:
    name = f"sbom/{'services__' * 16}x.cdx.json"
    (copy / "sbom").mkdir(exist_ok=True)
    (copy / name).write_bytes(b"{}")
    _reseal(copy)
    pack(copy, tmp_path / "one.tar.gz")
    with tarfile.open(tmp_path / "one.tar.gz") as tar:
        assert name in tar.getnames()


def test_only_a_bundle_is_packed(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no output folder"):
        pack(tmp_path, tmp_path / "x.tar.gz")
