"""Gates over the SBOM: ``sbom`` and ``licenses``."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from packaging.version import InvalidVersion, Version

from govsec_ci.gate.context import Context, Finding
from govsec_ci.gate.rulings import Rulings
from govsec_ci.gate.schema import LicensesGate, SbomGate
from govsec_ci.gate.texts import note
from govsec_ci.model import ComponentRef, Note, Sbom, VerdictWord

# These three can be read off the components themselves, whatever the reader of the SBOM has noted.
_OWN: Final = {"name": "name", "version": "version", "identifier": "purl"}


def sbom(context: Context, _rulings: Rulings, gate: SbomGate) -> Finding:
    """None is INCOMPLETE; one of another commit too; one of a wrong format, or with elements missing, is FAIL."""
    limit = note("sbom-whole", elements=", ".join(gate.elements)) if gate.elements else note("sbom-present")
    found = context.evidence.sbom
    if found is None:
        return Finding(
            verdict=VerdictWord.INCOMPLETE, observed=note("no-sbom"), limit=limit, notes=(note("sbom-missing"),)
        )
    wrong = _format(found, gate.formats)
    offenders: list[str] = []
    unexamined = _commit(context, found) if gate.same_commit else []
    for element in gate.elements:
        missing = _missing(found, element)
        if missing is None:
            unexamined.append(note("element-unexamined", element=element))
        elif missing:
            wrong.append(note("element-missing", element=element, n=len(missing)))
            offenders += [f"{element}: {purl}" for purl in missing]
    return Finding(
        verdict=VerdictWord.FAIL if wrong else VerdictWord.INCOMPLETE if unexamined else VerdictWord.PASS,
        observed=note("components", format=f"{found.format} {found.spec_version}", n=len(found.components)),
        limit=limit,
        offenders=tuple(offenders),
        notes=(*wrong, *unexamined),
    )


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


def _missing(found: Sbom, element: str) -> tuple[str, ...] | None:
    """Who lacks the element; None where nobody looked."""
    noted = found.missing.get(element)
    if element not in _OWN:
        return None if noted is None else tuple(sorted(noted))
    own = [_told(component) for component in found.components if not getattr(component, _OWN[element])]
    return tuple(sorted({*own, *(noted or ())}))


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
    from license_expression import (  # type: ignore[import-untyped]  # noqa: PLC0415 — takes 0.1 s
        ExpressionError,
        get_spdx_licensing,
    )

    licensing = get_spdx_licensing()
    try:
        parsed = licensing.parse(expression, validate=True) if expression.strip() else None
    except (ExpressionError, ValueError):
        return None
    if parsed is None:
        return None
    decided = parsed.subs({symbol: _decide(licensing, str(symbol.key), allowed, denied) for symbol in parsed.symbols})
    return bool(decided.simplify() == licensing.TRUE)


def _decide(licensing: object, key: str, allowed: tuple[str, ...], denied: tuple[str, ...]) -> object:
    fine = key not in denied and (not allowed or key in allowed)
    return getattr(licensing, "TRUE" if fine else "FALSE")
