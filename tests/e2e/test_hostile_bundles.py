"""What somebody who holds a finished bundle may try, by the tamper matrix; and what other rules say of it."""

import contextlib
import json
import random
import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from govsec_ci.app import bundle, gap, keys, signature, steps, trace_formats
from govsec_ci.app.explain import explain
from govsec_ci.app.keys import TrustedKey, load_trusted, new_key, trusted_entry
from govsec_ci.app.trace import trace
from govsec_ci.app.verify import verify
from govsec_ci.errors import BundleError
from govsec_ci.formats import manifest
from govsec_ci.gate.context import key_of
from govsec_ci.model import VerdictWord
from tests.conftest import ROOT
from tests.support.command import govsec

Tamper = Callable[[Path, Path], None]


def _edit(folder: Path, name: str, change: Callable[[Any], object]) -> None:
    tree = json.loads((folder / name).read_text("utf-8"))
    change(tree)
    (folder / name).write_text(json.dumps(tree), "utf-8")


def _swap_sbom(folder: Path, other: Path) -> None:
    shutil.copy(other / bundle.SBOM, folder / bundle.SBOM)


def _re_date(folder: Path, _other: Path) -> None:
    _edit(folder, bundle.VERDICT, lambda tree: tree.update(now="2024-10-11T00:00:00Z"))


def _drop_a_run(folder: Path, _other: Path) -> None:
    _edit(folder, bundle.RESULTS, lambda tree: tree["runs"].pop(0))


def _thin_out_a_run(folder: Path, _other: Path) -> None:
    _edit(folder, bundle.RESULTS, lambda tree: [run["results"].clear() for run in tree["runs"]])


def _edit_a_waiver(folder: Path, _other: Path) -> None:
    path = folder / bundle.WAIVERS
    path.write_text(path.read_text().replace("2024-10-01", "2025-09-30"))


def _waive_afterwards(folder: Path, _other: Path) -> None:
    def claim(tree: Any) -> None:
        for run in tree["runs"]:
            for result in run["results"]:
                result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": "fine"}]

    _edit(folder, bundle.RESULTS, claim)


def _loosen_the_profile(folder: Path, _other: Path) -> None:
    path = next((folder / bundle.PROFILES).glob("*.json"))
    _edit(folder, path.relative_to(folder).as_posix(), lambda tree: tree["gates"].pop())


def _other_subject(folder: Path, _other: Path) -> None:
    _edit(folder, bundle.SCAN, lambda tree: tree["subject"].update(commit="0" * 40))


def _other_parameters(folder: Path, _other: Path) -> None:
    _edit(folder, bundle.CONFIG, lambda tree: tree.update(exclude=["facility_booking"]))


def _other_report(folder: Path, _other: Path) -> None:
    (folder / bundle.SUMMARY).write_text("All is well.\n")


TAMPERS: dict[str, tuple[Tamper, bool]] = {
    "sbom swapped": (_swap_sbom, True),
    "re-dated": (_re_date, True),
    "a run dropped": (_drop_a_run, True),
    "results dropped": (_thin_out_a_run, True),
    "a waiver edited": (_edit_a_waiver, True),
    "waived afterwards": (_waive_afterwards, True),
    "a gate taken out": (_loosen_the_profile, True),
    "another subject": (_other_subject, True),
    "another setting": (_other_parameters, False),
    "another report": (_other_report, False),
}
"""Attack → what it does, and whether an unsigned bundle shows it although the manifest was made anew."""

WAIVERS = """\
[[waivers]]
id = "W-1"
rule = "B602"
path = "facility_booking/backup.py"
reason = "not reachable"
owner = "booking team"
approver = "security office"
ticket = "T-1"
created = 2024-09-01
expires = 2024-10-01
plan = "rewrite"
"""


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tuple[TrustedKey, ...]]:
    """A signed FAIL with an expired waiver, and who may sign."""
    folder = tmp_path_factory.mktemp("signed")
    trusted = _new_key(folder / "key.pem")
    (folder / "waivers.toml").write_text(WAIVERS)
    steps_options = steps.Options(
        path=ROOT / "examples/vulnerable-app",
        out=folder / "out",
        now=datetime(2024, 10, 12, tzinfo=UTC),
        advisories=ROOT / "examples/advisories",
        waivers=folder / "waivers.toml",
        sign_key=folder / "key.pem",
    )
    from govsec_ci.app.run import run

    run(steps_options)
    return folder / "out", trusted


def _new_key(path: Path) -> tuple[TrustedKey, ...]:
    path.with_suffix(".toml").write_text(trusted_entry(new_key(path, ""), "o", date(2024, 1, 1), date(2024, 12, 31)))
    return load_trusted(path.with_suffix(".toml"))


@pytest.fixture
def copy(original: tuple[Path, tuple[TrustedKey, ...]], tmp_path: Path) -> Path:
    return Path(shutil.copytree(original[0], tmp_path / "bundle"))


def _reseal(folder: Path) -> None:
    """Make the manifest anew without asking whether the files can still be read."""
    body = json.loads((folder / bundle.MANIFEST).read_bytes())
    body["files"] = {name: {"sha256": digest} for name, digest in bundle.digests(folder).items()}
    del body["digest"]
    body["digest"] = manifest._digest(body)
    (folder / bundle.MANIFEST).write_bytes(manifest.canonical(body))


def test_the_original_holds(original: tuple[Path, tuple[TrustedKey, ...]]) -> None:
    held = verify(*original)
    assert (held.verdict.verdict, held.signed_by) == (VerdictWord.FAIL, "o")


def _of_all(key: str, value: str) -> Callable[[Any], object]:
    return lambda tree: [one.update({key: value}) for one in tree["checks"]]


@pytest.mark.parametrize(
    ("change", "refused"),
    [
        (lambda tree: tree["profiles"][0].update(id="other"), True),
        (_of_all("profile", "other"), True),
        (_of_all("gate", "nowhere"), True),
        # Gates of the engine itself, in no profile: what it objects to is about no single result.
        (_of_all("gate", "stage"), False),
        (lambda tree: tree["checks"].clear(), False),
    ],
)
def test_a_verdict_that_does_not_belong_to_the_profiles_is_no_defect_of_whoever_reads_it(
    copy: Path, change: Callable[[Any], object], *, refused: bool
) -> None:
    key = key_of(next(result for run in steps.read_evidence(copy).runs for result in run.results))
    _edit(copy, bundle.VERDICT, change)
    for use in (
        lambda: explain(key, lang="en", folder=copy),
        lambda: explain("static-high", lang="en", folder=copy),
        lambda: tuple(gap.lines(gap.gaps(copy, lang="en"), None, lang="en")),
        lambda: trace_formats.render(trace(copy), "markdown"),
    ):
        with pytest.raises(BundleError, match="which no profile") if refused else contextlib.nullcontext():
            use()


def test_any_byte_of_any_file_counts(copy: Path, original: tuple[Path, tuple[TrustedKey, ...]]) -> None:
    """Each file at its ends and at a dozen places between; the reason may be any, but the bundle does not hold."""
    dice = random.Random(20241012)
    for path in sorted(path for path in copy.rglob("*") if path.is_file()):
        before = path.read_bytes()
        last = len(before) - 1
        for place in {0, last, *(dice.randint(0, last) for _ in range(12))}:
            path.write_bytes(before[:place] + bytes([before[place] ^ 1 << dice.randrange(8)]) + before[place + 1 :])
            with pytest.raises(BundleError):
                verify(copy, original[1])
        path.write_bytes(before)
    assert verify(copy, original[1]).signed_by == "o"


@pytest.mark.parametrize("attack", TAMPERS)
def test_an_edit_alone_is_seen(copy: Path, passing_bundle: Path, attack: str) -> None:
    TAMPERS[attack][0](copy, passing_bundle)
    with pytest.raises(BundleError, match="was changed after"):
        verify(copy)


@pytest.mark.parametrize("attack", TAMPERS)
def test_an_edit_under_a_new_manifest(
    copy: Path, passing_bundle: Path, attack: str, original: tuple[Path, tuple[TrustedKey, ...]]
) -> None:
    tamper, shows = TAMPERS[attack]
    tamper(copy, passing_bundle)
    _reseal(copy)
    with pytest.raises(BundleError, match="another bundle's manifest"):
        verify(copy, original[1])
    (copy / bundle.SIGNATURE).unlink()
    with pytest.raises(BundleError, match="not signed"):
        verify(copy, original[1])
    if shows:
        with pytest.raises(BundleError, match="does not follow"):
            verify(copy)
    else:
        assert verify(copy).verdict.verdict is VerdictWord.FAIL  # the decision is the same: docs/threat-model.md


@pytest.mark.parametrize("attack", TAMPERS)
def test_an_edit_signed_with_another_key(
    copy: Path, passing_bundle: Path, attack: str, original: tuple[Path, tuple[TrustedKey, ...]], tmp_path: Path
) -> None:
    TAMPERS[attack][0](copy, passing_bundle)
    _reseal(copy)
    _new_key(tmp_path / "own.pem")
    assert signature.sign(copy, tmp_path / "own.pem", {})
    with pytest.raises(BundleError, match="no trusted key"):
        verify(copy, original[1])


def test_another_key_under_the_name_of_the_trusted_one(
    copy: Path, original: tuple[Path, tuple[TrustedKey, ...]], tmp_path: Path
) -> None:
    _new_key(tmp_path / "own.pem")
    signature.sign(copy, tmp_path / "own.pem", {})
    _edit(copy, bundle.SIGNATURE, lambda tree: tree["signatures"][0].update(keyid=original[1][0].id))
    with pytest.raises(BundleError, match="no trusted key"):
        verify(copy, original[1])
    assert keys.public_keys(original[1])


def test_the_whole_of_a_passing_bundle_under_the_signature_of_another(
    passing_bundle: Path, original: tuple[Path, tuple[TrustedKey, ...]], tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(passing_bundle, tmp_path / "bundle"))
    shutil.copy(original[0] / bundle.SIGNATURE, folder / bundle.SIGNATURE)
    with pytest.raises(BundleError, match="another bundle's manifest"):
        verify(folder, original[1])


def test_what_nobody_can_see_without_a_signature(copy: Path, passing_bundle: Path) -> None:
    """Whoever can rewrite every file can also judge again: docs/threat-model.md says so."""
    _thin_out_a_run(copy, passing_bundle)
    options = steps.Options(path=copy, out=copy, now=datetime(2024, 10, 12, tzinfo=UTC))
    evidence = steps.read_evidence(copy)
    steps.judge(options, copy, evidence)
    steps.report(options, copy, evidence)
    verify(copy)


def test_other_rules_are_asked_without_touching_the_bundle(copy: Path, passing_bundle: Path) -> None:
    before = {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()}
    done = govsec("verify", copy, "--profile", "essentials", "--profile", "us-stig-asd")
    assert done.returncode == 1, done.stderr
    assert "FAIL: the bundle holds" in done.stdout
    assert "FAIL: the same evidence by essentials, us-stig-asd" in done.stdout
    assert {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()} == before
    assert govsec("verify", passing_bundle, "--profile", "essentials").returncode == 0
    assert govsec("verify", passing_bundle, "--profile", "no-such-profile").returncode == 2
