"""Must show 5 and 3: carried into a closed network; killed, and crowded, at any moment."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from govsec_ci.advisories import store
from govsec_ci.advisories.index import open_index
from govsec_ci.errors import GovsecError
from tests.support import advisories as made
from tests.support import https
from tests.support.https import Server

NOW = "2024-10-12T00:00:00Z"
RECORDS = 300


def _no_network() -> list[str]:
    """A prefix that runs a command in a network namespace of its own, where there is nothing, not even loopback."""
    unshare = shutil.which("unshare")
    command = [unshare or "unshare", "-rn"]
    if unshare is None or subprocess.run([*command, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("no unprivileged network namespaces here")
    return command


def _govsec(home: Path, *arguments: str | Path, prefix: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    environment = {"HOME": str(home), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
    command = [*prefix, sys.executable, "-Im", "govsec_ci.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=300)


def _bundle(home: Path, root: Path, prefix: tuple[str, ...] = ()) -> dict[str, bytes]:
    out = home / "out"
    project = root / "examples" / "vulnerable-app"
    done = _govsec(home, "run", project, "--now", NOW, "--out", out, "--quiet", prefix=prefix)
    assert done.returncode == 1, done.stderr
    return {name: (out / name).read_bytes() for name in ("verdict.json", "sbom.cdx.json")}


def test_carried_data_give_the_same_verdict_and_sbom_without_a_network(root: Path, tmp_path: Path) -> None:
    closed = tuple(_no_network())
    here, there = tmp_path / "here", tmp_path / "there"
    for home in (here, there):
        home.mkdir()
    kev = made.kev(tmp_path / "kev.json", made.kev_entry())
    scores = made.epss(tmp_path / "scores.csv.gz", ("CVE-2024-0001", 0.5, 0.6))
    for command in (("import", root / "examples" / "advisories", kev, scores), ("export", tmp_path / "carried.zip")):
        done = _govsec(here, "advisories", *command)
        assert done.returncode == 0, done.stderr
    done = _govsec(there, "advisories", "import", tmp_path / "carried.zip", prefix=closed)
    assert done.returncode == 0, done.stderr
    assert _bundle(here, root) == _bundle(there, root, closed)


# --- kill and crowd ---

_WRITER = """
import itertools, sys
from pathlib import Path
from govsec_ci.advisories.importing import import_files
from govsec_ci.advisories.connection import Settings
from govsec_ci.advisories.sync import sync
import requests, filelock, cvss, zipfile
cache, action, forever, *sources = sys.argv[1:]
print("ready", flush=True)
for source in itertools.cycle(sources) if forever == "forever" else sources:
    if action == "import":
        import_files([Path(source)], Path(cache))
    else:
        sync(Path(cache), wanted=["osv"], addresses={"osv": source}, settings=Settings(attempts=2))
"""

_AUDITOR = """
import sys, time
from pathlib import Path
from govsec_ci.advisories import store
from govsec_ci.advisories.index import open_index
end, answers = time.monotonic() + float(sys.argv[2]), set()
while time.monotonic() < end:
    with open_index(store.current(Path(sys.argv[1]))) as index:
        ids = [match.vulnerability.id for match in index.match("demo", "1.0")]
    answers.add("".join(sorted({one[0] for one in ids})) + str(len(ids)))
print(*sorted(answers))
"""


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    certificate, key = https.make_certificate(tmp_path)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    with https.running(certificate, key) as running:
        yield running


class Sources:
    """Sets of records that were never seen before, as a file or as an address; all ids of one set begin alike."""

    def __init__(self, folder: Path, server: Server, action: str) -> None:
        self.folder, self.server, self.action = folder, server, action
        self.made = 0

    def fresh(self, letter: str) -> str:
        self.made += 1
        records = (made.record(f"{letter}-{n}", details=f"set {self.made}" + "x" * 500) for n in range(RECORDS))
        path = made.zipped(self.folder / f"{self.made}.zip", *records)
        return str(path) if self.action == "import" else self.server.serve(f"/{path.name}", path.read_bytes())


def _writer(cache: Path, action: str, *given: str, forever: bool = False) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _WRITER, str(cache), action, "forever" if forever else "once", *given]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    return child


def _ended(child: subprocess.Popen[str]) -> tuple[int, str]:
    _, errors = child.communicate(timeout=120)
    return child.returncode, errors


def _answer(cache: Path) -> str:
    """A or B when the index holds exactly that set."""
    path = store.current(cache)
    assert path is not None
    with open_index(path) as index:
        letters = {match.vulnerability.id[0] for match in index.match("demo", "1.0")}
        assert len(index.match("demo", "1.0")) == RECORDS
    (letter,) = letters
    return letter


@pytest.mark.parametrize("rounds", [4, pytest.param(25, marks=pytest.mark.full)])
@pytest.mark.parametrize("action", ["import", "sync"])
def test_a_kill_at_any_moment_leaves_an_index_that_answers(
    tmp_path: Path, server: Server, action: str, rounds: int
) -> None:
    """Must show 3: twice 25 kills at random moments; the old index answers, and the next run succeeds."""
    cache, sources = tmp_path / "cache", Sources(tmp_path, server, action)
    child = _writer(cache, action, sources.fresh("A"))
    began = time.monotonic()
    assert _ended(child) == (0, "")
    took_s = time.monotonic() - began
    moments = random.Random(4)
    for _ in range(rounds):
        child = _writer(cache, action, sources.fresh("B"), sources.fresh("A"), forever=True)
        time.sleep(moments.uniform(0, 1.5 * took_s))
        child.send_signal(signal.SIGKILL)
        assert _ended(child) == (-signal.SIGKILL, ""), "killed at work, not ended by an error of its own"
        assert _answer(cache) in {"A", "B"}
    assert _ended(_writer(cache, action, sources.fresh("C"))) == (0, "")
    assert _answer(cache) == "C"


@pytest.mark.parametrize(("auditors", "seconds"), [(3, 1.0), pytest.param(10, 6.0, marks=pytest.mark.full)])
def test_two_syncs_and_ten_audits_at_once(tmp_path: Path, server: Server, auditors: int, seconds: float) -> None:
    cache, sources = tmp_path / "cache", Sources(tmp_path, server, "sync")
    assert _ended(_writer(cache, "sync", sources.fresh("A"))) == (0, "")
    command = [sys.executable, "-c", _AUDITOR, str(cache), str(seconds)]
    audits = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(auditors)
    ]
    syncs = [_writer(cache, "sync", *(sources.fresh(letter) for letter in "AB" * 3)) for _ in range(2)]
    assert [_ended(child) for child in syncs] == [(0, "")] * 2
    for audit in audits:
        output, errors = audit.communicate(timeout=120)
        assert (audit.returncode, errors) == (0, "")
        assert set(output.split()) <= {f"A{RECORDS}", f"B{RECORDS}"}
    assert _answer(cache) == "B"


def test_the_check_of_answers_can_fail(tmp_path: Path) -> None:
    with pytest.raises((AssertionError, GovsecError)):
        _answer(tmp_path)
