"""``vex.cdx.json``: the vulnerabilities of the dependency results with their analysis state.

Written without cyclonedx-python-lib, which took four seconds for ten thousand vulnerabilities and failed on an address
that is none; ``tests/unit/formats/test_cyclonedx_vex_library.py`` holds both to write the same.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
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

# OpenVEX's reasons (OpenVEX 0.2.0, "Status Justifications") in CycloneDX's words (impactAnalysisJustification).
_JUSTIFICATIONS: Mapping[str, str] = {
    "component_not_present": "code_not_present",
    "vulnerable_code_not_present": "code_not_present",
    "vulnerable_code_not_in_execute_path": "code_not_reachable",
    "vulnerable_code_cannot_be_controlled_by_adversary": "code_not_reachable",
    "inline_mitigations_already_exist": "protected_by_mitigating_control",
}
# CycloneDX 1.6, ``impactAnalysisJustification``.
JUSTIFICATIONS = frozenset(
    {
        "code_not_present", "code_not_reachable", "requires_configuration", "requires_dependency",
        "requires_environment", "protected_by_compiler", "protected_at_runtime", "protected_at_perimeter",
        "protected_by_mitigating_control",
    }
)  # fmt: skip
_ESCAPED = str.maketrans({"'": "%27"})  # as the library does
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
    """One record a case: what is known of its vulnerability, and what is the case's own."""
    bodies = {id(case.vulnerability): case.vulnerability for case in cases}
    records = {key: _about(vulnerability) for key, vulnerability in bodies.items()}
    every = [records[id(case.vulnerability)] | _own(case) for case in cases]
    return sorted(every, key=lambda one: str(one["bom-ref"]))


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


def _about(known: Vulnerability) -> Json:
    cwes = {int(found[1]) for found in map(_CWE.fullmatch, known.cwes) if found}
    urls = {iri(clean(reference)).translate(_ESCAPED) for reference in known.references} - {""}
    optional = {
        "description": clean(known.summary),
        "references": _each_once({"id": clean(alias), "source": _source(alias)} for alias in known.aliases),
        "cwes": sorted(cwes),
        "advisories": [{"url": url} for url in sorted(urls)],
        "published": known.published and known.published.isoformat(),
        "updated": known.modified and known.modified.isoformat(),
        "properties": _properties(known),
    }
    record: Json = {"id": clean(known.id), "source": _source(known.id), "ratings": _ratings(known)}
    return record | {key: value for key, value in optional.items() if value}


def _source(identifier: str) -> Json:
    name, base = _HOMES.get(identifier.partition("-")[0], _OSV)
    return {"name": name, "url": base + quote(clean(identifier))}


def _each_once(references: Iterable[Json]) -> list[Json]:
    found = {one["id"]: one for one in references}
    return [found[key] for key in sorted(found)]


def _ratings(known: Vulnerability) -> list[Json]:
    if not known.cvss:
        return [{"severity": known.severity.value.lower()}]
    ratings = {msgspec.json.encode(rating): rating for rating in map(_rating, known.cvss)}
    return sorted(ratings.values(), key=_order)


def _order(rating: Json) -> tuple[Any, ...]:
    """The library's order, in which nothing stands behind anything."""
    source, vector = rating.get("source", {}).get("name", ""), rating.get("vector", "")
    return rating["severity"], rating["score"], not source, source, rating["method"], not vector, vector


def _rating(cvss: Cvss) -> Json:
    source, vector = clean(cvss.source), clean(cvss.vector)
    record: Json = {"source": {"name": source}} if source else {}
    record |= {"score": cvss.score, "severity": of_score(cvss.score).value.lower()}
    record["method"] = METHODS.get(cvss.version, "other")
    return record | ({"vector": vector} if vector else {})


def of_score(score: float) -> Severity:
    """The qualitative severity of a CVSS base score."""
    return next((severity for least, severity in _SCALE if score >= least), Severity.NONE)


def _properties(known: Vulnerability) -> list[Json]:
    pairs: dict[str, str] = {}
    if known.epss:
        pairs |= {"govsec:epss": f"{known.epss.score:.5f}", "govsec:epss:date": known.epss.date.date().isoformat()}
    if known.kev:
        pairs["govsec:kev:added"] = known.kev.date_added.date().isoformat()
        pairs["govsec:kev:due"] = known.kev.due_date.date().isoformat()
    return [{"name": name, "value": pairs[name]} for name in sorted(pairs)]


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
    word = claim.justification.partition(":")[0].strip().lower()
    if word == FALSE_POSITIVE:
        return FALSE_POSITIVE, "", claim.justification
    own = _JUSTIFICATIONS.get(word, word)
    return "not_affected", own if own in JUSTIFICATIONS else "", claim.justification
