"""The plan: the nearest version rid of all that blocks, nothing traded for it, and what stays with its reason."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govsec_ci.formats import upgrades
from govsec_ci.gate.evaluate import evaluate
from govsec_ci.gate.plan import Upgrade, blocking, plan
from govsec_ci.model import Candidate, ComponentRef, Evidence, Fix, Location, Region, Result, Role, Run, Stage, Verdict
from tests.support.gate_evidence import GATE, NOW, PROFILE, PURL, code, evidence, load_text, run, vulnerable

TEXT = (
    PROFILE
    + GATE.replace('"it"', '"severe"')
    + 'kind = "results"\nlimit = 0\nfilter = { role = ["sca"], severity = "MEDIUM" }\n'
    + GATE.replace('"it"', '"hint"')
    + 'kind = "results"\nmode = "warn"\nlimit = 0\nfilter = { role = ["sca"] }\n'
)
A, B, C = "CVE-2024-0001", "CVE-2024-0002", "CVE-2024-0003"
FOREIGN = "CVE-2024-0009"


def judged(given_evidence: Evidence) -> Verdict:
    return evaluate(given_evidence, [load_text(TEXT)], now=NOW, stage=Stage.BUILD, engine="test")


def audit(*results: Result, known: Sequence[tuple[str, tuple[str, ...]]] | None = None) -> Run:
    installed = ("3.1.4", tuple(sorted({result.rule_id for result in results} - {FOREIGN})))
    told = [] if known is None else [Candidate(version=version, rest=rest) for version, rest in (installed, *known)]
    found = {PURL: told} if told else {}
    return run(Role.SCA, results, properties=upgrades.write(found))


def planned(own: Run) -> tuple[Upgrade, ...]:
    return plan(judged(evidence(own)), [own])


def one(own: Run) -> Upgrade:
    (found,) = planned(own)
    return found


def found_in(rule: str, key: str = "", **more: object) -> Result:
    return vulnerable(key or rule, rule=rule, **more)


def mild(rule: str) -> Result:
    from govsec_ci.model import Severity

    return vulnerable(rule, rule=rule, severity=Severity.LOW)


def test_the_nearest_version_that_is_rid_of_all_that_blocks() -> None:
    own = one(audit(found_in(A), found_in(B), known=[("3.1.5", (B,)), ("3.1.6", ()), ("4.0", ())]))
    assert (own.target, own.closes, own.open, own.major) == ("3.1.6", (A, B), (), False)
    assert (own.name, own.installed, own.purl, own.direct) == ("jinja2", "3.1.4", PURL, True)
    assert own.places == ("requirements.txt:1",)


def test_what_does_not_block_may_stay_and_nothing_new_may_come() -> None:
    own = one(audit(found_in(A), mild(B), known=[("3.1.5", (C,)), ("3.1.6", (B,)), ("3.1.7", ())]))
    assert (own.target, own.brings) == ("3.1.6", ())


def test_what_no_version_clears_stays_without_holding_up_the_rest() -> None:
    own = one(audit(found_in(A), found_in(B), known=[("3.1.5", (B,)), ("4.0", (B,))]))
    assert (own.target, own.closes, own.open, own.elsewhere) == ("3.1.5", (A,), (B,), {})


def test_where_no_version_is_rid_of_all_the_one_that_leaves_least_and_where_the_rest_is_gone() -> None:
    """A is gone in 3 alone, B and C in 4 alone."""
    own = one(audit(found_in(A), found_in(B), found_in(C), known=[("3.2", (B, C)), ("4.0", (A,))]))
    assert (own.target, own.closes, own.open, own.elsewhere) == ("4.0", (B, C), (A,), {A: "3.2"})
    assert own.major


def test_a_version_that_brings_as_many_as_it_clears_is_none() -> None:
    own = one(audit(found_in(A), known=[("3.2", (C,))]))
    assert (own.target, own.closes, own.open, own.elsewhere) == ("", (), (A,), {A: "3.2"})


def test_of_two_evils_the_lesser_and_it_says_what_it_brings() -> None:
    own = one(audit(found_in(A), found_in(B), known=[("3.2", (C,))]))
    assert (own.target, own.closes, own.brings) == ("3.2", (A, B), (C,))


def test_no_known_version_means_no_target() -> None:
    own = one(audit(found_in(A), known=[]))
    assert (own.target, own.open, own.checked, own.major) == ("", (A,), True, False)


def test_other_data_is_asked_instead_where_it_is_given() -> None:
    own = audit(found_in(A), known=[("3.1.5", ())])
    asked: list[tuple[str, str]] = []

    def ask(name: str, version: str) -> list[Candidate]:
        asked.append((name, version))
        newer = [Candidate(version="3.1.5", rest=(C,)), Candidate(version="3.1.9")]
        return [Candidate(version="3.1.4", rest=(A,)), *newer]

    (found,) = plan(judged(evidence(own)), [own], ask)
    assert (found.target, asked) == ("3.1.9", [("jinja2", "3.1.4")])


def test_a_component_that_the_data_was_not_asked_about_is_told_by_its_fixes_alone() -> None:
    own = one(
        audit(
            found_in(A, fix=Fix(nearest="3.1.5", versions=("3.1.5", "3.2"))),
            found_in(B, fix=Fix(nearest="3.1.6", versions=("3.1.6", "not a version"))),
        )
    )
    assert (own.target, own.closes, own.checked) == ("3.1.6", (A, B), False)
    bare = one(audit(found_in(A, fix=None)))
    assert (bare.target, bare.open, bare.checked) == ("", (A,), False)


def test_what_the_data_does_not_know_of_is_cleared_only_where_its_own_fix_says_so() -> None:
    """Another tool has found it: that our data says nothing of it in a version means nothing."""
    fix = Fix(nearest="3.1.7", versions=("3.1.7",))
    own = one(audit(found_in(A), found_in(FOREIGN, fix=fix), known=[("3.1.5", ()), ("3.1.6", ())]))
    assert (own.target, own.closes, own.open, own.checked) == ("3.1.5", (A,), (FOREIGN,), False)
    own = one(audit(found_in(A), found_in(FOREIGN, fix=fix), known=[("3.1.5", ()), ("3.1.8", ())]))
    assert (own.target, own.closes, own.open, own.checked) == ("3.1.8", (A, FOREIGN), (), False)


def test_only_what_blocks_is_planned_unless_the_caller_names_results() -> None:
    own = audit(mild(A), known=[("3.1.5", ())])
    verdict = judged(evidence(own))
    assert plan(verdict, [own]) == ()
    (found,) = plan(verdict, [own], which={A})
    assert (found.target, found.closes) == ("3.1.5", (A,))


def test_a_gate_that_only_warns_blocks_nothing() -> None:
    assert blocking(judged(evidence(audit(mild(A), found_in(B))))) == {B}
    assert blocking(judged(evidence(run(Role.SAST, [code()])))) == frozenset()


def test_the_one_that_closes_most_comes_first_and_places_once_each() -> None:
    other = ComponentRef(name="attrs", version="1!1.0", purl="pkg:pypi/attrs@1%211.0")
    elsewhere = Location(path="dev.txt", region=Region(start_line=7))
    nowhere = Location(path="setup.py")
    results = [
        vulnerable("k1", rule=C, component=other, locations=(nowhere,), fix=Fix(nearest="2!1.0")),
        vulnerable("k0", rule=C, component=other, locations=(), fix=Fix(nearest="2!1.0")),
        found_in(A),
        found_in(A, "again", locations=(elsewhere,)),
        found_in(B),
    ]
    first, second = planned(audit(*results, known=[("3.2", ())]))
    assert (first.name, first.places) == ("jinja2", ("requirements.txt:1", "dev.txt:7"))
    assert (second.name, second.target, second.major, second.places) == ("attrs", "2!1.0", True, ("setup.py", "?"))


@pytest.mark.parametrize("installed", ["not a version", ""])
def test_an_installed_version_that_nothing_can_read_is_no_obstacle(installed: str) -> None:
    odd = ComponentRef(name="odd", version=installed, purl="pkg:pypi/odd")
    own = one(audit(vulnerable(component=odd, fix=Fix(nearest="1.0", versions=("1.0",)))))
    assert (own.target, own.major) == ("1.0", True)


_NAMES = st.sampled_from([A, B, C])


@given(
    st.sets(_NAMES, min_size=1),
    st.sets(_NAMES),
    st.lists(st.sets(st.sampled_from([A, B, C, "CVE-2024-0004"])).map(lambda own: tuple(sorted(own))), max_size=6),
)
def test_no_nearer_version_would_have_done(stop: set[str], stay: set[str], rests: list[tuple[str, ...]]) -> None:
    """By brute force over the candidates: none before the target clears as much without bringing anything."""
    stay = stay - stop
    known = [(f"4.{number}", rest) for number, rest in enumerate(rests)]
    own = one(audit(*(found_in(rule) for rule in sorted(stop)), *(mild(rule) for rule in sorted(stay)), known=known))
    possible = stop - {name for name in stop if all(name in rest for rest in rests)}
    whole = [version for version, rest in known if not (set(rest) & possible) and not (set(rest) - stop - stay)]
    if possible and whole:
        assert own.target == whole[0]
        assert set(own.closes) == possible
    assert set(own.closes) | set(own.open) == stop
    assert not set(own.closes) & set(own.open)
    if own.target:
        assert set(own.open) == set(dict(known)[own.target]) & stop
        assert len(own.brings) < len(own.closes) or not own.brings
