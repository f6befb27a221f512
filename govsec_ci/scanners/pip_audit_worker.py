"""The worker process of the pip-audit scanner: ``python -Im govsec_ci.scanners.pip_audit_worker``.

stdin holds a :class:`pip_audit_wire.Request`, stdout gets an :class:`pip_audit_wire.Answer`, both JSON. pip-audit's own
Auditor does the audit; the dependencies come from our manifests, the vulnerabilities from our index or, where the
caller asks for it, from one of pip-audit's online services.

pip-audit has no public Python interface: its version is pinned, and tests/contract/test_pip_audit.py holds its private
names still.
"""

import hashlib
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import msgspec
from packaging.version import Version


def _without_pip() -> types.ModuleType:
    """Stands for pip-api, which starts ``python -m pip`` when it is imported, to learn this version.

    In a checkout's folder that would run the checkout's own ``pip.py``. pip-audit needs pip-api for nothing that is
    used here.
    """
    module = types.ModuleType("pip_api")
    module.PIP_VERSION = metadata.version("pip")  # type: ignore[attr-defined]  # a module made here
    return module


sys.modules.setdefault("pip_api", _without_pip())

# ruff: noqa: E402 — only now may pip-audit be imported
from pip_audit._audit import AuditOptions, Auditor
from pip_audit._dependency_source import DependencySource
from pip_audit._fix import ResolvedFixVersion
from pip_audit._service import (
    Dependency,
    OsvService,
    PyPIService,
    ResolvedDependency,
    SkippedDependency,
    VulnerabilityResult,
    VulnerabilityService,
)
from pip_audit._service.interface import VulnerabilityID

from govsec_ci.advisories.groups import preference
from govsec_ci.advisories.index import Index, Match, open_index
from govsec_ci.advisories.upgrades import candidates
from govsec_ci.model import Candidate, FeedState, Fix, Vulnerability
from govsec_ci.scanners import pip_audit_wire as wire

_MESSAGE_CHARACTERS = 300


class ManifestSource(DependencySource):
    """pip-audit's view of the components that our manifests name; resolves and installs nothing."""

    def __init__(self, dependencies: tuple[wire.Dependency, ...]) -> None:
        self.dependencies = dependencies

    def collect(self) -> Iterator[Dependency]:
        """One pip-audit dependency for each of ours, in order."""
        for one in self.dependencies:
            if one.skip_reason:
                yield SkippedDependency(name=one.name, skip_reason=one.skip_reason)
            else:
                yield ResolvedDependency(name=one.name, version=Version(one.version))

    def fix(self, fix_version: ResolvedFixVersion) -> None:
        """Never called: we mend nothing."""
        raise NotImplementedError


class IndexService(VulnerabilityService):
    """pip-audit's view of our advisory index."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self.matches: dict[str, Match] = {}

    def query(self, spec: Dependency) -> tuple[Dependency, list[VulnerabilityResult]]:
        """See pip-audit's ``VulnerabilityService.query``; a skipped dependency has no results."""
        if not isinstance(spec, ResolvedDependency):
            return spec, []
        matches = self.index.match(spec.canonical_name, str(spec.version))
        self.matches = {match.vulnerability.id: match for match in matches}
        return spec, [_as_result(match) for match in matches]

    def take(self, _: ResolvedDependency, results: list[VulnerabilityResult]) -> Iterator[Match]:
        """What the index knows of the results of the last query. One that the Auditor merged into another counts."""
        named = {name for result in results for name in (result.id, *result.aliases)}
        return (match for key, match in self.matches.items() if key in named)


def _as_result(match: Match) -> VulnerabilityResult:
    vulnerability = match.vulnerability
    return VulnerabilityResult(
        id=VulnerabilityID(vulnerability.id),
        description=vulnerability.summary,
        fix_versions=sorted(_versions(match.fix.versions)),
        aliases={VulnerabilityID(alias) for alias in vulnerability.aliases},
        published=vulnerability.published,
    )


def _versions(texts: tuple[str, ...]) -> Iterator[Version]:
    for text in texts:
        try:
            yield Version(text)
        except ValueError:  # our index keeps the text; pip-audit has no use for it
            continue


Take = Callable[[ResolvedDependency, list[VulnerabilityResult]], Iterator[Match]]


def audit(dependencies: tuple[wire.Dependency, ...], service: VulnerabilityService, take: Take) -> wire.Answer:
    """Audit every dependency; ``take`` turns pip-audit's results for one of them into ours."""
    findings: list[wire.Finding] = []
    audited: list[int] = []
    skipped: dict[int, str] = {}
    answers = Auditor(service, AuditOptions()).audit(ManifestSource(dependencies))
    for number, (dependency, results) in enumerate(answers):
        if not isinstance(dependency, ResolvedDependency):
            skipped[number] = getattr(dependency, "skip_reason", "pip-audit skipped it")
            continue
        audited.append(number)
        findings += (
            wire.Finding(dependency=number, vulnerability=match.vulnerability, fix=match.fix)
            for match in take(dependency, results)
        )
    return wire.Answer(findings=tuple(findings), audited=tuple(audited), skipped=skipped)


def online(known: Index | None) -> Take:
    """Turns results of an online service into ours: aliases grouped, severities from the index where it knows one."""

    def take(dependency: ResolvedDependency, results: list[VulnerabilityResult]) -> Iterator[Match]:
        for group in grouped(results):
            yield Match(_vulnerability(group, known), _fix(dependency.version, group))

    return take


def grouped(results: list[VulnerabilityResult]) -> list[list[VulnerabilityResult]]:
    """Results that share an id, directly or through others. pip-audit joins them only in part."""
    groups: list[list[VulnerabilityResult]] = []
    for result in results:
        same = [group for group in groups if any(result.alias_of(other) for other in group)]
        groups = [group for group in groups if group not in same]
        groups.append([*(one for group in same for one in group), result])
    return groups


def _vulnerability(group: list[VulnerabilityResult], known: Index | None) -> Vulnerability:
    names = sorted({name for result in group for name in (result.id, *result.aliases)}, key=preference)
    stored = (known.vulnerability(name) for name in names) if known else iter(())
    dates = [result.published for result in group if result.published]
    told = Vulnerability(
        id=names[0],
        aliases=tuple(sorted(names[1:])),
        advisories=tuple(sorted(result.id for result in group)),
        summary=group[0].description[:_MESSAGE_CHARACTERS],
        published=min(dates).replace(tzinfo=UTC) if dates else None,
    )
    return next((one for one in stored if one is not None), told)


def _fix(installed: Version, group: list[VulnerabilityResult]) -> Fix:
    above = sorted({version for result in group for version in result.fix_versions if version > installed})
    return Fix(nearest=str(above[0]) if above else None, versions=tuple(map(str, above)))


def answer(request: wire.Request) -> wire.Answer:
    """Answer a request; what an online service does wrong is the answer's ``problem``."""
    with ExitStack() as stack:
        index = stack.enter_context(open_index(Path(request.index))) if request.index else None
        if request.online:
            return _ask_online(request, index)
        if index is None:
            return wire.Answer(problem="neither an index nor an online service was named")
        service = IndexService(index)
        found = audit(request.dependencies, service, service.take)
        return msgspec.structs.replace(found, feeds=index.feeds(), upgrades=_upgrades(request, found, index))


def _upgrades(request: wire.Request, found: wire.Answer, index: Index) -> dict[int, tuple[Candidate, ...]]:
    numbers = dict.fromkeys(one.dependency for one in found.findings)
    asked = ((number, request.dependencies[number]) for number in numbers)
    return {number: candidates(index, one.name, one.version) for number, one in asked}


def _ask_online(request: wire.Request, index: Index | None) -> wire.Answer:
    try:
        found = audit(request.dependencies, _service(request), online(index))
    except Exception as error:  # noqa: BLE001 — requests, urllib3, JSON and pip-audit each have errors of their own
        why = f"{type(error).__name__}: {error}" if str(error) else f"{type(error).__name__}: {error.__cause__}"
        return wire.Answer(problem=f"the online service {request.online} failed: {why[:_MESSAGE_CHARACTERS]}")
    return msgspec.structs.replace(found, feeds=(_feed(request, found),))


def _service(request: wire.Request) -> VulnerabilityService:
    timeout = max(1, int(request.timeout_s))
    cache = Path.cwd() / "http"  # the neutral folder: what another run was answered is no evidence for this one
    if request.online == "pypi":
        return PyPIService(cache, timeout)
    return OsvService(cache, timeout, **({"osv_url": request.online_url} if request.online_url else {}))


def _feed(request: wire.Request, found: wire.Answer) -> FeedState:
    """An online service has no date of its own: it is as of now. The digest is that of what it answered."""
    told = sorted((one.dependency, *one.vulnerability.advisories) for one in found.findings)
    return FeedState(
        feed=f"{request.online}-online",
        as_of=datetime.now(UTC).replace(microsecond=0),
        sha256=hashlib.sha256(msgspec.json.encode(told)).hexdigest(),
        records=len(told),
        source=request.online_url or f"pip-audit's {request.online} service",
    )


def main() -> None:
    """Answer the request on stdin."""
    request = msgspec.json.decode(sys.stdin.buffer.read(), type=wire.Request)
    out, sys.stdout = sys.stdout, sys.stderr
    out.buffer.write(msgspec.json.encode(answer(request)))
    out.flush()


if __name__ == "__main__":
    main()
