"""Which statements become claims, and on which results."""

from datetime import timedelta
from typing import Any

import pytest

from govsec_ci.evidence.vex import attach
from govsec_ci.model import ComponentRef, Role, Rule, Run, SuppressionStatus, VexStatement, Vulnerability
from tests.support.evidence_runs import NOW, a_result, a_run

JINJA = "pkg:pypi/jinja2@2.10"


def audit(*purls: str) -> Run:
    rule = Rule(id="CVE-1", vulnerability=Vulnerability(id="CVE-1", aliases=("GHSA-1",)))
    results = [a_result("CVE-1", component=ComponentRef(name="x", version="", purl=purl)) for purl in purls or (JINJA,)]
    return a_run(*results, id="pip-audit", role=Role.SCA, rules=(rule,))


def says(status: str = "not_affected", **more: Any) -> VexStatement:
    standard: dict[str, Any] = {
        "vulnerabilities": ("CVE-1",), "purls": (JINJA,), "status": status, "id": "v1",
        "justification": "component_not_present" if status == "not_affected" else "",
    }  # fmt: skip
    return VexStatement(**{**standard, **more})


def claims(*statements: VexStatement, run: Run | None = None) -> list[list[str]]:
    (done,) = attach([run or audit()], statements)
    return [[claim.justification for claim in result.suppressions] for result in done.results]


def test_not_affected_with_a_reason_becomes_a_claim() -> None:
    (run,) = attach([audit()], [says(detail="stripped out")])
    (claim,) = run.results[0].suppressions
    assert (claim.origin, claim.origin_id, claim.status) == ("vex", "v1", SuppressionStatus.ACCEPTED)
    assert claim.justification == "component_not_present: stripped out"
    assert run.notifications == ()


@pytest.mark.parametrize(
    "statement",
    [
        says("affected"),
        says("under_investigation"),
        says("fixed"),
        says(justification="", detail="trust us"),
        says(vulnerabilities=("CVE-2",)),
        says(purls=("pkg:pypi/jinja2@2.11",)),
        says(purls=("pkg:pypi/flask",)),
        says(purls=("pkg:npm/jinja2@2.10",)),
        says(purls=("no purl",)),
    ],
)
def test_everything_else_does_not(statement: VexStatement) -> None:
    assert claims(statement) == [[]]


@pytest.mark.parametrize(
    "statement",
    [
        says(vulnerabilities=("GHSA-9", "ghsa-1")),
        says(purls=("pkg:pypi/jinja2",)),
        says(purls=("pkg:pypi/Jinja2@2.10?vcs_url=x",)),
        says(purls=()),
    ],
    ids=["alias", "every version", "written otherwise", "whole product"],
)
def test_other_ways_to_say_it(statement: VexStatement) -> None:
    assert claims(statement) == [["component_not_present"]]


def test_the_newest_statement_rules() -> None:
    earlier, later = NOW, NOW + timedelta(days=1)
    assert claims(says(timestamp=earlier), says("affected", timestamp=later)) == [[]]
    assert claims(says("affected", timestamp=earlier), says(timestamp=later)) == [["component_not_present"]]
    assert claims(says("affected", timestamp=later), says(timestamp=earlier)) == [[]]
    assert claims(says(), says("affected", timestamp=earlier)) == [[]]


def test_of_equally_old_statements_the_later_one_rules() -> None:
    assert claims(says(timestamp=NOW), says("affected", timestamp=NOW)) == [[]]
    assert claims(says("affected"), says()) == [["component_not_present"]]


def test_only_the_components_it_speaks_of() -> None:
    run = audit(JINJA, "pkg:pypi/jinja2@2.11", "not a purl")
    assert claims(says(), run=run) == [["component_not_present"], [], []]


def test_a_result_without_component_is_not_spoken_of() -> None:
    assert claims(says(purls=()), run=a_run(a_result("CVE-1"))) == [[]]


def test_attaching_twice_is_attaching_once() -> None:
    once = attach([audit()], [says()])
    assert attach(once, [says()]) == once


def test_a_statement_about_nothing_is_noted_once() -> None:
    done = attach([a_run(), audit(), audit()], [says(vulnerabilities=("CVE-9",)), says()])
    assert [[note.id for note in run.notifications] for run in done] == [[], ["vex-unused"], []]
    assert "CVE-9" in done[1].notifications[0].text
    assert attach([a_run()], [says()]) == (a_run(),)


def test_a_statement_about_another_product_has_no_effect_and_is_said() -> None:
    (done,) = attach([audit()], [says(elsewhere="it speaks of shop 2, and this is 1")])
    assert done.results[0].suppressions == ()
    (note,) = done.notifications
    assert (note.id, note.level.value) == ("vex-elsewhere", "warning")
    assert note.text == "The VEX statement on CVE-1 has no effect: it speaks of shop 2, and this is 1."


def test_without_statements_nothing_is_looked_at() -> None:
    assert attach([audit()], ()) == (audit(),)
