"""A waiver is drafted for one result, written, and read back as it was."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from govsec_ci.errors import InputError, UsageError
from govsec_ci.gate import profile, waivers
from govsec_ci.gate.rulings import ruled
from govsec_ci.gate.waive import add, draft, to_toml
from govsec_ci.model import Epss, Fix, Role, Rule, SuppressionStatus, VerdictWord
from tests.support.gate_evidence import (
    NOW,
    code,
    day,
    evidence,
    feed,
    judge,
    nosec,
    replace,
    rule,
    run,
    vulnerable,
    waiver,
)


def test_a_draft_covers_its_result_and_keeps_what_is_known() -> None:
    result = vulnerable(fix=Fix(nearest="3.1.5", versions=("3.1.5",)))
    known = rule(epss=Epss(score=0.25, percentile=0.9, date=NOW))
    own = draft(result, known, waiver(versions="==9"))
    assert waivers.covers(own, result, known)
    assert own.versions == "==3.1.4"
    assert own.known == {"fix": "3.1.5", "epss": "0.25"}
    sca = run(Role.SCA, [result], [known])
    attached = waivers.attach(evidence(sca).runs, [own])
    assert judge(replace(evidence(sca), runs=attached, waivers=(own,)), "jp-gov").verdict is VerdictWord.PASS


def test_a_draft_for_code_covers_rule_and_path() -> None:
    own = draft(code(), Rule(id="B602"), waiver())
    assert (own.rule, own.path, own.vulnerability, own.known) == ("B602", "app/main.py", "", {})
    with pytest.raises(UsageError):
        draft(code(locations=()), Rule(id="B602"), waiver())


def test_a_path_that_reads_as_a_pattern_is_not_used_as_one() -> None:
    result = code(path="[id].py")
    own = draft(result, Rule(id="B602"), waiver())
    assert (own.fingerprint, own.path) == ("code-1", "")
    assert waivers.covers(own, result, Rule(id="B602"))
    literal = waiver(vulnerability="", component="", versions="", rule="B602", path="app/[id].py")
    assert waivers.covers(literal, code(path="app/[id].py"), Rule(id="B602"))


def test_it_is_added_at_the_end_and_the_rest_stays() -> None:
    head = b"# our waivers\n\n" + to_toml(waiver()).encode()
    data = add(head, waiver(id="W-2", reopen_epss=0.5, known={"kev": "yes", "fix": "2", "epss": "0.1"}), "w.toml")
    assert data.startswith(head)
    one, two = waivers.parse(data, "w.toml")
    assert one == waiver()
    assert two == waiver(id="W-2", reopen_epss=0.5, known={"kev": "yes", "fix": "2", "epss": "0.1"})
    assert waivers.parse(add(b"", waiver(), "w.toml"), "w.toml") == (waiver(),)


def test_what_a_waiver_may_not_be_is_not_added() -> None:
    with pytest.raises(InputError, match="more than once"):
        add(to_toml(waiver()).encode(), waiver(), "w.toml")
    with pytest.raises(InputError, match="reason is empty"):
        add(b"", waiver(reason=" "), "w.toml")


TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(lambda text: bool(text.strip()))


@settings(max_examples=50, deadline=None)
@given(TEXT, TEXT, TEXT, st.text(st.characters(exclude_categories=["Cs"])))
def test_any_words_survive(reason: str, owner: str, plan: str, ticket: str) -> None:
    own = waiver(reason=reason, owner=owner, plan=plan, ticket=ticket)
    assert waivers.parse(to_toml(own).encode(), "w.toml") == (own,)


def test_for_others_only_what_every_profile_admits_stays_accepted() -> None:
    own = waiver()
    sca = run(Role.SCA, [vulnerable()], [rule()])
    both = evidence(run(results=[code(suppressions=(nosec(),)), code(key="x", suppressions=(nosec(""),))]), sca)
    given_ = replace(both, runs=waivers.attach(both.runs, [own]), waivers=(own,))

    def words(*names: str, now: str = "2026-04-01") -> list[str]:
        runs = ruled(given_, [profile.load(name) for name in names], now=day(now))
        return [claim.status.value for one in runs for result in one.results for claim in result.suppressions]

    assert words("jp-gov") == ["accepted", "rejected", "accepted"]
    assert words("jp-gov", now="2026-07-01") == ["accepted", "rejected", "rejected"]
    assert words("jp-gov", "us-bod-26-04") == ["rejected", "rejected", "rejected"]
    blind = replace(given_, runs=tuple(replace(one, advisories=(feed("osv"),)) for one in given_.runs))

    def waived(*names: str) -> SuppressionStatus:
        runs = ruled(blind, [profile.load(name) for name in names], now=NOW)
        claims = [claim for one in runs for result in one.results for claim in result.suppressions]
        (own,) = [claim for claim in claims if claim.origin == "waiver"]
        return own.status

    assert waived("jp-gov") is SuppressionStatus.UNDER_REVIEW
    assert waived("jp-gov", "us-bod-26-04") is SuppressionStatus.REJECTED, "whatever the other profile cannot tell"
    assert ruled(both, [profile.load("jp-gov")], now=NOW)[1:] == both.runs[1:]
