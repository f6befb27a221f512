"""Every shipped profile keeps its own cases; each gate is shown to pass, to fail and to stay undecided."""

import re
from pathlib import Path

import pytest

from govsec_ci.gate import cases, profile
from govsec_ci.gate.schema import AnyGate
from govsec_ci.model import Role, VerdictWord

PASS, FAIL, INCOMPLETE = VerdictWord.PASS, VerdictWord.FAIL, VerdictWord.INCOMPLETE
UNDECIDED_ONLY = frozenset({"scans", "coverage", "advisories", "evidence"})
"""Kinds that say what was not shown: they have no violation, only what is missing."""


def words_of(gate: AnyGate) -> set[VerdictWord]:
    """The words that a gate can come to."""
    words = {PASS, INCOMPLETE} if gate.kind in UNDECIDED_ONLY else {PASS, FAIL, INCOMPLETE}
    if gate.kind == "licenses" and not getattr(gate, "allowed", ()) and not getattr(gate, "denied", ()):
        return words - {FAIL}
    return words


@pytest.mark.parametrize("name", profile.shipped())
def test_the_cases_of_a_shipped_profile_hold(name: str) -> None:
    for outcome in cases.run(profile.load(name), cases.shipped(name)):
        assert outcome.wrong == (), outcome.case


@pytest.mark.parametrize("name", profile.shipped())
def test_the_cases_show_every_word_of_every_gate(name: str) -> None:
    own = profile.load(name)
    seen: dict[str, set[VerdictWord]] = {}
    for case, outcome in zip(cases.shipped(name), cases.run(own, cases.shipped(name)), strict=True):
        for gate, word in outcome.checks.items():
            if gate in case.checks or case.others:
                seen.setdefault(gate, set()).add(word)
    assert {gate.id: words_of(gate) - seen.get(gate.id, set()) for gate in own.gates} == {
        gate.id: set() for gate in own.gates
    }


def test_the_files_are_the_profiles_that_are_named(root: Path) -> None:
    files = {path.name for path in (root / "govsec_ci/profiles").glob("*.toml")}
    names = profile.shipped()
    assert files == {f"{name}.toml" for name in names} | {f"{name}.cases.toml" for name in names}


@pytest.mark.parametrize("name", profile.shipped())
def test_no_gate_names_a_tool(name: str) -> None:
    for gate in profile.load(name).gates:
        assert getattr(getattr(gate, "filter", None), "tool", ()) == ()


@pytest.mark.parametrize("name", profile.shipped())
def test_japanese_texts_are_japanese_and_end_as_sentences(name: str) -> None:
    own = profile.load(name)
    for gate in own.gates:
        for text in (gate.title.ja, gate.text.ja, gate.next.ja):
            assert re.search(r"[ぁ-んァ-ン一-龥]", text), text
        assert gate.text.ja.endswith("。"), gate.id
        assert gate.next.ja.endswith("。"), gate.id
        assert not gate.title.ja.endswith("。"), gate.id
        assert gate.text.en.endswith("."), gate.id
        assert gate.next.en.endswith("."), gate.id


# What clauses.md says of each document: no profile may claim more.
SURE = {
    "jp-gov": {
        "基本的な方針": "reported",
        "重点計画 2022": "reported",
        "統一基準": "memory",
        "統一基準 脆弱性対策計画": "reported",
        "対策基準策定ガイドライン": "reported",
        "DS-200": "reported",
        "DS-202": "reported",
        "DS-210": "memory",
        "DS-221": "reported",
        "METI SBOM 手引": "reported",
    },
    "us-bod-26-04": {"CISA BOD 26-04": "transcribed"},
    "us-fedramp-rev5": {"FedRAMP Rev. 5 baselines": "verified", "FedRAMP continuous monitoring playbook": "verified"},
    "us-ntia-sbom": {"NTIA minimum elements": "verified", "CISA minimum elements (draft)": "reported"},
    "essentials": {"govsec_ci defaults": "local"},
    "us-fedramp-2026": {"FedRAMP consolidated rules": "verified"},
    "us-nist-ssdf": {"SP 800-218": "verified"},
    "us-stig-asd": {"ASD STIG": "verified"},
    "au-ism-e8": {"ISM": "verified"},
    "de-bsi-tr-03183-2": {"BSI TR-03183-2": "verified"},
    "uk-cyber-essentials": {"Cyber Essentials": "reported"},
    "uk-ncsc": {"NCSC vulnerability management": "memory"},
    "eu-cra": {"Cyber Resilience Act": "reported"},
    "us-iron-bank": {"Iron Bank acceptance": "reported"},
}


@pytest.mark.parametrize("name", profile.shipped())
def test_labels_are_those_of_the_facts(name: str) -> None:
    assert {document.id: document.label for document in profile.load(name).documents} == SURE[name]


def test_numbers_of_our_own_say_so() -> None:
    own = profile.load("jp-gov")
    chosen = {"static-high", "static-medium", "advisories-fresh", "diagnosis-periodic", "known-exploited"}
    assert {own.gate(gate).clause.origin for gate in chosen} == {"local"}
    assert {gate.clause.origin for gate in profile.load("essentials").gates} == {"local"}
    assert own.gate("known-vulnerabilities").clause.id == "7.2.1(1)"


@pytest.mark.parametrize("name", profile.shipped())
def test_no_number_that_can_be_set_is_called_the_documents(name: str) -> None:
    """Who may set a number in the configuration does not read it from a clause; nor is 100 % of components in any."""
    for gate in profile.load(name).gates:
        settable = "FromParameter" in repr(gate)
        if settable or gate.kind in {"coverage", "suppressions"}:
            assert gate.clause.origin == "local", gate.id


@pytest.mark.parametrize("name", profile.shipped())
def test_nothing_that_judges_dependencies_passes_on_data_of_two_years_ago(name: str) -> None:
    loaded = profile.load(name)
    if not any(Role.SCA in getattr(getattr(gate, "filter", None), "role", ()) for gate in loaded.gates):
        pytest.skip("asks nothing of dependencies")
    old = cases.parse(
        b'[[cases]]\nname = "old"\nnow = 2027-05-01T00:00:00Z\nfeeds = { osv = 730 }\nothers = "PASS"\n', "old"
    )
    (outcome,) = cases.run(loaded, old)
    assert outcome.verdict is INCOMPLETE
