"""What each gate of a profile demands, line by line, in English or Japanese."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from govsec_ci.gate.schema import (
    AdvisoriesGate,
    AnyGate,
    Conditions,
    CoverageGate,
    DeadlinesGate,
    EvidenceGate,
    Filter,
    LicensesGate,
    PipelineGate,
    ResultsGate,
    Row,
    SbomGate,
    ScansGate,
    SuppressionsGate,
)
from govsec_ci.gate.words import Words


class Demands(Words):
    """Says what gates demand: one method a kind, named as the kind."""

    def limits(self, gate: AnyGate) -> Iterator[str]:
        """What a gate demands, line by line."""
        yield from _LIMITS[type(gate)](self, gate)
        for name, values in gate.when.items():
            yield self.say("only", key=name, values=self.join(list(values)))

    def filter(self, own: Filter) -> str:
        """Which results a filter lets through."""
        return self.join(list(self._criteria(own))) or self.say("any")

    def _criteria(self, own: Filter) -> Iterator[str]:
        yield from (self.say(role.value) for role in own.role)
        if own.severity:
            yield self.say("and-above", severity=self.say(own.severity.value))
        if own.confidence:
            yield self.say("confidence", severity=self.say(own.confidence.value))
        yield from self._flags(own)
        if own.severity_from:
            yield self.say("severity-from", values=self.join([self.say(one) for one in own.severity_from]))
        if own.epss is not None:
            yield self.say("epss", n=own.epss)
        if own.ssvc:
            yield from self._points(own.ssvc)
        if own.older_than_days is not None:
            yield self.say("older", n=self.number(own.older_than_days))
        for key in ("tool", "rule", "cwe", "path", "component", "baseline", "kind"):
            values = [getattr(value, "value", value) for value in getattr(own, key)]
            if values:
                yield self.say("only", key=key, values=self.join(values))

    def _flags(self, own: Any) -> Iterator[str]:
        for key, yes, no in (
            ("kev", "kev", "not-kev"),
            ("fix_available", "fix", "no-fix"),
            ("direct", "direct", "indirect"),
            ("malicious", "malicious", "not-malicious"),
        ):
            value = getattr(own, key, None)
            if value is not None:
                yield self.say(yes if value else no)

    def _points(self, own: Any) -> Iterator[str]:
        for key in ("exploitation", "automatable", "technical_impact"):
            if getattr(own, key):
                yield self.say(key, values=self.join(list(getattr(own, key))))

    def results(self, gate: ResultsGate) -> Iterator[str]:
        told = self.say("results", n=self.number(gate.limit), what=self.filter(gate.filter))
        yield told + (self.say("new-only") if gate.ratchet else "")

    def deadlines(self, gate: DeadlinesGate) -> Iterator[str]:
        yield self.say("applies-to", what=self.filter(gate.filter))
        for row in gate.rows:
            yield self.say("row", when=self._when(row.when), time=self._time(gate, row))
        if gate.must_know:
            yield self.say("must-know", values=self.join([self.say(f"input-{key}") for key in gate.must_know]))

    def _when(self, when: Conditions) -> str:
        parts = [self.say("and-above", severity=self.say(when.severity.value))] if when.severity else []
        parts += [*self._flags(when), *self._points(when)]
        parts += [self.say("cvss", n=when.cvss)] if when.cvss is not None else []
        parts += [self.say("epss", n=when.epss)] if when.epss is not None else []
        parts += [f"{name} = {'/'.join(values)}" for name, values in when.parameters.items()]
        return self.join(parts) or self.say("every")

    def _time(self, gate: DeadlinesGate, row: Row) -> str:
        if row.next_upgrade:
            return self.say("next-upgrade")
        if row.kev_due:
            return self.say("kev-due")
        times = {"within-days": row.days, "within-hours": row.hours, "within-months": row.months}
        told = next(self.say(word, n=self.number(value)) for word, value in times.items() if value is not None)
        duty = [row.duty.get(self.lang)] if row.duty else []
        return self.join([told, self.say(row.clock or gate.clock), *duty])

    def scans(self, gate: ScansGate) -> Iterator[str]:
        yield self.say("scans", roles=self.join([self.say(role.value) for role in gate.roles]))
        if gate.clean_tree:
            yield self.say("clean")
        if gate.max_age_days is not None:
            yield self.say("age", n=self.number(gate.max_age_days))
        if gate.max_age_months is not None:
            yield self.say("age-months", n=self.number(gate.max_age_months))

    def coverage(self, gate: CoverageGate) -> Iterator[str]:
        yield self.say("coverage", n=gate.percent)

    def sbom(self, gate: SbomGate) -> Iterator[str]:
        yield self.say("sbom-of")
        if gate.formats:
            yield self.say("sbom-format", values=self.join([f"{name} ≥ {v}" for name, v in gate.formats.items()]))
        if gate.elements:
            yield self.say("sbom-with", values=self.join([self.say(e) for e in gate.elements]))
        if gate.fields:
            yield self.say("sbom-fields", values=self.join([self.say(e) for e in gate.fields]))

    def advisories(self, gate: AdvisoriesGate) -> Iterator[str]:
        for feed in gate.feeds:
            days = feed.max_age_days is not None
            number = self.number(feed.max_age_days if days else feed.max_age_hours)
            key = "feed-if-used" if feed.if_used else "feed"
            yield self.say(key, feed=feed.feed, span=self.say("days" if days else "hours", n=number))
        if gate.relative_to == "scan":
            yield self.say("before-scan")

    def suppressions(self, gate: SuppressionsGate) -> Iterator[str]:
        for key in ("unjustified", "inadmissible", "expiring", "added"):
            if getattr(gate, key) is not None:
                yield self.say(key, n=getattr(gate, key), days=gate.expiring_within_days)

    def evidence(self, gate: EvidenceGate) -> Iterator[str]:
        for slot in gate.slots:
            told = self.say("slot", slot=slot.slot)
            age = None if slot.max_age_days is None else self.say("age", n=self.number(slot.max_age_days))
            yield self.join([told, age]) if age else told

    def pipeline(self, gate: PipelineGate) -> Iterator[str]:
        told = self.say("pipeline-any" if gate.topic == "any" else gate.topic, n=gate.limit)
        above = [self.say("and-above", severity=self.say(gate.severity.value))] if gate.severity else []
        yield self.join([told, *above])

    def licenses(self, gate: LicensesGate) -> Iterator[str]:
        for key in ("allowed", "denied"):
            if getattr(gate, key):
                yield self.say(key, values=self.join(list(getattr(gate, key))))
        if not gate.allowed and not gate.denied:
            yield self.say("stated")

    def signature(self, _gate: object) -> Iterator[str]:
        yield self.say("signature")


_LIMITS: Final[Mapping[type, Any]] = {arm: getattr(Demands, str(arm.__struct_config__.tag)) for arm in AnyGate.__args__}
