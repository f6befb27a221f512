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
from govsec_ci.system.files import read_limited, write_atomic

__all__ = [
    "FINGERPRINT",
    "LINE_HASH",
    "GithubCopy",
    "github_copy",
    "load",
    "load_foreign",
    "write",
    "write_to",
]

_LIMIT_BYTES = 4_000_000_000


def write(runs: Iterable[Run], *, path: Path | None = None) -> bytes:
    """The log of ``runs`` as bytes; also written to ``path``, whole or not at all, where one is given."""
    buffer = io.BytesIO()
    write_to(buffer, runs)
    data = buffer.getvalue()
    if path is not None:
        write_atomic(path, data)
    return data


def load(source: bytes | Path, *, limit_bytes: int = _LIMIT_BYTES) -> tuple[Run, ...]:
    """The runs of a log that :func:`write` made.

    :raises InputError: it cannot be read, is no SARIF 2.1.0, or was not written by us
    """
    if isinstance(source, Path):
        return sarif_read.read(read_limited(source, limit_bytes=limit_bytes), str(source))
    return sarif_read.read(source, "the SARIF log")
