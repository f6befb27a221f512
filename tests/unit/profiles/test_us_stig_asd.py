"""STIG: each requirement of the facts by its number; weaknesses by CWE, and what bandit itself says of them."""

import pytest

from govsec_ci.gate import profile
from govsec_ci.model import Document, Role, Rule, Severity, Stage, VerdictWord
from govsec_ci.scanners.bandit_rules import rules
from tests.support.gate_evidence import check, code, day, evidence, feed, judge, nosec, rule, run, vulnerable

PASS, FAIL, INCOMPLETE = VerdictWord.PASS, VerdictWord.FAIL, VerdictWord.INCOMPLETE
NAME = "us-stig-asd"
CAT_I = {
    "V-222642": {"CWE-259", "CWE-798", "CWE-321"},
    "V-222602": {"CWE-79", "CWE-80"},
    "V-222604": {"CWE-77", "CWE-78"},
    "V-222607": {"CWE-89"},
    "V-222608": {"CWE-91", "CWE-611", "CWE-776"},
    "V-222609": {"CWE-20", "CWE-22", "CWE-502"},
    "V-222612": {"CWE-120", "CWE-121", "CWE-122", "CWE-787", "CWE-190"},
}
OTHERS = {"V-222658", "V-222624", "V-222614", "V-222648", "V-222650"}


def failed(cwe: str, severity: Severity = Severity.MEDIUM, identifier: str = "X1") -> set[str]:
    sast = run(Role.SAST, [code(severity, rule=identifier)], [Rule(id=identifier, cwes=(cwe,))])
    checks = judge(evidence(sast), NAME, stage=Stage.COMMIT).checks
    return {own.clause.id for own in checks if own.verdict is FAIL}


def test_every_requirement_has_a_gate_that_blocks() -> None:
    own = profile.load(NAME)
    assert {gate.clause.id for gate in own.gates} == {*CAT_I, *OTHERS}
    assert {gate.mode for gate in own.gates} == {"block"}


@pytest.mark.parametrize(("number", "cwe"), [(number, cwe) for number, cwes in CAT_I.items() for cwe in sorted(cwes)])
def test_one_result_of_a_cwe_fails_its_requirement_alone(number: str, cwe: str) -> None:
    assert failed(cwe) == {number}
    assert failed(cwe, Severity.UNKNOWN) == {number}
    assert failed(cwe, Severity.LOW) == ({number} if number == "V-222642" else set())


def test_another_cwe_fails_none() -> None:
    assert failed("CWE-377") == set()


def test_what_bandit_says_of_xml_fails_the_requirement_on_xml() -> None:
    # Medium and above: importing a parser is no weakness yet.
    spoken = [one for one in rules().values() if "xml" in one.name and float(one.security_severity or 0) >= 4]
    assert len(spoken) > 7
    for one in spoken:
        assert "V-222608" in failed(one.cwes[0], Severity.MEDIUM, one.id), one.id


def word(gate: str, *runs: object, **given: object) -> VerdictWord:
    found = judge(evidence(*runs, **given), NAME, stage=Stage.RELEASE)  # type: ignore[arg-type]
    return check(found, gate).verdict


@pytest.mark.parametrize(("gate", "slot"), [("supported-products",) * 2, ("code-review",) * 2])
def test_records(gate: str, slot: str) -> None:
    assert word(gate) is INCOMPLETE
    for made, expected in (("2025-04-01", PASS), ("2025-03-31", INCOMPLETE)):
        record = Document(slot=slot, path="r", sha256="0" * 64, date=day(made))
        assert word(gate, documents=(record,)) is expected


def test_critical_results_updates_and_tracking() -> None:
    assert word("critical-fixed", run(Role.SCA, [vulnerable(severity=Severity.CRITICAL)], [rule()])) is FAIL
    assert word("critical-fixed", run(Role.SCA, [vulnerable(severity=Severity.HIGH)], [rule()])) is PASS
    for age, expected in ((7, PASS), (7.01, INCOMPLETE)):
        assert word("updates-weekly", run(Role.SCA, advisories=(feed("osv", age_days=age),))) is expected
    assert word("flaws-tracked", run(Role.SAST, [code(suppressions=(nosec(reason=""),))])) is FAIL
    assert word("flaws-tracked") is PASS
    assert word("scans", run(Role.SBOM, commit=None)) is INCOMPLETE
    assert word("coverage", run(Role.SCA, audited=())) is INCOMPLETE
