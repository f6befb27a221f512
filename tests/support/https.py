"""A loopback HTTPS server with a throw-away certificate, whose every answer a test decides."""

import base64
import contextlib
import hashlib
import ipaddress
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

Answer = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Looks the answer up by path; notes the request."""

    protocol_version = "HTTP/1.1"
    server: "Server"

    def do_GET(self) -> None:
        self.server.requests.append((self.path, dict(self.headers.items())))
        answer = self.server.answers.get(self.path)
        self.close_connection = True
        # A client that hangs up in the middle is what some tests are about.
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            if answer is None:
                self.reply(404)
            else:
                answer(self)

    def reply(self, status: int, body: bytes = b"", **headers: str) -> None:
        """Send a whole answer; ``_`` in a header's name stands for ``-``."""
        self.send_response(status)
        headers.setdefault("Content_Length", str(len(body)))
        for name, value in headers.items():
            if value:
                self.send_header(name.replace("_", "-"), value)
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quiet."""


class Server(ThreadingHTTPServer):
    """``answers``: path → what to do; ``requests``: (path, headers) in their order."""

    daemon_threads = True

    def __init__(self, context: ssl.SSLContext, certificate: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.certificate = certificate
        self.answers: dict[str, Answer] = {}
        self.requests: list[tuple[str, dict[str, str]]] = []

    def address(self, path: str) -> str:
        """The HTTPS address of a path."""
        return f"https://127.0.0.1:{self.server_address[1]}{path}"

    def serve(self, path: str, body: bytes, **headers: str) -> str:
        """Answer a path as a good file server does: validators, 304, ranges. Returns its address."""
        etag = f'"{hashlib.sha256(body).hexdigest()[:12]}"'
        self.answers[path] = lambda request: _file(request, body, headers.get("ETag", etag), headers)
        return self.address(path)

    def handle_error(self, *_: Any) -> None:
        """A client that distrusts the certificate, or hangs up, is no error of the server."""


def _file(request: Handler, body: bytes, etag: str, headers: dict[str, str]) -> None:
    if etag and request.headers.get("If-None-Match") == etag:
        request.reply(304, ETag=etag)
        return
    wanted = request.headers.get("Range", "")
    start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
    if start and request.headers.get("If-Range") == etag:
        span = f"bytes {start}-{len(body) - 1}/{len(body)}"
        request.reply(206, body[start:], **{"ETag": etag, "Content_Range": span, **headers})
    else:
        request.reply(200, body, **{"ETag": etag, **headers})


def cut(body: bytes, at: int, **headers: str) -> Answer:
    """Promise all of ``body`` and hang up after ``at`` bytes."""
    return lambda request: request.reply(200, body[:at], Content_Length=str(len(body)), **headers)


def drip(every_s: float, pieces: int = 1_000) -> Answer:
    """One byte at a time."""

    def answer(request: Handler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", str(pieces))
        request.end_headers()
        for _ in range(pieces):
            request.wfile.write(b"x")
            time.sleep(every_s)

    return answer


def in_turn(*answers: Answer) -> Answer:
    """The first request gets the first answer, the next the next."""
    left = iter(answers)

    def answer(request: Handler) -> None:
        next(left)(request)

    return answer


def repr_digest(body: bytes) -> str:
    """The value of an RFC 9530 Repr-Digest header."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """(certificate, key) for 127.0.0.1, self-signed, good for an hour."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "loopback of a test")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "loopback.pem", folder / "loopback.key"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8
    paths[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    return paths


@contextlib.contextmanager
def running(certificate: Path, key: Path) -> Iterator[Server]:
    """A server that runs until the block ends."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with Server(context, certificate) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
