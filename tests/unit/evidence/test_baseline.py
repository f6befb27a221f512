"""What is new, what stayed and what went, and the reference file that a repository adopts."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from govsec_ci.evidence.baseline import CAUSE, REFERENCE, compare, stamp
from govsec_ci.evidence.fingerprints import base_of, fingerprint
from govsec_ci.evidence.marks import CLAIMS, UNTOLD, claim_key
from govsec_ci.evidence.merge import merge
from govsec_ci.evidence.reference import reference
from govsec_ci.formats import sarif
from govsec_ci.formats.sarif_wire import FINGERPRINT
from govsec_ci.model import (
    BaselineState,
    ComponentRef,
    Invocation,
    Level,
    Result,
    Role,
    Rule,
    Run,
    ScanState,
    Suppression,
    SuppressionKind,
    SuppressionStatus,
    Vulnerability,
)
from tests.support.evidence_runs import NOW, a_result, a_run, at
from tests.support.repositories import commit_all, git, new_repository

EARLIER = NOW - timedelta(days=30)
NEW, UNCHANGED, UPDATED, ABSENT = (
    BaselineState.NEW, BaselineState.UNCHANGED, BaselineState.UPDATED, BaselineState.ABSENT,
)  # fmt: skip


def scan(files: dict[str, str], **more: Any) -> tuple[Run, ...]:
    """A "scanner" that reports each line with a call of ``weak``."""
    found = [
        a_result("W1", path, number)
        for path, text in files.items()
        for number, line in enumerate(text.split("\n"), 1)
        if "weak(" in line
    ]
    run = a_run(*found, **{"rules": (Rule(id="W1"), Rule(id="W2")), **more})
    return merge([fingerprint(run, lambda path: files[path].encode() if path in files else None)])


def states(runs: Iterable[Run]) -> list[tuple[str, int, BaselineState | None]]:
    return [
        (place.path, place.region.start_line if place.region else 0, result.baseline_state)
        for run in runs
        for result in run.results
        for place in result.locations
    ]


def old(files: dict[str, str], **more: Any) -> tuple[Run, ...]:
    return stamp(scan(files, **more), EARLIER)


def test_moved_stays_and_added_is_new_and_removed_is_absent() -> None:
    before = old({"a.py": "weak(1)\nx\nweak(2)"})
    after = compare(scan({"a.py": "x\nweak(1)\nweak(3)"}), before, NOW)
    assert states(after) == [("a.py", 2, UNCHANGED), ("a.py", 3, NEW), ("a.py", 3, ABSENT)]
    assert [result.first_detected for result in after[0].results] == [EARLIER, NOW, EARLIER]


def test_an_equal_line_added_above_is_the_new_one() -> None:
    before = old({"a.py": "x = 1\nweak(1)\ny = 2\n"})
    after = compare(scan({"a.py": "def f():\n    weak(1)\n\nx = 1\nweak(1)\ny = 2\n"}), before, NOW)
    assert states(after) == [("a.py", 2, NEW), ("a.py", 5, UNCHANGED)]


def test_of_equal_lines_the_one_that_moved_with_its_neighbours_stayed() -> None:
    """The first of two equal lines goes, and what follows the second changes too: only its neighbours tell."""
    before = "weak(7)\n" + "a = 1\n" * 30 + "weak(1)\n" + "b = 1\n" * 30 + "weak(8)\nweak(1)\nc = 1\n"
    after = "weak(7)\n" + "a = 1\n" * 30 + "b = 1\n" * 30 + "weak(8)\nweak(1)\nd = 2\n"
    found = compare(scan({"a.py": after}), old({"a.py": before}), NOW)
    assert states(found) == [
        ("a.py", 1, UNCHANGED), ("a.py", 62, UNCHANGED), ("a.py", 63, UNCHANGED), ("a.py", 32, ABSENT),
    ]  # fmt: skip
    # And the other way round: the first is the new one.
    found = compare(scan({"a.py": before}), old({"a.py": after}), NOW)
    assert [line for _, line, state in states(found) if state is NEW] == [32]


def test_of_equal_lines_with_equal_surroundings_the_one_in_the_middle_goes() -> None:
    block = "weak(1)\n" + "".join(f"a = {n}\n" for n in range(40))
    marks = [f"weak(1{n})\n" for n in range(4)]
    before = block.join(marks)
    after = marks[0] + block + marks[1] + marks[2] + block + marks[3]
    found = compare(scan({"a.py": after}), old({"a.py": before}), NOW)
    middle = before.split("\n").index("weak(11)") + 2
    assert [line for _, line, state in states(found) if state is ABSENT] == [middle]
    assert NEW not in [state for _, _, state in states(found)]


def equal(lines: Iterable[int], marks: dict[int, int]) -> tuple[Run, ...]:
    """Results of one scan: equal lines without known surroundings, and single ones (mark → its line) beside them."""
    known = {"primaryLocationLineHash": "0"}
    found = [a_result("W1", line=line, fingerprints={FINGERPRINT: f"same:{n}"}) for n, line in enumerate(lines, 1)]
    found += [
        a_result("W2", line=line, fingerprints={FINGERPRINT: f"mark{mark}"} | known) for mark, line in marks.items()
    ]
    return (a_run(*found),)


@pytest.mark.parametrize(
    ("before", "marks_before", "after", "marks_after", "stayed"),
    [
        # One equal line came: that which is nearest to where its neighbour moved is the old one.
        ([50], {1: 10}, [52, 60, 62], {1: 20}, [60]),
        ([50], {1: 10}, [40, 48, 50, 52], {1: 8}, [48]),
        # Of two neighbours the nearer tells, on either side of it.
        ([50], {1: 45, 2: 90}, [51, 59], {1: 46, 2: 99}, [51]),
        ([50], {1: 10, 2: 55}, [51, 59], {1: 11, 2: 64}, [59]),
        ([50], {1: 1, 2: 45, 3: 90}, [51, 59, 60], {1: 10, 2: 46, 3: 100}, [51]),
        ([50], {1: 10, 2: 55, 3: 60}, [51, 59, 70], {1: 11, 2: 64, 3: 80}, [59]),
        # All neighbours stand below it, or above.
        ([50], {1: 55, 2: 90}, [49, 50, 59], {1: 64, 2: 91}, [59]),
        ([50], {1: 10, 2: 45}, [49, 50, 59], {1: 11, 2: 54}, [59]),
        # At the same distance the upper one does.
        ([50], {1: 40, 2: 60}, [51, 59], {1: 41, 2: 69}, [51]),
        # A neighbour on the very line.
        ([50], {1: 50, 2: 40}, [51, 59], {1: 59, 2: 41}, [59]),
        # Without any neighbour it stays where it was.
        ([50], {}, [48, 50, 53], {}, [50]),
        # Several: each pair that is nearest is made first, whatever the order.
        ([50, 60], {}, [41, 49, 61], {}, [49, 61]),
    ],
)
def test_of_equal_lines_the_one_nearest_to_where_it_must_be_stayed(
    before: list[int], marks_before: dict[int, int], after: list[int], marks_after: dict[int, int], stayed: list[int]
) -> None:
    (run,) = compare(equal(after, marks_after), stamp(equal(before, marks_before), EARLIER), NOW)
    found = [(line, state) for _, line, state in states([run])][: len(after)]
    assert [line for line, state in found if state is UNCHANGED] == stayed
    # And from the other side: those that stayed are the ones that went before.
    (back,) = compare(equal(before, marks_before), stamp(equal(after, marks_after), EARLIER), NOW)
    assert NEW not in [state for _, _, state in states([back])]
    gone = [line for _, line, state in states([back]) if state is ABSENT]
    assert gone == [line for line in after if line not in stayed]


def paired(before: list[Result], after: list[Result]) -> list[datetime | None]:
    """When each result of the second scan was first seen, where those of the first were seen on days of their own."""
    dated = [
        msgspec.structs.replace(result, first_detected=NOW - timedelta(days=len(before) - number))
        for number, result in enumerate(before)
    ]
    (run,) = compare((a_run(*after),), (a_run(*dated),), NOW)
    return [result.first_detected for result in run.results if result.baseline_state is not ABSENT]


def weak(line: int, surroundings: str = "", number: int = 1) -> Result:
    near = {"primaryLocationLineHash": surroundings} if surroundings else {}
    return a_result("W1", line=line, fingerprints={FINGERPRINT: f"same:{number}"} | near)


def test_as_many_equal_lines_as_before_keep_their_order_however_near_they_are() -> None:
    """Nobody came or went: that they all moved is likelier than that they changed places."""
    dates = paired([weak(10), weak(20)], [weak(19), weak(30)])
    assert dates == [NOW - timedelta(days=2), NOW - timedelta(days=1)]


def test_of_equal_lines_the_one_with_the_same_surroundings_stayed_however_far_it_moved() -> None:
    after = [weak(52, "x"), weak(80, "a"), weak(90, "a")]
    assert paired([weak(50, "a")], after) == [NOW, NOW - timedelta(days=1), NOW]


@pytest.mark.parametrize(("now", "nearest"), [(125, True), (126, False)])
def test_so_many_equal_lines_are_compared_each_with_each_and_no_more(now: int, *, nearest: bool) -> None:
    """80 × 125 are 10,000 pairs. All that came stands above those that were there."""
    before = [weak(1000 + 10 * number) for number in range(80)]
    after = [weak(1 + number) for number in range(now - 80)] + before
    old = [NOW - timedelta(days=80 - number) for number in range(80)]
    came = [NOW] * (now - 80)
    assert paired(before, after) == ([*came, *old] if nearest else [*old, *came])


def test_very_many_equal_lines_are_paired_in_order() -> None:
    found = compare(scan({"a.py": "x\n" + "weak(1)\n" * 150}), old({"a.py": "weak(1)\n" * 149 + "y"}), NOW)
    assert [state for _, _, state in states(found)].count(NEW) == 1


def test_equal_lines_of_equal_file_names_keep_to_their_folder() -> None:
    before = old({"b/a.py": "weak(1)"})
    after = compare(scan({"a/a.py": "weak(1)", "b/a.py": "weak(1)"}), before, NOW)
    assert states(after) == [("a/a.py", 1, NEW), ("b/a.py", 1, UNCHANGED)]


@pytest.mark.parametrize("path", ["lib/deep/a.py", "b.py"])
def test_a_renamed_folder_or_file_stays(path: str) -> None:
    assert states(compare(scan({path: "x\nweak(1)\ny"}), old({"a.py": "x\nweak(1)\ny"}), NOW)) == [(path, 2, UNCHANGED)]


def test_a_line_changed_into_another_weakness_is_new() -> None:
    after = compare(scan({"a.py": "weak(2)\ny"}), old({"a.py": "weak(1)\ny"}), NOW)
    assert states(after) == [("a.py", 1, NEW), ("a.py", 1, ABSENT)]


def test_updated_when_a_person_would_judge_anew() -> None:
    before = old({"a.py": "weak(1)"})
    (run,) = scan({"a.py": "\nweak(1)"})
    graver = msgspec.structs.replace(run, results=(msgspec.structs.replace(run.results[0], level=Level.ERROR),))
    assert states(compare([graver], before, NOW)) == [("a.py", 2, UPDATED)]


def test_a_result_that_returns_is_new_with_its_old_date() -> None:
    gone = compare(scan({"a.py": ""}), old({"a.py": "weak(1)"}), NOW)
    back = compare(scan({"a.py": "weak(1)"}), gone, NOW)
    assert states(back) == [("a.py", 1, NEW)]
    assert (back[0].results[0].first_detected, back[0].results[0].properties[CAUSE]) == (EARLIER, "returned")


def test_absent_is_not_carried_on_unless_the_scan_could_not_see() -> None:
    gone = compare(scan({"a.py": ""}), old({"a.py": "weak(1)"}), NOW)
    assert states(compare(scan({"a.py": ""}), gone, NOW)) == []
    assert states(compare(scan({"a.py": ""}, state=ScanState.INCOMPLETE), gone, NOW)) == [("a.py", 1, ABSENT)]


def test_a_log_that_was_compared_can_be_compared_again() -> None:
    once = compare(scan({"a.py": ""}), old({"a.py": "weak(1)"}), NOW)
    assert states(compare(once, old({"a.py": "weak(1)"}), NOW)) == [("a.py", 1, ABSENT)]


def test_a_date_that_the_baseline_lacks_is_that_of_its_scan() -> None:
    for invocation, first in ((Invocation(start=EARLIER), EARLIER), (Invocation(), NOW)):
        after = compare(scan({"a.py": "weak(1)"}), scan({"a.py": "weak(1)"}, invocation=invocation), NOW)
        assert after[0].results[0].first_detected == first


def cause(runs: tuple[Run, ...], baseline: Iterable[Run]) -> str:
    return compare(runs, baseline, NOW)[0].results[0].properties[CAUSE]


@pytest.mark.parametrize(
    ("baseline", "expected"),
    [
        ([], "new-scanner"),
        (old({}, id="other"), "new-scanner"),
        (old({}), "new-code"),
        (old({}, rules=(Rule(id="W2"),)), "new-rule"),
        (old({}, rules=(), version="0.9"), "new-rule"),
        (old({}, rules=()), "new-code"),
        (old({}, version="0.9"), "new-version"),
        (old({}, state=ScanState.INCOMPLETE), "incomplete-baseline"),
    ],
)
def test_new_code_is_told_from_a_new_look(baseline: tuple[Run, ...], expected: str) -> None:
    assert cause(scan({"a.py": "weak(1)"}), baseline) == expected


def audit(*ids: str, version: str = "2.10", audited: tuple[str, ...] = ("pkg:pypi/jinja2@2.10",)) -> tuple[Run, ...]:
    component = ComponentRef(name="jinja2", version=version, purl=f"pkg:pypi/jinja2@{version}")
    vulnerability = Vulnerability(id=ids[0], aliases=ids[1:])
    result = Result(rule_id=ids[0], message=ids[0], locations=(at("uv.lock", 7),), component=component)
    rule = Rule(id=ids[0], vulnerability=vulnerability)
    run = a_run(result, id="pip-audit", role=Role.SCA, rules=(rule,), audited=audited)
    return (fingerprint(run, lambda _: None),)


def test_an_advisory_that_is_new_is_not_new_code() -> None:
    known = a_run(id="pip-audit", role=Role.SCA, audited=("pkg:pypi/jinja2@2.10",))
    assert cause(audit("CVE-1"), [known]) == "new-advisory"
    assert cause(audit("CVE-1", version="2.9"), [known]) == "new-code"


def test_a_vulnerability_that_got_another_name_is_the_same() -> None:
    before = stamp(audit("GHSA-1", "PYSEC-1"), EARLIER)
    (run,) = compare(audit("CVE-1", "GHSA-1", "PYSEC-1"), before, NOW)
    assert [(result.baseline_state, result.first_detected) for result in run.results] == [(UPDATED, EARLIER)]
    (other,) = compare(audit("CVE-2", "GHSA-2"), before, NOW)
    assert [result.baseline_state for result in other.results] == [NEW, ABSENT]


def test_an_upgrade_that_does_not_help_keeps_its_age() -> None:
    (run,) = compare(audit("CVE-1", version="2.11"), stamp(audit("CVE-1"), EARLIER), NOW)
    assert [(result.baseline_state, result.first_detected) for result in run.results] == [(UPDATED, EARLIER)]


def test_stamp_keeps_what_is_known() -> None:
    (run,) = stamp([a_run(a_result(first_detected=EARLIER), a_result(line=2))], NOW)
    assert [result.first_detected for result in run.results] == [EARLIER, NOW]


@pytest.mark.parametrize("told", ["by the earlier log", "by the tool", "by the earlier scan's start"])
def test_no_deadline_runs_from_the_future(told: str) -> None:
    future = NOW + timedelta(days=3650)
    known = a_result(first_detected=future if told == "by the earlier log" else None)
    old = a_run(known, invocation=Invocation(start=future))
    new = a_run(a_result(first_detected=future if told == "by the tool" else None))
    for baseline in ([old], [a_run()], []):
        assert [one.first_detected for run in compare([new], baseline, NOW) for one in run.results] == [NOW]
    assert [one.first_detected for run in stamp([new], NOW) for one in run.results] == [NOW]


def test_what_a_tool_saw_earlier_than_the_baseline_is_not_younger_for_it() -> None:
    new = a_run(a_result(first_detected=EARLIER))
    for baseline in ([a_run(a_result(first_detected=NOW))], [a_run()], []):
        assert [one.first_detected for run in compare([new], baseline, NOW) for one in run.results] == [EARLIER]


def adopt(runs: Iterable[Run], tmp_path: Path) -> tuple[Run, ...]:
    sarif.save(tmp_path / "baseline.sarif", reference(runs))
    return sarif.load(tmp_path / "baseline.sarif")


def test_the_reference_makes_everything_known_and_nothing_more(tmp_path: Path) -> None:
    files = {"a.py": "weak(1)\nx\nweak(1)\nweak(2)", "b/a.py": "weak(1)"}
    both = (*old(files), *stamp(audit("GHSA-1"), EARLIER))
    adopted = adopt(both, tmp_path)
    after = compare((*scan({**files, "c.py": "weak(9)"}), *audit("CVE-1", "GHSA-1")), adopted, NOW)
    assert [state for _, _, state in states(after)].count(NEW) == 1
    assert ("c.py", 1, NEW) in states(after)
    assert {result.first_detected for run in after for result in run.results} == {EARLIER, NOW}
    assert ABSENT not in [result.baseline_state for run in after for result in run.results]


def test_the_reference_tells_nothing_but_fingerprints_and_dates(tmp_path: Path) -> None:
    adopt(old({"secret/a.py": "weak('hunter2')"}), tmp_path)
    text = (tmp_path / "baseline.sarif").read_text()
    assert "secret" not in text
    assert "hunter2" not in text


def test_the_reference_is_the_same_whatever_the_order(tmp_path: Path) -> None:
    (run,) = old({"a.py": "weak(1)\nweak(2)\nweak(1)"})
    turned = msgspec.structs.replace(run, results=run.results[::-1])
    assert sarif.write(reference([run])) == sarif.write(reference([turned]))


def test_two_branches_references_merge_in_git(tmp_path: Path) -> None:
    files = {"a.py": "\n".join(f"weak({number})" for number in range(12))}
    folder = new_repository(tmp_path / "repo")

    def adopt_on(branch: str, start: str, more: dict[str, str]) -> None:
        git(folder, "checkout", "-q", "-B", branch, start)
        sarif.save(folder / "baseline.sarif", reference(old(files | more)))
        commit_all(folder, branch)

    sarif.save(folder / "baseline.sarif", reference(old(files)))
    commit_all(folder, "base")
    adopt_on("one", "main", {"b.py": "weak('one')"})
    adopt_on("two", "main", {"c.py": "weak('two')"})
    git(folder, "merge", "-q", "one")
    (merged,) = sarif.load(folder / "baseline.sarif")
    assert len(merged.results) == 14
    after = compare(scan({**files, "b.py": "weak('one')", "c.py": "weak('two')"}), [merged], NOW)
    assert {state for _, _, state in states(after)} == {UNCHANGED}


def test_the_reference_leaves_out_what_went() -> None:
    after = compare(scan({"a.py": ""}), old({"a.py": "weak(1)"}), NOW)
    assert [run.results for run in reference(after)] == [()]


def suppressed(runs: Iterable[Run], *claims: Suppression) -> tuple[Run, ...]:
    return tuple(
        msgspec.structs.replace(
            run, results=tuple(msgspec.structs.replace(result, suppressions=claims) for result in run.results)
        )
        for run in runs
    )


def told_of(runs: Iterable[Run]) -> list[str | None]:
    return [result.properties.get(CLAIMS) for run in runs for result in run.results]


NOSEC = Suppression(
    kind=SuppressionKind.IN_SOURCE,
    status=SuppressionStatus.ACCEPTED,
    justification="a constant",
    origin="nosec",
    origin_id="W1",
)


@pytest.mark.parametrize("small", [False, True])
def test_a_claim_on_a_known_result_is_told_as_new_only_where_it_is(tmp_path: Path, small: bool) -> None:
    files = {"a.py": "weak(1)"}
    other = msgspec.structs.replace(NOSEC, origin="vex", origin_id="vex-1")

    def after(before: tuple[Suppression, ...], now: tuple[Suppression, ...]) -> list[str | None]:
        earlier = suppressed(old(files), *before)
        found = compare(suppressed(scan(files), *now), adopt(earlier, tmp_path) if small else earlier, NOW)
        assert [state for _, _, state in states(found)] == [UNCHANGED]
        return told_of(found)

    assert after((), ()) == after((NOSEC,), ()) == after((NOSEC,), (NOSEC,)) == [None]
    assert after((), (NOSEC,)) == after((other,), (NOSEC, other)) == [claim_key(NOSEC)]
    assert after((), (NOSEC, other)) == [" ".join(sorted(map(claim_key, (NOSEC, other))))]
    assert after((NOSEC,), (msgspec.structs.replace(NOSEC, justification="other words"),)) == [None]
    for change in ({"justification": " "}, {"status": SuppressionStatus.UNDER_REVIEW}, {"origin_id": ""}):
        assert after((msgspec.structs.replace(NOSEC, **change),), (NOSEC,)) == [claim_key(NOSEC)]


def test_a_reference_of_old_does_not_tell_what_was_suppressed(tmp_path: Path) -> None:
    files = {"a.py": "weak(1)", "b.py": "x\nweak(2)"}
    (written,) = adopt(suppressed(old(files), NOSEC), tmp_path)
    bare = tuple(msgspec.structs.replace(result, properties={}) for result in written.results)
    aged = msgspec.structs.replace(written, results=bare, properties={REFERENCE: "1"})
    assert told_of(compare(suppressed(scan(files), NOSEC), [aged], NOW)) == [UNTOLD, UNTOLD]
    assert told_of(compare(scan(files), [aged], NOW)) == [None, None]


def test_the_reference_names_no_claim(tmp_path: Path) -> None:
    mine = msgspec.structs.replace(NOSEC, origin="waiver", origin_id="W-2026-secret", justification="hunter2")
    adopt(suppressed(old({"a.py": "weak(1)"}), mine), tmp_path)
    text = (tmp_path / "baseline.sarif").read_text()
    assert claim_key(mine) in text
    assert "W-2026" not in text
    assert "hunter2" not in text


lines = st.lists(st.sampled_from(["weak(1)", "weak(2)", "x", "y"]), max_size=8).map("\n".join)
trees = st.dictionaries(st.sampled_from(["a.py", "b/a.py", "c.py"]), lines, max_size=3)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(trees, trees)
def test_every_result_is_accounted_for_once(before: dict[str, str], after: dict[str, str]) -> None:
    earlier, later = old(before), scan(after)
    (run,) = compare(later, earlier, NOW)
    found = [result.baseline_state for result in run.results]
    assert len(found) - found.count(ABSENT) == len(later[0].results)
    assert len(found) - found.count(NEW) == len(earlier[0].results)
    if before == after:
        assert set(found) <= {UNCHANGED}


def bases(results: Iterable[Result]) -> Counter[str]:
    return Counter(base_of(result.fingerprints["govsec/v1"]) for result in results)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(trees, trees)
def test_no_more_is_new_or_absent_than_came_or_went(before: dict[str, str], after: dict[str, str]) -> None:
    """Of equal lines in files of one name at most the difference is new or absent."""
    (earlier,), (later,) = old(before), scan(after)
    (run,) = compare([later], [earlier], NOW)
    new = bases(result for result in run.results if result.baseline_state is NEW)
    absent = bases(result for result in run.results if result.baseline_state is ABSENT)
    assert new <= bases(later.results) - bases(earlier.results)
    assert absent <= bases(earlier.results) - bases(later.results)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(lines, st.lists(st.tuples(st.integers(0, 8), st.sampled_from(["x", "y", "# z"])), max_size=5))
def test_lines_added_around_it_make_nothing_new(text: str, added: list[tuple[int, str]]) -> None:
    changed = text.split("\n")
    for place, line in added:
        changed.insert(place, line)
    found = compare(scan({"a.py": "\n".join(changed)}), old({"a.py": text}), NOW)
    assert {state for _, _, state in states(found)} <= {UNCHANGED}
