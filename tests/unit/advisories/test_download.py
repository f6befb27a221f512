"""Downloads, and the connection under them, from a server that misbehaves in every way that we know of."""

import hashlib
import os
import time
from pathlib import Path

import pytest

from govsec_ci.advisories import download
from govsec_ci.advisories.connection import FetchError, Settings
from govsec_ci.advisories.download import fetch
from govsec_ci.errors import InputError, UsageError
from tests.support import https
from tests.support.https import Handler, Server

BODY = os.urandom(300_000)
QUICK = Settings(attempts=3, connect_timeout_s=5, read_timeout_s=5, backoff_s=0.5)


class Waits(list[float]):
    """Stands in for sleep and keeps what was asked."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


@pytest.fixture
def waits() -> Waits:
    return Waits()


def _fetch(address: str, into: Path, waits: Waits, **given: str) -> download.Fetched | None:
    return fetch(address, into, settings=QUICK, sleep=waits, **given)  # type: ignore[arg-type]


def test_a_file_arrives_with_its_validators(server: Server, tmp_path: Path, waits: Waits) -> None:
    address = server.serve("/all.zip", BODY, Last_Modified="Sun, 01 Sep 2024 00:00:00 GMT")
    seen: list[tuple[int, int]] = []
    found = fetch(address, tmp_path / "all.zip", settings=QUICK, progress=lambda *step: seen.append(step), sleep=waits)
    assert found is not None
    assert (tmp_path / "all.zip").read_bytes() == BODY
    assert found.sha256 == hashlib.sha256(BODY).hexdigest()
    assert (found.etag[0], found.last_modified) == ('"', "Sun, 01 Sep 2024 00:00:00 GMT")
    assert seen[-1] == (len(BODY), len(BODY))
    assert [path.name for path in tmp_path.iterdir()] == ["all.zip"]
    ((_, headers),) = server.requests
    assert headers["User-Agent"].startswith("govsec_ci/")
    assert headers["Accept-Encoding"] == "identity"


def test_what_has_not_changed_is_not_fetched(server: Server, tmp_path: Path, waits: Waits) -> None:
    address = server.serve("/all.zip", BODY)
    first = _fetch(address, tmp_path / "one", waits)
    assert first is not None
    assert _fetch(address, tmp_path / "two", waits, etag=first.etag) is None
    assert server.requests[-1][1]["If-None-Match"] == first.etag
    server.answers["/dated"] = lambda request: request.reply(304)
    assert _fetch(server.address("/dated"), tmp_path / "two", waits, last_modified="then") is None
    assert server.requests[-1][1]["If-Modified-Since"] == "then"
    with pytest.raises(FetchError, match="304 to a request without conditions"):
        _fetch(server.address("/dated"), tmp_path / "two", waits)


def test_a_body_cut_short_is_continued(server: Server, tmp_path: Path, waits: Waits) -> None:
    address = server.serve("/all.zip", BODY)
    whole = server.answers["/all.zip"]
    etag = f'"{hashlib.sha256(BODY).hexdigest()[:12]}"'
    server.answers["/all.zip"] = https.in_turn(https.cut(BODY, 100_000, ETag=etag), whole)
    assert _fetch(address, tmp_path / "all.zip", waits) is not None
    assert (tmp_path / "all.zip").read_bytes() == BODY
    assert server.requests[1][1]["Range"] == "bytes=100000-"
    assert server.requests[1][1]["If-Range"] == etag
    assert len(waits) == 1
    assert 0.35 < waits[0] < 0.65


def test_a_download_that_was_interrupted_is_continued_by_the_next_run(
    server: Server, tmp_path: Path, waits: Waits
) -> None:
    etag = f'"{hashlib.sha256(BODY).hexdigest()[:12]}"'
    server.answers["/all.zip"] = https.cut(BODY, 100_000, ETag=etag)
    with pytest.raises(FetchError, match=r"could not be downloaded: .* \(tried 3 times\)"):
        _fetch(server.address("/all.zip"), tmp_path / "all.zip", waits)
    assert len(waits) == 2
    address = server.serve("/all.zip", BODY)
    assert _fetch(address, tmp_path / "all.zip", waits) is not None
    assert (tmp_path / "all.zip").read_bytes() == BODY
    assert "Range" in server.requests[-1][1]


@pytest.mark.parametrize("validator", [{}, {"ETag": 'W/"weak"'}])
def test_without_a_strong_validator_nothing_is_continued(
    server: Server, tmp_path: Path, waits: Waits, validator: dict[str, str]
) -> None:
    server.answers["/all.zip"] = https.in_turn(
        https.cut(BODY, 100_000, **validator), https.cut(BODY, len(BODY), **validator)
    )
    assert _fetch(server.address("/all.zip"), tmp_path / "all.zip", waits) is not None
    assert (tmp_path / "all.zip").read_bytes() == BODY
    assert "Range" not in server.requests[1][1]


def test_what_changed_in_between_is_fetched_anew(server: Server, tmp_path: Path, waits: Waits) -> None:
    server.answers["/all.zip"] = https.cut(b"old" * 1_000, 1_000, ETag='"old"')
    with pytest.raises(FetchError):
        _fetch(server.address("/all.zip"), tmp_path / "all.zip", waits)
    address = server.serve("/all.zip", BODY)
    assert _fetch(address, tmp_path / "all.zip", waits) is not None
    assert (tmp_path / "all.zip").read_bytes() == BODY


@pytest.mark.parametrize(
    "second",
    [
        lambda request: request.reply(416),
        lambda request: request.reply(206, b"xx", Content_Range="bytes 5-6/7"),
        lambda request: request.reply(206, b"xx"),
    ],
)
def test_a_part_that_was_not_asked_for_starts_it_over(
    server: Server, tmp_path: Path, waits: Waits, second: https.Answer
) -> None:
    address = server.serve("/all.zip", BODY)
    whole = server.answers["/all.zip"]
    server.answers["/all.zip"] = https.in_turn(https.cut(BODY, 1_000, ETag='"x"'), second, whole)
    assert _fetch(address, tmp_path / "all.zip", waits) is not None
    assert (tmp_path / "all.zip").read_bytes() == BODY


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_passes_is_tried_again(server: Server, tmp_path: Path, waits: Waits, status: int) -> None:
    address = server.serve("/all.zip", BODY)
    whole = server.answers["/all.zip"]
    server.answers["/all.zip"] = https.in_turn(lambda request: request.reply(status, Retry_After="7"), whole)
    assert _fetch(address, tmp_path / "all.zip", waits) is not None
    assert waits == [7.0]


def test_waits_double_and_are_bounded(server: Server, tmp_path: Path, waits: Waits) -> None:
    server.answers["/x"] = lambda request: request.reply(503, Retry_After="100000")
    with pytest.raises(FetchError, match=r"the server answered 503 \(tried 3 times\)"):
        _fetch(server.address("/x"), tmp_path / "x", waits)
    assert waits == [QUICK.backoff_most_s] * 2
    waits.clear()
    server.answers["/x"] = lambda request: request.reply(503, Retry_After="Wed, 21 Oct 2026 07:28:00 GMT")
    with pytest.raises(FetchError):
        _fetch(server.address("/x"), tmp_path / "x", waits)
    assert 0.7 < waits[1] < 1.3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 501, 204])
def test_what_stays_is_not_tried_again(server: Server, tmp_path: Path, waits: Waits, status: int) -> None:
    server.answers["/x"] = lambda request: request.reply(status)
    with pytest.raises(FetchError, match=f"the server answered {status}") as caught:
        _fetch(server.address("/x"), tmp_path / "x", waits)
    assert waits == []
    assert "import" in caught.value.next_step
    assert caught.value.exit_code == 3


def test_redirects_are_followed_and_bounded(server: Server, tmp_path: Path, waits: Waits) -> None:
    server.serve("/final", BODY)
    server.answers["/start"] = lambda request: request.reply(302, Location="/final")
    assert _fetch(server.address("/start"), tmp_path / "x", waits) is not None
    server.answers["/loop"] = lambda request: request.reply(307, Location=request.path)
    with pytest.raises(FetchError, match="redirects more than 5 times"):
        _fetch(server.address("/loop"), tmp_path / "x", waits)
    assert len([path for path, _ in server.requests if path == "/loop"]) == 6
    server.answers["/down"] = lambda request: request.reply(301, Location="http://127.0.0.1/plain?token=secret")
    with pytest.raises(FetchError, match=r"redirects to http://127.0.0.1/plain, which is not HTTPS"):
        _fetch(server.address("/down"), tmp_path / "x", waits)


@pytest.mark.parametrize("header", ["Repr_Digest", "Digest", "x_goog_hash"])
def test_an_announced_digest_is_checked(server: Server, tmp_path: Path, waits: Waits, header: str) -> None:
    good = https.repr_digest(BODY) if header == "Repr_Digest" else https.repr_digest(BODY).replace(":", "")
    found = _fetch(server.serve("/good", BODY, **{header: f"crc32c=AAAA,{good},md5=???"}), tmp_path / "x", waits)
    assert found is not None
    address = server.serve("/bad", BODY, **{header: https.repr_digest(b"other").replace(":", "")})
    with pytest.raises(InputError, match="the digest of what arrived is not the announced one"):
        _fetch(address, tmp_path / "y", waits)
    assert not (tmp_path / "y").exists()


def test_a_pinned_digest_is_checked(server: Server, tmp_path: Path, waits: Waits) -> None:
    address = server.serve("/all.zip", BODY)
    good = hashlib.sha256(BODY).hexdigest().upper()
    assert _fetch(f"{address}#sha256={good}", tmp_path / "x", waits) is not None
    with pytest.raises(InputError, match="not the announced one"):
        _fetch(f"{address}#sha256={'0' * 64}", tmp_path / "x", waits)


@pytest.mark.parametrize(
    "address",
    [
        "http://a.example/x",
        "ftp://a/x",
        "file:///etc/passwd",
        "/etc/passwd",
        "https://",
        "https://a/x#md5=1",
        "https://a:99999/x",
        "https://a:b/x",
        "https://[a/x",
    ],
)
def test_only_https_addresses_are_fetched(tmp_path: Path, waits: Waits, address: str) -> None:
    with pytest.raises(UsageError):
        _fetch(address, tmp_path / "x", waits)


@pytest.mark.parametrize(
    "address", ["http://me:secret@a/x?key=secret", "https://me:secret@a/x#md5", "https://me:secret@[/x", "a?secret"]
)
def test_a_refused_address_is_told_without_its_secrets(tmp_path: Path, waits: Waits, address: str) -> None:
    with pytest.raises(UsageError) as caught:
        _fetch(address, tmp_path / "x", waits)
    assert "secret" not in caught.value.what


def test_a_wait_that_is_no_number_is_not_asked_for(server: Server, tmp_path: Path, waits: Waits) -> None:
    server.answers["/busy"] = lambda request: request.reply(503, Retry_After="\u00b2")
    with pytest.raises(FetchError, match="the server answered 503"):
        _fetch(server.address("/busy"), tmp_path / "x", waits)


@pytest.mark.parametrize("target", ["https://[a/x", "https://a:99999/x"])
def test_a_redirect_to_no_address_is_told(server: Server, tmp_path: Path, waits: Waits, target: str) -> None:
    server.answers["/start"] = lambda request: request.reply(302, Location=target)
    with pytest.raises(FetchError, match="could not be downloaded"):
        _fetch(server.address("/start"), tmp_path / "x", waits)


def test_too_much_is_refused_before_and_while_it_comes(server: Server, tmp_path: Path, waits: Waits) -> None:
    settings = Settings(most_bytes=100_000)
    with pytest.raises(InputError, match="larger than the limit of 100,000 bytes"):
        fetch(server.serve("/x", BODY), tmp_path / "x", settings=settings, sleep=waits)

    def endless(request: Handler) -> None:
        request.send_response(200)
        request.end_headers()
        while True:
            request.wfile.write(b"\0" * 65_536)

    server.answers["/endless"] = endless
    with pytest.raises(InputError, match="larger than the limit"):
        fetch(server.address("/endless"), tmp_path / "x", settings=settings, sleep=waits)
    assert list(tmp_path.iterdir()) == []


def test_a_slow_drip_is_ended(server: Server, tmp_path: Path, waits: Waits) -> None:
    server.answers["/slow"] = https.drip(0.02)
    settings = Settings(attempts=2, slowest=(1_000, 0.2))
    with pytest.raises(FetchError, match=r"slower than 1,000 bytes a second \(tried 2 times\)"):
        fetch(server.address("/slow"), tmp_path / "x", settings=settings, sleep=waits)
    with pytest.raises(FetchError, match=r"not finished after 0.1 s"):
        fetch(server.address("/slow"), tmp_path / "x", settings=Settings(attempts=1, timeout_s=0.1), sleep=waits)
    server.answers["/slow"] = https.drip(2, pieces=2)
    with pytest.raises(FetchError, match=r"[Tt]imed out"):
        fetch(server.address("/slow"), tmp_path / "x", settings=Settings(attempts=1, read_timeout_s=0.2), sleep=waits)


def test_headers_that_drip_are_ended(server: Server, tmp_path: Path, waits: Waits) -> None:
    """Every line comes within the read timeout; the answer never begins."""

    def answer(request: Handler) -> None:
        request.wfile.write(b"HTTP/1.1 200 OK\r\n")
        for number in range(90):
            request.wfile.write(b"X-%d: a\r\n" % number)
            time.sleep(0.05)

    server.answers["/slow"] = answer
    settings = Settings(attempts=2, read_timeout_s=2, answer_timeout_s=0.3)
    with pytest.raises(FetchError, match=r"no answer within 0\.3 s \(tried 2 times\)"):
        fetch(server.address("/slow"), tmp_path / "x", settings=settings, sleep=waits)


def test_a_steady_download_is_not_slow(server: Server, tmp_path: Path, waits: Waits) -> None:
    server.answers["/steady"] = https.drip(0.01, pieces=40)
    settings = Settings(attempts=1, slowest=(10, 0.1))
    assert fetch(server.address("/steady"), tmp_path / "x", settings=settings, sleep=waits) is not None


def test_an_untrusted_certificate_is_told_and_not_tried_again(
    server: Server, tmp_path: Path, waits: Waits, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = server.serve("/x", BODY)
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(FetchError, match="certificate is not trusted") as caught:
        _fetch(address, tmp_path / "x", waits)
    assert "SSL_CERT_FILE" in caught.value.next_step
    assert waits == []
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(server.certificate))
    assert _fetch(address, tmp_path / "x", waits) is not None
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "none.pem"))
    with pytest.raises(FetchError, match="could not be downloaded"):
        _fetch(address, tmp_path / "x", waits)


def test_nobody_there_is_tried_again_and_told(tmp_path: Path, waits: Waits, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with pytest.raises(FetchError, match=r"https://127.0.0.1:9/x: could not be downloaded: the connection failed"):
        _fetch("https://user:secret@127.0.0.1:9/x?token=secret", tmp_path / "x", waits)
    assert len(waits) == 2


def test_the_proxy_of_the_usual_variable_is_used(tmp_path: Path, waits: Waits, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "")
    with pytest.raises(FetchError, match=r"the connection failed: Failed to establish .*refused \(tried"):
        _fetch("https://advisories.example/x", tmp_path / "x", waits)


def test_a_note_about_another_address_is_not_followed(server: Server, tmp_path: Path, waits: Waits) -> None:
    (tmp_path / "x").write_bytes(b"rest of something else")
    (tmp_path / "x.json").write_text('{"address": "https://other.example/x", "etag": "\\"a\\""}')
    assert _fetch(server.serve("/x", BODY), tmp_path / "x", waits) is not None
    assert (tmp_path / "x").read_bytes() == BODY
    (tmp_path / "x.json").write_text("no json")
    assert _fetch(server.serve("/x", BODY), tmp_path / "x", waits) is not None
    assert "Range" not in server.requests[-1][1]
