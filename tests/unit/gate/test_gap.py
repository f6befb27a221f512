"""The gap score as it is counted: weights of the profile, never 1 short of all, both languages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govsec_ci.gate.evaluate import evaluate
from govsec_ci.gate.gap import Part, _share, comparable, gap
from govsec_ci.gate.profile import load
from govsec_ci.gate.schema import Text
from govsec_ci.model import Evidence, Role, Stage, Verdict, VerdictWord
from tests.support.gate_evidence import GATE, NOW, PROFILE, code, evidence, load_text, run, vulnerable

NONE = Text(en="", ja="")


def profile_of(code_weight: int = 1, parts_weight: int = 1) -> str:
    return (
        PROFILE
        + GATE.replace('"it"', '"code"')
        + f'kind = "results"\nlimit = 0\nfilter = {{ role = ["sast"] }}\nweight = {code_weight}\n'
        + GATE.replace('"it"', '"parts"')
        + f'kind = "results"\nlimit = 0\nfilter = {{ role = ["sca"] }}\nweight = {parts_weight}\n'
        + GATE.replace('"it"', '"hint"')
        + 'kind = "results"\nmode = "warn"\nlimit = 0\nfilter = { role = ["sast"] }\n'
    )


def judged(given: Evidence, text: str) -> Verdict:
    return evaluate(given, [load_text(text)], now=NOW, stage=Stage.BUILD, engine="test")


def weighing(weight: int, *, met: bool) -> Part:
    word = VerdictWord.PASS if met else VerdictWord.FAIL
    return Part(gate="g", weight=weight, met=met, verdict=word, title=NONE, next=NONE)


@pytest.mark.parametrize(
    ("weights", "score"), [((1, 1), 0.5), ((3, 1), 0.25), ((1, 2), 0.666), ((0, 1), 1.0), ((1, 0), 0.0), ((0, 0), 0.0)]
)
def test_the_score_is_the_share_of_the_weights_met(weights: tuple[int, int], score: float) -> None:
    text = profile_of(*weights)
    own = gap(judged(evidence(run(Role.SAST, [code()])), text), load_text(text))
    assert own.score == score
    assert (own.weight_met, own.weight) == (weights[1], sum(weights))
    # The gate that only warns is no part.
    assert [(part.gate, part.weight, part.met) for part in own.parts] == [
        ("code", weights[0], False),
        ("parts", weights[1], True),
    ]


def test_what_is_missing_comes_heaviest_first_and_each_is_a_step_in_both_languages() -> None:
    text = profile_of(1, 5)
    both = evidence(run(Role.SAST, [code()]), run(Role.SCA, [vulnerable()]))
    missing = gap(judged(both, text), load_text(text)).missing
    assert [part.gate for part in missing] == ["parts", "code"]
    assert all(part.next.en and part.next.ja and part.title.en and part.title.ja for part in missing)


def test_incomplete_is_not_met_and_its_step_is_to_examine() -> None:
    text = profile_of()
    lost = evidence(run(Role.SAST, id="lost"), expected={"gone": Role.SAST})
    missing = gap(judged(lost, text), load_text(text)).missing
    assert {part.verdict for part in missing} == {VerdictWord.INCOMPLETE}
    assert missing[0].next.en.startswith("Let what the reasons name be examined")
    assert "検査" in missing[0].next.ja


def test_an_objection_of_the_engine_weighs_as_one_gate() -> None:
    profile = load("us-ntia-sbom")
    verdict = evaluate(evidence(), [profile], now=NOW, stage=Stage.COMMIT, engine="test")
    own = gap(verdict, profile)
    assert [(part.gate, part.weight, part.met) for part in own.parts] == [("stage", 1, False)]
    assert own.score == 0.0


def test_a_profile_that_did_not_judge_has_no_score() -> None:
    with pytest.raises(KeyError, match="jp-gov"):
        gap(judged(evidence(), profile_of()), load("jp-gov"))


def test_scores_compare_only_with_the_same_text_at_the_same_stage() -> None:
    text, other = profile_of(), profile_of(2)
    weak, clean = judged(evidence(run(Role.SAST, [code()])), text), judged(evidence(), text)
    assert comparable(gap(weak, load_text(text)), gap(clean, load_text(text)))
    assert not comparable(gap(weak, load_text(text)), gap(judged(evidence(), other), load_text(other)))
    release = evaluate(evidence(), [load_text(text)], now=NOW, stage=Stage.RELEASE, engine="test")
    assert not comparable(gap(weak, load_text(text)), gap(release, load_text(text)))


@given(st.lists(st.tuples(st.integers(0, 1000), st.booleans()), max_size=30))
def test_one_means_all_and_the_score_is_a_whole_number_of_thousandths(given: list[tuple[int, bool]]) -> None:
    parts = tuple(weighing(weight, met=met) for weight, met in given)
    score = _share(parts)
    assert 0 <= score <= 1
    assert round(score * 1000) / 1000 == score
    assert (score == 1) == (any(w for w, _ in given) and all(met for w, met in given if w))


@given(st.lists(st.tuples(st.integers(0, 1000), st.booleans()), min_size=1, max_size=30), st.data())
def test_meeting_one_more_gate_never_lowers_the_score(given: list[tuple[int, bool]], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(given) - 1))
    before = tuple(weighing(weight, met=met) for weight, met in given)
    after = tuple(weighing(weight, met=met or number == at) for number, (weight, met) in enumerate(given))
    assert _share(after) >= _share(before)
