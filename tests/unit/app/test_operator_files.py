"""The operator's files as the bundle keeps them."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govsec_ci.app.operator_files import baseline_file, vex_file, waivers_file
from govsec_ci.errors import InputError
from govsec_ci.formats import sarif
from govsec_ci.gate import waivers
from tests.support.evidence_runs import a_result, a_run
from tests.support.secrets import PLANTED

PLAIN = """# ours
[[waivers]]
id = "W-1"
rule = "B602"
path = "tools/x.py"
reason = "a fixed command"
owner = "team"
approver = "ciso"
ticket = "T-1"
created = 2024-10-01
expires = 2024-11-01
plan = "mend it"
"""
NOW = datetime(2024, 10, 12, tzinfo=UTC)


def test_a_waivers_file_without_secrets_is_kept_byte_for_byte() -> None:
    assert waivers_file(PLAIN.encode(), "w") == PLAIN.encode()


@pytest.mark.parametrize("field", ["reason", "owner", "approver", "ticket", "plan"])
def test_a_secret_in_a_waiver_is_taken_out_and_the_rest_stays(field: str) -> None:
    secret = PLANTED["github"]
    line = next(line for line in PLAIN.splitlines() if line.startswith(f"{field} ="))
    given = PLAIN.replace(line, f'{field} = "see \\"x\\" {secret}"')
    kept = waivers_file(given.encode(), "w")
    assert secret.encode() not in kept
    (before,), (after,) = waivers.parse(given.encode(), "w"), waivers.parse(kept, "w")
    assert getattr(after, field) == 'see "x" [redacted]'
    assert {name for name in before.__struct_fields__ if getattr(before, name) != getattr(after, name)} == {field}
    assert waivers_file(kept, "w") == kept


def test_a_secret_in_a_comment_goes_with_the_comments() -> None:
    kept = waivers_file(f"# {PLANTED['aws']}\n{PLAIN}".encode(), "w")
    assert PLANTED["aws"].encode() not in kept
    assert waivers.parse(kept, "w") == waivers.parse(PLAIN.encode(), "w")


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_whatever_a_waiver_says_the_kept_file_is_one_and_stays_as_it_is(text: str) -> None:
    reason = json.dumps(f"x {text} password = 'hunter2' ", ensure_ascii=True)
    try:
        data = PLAIN.replace('"a fixed command"', reason).encode()
        waivers.parse(data, "w")
    except (InputError, UnicodeEncodeError):
        return  # JSON writes characters beyond U+FFFF as pairs, which TOML does not take
    kept = waivers_file(data, "w")
    assert b"hunter2" not in kept
    assert waivers_file(kept, "w") == kept


def test_broken_waivers_are_said() -> None:
    with pytest.raises(InputError):
        waivers_file(b"[[waivers]]\nid = 3\n", "w")


def test_a_vex_document() -> None:
    document = {"a": [{"impact_statement": "as told", "n": 3, "x": None}]}
    plain = json.dumps(document).encode()
    assert vex_file(plain, "v") == plain
    document["a"][0]["impact_statement"] = f"with {PLANTED['slack']}"
    kept = json.loads(vex_file(json.dumps(document).encode(), "v"))
    assert kept == {"a": [{"impact_statement": "with [redacted]", "n": 3, "x": None}]}


@pytest.mark.parametrize("data", [b"{", b"\xff", b"[" * 200_000 + b"]" * 200_000])
def test_a_vex_document_that_cannot_be_read(data: bytes) -> None:
    with pytest.raises(InputError, match="v: is no JSON"):
        vex_file(data, "v")


def test_a_baseline() -> None:
    plain = sarif.write([a_run(a_result(line=3))])
    assert baseline_file(plain, "b") == plain
    leaky = sarif.write([a_run(a_result(line=3, message=f"found {PLANTED['gcp']}"))])
    kept = baseline_file(leaky, "b")
    assert PLANTED["gcp"].encode() not in kept
    assert baseline_file(kept, "b") == kept
    with pytest.raises(InputError, match="b: ") as caught:
        baseline_file(b"{}", "b")
    assert "govsec baseline" in caught.value.next_step
