"""The worker process of the pip-audit scanner: ``python -Im govsec_ci.scanners.pip_audit_worker``.

stdin holds a :class:`pip_audit_wire.Request`, stdout gets an :class:`pip_audit_wire.Answer`, both JSON. pip-audit's own
Auditor does the audit; the dependencies come from our manifests and the vulnerabilities from our index. It is a process
of its own because pip-audit starts ``python -m pip`` when it is imported: that must happen in a neutral folder.

pip-audit has no public Python interface: its version is pinned, and tests/contract/test_pip_audit.py holds its private
names still.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
from packaging.version import InvalidVersion, Version
from pip_audit._audit import AuditOptions, Auditor  # type: ignore[import-untyped]
from pip_audit._dependency_source import DependencySource  # type: ignore[import-untyped]
from pip_audit._fix import ResolvedFixVersion  # type: ignore[import-untyped]
from pip_audit._service import (  # type: ignore[import-untyped]
    Dependency,
    ResolvedDependency,
    SkippedDependency,
    VulnerabilityResult,
    VulnerabilityService,
)
from pip_audit._service.interface import VulnerabilityID  # type: ignore[import-untyped]

from govsec_ci.advisories.index import Index, Match, open_index
from govsec_ci.scanners import pip_audit_wire as wire


class ManifestSource(DependencySource):  # type: ignore[misc]
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


class IndexService(VulnerabilityService):  # type: ignore[misc]
    """pip-audit's view of our advisory index."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self.matches: dict[tuple[str, str], tuple[Match, ...]] = {}

    def query(self, spec: Dependency) -> tuple[Dependency, list[VulnerabilityResult]]:
        """See pip-audit's ``VulnerabilityService.query``; a skipped dependency has no results."""
        if not isinstance(spec, ResolvedDependency):
            return spec, []
        key = (spec.canonical_name, str(spec.version))
        self.matches[key] = self.index.match(*key)
        return spec, [_as_result(match) for match in self.matches[key]]


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
        except InvalidVersion:  # our index keeps the text; pip-audit has no use for it
            continue


def audit(request: wire.Request, index: Index) -> wire.Answer:
    """Audit every dependency of the request."""
    service = IndexService(index)
    findings: list[wire.Finding] = []
    audited: list[int] = []
    skipped: dict[int, str] = {}
    answers = Auditor(service, AuditOptions()).audit(ManifestSource(request.dependencies))
    for number, (dependency, results) in enumerate(answers):
        if isinstance(dependency, SkippedDependency):
            skipped[number] = dependency.skip_reason
            continue
        audited.append(number)
        findings += _findings(number, service.matches[dependency.canonical_name, _version(dependency)], results)
    return wire.Answer(findings=tuple(findings), audited=tuple(audited), skipped=skipped, feeds=index.feeds())


def _version(dependency: Dependency) -> str:
    return str(dependency.version) if isinstance(dependency, ResolvedDependency) else ""


def _findings(number: int, matches: tuple[Match, ...], results: list[VulnerabilityResult]) -> Iterator[wire.Finding]:
    """pip-audit's results with what our index knows of them. One that it merged into another is still told."""
    named = {name for result in results for name in (result.id, *result.aliases)}
    for match in matches:
        if match.vulnerability.id in named:
            yield wire.Finding(dependency=number, vulnerability=match.vulnerability, fix=match.fix)


def main() -> None:
    """Answer the request on stdin."""
    request = msgspec.json.decode(sys.stdin.buffer.read(), type=wire.Request)
    out, sys.stdout = sys.stdout, sys.stderr
    answer = audit(request, open_index(Path(request.index)))
    out.buffer.write(msgspec.json.encode(answer))
    out.flush()


if __name__ == "__main__":
    main()
