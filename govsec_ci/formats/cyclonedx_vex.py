"""``vex.cdx.json``: the vulnerabilities of the dependency results with their analysis state.

Written through cyclonedx-python-lib; its traps: a score must be a ``Decimal``, a vector given with its method loses its
``CVSS:3.1/`` prefix, a bom-ref is random unless set.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec
from msgspec import Struct

from govsec_ci.errors import DefectError
from govsec_ci.formats.cyclonedx_read import is_purl
from govsec_ci.formats.cyclonedx_sbom import Head, metadata, with_serial
from govsec_ci.formats.cyclonedx_values import Json, clean, iri
from govsec_ci.formats.cyclonedx_wire import SPEC, validate, write
from govsec_ci.model import (
    BaselineState,
    ComponentRef,
    Cvss,
    Result,
    Run,
    Severity,
    Suppression,
    SuppressionStatus,
    Vulnerability,
)

if TYPE_CHECKING:
    from cyclonedx.model.vulnerability import Vulnerability as LibraryVulnerability
    from cyclonedx.model.vulnerability import VulnerabilityRating

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
FALSE_POSITIVE = "false_positive"
METHODS = {"2.0": "CVSSv2", "3.0": "CVSSv3", "3.1": "CVSSv31", "4.0": "CVSSv4"}
_HOMES = {
    "CVE": ("NVD", "https://nvd.nist.gov/vuln/detail/"),
    "GHSA": ("GitHub Advisories", "https://github.com/advisories/"),
}
_OSV = ("OSV", "https://osv.dev/vulnerability/")
# CVSS v3.1 section 5 and v4.0 section 6: lower bounds of the qualitative scale.
_SCALE = ((9.0, Severity.CRITICAL), (7.0, Severity.HIGH), (4.0, Severity.MEDIUM), (0.1, Severity.LOW))


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
    optional = {"purl": ref if is_purl(ref) else "", "version": clean(component.version)}
    return record | {key: value for key, value in optional.items() if value}


def _vulnerabilities(cases: Sequence[_Case]) -> list[Json]:
    """One record a case: what the library made of its vulnerability, and what is the case's own."""
    distinct = list({id(case.vulnerability): case.vulnerability for case in cases}.items())
    bodies: dict[int, Json] = {}
    # The library's time grows with the square of a document's size: so it gets many small ones.
    for start in range(0, len(distinct), _CHUNK):
        chunk = distinct[start : start + _CHUNK]
        made = _by_library([_library_vulnerability(about, str(key)) for key, about in chunk])
        bodies |= {int(body["bom-ref"]): body for body in made}
    records = [bodies[id(case.vulnerability)] | _own(case) for case in cases]
    return sorted(records, key=lambda one: str(one["bom-ref"]))


def _own(case: _Case) -> Json:
    fix = case.result.fix
    record: Json = {
        "bom-ref": clean(f"{case.vulnerability.id}/{case.ref}"),
        "affects": [{"ref": case.ref}],
        "analysis": _analysis(case.result),
    }
    if fix and fix.nearest:
        record["recommendation"] = clean(f"upgrade {case.component.name} to {fix.nearest}")
    return record


def _by_library(vulnerabilities: "list[LibraryVulnerability]") -> list[Json]:
    from cyclonedx.model.bom import Bom as LibraryBom  # noqa: PLC0415 — heavy, and not every command needs it
    from cyclonedx.output.json import JsonV1Dot6  # noqa: PLC0415

    text = JsonV1Dot6(LibraryBom(vulnerabilities=vulnerabilities)).output_as_string()
    made: list[Json] = msgspec.json.decode(text).get("vulnerabilities", [])
    return made


def _library_vulnerability(about: Vulnerability, ref: str) -> "LibraryVulnerability":
    from cyclonedx.model import XsUri  # noqa: PLC0415
    from cyclonedx.model import vulnerability as lib  # noqa: PLC0415

    urls = [url for url in (iri(clean(reference)) for reference in about.references) if url]
    return lib.Vulnerability(
        bom_ref=ref,
        id=clean(about.id),
        source=_source(about.id),
        references=[lib.VulnerabilityReference(id=clean(alias), source=_source(alias)) for alias in about.aliases],
        ratings=_ratings(about),
        cwes=[int(found[1]) for found in map(_CWE.fullmatch, about.cwes) if found],
        description=clean(about.summary) or None,
        advisories=[lib.VulnerabilityAdvisory(url=XsUri(url)) for url in urls],
        published=about.published,
        updated=about.modified,
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
        severity=VulnerabilitySeverity(of_score(cvss.score).value.lower()),
        vector=clean(cvss.vector) or None,
    )
    # Only now: given together with the vector, the method would cut off the vector's prefix.
    rating.method = VulnerabilityScoreSource(METHODS.get(cvss.version, "other"))
    return rating


def of_score(score: float) -> Severity:
    """The qualitative severity of a CVSS base score."""
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


def _analysis(result: Result) -> Json:
    state, justification, detail = _state(result)
    first = result.first_detected.isoformat() if result.first_detected else ""
    optional = {"justification": justification, "detail": clean(detail), "firstIssued": first}
    return {"state": state} | {key: value for key, value in optional.items() if value}


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
    if word == FALSE_POSITIVE:
        return FALSE_POSITIVE, "", claim.justification
    own = _JUSTIFICATIONS.get(word, word)
    known = own in {justification.value for justification in ImpactAnalysisJustification}
    return "not_affected", own if known else "", claim.justification
