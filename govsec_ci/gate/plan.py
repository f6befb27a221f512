"""Which version of each component clears what blocks: from what the advisory data said when the evidence was made.

A version is taken only when the data knows no vulnerability in it beyond those that the installed one has and no gate
counts: no vulnerability is traded for another. Versions are not resolved against one another.
"""

import functools
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from msgspec import Struct
from packaging.version import InvalidVersion, Version

from govsec_ci.formats import upgrades
from govsec_ci.gate.context import key_of
from govsec_ci.model import Candidate, ComponentRef, Result, Run, Verdict, VerdictWord

Ask = Callable[[str, str], Sequence[Candidate]]
"""Name and installed version → that version, then newer ones (:func:`govsec_ci.advisories.upgrades.candidates`)."""


class Upgrade(Struct, frozen=True, kw_only=True):
    """What is to be done with one component.

    :param target: the nearest version that clears what blocks; empty where no known version does better than this one
    :param closes: the blocking vulnerabilities that it clears; :param open: those that stay
    :param elsewhere: of those that stay, the nearest version that is free of each, where one is known
    :param brings: vulnerabilities of the target that the installed version has not
    :param major: whether the first number of the version (or its epoch) changes
    :param places: ``path:line`` of each manifest line that asks for it
    :param checked: whether the data was asked about the target and knows every vulnerability; else the fixes that
        results name are all that is known of some
    """

    name: str
    installed: str
    purl: str
    target: str
    closes: tuple[str, ...]
    open: tuple[str, ...]
    elsewhere: Mapping[str, str] = {}
    brings: tuple[str, ...] = ()
    major: bool = False
    places: tuple[str, ...] = ()
    direct: bool | None = None
    checked: bool = True


def plan(
    verdict: Verdict, runs: Sequence[Run], ask: Ask | None = None, *, which: Collection[str] | None = None
) -> tuple[Upgrade, ...]:
    """One upgrade a component and version, the one that closes most first.

    :param ask: other advisory data than that which the evidence holds
    :param which: keys of the results that are to be cleared; those that block where not given
    """
    wanted = blocking(verdict) if which is None else frozenset(which)
    facts = {purl: found for run in runs for purl, found in upgrades.read(run).items()} if ask is None else {}
    found = [_upgrade(one, one.candidates(ask, facts)) for one in _components(runs, wanted)]
    return tuple(sorted(found, key=lambda one: (-len(one.closes), -len(one.open), one.name, one.installed)))


def blocking(verdict: Verdict) -> frozenset[str]:
    """Keys of the results that stand against a deciding gate."""
    failed = (own for own in verdict.checks if own.mode == "block" and own.verdict is not VerdictWord.PASS)
    return frozenset(key for own in failed for key in own.results)


class _Component(Struct, frozen=True, kw_only=True):
    """A component with the results that are to be cleared, and the vulnerabilities that may stay."""

    ref: ComponentRef
    results: tuple[Result, ...]
    tolerated: frozenset[str]

    @property
    def ids(self) -> frozenset[str]:
        return frozenset(result.rule_id for result in self.results)

    def candidates(self, ask: Ask | None, facts: Mapping[str, Sequence[Candidate]]) -> "_Known":
        told = facts.get(self.ref.purl, ()) if ask is None else ask(self.ref.name, self.ref.version)
        if not told:
            return _Known(found=tuple(_from_fixes(self.results)), checked=False)
        installed, *newer = told
        # That the data says nothing of what another tool has found clears no version of it.
        foreign = [result for result in self.results if result.rule_id not in installed.rest]
        return _Known(found=tuple(_with(one, foreign) for one in newer), checked=not foreign)


class _Known(Struct, frozen=True, kw_only=True):
    found: tuple[Candidate, ...]
    checked: bool


def _with(one: Candidate, foreign: Sequence[Result]) -> Candidate:
    version = Version(one.version)
    left = {result.rule_id for result in foreign if not any(fix <= version for fix in _versions(result))}
    return Candidate(version=one.version, rest=tuple(sorted({*one.rest, *left}))) if left else one


def _components(runs: Sequence[Run], wanted: Collection[str]) -> Iterator[_Component]:
    groups: dict[tuple[str, str], tuple[list[Result], set[str]]] = {}
    for run in runs:
        for result in run.results:
            if result.component is not None:
                own = groups.setdefault((result.component.name, result.component.version), ([], set()))
                own[1].add(result.rule_id)
                own[0].extend([result] if key_of(result) in wanted else [])
    for results, every in groups.values():
        if results and results[0].component:
            stopping = {result.rule_id for result in results}
            yield _Component(ref=results[0].component, results=tuple(results), tolerated=frozenset(every - stopping))


def _from_fixes(results: Sequence[Result]) -> Iterator[Candidate]:
    """For results of other tools: a vulnerability is taken to be gone from the first version on that mends it."""
    # One a vulnerability: that several manifests ask for the component changes nothing of it.
    fixes = {name: _versions(result) for name, result in {result.rule_id: result for result in results}.items()}
    for version in sorted({one for own in fixes.values() for one in own}):
        rest = (name for name, own in fixes.items() if not any(one <= version for one in own))
        yield Candidate(version=str(version), rest=tuple(sorted(rest)))


def _versions(result: Result) -> tuple[Version, ...]:
    installed = _version(result.component.version) if result.component else None
    named = ((result.fix.nearest or "", *result.fix.versions)) if result.fix else ()
    readable = (version for version in map(_version, named) if version is not None)
    return tuple(version for version in readable if installed is None or version > installed)


def _upgrade(one: _Component, known: _Known) -> Upgrade:
    ids = one.ids
    chosen = _choose(known.found, ids, one.tolerated)
    rest, target = (frozenset(chosen.rest), chosen.version) if chosen else (ids, "")
    return Upgrade(
        name=one.ref.name,
        installed=one.ref.version,
        purl=one.ref.purl,
        target=target,
        closes=tuple(sorted(ids - rest)),
        open=tuple(sorted(ids & rest)),
        elsewhere=_elsewhere(known.found, ids & rest),
        brings=tuple(sorted(rest - ids - one.tolerated)) if chosen else (),
        major=bool(target) and _line(target) != _line(one.ref.version),
        places=tuple(dict.fromkeys(_place(result) for result in one.results)),
        direct=one.ref.direct,
        checked=known.checked,
    )


def _choose(found: Sequence[Candidate], ids: frozenset[str], tolerated: frozenset[str]) -> Candidate | None:
    """The nearest that clears all that any version clears; where none does, the nearest of those that leave least."""
    better = [own for own in found if ids - set(own.rest)]
    hopeless = ids.intersection(*(own.rest for own in found))
    whole = next((own for own in better if tolerated | hopeless >= set(own.rest)), None)
    left = min(better, key=lambda own: len(set(own.rest) - tolerated), default=None)
    if whole or left is None:
        return whole
    return left if len(set(left.rest) - tolerated) < len(ids) else None


def _elsewhere(found: Sequence[Candidate], left: frozenset[str]) -> dict[str, str]:
    free = {name: next((own.version for own in found if name not in own.rest), "") for name in sorted(left)}
    return {name: version for name, version in free.items() if version}


@functools.lru_cache(maxsize=4_096)
def _version(text: str) -> Version | None:
    try:
        return Version(text)
    except InvalidVersion:
        return None


def _line(text: str) -> tuple[int, int] | None:
    version = _version(text)
    return (version.epoch, version.major) if version else None


def _place(result: Result) -> str:
    place = result.locations[0] if result.locations else None
    if place is None:
        return "?"
    return f"{place.path}:{place.region.start_line}" if place.region else place.path
