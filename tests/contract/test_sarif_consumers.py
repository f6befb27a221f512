"""What those do who read our logs: GitHub's and Microsoft's validator, sarif-tools, DefectDojo, GitLab."""

import hashlib
import json
import re
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from govsec_ci.evidence.fingerprints import fingerprint
from govsec_ci.evidence.merge import merge
from govsec_ci.formats import sarif
from govsec_ci.model import Level, Rule, ScanState, Severity, Vulnerability
from tests.support.command import govsec
from tests.support.evidence_runs import ACCEPTED, NOW, a_result, a_run
from tests.support.sarif_tools import Multitool, counted_by_sarif_tools, multitool, sarif_tools
from tests.support.sdists import unpacked

EXAMPLES = ("vulnerable-app", "clean-app", "unlocked-app")


@pytest.fixture(scope="module")
def bundles(root: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The output folder of each example."""
    folder = tmp_path_factory.mktemp("bundles")
    for name in EXAMPLES:
        project = shutil.copytree(root / "examples" / name, folder / "projects" / name)
        done = govsec("run", project, "--advisories", root / "examples/advisories", "--out", folder / name,
                      "--now", "2024-10-12T00:00:00Z")  # fmt: skip
        assert done.returncode in {0, 1, 3}, done.stderr
    return {name: folder / name for name in EXAMPLES}


def logs_of(bundles: dict[str, Path]) -> list[Path]:
    return [bundle / name for bundle in bundles.values() for name in ("results.sarif", "github.sarif")]


def own_levels(log: Path) -> Counter[str]:
    return Counter(result.level.value for run in sarif.load(log) for result in run.results)


def test_the_logs_of_the_examples_are_valid_and_ours(bundles: dict[str, Path], shared: Path) -> None:
    schema = jsonschema_rs.validator_for(json.loads((shared / "schemas/sarif-2.1.0.json").read_bytes()))
    for log in logs_of(bundles):
        data = log.read_bytes()
        schema.validate(json.loads(data))
        assert sarif.write(sarif.load(data)) == data
    assert sum(own_levels(bundles["vulnerable-app"] / "results.sarif").values()) > 10


def test_every_scan_proves_which_bytes_it_looked_at(bundles: dict[str, Path], root: Path) -> None:
    runs = {run.id: run for run in sarif.load(bundles["vulnerable-app"] / "results.sarif")}
    for name in ("bandit", "pip-audit", "cyclonedx", "zizmor"):
        assert runs[name].artifacts or runs[name].state is ScanState.NOT_APPLICABLE, name
        for artifact in runs[name].artifacts:
            data = (root / "examples/vulnerable-app" / artifact.path).read_bytes()
            assert (artifact.sha256, artifact.length) == (hashlib.sha256(data).hexdigest(), len(data))
    assert [one.path for one in runs["pip-audit"].artifacts] == [one.path for one in runs["cyclonedx"].artifacts]


def as_defectdojo(log: Any) -> list[dict[str, Any]]:
    """Its SARIF parser's rules, as facts: what it takes from a result, and on what it stumbles."""
    findings = []
    for run in log["runs"]:
        rules = {rule["id"]: rule for rule in run["tool"]["driver"]["rules"]}
        for result in run["results"]:
            place = result["locations"][0]["physicalLocation"]
            rule = rules[result["ruleId"]]
            prints = {**result.get("fingerprints", {}), **result.get("partialFingerprints", {})}
            findings.append(
                {
                    "file": place["artifactLocation"]["uri"],
                    "line": place["region"]["startLine"],
                    "false positive": bool(result.get("suppressions")),
                    "cwe": [int(tag.rpartition("-")[2]) for tag in rule["properties"]["tags"] if "cwe/cwe-" in tag],
                    "score": float(rule["properties"].get("security-severity", "nan")),
                    # A key with a slash is taken for one with a version: int() of its last part without the "v".
                    "versions": [int(key.split("/")[-1].replace("v", "")) for key in prints if "/" in key],
                    "id": prints["govsec/v1"],
                }
            )
    return findings


@pytest.mark.parametrize("name", EXAMPLES)
def test_defectdojo_reads_the_copy_for_github(bundles: dict[str, Path], name: str) -> None:
    log = json.loads((bundles[name] / "github.sarif").read_bytes())
    findings = as_defectdojo(log)
    assert not any(finding["false positive"] for finding in findings)
    assert all(finding["versions"] == [1] for finding in findings)
    for run in log["runs"]:
        ids = [result["fingerprints"]["govsec/v1"] for result in run["results"]]
        assert len(ids) == len(set(ids))
    if name == "vulnerable-app":
        assert len(findings) > 10


def test_defectdojo_reads_the_fingerprints_of_other_tools() -> None:
    theirs = {"tool/hash": "1", "tool/hash/v2": "2", "a/b/3": "3", "plain": "4", "govsec/v1": "5"}
    copy = sarif.github_copy([a_run(a_result(fingerprints=theirs))])
    (finding,) = as_defectdojo(json.loads(copy.data))
    assert finding["versions"] == [1, 3, 2]
    assert dict(copy.runs[0].results[0].fingerprints) == {key: theirs[key] for key in theirs if key != "tool/hash"}


def as_gitlab(log: Any) -> list[dict[str, Any]]:
    """Its documentation "SARIF reports" as facts: what it takes from a result, and which ones it would skip."""
    findings = []
    for run in log["runs"]:
        rules = {rule["id"]: rule for rule in run["tool"]["driver"]["rules"]}
        for result in run["results"]:
            rule, place = rules[result["ruleId"]], result["locations"][0]["physicalLocation"]
            assert len(result["message"]["text"]) <= 2_048
            assert len(rule.get("name", "")) <= 255
            assert len(rule["shortDescription"]["text"]) <= 1_024
            assert len(rule["fullDescription"]["text"]) <= 2_048
            assert len(rule.get("helpUri", "")) <= 2_048
            assert len(rule["properties"]["tags"]) <= 10
            # Results in one file by one rule and without a line would be taken for one.
            finding = {"at": (place["artifactLocation"]["uri"], place["region"]["startLine"]), "rule": result["ruleId"]}
            findings.append(finding | {"severity": gitlab_severity(result, rule)})
    return findings


def gitlab_severity(result: Any, rule: Any) -> str:
    score = result.get("rank")
    if score is None and "security-severity" in rule["properties"]:
        score = 10 * float(rule["properties"]["security-severity"])
    if score is None:
        return {"error": "HIGH", "warning": "MEDIUM", "note": "LOW", "none": "NONE"}[result["level"]]
    assert 0 <= score <= 100
    return next(name for least, name in ((90, "CRITICAL"), (70, "HIGH"), (40, "MEDIUM"), (10, "LOW"), (0, "NONE"))
                if score >= least)  # fmt: skip


@pytest.mark.parametrize("name", EXAMPLES)
def test_gitlab_takes_every_result_with_the_severity_that_we_gave_it(bundles: dict[str, Path], name: str) -> None:
    runs = sarif.load(bundles[name] / "github.sarif")
    given = [result.severity.value for run in runs for result in run.results]
    findings = as_gitlab(json.loads((bundles[name] / "github.sarif").read_bytes()))
    assert [
        ours for ours, theirs in zip(given, findings, strict=True) if ours not in {theirs["severity"], "UNKNOWN"}
    ] == []
    if name == "vulnerable-app":
        assert {"HIGH", "MEDIUM", "LOW"} <= set(given)


def test_gitlab_takes_each_result_of_one_rule_with_its_own_severity() -> None:
    """A rule has one score, and its results may differ: bandit's B602 is LOW or HIGH."""
    severities = (Severity.LOW, Severity.HIGH, Severity.CRITICAL, Severity.MEDIUM, Severity.NONE)
    results = [a_result("R", line=number, severity=one) for number, one in enumerate(severities, 1)]
    copy = sarif.github_copy([a_run(*results, rules=(Rule(id="R", security_severity="8.0"),))])
    found = {finding["at"][1]: finding["severity"] for finding in as_gitlab(json.loads(copy.data))}
    assert found == {number: one.value for number, one in enumerate(severities, 1)}


def test_gitlab_finds_a_level_and_a_numeric_score(bundles: dict[str, Path]) -> None:
    log = json.loads((bundles["vulnerable-app"] / "github.sarif").read_bytes())
    assert len(log["runs"]) <= 20
    for run in log["runs"]:
        scores = [rule["properties"].get("security-severity") for rule in run["tool"]["driver"]["rules"]]
        assert all(re.fullmatch(r"\d{1,2}\.\d", score) for score in scores if score is not None)
        assert all(result["level"] in {"error", "warning", "note"} for result in run["results"])
        assert re.fullmatch(r"govsec/[a-z0-9-]+/", run["automationDetails"]["id"])
    categories = [(run["tool"]["driver"]["name"], run["automationDetails"]["id"]) for run in log["runs"]]
    assert len(categories) == len(set(categories))


def hard_case() -> tuple[Any, ...]:
    """A log with something of everything that a scanner may hand over."""
    vulnerability = Vulnerability(id="CVE-1", aliases=tuple(f"GHSA-{number}" for number in range(20)))
    rules = (
        Rule(
            id="B602",
            name="subprocess",
            short="Shell.",
            full="Shell.",
            help="Do not.",
            help_uri="https://example.org/b",
        ),
        Rule(id="CVE-1", short="A hole.", full="A hole.", help="Upgrade.", vulnerability=vulnerability, name="CVE-1"),
        Rule(id="BARE"),
    )
    results = (
        a_result("B602", "a b/ü.py", level=Level.ERROR, severity=Severity.HIGH),
        a_result("CVE-1", "uv.lock", suppressions=(ACCEPTED,), first_detected=NOW),
        a_result("BARE", "x.py", level=Level.NOTE),
    )
    run = a_run(*results, rules=rules, tool_uri="https://example.org/tool")
    empty = a_run(id="zizmor", state=ScanState.NOT_APPLICABLE, proof="no workflow", tool_uri="https://example.org/z")
    return merge([fingerprint(run, lambda _: b"import os\n"), empty])


@pytest.fixture(scope="module")
def validator(tmp_path_factory: pytest.TempPathFactory) -> Multitool:
    return multitool(tmp_path_factory.mktemp("npm"))


@pytest.mark.full
def test_the_validator_has_nothing_to_complain_of(
    validator: Multitool, bundles: dict[str, Path], tmp_path: Path
) -> None:
    runs = hard_case()
    sarif.save(tmp_path / "results.sarif", runs)
    sarif.save(tmp_path / "github.sarif", sarif.github_copy(runs).runs)
    hard = [tmp_path / "results.sarif", tmp_path / "github.sarif"]
    assert validator.complaints(*hard, *logs_of(bundles)) == Counter()


@pytest.mark.full
def test_the_validator_can_complain(validator: Multitool, tmp_path: Path) -> None:
    log = json.loads(sarif.write([a_run(a_result(), tool_uri="https://example.org/tool")]))
    del log["runs"][0]["tool"]["driver"]["rules"][0]["help"]
    (tmp_path / "x.sarif").write_text(json.dumps(log))
    assert validator.complaints(tmp_path / "x.sarif")


@pytest.mark.full
def test_the_validator_has_nothing_to_complain_of_in_django(
    validator: Multitool, root: Path, tmp_path: Path, shared: Path
) -> None:
    project = unpacked("django", "5.2.4", tmp_path)
    done = govsec("run", project, "--advisories", root / "examples/advisories", "--out", tmp_path / "out")
    assert done.returncode in {1, 3}, done.stderr
    schema = jsonschema_rs.validator_for(json.loads((shared / "schemas/sarif-2.1.0.json").read_bytes()))
    logs = [tmp_path / "out" / name for name in ("results.sarif", "github.sarif")]
    for log in logs:
        schema.validate(json.loads(log.read_bytes()))
    assert validator.complaints(*logs) == Counter()
    assert sum(own_levels(tmp_path / "out/results.sarif").values()) >= 1235


@pytest.mark.full
def test_sarif_tools_counts_as_we_do(bundles: dict[str, Path], tmp_path: Path) -> None:
    python = sarif_tools(tmp_path / "venv")
    sarif.save(tmp_path / "hard.sarif", hard_case())
    for log in [*logs_of(bundles), tmp_path / "hard.sarif"]:
        assert counted_by_sarif_tools(python, log) == dict(own_levels(log)), log
