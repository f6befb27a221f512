"""app/waiver_check.py: what profiles object to in a waiver before any scan."""

import pytest

from govsec_ci.app.waiver_check import objections
from govsec_ci.gate import profile
from govsec_ci.gate.texts import render
from tests.support.gate_evidence import day, waiver


@pytest.mark.parametrize(("now", "whys"), [("2026-06-01T23:59:59", []), ("2026-06-02", ["it expired on 2026-06-01"])])
def test_a_waiver_holds_through_its_whole_last_day(now: str, whys: list[str]) -> None:
    found = objections([waiver()], [profile.load("jp-gov")], day(now))
    assert [render(one.why) for one in found] == whys


def test_a_waiver_to_the_end_of_the_calendar_is_too_long_and_no_crash() -> None:
    (one,) = objections([waiver(expires=day("9999-12-31"))], [profile.load("jp-gov")], day("2026-04-01"))
    assert "longer than the 180 allowed" in render(one.why)
    assert not one.waits
