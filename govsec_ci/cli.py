"""Commands and exit codes; nothing else.

Imports of the use cases stand inside the commands: ``govsec --version`` and ``--help`` must not wait for scanners.
"""

import functools
import gc
import os
import platform
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from govsec_ci import __version__
from govsec_ci.errors import DefectError, GovsecError

if TYPE_CHECKING:
    from datetime import datetime

    from govsec_ci.app.steps import Options
    from govsec_ci.model import Verdict
    from govsec_ci.report.view import View

VERDICT_CODES: Final = {"PASS": 0, "FAIL": 1, "INCOMPLETE": 3}
USAGE: Final = 2
INTERRUPTED: Final = 130

_EXIT_CODES_HELP = """\b
Exit codes:
  0    PASS, or the command has done its work
  1    FAIL: a gate is violated
  2    something that you supplied is wrong (flag, profile, configuration, advisory data)
  3    INCOMPLETE: something required was not, or not wholly, checked
  4    a defect in govsec_ci itself
  5    the evidence bundle does not hold (verify)
  130  interrupted
"""


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}, epilog=_EXIT_CODES_HELP
)
@click.version_option(__version__, prog_name="govsec", message="%(prog)s %(version)s")
def cli() -> None:
    """Judge a Python project against government security gates, and keep the evidence.

    \b
    The main job:
      govsec run . --advisories all.zip        scan, merge, judge, report into govsec-out/
    Before it, once: what does this repository need, and is it there?
      govsec init . --dry-run
      govsec doctor .
    The same in steps, each from files to files:
      govsec scan . ; govsec merge ; govsec gate ; govsec report
    """


def _folder_argument(command: Callable[..., Any]) -> Callable[..., Any]:
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
        "--policy-ref", default="", metavar="GITREF",
        help="Read settings, waivers and profile files from GITREF instead of the tree under judgement.",
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
        help="Use what was found in unchanged files before, or look at everything anew.  [default: --cache; at the "
        "release stage --no-cache]",
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


def _with(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add the named options to a command, in that order."""
    return lambda command: functools.reduce(lambda done, name: _OPTIONS[name](done), reversed(names), command)


@cli.command()
@_folder_argument
@_with("profiles", "out", "stage", "advisories", "offline", "online", "environment")
@_with(
    "waivers",
    "baseline",
    "vex",
    "since",
    "policy_ref",
    "config",
    "sign_key",
    "now",
    "cache",
    "jobs",
    "lang",
    "verbose",
    "quiet",
)
def run(**given: Any) -> int:
    """Scan PATH, merge, judge, report: the whole way.

    \b
    Examples:
      govsec run --advisories all.zip
      govsec run src/app --profile essentials --stage release --out evidence
    """
    from govsec_ci.app import progress
    from govsec_ci.app.run import run as run_all

    with progress.shown(quiet=given["quiet"]) as advance:
        verdict, view = run_all(_options(given, advance))
    _show(view, quiet=given["quiet"], verbose=given["verbose"])
    return VERDICT_CODES[verdict.verdict.value]


@cli.command()
@_folder_argument
@_with("out", "stage", "advisories", "offline", "online", "environment", "waivers", "baseline", "vex")
@_with("since", "policy_ref", "config", "now", "cache", "jobs", "silent")
def scan(**given: Any) -> int:
    """Run the scanners over PATH.

    Writes one SARIF log a tool, and the SBOM. Incompleteness is recorded in the logs, for the gate to rule on: the
    exit code is 0.

    \b
    Example:
      govsec scan . --out evidence --advisories all.zip
    """
    from govsec_ci.app import progress, steps
    from govsec_ci.system.files import staged_folder

    with progress.shown(quiet=given["quiet"]) as advance:
        options = _options(given, advance)
        with steps.ruled(options) as policy, staged_folder(options.out, keep=False) as folder:
            steps.scan(options, policy, folder)
    return 0


@cli.command()
@_with("out", "now")
def merge(**given: Any) -> int:
    """Merge the logs of `govsec scan` into one.

    Writes results.sarif, github.sarif, vex.cdx.json and vex.openvex.json.
    """
    from govsec_ci.app import bundle, steps
    from govsec_ci.system.files import staged_folder

    options = _options(given)
    with staged_folder(bundle.require(options.out), keep=True) as folder:
        steps.merge_runs(options, folder)
    return 0


@cli.command()
@_with("out", "profiles", "stage", "now", "lang", "verbose", "quiet")
def gate(**given: Any) -> int:
    """Judge the evidence in --out (again), under the profiles given.

    \b
    Example: would last year's release pass today's rules?
      govsec gate --out evidence-2025 --profile jp-gov
    """
    from govsec_ci.app import bundle, steps
    from govsec_ci.system.files import staged_folder

    options = _options(given)
    with staged_folder(bundle.require(options.out), keep=True) as folder:
        verdict = steps.judge(options, folder)
        view = steps.report(options, folder)
    _show(view, quiet=given["quiet"], verbose=given["verbose"])
    return VERDICT_CODES[verdict.verdict.value]


@cli.command()
@_with("out", "lang", "verbose", "quiet")
@click.option(
    "--format", "form",
    type=click.Choice(["html", "markdown", "junit", "csv", "csv-excel", "json", "text"]),
    help="Write this one report, and nothing else.",
)  # fmt: skip
@click.option(
    "--to", type=click.Path(path_type=Path), metavar="FILE", help="Where --format writes.  [default: standard output]"
)
def report(form: str | None, to: Path | None, **given: Any) -> int:
    """Write the reports of the verdict in --out, and print it.

    \b
    Example: govsec report --format junit --to junit.xml
    """
    from govsec_ci.app import bundle, steps
    from govsec_ci.system.files import staged_folder, write_atomic

    options = _options(given)
    if form is not None:
        data = steps.render(bundle.require(options.out), form, lang=options.lang)
        if to:
            write_atomic(to, data)
        else:
            sys.stdout.buffer.write(data)
        return 0
    with staged_folder(bundle.require(options.out), keep=True) as folder:
        view = steps.report(options, folder)
    _show(view, quiet=given["quiet"], verbose=given["verbose"])
    return 0


@cli.command()
@click.argument("bundle_folder", type=click.Path(path_type=Path), metavar="BUNDLE")
@click.option(
    "--trusted-keys", type=click.Path(path_type=Path), metavar="FILE", help="Keys of which one must have signed it."
)
@click.option("--require-signature", is_flag=True, help="Refuse an unsigned bundle; needs --trusted-keys.")
@click.option(
    "--profile",
    "profiles",
    multiple=True,
    metavar="ID|FILE",
    help="Say also what this profile makes of the same evidence at the same moment, and exit by that.",
)
def verify(
    bundle_folder: Path, trusted_keys: Path | None, profiles: tuple[str, ...], *, require_signature: bool
) -> int:
    """Check that BUNDLE holds, alone and offline.

    Digests, signature, and the decision replayed from its evidence. An intact bundle gives its verdict's own exit
    code, so that `govsec verify BUNDLE && deploy` is safe; one that
    does not hold gives 5. Without --trusted-keys a signature is not looked at, and that is said. With --profile the
    evidence is judged again by other rules; nothing is written.

    \b
    Examples:
      govsec verify govsec-out && deploy
      govsec verify govsec-out --trusted-keys trusted-keys.toml --require-signature && deploy
    """
    from govsec_ci.app.keys import load_trusted
    from govsec_ci.app.verify import judge_again
    from govsec_ci.app.verify import verify as verify_bundle
    from govsec_ci.gate import profile as profile_files

    if require_signature and trusted_keys is None:
        raise click.UsageError("--require-signature needs --trusted-keys FILE")
    asked = tuple(profile_files.load(name) for name in dict.fromkeys(profiles))
    held = verify_bundle(bundle_folder, load_trusted(trusted_keys) if trusted_keys else ())
    signed = "signed, but the signature was not checked: give --trusted-keys" if held.signed else "not signed"
    word = held.verdict.verdict.value
    click.echo(f"{word}: the bundle holds, and the decision follows from its evidence")
    click.echo(f"signed by a trusted key of {held.signed_by}" if held.signed_by else signed)
    if not asked:
        return VERDICT_CODES[word]
    again = judge_again(bundle_folder, held.verdict, asked)
    _show_again(again)
    return VERDICT_CODES[again.verdict.value]


def _show_again(again: "Verdict") -> None:
    from govsec_ci.report.inert import message

    named = ", ".join(profile.id for profile in again.profiles)
    click.echo(f"{again.verdict.value}: the same evidence by {named}")
    for check in again.checks:
        if check.mode == "block" and check.verdict.value != "PASS":
            click.echo(message(f"  {check.verdict.value} {check.gate}: {check.observed} (limit: {check.limit})"))


@cli.group()
def key() -> None:
    """Make keys that sign bundles."""


@key.command("new")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--owner", required=True, help="Who answers for the key, as the trusted-keys file shows it.")
@click.option("--days", type=click.IntRange(1, 3650), default=365, show_default=True, help="How long it is valid.")
@_with("now")
def key_new(file: Path, owner: str, days: int, now: str | None) -> int:
    """Write an ed25519 private key to FILE.

    Prints its entry for a trusted-keys file.

    The variable GOVSEC_SIGN_PASSPHRASE encrypts it; without it the key lies open in FILE (0600), and that is said.

    \b
    Example:
      govsec key new release.pem --owner "release team" >> trusted-keys.toml
    """
    from datetime import timedelta

    from govsec_ci.app import keys
    from govsec_ci.app.clock import parse
    from govsec_ci.app.signature import PASSPHRASE_VARIABLE

    passphrase = os.environ.get(PASSPHRASE_VARIABLE, "")
    first = parse(now).date()
    public = keys.new_key(file, passphrase)
    click.echo(keys.trusted_entry(public, owner, first, first + timedelta(days=days)), nl=False)
    if not passphrase:
        click.echo(f"govsec: {file} is not encrypted: set {PASSPHRASE_VARIABLE} to encrypt a key", err=True)
    return 0


@cli.command()
@_with("bundle")
def view(out: Path) -> int:
    """Open the report in the browser; print its path.

    \b
    Example:
      govsec view --out evidence
    """
    from govsec_ci.report.opener import open_report

    page, _opened = open_report(out)
    click.echo(str(page))
    return 0


@cli.command()
@_with("bundle")
@click.option(
    "--to", type=click.Path(path_type=Path), default="govsec-baseline.sarif", show_default=True, metavar="FILE",
    help="Where the reference goes; commit it.",
)  # fmt: skip
def baseline(out: Path, to: Path) -> int:
    """Write the reference file of a legacy repository.

    Given to later runs with --baseline, it makes them start with "nothing new". It holds fingerprints and dates
    only, one result a line.

    \b
    Examples:
      govsec run . ; govsec baseline
      govsec run . --baseline govsec-baseline.sarif
    """
    from govsec_ci.app.history import write_reference

    write_reference(out, to)
    return 0


@cli.command()
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
def diff(old: Path, new: Path) -> int:
    """Compare two bundles (or results.sarif).

    Says what is new, updated and gone.

    It informs and does not judge: the exit code is 0 also where they differ.

    \b
    Example:
      govsec diff evidence-2.2.0 evidence-2.3.0
    """
    from govsec_ci.app.history import diff_lines

    for line in diff_lines(old, new):
        click.echo(line)
    return 0


@cli.command()
@_with("bundle", "advisories")
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "requirements"]), default="text", show_default=True,
    help="For people, for programs, or as lower bounds for a package manager.",
)  # fmt: skip
def plan(out: Path, advisories: Path | None, form: str) -> int:
    """Say which versions clear what blocks, and what is left.

    Versions are taken from the advisory data and are not resolved against one another.

    \b
    Examples:
      govsec plan
      govsec plan --format requirements > constraints.txt
    """
    from govsec_ci.app import plan as planning
    from govsec_ci.app.advisories import resolve_advisories
    from govsec_ci.config import AdvisorySettings

    with resolve_advisories(advisories, AdvisorySettings()) as found:
        click.echo(planning.render(planning.plan(out, found), form))
    return 0


@cli.command()
@click.argument("identifier", metavar="ID")
@_with("bundle", "lang")
def explain(identifier: str, out: Path, lang: str | None) -> int:
    """Say what ID is and asks for.

    Which clause, why it counts, since and until when, what closes it, who may waive it.

    ID is a gate (jp-gov/static-high, or static-high), a rule (B602), or of the bundle in --out a result's fingerprint
    (or how it begins) or a vulnerability's id.

    \b
    Examples:
      govsec explain jp-gov/static-high
      govsec explain CVE-2021-35042 --lang ja
    """
    from govsec_ci.app import explain as explaining

    for line in explaining.lines(explaining.explain(identifier, lang=lang or locale_language(), folder=out)):
        click.echo(line)
    return 0


@cli.command()
@_with("bundle", "lang")
@click.option(
    "--format", "form", type=click.Choice(["markdown", "csv", "json"]), default="markdown", show_default=True,
    help="For people, for spreadsheets, or for programs.",
)  # fmt: skip
def trace(out: Path, lang: str | None, form: str) -> int:
    """Lead from each clause to its evidence, and back.

    Clause, gate, check, results, evidence file with its hash; and back from each result.
    """
    from govsec_ci.app import trace as tracing

    click.echo(tracing.render(tracing.trace(out, lang=lang or locale_language()), form))
    return 0


@cli.command()
@_with("bundle", "lang")
@click.option(
    "--against", type=click.Path(path_type=Path), metavar="DIR", help="An earlier bundle: also say what has changed."
)
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True,
    help="For people or for programs.",
)  # fmt: skip
def gap(out: Path, lang: str | None, against: Path | None, form: str) -> int:
    """Say how far --out is from PASS.

    For each profile: which share of its gates is met, by weight, and what is missing.
    """
    from govsec_ci.app import gap as gaps

    language = lang or locale_language()
    found = gaps.gaps(out, lang=language)
    before = gaps.gaps(against, lang=language) if against else None
    text = gaps.as_json(found, before) if form == "json" else "\n".join(gaps.lines(found, before, lang=language))
    click.echo(text)
    return 0


@cli.group()
def profile() -> None:
    """Show, check, compare, test and start profiles."""


@profile.command("list")
@_with("lang")
def profile_list(lang: str | None) -> int:
    """List the shipped profiles."""
    from govsec_ci.app import profiles

    _table(profiles.list_rows(lang or locale_language()))
    return 0


@profile.command("show")
@click.argument("name", metavar="ID|FILE")
@_with("lang")
def profile_show(name: str, lang: str | None) -> int:
    """Show a profile as people read it: gates, limits, clauses, labels."""
    from govsec_ci.app import profiles

    for line in profiles.show_lines(name, lang or locale_language()):
        click.echo(line)
    return 0


@profile.command("page")
@click.argument("name", metavar="ID|FILE")
def profile_page(name: str) -> int:
    """Print a profile as a Markdown page, in English and Japanese."""
    from govsec_ci.app.profile_page import page

    click.echo(page(name), nl=False)
    return 0


@profile.command("check")
@click.argument("file", metavar="FILE")
def profile_check(file: str) -> int:
    """Check that FILE is a profile; an error names file and line."""
    from govsec_ci.app import profiles

    click.echo(profiles.check_line(file))
    return 0


@profile.command("diff")
@click.argument("old", metavar="ID|FILE")
@click.argument("new", metavar="ID|FILE")
def profile_diff(old: str, new: str) -> int:
    """Say what becomes stricter or looser from OLD to NEW."""
    from govsec_ci.app import profiles

    for line in profiles.diff_lines(old, new):
        click.echo(line)
    return 0


@profile.command("test")
@click.argument("name", metavar="ID|FILE")
def profile_test(name: str) -> int:
    """Run a profile's own cases.

    Ends with 1 where one comes out otherwise than it says.
    """
    from govsec_ci.app import profiles

    right, lines = profiles.case_lines(name)
    for line in lines:
        click.echo(line)
    return 0 if right else 1


@profile.command("new")
@click.argument("identifier", metavar="ID")
@click.option(
    "--extends", "base", default="jp-gov", show_default=True, metavar="ID", help="Profile that it starts from."
)
@click.option("--to", type=click.Path(path_type=Path), default=".", help="Folder to write to.")
def profile_new(identifier: str, base: str, to: Path) -> int:
    """Write a profile of your own, with cases, to start from.

    \b
    Example:
      govsec profile new our-agency --extends jp-gov --to profiles
    """
    from govsec_ci.app import profiles

    for path in profiles.start(identifier, base, to):
        click.echo(str(path))
    return 0


@cli.command()
@click.argument("fingerprint")
@_with("bundle")
@click.option("--id", "identifier", prompt="Id of the waiver", help="Its id, e.g. W-2026-014.")
@click.option("--reason", prompt="Why is it acceptable", help="Why the result is acceptable.")
@click.option("--owner", prompt="Who owns the risk", help="Who owns the risk.")
@click.option("--approver", default="", help="Who approved it. Empty: a draft, without effect.")
@click.option("--ticket", prompt="Ticket", help="Where it is tracked.")
@click.option("--plan", prompt="How will it be mended", help="How, and how long until, it will be mended.")
@click.option("--expires", type=click.DateTime(["%Y-%m-%d"]), prompt="Last day it holds (YYYY-MM-DD)", help="Last day.")
@click.option("--reopen-epss", type=click.FloatRange(0, 1), help="EPSS probability from which it no longer holds.")
@click.option("--to", type=click.Path(path_type=Path), metavar="FILE", help="[default: govsec-waivers.toml]")
@_with("now")
def waive(fingerprint: str, out: Path, **given: Any) -> int:
    """Add a waiver for one result.

    The one of --out whose fingerprint starts with FINGERPRINT, as `govsec report --format csv` shows it.

    What is not given as a flag is asked for. The profile rules on what is admissible; `govsec run` tells.

    \b
    Example:
      govsec waive 3f2a91 --id W-2026-014 --owner 'platform team' --approver 'security office'
    """
    from govsec_ci.app.clock import parse
    from govsec_ci.app.waive import Words
    from govsec_ci.app.waive import waive as add_waiver

    to, now = given.pop("to"), given.pop("now")
    expires = given.pop("expires").date()
    words = Words(id=given.pop("identifier"), created=parse(now).date(), expires=expires, **given)
    click.echo(str(add_waiver(out, fingerprint, words, to)))
    return 0


@cli.group()
def advisories() -> None:
    """Advisory data: fetch it, carry it in and out, look at its age."""


@advisories.command("sync")
@_with("config", "silent")
def advisories_sync(config_file: Path | None, *, quiet: bool) -> int:
    """Fetch the feeds over HTTPS where they have changed.

    What fails its check leaves the earlier data in place. OSV (PyPI), CISA KEV and EPSS; [advisories] of
    the settings names mirrors.

    \b
    Example:
      govsec advisories sync
    """
    from govsec_ci.app import advisories as feeds
    from govsec_ci.app import progress

    with progress.shown(quiet=quiet) as advance:
        states = feeds.synced(config_file, advance)
    _table([("feed", "of", "records"), *((one.feed, _day(one.as_of), f"{one.records:,}") for one in states)])
    return 0


@advisories.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@_with("silent")
def advisories_import(files: tuple[Path, ...], *, quiet: bool) -> int:
    """Store feeds from FILES; all of them or none.

    OSV folders and zips, KEV, EPSS and Vulnrichment as published, or an archive of `govsec advisories export`.

    \b
    Examples:
      govsec advisories import all.zip known_exploited_vulnerabilities.json
      govsec advisories import feeds.zip
    """
    from govsec_ci.advisories.importing import import_files
    from govsec_ci.advisories.prepare import default_cache
    from govsec_ci.app import progress

    with progress.shown(quiet=quiet) as advance:
        states = import_files(files, default_cache(), advance)
    _table([("feed", "of", "records"), *((one.feed, _day(one.as_of), f"{one.records:,}") for one in states)])
    return 0


@advisories.command("export")
@click.argument("archive", type=click.Path(path_type=Path))
def advisories_export(archive: Path) -> int:
    """Write every stored feed into one ARCHIVE.

    It holds their digests; `govsec advisories import` on a closed network takes it.

    \b
    Example:
      govsec advisories export feeds.zip
    """
    from govsec_ci.advisories.exporting import export
    from govsec_ci.advisories.prepare import default_cache

    export(archive, default_cache())
    return 0


@advisories.command("status")
@_with("now")
def advisories_status(now: str | None) -> int:
    """Show each feed: its date, age, number of records and digest."""
    from govsec_ci.advisories.prepare import default_cache
    from govsec_ci.advisories.status import status
    from govsec_ci.app.clock import parse

    found = status(default_cache(), parse(now))
    rows = [("feed", "of", "age", "records", "sha256")]
    for one in found.feeds:
        if one.state is None or one.age_days is None:
            rows.append((one.feed, "not stored", "", "", ""))
        else:
            age = f"{one.age_days:.1f} days"
            rows.append((one.feed, _day(one.state.as_of), age, f"{one.state.records:,}", one.state.sha256))
    _table(rows)
    for ecosystem, records in found.unmatched.items():
        click.echo(f"{records:,} records of {ecosystem} are stored, but not matched: only PyPI is")
    return 0


@cli.group()
def cache() -> None:
    """Look at, or remove, what was found in files before.

    Advisory data is kept apart: see `govsec advisories`.
    """


@cache.command("info")
def cache_info() -> int:
    """Show where it lies, and how large it is and may become."""
    from govsec_ci.system.cache import Store, default_cache

    info = Store(default_cache()).info()
    sizes = (f"{info.size_bytes:,} bytes", f"{info.limit_bytes:,} bytes")
    _table([("file", str(info.file)), ("answers", f"{info.entries:,}"), ("size", sizes[0]), ("limit", sizes[1])])
    return 0


@cache.command("clear")
def cache_clear() -> int:
    """Remove all answers: the next run looks at every file."""
    from govsec_ci.errors import UsageError
    from govsec_ci.system.cache import Store, default_cache

    if not Store(default_cache()).clear():
        raise UsageError("the cache could not be removed", next_step="wait for other runs to end, and try again")
    return 0


@cli.group()
def sbom() -> None:
    """Work with SBOMs."""


@sbom.command("check")
@click.argument("file", type=click.Path(path_type=Path))
def sbom_check(file: Path) -> int:
    """Say what FILE (CycloneDX JSON) lacks, field by field.

    By NTIA's minimum elements, the CISA 2025 draft and BSI TR-03183-2.

    It informs and does not judge: the exit code is 0 for every file that can be read.

    \b
    Example:
      govsec sbom check govsec-out/sbom.cdx.json
    """
    from govsec_ci.app.sbom import report_lines

    for line in report_lines(file):
        click.echo(line)
    return 0


@cli.group()
def oscal() -> None:
    """Write profiles and verdicts as OSCAL 1.2.1 (NIST)."""


@oscal.command("profile")
@click.argument("name", metavar="ID|FILE")
@click.option("--to", type=click.Path(path_type=Path), default=".", show_default=True, help="Folder to write to.")
@_with("lang")
def oscal_profile(name: str, to: Path, lang: str | None) -> int:
    """Write a profile as catalog and component definition.

    Its clauses are the catalog, its gates the component definition.
    """
    from govsec_ci.app.oscal import profile_files

    return _write_all(to, profile_files(name, lang or locale_language()))


@oscal.command("verdict")
@_with("bundle")
@click.option("--to", type=click.Path(path_type=Path), default=".", show_default=True, help="Folder to write to.")
def oscal_verdict(out: Path, to: Path) -> int:
    """Write a verdict as assessment results and POA&M.

    The POA&M holds what is waived or overdue in --out.
    """
    from govsec_ci.app.oscal import verdict_files

    return _write_all(to, verdict_files(out))


@cli.group()
def bundle() -> None:
    """Work with evidence bundles."""


@bundle.command("pack")
@click.argument("bundle_folder", type=click.Path(path_type=Path), metavar="BUNDLE")
@click.argument("archive", type=click.Path(path_type=Path))
def bundle_pack(bundle_folder: Path, archive: Path) -> int:
    """Write BUNDLE as one .tar.gz; the same bundle gives the same bytes.

    \b
    Example:
      govsec bundle pack govsec-out evidence-2.3.0.tar.gz
    """
    from govsec_ci.app.pack import pack

    pack(bundle_folder, archive)
    return 0


@cli.command()
@_folder_argument
@_with("profiles")
@click.option("--hooks-from", "url", metavar="URL", help="Repository that hooks and workflow take govsec_ci from.")
@click.option("--rev", metavar="COMMIT", help="The commit of it that you reviewed.")
@click.option("--dry-run", is_flag=True, help="Show what would be written, and write nothing.")
@click.option("--yes", is_flag=True, help="Do not ask before writing.")
def init(path: Path, profiles: tuple[str, ...], **given: Any) -> int:
    """Write settings, waivers, hooks and a workflow into PATH.

    What is there already stays; hooks are added to an existing .pre-commit-config.yaml.

    \b
    Examples:
      govsec init --dry-run
      govsec init --hooks-from https://github.com/OWNER/govsec_ci --rev 0123abc…
    """
    from govsec_ci.app import init as use_case
    from govsec_ci.app.init_files import HookSource

    if bool(given["url"]) != bool(given["rev"]):
        raise click.UsageError("--hooks-from and --rev go together")
    source = HookSource(url=given["url"], rev=given["rev"]) if given["url"] else use_case.source_of_installation()
    changes = use_case.plan(path, source, profiles or ("jp-gov",))
    for change in changes:
        click.echo(use_case.shown(change))
    if not changes:
        click.echo("Everything is in place.")
    elif not given["dry_run"] and (given["yes"] or _agreed(f"Write {len(changes)} files?")):
        use_case.write(path, changes)
        click.echo("Written. Next: govsec doctor")
    return 0


def _agreed(question: str) -> bool:
    # Where nobody can answer, the call itself was the answer: what is written is new, or added to.
    return not sys.stdin.isatty() or click.confirm(question, default=True)


@cli.command()
@_folder_argument
@_with("advisories")
def doctor(path: Path, advisories: Path | None) -> int:
    """Say what PATH lacks to be judged, and how to mend it.

    Changes and fetches nothing; ends with 3 where something is lacking.

    \b
    Examples:
      govsec doctor
      govsec doctor . --advisories all.zip
    """
    from govsec_ci.app.doctor import examine

    said = examine(path, advisories)
    for one in said:
        click.echo(f"{'!!' if one.mend else 'ok'}  {one.what}")
        if one.mend:
            click.echo(f"      to do: {one.mend}")
    return VERDICT_CODES["INCOMPLETE"] if any(one.mend for one in said) else 0


@cli.command(hidden=True)
def action() -> int:
    """Run as the GitHub Action's step: inputs from the environment, outputs to the runner's files.

    Ends with 0 once the outputs are written; the action's last step turns `exit-code` into its own.
    """
    from govsec_ci.app import github_action

    finished = github_action.Finished()

    def judge() -> int:
        options = github_action.options(os.environ, jobs=os.cpu_count() or 1)
        view = github_action.judge(options, finished)
        _show(view, quiet=False)
        return VERDICT_CODES[finished.verdict]

    with github_action.inert(sys.stdout):
        exit_code = guarded(judge)
    github_action.publish(os.environ, finished, exit_code=exit_code, log=sys.stdout)
    return 0


def _options(given: dict[str, Any], advance: Callable[[str, int, int], None] | None = None) -> "Options":
    from govsec_ci.app.clock import parse
    from govsec_ci.app.progress import silent
    from govsec_ci.app.steps import Options
    from govsec_ci.model import Stage

    return Options(
        path=given.get("path", Path()),
        out=given["out"],
        now=parse(given.get("now")),
        profiles=tuple(given.get("profiles", ())),
        stage=Stage(given.get("stage", "build")),
        advisories=given.get("advisories"),
        environment=given.get("environment"),
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


def locale_language() -> str:
    names = (os.environ.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    return "ja" if next(filter(None, names), "").startswith("ja") else "en"


def _write_all(folder: Path, files: dict[str, bytes]) -> int:
    from govsec_ci.system.files import write_atomic

    for name, data in files.items():
        write_atomic(folder / name, data)
        click.echo(str(folder / name))
    return 0


def _table(rows: Sequence[tuple[str, ...]]) -> None:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _day(moment: "datetime") -> str:
    return moment.strftime("%Y-%m-%d")


def _show(view: "View", *, quiet: bool, verbose: bool = False) -> None:
    from govsec_ci.report import console

    console.show(view, sys.stdout, quiet=quiet, verbose=verbose)


def main(argv: list[str] | None = None) -> int:
    """Entry point: the one place where an error becomes an exit code.

    :returns: the exit code (see ``govsec --help``); no other place ends the process
    """
    _die_with_children()
    _collect_seldom()
    return guarded(lambda: cli.main(args=argv, prog_name="govsec", standalone_mode=False) or 0)


def guarded(work: Callable[[], int]) -> int:
    try:
        return work()
    except GovsecError as error:
        click.echo(_harmless(f"govsec: {error.diagnostics()}"), err=True)
        if isinstance(error, DefectError):
            click.echo(_defect(), err=True)
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return USAGE
    except (click.Abort, KeyboardInterrupt):
        click.echo("govsec: interrupted; nothing was written", err=True)
        return INTERRUPTED
    except BrokenPipeError:
        return _reader_went_away()
    except Exception:  # noqa: BLE001 — the last handler: a traceback must not be taken for a verdict
        click.echo(_defect(), err=True)
        return DefectError.exit_code


def _die_with_children() -> None:
    from govsec_ci.system import process

    def stop(_signal: int, _frame: object) -> None:
        process.kill_all()
        raise KeyboardInterrupt

    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), stop)


def _collect_seldom() -> None:
    # What a command reads it keeps to its end: looking for garbage in it took a quarter of a run's time.
    gc.set_threshold(200_000, 50, 100)


def _reader_went_away() -> int:
    # Whoever read stdout has closed it: the verdict was not delivered, so this is no success.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return INTERRUPTED


def _defect() -> str:
    return "\n".join(
        (
            "govsec: this is a defect in govsec_ci, and no verdict was reached. Please report what follows:",
            "----",
            f"govsec_ci {__version__}, Python {platform.python_version()}, {platform.platform()}",
            _harmless(traceback.format_exc().replace(str(Path.home()), "~").rstrip()),
            "----",
        )
    )


def _harmless(text: str) -> str:
    # An error quotes what it is about: an address with a password, a name with an escape sequence.
    from govsec_ci.report import inert
    from govsec_ci.system import secrets

    return inert.lines(secrets.text(text))


if __name__ == "__main__":
    sys.exit(main())
