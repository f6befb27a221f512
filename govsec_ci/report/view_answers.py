"""The five questions of a release manager, answered in a few lines each: the first screen of every report."""

import re
from collections.abc import Sequence
from typing import Final

from govsec_ci.model import VerdictWord
from govsec_ci.report import labels
from govsec_ci.report.i18n import Text, both, both_n
from govsec_ci.report.shapes import AnswerView, CheckView, ClauseView, SigningView, StepView

_LINES: Final = 5
_REASON: Final = 160
_TWO_LANGUAGES: Final = re.compile(r"([^\x00-\x7f][^()]*) \(([\x00-\x7f]+)\)")
_VERIFY: Final = "govsec verify ."
_VERIFY_SIGNED: Final = "govsec verify . --trusted-keys trusted-keys.toml --require-signature"


def answers(
    verdict: VerdictWord,
    blocking: Sequence[CheckView],
    passed: Sequence[CheckView],
    steps: Sequence[StepView],
    *,
    later: int,
    signing: SigningView,
) -> tuple[AnswerView, ...]:
    """In the order in which they are asked; :param later: gates that only the release stage asks."""
    rules = _rules(blocking) if blocking else _rules_met(passed)
    return (
        AnswerView(question=both("May I release?"), lines=(_may_i(verdict, later),)),
        AnswerView(question=both("What blocks?"), lines=_blocks(blocking), anchor="blocks" if blocking else ""),
        AnswerView(question=both("By which rule?"), lines=rules, anchor="trace"),
        AnswerView(question=both("Who must do what, by when?"), lines=_who(steps), anchor="next" if steps else ""),
        AnswerView(
            question=both("Can I prove it later?"),
            lines=(_proof(signing),),
            anchor="files",
            command=verify_command(signing),
        ),
    )


def _may_i(verdict: VerdictWord, later: int) -> Text:
    match verdict:
        case VerdictWord.PASS if later:
            return both_n(
                "Nothing blocks so far. Before you release, ask again with --stage release: {n} more gate applies.",
                "Nothing blocks so far. Before you release, ask again with --stage release: {n} more gates apply.",
                later,
            )
        case VerdictWord.PASS:
            return both("Yes, as far as these gates go.")
        case VerdictWord.FAIL:
            return both("No.")
        case VerdictWord.INCOMPLETE:
            return both("Not yet: something was not checked.")


def _blocks(blocking: Sequence[CheckView]) -> tuple[Text, ...]:
    if not blocking:
        return (both("Nothing."),)
    told: set[Text] = set()
    shown = tuple(_block(number, check, told) for number, check in enumerate(blocking[:_LINES], start=1))
    return (*shown, *_more(len(blocking) - len(shown)))


def _block(number: int, check: CheckView, told: set[Text]) -> Text:
    """What was seen and what would do; of what could not be decided why, where no line before has ``told`` that."""
    reason = check.reasons[0] if check.verdict is VerdictWord.INCOMPLETE and check.reasons else None
    word = labels.verdict(check.verdict)
    if reason is None:
        return both(
            "{number}. {verdict}: {title} (observed: {observed}; limit: {limit})",
            number=number,
            verdict=word,
            title=check.title,
            observed=check.observed,
            limit=check.limit,
        )
    if reason in told:
        return both("{number}. {verdict}: {title} (as above)", number=number, verdict=word, title=check.title)
    told.add(reason)
    return both(
        "{number}. {verdict}: {title} ({why})", number=number, verdict=word, title=check.title, why=_short(reason)
    )


def _short(text: Text) -> Text:
    """So much of a reason as leaves room for the other answers."""
    return Text(*(one if len(one) <= _REASON else f"{one[: _REASON - 1]}…" for one in (text.en, text.ja)))


def _more(count: int) -> tuple[Text, ...]:
    return (both_n("and {n} more", "and {n} more", count),) if count > 0 else ()


def _rules(blocking: Sequence[CheckView]) -> tuple[Text, ...]:
    """The clauses behind what blocks, each with the numbers under which the answer before names the gates."""
    behind: dict[Text, list[int]] = {}
    for number, check in enumerate(blocking[:_LINES], start=1):
        behind.setdefault(clause_short(check.clause), []).append(number)
    lines = tuple(
        both("{numbers}. {clause}", numbers=", ".join(map(str, numbers)), clause=clause)
        for clause, numbers in behind.items()
    )
    others = {clause_short(check.clause) for check in blocking[_LINES:]} - behind.keys()
    return (*lines, *_more(len(others)))


def _rules_met(passed: Sequence[CheckView]) -> tuple[Text, ...]:
    """Without anything that blocks: the documents whose gates are met."""
    documents: dict[Text, int] = {}
    for check in passed:
        documents[check.clause.document] = documents.get(check.clause.document, 0) + 1
    lines = tuple(
        both_n("{document}: {n} gate met", "{document}: {n} gates met", count, document=document)
        for document, count in documents.items()
    )
    return (*lines[:_LINES], *_more(len(lines) - _LINES))


def clause_short(clause: ClauseView) -> Text:
    """A clause with its document and a mark of how sure we are."""
    return both("{clause}, {document} [{label}]", clause=clause.id, document=clause.document, label=clause.mark)


def clause_line(clause: ClauseView) -> Text:
    """A clause on one line: what it is, of which document, and how sure we are."""
    if clause.edition and clause.edition not in clause.document.en:
        return both(
            "{clause}, {document} ({edition}): {label}",
            clause=clause.id,
            document=clause.document,
            edition=_edition(clause.edition),
            label=clause.label_text,
        )
    return both("{clause}, {document}: {label}", clause=clause.id, document=clause.document, label=clause.label_text)


def _edition(name: str) -> Text:
    """An edition; one that says what it is in Japanese and (in brackets) in English, in the language of the reader."""
    parts = _TWO_LANGUAGES.fullmatch(name)
    return Text(parts[2], parts[1]) if parts else Text(name, name)


def _who(steps: Sequence[StepView]) -> tuple[Text, ...]:
    """One line a role: how much, by when, and where to begin."""
    if not steps:
        return (both("Nothing has to be done."),)
    roles: dict[Text, list[StepView]] = {}
    for step in steps:
        roles.setdefault(step.who, []).append(step)
    return tuple(_role(who, todo) for who, todo in roles.items())


def _role(who: Text, todo: Sequence[StepView]) -> Text:
    first = min(todo, key=lambda step: (step.due is None, step.due))
    return both_n(
        "{who}: {n} step, {when}: {what}",
        "{who}: {n} steps, {when}; first: {what}",
        len(todo),
        who=Text(who.en[:1].upper() + who.en[1:], who.ja),
        when=first.when,
        what=todo[0].what,
    )


def step_line(step: StepView) -> Text:
    """A step on one line: who, by when, what."""
    return both("{who}, {when}: {what}", who=step.who, when=step.when, what=step.what)


def verify_command(signing: SigningView) -> str:
    """What to type in the bundle's folder to prove the decision."""
    return _VERIFY if signing.state == "none" else _VERIFY_SIGNED


def _proof(signing: SigningView) -> Text:
    match signing.state:
        case "none":
            return both(
                "In part: keep the whole folder, and the command below shows, without a network, that its files belong "
                "together and that the decision follows from them. It cannot show who made them: the bundle is not "
                "signed, so whoever can write to the folder can make all of it anew. To sign, run with --sign-key FILE."
            )
        case "planned":
            return both(
                "Yes: keep the whole folder. It is signed with key {key} as soon as its last file, this page among "
                "them, is written; the command below checks signature, digests and decision without a network.",
                key=signing.short_key,
            )
        case "present":
            return both(
                "Yes, if the signature holds: keep the whole folder. It carries a signature of key {key}, which this "
                "page has not checked; the command below checks it, the digests and the decision.",
                key=signing.short_key,
            )
