"""explain answers for every gate and rule that exists, in both languages, and for what a run has found."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from govsec_ci.app.explain import explain, lines
from govsec_ci.app.explain_rules import described
from govsec_ci.app.explain_words import Section
from govsec_ci.errors import UsageError
from govsec_ci.gate import profile
from govsec_ci.gate.own import OWN
from govsec_ci.gate.schema import EvidenceGate
from govsec_ci.model import Fix, Role, Rule, Severity, Stage
from govsec_ci.scanners.bandit_rules import rules
from tests.support import bundles
from tests.support.gate_evidence import NOW, code, evidence, nosec, rule, run, vulnerable

GATES = [(name, gate.id) for name in profile.shipped() for gate in profile.load(name).gates]
ASKED = {
    "en": ("clause", "limit", "why it counts", "since when", "until when", "what closes it", "who may waive it"),
    "ja": ("条項", "基準値", "算入する理由", "起算", "期限", "是正方法", "適用除外を認め得る者"),
}
JAPANESE = re.compile(r"[ぁ-んァ-ン一-龥]")


def answers(section: Section) -> dict[str, tuple[str, ...]]:
    return dict(section.answers)


@pytest.mark.parametrize("lang", ["en", "ja"])
@pytest.mark.parametrize(("name", "gate"), GATES)
def test_every_gate_is_answered(name: str, gate: str, lang: str) -> None:
    (section,) = explain(f"{name}/{gate}", lang=lang)
    own, found = profile.load(name), answers(section)
    assert tuple(found) == ASKED[lang]
    known = own.gate(gate)
    (clause,) = found[ASKED[lang][0]]
    assert known.clause.id in clause
    assert own.document(known.clause.document).title.get(lang) in clause
    assert own.document(known.clause.document).edition in clause
    assert found[ASKED[lang][2]] == (known.text.get(lang),)
    assert found[ASKED[lang][5]][0] == known.next.get(lang)
    slots = [slot.slot for slot in known.slots] if isinstance(known, EvidenceGate) else []
    assert len(found[ASKED[lang][5]]) == 1 + len(slots)
    assert all(f'slot = "{slot}"' in text for slot, text in zip(slots, found[ASKED[lang][5]][1:], strict=True))
    assert all(text.strip() for texts in found.values() for text in texts)
    if lang == "ja":
        assert all(JAPANESE.search(text) for key in ASKED["ja"][2:] for text in found[key])


@pytest.mark.parametrize("lang", ["en", "ja"])
@pytest.mark.parametrize("identifier", sorted(rules()))
def test_every_rule_is_answered(identifier: str, lang: str) -> None:
    (section,) = explain(identifier.lower(), lang=lang)
    found = answers(section)
    assert section.heading.startswith(identifier)
    assert len(found) == 6
    assert all(any(text.strip() for text in texts) for texts in found.values())
    gates = found["gates that look at it" if lang == "en" else "対象とする基準"]
    assert any(text.startswith("us-fedramp-rev5/remediation") for text in gates)
    assert bool(JAPANESE.search(section.heading)) == (lang == "ja")


AUDITS = sorted(name for name, (role, _) in described().items() if role is Role.PIPELINE)


@pytest.mark.parametrize("lang", ["en", "ja"])
@pytest.mark.parametrize("identifier", AUDITS)
def test_every_audit_of_the_pipeline_is_answered(identifier: str, lang: str) -> None:
    (section,) = explain(identifier, lang=lang)
    found = answers(section)
    assert section.heading.startswith(f"{identifier}: ")
    assert len(found) == 6
    assert all(any(text.strip() for text in texts) for texts in found.values())
    assert bool(JAPANESE.search(section.heading)) == (lang == "ja")
    assert explain(f"zizmor/{identifier}", lang=lang) == (section,)


def test_the_audit_that_the_gate_on_pins_asks_about_names_that_gate() -> None:
    def gates(identifier: str) -> str:
        (section,) = explain(identifier, lang="en")
        return "\n".join(answers(section)["gates that look at it"])

    assert "jp-gov/actions-pinned" in gates("unpinned-uses")
    assert "jp-gov/actions-pinned" not in gates("excessive-permissions")
    assert "jp-gov/permissions" in gates("excessive-permissions")
    assert gates("artipacked") == "no gate counts it"


@pytest.mark.parametrize("lang", ["en", "ja"])
@pytest.mark.parametrize("name", sorted(OWN))
def test_what_the_engine_itself_objects_to_is_answered(name: str, lang: str) -> None:
    (section,) = explain(f"jp-gov/{name}", lang=lang)
    assert tuple(answers(section)) == ASKED[lang]
    assert all(text.strip() for texts in answers(section).values() for text in texts)
    assert explain(name, lang=lang)[0].answers == section.answers
    if lang == "ja":
        assert all(JAPANESE.search(text) for texts in answers(section).values() for text in texts)
    with pytest.raises(UsageError):
        explain(f"no-such-profile/{name}", lang=lang)


def test_a_rule_names_the_gates_of_its_kind_of_weakness_only() -> None:
    def gates(identifier: str) -> str:
        (section,) = explain(identifier, lang="en")
        return "\n".join(answers(section)["gates that look at it"])

    assert "us-stig-asd/command-injection" in gates("B602")
    assert "us-stig-asd/secrets" not in gates("B602")
    assert "us-stig-asd/secrets" in gates("B105")
    assert "us-stig-asd/xml-parsers" in gates("B314")
    assert "known-exploited" not in gates("B602")


def test_a_gate_by_its_id_alone_is_every_profile_that_has_it() -> None:
    heads = [section.heading.partition(":")[0] for section in explain("known-exploited", lang="en")]
    assert heads == ["essentials/known-exploited", "jp-gov/known-exploited"]


def waives(gate: str) -> str:
    (section,) = explain(gate, lang="en")
    return " | ".join(answers(section)["who may waive it"])


def test_who_may_waive() -> None:
    assert waives("jp-gov/known-exploited").startswith("nobody")
    assert waives("us-bod-26-04/fix-in-time").startswith("nobody: the profile admits no waiver")
    assert "nosec" not in waives("jp-gov/known-vulnerabilities")
    assert "VEX" in waives("jp-gov/known-vulnerabilities")
    static = waives("jp-gov/static-high")
    assert "another person" in static
    assert "at most 180 days" in static
    assert "a comment in the code" in static
    assert "VEX" not in static
    assert "can only be supplied" in waives("jp-gov/coverage")
    assert "none from severity CRITICAL up" in waives("us-stig-asd/secrets")
    assert "with a ticket" in waives("us-fedramp-rev5/remediation")


def test_since_when_names_the_day_of_force() -> None:
    (section,) = explain("us-fedramp-2026/mended-in-time", lang="en")
    assert "the profile is in force from 2026-12-07" in answers(section)["since when"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    old = NOW - timedelta(days=40)
    dependency = vulnerable(
        "dddddddd0001", severity=Severity.HIGH, first_detected=old, fix=Fix(nearest="3.1.5", versions=("3.1.5",))
    )
    known = rule(kev="2026-03-01", published=old, aliases=("GHSA-aaaa-bbbb-cccc",))
    sast = run(
        Role.SAST,
        [code(key="cccccccc0001"), code(key="cccccccc0002", suppressions=(nosec("it is a constant"),))],
        [Rule(id="B602", cwes=("CWE-78",)), Rule(id="X\x1b[31m1", short="a rule of another tool")],
    )
    given = evidence(sast, run(Role.SCA, [dependency], [known]), baseline=True)
    names = ["jp-gov", "us-fedramp-rev5"]
    bundles.write(tmp_path / "out", given, names, now=NOW, stage=Stage.BUILD)
    return tmp_path / "out"


def test_a_result_by_the_beginning_of_its_fingerprint(folder: Path) -> None:
    (section,) = explain("dddddd", lang="en", folder=folder)
    found = answers(section)
    assert found["where"] == ("requirements.txt:1 (jinja2 3.1.4)",)
    assert "jp-gov/known-vulnerabilities: FAIL" in found["counted by"]
    assert any("7.2.1(1)" in text and "from memory" in text for text in found["clause"])
    assert "listed in KEV on 2026-03-01, due there by 2026-03-22" in found["since when"]
    assert any(text.startswith("detected on 2026-02-20") for text in found["since when"])
    assert "2026-03-22 (by us-fedramp-rev5/remediation)" in found["until when"]
    assert found["what closes it"][0] == "update jinja2 3.1.4 to 3.1.5"
    assert any(text.startswith("us-fedramp-rev5: an owner") for text in found["who may waive it"])
    assert "jp-gov: nobody: the profile admits no waiver" in found["who may waive it"]


@pytest.mark.parametrize("identifier", ["CVE-2024-0001", "cve-2024-0001", "GHSA-aaaa-bbbb-cccc"])
def test_a_vulnerability_by_any_of_its_names(folder: Path, identifier: str) -> None:
    (section,) = explain(identifier, lang="ja", folder=folder)
    found = answers(section)
    assert found["別名"] == ("GHSA-aaaa-bbbb-cccc",)
    assert any(text.startswith("jp-gov/known-exploited") for text in found["算入した基準"])


def test_what_is_due_is_not_said_to_be_counted(folder: Path) -> None:
    (section,) = explain("cccccccc0001", lang="en", folder=folder)
    counted = answers(section)["counted by"]
    assert "jp-gov/static-high: FAIL" in counted
    assert any(text.startswith("us-fedramp-rev5/remediation: FAIL (not counted yet") for text in counted)


def test_a_suppressed_result_shows_its_claim(folder: Path) -> None:
    (section,) = explain("cccccccc0002", lang="en", folder=folder)
    found = answers(section)
    assert found["counted by"] == ("no gate counts it",)
    assert found["why it counts"] == ("suppression claim: nosec B602 (accepted): it is a constant",)


def test_two_results_that_begin_alike_are_both_told(folder: Path) -> None:
    assert len(explain("cccccccc", lang="en", folder=folder)) == 2


def test_a_rule_of_another_tool_is_answered_from_the_bundle_and_made_harmless(folder: Path) -> None:
    (section,) = explain("X\x1b[31m1", lang="en", folder=folder)
    assert "\x1b" not in "".join(lines([section]))
    assert "a rule of another tool" in section.heading


@pytest.mark.parametrize("identifier", ["", "nothing", "jp-gov/nothing", "none/static-high", "dddd", "./no.toml/x"])
def test_what_is_nothing_is_refused(folder: Path, identifier: str) -> None:
    with pytest.raises(UsageError, match="no gate, rule, result or vulnerability"):
        explain(identifier, lang="en", folder=folder)


def test_without_a_bundle_it_says_where_it_could_not_look(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="are looked for in a bundle"):
        explain("CVE-2024-0001", lang="en", folder=tmp_path)


def test_a_profile_of_a_file(root: Path, tmp_path: Path) -> None:
    copy = tmp_path / "own.toml"
    text = (root / "govsec_ci/profiles/essentials.toml").read_text("utf-8")
    copy.write_text(text.replace('id = "essentials"', 'id = "own"', 1), "utf-8")
    (section,) = explain(f"{copy}/static-high", lang="en")
    assert section.heading.startswith("own/static-high")
    assert "    " in "\n".join(lines([section, section]))
