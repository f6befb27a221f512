"""What ``govsec verify`` answers, in both languages: what holds, who signed it, what other rules say of it."""

from collections.abc import Iterator

from govsec_ci.errors import GovsecError
from govsec_ci.model import Verdict, VerdictWord
from govsec_ci.report import labels, notices
from govsec_ci.report.gate_notes import noted
from govsec_ci.report.i18n import Text, both
from govsec_ci.report.inert import message, word


def held(verdict: VerdictWord, *, signed: bool, signed_by: str = "") -> Iterator[Text]:
    """The lines of a bundle that holds.

    :param signed: whether it carries a signature; :param signed_by: owner of the trusted key that made it, or empty
    """
    yield both(
        "{verdict}: the bundle holds, and the decision follows from its evidence", verdict=labels.verdict_named(verdict)
    )
    if signed_by:
        yield both("signed by a trusted key of {owner}", owner=word(signed_by))
    elif signed:
        yield both("signed, but the signature was not checked: give --trusted-keys")
    else:
        yield both("not signed")


def again(verdict: Verdict) -> Iterator[Text]:
    """The lines of the same evidence judged by other profiles."""
    named = word(", ".join(profile.id for profile in verdict.profiles))
    yield both(
        "{verdict}: the same evidence by {profiles}", verdict=labels.verdict_named(verdict.verdict), profiles=named
    )
    for check in verdict.checks:
        if check.mode == "block" and check.verdict is not VerdictWord.PASS:
            yield both(
                "  {verdict} {gate}: {observed} (limit: {limit})",
                verdict=labels.verdict(check.verdict),
                gate=word(check.gate),
                observed=noted(check.observed_note, check.observed),
                limit=noted(check.limit_note, check.limit),
            )


def told(error: GovsecError, lang: str) -> GovsecError:
    """The error with its sentences in ``lang``, as far as they are ours."""
    if lang == "ja":
        error.what = notices.plain(message(error.what)).ja
        error.cause = notices.plain(message(error.cause)).ja
        error.next_step = notices.plain(message(error.next_step)).ja
        error.lang = lang
    return error
