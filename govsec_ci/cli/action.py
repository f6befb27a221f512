"""The GitHub Action's step."""

import os
import sys

import click

from govsec_ci.cli.exits import guarded
from govsec_ci.cli.printing import show
from govsec_ci.errors import VERDICT_CODES


@click.command(hidden=True)
def action() -> int:
    """Run as the GitHub Action's step: inputs from the environment, outputs to the runner's files.

    Ends with 0 once the outputs are written; the action's last step turns `exit-code` into its own.
    """
    from govsec_ci.app import github_action

    finished = github_action.Finished()

    def judge() -> int:
        options = github_action.options(os.environ, jobs=os.cpu_count() or 1)
        view = github_action.judge(options, finished)
        show(view, quiet=False)
        return VERDICT_CODES[finished.verdict]

    with github_action.inert(sys.stdout):
        exit_code = guarded(judge)
    github_action.publish(os.environ, finished, exit_code=exit_code, log=sys.stdout)
    return 0
