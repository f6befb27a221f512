"""A vulnerability in ``vex.cdx.json`` is what cyclonedx-python-lib writes of it, to the byte of the canonical form."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from cyclonedx.exception.model import InvalidUriException
from cyclonedx.model.impact_analysis import ImpactAnalysisJustification
from hypothesis import given, settings
from hypothesis import strategies as st

from govsec_ci.formats import cyclonedx, cyclonedx_vex
from govsec_ci.model import ComponentRef, Cvss, Epss, Kev, Result, Role, Rule, Run, ScanState, Severity, Vulnerability
from tests.support.cyclonedx import head
from tests.support.cyclonedx_vex_library import by_library

_IDS = st.sampled_from(["CVE-2024-1", "CVE-2024-22", "GHSA-aaaa-bbbb-cccc", "PYSEC-2024-7", "MAL-2024-3"])
_DAYS = st.datetimes(datetime(2000, 1, 1), datetime(2026, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 — bounds are naive
_TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=20)
_URLS = st.sampled_from(
    ["https://a.example/x", "https://a.example/it's", "https://b.example/?q=1#top", "https://c.jp/"]
)
_SCORES = st.builds(
    Cvss,
    version=st.sampled_from(["2.0", "3.0", "3.1", "4.0", "9"]),
    vector=st.sampled_from(["", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "AV:N/AC:L/Au:N/C:P/I:P/A:P"]),
    score=st.integers(0, 100).map(lambda tenths: tenths / 10),
    source=st.sampled_from(["", "NVD", "GHSA-aaaa-bbbb-cccc"]),
)
_VULNERABILITIES = st.builds(
    Vulnerability,
    id=_IDS,
    aliases=st.lists(_IDS, max_size=4).map(tuple),
    summary=_TEXTS,
    severity=st.sampled_from(Severity),
    cvss=st.lists(_SCORES, max_size=4).map(tuple),
    published=st.none() | _DAYS,
    modified=st.none() | _DAYS,
    epss=st.none() | st.builds(Epss, score=st.floats(0, 1), percentile=st.just(0.5), date=_DAYS),
    kev=st.none() | st.builds(Kev, cve=st.just("CVE-2024-1"), date_added=_DAYS, due_date=_DAYS),
    cwes=st.lists(st.sampled_from(["CWE-79", "CWE-8", "CWE-400"]), max_size=4).map(tuple),
    references=st.lists(_URLS, max_size=4).map(tuple),
)


def ours(known: Vulnerability) -> Any:
    component = ComponentRef(name="a", version="1", purl="pkg:pypi/a@1")
    run = Run(
        id="pip-audit",
        tool="pip-audit",
        version="1",
        role=Role.SCA,
        state=ScanState.COMPLETE,
        rules=(Rule(id=known.id, vulnerability=known),),
        results=(Result(rule_id=known.id, message="m", component=component),),
    )
    (found,) = json.loads(cyclonedx.write_vex([run], head()))["vulnerabilities"]
    return {key: value for key, value in found.items() if key not in {"bom-ref", "affects", "analysis"}}


@settings(max_examples=150, deadline=None)
@given(_VULNERABILITIES)
def test_a_vulnerability_is_written_as_the_library_writes_it(known: Vulnerability) -> None:
    assert ours(known) == by_library(known)


def test_justifications_are_those_of_the_library() -> None:
    assert {one.value for one in ImpactAnalysisJustification} == cyclonedx_vex.JUSTIFICATIONS


@pytest.mark.parametrize("url", ["https://a.example/100%", "https://a.example/#a#b", "%zz"])
def test_an_address_that_the_library_refuses_is_left_out(url: str) -> None:
    with pytest.raises(InvalidUriException):
        by_library(Vulnerability(id="CVE-2024-1", references=(url,)))
    assert "advisories" not in ours(Vulnerability(id="CVE-2024-1", references=(url,)))
