"""The structs that results are written through say what sarif-om's classes say: the same names, in the same order."""

import attr
import pytest
import sarif_om
from msgspec import Struct

from govsec_ci.formats import sarif_results as out
from govsec_ci.formats.sarif_results import Results
from govsec_ci.formats.sarif_serialise import encode
from govsec_ci.model import Kind, Rule, Severity
from tests.support.evidence_runs import a_result

SAME = {
    out.OutMessage: sarif_om.Message,
    out.OutArtifact: sarif_om.Artifact,
    out.OutArtifactLocation: sarif_om.ArtifactLocation,
    out.OutContent: sarif_om.ArtifactContent,
    out.OutRegion: sarif_om.Region,
    out.OutPhysicalLocation: sarif_om.PhysicalLocation,
    out.OutLocation: sarif_om.Location,
    out.OutProvenance: sarif_om.ResultProvenance,
    out.OutSuppression: sarif_om.Suppression,
    out.OutResult: sarif_om.Result,
}


@pytest.mark.parametrize("ours", SAME, ids=lambda one: one.__name__)
def test_names_and_order_are_those_of_sarif_om(ours: type[Struct]) -> None:
    fields = attr.fields(SAME[ours])
    # The standard (section 3.35.3) calls it ``status``; sarif-om's name for it makes GitHub refuse the upload.
    names = [field.metadata["schema_property_name"].replace("state", "status") for field in fields]
    assert list(ours.__struct_encode_fields__) == [name for name in names if name in ours.__struct_encode_fields__]
    assert set(ours.__struct_encode_fields__) <= set(names)


def test_every_struct_of_the_module_is_held_to_one_of_sarif_om() -> None:
    assert {one for name, one in vars(out).items() if name.startswith("Out")} == set(SAME)


def test_of_rules_with_one_id_the_first_is_meant() -> None:
    results = Results([Rule(id="A"), Rule(id="B"), Rule(id="A", short="x")])
    assert [results.out(a_result(rule)).rule_index for rule in ("A", "B", "C")] == [0, 1, -1]


def test_what_is_not_known_is_not_written() -> None:
    written = encode(Results([]).out(a_result()))
    assert b"null" not in written
    assert b"ruleIndex" not in written


@pytest.mark.parametrize(
    ("severity", "score", "rank"),
    [
        (Severity.CRITICAL, None, 95.0),
        (Severity.CRITICAL, "9.8", 98.0),
        (Severity.CRITICAL, "10.0", 100.0),
        (Severity.CRITICAL, "8.9", 95.0),  # the rule's score is of another severity
        (Severity.HIGH, "8.9", 89.0),
        (Severity.HIGH, "7.0", 70.0),
        (Severity.MEDIUM, None, 55.0),
        (Severity.LOW, "3.9", 39.0),
        (Severity.LOW, "0.4", 25.0),  # 4.0 would be GitLab's "info"
        (Severity.NONE, None, 0.0),
        (Severity.UNKNOWN, "9.8", None),
    ],
)
def test_rank_is_the_results_own_severity(severity: Severity, score: str | None, rank: float | None) -> None:
    written = Results([Rule(id="R", security_severity=score)]).out(a_result("R", severity=severity))
    assert written.rank == rank
    assert (b'"rank"' in encode(written)) is (rank is not None)


def test_what_is_no_weakness_has_no_rank() -> None:
    assert Results([]).out(a_result(kind=Kind.PASS, severity=Severity.HIGH)).rank is None
