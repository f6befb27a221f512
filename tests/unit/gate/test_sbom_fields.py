"""Gates over the fields of BSI TR-03183-2: what a file lacks fails, and what nobody looked for stays undecided."""

from typing import get_args

import pytest

from govsec_ci.formats.cyclonedx import check as check_file
from govsec_ci.formats.cyclonedx import read_sbom, write
from govsec_ci.formats.cyclonedx_check import drafted
from govsec_ci.gate.kind_sbom import FIELD_NAMES
from govsec_ci.gate.schema import SbomField
from govsec_ci.model import VerdictWord
from tests.support.gate_evidence import check, evidence, judge, sbom, trial

GATE = 'kind = "sbom"\nfields = ["sha-512", "creator"]\n'
BOM = {"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [{"type": "library", "name": "a"}]}


@pytest.mark.parametrize(
    ("bsi", "word"),
    [
        ({}, VerdictWord.PASS),
        ({"filename": ("pkg:pypi/a@1",)}, VerdictWord.PASS),
        ({"SHA-512 of the deployable component": ("pkg:pypi/a@1",)}, VerdictWord.FAIL),
        ({"component creator": ("pkg:pypi/a@1",)}, VerdictWord.FAIL),
        (None, VerdictWord.INCOMPLETE),
    ],
)
def test_what_is_lacking_decides(bsi: dict[str, tuple[str, ...]] | None, word: VerdictWord) -> None:
    found = check(judge(evidence(sbom=sbom(fields=bsi)), trial(GATE)), "it")
    assert found.verdict is word
    assert bool(found.reasons) == (word is not VerdictWord.PASS)


def test_every_word_of_a_profile_is_a_field_that_the_check_knows() -> None:
    known = {field.field for field in check_file(write(BOM)).fields if field.standard == "BSI TR-03183-2"}
    assert set(FIELD_NAMES) == set(get_args(SbomField))
    drafts = {drafted(field.field) for field in check_file(write(BOM)).fields if field.edition == "2025 draft"}
    bsi = {name for name in FIELD_NAMES.values() if not name.endswith("(CISA draft)")}
    assert bsi == known - {"CycloneDX 1.6 or later"}
    assert set(FIELD_NAMES.values()) - bsi <= drafts


def test_a_file_that_is_read_tells_what_it_lacks() -> None:
    found = read_sbom(write(BOM))
    assert found.fields is not None
    assert found.fields["filename"] == ("a",)
    assert "component name" not in found.fields
