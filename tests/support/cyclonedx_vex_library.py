"""What cyclonedx-python-lib writes of a vulnerability: the yardstick of ``vex.cdx.json``.

Its traps: a score must be a ``Decimal``, a vector given with its method loses its ``CVSS:3.1/`` prefix, a bom-ref is
random unless set.
"""

import json
import re
from decimal import Decimal
from typing import Any

from cyclonedx.model import Property, XsUri
from cyclonedx.model import vulnerability as lib
from cyclonedx.model.bom import Bom
from cyclonedx.output.json import JsonV1Dot6

from govsec_ci.model import Cvss, Vulnerability

_METHODS = {"2.0": "CVSSv2", "3.0": "CVSSv3", "3.1": "CVSSv31", "4.0": "CVSSv4"}
_SOURCES = {
    "CVE": ("NVD", "https://nvd.nist.gov/vuln/detail/"),
    "GHSA": ("GitHub Advisories", "https://github.com/advisories/"),
}


def by_library(known: Vulnerability) -> Any:
    """The JSON object of one vulnerability, without its bom-ref."""
    made = lib.Vulnerability(
        bom_ref="x",
        id=known.id,
        source=_source(known.id),
        references=[lib.VulnerabilityReference(id=alias, source=_source(alias)) for alias in known.aliases],
        ratings=_ratings(known),
        cwes=[int(cwe.removeprefix("CWE-")) for cwe in known.cwes if re.fullmatch("CWE-[1-9][0-9]*", cwe)],
        description=known.summary or None,
        advisories=[lib.VulnerabilityAdvisory(url=XsUri(url)) for url in known.references],
        published=known.published,
        updated=known.modified,
        properties=_properties(known),
    )
    (found,) = json.loads(JsonV1Dot6(Bom(vulnerabilities=[made])).output_as_string())["vulnerabilities"]
    del found["bom-ref"]
    return found


def _source(identifier: str) -> lib.VulnerabilitySource:
    name, base = _SOURCES.get(identifier.partition("-")[0], ("OSV", "https://osv.dev/vulnerability/"))
    return lib.VulnerabilitySource(name=name, url=XsUri(base + identifier))


def _ratings(known: Vulnerability) -> list[lib.VulnerabilityRating]:
    if not known.cvss:
        return [lib.VulnerabilityRating(severity=lib.VulnerabilitySeverity(known.severity.value.lower()))]
    return [_rating(cvss) for cvss in known.cvss]


def _rating(cvss: Cvss) -> lib.VulnerabilityRating:
    bounds = ((9.0, "critical"), (7.0, "high"), (4.0, "medium"), (0.1, "low"), (0.0, "none"))
    rating = lib.VulnerabilityRating(
        source=lib.VulnerabilitySource(name=cvss.source) if cvss.source else None,
        score=Decimal(str(cvss.score)),
        severity=lib.VulnerabilitySeverity(next(name for least, name in bounds if cvss.score >= least)),
        vector=cvss.vector or None,
    )
    rating.method = lib.VulnerabilityScoreSource(_METHODS.get(cvss.version, "other"))
    return rating


def _properties(known: Vulnerability) -> list[Property]:
    pairs = {}
    if known.epss:
        pairs["govsec:epss"] = f"{known.epss.score:.5f}"
        pairs["govsec:epss:date"] = f"{known.epss.date:%Y-%m-%d}"
    if known.kev:
        pairs["govsec:kev:added"] = f"{known.kev.date_added:%Y-%m-%d}"
        pairs["govsec:kev:due"] = f"{known.kev.due_date:%Y-%m-%d}"
    return [Property(name=name, value=value) for name, value in pairs.items()]
