"""``govsec explain``, of a rule: what it is about, and which gates look at its results."""

import tomllib
from collections.abc import Collection, Iterator, Sequence
from functools import cache
from importlib import resources
from typing import Any, Final

from govsec_ci.app.explain_gates import row_of, waives
from govsec_ci.app.explain_words import Section, Words
from govsec_ci.gate.kind_results import TOPICS
from govsec_ci.gate.patterns import matcher
from govsec_ci.gate.profile import Profile
from govsec_ci.gate.schema import AnyGate, DeadlinesGate, PipelineGate, ResultsGate
from govsec_ci.model import Role, Rule, Run
from govsec_ci.report.inert import message, word

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


def rules(words: Words, identifier: str, runs: Sequence[Run], owners: Collection[Profile]) -> Iterator[Section]:
    """The rule called ``identifier``: of a tool that we run, else of one of the runs.

    :param owners: the profiles whose gates may look at it
    """
    own = _own_rule(identifier)
    if own:
        role, entry = described()[own]
        cwes = entry.get("cwe", [])
        names = tuple(f"CWE-{one}" for one in (cwes if isinstance(cwes, list) else [cwes]))
        told = (entry["short"][words.lang], entry["full"][words.lang], entry["remedy"][words.lang])
        yield _rule(words, owners, role, Rule(id=own, name=entry.get("name", ""), cwes=names), told)
        return
    for run in runs:
        for rule in run.rules:
            if rule.id == identifier and rule.vulnerability is None:
                yield _rule(words, owners, run.role, rule, (message(rule.short or rule.name), rule.full, rule.help))


def _rule(words: Words, owners: Collection[Profile], role: Role, rule: Rule, told: tuple[str, str, str]) -> Section:
    over = [(profile, gate) for profile in owners for gate in profile.gates if _looks_at(gate, role, rule)]
    short, full, remedy = told
    free = [] if over else [words.say("free")]
    return words.section(
        f"{word(f'{rule.id} {rule.name}'.strip())}: {message(short)}",
        ("why", [message(full)] if full else []),
        ("gates", free or [_over(words, profile, gate) for profile, gate in over]),
        ("since", free or [words.say("judged")]),
        ("until", free or [words.say("now")]),
        ("closes", [message(remedy)] if remedy else []),
        ("waives", free or [f"{p.id}: {one}" for p, gate in _first_each(over) for one in waives(words, p, gate)]),
    )


def _first_each(over: Sequence[tuple[Profile, AnyGate]]) -> list[tuple[Profile, AnyGate]]:
    return list({profile.id: (profile, gate) for profile, gate in reversed(over)}.values())[::-1]


def _over(words: Words, profile: Profile, gate: AnyGate) -> str:
    row = row_of(profile, gate, words.lang)
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
