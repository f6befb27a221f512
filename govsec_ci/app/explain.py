"""``govsec explain ID``: which clause, why it counts, since when, until when, what closes it, who may waive it.

ID is a gate (``jp-gov/known-exploited``, or its id alone), a rule (``B602``), or, of a judged bundle, a result's
fingerprint (or its beginning) or a vulnerability's id.
"""

import tomllib
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from govsec_ci.app import bundle
from govsec_ci.app.steps import read_evidence
from govsec_ci.errors import InputError, UsageError
from govsec_ci.gate import profile as profiles
from govsec_ci.gate.context import key_of
from govsec_ci.gate.describe import GateRow, describe
from govsec_ci.gate.kind_results import TOPICS
from govsec_ci.gate.own import OWN
from govsec_ci.gate.patterns import matcher
from govsec_ci.gate.profile import Profile
from govsec_ci.gate.schema import AnyGate, DeadlinesGate, PipelineGate, ResultsGate
from govsec_ci.gate.texts import note
from govsec_ci.gate.undecided import Undecided, undecided
from govsec_ci.model import Check, Result, Role, Rule, Run, Verdict
from govsec_ci.report.gate_notes import STATUSES, said
from govsec_ci.report.i18n import both
from govsec_ci.report.inert import message, word
from govsec_ci.system.files import is_output_folder

_LEAST_PREFIX: Final = 6
_ABOUT_RESULTS: Final = frozenset({"results", "deadlines", "pipeline"})

# English and Japanese.
_TEXTS: Final[dict[str, tuple[str, str]]] = {
    "clause": ("clause", "条項"),
    "limit": ("limit", "基準値"),
    "why": ("why it counts", "算入する理由"),
    "since": ("since when", "起算"),
    "until": ("until when", "期限"),
    "closes": ("what closes it", "是正方法"),
    "waives": ("who may waive it", "適用除外を認め得る者"),
    "gates": ("gates that look at it", "対象とする基準"),
    "counted": ("counted by", "算入した基準"),
    "pending": ("not counted yet: its time runs, or it could not be decided", "未算入: 期限前又は判断不能"),
    "where": ("where", "所在"),
    "known": ("known as", "別名"),
    "listed": ("listed in KEV on {date}, due there by {due}", "{date} に KEV へ掲載(同所の期限は {due})"),
    "clock": ("the clock of each row: see the limit", "基準値の各行に示す起算日から"),
    "judged": ("from the moment of the judgement on: no time is given to mend", "判定の時点から(修正の猶予はない)"),
    "at": ("at each judgement at the stages: {stages}", "次の段階における判定の都度: {stages}"),
    "force": ("the profile is in force from {date}", "本プロファイルは {date} から効力を持つ"),
    "ended": ("the force of the profile ended with {date}", "本プロファイルの効力は {date} まで"),
    "days": ("the time that its row gives", "該当する行の定める期間内"),
    "now": ("until it is closed, the gate is not met", "是正されるまで、基準を満たさない"),
    "warns": ("it only warns and never decides", "警告にとどまり、判定を左右しない"),
    "detected": ("detected on {date}", "{date} に検出"),
    "today": ("detected with this run: no earlier result is known", "今回の実行で検出(過去の結果はない)"),
    "published": ("published on {date}", "{date} に公表"),
    "due": ("{date} (by {gate})", "{date}({gate} による)"),
    "no-due": ("no date: it stands against its gate now", "期日はなく、現に基準を満たさない"),
    "free": ("no gate counts it", "算入する基準はない"),
    "suppressed": (
        "suppression claim: {origin} {id} ({status}): {why}",
        "抑止の申立て: {origin} {id}({status}): {why}",
    ),
    "update": ("update {name} {installed} to {fixed}", "{name} {installed} を {fixed} へ更新する"),
    "no-fix": ("no fixed version of {name} is known: replace it", "{name} の修正版は知られていない。代替を検討する"),
    "nobody": ("nobody: the profile admits no waiver", "なし(本プロファイルは適用除外を認めない)"),
    "no-kev": ("none for a known-exploited vulnerability", "悪用が確認された脆弱性は不可"),
    "not-from": ("none from severity {severity} up", "重大度 {severity} 以上は不可"),
    "owner": ("an owner", "所有者"),
    "approver": ("with an approver", "承認者の承認を要する"),
    "other": ("who is another person", "承認者は所有者と別人であること"),
    "ticket": ("with a ticket", "管理票を要する"),
    "longest": ("for at most {n} days", "最長 {n} 日"),
    "nosec": ("a comment in the code also suppresses", "コード中のコメントによる抑止も可"),
    "nosec-ids": ("if it names the test", "検査番号を明記すること"),
    "nosec-reason": ("if it gives the reason", "理由を明記すること"),
    "vex": ("a VEX statement 'not affected' also suppresses", "VEX の not affected の申立ても可"),
    "evidence-only": (
        "nobody: what is missing can only be supplied (a profile of your own may drop the gate, with a reason)",
        "なし(不足しているものは補うほかない。独自のプロファイルでは、理由を付して基準を除くことができる)",
    ),
    "engine": (
        "govsec_ci itself, whatever the profile [a number or rule of our own]",
        "プロファイルによらず govsec_ci が定める[独自の基準]",
    ),
    "no-one": ("nobody: it cannot be left out", "なし(除くことはできない)"),
    "rule-gates": ("{gate}: {limit} [{clause}; {label}]", "{gate}: {limit}[{clause}、{label}]"),
}


class Section(Struct, frozen=True, kw_only=True):
    """One thing explained: a heading, and (question, answers) in the order in which they are asked."""

    heading: str
    answers: tuple[tuple[str, tuple[str, ...]], ...]


def explain(identifier: str, *, lang: str, folder: Path | None = None) -> tuple[Section, ...]:
    """What an id stands for, as sections.

    :param lang: ``en`` or ``ja``; :param folder: a judged bundle, for results and vulnerabilities
    :raises UsageError: nothing is called so
    """
    words = _Words(lang)
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
        verdict, profiles, evidence = bundle.read_verdict(folder), bundle.read_profiles(folder), read_evidence(folder)
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


class _Words:
    """Says things in one language."""

    def __init__(self, lang: str) -> None:
        self.lang = lang

    def say(self, key: str, **values: object) -> str:
        return _TEXTS[key][self.lang == "ja"].format_map(values)

    def section(self, heading: str, *answers: tuple[str, Sequence[str]]) -> Section:
        kept = tuple((self.say(key), tuple(told)) for key, told in answers if told)
        return Section(heading=heading, answers=kept)


def _known(judged: _Bundle | None) -> dict[str, Profile]:
    return _shipped() | {own.id: own for own in (judged.profiles if judged else ())}


@cache
def _shipped() -> dict[str, Profile]:
    return {name: profiles.load(name) for name in profiles.shipped()}


def _gates(words: _Words, identifier: str, judged: _Bundle | None) -> Iterator[Section]:
    owner, _, name = identifier.rpartition("/")
    for profile in _owners(owner, judged):
        for gate in profile.gates:
            if gate.id == name:
                yield _gate(words, profile, gate)


def _owners(owner: str, judged: _Bundle | None) -> list[Profile]:
    known = _known(judged)
    if not owner:
        return list(known.values())
    if owner in known:
        return [known[owner]]
    try:
        return [profiles.load(owner)] if owner.endswith(".toml") else []
    except InputError:
        return []


def _gate(words: _Words, profile: Profile, gate: AnyGate) -> Section:
    row = _row(profile, gate, words.lang)
    return words.section(
        f"{profile.id}/{gate.id}: {row.title}",
        ("clause", _clause(words, profile, gate)),
        ("limit", row.limits),
        ("why", [row.text]),
        ("since", list(_since(words, profile, gate, row))),
        ("until", [words.say("days" if isinstance(gate, DeadlinesGate) else "now"), *_warns(words, gate)]),
        ("closes", [row.next]),
        ("waives", _waives(words, profile, gate)),
    )


def _engine(words: _Words, identifier: str, judged: _Bundle | None) -> Iterator[Section]:
    """What the engine itself may object to, under any profile."""
    owner, _, name = identifier.rpartition("/")
    own = OWN.get(name)
    if own is None or (owner and not _owners(owner, judged)):
        return
    yield words.section(
        f"{identifier}: {own.title.get(words.lang)}",
        ("clause", [words.say("engine")]),
        ("limit", [said(note(own.limit), words.lang)]),
        ("why", [own.text.get(words.lang)]),
        ("since", [words.say("judged")]),
        ("until", [words.say("now")] if own.blocks else [words.say("warns")]),
        ("closes", [own.next.get(words.lang)]),
        ("waives", [words.say("no-one")]),
    )


def _row(profile: Profile, gate: AnyGate, lang: str) -> GateRow:
    return next(row for row in describe(profile, lang).gates if row.id == gate.id)


def _clause(words: _Words, profile: Profile, gate: AnyGate) -> list[str]:
    document = profile.document(gate.clause.document)
    row = _row(profile, gate, words.lang)
    title, publisher = document.title.get(words.lang), document.publisher.get(words.lang)
    return [f"{title} ({publisher}, {document.edition}) {gate.clause.id} [{row.label}]"]


def _since(words: _Words, profile: Profile, gate: AnyGate, row: GateRow) -> Iterator[str]:
    if isinstance(gate, DeadlinesGate):
        yield words.say("clock")
    else:
        yield words.say("judged")
    yield words.say("at", stages=row.stages)
    if profile.effective_from:
        yield words.say("force", date=profile.effective_from)
    if profile.until:
        yield words.say("ended", date=profile.until)


def _warns(words: _Words, gate: AnyGate) -> list[str]:
    return [words.say("warns")] if gate.mode == "warn" else []


def _waives(words: _Words, profile: Profile, gate: AnyGate) -> list[str]:
    if gate.kind not in _ABOUT_RESULTS:
        return [words.say("evidence-only")]
    return [_waiver(words, profile, gate), *_claims(words, profile, gate)]


def _waiver(words: _Words, profile: Profile, gate: AnyGate) -> str:
    rules = profile.waivers
    exploited = bool(getattr(getattr(gate, "filter", None), "kev", None))
    if not rules.accept or (rules.not_in_kev and exploited):
        return words.say("nobody")
    parts = [words.say("owner")]
    parts += [words.say("approver")] if rules.approver else []
    parts += [words.say("other")] if rules.approver_not_owner else []
    parts += [words.say("ticket")] if rules.ticket else []
    parts += [words.say("longest", n=rules.longest_days)] if rules.longest_days is not None else []
    parts += [words.say("no-kev")] if rules.not_in_kev else []
    parts += [words.say("not-from", severity=rules.not_from.value)] if rules.not_from else []
    return ("、" if words.lang == "ja" else ", ").join(parts)


def _claims(words: _Words, profile: Profile, gate: AnyGate) -> Iterator[str]:
    own = profile.suppressions.in_source
    roles = gate.filter.role if isinstance(gate, ResultsGate | DeadlinesGate) else (Role.PIPELINE,)
    # Comments stand in the judged tree; a vulnerability of a component has no line there to comment on.
    if own.accept and set(roles) != {Role.SCA}:
        parts = [words.say("nosec")]
        parts += [words.say("nosec-ids")] if own.ids else []
        parts += [words.say("nosec-reason")] if own.reason else []
        yield ("、" if words.lang == "ja" else ", ").join(parts)
    if profile.suppressions.vex.accept and (not roles or Role.SCA in roles):
        yield words.say("vex")


def _results(words: _Words, identifier: str, judged: _Bundle | None) -> Iterator[Section]:
    if judged is None or len(identifier) < _LEAST_PREFIX:
        return
    for _run, rule, result in judged.results():
        if key_of(result).startswith(identifier):
            yield _result(words, judged, rule, result)


def _result(words: _Words, judged: _Bundle, rule: Rule, result: Result) -> Section:
    checks = [own for own in judged.verdict.checks if judged.stands(own, key_of(result))]
    owners = {profile.id: profile for profile in judged.profiles}
    gates = [(own, owners[own.profile], owners[own.profile].gate(own.gate)) for own in checks]
    return words.section(
        f"{word(result.rule_id)} {key_of(result)}: {message(result.message)}",
        ("where", [_place(result)]),
        ("clause", [line for _, profile, gate in gates for line in _clause(words, profile, gate)]),
        ("counted", [_counted(words, own, result) for own in checks] or [words.say("free")]),
        ("why", list(dict.fromkeys(gate.text.get(words.lang) for _, _, gate in gates)) + _said(words, result)),
        ("since", list(_dates(words, rule, result))),
        ("until", _due(words, checks, result)),
        ("closes", [*_fix(words, result), *dict.fromkeys(gate.next.get(words.lang) for _, _, gate in gates)]),
        ("waives", list(dict.fromkeys(f"{p.id}: {one}" for _, p, gate in gates for one in _waives(words, p, gate)))),
    )


def _counted(words: _Words, check: Check, result: Result) -> str:
    told = f"{check.profile}/{check.gate}: {check.verdict.value}"
    return told if key_of(result) in check.results else f"{told} ({words.say('pending')})"


def _place(result: Result) -> str:
    place = result.locations[0] if result.locations else None
    line = f":{place.region.start_line}" if place and place.region else ""
    component = f" ({result.component.name} {result.component.version})" if result.component else ""
    return word(f"{place.path}{line}" if place else "?") + word(component)


def _said(words: _Words, result: Result) -> list[str]:
    return [
        words.say("suppressed", origin=word(own.origin), id=word(own.origin_id),
                  status=both(STATUSES[own.status.value]).pick(words.lang), why=message(own.justification))
        for own in result.suppressions
    ]  # fmt: skip


def _dates(words: _Words, rule: Rule, result: Result) -> Iterator[str]:
    first = result.first_detected
    yield words.say("detected", date=_day(first)) if first else words.say("today")
    yield from _facts(words, rule)


def _facts(words: _Words, rule: Rule) -> Iterator[str]:
    known = rule.vulnerability
    if known and known.published:
        yield words.say("published", date=_day(known.published))
    if known and known.kev:
        yield words.say("listed", date=_day(known.kev.date_added), due=_day(known.kev.due_date))


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"


def _due(words: _Words, checks: Sequence[Check], result: Result) -> list[str]:
    key = key_of(result)
    dated = [
        words.say("due", date=_day(own.due[key]), gate=f"{own.profile}/{own.gate}") for own in checks if key in own.due
    ]
    counted = any(key in own.results for own in checks)
    return dated or ([words.say("no-due" if counted else "pending")] if checks else [])


def _fix(words: _Words, result: Result) -> list[str]:
    own = result.component
    if own is None or result.fix is None:
        return []
    name, installed = word(own.name), word(own.version)
    if result.fix.nearest:
        return [words.say("update", name=name, installed=installed, fixed=word(result.fix.nearest))]
    return [words.say("no-fix", name=name)]


def _vulnerabilities(words: _Words, identifier: str, judged: _Bundle | None) -> Iterator[Section]:
    if judged is None:
        return
    for _run, rule, result in judged.results():
        known = rule.vulnerability
        if known and identifier.upper() in {one.upper() for one in (known.id, *known.aliases, *known.advisories)}:
            own = _result(words, judged, rule, result)
            aliases = words.section("", ("known", [", ".join(known.aliases)] if known.aliases else []))
            yield Section(heading=own.heading, answers=aliases.answers + own.answers)


_TABLES: Final = {"bandit_rules.toml": Role.SAST, "zizmor_rules.toml": Role.PIPELINE}
"""What we say of the rules of each tool that we run."""


@cache
def described() -> dict[str, tuple[Role, dict[str, Any]]]:
    """Every rule of the tools that we run, by its id → role and entry of its table."""
    tables = {
        role: tomllib.loads((resources.files("govsec_ci.scanners") / name).read_text("utf-8"))
        for name, role in _TABLES.items()
    }
    return {key: (role, one) for role, own in tables.items() for key, one in own.items() if isinstance(one, dict)}


def _own_rule(identifier: str) -> str:
    """The id as its table has it: bandit's are in capitals, zizmor's are not, and its own log names the tool before."""
    plain = identifier.lower().removeprefix("zizmor/")
    return next((name for name in (identifier.upper(), plain) if name in described()), "")


def _rules(words: _Words, identifier: str, judged: _Bundle | None) -> Iterator[Section]:
    own = _own_rule(identifier)
    if own:
        role, entry = described()[own]
        cwes = entry.get("cwe", [])
        names = tuple(f"CWE-{one}" for one in (cwes if isinstance(cwes, list) else [cwes]))
        told = (entry["short"][words.lang], entry["full"][words.lang], entry["remedy"][words.lang])
        yield _rule(words, judged, role, Rule(id=own, name=entry.get("name", ""), cwes=names), told)
        return
    for run in judged.runs if judged else ():
        for rule in run.rules:
            if rule.id == identifier and rule.vulnerability is None:
                yield _rule(words, judged, run.role, rule, (message(rule.short or rule.name), rule.full, rule.help))


def _rule(words: _Words, judged: _Bundle | None, role: Role, rule: Rule, told: tuple[str, str, str]) -> Section:
    # What judged counts; where nothing was judged, every shipped profile could.
    over = [
        (profile, gate)
        for profile in (judged.profiles if judged else _known(None).values())
        for gate in profile.gates
        if _looks_at(gate, role, rule)
    ]
    short, full, remedy = told
    free = [] if over else [words.say("free")]
    return words.section(
        f"{word(f'{rule.id} {rule.name}'.strip())}: {message(short)}",
        ("why", [message(full)] if full else []),
        ("gates", free or [_over(words, profile, gate) for profile, gate in over]),
        ("since", free or [words.say("judged")]),
        ("until", free or [words.say("now")]),
        ("closes", [message(remedy)] if remedy else []),
        ("waives", free or [f"{p.id}: {one}" for p, gate in _first_each(over) for one in _waives(words, p, gate)]),
    )


def _first_each(over: Sequence[tuple[Profile, AnyGate]]) -> list[tuple[Profile, AnyGate]]:
    return list({profile.id: (profile, gate) for profile, gate in reversed(over)}.values())[::-1]


def _over(words: _Words, profile: Profile, gate: AnyGate) -> str:
    row = _row(profile, gate, words.lang)
    name = f"{profile.id}/{gate.id}"
    return words.say("rule-gates", gate=name, limit=row.limits[0], clause=row.clause, label=row.label)


def _looks_at(gate: AnyGate, role: Role, rule: Rule) -> bool:
    """Whether a result of the rule could count, whatever its severity."""
    if isinstance(gate, PipelineGate):
        return role is Role.PIPELINE and any(matcher(pattern)(rule.id) for pattern in TOPICS[gate.topic])
    if not isinstance(gate, ResultsGate | DeadlinesGate):
        return False
    own = gate.filter
    return (
        (not own.role or role in own.role)
        and (not own.rule or any(matcher(pattern)(rule.id) for pattern in own.rule))
        and (not own.cwe or bool(set(own.cwe) & set(rule.cwes)))
        # These ask about vulnerabilities of components, which a rule on code never is.
        and not own.kev
        and not own.malicious
        and own.ssvc is None
    )
