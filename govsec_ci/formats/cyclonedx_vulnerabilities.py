"""Vulnerabilities that a CycloneDX file tells: as VEX statements, and as another tool's results."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from urllib.parse import unquote

from msgspec import UNSET, Struct

from govsec_ci.errors import InputError
from govsec_ci.formats.cyclonedx_read import component_ref, is_purl, timestamp, tools
from govsec_ci.formats.cyclonedx_vex import FALSE_POSITIVE, METHODS, of_score
from govsec_ci.formats.cyclonedx_wire import Affects, Analysis, Bom, Rating, WireComponent, WireVulnerability, decode
from govsec_ci.model import (
    ComponentRef,
    Cvss,
    Location,
    Result,
    Rule,
    Severity,
    Suppression,
    SuppressionKind,
    SuppressionStatus,
    VexStatement,
    Vulnerability,
    level_of,
    purl_part,
)

STATUS: Mapping[str, str] = {
    "not_affected": "not_affected",
    "false_positive": "not_affected",
    "exploitable": "affected",
    "resolved": "fixed",
    "resolved_with_pedigree": "fixed",
    "in_triage": "under_investigation",
}
"""CycloneDX's analysis states in OpenVEX's words."""
_MAX_SCORE = 10.0
_VERSIONS = {method: version for version, method in METHODS.items()}
_WORDS = {
    "critical": Severity.CRITICAL,
    "high": Severity.HIGH,
    "medium": Severity.MEDIUM,
    "low": Severity.LOW,
    "info": Severity.NONE,
    "none": Severity.NONE,
}


def read_vex(data: bytes, *, name: str = "VEX") -> tuple[VexStatement, ...]:
    """The statements of a CycloneDX document with vulnerabilities (1.4 to 1.7).

    A vulnerability without ``affects`` speaks of the whole product, and so does one that affects the root component; a
    reference that leads to no component and holds no purl (another product's) speaks of nothing here. A state of
    ``false_positive`` has that word as its justification, where no other is given.

    :raises InputError: it is no such document, a state is unknown, or versions are given as a range
    """
    bom = decode(data, name=name)
    if bom.vulnerabilities is UNSET:
        raise InputError(f"{name}: holds no vulnerabilities - at `$.vulnerabilities`")
    refs = _refs(bom)
    statements = [
        _statement(one, index, bom, refs, name) for index, one in enumerate(bom.vulnerabilities) if one.analysis
    ]
    return tuple(statement for statement in statements if statement is not None)


def _refs(bom: Bom) -> dict[str, ComponentRef | None]:
    """bom-ref → component; None for the root, which stands for the whole product."""
    refs: dict[str, ComponentRef | None] = {}
    for component in bom.every_component():
        refs[component.bom_ref] = component_ref(component)
    root = bom.metadata.component
    if root is not None:
        refs[root.bom_ref] = None
    # Without a bom-ref nothing can point to a component.
    refs.pop("", None)
    return refs


def _statement(
    one: WireVulnerability, index: int, bom: Bom, refs: Mapping[str, ComponentRef | None], name: str
) -> VexStatement | None:
    path = f"$.vulnerabilities[{index}]"
    analysis = one.analysis or Analysis()
    status = STATUS.get(analysis.state)
    if not one.id or status is None:
        lacking = "id" if not one.id else "analysis.state"
        raise InputError(f"{name}: missing or unknown - at `{path}.{lacking}`")
    purls = _affected(one, path, refs, name)
    if purls is None:
        return None
    false_positive = FALSE_POSITIVE if analysis.state == FALSE_POSITIVE else ""
    return VexStatement(
        id=one.bom_ref,
        vulnerabilities=tuple(dict.fromkeys([one.id, *(other.id for other in one.references if other.id)])),
        purls=purls,
        status=status,
        justification=analysis.justification or false_positive,
        detail=analysis.detail,
        author=next((contact.name or contact.email for contact in bom.metadata.authors), ""),
        timestamp=_moment(analysis.last_updated) or _moment(analysis.first_issued) or timestamp(bom),
    )


def _affected(
    one: WireVulnerability, path: str, refs: Mapping[str, ComponentRef | None], name: str
) -> tuple[str, ...] | None:
    """purls; empty for the whole product; None where it speaks of nothing that can be told."""
    found: set[str] = set()
    for index, target in enumerate(one.affects):
        component = _target(target, refs)
        if component is None:
            return ()
        place = f"{name}: a version range cannot be held against a component - at `{path}.affects[{index}].versions`"
        found.update(_exact(component, target, place))
    return tuple(sorted(found)) if found or not one.affects else None


def _target(target: Affects, refs: Mapping[str, ComponentRef | None]) -> ComponentRef | None:
    """What a reference leads to: None for the root; without a purl where that cannot be told."""
    # A BOM-Link ends in the percent-encoded bom-ref.
    ref = unquote(target.ref.partition("#")[2]) if target.ref.startswith("urn:cdx:") else target.ref
    return refs[ref] if ref in refs else component_ref(WireComponent(name=ref, purl=ref if is_purl(ref) else ""))


def _exact(component: ComponentRef, target: Affects, place: str) -> Iterator[str]:
    if not is_purl(component.purl):
        return
    if component.version or not target.versions:
        yield component.purl
        return
    if any(version.range for version in target.versions):
        raise InputError(place, next_step="name the exact versions")
    versions = (one.version for one in target.versions if one.version and one.status != "unaffected")
    yield from (f"{component.purl}@{purl_part(version)}" for version in versions)


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


class Imported(Struct, frozen=True, kw_only=True):
    """Another tool's vulnerabilities.

    :param present: whether the document has a list of vulnerabilities at all: without one, nothing was looked for
    :param tool: name of the program that made the document, or empty; :param version: its version, or empty
    :param time: when it was made
    """

    present: bool
    tool: str = ""
    version: str = ""
    time: datetime | None = None
    rules: tuple[Rule, ...] = ()
    results: tuple[Result, ...] = ()


def read_vulnerabilities(data: bytes, *, name: str = "import", location: Location | None = None) -> Imported:
    """The vulnerabilities of a CycloneDX document (1.4 to 1.7) as results, one a component.

    An analysis that says ``not_affected`` or ``false_positive`` becomes a suppression claim; ``resolved`` does not,
    because the document still lists it for a component that is there.

    :param location: what every result gets as its place, since the document names no file
    :raises InputError: it is no such document
    """
    bom = decode(data, name=name)
    made_by = tools(bom)
    listed = () if bom.vulnerabilities is UNSET else bom.vulnerabilities
    for index, one in enumerate(listed):
        if not one.id:
            raise InputError(f"{name}: a vulnerability without an id - at `$.vulnerabilities[{index}].id`")
    refs = _refs(bom)
    pairs = [(one, _rule(one)) for one in listed]
    return Imported(
        present=bom.vulnerabilities is not UNSET,
        tool=made_by[0].name if made_by else "",
        version=made_by[0].version if made_by else "",
        time=timestamp(bom),
        rules=_worst(rule for _, rule in pairs),
        results=tuple(result for one, rule in pairs for result in _results(one, rule, refs, location)),
    )


def _worst(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """One rule an id: documents may list a vulnerability once a component, each time with other ratings."""
    found: dict[str, Rule] = {}
    for rule in rules:
        known = found.get(rule.id)
        if known is None or _gravity(rule) > _gravity(known):
            found[rule.id] = rule
    return tuple(found[identifier] for identifier in sorted(found))


def _gravity(rule: Rule) -> tuple[bool, int, float]:
    severity = rule.vulnerability.severity if rule.vulnerability else Severity.UNKNOWN
    return severity is not Severity.UNKNOWN, severity.rank, float(rule.security_severity or 0)


def _rule(one: WireVulnerability) -> Rule:
    severity, source, score = _severity(one.ratings)
    text = one.description or one.detail or one.id
    about = Vulnerability(
        id=one.id,
        aliases=tuple(sorted({other.id for other in one.references if other.id} - {one.id})),
        summary=one.description,
        severity=severity,
        severity_source=source,
        cvss=tuple(_cvss(rating) for rating in one.ratings if _is_cvss(rating)),
        published=_moment(one.published),
        modified=_moment(one.updated),
        cwes=tuple(f"CWE-{cwe}" for cwe in one.cwes),
        references=tuple(page.url for page in one.advisories if page.url),
    )
    return Rule(
        id=one.id,
        name=one.id,
        short=one.id,
        full=text,
        help=one.recommendation or text,
        level=level_of(severity),
        security_severity=f"{score:.1f}" if score else None,
        cwes=about.cwes,
        vulnerability=about,
    )


def _is_cvss(rating: Rating) -> bool:
    return rating.method in _VERSIONS and rating.score is not None and 0 <= rating.score <= _MAX_SCORE


def _cvss(rating: Rating) -> Cvss:
    version = _VERSIONS[rating.method]
    prefix = "" if version == "2.0" or rating.vector.startswith("CVSS:") or not rating.vector else f"CVSS:{version}/"
    source = rating.source.name if rating.source else ""
    return Cvss(version=version, vector=prefix + rating.vector, score=rating.score or 0.0, source=source)


def _severity(ratings: Iterable[Rating]) -> tuple[Severity, str, float]:
    """The worst rating: severity, where it comes from, and its score (0 where it has none)."""
    rated = [(_severity_of(rating), rating) for rating in ratings]
    known = [(severity, rating) for severity, rating in rated if severity is not Severity.UNKNOWN]
    if not known:
        return Severity.UNKNOWN, "", 0.0
    severity, rating = max(known, key=lambda pair: (pair[0].rank, pair[1].score or 0.0))
    source = rating.source.name if rating.source else ""
    told = " of ".join(text for text in (rating.method or "rating", source) if text)
    return severity, told, (rating.score or 0.0) if _is_cvss(rating) else 0.0


def _severity_of(rating: Rating) -> Severity:
    if _is_cvss(rating):
        return of_score(rating.score or 0.0)
    return _WORDS.get(rating.severity, Severity.UNKNOWN)


def _results(
    one: WireVulnerability, rule: Rule, refs: Mapping[str, ComponentRef | None], location: Location | None
) -> Iterator[Result]:
    targets = [_target(target, refs) for target in one.affects] or [None]
    for component in {(target.purl or target.name) if target else "": target for target in targets}.values():
        where = f" in {component.name} {component.version}".rstrip() if component else ""
        yield Result(
            rule_id=one.id,
            message=f"{one.id}{where}: {one.description}".rstrip(": "),
            level=rule.level,
            severity=rule.vulnerability.severity if rule.vulnerability else Severity.UNKNOWN,
            locations=(location,) if location else (),
            suppressions=_claims(one),
            component=component,
        )


def _claims(one: WireVulnerability) -> tuple[Suppression, ...]:
    analysis = one.analysis
    if analysis is None or STATUS.get(analysis.state) != "not_affected":
        return ()
    reason = ": ".join(text for text in (analysis.justification or analysis.state, analysis.detail) if text)
    claim = Suppression(
        kind=SuppressionKind.EXTERNAL,
        status=SuppressionStatus.ACCEPTED,
        justification=reason,
        origin="import",
        origin_id=one.bom_ref,
    )
    return (claim,)
