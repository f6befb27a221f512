"""app/keys.py, app/signature.py and formats/intoto.py: who vouches for a bundle, and every way in which nobody does."""

import base64
import json
import shutil
import stat
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from govsec_ci.app import bundle, keys, signature, steps
from govsec_ci.app.keys import TrustedKey, load_signer, load_trusted, new_key, trusted_entry
from govsec_ci.app.verify import judge_again, verify
from govsec_ci.errors import BundleError, InputError, UsageError
from govsec_ci.formats import intoto
from govsec_ci.model import Stage
from tests.support import bundles
from tests.support.gate_evidence import evidence, trial

FIRST, LAST = date(2024, 1, 1), date(2024, 12, 31)


@pytest.fixture
def copy(failing_bundle: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(failing_bundle, tmp_path / "bundle"))


def _key(path: Path, passphrase: str = "", *, first: date = FIRST, last: date = LAST) -> tuple[TrustedKey, ...]:
    public = new_key(path, passphrase)
    trusted = path.with_suffix(".toml")
    trusted.write_text(trusted_entry(public, 'the "release" team', first, last))
    return load_trusted(trusted)


@pytest.fixture
def signed(copy: Path, tmp_path: Path) -> tuple[Path, tuple[TrustedKey, ...]]:
    trusted = _key(tmp_path / "key.pem")
    assert signature.sign(copy, tmp_path / "key.pem", {})
    return copy, trusted


def test_a_signed_bundle_names_who_signed_it(signed: tuple[Path, tuple[TrustedKey, ...]]) -> None:
    held = verify(*signed)
    assert (held.signed, held.signed_by) == (True, 'the "release" team')
    assert verify(signed[0]).signed_by == ""


def test_a_gate_that_asks_for_a_signature_is_met_by_one_of_a_trusted_key(
    signed: tuple[Path, tuple[TrustedKey, ...]],
) -> None:
    held = verify(*signed)
    asks = trial('kind = "signature"\n')
    words = [judge_again(signed[0], held.verdict, [asks], signed=one).verdict.value for one in (True, False)]
    assert words == ["PASS", "INCOMPLETE"]


def test_without_a_key_nothing_is_signed(copy: Path, tmp_path: Path) -> None:
    assert not signature.sign(copy, None, {})
    with pytest.raises(BundleError, match="not signed"):
        verify(copy, _key(tmp_path / "key.pem"))


def test_the_key_may_come_from_the_environment_and_be_encrypted(copy: Path, tmp_path: Path) -> None:
    trusted = _key(tmp_path / "key.pem", "correct horse")
    pem = (tmp_path / "key.pem").read_text()
    assert "ENCRYPTED" in pem
    environment = {signature.KEY_VARIABLE: pem, signature.PASSPHRASE_VARIABLE: "correct horse"}
    assert signature.sign(copy, None, environment)
    assert verify(copy, trusted).signed_by
    with pytest.raises(InputError, match="passphrase"):
        signature.find_signer(None, environment | {signature.PASSPHRASE_VARIABLE: "wrong"})


def test_a_private_key_is_private_and_never_replaced(tmp_path: Path) -> None:
    new_key(tmp_path / "key.pem", "")
    assert stat.S_IMODE((tmp_path / "key.pem").stat().st_mode) == 0o600
    with pytest.raises(UsageError, match="never replaced"):
        new_key(tmp_path / "key.pem", "")
    with pytest.raises(UsageError, match="cannot be written"):
        new_key(tmp_path / "no" / "key.pem", "")


def test_another_key_is_not_trusted(signed: tuple[Path, tuple[TrustedKey, ...]], tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="no trusted key"):
        verify(signed[0], _key(tmp_path / "other.pem"))


def test_one_of_several_trusted_keys_is_enough(signed: tuple[Path, tuple[TrustedKey, ...]], tmp_path: Path) -> None:
    assert verify(signed[0], (*_key(tmp_path / "other.pem"), *signed[1])).signed_by


@pytest.mark.parametrize("days", [(date(2024, 1, 1), date(2024, 10, 11)), (date(2024, 10, 13), date(2025, 1, 1))])
def test_a_key_out_of_its_days_is_not_trusted(copy: Path, tmp_path: Path, days: tuple[date, date]) -> None:
    trusted = _key(tmp_path / "key.pem", first=days[0], last=days[1])
    signature.sign(copy, tmp_path / "key.pem", {})
    with pytest.raises(BundleError, match="was not valid on 2024-10-12"):
        verify(copy, trusted)


@pytest.mark.parametrize("order", [1, -1])
def test_one_good_signature_of_several_is_enough(copy: Path, tmp_path: Path, order: int) -> None:
    old = _key(tmp_path / "old.pem", first=date(2000, 1, 1), last=date(2000, 1, 2))
    good, stranger = _key(tmp_path / "good.pem"), _key(tmp_path / "stranger.pem")
    signatures = []
    for name in ("old", "good", "stranger"):
        signature.sign(copy, tmp_path / f"{name}.pem", {})
        envelope = json.loads((copy / bundle.SIGNATURE).read_bytes())
        signatures += envelope["signatures"]
    (copy / bundle.SIGNATURE).write_text(json.dumps(envelope | {"signatures": signatures[::order]}))
    assert signature.check(copy, bundle.read_verdict(copy), old + good) in good
    assert signature.check(copy, bundle.read_verdict(copy), (*good, *old)[::order]) in good
    with pytest.raises(BundleError, match="was not valid on"):
        signature.check(copy, bundle.read_verdict(copy), old)
    other = (keys.TrustedKey(id=stranger[0].id, public=good[0].public, owner="x", valid_from=FIRST, valid_until=LAST),)
    with pytest.raises(BundleError, match="no trusted key"):
        signature.check(copy, bundle.read_verdict(copy), other)


def test_what_is_returned_is_what_was_verified(
    signed: tuple[Path, tuple[TrustedKey, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, trusted = signed
    file, asked = folder / bundle.SIGNATURE, keys.public_keys

    def exchange(wanted: list[TrustedKey]) -> object:
        envelope = json.loads(file.read_bytes())
        file.write_text(json.dumps(envelope | {"payload": base64.b64encode(b"{}").decode()}))
        return asked(wanted)

    monkeypatch.setattr(signature, "public_keys", exchange)
    assert signature.check(folder, bundle.read_verdict(folder), trusted * 2) == trusted[0]


def test_a_clock_with_parts_of_a_second_can_be_signed(tmp_path: Path) -> None:
    now = datetime(2024, 10, 12, 0, 0, 0, 500_000, tzinfo=UTC)
    bundles.write(tmp_path / "out", evidence(), ["essentials"], now=now, stage=Stage.BUILD)
    trusted = _key(tmp_path / "key.pem")
    signature.sign(tmp_path / "out", tmp_path / "key.pem", {})
    assert signature.check(tmp_path / "out", bundle.read_verdict(tmp_path / "out"), trusted) in trusted


def test_first_and_last_day_hold_in_utc(tmp_path: Path) -> None:
    (key,) = _key(tmp_path / "key.pem")
    assert key.holds(datetime(2024, 1, 1, tzinfo=UTC))
    assert key.holds(datetime(2024, 12, 31, 23, 59, 59, tzinfo=UTC))
    assert not key.holds(datetime(2025, 1, 1, tzinfo=UTC))
    assert not key.holds(datetime.fromisoformat("2024-01-01T00:30:00+01:00"))


def test_any_change_is_seen_on_a_signed_bundle_even_with_a_new_manifest(
    signed: tuple[Path, tuple[TrustedKey, ...]],
) -> None:
    folder, trusted = signed
    kept = (folder / bundle.SIGNATURE).read_bytes()
    (folder / "summary.md").write_text("All is well.\n")
    bundle.seal(folder, bundle.read_results(folder), steps.ENGINE)
    (folder / bundle.SIGNATURE).write_bytes(kept)
    with pytest.raises(BundleError, match="another bundle's manifest"):
        verify(folder, trusted)
    assert not verify(folder).signed_by  # what an unsigned bundle cannot show


def test_sealing_again_takes_the_signature_away(signed: tuple[Path, tuple[TrustedKey, ...]]) -> None:
    bundle.seal(signed[0], bundle.read_results(signed[0]), steps.ENGINE)
    assert not verify(signed[0]).signed


def test_every_byte_of_the_signature_file_counts(signed: tuple[Path, tuple[TrustedKey, ...]]) -> None:
    folder, trusted = signed
    path = folder / bundle.SIGNATURE
    before = path.read_bytes()
    for position in range(0, len(before) - 2, 37):
        path.write_bytes(before[:position] + bytes([before[position] ^ 1]) + before[position + 1 :])
        with pytest.raises(BundleError):
            verify(folder, trusted)


def test_the_signature_of_another_verdict_is_seen(
    signed: tuple[Path, tuple[TrustedKey, ...]], passing_bundle: Path, tmp_path: Path
) -> None:
    other = Path(shutil.copytree(passing_bundle, tmp_path / "other"))
    shutil.copy(signed[0] / bundle.SIGNATURE, other / bundle.SIGNATURE)
    with pytest.raises(BundleError, match="another bundle's manifest"):
        verify(other, signed[1])


def test_the_statement_is_what_in_toto_and_slsa_say(signed: tuple[Path, tuple[TrustedKey, ...]]) -> None:
    envelope = json.loads((signed[0] / bundle.SIGNATURE).read_bytes())
    assert envelope["payloadType"] == "application/vnd.in-toto+json"
    statement = json.loads(base64.b64decode(envelope["payload"]))
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == "https://slsa.dev/verification_summary/v1"
    predicate = statement["predicate"]
    assert json.loads(signature.predicate(signed[0])) == predicate
    assert predicate["verifier"]["id"] == "pkg:pypi/govsec-ci"
    assert predicate["resourceUri"].startswith("pkg:generic/")
    assert predicate["verificationResult"] == "FAILED"
    assert predicate["verifiedLevels"] == ["FAILED"]
    assert predicate["timeVerified"] == "2024-10-12T00:00:00Z"
    assert predicate["govsec"]["verdict"] == "FAIL"
    assert {one["uri"] for one in predicate["inputAttestations"]} >= {"results.sarif", "sbom.cdx.json"}


@pytest.mark.parametrize(
    "payload", [b"", b"{}", b"[]", b"[" * 100_000, b'{"_type": 1, "predicateType": 2, "subject": []}']
)
def test_what_is_no_statement_is_said(payload: bytes) -> None:
    with pytest.raises(BundleError, match="statement"):
        intoto.read_statement(payload)


def test_a_signature_over_something_else_is_refused(copy: Path, tmp_path: Path) -> None:
    from securesystemslib.dsse import Envelope

    trusted = _key(tmp_path / "key.pem")
    envelope = Envelope(b"{}", "text/plain", {})
    envelope.sign(load_signer((tmp_path / "key.pem").read_bytes(), "", "key"))
    (copy / bundle.SIGNATURE).write_text(json.dumps(envelope.to_dict()))
    with pytest.raises(BundleError, match="something else than a statement"):
        verify(copy, trusted)


@pytest.mark.parametrize(
    "text",
    [
        "", "key = []", "[[key]]\nid = 'x'\n", "[[kex]]\n", "= no toml",
        '[[key]]\nid="a"\npublic="b"\nowner="c"\nvalid-from=2024-01-01\nvalid-until="soon"\n',
    ],
)  # fmt: skip
def test_a_wrong_trusted_keys_file_is_said(tmp_path: Path, text: str) -> None:
    (tmp_path / "trusted.toml").write_text(text)
    with pytest.raises(InputError, match=r"trusted\.toml"):
        load_trusted(tmp_path / "trusted.toml")


def test_a_key_of_another_kind_is_refused() -> None:
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    pem = generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(InputError, match="no ed25519 key"):
        load_signer(pem, "", "ec.pem")
    with pytest.raises(InputError, match="no private key"):
        keys.load_signer(b"nonsense", "", "x.pem")


def test_a_key_that_the_library_itself_stumbles_over_is_refused() -> None:
    # One byte of the algorithm's number is another: OpenSSL takes it for a kind of key, and fails on what it holds.
    body = "MC4CAQAwBQYDK2VvBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g"
    pem = f"-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n"
    with pytest.raises(InputError, match=r"x\.pem"):
        keys.load_signer(pem.encode(), "", "x.pem")
