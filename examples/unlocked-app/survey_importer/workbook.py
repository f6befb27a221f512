"""One workbook: a heading row, then one answer a row."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from dateutil import parser
from openpyxl import load_workbook


@dataclass(frozen=True)
class Answer:
    """What one household said, from 1 (poor) to 5 (good)."""

    ward: str
    received: date
    score: int


def answers(path: Path) -> Iterator[Answer]:
    """Yield the answers of the first sheet; rows without a score are left out."""
    book = load_workbook(path, read_only=True, data_only=True)
    try:
        for ward, received, score in book.worksheets[0].iter_rows(min_row=2, max_col=3, values_only=True):
            if score is not None:
                yield Answer(str(ward), parser.parse(str(received)).date(), int(score))
    finally:
        book.close()
