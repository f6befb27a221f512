"""The copy that GitHub code scanning accepts: its limits kept with the most severe first, and every cut said.

Limits: GitHub's documentation "SARIF support for code scanning" and codeql-action. Where GitHub accepts more than it
keeps (25,000 results, of which it shows 5,000), the copy holds what is kept: otherwise the cut would be silent. Where
GitLab's ("SARIF reports", limits) are less, those hold: it skips a result with a longer text, or all if half are such.
"""

import functools
import io
import re
import zlib
from collections.abc import Iterable, Mapping

import msgspec
from msgspec import Struct

from govsec_ci.formats import upgrades
from govsec_ci.formats.sarif_bulk import without_collector
from govsec_ci.formats.sarif_write import cwe_tag, rule_tags, write_to
from govsec_ci.model import (
    BaselineState,
    Kind,
    Level,
    Location,
    Notification,
    Region,
    Result,
    Rule,
    Run,
    ScanState,
    SuppressionStatus,
)

MOST_BYTES = 10_000_000
MOST_RUNS = 20
MOST_RESULTS = 5_000
MOST_RULES = 25_000
MOST_LOCATIONS = 100
MOST_TEXT = 1_024
MOST_MESSAGE = 2_048
MOST_NAME = 255
MOST_URI = 2_048
MOST_TAGS = 10

_NOT_WEAKNESSES = frozenset({Kind.PASS, Kind.NOT_APPLICABLE, Kind.INFORMATIONAL})
_LEVEL_RANK = {Level.ERROR.name: 3, Level.WARNING.name: 2, Level.NOTE.name: 1, Level.NONE.name: 0}
_ELLIPSIS = "…"
_VERSION = re.compile(r"/v?[0-9]+\Z")


class GithubCopy(Struct, frozen=True, kw_only=True):
    """What to upload.

    :param data: the log of ``runs`` as bytes
    :param left_out: what is not in it, and why (also said inside the runs)
    """

    runs: tuple[Run, ...]
    data: bytes
    left_out: tuple[Notification, ...]


@without_collector()
def github_copy(runs: Iterable[Run]) -> GithubCopy:
    """What may be uploaded of ``runs``.

    GitHub closes an alert that a new analysis of the same category no longer holds, so an incomplete run stays out as
    a whole: it would close what it did not look at.
    """
    all_runs = tuple(runs)
    most = MOST_RESULTS
    while True:
        copy = _within(all_runs, most)
        size = _compressed(copy.data)
        if size <= MOST_BYTES or not most:
            return copy
        largest = max(len(run.results) for run in copy.runs)
        most = largest * MOST_BYTES * 9 // (size * 10)


def _compressed(data: bytes) -> int:
    """Size as GitHub measures it, or a larger one: the fastest compression, and none at all where that is enough."""
    return len(data) if len(data) <= MOST_BYTES else len(zlib.compress(data, level=1))


def _within(all_runs: tuple[Run, ...], most: int) -> GithubCopy:
    """The copy with at most ``most`` results a run."""
    notes = [_incomplete(run) for run in all_runs if run.state is ScanState.INCOMPLETE]
    copies: list[Run] = []
    for run in all_runs:
        if run.state is not ScanState.INCOMPLETE:
            copy, said = _copy(run, most)
            copies.append(copy)
            notes += said
    kept = _most_severe_runs(copies)
    kept_ids = {run.id for run in kept}
    notes += [_too_many_runs(run) for run in copies if run.id not in kept_ids]
    noted = _with_notes(kept, notes)
    file = io.BytesIO()
    write_to(file, noted)
    return GithubCopy(runs=noted, data=file.getvalue(), left_out=tuple(notes))


def _copy(run: Run, most: int) -> tuple[Run, list[Notification]]:
    open_results = [result for result in run.results if _uploadable(result)]
    placed = [result for result in open_results if result.locations]
    kept = sorted(placed, key=_severest_first)[:most]
    notes = [
        *_note_if(len(open_results) - len(placed), run, "result-without-location", "have no place in a file"),
        *_note_if(len(placed) - len(kept), run, "results-over-limit", f"exceed {most:,}, the least severe"),
        *_note_if(sum(len(result.locations) > MOST_LOCATIONS for result in kept), run, "locations-over-limit",
                  f"have more than {MOST_LOCATIONS} locations, of which only these are in it"),
    ]  # fmt: skip
    scores = {rule.id: rule for rule in _kept_rules(run, kept)}
    copy = msgspec.structs.replace(
        run,
        results=tuple(_shorten(result) for result in kept),
        rules=tuple(map(_shorten_rule, scores.values())),
        # What the plan alone reads of them is not for GitHub.
        properties={key: value for key, value in run.properties.items() if not key.startswith(upgrades.PREFIX)},
    )
    return copy, notes


def _uploadable(result: Result) -> bool:
    weakness = result.kind is Kind.FAIL or result.kind not in _NOT_WEAKNESSES
    if not weakness or result.baseline_state is BaselineState.ABSENT:
        return False
    return not result.suppressions or not any(one.status is SuppressionStatus.ACCEPTED for one in result.suppressions)


def _severest_first(result: Result) -> tuple[int, int]:
    # UNKNOWN ranks with MEDIUM: it may be either. sorted() is stable, so equals keep the log's own order.
    rank = result.severity.rank
    return -rank if rank >= 0 else -2, -_LEVEL_RANK[result.level._name_]


def _kept_rules(run: Run, kept: list[Result]) -> list[Rule]:
    if len(run.rules) <= MOST_RULES:
        return list(run.rules)
    used = {result.rule_id for result in kept}
    return [rule for rule in run.rules if rule.id in used]


def _shorten(result: Result) -> Result:
    locations = tuple([_with_region(location) for location in result.locations[:MOST_LOCATIONS]])
    return msgspec.structs.replace(
        result,
        message=_cut(result.message, MOST_MESSAGE),
        locations=locations,
        suppressions=(),
        fingerprints=_versioned(result.fingerprints),
    )


def _versioned(prints: Mapping[str, str]) -> Mapping[str, str]:
    """Without another tool's whose key has a slash and no version behind it: DefectDojo stumbles over those."""
    kept = _kept_keys(tuple(prints))
    return prints if len(kept) == len(prints) else {key: prints[key] for key in kept}


@functools.lru_cache(maxsize=1_024)
def _kept_keys(keys: tuple[str, ...]) -> tuple[str, ...]:
    """The same of the keys, which most results have in common."""
    return tuple(key for key in keys if "/" not in key or _VERSION.search(key))


def _with_region(location: Location) -> Location:
    if location.region is not None:
        return location
    return msgspec.structs.replace(location, region=Region(start_line=1))


def _shorten_rule(rule: Rule) -> Rule:
    return _with_fewer_tags(
        msgspec.structs.replace(
            rule,
            name=_cut(rule.name, MOST_NAME),
            short=_cut(rule.short),
            full=_cut(rule.full),
            help_uri=rule.help_uri if len(rule.help_uri) <= MOST_URI else "",
        )
    )


def _with_fewer_tags(rule: Rule) -> Rule:
    tags = rule_tags(rule)
    if len(tags) <= MOST_TAGS:
        return rule
    kept = set(tags[:MOST_TAGS])
    known = rule.vulnerability
    return msgspec.structs.replace(
        rule,
        cwes=tuple(cwe for cwe in rule.cwes if cwe_tag(cwe) in kept),
        tags=tuple(tag for tag in rule.tags if tag in kept),
        vulnerability=known
        and msgspec.structs.replace(known, aliases=tuple(alias for alias in known.aliases if alias in kept)),
    )


def _cut(text: str, most: int = MOST_TEXT) -> str:
    return text if len(text) <= most else text[: most - 1] + _ELLIPSIS


def _most_severe_runs(copies: list[Run]) -> list[Run]:
    if len(copies) <= MOST_RUNS:
        return copies
    worst = sorted(copies, key=lambda run: min(map(_severest_first, run.results), default=(0, 0)))[:MOST_RUNS]
    ids = {run.id for run in worst}
    return [run for run in copies if run.id in ids]


def _with_notes(runs: list[Run], notes: list[Notification]) -> tuple[Run, ...]:
    """Each note stands in its own run where that is in the copy, else in the first one."""
    if not runs:
        return ()
    ids = {run.id for run in runs}
    homes: dict[str, list[Notification]] = {}
    for note in notes:
        run_id = note.properties["run"]
        homes.setdefault(run_id if run_id in ids else runs[0].id, []).append(note)
    return tuple(
        msgspec.structs.replace(run, notifications=(*run.notifications, *homes.get(run.id, ()))) for run in runs
    )


def _note_if(count: int, run: Run, what: str, why: str) -> list[Notification]:
    return (
        [_note(run, what, f"results of {run.tool} that {why}: {count:,}; results.sarif holds them all")]
        if count
        else []
    )


def _incomplete(run: Run) -> Notification:
    return _note(run, "incomplete-run", f"{run.tool} did not look at everything; the whole run is left out, "
                 "because GitHub would close the alerts of what it did not look at")  # fmt: skip


def _too_many_runs(run: Run) -> Notification:
    return _note(run, "runs-over-limit", f"{run.tool} with its results ({len(run.results):,}) is left out: "
                 f"GitHub takes {MOST_RUNS} runs a file")  # fmt: skip


def _note(run: Run, what: str, text: str) -> Notification:
    return Notification(
        id=f"github-{what}", level=Level.WARNING, text=f"Not in github.sarif: {text}.", properties={"run": run.id}
    )
