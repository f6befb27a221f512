"""Runs for tests: short builders, and Hypothesis strategies over the whole model."""

import string
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from govsec_ci.model import (
    Artifact,
    BaselineState,
    ComponentRef,
    Confidence,
    Cvss,
    Epss,
    FeedState,
    Fix,
    Invocation,
    Kev,
    Kind,
    Level,
    Location,
    Notification,
    Region,
    Result,
    Role,
    Rule,
    Run,
    ScanState,
    Severity,
    Ssvc,
    Suppression,
    SuppressionKind,
    SuppressionStatus,
    Vulnerability,
)

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ACCEPTED = Suppression(
    kind=SuppressionKind.EXTERNAL, status=SuppressionStatus.ACCEPTED, justification="signed off", origin="waiver"
)


def at(path: str, line: int = 1, column: int | None = None) -> Location:
    return Location(path=path, region=Region(start_line=line, start_column=column))


def a_result(rule: str = "B602", path: str = "a.py", line: int = 1, **more: Any) -> Result:
    return Result(**{"rule_id": rule, "message": "m", "locations": (at(path, line),), **more})


def a_run(*results: Result, id: str = "bandit", **more: Any) -> Run:  # noqa: A002 — the field's own name
    rules = tuple(Rule(id=name, cwes=("CWE-78",)) for name in sorted({result.rule_id for result in results}))
    standard = {"tool": id, "version": "1.0", "role": Role.SAST, "state": ScanState.COMPLETE, "rules": rules}
    return Run(id=id, results=results, **{**standard, **more})


def texts(least: int = 0) -> st.SearchStrategy[str]:
    return st.text(st.characters(exclude_categories=["Cs"]), min_size=least, max_size=8)


_NAMES = st.text(string.ascii_lowercase + "-", min_size=1, max_size=6)
# Any byte but "/" and NUL, as the file system gives it; what is no UTF-8 is held by surrogateescape.
_SEGMENTS = st.binary(min_size=1, max_size=6).map(
    lambda raw: raw.replace(b"/", b"_").replace(b"\0", b"_").decode("utf-8", "surrogateescape")
)
paths = st.lists(_SEGMENTS, min_size=1, max_size=3).map("/".join)
times = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
_maps = st.dictionaries(texts(), texts(), max_size=2)
_ids = st.lists(_NAMES, max_size=2, unique=True).map(tuple)
_score = st.floats(0, 10)


def _optional(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


def _tuples(strategy: st.SearchStrategy[Any], most: int = 2) -> st.SearchStrategy[tuple[Any, ...]]:
    """Without equal items: SARIF holds those once."""
    return st.lists(strategy, max_size=most).map(
        lambda items: tuple(v for n, v in enumerate(items) if v not in items[:n])
    )


regions = st.builds(
    Region,
    start_line=st.integers(1, 9),
    start_column=_optional(st.integers(1, 9)),
    end_line=_optional(st.integers(1, 9)),
    end_column=_optional(st.integers(1, 9)),
    snippet=_optional(texts()),
)
locations = st.builds(Location, path=paths, region=_optional(regions))
suppressions = st.builds(
    Suppression,
    kind=st.sampled_from(SuppressionKind),
    status=st.sampled_from(SuppressionStatus),
    justification=texts(),
    origin=_NAMES,
    origin_id=texts(),
    location=_optional(locations),
)
notifications = st.builds(
    Notification,
    id=_NAMES,
    level=st.sampled_from(Level),
    text=texts(),
    location=_optional(locations),
    next_step=texts(),
    properties=_maps,
)
vulnerabilities = st.builds(
    Vulnerability,
    id=_NAMES,
    aliases=_ids,
    advisories=_ids,
    summary=texts(),
    severity=st.sampled_from(Severity),
    severity_source=texts(),
    cvss=_tuples(st.builds(Cvss, version=_NAMES, vector=texts(), score=_score, source=texts()), 1),
    published=_optional(times),
    modified=_optional(times),
    epss=_optional(st.builds(Epss, score=_score, percentile=_score, date=times, model=texts())),
    kev=_optional(st.builds(Kev, cve=_NAMES, date_added=times, due_date=times, ransomware=_optional(st.booleans()))),
    ssvc=_optional(st.builds(Ssvc, exploitation=_optional(_NAMES), date=_optional(times))),
    cwes=_ids,
    references=_ids,
    malicious=st.booleans(),
)
rules = st.builds(
    Rule,
    id=_NAMES,
    name=texts(),
    short=texts(),
    full=texts(),
    help=texts(),
    help_uri=st.sampled_from(["", "https://example.org/rule"]),
    level=st.sampled_from(Level),
    security_severity=_optional(st.sampled_from(["0.1", "10.0"])),
    precision=_optional(st.sampled_from(["high", "low"])),
    cwes=_ids,
    tags=_ids,
    vulnerability=_optional(vulnerabilities),
)
results = st.builds(
    Result,
    rule_id=_NAMES,
    message=texts(),
    level=st.sampled_from(Level),
    kind=st.sampled_from(Kind),
    severity=st.sampled_from(Severity),
    confidence=st.sampled_from(Confidence),
    locations=_tuples(locations),
    suppressions=_tuples(suppressions),
    fingerprints=st.dictionaries(st.sampled_from(["govsec/v1", "primaryLocationLineHash", "x"]), texts(1), max_size=3),
    correlation=st.sampled_from(["", "not a guid", "e3bd675a-0712-5582-bd00-20b8dc90af43"]),
    baseline_state=_optional(st.sampled_from(BaselineState)),
    first_detected=_optional(times),
    component=_optional(
        st.builds(ComponentRef, name=_NAMES, version=_NAMES, purl=_NAMES, direct=_optional(st.booleans()))
    ),
    fix=_optional(st.builds(Fix, nearest=_optional(_NAMES), versions=_ids)),
    properties=_maps,
)
feeds = st.builds(FeedState, feed=_NAMES, as_of=times, sha256=texts(), records=st.integers(0, 9), source=texts())


def runs(ids: st.SearchStrategy[str] = _NAMES) -> st.SearchStrategy[Run]:
    return st.builds(
        Run,
        id=ids,
        tool=_NAMES,
        version=texts(),
        role=st.sampled_from(Role),
        state=st.sampled_from(ScanState),
        proof=texts(),
        tool_uri=st.sampled_from(["", "https://example.org/tool"]),
        rules=st.lists(rules, max_size=2, unique_by=lambda rule: rule.id).map(tuple),
        results=_tuples(results, 3),
        notifications=_tuples(notifications),
        invocation=st.builds(
            Invocation,
            start=_optional(times),
            end=_optional(times),
            arguments=_tuples(texts()),
            exit_code=_optional(st.integers(-9, 255)),
        ),
        artifacts=_tuples(st.builds(Artifact, path=paths, sha256=texts(), length=st.integers(0, 9))),
        targets=st.integers(0, 9),
        scope=st.integers(0, 9),
        commit=_optional(_NAMES),
        advisories=_tuples(feeds),
        audited=_ids,
        properties=_maps,
    )
