"""The clock: the one place that asks what time it is."""

from datetime import UTC, datetime

from govsec_ci.errors import UsageError

# Ages and deadlines are counted from the clock: they must not lead out of the calendar.
_FIRST_YEAR, _LAST_YEAR = 1970, 3000


def parse(text: str | None) -> datetime:
    """``--now`` as an aware UTC datetime; the real time where it is None.

    :raises UsageError: it is not an RFC 3339 time with an offset, or of another age
    """
    if text is None:
        return datetime.now(UTC).replace(microsecond=0)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise UsageError(f"--now: {text!r} is no RFC 3339 time", next_step="write it like 2026-04-01T09:00:00Z")
    if not _FIRST_YEAR <= moment.year < _LAST_YEAR:
        raise UsageError(f"--now: {text!r}: the year is not from {_FIRST_YEAR} to {_LAST_YEAR - 1}")
    return moment.astimezone(UTC)
