"""The options that commands share, and what they become."""

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from govsec_ci.cli.printing import locale_language

if TYPE_CHECKING:
    from govsec_ci.app.steps import Options


def folder_argument(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add PATH, the tree under judgement."""
    return click.argument("path", type=click.Path(path_type=Path), default=".")(command)


_OPTIONS: Final[dict[str, Callable[[Any], Any]]] = {
    "out": click.option(
        "--out", type=click.Path(path_type=Path), default="govsec-out", show_default=True, metavar="DIR",
        help="Folder of the evidence bundle; replaced as a whole.",
    ),
    "bundle": click.option(
        "--out", type=click.Path(path_type=Path), default="govsec-out", show_default=True, metavar="DIR",
        help="The evidence bundle to read.",
    ),
    "profiles": click.option(
        "--profile", "profiles", multiple=True, metavar="ID|FILE",
        help="Profile to judge by: a shipped id or a TOML file. May be repeated; the verdict is the worst.  "
        "[default: the configuration's, else jp-gov]",
    ),
    "stage": click.option(
        "--stage", type=click.Choice(["commit", "build", "release"]), default="build", show_default=True,
        help="At which stage the gates are asked.",
    ),
    "now": click.option(
        "--now", metavar="RFC3339",
        help="The clock that ages and deadlines are counted by, e.g. 2026-04-01T09:00:00Z.  [default: the time now]",
    ),
    "advisories": click.option(
        "--advisories", type=click.Path(path_type=Path), metavar="SOURCE",
        help="Advisory data: a folder of OSV JSON, or an OSV all.zip. GOVSEC_ADVISORIES does the same.",
    ),
    "environment": click.option(
        "--environment", type=click.Path(path_type=Path), metavar="DIR",
        help="An installed (virtual) environment of PATH: its metadata files are read, its Python is never started.",
    ),
    "wheelhouse": click.option(
        "--wheelhouse", type=click.Path(path_type=Path, exists=True, file_okay=False), metavar="DIR",
        help="The wheels and archives that get deployed: their SHA-512 goes into the SBOM.",
    ),
    "waivers": click.option(
        "--waivers", type=click.Path(path_type=Path), metavar="FILE",
        help="Waivers.  [default: govsec-waivers.toml of PATH, where there is one]",
    ),
    "baseline": click.option(
        "--baseline", type=click.Path(path_type=Path), metavar="SARIF",
        help="results.sarif of an earlier run, or a file of `govsec baseline`: tells what is new, and since when.",
    ),
    "vex": click.option(
        "--vex", multiple=True, type=click.Path(path_type=Path), metavar="FILE",
        help="OpenVEX or CycloneDX VEX; may be repeated. What it calls not affected becomes a suppression claim.",
    ),
    "since": click.option(
        "--since", default="", metavar="GITREF", help="Mark results on lines and in dependencies changed since GITREF."
    ),
    "policy_ref": click.option(
        "--policy-ref", default="auto", metavar="GITREF",
        help="Read settings, waivers and profile files from GITREF instead of the tree under judgement; none: from the "
        "tree.  [default: in the CI of a pull request its base, fetched where the checkout is shallow; else none]",
    ),
    "sign_key": click.option(
        "--sign-key", type=click.Path(path_type=Path), metavar="FILE",
        help="Sign the bundle with this ed25519 key (PEM). GOVSEC_SIGN_KEY holds a key's text instead.",
    ),
    "offline": click.option(
        "--offline", is_flag=True, help="Never open a socket: without advisory data the verdict is INCOMPLETE."
    ),
    "online": click.option(
        "--online", type=click.Choice(["osv", "pypi"]), default=None,
        help="Audit by a public service instead of advisory data; the verdict cannot be replayed from it.",
    ),
    "config": click.option(
        "--config", "config_file", type=click.Path(path_type=Path), metavar="FILE",
        help="Settings.  [default: govsec.toml or [tool.govsec] of PATH]",
    ),
    "cache": click.option(
        "--cache/--no-cache", "cache", default=None,
        help="Use what was found in unchanged files and unchanged dependencies before, or look at everything anew.  "
        "[default: --cache; at the release stage --no-cache]",
    ),
    "jobs": click.option(
        "--jobs", type=click.IntRange(min=1), default=None, metavar="N",
        help="Processes that a scanner may use.  [default: the number of processors]",
    ),
    "lang": click.option(
        "--lang", type=click.Choice(["en", "ja"]), default=None,
        help="Language of the reports.  [default: the locale's]",
    ),
    "verbose": click.option("--verbose", "-v", is_flag=True, help="Print every result and every step."),
    "quiet": click.option("--quiet", "-q", is_flag=True, help="Print the verdict only, and show no progress."),
    "silent": click.option("--quiet", "-q", is_flag=True, help="Show no progress."),
}  # fmt: skip


def with_options(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add the named options to a command, in that order."""
    return lambda command: functools.reduce(lambda done, name: _OPTIONS[name](done), reversed(names), command)


def options_of(given: dict[str, Any], advance: Callable[[str, int, int], None] | None = None) -> "Options":
    """The options of a use case, of the command's parameters; :raises click.UsageError: two contradict one another."""
    from govsec_ci.app.clock import parse
    from govsec_ci.app.progress import silent
    from govsec_ci.app.steps import Options
    from govsec_ci.model import Stage

    if given.get("offline") and given.get("online"):
        raise click.UsageError("--offline opens no socket, and --online asks a public service: give one of them")
    return Options(
        path=given.get("path", Path()),
        out=given["out"],
        now=parse(given.get("now")),
        profiles=tuple(given.get("profiles", ())),
        stage=Stage(given.get("stage", "build")),
        advisories=given.get("advisories"),
        environment=given.get("environment"),
        wheelhouse=given.get("wheelhouse"),
        waivers=given.get("waivers"),
        baseline=given.get("baseline"),
        vex=tuple(given.get("vex", ())),
        since=given.get("since", ""),
        policy_ref=given.get("policy_ref", ""),
        offline=given.get("offline", False),
        online=given.get("online") or "",
        config_file=given.get("config_file"),
        sign_key=given.get("sign_key"),
        jobs=given.get("jobs") or os.cpu_count() or 1,
        lang=given.get("lang") or locale_language(),
        cache=given.get("cache"),
        progress=advance or silent,
    )
