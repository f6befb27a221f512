"""formats/oscal.py and app/oscal.py: valid against NIST's schemas, the same bytes for the same decision."""

import json
import re
import shutil
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from govsec_ci.app import bundle
from govsec_ci.app.oscal import profile_files, verdict_files
from govsec_ci.formats.oscal import Item, poam, token
from govsec_ci.gate import profile as profiles
from govsec_ci.gate import waivers
from govsec_ci.gate.waive import to_toml
from govsec_ci.model import Role, Rule, Stage
from govsec_ci.system.files import write_atomic
from tests.conftest import ROOT
from tests.support import bundles
from tests.support.command import govsec
from tests.support.gate_evidence import NOW, code, day, evidence, rule, run, vulnerable, waiver


def _problems(shared: Path, model: str, data: bytes) -> list[str]:
    schema = json.loads((shared / f"schemas/oscal-1.2.1-{model}.json").read_text("utf-8"))
    return [str(one) for one in jsonschema_rs.validator_for(schema).iter_errors(json.loads(data))]


@pytest.mark.parametrize("lang", ["en", "ja"])
@pytest.mark.parametrize("name", profiles.shipped())
def test_every_profile_is_a_valid_catalog_and_component_definition(shared: Path, name: str, lang: str) -> None:
    files = profile_files(name, lang)
    assert _problems(shared, "catalog", files[f"{name}.catalog.json"]) == []
    assert _problems(shared, "component", files[f"{name}.component-definition.json"]) == []


@pytest.mark.parametrize("name", profiles.shipped())
def test_every_gate_is_found_again_under_its_clause(name: str) -> None:
    body = json.loads(profile_files(name, "en")[f"{name}.catalog.json"])["catalog"]
    parts = [part["id"] for group in body["groups"] for control in group["controls"] for part in control["parts"]]
    gates = [gate.id for gate in profiles.load(name).gates]
    assert len(parts) == len(set(parts)) == len(gates)
    assert all(any(part.endswith(gate) for part in parts) for gate in gates)


def test_verdicts_are_valid_assessment_results(shared: Path, failing_bundle: Path, passing_bundle: Path) -> None:
    for folder in (failing_bundle, passing_bundle):
        files = verdict_files(folder)
        assert _problems(shared, "assessment-results", files["assessment-results.json"]) == []
        assert files == verdict_files(folder)


EXAMPLES = tuple(tomllib.loads((ROOT / "examples/expected.toml").read_text("utf-8")))
PROFILES = ("jp-gov", "us-fedramp-rev5", "us-bod-26-04")
WAIVER = """\
[[waivers]]
id = "W-1"
rule = "B602"
path = "facility_booking/backup.py"
reason = "The command is a constant."
owner = "team"
approver = "ciso"
ticket = "T-1"
created = 2025-11-01
expires = 2026-02-01
plan = "Replace it."
"""


@pytest.fixture(scope="module", params=EXAMPLES)
def judged(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An example as it stands a year after it was first judged, with a waiver: whatever OSCAL can hold is in it."""
    from govsec_ci.app.run import run
    from govsec_ci.app.steps import Options

    folder = tmp_path_factory.mktemp(request.param)
    waivers = folder / "waivers.toml"
    waivers.write_text(WAIVER)
    common: dict[str, Any] = {"path": ROOT / "examples" / request.param, "advisories": ROOT / "examples/advisories"}
    run(Options(out=folder / "first", now=datetime(2024, 10, 12, tzinfo=UTC), **common))
    later = datetime(2025, 12, 1, tzinfo=UTC)
    given_files: dict[str, Any] = {"waivers": waivers, "baseline": folder / "first/results.sarif"}
    run(Options(out=folder / "then", now=later, profiles=PROFILES, **given_files, **common))
    return folder / "then"


def test_all_kinds_of_all_examples_are_valid(shared: Path, judged: Path) -> None:
    files = verdict_files(judged)
    assert set(files) == {"assessment-results.json", "poam.json"}
    assert _problems(shared, "assessment-results", files["assessment-results.json"]) == []
    assert _problems(shared, "poam", files["poam.json"]) == []
    for profile in bundle.read_profiles(judged):
        made = profile_files(profile.id, "en")
        assert _problems(shared, "catalog", made[f"{profile.id}.catalog.json"]) == []
        assert _problems(shared, "component", made[f"{profile.id}.component-definition.json"]) == []


def test_what_a_finding_is_about_stands_in_a_catalog_of_its_profiles(judged: Path) -> None:
    known = {"govsec_ci_govsec"}
    for profile in bundle.read_profiles(judged):
        body = json.loads(profile_files(profile.id, "en")[f"{profile.id}.catalog.json"])["catalog"]
        known |= {control["id"] for group in body["groups"] for control in group["controls"]}
    (result,) = json.loads(verdict_files(judged)["assessment-results.json"])["assessment-results"]["results"]
    assert {finding["target"]["target-id"] for finding in result["findings"]} <= known
    selected = {one["control-id"] for one in result["reviewed-controls"]["control-selections"][0]["include-controls"]}
    assert {finding["target"]["target-id"] for finding in result["findings"]} == selected


def test_no_two_things_share_an_identifier_and_each_finding_has_its_observation(judged: Path) -> None:
    files = verdict_files(judged)
    uuids = [one for data in files.values() for one in re.findall(rb'"uuid": "([^"]+)"', data)]
    assert len(uuids) == len(set(uuids))
    (result,) = json.loads(files["assessment-results.json"])["assessment-results"]["results"]
    seen = {observation["uuid"] for observation in result["observations"]}
    related = [one["observation-uuid"] for finding in result["findings"] for one in finding["related-observations"]]
    assert sorted(related) == sorted(seen)


def test_the_plan_of_the_failing_example_holds_what_is_waived_and_what_is_overdue(judged: Path) -> None:
    items = json.loads(verdict_files(judged)["poam.json"])["plan-of-action-and-milestones"]["poam-items"]
    states = [one["value"] for item in items for one in item["props"] if one["name"] == "status"]
    overdue = sum(due < check_now for due, check_now in _dues(judged))
    # Of the three profiles one admits no waiver; where none is claimed, the signed one stands as it is.
    assert (
        states.count("risk-accepted-in-part" if judged.parent.name.startswith("vulnerable-app") else "risk-accepted")
        == 1
    )
    assert sum(state.startswith("overdue") for state in states) == overdue
    assert bool(overdue) == (judged.parent.name.startswith("vulnerable-app"))


def _dues(folder: Path) -> list[tuple[datetime, datetime]]:
    verdict = bundle.read_verdict(folder)
    return [(due, verdict.now) for check in verdict.checks for due in check.due.values()]


def test_each_check_is_a_finding_with_its_state(failing_bundle: Path) -> None:
    verdict = json.loads((failing_bundle / "verdict.json").read_text("utf-8"))
    body = json.loads(verdict_files(failing_bundle)["assessment-results.json"])["assessment-results"]
    result = body["results"][0]
    states = {}
    for finding in result["findings"]:
        gate = next(one["value"] for one in finding["props"] if one["name"] == "gate")
        states[gate] = finding["target"]["status"]["reason"]
    words = {"PASS": "pass", "FAIL": "fail", "INCOMPLETE": "other"}
    assert states == {check["gate"]: words[check["verdict"]] for check in verdict["checks"]}
    evidence = result["observations"][0]["relevant-evidence"]
    assert [one["href"] for one in evidence] == ["results.sarif", "sbom.cdx.json"]


def test_waivers_and_overdue_results_make_a_plan(shared: Path, failing_bundle: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(failing_bundle, tmp_path / "bundle"))
    assert "poam.json" not in verdict_files(folder)
    (folder / "inputs/waivers.toml").write_text(
        '[[waivers]]\nid = "W-1"\nrule = "B602"\npath = "backup.py"\nreason = "constant"\nowner = "team"\n'
        'approver = "ciso"\nticket = "T-1"\ncreated = 2024-01-01\nexpires = 2024-02-01\nplan = "replace"\n'
    )
    verdict: dict[str, Any] = json.loads((folder / "verdict.json").read_text("utf-8"))
    check = next(one for one in verdict["checks"] if one["results"])
    check["due"] = {check["results"][0]: "2024-10-01T00:00:00Z"}
    (folder / "verdict.json").write_text(json.dumps(verdict))
    plan = verdict_files(folder)["poam.json"]
    assert _problems(shared, "poam", plan) == []
    items = json.loads(plan)["plan-of-action-and-milestones"]["poam-items"]
    states = [next(one["value"] for one in item["props"] if one["name"] == "status") for item in items]
    assert states == ["expired", "overdue"]


def test_what_may_only_be_overdue_is_not_called_so(tmp_path: Path) -> None:
    old = vulnerable(first_detected=day("2026-03-24"))
    given = evidence(run(Role.SCA, [old], [rule()]))
    verdict = bundles.write(tmp_path, given, ["us-bod-26-04"], now=NOW, stage=Stage.BUILD)
    due = {check.verdict.value: (check.results, check.due) for check in verdict.checks if check.due}
    items = json.loads(verdict_files(tmp_path)["poam.json"])["plan-of-action-and-milestones"]["poam-items"]
    states = {one["value"] for item in items for one in item["props"] if one["name"] == "status"}
    assert set(due) == {"INCOMPLETE"}, "without SSVC points nothing is decided"
    assert states == {"overdue-undecided"}


REFUSED = "owner@example.go.jp"


@pytest.mark.parametrize(
    ("changed", "state"),
    [
        ({}, "risk-accepted"),
        # jp-gov asks for an approver who is another person, and for one at all.
        ({"approver": REFUSED}, "refused"),
        ({"approver": ""}, "proposed"),
        ({"created": day("2026-05-01")}, "proposed"),
        ({"expires": day("2026-03-31")}, "expired"),
        ({"path": "elsewhere.py", "approver": REFUSED}, "risk-accepted"),
    ],
)
def test_the_plan_calls_accepted_what_the_profile_lets_a_waiver_accept(
    tmp_path: Path, changed: dict[str, Any], state: str
) -> None:
    about = {"rule": "B602", "path": "app/main.py", "vulnerability": "", "component": "", "versions": ""}
    given_waiver = waiver(**(about | changed))
    runs = waivers.attach((run(Role.SAST, [code()], [Rule(id="B602")]),), (given_waiver,))
    bundles.write(tmp_path, evidence(*runs, waivers=(given_waiver,)), ["jp-gov"], now=NOW, stage=Stage.BUILD)
    write_atomic(tmp_path / bundle.WAIVERS, to_toml(given_waiver).encode())
    items = json.loads(verdict_files(tmp_path)["poam.json"])["plan-of-action-and-milestones"]["poam-items"]
    assert [one["value"] for item in items for one in item["props"] if one["name"] == "status"] == [state]


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ('approver = "ciso"\ncreated = 2024-01-01\nexpires = 2024-10-12', "risk-accepted"),
        ('approver = "ciso"\ncreated = 2024-01-01\nexpires = 2024-10-11', "expired"),
        ('approver = "ciso"\ncreated = 2024-10-13\nexpires = 2024-11-01', "proposed"),
        ('approver = ""\ncreated = 2024-01-01\nexpires = 2024-11-01', "proposed"),
    ],
)
def test_the_plan_says_accepted_of_what_somebody_has_accepted(
    failing_bundle: Path, tmp_path: Path, changes: str, state: str
) -> None:
    folder = Path(shutil.copytree(failing_bundle, tmp_path / "bundle"))
    (folder / "inputs/waivers.toml").write_text(
        f'[[waivers]]\nid = "W-1"\nrule = "B602"\npath = "backup.py"\nreason = "constant"\nowner = "team"\n{changes}\n'
        'ticket = "T-1"\nplan = "replace"\n'
    )
    (item,) = json.loads(verdict_files(folder)["poam.json"])["plan-of-action-and-milestones"]["poam-items"]
    assert {"name": "status", "value": state}.items() <= item["props"][0].items()


def test_an_item_with_nothing_but_a_name_is_valid(shared: Path, failing_bundle: Path) -> None:
    from govsec_ci.app.bundle import read_verdict

    verdict = read_verdict(failing_bundle)
    due = datetime(2026, 1, 1, tzinfo=UTC)
    bare = Item(key="k", title="t", description="d, and a byte of a name that is no UTF-8: \udcff")
    plan = poam(verdict, [bare, Item(key="k2", title="t", description="d", due=due, owner="o")])
    assert plan is not None
    assert _problems(shared, "poam", plan) == []
    assert poam(verdict, []) is None


@given(st.lists(st.text(min_size=1), min_size=1, max_size=3))
def test_any_name_becomes_a_token(parts: list[str]) -> None:
    assert re.fullmatch(r"[^\W\d][\w.\-]*|_[\w.\-]*", token(*parts))


def test_the_commands_write_the_files(failing_bundle: Path, tmp_path: Path) -> None:
    assert govsec("oscal", "profile", "essentials", "--to", tmp_path).returncode == 0
    assert govsec("oscal", "verdict", "--out", failing_bundle, "--to", tmp_path).returncode == 0
    assert {path.name for path in tmp_path.iterdir()} == {
        "essentials.catalog.json", "essentials.component-definition.json", "assessment-results.json",
    }  # fmt: skip
