"""Our words for the model's closed sets."""

import pytest

from govsec_ci.model import ScanState, Severity, Stage, VerdictWord
from govsec_ci.report import labels
from govsec_ci.report.i18n import EMPTY
from govsec_ci.report.shapes import GapView, SigningView


@pytest.mark.parametrize("stage", list(Stage))
def test_every_stage_has_a_word_in_both_languages(stage: Stage) -> None:
    assert labels.stage(stage).en == stage.value
    assert labels.stage(stage).ja != stage.value


@pytest.mark.parametrize("state", list(ScanState))
def test_every_state_has_a_word_in_both_languages(state: ScanState) -> None:
    assert labels.state(state).ja != labels.state(state).en


@pytest.mark.parametrize("status", ["transcribed", "unverified", "experimental", "superseded", "of a later engine"])
def test_every_profile_that_is_not_verified_has_a_banner(status: str) -> None:
    assert labels.status_banner(status)


def test_a_verified_profile_has_none() -> None:
    assert not labels.status_banner("verified")


@pytest.mark.parametrize("state", ["valid", "invalid", "none"])
def test_signatures(state: str) -> None:
    assert labels.signature(state).ja != labels.signature(state).en


@pytest.mark.parametrize("severity", list(Severity))
def test_every_severity_has_a_japanese_word_and_keeps_its_own_in_english(severity: Severity) -> None:
    said = labels.severity(severity.value)
    assert said.en == severity.value
    assert said.ja != said.en
    assert labels.severity_named(severity.value).ja == f"{said.ja}({severity.value})"
    assert labels.part(severity.value) == said


def test_a_severity_of_a_later_model_is_shown_as_it_is() -> None:
    assert labels.severity("WORSE").ja == "WORSE"


@pytest.mark.parametrize("word", list(VerdictWord))
def test_every_verdict_has_a_japanese_word_beside_that_of_the_files(word: VerdictWord) -> None:
    assert labels.verdict_named(word).en == word.value
    assert labels.verdict_named(word).ja.startswith(word.value)
    assert labels.part(word.value) == labels.verdict(word)


@pytest.mark.parametrize("name", ["overdue", "in-time", "no-deadline"])
def test_parts_of_the_chart_of_ages_have_words(name: str) -> None:
    assert labels.part(name).ja != labels.part(name).en


@pytest.mark.parametrize(("days", "said"), [(0, "0 days old"), (1, "1 day old"), (-1, "1 day newer than the clock")])
def test_data_newer_than_the_clock_is_said_to_be(days: int, said: str) -> None:
    assert labels.age(days).en == said


def test_a_gap_score_says_whether_it_is_weighted() -> None:
    plain = GapView(profile="p", title=EMPTY, score=50.0, weight_met=1, weight=2, gates_met=1, gates=2)
    heavy = GapView(profile="p", title=EMPTY, score=75.0, weight_met=3, weight=4, gates_met=1, gates=2)
    assert labels.gap(plain).en == "50 % met (1 of 2 gates)"
    assert labels.gap(heavy).en == "75 % met by weight (1 of 2 gates)"


@pytest.mark.parametrize("status", ["verified", "transcribed", "unverified", "experimental", "superseded"])
def test_every_status_of_a_profile_has_a_word(status: str) -> None:
    assert labels.status(status).ja != labels.status(status).en


def test_a_key_is_named_by_its_beginning() -> None:
    assert labels.signing(SigningView(state="planned", key="ab" * 32)).en == f"to be signed with key {'ab' * 8}"
