"""VEX statements → suppression claims on the dependency results that they speak of.

``not_affected`` with a machine-readable justification becomes a claim; ``affected``, ``fixed``, ``under_investigation``
and a ``not_affected`` that gives no such reason do not. Of several statements about one vulnerability in one component
the newest counts, so that an ``affected`` takes back an earlier ``not_affected``. Whether a claim is admissible is for
the gate to rule.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache

import msgspec
from packageurl import PackageURL

from govsec_ci.model import (
    ComponentRef,
    Level,
    Notification,
    Result,
    Role,
    Run,
    Suppression,
    SuppressionKind,
    SuppressionStatus,
    VexStatement,
)

_EARLIEST = datetime.min.replace(tzinfo=UTC)
_Package = tuple[str, str, str, str]


def attach(runs: Iterable[Run], statements: Sequence[VexStatement]) -> tuple[Run, ...]:
    """``runs`` with a claim on every result that the newest statement about it calls not affected.

    A statement that speaks of no result is noted on the first run of role SCA, for it may be misspelt.
    """
    if not statements:
        return tuple(runs)
    by_name: dict[str, list[int]] = {}
    for number, statement in enumerate(statements):
        for name in () if statement.elsewhere else statement.vulnerabilities:
            by_name.setdefault(name.upper(), []).append(number)
    used: set[int] = set()
    done = [_attach(run, statements, by_name, used) for run in runs]
    return _noted(done, [statement for number, statement in enumerate(statements) if number not in used])


def _attach(run: Run, statements: Sequence[VexStatement], by_name: dict[str, list[int]], used: set[int]) -> Run:
    names = {rule.id: (rule.vulnerability.id, *rule.vulnerability.aliases) for rule in run.rules if rule.vulnerability}
    results = []
    for result in run.results:
        ids = {result.rule_id, *names.get(result.rule_id, ())}
        numbers = {number for name in ids for number in by_name.get(name.upper(), ())}
        about = [number for number in sorted(numbers) if _speaks_of(statements[number], result.component)]
        used.update(about)
        results.append(_claimed(result, [statements[number] for number in about]))
    return msgspec.structs.replace(run, results=tuple(results))


def _claimed(result: Result, about: list[VexStatement]) -> Result:
    """The newest statement rules; of equally old ones the later in the document."""
    if not about:
        return result
    newest = max(reversed(about), key=lambda statement: statement.timestamp or _EARLIEST)
    if newest.status != "not_affected" or not newest.justification:
        return result
    claim = Suppression(
        kind=SuppressionKind.EXTERNAL,
        status=SuppressionStatus.ACCEPTED,
        justification=f"{newest.justification}: {newest.detail}" if newest.detail else newest.justification,
        origin="vex",
        origin_id=newest.id,
    )
    if claim in result.suppressions:
        return result
    return msgspec.structs.replace(result, suppressions=(*result.suppressions, claim))


def _speaks_of(statement: VexStatement, component: ComponentRef | None) -> bool:
    if component is None:
        return False
    if not statement.purls:
        return True
    package = _package(component.purl)
    return any(_covers(_package(purl), package) for purl in statement.purls)


def _covers(spoken_of: _Package | None, package: _Package | None) -> bool:
    """Without a version a purl speaks of all versions (OpenVEX: "Product identifiers")."""
    if spoken_of is None or package is None:
        return False
    return spoken_of[:3] == package[:3] and spoken_of[3] in {"", package[3]}


@lru_cache(maxsize=100_000)
def _package(purl: str) -> _Package | None:
    try:
        parsed = PackageURL.from_string(purl)
    except ValueError:
        return None
    return parsed.type, parsed.namespace or "", parsed.name, parsed.version or ""


def _noted(runs: list[Run], unused: list[VexStatement]) -> tuple[Run, ...]:
    home = next((number for number, run in enumerate(runs) if run.role is Role.SCA), None)
    if home is not None and unused:
        notes = tuple(_unused(statement) for statement in unused)
        runs[home] = msgspec.structs.replace(runs[home], notifications=(*runs[home].notifications, *notes))
    return tuple(runs)


def _unused(statement: VexStatement) -> Notification:
    if statement.elsewhere:
        return Notification(
            id="vex-elsewhere",
            level=Level.WARNING,
            text=f"The VEX statement on {statement.vulnerabilities[0]} has no effect: {statement.elsewhere}.",
            next_step="give one about this product and version; govsec.toml may name both",
        )
    about = ", ".join(statement.purls) or "the whole product"
    return Notification(
        id="vex-unused",
        level=Level.NOTE,
        text=f"The VEX statement on {statement.vulnerabilities[0]} in {about} speaks of no result.",
        next_step="check its ids, or remove it when the vulnerability is gone",
    )
