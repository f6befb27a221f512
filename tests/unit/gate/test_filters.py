"""Components that a filter names."""

import pytest

from govsec_ci.model import ComponentRef, Role
from tests.support.gate_evidence import check, evidence, judge, rule, run, trial, vulnerable

OWN = ComponentRef(name="torch", version="1!2.0+cpu", purl="pkg:pypi/torch@1%212.0%2Bcpu", direct=True)


@pytest.mark.parametrize(
    ("pattern", "counted"),
    [
        ("torch", 1),
        ("pkg:pypi/torch@1%212.0%2Bcpu", 1),
        ("pkg:pypi/torch@1!2.0+cpu", 1),
        ("pkg:pypi/torch@*+cpu", 1),
        ("pkg:pypi/torch@2*", 0),
        ("jinja2", 0),
    ],
)
def test_a_component_is_named_as_it_is_written_or_as_one_thinks_of_it(pattern: str, counted: int) -> None:
    own = trial(f'kind = "results"\nlimit = 0\nfilter = {{ role = ["sca"], component = ["{pattern}"] }}\n')
    given = evidence(run(Role.SCA, [vulnerable(component=OWN)], [rule()]))
    assert len(check(judge(given, own), "it").results) == counted
