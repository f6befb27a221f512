"""Must show 4 as a whole: a hostile server, the old index intact after each attack, memory that stays small."""

import struct
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from govsec_ci.advisories import store
from govsec_ci.advisories.connection import Settings
from govsec_ci.advisories.index import open_index
from govsec_ci.advisories.sync import SyncError, sync
from tests.support import advisories as made
from tests.support import https
from tests.support.https import Server

HUGE = 10_000_000_000
MOST_MEMORY_KB = 150_000
QUICK = Settings(attempts=2, read_timeout_s=2, slowest=(1_000, 0.5), backoff_s=0.01)


def bomb(*, said: int = HUGE) -> bytes:
    """A zip of one entry that unpacks to 10 GB of blanks, and says ``said``: about 10 MB."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(b" " * 10_000_000) + packer.flush(zlib.Z_FULL_FLUSH)
    data = block * (HUGE // 10_000_000) + b"\x03\x00"
    name = b"PYSEC-2024-1.json"
    large = said > 0xFFFFFFFE
    size = 0xFFFFFFFF if large else said
    extra = struct.pack("<HHQ", 1, 8, said) if large else b""
    local_extra = struct.pack("<HHQQ", 1, 16, said, len(data)) if large else b""
    packed = 0xFFFFFFFF if large else len(data)
    local = struct.pack("<4sHHHHHIIIHH", b"PK\x03\x04", 45, 0, 8, 0, 33, 0, packed, size, len(name), len(local_extra))
    central = struct.pack(
        "<4sHHHHHHIIIHHHHHII",
        b"PK\x01\x02",
        45,
        45,
        0,
        8,
        0,
        33,
        0,
        len(data),
        size,
        len(name),
        len(extra),
        0,
        0,
        0,
        0,
        0,
    )
    directory = central + name + extra
    start = len(local) + len(name) + len(local_extra) + len(data)
    end = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 1, 1, len(directory), start, 0)
    return local + name + local_extra + data + directory + end


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    certificate, key = https.make_certificate(tmp_path)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with https.running(certificate, key) as running:
        yield running


@pytest.fixture
def cache(tmp_path: Path, server: Server) -> Path:
    """A store that has been synced once."""
    good = made.zipped(tmp_path / "good.zip", made.record("X-1")).read_bytes()
    sync(tmp_path / "cache", wanted=["osv"], addresses={"osv": server.serve("/all.zip", good)}, settings=QUICK)
    return tmp_path / "cache"


def _still_answers(cache: Path) -> bool:
    path = store.current(cache)
    assert path is not None
    with open_index(path) as index:
        return [match.vulnerability.id for match in index.match("demo", "1.0")] == ["X-1"]


def _attack(cache: Path, server: Server) -> str:
    before = (cache / "advisories" / "state.json").read_bytes()
    with pytest.raises(SyncError) as caught:
        sync(cache, wanted=["osv"], addresses={"osv": server.address("/all.zip")}, settings=QUICK)
    assert (cache / "advisories" / "state.json").read_bytes() == before
    assert _still_answers(cache)
    return caught.value.what


def test_every_attack_is_told_apart_and_leaves_the_index_alone(cache: Path, server: Server, tmp_path: Path) -> None:
    new = made.zipped(tmp_path / "new.zip", made.record("X-2")).read_bytes()
    outside = made.zip_of(tmp_path / "out.zip", {"../../PYSEC-2024-9.json": b"{}"}).read_bytes()
    huge = bomb()
    answers: dict[str, https.Answer] = {
        "ended|connection failed": https.cut(new, len(new) // 2),
        "digest of what arrived is not the announced": lambda r: r.reply(200, new, Repr_Digest=https.repr_digest(b"")),
        "slower than": https.drip(0.05),
        "redirects more than": lambda r: r.reply(302, Location=r.path),
        "leads out of the archive": lambda r: r.reply(200, outside),
        "not a whole zip archive": lambda r: r.reply(200, new[:-10]),
        "unpacks to 10,000,000,000 bytes": lambda r: r.reply(200, huge),
        "the server answered 404": lambda r: r.reply(404),
    }
    for why, answer in answers.items():
        server.answers["/all.zip"] = answer
        what = _attack(cache, server)
        assert any(part in what for part in why.split("|")), (why, what)
    assert not list(tmp_path.parent.glob("**/PYSEC-2024-9.json"))
    server.answers["/all.zip"] = lambda r: r.reply(304) if r.headers.get("If-None-Match") else r.reply(500)
    sync(cache, wanted=["osv"], addresses={"osv": server.address("/all.zip")}, settings=QUICK)
    assert _still_answers(cache)


_CHILD = """
import sys
from pathlib import Path
from govsec_ci.advisories.connection import Settings
from govsec_ci.advisories.sync import SyncError, sync
try:
    sync(Path(sys.argv[1]), wanted=["osv"], addresses={"osv": sys.argv[2]}, settings=Settings(attempts=1))
except SyncError as error:
    print(error.what)
status = Path("/proc/self/status").read_text()  # getrusage would count what the parent held before exec
print(status.partition("VmHWM:")[2].split()[0])
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads the peak from /proc")
@pytest.mark.parametrize(
    ("said", "why"), [(HUGE, "unpacks to 10,000,000,000 bytes, above the limit"), (30_000_000, "Bad CRC-32")]
)
def test_a_bomb_does_not_fill_the_memory(cache: Path, server: Server, said: int, why: str) -> None:
    """Peak of the whole process under 150 MB: honest about its size, or lying just below the limit of an entry."""
    server.serve("/bomb.zip", bomb(said=said))
    command = [sys.executable, "-c", _CHILD, str(cache), server.address("/bomb.zip")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    *what, peak_kb = done.stdout.splitlines()
    assert why in "\n".join(what), done.stderr
    assert int(peak_kb) < MOST_MEMORY_KB
    assert _still_answers(cache)
