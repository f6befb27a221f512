"""Columns of a foreign log: code points become UTF-16 code units where the line can be read, else they are left out."""

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govsec_ci.formats.sarif_columns import Columns
from govsec_ci.model import Location, Region

LINE = 'x = "é€𝄞𝄞" + y'


def converted(data: bytes | None, region: Region, kind: str | None = "unicodeCodePoints") -> Region:
    found = Columns(kind, lambda path: data if path == "a.py" else None).of(Location(path="a.py", region=region))
    assert found.region is not None
    return found.region


def at(start: int | None, end: int | None = None, line: int = 1, end_line: int | None = None) -> Region:
    return Region(start_line=line, start_column=start, end_line=end_line, end_column=end)


@pytest.mark.parametrize(
    ("column", "expected"),
    [(1, 1), (8, 8), (9, 10), (10, 12), (16, 18), (99, 101)],  # after each 𝄞 one more
)
def test_each_character_beyond_the_plane_before_it_counts_twice(column: int, expected: int) -> None:
    assert converted(LINE.encode(), at(column)) == at(expected)


def test_the_end_is_counted_on_its_own_line() -> None:
    data = f"{LINE}\r\n{LINE}".encode()
    assert converted(data, at(10, 9, end_line=2)) == at(12, 10, end_line=2)
    assert converted(data, at(2, 10)) == at(2, 12)


def test_a_lone_return_ends_no_line() -> None:
    assert converted("𝄞\r𝄞x\ny".encode(), at(4)) == at(6)


@pytest.mark.parametrize(
    "data",
    [LINE.encode("utf-16"), codecs.BOM_UTF16_BE + LINE.encode("utf-16-be"), codecs.BOM_UTF8 + LINE.encode()],
)
def test_a_byte_order_mark_tells_the_encoding_and_is_no_column(data: bytes) -> None:
    assert converted(data, at(10)) == at(12)


@pytest.mark.parametrize("data", [None, b"x = '\xe9'\n"])
def test_columns_are_left_out_where_the_line_cannot_be_read(data: bytes | None) -> None:
    assert converted(data, at(5, 7, line=3)) == at(None, None, line=3)


def test_columns_in_a_unit_that_the_standard_does_not_know_are_left_out() -> None:
    assert converted(LINE.encode(), at(5), kind="bytes") == at(None)


@pytest.mark.parametrize("kind", [None, "utf16CodeUnits"])
def test_our_own_unit_is_kept(kind: str | None) -> None:
    assert converted(None, at(10, 11), kind=kind) == at(10, 11)


def test_what_is_left_out_is_counted_and_each_file_is_read_once() -> None:
    asked: list[str] = []

    def read(path: str) -> bytes | None:
        asked.append(path)
        return None

    columns = Columns("unicodeCodePoints", read)
    for region in (at(1), at(None, 2), at(None), None):
        columns.of(Location(path="a.py", region=region))
    assert (columns.left_out, asked) == (2, ["a.py"])


@given(st.lists(st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"])), min_size=1), st.data())
def test_a_column_points_at_the_same_character_in_both_units(lines: list[str], data: st.DataObject) -> None:
    number = data.draw(st.integers(1, len(lines)))
    line = lines[number - 1]
    column = data.draw(st.integers(1, len(line) + 1))
    # A byte order mark at the beginning is none of the text.
    read = b"\n".join(one.encode() for one in ["", *lines])
    found = converted(read, at(column, line=number + 1)).start_column
    assert found is not None
    assert line.encode("utf-16-le")[: 2 * (found - 1)].decode("utf-16-le") == line[: column - 1]
