"""Judged bundles for tests, written straight from evidence: no scanner runs."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from govsec_ci.app import bundle
from govsec_ci.config import Config
from govsec_ci.formats import sarif
from govsec_ci.gate import profile as profiles
from govsec_ci.gate.evaluate import evaluate
from govsec_ci.model import Evidence, Stage, Verdict
from govsec_ci.system.files import MARKER, write_atomic


def write(folder: Path, evidence: Evidence, names: Sequence[str], *, now: datetime, stage: Stage) -> Verdict:
    """The bundle that judging ``evidence`` by the named profiles leaves in ``folder``, but for SBOM and reports."""
    (folder / "inputs").mkdir(parents=True)
    (folder / ".gitignore").write_text(MARKER, "utf-8")
    inputs = bundle.ScanInputs(
        subject=evidence.subject,
        timestamp_s=0,
        expected=dict(evidence.expected),
        documents=evidence.documents,
    )
    bundle.write_inputs(folder, inputs, Config(), {})
    write_atomic(folder / bundle.RESULTS, sarif.write(evidence.runs))
    judged_by = [profiles.load(name) for name in names]
    verdict = evaluate(evidence, judged_by, now=now, stage=stage, engine="govsec_ci test")
    bundle.write_verdict(folder, verdict)
    bundle.write_profiles(folder, judged_by)
    bundle.seal(folder, evidence.runs, "govsec_ci test")
    return verdict
