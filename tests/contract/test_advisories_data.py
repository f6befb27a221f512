"""Our answers over the public data: every package, every version, against an evaluation written apart from ours."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from govsec_ci.advisories import matching
from govsec_ci.advisories.importing import import_files
from govsec_ci.advisories.index import Index, open_index
from govsec_ci.advisories.prepare import prepare
from govsec_ci.advisories.store import current
from govsec_ci.formats import osv
from govsec_ci.model import Epss, Kev, Severity, Ssvc
from tests.support import advisories as made
from tests.support import osv_disagreements as oracle

ZIP = "data/osv-pypi-2024-10-10.zip"


@pytest.fixture(scope="module")
def index(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    with open_index(prepare(shared / ZIP, tmp_path_factory.mktemp("cache"))) as opened:
        yield opened


@pytest.mark.full
def test_every_answer_equals_the_list_unless_the_record_disagrees_with_itself(shared: Path) -> None:
    """Must show 1, record by record: 2,661 records, 276,489 answers."""
    records = oracle.records(shared / ZIP)
    entries = defaultdict(list)
    for record in records:
        decoded = osv.decode_json(json.dumps(record).encode(), record["id"])
        for affected in decoded.affected or ():
            entries[record["id"]].append(matching.entry(affected))
    kinds: Counter[str] = Counter()
    wrong = []
    for one in oracle.opinions(records):
        answer = matching.is_affected(one.version, entries[one.record])
        expected = one.affected if one.explanation else one.listed
        if answer != expected:
            wrong.append((one, answer))
        kinds[one.explanation] += 1
    assert wrong == []
    assert kinds[""] > 270_000
    assert kinds.total() == 276_489
    assert len(kinds) == 6, "each disagreement has one of five explanations"


@pytest.mark.full
def test_the_index_answers_for_every_release_as_the_records_do(shared: Path, index: Index) -> None:
    """Must show 1, through the index: groups, normalised names, stored form."""
    records = oracle.records(shared / ZIP)
    expected: dict[tuple[str, str], set[str]] = defaultdict(set)
    for one in oracle.opinions(records):
        if one.affected:
            expected[one.package, one.version].add(one.record)
    for package, versions in oracle.universe(records).items():
        for version in versions:
            found = index.match(package, version)
            said = {record for match in found for record in match.vulnerability.advisories}
            named = expected[package, version]
            assert named <= said, (package, version)
            # A group may hold a record that does not match by itself; each group has one that does.
            assert all(named & set(match.vulnerability.advisories) for match in found), (package, version)


def test_a_sample_of_packages_answers_as_the_records_do(shared: Path, index: Index) -> None:
    records = oracle.records(shared / ZIP)
    records = [record for record in records if record["affected"][0]["package"]["name"] in {"jinja2", "requests"}]
    expected: dict[tuple[str, str], set[str]] = defaultdict(set)
    for one in oracle.opinions(records):
        expected[one.package, one.version] |= {one.record} if one.affected else set()
    assert len(expected) > 100
    for (package, version), named in expected.items():
        assert {record for m in index.match(package, version) for record in m.vulnerability.advisories} == named


def test_a_cve_that_records_join_by_mistake_stays_apart(index: Index) -> None:
    """PYSEC-2021-330 and -334 share an alias that belongs to neither's CVE."""
    first, second = index.vulnerability("CVE-2021-24040"), index.vulnerability("CVE-2021-39207")
    assert first is not None
    assert second is not None
    assert (first.advisories, second.advisories) == (("PYSEC-2021-330",), ("PYSEC-2021-334",))


def test_fixes_are_the_nearest_and_not_affected(index: Index) -> None:
    nearest = {match.vulnerability.id: match.fix.nearest for match in index.match("django", "3.2.0")}
    assert nearest["CVE-2021-31542"] == "3.2.1"
    assert nearest["CVE-2024-27351"] == "3.2.25"
    for package, version in (("django", "3.2.0"), ("jinja2", "2.10"), ("requests", "2.19.0")):
        for match in index.match(package, version):
            for fix in match.fix.versions:
                still = {again.vulnerability.id for again in index.match(package, fix)}
                assert match.vulnerability.id not in still


def test_the_state_of_the_feed(index: Index) -> None:
    (feed,) = index.feeds()
    assert (feed.records, feed.as_of) == (2661, datetime(2024, 10, 10, 17, 22, tzinfo=UTC))
    assert feed.source == "osv-pypi-2024-10-10.zip"


def test_must_show_6(shared: Path, tmp_path: Path) -> None:
    """KEV dates and SSVC points of Airflow and Salt; EPSS from a small file in the publisher's layout."""
    data = shared / "data"
    scores = made.epss(tmp_path / "epss_scores-2024-10-10.csv.gz", ("CVE-2020-13927", 0.96, 0.99))
    paths = [data / "kev-2025-08-25.json", data / "vulnrichment-2024-10-24-pypi.zip", shared / ZIP, scores]
    import_files(paths, tmp_path / "cache")
    path = current(tmp_path / "cache")
    assert path is not None
    with open_index(path) as index:
        airflow = {m.vulnerability.id: m.vulnerability for m in index.match("apache-airflow", "1.10.10")}
        salt = [m.vulnerability for m in index.match("salt", "3000") if m.vulnerability.kev is not None]
        assert {feed.feed: feed.records for feed in index.feeds()} == {
            "epss": 1,
            "kev": 1404,
            "osv": 2661,
            "vulnrichment": 193,
        }
    found = airflow["CVE-2020-13927"]
    assert found.kev == Kev(
        cve="CVE-2020-13927",
        date_added=datetime(2022, 1, 18, tzinfo=UTC),
        due_date=datetime(2022, 7, 18, tzinfo=UTC),
        ransomware=None,
    )
    assert found.ssvc is not None
    assert found.ssvc.date is not None
    points = Ssvc(
        exploitation="active", automatable="yes", technical_impact="total", date=found.ssvc.date, source=found.id
    )
    assert found.ssvc == points
    assert found.severity is Severity.CRITICAL
    assert found.epss == Epss(score=0.96, percentile=0.99, date=datetime(2024, 9, 4, tzinfo=UTC), model="v2023.03.01")
    assert [one.id for one in salt] == ["CVE-2020-11651", "CVE-2020-11652", "CVE-2020-16846"]
    assert all(one.ssvc is None for one in salt), "unknown, not none"


def test_the_examples_are_valid_advisories(root: Path, tmp_path: Path) -> None:
    with open_index(prepare(root / "examples" / "advisories", tmp_path)) as index:
        (feed, *_) = (feed for feed in index.feeds() if feed.feed == "osv")
        assert feed.records == len(list((root / "examples" / "advisories").glob("[A-Z]*-*.json")))
