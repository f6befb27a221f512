"""The connection of a download: HTTPS alone, redirects followed, answers in time. The only place that opens a socket.

Proxies and certificates come from the usual variables: ``HTTPS_PROXY``, ``NO_PROXY``, ``REQUESTS_CA_BUNDLE``,
``CURL_CA_BUNDLE``, ``SSL_CERT_FILE``.
"""

import contextlib
import os
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import SplitResult, urljoin, urlsplit

from msgspec import Struct

from govsec_ci import __version__
from govsec_ci.errors import ToolError

if TYPE_CHECKING:
    from requests import Response, Session

_T = TypeVar("_T")
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_OBJECT = re.compile(r"^<?[\w.]*Connection\b.*?: (?=[A-Z])")  # urllib3 begins a message with the connection's repr


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


class FetchError(ToolError):
    """A download failed for good."""


class AgainError(Exception):
    """This attempt failed, another may not. ``after_s``: what the server asked for."""

    def __init__(self, why: str, after_s: float = 0.0) -> None:
        super().__init__(why)
        self.why = why
        self.after_s = after_s


def parts_of(url: str) -> SplitResult | None:
    """The address taken apart; None where its host or port is none."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # only now is it looked at
    except ValueError:
        return None
    return parts


def shown(address: str) -> str:
    """The address without user name, password and query; what is no address, only where it can hold none of them."""
    parts = parts_of(address)
    if parts is None or not parts.hostname:
        return "the address" if "@" in address else address.partition("?")[0]
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname}{port}{parts.path}"


def failed(url: str, why: str) -> FetchError:
    """The error of a download that no further attempt would mend."""
    return FetchError(
        f"{shown(url)}: could not be downloaded: {why}",
        next_step="check the network, HTTPS_PROXY and SSL_CERT_FILE; or carry data in with `govsec advisories import`",
    )


class Connection:
    """Requests for one address.

    :param url: HTTPS, without a fragment
    """

    def __init__(self, url: str, settings: Settings) -> None:
        self.url = url
        self.settings = settings

    @contextlib.contextmanager
    def answer(self, headers: Mapping[str, str]) -> "Iterator[Response]":
        """The answer that is not a redirect; every error of the connection becomes one of ours.

        :param headers: besides those that every request carries
        :raises AgainError: another attempt may not fail; :raises FetchError: it would
        """
        import requests  # noqa: PLC0415 — 0.1 s, and only downloads need it
        import urllib3  # noqa: PLC0415

        try:
            with requests.Session() as session:
                session.headers.update({"User-Agent": f"govsec_ci/{__version__}", "Accept-Encoding": "identity"})
                with contextlib.closing(self._follow(session, headers)) as response:
                    yield response
        except requests.exceptions.SSLError as error:
            raise failed(self.url, f"the server's certificate is not trusted: {_inner(error)}") from error
        except (
            requests.exceptions.ConnectionError,
            requests.exceptions.Timeout,
            urllib3.exceptions.HTTPError,
        ) as error:
            raise AgainError(f"the connection failed: {_inner(error)}") from error
        except (requests.exceptions.RequestException, OSError) as error:
            raise failed(self.url, _inner(error)) from error

    def _follow(self, session: "Session", headers: Mapping[str, str]) -> "Response":
        url = self.url
        for _ in range(self.settings.redirects + 1):
            response = self._get(session, url, headers)
            if response.status_code not in _REDIRECTS:
                return response
            url = urljoin(url, response.headers.get("Location", ""))
            response.close()
            if urlsplit(url).scheme != "https":
                raise failed(self.url, f"it redirects to {shown(url)}, which is not HTTPS")
        raise failed(self.url, f"it redirects more than {self.settings.redirects} times")

    def _get(self, session: "Session", url: str, headers: Mapping[str, str]) -> "Response":
        """The beginning of an answer, in time: the read timeout alone would start again with every byte of a header."""
        timeouts = (self.settings.connect_timeout_s, self.settings.read_timeout_s)

        def ask() -> "Response":
            return session.get(
                url, headers=headers, stream=True, allow_redirects=False, timeout=timeouts, verify=_certificates()
            )

        try:
            return _in_time(ask, self.settings.answer_timeout_s)
        except Empty:
            raise AgainError(f"no answer within {self.settings.answer_timeout_s:g} s") from None
        except ValueError as error:
            if isinstance(error, OSError):  # requests' own are both
                raise
            raise failed(self.url, "it redirects to what is no address") from error  # which requests parses unasked


def _in_time(call: Callable[[], _T], timeout_s: float) -> _T:
    """What ``call`` returns or raises.

    :raises Empty: it has not ended in time; nobody waits for it any more
    """
    answers: SimpleQueue[tuple[_T] | BaseException] = SimpleQueue()

    def work() -> None:
        try:
            answers.put((call(),))
        except BaseException as error:  # noqa: BLE001 — raised again below, in the thread that waits
            answers.put(error)

    # A daemon: it cannot be stopped, and must not keep the process when nobody waits for it any more.
    threading.Thread(target=work, daemon=True).start()
    answer = answers.get(timeout=timeout_s)
    if isinstance(answer, BaseException):
        raise answer
    return answer[0]


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
