"""What the pip-audit scanner and its worker process say to each other."""

from typing import Annotated

from msgspec import Meta, Struct

from govsec_ci.model import FeedState, Fix, Vulnerability


class Dependency(Struct, frozen=True, kw_only=True):
    """One component to audit; a ``skip_reason`` says that it cannot be, and why (for people)."""

    name: str
    version: str = ""
    skip_reason: str = ""


class Request(Struct, frozen=True, kw_only=True):
    """The index's path, and what to look up in it."""

    index: str
    dependencies: tuple[Dependency, ...]


class Finding(Struct, frozen=True, kw_only=True):
    """One vulnerability of the dependency at ``dependency`` (0-based) of the request."""

    dependency: Annotated[int, Meta(ge=0)]
    vulnerability: Vulnerability
    fix: Fix = Fix()


class Answer(Struct, frozen=True, kw_only=True):
    """What pip-audit said.

    :param audited: numbers of the dependencies that it looked up
    :param skipped: number → why it did not
    """

    findings: tuple[Finding, ...]
    audited: tuple[int, ...]
    skipped: dict[int, str]
    feeds: tuple[FeedState, ...]
