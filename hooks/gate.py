"""``govsec-gate``: the whole run, as ``govsec run`` does it, over what is pushed (else staged), not the work tree."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import click

from govsec_ci.app.check_policy import Snapshot, is_file, named_as_in_repository
from govsec_ci.app.snapshot import committed, staged
from govsec_ci.app.snapshot_checkout import checkout
from govsec_ci.cli import end_with_children
from govsec_ci.cli.judging import run

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
    Rules that the options name (--profile, --config, --waivers, --baseline, --vex) are those that git holds as well;
    files that it does not know are the caller's own, and are read from where they are named. No socket is opened
    unless --online asks for it: `govsec advisories sync` stores the data that the audit needs.

    Exit codes: 0 pass, 1 blocked, 2 wrong input, 3 not checked.

    \b
    Example:
      govsec-hook-gate --ref HEAD --profile jp-gov
    """
    repository = common.repository()
    (folder,) = common.paths(repository, [str(path)])
    with checkout(repository, ref) as top, named_as_in_repository(top):
        given["offline"] = given["offline"] or not given["online"]
        held = Snapshot(repository, committed(repository, ref) if ref else staged(repository), "in git")
        return cast("Callable[..., int]", run.callback)(path=top / folder, **given | _held(given, held, top))


def _held(given: Mapping[str, Any], held: Snapshot, top: Path) -> dict[str, Any]:
    """The options that name rules, each file that git holds as it lies below ``top``."""

    def placed(name: Any) -> Any:
        path = held.path_of(name, Path.cwd()) if name and (isinstance(name, Path) or is_file(name)) else ""
        return type(name)(top / path) if path else name

    one = {key: placed(given[key]) for key in ("config_file", "waivers", "baseline")}
    return one | {key: tuple(map(placed, given[key])) for key in ("profiles", "vex")}


def main(argv: list[str] | None = None) -> int:
    """Entry point: every option of ``govsec run`` may be given."""
    end_with_children()
    return common.run(command, argv)
