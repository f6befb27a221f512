"""OSCAL 1.2.1 JSON (NIST): catalog, component-definition, assessment-results, plan of action and milestones.

Every UUID is derived from what it names (RFC 4122 version 5), so that the same decision is the same file.
"""

import json
import re
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from msgspec import Struct

from govsec_ci.model import Check, Verdict, VerdictWord

OSCAL_VERSION: Final = "1.2.1"
_SPACE: Final = uuid.UUID("2f6a7c0e-6b0a-5d9e-9a53-0d1c6f0f6a11")
_NAMESPACE: Final = "urn:govsec_ci:oscal"
_STATES: Final = {
    VerdictWord.PASS: ("satisfied", "pass"),
    VerdictWord.FAIL: ("not-satisfied", "fail"),
    VerdictWord.INCOMPLETE: ("not-satisfied", "other"),
}

Json = dict[str, Any]


class Control(Struct, frozen=True, kw_only=True):
    """One clause of one document, and the gates that ask for it.

    :param label: how sure the text is; :param origin: ``document`` or ``local``
    :param gates: (gate id, what it demands, why) in the language of the export
    """

    document: str
    clause: str
    title: str
    edition: str
    label: str
    origin: str
    gates: tuple[tuple[str, str, str], ...]

    @property
    def token(self) -> str:
        """Its id as an OSCAL token."""
        return token(self.document, self.clause)


class Source(Struct, frozen=True, kw_only=True):
    """What a profile says of itself: id, version, title, text, and the day that stands as last modification."""

    id: str
    version: str
    title: str
    text: str
    modified: datetime


class Item(Struct, frozen=True, kw_only=True):
    """One thing to be done (POA&M): an overdue result, or a risk that a waiver accepts for a time.

    :param due: until when; None where no deadline is known
    :param status: overdue, overdue-undecided; of a waiver risk-accepted (in-part: not by every profile that judged),
        refused, undecided, proposed or expired
    """

    key: str
    title: str
    description: str
    due: datetime | None = None
    owner: str = ""
    status: str = "open"


def token(*parts: str) -> str:
    """Names as one OSCAL token (a letter or ``_``, then letters, digits, ``.``, ``-``, ``_``)."""
    text = "_".join(re.sub(r"[^\w.\-]+", "-", part).strip("-") for part in parts)
    return text if re.match(r"[^\W\d]", text) else f"_{text}"


def catalog(source: Source, controls: Sequence[Control]) -> bytes:
    """The clauses of a profile, grouped by document."""
    documents = dict.fromkeys(control.document for control in controls)
    groups = [
        {
            "id": token("group", document),
            "title": document,
            "controls": [_control(control) for control in controls if control.document == document],
        }
        for document in documents
    ]
    return _write({"catalog": {"uuid": _uuid("catalog", source), "metadata": _metadata(source), "groups": groups}})


def _control(control: Control) -> Json:
    return {
        "id": control.token,
        "title": control.title,
        "props": [
            _property("document", control.document),
            _property("edition", control.edition or "not confirmed"),
            _property("clause", control.clause),
            _property("label", control.label),
            _property("origin", control.origin),
        ],
        "parts": [
            {"id": token(control.token, gate), "name": "statement", "title": demand, "prose": why}
            for gate, demand, why in control.gates
        ],
    }


def component_definition(source: Source, controls: Sequence[Control]) -> bytes:
    """Which gate implements which clause."""
    requirements = [
        {
            "uuid": _uuid("requirement", source, control.token),
            "control-id": control.token,
            "description": "\n".join(f"{gate}: {demand}" for gate, demand, _ in control.gates),
            "props": [_property("gate", gate) for gate, _, _ in control.gates],
        }
        for control in controls
    ]
    component = {
        "uuid": _uuid("component", source),
        "type": "validation",
        "title": f"govsec_ci, profile {source.id}",
        "description": source.text,
        "control-implementations": [
            {
                "uuid": _uuid("implementation", source),
                "source": f"{source.id}.catalog.json",
                "description": source.title,
                "implemented-requirements": requirements,
            }
        ],
    }
    body = {"uuid": _uuid("definition", source), "metadata": _metadata(source), "components": [component]}
    return _write({"component-definition": body})


def assessment_results(verdict: Verdict, files: Mapping[str, str]) -> bytes:
    """A verdict: one observation and one finding a check.

    :param files: bundle file → lower-case hex sha256, as relevant evidence
    """
    key = (verdict.subject.name, verdict.subject.commit or "", str(verdict.now), verdict.stage.value)
    controls = sorted({_target(check) for check in verdict.checks})
    selection: Json = (
        {"include-controls": [{"control-id": one} for one in controls]} if controls else {"include-all": {}}
    )
    result = {
        "uuid": _uuid("result", *key),
        "title": f"{verdict.verdict.value}: {verdict.subject.name}",
        "description": f"Gates of {', '.join(one.id for one in verdict.profiles)} at stage {verdict.stage.value}",
        "start": _time(verdict.now),
        "props": [_property("verdict", verdict.verdict.value), _property("stage", verdict.stage.value)],
        "reviewed-controls": {"control-selections": [selection]},
        "observations": [_observation(check, verdict, key, files) for check in verdict.checks],
        "findings": [_finding(check, key) for check in verdict.checks],
    }
    body = {
        "uuid": _uuid("assessment-results", *key),
        "metadata": _head(f"Assessment of {verdict.subject.name}", verdict.subject.version or "0", verdict.now),
        "import-ap": {"href": "inputs/profiles"},
        "results": [{name: value for name, value in result.items() if value != []}],
    }
    return _write({"assessment-results": body})


def _observation(check: Check, verdict: Verdict, key: tuple[str, ...], files: Mapping[str, str]) -> Json:
    evidence = [
        {"href": name, "description": f"sha256 {files[name]}"}
        for name in ("results.sarif", "sbom.cdx.json")
        if name in files
    ]
    found: Json = {
        "uuid": _uuid("observation", *key, check.profile, check.gate),
        "title": f"{check.profile}/{check.gate}",
        "description": f"observed {check.observed}; limit {check.limit}",
        "methods": ["TEST"],
        "collected": _time(verdict.now),
    }
    if evidence:
        found["relevant-evidence"] = evidence
    if check.reasons:
        found["remarks"] = "\n".join(check.reasons)
    return found


def _finding(check: Check, key: tuple[str, ...]) -> Json:
    state, reason = _STATES[check.verdict]
    return {
        "uuid": _uuid("finding", *key, check.profile, check.gate),
        "title": check.title,
        "description": f"{check.verdict.value}: {check.clause.document} {check.clause.id} ({check.clause.label})",
        "props": [
            _property("gate", check.gate),
            _property("mode", check.mode),
            _property("origin", check.clause.origin),
        ],
        "target": {"type": "objective-id", "target-id": _target(check), "status": {"state": state, "reason": reason}},
        "related-observations": [{"observation-uuid": _uuid("observation", *key, check.profile, check.gate)}],
    }


def _target(check: Check) -> str:
    return token(check.clause.document, check.clause.id)


def poam(verdict: Verdict, items: Sequence[Item]) -> bytes | None:
    """Waivers and overdue results; None where there is nothing to do, for a plan without items is not allowed."""
    if not items:
        return None
    key = (verdict.subject.name, str(verdict.now))
    body = {
        "uuid": _uuid("poam", *key),
        "metadata": _head(f"Plan of action for {verdict.subject.name}", verdict.subject.version or "0", verdict.now),
        "system-id": {"id": verdict.subject.name},
        "poam-items": [_item(item, key) for item in items],
    }
    return _write({"plan-of-action-and-milestones": body})


def _item(item: Item, key: tuple[str, ...]) -> Json:
    properties = [_property("status", item.status)]
    properties += [_property("due", _time(item.due))] if item.due else []
    properties += [_property("owner", item.owner)] if item.owner.strip() else []
    return {
        "uuid": _uuid("item", *key, item.key),
        "title": item.title,
        "description": item.description,
        "props": properties,
    }


def _metadata(source: Source) -> Json:
    return _head(source.title, source.version, source.modified)


def _head(title: str, version: str, modified: datetime) -> Json:
    return {"title": title, "last-modified": _time(modified), "version": version, "oscal-version": OSCAL_VERSION}


def _property(name: str, value: str) -> Json:
    return {"name": name, "ns": _NAMESPACE, "value": " ".join(value.split())}


def _uuid(kind: str, *key: object) -> str:
    parts = [f"{one.id}@{one.version}" if isinstance(one, Source) else str(one) for one in key]
    return str(uuid.uuid5(_SPACE, "\x1f".join((kind, *parts))))


def _time(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _write(body: Json) -> bytes:
    # "replace": of a file's name a byte may be left that has no UTF-8 form.
    return json.dumps(body, ensure_ascii=False, indent=2).encode("utf-8", "replace") + b"\n"
