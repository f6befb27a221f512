"""What lies on this machine: advisory data, and what was found in files before."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from govsec_ci.cli.options import with_options
from govsec_ci.cli.printing import day, locale_language, table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from govsec_ci.model import FeedState

# English, Japanese.
_HEAD = (("feed", "of", "records"), ("データ", "時点", "件数"))
_STATUS = (("feed", "of", "age", "records", "sha256"), ("データ", "時点", "経過", "件数", "sha256"))


@click.group()
def advisories() -> None:
    """Advisory data: fetch it, carry it in and out, look at its age."""


@advisories.command("sync")
@with_options("config", "silent")
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
    _stored(states)
    return 0


@advisories.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@with_options("silent")
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
    _stored(states)
    return 0


def _stored(states: "Iterable[FeedState]") -> None:
    head = _HEAD[locale_language() == "ja"]
    table([head, *((one.feed, day(one.as_of), f"{one.records:,}") for one in states)])


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
@with_options("now", "lang")
def advisories_status(now: str | None, lang: str | None) -> int:
    """Show each feed: its date, age, number of records and digest.

    \b
    Example:
      govsec advisories status
    """
    from govsec_ci.advisories.prepare import default_cache
    from govsec_ci.advisories.status import status
    from govsec_ci.app.clock import parse

    found = status(default_cache(), parse(now))
    japanese = (lang or locale_language()) == "ja"
    rows = [_STATUS[japanese]]
    for one in found.feeds:
        if one.state is None or one.age_days is None:
            rows.append((one.feed, "保存なし" if japanese else "not stored", "", "", ""))
        else:
            age = f"{one.age_days:.1f} {'日' if japanese else 'days'}"
            rows.append((one.feed, day(one.state.as_of), age, f"{one.state.records:,}", one.state.sha256))
    table(rows)
    for ecosystem, records in found.unmatched.items():
        plain = f"{ecosystem}: {records:,} stored, but not matched: only PyPI is"
        click.echo(f"{ecosystem} の {records:,} 件は保存されているが、照合の対象は PyPI のみ" if japanese else plain)
    return 0


@click.group()
def cache() -> None:
    """Look at, or remove, what was found in files before.

    Advisory data is kept apart: see `govsec advisories`.
    """


@cache.command("info")
def cache_info() -> int:
    """Show where it lies, and how large it is and may become.

    \b
    Example:
      govsec cache info
    """
    from govsec_ci.system.cache import Store, default_cache

    info = Store(default_cache()).info()
    sizes = (f"{info.size_bytes:,} bytes", f"{info.limit_bytes:,} bytes")
    table([("file", str(info.file)), ("answers", f"{info.entries:,}"), ("size", sizes[0]), ("limit", sizes[1])])
    return 0


@cache.command("clear")
def cache_clear() -> int:
    """Remove all answers: the next run looks at every file.

    \b
    Example:
      govsec cache clear
    """
    from govsec_ci.errors import UsageError
    from govsec_ci.system.cache import Store, default_cache

    if not Store(default_cache()).clear():
        raise UsageError("the cache could not be removed", next_step="wait for other runs to end, and try again")
    return 0
