"""Annotations: GitHub's limits, most severe first, nothing that ends a command early."""

import re

import pytest
from msgspec.structs import replace

from govsec_ci.app.annotations import KEPT, annotations
from govsec_ci.report.shapes import View
from tests.support import report_cases as cases


def view(count: int = 1, *, message: str = "A shell", path: str = "app/backup.py", gated: bool = True) -> View:
    shown = cases.failing()
    first = next(one for one in shown.results if one.gates and one.component is None)
    one = replace(first, message=message, path=path, line=12, column=5, severity="HIGH", rule="B602")
    one = one if gated else replace(one, gates=())
    return replace(shown, results=(one,) * count, runs=())


def test_a_blocking_result_is_an_error_at_its_place() -> None:
    assert annotations(view()) == ["::error file=app/backup.py,line=12,col=5,title=HIGH B602::A shell"]


def test_paths_count_from_the_workspace() -> None:
    assert annotations(view(), "services/web")[0].startswith("::error file=services/web/app/backup.py,")


def test_what_does_not_block_is_a_notice() -> None:
    assert annotations(view(gated=False))[0].startswith("::notice ")


@pytest.mark.parametrize("count", [KEPT, KEPT + 1, 500])
def test_no_more_than_github_keeps_and_the_rest_is_counted(count: int) -> None:
    told = annotations(view(count))
    assert len(told) == KEPT
    if count > KEPT:
        assert told[-1] == f"::error title=govsec::{count - KEPT + 1} more: the summary has them"


def test_nothing_ends_a_command_or_starts_another() -> None:
    (told,) = annotations(view(message="50 %\r\n::set-output name=a::b", path="a,b:c%\n::warning::x.py"))
    assert "\n" not in told
    assert "\r" not in told
    assert told.startswith("::error file=a%2Cb%3Ac%25%0A%3A%3Awarning%3A%3Ax.py,line=12")
    assert told.endswith("::50 %25%0D%0A::set-output name=a::b")


def test_a_result_without_a_place_has_none() -> None:
    shown = view()
    bare = replace(shown, results=(replace(shown.results[0], path="", line=None, column=None),))
    assert annotations(bare) == ["::error title=HIGH B602::A shell"]


def test_a_dependency_names_the_version_that_mends_it() -> None:
    shown = cases.failing()
    (first, *_) = (one for one in shown.results if one.fixed_in and one.gates)
    bare = replace(shown, results=(replace(first, message="Denial of service"),), runs=())
    assert annotations(bare)[0].endswith(f": Denial of service Fixed in {first.fixed_in}.")
    said = replace(bare, results=(replace(first, message=f"Denial of service; fixed in {first.fixed_in}"),))
    assert annotations(said)[0].endswith(f": Denial of service; fixed in {first.fixed_in}")


def test_what_was_not_checked_is_a_warning() -> None:
    shown = cases.failing()
    broken = [run for run in shown.runs if run.problems]
    if not broken:
        pytest.fail("the case must hold a run with a problem")
    told = [one for one in annotations(shown) if one.startswith("::warning title=not checked by ")]
    assert len(told) == sum(len(run.problems) for run in shown.not_checked)
    assert re.search(r"::warning title=not checked by \S+::\S", told[0])
