"""zizmor: the options and words that we read, and the same results as its own SARIF."""

import json
import subprocess
from importlib import metadata
from pathlib import Path

from govsec_ci.scanners.zizmor import ARGUMENTS, ZizmorScanner, binary
from tests.support.scanners import make_request, make_tree

WORKFLOW = """\
name: build
on: [push, pull_request_target]
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5 # zizmor: ignore[unpinned-uses]
      - run: echo ${{ github.event.pull_request.title }}
"""
FILES = {
    ".github/workflows/build.yml": WORKFLOW,
    ".github/actions/x/action.yml": (
        "name: x\nruns:\n  using: composite\n  steps:\n    - run: echo ${{ inputs.a }}\n      shell: bash\n"
    ),
    "action.yml": "name: y\nruns:\n  using: composite\n  steps:\n    - uses: actions/cache@v4\n",
    ".github/dependabot.yml": (
        "version: 2\nupdates:\n  - package-ecosystem: pip\n    directory: /\n    schedule: {interval: daily}\n"
    ),
}


def test_the_pinned_version_is_installed() -> None:
    assert metadata.version("zizmor") == "1.32.0"
    assert binary().is_file()


def test_we_find_what_its_own_sarif_has_and_what_comments_hide(tmp_path: Path) -> None:
    root = make_tree(tmp_path / "tree", FILES)
    run = ZizmorScanner().scan(make_request(root)).run
    options = ["--offline", "--no-config", "--no-exit-codes", "--format=sarif", "--collect=all"]
    done = subprocess.run([str(binary()), *options, str(root)], capture_output=True, check=True, cwd=tmp_path)
    theirs = []
    for result in json.loads(done.stdout)["runs"][0]["results"]:
        place = result["locations"][0]["physicalLocation"]
        uri = place["artifactLocation"]["uri"].removeprefix("file://").removeprefix(f"{root}/")
        theirs.append((uri, place["region"]["startLine"], result["ruleId"].removeprefix("zizmor/")))
    ours = [
        (place.path, place.region.start_line, result.rule_id)
        for result in run.results
        if not result.suppressions and (place := result.locations[0]).region is not None
    ]
    assert sorted(ours) == sorted(theirs)
    assert [result.rule_id for result in run.results if result.suppressions] == ["unpinned-uses"]
    assert {path for path, _, _ in ours} == set(FILES)


def test_the_options_that_keep_the_judged_tree_from_deciding_exist() -> None:
    said = subprocess.run([str(binary()), "--help"], capture_output=True, text=True, check=True).stdout
    for option in ARGUMENTS:
        assert option.partition("=")[0] in said
