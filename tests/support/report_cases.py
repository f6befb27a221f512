"""A verdict and its evidence, made by hand: what report tests start from."""

from datetime import UTC, datetime

from msgspec import structs

from govsec_ci.model import (
    Artifact,
    BaselineState,
    Check,
    Clause,
    ComponentRef,
    Confidence,
    Cvss,
    Evidence,
    FeedState,
    Fix,
    Kev,
    Level,
    Location,
    Notification,
    ProfileRef,
    Region,
    Result,
    Role,
    Rule,
    Run,
    RunSummary,
    Sbom,
    ScanState,
    Severity,
    Stage,
    Subject,
    Suppression,
    SuppressionKind,
    SuppressionStatus,
    Verdict,
    VerdictWord,
    Vulnerability,
    Waiver,
)
from govsec_ci.report.view import View, build

NOW = datetime(2026, 4, 1, 9, 0, tzinfo=UTC)
HOSTILE = (
    "<script>alert(1)</script>|`x`**b** [l](javascript:alert(1)) ![i](http://e.example/x) "
    "@root \x1b[31m\u202egnp\u2066\n# h\x00"
)


def at(path: str, line: int, column: int | None = None) -> tuple[Location, ...]:
    return (Location(path=path, region=Region(start_line=line, start_column=column)),)


def static(key: str, *, severity: Severity = Severity.HIGH, line: int = 12, **more: object) -> Result:
    given: dict[str, object] = {
        "rule_id": "B602",
        "message": "subprocess call with shell=True identified, security issue.",
        "level": Level.ERROR,
        "severity": severity,
        "confidence": Confidence.HIGH,
        "locations": at("app/backup.py", line, 5),
        "fingerprints": {"govsec/v1": key},
    }
    return Result(**(given | more))  # type: ignore[arg-type]


def dependency(key: str, vulnerability: str, *, fixed: str | None = "3.2.25", **more: object) -> Result:
    given: dict[str, object] = {
        "rule_id": vulnerability,
        "message": "SQL injection through a crafted order_by.",
        "severity": Severity.CRITICAL,
        "locations": at("requirements.txt", 3),
        "fingerprints": {"govsec/v1": key},
        "component": ComponentRef(name="django", version="3.2.0", purl="pkg:pypi/django@3.2.0", direct=True),
        "fix": Fix(nearest=fixed, versions=(fixed,)) if fixed else Fix(),
    }
    return Result(**(given | more))  # type: ignore[arg-type]


def vulnerability_rule(identifier: str) -> Rule:
    known = Vulnerability(
        id=identifier,
        aliases=("GHSA-aaaa-bbbb-cccc",),
        summary="SQL injection",
        severity=Severity.CRITICAL,
        cvss=(Cvss(version="3.1", vector="CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", score=9.8, source="GHSA"),),
        kev=Kev(
            cve=identifier, date_added=datetime(2026, 3, 1, tzinfo=UTC), due_date=datetime(2026, 3, 22, tzinfo=UTC)
        ),
    )
    return Rule(id=identifier, short="SQL injection in Django", vulnerability=known, help_uri="https://osv.example/x")


def bandit_run(*results: Result, **more: object) -> Run:
    given: dict[str, object] = {
        "id": "bandit",
        "tool": "bandit",
        "version": "1.9.4",
        "role": Role.SAST,
        "state": ScanState.COMPLETE,
        "rules": (Rule(id="B602", name="subprocess_popen_with_shell_equals_true", short="A shell runs a command"),),
        "results": results,
        "artifacts": (Artifact(path="app/backup.py", sha256="0" * 64, length=100),),
        "targets": 12,
        "scope": 12,
    }
    return Run(**(given | more))  # type: ignore[arg-type]


def audit_run(*results: Result, **more: object) -> Run:
    given: dict[str, object] = {
        "id": "pip-audit",
        "tool": "pip-audit",
        "version": "2.10.1",
        "role": Role.SCA,
        "state": ScanState.COMPLETE,
        "rules": tuple(vulnerability_rule(one.rule_id) for one in results),
        "results": results,
        "targets": 8,
        "scope": 8,
    }
    return Run(**(given | more))  # type: ignore[arg-type]


def clause(**more: object) -> Clause:
    given: dict[str, object] = {"id": "7.2.1(1)", "document": "統一基準", "edition": "2025", "label": "memory"}
    return Clause(**(given | more))  # type: ignore[arg-type]


def check(word: VerdictWord, *results: str, **more: object) -> Check:
    given: dict[str, object] = {
        "gate": "known-vulnerabilities",
        "profile": "jp-gov",
        "kind": "results",
        "title": "No known vulnerability is open",
        "verdict": word,
        "observed": f"{len(results)} results",
        "limit": "at most 0 results",
        "clause": clause(),
        "results": results,
        "next_step": "raise the component",
    }
    return Check(**(given | more))  # type: ignore[arg-type]


FEED = FeedState(feed="osv-pypi", as_of=datetime(2026, 3, 30, tzinfo=UTC), sha256="a" * 64, records=25_000)


def verdict(word: VerdictWord, *checks: Check, **more: object) -> Verdict:
    given: dict[str, object] = {
        "verdict": word,
        "now": NOW,
        "stage": Stage.BUILD,
        "engine": "govsec_ci 0.1.0",
        "subject": Subject(name="facility-booking", version="1.2", commit="c" * 40, dirty=False),
        "profiles": (ProfileRef(id="jp-gov", version="1.0.0", status="unverified", sha256="b" * 64),),
        "checks": checks,
        "runs": (),
        "advisories": (FEED,),
        "counts": {"results": 3},
    }
    return Verdict(**(given | more))  # type: ignore[arg-type]


def evidence(*runs: Run, **more: object) -> Evidence:
    return Evidence(subject=Subject(name="facility-booking"), runs=runs, **more)  # type: ignore[arg-type]


WAIVER = Waiver(
    id="W-1",
    reason="only reachable from the console",
    owner="app team",
    approver="CISO office",
    ticket="T-7",
    created=datetime(2026, 1, 1, tzinfo=UTC),
    expires=datetime(2026, 6, 30, tzinfo=UTC),
    plan="move to the new client in June",
    rule="B602",
    path="app/backup.py",
)


def claim(status: SuppressionStatus = SuppressionStatus.ACCEPTED, **more: object) -> Suppression:
    given: dict[str, object] = {
        "kind": SuppressionKind.EXTERNAL,
        "status": status,
        "justification": "only reachable from the console",
        "origin": "waiver",
        "origin_id": "W-1",
    }
    return Suppression(**(given | more))  # type: ignore[arg-type]


def failing(lang: str = "en") -> View:
    """FAIL by two gates, one more INCOMPLETE; a suppressed result, a new one and an upgrade."""
    judged, proof = failing_parts()
    return build(judged, proof, (), lang=lang)


def failing_parts() -> tuple[Verdict, Evidence]:
    shell = static("s1", baseline_state=BaselineState.NEW, first_detected=datetime(2026, 2, 1, tzinfo=UTC))
    waived = static("s2", line=40, suppressions=(claim(),))
    lesser = static("s3", line=50, severity=Severity.LOW)
    sql = dependency("d1", "CVE-2026-0001")
    unfixed = dependency("d2", "CVE-2026-0002", fixed=None, severity=Severity.UNKNOWN)
    unread = Notification(
        id="file-not-parsed",
        level=Level.ERROR,
        text="app/old.py: does not parse",
        location=Location(path="app/old.py", region=Region(start_line=7)),
        next_step="mend the syntax, or take the file out of scope by name, owner and reason",
    )
    checks = (
        check(VerdictWord.PASS, gate="sbom", kind="sbom", title="An SBOM is there", observed="8 components"),
        check(VerdictWord.INCOMPLETE, gate="static-ran", kind="scans", title="Static analysis ran", observed="0 of 1"),
        check(VerdictWord.FAIL, "d1", "d2", due={"d1": datetime(2026, 3, 22, tzinfo=UTC)}),
        check(VerdictWord.FAIL, "s1", gate="static-high", title="No high result of static analysis"),
        check(VerdictWord.FAIL, "s3", gate="static-low", title="Few low results", mode="warn"),
    )
    runs = (
        bandit_run(shell, waived, lesser, state=ScanState.INCOMPLETE, notifications=(unread,), targets=11),
        audit_run(sql, unfixed),
    )
    summaries = tuple(
        RunSummary(
            id=run.id, tool=run.tool, version=run.version, role=run.role, state=run.state,
            complete=run.state is ScanState.COMPLETE, targets=run.targets, scope=run.scope, results=len(run.results),
        )
        for run in runs
    )  # fmt: skip
    proof = evidence(*runs, baseline=True, waivers=(WAIVER,), sbom=sbom())
    return verdict(VerdictWord.FAIL, *checks, runs=summaries), proof


def sbom() -> Sbom:
    parts = tuple(ComponentRef(name=name, version="1.0", purl=f"pkg:pypi/{name}@1.0") for name in ("a", "b", "c"))
    return Sbom(
        format="CycloneDX", spec_version="1.6", commit="c" * 40, timestamp=NOW, components=parts,
        missing={"supplier": ("pkg:pypi/a@1.0",)},
    )  # fmt: skip


def passing(lang: str = "en") -> View:
    """PASS, with nothing to say."""
    judged = verdict(VerdictWord.PASS, check(VerdictWord.PASS), counts={"results": 0})
    return build(judged, evidence(bandit_run(), audit_run()), (), lang=lang)


def hostile(lang: str = "en") -> View:
    """FAIL with hostile text in every place that the judged tree, a tool or a waiver can fill."""
    bad = static("h1", message=HOSTILE, rule_id=HOSTILE, locations=at(HOSTILE, 1, 1))
    waived = static("h2", message="W" * 1_000_000, suppressions=(claim(justification=HOSTILE, origin_id=HOSTILE),))
    component = ComponentRef(name=HOSTILE, version=HOSTILE, purl="pkg:pypi/x@1")
    package = dependency("h3", HOSTILE, component=component, message=HOSTILE)
    note = Notification(
        id="n", level=Level.ERROR, text=HOSTILE, location=Location(path="W" * 1_000_000), next_step=HOSTILE
    )
    rule = Rule(id=HOSTILE, short=HOSTILE, help_uri="javascript:alert(1)")
    runs = (
        bandit_run(bad, waived, notifications=(note,), tool=HOSTILE, rules=(rule,)),
        audit_run(package),
    )  # fmt: skip
    checks = (
        check(
            VerdictWord.FAIL, "h1", "h3", title=HOSTILE, observed=HOSTILE, offenders=(HOSTILE,), reasons=(HOSTILE,),
            next_step=HOSTILE, clause=clause(id=HOSTILE, document=HOSTILE),
        ),
        check(VerdictWord.INCOMPLETE, offenders=(HOSTILE,), gate=HOSTILE, reasons=(HOSTILE,)),
    )  # fmt: skip
    judged = verdict(VerdictWord.FAIL, *checks)
    judged = structs.replace(judged, subject=Subject(name=HOSTILE, version=HOSTILE, commit=HOSTILE))
    return build(judged, evidence(*runs, policy_changes=(HOSTILE,)), (), lang=lang)
