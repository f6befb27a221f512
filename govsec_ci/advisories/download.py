"""One file over HTTPS: conditional, resumed, retried, limited, checked.

Memory: one piece of 64 KiB at a time. HTTP semantics: RFC 9110 (conditional and range requests), RFC 9530 (digests).
"""

import base64
import contextlib
import hashlib
import os
import random
import re
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING
from urllib.parse import urldefrag

import msgspec
from msgspec import Struct

from govsec_ci.advisories.connection import AgainError, Connection, Settings, failed, parts_of, shown
from govsec_ci.errors import InputError, UsageError

if TYPE_CHECKING:
    from requests import Response

_PIECE_BYTES = 65_536
_OK, _PARTIAL, _NOT_MODIFIED, _RANGE_NOT_SATISFIABLE = 200, 206, 304, 416
_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
_CONTENT_RANGE = re.compile(r"^bytes (\d{1,18})-\d{1,18}/(\d{1,18})$", re.ASCII)
_NUMBER = re.compile(r"\d{1,18}", re.ASCII)
_PINNED = re.compile(r"^sha256=([0-9a-fA-F]{64})$")


class Fetched(Struct, frozen=True, kw_only=True):
    """A download that is whole: the validators to ask with next time, and its SHA-256."""

    path: Path
    sha256: str
    etag: str = ""
    last_modified: str = ""


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
        except AgainError as error:
            why = error.why
            if attempt + 1 < settings.attempts:
                sleep(_wait(attempt, error.after_s, settings))
    raise failed(url, f"{why} (tried {settings.attempts} times)")


def _split(address: str) -> tuple[str, str]:
    url, fragment = urldefrag(address)
    parts = parts_of(url)
    if parts is None or parts.scheme != "https" or not parts.hostname:
        raise UsageError(f"{shown(address)}: not an HTTPS address", next_step="name one that begins with https://")
    pinned = _PINNED.match(fragment)
    if fragment and pinned is None:
        raise UsageError(f"{shown(address)}: `#{fragment}` is not `#sha256=` and 64 hexadecimal digits")
    return url, pinned[1].lower() if pinned else ""


def _wait(attempt: int, asked_s: float, settings: Settings) -> float:
    # Jitter, so that a fleet that failed together does not come back together.
    backoff_s = settings.backoff_s * float(2**attempt) * random.uniform(0.75, 1.25)  # noqa: S311 — no secret
    return min(max(backoff_s, asked_s), settings.backoff_most_s)


class _Download:
    def __init__(
        self, url: str, pinned: str, into: Path, settings: Settings, progress: Callable[[int, int], None]
    ) -> None:
        self.url = url
        self.connection = Connection(url, settings)
        self.pinned = pinned
        self.into = into
        self.note = into.with_name(f"{into.name}.json")
        self.settings = settings
        self.progress = progress

    def attempt(self, etag: str, last_modified: str) -> Fetched | None:
        """One attempt, from the first request to the check of the digests.

        :raises AgainError: another attempt may not fail
        """
        try:
            return self._attempt(etag, last_modified)
        except AgainError:
            self._part()  # forgets what cannot be resumed
            raise

    def _attempt(self, etag: str, last_modified: str) -> Fetched | None:
        part = self._part()
        headers = {"If-None-Match": etag, "If-Modified-Since": "" if etag else last_modified}
        offset = self.into.stat().st_size if part is not None else 0
        if part is not None and offset:
            headers |= {"Range": f"bytes={offset}-", "If-Range": part.validator}
        with self.connection.answer({name: value for name, value in headers.items() if value}) as response:
            self._check_status(response)
            if response.status_code == _NOT_MODIFIED:
                self._forget()
                if not (etag or last_modified):
                    raise failed(self.url, "the server answered 304 to a request without conditions")
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
            raise AgainError(f"ended after {received:,} of {total:,} bytes")
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

    def _check_status(self, response: "Response") -> None:
        status = response.status_code
        if status == _RANGE_NOT_SATISFIABLE:
            self._forget()
            raise AgainError("the server no longer has what was partly downloaded")
        if status in _AGAIN:
            asked = response.headers.get("Retry-After", "")
            raise AgainError(f"the server answered {status}", float(_number(asked)))
        if status not in {_OK, _PARTIAL, _NOT_MODIFIED}:
            raise failed(self.url, f"the server answered {status}")

    def _extent(self, response: "Response", offset: int) -> tuple[int, int]:
        """(where the body begins in the file, length of the whole file or 0 where the server does not say)."""
        if response.status_code == _OK:
            return 0, _number(response.headers.get("Content-Length", ""))
        found = _CONTENT_RANGE.match(response.headers.get("Content-Range", ""))
        if found is None or int(found[1]) != offset:
            self._forget()
            raise AgainError("the server sent another part than was asked for")
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
            raise AgainError(f"not finished after {self.settings.timeout_s:g} s")
        if now - self.window < over_s:
            return
        if received - self.at_window < slowest * over_s:
            raise AgainError(f"slower than {slowest:,} bytes a second")
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
