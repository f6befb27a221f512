"""Evidence that is no scan (a design review, a diagnosis record): collected by name, recorded by digest."""

import hashlib
from datetime import UTC, datetime, time
from pathlib import Path

from govsec_ci.config import Config, EvidenceDocument
from govsec_ci.errors import InputError
from govsec_ci.model import Document
from govsec_ci.system.files import read_limited
from govsec_ci.system.secrets import text


def collect(root: Path, config: Config) -> tuple[Document, ...]:
    """Each ``[[evidence]]`` entry with the sha256 of its file.

    :param root: the folder that the entries' paths are relative to
    :raises InputError: a file is missing, unreadable, too large or outside ``root``
    """
    return tuple(_document(root, one, config.limits.evidence_bytes) for one in config.evidence)


def _document(root: Path, one: EvidenceDocument, limit_bytes: int) -> Document:
    path = root / one.path
    if not path.resolve().is_relative_to(root.resolve()):
        raise InputError(f"[[evidence]] {one.path}: leads out of the project")
    data = read_limited(path, limit_bytes=limit_bytes)
    return Document(
        slot=one.slot,
        path=one.path,
        sha256=hashlib.sha256(data).hexdigest(),
        date=datetime.combine(one.date, time(), UTC),
        title=text(one.title),
    )
