"""What ``govsec verify`` answers, in both languages."""

from govsec_ci.errors import BundleError
from govsec_ci.model import VerdictWord
from govsec_ci.report import verified
from tests.support import report_cases as cases


def test_a_bundle_that_holds_is_told_in_both_languages() -> None:
    first, last = verified.held(VerdictWord.FAIL, signed=False)
    assert first.en == "FAIL: the bundle holds, and the decision follows from its evidence"
    assert first.ja == "FAIL(不合格): 証跡一式は完全であり、判定は証跡から導かれる"
    assert (last.en, last.ja) == ("not signed", "署名なし")


def test_whether_a_signature_was_checked_is_told() -> None:
    unchecked = [*verified.held(VerdictWord.PASS, signed=True)][1]
    checked = [*verified.held(VerdictWord.PASS, signed=True, signed_by="release team")][1]
    assert unchecked.en == "signed, but the signature was not checked: give --trusted-keys"
    assert checked.en == "signed by a trusted key of release team"
    assert (unchecked.ja[:5], checked.ja) == ("署名はある", "信頼する鍵(release team)による署名を確認した")


def test_other_rules_name_what_they_do_not_pass() -> None:
    judged = cases.verdict(
        VerdictWord.FAIL,
        cases.check(VerdictWord.FAIL, gate="a"),
        cases.check(VerdictWord.PASS, gate="b"),
        cases.check(VerdictWord.FAIL, gate="c", mode="warn"),
    )
    told = [*verified.again(judged)]
    assert [one.en for one in told] == [
        "FAIL: the same evidence by jp-gov",
        "  FAIL a: 0 results (limit: at most 0 results)",
    ]
    assert told[0].ja == "FAIL(不合格): 同じ証跡を jp-gov により判定"


def test_why_a_bundle_does_not_hold_is_told_in_japanese() -> None:
    error = BundleError("the decision does not follow from the evidence", cause="gate a: recorded PASS, replayed FAIL")
    assert verified.told(error, "en").diagnostics().splitlines()[1].startswith("  cause: ")
    assert verified.told(error, "ja").diagnostics() == (
        "判定が証跡から導かれない\n  原因: 基準 a: 記録では PASS、再判定では FAIL"
    )
