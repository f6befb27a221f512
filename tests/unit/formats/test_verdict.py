"""``verdict.json`` is canonical, and read strictly."""

import json
import os
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec
import pytest

from govsec_ci.errors import InputError
from govsec_ci.formats import verdict as verdict_format
from govsec_ci.model import Role, ScanState, Verdict
from tests.support.gate_evidence import code, evidence, judge, replace, rule, run, vulnerable


@pytest.fixture
def decision() -> Verdict:
    broken = run(Role.PIPELINE, state=ScanState.INCOMPLETE)
    sca = run(Role.SCA, [vulnerable()], [rule(kev="2026-03-31", ssvc="yes/total")])
    return judge(evidence(run(results=[code()]), sca, broken), "jp-gov", "us-bod-26-04")


def test_it_comes_back_as_it_was(decision: Verdict) -> None:
    data = verdict_format.write(decision)
    assert verdict_format.read(data) == decision
    assert verdict_format.write(verdict_format.read(data)) == data


def test_it_is_canonical(decision: Verdict) -> None:
    data = verdict_format.write(decision)
    plain = json.loads(data)
    assert data == (json.dumps(plain, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()
    assert plain["now"] == "2026-04-01T12:00:00Z"
    assert plain["schema"] == 1
    (due,) = next(check["due"] for check in plain["checks"] if check["gate"] == "fix-in-time").values()
    assert due == "2026-04-03T23:59:59Z"


def test_times_of_other_zones_are_written_in_utc(decision: Verdict) -> None:
    tokyo = decision.now.astimezone(timezone(timedelta(hours=9)))
    assert verdict_format.write(replace(decision, now=tokyo)) == verdict_format.write(decision)


def test_bytes_that_are_no_utf8_become_visible(decision: Verdict) -> None:
    odd = replace(decision, subject=replace(decision.subject, name="na\udc80me 名"))
    assert json.loads(verdict_format.write(odd))["subject"]["name"] == "na\\udc80me 名"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda plain: plain.update(extra=1), "unknown field `extra`"),
        (lambda plain: plain.pop("counts"), "missing required field `counts`"),
        (lambda plain: plain.update(verdict="MAYBE"), "Invalid enum value 'MAYBE'"),
        (lambda plain: plain.update(schema=2), "schema 2 is not known"),
        (lambda plain: plain["checks"][0].pop("clause"), "missing required field `clause`"),
    ],
)
def test_it_is_read_strictly(decision: Verdict, change: Any, told: str) -> None:
    plain = json.loads(verdict_format.write(decision))
    change(plain)
    with pytest.raises(InputError, match=told):
        verdict_format.read(json.dumps(plain).encode())


def test_no_json_is_an_input_error() -> None:
    with pytest.raises(InputError, match=r"verdict\.json"):
        verdict_format.read(b"{")


def test_the_schema_in_docs_is_the_one_of_the_code_and_accepts_a_verdict(root: Path, decision: Verdict) -> None:
    path = root / "docs/verdict.schema.json"
    if os.environ.get("GOVSEC_REWRITE_GOLDEN"):
        path.write_bytes(msgspec.json.format(msgspec.json.encode(verdict_format.schema()), indent=2) + b"\n")
    schema = json.loads(path.read_text("utf-8"))
    assert schema == verdict_format.schema()
    jsonschema_rs.validator_for(schema).validate(json.loads(verdict_format.write(decision)))


def test_the_clock_may_be_any_aware_moment(decision: Verdict) -> None:
    assert verdict_format.read(verdict_format.write(decision)).now == datetime(2026, 4, 1, 12, tzinfo=UTC)


def test_a_clock_without_a_zone_is_refused(decision: Verdict) -> None:
    data = verdict_format.write(decision).replace(b"2026-04-01T12:00:00Z", b"2026-04-01T12:00:00")
    with pytest.raises(InputError, match=r"\$\.now"):
        verdict_format.read(data)
