"""in-toto Statement v1 with a SLSA Verification Summary predicate (slsa.dev/verification_summary/v1) of a verdict.

SLSA knows PASSED and FAILED only: INCOMPLETE is FAILED there, and stands in full in the extension field ``govsec``.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct
from packageurl import PackageURL

from govsec_ci.errors import BundleError
from govsec_ci.formats.manifest import canonical
from govsec_ci.model import Subject, Verdict, VerdictWord

PAYLOAD_TYPE = "application/vnd.in-toto+json"
_STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://slsa.dev/verification_summary/v1"
_MANIFEST = "manifest.json"
# The specification wants a URI, and this one needs no address of ours.
_VERIFIER = "pkg:pypi/govsec-ci"


class Attested(Struct, frozen=True, kw_only=True):
    """What a statement says: the manifest that it covers, the decision, and the clock of the decision (UTC)."""

    manifest_sha256: str
    verdict: str
    now: datetime


def statement(verdict: Verdict, *, manifest_sha256: str, files: Mapping[str, str]) -> bytes:
    """The statement as canonical JSON.

    :param files: bundle file → lower-case hex sha256; SARIF and SBOM become ``inputAttestations``
    """
    return canonical(
        {
            "_type": _STATEMENT,
            "subject": _subject(verdict, manifest_sha256),
            "predicateType": PREDICATE_TYPE,
            "predicate": predicate(verdict, files),
        }
    )


def _subject(verdict: Verdict, manifest_sha256: str) -> list[dict[str, Any]]:
    subjects: list[dict[str, Any]] = [{"name": _MANIFEST, "digest": {"sha256": manifest_sha256}}]
    if verdict.subject.commit:
        subjects.append({"name": verdict.subject.name, "digest": {"gitCommit": verdict.subject.commit}})
    return subjects


def predicate(verdict: Verdict, files: Mapping[str, str]) -> dict[str, Any]:
    """The predicate alone, for a platform that makes the statement itself; ``files`` as for :func:`statement`."""
    inputs = [name for name in files if name.endswith((".sarif", ".cdx.json"))]
    profiles = [{"id": one.id, "version": one.version, "sha256": one.sha256} for one in verdict.profiles]
    passed = verdict.verdict is VerdictWord.PASS
    return {
        "verifier": {"id": _VERIFIER, "version": {"govsec_ci": verdict.engine}},
        "timeVerified": verdict.now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "resourceUri": _resource(verdict.subject),
        "policy": {"uri": "inputs/profiles", "digest": {"sha256": hashlib.sha256(canonical(profiles)).hexdigest()}},
        "inputAttestations": [{"uri": name, "digest": {"sha256": files[name]}} for name in sorted(inputs)],
        "verificationResult": "PASSED" if passed else "FAILED",
        # The specification's word for a policy that failed; levels of our own must not begin with SLSA_.
        "verifiedLevels": [f"GOVSEC_PASS_{one.id.upper()}" for one in verdict.profiles] if passed else ["FAILED"],
        "slsaVersion": "1.0",
        "govsec": {"verdict": verdict.verdict.value, "stage": verdict.stage.value, "profiles": profiles},
    }


def _resource(subject: Subject) -> str:
    """The URI that the field wants: a purl of no particular kind, as in ``vex.openvex.json``."""
    return PackageURL("generic", None, subject.name, subject.version or subject.commit).to_string()


def read_statement(payload: bytes) -> Attested:
    """What a signed statement says; :raises BundleError: it is none of ours."""
    try:
        body = json.loads(payload)
        if (body["_type"], body["predicateType"]) != (_STATEMENT, PREDICATE_TYPE):
            raise BundleError("the signed statement is of another type")
        subject = next(one for one in body["subject"] if one["name"] == _MANIFEST)
        predicate = body["predicate"]
        return Attested(
            manifest_sha256=subject["digest"]["sha256"],
            verdict=predicate["govsec"]["verdict"],
            now=datetime.fromisoformat(predicate["timeVerified"]),
        )
    except (ValueError, KeyError, TypeError, StopIteration, RecursionError) as error:
        raise BundleError("the signed statement is broken", cause=type(error).__name__) from error
