"""The whole way, from a project's folder to the verdict: on one screen."""

import os
import shutil
from typing import TYPE_CHECKING

from govsec_ci.app import signature, steps
from govsec_ci.app.bundle import RUNS
from govsec_ci.app.steps import Options
from govsec_ci.model import Verdict
from govsec_ci.system.files import staged_folder

if TYPE_CHECKING:
    from govsec_ci.report.view import View


def run(options: Options) -> tuple[Verdict, "View"]:
    """Scan, merge, judge and report; the bundle at ``options.out`` is replaced as a whole, or left as it was.

    :raises GovsecError: the operator's input is wrong, or the output cannot be written
    """
    signer = signature.find_signer(options.sign_key, os.environ)
    with steps.ruled(options) as policy:
        profiles = steps.load_profiles(policy)
        with staged_folder(options.out, keep=False) as folder:
            steps.scan(options, policy, folder, steps.prepare_reports)
            steps.merge_runs(options, folder, copy=False)
            shutil.rmtree(folder / RUNS)  # results.sarif holds them all
            evidence = steps.read_evidence(folder)  # from the files, so that a replay sees what is judged here
            verdict = steps.decide(options, folder, profiles, evidence)
            view = steps.report(options, folder, evidence, signed_by=signer.public_key.keyid if signer else "")
            signature.sign(folder, options.sign_key, os.environ)
    return verdict, view
