"""Files that others ask for: SBOMs, OSCAL, packed bundles, keys."""

import os
from pathlib import Path

import click

from govsec_ci.cli.options import with_options
from govsec_ci.cli.printing import locale_language, write_all


@click.group()
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
    from govsec_ci.report import inert

    for line in report_lines(file):
        click.echo(inert.lines(line))
    return 0


@click.group()
def oscal() -> None:
    """Write profiles and verdicts as OSCAL 1.2.1 (NIST)."""


@oscal.command("profile")
@click.argument("name", metavar="ID|FILE")
@click.option("--to", type=click.Path(path_type=Path), default=".", show_default=True, help="Folder to write to.")
@with_options("lang")
def oscal_profile(name: str, to: Path, lang: str | None) -> int:
    """Write a profile as catalog and component definition.

    Its clauses are the catalog, its gates the component definition.

    \b
    Example:
      govsec oscal profile jp-gov --to oscal
    """
    from govsec_ci.app.oscal import profile_files

    return write_all(to, profile_files(name, lang or locale_language()))


@oscal.command("verdict")
@with_options("bundle")
@click.option("--to", type=click.Path(path_type=Path), default=".", show_default=True, help="Folder to write to.")
def oscal_verdict(out: Path, to: Path) -> int:
    """Write a verdict as assessment results and POA&M.

    The POA&M holds what is waived or overdue in --out.

    \b
    Example:
      govsec oscal verdict --out evidence --to oscal
    """
    from govsec_ci.app.oscal import verdict_files

    return write_all(to, verdict_files(out))


@click.group()
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


@click.group()
def key() -> None:
    """Make keys that sign bundles."""


@key.command("new")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--owner", required=True, help="Who answers for the key, as the trusted-keys file shows it.")
@click.option("--days", type=click.IntRange(1, 3650), default=365, show_default=True, help="How long it is valid.")
@with_options("now")
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
