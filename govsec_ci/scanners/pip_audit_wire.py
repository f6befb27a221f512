"""What the pip-audit scanner and its worker process say to each other."""

from typing import Annotated

from msgspec import Meta, Struct

from govsec_ci.model import Candidate, FeedState, Fix, Vulnerability


class Dependency(Struct, frozen=True, kw_only=True):
    """One component to audit; a ``skip_reason`` says that it cannot be, and why (for people)."""

    name: str
    version: str = ""
    skip_reason: str = ""


class Request(Struct, frozen=True, kw_only=True):
    """What to look up, and where.

    :param index: the advisory index's path; empty where there is none, then ``online`` is not
    :param online: ``osv`` or ``pypi`` to ask that service (the index then only tells severities), or empty
    :param online_url: address of the OSV service, or empty for the public one
    """

    dependencies: tuple[Dependency, ...]
    index: str = ""
    online: str = ""
    online_url: str = ""
    timeout_s: float = 30.0


class Finding(Struct, frozen=True, kw_only=True):
    """One vulnerability of the dependency at ``dependency`` (0-based) of the request."""

    dependency: Annotated[int, Meta(ge=0)]
    vulnerability: Vulnerability
    fix: Fix = Fix()


class Answer(Struct, frozen=True, kw_only=True):
    """What pip-audit said.

    :param audited: numbers of the dependencies that it looked up
    :param skipped: number → why it did not
    :param problem: why the audit broke off, or empty
    :param upgrades: number of each dependency with findings → newer versions, where the index was asked
    """

    findings: tuple[Finding, ...] = ()
    audited: tuple[int, ...] = ()
    skipped: dict[int, str] = {}
    feeds: tuple[FeedState, ...] = ()
    problem: str = ""
    upgrades: dict[int, tuple[Candidate, ...]] = {}
