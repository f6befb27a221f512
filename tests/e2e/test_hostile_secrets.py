"""No secret of the judged tree, of a report that is taken in, of the environment: none stands in what we write."""

import json
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.support.command import govsec
from tests.support.doors import through_every_door
from tests.support.repositories import commit_all, git, new_repository
from tests.support.secrets import PLANTED

ENVIRONMENT = {
    "GITHUB_TOKEN": "ghs_" + "E1n2V3i4R5o6N7m8E9n0T1a2B3c4D5e6F7g8",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY",
    "ACTIONS_RUNTIME_TOKEN": "environment-of-the-runner-0123456789",
    "PIP_INDEX_URL": "https://reader:environment-index-word@packages.example/simple",
    "GOVSEC_SIGN_PASSPHRASE": "environment-passphrase-word",
    "MY_OWN_VARIABLE": "environment-any-value-word",
}


def _log() -> dict[str, object]:
    """Another tool's log: each secret in a message, a snippet, a property."""
    results = [
        {
            "ruleId": "leak",
            "message": {"text": f"found {secret} here, password: '{PLANTED['word']}'"},
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": "settings.py"},
                        "region": {"startLine": 1, "snippet": {"text": f"x = {secret!r}; password={secret!r}"}},
                    }
                }
            ],
            "properties": {"match": secret, "password": f"password={PLANTED['word']!r}"},
        }
        for name, secret in PLANTED.items()
        if name not in {"word", "random"}
    ]
    driver = {"name": "leaks", "version": "1", "rules": [{"id": "leak"}]}
    told = {"level": "warning", "message": {"text": f"token = '{PLANTED['word']}' in {PLANTED['github']}"}}
    invocation = {
        "executionSuccessful": True,
        "endTimeUtc": "2024-10-11T00:00:00Z",
        "toolExecutionNotifications": [told],
    }
    run = {"tool": {"driver": driver}, "results": results, "invocations": [invocation]}
    return {"version": "2.1.0", "runs": [run]}


def _source() -> str:
    word = PLANTED["word"]
    lines = [f"{name}_password = '{secret}'" for name, secret in PLANTED.items() if name != "github-fine"]
    lines += [
        f"import subprocess; subprocess.call('{secret}', shell=True)" for n, secret in PLANTED.items() if n != "word"
    ]
    lines += [
        f"def f(user, password='{word}'): pass",
        f"f('root', password='{word}')",
        f"if f.password == '{word}': pass",
    ]
    lines += [f"eval('1')  # nosec B307: password = '{word}' and {PLANTED['slack']}"]
    return "\n".join(line.replace("-fine", "") for line in lines) + "\n"


@pytest.fixture(scope="module")
def leaky(tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = new_repository(tmp_path_factory.mktemp("leaky") / "leaky")
    (top / "settings.py").write_text(_source())
    (top / "broken.py").write_text(f"password = '{PLANTED['word']}\n{PLANTED['github']} = \n")
    word = PLANTED["word"]
    (top / "requirements.txt").write_text(
        f"--index-url https://reader:{word}@packages.example/simple\nidna==3.3\n"
        f"thing @ git+https://{PLANTED['github']}@git.example/thing.git\n-e git+https://u:{word}@git.example/x.git#egg=x\n"
    )
    (top / ".github/workflows").mkdir(parents=True)
    (top / ".github/workflows/ci.yml").write_text(
        "on: pull_request_target\npermissions: write-all\njobs:\n  x:\n    runs-on: ubuntu-latest\n    container:\n"
        f"      image: registry.example/x\n      credentials:\n        username: me\n        password: {word}\n"
        f"    steps:\n      - uses: actions/checkout@v1\n        with: {{token: {PLANTED['github']}}}\n"
        f"      - run: 'curl -H \"Authorization: Bearer {PLANTED['jwt']}\" ${{{{ github.event.issue.title }}}}'\n"
    )
    (top / "leaks.sarif").write_text(json.dumps(_log()))
    (top / "govsec.toml").write_text('[[import]]\npath = "leaks.sarif"\nrole = "other"\n')
    commit_all(top, "Leak")
    git(top, "remote", "add", "origin", f"https://me:{word}@git.example/leaky.git")
    return top


@pytest.fixture(scope="module")
def said(leaky: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return through_every_door(leaky, tmp_path_factory.mktemp("doors"), ENVIRONMENT)


def test_what_is_planted_is_found(said: dict[str, str]) -> None:
    log = json.loads(said["bundle/results.sarif"])
    found = {result["ruleId"] for run in log["runs"] for result in run["results"]}
    assert found >= {"B105", "B106", "B107", "B602", "leak", "unpinned-images"}
    for name in ("bundle/results.sarif", "bundle/github.sarif", "report-csv.stdout"):
        assert "[redacted]" in said[name], name


def test_every_door_has_done_its_work(said: dict[str, str]) -> None:
    assert {code for name, code in said.items() if name.endswith(".code")} <= {"0", "1", "3"}
    assert said["action/step-summary.md"]


def test_nothing_written_or_said_holds_a_secret(said: dict[str, str]) -> None:
    body = {"index": "environment-index-word", "key body": "MIIEowIBAAKCAQEAn1vq"}
    secrets = {**PLANTED, **ENVIRONMENT, **body}
    leaks = [(where, name) for where, text in said.items() for name, secret in secrets.items() if secret in text]
    assert leaks == []


def _waivers() -> str:
    lines = ["# of the administrator: " + PLANTED["aws"]]
    for number, (name, secret) in enumerate(PLANTED.items()):
        lines += ["[[waivers]]", f'id = "W-{number}"', 'rule = "B105"', f'path = "s{number}.py"']
        lines += [f'reason = "the password = \\"{secret}\\" is known ({name})"', f"owner = \"token='{secret}'\""]
        lines += ['approver = "ciso"', f'ticket = "https://me:{PLANTED["word"]}@tickets.example/1"']
        lines += ["created = 2024-10-01", "expires = 2024-11-01", 'plan = "none"']
    return "\n".join(lines) + "\n"


def _vex() -> str:
    told = " ".join(
        f"password='{secret}' {secret if name not in {'word', 'random'} else ''}" for name, secret in PLANTED.items()
    )
    statement = {
        "vulnerability": {"name": "CVE-2021-35042"},
        "products": [{"@id": "pkg:pypi/django@3.2"}],
        "status": "not_affected",
        "justification": "vulnerable_code_not_in_execute_path",
        "impact_statement": told,
    }
    head = {"@context": "https://openvex.dev/ns/v0.2.0", "@id": "urn:x", "author": "a", "version": 1}
    return json.dumps(head | {"timestamp": "2024-01-01T00:00:00Z", "statements": [statement]})


def test_the_operator_s_own_files_are_kept_without_secrets_and_the_bundle_replays(
    leaky: Path, said: dict[str, str], tmp_path: Path
) -> None:
    baseline = said["bundle/results.sarif"].replace("[redacted]", PLANTED["github"])
    files = {"waivers.toml": _waivers(), "vex.json": _vex(), "baseline.sarif": baseline}
    files["config.toml"] = (
        f'[[out-of-scope]]\npath = "broken.py"\nowner = "o"\nreason = "password = \'{PLANTED["word"]}\'"\n'
        f'[advisories]\naddresses = {{ osv = "https://me:{PLANTED["word"]}@mirror.example/all.zip" }}\n'
    )
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    given = [
        "--waivers",
        "waivers.toml",
        "--vex",
        "vex.json",
        "--baseline",
        "baseline.sarif",
        "--config",
        "config.toml",
    ]
    given += ["--advisories", str(ROOT / "examples/advisories"), "--now", "2024-10-12T00:00:00Z", "--out", "out"]
    done = govsec("run", leaky, *given, "--verbose", cwd=tmp_path)
    assert done.returncode in {1, 3}, done.stderr
    written = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    texts = {path.name: path.read_text("utf-8") for path in written} | {"stdout": done.stdout, "stderr": done.stderr}
    assert {"waivers.toml", "001.json", "baseline.sarif", "config.json"} <= set(texts)
    leaks = [(where, name) for where, text in texts.items() for name, secret in PLANTED.items() if secret in text]
    assert leaks == []
    assert texts["waivers.toml"].count("[[waivers]]") == len(PLANTED)
    assert govsec("verify", "out", cwd=tmp_path).returncode == done.returncode


def test_a_settings_file_with_a_secret_in_a_wrong_place_is_not_quoted(tmp_path: Path) -> None:
    (tmp_path / "govsec.toml").write_text(f"[parameters]\ntoken = 3\n[timeouts]\npassword = '{PLANTED['word']}'\n")
    done = govsec("run", tmp_path, "--advisories", f"https://u:{PLANTED['word']}@h.example/x", "--out", tmp_path / "o")
    assert done.returncode == 2
    assert PLANTED["word"] not in done.stdout + done.stderr
