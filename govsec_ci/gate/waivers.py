"""``govsec-waivers.toml`` → waivers (strict), and which results each covers; whether one has effect, ``rulings`` say.

A waiver::

    [[waivers]]
    id = "W-2026-001"
    vulnerability = "CVE-2024-56326"     # any of its ids; with component and versions (PEP 440), or
    component = "jinja2"                 # rule = "B602" and path = "tools/*.py", or
    versions = ">=3.1,<3.2"              # fingerprint = "…" (govsec/v1)
    reason = "Templates are written by us only; no input reaches the sandbox."
    owner = "hanako@example.go.jp"
    approver = "ciso@example.go.jp"      # may be empty: a draft, without effect
    ticket = "SEC-1234"                  # may be empty where the profile does not ask for one
    created = 2026-04-01                 # first and last day it holds, UTC
    expires = 2026-06-30
    plan = "Update to 3.1.5 with the July release."
    reopen-epss = 0.3                    # optional: ends by itself from this EPSS probability
    known = { fix = "3.1.5" }            # optional: what was known when it was signed; `govsec waive` writes it
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from govsec_ci.formats.sarif_wire import FINGERPRINT
from govsec_ci.gate import tomlfile
from govsec_ci.gate.patterns import matcher
from govsec_ci.gate.tomlfile import Lines
from govsec_ci.model import Result, Rule, Run, Suppression, SuppressionKind, SuppressionStatus, Waiver
from govsec_ci.system.files import read_limited

FILE_NAME: Final = "govsec-waivers.toml"
_LIMIT_BYTES = 5_000_000
WILD: Final = frozenset("*?[]!")
"""The characters that make a path a pattern."""
_FORMS: Final = (("fingerprint",), ("rule", "path"), ("vulnerability", "component", "versions"))


class _Snapshot(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    kev: bool = False
    fix: str = ""
    epss: float | None = None


class _Entry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    id: str
    reason: str
    owner: str
    approver: str
    ticket: str
    created: date
    expires: date
    plan: str
    fingerprint: str = ""
    rule: str = ""
    path: str = ""
    vulnerability: str = ""
    component: str = ""
    versions: str = ""
    reopen_epss: float | None = None
    known: _Snapshot = _Snapshot()


class _File(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    waivers: tuple[_Entry, ...] = ()


def load(path: Path) -> tuple[Waiver, ...]:
    """The waivers of a file, in its order.

    :raises InputError: anything in it is unknown, missing, contradictory, or wider than a waiver may be
    """
    return parse(read_limited(path, limit_bytes=_LIMIT_BYTES), str(path))


def parse(data: bytes, name: str) -> tuple[Waiver, ...]:
    """As :func:`load`, from bytes; ``name`` is what messages call them."""
    lines = Lines(data, name)
    file = tomlfile.convert(tomlfile.decode(data, name), _File, lines)
    counts = Counter(entry.id for entry in file.waivers)
    for index, entry in enumerate(file.waivers):
        for key, what in _problems(entry, counts):
            raise lines.error(("waivers", index, key), f"waiver {entry.id!r}: {what}")
    return tuple(_waiver(entry) for entry in file.waivers)


def _problems(entry: _Entry, counts: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    for key in ("id", "reason", "owner", "plan"):
        if not getattr(entry, key).strip():
            yield key, f"{key} is empty"
    if counts[entry.id] > 1:
        yield "id", "the id is used more than once"
    if entry.expires < entry.created:
        yield "expires", f"it expires ({entry.expires}) before it is created ({entry.created})"
    if entry.reopen_epss is not None and not 0 <= entry.reopen_epss <= 1:
        yield "reopen-epss", "reopen-epss is a probability from 0 to 1"
    yield from _cover_problems(entry)


def _cover_problems(entry: _Entry) -> Iterator[tuple[str, str]]:
    given = {key for form in _FORMS for key in form if getattr(entry, key)}
    if given not in [set(form) for form in _FORMS]:
        told = "; or ".join(" + ".join(form) for form in _FORMS)
        yield "id", f"it must say what it covers, by exactly one of: {told}"
    for key in ("fingerprint", "rule", "vulnerability", "component"):
        if WILD & set(getattr(entry, key)):
            yield key, f"{key} is no pattern: a waiver never covers by wildcard"
    if entry.path and not any(part.strip(".") and not WILD & set(part) for part in entry.path.split("/")):
        yield "path", f"the path {entry.path!r} is a bare wildcard: name a folder or a file in it"
    if entry.versions:
        yield from _version_problems(entry.versions)


def _version_problems(versions: str) -> Iterator[tuple[str, str]]:
    try:
        specifiers = SpecifierSet(versions)
    except InvalidSpecifier:
        yield "versions", f"versions {versions!r} is no version range (PEP 440), e.g. '==2.10' or '>=2.0,<2.3'"
        return
    # A range must end somewhere: a waiver for "every version from here on" is a wildcard too.
    if not any(specifier.operator in ("==", "===", "<", "<=", "~=") for specifier in specifiers):
        yield "versions", f"versions {versions!r} has no upper end: name the versions that are waived"


def _waiver(entry: _Entry) -> Waiver:
    plain = {field: getattr(entry, field) for field in entry.__struct_fields__}
    known = {"kev": "yes" if entry.known.kev else "", "fix": entry.known.fix}
    known["epss"] = "" if entry.known.epss is None else repr(entry.known.epss)
    plain["known"] = {key: value for key, value in known.items() if value}
    plain["created"] = _midnight(entry.created)
    plain["expires"] = _midnight(entry.expires)
    return Waiver(**plain)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def covers(waiver: Waiver, result: Result, rule: Rule) -> bool:
    """Whether a waiver is about a result, dates and authority aside."""
    if waiver.fingerprint:
        # Ours alone: GitHub's is the same for every rule on a line, and for equal lines of other files.
        return waiver.fingerprint == result.fingerprints.get(FINGERPRINT)
    if waiver.vulnerability:
        return _covers_component(waiver, result, rule)
    return waiver.rule == result.rule_id and _covers_place(waiver, result)


def _covers_place(waiver: Waiver, result: Result) -> bool:
    # The primary location alone: a result that also touches a waived file is not waived.
    if not result.locations:
        return False
    path = result.locations[0].path
    return waiver.path == path or bool(matcher(waiver.path)(path))


def _covers_component(waiver: Waiver, result: Result, rule: Rule) -> bool:
    if rule.vulnerability is None or result.component is None:
        return False
    ids = {rule.vulnerability.id, *rule.vulnerability.aliases}
    same_name = canonicalize_name(waiver.component) == canonicalize_name(result.component.name)
    return waiver.vulnerability in ids and same_name and _in_range(waiver.versions, result.component.version)


def _in_range(versions: str, version: str) -> bool:
    try:
        return SpecifierSet(versions).contains(Version(version), prereleases=True)
    except InvalidVersion:
        return False


def attach(runs: Iterable[Run], waivers: Iterable[Waiver]) -> tuple[Run, ...]:
    """Each result that a waiver covers gets its claim, also of a waiver without effect: the gate rules on it.

    A claim that is there already is not added again.
    """
    known = tuple(waivers)
    return tuple(_attach_run(run, _Known(known)) for run in runs) if known else tuple(runs)


class _Known:
    """Waivers by what they cover, so that a hundred thousand results do not each meet every one of them."""

    def __init__(self, waivers: tuple[Waiver, ...]) -> None:
        self._by_name: dict[str, list[tuple[int, Waiver]]] = {}
        for place, waiver in enumerate(waivers):
            name = waiver.fingerprint or waiver.vulnerability or waiver.rule
            self._by_name.setdefault(name, []).append((place, waiver))

    def about(self, result: Result, rule: Rule) -> list[Waiver]:
        """Those that may cover the result, in the file's order."""
        ids = (rule.vulnerability.id, *rule.vulnerability.aliases) if rule.vulnerability else ()
        names = {result.rule_id, *ids, result.fingerprints.get(FINGERPRINT, "")}
        found = {place: waiver for name in names for place, waiver in self._by_name.get(name, ())}
        return [found[place] for place in sorted(found)]


def _attach_run(run: Run, waivers: _Known) -> Run:
    rules = {rule.id: rule for rule in run.rules}
    unknown = Rule(id="")
    results = tuple(_attach_result(result, rules.get(result.rule_id, unknown), waivers) for result in run.results)
    same = all(new is old for new, old in zip(results, run.results, strict=True))
    return run if same else msgspec.structs.replace(run, results=results)


def _attach_result(result: Result, rule: Rule, waivers: _Known) -> Result:
    near = waivers.about(result, rule)
    if not near:
        return result
    present = {claim.origin_id for claim in result.suppressions if claim.origin == "waiver"}
    claims = tuple(_claim(w) for w in near if w.id not in present and covers(w, result, rule))
    return msgspec.structs.replace(result, suppressions=result.suppressions + claims) if claims else result


def _claim(waiver: Waiver) -> Suppression:
    return Suppression(
        kind=SuppressionKind.EXTERNAL,
        status=SuppressionStatus.ACCEPTED if waiver.approver.strip() else SuppressionStatus.UNDER_REVIEW,
        justification=waiver.reason,
        origin="waiver",
        origin_id=waiver.id,
    )
