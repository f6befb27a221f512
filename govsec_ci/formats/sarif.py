"""SARIF 2.1.0: the public face. Model in, bytes out, and back.

``load(write(runs)) == runs`` for every tuple of runs whose texts have a UTF-8 form and whose lists hold nothing twice.
"""

import io
from collections.abc import Iterable
from pathlib import Path

from govsec_ci.formats import sarif_read
from govsec_ci.formats.sarif_foreign import load_foreign
from govsec_ci.formats.sarif_github import GithubCopy, github_copy
from govsec_ci.formats.sarif_wire import FINGERPRINT, LINE_HASH
from govsec_ci.formats.sarif_write import write_to
from govsec_ci.model import Run
from govsec_ci.system.files import atomic_file, read_limited

__all__ = [
    "FINGERPRINT",
    "LINE_HASH",
    "GithubCopy",
    "github_copy",
    "load",
    "load_foreign",
    "save",
    "write",
    "write_to",
]

_LIMIT_BYTES = 4_000_000_000


def write(runs: Iterable[Run]) -> bytes:
    """The log of ``runs`` as bytes."""
    buffer = io.BytesIO()
    write_to(buffer, runs)
    return buffer.getvalue()


def save(path: Path, runs: Iterable[Run]) -> None:
    """Write the log of ``runs`` to a file, whole or not at all, without ever holding it as a whole."""
    with atomic_file(path) as file:
        write_to(file, runs)


def load(source: bytes | Path, *, limit_bytes: int = _LIMIT_BYTES) -> tuple[Run, ...]:
    """The runs of a log that :func:`write` made.

    :raises InputError: it cannot be read, is no SARIF 2.1.0, or was not written by us
    """
    if isinstance(source, Path):
        return sarif_read.read(read_limited(source, limit_bytes=limit_bytes), str(source))
    return sarif_read.read(source, "the SARIF log")
