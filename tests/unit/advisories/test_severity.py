"""Scores become severities; nothing is guessed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from govsec_ci.advisories import severity
from govsec_ci.model import Cvss, Severity
from tests.support.advisories import V20_HIGH, V30_HIGH, V31_CRITICAL, V31_MEDIUM, V40_LOW


@pytest.mark.parametrize(
    ("vector", "version", "score", "rating"),
    [
        (V31_CRITICAL, "3.1", 9.8, Severity.CRITICAL),
        (V31_MEDIUM, "3.1", 5.4, Severity.MEDIUM),
        (V30_HIGH, "3.0", 7.5, Severity.HIGH),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", "3.1", 0.0, Severity.NONE),
        (V20_HIGH, "2.0", 10.0, Severity.HIGH),
        ("AV:L/AC:H/Au:M/C:N/I:N/A:N", "2.0", 0.0, Severity.LOW),
        ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", "4.0", 9.3, Severity.CRITICAL),
    ],
)
def test_vectors_are_scored(vector: str, version: str, score: float, rating: Severity) -> None:
    found = severity.cvss_of(vector, "GHSA-x")
    assert found == Cvss(version=version, vector=vector, score=score, source="GHSA-x")
    assert severity.rating(found) is rating


@pytest.mark.parametrize("vector", ["", "7.5", "high", "CVSS:3.1/AV:N", "CVSS:5.0/AV:N", "CVSS:4.0/" + "x" * 600])
def test_what_is_no_vector_has_no_score(vector: str) -> None:
    assert severity.cvss_of(vector, "X") is None


@settings(deadline=None)
@given(st.text(max_size=60) | st.text("CVSS:3.14/AVNLPRUIHX20", max_size=60).map(lambda t: "CVSS:4.0/" + t))
def test_any_text_is_scored_or_not(vector: str) -> None:
    scored = severity.score(vector)
    assert scored is None or 0 <= scored[1] <= 10


def test_the_newest_version_decides_then_the_first_source_then_the_highest_score() -> None:
    low, critical, medium, older = (
        Cvss(version="4.0", vector=V40_LOW, score=0.9, source="PYSEC-1"),
        Cvss(version="3.1", vector=V31_CRITICAL, score=9.8, source="GHSA-a"),
        Cvss(version="3.1", vector=V31_MEDIUM, score=5.4, source="GHSA-a"),
        Cvss(version="3.1", vector=V31_CRITICAL, score=9.8, source="PYSEC-1"),
    )
    assert severity.in_order((medium, critical, older, low)) == (low, critical, medium, older)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("MODERATE", Severity.MEDIUM),
        ("critical", Severity.CRITICAL),
        ("High", Severity.HIGH),
        ("low", Severity.LOW),
        ("IMPORTANT", Severity.UNKNOWN),
        ("", Severity.UNKNOWN),
    ],
)
def test_words_of_databases(word: str, expected: Severity) -> None:
    assert severity.from_word(word) is expected
