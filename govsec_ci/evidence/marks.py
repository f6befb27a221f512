"""What the comparison with a baseline, and with git, leaves on results for gates and reports to read."""

import hashlib

from govsec_ci.model import Suppression

SINCE = "since"
"""Key of ``Result.properties``; the values are :data:`CHANGED` and :data:`UNTOUCHED`."""
CHANGED = "changed"
UNTOUCHED = "untouched"

CLAIMS = "baseline-claims"
"""Key of ``Result.properties``: of a result that is not new, the :func:`claim_key` of each claim that it did not bear
in the baseline, or :data:`UNTOLD`; without the key there is none. In a reference file: of each claim that it bears."""
UNTOLD = "unknown"


def claim_key(claim: Suppression) -> str:
    """What makes a claim the same as one of yesterday: where it comes from, its status, and that it gives a reason.

    A digest: what is committed must not name a waiver to whoever has not got the waivers. Another wording of the
    reason makes no new claim; the first reason does, for without one it had no effect.
    """
    told = (claim.kind.value, claim.status.value, claim.origin, claim.origin_id, bool(claim.justification.strip()))
    return hashlib.sha256(repr(told).encode("utf-8", "surrogateescape")).hexdigest()[:16]
