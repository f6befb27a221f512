"""Candidates as text among a run's properties: there and back, also through SARIF and a merge."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from govsec_ci.errors import InputError
from govsec_ci.evidence.merge import merge
from govsec_ci.formats import sarif, upgrades
from govsec_ci.model import Candidate, Role
from tests.support.gate_evidence import PURL, run

FOUND = {PURL: (Candidate(version="3.1.5", rest=("CVE-2024-0002",)), Candidate(version="3.1.6"))}

_TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
_CANDIDATES = st.lists(
    st.builds(Candidate, version=_TEXT, rest=st.lists(_TEXT, max_size=3).map(tuple)), max_size=4
).map(tuple)


def test_they_survive_the_log_and_a_merge_and_stand_beside_other_properties() -> None:
    own = run(Role.SCA, properties={"coverage": "1 of 1", **upgrades.write(FOUND)})
    (read,) = sarif.load(sarif.write(merge([own])))
    assert upgrades.read(read) == FOUND
    assert read.properties["coverage"] == "1 of 1"


def test_a_run_that_asked_nothing_has_none() -> None:
    assert upgrades.read(run(Role.SCA, properties={"coverage": "1 of 1"})) == {}


@given(st.dictionaries(_TEXT, _CANDIDATES, max_size=3))
def test_what_is_written_is_read(found: dict[str, tuple[Candidate, ...]]) -> None:
    assert upgrades.read(structs.replace(run(Role.SCA), properties=upgrades.write(found))) == found


@pytest.mark.parametrize("text", ["", "{}", "[[1, []]]", '[["1.0"]]', '[["1.0", [], 1]]', '[["1.0", "CVE"]]'])
def test_what_nobody_of_us_wrote_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"upgrades of pkg:pypi/x@1"):
        upgrades.read(run(Role.SCA, properties={f"{upgrades.PREFIX}pkg:pypi/x@1": text}))
