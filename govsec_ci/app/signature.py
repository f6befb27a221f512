"""The bundle's signature: DSSE over a statement about the manifest, which covers every other file."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from govsec_ci.app import bundle
from govsec_ci.app.keys import TrustedKey, load_signer, public_keys
from govsec_ci.errors import BundleError
from govsec_ci.formats import intoto, manifest
from govsec_ci.model import Verdict
from govsec_ci.system.files import read_limited, write_atomic

if TYPE_CHECKING:
    from securesystemslib.signer import CryptoSigner

KEY_VARIABLE = "GOVSEC_SIGN_KEY"
PASSPHRASE_VARIABLE = "GOVSEC_SIGN_PASSPHRASE"  # noqa: S105 — a name
_KEY_LIMIT_BYTES = 100_000


def find_signer(key_file: Path | None, environment: Mapping[str, str]) -> "CryptoSigner | None":
    """The signer, or None where no key is given; asked before a scan starts, so that a wrong key costs no scan.

    :raises InputError: the key cannot be used
    """
    if key_file:
        pem = read_limited(key_file, limit_bytes=_KEY_LIMIT_BYTES)
    else:
        pem = environment.get(KEY_VARIABLE, "").encode()
    if not pem and not key_file:
        return None
    return load_signer(pem, environment.get(PASSPHRASE_VARIABLE, ""), str(key_file or KEY_VARIABLE))


def sign(folder: Path, key_file: Path | None, environment: Mapping[str, str]) -> bool:
    """Sign a sealed bundle with the key of ``key_file``, or of the variable ``GOVSEC_SIGN_KEY`` (PEM).

    :returns: whether there was a key; :raises InputError: the key cannot be used
    """
    signer = find_signer(key_file, environment)
    if signer is None:
        return False
    from securesystemslib.dsse import Envelope  # noqa: PLC0415 — cryptography takes 0.1 s to import

    data = bundle.read(folder, bundle.MANIFEST)
    payload = intoto.statement(
        bundle.read_verdict(folder), manifest_sha256=hashlib.sha256(data).hexdigest(), files=manifest.read(data)
    )
    envelope = Envelope(payload, intoto.PAYLOAD_TYPE, {})
    envelope.sign(signer)
    write_atomic(folder / bundle.SIGNATURE, manifest.canonical(envelope.to_dict()))
    return True


def predicate(folder: Path) -> bytes:
    """What :func:`sign` would say of a sealed bundle, without subject: JSON, for who signs it otherwise."""
    files = manifest.read(bundle.read(folder, bundle.MANIFEST))
    return manifest.canonical(intoto.predicate(bundle.read_verdict(folder), files))


def key_id(folder: Path) -> str | None:
    """Which key the signature in the bundle names, unchecked; empty where it names none, None without a signature."""
    path = folder / bundle.SIGNATURE
    if not path.exists():
        return None
    try:
        return str(json.loads(path.read_bytes())["signatures"][0]["keyid"])
    except (ValueError, LookupError, TypeError, RecursionError):
        return ""


def check(folder: Path, verdict: Verdict, trusted: tuple[TrustedKey, ...]) -> TrustedKey:
    """The trusted key that signed the bundle.

    :raises BundleError: there is no signature, none of a trusted key, of a key out of its days, or of something else
    """
    payload, keys = _verified(folder, trusted)
    said = intoto.read_statement(payload)
    if said.manifest_sha256 != hashlib.sha256(bundle.read(folder, bundle.MANIFEST)).hexdigest():
        raise BundleError("the signature is of another bundle's manifest")
    # The statement names whole seconds; the clock of the decision may have parts of one.
    if (said.verdict, said.now) != (verdict.verdict.value, verdict.now.replace(microsecond=0)):
        raise BundleError("the signature is of another verdict")
    # Several may have signed: an old key of somebody else does not spoil the signature of a good one.
    valid = next((key for key in keys if key.holds(said.now)), None)
    if valid is None:
        raise BundleError(f"the signing key of {keys[0].owner} was not valid on {said.now:%Y-%m-%d}")
    return valid


def _verified(folder: Path, trusted: tuple[TrustedKey, ...]) -> tuple[bytes, tuple[TrustedKey, ...]]:
    """The payload, and every trusted key that signed it."""
    from securesystemslib.dsse import Envelope  # noqa: PLC0415
    from securesystemslib.exceptions import Error  # noqa: PLC0415

    path = folder / bundle.SIGNATURE
    if not path.exists():
        raise BundleError("the bundle is not signed", next_step="sign it: govsec run --sign-key FILE")
    accepted: list[TrustedKey] = []
    cause = ""
    data = path.read_bytes()  # once: what is returned is what was verified
    # One by one: asked for all at once, the library is content with the first.
    for key in trusted:
        try:
            envelope = Envelope.from_dict(json.loads(data))
            envelope.verify(public_keys([key]), 1)
            accepted.append(key)
        except (Error, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            cause = str(error)[:200]
    if not accepted:
        raise BundleError("the signature is of no trusted key, or broken", cause=cause)
    if envelope.payload_type != intoto.PAYLOAD_TYPE:
        raise BundleError("the signature is over something else than a statement")
    return envelope.payload, tuple(accepted)
