"""Aliases become vulnerabilities."""

from hypothesis import given, settings
from hypothesis import strategies as st

from govsec_ci.advisories.groups import Group, group, preference


def test_aliases_join_and_the_cve_leads() -> None:
    found = group({"PYSEC-2024-1": ["CVE-2024-1000"], "GHSA-aaaa-bbbb-cccc": ["CVE-2024-1000"], "MAL-2024-1": []})
    assert found == [
        Group("CVE-2024-1000", ("GHSA-aaaa-bbbb-cccc", "PYSEC-2024-1"), ("GHSA-aaaa-bbbb-cccc", "PYSEC-2024-1")),
        Group("MAL-2024-1", (), ("MAL-2024-1",)),
    ]


def test_preference_is_by_kind_then_by_number() -> None:
    ids = ["OSV-2020-1", "PYSEC-2024-10", "PYSEC-2024-9", "GHSA-zzzz", "CVE-2024-10000", "CVE-2024-9999", "CVE-2023-1"]
    assert sorted(ids, key=preference) == [
        "CVE-2023-1", "CVE-2024-9999", "CVE-2024-10000", "GHSA-zzzz", "PYSEC-2024-9", "PYSEC-2024-10", "OSV-2020-1",
    ]  # fmt: skip


def test_without_a_cve_ids_join_through_any_alias_and_the_ghsa_leads() -> None:
    (found,) = group({"PYSEC-2024-2": ["GHSA-b", "SNYK-1"], "PYSEC-2024-1": ["SNYK-1"], "GHSA-b": []})
    assert (found.id, found.records) == ("GHSA-b", ("GHSA-b", "PYSEC-2024-1", "PYSEC-2024-2"))


def test_a_record_of_two_cves_is_part_of_both_and_joins_them_not() -> None:
    found = group({"PYSEC-1": ["CVE-2024-1", "CVE-2024-2"], "GHSA-a": ["CVE-2024-1"], "GHSA-b": ["CVE-2024-2"]})
    assert found == [
        Group("CVE-2024-1", ("GHSA-a", "PYSEC-1"), ("GHSA-a", "PYSEC-1")),
        Group("CVE-2024-2", ("GHSA-b", "PYSEC-1"), ("GHSA-b", "PYSEC-1")),
    ]


def test_an_alias_named_by_mistake_does_not_join_two_cves() -> None:
    """PYSEC-2021-330 and PYSEC-2021-334 of the public data both name GHSA-m87f-9fvv-2mgg."""
    found = group(
        {
            "PYSEC-2021-330": ["CVE-2021-24040", "GHSA-mwgj", "GHSA-m87f"],
            "PYSEC-2021-334": ["CVE-2021-39207", "GHSA-m87f"],
        }
    )
    assert [(one.id, one.records) for one in found] == [
        ("CVE-2021-24040", ("PYSEC-2021-330",)),
        ("CVE-2021-39207", ("PYSEC-2021-334",)),
    ]


def test_a_cve_that_only_another_cve_s_record_names_stays_searchable() -> None:
    (found,) = group({"CVE-2024-1": ["CVE-2024-2"]})
    assert found == Group("CVE-2024-1", ("CVE-2024-2",), ("CVE-2024-1",))


IDS = st.sampled_from([f"{kind}-{n}" for kind in ("CVE", "GHSA", "PYSEC") for n in range(6)])
RECORDS = st.dictionaries(IDS, st.lists(IDS, max_size=3), max_size=10)


@settings(deadline=None)
@given(RECORDS, st.randoms(use_true_random=False))
def test_laws_of_grouping(records: dict[str, list[str]], random: "object") -> None:
    found = group(records)
    shuffled = list(records.items())
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert group(dict(shuffled)) == found, "the order of the records must not matter"
    assert {one for g in found for one in g.records} == set(records), "no record is lost"
    named = {one for record, aliases in records.items() for one in (record, *aliases)}
    assert {one for g in found for one in (g.id, *g.aliases)} == named, "no id is lost"
    assert all(g.records for g in found)
    assert all(preference(g.id)[0] == min(preference(one)[0] for one in (g.id, *g.aliases)) for g in found)
    leads = [one.id for one in found]
    assert len(set(leads)) == len(leads)
    cves = {record for record in records if record.startswith("CVE-")}
    assert cves <= set(leads), "every CVE with a record of its own is a vulnerability"
