"""govsec plan in its three forms and both languages, from a bundle made for the test."""

import json
from pathlib import Path

import pytest

from govsec_ci.advisories.locate import Located
from govsec_ci.advisories.prepare import prepare
from govsec_ci.app.plan import plan, render
from govsec_ci.errors import UsageError
from govsec_ci.formats import upgrades
from govsec_ci.model import Candidate, ComponentRef, Fix, Result, Role, Stage
from tests.support import advisories as made
from tests.support import bundles
from tests.support.gate_evidence import NOW, PURL, code, evidence, run, vulnerable

A, B = "CVE-2024-0001", "CVE-2024-0002"


def folder(tmp_path: Path, *results: Result, known: dict[str, list[Candidate]] | None = None) -> Path:
    sca = run(Role.SCA, results, properties=upgrades.write(known or {}))
    bundles.write(tmp_path / "out", evidence(sca, run(Role.SAST, [code()])), ["jp-gov"], now=NOW, stage=Stage.BUILD)
    return tmp_path / "out"


def jinja(*newer: tuple[str, tuple[str, ...]]) -> dict[str, list[Candidate]]:
    told = (("3.1.4", (A, B)), *newer)
    return {PURL: [Candidate(version=version, rest=rest) for version, rest in told]}


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A is gone in 4.0, B in 3.9 alone; another tool's component has a name that no package manager reads."""
    odd = ComponentRef(name="odd name\n-r /etc", version="1.0", purl="pkg:pypi/odd")
    return folder(
        tmp_path,
        vulnerable("a", rule=A),
        vulnerable("b", rule=B),
        vulnerable("c", rule="CVE-2024-0003", component=odd, fix=Fix(nearest="1.1", versions=("1.1",))),
        known=jinja(("3.9", (A,)), ("4.0", (B,))),
    )


def test_for_people(out: Path) -> None:
    text = render(plan(out), "text").splitlines()
    assert text[0] == "raise jinja2 3.1.4 -> 3.9 in requirements.txt:1: closes 1"
    assert text[1] == (
        "open: jinja2 3.1.4 in requirements.txt:1: CVE-2024-0001 is gone from 4.0, which has other vulnerabilities"
    )
    assert text[2].startswith("raise odd name")
    assert "\n" not in text[2]
    assert text[3] == "  the advisory data was not asked about 1.1: only the fixes that the results name are known"
    assert any(line.startswith("then: Mend 1 result of rule B602") for line in text)
    assert text[-1].startswith("Versions are not resolved against one another")


def test_for_people_in_japanese(out: Path) -> None:
    text = render(plan(out, lang="ja"), "text", lang="ja").splitlines()
    assert text[0] == "requirements.txt:1 の jinja2 を 3.1.4 から 3.9 へ更新する: 是正 1 件"
    assert "CVE-2024-0001 は 4.0 で解消するが、同版には別の脆弱性がある" in text[1]
    assert any(line.startswith("次に: 規則 B602") for line in text)


def test_a_version_that_brings_something_says_so_and_another_major_version_too(tmp_path: Path) -> None:
    found = folder(tmp_path, vulnerable("a", rule=A), vulnerable("b", rule=B), known=jinja(("4.0", ("CVE-2024-0009",))))
    text = render(plan(found), "text").splitlines()
    assert text[0].startswith("raise jinja2 3.1.4 -> 4.0 (another major version)")
    assert text[1] == "  4.0 itself has CVE-2024-0009"


def test_for_a_package_manager(out: Path) -> None:
    lines = render(plan(out), "requirements").splitlines()
    assert lines[0].startswith("#")
    assert lines[1:3] == ["jinja2>=3.9", "# jinja2: 3.9 does not clear CVE-2024-0001"]
    assert [line for line in lines if "odd" in line and not line.startswith("#")] == []


def test_for_programs(out: Path) -> None:
    told = json.loads(render(plan(out), "json"))
    assert told["verdict"] == "FAIL"
    first = told["upgrades"][0]
    assert (first["name"], first["target"], first["open"], first["elsewhere"]) == ("jinja2", "3.9", [A], {A: "4.0"})
    assert told["steps"]
    assert "not resolved" in told["note"]


def test_the_same_bundle_gives_the_same_plan(out: Path) -> None:
    assert render(plan(out), "json") == render(plan(out), "json")


def test_other_data_is_asked_where_it_is_given(out: Path, tmp_path: Path) -> None:
    record = made.record("PYSEC-2024-1", aliases=[A], package="jinja2", events=[{"introduced": "0"}, {"fixed": "3.2"}])
    path = prepare(made.folder(tmp_path / "osv", record), tmp_path / "cache")
    first = next(one for one in plan(out, Located(path=path)).upgrades if one.name == "jinja2")
    # The data knows nothing of B, for which no fix is known either: it stays.
    assert (first.target, first.closes, first.open, first.checked) == ("3.2", (A,), (B,), False)


def test_data_that_cannot_be_had_is_said(out: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no advisory data: none here"):
        plan(out, Located(path=None, problem="none here"))
    with pytest.raises(UsageError):
        plan(tmp_path / "none")


@pytest.mark.parametrize(("lang", "said"), [("en", "Nothing is left to do."), ("ja", "実施すべき事項はない。")])
def test_nothing_to_do(tmp_path: Path, lang: str, said: str) -> None:
    bundles.write(tmp_path / "out", evidence(), ["jp-gov"], now=NOW, stage=Stage.BUILD)
    assert render(plan(tmp_path / "out", lang=lang), "text", lang=lang) == said
