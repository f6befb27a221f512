"""Vulnerabilities in CycloneDX: ``vex.cdx.json`` out, VEX statements and other tools' results in.

Written through cyclonedx-python-lib; its traps: a score must be a ``Decimal``, a vector given with its method loses its
``CVSS:3.1/`` prefix, a bom-ref is random unless set.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

import msgspec
from msgspec import UNSET, Struct

from govsec_ci.errors import DefectError, InputError
from govsec_ci.formats.cyclonedx_read import component_ref, parse_purl, timestamp, tools
from govsec_ci.formats.cyclonedx_sbom import Head, metadata, with_serial
from govsec_ci.formats.cyclonedx_values import Json, clean, iri
from govsec_ci.formats.cyclonedx_wire import (
    SPEC,
    Affects,
    Analysis,
    Bom,
    Rating,
    WireComponent,
    WireVulnerability,
    decode,
    validate,
    write,
)
from govsec_ci.model import (
    BaselineState,
    ComponentRef,
    Cvss,
    Level,
    Location,
    Result,
    Rule,
    Run,
    Severity,
    Suppression,
    SuppressionKind,
    SuppressionStatus,
    VexStatement,
    Vulnerability,
)

if TYPE_CHECKING:
    from cyclonedx.model.vulnerability import Vulnerability as LibraryVulnerability
    from cyclonedx.model.vulnerability import VulnerabilityAnalysis, VulnerabilityRating

STATUS: Mapping[str, str] = {
    "not_affected": "not_affected",
    "false_positive": "not_affected",
    "exploitable": "affected",
    "resolved": "fixed",
    "resolved_with_pedigree": "fixed",
    "in_triage": "under_investigation",
}
"""CycloneDX's analysis states in OpenVEX's words."""
# OpenVEX's reasons (OpenVEX 0.2.0, "Status Justifications") in CycloneDX's words (impactAnalysisJustification).
_JUSTIFICATIONS: Mapping[str, str] = {
    "component_not_present": "code_not_present",
    "vulnerable_code_not_present": "code_not_present",
    "vulnerable_code_not_in_execute_path": "code_not_reachable",
    "vulnerable_code_cannot_be_controlled_by_adversary": "code_not_reachable",
    "inline_mitigations_already_exist": "protected_by_mitigating_control",
}
_CHUNK = 50
_CWE = re.compile(r"CWE-([1-9][0-9]{0,8})", re.ASCII)
_OPENNESS = ("in_triage", "exploitable", "not_affected", "false_positive", "resolved")
_FALSE_POSITIVE = "false_positive"
_MAX_SCORE = 10.0
_METHODS = {"2.0": "CVSSv2", "3.0": "CVSSv3", "3.1": "CVSSv31", "4.0": "CVSSv4"}
_VERSIONS = {method: version for version, method in _METHODS.items()}
_HOMES = {
    "CVE": ("NVD", "https://nvd.nist.gov/vuln/detail/"),
    "GHSA": ("GitHub Advisories", "https://github.com/advisories/"),
}
_OSV = ("OSV", "https://osv.dev/vulnerability/")
_LEVELS = {
    Severity.CRITICAL: Level.ERROR,
    Severity.HIGH: Level.ERROR,
    Severity.MEDIUM: Level.WARNING,
    Severity.LOW: Level.NOTE,
    Severity.NONE: Level.NOTE,
    Severity.UNKNOWN: Level.WARNING,
}
# CVSS v3.1 section 5 and v4.0 section 6: lower bounds of the qualitative scale.
_SCALE = ((9.0, Severity.CRITICAL), (7.0, Severity.HIGH), (4.0, Severity.MEDIUM), (0.1, Severity.LOW))
_WORDS = {
    "critical": Severity.CRITICAL,
    "high": Severity.HIGH,
    "medium": Severity.MEDIUM,
    "low": Severity.LOW,
    "info": Severity.NONE,
    "none": Severity.NONE,
}


class _Case(Struct, frozen=True, kw_only=True):
    """One vulnerability in one component, and the result that says so."""

    vulnerability: Vulnerability
    component: ComponentRef
    result: Result

    @property
    def ref(self) -> str:
        """What the document calls the component: another tool's may have no purl."""
        component = self.component
        return clean(component.purl or f"{component.name}@{component.version}".strip("@")) or "unnamed"

    @property
    def rank(self) -> int:
        """Of several results about one thing, the most open one is told."""
        return _OPENNESS.index(_state(self.result)[0])


def write_vex(runs: Sequence[Run], head: Head, *, sbom_serial: str = "") -> bytes:
    """``vex.cdx.json``: every vulnerability that a dependency result is about, with its analysis state.

    Accepted claims decide the state: a VEX claim is ``not_affected`` (or ``false_positive``), an accepted risk is
    ``exploitable`` with the waiver's text, a result that is gone since the baseline is ``resolved``; all else is
    ``in_triage``. Whether a claim is admissible is the gate's ruling and stands in ``verdict.json``.

    :param sbom_serial: ``urn:uuid:…`` of the SBOM whose components are meant
    :raises DefectError: the document would not be valid
    """
    cases: dict[tuple[str, str], _Case] = {}
    for case in sorted(_cases(runs), key=lambda case: case.rank, reverse=True):
        cases[case.vulnerability.id, case.ref] = case
    ordered = [cases[key] for key in sorted(cases)]
    bom: Json = {
        "$schema": f"http://cyclonedx.org/schema/bom-{SPEC}.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": SPEC,
        "version": 1,
        "metadata": {key: value for key, value in metadata(head).items() if key != "lifecycles"},
        "components": _components(ordered),
        "vulnerabilities": _vulnerabilities(ordered),
    }
    if sbom_serial:
        bom["externalReferences"] = [{"type": "bom", "url": bom_link(sbom_serial)}]
    bom = with_serial(bom)
    problems = validate(bom)
    if problems:
        raise DefectError(f"vex.cdx.json would be no valid CycloneDX: {problems[0]}")
    return write(bom)


def bom_link(serial: str, *, version: int = 1, ref: str = "") -> str:
    """A BOM-Link (CycloneDX, "Linking"): ``urn:cdx:serial/version``, with ``#bom-ref`` for one element."""
    link = f"urn:cdx:{serial.removeprefix('urn:uuid:')}/{version}"
    return f"{link}#{quote(ref, safe='')}" if ref else link


def _cases(runs: Iterable[Run]) -> Iterator[_Case]:
    for run in runs:
        known = {rule.id: rule.vulnerability for rule in run.rules}
        for result in run.results:
            vulnerability = known.get(result.rule_id)
            if vulnerability is not None and result.component is not None:
                yield _Case(vulnerability=vulnerability, component=result.component, result=result)


def _components(cases: Iterable[_Case]) -> list[Json]:
    found = {case.ref: case.component for case in cases}
    return [_component(ref, found[ref]) for ref in sorted(found)]


def _component(ref: str, component: ComponentRef) -> Json:
    record = {"type": "library", "bom-ref": ref, "name": clean(component.name) or ref}
    optional = {"purl": ref if _is_purl(ref) else "", "version": clean(component.version)}
    return record | {key: value for key, value in optional.items() if value}


def _vulnerabilities(cases: Sequence[_Case]) -> list[Json]:
    # The library's time grows with the square of a document's size: so it gets many small ones.
    chunks = (cases[start : start + _CHUNK] for start in range(0, len(cases), _CHUNK))
    made = (one for chunk in chunks for one in _by_library([_library_vulnerability(case) for case in chunk]))
    return sorted(made, key=lambda one: str(one["bom-ref"]))


def _by_library(vulnerabilities: "list[LibraryVulnerability]") -> list[Json]:
    from cyclonedx.model.bom import Bom as LibraryBom  # noqa: PLC0415 — heavy, and not every command needs it
    from cyclonedx.output.json import JsonV1Dot6  # noqa: PLC0415

    text = JsonV1Dot6(LibraryBom(vulnerabilities=vulnerabilities)).output_as_string()
    made: list[Json] = msgspec.json.decode(text).get("vulnerabilities", [])
    return made


def _library_vulnerability(case: _Case) -> "LibraryVulnerability":
    from cyclonedx.model import XsUri  # noqa: PLC0415
    from cyclonedx.model import vulnerability as lib  # noqa: PLC0415

    about, fix = case.vulnerability, case.result.fix
    urls = [url for url in (iri(clean(reference)) for reference in about.references) if url]
    return lib.Vulnerability(
        bom_ref=clean(f"{about.id}/{case.ref}"),
        id=clean(about.id),
        source=_source(about.id),
        references=[lib.VulnerabilityReference(id=clean(alias), source=_source(alias)) for alias in about.aliases],
        ratings=_ratings(about),
        cwes=[int(found[1]) for found in map(_CWE.fullmatch, about.cwes) if found],
        description=clean(about.summary) or None,
        recommendation=clean(f"upgrade {case.component.name} to {fix.nearest}") if fix and fix.nearest else None,
        advisories=[lib.VulnerabilityAdvisory(url=XsUri(url)) for url in urls],
        published=about.published,
        updated=about.modified,
        analysis=_analysis(case.result),
        affects=[lib.BomTarget(ref=case.ref)],
        properties=_properties(about),
    )


def _source(identifier: str) -> Any:
    from cyclonedx.model import XsUri  # noqa: PLC0415
    from cyclonedx.model.vulnerability import VulnerabilitySource  # noqa: PLC0415

    name, base = _HOMES.get(identifier.partition("-")[0], _OSV)
    return VulnerabilitySource(name=name, url=XsUri(base + quote(clean(identifier))))


def _ratings(about: Vulnerability) -> "list[VulnerabilityRating]":
    from cyclonedx.model.vulnerability import VulnerabilityRating, VulnerabilitySeverity  # noqa: PLC0415

    if not about.cvss:
        return [VulnerabilityRating(severity=VulnerabilitySeverity(about.severity.value.lower()))]
    return [_rating(cvss) for cvss in about.cvss]


def _rating(cvss: Cvss) -> "VulnerabilityRating":
    from cyclonedx.model.vulnerability import (  # noqa: PLC0415
        VulnerabilityRating,
        VulnerabilityScoreSource,
        VulnerabilitySeverity,
        VulnerabilitySource,
    )

    rating = VulnerabilityRating(
        source=VulnerabilitySource(name=clean(cvss.source)) if cvss.source else None,
        score=Decimal(str(cvss.score)),
        severity=VulnerabilitySeverity(_of_score(cvss.score).value.lower()),
        vector=clean(cvss.vector) or None,
    )
    # Only now: given together with the vector, the method would cut off the vector's prefix.
    rating.method = VulnerabilityScoreSource(_METHODS.get(cvss.version, "other"))
    return rating


def _of_score(score: float) -> Severity:
    return next((severity for least, severity in _SCALE if score >= least), Severity.NONE)


def _properties(about: Vulnerability) -> list[Any]:
    from cyclonedx.model import Property  # noqa: PLC0415

    pairs: dict[str, str] = {}
    if about.epss:
        pairs |= {"govsec:epss": f"{about.epss.score:.5f}", "govsec:epss:date": about.epss.date.date().isoformat()}
    if about.kev:
        pairs["govsec:kev:added"] = about.kev.date_added.date().isoformat()
        pairs["govsec:kev:due"] = about.kev.due_date.date().isoformat()
    return [Property(name=name, value=value) for name, value in pairs.items()]


def _analysis(result: Result) -> "VulnerabilityAnalysis":
    from cyclonedx.model import impact_analysis as impact  # noqa: PLC0415
    from cyclonedx.model.vulnerability import VulnerabilityAnalysis  # noqa: PLC0415

    state, justification, detail = _state(result)
    return VulnerabilityAnalysis(
        state=impact.ImpactAnalysisState(state),
        justification=impact.ImpactAnalysisJustification(justification) if justification else None,
        detail=clean(detail) or None,
        first_issued=result.first_detected,
    )


def _state(result: Result) -> tuple[str, str, str]:
    """Analysis state, justification and detail."""
    if result.baseline_state is BaselineState.ABSENT:
        return "resolved", "", "no longer found since the baseline"
    accepted = [claim for claim in result.suppressions if claim.status is SuppressionStatus.ACCEPTED]
    for claim in accepted:
        if claim.origin == "vex":
            return _claimed(claim)
    for claim in accepted:
        return "exploitable", "", f"accepted risk ({claim.origin} {claim.origin_id}): {claim.justification}"
    return "in_triage", "", ""


def _claimed(claim: Suppression) -> tuple[str, str, str]:
    from cyclonedx.model.impact_analysis import ImpactAnalysisJustification  # noqa: PLC0415

    word = claim.justification.partition(":")[0].strip().lower()
    if word == _FALSE_POSITIVE:
        return _FALSE_POSITIVE, "", claim.justification
    own = _JUSTIFICATIONS.get(word, word)
    known = own in {justification.value for justification in ImpactAnalysisJustification}
    return "not_affected", own if known else "", claim.justification


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
    false_positive = _FALSE_POSITIVE if analysis.state == _FALSE_POSITIVE else ""
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
    return refs[ref] if ref in refs else component_ref(WireComponent(name=ref, purl=ref if _is_purl(ref) else ""))


def _is_purl(text: str) -> bool:
    return parse_purl(text) is not None


def _exact(component: ComponentRef, target: Affects, place: str) -> Iterator[str]:
    if not _is_purl(component.purl):
        return
    if component.version or not target.versions:
        yield component.purl
        return
    if any(version.range for version in target.versions):
        raise InputError(place, next_step="name the exact versions")
    yield from (f"{component.purl}@{v.version}" for v in target.versions if v.version and v.status != "unaffected")


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
    rules, refs = {one.id: _rule(one) for one in listed}, _refs(bom)
    return Imported(
        present=bom.vulnerabilities is not UNSET,
        tool=made_by[0].name if made_by else "",
        version=made_by[0].version if made_by else "",
        time=timestamp(bom),
        rules=tuple(rules[identifier] for identifier in sorted(rules)),
        results=tuple(result for one in listed for result in _results(one, rules[one.id], refs, location)),
    )


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
        level=_LEVELS[severity],
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
        return _of_score(rating.score or 0.0)
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
