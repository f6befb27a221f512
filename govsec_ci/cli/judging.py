"""The main job, whole and in steps, and the proof that it was done: run, scan, merge, gate, report, view, verify."""

import sys
from pathlib import Path
from typing import Any

import click

from govsec_ci.cli.options import folder_argument, options_of, with_options
from govsec_ci.cli.printing import locale_language, show
from govsec_ci.errors import VERDICT_CODES


@click.command()
@folder_argument
@with_options("profiles", "out", "stage", "advisories", "offline", "online", "environment")
@with_options(
    "wheelhouse",
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
        verdict, view = run_all(options_of(given, advance))
    show(view, quiet=given["quiet"], verbose=given["verbose"])
    return VERDICT_CODES[verdict.verdict.value]


@click.command()
@folder_argument
@with_options("out", "stage", "advisories", "offline", "online", "environment", "waivers", "baseline", "vex")
@with_options("since", "policy_ref", "wheelhouse", "config", "now", "cache", "jobs", "silent")
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
        options = options_of(given, advance)
        with steps.ruled(options) as policy, staged_folder(options.out, keep=False) as folder:
            steps.scan(options, policy, folder)
    return 0


@click.command()
@with_options("out", "now")
def merge(**given: Any) -> int:
    """Merge the logs of `govsec scan` into one.

    Writes results.sarif, github.sarif, vex.cdx.json and vex.openvex.json.

    \b
    Example:
      govsec merge --out evidence
    """
    from govsec_ci.app import bundle, steps
    from govsec_ci.system.files import staged_folder

    options = options_of(given)
    with staged_folder(bundle.require(options.out), keep=True) as folder:
        steps.merge_runs(options, folder)
    return 0


@click.command()
@with_options("out", "profiles", "stage", "now", "lang", "verbose", "quiet")
def gate(**given: Any) -> int:
    """Judge the evidence in --out (again), under the profiles given.

    Would last year's release pass today's rules?

    \b
    Example:
      govsec gate --out evidence-2025 --profile jp-gov
    """
    from govsec_ci.app import bundle, steps
    from govsec_ci.system.files import staged_folder

    options = options_of(given)
    with staged_folder(bundle.require(options.out), keep=True) as folder:
        evidence = steps.read_evidence(folder)
        verdict = steps.judge(options, folder, evidence)
        view = steps.report(options, folder, evidence)
    show(view, quiet=given["quiet"], verbose=given["verbose"])
    return VERDICT_CODES[verdict.verdict.value]


@click.command()
@with_options("out", "lang", "verbose", "quiet")
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
    Example:
      govsec report --format junit --to junit.xml
    """
    from govsec_ci.app import bundle, steps
    from govsec_ci.system.files import staged_folder, write_atomic

    options = options_of(given)
    if form is not None:
        data = steps.render(bundle.require(options.out), form, lang=options.lang)
        if to:
            write_atomic(to, data)
        else:
            sys.stdout.buffer.write(data)
        return 0
    with staged_folder(bundle.require(options.out), keep=True) as folder:
        view = steps.report(options, folder, steps.read_evidence(folder))
    show(view, quiet=given["quiet"], verbose=given["verbose"])
    return 0


@click.command()
@with_options("bundle")
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


@click.command()
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
@with_options("lang")
def verify(
    bundle_folder: Path,
    trusted_keys: Path | None,
    profiles: tuple[str, ...],
    lang: str | None,
    *,
    require_signature: bool,
) -> int:
    """Check that BUNDLE holds, alone and offline.

    Digests, signature, and the decision replayed from its evidence. An intact bundle gives its verdict's own exit
    code, so that `govsec verify BUNDLE && deploy` is safe; one that
    does not hold gives 5. Without --trusted-keys a signature is not looked at, and that is said. With --profile the
    evidence is judged again by other rules, to which a signature of a trusted key counts; nothing is written.

    \b
    Examples:
      govsec verify govsec-out && deploy
      govsec verify govsec-out --trusted-keys trusted-keys.toml --require-signature && deploy
    """
    from govsec_ci.app.keys import load_trusted
    from govsec_ci.app.verify import judge_again
    from govsec_ci.app.verify import verify as verify_bundle
    from govsec_ci.errors import BundleError
    from govsec_ci.gate import profile as profile_files
    from govsec_ci.report import verified

    if require_signature and trusted_keys is None:
        raise click.UsageError("--require-signature needs --trusted-keys FILE")
    language = lang or locale_language()
    asked = tuple(profile_files.load(name) for name in dict.fromkeys(profiles))
    try:
        held = verify_bundle(bundle_folder, load_trusted(trusted_keys) if trusted_keys else ())
    except BundleError as error:
        raise verified.told(error, language) from error
    for line in verified.held(held.verdict.verdict, signed=held.signed, signed_by=held.signed_by):
        click.echo(line.pick(language))
    if not asked:
        return VERDICT_CODES[held.verdict.verdict.value]
    again = judge_again(bundle_folder, held.verdict, asked, signed=bool(held.signed_by))
    for line in verified.again(again):
        click.echo(line.pick(language))
    return VERDICT_CODES[again.verdict.value]
