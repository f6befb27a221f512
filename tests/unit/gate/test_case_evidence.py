"""The evidence of a case: whole and in order, but for what the case says."""

from govsec_ci.gate import cases, profile
from govsec_ci.gate.case_evidence import evidence


def test_evidence_of_a_case_says_what_the_case_says() -> None:
    text = (
        '[[cases]]\nname = "it"\nverdict = "PASS"\n'
        'results = [{ role = "sast", count = 2, cwe = "CWE-78", claim = "vex" }, '
        '{ role = "sca", epss = 0.5, exploitation = "active", claim = "nosec-blanket" }]\n'
        'runs = [{ role = "sbom", commit = "other" }, { role = "dast", state = "not-applicable" }]\n'
        'sbom = { commit = "none" }\n'
    )
    (case,) = cases.parse(text.encode(), "x")
    given = evidence(profile.load("jp-gov"), case)
    by_role = {run.role.value: run for run in given.runs}
    assert [result.suppressions[0].origin for result in by_role["sast"].results] == ["vex", "vex"]
    assert by_role["sast"].rules[0].cwes == ("CWE-78",)
    (rule,) = by_role["sca"].rules
    assert rule.vulnerability is not None
    assert rule.vulnerability.epss is not None
    assert rule.vulnerability.ssvc is not None
    assert by_role["sca"].results[0].suppressions[0].origin_id == ""
    assert by_role["sbom"].commit != given.subject.commit
    assert by_role["dast"].proof
    assert given.sbom is not None
    assert given.sbom.commit is None
