"""govsec plan: applying it leaves no blocking dependency result, and no nearer version does."""

import json
import re
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.utils import canonicalize_name
from packaging.version import VERSION_PATTERN, Version

from tests.conftest import ROOT
from tests.support import advisories as made
from tests.support.command import govsec

ADVISORIES = ROOT / "examples/advisories"
NOW = "2024-10-12T00:00:00Z"
VERSION = re.compile(rf"\s*{VERSION_PATTERN}\s*", re.VERBOSE | re.IGNORECASE)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ROOT / "examples/vulnerable-app", tmp_path / "project"))


def judge(project: Path, advisories: Path) -> dict[str, Any]:
    out = project.parent / "out"
    govsec("run", project, "--advisories", advisories, "--offline", "--now", NOW, "--out", out)
    verdict: dict[str, Any] = json.loads((out / "verdict.json").read_text("utf-8"))
    return verdict


def planned(project: Path, *more: object) -> dict[str, Any]:
    done = govsec("plan", "--out", project.parent / "out", "--format", "json", *more)
    assert done.returncode == 0, done.stderr
    plan: dict[str, Any] = json.loads(done.stdout)
    return plan


def _apply(project: Path, plan: dict[str, Any]) -> None:
    file = project / "requirements.txt"
    text = re.sub(r" \\\n\s+--hash=\S+", "", file.read_text("utf-8"))
    for one in plan["upgrades"]:
        name = one["name"].replace("-", "[-_.]")
        pinned = rf"(?mi)^({name}(?:\[\w+\])?)==\S+"
        assert re.search(pinned, text), one["name"]
        # What nothing clears is to be replaced, or waived by somebody who may: here it goes.
        text = re.sub(pinned, "" if one["open"] else rf"\1=={one['target']}", text)
    file.write_text(text)


def blocking_components(project: Path, verdict: dict[str, Any]) -> set[str]:
    """Names of the components with a result that stands against a deciding gate."""
    failed = (one for one in verdict["checks"] if one["mode"] == "block" and one["verdict"] != "PASS")
    keys = {key for one in failed for key in one["results"]}
    log = json.loads((project.parent / "out/results.sarif").read_text("utf-8"))
    results = [result for run in log["runs"] for result in run.get("results", [])]
    held = [one["properties"]["govsec"]["component"] for one in results if one["fingerprints"]["govsec/v1"] in keys
            if "component" in one["properties"].get("govsec", {})]  # fmt: skip
    return {component["name"] for component in held}


class Records:
    """OSV's records as they are published, read with nothing of ours: the specification's evaluation, spelled out."""

    def __init__(self, source: Path) -> None:
        self.by_package: dict[str, list[tuple[frozenset[str], dict[str, Any]]]] = {}
        for data in self._files(source):
            record = json.loads(data)
            for affected in () if record.get("withdrawn") else record.get("affected", ()):
                own = (frozenset({record["id"], *record.get("aliases", ())}), affected)
                self.by_package.setdefault(canonicalize_name(affected["package"]["name"]), []).append(own)

    @staticmethod
    def _files(source: Path) -> Iterator[bytes]:
        if source.is_dir():
            yield from (path.read_bytes() for path in sorted(source.rglob("*.json")))
            return
        with zipfile.ZipFile(source) as archive:
            yield from (archive.read(name) for name in archive.namelist() if name.endswith(".json"))

    def ids(self, name: str, version: Version) -> list[frozenset[str]]:
        """The ids of every record that affects the version."""
        return [ids for ids, affected in self.by_package.get(name, ()) if self._is_affected(version, affected)]

    def known(self, name: str) -> set[Version]:
        """Every version that a record of the package names."""
        named = set()
        for _, affected in self.by_package.get(name, ()):
            named.update(affected.get("versions", ()))
            named.update(at for one in affected.get("ranges", ()) for event in one["events"] for at in event.values())
        return {Version(one) for one in named if VERSION.fullmatch(one)}

    def _is_affected(self, version: Version, affected: dict[str, Any]) -> bool:
        listed = {Version(one) for one in affected.get("versions", ()) if VERSION.fullmatch(one)}
        ranges = (one for one in affected.get("ranges", ()) if one["type"] != "GIT")
        return version in listed or any(self._within(version, one["events"]) for one in ranges)

    @staticmethod
    def _within(version: Version, events: list[dict[str, str]]) -> bool:
        found = False
        for event in sorted(events, key=lambda one: Version(next(iter(one.values())))):
            ((kind, at),) = event.items()
            place = Version("0.dev0") if at == "0" else Version(at)
            if kind == "introduced" and version >= place:
                found = True
            if (kind == "fixed" and version >= place) or (kind == "last_affected" and version > place):
                found = False
        return found


def assert_minimal(plan: dict[str, Any], records: Records) -> None:
    """By brute force over every version that the data knows: each nearer one still has a vulnerability."""
    for one in plan["upgrades"]:
        installed, left = Version(one["installed"]), set(one["open"])
        newer = sorted(version for version in records.known(one["name"]) if version > installed)
        stable = [version for version in newer if not version.is_prerelease]
        target = Version(one["target"]) if one["target"] else None
        if target is not None:
            assert all(ids & left for ids in records.ids(one["name"], target)), one
        for version in stable:
            if target is None or version < target:
                assert any(not ids & left for ids in records.ids(one["name"], version)) or left, (one, version)
        for identifier in left:
            assert all(any(identifier in ids for ids in records.ids(one["name"], own)) for own in stable), one


@pytest.mark.parametrize("source", ["example set", "public data"])
def test_applying_the_plan_leaves_no_blocking_dependency_result(
    project: Path, source: str, request: pytest.FixtureRequest
) -> None:
    advisories = ADVISORIES
    if source == "public data":
        advisories = request.getfixturevalue("shared") / "data/osv-pypi-2024-10-10.zip"
    assert blocking_components(project, judge(project, advisories))
    plan = planned(project)
    assert any(one["target"] for one in plan["upgrades"])
    assert_minimal(plan, Records(advisories))
    _apply(project, plan)
    assert blocking_components(project, judge(project, advisories)) == set()


@pytest.mark.parametrize("name", ["posthog", "sentry", "saleor"])
def test_it_holds_for_what_real_projects_had_locked(name: str, tmp_path: Path, shared: Path) -> None:
    project = Path(shutil.copytree(ROOT / "tests/recorded/locked" / name, tmp_path / "project"))
    advisories = shared / "data/osv-pypi-2024-10-10.zip"
    blocked = blocking_components(project, judge(project, advisories))
    plan = planned(project)
    assert {one["name"] for one in plan["upgrades"]} == blocked
    assert len(blocked) >= 10
    assert all(one["checked"] and not one["brings"] for one in plan["upgrades"])
    assert_minimal(plan, Records(advisories))
    _apply(project, plan)
    assert blocking_components(project, judge(project, advisories)) == set()


def test_what_no_version_clears_is_named(project: Path) -> None:
    judge(project, ADVISORIES)
    plan = planned(project)
    (ecdsa,) = [one for one in plan["upgrades"] if one["name"] == "ecdsa"]
    assert (ecdsa["target"], ecdsa["open"]) == ("", ["CVE-2024-23342"])
    text = govsec("plan", "--out", project.parent / "out", "--lang", "en").stdout
    assert "no version clears CVE-2024-23342" in text
    assert "not resolved against one another" in text
    assert "B602" in text
    japanese = govsec("plan", "--out", project.parent / "out", "--lang", "ja").stdout
    assert "CVE-2024-23342 を解消する版は知られていない" in japanese
    lines = govsec("plan", "--out", project.parent / "out", "--format", "requirements").stdout
    assert "# ecdsa: 0.18.0 does not clear CVE-2024-23342" in lines
    assert "django>=3.2.25" in lines


def test_a_bundle_that_passes_needs_nothing(passing_bundle: Path) -> None:
    done = govsec("plan", "--out", passing_bundle, "--lang", "en")
    assert done.stdout == "Nothing is left to do.\n"


def test_other_data_is_asked_where_it_is_named(failing_bundle: Path, tmp_path: Path) -> None:
    """Data of a later day may know of more; the plan of the bundle itself stays what it was."""
    later = made.folder(tmp_path / "later", made.record("PYSEC-2030-1", package="django", events=[{"introduced": "0"}]))
    arguments = ("plan", "--out", failing_bundle, "--format", "json")
    (now,) = [one for one in json.loads(govsec(*arguments).stdout)["upgrades"] if one["name"] == "django"]
    asked = json.loads(govsec(*arguments, "--advisories", later).stdout)["upgrades"]
    (then,) = [one for one in asked if one["name"] == "django"]
    assert (now["target"], then["target"]) == ("3.2.25", "")


def test_the_plan_of_a_bundle_needs_no_advisory_data_but_names_what_is_asked_for_in_vain(
    failing_bundle: Path, tmp_path: Path
) -> None:
    empty = {"GOVSEC_CACHE_DIR": str(tmp_path / "empty")}
    assert "django" in govsec("plan", "--out", failing_bundle, variables=empty).stdout
    done = govsec("plan", "--out", failing_bundle, "--advisories", tmp_path / "none", variables=empty)
    assert done.returncode == 2
    assert "none" in done.stderr
