"""Signing keys: ed25519, private half as PKCS #8 PEM, public halves in a trusted-keys file with validity dates.

A trusted-keys file is TOML; more than one entry may be valid at a time, which is how keys are rotated::

    [[key]]
    id = "5f1c…"                    # as `govsec key new` prints it
    public = "a1b2…"                # the 32 bytes of the ed25519 public key, hex
    owner = "release team"
    valid-from = 2026-04-01         # first day, UTC
    valid-until = 2027-03-31        # last day, UTC
"""

import json
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from govsec_ci.errors import InputError, UsageError
from govsec_ci.system import toml
from govsec_ci.system.files import read_limited

if TYPE_CHECKING:
    from securesystemslib.signer import CryptoSigner, Key, SSlibKey

_LIMIT_BYTES = 1_000_000


class TrustedKey(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """One public key, and the days (UTC, inclusive) on which what it signs is trusted."""

    id: str
    public: str
    owner: str
    valid_from: date
    valid_until: date

    def holds(self, moment: datetime) -> bool:
        """Whether the key was valid at ``moment``."""
        return self.valid_from <= moment.astimezone(UTC).date() <= self.valid_until


class _File(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    key: tuple[TrustedKey, ...]


def new_key(path: Path, passphrase: str) -> "SSlibKey":
    """Make a key pair; the private half goes to ``path`` (0600, encrypted where there is a passphrase).

    :raises UsageError: the file is there already, or cannot be written
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415 — takes 0.1 s
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415
        BestAvailableEncryption,
        Encoding,
        NoEncryption,
        PrivateFormat,
    )
    from securesystemslib.signer import SSlibKey  # noqa: PLC0415

    private = Ed25519PrivateKey.generate()
    sealed = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
    _write_private(path, private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, sealed))
    return SSlibKey.from_crypto(private.public_key())


def _write_private(path: Path, pem: bytes) -> None:
    try:
        path.touch(mode=0o600, exist_ok=False)
        path.write_bytes(pem)
    except FileExistsError as error:
        raise UsageError(f"{path}: is there already, and a key is never replaced") from error
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror}") from error


def trusted_entry(key: "SSlibKey", owner: str, valid_from: date, valid_until: date) -> str:
    """The entry of a trusted-keys file for a public key."""
    return (
        f'[[key]]\nid = "{key.keyid}"\npublic = "{key.keyval["public"]}"\nowner = {json.dumps(owner)}\n'
        f"valid-from = {valid_from.isoformat()}\nvalid-until = {valid_until.isoformat()}\n"
    )


def load_signer(pem: bytes, passphrase: str, name: str) -> "CryptoSigner":
    """The signer of a private key; :raises InputError: it is no ed25519 key, or the passphrase is wrong."""
    from cryptography.exceptions import InternalError, UnsupportedAlgorithm  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415
    from securesystemslib.signer import CryptoSigner  # noqa: PLC0415

    try:
        private = load_pem_private_key(pem, passphrase.encode() or None)
    except (ValueError, TypeError, UnsupportedAlgorithm, InternalError) as error:
        raise InputError(
            f"{name}: is no private key, or the passphrase does not open it",
            next_step="`govsec key new FILE` makes one; GOVSEC_SIGN_PASSPHRASE holds its passphrase",
        ) from error
    if not isinstance(private, Ed25519PrivateKey):
        raise InputError(f"{name}: is no ed25519 key", next_step="`govsec key new FILE` makes one")
    return CryptoSigner(private)


def load_trusted(path: Path) -> tuple[TrustedKey, ...]:
    """The keys of a trusted-keys file; :raises InputError: it has an unknown key, a missing field or no key at all."""
    try:
        data = toml.loads(read_limited(path, limit_bytes=_LIMIT_BYTES).decode())
        found = msgspec.convert(data, type=_File).key
    except (msgspec.ValidationError, toml.TomlError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: {error}", next_step="`govsec key new` prints an entry") from error
    if not found:
        raise InputError(f"{path}: holds no key")
    return found


def public_keys(trusted: Iterable[TrustedKey]) -> "list[Key]":
    """Trusted keys as the DSSE library wants them."""
    from securesystemslib.signer import SSlibKey  # noqa: PLC0415

    return [SSlibKey(one.id, "ed25519", "ed25519", {"public": one.public}) for one in trusted]
