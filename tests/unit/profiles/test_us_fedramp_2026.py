"""FedRAMP 2026: every cell of the matrix from the facts file, and the other rules by hand."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from govsec_ci.gate import profile
from govsec_ci.gate.waivers import attach
from govsec_ci.model import Invocation, Role, Severity, Stage, VerdictWord
from tests.support.gate_evidence import (
    check,
    code,
    day,
    evidence,
    feed,
    judge,
    rule,
    run,
    vulnerable,
    waiver,
)

PASS, FAIL, INCOMPLETE = VerdictWord.PASS, VerdictWord.FAIL, VerdictWord.INCOMPLETE
NAME = "us-fedramp-2026"
START = day("2027-01-01")
TICK = timedelta(microseconds=1)
CLASSES, IMPACTS, COLUMNS = "abcd", "12345", ("irv_lev", "nirv_lev", "nlev")
DECLARED = {
    "irv_lev": [{"exploitability": "likely", "reachability": "internet"}],
    "nirv_lev": [{"exploitability": "likely", "reachability": "internal"}],
    "nlev": [{"exploitability": "not-likely", "reachability": where} for where in ("internet", "internal")],
}


def matrix(shared: Path) -> dict[str, dict[str, dict[str, list[Any]]]]:
    facts = json.loads((shared / "government/gate-facts.json").read_text("utf-8"))
    found: dict[str, dict[str, dict[str, list[Any]]]] = facts["us_fedramp_vdr_tfr_pvr"]["classes"]
    return found


def mended(now: datetime, declared: dict[str, str]) -> VerdictWord:
    given = evidence(run(Role.SAST, [code(Severity.LOW, first_detected=START)]), baseline=True, parameters=declared)
    return check(judge(given, NAME, now=now), "mended-in-time").verdict


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("impact", IMPACTS)
@pytest.mark.parametrize("letter", CLASSES)
def test_every_cell_at_its_boundary(shared: Path, letter: str, impact: str, column: str) -> None:
    cell = matrix(shared)[letter][impact].get(column)
    for more in DECLARED[column]:
        declared = {"class": letter.upper(), "impact": f"N{impact}", **more}
        if cell is None:
            assert mended(START + timedelta(days=3650), declared) is PASS
            continue
        number, unit = cell
        last = START + timedelta(hours=number) if unit == "hours" else START + timedelta(days=number + 1) - TICK
        assert mended(last, declared) is PASS, declared
        assert mended(last + TICK, declared) is FAIL, declared


def test_the_matrix_is_whole(shared: Path) -> None:
    found = matrix(shared)
    assert set(found) == set(CLASSES)
    assert {impact for table in found.values() for impact in table} == set(IMPACTS)
    assert sum(len(cells) for table in found.values() for cells in table.values()) == 48
    assert not any(table["1"] for table in found.values())


def test_what_is_not_declared_counts_as_the_strictest(shared: Path) -> None:
    assert matrix(shared)["d"]["5"]["irv_lev"] == [12, "hours"]
    assert mended(START + timedelta(hours=12), {}) is PASS
    assert mended(START + timedelta(hours=12) + TICK, {}) is FAIL


def one(gate: str, now: str, stage: Stage = Stage.BUILD, *, kev: str | None = None, **more: Any) -> VerdictWord:
    result = vulnerable(first_detected=day(more.pop("detected", "2027-01-01")))
    sca = run(Role.SCA, [result], [rule(kev=kev)], advisories=tuple(feed(n, now=day(now)) for n in ("osv", "kev")))
    given = evidence(sca, baseline=True, parameters={"impact": "N1"} | more)
    return check(judge(given, NAME, now=day(now), stage=stage), gate).verdict


def test_known_exploited_by_its_own_date_and_never_in_a_new_deployment() -> None:
    # The entry's date is 21 days after the listing here.
    assert one("known-exploited-in-time", "2027-01-31", kev="2027-01-10") is PASS
    assert one("known-exploited-in-time", "2027-02-01", kev="2027-01-10") is FAIL
    assert one("known-exploited-in-time", "2037-02-01") is PASS
    assert one("no-known-exploited", "2027-01-11", Stage.RELEASE, kev="2027-01-10") is FAIL
    assert one("no-known-exploited", "2027-01-11", Stage.RELEASE) is PASS


def test_after_192_days_an_acceptance_is_asked_for() -> None:
    last = day("2027-01-01") + timedelta(days=192)
    assert one("accepted-after-192-days", f"{last:%Y-%m-%d}") is PASS
    assert one("accepted-after-192-days", f"{last + timedelta(days=1):%Y-%m-%d}") is FAIL


def test_an_acceptance_on_record_ends_the_192_days_and_nothing_else_does() -> None:
    late = day("2027-01-01") + timedelta(days=193)
    accepted = waiver(created=late - timedelta(days=10), expires=late + timedelta(days=10))
    result = vulnerable(first_detected=day("2027-01-01"))
    for waivers, expected in (((accepted,), PASS), ((), FAIL)):
        runs = attach([run(Role.SCA, [result], [rule()])], waivers)
        given = evidence(*runs, baseline=True, waivers=waivers, parameters={"impact": "N1"})
        assert check(judge(given, NAME, now=late), "accepted-after-192-days").verdict is expected
    lapsed = waiver(created=late - timedelta(days=10), expires=late - timedelta(days=2))
    runs = attach([run(Role.SCA, [result], [rule()])], (lapsed,))
    given = evidence(*runs, baseline=True, waivers=(lapsed,), parameters={"impact": "N1"})
    assert check(judge(given, NAME, now=late), "accepted-after-192-days").verdict is FAIL


def test_the_forces_of_the_rules_are_told() -> None:
    """SHOULD for all but the acceptance (MUST) and the new deployment (SHOULD NOT): a reader must see which."""
    forces = {gate.clause.id: gate.text.en for gate in profile.load(NAME).gates if gate.clause.origin == "document"}
    wanted = dict.fromkeys(("VDR-TFR-PVR", "VDR-TFR-KEV", "VER-TFR-EVU", "VDR-TFR-PDD"), "Force: SHOULD.")
    wanted |= {"VDR-CSO-AKE": "Force: SHOULD NOT.", "VER-TFR-MAV": "Force: MUST."}
    assert {clause: text[: len(wanted[clause])] for clause, text in forces.items()} == wanted


def test_what_was_not_examined_is_not_in_time() -> None:
    assert check(judge(evidence(), NAME), "scans").verdict is PASS
    assert check(judge(evidence(run(Role.SAST, commit=None)), NAME), "scans").verdict is INCOMPLETE
    assert check(judge(evidence(), NAME), "coverage").verdict is PASS
    assert check(judge(evidence(run(Role.SCA, audited=())), NAME), "coverage").verdict is INCOMPLETE


@pytest.mark.parametrize(
    ("letter", "scan_last", "scan_late"),
    [
        ("A", "2027-05-28", "2027-05-29"),
        ("B", "2027-03-28", "2027-03-29"),
        ("C", "2027-03-14", "2027-03-15"),
        ("D", "2027-03-07", "2027-03-08"),
    ],
)
def test_detection_is_repeated(letter: str, scan_last: str, scan_late: str) -> None:
    ended = day("2027-02-28")

    def word(now: str) -> VerdictWord:
        runs = [run(role, invocation=Invocation(start=ended, end=ended)) for role in (Role.SAST, Role.SCA)]
        given = evidence(*runs, parameters={"class": letter})
        return check(judge(given, NAME, now=day(now)), f"detection-{letter.lower()}").verdict

    assert word(scan_last) is PASS
    assert word(scan_late) is INCOMPLETE


@pytest.mark.parametrize(("letter", "days"), [("A", 14), ("B", 7), ("C", 5), ("D", 2)])
def test_evaluation_is_on_record(letter: str, days: int) -> None:
    from govsec_ci.model import Document

    made = day("2027-02-01")

    def word(after: int) -> VerdictWord:
        record = Document(slot="vulnerability-evaluation", path="r.pdf", sha256="0" * 64, date=made)
        given = evidence(documents=(record,), parameters={"class": letter})
        now = made + timedelta(days=after)
        return check(judge(given, NAME, now=now, stage=Stage.RELEASE), f"evaluation-{letter.lower()}").verdict

    assert word(days) is PASS
    assert word(days + 1) is INCOMPLETE


def test_only_the_gates_of_the_declared_class_are_asked() -> None:
    asked = {own.gate for own in judge(evidence(parameters={"class": "B"}), NAME, stage=Stage.RELEASE).checks}
    assert {name for name in asked if name.startswith(("evaluation-", "detection-"))} == {"evaluation-b", "detection-b"}


def test_it_is_in_force_from_its_day() -> None:
    found = profile.load(NAME).effective_from
    assert found is not None
    assert found.isoformat() == "2026-12-07"
    assert "in-force" in {own.gate for own in judge(evidence(), NAME, now=day("2026-12-06")).checks}
    assert "in-force" not in {own.gate for own in judge(evidence(), NAME, now=day("2026-12-07")).checks}
