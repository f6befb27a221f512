"""Dependency audit: pip-audit's Auditor over the components of the manifests, against our advisory index.

OSV lists only what is vulnerable: a component that is not on the public index would always come out clean. It is
skipped with a reason, named, and makes the run incomplete, unless the configuration declares how it is audited.
"""

import os
from collections.abc import Iterable
from pathlib import Path

import msgspec
from packaging.utils import canonicalize_name
from packaging.version import Version

from govsec_ci.config import DeclaredSource
from govsec_ci.errors import ToolError
from govsec_ci.formats import upgrades
from govsec_ci.model import (
    Component,
    ComponentRef,
    Invocation,
    Level,
    Notification,
    Result,
    Role,
    Rule,
    Run,
    ScanState,
    Severity,
    Stage,
    Vulnerability,
    level_of,
)
from govsec_ci.scanners import answers
from govsec_ci.scanners import pip_audit_wire as wire
from govsec_ci.scanners.base import ScanOutput, ScanRequest
from govsec_ci.scanners.product import undeclared
from govsec_ci.scanners.runs import error, manifest_artifacts, printable, state_of, tool_version, utc_now
from govsec_ci.scanners.tracked import hidden_manifests
from govsec_ci.system import process
from govsec_ci.system.files import sha256_file

# For a severity that comes as a word and without a score: the middle of GitHub's band. Ours, no document's.
_SCORES = {Severity.CRITICAL: "9.5", Severity.HIGH: "8.0", Severity.MEDIUM: "5.5", Severity.LOW: "2.0"}
_WHY_NOT = {
    "vcs": "it comes from a version control system, not from the public package index",
    "path": "it comes from a local path, not from the public package index",
    "url": "it comes from a URL, not from the public package index",
    "private-index": "it comes from a private package index",
}
_SHOWN_CHARACTERS = 100
_WAY_OUT = "lock it, audit an installed environment with --environment, or declare in the configuration who audits it"


class PipAuditScanner:
    """The scanner ``pip-audit``."""

    id = "pip-audit"
    role = Role.SCA

    def scan(self, request: ScanRequest) -> ScanOutput:
        """See :class:`govsec_ci.scanners.base.Scanner`."""
        started = utc_now()
        components = unique(component for manifest in request.manifests for component in manifest.components)
        carried = [*_carried(request, components), *hidden_manifests(request)]
        proof = _proof(request, components, carried)
        if proof:
            return ScanOutput(run=_not_applicable(request, proof, carried))
        notifications = [*carried, *_no_manifest(request), *_no_advisories(request)]
        answer, told = _audit(request, components)
        declared = _declared(request)
        notifications += [*told, *_skipped(request, components, answer, declared)]
        results, rules = _results(components, answer)
        run = Run(
            id=self.id,
            tool="pip-audit",
            version=tool_version("pip-audit"),
            role=self.role,
            state=_state(request, tuple(notifications)),
            tool_uri="https://github.com/pypa/pip-audit",
            rules=rules,
            results=results,
            notifications=tuple(notifications),
            invocation=Invocation(start=started, end=utc_now(), arguments=("pip-audit",)),
            artifacts=manifest_artifacts(request),
            targets=len(answer.audited),
            scope=len(components),
            commit=request.checkout.commit if request.checkout else None,
            advisories=answer.feeds,
            audited=tuple(sorted(components[number].purl for number in answer.audited)),
            declared=tuple(sorted(c.purl for c in components if _why_not(c) and c.name in declared)),
            properties={
                "coverage": f"{len(answer.audited)} of {len(components)} components audited",
                **upgrades.write({components[number].purl: found for number, found in answer.upgrades.items()}),
            },
        )
        return ScanOutput(run=run)


def unique(components: Iterable[Component]) -> list[Component]:
    """One entry a name, version and source, in order of first appearance; one that some manifest asks for is direct."""
    found: dict[tuple[str, str | None, str], Component] = {}
    for component in components:
        key = (component.name, component.version, component.source)
        known = found.setdefault(key, component)
        if component.direct and not known.direct:
            found[key] = msgspec.structs.replace(known, direct=True)
    return list(found.values())


def _why_not(component: Component) -> str:
    """Why a component cannot be looked up, or empty."""
    if component.source != "index":
        return _WHY_NOT.get(component.source, f"it comes from {component.source}, not from the public package index")
    if component.version is None:
        return "no exact version is pinned"
    try:
        Version(component.version)
    except ValueError:  # also for a number of more digits than Python converts
        return f"{component.version[:_SHOWN_CHARACTERS]!r} is not a version (PEP 440)"
    return ""


def _declared(request: ScanRequest) -> dict[str, DeclaredSource]:
    """By normalised name (PEP 503): ``My_Package`` in the settings is the component ``my-package``."""
    return {str(canonicalize_name(entry.name.strip())): entry for entry in request.config.declared}


def _carried(request: ScanRequest, components: list[Component]) -> list[Notification]:
    """What reading the manifests said, less what :func:`_skipped` says of the same component and line."""
    skipped = {(c.name, c.location) for c in components if _why_not(c)}
    return [
        notification
        for manifest in request.manifests
        for notification in manifest.notifications
        if (notification.properties.get("component", ""), notification.location) not in skipped
    ]


def _proof(request: ScanRequest, components: list[Component], carried: list[Notification]) -> str:
    """Why there is nothing to audit, where that is so: manifests that could be read, and name no component."""
    if components or undeclared(request) or state_of(tuple(carried)) is ScanState.INCOMPLETE:
        return ""
    return f"no dependency is declared: {', '.join(manifest.path for manifest in request.manifests)}"


def _not_applicable(request: ScanRequest, proof: str, notifications: list[Notification]) -> Run:
    return Run(
        id=PipAuditScanner.id,
        tool="pip-audit",
        version=tool_version("pip-audit"),
        role=PipAuditScanner.role,
        state=ScanState.NOT_APPLICABLE,
        proof=proof,
        notifications=tuple(notifications),
        commit=request.checkout.commit if request.checkout else None,
    )


def _no_manifest(request: ScanRequest) -> list[Notification]:
    if not undeclared(request):
        return []
    text = "nothing says what this project depends on: no dependency manifest was found"
    return [error("no-manifest", text, next_step="add a lock file or a requirements.txt with exact versions")]


def _no_advisories(request: ScanRequest) -> list[Notification]:
    if _has_source(request):
        return []
    why = request.advisories_problem or "there is no advisory data"
    return [
        Notification(
            id="no-advisories",
            level=Level.WARNING if request.stage is Stage.COMMIT else Level.ERROR,
            text=f"no component was audited: {why}",
            next_step="run `govsec advisories sync`, or name a folder or zip of OSV records with --advisories PATH",
        )
    ]


def _has_source(request: ScanRequest) -> bool:
    return request.advisories is not None or bool(request.online)


def _state(request: ScanRequest, notifications: tuple[Notification, ...]) -> ScanState:
    return state_of(notifications) if _has_source(request) else ScanState.INCOMPLETE


def _skipped(
    request: ScanRequest, components: list[Component], answer: wire.Answer, declared: dict[str, DeclaredSource]
) -> list[Notification]:
    """What was not looked up: for our own reasons, or for those of an online service."""
    said = {
        (notification.properties.get("component"), notification.location): notification
        for manifest in request.manifests
        for notification in manifest.notifications
    }
    found = []
    for number, component in enumerate(components):
        why = _why_not(component) or answer.skipped.get(number, "")
        if why and component.name in declared:
            found.append(_is_declared(component, declared[component.name], why))
        elif why:
            found.append(_not_audited(component, why, said.get((component.name, component.location))))
    return found


def _is_declared(component: Component, entry: DeclaredSource, why: str) -> Notification:
    return Notification(
        id="declared",
        level=Level.NOTE,
        text=f"{_label(component)} was not audited here ({why}): {entry.reason} (owner: {entry.owner})",
        location=component.location,
        properties={
            "component": component.name, "purl": component.purl, "owner": entry.owner, "reason": entry.reason,
        },
    )  # fmt: skip


def _not_audited(component: Component, why: str, said: Notification | None) -> Notification:
    return Notification(
        id="dependency-not-audited",
        level=Level.ERROR,
        text=f"{_place(component)}: {_label(component)} was not audited: {why}",
        location=component.location,
        next_step=said.next_step if said and said.next_step else _WAY_OUT,
        properties={"component": component.name, "purl": component.purl, "reason": why},
    )


def _label(component: Component) -> str:
    return printable(f"{component.name} {component.version}" if component.version else component.name)


def _place(component: Component) -> str:
    region = component.location.region
    return f"{component.location.path}:{region.start_line}" if region else component.location.path


_NOTHING = wire.Answer()
_WORKER = "govsec_ci.scanners.pip_audit_worker"
# Whose code decides what the answer is: of others, and of our own the files of these names.
_ANSWERING = ("pip-audit", "packaging", "cvss", "msgspec")
_OURS = ("model.py", "formats/osv.py", "advisories/*.py", "scanners/pip_audit_w*.py")
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")


def _audit(request: ScanRequest, components: list[Component]) -> tuple[wire.Answer, list[Notification]]:
    if not _has_source(request):
        return _NOTHING, []
    request.progress("pip-audit", 0, len(components))
    try:
        answer = _ask(request, components)
    except ToolError as failed:
        text = f"no component was audited: {failed.what}"
        return _NOTHING, [error("tool-failed", text, next_step=failed.next_step)]
    request.progress("pip-audit", len(components), len(components))
    return answer, _lost(components, answer)


def _ask(request: ScanRequest, components: list[Component]) -> wire.Answer:
    question = _question(request, components)
    cache = None if request.online else request.cache  # a service answers as of now
    return answers.kept(
        cache, lambda: _key(question), lambda: _told(request, question), lambda told: _read(told, len(components))
    )


def _told(request: ScanRequest, question: wire.Request) -> bytes:
    done = process.run_module(
        _WORKER,
        timeout_s=request.config.timeouts.pip_audit_s,
        stdin=msgspec.json.encode(question),
        extra_environment=_network_environment() if request.online else None,
    )
    if done.exit_code != 0:
        said = _last_words(done.stderr).replace(f"{request.advisories}: ", "")
        raise ToolError(f"pip-audit's process failed (exit {done.exit_code}): {said}")
    return done.stdout


def _read(told: bytes, asked: int) -> wire.Answer:
    try:
        answer = msgspec.json.decode(told, type=wire.Answer)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as failed:
        raise ToolError("pip-audit's process gave an answer that cannot be read") from failed
    if not _known(answer, asked):
        raise ToolError("pip-audit's process answered for a component that it was not asked for")
    if answer.problem:
        raise ToolError(answer.problem, next_step="try again, or audit offline with --advisories PATH")
    return answer


def _key(question: wire.Request) -> bytes | None:
    """Of the question, with the index itself in place of where it lies; None where the index cannot be read.

    pip-audit's process meets the same, and tells: an answer all the same would be that of an index which came later.
    """
    try:
        index = sha256_file(Path(question.index))
    except OSError:
        return None
    package = Path(__file__).parent.parent
    ours = (path for pattern in _OURS for path in sorted(package.glob(pattern)))
    asked = msgspec.json.encode(msgspec.structs.replace(question, index=index))
    return answers.key_of(answers.engine(_ANSWERING, ours), asked)


def _known(answer: wire.Answer, asked: int) -> bool:
    numbers = (*answer.audited, *answer.skipped, *answer.upgrades, *(one.dependency for one in answer.findings))
    return all(0 <= number < asked for number in numbers)


def _network_environment() -> dict[str, str]:
    """Only a scan that was told to go online learns how to."""
    names = [*_PROXIES, *(name.lower() for name in _PROXIES)]
    return {name: os.environ[name] for name in names if name in os.environ}


def _question(request: ScanRequest, components: list[Component]) -> wire.Request:
    dependencies = tuple(
        wire.Dependency(name=component.name, version=component.version or "", skip_reason=_why_not(component))
        for component in components
    )
    return wire.Request(
        dependencies=dependencies,
        index=str(request.advisories.resolve()) if request.advisories else "",
        online=request.online,
        online_url=request.online_url,
    )


def _last_words(stderr: str) -> str:
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    return lines[-1][:400] if lines else "it said nothing"


def _lost(components: list[Component], answer: wire.Answer) -> list[Notification]:
    """A component that pip-audit neither looked up nor skipped."""
    answered = {*answer.audited, *answer.skipped}
    return [
        error(
            "dependency-not-audited",
            f"{_place(component)}: {_label(component)} was not audited: pip-audit did not answer for it",
            path=component.location.path,
            properties={"component": component.name, "purl": component.purl},
        )
        for number, component in enumerate(components)
        if number not in answered
    ]


def _results(components: list[Component], answer: wire.Answer) -> tuple[tuple[Result, ...], tuple[Rule, ...]]:
    found = [(components[one.dependency], one) for one in answer.findings]
    found.sort(key=lambda pair: (pair[0].location.path, _line(pair[0]), pair[0].purl, pair[1].vulnerability.id))
    rules = {one.vulnerability.id: rule(one.vulnerability) for _, one in found}
    return tuple(_result(component, one) for component, one in found), tuple(rules[key] for key in sorted(rules))


def _line(component: Component) -> int:
    return component.location.region.start_line if component.location.region else 0


def _result(component: Component, one: wire.Finding) -> Result:
    vulnerability = one.vulnerability
    fixed = f"fixed in {one.fix.nearest}" if one.fix.nearest else "no fixed version is known"
    summary = f" {vulnerability.summary.strip()}" if vulnerability.summary.strip() else ""
    return Result(
        rule_id=vulnerability.id,
        message=f"{_label(component)}: {vulnerability.id}{summary}; {fixed}",
        level=_level(vulnerability),
        severity=vulnerability.severity,
        locations=(component.location,),
        component=ComponentRef(
            name=component.name, version=component.version or "", purl=component.purl, direct=component.direct
        ),
        fix=one.fix,
    )


def _level(vulnerability: Vulnerability) -> Level:
    return Level.ERROR if vulnerability.malicious else level_of(vulnerability.severity)


def rule(vulnerability: Vulnerability) -> Rule:
    """One SARIF rule a vulnerability: GitHub reads ``security-severity`` from the rule, not from the result."""
    summary = vulnerability.summary.strip() or f"Known vulnerability {vulnerability.id}"
    names = ", ".join((vulnerability.id, *vulnerability.aliases))
    return Rule(
        id=vulnerability.id,
        name=vulnerability.id,
        short=summary,
        full=f"{summary} ({names})",
        help=f"{names}: upgrade to a version that is not affected, or assess it in a VEX statement or waiver.",
        help_uri=next(iter(vulnerability.references), ""),
        level=_level(vulnerability),
        security_severity=_score(vulnerability),
        precision="very-high",
        cwes=vulnerability.cwes,
        tags=("security", "dependency", *(f"external/cwe/{cwe.lower()}" for cwe in vulnerability.cwes)),
        vulnerability=vulnerability,
    )


def _score(vulnerability: Vulnerability) -> str | None:
    if vulnerability.cvss:
        return f"{vulnerability.cvss[0].score:.1f}"
    return _SCORES.get(vulnerability.severity)
