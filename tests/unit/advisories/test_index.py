"""From records to answers: what an index says of a release."""

import sqlite3
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from govsec_ci.advisories import schema
from govsec_ci.advisories.feeds import parts_of
from govsec_ci.advisories.index import Index, SchemaError, open_index
from govsec_ci.advisories.prepare import index_of
from govsec_ci.errors import InputError
from govsec_ci.model import Epss, FeedState, Severity, Ssvc
from tests.support import advisories as made

Make = Callable[..., Index]


@pytest.fixture
def make(tmp_path: Path, request: pytest.FixtureRequest) -> Make:
    """An open index of these records, and of what other paths hold."""

    def build(*records: dict[str, Any], others: tuple[Path, ...] = ()) -> Index:
        paths = (made.folder(tmp_path / "osv", *records), *others)
        index = open_index(index_of([part for path in paths for part in parts_of(path)], tmp_path / "cache"))
        request.addfinalizer(index.close)
        return index

    return build


def _ids(index: Index, name: str, version: str) -> list[str]:
    return [match.vulnerability.id for match in index.match(name, version)]


def test_a_release_is_matched_by_its_normalised_name(make: Make) -> None:
    index = make(made.record("PYSEC-2024-1", package="Jw.Util_x"))
    assert [_ids(index, name, "1.0") for name in ("jw-util-x", "JW.util--X", "jw_util_x")] == [["PYSEC-2024-1"]] * 3
    assert _ids(index, "jwutilx", "1.0") == []
    assert index.packages() == ("jw-util-x",)


def test_answers_are_one_an_alias_group_sorted_by_id(make: Make) -> None:
    index = make(
        made.record("PYSEC-2024-2", aliases=["CVE-2024-10000"]),
        made.record("GHSA-x", aliases=["CVE-2024-10000"], events=[{"introduced": "0"}, {"fixed": "2.1"}]),
        made.record("PYSEC-2024-1", aliases=["CVE-2024-9999"]),
    )
    first, second = index.match("demo", "1.0")
    assert (first.vulnerability.id, second.vulnerability.id) == ("CVE-2024-9999", "CVE-2024-10000")
    assert second.vulnerability.aliases == ("GHSA-x", "PYSEC-2024-2")
    assert second.vulnerability.advisories == ("GHSA-x", "PYSEC-2024-2")
    assert second.fix.nearest == "2.1", "what one record calls fixed and the other affected is no fix"
    assert _ids(index, "demo", "2.0") == ["CVE-2024-10000"]
    assert index.ranges("Demo", "GHSA-x") == ("<2.1", "<2.0")
    assert index.ranges("demo", "CVE-1") == ()


def test_every_id_is_searchable(make: Make) -> None:
    index = make(made.record("PYSEC-1", aliases=["CVE-2024-1", "CVE-2024-2", "SNYK-1"]))
    for any_id, expected in (("PYSEC-1", "CVE-2024-1"), ("CVE-2024-2", "CVE-2024-2"), ("SNYK-1", "CVE-2024-1")):
        found = index.vulnerability(any_id)
        assert found is not None
        assert found.id == expected
    assert index.vulnerability("CVE-2024-3") is None
    assert index.vulnerability("GHSA-none") is None


def test_two_cves_of_one_record_are_two_results(make: Make) -> None:
    index = make(made.record("PYSEC-1", aliases=["CVE-2024-1", "CVE-2024-2"]))
    assert _ids(index, "demo", "1.0") == ["CVE-2024-1", "CVE-2024-2"]


def test_withdrawn_records_are_out_and_counted(make: Make) -> None:
    index = make(made.record("X-1", withdrawn=made.SEPTEMBER, aliases=["CVE-2024-1"]), made.record("X-2"))
    assert _ids(index, "demo", "1.0") == ["X-2"]
    assert index.vulnerability("CVE-2024-1") is None
    assert index.feeds()[0].records == 2


def test_a_related_or_upstream_id_is_no_alias(make: Make) -> None:
    index = make(made.record("X-1", related=["CVE-2024-1"], upstream=["CVE-2024-2"]))
    (match,) = index.match("demo", "1.0")
    assert (match.vulnerability.id, match.vulnerability.aliases) == ("X-1", ())


def test_the_newer_of_two_copies_stands(make: Make, tmp_path: Path) -> None:
    made.folder(tmp_path / "osv" / "old", made.record("X-1", modified="2024-01-01T00:00:00Z"))
    made.folder(
        tmp_path / "osv" / "newer", made.record("X-1", modified="2024-10-01T00:00:00Z", withdrawn=made.SEPTEMBER)
    )
    index = make(made.record("X-1"), made.record("X-2", package="other"))
    assert _ids(index, "demo", "1.0") == []
    (feed,) = index.feeds()
    assert (feed.records, feed.as_of) == (2, datetime(2024, 10, 1, tzinfo=UTC))


def test_other_ecosystems_are_stored_and_said_to_be_unmatched(make: Make) -> None:
    npm = made.record("GHSA-npm", aliases=["CVE-2024-7"])
    npm["affected"][0]["package"]["ecosystem"] = "npm"
    odd = made.record("X-2")
    odd["affected"][0]["package"]["ecosystem"] = "pypi:mirror"
    bare = made.record("X-3", affected=[{"versions": ["1.0"]}])
    index = make(npm, odd, bare, made.record("X-1"))
    assert _ids(index, "demo", "1.0") == ["X-1", "X-2"]
    assert index.unmatched() == {"npm": 1}
    assert index.vulnerability("CVE-2024-7") is not None
    index.check_matches("here")


def test_an_index_without_pypi_records_is_refused(make: Make) -> None:
    npm = made.record("GHSA-npm")
    npm["affected"][0]["package"]["ecosystem"] = "npm"
    with pytest.raises(InputError, match="here: holds no OSV record about a PyPI package"):
        make(npm).check_matches("here")


def test_malicious_packages_are_critical(make: Make) -> None:
    record = made.record("MAL-2024-1", events=[{"introduced": "0"}], vectors=[made.V31_MEDIUM])
    (match,) = make(record).match("demo", "99")
    assert match.vulnerability.malicious
    assert match.vulnerability.severity is Severity.CRITICAL
    assert match.vulnerability.severity_source == "malicious package of MAL-2024-1"
    assert match.fix.nearest is None


@pytest.mark.parametrize(
    ("records", "severity", "source"),
    [
        ([made.record("PYSEC-1", vectors=[made.V31_CRITICAL])], Severity.CRITICAL, "CVSS:3.1 of PYSEC-1"),
        ([made.record("PYSEC-1", vectors=[made.V20_HIGH])], Severity.HIGH, "CVSS:2.0 of PYSEC-1"),
        ([made.record("PYSEC-1", vectors=["nonsense"])], Severity.UNKNOWN, ""),
        ([made.record("GHSA-1", database_specific={"severity": "MODERATE"})], Severity.MEDIUM, "MODERATE of GHSA-1"),
        (
            [
                made.record("PYSEC-1", aliases=["GHSA-1"], vectors=[made.V31_MEDIUM]),
                made.record("GHSA-1", database_specific={"severity": "HIGH"}),
            ],
            Severity.MEDIUM,
            "CVSS:3.1 of PYSEC-1",
        ),
        (
            [
                made.record("PYSEC-1", aliases=["GHSA-1"], vectors=[made.V31_CRITICAL]),
                made.record("GHSA-1", vectors=[made.V31_MEDIUM, made.V40_LOW]),
            ],
            Severity.LOW,
            "CVSS:4.0 of GHSA-1",
        ),
        (
            [
                made.record("CVE-2024-1", vectors=[made.V31_CRITICAL], aliases=["GHSA-1"]),
                made.record("GHSA-1", vectors=[made.V31_MEDIUM]),
            ],
            Severity.MEDIUM,
            "CVSS:3.1 of GHSA-1",
        ),
    ],
)
def test_the_best_record_rates_and_is_named(
    make: Make, records: list[dict[str, Any]], severity: Severity, source: str
) -> None:
    (match,) = make(*records).match("demo", "1.0")
    assert (match.vulnerability.severity, match.vulnerability.severity_source) == (severity, source)


def test_a_vector_of_one_package_counts_too(make: Make) -> None:
    record = made.record("X-1")
    record["affected"][0]["severity"] = [{"type": "CVSS_V3", "score": made.V30_HIGH}]
    assert make(record).match("demo", "1.0")[0].vulnerability.severity is Severity.HIGH


def test_what_people_read_is_one_clean_line(make: Make) -> None:
    make_text = "A \u001b[31mred\u001b[0m\r\n  text " + "x" * 400
    record = made.record(
        "X-1",
        details=make_text,
        published="2024-08-01T00:00:00Z",
        references=[
            {"type": "WEB", "url": u}
            for u in ("https://a.example/1", "javascript:alert(1)", "https://a b", "https://a.example/1")
        ],
        database_specific={"cwe_ids": ["CWE-100", "CWE-79"]},
    )
    (match,) = make(record, made.record("X-2", aliases=["X-1"], published="2024-07-01T00:00:00Z")).match("demo", "1.0")
    found = match.vulnerability
    assert found.summary.startswith("A [31mred[0m text xxx")
    assert (len(found.summary), found.summary[-1]) == (300, "…")
    assert found.references == ("https://a.example/1",)
    assert found.cwes == ("CWE-79", "CWE-100")
    assert found.published == datetime(2024, 7, 1, tzinfo=UTC)


def test_nothing_foreign_reaches_a_terminal(make: Make, tmp_path: Path) -> None:
    evil = "\u001b[2J\u202e\n"
    npm = made.record("X-2")
    npm["affected"][0]["package"]["ecosystem"] = f"npm{evil}"
    entry = made.kev_entry(vulnerabilityName=f"Demo{evil}", cwes=[f"CWE-1{evil}", "CWE-2\n", "CWE-3"])
    record = made.record(
        "X-1",
        aliases=["CVE-2024-0001", f"CVE-2024-2{evil}"],
        database_specific={"severity": f"HIGH{evil}", "cwe_ids": [f"CWE-4{evil}"]},
        references=[{"url": f"https://a.example/{evil}"}, {"url": "https://a.example/\n"}],
    )
    index = make(record, npm, others=(made.kev(tmp_path / "kev.json", entry),))
    ((_, said),) = [(match.fix, match.vulnerability) for match in index.match("demo", "1.0")]
    texts = (said.id, *said.aliases, said.summary, said.severity_source, *said.cwes, *said.references)
    assert texts == ("CVE-2024-0001", "X-1", "Demo[2J", "", "CWE-3")
    assert list(index.unmatched()) == ["npm[2J"]


def test_times_are_utc_even_in_the_year_one(make: Make) -> None:
    index = make(made.record("X-1", modified="0001-01-01T00:00:00+09:00", published="2024-09-01T00:00:00+09:00"))
    (match,) = index.match("demo", "1.0")
    assert match.vulnerability.modified == datetime(1, 1, 1, tzinfo=UTC)
    assert str(match.vulnerability.published) == "2024-08-31 15:00:00+00:00"


@pytest.fixture
def enriching(tmp_path: Path) -> tuple[Path, ...]:
    """KEV, EPSS and Vulnrichment about CVE-2024-0001 and CVE-2024-0002."""
    points = {"Exploitation": "active", "Automatable": "yes", "Technical Impact": "total"}
    return (
        made.kev(tmp_path / "kev.json", made.kev_entry(), made.kev_entry("CVE-2024-0002", dateAdded="2024-01-01")),
        made.epss(tmp_path / "epss.csv.gz", ("CVE-2024-0001", 0.25, 0.75), ("CVE-2024-0002", 0.5, 0.9)),
        made.vulnrichment(tmp_path / "vr.zip", made.cve_record(vector=made.V31_CRITICAL, points=points)),
    )


def test_of_aliases_the_worst_points_count_and_say_where_they_are_from(make: Make, tmp_path: Path) -> None:
    mild = {"Exploitation": "none", "Automatable": "no", "Technical Impact": "partial"}
    worse = {"Exploitation": "active", "Automatable": "yes", "Technical Impact": "partial"}
    other = made.cve_record(points=worse, cveMetadata={"cveId": "CVE-2024-0002", "dateUpdated": "2024-09-05"})
    feed = made.vulnrichment(tmp_path / "vr.zip", made.cve_record(points=mild), other)
    # The second CVE has no record of its own, and is an alias of the first.
    both = made.record("CVE-2024-0001", aliases=["CVE-2024-0002"])
    found = make(both, others=(feed,)).match("demo", "1.0")[0].vulnerability
    assert (found.id, found.aliases) == ("CVE-2024-0001", ("CVE-2024-0002",))
    assert found.ssvc is not None
    assert (found.ssvc.exploitation, found.ssvc.automatable, found.ssvc.technical_impact) == (
        "active",
        "yes",
        "partial",
    )
    assert found.ssvc.source == "CVE-2024-0001, CVE-2024-0002"


def test_a_vulnerability_holds_what_every_feed_knows(make: Make, enriching: tuple[Path, ...]) -> None:
    index = make(made.record("GHSA-1", aliases=["CVE-2024-0001"]), others=enriching)
    found = index.match("demo", "1.0")[0].vulnerability
    assert found.epss == Epss(score=0.25, percentile=0.75, date=datetime(2024, 9, 4, tzinfo=UTC), model="v2023.03.01")
    assert found.kev is not None
    assert found.kev.date_added == datetime(2024, 9, 2, tzinfo=UTC)
    assert found.ssvc == Ssvc(
        exploitation="active",
        automatable="yes",
        technical_impact="total",
        date=datetime(2024, 9, 5, 1, 2, 3, tzinfo=UTC),
        source="CVE-2024-0001",
    )
    assert (found.severity, found.severity_source) == (Severity.CRITICAL, "CVSS:3.1 of CVE-2024-0001 (Vulnrichment)")
    assert found.cwes == ("CWE-22", "CWE-78")
    assert found.summary == "Demo injection"
    assert [feed.feed for feed in index.feeds()] == ["epss", "kev", "osv", "vulnrichment"]


def test_vulnrichment_rates_last_and_its_figures_stand_last(make: Make, enriching: tuple[Path, ...]) -> None:
    record = made.record("GHSA-1", aliases=["CVE-2024-0001"], vectors=[made.V30_HIGH])
    found = make(record, others=enriching).match("demo", "1.0")[0].vulnerability
    assert (found.severity, found.severity_source) == (Severity.HIGH, "CVSS:3.0 of GHSA-1")
    assert [one.source for one in found.cvss] == ["GHSA-1", "CVE-2024-0001 (Vulnrichment)"]


def test_the_database_s_word_comes_before_vulnrichment(make: Make, enriching: tuple[Path, ...]) -> None:
    record = made.record("GHSA-1", aliases=["CVE-2024-0001"], database_specific={"severity": "LOW"})
    found = make(record, others=enriching).match("demo", "1.0")[0].vulnerability
    assert (found.severity, found.severity_source) == (Severity.LOW, "LOW of GHSA-1")


def test_of_two_cves_each_keeps_its_own_kev_entry(make: Make, enriching: tuple[Path, ...]) -> None:
    index = make(made.record("GHSA-1", aliases=["CVE-2024-0001", "CVE-2024-0002"]), others=enriching)
    added = [match.vulnerability.kev for match in index.match("demo", "1.0")]
    assert [one.cve for one in added if one is not None] == ["CVE-2024-0001", "CVE-2024-0002"]


def test_a_cve_that_osv_does_not_have_is_found_in_the_other_feeds(make: Make, enriching: tuple[Path, ...]) -> None:
    index = make(made.record("X-1"), others=enriching)
    found = index.vulnerability("CVE-2024-0002")
    assert found is not None
    assert found.kev is not None
    assert found.epss is not None
    assert (found.advisories, found.severity, found.summary) == ((), Severity.UNKNOWN, "Demo injection")


def test_feed_states_name_the_source_and_never_a_folder(make: Make, tmp_path: Path) -> None:
    (feed,) = make(made.record("X-1")).feeds()
    digest = parts_of(tmp_path / "osv")[0].source.digest()
    assert feed == FeedState(feed="osv", as_of=datetime(2024, 9, 1, tzinfo=UTC), sha256=digest, records=1, source="osv")


def test_a_batch_is_keyed_as_asked(make: Make) -> None:
    index = make(made.record("X-1"))
    found = index.match_many([("Demo", "1.0"), ("demo", "2.0"), ("none", "1")])
    assert {pair: len(matches) for pair, matches in found.items()} == {
        ("Demo", "1.0"): 1,
        ("demo", "2.0"): 0,
        ("none", "1"): 0,
    }


def test_threads_share_an_index(make: Make) -> None:
    index = make(made.record("X-1"))
    answers: list[list[str]] = []
    threads = [threading.Thread(target=lambda: answers.append(_ids(index, "demo", "1.0"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [["X-1"]] * 8


def test_an_index_is_closed_by_the_block(make: Make, tmp_path: Path) -> None:
    make(made.record("X-1"))
    (path,) = (tmp_path / "cache").rglob("*.sqlite")
    with open_index(path) as index:
        pass
    with pytest.raises(sqlite3.ProgrammingError):
        index.feeds()


def test_what_is_no_index_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be opened"):
        open_index(tmp_path / "none.sqlite")
    (tmp_path / "text.sqlite").write_text("no database at all, but long enough to be looked at" * 20)
    with pytest.raises(InputError, match="not an advisory index"):
        open_index(tmp_path / "text.sqlite")
    other = sqlite3.connect(tmp_path / "other.sqlite")
    other.execute("CREATE TABLE feed (x)")
    other.close()
    with pytest.raises(InputError, match="not an advisory index"):
        open_index(tmp_path / "other.sqlite")


def test_an_index_of_another_schema_is_told_apart(make: Make, tmp_path: Path) -> None:
    make(made.record("X-1")).close()
    (path,) = (tmp_path / "cache").rglob("*.sqlite")
    database = sqlite3.connect(path)
    database.execute(f"PRAGMA user_version={schema.VERSION - 1}")
    database.close()
    with pytest.raises(SchemaError, match=f"schema {schema.VERSION - 1}, this engine reads {schema.VERSION}"):
        open_index(path)


def test_a_damaged_index_is_an_input_error(make: Make, tmp_path: Path) -> None:
    make(*(made.record(f"X-{n}", details="x" * 200) for n in range(300))).close()
    (path,) = (tmp_path / "cache").rglob("*.sqlite")
    data = bytearray(path.read_bytes())
    data[3 * 4096 :] = b"\xff" * (len(data) - 3 * 4096)
    path.write_bytes(data)
    with open_index(path) as index, pytest.raises(InputError, match="the advisory index is damaged"):
        [index.vulnerability(f"X-{n}") for n in range(300)]


@pytest.mark.parametrize(
    "damage",
    ["UPDATE vulnerability SET body = x'c1'", "UPDATE vulnerability SET body = x'a1ff'", "DELETE FROM vulnerability"],
)
def test_a_body_that_is_no_body_is_an_input_error(make: Make, tmp_path: Path, damage: str) -> None:
    make(made.record("X-1")).close()
    (path,) = (tmp_path / "cache").rglob("*.sqlite")
    database = sqlite3.connect(path)
    database.execute(damage)
    database.commit()
    database.close()
    with open_index(path) as index, pytest.raises(InputError, match="the advisory index is damaged"):
        index.match("demo", "1.0")
