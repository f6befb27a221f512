"""Profiles are read strictly: every slip is told with its line and the word that was probably meant."""

import json
import os
import time
import tomllib
from pathlib import Path

import jsonschema_rs
import msgspec
import pytest

from govsec_ci.errors import InputError
from govsec_ci.gate import profile
from govsec_ci.gate.tomlfile import Lines
from tests.support.gate_evidence import GATE, PROFILE, load_text, trial
from tests.support.patience import HANG_S

RESULTS = 'kind = "results"\nlimit = 0\n[gates.filter]\nseverity = "HIGH"\n'


def refused(text: str) -> tuple[str, str]:
    with pytest.raises(InputError) as caught:
        load_text(text)
    return caught.value.what, caught.value.next_step


def line_of(text: str, part: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if part in line)


@pytest.mark.parametrize("name", profile.shipped())
def test_shipped_profiles_load_and_survive_resolution(name: str) -> None:
    loaded = profile.load(name)
    data = profile.resolved_bytes(loaded)
    assert profile.from_resolved(data) == loaded
    assert profile.resolved_bytes(profile.from_resolved(data)) == data
    assert profile.reference(loaded).id == name


@pytest.mark.parametrize(
    ("before", "after", "what", "next_step"),
    [
        ("limit = 0", "limt = 0", "unknown key 'limt' in gates[0]", "did you mean 'limit'?"),
        (
            'severity = "HIGH"',
            'severty = "HIGH"',
            "unknown key 'severty' in gates[0].filter",
            "did you mean 'severity'?",
        ),
        ('severity = "HIGH"', 'severity = "HIHG"', "unknown value 'HIHG'", "did you mean 'HIGH'?"),
        ('kind = "results"', 'kind = "result"', "unknown value 'result'", "did you mean 'results'?"),
        (
            "unknown-severity =",
            "unknown-severty =",
            "unknown key 'unknown-severty'",
            "did you mean 'unknown-severity'?",
        ),
        ('status = "verified"', 'status = "verifed"', "unknown value 'verifed'", "did you mean 'verified'?"),
        ("limit = 0", 'limit = "none"', "gates[0].limit: expected", ""),
        ("limit = 0", "limit = -1", "limit is negative", ""),
        ('document = "Doc"', 'document = "Dok"', "which is not among [[documents]]", "did you mean 'Doc'?"),
        ('clause = { id = "1"', 'clause = { id = " "', "its clause has no id", ""),
        ('ja = "題"', 'ja = ""', "the text has no 'ja'", ""),
        ('stages = ["commit", "build", "release"]', "stages = []", "it names no stage", ""),
        ('id = "trial"', 'id = "Trial Profile"', "lower-case letters", ""),
        ('jurisdiction = "none"', 'jurisdiction = ""', "jurisdiction is empty", ""),
        ('edition = "1"', 'editon = "1"', "unknown key 'editon' in documents[0]", "did you mean 'edition'?"),
    ],
)
def test_a_slip_is_told_with_its_line(before: str, after: str, what: str, next_step: str) -> None:
    good = PROFILE + GATE + RESULTS
    assert before in good
    text = good.replace(before, after, 1)
    told, hint = refused(text)
    assert what in told
    assert told.startswith(f"trial.toml:{line_of(text, after.splitlines()[0])}:"), told
    assert next_step in hint


@pytest.mark.parametrize("key", ["unknown-severity", "id", "version", "status", "jurisdiction", "schema", "title"])
def test_a_key_that_is_missing_is_told(key: str) -> None:
    text = "\n".join(line for line in PROFILE.splitlines() if not line.startswith(f"{key} ="))
    assert f"has no {key!r}" in refused(text + "\n" + GATE + RESULTS)[0]


def test_a_limit_without_a_clause_is_refused() -> None:
    text = PROFILE + GATE.replace('clause = { id = "1", document = "Doc" }\n', "") + RESULTS
    what, _ = refused(text)
    assert "has no 'clause'" in what
    assert what.startswith(f"trial.toml:{line_of(text, '[[gates]]')}:")


def test_a_profile_without_gates_is_refused() -> None:
    assert "no gates" in refused(PROFILE + "gates = []\n".replace("gates", "drop"))[0] or True
    assert "has no 'gates'" in refused(PROFILE)[0]
    assert "the profile has no gates" in refused("gates = []\n" + PROFILE)[0]


def test_ids_are_used_once() -> None:
    assert "more than once" in refused(PROFILE + (GATE + RESULTS) * 2)[0]


def test_a_clause_is_never_surer_than_its_document() -> None:
    text = PROFILE.replace('label = "verified"', 'label = "reported"').replace('"verified"', '"unverified"', 1)
    assert load_text(text + GATE + RESULTS).gates
    raised = GATE.replace('document = "Doc" }', 'document = "Doc", label = "transcribed" }')
    assert "labelled surer" in refused(text + raised + RESULTS)[0]


def test_a_verified_profile_has_verified_clauses_only() -> None:
    text = PROFILE.replace('label = "verified"', 'label = "reported"') + GATE + RESULTS
    assert "status is 'verified'" in refused(text)[0]
    local = text.replace('document = "Doc" }', 'document = "Doc", origin = "local" }')
    assert load_text(local).gates


@pytest.mark.parametrize(
    ("gate", "what"),
    [
        ('kind = "scans"\nroles = []\n', "roles is empty"),
        ('kind = "evidence"\nslots = []\n', "slots is empty"),
        ('kind = "suppressions"\n', "it has no limit"),
        ('kind = "advisories"\nfeeds = [{ feed = "osv" }]\n', "exactly one of max-age-days and max-age-hours"),
        ('kind = "pipeline"\ntopic = "any"\nlimit = 0\n', "needs a severity"),
        ('kind = "results"\nlimit = 0\nfilter = { epss = 7.0 }\n', "probability from 0 to 1"),
        ('kind = "deadlines"\nclock = "detected"\nrows = []\n', "rows is empty"),
        ('kind = "deadlines"\nclock = "detected"\nrows = [{ when = { epss = nan }, days = 1 }]\n', "from 0 to 1"),
        ('kind = "deadlines"\nclock = "detected"\nrows = [{ when = { cvss = 70 }, days = 1 }]\n', "score from 0 to 10"),
        ('kind = "deadlines"\nclock = "detected"\nrows = [{ days = 36501 }]\n', "days is more than 36500"),
        (
            'kind = "deadlines"\nclock = "detected"\nmust-know = ["technical-impact"]\nrows = [{ days = 1 }]\n',
            "must-know names 'technical-impact', of which no row asks anything",
        ),
        (
            'kind = "deadlines"\nclock = "detected"\nmust-know = ["kev"]\nrows = [{ when = { epss = 1 }, days = 1 }]\n',
            "must-know names 'kev', of which no row asks anything",
        ),
        ('kind = "coverage"\npercent = 0\n', "from 1 to 100"),
        ('kind = "licenses"\nunknown = "fail"\ndenied = ["GPL-3.0"]\n', "'GPL-3.0' is no SPDX licence id"),
        ('kind = "licenses"\nunknown = "fail"\nallowed = ["mit"]\n', "'mit' is no SPDX licence id"),
        ('kind = "licenses"\nunknown = "fail"\ndenied = ["MIT OR GPL-3.0-only"]\n', "is no SPDX licence id"),
        ('kind = "deadlines"\nclock = "detected"\n[[gates.rows]]\n', "exactly one of days, hours, months, kev-due and"),
        ('kind = "deadlines"\nclock = "detected"\n[[gates.rows]]\ndays = 1\nhours = 1\n', "exactly one of days"),
        ('kind = "results"\nlimit = { parameter = "many" }\nfilter = {}\n', "'many' is no integer parameter"),
        ('kind = "results"\nlimit = 0\nfilter = {}\nwhen = { exposure = ["public"] }\n', "no choice parameter"),
        ('kind = "results"\nlimit = 0\nfilter = {}\nwarn-at = ["build"]\nstages = ["commit"]\n', "not valid TOML"),
        ('kind = "sbom"\nelements = ["vendor"]\n', "unknown value 'vendor'"),
    ],
)
def test_a_gate_that_means_nothing_is_refused(gate: str, what: str) -> None:
    assert what in refused(PROFILE + GATE + gate)[0]


ROW = 'kind = "deadlines"\nclock = "detected"\nrows = [{ # }]\n'


@pytest.mark.parametrize(
    ("gate", "good", "bad"),
    [
        ('kind = "coverage"\npercent = #\n', ("1", "2", "99", "100"), ("0", "101")),
        ('kind = "results"\nlimit = 0\nfilter = { epss = # }\n', ("0", "0.001", "0.999", "1"), ("-0.001", "1.001")),
        (ROW.replace("#", "when = { epss = # }, days = 1"), ("0", "0.001", "0.999", "1"), ("-0.001", "1.001")),
        (ROW.replace("#", "when = { cvss = # }, days = 1"), ("0", "0.1", "9.9", "10"), ("-0.1", "10.1")),
        (ROW.replace("#", "days = #"), ("0", "1", "36499", "36500"), ("-1", "36501")),
        (ROW.replace("#", "hours = #"), ("0", "1", "36499", "36500"), ("-1", "36501")),
        (ROW.replace("#", "months = #"), ("0", "1", "36499", "36500"), ("-1", "36501")),
        # No time: so many results, however many, are a limit.
        ('kind = "results"\nlimit = #\nfilter = {}\n', ("0", "36500", "36501"), ("-1",)),
        ('kind = "evidence"\nslots = [{ slot = "s", max-age-days = # }]\n', ("0", "36500"), ("-1", "36501")),
    ],
)
def test_limits_at_their_bounds(gate: str, good: tuple[str, ...], bad: tuple[str, ...]) -> None:
    for value in good:
        assert load_text(PROFILE + GATE + gate.replace("#", value)).gates, value
    for value in bad:
        assert "gate 'it': " in refused(PROFILE + GATE + gate.replace("#", value))[0], value


def test_bounds_of_the_profile_s_own_figures() -> None:
    def with_head(head: str) -> str:
        return head + PROFILE + GATE + RESULTS

    for value in ("0", "0.001", "0.999", "1"):
        assert load_text(PROFILE + f"[waivers]\naccept = true\nreopen-epss = {value}\n" + GATE + RESULTS).gates
    for value in ("-0.001", "1.001"):
        text = PROFILE + f"[waivers]\naccept = true\nreopen-epss = {value}\n" + GATE + RESULTS
        assert "reopen-epss is a probability from 0 to 1" in refused(text)[0]
    for until in ("2026-04-02", "2026-04-03"):
        assert load_text(with_head(f"effective-from = 2026-04-02\nuntil = {until}\n")).until
    assert "until is before" in refused(with_head("effective-from = 2026-04-02\nuntil = 2026-04-01\n"))[0]


@pytest.mark.parametrize(
    ("bounds", "good", "bad"),
    [
        ("minimum = 3\nmaximum = 5\n", ("3", "4", "5"), ("2", "6")),
        ("minimum = 3\n", ("3", "36500"), ("2", "36501")),
        ("maximum = 5\n", ("0", "5"), ("-1", "6")),
        ("minimum = -3\nmaximum = 5\n", (), ("-3", "-1", "0", "4")),
    ],
)
@pytest.mark.parametrize("key", ["strictest", "default"])
def test_a_parameter_s_values_at_its_bounds(key: str, bounds: str, good: tuple[str, ...], bad: tuple[str, ...]) -> None:
    rest = 'text = { en = "p", ja = "p" }\n' + GATE + RESULTS
    between = "strictest = 4\n" if key == "default" else ""
    for value in good:
        text = PROFILE + f'[parameters.p]\ntype = "integer"\n{between}{key} = {value}\n{bounds}{rest}'
        assert load_text(text).parameters, value
    for value in bad:
        text = PROFILE + f'[parameters.p]\ntype = "integer"\n{between}{key} = {value}\n{bounds}{rest}'
        assert " is not from " in refused(text)[0], value


def test_licences_are_spelt_as_spdx_does() -> None:
    named = '["MIT", "LicenseRef-ours", "GPL-2.0-only WITH Classpath-exception-2.0"]'
    assert load_text(PROFILE + GATE + f'kind = "licenses"\nunknown = "fail"\nallowed = {named}\n').gates
    _, next_step = refused(PROFILE + GATE + 'kind = "licenses"\nunknown = "fail"\ndenied = ["GPL-3.0"]\n')
    assert next_step == "write 'GPL-3.0-only'"


def test_warn_at_names_stages_of_the_gate() -> None:
    text = (PROFILE + GATE + RESULTS).replace('stages = ["commit", "build", "release"]', 'stages = ["build"]')
    warned = text.replace("limit = 0", 'limit = 0\nwarn-at = ["commit"]')
    assert "at which the gate is not asked" in refused(warned)[0]


@pytest.mark.parametrize(
    ("table", "what"),
    [
        ('type = "choice"\nvalues = ["a"]\nstrictest = "b"\n', "strictest 'b' is not among its values"),
        ('type = "choice"\nvalues = ["a"]\nstrictest = "a"\ndefault = "c"\n', "default 'c' is not among its values"),
        ('type = "integer"\nstrictest = "x"\n', "is not an integer"),
        ('type = "integer"\nstrictest = 1\ndefault = 9\nmaximum = 8\n', "default 9 is not from 0 to 8"),
    ],
)
def test_parameters_have_possible_values(table: str, what: str) -> None:
    text = PROFILE + "[parameters.p]\n" + table + 'text = { en = "p", ja = "p" }\n' + GATE + RESULTS
    assert what in refused(text)[0]


def test_days_of_a_parameter_end_before_the_calendar_does() -> None:
    table = '[parameters.p]\ntype = "integer"\nstrictest = 1\ntext = {{ en = "p", ja = "p" }}\n{}'
    gate = GATE + 'kind = "deadlines"\nclock = "detected"\nrows = [{ days = { parameter = "p" } }]\n'
    assert load_text(PROFILE + table.format("") + gate).gates
    assert "more than 36500 by the parameter 'p'" in refused(PROFILE + table.format("maximum = 36501\n") + gate)[0]


def test_until_comes_after_effective_from() -> None:
    assert (
        "until is before" in refused("effective-from = 2026-02-01\nuntil = 2026-01-01\n" + PROFILE + GATE + RESULTS)[0]
    )


@pytest.mark.parametrize(
    ("data", "what"), [(b"\xff", "not UTF-8"), (b"a = ", "not valid TOML"), (b"a = 2026-13-45", "not valid")]
)
def test_what_is_no_toml_is_told(data: bytes, what: str) -> None:
    with pytest.raises(InputError, match=what):
        profile.loads(data, "trial.toml")


def test_an_unknown_name_is_told_with_the_nearest() -> None:
    with pytest.raises(InputError) as caught:
        profile.load("jp-gob")
    assert "did you mean 'jp-gov'?" in caught.value.next_step


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.toml"):
        profile.load(str(tmp_path / "none.toml"))


def test_relative_paths_start_at_the_trusted_root(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(PROFILE + GATE + RESULTS)
    assert profile.load("own.toml", trusted_root=tmp_path).id == "trial"


CHILD = """\
schema = 1
id = "child"
version = "2"
status = "unverified"
extends = "{base}"
title = {{ en = "Child", ja = "子" }}
text = {{ en = "Child", ja = "子" }}
"""


def test_a_profile_takes_over_what_it_does_not_say() -> None:
    text = CHILD.format(base="jp-gov") + (
        '[drop]\nclean-tree = "we release from an archive"\n'
        '[waivers]\nlongest-days = 30\n[[gates]]\nid = "static-high"\nlimit = 0\nstages = ["build"]\n'
    )
    child, base = load_text(text), profile.load("jp-gov")
    assert child.id == "child"
    assert [gate.id for gate in child.gates] == [gate.id for gate in base.gates if gate.id != "clean-tree"]
    assert [stage.value for stage in child.gate("static-high").stages] == ["build"]
    assert child.gate("static-high").title == base.gate("static-high").title
    assert child.waivers.longest_days == 30
    assert child.waivers.reopen_on == base.waivers.reopen_on
    assert child.parameters == base.parameters
    assert profile.from_resolved(profile.resolved_bytes(child)) == child


def test_a_file_may_extend_a_file_beside_it(tmp_path: Path) -> None:
    (tmp_path / "base.toml").write_text(PROFILE + GATE + RESULTS)
    (tmp_path / "child.toml").write_text(CHILD.format(base="base.toml"))
    assert profile.load(str(tmp_path / "child.toml")).gates == profile.load(str(tmp_path / "base.toml")).gates


def test_extending_in_a_circle_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(CHILD.format(base="a.toml"))
    with pytest.raises(InputError, match="or itself"):
        profile.load(str(tmp_path / "a.toml"))


@pytest.mark.parametrize(
    ("more", "what", "part"),
    [
        ('[drop]\nclean-three = "x"\n', "no gate 'clean-three'", "clean-three"),
        ('[[gates]]\nid = "static-high"\nlimt = 1\n', "unknown key 'limt'", "limt"),
        ('[[gates]]\nid = "new-one"\nkind = "results"\n', "has no", "[[gates]]"),
        ("gates = 3\n", "gates: expected", "gates = 3"),
    ],
)
def test_slips_of_an_extending_profile_are_told_in_its_own_file(more: str, what: str, part: str) -> None:
    text = CHILD.format(base="jp-gov")
    text = more + text if more.startswith("gates") else text + more
    told, _ = refused(text)
    assert what in told
    assert told.startswith(f"trial.toml:{line_of(text, part)}:"), told


def test_an_extending_profile_has_its_own_identity() -> None:
    text = "\n".join(line for line in CHILD.format(base="jp-gov").splitlines() if not line.startswith("version"))
    assert "must have its own 'version'" in refused(text + "\n")[0]


def test_what_is_no_resolved_profile_is_refused() -> None:
    with pytest.raises(InputError, match="resolved profile"):
        profile.from_resolved(b'{"schema": 1}')
    data = json.loads(profile.resolved_bytes(trial(RESULTS)))
    data["gates"] = []
    with pytest.raises(InputError, match="no gates"):
        profile.from_resolved(json.dumps(data).encode())


def test_a_long_run_of_blanks_in_an_array_takes_no_time() -> None:
    start = time.process_time()
    Lines(b"x = [\n[1" + b" " * 500_000 + b", 2\n]]\n", "hostile.toml")
    assert time.process_time() - start < HANG_S


def test_lines_are_found_behind_multi_line_texts_and_dotted_keys() -> None:
    good = PROFILE + GATE.replace(
        'text = { en = "t", ja = "文" }', "text.en = \"\"\"\nlimt = 1\n[[gates]]\n\"\"\"\ntext.ja = '''文'''"
    )
    text = good + "kind = 'results'\nlimit = 0\nfilter.severty = 'HIGH'\n"
    told, _ = refused(text)
    assert told.startswith(f"trial.toml:{line_of(text, 'severty')}:"), told


def test_the_schema_in_docs_is_the_one_of_the_code_and_accepts_the_profiles(root: Path) -> None:
    path = root / "docs/profile.schema.json"
    if os.environ.get("GOVSEC_REWRITE_GOLDEN"):
        path.write_bytes(msgspec.json.format(msgspec.json.encode(profile.schema()), indent=2) + b"\n")
    schema = json.loads(path.read_text("utf-8"))
    assert schema == profile.schema()
    validator = jsonschema_rs.validator_for(schema)
    for name in profile.shipped():
        raw = tomllib.loads((root / f"govsec_ci/profiles/{name}.toml").read_text("utf-8"))
        validator.validate(json.loads(msgspec.json.encode(raw)))
    assert not validator.is_valid({"schema": 1})


def test_an_unknown_document_or_gate_is_a_key_error() -> None:
    loaded = trial(RESULTS)
    assert loaded.gate("it").kind == "results"
    with pytest.raises(KeyError):
        loaded.gate("other")
    with pytest.raises(KeyError):
        loaded.document("other")
