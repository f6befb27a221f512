"""The gap score: weights from the profile, 100 only when all is met, and comparable over time where it is."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govsec_ci.app.gap import Gap, as_json, gaps, lines
from govsec_ci.gate.profile import reference
from govsec_ci.model import Evidence, Role, Stage
from tests.support import bundles
from tests.support.gate_evidence import GATE, NOW, PROFILE, code, evidence, load_text, run, vulnerable

TWO = (
    PROFILE
    + GATE.replace('"it"', '"code"')
    + 'kind = "results"\nlimit = 0\nfilter = { role = ["sast"] }\nweight = {code}\n'
    + GATE.replace('"it"', '"parts"')
    + 'kind = "results"\nlimit = 0\nfilter = { role = ["sca"] }\nweight = {parts}\n'
    + GATE.replace('"it"', '"hint"')
    + 'kind = "results"\nmode = "warn"\nlimit = 0\nfilter = { role = ["sast"] }\n'
)
WEAK = evidence(run(Role.SAST, [code(first_detected=NOW)]))
CLEAN = evidence()


def scored(
    folder: Path, given: Evidence = WEAK, *, weights: tuple[int, int] = (1, 1), lang: str = "en"
) -> tuple[Gap, ...]:
    path = folder.with_suffix(".toml")
    path.write_text(TWO.replace("{code}", str(weights[0])).replace("{parts}", str(weights[1])), "utf-8")
    bundles.write(folder, given, [str(path)], now=NOW, stage=Stage.BUILD)
    return gaps(folder, lang=lang)


@pytest.mark.parametrize(
    ("weights", "score", "met", "total"),
    [((1, 1), 50.0, 1, 2), ((3, 1), 25.0, 1, 4), ((1, 2), 66.6, 2, 3), ((0, 1), 100.0, 1, 1), ((1, 0), 0.0, 0, 1)],
)
def test_the_share_of_weights_met(tmp_path: Path, weights: tuple[int, int], score: float, met: int, total: int) -> None:
    (own,) = scored(tmp_path / "out", weights=weights)
    assert (own.score, own.met, own.all) == (score, met, total)
    # Warnings decide nothing and are not counted.
    assert (own.gates_met, own.gates) == (1, 2)
    assert [one.gate for one in own.missing] == ["code"]
    assert own.missing[0].weight == weights[0]


def test_all_met_is_one_hundred_and_nothing_is_missing(tmp_path: Path) -> None:
    (own,) = scored(tmp_path / "out", CLEAN)
    assert (own.score, own.missing) == (100.0, ())


@given(met=st.integers(0, 40), missing=st.integers(1, 10_000))
def test_short_of_all_is_never_told_as_all(met: int, missing: int) -> None:
    assert (1000 * met // (met + missing)) / 10 < 100


def test_what_is_missing_stands_heaviest_first_with_what_closes_it(tmp_path: Path) -> None:
    both = evidence(run(Role.SAST, [code()]), run(Role.SCA, [vulnerable()]))
    (own,) = scored(tmp_path / "out", both, weights=(1, 5), lang="ja")
    assert [(one.gate, one.weight, one.title, one.next) for one in own.missing] == [
        ("parts", 5, "題", "次"),
        ("code", 1, "題", "次"),
    ]
    text = "\n".join(lines((own,), None, lang="ja"))
    assert "FAIL parts(重み 5): 題" in text
    assert "是正方法: 次" in text


def test_what_could_not_be_examined_says_so(tmp_path: Path) -> None:
    (own,) = scored(tmp_path / "out", evidence(run(Role.SAST, id="lost"), expected={"gone": Role.SAST}))
    assert own.missing[0].verdict == "INCOMPLETE"
    assert own.missing[0].next.startswith("Let what the reasons name be examined")


def test_scores_are_compared_where_profile_and_stage_are_the_same(tmp_path: Path) -> None:
    before, after = scored(tmp_path / "a", WEAK), scored(tmp_path / "b", CLEAN)
    text = "\n".join(lines(after, before, lang="en"))
    assert "before: 50.0 % (+50.0)" in text
    assert "newly met: code" in text
    assert "no longer met: code" in "\n".join(lines(before, after, lang="en"))
    told: list[dict[str, Any]] = json.loads(as_json(after, before))
    assert (told[0]["score"], told[0]["before"]) == (100.0, 50.0)


def test_another_profile_cannot_be_compared(tmp_path: Path) -> None:
    before, after = scored(tmp_path / "a", weights=(1, 1)), scored(tmp_path / "b", weights=(2, 1))
    assert "not comparable" in "\n".join(lines(after, before, lang="en"))
    assert json.loads(as_json(after, before))[0]["before"] is None
    assert "not comparable" in "\n".join(lines(after, (), lang="en"))


def test_a_stage_without_gates_scores_nothing(tmp_path: Path) -> None:
    bundles.write(tmp_path / "out", CLEAN, ["us-ntia-sbom"], now=NOW, stage=Stage.COMMIT)
    (own,) = gaps(tmp_path / "out", lang="en")
    assert (own.score, [one.gate for one in own.missing]) == (0.0, ["stage"])


def test_a_weight_changes_no_verdict() -> None:
    light, heavy = (load_text(TWO.replace("{code}", n).replace("{parts}", "1")) for n in ("1", "9"))
    assert reference(light).sha256 != reference(heavy).sha256
    from govsec_ci.gate.compare import compare

    assert compare(light, heavy) == ()
