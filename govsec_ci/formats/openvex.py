"""OpenVEX 0.2.0: statements in, and the state of every vulnerability out."""

import uuid
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct, field
from packageurl import PackageURL

from govsec_ci.errors import InputError
from govsec_ci.formats.products import elsewhere
from govsec_ci.model import (
    BaselineState,
    ComponentRef,
    Result,
    Run,
    Subject,
    Suppression,
    SuppressionStatus,
    VexStatement,
    Vulnerability,
)

CONTEXT = "https://openvex.dev/ns/v0.2.0"
_CONTEXTS = "https://openvex.dev/ns"
_Status = Literal["not_affected", "affected", "fixed", "under_investigation"]
# RFC 3339: one without a zone could be compared with none that has one.
_Moment = Annotated[datetime, Meta(tz=True)]
JUSTIFICATIONS = frozenset(
    {
        "component_not_present",
        "vulnerable_code_not_present",
        "vulnerable_code_not_in_execute_path",
        "vulnerable_code_cannot_be_controlled_by_adversary",
        "inline_mitigations_already_exist",
    }
)
"""The machine-readable reasons of OpenVEX (section "Status Justifications")."""


class _Identifiers(Struct, frozen=True):
    purl: str = ""


class _Component(Struct, frozen=True, kw_only=True):
    id: str = field(default="", name="@id")
    identifiers: _Identifiers = _Identifiers()
    subcomponents: tuple["_Component", ...] = ()


class _Vulnerability(Struct, frozen=True, kw_only=True):
    name: str
    id: str = field(default="", name="@id")
    aliases: tuple[str, ...] = ()


class _Statement(Struct, frozen=True, kw_only=True):
    vulnerability: _Vulnerability
    status: _Status
    id: str = field(default="", name="@id")
    products: tuple[_Component, ...] = ()
    justification: str = ""
    impact_statement: str = ""
    action_statement: str = ""
    status_notes: str = ""
    timestamp: _Moment | None = None
    last_updated: _Moment | None = None


class _Document(Struct, frozen=True, kw_only=True):
    context: str = field(name="@context")
    id: str = field(name="@id")
    author: str
    timestamp: _Moment
    version: int
    statements: tuple[_Statement, ...]
    last_updated: _Moment | None = None


def read_openvex(data: bytes, *, name: str = "VEX", subject: Subject | None = None) -> tuple[VexStatement, ...]:
    """The statements of an OpenVEX document; those of them that do not concern us say why.

    A statement about subcomponents speaks of these inside the product that it names, so one about another product than
    ours, or another version of it, has no effect. A statement about our product as a whole has no purls; one about a
    package has that package's.

    :param subject: what is judged; None believes that every product named is ours
    :raises InputError: it is no OpenVEX document; the message names the JSON path
    """
    try:
        document = msgspec.json.decode(data, type=_Document)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"{name}: no OpenVEX document: {error}") from error
    if not document.context.startswith(_CONTEXTS):
        raise InputError(f"{name}: $.@context: {document.context!r} is not that of OpenVEX")
    return tuple(
        _statement(statement, document, f"{name}: $.statements[{number}]", subject)
        for number, statement in enumerate(document.statements)
    )


def _statement(one: _Statement, document: _Document, where: str, subject: Subject | None) -> VexStatement:
    if one.status == "not_affected" and not (one.justification or one.impact_statement):
        raise InputError(f"{where}: not_affected needs a justification or an impact_statement")
    if one.justification and one.justification not in JUSTIFICATIONS:
        raise InputError(f"{where}.justification: {one.justification!r} is none of {', '.join(sorted(JUSTIFICATIONS))}")
    purls, why = _spoken_of(one.products, where, subject)
    return VexStatement(
        id=one.id or f"{document.id}#{where.rpartition('[')[2].rstrip(']')}",
        vulnerabilities=tuple(dict.fromkeys([one.vulnerability.name, *one.vulnerability.aliases])),
        purls=purls,
        elsewhere=why,
        status=one.status,
        justification=one.justification,
        detail=one.impact_statement or one.action_statement or one.status_notes,
        author=document.author,
        timestamp=one.last_updated or one.timestamp or document.last_updated or document.timestamp,
    )


def _spoken_of(products: Sequence[_Component], where: str, subject: Subject | None) -> tuple[tuple[str, ...], str]:
    """The purls that it speaks of, none for our whole product; and why it speaks of nothing here, or empty."""
    found: set[str] = set()
    reasons: list[str] = []
    for number, product in enumerate(products):
        path = f"{where}.products[{number}]"
        name, version = _name(product, path)
        why = elsewhere(name, version, subject)
        if product.subcomponents and not why:
            found.update(_purl(part, f"{path}.subcomponents[{n}]") for n, part in enumerate(product.subcomponents))
        elif product.subcomponents or (subject and not elsewhere(name, "", subject) and why):
            reasons.append(why)
        elif subject and not why:
            return (), ""
        else:
            found.add(_purl(product, path))
    return tuple(sorted(found)), "" if found or not reasons else reasons[0]


def _purl(component: _Component, path: str) -> str:
    text = component.identifiers.purl or component.id
    if not text:
        raise InputError(f"{path}: has neither @id nor identifiers")
    return text


def _name(component: _Component, path: str) -> tuple[str, str]:
    """Name and version of a purl; of any other identifier the last part, and no version."""
    text = _purl(component, path)
    try:
        purl = PackageURL.from_string(text)
    except ValueError:
        return text.rstrip("/").rpartition("/")[2], ""
    return purl.name, purl.version or ""


def write_openvex(runs: Iterable[Run], *, author: str, now: datetime, product: str, tool: str) -> bytes | None:
    """An OpenVEX document with the state of every vulnerability that a dependency result is about.

    An accepted VEX claim makes it ``not_affected``, another accepted claim ``affected`` with what was accepted, a
    result that is gone since the baseline ``fixed``; all else is ``under_investigation``. None where there is
    nothing to state, for a document without statements is not allowed.

    :param author: who vouches for it; :param product: purl of what was judged; :param tool: what made the document
    """
    statements = {key: statement for run in runs for key, statement in _states(run, product)}
    ordered = [statements[key] for key in sorted(statements)]
    if not ordered:
        return None
    moment = now.astimezone(UTC).isoformat().replace("+00:00", "Z")
    content = msgspec.json.encode([product, moment, ordered]).decode()
    document: dict[str, Any] = {
        "@context": CONTEXT,
        # By its content, so that the same evidence and clock give the same document.
        "@id": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, content)}",
        "author": author,
        "timestamp": moment,
        "version": 1,
        "tooling": tool,
        "statements": ordered,
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def _states(run: Run, product: str) -> Iterator[tuple[tuple[str, str], dict[str, Any]]]:
    known = {rule.id: rule.vulnerability for rule in run.rules if rule.vulnerability}
    for result in run.results:
        vulnerability = known.get(result.rule_id)
        if vulnerability is not None and result.component is not None:
            yield (vulnerability.id, result.component.purl), _written(vulnerability, result.component, result, product)


def _written(vulnerability: Vulnerability, component: ComponentRef, result: Result, product: str) -> dict[str, Any]:
    name: dict[str, Any] = {"name": vulnerability.id}
    if vulnerability.aliases:
        name["aliases"] = list(vulnerability.aliases)
    part = {"@id": component.purl, "identifiers": {"purl": component.purl}}
    products = [{"@id": product, "identifiers": {"purl": product}, "subcomponents": [part]}]
    return {"vulnerability": name, "products": products, **_state(result)}


def _state(result: Result) -> dict[str, str]:
    if result.baseline_state is BaselineState.ABSENT:
        return {"status": "fixed"}
    accepted = [claim for claim in result.suppressions if claim.status is SuppressionStatus.ACCEPTED]
    claim = next((claim for claim in accepted if claim.origin == "vex"), None)
    if claim is not None:
        return {"status": "not_affected", **_reason(claim)}
    if accepted:
        text = accepted[0].justification or "no reason given"
        return {"status": "affected", "action_statement": f"Accepted ({accepted[0].origin}): {text}"}
    return {"status": "under_investigation"}


def _reason(claim: Suppression) -> dict[str, str]:
    word, _, detail = claim.justification.partition(":")
    if word.strip() not in JUSTIFICATIONS:
        return {"impact_statement": claim.justification}
    reason = {"justification": word.strip()}
    return reason | {"impact_statement": detail.strip()} if detail.strip() else reason
