"""The closed set of gate kinds: each one small pure function."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from govsec_ci.gate import kind_deadlines, kind_records, kind_results, kind_sbom, kind_scans
from govsec_ci.gate.context import Context, Finding
from govsec_ci.gate.rulings import Rulings

KINDS: Final[Mapping[str, Callable[[Context, Rulings, Any], Finding]]] = {
    "results": kind_results.results,
    "deadlines": kind_deadlines.deadlines,
    "scans": kind_scans.scans,
    "coverage": kind_scans.coverage,
    "sbom": kind_sbom.sbom,
    "advisories": kind_scans.advisories,
    "suppressions": kind_records.suppressions,
    "evidence": kind_records.evidence,
    "pipeline": kind_results.pipeline,
    "licenses": kind_sbom.licenses,
    "signature": kind_records.signature,
}
