"""Reports of other tools are looked up in KEV, EPSS and SSVC data before a gate asks."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace

from govsec_ci.advisories.feeds import parts_of
from govsec_ci.advisories.prepare import index_of
from govsec_ci.config import Config, Import
from govsec_ci.model import Role, Rule, Run, ScanState, Vulnerability
from govsec_ci.scanners.imported import load
from govsec_ci.scanners.imported_facts import looked_up
from tests.support import advisories
from tests.support.scanners import make_request, make_tree

EXPLOITED, OTHER = "CVE-2024-0001", "CVE-2024-0002"
BOM = {
    "bomFormat": "CycloneDX",
    "specVersion": "1.6",
    "metadata": {"tools": {"components": [{"type": "application", "name": "Trivy", "version": "0.60"}]}},
    "components": [
        {"type": "library", "name": "log4j", "version": "2.0", "bom-ref": "a", "purl": "pkg:maven/l/log4j@2"}
    ],
    "vulnerabilities": [
        {"id": "GHSA-aaaa-bbbb-cccc", "references": [{"id": EXPLOITED}], "affects": [{"ref": "a"}]},
        {"id": OTHER, "affects": [{"ref": "a"}]},
    ],
}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("feeds")
    files = (
        advisories.zipped(folder / "all.zip", advisories.record()),
        advisories.kev(folder / "kev.json", advisories.kev_entry(EXPLOITED)),
        advisories.epss(folder / "epss.csv", (OTHER, 0.25, 0.9), ("CVE-2024-0003", 0.5, 0.95)),
    )
    return index_of([part for path in files for part in parts_of(path)], folder / "cache")


def report(role: Role, *ids: str) -> Run:
    rules = tuple(Rule(id=one) for one in ids)
    return Run(id="other", tool="other", version="1", role=role, state=ScanState.COMPLETE, rules=rules)


def test_an_imported_vulnerability_is_looked_up_by_every_name_that_it_has(tmp_path: Path, index: Path) -> None:
    make_tree(tmp_path, {"bom.json": json.dumps(BOM)})
    config = Config(imports=(Import(path="bom.json", role=Role.SCA),))
    now_s = int(datetime(2026, 3, 1, tzinfo=UTC).timestamp())
    (run,) = load(make_request(tmp_path, config=config, now_s=now_s, advisories=index))
    found = {rule.id: rule.vulnerability for rule in run.rules}
    exploited, other = found["GHSA-aaaa-bbbb-cccc"], found[OTHER]
    assert exploited is not None
    assert exploited.kev is not None
    assert exploited.kev.cve == EXPLOITED
    assert other is not None
    assert other.kev is None
    assert other.epss is not None
    assert other.epss.score == 0.25
    assert {state.feed for state in run.advisories} == {"kev", "epss"}


def test_the_rule_of_a_log_may_be_the_vulnerability(index: Path) -> None:
    (run,) = looked_up([report(Role.CONTAINER, EXPLOITED, "DS-0002")], index)
    first, second = run.rules
    assert first.vulnerability is not None
    assert first.vulnerability.kev is not None
    assert second.vulnerability is None


def test_what_names_no_vulnerability_was_looked_up_nowhere(index: Path) -> None:
    same = (report(Role.SCA, "TOOL-1"), report(Role.SAST, EXPLOITED))
    assert looked_up(same, index) == same
    assert looked_up([report(Role.SCA, EXPLOITED)], None) == (report(Role.SCA, EXPLOITED),)


def test_of_several_names_the_likeliest_exploited_counts(index: Path) -> None:
    about = Vulnerability(id=OTHER, aliases=("CVE-2024-0003",))
    (run,) = looked_up([replace(report(Role.SCA, OTHER), rules=(Rule(id=OTHER, vulnerability=about),))], index)
    known = run.rules[0].vulnerability
    assert known is not None
    assert known.epss is not None
    assert known.epss.score == 0.5
