"""``govsec-gate``: the whole run, as ``govsec run`` does it, over what is pushed (else staged), not the work tree."""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import click

from govsec_ci.app.snapshot_checkout import checkout
from govsec_ci.cli import end_with_children
from govsec_ci.cli.judging import run
from govsec_ci.errors import GovsecError

from . import common


@click.command(
    "gate",
    # All of `govsec run`: whatever it learns, this hook knows.
    params=run.params,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@common.ref
def command(path: Path, ref: str | None, **given: Any) -> int:
    """Scan PATH (a folder of the checkout), merge, judge, report, as `govsec run` does.

    Judged is what git holds: the commit that is being pushed, else what is staged. `govsec run` judges the work tree.
    Files that the options name are the caller's own and are read from where they are named. No socket is opened unless
    --online asks for it: `govsec advisories sync` stores the data that the audit needs.

    Exit codes: 0 pass, 1 blocked, 2 wrong input, 3 not checked.

    \b
    Example:
      govsec-hook-gate --ref HEAD --profile jp-gov
    """
    repository = common.repository()
    (folder,) = common.paths(repository, [str(path)])
    with checkout(repository, ref) as top, _without(top):
        given["offline"] = not given["online"]
        return cast("Callable[..., int]", run.callback)(path=top / folder, **given)


@contextlib.contextmanager
def _without(top: Path) -> Iterator[None]:
    """Errors name files as the repository does: the private folder is gone when they are read."""
    try:
        yield
    except GovsecError as error:
        error.what = error.what.replace(f"{top}{os.sep}", "")
        raise


def main(argv: list[str] | None = None) -> int:
    """Entry point: every option of ``govsec run`` may be given."""
    end_with_children()
    return common.run(command, argv)
