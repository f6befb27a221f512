"""One commit of the repository that a change is to be merged into, fetched without touching the checkout.

It goes into a private bare repository that is removed afterwards: nothing is written into the judged tree, and nothing
of its ``.git/config`` (addresses rewritten, certificates not checked, commands for transports) has any effect.
"""

import base64
import contextlib
import os
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import urlsplit

from msgspec import Struct

from govsec_ci.errors import UsageError
from govsec_ci.system import secrets
from govsec_ci.system.git import run_git
from govsec_ci.system.process import neutral_folder

_TIMEOUT_S: Final = 300.0
_PROTOCOLS: Final = "https:file"
# How this machine reaches others; git and its curl look at these.
_NETWORK: Final = (
    "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR",
    "GIT_SSL_CAINFO", "GIT_SSL_CAPATH", "CURL_CA_BUNDLE",
)  # fmt: skip
_SAFE: Final = (
    "-c", "protocol.version=2",
    "-c", "http.followRedirects=false",
    "-c", "gc.auto=0",
    "-c", "maintenance.auto=false",
)  # fmt: skip


class Source(Struct, frozen=True, kw_only=True):
    """A repository to fetch from.

    :param url: an https address without user and password, or file:// (a mirror on this machine)
    :param token: what opens it, or empty; :param user: the name that belongs to the token
    """

    url: str
    token: str = ""
    user: str = "x-access-token"


class Fetched(Struct, frozen=True, kw_only=True):
    """A commit, and what git must be told (environment) to see it from within another checkout."""

    commit: str
    variables: Mapping[str, str]


@contextlib.contextmanager
def fetched(source: Source, ref: str) -> Iterator[Fetched]:
    """The commit that ``ref`` is at the source, readable until the block ends.

    :param ref: a full commit id, or a full name such as ``refs/heads/main``
    :raises UsageError: it cannot be fetched; :raises ToolError: git is missing or hangs
    """
    with neutral_folder() as folder:
        run_git(folder, "init", "--quiet", "--bare", "--template=", ".", variables=_variables(source))
        here = {"GIT_DIR": str(folder)}
        told = ("--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules", "--end-of-options", source.url, ref)
        done = run_git(folder, *_SAFE, "fetch", *told, timeout_s=_TIMEOUT_S, variables=_variables(source) | here)
        if done.exit_code != 0:
            raise _failed(source, ref, done.stderr)
        found = run_git(folder, "rev-parse", "--verify", "--quiet", "FETCH_HEAD^{commit}", variables=here)
        if found.exit_code != 0:
            raise _failed(source, ref, "it is no commit")
        variables = {"GIT_ALTERNATE_OBJECT_DIRECTORIES": str(folder / "objects")}
        yield Fetched(commit=found.stdout.decode("ascii").strip(), variables=variables)


def _variables(source: Source) -> dict[str, str]:
    """The token travels in the environment, where a list of processes does not show it, and for this address alone."""
    inherited = {name: os.environ[name] for name in _NETWORK if name in os.environ}
    plain = {**inherited, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_ALLOW_PROTOCOL": _PROTOCOLS, "GIT_ASKPASS": ""}
    if not source.token or urlsplit(source.url).scheme != "https":
        return plain
    word = base64.b64encode(f"{source.user}:{source.token}".encode()).decode("ascii")
    header = {
        "GIT_CONFIG_KEY_0": f"http.{source.url}.extraHeader",
        "GIT_CONFIG_VALUE_0": f"Authorization: Basic {word}",
    }
    return plain | {"GIT_CONFIG_COUNT": "1"} | header


def _failed(source: Source, ref: str, told: str) -> UsageError:
    last = told.strip().splitlines()[-1:] or ["git said nothing"]
    return UsageError(
        f"{ref}: cannot be fetched from {secrets.text(source.url)}",
        cause=secrets.text(last[0][:300]),
        next_step="let the checkout bring it along (actions/checkout: fetch-depth: 0; GitLab: GIT_DEPTH: 0)",
    )
