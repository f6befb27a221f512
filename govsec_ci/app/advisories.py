"""Which advisory data a scan uses, and the commands that keep it."""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from msgspec import structs

from govsec_ci.advisories.base import Progress
from govsec_ci.advisories.connection import Settings
from govsec_ci.advisories.feeds import DEFAULT
from govsec_ci.advisories.locate import Located, located
from govsec_ci.advisories.prepare import default_cache
from govsec_ci.advisories.sources import Limits
from govsec_ci.advisories.sync import sync
from govsec_ci.app.target import load_config
from govsec_ci.config import AdvisorySettings
from govsec_ci.model import FeedState

VARIABLE = "GOVSEC_ADVISORIES"


@contextlib.contextmanager
def resolve_advisories(source: Path | None, settings: AdvisorySettings, *, offline: bool = True) -> Iterator[Located]:
    """The index to audit against, or why there is none; it stays readable until the block ends.

    In this order: ``source``, the variable ``GOVSEC_ADVISORIES``, the stored data, a first sync unless ``offline``.

    :raises InputError: the data named are missing or broken
    """
    named = source or (Path(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else None)
    first = None if offline else _first_sync(settings)
    with located(named, default_cache(), first_sync=first, limits=_limits(settings)) as found:
        yield found


def synced(config_file: Path | None, progress: Progress) -> tuple[FeedState, ...]:
    """Fetch the configured feeds; :raises SyncError: one could not be renewed (the earlier one stays)."""
    settings = load_config(Path(), config_file).advisories
    wanted = settings.feeds or DEFAULT
    download = Settings(most_bytes=settings.limits.file_bytes)
    return sync(
        default_cache(),
        wanted=wanted,
        addresses=settings.addresses,
        progress=progress,
        settings=download,
        limits=_limits(settings),
    )


def _first_sync(settings: AdvisorySettings) -> Callable[[], object]:
    wanted = settings.feeds or DEFAULT
    # Nobody asked for this one: where there is no network, it must not hold the run up for long.
    quick = Settings(attempts=2, most_bytes=settings.limits.file_bytes)
    limits = _limits(settings)
    return lambda: sync(default_cache(), wanted=wanted, addresses=settings.addresses, settings=quick, limits=limits)


def _limits(settings: AdvisorySettings) -> Limits:
    return Limits(**structs.asdict(settings.limits))
