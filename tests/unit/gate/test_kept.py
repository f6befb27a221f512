"""Whatever a gate may look at is still there when it is read from the bundle: a decision replays from it alone."""

import msgspec
import pytest

from govsec_ci.evidence.merge import merge
from govsec_ci.formats import sarif
from govsec_ci.model import Artifact, Component, ComponentRef, Invocation, Level, Location, Notification, Role, Run
from govsec_ci.model import ScanState as State
from tests.support.gate_evidence import NOW, check, evidence, judge, run, sbom, trial, vulnerable

OWN = "pkg:pypi/own@1.0"
FULL = run(
    Role.SCA,
    [vulnerable()],
    state=State.NOT_APPLICABLE,
    proof="nothing to audit",
    tool_uri="https://example.org/tool",
    declared=(OWN,),
    notifications=(Notification(id="left", level=Level.NOTE, text="left", location=Location(path="a")),),
    artifacts=(Artifact(path="requirements.txt", sha256="0" * 64, length=3),),
    invocation=Invocation(start=NOW, end=NOW, arguments=("x",), exit_code=0),
    properties={"coverage": "1 of 1"},
)


@pytest.mark.parametrize("field", [name for name in Run.__struct_fields__ if name != "rules"])
def test_a_run_comes_back_from_the_log_with_every_field(field: str) -> None:
    default = {own.name: own.default for own in msgspec.structs.fields(Run)}[field]
    assert getattr(FULL, field) != default, "the example must not be the default"
    (read,) = sarif.load(sarif.write(merge([FULL])))
    (whole,) = merge([FULL])
    assert getattr(read, field) == getattr(whole, field)
    assert getattr(read, field) != default


def test_what_is_declared_counts_for_the_coverage_of_a_bundle() -> None:
    gate = trial('kind = "coverage"\npercent = 100\n')
    audit = run(Role.SCA, audited=(), declared=(OWN,))
    component = Component(name="own", version="1.0", location=Location(path="requirements.txt"), source="vcs")
    held = sbom(components=(ComponentRef(name="own", version="1.0", purl=component.purl),))
    (read,) = sarif.load(sarif.write(merge([audit])))
    found = check(judge(evidence(read, sbom=held), gate), "it")
    assert found.verdict.value == "PASS"
    assert found.reasons == (f"1 component is declared to be audited otherwise: {OWN}",)
    without = check(judge(evidence(run(Role.SCA, audited=()), sbom=held), gate), "it")
    assert without.reasons == (f"1 component was not looked up: {OWN}",)
