"""app/clock.py: an RFC 3339 time with an offset, or the time now."""

from datetime import UTC, datetime, timedelta

import pytest

from govsec_ci.app.clock import parse
from govsec_ci.errors import UsageError


def test_an_offset_is_turned_into_utc() -> None:
    assert parse("2026-04-01T09:00:00+09:00") == datetime(2026, 4, 1, tzinfo=UTC)
    assert parse("2026-04-01T00:00:00Z").utcoffset() == timedelta(0)


def test_without_a_clock_it_is_now_in_whole_seconds() -> None:
    now = parse(None)
    assert abs(datetime.now(UTC) - now) < timedelta(seconds=5)
    assert now.microsecond == 0


@pytest.mark.parametrize("text", ["", "yesterday", "2026-04-01", "2026-04-01T09:00:00", "2026-13-01T00:00:00Z"])
def test_what_is_no_moment_is_said(text: str) -> None:
    with pytest.raises(UsageError, match="RFC 3339"):
        parse(text)


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-10:00", "1969-12-31T00:00:00Z"])
def test_no_clock_leads_out_of_the_calendar(text: str) -> None:
    with pytest.raises(UsageError, match="the year is not from 1970 to 2999"):
        parse(text)
