"""Gates over the SBOM: ``sbom`` and ``licenses``."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from packaging.version import InvalidVersion, Version

from govsec_ci.formats.cyclonedx_check import BSI_FIELDS, CISA_FIELDS, drafted
from govsec_ci.formats.cyclonedx_read import DOCUMENT, NTIA_2021
from govsec_ci.gate.context import Context, Finding, gaps
from govsec_ci.gate.rulings import Rulings
from govsec_ci.gate.schema import LicensesGate, SbomGate
from govsec_ci.gate.texts import few, note
from govsec_ci.model import ComponentRef, Note, Role, Sbom, VerdictWord

ELEMENT_NAMES: Final = dict(
    zip(("supplier", "name", "version", "identifier", "dependencies", "author", "timestamp"), NTIA_2021, strict=True)
)
"""A profile's word for an element → the name by which ``Sbom.missing`` tells it."""
FIELD_NAMES: Final = dict(
    zip(
        (
            "no-vulnerabilities", "sbom-creator", "sbom-timestamp", "recursive", "completeness",
            "creator", "name", "version", "filename", "distribution-licences", "sha-512",
            "executable", "archive", "structured",
            "sbom-uri", "source-uri", "distribution-uri", "purl-or-cpe", "original-licences",
        ),
        BSI_FIELDS[1:],
        strict=True,
    )
) | dict(
    zip(("draft-hash", "draft-tool", "draft-context"), (drafted(field) for field in CISA_FIELDS), strict=True)
)  # fmt: skip
"""A profile's word for a field of BSI TR-03183-2 or of the CISA draft → the name by which ``Sbom.fields`` tells it."""
_KEY: Final = "{symbol.key}"
# These three can be read off the components themselves, whatever the reader of the SBOM has noted.
_OWN: Final = {"name": "name", "version": "version", "identifier": "purl"}


def sbom(context: Context, _rulings: Rulings, gate: SbomGate) -> Finding:
    """None is INCOMPLETE, one of another commit too; a wrong format is FAIL; missing elements as the gate rules."""
    wanted = (*gate.elements, *gate.fields)
    limit = note("sbom-whole", elements=", ".join(wanted)) if wanted else note("sbom-present")
    found = context.evidence.sbom
    if found is None:
        return Finding(
            verdict=VerdictWord.INCOMPLETE, observed=note("no-sbom"), limit=limit, notes=(note("sbom-missing"),)
        )
    missing: dict[str, tuple[str, ...]] = {one: purls for one in gate.elements if (purls := _missing(found, one))}
    missing |= {field: purls for field in gate.fields if (purls := _missing_field(found, field))}
    lacking = [_lacking(element, purls) for element, purls in missing.items()]
    wrong = _format(found, gate.formats)
    unknown = [*gaps(context, (Role.SBOM,)), *(_commit(context, found) if gate.same_commit else [])]
    unknown += [note("fields-unexamined")] if gate.fields and found.fields is None else []
    failed = wrong or (lacking and gate.missing == "fail")
    return Finding(
        verdict=VerdictWord.FAIL if failed else VerdictWord.INCOMPLETE if unknown or lacking else VerdictWord.PASS,
        observed=note("components", format=f"{found.format} {found.spec_version}", n=len(found.components)),
        limit=limit,
        offenders=tuple(f"{element}: {purl}" for element, purls in missing.items() for purl in purls),
        notes=(*wrong, *lacking, *unknown),
    )


def _lacking(element: str, purls: tuple[str, ...]) -> Note:
    if purls == (DOCUMENT,):
        return note("element-missing-document", element=element)
    return note("element-missing", element=element, n=len(purls), who=few(purls))


def _format(found: Sbom, formats: Mapping[str, str]) -> list[Note]:
    if not formats or _at_least(found.spec_version, formats.get(found.format)):
        return []
    return [note("sbom-format", format=f"{found.format} {found.spec_version}")]


def _at_least(version: str, least: str | None) -> bool:
    try:
        return least is not None and Version(version) >= Version(least)
    except InvalidVersion:
        return False


def _commit(context: Context, found: Sbom) -> list[Note]:
    subject = context.evidence.subject.commit
    if subject is None or found.commit == subject:
        return []
    if found.commit is None:
        return [note("sbom-no-commit")]
    return [note("sbom-commit", commit=found.commit, subject=subject)]


def _missing(found: Sbom, element: str) -> tuple[str, ...]:
    """Who lacks the element."""
    noted = found.missing.get(ELEMENT_NAMES[element], ())
    attribute = _OWN.get(element)
    own = [_told(c) for c in found.components if not getattr(c, attribute)] if attribute else []
    return tuple(sorted({*own, *noted}))


def _missing_field(found: Sbom, field: str) -> tuple[str, ...]:
    return (found.fields or {}).get(FIELD_NAMES[field], ())


def _told(component: ComponentRef) -> str:
    return component.purl or component.name or "?"


def licenses(context: Context, _rulings: Rulings, gate: LicensesGate) -> Finding:
    """Every component can be used under allowed licences: in an ``OR`` one arm is enough, in an ``AND`` all count."""
    found = context.evidence.sbom
    limit = note("licences-wanted")
    if found is None or found.licences is None:
        why = note("sbom-missing" if found is None else "licences-unexamined")
        return Finding(verdict=VerdictWord.INCOMPLETE, observed=note("no-sbom"), limit=limit, notes=(why,))
    told = {c.purl: found.licences.get(c.purl, "") for c in found.components}
    ruled = {purl: acceptable(text, gate.allowed, gate.denied) for purl, text in sorted(told.items())}
    refused = [purl for purl, truth in ruled.items() if truth is False]
    unknown = [purl for purl, truth in ruled.items() if truth is None and gate.unknown != "accept"]
    verdict = VerdictWord.PASS if not unknown else VerdictWord.INCOMPLETE
    failed = refused or (unknown and gate.unknown == "fail")
    return Finding(
        verdict=VerdictWord.FAIL if failed else verdict,
        observed=note("licences", n=len(refused) + len(unknown)),
        limit=limit,
        offenders=tuple(sorted(refused + unknown)),
        notes=(
            *(note("licence-unlisted", component=purl, licence=told[purl]) for purl in refused),
            *(note("licence-unknown", component=purl) for purl in unknown),
        ),
    )


@lru_cache(maxsize=4096)
def acceptable(expression: str, allowed: tuple[str, ...], denied: tuple[str, ...]) -> bool | None:
    """Whether an SPDX expression can be met; None where it cannot be read.

    An empty ``allowed`` allows every licence that is not denied.
    """
    licensing, parsed = _parse(expression)
    if parsed is None or any(_unheard(key, allowed, denied) for key in licensing.unknown_license_keys(parsed)):
        return None
    decided = parsed.subs(
        {
            symbol: licensing.TRUE if _is_fine(symbol.render(_KEY), allowed, denied) else licensing.FALSE
            for symbol in parsed.symbols
        }
    )
    return bool(decided.simplify() == licensing.TRUE)


def spelt(licence: str) -> str:
    """How SPDX spells a licence, with its exception where it has one; empty where it is none, or no single one."""
    if licence.startswith("LicenseRef-"):
        return licence
    licensing, parsed = _parse(licence)
    known = parsed is not None and parsed.isliteral and not licensing.unknown_license_keys(parsed)
    return str(parsed.render(_KEY)) if known else ""


def _parse(expression: str) -> tuple[Any, Any]:
    """The library's own reader, and what it makes of the expression: None where it cannot be read."""
    from license_expression import (  # noqa: PLC0415 — takes 0.1 s
        ExpressionError,
        get_spdx_licensing,
    )

    licensing = get_spdx_licensing()
    try:
        return licensing, licensing.parse(expression) if expression.strip() else None
    except (ExpressionError, ValueError, LookupError, AssertionError):  # the last two: of "()" and "(and x"
        return licensing, None


def _unheard(key: str, allowed: tuple[str, ...], denied: tuple[str, ...]) -> bool:
    """Whether an id that SPDX does not list is one of which the profile says nothing either."""
    return not (key.startswith("LicenseRef-") and (allowed or key in denied))


def _is_fine(key: str, allowed: tuple[str, ...], denied: tuple[str, ...]) -> bool:
    # An exception does not lift the refusal of its licence.
    base = key.partition(" WITH ")[0]
    return not {key, base} & set(denied) and (not allowed or key in allowed)
