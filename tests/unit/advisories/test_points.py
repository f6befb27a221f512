"""SSVC and KEV of several records: the worst counts, and what one of them leaves open is not taken for mild."""

from datetime import UTC, datetime

import pytest

from govsec_ci.advisories.points import earliest, worst
from govsec_ci.model import Kev, Ssvc

EARLY, LATE = datetime(2024, 9, 1, tzinfo=UTC), datetime(2024, 9, 5, tzinfo=UTC)


def points(word: str, source: str = "", date: datetime | None = None) -> Ssvc:
    exploitation, automatable, impact = (None if one == "?" else one for one in word.split("/"))
    return Ssvc(exploitation=exploitation, automatable=automatable, technical_impact=impact, source=source, date=date)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("none/no/partial", "poc/yes/total", "poc/yes/total"),
        ("active/no/total", "poc/yes/partial", "active/yes/total"),
        ("none/no/partial", "none/no/partial", "none/no/partial"),
        ("none/no/partial", "?/?/?", "?/?/?"),
        ("active/yes/total", "?/?/?", "active/yes/total"),
        ("poc/no/total", "?/yes/?", "?/yes/total"),
        ("?/?/?", "?/?/?", "?/?/?"),
    ],
)
def test_the_worst_of_each_point_counts_whatever_the_order(one: str, other: str, expected: str) -> None:
    first, second = points(one, "CVE-1"), points(other, "CVE-2")
    assert worst([first, second]) == points(expected, "CVE-1, CVE-2")
    assert worst([second, first]) == points(expected, "CVE-2, CVE-1")


def test_one_record_speaks_for_itself_and_none_says_nothing() -> None:
    only = points("none/?/total", "CVE-1", LATE)
    assert worst([only]) == worst([only, only]) == only
    assert worst([]) is None


def test_what_is_put_together_is_as_old_as_its_oldest_part() -> None:
    found = worst([points("none/no/total", "CVE-1", LATE), points("poc/no/total", "CVE-2", EARLY)])
    assert found is not None
    assert (found.date, found.source) == (EARLY, "CVE-1, CVE-2")
    joined = worst([found, points("none/no/total", "CVE-2"), points("none/no/total")])
    assert joined is not None
    assert (joined.date, joined.source) == (EARLY, "CVE-1, CVE-2")


def test_of_kev_entries_both_the_earliest_dates_count() -> None:
    first = Kev(cve="CVE-1", date_added=EARLY, due_date=datetime(2024, 12, 1, tzinfo=UTC))
    second = Kev(cve="CVE-2", date_added=LATE, due_date=datetime(2024, 9, 20, tzinfo=UTC))
    found = earliest([second, first])
    assert found == Kev(cve="CVE-1", date_added=EARLY, due_date=datetime(2024, 9, 20, tzinfo=UTC))
    assert earliest([]) is None
