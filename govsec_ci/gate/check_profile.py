"""What types cannot say of a profile: that it means something."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from govsec_ci.gate.context import bounds
from govsec_ci.gate.schema import (
    LABELS,
    MOST,
    AdvisoriesGate,
    AnyGate,
    CoverageGate,
    DeadlinesGate,
    FromParameter,
    LicensesGate,
    Parameter,
    PipelineGate,
    Profile,
    ResultsGate,
    Row,
    SuppressionsGate,
    Text,
)
from govsec_ci.gate.tomlfile import Lines, Path, suggest

Problem = tuple[Path, str, str]
_ALL_PERCENT = 100


def check(profile: Profile, lines: Lines, own: Mapping[str, Any]) -> None:
    """Refuse a profile that says nothing, refers to nothing, or claims more than its documents.

    :param own: the keys that the profile's own file holds (an extending file must name its own identity)
    :raises InputError: the first problem, with its line
    """
    for path, what, next_step in _problems(profile, own):
        raise lines.error(path, what, next_step=next_step)


def _problems(profile: Profile, own: Mapping[str, Any]) -> Iterator[Problem]:
    yield from _identity(profile, own)
    yield from _texts(profile)
    yield from _unique("documents", [document.id for document in profile.documents])
    yield from _unique("gates", [gate.id for gate in profile.gates])
    yield from _parameters(profile)
    yield from _from_to(("waivers", "reopen-epss"), profile.waivers.reopen_epss, 1)
    for index, gate in enumerate(profile.gates):
        for path, what, next_step in _gate(profile, gate):
            yield ("gates", index, *path), f"gate {gate.id!r}: {what}", next_step
    yield from _status(profile)


def _identity(profile: Profile, own: Mapping[str, Any]) -> Iterator[Problem]:
    if not profile.gates:
        yield (), "the profile has no gates: it would judge nothing", "add at least one [[gates]] table"
    for key in ("id", "version", "status", "title", "text") if own.get("extends") else ():
        if key not in own:
            yield ("extends",), f"a profile that extends another must have its own {key!r}", f"add the key {key!r}"
    for key in ("id", "version", "jurisdiction"):
        if not getattr(profile, key).strip():
            yield (key,), f"{key} is empty", ""
    if not set(profile.id) <= set("abcdefghijklmnopqrstuvwxyz0123456789-."):
        yield ("id",), f"id {profile.id!r} may hold lower-case letters, digits, dots and hyphens only", ""
    if profile.until and profile.effective_from and profile.until < profile.effective_from:
        yield ("until",), "until is before effective-from", ""


def _status(profile: Profile) -> Iterator[Problem]:
    for gate in profile.gates if profile.status == "verified" else ():
        if gate.mode == "block" and gate.clause.origin == "document" and _label(profile, gate) != "verified":
            yield ("status",), f"status is 'verified', but the clause of gate {gate.id!r} is not", ""


def _texts(profile: Profile) -> Iterator[Problem]:
    for path, text in _walk(profile, ()):
        for lang in ("en", "ja"):
            if not text.get(lang).strip():
                yield (*path, lang), f"the text has no {lang!r}", "write it in English and in Japanese"


def _walk(value: Any, path: Path) -> Iterator[tuple[Path, Text]]:
    if isinstance(value, Text):
        yield path, value
    elif isinstance(value, msgspec.Struct):
        for field, key in zip(value.__struct_fields__, value.__struct_encode_fields__, strict=True):
            yield from _walk(getattr(value, field), (*path, key))
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from _walk(item, (*path, index))
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _walk(item, (*path, str(key)))


def _unique(key: str, ids: list[str]) -> Iterator[Problem]:
    for identifier, count in Counter(ids).items():
        if count > 1 or not identifier.strip():
            index = len(ids) - 1 - ids[::-1].index(identifier)
            yield (key, index), f"{key}: the id {identifier!r} is empty or used more than once", ""


def _parameters(profile: Profile) -> Iterator[Problem]:
    for name, parameter in profile.parameters.items():
        for key in ("strictest", "default"):
            value = getattr(parameter, key)
            if key == "default" and value is None:
                continue
            if parameter.type == "choice" and value not in parameter.values:
                known = suggest(str(value), parameter.values)
                yield ("parameters", name, key), f"parameter {name!r}: {key} {value!r} is not among its values", known
            if parameter.type == "integer" and not isinstance(value, int):
                yield ("parameters", name, key), f"parameter {name!r}: {key} {value!r} is not an integer", ""
            elif parameter.type == "integer" and not _within(parameter, value):
                low, high = bounds(parameter)
                yield ("parameters", name, key), f"parameter {name!r}: {key} {value} is not from {low} to {high}", ""


def _within(parameter: Parameter, value: str | int | None) -> bool:
    low, high = bounds(parameter)
    return isinstance(value, int) and 0 <= low <= value <= high


def _gate(profile: Profile, gate: AnyGate) -> Iterator[Problem]:
    yield from _clause(profile, gate)
    if not gate.stages:
        yield (
            ("stages",),
            "it names no stage and would never be asked",
            "add stages, e.g. stages = ['build', 'release']",
        )
    for stage in gate.warn_at:
        if stage not in gate.stages:
            yield ("warn-at",), f"warn-at names {stage.value!r}, at which the gate is not asked", ""
    for name, values in gate.when.items():
        yield from _choice(profile, ("when", name), name, values)
    for path, number in _numbers(gate, ()):
        if isinstance(number, FromParameter):
            yield from _reference(profile, path, number)
        elif number < 0:
            yield path, f"{path[-1]} is negative", ""
        elif _is_time(path) and number > MOST:
            yield path, f"{path[-1]} is more than {MOST}", ""
    yield from _kind(profile, gate)


def _clause(profile: Profile, gate: AnyGate) -> Iterator[Problem]:
    known = tuple(document.id for document in profile.documents)
    if gate.clause.document not in known:
        what = f"its clause names the document {gate.clause.document!r}, which is not among [[documents]]"
        yield ("clause", "document"), what, suggest(gate.clause.document, known)
    elif LABELS.index(_label(profile, gate)) > LABELS.index(profile.document(gate.clause.document).label):
        yield ("clause", "label"), "its clause is labelled surer than the document it comes from", ""
    if not gate.clause.id.strip():
        yield ("clause", "id"), "its clause has no id", ""


def _label(profile: Profile, gate: AnyGate) -> str:
    return gate.clause.label or next((d.label for d in profile.documents if d.id == gate.clause.document), "local")


def _numbers(value: Any, path: Path) -> Iterator[tuple[Path, int | FromParameter]]:
    if isinstance(value, FromParameter) or (isinstance(value, int) and not isinstance(value, bool)):
        yield path, value
    elif isinstance(value, msgspec.Struct) and not isinstance(value, Text):
        for field, key in zip(value.__struct_fields__, value.__struct_encode_fields__, strict=True):
            yield from _numbers(getattr(value, field), (*path, key))
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from _numbers(item, (*path, index))


def _reference(profile: Profile, path: Path, number: FromParameter) -> Iterator[Problem]:
    parameter = profile.parameters.get(number.parameter)
    if parameter is None or parameter.type != "integer":
        known = tuple(name for name, p in profile.parameters.items() if p.type == "integer")
        yield path, f"{number.parameter!r} is no integer parameter of the profile", suggest(number.parameter, known)
    elif _is_time(path) and bounds(parameter)[1] > MOST:
        yield path, f"{path[-1]} may become more than {MOST} by the parameter {number.parameter!r}", ""


def _is_time(path: Path) -> bool:
    return any(unit in str(path[-1]) for unit in ("days", "hours", "months"))


def _choice(profile: Profile, path: Path, name: str, values: tuple[str, ...]) -> Iterator[Problem]:
    parameter = profile.parameters.get(name)
    if parameter is None or parameter.type != "choice":
        yield path, f"{name!r} is no choice parameter of the profile", suggest(name, tuple(profile.parameters))
        return
    if not values:
        yield path, f"names no value of the parameter {name!r}", ""
    for value in values:
        if value not in parameter.values:
            yield path, f"{value!r} is no value of the parameter {name!r}", suggest(value, parameter.values)


def _kind(profile: Profile, gate: AnyGate) -> Iterator[Problem]:
    if isinstance(gate, ResultsGate | DeadlinesGate):
        yield from _from_to(("filter", "epss"), gate.filter.epss, 1)
    if isinstance(gate, CoverageGate) and not 1 <= gate.percent <= _ALL_PERCENT:
        yield ("percent",), f"percent is a whole number from 1 to {_ALL_PERCENT}", ""
    if isinstance(gate, LicensesGate):
        yield from _licences(gate)
    if isinstance(gate, DeadlinesGate):
        yield from _rows(profile, gate)
    if isinstance(gate, AdvisoriesGate):
        for index, feed in enumerate(gate.feeds):
            if (feed.max_age_days is None) == (feed.max_age_hours is None):
                yield ("feeds", index), f"feed {feed.feed!r} needs exactly one of max-age-days and max-age-hours", ""
    if isinstance(gate, SuppressionsGate) and all(
        limit is None for limit in (gate.unjustified, gate.inadmissible, gate.expiring, gate.added)
    ):
        yield (), "it has no limit", "add unjustified, inadmissible, expiring or added"
    for key in ("roles", "slots", "feeds", "rows"):
        if getattr(gate, key, None) == ():
            yield (key,), f"{key} is empty: the gate would demand nothing", ""
    if isinstance(gate, PipelineGate) and gate.topic == "any" and gate.severity is None:
        yield ("topic",), "topic 'any' needs a severity", ""


def _licences(gate: LicensesGate) -> Iterator[Problem]:
    """A licence that is spelt otherwise than SPDX does would never be met: nothing would be denied by it."""
    from govsec_ci.gate.kind_sbom import spelt  # noqa: PLC0415 — few profiles name licences, and it reads SBOMs

    for key in ("allowed", "denied"):
        for index, licence in enumerate(getattr(gate, key)):
            found = spelt(licence)
            if found != licence:
                yield (key, index), f"{licence!r} is no SPDX licence id", f"write {found!r}" if found else ""


def _rows(profile: Profile, gate: DeadlinesGate) -> Iterator[Problem]:
    for index, row in enumerate(gate.rows):
        if _times(row) != 1:
            yield ("rows", index), "a row needs exactly one of days, hours, months, kev-due and next-upgrade", ""
        yield from _from_to(("rows", index, "when", "epss"), row.when.epss, 1)
        yield from _from_to(("rows", index, "when", "cvss"), row.when.cvss, 10)
        for name, values in row.when.parameters.items():
            yield from _choice(profile, ("rows", index, "when", "parameters", name), name, values)
    for index, key in enumerate(gate.must_know):
        if all(getattr(row.when, key.replace("-", "_")) in (None, ()) for row in gate.rows):
            yield ("must-know", index), f"must-know names {key!r}, of which no row asks anything", ""


def _from_to(path: Path, value: float | None, high: int) -> Iterator[Problem]:
    """What lies beyond is never reached: the gate would find nothing. That no number is one is caught, too."""
    if value is not None and not 0 <= value <= high:
        kind = "probability" if high == 1 else "score"
        yield path, f"{path[-1]} is a {kind} from 0 to {high}", ""


def _times(row: Row) -> int:
    return (row.days is not None) + (row.hours is not None) + (row.months is not None) + row.kev_due + row.next_upgrade
