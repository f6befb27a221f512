"""``govsec advisories sync``: fetch the feeds, check them, and only then put them in place of the earlier ones."""

import contextlib
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from govsec_ci.advisories import download, feeds, schema, store
from govsec_ci.advisories.base import Progress, silent
from govsec_ci.advisories.connection import Settings, shown
from govsec_ci.advisories.sources import Limits, open_source
from govsec_ci.errors import GovsecError, ToolError, UsageError
from govsec_ci.model import FeedState


class SyncError(ToolError):
    """One or more feeds could not be renewed; those that could are stored."""


def sync(
    cache: Path,
    *,
    wanted: Sequence[str] = feeds.DEFAULT,
    addresses: Mapping[str, str] = {},
    offline: bool = False,
    progress: Progress = silent,
    settings: Settings = Settings(),  # noqa: B008 — frozen
    limits: Limits = Limits(),  # noqa: B008 — frozen
) -> tuple[FeedState, ...]:
    """Fetch ``wanted`` feeds where they have changed. The feeds that arrive whole and valid are stored.

    :param limits: what a feed may measure
    :param addresses: feed id → HTTPS address instead of its publisher's; ``#sha256=<hex>`` pins the content
    :returns: every feed that is now stored
    :raises UsageError: ``offline``, an unknown feed, an address that is not HTTPS, or ``cache`` cannot be written
    :raises SyncError: a feed could not be fetched or is not valid; the earlier one stays in place
    """
    _check(wanted, addresses, offline=offline)
    state = store.read(cache)
    with contextlib.ExitStack() as stack:
        arrived, failed = [], list[GovsecError]()
        for feed in dict.fromkeys(wanted):
            try:
                held = state.feeds.get(feed)
                address = addresses.get(feed) or feeds.FEEDS[feed].ADDRESS
                one = stack.enter_context(_fetched(cache, feed, address, held, progress=progress, settings=settings))
                if one is not None:
                    _check_content(feed, one.path, limits)
                arrived += [one] if one is not None else []
            except UsageError:
                raise
            except GovsecError as error:
                failed.append(error)
        states = store.put(cache, arrived, progress) if arrived else _stored(cache, progress)
    if failed:
        raise SyncError(
            "\n".join(error.what for error in failed),
            cause=next((error.cause for error in failed if error.cause), ""),
            next_step=next((error.next_step for error in failed if error.next_step), ""),
        )
    return states


def _check(wanted: Sequence[str], addresses: Mapping[str, str], *, offline: bool) -> None:
    if offline:
        raise UsageError(
            "nothing can be fetched offline", next_step="carry the data in with `govsec advisories import`"
        )
    for feed in (*wanted, *addresses):
        if feed not in feeds.FEEDS:
            raise UsageError(f"{feed}: not a feed", next_step=f"known are {', '.join(sorted(feeds.FEEDS))}")


def _stored(cache: Path, progress: Progress) -> tuple[FeedState, ...]:
    store.current(cache, progress)
    return tuple(held.state for held in store.read(cache).feeds.values())


@contextlib.contextmanager
def _fetched(
    cache: Path, feed: str, address: str, held: store.Held | None, *, progress: Progress, settings: Settings
) -> Iterator[store.Incoming | None]:
    """The feed as it arrived and was found valid; None where the stored one is still current."""
    same = held is not None and held.address == shown(address) and _is_there(cache, held)
    with _place(cache, feed) as path:
        fetched = download.fetch(
            address,
            path,
            etag=held.etag if held and same else "",
            last_modified=held.last_modified if held and same else "",
            settings=settings,
            progress=lambda done, total: progress(feed, done, total),
        )
        if fetched is None:
            yield None
            return
        try:
            yield _incoming(feed, address, fetched)
        finally:
            path.unlink(missing_ok=True)


def _incoming(feed: str, address: str, fetched: download.Fetched) -> store.Incoming:
    return store.Incoming(
        feed=feed,
        path=fetched.path,
        known=store.unread(feed, fetched.sha256, _name(address)),
        address=shown(address),
        etag=fetched.etag,
        last_modified=fetched.last_modified,
    )


def _is_there(cache: Path, held: store.Held) -> bool:
    return (cache / "advisories" / "feeds" / held.file).exists()


def _name(address: str) -> str:
    """The last part of the address: what the file is called by those who carry it in by hand."""
    return urlsplit(address).path.rpartition("/")[2] or "download"


@contextlib.contextmanager
def _place(cache: Path, feed: str) -> Iterator[Path]:
    """Where a download goes: a file that the next run can continue, unless another run is just writing it."""
    from filelock import FileLock, Timeout  # noqa: PLC0415 — only writers need it

    folder = store.folder_of(cache, "partial")
    with contextlib.ExitStack() as stack:
        with store.writing(folder):
            try:
                stack.enter_context(FileLock(folder / f"{feed}.lock", timeout=0, mode=0o600))
                path = folder / f"{feed}{feeds.FEEDS[feed].SUFFIX}"
            except Timeout:
                path = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=folder))) / feed
        yield path


def _check_content(feed: str, path: Path, limits: Limits) -> None:
    """Load the feed by itself (SQLite's unnamed database is a temporary file): nothing invalid comes near the store."""
    with contextlib.closing(sqlite3.connect("", isolation_level=None)) as database:
        database.executescript(schema.TABLES)
        feeds.FEEDS[feed].load(open_source(path, limits), database)
