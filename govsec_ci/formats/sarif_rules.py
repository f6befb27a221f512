"""The rules of a foreign run: which one a result means, what level it then has, what its message says, what it is."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from govsec_ci.formats.sarif_wire import (
    Text,
    WireComponent,
    WireDescriptorReference,
    WireInvocation,
    WireResult,
    WireRule,
    WireRun,
)
from govsec_ci.model import Kind, Level, Rule, Severity

_PLACEHOLDER = re.compile(r"\{\{|\}\}|\{(\d{1,4})\}")
_CWE = re.compile(r"(?:^|[^a-z0-9])cwe[-_: ]?0*([1-9][0-9]{0,5})(?![0-9])", re.IGNORECASE)
_MOST_PARENTS = 100  # an id of slashes alone would take quadratic time
_SCORES = ((9.0, Severity.CRITICAL), (7.0, Severity.HIGH), (4.0, Severity.MEDIUM), (0.1, Severity.LOW))


class RuleError(ValueError):
    """A reference to a rule, or a message, that the log does not define."""


class _Bag(Struct, frozen=True, kw_only=True):
    """What other tools put into property bags; any type, for a bag may hold anything."""

    security_severity: Any = msgspec.field(default=None, name="security-severity")
    tags: Any = None
    precision: Any = None


_NO_REFERENCE = WireDescriptorReference()
_BAG: Any = msgspec.json.Decoder(_Bag)


class Meant(Struct, frozen=True, kw_only=True):
    """The rule that a result means: None where the log does not describe it; and the id by which we call it."""

    id: str
    component: WireComponent
    place: tuple[int, int] | None = None
    wire: WireRule | None = None
    rule: Rule | None = None


class Rules:
    """All rules of a run: the driver's, the extensions', by index, by id and by GUID."""

    def __init__(self, run: WireRun) -> None:
        self._run = run
        self._components = (run.tool.driver, *run.tool.extensions)
        self._meant: dict[tuple[int, int], Meant] = {}
        taken: set[str] = set()
        for place, rule in _all_rules(self._components):
            self._add(place, rule, taken)
        self._by_id = {meant.wire.id: place for place, meant in reversed(self._meant.items()) if meant.wire}
        self._by_guid = {rule.guid.lower(): place for place, rule in _all_rules(self._components) if rule.guid}
        self._overrides: dict[int, dict[tuple[int, int], Level]] = {}

    @property
    def all(self) -> tuple[Rule, ...]:
        """Every rule of the run, the driver's first."""
        return tuple(meant.rule for meant in self._meant.values() if meant.rule)

    def meant_by(self, result: WireResult) -> Meant:
        """The rule of a result (sections 3.27.5 to 3.27.7).

        :raises RuleError: an index leads nowhere
        """
        reference = result.rule or _NO_REFERENCE
        rule_id = result.rule_id or reference.id
        index = result.rule_index if result.rule_index >= 0 else reference.index
        place = self._find(rule_id, index, reference)
        if place is None:
            return Meant(id=rule_id or "unnamed-rule", component=self._components[0])
        return self._meant[place]

    def level_of(self, result: WireResult, meant: Meant) -> Level:
        """Section 3.27.10: the result's own, else by kind, the invocation that it names, the rule, else ``warning``."""
        if result.level is not None:
            return result.level
        if result.kind not in {None, Kind.FAIL}:
            return Level.NONE
        if meant.place is None or meant.wire is None:
            return Level.WARNING
        overridden = self._overrides_of(result.provenance.invocation_index).get(meant.place)
        return overridden or meant.wire.default_configuration.level or Level.WARNING

    def text_of(self, message: Text, meant: Meant | None) -> str:
        """The message's text, looked up and filled in (section 3.11).

        :raises RuleError: it has neither a text nor an id that is defined
        """
        text = message.text
        if text is None and message.id is not None:
            text = self._string(message.id, meant)
        if text is None:
            raise RuleError(f"the message has no text, and no string {message.id!r} is defined")
        return fill_in(text, message.arguments)

    def cwes_of(self, result: WireResult) -> list[str]:
        """Weaknesses that the result itself names by ``taxa``."""
        return sorted({cwe for taxon in result.taxa for cwe in self._taxon(taxon)})

    def _string(self, name: str, meant: Meant | None) -> str | None:
        component = meant.component if meant else self._components[0]
        own: Mapping[str, Text] = meant.wire.message_strings if meant and meant.wire else {}
        return own.get(name, component.global_message_strings.get(name, Text())).text

    def _find(self, rule_id: str | None, index: int, reference: WireDescriptorReference) -> tuple[int, int] | None:
        if reference.guid and reference.guid.lower() in self._by_guid:
            return self._by_guid[reference.guid.lower()]
        if index >= 0:
            return self._by_index(index, reference)
        return self._by_name(rule_id or "")

    def _by_index(self, index: int, reference: WireDescriptorReference) -> tuple[int, int]:
        number = self._component_number(reference)
        rules = self._components[number].rules
        if index >= len(rules):
            raise RuleError(f"there is no rule {index}: the tool component has {len(rules)}")
        return number, index

    def _component_number(self, reference: WireDescriptorReference) -> int:
        component = reference.tool_component
        if component is None:
            return 0
        if component.index >= 0:
            if component.index >= len(self._run.tool.extensions):
                raise RuleError(f"there is no extension {component.index}")
            return component.index + 1
        for number, one in enumerate(self._components):
            if (component.guid and component.guid == one.guid) or (component.name and component.name == one.name):
                return number
        return 0

    def _by_name(self, rule_id: str) -> tuple[int, int] | None:
        """By id, else by the id's parents: ``CA1000/1`` is a kind of ``CA1000`` (section 3.27.5)."""
        for _ in range(_MOST_PARENTS):
            if not rule_id or rule_id in self._by_id:
                break
            rule_id = rule_id.rpartition("/")[0]
        return self._by_id.get(rule_id)

    def _overrides_of(self, index: int) -> dict[tuple[int, int], Level]:
        invocations = self._run.invocations
        if index >= len(invocations):
            raise RuleError(f"there is no invocation {index}")
        if index < 0:
            return {}
        if index not in self._overrides:
            self._overrides[index] = self._read_overrides(invocations[index])
        return self._overrides[index]

    def _read_overrides(self, invocation: WireInvocation) -> dict[tuple[int, int], Level]:
        found = {}
        for override in invocation.rule_configuration_overrides:
            descriptor = override.descriptor
            place = self._find(descriptor.id, descriptor.index, descriptor)
            if place is not None and override.configuration.level is not None:
                found[place] = override.configuration.level
        return found

    def _add(self, place: tuple[int, int], wire: WireRule, taken: set[str]) -> None:
        """Two components may each have a rule of one id: the later one's is told by the component's name."""
        component = self._components[place[0]]
        name = wire.id if wire.id not in taken else f"{component.name}/{wire.id}"
        name = name if name not in taken else f"{name}#{place[0]}.{place[1]}"
        taken.add(name)
        rule = self._model(wire, name)
        self._meant[place] = Meant(id=name, component=component, place=place, wire=wire, rule=rule)

    def _model(self, wire: WireRule, name: str) -> Rule:
        bag: _Bag = _BAG.decode(wire.properties)
        tags = tuple(tag for tag in bag.tags if isinstance(tag, str)) if isinstance(bag.tags, list) else ()
        related = {cwe for relation in wire.relationships for cwe in self._taxon(relation.target)}
        return Rule(
            id=name,
            name=wire.name,
            short=wire.short_description.text or "",
            full=wire.full_description.text or "",
            help=wire.help.text or wire.help.markdown or "",
            help_uri=wire.help_uri,
            level=wire.default_configuration.level or Level.WARNING,
            security_severity=score(bag.security_severity),
            precision=bag.precision if isinstance(bag.precision, str) else None,
            cwes=tuple(sorted(related.union(*map(cwes_in, tags)))),
            tags=tuple(dict.fromkeys(tags)),
        )

    def _taxon(self, reference: WireDescriptorReference) -> list[str]:
        """The CWE that a reference into the taxonomy ``CWE`` means."""
        component = reference.tool_component
        taxonomies = self._run.taxonomies
        if component is None:
            return []
        taxonomy = taxonomies[component.index] if 0 <= component.index < len(taxonomies) else None
        if "cwe" not in (component.name or (taxonomy.name if taxonomy else "")).lower():
            return []
        taxa = taxonomy.taxa if taxonomy else []
        name = reference.id or (taxa[reference.index].id if 0 <= reference.index < len(taxa) else "")
        return cwes_in(f"CWE-{name}" if name.isdecimal() else name)


def _all_rules(components: Sequence[WireComponent]) -> Iterator[tuple[tuple[int, int], WireRule]]:
    for number, component in enumerate(components):
        for index, rule in enumerate(component.rules):
            yield (number, index), rule


def fill_in(text: str, arguments: Sequence[str]) -> str:
    """Replace ``{0}`` by the arguments, ``{{`` and ``}}`` by braces (section 3.11.5); an argument not given stays."""
    if not arguments:
        return text

    def one(match: "re.Match[str]") -> str:
        if match[1] is None:
            return match[0][0]
        number = int(match[1])
        return arguments[number] if number < len(arguments) else match[0]

    return _PLACEHOLDER.sub(one, text)


def cwes_in(text: str) -> list[str]:
    """``external/cwe/cwe-079``, ``CWE-79: …`` → ``CWE-79``."""
    return [f"CWE-{number}" for number in _CWE.findall(text)]


def score(value: Any) -> str | None:
    """A ``security-severity`` as GitHub reads it, 0.0 to 10.0; None for anything else."""
    try:
        number = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else math.nan
    except (ValueError, OverflowError):
        return None
    return f"{number:.1f}" if 0 <= number <= 10 else None  # noqa: PLR2004 — CVSS's range


def severity(security_severity: str | None) -> Severity:
    """GitHub's and CVSS's bands; without a score the severity is unknown, and the profile rules on it."""
    if security_severity is None:
        return Severity.UNKNOWN
    number = float(security_severity)
    return next((name for least, name in _SCORES if number >= least), Severity.NONE)
