"""Small evidence for gate tests: everything is whole and in order unless a test says otherwise."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import msgspec

from govsec_ci.gate import profile
from govsec_ci.gate.evaluate import evaluate
from govsec_ci.model import (
    Check,
    ComponentRef,
    Evidence,
    FeedState,
    Fix,
    Invocation,
    Kev,
    Location,
    Region,
    Result,
    Role,
    Rule,
    Run,
    Sbom,
    ScanState,
    Severity,
    Ssvc,
    Stage,
    Subject,
    Suppression,
    SuppressionKind,
    SuppressionStatus,
    Verdict,
    Vulnerability,
    Waiver,
)

T = TypeVar("T", bound=msgspec.Struct)

NOW = datetime(2026, 4, 1, 12, tzinfo=UTC)
COMMIT = "a" * 40
FEEDS = ("osv", "kev", "epss", "vulnrichment")
PURL = "pkg:pypi/jinja2@3.1.4"


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def feed(name: str = "osv", *, age_days: float = 1, now: datetime = NOW) -> FeedState:
    return FeedState(feed=name, as_of=now - timedelta(days=age_days), sha256="0" * 64, records=1)


def run(role: Role = Role.SAST, results: Sequence[Result] = (), rules: Sequence[Rule] = (), **more: Any) -> Run:
    sca = role is Role.SCA
    fields: dict[str, Any] = {
        "id": role.value,
        "tool": f"tool-of-{role.value}",
        "version": "1",
        "role": role,
        "state": ScanState.COMPLETE,
        "commit": COMMIT,
        "invocation": Invocation(start=NOW - timedelta(hours=2), end=NOW - timedelta(hours=1)),
        "advisories": tuple(feed(name) for name in FEEDS) if sca else (),
        "audited": (PURL,) if sca else (),
        "targets": 1,
        "scope": 1,
        "results": tuple(results),
        "rules": tuple(rules),
    }
    return Run(**(fields | more))


def sbom(**more: Any) -> Sbom:
    fields: dict[str, Any] = {
        "format": "CycloneDX",
        "spec_version": "1.6",
        "commit": COMMIT,
        "timestamp": NOW,
        "components": (ComponentRef(name="jinja2", version="3.1.4", purl=PURL),),
        "licences": {PURL: "BSD-3-Clause"},
        "fields": {},
    }
    return Sbom(**(fields | more))


def code(severity: Severity = Severity.HIGH, *, key: str = "code-1", rule: str = "B602", **more: Any) -> Result:
    place = Location(path=more.pop("path", "app/main.py"), region=Region(start_line=3))
    fields: dict[str, Any] = {"fingerprints": {"govsec/v1": key}, "locations": (place,)}
    return Result(rule_id=rule, message="a weakness", severity=severity, **(fields | more))


def vulnerable(key: str = "dep-1", *, rule: str = "CVE-2024-0001", **more: Any) -> Result:
    fields: dict[str, Any] = {
        "severity": Severity.MEDIUM,
        "fingerprints": {"govsec/v1": key},
        "component": ComponentRef(name="jinja2", version="3.1.4", purl=PURL, direct=True),
        "fix": Fix(),
        "locations": (Location(path="requirements.txt", region=Region(start_line=1)),),
    }
    return Result(rule_id=rule, message="vulnerable", **(fields | more))


def rule(identifier: str = "CVE-2024-0001", *, kev: str | None = None, ssvc: str = "", **more: Any) -> Rule:
    """``kev`` is the day it was added; ``ssvc`` reads ``automatable/impact``, ``?`` for unknown."""
    points = [None if word == "?" else word for word in ssvc.split("/")] if ssvc else [None, None]
    entry = Kev(cve=identifier, date_added=day(kev), due_date=day(kev) + timedelta(days=21)) if kev else None
    vulnerability = Vulnerability(
        id=identifier,
        kev=entry,
        ssvc=Ssvc(automatable=points[0], technical_impact=points[1]) if ssvc else None,
        **more,
    )
    return Rule(id=identifier, vulnerability=vulnerability)


def evidence(*runs: Run, **more: Any) -> Evidence:
    """Whole runs of the four usual roles; those given replace the run of their role."""
    given = {own.role for own in runs}
    usual = (Role.SAST, Role.SCA, Role.SBOM, Role.PIPELINE)
    whole = (*runs, *(run(role) for role in usual if role not in given))
    fields: dict[str, Any] = {
        "subject": Subject(name="example", version="1.0", commit=COMMIT, dirty=False),
        "runs": whole,
        "sbom": sbom(),
        "expected": {own.id: own.role for own in whole},
    }
    return Evidence(**(fields | more))


def judge(
    given: Evidence, *profiles: str | profile.Profile, now: datetime = NOW, stage: Stage = Stage.BUILD
) -> Verdict:
    loaded = [profile.load(one) if isinstance(one, str) else one for one in profiles]
    return evaluate(given, loaded, now=now, stage=stage, engine="govsec_ci test")


def check(verdict: Verdict, gate: str) -> Check:
    (found,) = [own for own in verdict.checks if own.gate == gate]
    return found


def nosec(reason: str = "input is a constant", test: str = "B602") -> Suppression:
    return Suppression(
        kind=SuppressionKind.IN_SOURCE,
        status=SuppressionStatus.ACCEPTED,
        justification=reason,
        origin="nosec",
        origin_id=test,
    )


def waiver(**more: Any) -> Waiver:
    fields: dict[str, Any] = {
        "id": "W-1",
        "reason": "not reachable",
        "owner": "owner@example.go.jp",
        "approver": "approver@example.go.jp",
        "ticket": "T-1",
        "created": day("2026-03-01"),
        "expires": day("2026-06-01"),
        "plan": "update in May",
        "vulnerability": "CVE-2024-0001",
        "component": "jinja2",
        "versions": "==3.1.4",
    }
    return Waiver(**(fields | more))


PROFILE = """\
schema = 1
id = "trial"
version = "1"
status = "verified"
jurisdiction = "none"
unknown-severity = "as-high"
title = { en = "Trial", ja = "試行" }
text = { en = "Trial", ja = "試行" }
[[documents]]
id = "Doc"
title = { en = "Doc", ja = "文書" }
publisher = { en = "We", ja = "当方" }
edition = "1"
label = "verified"
"""
GATE = """\
[[gates]]
id = "it"
stages = ["commit", "build", "release"]
clause = { id = "1", document = "Doc" }
title = { en = "t", ja = "題" }
text = { en = "t", ja = "文" }
next = { en = "n", ja = "次" }
"""


def trial(gate: str, *, head: str = "", **replaced: str) -> profile.Profile:
    """A profile with one gate ``it``: ``gate`` holds its own keys; ``head`` top-level tables, before the gates."""
    text = PROFILE
    for key, value in replaced.items():
        name = key.replace("_", "-")
        lines = [f"{name} = {value}" if line.startswith(f"{name} =") else line for line in text.splitlines()]
        text = "\n".join(lines) + "\n"
    return load_text(text + head + "\n" + GATE + gate)


def load_text(text: str) -> profile.Profile:
    return profile.loads(text.encode(), "trial.toml")


def replace(value: T, **changes: Any) -> T:
    return msgspec.structs.replace(value, **changes)
