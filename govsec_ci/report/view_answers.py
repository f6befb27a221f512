"""The five questions of a release manager, answered in a few lines each: the first screen of every report."""

from collections.abc import Sequence
from typing import Final

from govsec_ci.model import VerdictWord
from govsec_ci.report.i18n import Text, both, both_n
from govsec_ci.report.shapes import AnswerView, CheckView, ClauseView, StepView

_LINES: Final = 4


def answers(
    verdict: VerdictWord,
    blocking: Sequence[CheckView],
    passed: Sequence[CheckView],
    steps: Sequence[StepView],
    later: int,
) -> tuple[AnswerView, ...]:
    """In the order in which they are asked; :param later: gates that only the release stage asks."""
    return (
        AnswerView(question=both("May I release?"), lines=(_may_i(verdict, later),)),
        AnswerView(question=both("What blocks?"), lines=_blocks(blocking), anchor="blocks" if blocking else ""),
        AnswerView(question=both("By which rule?"), lines=_rules(blocking or passed), anchor="trace"),
        AnswerView(question=both("Who must do what, by when?"), lines=_who(steps), anchor="next" if steps else ""),
        AnswerView(question=both("Can I prove it later?"), lines=(_proof(),), anchor="files"),
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
    shown = tuple(
        both(
            "{verdict}: {title} (observed: {observed}; limit: {limit})",
            verdict=check.verdict.value,
            title=check.title,
            observed=check.observed,
            limit=check.limit,
        )
        for check in blocking[:_LINES]
    )
    return (*shown, *_more(len(blocking) - len(shown)))


def _more(count: int) -> tuple[Text, ...]:
    return (both_n("and {n} more", "and {n} more", count),) if count > 0 else ()


def _rules(checks: Sequence[CheckView]) -> tuple[Text, ...]:
    clauses = list(dict.fromkeys(_clause_short(check.clause) for check in checks))
    return (*clauses[:_LINES], *_more(len(clauses) - _LINES))


def _clause_short(clause: ClauseView) -> Text:
    return both("{clause}, {document} [{label}]", clause=clause.id, document=clause.document, label=clause.mark)


def clause_line(clause: ClauseView) -> Text:
    """A clause on one line: what it is, of which document, and how sure we are."""
    if clause.edition and clause.edition not in clause.document.en:
        return both(
            "{clause}, {document} ({edition}): {label}",
            clause=clause.id,
            document=clause.document,
            edition=clause.edition,
            label=clause.label_text,
        )
    return both("{clause}, {document}: {label}", clause=clause.id, document=clause.document, label=clause.label_text)


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
        who=who,
        when=first.when,
        what=todo[0].what,
    )


def step_line(step: StepView) -> Text:
    """A step on one line: who, by when, what."""
    return both("{who}, {when}: {what}", who=step.who, when=step.when, what=step.what)


def _proof() -> Text:
    return both(
        "Yes: keep the whole output folder. manifest.json holds the sha256 of every file, and govsec verify replays "
        "the decision from the folder alone. Unsigned, it shows that nothing was changed by accident; only a "
        "signature shows who vouches for it."
    )
