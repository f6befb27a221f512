"""The clock: the one place that asks what time it is."""

from datetime import UTC, datetime

from govsec_ci.errors import UsageError


def parse(text: str | None) -> datetime:
    """``--now`` as an aware UTC datetime; the real time where it is None.

    :raises UsageError: it is not an RFC 3339 time with an offset
    """
    if text is None:
        return datetime.now(UTC).replace(microsecond=0)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise UsageError(f"--now: {text!r} is no RFC 3339 time", next_step="write it like 2026-04-01T09:00:00Z")
    return moment.astimezone(UTC)
