"""A profile's own cases: read strictly, and able to fail."""

from pathlib import Path

import pytest

from govsec_ci.errors import InputError
from govsec_ci.gate import cases, profile
from govsec_ci.model import VerdictWord

CASE = '[[cases]]\nname = "it"\nverdict = "PASS"\n'


def outcome(text: str, name: str = "jp-gov") -> cases.Outcome:
    (found,) = cases.run(profile.load(name), cases.parse(text.encode(), "x.cases.toml"))
    return found


def test_a_case_that_holds() -> None:
    found = outcome(CASE)
    assert found.wrong == ()
    assert found.verdict is VerdictWord.PASS
    assert found.checks["static-high"] is VerdictWord.PASS


def test_a_case_that_does_not_hold_says_what_and_why() -> None:
    text = (
        CASE
        + 'others = "PASS"\nruns = [{ role = "pipeline", state = "incomplete" }]\nchecks = { signature = "PASS" }\n'
    )
    assert outcome(text).wrong == (
        "the verdict is INCOMPLETE, not PASS",
        "scans is INCOMPLETE, not PASS (pipeline: app/broken.py: could not be read)",
        "actions-pinned is INCOMPLETE, not PASS (pipeline: app/broken.py: could not be read)",
        "permissions is INCOMPLETE, not PASS (pipeline: app/broken.py: could not be read)",
        "signature is not asked at build, not PASS",
    )


@pytest.mark.parametrize(
    ("text", "what", "hint"),
    [
        ("cases = []\n", "there are no cases", ""),
        ('[[cases]]\nname = "it"\n', "expects nothing", ""),
        (CASE + "stge = 'build'\n", "unknown key 'stge'", "did you mean 'stage'?"),
        (CASE + "now = 2026-04-01T00:00:00\n", "has no time zone", ""),
        (CASE + 'results = [{ role = "sca", claim = "nosecc" }]\n', "unknown value 'nosecc'", "did you mean 'nosec'?"),
        (CASE + 'sbom = { missing = ["vendor"] }\n', "unknown value 'vendor'", ""),
    ],
)
def test_cases_are_read_strictly(text: str, what: str, hint: str) -> None:
    with pytest.raises(InputError) as caught:
        cases.parse(text.encode(), "x.cases.toml")
    assert what in caught.value.what
    assert caught.value.what.startswith("x.cases.toml")
    assert hint in caught.value.next_step


@pytest.mark.parametrize(
    ("more", "what"),
    [
        ('checks = { static-hih = "PASS" }\n', "has no gate 'static-hih'"),
        ('feeds = { kve = "missing" }\n', "has no feed 'kve'"),
        ('slots = { "設" = "missing" }\n', "has no slot '設'"),
        ('parameters = { exposure = "public" }\n', "has no parameter 'exposure'"),
    ],
)
def test_a_case_names_only_what_the_profile_has(more: str, what: str) -> None:
    with pytest.raises(InputError, match=what):
        outcome(CASE + more)


def test_cases_stand_beside_their_profile(tmp_path: Path) -> None:
    path = cases.beside(tmp_path / "our-agency.toml")
    assert path == tmp_path / "our-agency.cases.toml"
    path.write_text(CASE)
    assert [case.name for case in cases.load(path)] == ["it"]
