"""Profiles as tables, their differences, and the one to start from."""

from pathlib import Path
from typing import Any, get_args

import pytest

from govsec_ci.errors import UsageError
from govsec_ci.gate import cases, profile
from govsec_ci.gate.compare import compare
from govsec_ci.gate.describe import describe
from govsec_ci.gate.schema import Input
from govsec_ci.gate.skeleton import skeleton
from tests.support.gate_evidence import trial


@pytest.mark.parametrize("name", profile.shipped())
@pytest.mark.parametrize("lang", ["en", "ja"])
def test_every_gate_is_told_in_both_languages(name: str, lang: str) -> None:
    own = profile.load(name)
    table = describe(own, lang)
    assert [row.id for row in table.gates] == [gate.id for gate in own.gates]
    for row in table.gates:
        assert row.limits
        told = (row.title, row.text, row.next, row.stages, row.mode, row.clause, row.label, *row.limits)
        assert all(told)
        assert not any(
            mark in text for text in (*row.limits, row.mode, row.label) for mark in ("{", "}", "None", "FromParameter")
        ), row
    assert bool(table.banner) == (own.status != "verified")
    assert all(row.text and row.values and row.otherwise for row in table.parameters)


def test_rows_say_limit_clause_and_label() -> None:
    rows = {row.id: row for row in describe(profile.load("jp-gov"), "ja").gates}
    assert rows["known-vulnerabilities"].clause == "統一基準 7.2.1(1)"
    assert rows["known-vulnerabilities"].label == "記憶による"
    assert rows["static-medium"].label == "第三者情報、独自設定"
    assert rows["static-medium"].limits[0].startswith("検出結果 10(パラメータ static-medium-limit の既定値) 件以下")
    assert rows["static-medium"].mode == "判定、コミットでは警告"
    english = {row.id: row for row in describe(profile.load("us-bod-26-04")).gates}
    assert "within 3 days" in english["fix-in-time"].limits[1]
    assert english["fix-in-time"].limits[-2].endswith("with the next system upgrade")
    assert english["fix-in-time"].limits[-1] == "undecided while unknown: automatable, technical impact"


EVERYTHING = (
    'kind = "results"\nlimit = 0\nfilter = { role = ["sca"], severity = "LOW", confidence = "HIGH", epss = 0.5, '
    'kev = false, fix-available = false, direct = true, malicious = false, older-than-days = 3, cwe = ["CWE-1"], '
    'ssvc = { exploitation = ["active"] }, path = ["a"], baseline = ["new"] }\n'
)


@pytest.mark.parametrize(
    "gate",
    [
        EVERYTHING,
        'kind = "pipeline"\ntopic = "any"\nlimit = 1\nseverity = "HIGH"\n',
        'kind = "licenses"\nallowed = ["MIT"]\ndenied = ["GPL-3.0-only"]\nunknown = "fail"\n',
        'kind = "deadlines"\nclock = "published"\n[[gates.rows]]\nhours = 48\nwhen = { cvss = 9.0, epss = 0.1 }\n',
        'kind = "results"\nlimit = 0\nfilter = {}\nmode = "warn"\n',
    ],
)
def test_every_criterion_is_told(gate: str) -> None:
    for lang in ("en", "ja"):
        (row,) = describe(trial(gate), lang).gates
        assert "".join(row.limits)
    (row,) = describe(trial(EVERYTHING)).gates
    for part in ("low and above", "EPSS from 0.5", "not known", "no fix", "direct", "not malicious", "3 days", "CWE-1"):
        assert part in row.limits[0]


RESULTS = 'kind = "results"\nlimit = {limit}\nfilter = {{ severity = "{floor}" }}\nratchet = {ratchet}\n'


def results(limit: int = 1, floor: str = "HIGH", ratchet: str = "false", **more: Any) -> profile.Profile:
    return trial(RESULTS.format(limit=limit, floor=floor, ratchet=ratchet), **more)


@pytest.mark.parametrize(
    ("old", "new", "what", "direction"),
    [
        (results(), results(limit=0), "limit", "stricter"),
        (results(), results(limit=2), "limit", "looser"),
        (results(), results(floor="MEDIUM"), "filter.severity", "stricter"),
        (results(), results(floor="CRITICAL"), "filter.severity", "looser"),
        (results(), results(ratchet="true"), "ratchet", "looser"),
        (results(), results(unknown_severity='"as-low"'), "unknown-severity", "looser"),
        (results(), results(unknown_severity='"incomplete"'), "unknown-severity", "changed"),
        (results(), results(head="[waivers]\naccept = true\n"), "waivers.accept", "looser"),
        (results(), results(head="[suppressions]\nvex = { accept = true }\n"), "suppressions.vex.accept", "looser"),
    ],
)
def test_what_becomes_stricter_or_looser(old: profile.Profile, new: profile.Profile, what: str, direction: str) -> None:
    (change,) = compare(old, new)
    assert (change.what, change.direction) == (what, direction)
    (back,) = compare(new, old)
    opposite = {"stricter": "looser", "looser": "stricter", "changed": "changed"}
    assert back.direction == opposite[direction]
    assert (back.old, back.new) == (change.new, change.old)


DEADLINES = (
    'kind = "deadlines"\nclock = "detected"\nmust-know = [{must}]\n'
    'rows = [{{ when = {{ kev = true, automatable = ["yes"] }}, days = 1 }}]\n'
)


@pytest.mark.parametrize(
    ("old", "new", "direction"),
    [
        ('kind = "scans"\nroles = ["sast"]\n', 'kind = "scans"\nroles = ["sast", "sca"]\n', "stricter"),
        ('kind = "scans"\nroles = ["sast"]\n', 'kind = "scans"\nroles = ["sca"]\n', "changed"),
        ('kind = "scans"\nroles = ["sca"]\nmax-age-days = 9\n', 'kind = "scans"\nroles = ["sca"]\n', "looser"),
        (DEADLINES.format(must='"automatable"'), DEADLINES.format(must='"automatable", "kev"'), "stricter"),
        ('kind = "coverage"\npercent = 100\n', 'kind = "coverage"\npercent = 90\n', "looser"),
        ('kind = "sbom"\n', 'kind = "sbom"\nelements = ["name"]\n', "stricter"),
        ('kind = "sbom"\n', 'kind = "sbom"\nmissing = "incomplete"\n', "looser"),
        ('kind = "signature"\nmode = "warn"\n', 'kind = "signature"\n', "stricter"),
        ('kind = "signature"\nwarn-at = ["commit"]\n', 'kind = "signature"\n', "stricter"),
        ('kind = "signature"\n', 'kind = "coverage"\npercent = 100\n', "changed"),
    ],
)
def test_every_kind_is_compared(old: str, new: str, direction: str) -> None:
    (change,) = compare(trial(old), trial(new))
    assert (change.gate, change.direction) == ("it", direction)


def test_gates_that_come_and_go() -> None:
    changes = compare(profile.load("essentials"), profile.load("jp-gov"))
    by_gate = {(change.gate, change.direction) for change in changes if change.what == "gate"}
    assert ("known-vulnerabilities", "stricter") in by_gate
    assert ("vulnerabilities-high", "looser") in by_gate
    assert ("permissions", "changed") in by_gate, "it only warns"
    assert compare(profile.load("jp-gov"), profile.load("jp-gov")) == ()


def test_the_profile_to_start_from_holds_its_own_cases(tmp_path: Path) -> None:
    path = tmp_path / "our-agency.toml"
    text, own_cases = skeleton("our-agency")
    path.write_text(text, "utf-8")
    cases.beside(path).write_text(own_cases, "utf-8")
    own = profile.load(str(path))
    assert own.id == "our-agency"
    assert [outcome.wrong for outcome in cases.run(own, cases.load(cases.beside(path)))] == [(), (), ()]


@pytest.mark.parametrize("name", ["", "Our Agency", "a/b"])
def test_an_id_that_is_none_is_a_usage_error(name: str) -> None:
    with pytest.raises(UsageError):
        skeleton(name)


def test_every_input_that_must_be_known_has_words() -> None:
    asked = (
        'when = { severity = "LOW", kev = true, exploitation = ["poc"], automatable = ["yes"], fix-available = true, '
        'technical-impact = ["total"], cvss = 1.0, epss = 0.1 }, days = 1'
    )
    names = ", ".join(f'"{name}"' for name in get_args(Input))
    own = trial(f'kind = "deadlines"\nclock = "detected"\nmust-know = [{names}]\nrows = [{{ {asked} }}]\n')
    (row,) = describe(own).gates
    assert row.limits[-1] == (
        "undecided while unknown: severity, known exploitation, exploitation, automatable, technical impact, "
        "whether a fix exists, CVSS, EPSS"
    )
    (row,) = describe(own, "ja").gates
    assert "input-" not in row.limits[-1]
