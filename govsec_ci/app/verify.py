"""``govsec verify``: does a bundle hold? Its digests, and the decision replayed from the bundle alone, offline.

What an unsigned bundle proves: that its files belong together and that the decision follows from them. It cannot prove
who made it: whoever can rewrite every file can also recompute the manifest.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from govsec_ci.app import bundle, signature, steps
from govsec_ci.app.keys import TrustedKey
from govsec_ci.errors import BundleError, InputError, OperatorError
from govsec_ci.formats import manifest
from govsec_ci.formats import verdict as verdict_format
from govsec_ci.gate import evaluate as gate
from govsec_ci.gate.profile import Profile
from govsec_ci.model import Check, Verdict
from govsec_ci.system.files import check_plain, recover


class Held(Struct, frozen=True, kw_only=True):
    """A bundle that holds. ``signed_by`` is the owner of the trusted key; empty where no signature was checked."""

    verdict: Verdict
    signed: bool
    signed_by: str = ""


def verify(folder: Path, trusted: tuple[TrustedKey, ...] = ()) -> Held:
    """The bundle's verdict, once its digests hold and the decision has been reached again.

    :param trusted: keys of which one must have signed it; none: a signature is not looked at
    :raises BundleError: a file is missing, extra or changed, the decision does not follow from the evidence, or no
        trusted key signed it
    """
    recover(folder)
    _check_plain(folder)
    _check_digests(folder)
    try:
        recorded = bundle.read_verdict(folder)
        key = signature.check(folder, recorded, trusted) if trusted else None
        _check_replay(folder, recorded)
    except OperatorError as error:
        # The digests hold, so the files are as they were written: what cannot be read was never whole.
        raise BundleError(error.what, cause=error.cause) from error
    return Held(verdict=recorded, signed=(folder / bundle.SIGNATURE).exists(), signed_by=key.owner if key else "")


def judge_again(folder: Path, recorded: Verdict, profiles: Sequence[Profile], *, signed: bool = False) -> Verdict:
    """What other profiles say of the same evidence at the same moment and stage; the bundle stays as it is.

    :param folder: a bundle that holds (see :func:`verify`); :param recorded: its verdict
    :param signed: whether a trusted key signed it. That is not in the bundle: whoever receives it says whom they trust
    """
    evidence = replace(steps.read_evidence(folder), signature="valid" if signed else "none")
    return gate.evaluate(evidence, profiles, now=recorded.now, stage=recorded.stage, engine=steps.ENGINE)


def _check_plain(folder: Path) -> None:
    try:
        check_plain(folder)
    except InputError as error:
        raise BundleError(error.what) from error


def _check_digests(folder: Path) -> None:
    digests = manifest.read(_manifest(folder))
    present = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}
    for name in sorted(digests.keys() - present):
        raise BundleError(f"{name}: is in the manifest, but not in the bundle")
    for name in sorted(present - digests.keys() - {bundle.MANIFEST, bundle.SIGNATURE}):
        raise BundleError(f"{name}: is in the bundle, but not in the manifest")
    for name, digest in sorted(digests.items()):
        if _sha256(folder, name) != digest:
            raise BundleError(f"{name}: was changed after the bundle was written")


def _manifest(folder: Path) -> bytes:
    try:
        return (folder / bundle.MANIFEST).read_bytes()
    except OSError as error:
        raise BundleError(
            f"{folder / bundle.MANIFEST}: {error.strerror}", cause="this is no evidence bundle"
        ) from error


def _sha256(folder: Path, name: str) -> str:
    path = folder / name
    if path.is_symlink() or not path.is_file():
        raise BundleError(f"{name}: is not a regular file")
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _check_replay(folder: Path, recorded: Verdict) -> None:
    profiles = bundle.read_profiles(folder)
    evidence = steps.read_evidence(folder)
    again = gate.evaluate(evidence, profiles, now=recorded.now, stage=recorded.stage, engine=recorded.engine)
    if recorded.engine == steps.ENGINE and verdict_format.write(again) != bundle.read(folder, bundle.VERDICT):
        raise BundleError("the decision does not follow from the evidence", cause=_difference(recorded, again))
    if _decision(again) != _decision(recorded):
        raise BundleError("the decision does not follow from the evidence", cause=_difference(recorded, again))


def _decision(verdict: Verdict) -> object:
    """The fields that any later engine must reach again."""
    return verdict.verdict, [(check.profile, check.gate, check.mode, check.verdict) for check in verdict.checks]


def _difference(recorded: Verdict, again: Verdict) -> str:
    """The first check that came out otherwise, for people."""

    def key(check: Check) -> tuple[str, str]:
        return check.profile, check.gate

    replayed = {key(check): check for check in again.checks}
    for check in recorded.checks:
        other = replayed.get(key(check))
        if other != check:
            reached = other.verdict.value if other else "nothing"
            return f"gate {check.gate}: recorded {check.verdict.value}, replayed {reached}"
    return f"recorded {recorded.verdict.value}, replayed {again.verdict.value}"
