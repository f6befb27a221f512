"""``summary.md``: one page for the release manager, for GitHub's step summary among others.

The answers and facts fill the first screen; what is only looked up is folded (``<details>``, which GitHub and GitLab
show as such).
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from govsec_ci.model import VerdictWord
from govsec_ci.report import labels
from govsec_ci.report.i18n import Text, date, moment, speaker
from govsec_ci.report.markdown import table, text
from govsec_ci.report.shapes import AnswerView, CheckView, ResultView, RunView, UpgradeView, View
from govsec_ci.report.view_answers import clause_line, clause_short, step_line

LIMIT_BYTES: Final = 1024 * 1024
"""GitHub refuses a step summary above 1 MiB."""

_RESERVE_BYTES: Final = 1024
_RESULTS_A_CHECK: Final = 20
_ROWS: Final = 50
_STEPS: Final = 20
_SIGN: Final = {VerdictWord.PASS: "✅", VerdictWord.FAIL: "❌", VerdictWord.INCOMPLETE: "⚠️"}


def render(view: View) -> str:
    """The page, at most 1 MiB of UTF-8; what was left out is said."""
    page = _Page(view)
    sections = (
        page.answers,
        page.facts,
        page.what_to_do,
        page.upgrades,
        page.what_blocks,
        page.not_checked,
        page.suppressed,
        page.warnings,
        page.coverage,
        page.met,
        page.colophon,
    )
    return _cut([line for section in sections for line in section()], page.say("This page was cut at its size limit."))


def _cut(lines: Sequence[str], notice: str, limit_bytes: int = LIMIT_BYTES) -> str:
    """Whole lines up to the limit, and the notice where some are missing."""
    left = limit_bytes - _RESERVE_BYTES
    kept: list[str] = []
    for line in lines:
        left -= len(line.encode()) + 1
        if left < 0:
            return "\n".join([*kept, "", f"**{notice}**", ""])
        kept.append(line)
    return "\n".join(kept) + "\n"


def _head(title: str) -> tuple[str, str]:
    return f"## {title}", ""


def _item(name: str, value: str) -> str:
    return f"- {name}: {value}" if value else ""


class _Page:
    """The sections, each a list of Markdown lines."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.say, self.say_n = speaker(view.lang)

    def tell(self, value: Text) -> str:
        return text(value.pick(self.view.lang))

    def answers(self) -> list[str]:
        """The five questions of a release manager, on the first screen."""
        view, say = self.view, self.say
        head = f"# {_SIGN[view.verdict]} {self.tell(labels.verdict_named(view.verdict))}: {self.tell(view.sentence)}"
        rows = [(self.tell(one.question), self.answer(one)) for one in view.answers]
        return [head, "", *self.banners(), *table((say("Question"), say("Answer")), rows)]

    def answer(self, one: AnswerView) -> str:
        # Our own words: there is no backtick or pipe in a command.
        return self.lines(one.lines) + (f"<br>`{one.command}`" if one.command else "")

    def banners(self) -> list[str]:
        paths = ", ".join(text(path) for path in self.view.policy_changes)
        changed = "This change touches the rules it is judged by, and needs approval: {paths}"
        return [*([f"> {self.say(changed, paths=paths)}", ""] if paths else []), *self.profile_banners()]

    def profile_banners(self) -> list[str]:
        return [
            line
            for profile in self.view.profiles
            if profile.banner
            for line in (
                f"> **{text(profile.id)}** ({self.tell(labels.status(profile.status))}): {self.tell(profile.banner)}",
                "",
            )
        ]

    def lines(self, texts: Iterable[Text]) -> str:
        return "<br>".join(self.tell(one) for one in texts)

    def amounts(self, check: CheckView) -> str:
        limit = self.say("limit: {limit}", limit=self.tell(check.limit))
        return f"**{self.tell(check.observed)}** ({limit})"

    def facts(self) -> list[str]:
        view, say = self.view, self.say
        rows = [
            (say("Subject"), text(f"{view.subject} {view.subject_version}".strip())),
            (say("Commit"), self.commit()),
            (
                say("Profile"),
                "<br>".join(f"{self.tell(p.title)} ({text(p.id)} {text(p.version)})" for p in view.profiles),
            ),
            (say("Stage"), self.tell(labels.stage(view.stage))),
            (say("Clock"), moment(view.now, view.lang)),
            (say("Advisory data"), self.feeds()),
            (say("Signature"), self.tell(labels.signing(view.signing))),
            *((say("Gap score"), text(f"{one.profile}: ") + self.tell(labels.gap(one))) for one in view.gaps),
            (say("Open results"), self.severities()),
        ]
        return table((say("Fact"), say("Value")), rows)

    def commit(self) -> str:
        if not self.view.commit:
            return self.say("no git checkout")
        dirty = " " + self.say("(with uncommitted changes)") if self.view.dirty else ""
        return f"{text(self.view.commit)}{dirty}"

    def feeds(self) -> str:
        if not self.view.feeds:
            return self.say("none")
        return "<br>".join(
            self.say_n(
                "{feed}: of {day}, {age}, {n} record",
                "{feed}: of {day}, {age}, {n} records",
                feed.records,
                feed=text(feed.feed),
                day=feed.as_of,
                age=labels.age(feed.age_days),
            )
            for feed in self.view.feeds
        )

    def severities(self) -> str:
        if not self.view.severities:
            return self.say("none")
        shown = (f"{self.tell(labels.severity_named(name))} {count:,}" for name, count in self.view.severities.items())
        return ("、" if self.view.lang == "ja" else ", ").join(shown)

    def severity(self, name: str) -> str:
        return self.tell(labels.severity(name))

    def folded(self, title: str, body: Sequence[str]) -> list[str]:
        """Lines that stay closed until somebody wants them; the blank line lets Markdown begin again."""
        return [f"<details><summary>{title}</summary>", "", *body, "</details>", ""]

    def what_to_do(self) -> list[str]:
        if not self.view.steps:
            return []
        shown = [
            f"{number}. {self.tell(step_line(step))}" for number, step in enumerate(self.view.steps[:_STEPS], start=1)
        ]
        return [*_head(self.say("What to do next")), *shown, "", *self.more(len(self.view.steps) - len(shown))]

    def more(self, count: int) -> list[str]:
        if count <= 0:
            return []
        return [self.say_n("{n} more is in report.html.", "{n} more are in report.html.", count), ""]

    def what_blocks(self) -> list[str]:
        if not self.view.blocking:
            return []
        return [*_head(self.say("What blocks")), *self.each(self.view.blocking)]

    def each(self, checks: Iterable[CheckView]) -> list[str]:
        return [line for check in checks for line in self.check(check)]

    def check(self, check: CheckView) -> list[str]:
        say = self.say
        title = f"### {_SIGN[check.verdict]} {self.tell(labels.verdict(check.verdict))}: {self.tell(check.title)}"
        items = [
            _item(say("Observed"), self.amounts(check)),
            _item(say("Clause"), self.tell(clause_line(check.clause))),
            _item(say("Due"), self.day(check.due)),
            *(_item(say("Reason"), self.tell(reason)) for reason in check.reasons[:_ROWS]),
            _item(say("Against it"), self.offenders(check)),
            _item(say("What closes it"), self.tell(check.next_step)),
            _item(say("Gate"), f"{text(check.profile)} / {text(check.gate)}"),
        ]
        return [title, "", *filter(None, items), "", *self.results(check.results)]

    def day(self, value: datetime | None) -> str:
        return date(value, self.view.lang) if value else ""

    def offenders(self, check: CheckView) -> str:
        # The counted results stand in the table below; there is no need to name them twice.
        if check.results:
            return ""
        shown = ", ".join(text(one) for one in check.offenders[:_ROWS])
        more = len(check.offenders) - _ROWS
        return shown + (" " + self.say_n("and {n} more", "and {n} more", more) if more > 0 else "")

    def results(self, results: Sequence[ResultView]) -> list[str]:
        if not results:
            return []
        say = self.say
        head = (say("Severity"), say("Rule"), say("Place"), say("What"), say("Mended in"), say("Due"))
        rows = [self.result(one) for one in results[:_RESULTS_A_CHECK]]
        title = self.say_n("{n} result", "{n} results", len(results))
        return self.folded(title, [*table(head, rows), *self.more(len(results) - len(rows))])

    def result(self, one: ResultView) -> tuple[str, ...]:
        what = self.tell(one.told)
        return (
            self.severity(one.severity), text(one.rule), text(one.place), what, text(one.fixed_in), self.day(one.due),
        )  # fmt: skip

    def upgrades(self) -> list[str]:
        """The plan, as ``govsec plan`` prints it."""
        if not self.view.upgrades:
            return []
        say = self.say
        head = (say("Component"), say("Installed"), say("Raise to"), say("Closes"), say("Stays open"), say("Due"))
        rows = [
            (
                text(row.component), text(row.installed), self.target(row),
                f"{len(row.closes):,}", f"{len(row.stays):,}", self.day(row.due or row.due_stays),
            )
            for row in self.view.upgrades[:_ROWS]
        ]  # fmt: skip
        title = self.say_n("{n} component to raise", "{n} components to raise", len(self.view.upgrades))
        return self.folded(title, [*table(head, rows), *self.more(len(self.view.upgrades) - len(rows))])

    def target(self, row: UpgradeView) -> str:
        if not row.target:
            return self.say("no better version known")
        return text(row.target) + (f" ({self.say('major version changes')})" if row.major else "")

    def not_checked(self) -> list[str]:
        if not self.view.not_checked:
            return []
        return [
            *_head(self.say("What was not checked")),
            *(line for run in self.view.not_checked for line in self.run(run)),
        ]

    def run(self, run: RunView) -> list[str]:
        seen = self.say("{targets} of {scope} looked at", targets=run.targets, scope=run.scope)
        notes = [
            f"- {self.tell(note.said)}" + (f" → {self.tell(note.next_step)}" if note.next_step else "")
            for note in run.problems[:_ROWS]
        ]
        return [
            f"**{text(run.tool)} {text(run.version)}** ({seen})",
            "",
            *notes,
            *self.more(len(run.problems) - _ROWS),
            "",
        ]

    def suppressed(self) -> list[str]:
        if not self.view.suppressed:
            return []
        say = self.say
        head = (
            say("Severity"),
            say("Rule"),
            say("Place"),
            say("By"),
            say("Why"),
            say("Owner"),
            say("Until"),
            say("Effect"),
        )
        rows = [
            (
                self.severity(row.result.severity),
                text(row.result.rule),
                text(row.result.place),
                text(f"{row.origin} {row.origin_id}".strip()),
                text(row.why),
                text(row.owner),
                self.day(row.expires),
                self.tell(row.effect),
            )
            for row in self.view.suppressed[:_ROWS]
        ]
        return [
            *_head(say("Suppressed results")),
            *table(head, rows),
            *self.more(len(self.view.suppressed) - len(rows)),
        ]

    def warnings(self) -> list[str]:
        if not self.view.warnings:
            return []
        return self.folded(self.say("Warnings that do not decide"), self.each(self.view.warnings))

    def coverage(self) -> list[str]:
        say = self.say
        head = (say("Tool"), say("Version"), say("State"), say("Looked at"), say("Results"))
        rows = [
            (
                text(run.tool),
                text(run.version),
                self.tell(run.state_text) + (f" ({self.tell(run.proof)})" if run.proof else ""),
                say("{targets} of {scope}", targets=run.targets, scope=run.scope),
                f"{run.results:,}",
            )
            for run in self.view.runs
        ]
        return self.folded(say("What was looked at"), table(head, rows))

    def met(self) -> list[str]:
        if not self.view.passed:
            return []
        head = (self.say("Gate"), self.say("Observed"), self.say("Limit"), self.say("Clause"))
        rows = [
            (self.tell(one.title), self.tell(one.observed), self.tell(one.limit), self.tell(clause_short(one.clause)))
            for one in self.view.passed
        ]
        title = self.say_n("{n} gate that is met", "{n} gates that are met", len(rows))
        return self.folded(title, table(head, rows))

    def colophon(self) -> list[str]:
        note = self.say(
            "These gates map clauses to measurements. Whether a system conforms to a standard, an assessor decides."
        )
        return [note, "", text(self.view.engine), ""]
