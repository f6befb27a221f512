"""``govsec waive``: add a waiver for one result of a bundle to the waivers file."""

from datetime import UTC, date, datetime, time
from pathlib import Path

from msgspec import Struct

from govsec_ci.app import bundle
from govsec_ci.app.policy import WAIVERS_FILE
from govsec_ci.errors import UsageError
from govsec_ci.gate.waive import add, draft
from govsec_ci.model import Result, Rule, Waiver
from govsec_ci.system.files import read_limited, write_atomic

_LIMIT_BYTES = 10_000_000


class Words(Struct, frozen=True, kw_only=True):
    """What a person has to say of a waiver."""

    id: str
    reason: str
    owner: str
    approver: str
    ticket: str
    plan: str
    created: date
    expires: date
    reopen_epss: float | None = None


def waive(folder: Path, fingerprint: str, words: Words, path: Path | None) -> Path:
    """Add the waiver to ``path`` (``govsec-waivers.toml`` of the current folder by default); returns where it went.

    :raises UsageError: no result of the bundle has that fingerprint; :raises InputError: the waiver is not in order
    """
    result, rule = _find(folder, fingerprint)
    target = path or Path(WAIVERS_FILE)
    before = read_limited(target, limit_bytes=_LIMIT_BYTES) if target.exists() else b""
    write_atomic(target, add(before, draft(result, rule, _waiver(words)), str(target)))
    return target


def _find(folder: Path, fingerprint: str) -> tuple[Result, Rule]:
    found = [
        (result, next((rule for rule in run.rules if rule.id == result.rule_id), Rule(id=result.rule_id)))
        for run in bundle.read_results(bundle.require(folder))
        for result in run.results
        if result.fingerprints.get("govsec/v1", "").startswith(fingerprint)
    ]
    if len(found) != 1:
        raise UsageError(
            f"{fingerprint}: {len(found) or 'no'} results of {folder} have a fingerprint that starts so",
            next_step="the fingerprints stand in results.csv: govsec report --format csv",
        )
    return found[0]


def _waiver(words: Words) -> Waiver:
    return Waiver(
        id=words.id,
        reason=words.reason,
        owner=words.owner,
        approver=words.approver,
        ticket=words.ticket,
        plan=words.plan,
        created=datetime.combine(words.created, time(), UTC),
        expires=datetime.combine(words.expires, time(), UTC),
        reopen_epss=words.reopen_epss,
    )
