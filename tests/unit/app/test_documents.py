"""app/documents.py: evidence that is no scan, collected by name and recorded by digest."""

import hashlib
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from govsec_ci.app.documents import collect
from govsec_ci.config import Config, EvidenceDocument
from govsec_ci.errors import InputError


def _one(path: str) -> tuple[EvidenceDocument, ...]:
    return (EvidenceDocument(slot="設計", path=path, date=date(2026, 3, 1), title="Design review"),)


def test_a_document_has_its_digest_and_day(tmp_path: Path) -> None:
    (tmp_path / "review.pdf").write_bytes(b"reviewed")
    (found,) = collect(tmp_path, Config(evidence=_one("review.pdf")))
    assert found.sha256 == hashlib.sha256(b"reviewed").hexdigest()
    assert (found.slot, found.date, found.title) == ("設計", datetime(2026, 3, 1, tzinfo=UTC), "Design review")


@pytest.mark.parametrize("path", ["missing.pdf", "../outside.pdf", "/etc/hostname", "."])
def test_a_document_that_cannot_be_taken_is_said(tmp_path: Path, path: str) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "outside.pdf").write_text("x")
    with pytest.raises(InputError):
        collect(tmp_path / "project", Config(evidence=_one(path)))
