"""Poetry's constraints."""

import pytest
from packaging.specifiers import SpecifierSet

from govsec_ci.manifests.caret import specifier_of


@pytest.mark.parametrize(
    ("constraint", "yes", "no"),
    [
        # The table of Poetry's documentation, "Caret requirements" and "Tilde requirements".
        ("^1.2.3", ["1.2.3", "1.9"], ["1.2.2", "2.0.0"]),
        ("^1.2", ["1.2", "1.99"], ["2.0"]),
        ("^1", ["1.0", "1.5"], ["2.0"]),
        ("^0.2.3", ["0.2.3", "0.2.9"], ["0.3.0", "0.2.2"]),
        ("^0.0.3", ["0.0.3"], ["0.0.4"]),
        ("^0.0", ["0.0.5"], ["0.1.0"]),
        ("^0", ["0.9"], ["1.0"]),
        ("~1.2.3", ["1.2.3", "1.2.9"], ["1.3.0"]),
        ("~1.2", ["1.2.9"], ["1.3"]),
        ("~1", ["1.9"], ["2.0"]),
        ("~=1.2", ["1.9"], ["2.0"]),
        ("*", ["1", "99"], []),
        ("1.*", ["1.9"], ["2.0"]),
        ("1.2.3", ["1.2.3"], ["1.2.4"]),
        ("==1.2.3", ["1.2.3"], ["1.2.4"]),
        (">= 1.2, < 1.5", ["1.2", "1.4"], ["1.5"]),
        (">=1.2 <1.5", ["1.3"], ["1.5"]),
        ("!=1.0", ["1.1"], ["1.0"]),
        ("^1.0 || ^2.0", ["1.5", "2.5"], []),
        ("^1.0|^2.0", ["1.5"], []),
        ("", ["1"], []),
    ],
)
def test_constraints(constraint: str, yes: list[str], no: list[str]) -> None:
    specifier = specifier_of(constraint)
    assert specifier is not None
    specifiers = SpecifierSet(specifier)
    assert all(specifiers.contains(version) for version in yes)
    assert not any(specifiers.contains(version) for version in no)


@pytest.mark.parametrize("constraint", ["^x", "~", ">=", "latest", "^1.0 || ^x"])
def test_what_is_no_constraint(constraint: str) -> None:
    assert specifier_of(constraint) is None
