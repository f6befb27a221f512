"""``govsec explain ID``: which clause, why it counts, since when, until when, what closes it, who may waive it.

ID is a gate (``jp-gov/known-exploited``, or its id alone), a rule (``B602``), or, of a judged bundle, a result's
fingerprint (or its beginning) or a vulnerability's id.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from msgspec import Struct

from govsec_ci.app import bundle
from govsec_ci.app.explain_gates import clause_of, engine, gates, shipped, waives
from govsec_ci.app.explain_rules import rules
from govsec_ci.app.explain_words import Section, Words
from govsec_ci.app.steps import read_evidence
from govsec_ci.errors import UsageError
from govsec_ci.gate.context import key_of
from govsec_ci.gate.profile import Profile
from govsec_ci.gate.undecided import Undecided, undecided
from govsec_ci.model import Check, Result, Rule, Run, Verdict
from govsec_ci.report.gate_notes import STATUSES
from govsec_ci.report.i18n import both
from govsec_ci.report.inert import message, word
from govsec_ci.system.files import is_output_folder

_LEAST_PREFIX: Final = 6


def explain(identifier: str, *, lang: str, folder: Path | None = None) -> tuple[Section, ...]:
    """What an id stands for, as sections.

    :param lang: ``en`` or ``ja``; :param folder: a judged bundle, for results and vulnerabilities
    :raises UsageError: nothing is called so
    """
    words = Words(lang)
    judged = _Bundle.read(folder)
    for find in (_gates, _engine, _results, _vulnerabilities, _rules):
        found = tuple(find(words, identifier, judged))
        if found:
            return found
    where = "" if judged else f"; results and vulnerabilities are looked for in a bundle, and {folder} is none"
    raise UsageError(
        f"{word(identifier)}: no gate, rule, result or vulnerability is called so{where}",
        next_step="govsec profile show ID lists the gates; give --out DIR for what a run has found",
    )


def lines(sections: Sequence[Section]) -> Iterator[str]:
    """The sections as text."""
    for number, section in enumerate(sections):
        yield from ([""] if number else [])
        yield section.heading
        for question, answers in section.answers:
            yield f"  {question}:"
            yield from (f"    {answer}" for answer in answers)


class _Bundle(Struct, frozen=True, kw_only=True):
    verdict: Verdict
    runs: tuple[Run, ...]
    profiles: tuple[Profile, ...]
    undecided: Undecided

    @classmethod
    def read(cls, folder: Path | None) -> "_Bundle | None":
        if folder is None or not is_output_folder(folder) or not (folder / bundle.VERDICT).exists():
            return None
        (verdict, profiles), evidence = bundle.read_judged(bundle.require(folder)), read_evidence(folder)
        open_ = undecided(evidence, profiles, verdict)
        return cls(verdict=verdict, runs=evidence.runs, profiles=profiles, undecided=open_)

    def stands(self, check: Check, key: str) -> bool:
        """Whether the result counts for the check, is due by it, or leaves it undecided."""
        open_ = self.undecided.get((check.profile, check.gate), ())
        return key in check.results or key in check.due or key in check.offenders or key in open_

    def results(self) -> Iterator[tuple[Run, Rule, Result]]:
        for run in self.runs:
            rules = {rule.id: rule for rule in run.rules}
            for result in run.results:
                yield run, rules.get(result.rule_id, Rule(id=result.rule_id)), result


def _gates(words: Words, identifier: str, judged: _Bundle | None) -> Iterator[Section]:
    return gates(words, identifier, judged.profiles if judged else ())


def _engine(words: Words, identifier: str, judged: _Bundle | None) -> Iterator[Section]:
    return engine(words, identifier, judged.profiles if judged else ())


def _rules(words: Words, identifier: str, judged: _Bundle | None) -> Iterator[Section]:
    # What judged counts; where nothing was judged, every shipped profile could.
    if judged is None:
        return rules(words, identifier, (), shipped().values())
    return rules(words, identifier, judged.runs, judged.profiles)


def _results(words: Words, identifier: str, judged: _Bundle | None) -> Iterator[Section]:
    if judged is None or len(identifier) < _LEAST_PREFIX:
        return
    for _run, rule, result in judged.results():
        if key_of(result).startswith(identifier):
            yield _result(words, judged, rule, result)


def _result(words: Words, judged: _Bundle, rule: Rule, result: Result) -> Section:
    owners = {profile.id: profile for profile in judged.profiles}
    # What the engine itself objects to is about no single result.
    theirs = {(profile.id, gate.id) for profile in judged.profiles for gate in profile.gates}
    asked = (own for own in judged.verdict.checks if (own.profile, own.gate) in theirs)
    checks = [own for own in asked if judged.stands(own, key_of(result))]
    gates = [(own, owners[own.profile], owners[own.profile].gate(own.gate)) for own in checks]
    return words.section(
        f"{word(result.rule_id)} {key_of(result)}: {message(result.message)}",
        ("where", [_place(result)]),
        ("clause", [line for _, profile, gate in gates for line in clause_of(words, profile, gate)]),
        ("counted", [_counted(words, own, result) for own in checks] or [words.say("free")]),
        ("why", list(dict.fromkeys(gate.text.get(words.lang) for _, _, gate in gates)) + _said(words, result)),
        ("since", list(_dates(words, rule, result))),
        ("until", _due(words, checks, result)),
        ("closes", [*_fix(words, result), *dict.fromkeys(gate.next.get(words.lang) for _, _, gate in gates)]),
        ("waives", list(dict.fromkeys(f"{p.id}: {one}" for _, p, gate in gates for one in waives(words, p, gate)))),
    )


def _counted(words: Words, check: Check, result: Result) -> str:
    told = f"{check.profile}/{check.gate}: {check.verdict.value}"
    return told if key_of(result) in check.results else f"{told} ({words.say('pending')})"


def _place(result: Result) -> str:
    place = result.locations[0] if result.locations else None
    line = f":{place.region.start_line}" if place and place.region else ""
    component = f" ({result.component.name} {result.component.version})" if result.component else ""
    return word(f"{place.path}{line}" if place else "?") + word(component)


def _said(words: Words, result: Result) -> list[str]:
    return [
        words.say("suppressed", origin=word(own.origin), id=word(own.origin_id),
                  status=both(STATUSES[own.status.value]).pick(words.lang), why=message(own.justification))
        for own in result.suppressions
    ]  # fmt: skip


def _dates(words: Words, rule: Rule, result: Result) -> Iterator[str]:
    first = result.first_detected
    yield words.say("detected", date=_day(first)) if first else words.say("today")
    yield from _facts(words, rule)


def _facts(words: Words, rule: Rule) -> Iterator[str]:
    known = rule.vulnerability
    if known and known.published:
        yield words.say("published", date=_day(known.published))
    if known and known.kev:
        yield words.say("listed", date=_day(known.kev.date_added), due=_day(known.kev.due_date))


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"


def _due(words: Words, checks: Sequence[Check], result: Result) -> list[str]:
    key = key_of(result)
    dated = [
        words.say("due", date=_day(own.due[key]), gate=f"{own.profile}/{own.gate}") for own in checks if key in own.due
    ]
    counted = any(key in own.results for own in checks)
    return dated or ([words.say("no-due" if counted else "pending")] if checks else [])


def _fix(words: Words, result: Result) -> list[str]:
    own = result.component
    if own is None or result.fix is None:
        return []
    name, installed = word(own.name), word(own.version)
    if result.fix.nearest:
        return [words.say("update", name=name, installed=installed, fixed=word(result.fix.nearest))]
    return [words.say("no-fix", name=name)]


def _vulnerabilities(words: Words, identifier: str, judged: _Bundle | None) -> Iterator[Section]:
    if judged is None:
        return
    for _run, rule, result in judged.results():
        known = rule.vulnerability
        if known and identifier.upper() in {one.upper() for one in (known.id, *known.aliases, *known.advisories)}:
            own = _result(words, judged, rule, result)
            aliases = words.section("", ("known", [", ".join(known.aliases)] if known.aliases else []))
            yield Section(heading=own.heading, answers=aliases.answers + own.answers)
