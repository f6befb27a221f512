"""report.html in headless Chromium: what a release manager sees, does and cannot be hurt by.

One driver (``browser/drive.mjs``) opens every page once and writes down what it saw; the tests here judge. Screenshots
and the PDF stay in pytest's temporary folder (``--basetemp``).
"""

import json
import os
import re
import shutil
import subprocess
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from govsec_ci.app import bundle, steps
from govsec_ci.model import Severity, VerdictWord
from govsec_ci.report import html_page
from govsec_ci.report.view import View, build
from tests.support import report_cases as cases
from tests.support.command import govsec
from tests.support.hostile_tree import hostile_repository

CHROMIUM = os.environ.get("GOVSEC_TEST_CHROMIUM") or shutil.which("chromium") or ""
pytestmark = [
    pytest.mark.full,
    pytest.mark.skipif(
        not CHROMIUM or not shutil.which("npm"), reason="needs chromium, node and npm (make full-tools)"
    ),
]
EXAMPLES = {"vulnerable-app": "FAIL", "clean-app": "PASS", "unlocked-app": "INCOMPLETE"}
SMALL = (*EXAMPLES, "old-django", "failing", "hostile", "hostile-tree", "folded")
MANY = ("10k", "100k")
QUESTIONS = {
    "en": ["May I release?", "What blocks?", "By which rule?", "Who must do what, by when?", "Can I prove it later?"],
    "ja": ["リリースの可否", "妨げとなる事項", "根拠となる定め", "対応の担当、期限及び内容", "事後の証明の可否"],
}
HERE = Path(__file__).parent / "browser"
Seen = dict[str, Any]


def _example(root: Path, name: str, folder: Path) -> View:
    """The view of an example, judged with the example advisories at its own clock."""
    out = folder / name
    clock = datetime.fromisoformat("2024-10-12T00:00:00Z").isoformat()
    govsec("run", root / "examples" / name, "--advisories", root / "examples/advisories", "--now", clock, "--out", out)
    return build(bundle.read_verdict(out), steps.read_evidence(out), bundle.read_profiles(out), lang="en")


_OLD_CODE = """
import tarfile

from django.utils.safestring import mark_safe


def unpack(archive, folder):
    with tarfile.open(archive) as tar:
        tar.extractall(folder)


def caption(text):
    return mark_safe("<figcaption>" + text + "</figcaption>")
"""


def _old_django(shared: Path, folder: Path) -> View:
    """A pinned Django application of 2023 with 125 dependencies, judged with the advisory data of October 2024."""
    project, out = folder / "old-django-source", folder / "old-django"
    (project / "portal").mkdir(parents=True)
    (project / "requirements.txt").write_bytes((HERE / "old-django-pins.txt").read_bytes())
    (project / "pyproject.toml").write_text(
        '[project]\nname = "citizen-portal"\nversion = "3.1"\ndynamic = ["dependencies"]\n'
    )
    (project / "portal/attachments.py").write_text(_OLD_CODE)
    data, clock = shared / "data/osv-pypi-2024-10-10.zip", "2024-10-12T00:00:00Z"
    done = govsec("run", project, "--advisories", data, "--now", clock, "--out", out)
    assert done.returncode == 1, done.stderr
    view = build(bundle.read_verdict(out), steps.read_evidence(out), bundle.read_profiles(out), lang="en")
    assert view.sbom is not None
    assert view.sbom.components > 60
    return view


def _hostile_tree(folder: Path) -> View:
    """The repository of the trust tests, through the whole way."""
    out = folder / "hostile-tree"
    done = govsec("run", hostile_repository(folder / "hostile-source"), "--offline", "--out", out)
    assert done.returncode in {1, 3}, done.stderr
    return build(bundle.read_verdict(out), steps.read_evidence(out), bundle.read_profiles(out), lang="en")


def _many(count: int) -> View:
    severities = list(Severity)
    results = [
        cases.static(
            f"k{n:08x}",
            severity=severities[n % 5],
            rule_id=f"B{600 + n % 40}",
            message=f"subprocess call with shell=True identified, security issue number {n}.",
            locations=cases.at(f"app/module_{n % 400}/file_{n % 37}.py", n % 3000 + 1, 5),
        )
        for n in range(count)
    ]
    keys = [one.fingerprints["govsec/v1"] for one in results[: count // 2]]
    judged = cases.verdict(VerdictWord.FAIL, cases.check(VerdictWord.FAIL, *keys))
    return build(judged, cases.evidence(cases.bandit_run(*results)), (), lang="en")


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the driver and its npm packages, exactly those of the lock file."""
    folder = tmp_path_factory.mktemp("browser")
    for file in HERE.iterdir():
        shutil.copy(file, folder)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
    subprocess.run(command, cwd=folder, check=True, timeout=300)
    return folder


@pytest.fixture(scope="module")
def pages(root: Path, shared: Path, tools: Path) -> dict[str, Path]:
    """Name → the page as a file."""
    views = {name: _example(root, name, tools) for name in EXAMPLES}
    views["old-django"] = _old_django(shared, tools)
    views["hostile-tree"] = _hostile_tree(tools)
    views |= {"failing": cases.failing(), "hostile": cases.hostile(), "10k": _many(10_000), "100k": _many(100_000)}
    for name, view in views.items():
        (tools / f"{name}.html").write_text(html_page.render(view), "utf-8")
    (tools / "folded.html").write_text(html_page.render(_many(300), rows=220), "utf-8")
    return {name: tools / f"{name}.html" for name in (*views, "folded")}


@pytest.fixture(scope="module")
def seen(tools: Path, pages: dict[str, Path]) -> Seen:
    """What the driver saw."""
    plan = {
        "chromium": CHROMIUM,
        "axe": str(tools / "node_modules/axe-core/axe.min.js"),
        "out": str(tools),
        "pages": {name: str(path) for name, path in pages.items()},
        "small": SMALL,
        "main": "vulnerable-app",
        "search": "django sql",
        "many": MANY,
    }
    (tools / "plan.json").write_text(json.dumps(plan))
    subprocess.run(["node", "drive.mjs", "plan.json"], cwd=tools, check=True, timeout=900)
    answers: Seen = json.loads((tools / "seen.json").read_text())
    return answers


@pytest.mark.parametrize(("name", "verdict"), EXAMPLES.items())
def test_each_example_shows_its_verdict(seen: Seen, name: str, verdict: str) -> None:
    assert seen[f"load {name}"]["heading"].startswith(verdict)


@pytest.mark.parametrize("lang", QUESTIONS)
@pytest.mark.parametrize("name", [*EXAMPLES, "old-django"])
def test_the_first_screen_answers_the_five_questions(seen: Seen, name: str, lang: str) -> None:
    rows = seen[f"first {name} {lang}"]
    assert [row["question"] for row in rows] == QUESTIONS[lang]
    assert all(row["answer"] for row in rows)
    assert rows[-1]["bottom"] <= 900, "in a window of 1280 by 900"


@pytest.mark.parametrize("lang", QUESTIONS)
@pytest.mark.parametrize("name", SMALL)
def test_nothing_sticks_out_of_a_narrow_window(seen: Seen, name: str, lang: str) -> None:
    assert seen[f"narrow {name} {lang}"] == {"fits": True, "trouble": []}


@pytest.mark.parametrize("name", [*SMALL, *MANY])
def test_no_page_asks_the_network_or_complains(seen: Seen, name: str) -> None:
    assert seen[f"load {name}"]["trouble"] == []
    assert seen[f"load {name}"]["fits"], "nothing sticks out to the right"


@pytest.mark.parametrize("look", ["en light 1280", "ja dark 1280", "ja light 390"])
@pytest.mark.parametrize("name", [*SMALL, *MANY])
def test_axe_finds_no_violation(seen: Seen, name: str, look: str) -> None:
    assert seen[f"axe {name} {look}"] == []


def test_the_pages_are_valid_html(tools: Path, pages: dict[str, Path]) -> None:
    # "folded" is made as the largest pages are; over one of 10,000 rows the validator sits for minutes.
    files = [str(pages[name]) for name in SMALL]
    done = subprocess.run(
        [tools / "node_modules/.bin/html-validate", *files], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout


def test_hostile_names_and_texts_of_a_tree_stay_text(seen: Seen) -> None:
    told = seen["load hostile-tree"]
    assert told["scripts"] == 2
    assert "<script>alert('hostile')" in told["text"]
    assert not re.search("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]", told["text"])


def test_hostile_text_stays_text(seen: Seen) -> None:
    told = seen["load hostile"]
    assert told["scripts"] == 2
    assert "<script>alert(1)</script>" in told["text"]
    assert "<U+202E>gnp" in told["text"]


def test_filter_search_and_sort(seen: Seen) -> None:
    told = seen["work"]
    assert told["trouble"] == []
    assert set(told["high"]) == {"HIGH"}
    assert 0 < len(told["high"]) < told["all"]
    assert told["link"].startswith("#?severity=HIGH&lang=en")
    assert 0 < len(told["search"]) < told["all"]
    assert all("django" in row.lower() and "sql" in row.lower() for row in told["search"])
    assert int(told["count"]) == len(told["search"])
    assert all(told["blocking"])
    assert len(told["gate"]["rows"]) > 20
    assert all(f"#{told['gate']['wanted']}" in row for row in told["gate"]["rows"])
    assert f"gate={told['gate']['wanted']}" in told["gate"]["link"]
    assert told["ascending"] == sorted(told["ascending"])
    assert told["descending"] == sorted(told["descending"], reverse=True)
    assert told["sort"] == "descending"
    worst_first = ["CRITICAL", "UNKNOWN", "HIGH", "MEDIUM", "LOW", "NONE"]
    assert told["severities"] == sorted(told["severities"], key=worst_first.index)


def test_language_switch(seen: Seen) -> None:
    told = seen["work"]["japanese"]
    assert told["lang"] == "ja"
    assert told["label"] == "目次"
    assert "不合格" in told["heading"]
    assert told["english"] is False


def test_deep_links(seen: Seen) -> None:
    assert seen["row"]["marked"] == seen["row"]["anchor"]
    assert seen["row"]["inView"]
    told = seen["state"]
    assert (told["lang"], told["search"], told["sort"]) == ("ja", "requirements", "descending")
    assert told["rows"]
    assert all(row[0] in {"高", "中"} and "requirements" in row[2] for row in told["rows"])
    assert seen["odd"]["trouble"] == []


def test_keyboard_only(seen: Seen) -> None:
    told = seen["keyboard"]
    assert told["first"]["at"] == "skip"
    assert told["skipped"] == "#top"
    assert told["lang"] == "ja"
    assert [stop for stop in told["stops"] if not stop["outlined"]] == []
    assert told["sorted"] == "ascending"
    assert told["rows"]


def test_narrow_wide_and_dark(seen: Seen) -> None:
    assert seen["narrow"]["fits"]
    assert seen["wide"]["fits"]
    assert seen["wide"]["background"] == "rgb(255, 255, 255)"
    assert max(int(part) for part in seen["dark"]["background"][4:-1].split(",")) < 50


def test_print_is_a4_and_whole(seen: Seen) -> None:
    assert seen["pdf"]["head"] == "%PDF-"
    width, height = (float(part) for part in seen["pdf"]["boxes"][0].split("[")[1].rstrip("]").split()[2:])
    assert (round(width), round(height)) == (595, 842)
    assert seen["print"]["bar"] is False
    assert seen["print"]["rows"] == seen["work"]["all"]


def test_without_scripts(seen: Seen) -> None:
    told = seen["plain"]
    assert told["rows"] == seen["work"]["all"]
    assert (told["filters"], told["japanese"], told["english"]) == (False, True, False)


@pytest.mark.parametrize(("name", "limit_ms"), [("10k", 2_000), ("100k", 3_000)])
def test_many_results_stay_usable(seen: Seen, name: str, limit_ms: float) -> None:
    """The best of several, because other tests may run beside this one."""
    times = seen[f"many {name}"]
    assert min(one["open"] for one in times) < limit_ms
    assert min(one["search"] for one in times) < limit_ms


def test_what_is_folded_is_said(seen: Seen, pages: dict[str, Path]) -> None:
    assert "90,000 further results are folded by rule" in pages["100k"].read_text("utf-8")
    assert seen["load 100k"]["rows"] == 200
    assert seen["many 100k"][0]["more"] == {"rows": 400, "left": "9,600"}
    assert pages["10k"].stat().st_size < 8_000_000
