"""Our words for the model's closed sets."""

import pytest

from govsec_ci.model import ScanState, Stage
from govsec_ci.report import labels


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
