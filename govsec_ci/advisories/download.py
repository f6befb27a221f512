"""One file over HTTPS: conditional, resumed, retried, limited, checked. The only place that opens a socket.

Proxies and certificates come from the usual variables: ``HTTPS_PROXY``, ``NO_PROXY``, ``REQUESTS_CA_BUNDLE``,
``CURL_CA_BUNDLE``, ``SSL_CERT_FILE``. Memory: one piece of 64 KiB at a time. HTTP semantics: RFC 9110 (conditional and
range requests), RFC 9530 (digests).
"""

import base64
import contextlib
import hashlib
import os
import random
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import SplitResult, urldefrag, urljoin, urlsplit

import msgspec
from msgspec import Struct

from govsec_ci import __version__
from govsec_ci.errors import InputError, ToolError, UsageError

if TYPE_CHECKING:
    from requests import Response, Session

_PIECE_BYTES = 65_536
_OK, _PARTIAL, _NOT_MODIFIED, _RANGE_NOT_SATISFIABLE = 200, 206, 304, 416
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
_CONTENT_RANGE = re.compile(r"^bytes (\d{1,18})-\d{1,18}/(\d{1,18})$", re.ASCII)
_NUMBER = re.compile(r"\d{1,18}", re.ASCII)
_OBJECT = re.compile(r"^<?[\w.]*Connection\b.*?: (?=[A-Z])")  # urllib3 begins a message with the connection's repr
_PINNED = re.compile(r"^sha256=([0-9a-fA-F]{64})$")


class Settings(Struct, frozen=True, kw_only=True):
    """Limits of one download.

    :param slowest: (bytes a second, seconds): an average below it over that long ends the attempt
    :param timeout_s: for one attempt as a whole
    :param answer_timeout_s: from the request to the end of the answer's headers
    :param backoff_s: before the second attempt; doubles with each, up to ``backoff_most_s``, which also bounds what a
        server's Retry-After can ask
    """

    attempts: int = 4
    redirects: int = 5
    most_bytes: int = 2_000_000_000
    connect_timeout_s: float = 15.0
    read_timeout_s: float = 30.0
    answer_timeout_s: float = 90.0
    timeout_s: float = 1800.0
    slowest: tuple[int, float] = (1_000, 30.0)
    backoff_s: float = 1.0
    backoff_most_s: float = 60.0


class Fetched(Struct, frozen=True, kw_only=True):
    """A download that is whole: the validators to ask with next time, and its SHA-256."""

    path: Path
    sha256: str
    etag: str = ""
    last_modified: str = ""


class FetchError(ToolError):
    """A download failed for good."""


class _AgainError(Exception):
    """This attempt failed, another may not. ``after_s``: what the server asked for."""

    def __init__(self, why: str, after_s: float = 0.0) -> None:
        super().__init__(why)
        self.why = why
        self.after_s = after_s


class _Part(Struct, frozen=True, kw_only=True):
    """What is known of a file that is partly here; beside it as ``.json``."""

    address: str
    etag: str = ""
    last_modified: str = ""

    @property
    def validator(self) -> str:
        """What If-Range may carry: a strong entity tag, else the date (RFC 9110 section 13.1.5)."""
        return self.etag if self.etag and not self.etag.startswith("W/") else self.last_modified


def fetch(
    address: str,
    into: Path,
    *,
    etag: str = "",
    last_modified: str = "",
    settings: Settings = Settings(),  # noqa: B008 — frozen
    progress: Callable[[int, int], None] = lambda done, total: None,
    sleep: Callable[[float], None] = time.sleep,
) -> Fetched | None:
    """Download ``address`` to ``into``; None where the server says that what ``etag`` stands for is still current.

    What is already in ``into`` from an interrupted download is continued when the server's validator is the same.
    An address may end in ``#sha256=<hex>``: the content must have that digest.

    :raises UsageError: the address is not HTTPS
    :raises FetchError: it could not be downloaded; :raises InputError: its digest is wrong, or it is too large
    """
    url, pinned = _split(address)
    one = _Download(url, pinned, into, settings, progress)
    why = ""
    for attempt in range(settings.attempts):
        try:
            return one.attempt(etag, last_modified)
        except _AgainError as error:
            why = error.why
            if attempt + 1 < settings.attempts:
                sleep(_wait(attempt, error.after_s, settings))
    raise _failed(url, f"{why} (tried {settings.attempts} times)")


def _split(address: str) -> tuple[str, str]:
    url, fragment = urldefrag(address)
    parts = _parts(url)
    if parts is None or parts.scheme != "https" or not parts.hostname:
        raise UsageError(f"{shown(address)}: not an HTTPS address", next_step="name one that begins with https://")
    pinned = _PINNED.match(fragment)
    if fragment and pinned is None:
        raise UsageError(f"{shown(address)}: `#{fragment}` is not `#sha256=` and 64 hexadecimal digits")
    return url, pinned[1].lower() if pinned else ""


def _parts(url: str) -> SplitResult | None:
    """The address taken apart; None where its host or port is none."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # only now is it looked at
    except ValueError:
        return None
    return parts


def _wait(attempt: int, asked_s: float, settings: Settings) -> float:
    # Jitter, so that a fleet that failed together does not come back together.
    backoff_s = settings.backoff_s * float(2**attempt) * random.uniform(0.75, 1.25)  # noqa: S311 — no secret
    return min(max(backoff_s, asked_s), settings.backoff_most_s)


def _failed(url: str, why: str) -> FetchError:
    return FetchError(
        f"{shown(url)}: could not be downloaded: {why}",
        next_step="check the network, HTTPS_PROXY and SSL_CERT_FILE; or carry data in with `govsec advisories import`",
    )


def shown(address: str) -> str:
    """The address without user name, password and query; what is no address, only where it can hold none of them."""
    parts = _parts(address)
    if parts is None or not parts.hostname:
        return "the address" if "@" in address else address.partition("?")[0]
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname}{port}{parts.path}"


class _Download:
    def __init__(
        self, url: str, pinned: str, into: Path, settings: Settings, progress: Callable[[int, int], None]
    ) -> None:
        self.url = url
        self.pinned = pinned
        self.into = into
        self.note = into.with_name(f"{into.name}.json")
        self.settings = settings
        self.progress = progress

    def attempt(self, etag: str, last_modified: str) -> Fetched | None:
        """One attempt, from the first request to the check of the digests."""
        part = self._part()
        headers = {"If-None-Match": etag, "If-Modified-Since": "" if etag else last_modified}
        offset = self.into.stat().st_size if part is not None else 0
        if part is not None and offset:
            headers |= {"Range": f"bytes={offset}-", "If-Range": part.validator}
        with self._answer({name: value for name, value in headers.items() if value}) as response:
            self._check_status(response)
            if response.status_code == _NOT_MODIFIED:
                self._forget()
                if not (etag or last_modified):
                    raise _failed(self.url, "the server answered 304 to a request without conditions")
                return None
            return self._receive(response, offset)

    def _receive(self, response: "Response", offset: int) -> Fetched:
        start, total = self._extent(response, offset)
        headers = response.headers
        part = _Part(address=self.url, etag=headers.get("ETag", ""), last_modified=headers.get("Last-Modified", ""))
        if total > self.settings.most_bytes:
            raise self._too_large()
        with self.into.open("r+b" if start else "wb") as file:
            self.note.write_bytes(msgspec.json.encode(part))
            file.seek(start)
            received = start + self._body(response, file, start, total)
        if total and received != total:
            raise self._cut_short(f"ended after {received:,} of {total:,} bytes")
        digest = self._check(headers)
        self.note.unlink(missing_ok=True)
        return Fetched(path=self.into, sha256=digest, etag=part.etag, last_modified=part.last_modified)

    def _part(self) -> _Part | None:
        """What was received earlier, if it is of this address and the server can tell whether it is still the same."""
        try:
            part = msgspec.json.decode(self.note.read_bytes(), type=_Part)
        except (OSError, msgspec.MsgspecError):
            part = None
        if part is None or part.address != self.url or not part.validator or not self.into.exists():
            self._forget()
            return None
        return part

    def _forget(self) -> None:
        for path in (self.into, self.note):
            path.unlink(missing_ok=True)

    def _too_large(self) -> InputError:
        self._forget()
        return InputError(
            f"{shown(self.url)}: larger than the limit of {self.settings.most_bytes:,} bytes",
            cause="not the address of this feed",
        )

    def _cut_short(self, why: str) -> _AgainError:
        if self._part() is None:  # not resumable: nothing is kept
            self._forget()
        return _AgainError(why)

    @contextlib.contextmanager
    def _answer(self, headers: Mapping[str, str]) -> "Iterator[Response]":
        """The answer that is not a redirect; every error of the connection becomes one of ours."""
        import requests  # noqa: PLC0415 — 0.1 s, and only downloads need it
        import urllib3  # noqa: PLC0415

        try:
            with requests.Session() as session:
                session.headers.update({"User-Agent": f"govsec_ci/{__version__}", "Accept-Encoding": "identity"})
                with contextlib.closing(self._follow(session, headers)) as response:
                    yield response
        except requests.exceptions.SSLError as error:
            raise _failed(self.url, f"the server's certificate is not trusted: {_inner(error)}") from error
        except (
            requests.exceptions.ConnectionError,
            requests.exceptions.Timeout,
            urllib3.exceptions.HTTPError,
        ) as error:
            raise self._cut_short(f"the connection failed: {_inner(error)}") from error
        except (requests.exceptions.RequestException, OSError) as error:
            raise _failed(self.url, _inner(error)) from error

    def _follow(self, session: "Session", headers: Mapping[str, str]) -> "Response":
        url = self.url
        for _ in range(self.settings.redirects + 1):
            response = self._get(session, url, headers)
            if response.status_code not in _REDIRECTS:
                return response
            url = urljoin(url, response.headers.get("Location", ""))
            response.close()
            if urlsplit(url).scheme != "https":
                raise _failed(self.url, f"it redirects to {shown(url)}, which is not HTTPS")
        raise _failed(self.url, f"it redirects more than {self.settings.redirects} times")

    def _get(self, session: "Session", url: str, headers: Mapping[str, str]) -> "Response":
        """The beginning of an answer, in time: the read timeout alone would start again with every byte of a header."""
        timeouts = (self.settings.connect_timeout_s, self.settings.read_timeout_s)
        verify = _certificates()
        answers: SimpleQueue[Response | BaseException] = SimpleQueue()

        def ask() -> None:
            try:
                answers.put(
                    session.get(
                        url, headers=headers, stream=True, allow_redirects=False, timeout=timeouts, verify=verify
                    )
                )
            except BaseException as error:  # noqa: BLE001 — raised again below, in the thread that waits
                answers.put(error)

        # A daemon: it cannot be stopped, and must not keep the process when nobody waits for it any more.
        threading.Thread(target=ask, daemon=True).start()
        try:
            answer = answers.get(timeout=self.settings.answer_timeout_s)
        except Empty:
            raise _AgainError(f"no answer within {self.settings.answer_timeout_s:g} s") from None
        if isinstance(answer, ValueError) and not isinstance(answer, OSError):  # requests parses it without being asked
            raise _failed(self.url, "it redirects to what is no address") from answer
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def _check_status(self, response: "Response") -> None:
        status = response.status_code
        if status == _RANGE_NOT_SATISFIABLE:
            self._forget()
            raise _AgainError("the server no longer has what was partly downloaded")
        if status in _AGAIN:
            asked = response.headers.get("Retry-After", "")
            raise _AgainError(f"the server answered {status}", float(_number(asked)))
        if status not in {_OK, _PARTIAL, _NOT_MODIFIED}:
            raise _failed(self.url, f"the server answered {status}")

    def _extent(self, response: "Response", offset: int) -> tuple[int, int]:
        """(where the body begins in the file, length of the whole file or 0 where the server does not say)."""
        if response.status_code == _OK:
            return 0, _number(response.headers.get("Content-Length", ""))
        found = _CONTENT_RANGE.match(response.headers.get("Content-Range", ""))
        if found is None or int(found[1]) != offset:
            self._forget()
            raise _AgainError("the server sent another part than was asked for")
        return offset, int(found[2])

    def _body(self, response: "Response", file: IO[bytes], start: int, total: int) -> int:
        """Write the body; returns its length. Leaves in ``file`` whatever came before an error."""
        pace = _Pace(self.settings)
        received = 0
        # read1 gives what is there: read would wait for a whole piece, however slowly it drips.
        while piece := response.raw.read1(_PIECE_BYTES, decode_content=False):
            received += len(piece)
            if start + received > self.settings.most_bytes:
                raise self._too_large()
            file.write(piece)
            self.progress(start + received, total)
            pace.check(received)
        file.truncate()
        file.flush()
        os.fsync(file.fileno())
        return received

    def _check(self, headers: Mapping[str, str]) -> str:
        """The SHA-256, after comparing every digest that the address or the server gives."""
        digests = {name: hashlib.new(name, usedforsecurity=False) for name in ("sha256", "md5")}
        with self.into.open("rb") as file:
            while piece := file.read(1 << 20):
                for digest in digests.values():
                    digest.update(piece)
        given = [*_announced(headers), *([("sha256", bytes.fromhex(self.pinned))] if self.pinned else [])]
        if any(digests[name].digest() != value for name, value in given):
            self._forget()
            raise InputError(
                f"{shown(self.url)}: the digest of what arrived is not the announced one",
                cause="damaged on the way, or changed by someone",
                next_step="try again; if it stays, ask whoever runs the mirror",
            )
        return digests["sha256"].hexdigest()


def _number(text: str) -> int:
    """A header's number; 0 where it is none."""
    return int(text) if _NUMBER.fullmatch(text) else 0


class _Pace:
    """Ends an attempt that takes too long or comes too slowly."""

    def __init__(self, settings: Settings) -> None:
        self.started = self.window = time.monotonic()
        self.at_window = 0
        self.settings = settings

    def check(self, received: int) -> None:
        now = time.monotonic()
        slowest, over_s = self.settings.slowest
        if now - self.started > self.settings.timeout_s:
            raise _AgainError(f"not finished after {self.settings.timeout_s:g} s")
        if now - self.window < over_s:
            return
        if received - self.at_window < slowest * over_s:
            raise _AgainError(f"slower than {slowest:,} bytes a second")
        self.window, self.at_window = now, received


def _announced(headers: Mapping[str, str]) -> Iterator[tuple[str, bytes]]:
    """(algorithm, digest) of the whole file: RFC 9530 Repr-Digest, its forerunner Digest, and Google's own header."""
    text = ",".join(headers.get(name, "") for name in ("Repr-Digest", "Digest", "x-goog-hash"))
    for item in text.split(","):
        name, _, value = item.strip().partition("=")
        algorithm = {"sha-256": "sha256", "md5": "md5"}.get(name.lower())
        if algorithm is not None:
            with contextlib.suppress(ValueError):
                yield algorithm, base64.b64decode(value.strip(":"), validate=True)


def _certificates() -> str | bool:
    """Path of the trusted certificates from the usual variables, else True: those of certifi."""
    variables = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
    return next((value for name in variables if (value := os.environ.get(name))), True)


def _inner(error: BaseException) -> str:
    """The innermost reason of a nest of exceptions, as one line."""
    reason: Any = error
    while True:
        deeper = getattr(reason, "reason", None) or next((a for a in reason.args if isinstance(a, Exception)), None)
        if not isinstance(deeper, Exception):
            return _OBJECT.sub("", " ".join(str(reason).split())) or type(reason).__name__
        reason = deeper
